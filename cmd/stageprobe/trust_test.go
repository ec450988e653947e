package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"stageprobe/analyze"
	"stageprobe/probe/recording"
)

// nameServer answers every question for a name with "there is none", and keeps
// what was asked. Nothing leaves the process.
type nameServer struct {
	mu    sync.Mutex
	asked []string
}

func (s *nameServer) dial(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	go func() {
		defer ours.Close()
		for {
			var size [2]byte
			if _, err := io.ReadFull(ours, size[:]); err != nil {
				return
			}
			b := make([]byte, int(size[0])<<8|int(size[1]))
			if _, err := io.ReadFull(ours, b); err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(b) != nil || len(m.Questions) == 0 {
				return
			}
			s.mu.Lock()
			s.asked = append(s.asked, strings.TrimSuffix(m.Questions[0].Name.String(), "."))
			s.mu.Unlock()
			m.Response, m.RCode, m.Additionals = true, dnsmessage.RCodeNameError, nil
			b, _ = m.Pack()
			if _, err := ours.Write(append([]byte{byte(len(b) >> 8), byte(len(b))}, b...)); err != nil {
				return
			}
		}
	}()
	return theirs, nil
}

// TestWhoIsAsked: a check talks to what is probed and to the AWS endpoints of its
// region, and to nobody else.
func TestWhoIsAsked(t *testing.T) {
	t.Setenv("AWS_ENDPOINT_URL", "") // no other test runs meanwhile
	s := &nameServer{}
	before := net.DefaultResolver
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: s.dial}
	defer func() { net.DefaultResolver = before }()
	const api = "abc123.execute-api.eu-west-1.amazonaws.com"
	code, out := run(t, "check", "https://"+api+"/prod/x", "--region", "eu-west-1", "--requests", "5", "--rate", "100", "--log-wait", "1s")
	if code != 3 {
		t.Errorf("ended with %d: %s", code, out)
	}
	allowed := []string{api, "apigateway.eu-west-1.amazonaws.com", "logs.eu-west-1.amazonaws.com", "cloudtrail.eu-west-1.amazonaws.com", "sts.eu-west-1.amazonaws.com"}
	for _, name := range s.asked {
		if !slices.ContainsFunc(allowed, func(a string) bool { return name == a || strings.HasPrefix(name, a+".") }) {
			t.Errorf("%s was asked for", name)
		}
	}
	if !slices.Contains(s.asked, api) || !slices.Contains(s.asked, allowed[1]) {
		t.Errorf("asked for %q", s.asked)
	}
}

// TestCredentialsGoToTheAPIAlone.
func TestCredentialsGoToTheAPIAlone(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args []string
		says string // "" where the plan is shown
	}{
		{[]string{"https://example.com/prod/x", "--bearer", "env:PROBE_TOKEN"}, "--send-credentials-to example.com"},
		{[]string{"https://example.com/prod/x", "--api-key", "env:PROBE_TOKEN"}, "the API key is not sent to example.com"},
		{[]string{"https://example.com/prod/x", "-H", "Authorization: env:PROBE_TOKEN"}, "the header Authorization is not sent"},
		{[]string{"https://example.com/prod/x", "-H", "X-Tenant: smoke"}, ""},
		{[]string{"https://example.com/prod/x", "--bearer", "env:PROBE_TOKEN", "--send-credentials-to", "example.com"}, ""},
		{[]string{"https://example.com/prod/x", "--bearer", "env:PROBE_TOKEN", "--send-credentials-to", "ample.com"}, "is not sent to example.com"},
		{[]string{"http://example.com/prod/x", "--bearer", "env:PROBE_TOKEN", "--send-credentials-to", "example.com"}, "over http anybody"},
		{[]string{"http://example.com/prod/x", "--bearer", "env:PROBE_TOKEN", "--send-credentials-to", "example.com", "--connect-to", "example.com:80=127.0.0.1:1"}, ""},
		{[]string{"https://abc123.execute-api.eu-west-1.amazonaws.com/prod/x", "--bearer", "env:PROBE_TOKEN"}, ""},
		{[]string{"https://abc123.execute-api.eu-west-1.amazonaws.com.evil.example/prod/x", "--bearer", "env:PROBE_TOKEN"}, "is not sent to"},
		{[]string{"http://127.0.0.1:9/prod/x", "--bearer", "env:PROBE_TOKEN"}, ""},
		{[]string{"http://127.0.0.1.example.com/prod/x", "--bearer", "env:PROBE_TOKEN"}, "is not sent to"},
	} {
		code, out, stderr := execute([]string{"AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY="}, append([]string{"check", "--dry-run", "--region", "eu-west-1"}, tt.args...)...)
		out += stderr
		if tt.says == "" && code != 0 || tt.says != "" && (code != 2 || !strings.Contains(out, tt.says)) {
			t.Errorf("%q ends with %d:\n%s", tt.args, code, out)
		}
	}
}

// TestRedirectsAreNotFollowed: an answer from elsewhere makes no credential leave.
func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { t.Errorf("%s was asked for", r.URL) }))
	defer elsewhere.Close()
	srv := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	defer srv.Close()
	if code, out := run(t, "check", srv.URL+"/prod/x", "--bearer", "env:PROBE_TOKEN", "--requests", "5", "--rate", "500"); code == 2 {
		t.Error(out)
	}
}

// TestDiskFull: the recording fails, and nothing else.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("there is no /dev/full")
	}
	srv := httptest.NewServer(http.HandlerFunc(echo))
	defer srv.Close()
	for _, name := range []string{"run.jsonl", "run.jsonl.zst"} {
		dir := t.TempDir()
		path, report := filepath.Join(dir, name), filepath.Join(dir, "report.json")
		// Longer than the first write, which is refused before anything is sent.
		limited := exec.Command("bash", "-c", `ulimit -f 16; exec stageprobe "$@"`, "-", "check", srv.URL+"/prod/x?as=url", "--requests", "3000", "--rate", "3000", "--fixed", "--logs", "off", "--record", path, "-o", report, "-q", "--seed", "1")
		out, err := limited.CombinedOutput()
		var exit *exec.ExitError
		if errors.As(err, &exit) && (exit.ExitCode() == 2 || exit.ExitCode() < 0) {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
		var rep analyze.Report
		b, err := os.ReadFile(report)
		if err != nil || json.Unmarshal(b, &rep) != nil {
			t.Fatalf("%s: no report: %v\n%s", name, err, out)
		}
		said := strings.Join(rep.Notes, "\n")
		if rep.Run.Requests != 3000 || name == "run.jsonl" && !strings.Contains(said, "is incomplete: it holds") {
			t.Errorf("%s: %d requests; notes %s", name, rep.Run.Requests, said)
		}
	}
	code, out := run(t, "check", srv.URL+"/prod/x", "--requests", "20", "--rate", "1000", "-o", "/dev/full", "-o", filepath.Join(t.TempDir(), "r.json"))
	if code == 2 || !strings.Contains(out, "error: ") {
		t.Errorf("a full disk for the report: %d\n%s", code, out)
	}
}

// TestTwoRunsOneFile: the second is refused, and the first goes on.
func TestTwoRunsOneFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "run.jsonl")
	w, err := recording.Create(path, recording.Header{Run: "first"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := recording.Create(path, recording.Header{Run: "second"}, nil); err == nil || !strings.Contains(err.Error(), "another run is writing it") {
		t.Errorf("the second run: %v", err)
	}
	if code, out := run(t, "check", "http://127.0.0.1:1/prod/x", "-o", path); code != 2 || !strings.Contains(out, "another run is writing its recording to it") {
		t.Errorf("a report over it: %d\n%s", code, out)
	}
	if err := w.Close(recording.Trailer{}); err != nil {
		t.Fatal(err)
	}
	if rec, err := recording.Open(path); err != nil || rec.Header.Run != "first" {
		t.Errorf("%+v, %v", rec, err)
	}
}

// arrivals is a server that tells of every request that it gets.
func arrivals(t *testing.T) (url string, arrived <-chan bool) {
	told := make(chan bool, 10_000)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		told <- true
		fmt.Fprint(w, "{}")
	}))
	t.Cleanup(srv.Close)
	return srv.URL, told
}

// TestSignals end a run as an interrupt does, with its recording and its report.
func TestSignals(t *testing.T) {
	t.Parallel()
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGKILL} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			url, arrived := arrivals(t)
			dir := t.TempDir()
			kept, report := filepath.Join(dir, "run.jsonl"), filepath.Join(dir, "report.json")
			cmd := exec.Command("stageprobe", "check", url+"/prod/x", "--requests", "100000", "--fixed", "--rate", "50", "--record", kept, "-o", report)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			for range 100 { // two seconds of the run
				<-arrived
			}
			if err := cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			err := cmd.Wait()
			rec, openErr := recording.Open(kept)
			if openErr != nil {
				t.Fatal(openErr)
			}
			if sig == syscall.SIGKILL {
				if rec.Rows < 25 { // what is older than a second or so
					t.Errorf("%d of 100 answers are left", rec.Rows)
				}
				return
			}
			var rep analyze.Report
			b, _ := os.ReadFile(report)
			if json.Unmarshal(b, &rep) != nil || cmd.ProcessState.ExitCode() != 130 || rep.Run.Stopped != "interrupted" || rec.Rows != rep.Run.Requests || rec.Trailer == nil {
				t.Errorf("%v; the report says %q of %d requests, the recording holds %d", err, rep.Run.Stopped, rep.Run.Requests, rec.Rows)
			}
		})
	}
}

// TestWatchIsTerminated: SIGTERM ends a watch in order, with the report of the last
// window and a recording that holds every answer.
func TestWatchIsTerminated(t *testing.T) {
	t.Parallel()
	url, arrived := arrivals(t)
	dir := t.TempDir()
	kept, report := filepath.Join(dir, "run.jsonl.zst"), filepath.Join(dir, "report.json")
	cmd := exec.Command("stageprobe", "check", url+"/prod/x", "--watch", "--window", "1s", "--rate", "100", "--record", kept, "-o", report)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for range 150 { // more than a window of them
		<-arrived
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	err := cmd.Wait()
	var rep analyze.Report
	b, _ := os.ReadFile(report)
	if json.Unmarshal(b, &rep) != nil || cmd.ProcessState.ExitCode() != rep.ExitCode || rep.Run.Stopped != "duration" {
		t.Fatalf("%v; the report ends with %d, %q:\n%s", err, rep.ExitCode, rep.Run.Stopped, b)
	}
	rec, err := recording.Open(kept)
	if err != nil || rec.Trailer == nil || rec.Rows < 150 || rec.Trailer.Stopped != "duration" {
		t.Errorf("%v: the recording holds %+v", err, rec)
	}
}

// TestOutputClosed: whoever read the output went away; files are written all the same.
func TestOutputClosed(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(echo))
	defer srv.Close()
	dir := t.TempDir()
	out := exec.Command("bash", "-c", `stageprobe "$@" 2>&1 | head -c 10 >/dev/null; exit ${PIPESTATUS[0]}`, "-", "check", srv.URL+"/prod/x", "--requests", "100000", "--fixed", "--rate", "20", "--format", "text", "-o", "-", "--format", "json", "-o", filepath.Join(dir, "report.json"))
	done := make(chan error, 1)
	go func() { done <- out.Run() }()
	select {
	case err := <-done:
		var rep analyze.Report
		b, _ := os.ReadFile(filepath.Join(dir, "report.json"))
		if json.Unmarshal(b, &rep) != nil || rep.Run.Stopped != "interrupted" || out.ProcessState.ExitCode() != 130 {
			t.Errorf("%v; the report says %q", err, rep.Run.Stopped)
		}
	case <-time.After(time.Minute):
		t.Fatal("it does not end")
	}
}
