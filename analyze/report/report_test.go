package report

import (
	"bytes"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stageprobe/analyze"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares output with a file below testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; go test -update writes it", err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// write renders into memory.
func write(t *testing.T, f func(io.Writer, *analyze.Report) error, rep *analyze.Report) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := f(&b, rep); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestJSONIsReadBackAsItWas(t *testing.T) {
	for _, e := range examples {
		t.Run(e.name, func(t *testing.T) {
			got := write(t, JSON, e.make())
			golden(t, "json/"+e.name+".json", got)
			rep, err := Read(bytes.NewReader(got))
			if err != nil {
				t.Fatal(err)
			}
			// What is not UTF-8 is written as \ufffd and read as that character.
			once := strings.ReplaceAll(string(got), `\ufffd`, "\ufffd")
			if diff := cmp.Diff(once, string(write(t, JSON, rep))); diff != "" {
				t.Errorf("written again it differs:\n%s", diff)
			}
		})
	}
}

func TestReadSaysWhatItWasGiven(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"", "the input is empty: the run that should have written it failed, or the path is wrong"},
		{"  \n", "the input is empty: the run that should have written it failed, or the path is wrong"},
		{"Sent 3 requests", `this is not JSON (it begins with "Sent 3 requests"): use the JSON report (--format json)`},
		{"<html>", "this is HTML or XML, which cannot be read back: use the JSON report (--format json)"},
		{"\x28\xb5\x2f\xfd...", "this is a recording, not a report: read it with stageprobe analyze"},
		{"\x1f\x8b...", "this is compressed with gzip: unpack it first (gunzip -c FILE | stageprobe report -)"},
		{`{"format":"stageprobe.recording/v1"}` + "\n{}", "this is a recording, not a report: read it with stageprobe analyze"},
		{`{"schema":"stageprobe.explanation/v1"}`, "this is a stageprobe.explanation/v1, not a stageprobe.report/v1: use the JSON report of check or analyze"},
		{`{"schema":"stageprobe.report/v2"}`, "this is a stageprobe.report/v2, and this build reads stageprobe.report/v1: use the build that wrote it"},
		{`{"a":1}`, `this JSON has no "schema": "stageprobe.report/v1", so it is not a report: use the JSON report of check or analyze`},
		{`{"schema":"stageprobe.report/v1"}`, `not a valid stageprobe.report/v1: outcome is "", not consistent, inconsistent or inconclusive`},
		{`{"schema":"stageprobe.report/v1","outcome":"consis`, "not a valid stageprobe.report/v1: it ends in the middle (after 50 bytes): the writing was cut short"},
		{"{\"schema\":\"stageprobe.report/v1\",\n\"outcome\":\"consistent\",\n\"exit_code\":\"0\"}", "not a valid stageprobe.report/v1: line 3: field exit_code holds a string"},
		{"{\"schema\":\"stageprobe.report/v1\",\n\"outcome\":}", "not a valid stageprobe.report/v1: line 2: invalid character '}' looking for beginning of value"},
		{`{"schema":"stageprobe.report/v1","outcome":"consistent"} {}`, "not a valid stageprobe.report/v1: line 1: invalid character '{' after top-level value"},
	} {
		_, err := Read(bytes.NewReader([]byte(tt.in)))
		if err == nil || err.Error() != tt.want {
			t.Errorf("%q:\n got %v\nwant %s", tt.in, err, tt.want)
		}
	}
}

func TestReadIgnoresFieldsOfTheFuture(t *testing.T) {
	rep, err := Read(bytes.NewReader([]byte("\xef\xbb\xbf" + `{"schema":"stageprobe.report/v1","outcome":"consistent","new":{"x":1}}`)))
	if err != nil || rep.Outcome != analyze.Consistent {
		t.Errorf("got %v, %v", rep, err)
	}
}
