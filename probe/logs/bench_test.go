package logs

import (
	"bytes"
	"fmt"
	"testing"

	"stageprobe/scenarios/captures"
)

// traceLog is the log of one request with data trace, from the captures.
func traceLog(tb testing.TB) [][]byte {
	tb.Helper()
	for _, c := range captures.All("exec") {
		if c.Name == "uwe3-502-task-timeout-full-trace" {
			return bytes.Split(bytes.TrimSpace(c.Text), []byte("\n"))
		}
	}
	tb.Fatal("no capture with data trace")
	return nil
}

// BenchmarkExecution reads the lines of a captured request again and again. The
// first case keeps nothing and asks for another request, so that any allocation
// would be one per line; the others keep one request for each 20 lines.
func BenchmarkExecution(b *testing.B) {
	for _, mode := range []struct {
		name    string
		options Options
	}{
		{"unwanted", Options{Want: func([]byte) bool { return false }}},
		{"records", Options{MaxLines: -1}},
		{"records-and-lines", Options{}},
	} {
		b.Run(mode.name, func(b *testing.B) {
			lines := traceLog(b)
			const requests = 64
			var all []Event
			for n := range requests {
				old, id := []byte("286364ab-3a83-11e9-8dc8-db3cf4c83204"), fmt.Appendf(nil, "%08x-3a83-11e9-8dc8-db3cf4c83204", n)
				for _, line := range lines {
					all = append(all, Event{Group: "API-Gateway-Execution-Logs_uwe3g5jm54/Prod", Stream: "e3", Message: bytes.ReplaceAll(line, old, id)})
				}
			}
			b.ReportAllocs()
			read := 0
			for b.Loop() {
				x := NewExecution(mode.options)
				for i := range all {
					x.Add(all[i])
				}
				x.Records()
				read += len(all)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(read), "ns/line")
		})
	}
}

// BenchmarkCostPerByte reads excerpts of growing size, in a single line and in
// many: the throughput must not depend on the size.
func BenchmarkCostPerByte(b *testing.B) {
	request := append(bytes.Join(traceLog(b), []byte("\n")), '\n')
	access, err := CompileFormat(object)
	if err != nil {
		b.Fatal(err)
	}
	for _, size := range []int{1 << 10, 1 << 15, 1 << 20, 100 << 20} {
		if testing.Short() && size > 1<<20 {
			continue
		}
		many := bytes.Repeat(request, 1+size/len(request))
		b.Run(fmt.Sprintf("lines-%d", size), func(b *testing.B) {
			b.SetBytes(int64(len(many)))
			for b.Loop() {
				ParseExecution(many)
			}
		})
		one := append([]byte("(286364ab-3a83-11e9-8dc8-db3cf4c83204) Method request body before transformations: "), bytes.Repeat([]byte("[TRUNCATED](x,=  "), size/17)...)
		b.Run(fmt.Sprintf("one-line-%d", size), func(b *testing.B) {
			b.SetBytes(int64(len(one)))
			for b.Loop() {
				ParseExecution(one)
			}
		})
		if size > longestEntry {
			continue
		}
		entry := fmt.Appendf(nil, `{"requestId":"%s","agent":"%s","err":-,"type":"-","status":200,"integ":"-","epoch":1}`, id,
			bytes.Repeat([]byte(`","err":`), size/8-32))
		b.Run(fmt.Sprintf("access-%d", size), func(b *testing.B) {
			b.SetBytes(int64(len(entry)))
			for b.Loop() {
				if _, err := access.Parse(entry); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkFormat(b *testing.B) {
	f, err := CompileFormat(clf)
	if err != nil {
		b.Fatal(err)
	}
	line := []byte(`76.33.40.125 - - [22/Jul/2026:03:52:51 +0000] "GET /pets/{id} HTTP/1.1" 200 98 ` + id)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.Parse(line); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseAccess(b *testing.B) {
	line := captures.All("access")[0].Text
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := ParseAccess(line); !ok {
			b.Fatal("not read")
		}
	}
}
