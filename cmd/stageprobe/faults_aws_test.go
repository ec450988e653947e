package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"stageprobe/scenarios/sandbox"
)

// awsFault is a control plane, or a log service, that is at fault.
type awsFault struct {
	name   string
	logs   bool   // of the log service alone
	only   string // the operation of the log service; "" all
	answer func(w http.ResponseWriter, r *http.Request, n int64)
}

// awsFaults are answers in place of AWS's.
func awsFaults() []awsFault {
	text := func(status int, kind, body string, headers ...string) func(http.ResponseWriter, *http.Request, int64) {
		return func(w http.ResponseWriter, _ *http.Request, _ int64) {
			w.Header().Set("Content-Type", kind)
			for i := 0; i+1 < len(headers); i += 2 {
				w.Header().Set(headers[i], headers[i+1])
			}
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}
	}
	failure := func(status int, code string) func(http.ResponseWriter, *http.Request, int64) {
		return text(status, "application/x-amz-json-1.1", `{"__type":"`+code+`","message":"refused"}`, "x-amzn-ErrorType", code)
	}
	hang := func(_ http.ResponseWriter, r *http.Request, _ int64) {
		select {
		case <-r.Context().Done():
		case <-time.After(12 * time.Second):
		}
	}
	reset := func(http.ResponseWriter, *http.Request, int64) { panic(http.ErrAbortHandler) }
	fresh := func(body string) func(http.ResponseWriter, *http.Request, int64) {
		return func(w http.ResponseWriter, r *http.Request, n int64) {
			w.Header().Set("Content-Type", "application/x-amz-json-1.1")
			fmt.Fprintf(w, body, n)
		}
	}
	echo := func(w http.ResponseWriter, r *http.Request, _ int64) {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, `{"message":"not with %s %s"}`, r.Header.Get("Authorization"), r.Header.Get("X-Amz-Security-Token"))
	}
	var out []awsFault
	for _, logs := range []bool{false, true} {
		where := "control plane: "
		if logs {
			where = "logs: "
		}
		add := func(name string, answer func(http.ResponseWriter, *http.Request, int64)) {
			out = append(out, awsFault{where + name, logs, "", answer})
		}
		add("HTML", text(200, "text/html", "<html>maintenance</html>"))
		add("nothing", text(200, "application/json", ""))
		add("null", text(200, "application/json", "null"))
		add("a list in place of an object", text(200, "application/json", "[1,2,3]"))
		add("numbers in place of text", text(200, "application/json", `{"id":1,"name":{},"item":{"id":7},"logGroups":3,"events":"x"}`))
		add("null members", text(200, "application/json", `{"item":[null,null],"items":[null],"logGroups":[null],"events":[null]}`))
		add("nested 100,000 deep", text(200, "application/json", strings.Repeat("[", 100_000)))
		add("invalid UTF-8", text(200, "application/json", "{\"name\":\"\xff\xfe\"}"))
		add("500", failure(500, "InternalFailure"))
		add("503", failure(503, "ServiceUnavailableException"))
		add("denied", failure(403, "AccessDeniedException"))
		add("expired", failure(403, "ExpiredTokenException"))
		add("unknown token", failure(403, "UnrecognizedClientException"))
		add("404", text(404, "text/plain", "no such page"))
		add("a redirect elsewhere", text(301, "text/plain", "", "Location", "http://127.0.0.1:1/"))
		add("a clock that is off", text(403, "application/x-amz-json-1.1", `{"__type":"InvalidSignatureException","message":"Signature expired: 20260101T000000Z is now earlier than 20261127T220000Z"}`, "x-amzn-ErrorType", "InvalidSignatureException"))
		add("one page under fresh tokens", fresh(`{"position":"p%[1]d","nextToken":"p%[1]d","item":[{"id":"a"}],"items":[],"events":[],"logGroups":[]}`))
		add("20 MB", text(200, "application/json", `{"id":"`+strings.Repeat("a", 20<<20)+`"}`))
		add("credentials echoed", echo)
		add("resets", reset)
	}
	operation := func(name, op string, answer func(http.ResponseWriter, *http.Request, int64)) {
		out = append(out, awsFault{"logs: " + name, true, op, answer})
	}
	operation("the list denied", "DescribeLogGroups", failure(400, "AccessDeniedException"))
	operation("reading denied", "FilterLogEvents", failure(400, "AccessDeniedException"))
	operation("throttled always", "FilterLogEvents", failure(400, "ThrottlingException"))
	operation("reading hangs", "FilterLogEvents", hang)
	operation("the list hangs", "DescribeLogGroups", hang)
	operation("pages without an end", "FilterLogEvents", fresh(`{"events":[],"nextToken":"t%d"}`))
	operation("one page again and again", "FilterLogEvents", text(200, "application/x-amz-json-1.1", `{"events":[],"nextToken":"same"}`))
	operation("a list without an end", "DescribeLogGroups", fresh(`{"logGroups":[],"nextToken":"t%d"}`))
	operation("queries that never end", "GetQueryResults", text(200, "application/x-amz-json-1.1", `{"status":"Running","results":[]}`))
	operation("queries that fail", "GetQueryResults", text(200, "application/x-amz-json-1.1", `{"status":"Failed","results":[]}`))
	operation("results denied", "GetQueryResults", failure(400, "AccessDeniedException"))
	operation("results throttled always", "GetQueryResults", failure(400, "ThrottlingException"))
	operation("queries without an id", "StartQuery", text(200, "application/x-amz-json-1.1", "{}"))
	operation("events of nonsense", "FilterLogEvents", text(200, "application/x-amz-json-1.1", `{"events":[{"timestamp":-5,"message":"\u001b[2J(abc) Method"},{"message":"x"},{}]}`))
	return out
}

// try checks a sandbox whose control plane, or log service, answers wrongly.
func (k *awsFault) try(t *testing.T) tried {
	world, err := sandbox.Load("healthy")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(k.only, "Query") { // a class that only Logs Insights reads
		world.Logs.Groups = map[string]sandbox.Delivery{}
		for _, g := range []string{"API-Gateway-Execution-Logs_orders7x2a/prod", "orders-prod-access"} {
			world.Logs.Groups[g] = sandbox.Delivery{Class: "INFREQUENT_ACCESS"}
		}
	}
	server, err := sandbox.Start(world, sandbox.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	control, err := url.Parse(server.ControlURL())
	if err != nil {
		t.Fatal(err)
	}
	var n atomic.Int64
	pass := httputil.NewSingleHostReverseProxy(control)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		target, log := strings.CutPrefix(r.Header.Get("X-Amz-Target"), "Logs_20140328.")
		if log != k.logs || k.only != "" && k.only != target {
			pass.ServeHTTP(w, r)
			return
		}
		k.answer(w, r, n.Add(1))
	}))
	defer front.Close()
	defer front.CloseClientConnections()
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	if err := os.WriteFile(in("ca.pem"), server.CACert(), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"check", "https://orders7x2a.execute-api." + world.Region + ".amazonaws.com/prod/orders", "--region", world.Region, "--requests", "40", "--rate", "500", "--log-wait", "1s", "--endpoint-url", front.URL, "--cacert", in("ca.pem"), "--seed", "1", "--record", in("run.jsonl"), "-o", in("report.json"), "-o", in("report.html")}
	for _, c := range server.ConnectTo() {
		args = append(args, "--connect-to", c)
	}
	a := attempt{dir, []string{"GITHUB_ACTIONS=true", "AWS_SESSION_TOKEN=" + plantedBearer}, slices.Clip(args), 25 * time.Second}
	code, rep := a.outcome(t)
	if rep == nil {
		t.Fatalf("ended with %d and no report", code)
	}
	if rep.Run.Failed > 0 {
		t.Errorf("%d requests failed: %q", rep.Run.Failed, rep.Notes)
	}
	for _, note := range rep.Notes {
		if len(note) > 1000 {
			t.Errorf("a note of %d bytes: %.200s", len(note), note)
		}
	}
	if noted := strings.Join(rep.Notes, " "); strings.Contains(k.only, "Query") && !strings.Contains(noted, "log-wait") && !strings.Contains(noted, k.only) {
		t.Errorf("the call that failed is not named: %q", rep.Notes)
	}
	if k.only == "DescribeLogGroups" && strings.Contains(k.name, "denied") && !strings.Contains(strings.Join(rep.Notes, " ")+rep.Logs.Note, "DescribeLogGroups") {
		t.Errorf("the denied call is not named: %q %q", rep.Notes, rep.Logs.Note)
	}
	return tried{"AWS", k.name, n.Load(), described(code, rep)}
}
