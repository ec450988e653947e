package explain

import (
	"bytes"
	"fmt"
	"testing"

	"stageprobe/scenarios/captures"
)

// BenchmarkCostPerByte explains input of growing size: one answer with a large
// body, many answers, a log, and text that is none of them. The throughput must
// not depend on the size.
func BenchmarkCostPerByte(b *testing.B) {
	answer := captures.Named("http/k1-500-permissions")
	log := captures.Named("exec/uwe3-502-task-timeout-full-trace")
	entry := captures.Named("access/4llt-401")
	filled := func(head, piece, tail string, size int) []byte {
		return append(append([]byte(head), bytes.Repeat([]byte(piece), 1+size/len(piece))...), tail...)
	}
	inputs := []struct {
		name string
		make func(size int) []byte
	}{
		{"body", func(n int) []byte { return filled(string(answer.CurlI())+"\n[0", `,{"a":"some words"}`, "]", n) }},
		{"answers", func(n int) []byte { return filled("", string(answer.CurlV())+"\n", "", n) }},
		{"log", func(n int) []byte { return filled("", string(log.Text)+"\n", "", n) }},
		{"one line", func(n int) []byte {
			return filled("(286364ab-3a83-11e9-8dc8-db3cf4c83204) Method request body before transformations: ", "[TRUNCATED](x Thu Aug 31 01:07:25 UTC 2017 (y) ", "", n)
		}},
		{"entries", func(n int) []byte { return filled("", string(entry.Text)+"\n", "", n) }},
		{"dump", func(n int) []byte {
			return filled(`{"entries":[`, `{"response":{"status":403,"headers":[{"name":"x-amzn-requestid","value":"1"}],"text":"a 'b"}},`, "0]}", n)
		}},
		{"neither", func(n int) []byte { return filled("", "lorem ipsum dolor (sit) amet: {\n", "", n) }},
	}
	for _, in := range inputs {
		for _, size := range []int{1 << 10, 1 << 15, 1 << 20, 100 << 20} {
			if testing.Short() && size > 1<<20 {
				continue
			}
			text := in.make(size)
			b.Run(fmt.Sprintf("%s-%d", in.name, size), func(b *testing.B) {
				b.SetBytes(int64(len(text)))
				for b.Loop() {
					_, _ = Explain(text, Options{}) // "neither" is an error
				}
			})
		}
	}
}
