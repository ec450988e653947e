package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"stageprobe/analyze"
	"stageprobe/cmd/stageprobe/internal/cli"
	"stageprobe/scenarios/captures"
	"stageprobe/scenarios/sandbox"
)

// openReports are the reports that are not read right yet. One that is leaves the
// list: the test then fails until its name does.
var openReports []string

// What people had at hand, rebuilt from public reports, is read right by the
// command: an input by explain, a world by check over real sockets. The library
// is held against every field of the former (analyze/explain).
func TestReports(t *testing.T) {
	t.Parallel()
	for _, r := range captures.Reports() {
		t.Run(r.Name, func(t *testing.T) {
			t.Parallel()
			var faults []string
			if r.Args[0] == "explain" {
				faults = explained(t, &r)
			} else {
				faults = checked(t, &r)
			}
			switch known := slices.Contains(openReports, r.Name); {
			case known && len(faults) == 0:
				t.Error("it is read right: take it off the list of open reports")
			case known:
				t.Skip("open: ", strings.Join(faults, "; "))
			case len(faults) > 0:
				t.Error(strings.Join(faults, "; "))
			}
		})
	}
}

func explained(t *testing.T, r *captures.Report) (faults []string) {
	var out, errs bytes.Buffer
	code := cli.Main(t.Context(), r.Args, cli.Streams{In: bytes.NewReader(r.Input), Out: &out, Err: &errs})
	printed := out.String() + errs.String()
	if r.Expect.Hint != "" {
		return unlike(nil, "hint", r.Expect.Hint, printed)
	}
	var doc struct {
		Kind  string
		Items []map[string]any
	}
	if err := json.Unmarshal(out.Bytes(), &doc); err != nil || code != 0 {
		return []string{"exit code " + strconv.Itoa(code) + ": " + printed}
	}
	if r.Expect.Kind != "" && doc.Kind != r.Expect.Kind || r.Expect.Items != 0 && len(doc.Items) != r.Expect.Items {
		faults = append(faults, doc.Kind+" with "+strconv.Itoa(len(doc.Items))+" items")
	}
	return faults
}

// checked runs the world of a report.
func checked(t *testing.T, r *captures.Report) (faults []string) {
	world, err := sandbox.Parse(r.Files["input.world.yaml"])
	if err != nil {
		t.Fatal(err)
	}
	b := open(t, world)
	for name, value := range r.Expect.Env {
		b.env = append(b.env, name+"="+value)
	}
	b.write(t, "scenarios.yaml", r.Files["input.scenarios.yaml"])
	var args []string
	for _, a := range r.Args {
		switch a {
		case "{scenarios}":
			args = append(args, b.path("scenarios.yaml"))
		case "{own}":
			args = append(args, own(t, r.Expect.OwnDataPlane, world)...)
		default:
			args = append(args, a)
		}
	}
	args = append(args, b.reach()...)
	if r.Expect.OwnDataPlane == "" {
		for _, to := range b.ConnectTo() {
			args = append(args, "--connect-to", to)
		}
		args = append(args, "--cacert", b.path("ca.pem"))
	}
	code, stdout, stderr := b.run(t, args...)
	printed := stdout + stderr
	var rep analyze.Report
	if err := json.Unmarshal([]byte(stdout), &rep); err != nil {
		return []string{"no report: " + printed}
	}
	return unmet(&r.Expect, &rep, code, printed)
}

func unmet(want *captures.Expectation, rep *analyze.Report, code int, printed string) (faults []string) {
	if len(want.Exit) > 0 && !slices.Contains(want.Exit, code) {
		faults = append(faults, "exit code "+strconv.Itoa(code))
	}
	if len(want.Outcome) > 0 && !slices.Contains(want.Outcome, string(rep.Outcome)) {
		faults = append(faults, "outcome "+string(rep.Outcome))
	}
	for _, f := range rep.Findings {
		if slices.Contains(want.Absent, string(f.Cause)) && f.Severity != "info" {
			faults = append(faults, string(f.Cause)+" is there")
		}
	}
	for _, w := range want.Findings {
		found := false
		for _, f := range rep.Findings {
			text, _ := json.Marshal(f)
			found = found || slices.Contains(w.Cause, string(f.Cause)) && (len(w.Linked) == 0 || slices.Contains(w.Linked, string(f.Linked))) &&
				(w.Text == "" || regexp.MustCompile(w.Text).Match(text))
		}
		if !found {
			faults = append(faults, "no finding "+strings.Join(w.Cause, " or ")+" that says "+w.Text)
		}
	}
	faults = unlike(faults, "text", want.Text, printed)
	if want.NoneText != "" && regexp.MustCompile(want.NoneText).MatchString(printed) {
		faults = append(faults, "it says "+want.NoneText)
	}
	return faults
}

func unlike(faults []string, what, pattern, printed string) []string {
	if pattern != "" && !regexp.MustCompile(pattern).MatchString(printed) {
		return append(faults, "no "+what+" "+pattern)
	}
	return faults
}

// own is an application behind one stage that knows its path at one of its two
// addresses: a REST API's gets the base path of a domain, an HTTP API's the name
// of the stage.
func own(t *testing.T, kind string, world *sandbox.World) []string {
	domain := world.Domains[0].Name
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := "8f5a2e6d-74f1-4a33-9e1c-7d0b0cf6e1b9"
		if kind == "rest" {
			w.Header().Set("x-amzn-RequestId", id)
			w.Header().Set("x-amz-apigw-id", "PzQ8kHTqvHcEWzA=")
		} else {
			w.Header().Set("apigw-requestid", "PzQ8kHTqvHcEWzA=")
		}
		w.Header().Set("Content-Type", "application/json")
		if atDomain := r.Host == domain; atDomain == (kind == "rest") {
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(`{"error":"no route ` + r.URL.Path + `"}`))
			return
		}
		_, _ = w.Write([]byte(`{"message":"pong"}`))
	}))
	t.Cleanup(server.Close)
	to := server.Listener.Addr().String()
	return []string{
		"--connect-to", domain + ":443=" + to,
		"--connect-to", "*.amazonaws.com:443=" + to,
	}
}
