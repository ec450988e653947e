package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// fileFault is an input that is at fault. DIR and FILE stand for a folder of its
// own and the file in it.
type fileFault struct {
	name    string
	content string // of FILE
	args    []string
	want    int
	says    string
}

func fileFaults() []fileFault {
	const url = "http://127.0.0.1:9/prod/x"
	var out []fileFault
	add := func(name, content string, want int, says string, args ...string) {
		out = append(out, fileFault{name, content, args, want, says})
	}
	readers := map[string][]string{
		"scenario file": {"check", "-f"}, "init --from": {"init", "--from"}, "explain": {"explain"}, "analyze": {"analyze"}, "report": {"report"},
		"certificate authority": {"check", url, "--cacert"}, "world": {"sandbox", "--world-file"}, "baseline": {"check", url, "--baseline"},
	}
	for _, reader := range []string{"scenario file", "init --from", "explain", "analyze", "report", "certificate authority", "world", "baseline"} {
		args := readers[reader]
		of := func(path string) []string { return append(append([]string{}, args...), path) }
		add(reader+": missing", "", 2, "", of("DIR/none")...)
		add(reader+": a folder", "", 2, "", of("DIR")...)
		add(reader+": zeros without an end", "", 2, "", of("/dev/zero")...)
		add(reader+": random bytes", "\x00\x13\x37\xff\xfe\x80", 2, "", of("FILE")...)
		add(reader+": nested 100,000 deep", strings.Repeat("[", 100_000), 2, "", of("FILE")...)
		add(reader+": one line of 3 MB", strings.Repeat("a", 3<<20), 2, "", of("FILE")...)
		if reader != "explain" {
			add(reader+": terminal commands", "\x1b]0;x\x07\u009b31m: \u202e", 2, "", of("FILE")...)
		}
	}
	bomb := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c < 'j'; c++ {
		bomb += fmt.Sprintf("%c: &%c [%s]\n", c, c, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*%c,", c-1), 9), ","))
	}
	add("scenario file: aliases of aliases", bomb, 2, "", "check", "-f", "FILE")
	add("init --from: aliases of aliases", bomb, 2, "", "init", "--from", "FILE")
	add("scenario file: more than 2 MB", "# "+strings.Repeat("x", 5<<20), 2, "more than", "check", "-f", "FILE")
	add("a token file of zeros", "", 2, "more than", "check", url, "--bearer", "file:/dev/zero")
	add("recording and report of one name", "", 2, "both", "check", url, "--record", "DIR/x.jsonl", "--format", "json", "-o", "DIR/./x.jsonl")
	add("two reports of one name", "", 2, "both", "check", url, "-o", "DIR/x.json", "--format", "text", "-o", "DIR/x.json")
	add("recording in no folder", "", 2, "no folder", "check", url, "--record", "DIR/none/x.jsonl")
	add("report in no folder", "", 2, "", "check", url, "-o", "DIR/none/x.json")
	add("recording without an ending", "", 2, "", "check", url, "--record", "DIR/x.txt")
	return out
}

func (k *fileFault) try(t *testing.T) tried {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte(k.content), 0o600); err != nil {
		t.Fatal(err)
	}
	var args []string
	for _, a := range k.args {
		args = append(args, strings.NewReplacer("DIR", dir, "FILE", file).Replace(a))
	}
	began := time.Now()
	code, out := run(t, args...)
	if took := time.Since(began); took > hung {
		t.Errorf("took %s", took)
	}
	if code != k.want || !strings.Contains(out, k.says) || len(out) > 2100 || strings.ContainsAny(out, "\x1b\x07\u009b\u202e") {
		t.Errorf("ended with %d, want %d and %q; %d bytes: %.600q", code, k.want, k.says, len(out), out)
	}
	return tried{"files", k.name, 1, fmt.Sprint(code)}
}
