package logs

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"stageprobe/probe"
	"stageprobe/scenarios/captures"
)

func TestCapturedAccessLogs(t *testing.T) {
	for _, c := range captures.All("access") {
		t.Run(c.Name, func(t *testing.T) {
			rec, ok := ParseAccess(c.Text)
			if !ok {
				t.Fatal("not taken for an access-log entry")
			}
			check(t, c.Expected, rec)
		})
	}
}

// TestFormatReadsAsWithout compiles, for each capture, the format that its keys
// suggest: a reading by format must be the one that the usual names give.
func TestFormatReadsAsWithout(t *testing.T) {
	for _, c := range captures.All("access") {
		t.Run(c.Name, func(t *testing.T) {
			line := c.Text[strings.IndexByte(string(c.Text), '{'):]
			pairs, ok := flatten(line)
			if !ok {
				t.Fatal("not JSON")
			}
			format, spaced := string(line), strings.Contains(string(line), `": "`)
			for _, p := range pairs {
				name := usualName(p.key)
				if name == "" {
					name = "authorizer." + p.key
				}
				between := `":"`
				if spaced {
					between = `": "`
				}
				format = strings.Replace(format, p.key+between+p.value, p.key+between+variableMark+name, 1)
			}
			f, err := CompileFormat(format)
			if err != nil {
				t.Fatal(err)
			}
			rec, err := f.Parse(c.Text)
			if err != nil {
				t.Fatal(err)
			}
			check(t, c.Expected, rec)
			if rec.Doubts != nil {
				t.Errorf("doubts: %q", rec.Doubts)
			}
		})
	}
}

const (
	clf    = `$context.identity.sourceIp $context.identity.caller $context.identity.user [$context.requestTime] "$context.httpMethod $context.resourcePath $context.protocol" $context.status $context.responseLength $context.requestId`
	xml    = `<request id="$context.requestId"> <ip>$context.identity.sourceIp</ip> <requestTime>$context.requestTime</requestTime> <httpMethod>$context.httpMethod</httpMethod> <resourcePath>$context.resourcePath</resourcePath> <status>$context.status</status> <error>$context.error.message</error></request>`
	csv    = `$context.requestId,$context.path,$context.protocol,$context.status,$context.isCanaryRequest,$context.deploymentId,$context.integration.latency`
	object = `{"requestId":"$context.requestId","agent":"$context.identity.userAgent","err":$context.error.messageString,"type":"$context.error.responseType","status":$context.status,"integ":"$context.integration.status","epoch":$context.requestTimeEpoch}`
	id     = "c3b42dd2-0aae-4ef0-8993-ed2ba1034021"
)

func TestFormat(t *testing.T) {
	called, refused := true, false
	at := time.Date(2026, 7, 22, 3, 52, 51, 0, time.UTC)
	tests := []struct {
		name, format, line string
		want               probe.LogRecord
	}{
		{"common log format", clf,
			`76.33.40.125 - - [22/Jul/2026:03:52:51 +0000] "GET /pets/{id} HTTP/1.1" 200 98 ` + id,
			probe.LogRecord{RequestID: id, APIKind: probe.REST, Method: "GET", Template: "GET /pets/{id}", Status: new(200), ResponseLength: new(98), Time: at}},
		{"XML, message with markup", xml,
			`<request id="` + id + `"> <ip>1.2.3.4</ip> <requestTime>22/Jul/2026:03:52:51 +0000</requestTime> <httpMethod>GET</httpMethod> <resourcePath>/x</resourcePath> <status>403</status> <error>User: a </b> is not</error></request>`,
			probe.LogRecord{RequestID: id, APIKind: probe.REST, Method: "GET", Template: "GET /x", Status: new(403), Time: at, Error: "User: a </b> is not", Producer: "gateway"}},
		{"CSV, commas in the path", csv, id + `,/prod/a,b,c,HTTP/1.1,200,true,2pi5mk,12`,
			probe.LogRecord{RequestID: id, APIKind: probe.REST, Path: "/prod/a,b,c", Status: new(200), Canary: new(true), DeploymentID: "2pi5mk",
				IntegrationLatencyMS: new(12.0), IntegrationCalled: &called, Producer: "integration"}},
		{"CSV, refused", csv, id + `,/prod/a,HTTP/2.0,403,-,-,-`,
			probe.LogRecord{RequestID: id, APIKind: probe.REST, Path: "/prod/a", Status: new(403), IntegrationCalled: &refused, Producer: "gateway"}},
		{"JSON, quotes in the user agent", object,
			`{"requestId":"` + id + `","agent":"curl "7" \x","err":"Forbidden","type":"MISSING_AUTHENTICATION_TOKEN","status":403,"integ":"-","epoch":1784692371355}`,
			probe.LogRecord{RequestID: id, APIKind: probe.REST, Status: new(403), Error: "Forbidden", GatewayResponse: "MISSING_AUTHENTICATION_TOKEN",
				Time: at.Add(355 * time.Millisecond), IntegrationCalled: &refused, Producer: "gateway"}},
		{"JSON, epoch of an HTTP API", object,
			`{"requestId":"ErGlsg1YoAMEMmw=","agent":"-","err":-,"type":"-","status":200,"integ":"200","epoch":1784692371}`,
			probe.LogRecord{RequestID: "ErGlsg1YoAMEMmw=", APIKind: probe.HTTP, Status: new(200), IntegrationStatus: new(200), Time: at,
				IntegrationCalled: &called, Producer: "integration"}},
		{"JSON in another order", object,
			`{"status":200,"requestId":"` + id + `","integ":"200"}`,
			probe.LogRecord{RequestID: id, APIKind: probe.REST, Status: new(200), IntegrationStatus: new(200), IntegrationCalled: &called, Producer: "integration"}},
		{"two readings are a doubt", `$context.requestId $context.error.message $context.integrationErrorMessage $context.status`,
			id + ` Internal server error 500`,
			probe.LogRecord{RequestID: id, APIKind: probe.REST, Status: new(500), Doubts: []string{
				"error.message can be read in more than one way", "integrationErrorMessage can be read in more than one way"}}},
		{"a missing value settles it", `$context.requestId $context.error.message $context.integrationErrorMessage $context.status`,
			id + ` - The Lambda function returned an error 500`,
			probe.LogRecord{RequestID: id, APIKind: probe.REST, Status: new(500), Error: "The Lambda function returned an error", Producer: "integration"}},
		{"an injected key is a doubt", object,
			`{"requestId":"` + id + `","agent":"x","err":"a","type":"A","status":200,"integ":"200","epoch":1,"agent":"y","err":-,"type":"-","status":403,"integ":"-","epoch":1784692371355}`,
			probe.LogRecord{RequestID: id, APIKind: probe.REST, Status: new(403), Time: at.Add(355 * time.Millisecond), IntegrationCalled: &refused, Producer: "gateway", Doubts: []string{
				"identity.userAgent can be read in more than one way", "error.messageString can be read in more than one way"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, err := CompileFormat(tt.format)
			if err != nil {
				t.Fatal(err)
			}
			got, err := f.Parse([]byte(tt.line))
			if err != nil {
				t.Fatal(err)
			}
			tt.want.Source, tt.want.Complete = probe.AccessLogSrc, true
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestAccessExcerpts(t *testing.T) {
	const line = `{"requestId":"` + id + `","status":"403","httpMethod":"GET","path":"/prod/x","stage":"prod"}`
	quoted := strings.ReplaceAll(line, `"`, `\"`)
	clfLine := `76.33.40.125 - - [22/Jul/2026:03:52:51 +0000] "GET /x HTTP/1.1" 403 98 ` + id
	tests := []struct{ name, format, text string }{
		{"lines", "", "2026-07-22T03:52:51.355000+00:00 000da73a1ad94452c2cef6acde2d5896 " + line + "\nnoise\n" + line},
		{"over several lines", "", strings.ReplaceAll(line, ",", ",\n  ")},
		{"events", "", `{"events":[{"message":"` + quoted + `","timestamp":1}]}`},
		{"broken by a value", "", strings.Replace(line, `"stage"`, `"error":"no "such" thing","stage"`, 1)},
		{"proposed by the console", "", clfLine},
		{"with a format", clf, "1784692371355 " + clfLine + "\n" + clfLine},
		{"caller's id replaced", "", strings.Replace(line, id, "UUID_REPLACED_INVALID_REQUEST_ID", 1)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var format *Format
			if tt.format != "" {
				var err error
				if format, err = CompileFormat(tt.format); err != nil {
					t.Fatal(err)
				}
			}
			records, ok := ParseAccessLog([]byte(tt.text), format)
			if !ok {
				t.Fatal("nothing read")
			}
			want := map[string]any{"request_id": id, "status": 403, "http_method": "GET", "resource_path": nil}
			if !strings.Contains(tt.text, "76.33") {
				want["resource_path"] = "/x"
			}
			if strings.Contains(tt.text, "REPLACED") {
				want["request_id"] = nil
			}
			for _, rec := range records {
				check(t, want, rec)
			}
		})
	}
	for _, text := range []string{"", "{}", `{"message":"Forbidden"}`, "(" + idA + ") Method completed with status: 200", "HTTP/2 403\r\n\r\n" + `{"timestamp":1,"status":403,"error":"Forbidden","path":"/x"}`} {
		if records, ok := ParseAccessLog([]byte(text), nil); ok {
			t.Errorf("%q is taken for an access log: %+v", text, records)
		}
	}
}

func TestCompileFormat(t *testing.T) {
	tests := []struct{ format, variables string }{
		{"$context.requestId.", "requestId"},
		{"$context.status:$context.stage", "status stage"},
		{"$context.authorizer.claims.cognito:username:$context.stage", "authorizer.claims.cognito:username stage"},
		{"$context. $context.status$context.path", "status path"},
		{`"$context.error.messageString",`, "error.messageString"},
	}
	for _, tt := range tests {
		f, err := CompileFormat(tt.format)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(f.Variables(), " "); got != tt.variables {
			t.Errorf("%q: variables %q, want %q", tt.format, got, tt.variables)
		}
	}
	for _, format := range []string{"", "x", "$context.", "$$context."} {
		if _, err := CompileFormat(format); err == nil {
			t.Errorf("%q compiles", format)
		}
	}
}

func TestEpoch(t *testing.T) {
	for v, want := range map[string]string{
		"1784692371355": "2026-07-22T03:52:51.355Z", "1784692371": "2026-07-22T03:52:51Z", "0": "0001-01-01T00:00:00Z", "x": "0001-01-01T00:00:00Z",
	} {
		if got := epoch(v).Format(time.RFC3339Nano); got != want {
			t.Errorf("epoch(%q) = %s, want %s", v, got, want)
		}
	}
}

// Variables of mutual TLS, routing rules and HTTP APIs: a distinguished name
// holds the commas that separate values.
func TestFurtherVariables(t *testing.T) {
	f, err := CompileFormat("$context.identity.clientCert.subjectDN,$context.identity.clientCert.validity.notAfter,$context.customDomain.routingRuleIdMatched,$context.dataProcessed,$context.authorizer.integrationLatency,$context.status,$context.requestId")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range f.Variables() {
		if _, known := variables[name]; !known {
			t.Errorf("%s is not known", name)
		}
	}
	rec, err := f.Parse([]byte("CN=client,O=Example,C=DE,Aug  5 00:00:00 2026 GMT,rule-1,512,7,200,9cef3834-f42c-46d7-83fe-a6401a431398"))
	if err != nil || rec.Status == nil || *rec.Status != 200 || rec.RequestID != "9cef3834-f42c-46d7-83fe-a6401a431398" || rec.Doubts != nil {
		t.Errorf("%+v, %v", rec, err)
	}
}

// A route key of "-" beside 404 says that no route fits.
func TestNoRoute(t *testing.T) {
	for entry, want := range map[string]string{
		`{"requestId":"cPt3sgDxoAMEZ7w=","httpMethod":"POST","routeKey":"-","status":"404"}`:      producerGateway,
		`{"requestId":"cPt3sgDxoAMEZ7w=","httpMethod":"POST","routeKey":"GET /x","status":"404"}`: "",
	} {
		if rec, ok := ParseAccess([]byte(entry)); !ok || rec.Producer != want || rec.APIKind != probe.HTTP {
			t.Errorf("%s: %v %+v", entry, ok, rec)
		}
	}
}

// Entries stand in the rows of tables, whose other cells are columns of the log;
// a sentence around an object makes no entry of it.
// Entries in XML are read whatever their elements are, and whatever stands between them.
func TestAccessElements(t *testing.T) {
	const id = "2b9c8640-30be-4853-bd1b-d3fb0442e3e4"
	for _, between := range []string{"", " ", "\t"} {
		line := strings.Join([]string{`<request id="` + id + `">`, "<ip>203.0.113.9</ip>", "<caller>-</caller>", "<requestTime>27/Nov/2026:10:00:00 +0000</requestTime>",
			"<httpMethod>GET</httpMethod>", "<resourcePath>/orders</resourcePath>", "<status>504</status>", "<userAgent>curl & co</userAgent>", "<stage>prod</stage>", "</request>"}, between)
		rec, ok := ParseAccess([]byte(line))
		if !ok || rec.RequestID != id || rec.Status == nil || *rec.Status != 504 || rec.Method != "GET" || rec.Stage != "prod" || rec.Time.IsZero() {
			t.Errorf("%s: %v %+v", line, ok, rec)
		}
	}
	for _, line := range []string{"<p>status</p>", "<html><title>404</title><status>404</status></html>", "<request><status>200", "<"} {
		if rec, ok := ParseAccess([]byte(line)); ok {
			t.Errorf("%s: %+v", line, rec)
		}
	}
}

func TestAccessRows(t *testing.T) {
	const entry = `{"requestId":"2b9c8640-30be-4853-bd1b-d3fb0442e3e4","httpMethod":"GET","resourcePath":"/orders","status":"500"}`
	for row, want := range map[string]bool{
		"| 2025-05-20 02:46:41.020 | " + entry + " | 123456789012:/aws/apigateway/access |":                            true,
		"2025-05-20 02:46:41.020,\"" + strings.ReplaceAll(entry, `"`, `""`) + "\",123456789012:/aws/apigateway/access": true,
		"2025-05-20T02:46:41.020Z\t" + entry:   true,
		"| the function got | " + entry + " |": false,
		"INFO, " + entry:                       false,
	} {
		if rec, ok := ParseAccess([]byte(row)); ok != want || want && (rec.Status == nil || *rec.Status != 500) {
			t.Errorf("%s: %v %+v", row, ok, rec)
		}
	}
}
