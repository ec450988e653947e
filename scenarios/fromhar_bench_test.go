package scenarios_test

import (
	"fmt"
	"strings"
	"testing"

	"stageprobe/scenarios"
)

// BenchmarkFromHAR reads a recording of 100,000 entries: the memory beside the text is
// that of one entry.
func BenchmarkFromHAR(b *testing.B) {
	var text strings.Builder
	text.WriteString(`{"log":{"version":"1.2","entries":[`)
	for i := range 100_000 {
		if i > 0 {
			text.WriteByte(',')
		}
		fmt.Fprintf(&text, `{"request":{"method":"GET","url":"https://abc123.execute-api.us-east-1.amazonaws.com/prod/orders/%d","headers":[{"name":"accept","value":"application/json"}]},"response":{"status":200,"headers":[],"content":{"text":%q}}}`, i%300, strings.Repeat("x", 400))
	}
	text.WriteString("]}}")
	data := []byte(text.String())
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := scenarios.From("", data, scenarios.InitOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}
