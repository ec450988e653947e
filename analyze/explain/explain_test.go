package explain

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stageprobe/analyze/cause"
	"stageprobe/analyze/signature"
	"stageprobe/scenarios/captures"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Every file in testdata/in is something that a person has at hand; beside it in
// testdata/golden stand the text and the JSON.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/in/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no inputs", err)
	}
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".txt")
		t.Run(name, func(t *testing.T) {
			input, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			doc, err := Explain(input, Options{})
			if err != nil {
				t.Fatal(err)
			}
			var text, js bytes.Buffer
			if err := doc.Text(&text); err != nil {
				t.Fatal(err)
			}
			if err := doc.JSON(&js); err != nil {
				t.Fatal(err)
			}
			golden(t, name+".golden", text.Bytes())
			golden(t, name+".json", js.Bytes())
		})
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Error(diff)
	}
}

func TestTextFitsATerminal(t *testing.T) {
	files, _ := filepath.Glob("testdata/golden/*.golden")
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(raw)) {
			// Values and commands are not broken; prose is.
			if line = strings.TrimRight(line, "\n"); len([]rune(line)) > width && strings.Contains(line, " check: ") {
				t.Errorf("%s: %d columns: %s", f, len([]rune(line)), line)
			}
		}
	}
}

const mate = "HTTP/2 403 \r\ncontent-type: application/json\r\ndate: Tue, 20 May 2025 02:46:41 GMT\r\nx-amzn-requestid: 2b9c8640-30be-4853-bd1b-d3fb0442e3e4\r\nx-amzn-errortype: MissingAuthenticationTokenException\r\nx-amz-apigw-id: K2H60H42IAMEsHA=\r\n\r\n{\"message\":\"Missing Authentication Token\"}"

// The ways in which one and the same answer gets here.
func TestFormsOfOneAnswer(t *testing.T) {
	lf := strings.ReplaceAll(mate, "\r\n", "\n")
	prefixed := func(p string) string {
		return p + strings.ReplaceAll(lf, "\n", "\n"+p)
	}
	tests := map[string]string{
		"curl -i":              mate,
		"line feeds":           lf,
		"byte order mark":      "\ufeff" + mate,
		"code fence":           "```http\n" + lf + "\n```\n",
		"indented":             prefixed("    "),
		"commented":            prefixed("# "),
		"quoted in a mail":     prefixed("| "),
		"colours":              "\x1b[34mHTTP\x1b[39;49;00m/\x1b[34m2\x1b[39;49;00m \x1b[34m403\x1b[39;49;00m\n" + lf[strings.Index(lf, "\n")+1:],
		"after 100 Continue":   "HTTP/1.1 100 Continue\r\n\r\n" + mate,
		"through a proxy":      "HTTP/1.1 200 Connection established\r\n\r\n" + mate,
		"prompt and time":      "$ time curl -i https://x.example/\n" + lf + "\n\nreal\t0m0.163s\nuser\t0m0.016s\n",
		"progress meter":       "  % Total    % Received % Xferd\n  0     0    0     0    0     0      0      0 --:--:-- --:--:-- --:--:--     0\n" + lf,
		"httpie -v":            "GET /prod/x HTTP/1.1\nAccept: */*\nHost: x.example\n\n\n\n" + lf,
		"headers of a browser": "status: 403\n" + lf[strings.Index(lf, "\n")+1:],
		"wget -S":              prefixed("  "),
		"quoted":               prefixed("> "),
	}
	_, plain := explainJSON(t, []byte(mate), Options{})
	for name, input := range tests {
		t.Run(name, func(t *testing.T) {
			_, items := explainJSON(t, []byte(input), Options{})
			if len(items) != 1 {
				t.Fatalf("%d items", len(items))
			}
			for _, key := range []string{"status", "api_kind", "endpoint_type", "producer", "gateway_response", "error_type", "request_id", "extended_request_id"} {
				if items[0][key] != plain[0][key] || items[0][key] == nil {
					t.Errorf("%s: %v, want %v", key, items[0][key], plain[0][key])
				}
			}
		})
	}
}

func TestRequestOfATranscript(t *testing.T) {
	verbose := "* Connected to abcdefghij.execute-api.eu-west-1.amazonaws.com (192.0.2.7) port 443\n> GET /prod/orders HTTP/2\n> Host: abcdefghij.execute-api.eu-west-1.amazonaws.com\n> authorization: Bearer x\n> \n{ [5 bytes data]\n< HTTP/2 500 \n< date: Tue, 20 May 2025 02:46:41 GMT\n< x-amzn-requestid: 2b9c8640-30be-4853-bd1b-d3fb0442e3e4\n< x-amzn-errortype: InternalServerErrorException\n< x-amz-apigw-id: K2H60H42IAMEsHA=\n< \n{ [36 bytes data]\n* Connection #0 to host left intact\n{\"message\": \"Internal server error\"}%"
	_, items := explainJSON(t, []byte(verbose), Options{})
	want := map[string]any{"api_id": "abcdefghij", "stage": "prod", "http_method": "GET", "resource_path": "/orders", "producer": "integration", "gateway_response": "API_CONFIGURATION_ERROR"}
	for k, v := range want {
		if items[0][k] != v {
			t.Errorf("%s: %v, want %v", k, items[0][k], v)
		}
	}
	// -iv prints the headers twice.
	twice := verbose[:strings.Index(verbose, "{\"message\"")] + "HTTP/2 500 \ndate: x\n\n{\"message\": \"Internal server error\"}"
	if _, items := explainJSON(t, []byte(twice), Options{}); len(items) != 1 || items[0]["gateway_response"] != "API_CONFIGURATION_ERROR" {
		t.Errorf("-iv: %d items, %v", len(items), items[0]["gateway_response"])
	}
}

func TestRedirectsAreItems(t *testing.T) {
	chain := "HTTP/1.1 301 Moved Permanently\r\nServer: CloudFront\r\nLocation: https://x.example/\r\nX-Cache: Redirect from cloudfront\r\n\r\n" + mate
	_, items := explainJSON(t, []byte(chain), Options{})
	if len(items) != 2 || items[0]["producer"] != "edge" || items[0]["not_api_gateway"] == nil || items[1]["producer"] != "gateway" {
		t.Errorf("%v", items)
	}
}

// A data trace quotes whatever a backend wrote, status lines included.
func TestStatusLinesWithinALog(t *testing.T) {
	id := "(9cef3834-f42c-46d7-83fe-a6401a431398) "
	log := id + "Endpoint response body before transformations: a mail\nHTTP/1.1 404 Not Found\nx: y\n\n" + id + "Successfully completed execution\n" + id + "Method completed with status: 200\n"
	kind, items := explainJSON(t, []byte(log), Options{})
	if kind != KindExecutionLog || len(items) != 1 || items[0]["status"] != 200.0 {
		t.Errorf("%s %v", kind, items)
	}
}

// Shapes of genuine transcripts: what curl appends to a body, refusals with CORS
// headers, an application's 401 that carries the gateway's header.
func TestTranscripts(t *testing.T) {
	tests := map[string]struct{ input, producer, cause, api string }{
		"JWT, one brace too many":     {"< HTTP/1.1 401 Unauthorized\n< Date: Wed, 13 May 2020 04:07:30 GMT\n< Content-Length: 26\n< www-authenticate: Bearer scope=\"\" error=\"invalid_token\"\n< apigw-requestid: Mc7UVioPPHcEKPA=\n<\n* Connection #0 to host abcdefghij.execute-api.us-west-2.amazonaws.com left intact\n{\"message\":\"Unauthorized\"}}\n", "authorizer", "token-rejected", "abcdefghij"},
		"body and remark on one line": {"> GET /u HTTP/1.1\n> Host: abcdefghij.execute-api.us-east-1.amazonaws.com\n>\n< HTTP/1.1 401 Unauthorized\n< Date: Mon, 01 Jul 2024 21:54:58 GMT\n< access-control-allow-origin: http://localhost:5173\n< vary: origin\n< www-authenticate: Bearer\n< apigw-requestid: aQLT9hqNoAMEbuA=\n<\n{\"message\":\"Unauthorized\"}* Connection #0 to host x left intact\n", "authorizer", "identity-source-missing", "abcdefghij"},
		"application":                 {"< HTTP/2 401\n< date: Sun, 18 May 2025 21:08:50 GMT\n< www-authenticate: Bearer\n< apigw-requestid: KyDfdgZ9oAMEYpA=\n<\n* Connection #0 to host abcdefghij.execute-api.us-east-1.amazonaws.com left intact\n{\"detail\":\"Invalid authentication credentials\"}\n", "integration", "application-error", "abcdefghij"},
	}
	for name, tt := range tests {
		_, items := explainJSON(t, []byte(tt.input), Options{})
		cause := items[0]["candidates"].([]any)[0].(map[string]any)["cause"]
		if items[0]["producer"] != tt.producer || cause != tt.cause || items[0]["api_id"] != tt.api {
			t.Errorf("%s: %v %v %v", name, items[0]["producer"], cause, items[0]["api_id"])
		}
	}
}

func TestNoAnswer(t *testing.T) {
	for input, cause := range map[string]string{
		"curl: (6) Could not resolve host: abcdefghij.execute-api.eu-west-1.amazonaws.com":  "no-such-host",
		"* Trying 192.0.2.1:443...\ncurl: (28) Operation timed out after 5001 milliseconds": "client-timeout",
		"curl: (60) SSL certificate problem: unable to get local issuer certificate":        "tls-failure",
	} {
		doc, err := Explain([]byte(input), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if r := doc.Responses[0]; *r.Producer != "network" || r.Status != nil || r.Candidates[0].Cause != cause {
			t.Errorf("%s: %+v", input, r)
		}
	}
}

func TestAccessFormat(t *testing.T) {
	input := []byte("c6af9ac6-7b61-11e6-9a41-93e8deadbeef 403 prod true\nnot a line\n")
	doc, err := Explain(input, Options{AccessFormat: "$context.requestId $context.status $context.stage $context.isCanaryRequest"})
	if err != nil {
		t.Fatal(err)
	}
	if r := doc.Requests[0]; doc.Kind != KindAccessLog || *r.Status != 403 || *r.Stage != "prod" || r.Canary == nil || !*r.Canary {
		t.Errorf("%+v", r)
	}
	if _, err := Explain([]byte("\n"), Options{AccessFormat: "$context.requestId"}); err == nil || !strings.Contains(err.Error(), "accessLogSettings.format") {
		t.Errorf("empty input: %v", err)
	}
}

func TestUnrecognisable(t *testing.T) {
	for _, input := range []string{"", "hello", "\x00\x01\x02", `{"a":1}`, "GET / HTTP/1.1\nHost: x\n\n"} {
		doc, err := Explain([]byte(input), Options{})
		if err == nil || !strings.Contains(err.Error(), "looked for") {
			t.Errorf("%q: %+v, %v", input, doc, err)
		}
	}
}

var backquoted = regexp.MustCompile("`([a-z]+(?:-[a-z]+)+)`")

// shell is an indented block, which a reader copies.
var shell = regexp.MustCompile(`(?m)^    .*$`)

// Every cause of the report has a page.
func TestEveryCauseHasAPage(t *testing.T) {
	for _, c := range cause.IDs() {
		if page, ok := Page(string(c)); !ok || !strings.HasPrefix(page, "# "+string(c)+"\n") {
			t.Errorf("%s: %v", c, ok)
		}
	}
}

func TestPages(t *testing.T) {
	for _, name := range Pages() {
		page, ok := Page(name)
		if !ok {
			t.Errorf("no page for %s", name)
		}
		for _, section := range []string{"# " + name + "\n", "## Symptom", "## How it is recognised", "## What it is confused with", "## Remedy"} {
			if !strings.Contains(page, section) {
				t.Errorf("%s: no %q", name, section)
			}
		}
		for _, command := range shell.FindAllString(page, -1) {
			if strings.Contains(command, "…") {
				t.Errorf("%s: a command that cannot be run: %s", name, command)
			}
		}
		for _, m := range backquoted.FindAllStringSubmatch(page, -1) {
			if _, ok := Page(m[1]); !ok && !strings.HasPrefix(m[1], "x-") && m[1] != "create-deployment" && m[1] != "consistent-with" {
				t.Errorf("%s refers to %s, which has no page", name, m[1])
			}
		}
	}
	for _, name := range append(signature.ResponseTypes(), signature.CauseNames()...) {
		if page, ok := Page(name); !ok || !strings.HasPrefix(page, "# "+name+"\n") {
			t.Errorf("%s: %v", name, ok)
		}
	}
	if _, ok := Page("../../etc/passwd"); ok {
		t.Error("a page for a path")
	}
	for _, name := range signature.CauseNames() {
		c, _ := signature.CauseNamed(name)
		if _, ok := Page(c.Finding); c.Finding != "" && !ok {
			t.Errorf("%s refers to %s, which has no page", name, c.Finding)
		}
	}
}

func FuzzExplain(f *testing.F) {
	for _, folder := range []string{"exec", "access", "pasted"} {
		for _, c := range captures.All(folder) {
			f.Add(c.Text, "")
		}
	}
	for _, c := range captures.All("http") {
		f.Add(c.CurlI(), "")
		f.Add(c.CurlV(), "https://abcdefghij.execute-api.eu-west-1.amazonaws.com/prod/x")
	}
	for _, r := range captures.Reports() {
		f.Add(r.Input, "")
	}
	f.Add([]byte(`{"response":{"status":403,"headers":[["date","x"],["x-amzn-requestid","1"]],"body":"{}"}}`), "")
	f.Fuzz(func(t *testing.T, input []byte, url string) {
		doc, err := Explain(input, Options{URL: url})
		if err != nil {
			return
		}
		if len(doc.Responses)+len(doc.Requests)+len(doc.Notices) == 0 {
			t.Fatal("a document without items")
		}
		var b bytes.Buffer
		if err := doc.JSON(&b); err != nil {
			t.Fatal(err)
		}
		if err := doc.Text(&b); err != nil {
			t.Fatal(err)
		}
	})
}
