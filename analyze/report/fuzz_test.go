package report

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"
	"unicode"
	"unicode/utf8"

	"stageprobe/analyze"
)

// FuzzRead holds that what Read accepts, every format can show, safely.
func FuzzRead(f *testing.F) {
	paths, err := filepath.Glob("testdata/json/*.json")
	if err != nil || len(paths) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, p := range paths {
		data, err := os.ReadFile(p)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(`{"schema":"stageprobe.report/v1","outcome":"consistent","targets":[{"clusters":[{"id":"x","count":-1,"share":-9}],"timeline":{"window_ms":-1,"clusters":{"/x":[-1,5]}}}],"findings":[{"statistics":{"table":{"rows":["a"],"columns":["b","c"],"counts":[]}}}],"wait":[{"shares":[2,-7]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		rep, err := Read(bytes.NewReader(data))
		if err != nil {
			return
		}
		for _, o := range []Options{{}, {Verbose: true, Width: 61, ASCII: true}} {
			var b bytes.Buffer
			if err := Text(&b, rep, o); err != nil {
				t.Fatal(err)
			}
			for _, r := range b.String() {
				if r != '\n' && (r == utf8.RuneError || !unicode.IsPrint(r)) {
					t.Fatalf("%U reaches the terminal", r)
				}
			}
		}
		for _, format := range []func(io.Writer, *analyze.Report) error{JSON, JUnit, Markdown, HTML, Annotations} {
			if err := format(io.Discard, rep); err != nil {
				t.Fatal(err)
			}
		}
	})
}
