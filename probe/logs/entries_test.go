package logs

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"stageprobe/probe"
)

// An object is an entry where it names a request and something of it, or a method, its
// target and a status.
func TestWhatIsAnEntry(t *testing.T) {
	for members, want := range map[string]bool{
		`"requestId":"` + id + `"`:                                 false,
		`"requestId":"` + id + `","resourcePath":"/x"`:             true,
		`"requestId":"` + id + `","path":"/x"`:                     true,
		`"requestId":"` + id + `","routeKey":"GET /x"`:             true,
		`"requestId":"` + id + `","stage":"prod"`:                  true,
		`"requestId":"` + id + `","apiId":"abcdefghij"`:            true,
		`"extendedRequestId":"A=","status":"200"`:                  true,
		`"status":"200","httpMethod":"GET","path":"/x"`:            true,
		`"status":"200","httpMethod":"GET","resourcePath":"/x"`:    true,
		`"status":"200","routeKey":"$default"`:                     true,
		`"status":"200","path":"/x"`:                               false,
		`"httpMethod":"GET","path":"/x"`:                           false,
		`"status":"200","httpMethod":"GET"`:                        false,
		`"requestId":"` + id + `","agent":"","status":,"a":"b "c"`: false, // broken, and the status left out
		`"requestId":"` + id + `","status":,"stage":"a "b"`:        true,
	} {
		if rec, ok := ParseAccess([]byte("{" + members + "}")); ok != want {
			t.Errorf("{%s}: %v, %+v", members, ok, rec)
		}
	}
	for _, line := range []string{"", "{", "{}", "{{", "x {"} {
		if rec, ok := ParseAccess([]byte(line)); ok {
			t.Errorf("%q: %+v", line, rec)
		}
	}
	// The braces of a route begin no object.
	rec, ok := ParseAccess([]byte("requestId: " + id + ", ip: 192.0.2.1, resourcePath: /pets/{id}, httpMethod: GET, status: 200"))
	if !ok || rec.Template != "GET /pets/{id}" || rec.RequestID != id {
		t.Errorf("%v %+v", ok, rec)
	}
}

// An entry may be as long as an event of CloudWatch Logs, and no longer.
func TestLongestEntry(t *testing.T) {
	f, err := CompileFormat(`{"requestId":"$context.requestId","status":"$context.status","agent":"$context.identity.userAgent"}`)
	if err != nil {
		t.Fatal(err)
	}
	begin := `{"requestId":"` + id + `","status":"200","agent":"`
	fill := longestEntry - len(begin) - len(`"}`)
	for more, want := range map[int]bool{0: true, 1: false} {
		entry := []byte(begin + strings.Repeat("a", fill+more) + `"}`)
		if _, ok := ParseAccess(entry); ok != want {
			t.Errorf("%d bytes more than the longest: %v", more, ok)
		}
		if _, err := f.Parse(entry); (err == nil) != want {
			t.Errorf("%d bytes more than the longest, with a format: %v", more, err)
		}
	}
}

// Spellings of a name differ in case and in anything but letters and digits.
func TestSpellingsOfANameAreOne(t *testing.T) {
	for key, want := range map[string]string{"A_Z.a-z 0$9{": "azaz09", "@[`": "", "/:": ""} {
		if got := reduce(key); got != want {
			t.Errorf("%q: %q, want %q", key, got, want)
		}
	}
	for text, want := range map[string]string{
		`"`: `"`, `""`: "", `"x"`: "x", `"x`: `"x`, `x"`: `x"`, `"a ""b"" c"`: `a "b" c`, `"a \"b\""`: `a "b"`, "": "",
	} {
		if got := string(unquoteRow([]byte(text))); got != want {
			t.Errorf("row %q: %q, want %q", text, got, want)
		}
	}
	for text, want := range map[string]string{`"`: `"`, `""`: "", `"x"`: "x", `a\"b`: `a"b`, `\/x`: "/x", `a\x`: `a\x`, "a": "a", "": ""} {
		if got := unquote([]byte(text)); got != want {
			t.Errorf("value %q: %q, want %q", text, got, want)
		}
	}
}

// Entries that a program printed prettily are joined from the line that opens them to the
// one that closes them, which is indented like it.
func TestPrettyEntries(t *testing.T) {
	pretty := func(n int, indent string) string {
		return strings.Join([]string{"{", fmt.Sprintf(`  "requestId": "%08d-0aae-4ef0-8993-ed2ba1034021",`, n), `  "identity": {`, `    "sourceIp": "192.0.2.1"`, "  },", "",
			`  "list": [`, "  {", `    "a": 1`, "  },", "  {", "    }", "  ],", `  "status": 403,`, `  "stage": "prod"`, "}"}, "\n"+indent)
	}
	for name, tt := range map[string]struct {
		text string
		want int
	}{
		"one after another":      {pretty(0, "") + "\n" + pretty(1, "") + "\nnoise\n" + pretty(2, ""), 3},
		"indented, in a list":    {"[\n  " + pretty(0, "  ") + ",\n  " + pretty(1, "  ") + "\n]", 2},
		"the last was cut":       {pretty(0, "") + "\n{\n" + `"requestId": "00000001-0aae-4ef0-8993-ed2ba1034021",` + "\n" + `"status": 403, "stage": "prod"`, 2},
		"in two braces":          {pretty(0, "") + "\n{" + pretty(1, "") + "}", 2},
		"behind another's line":  {"noise\n" + pretty(0, "") + "\n" + pretty(1, ""), 2},
		"and an entry on a line": {pretty(0, "") + "\n" + `{"requestId":"00000001-0aae-4ef0-8993-ed2ba1034021","status":403,"stage":"prod"}`, 2},
	} {
		records, ok := ParseAccessLog([]byte(tt.text), nil)
		if !ok || len(records) != tt.want {
			t.Errorf("%s: %v, %d entries: %+v", name, ok, len(records), records)
			continue
		}
		for i, r := range records {
			if r.RequestID != fmt.Sprintf("%08d-0aae-4ef0-8993-ed2ba1034021", i) || r.Status == nil || *r.Status != 403 || r.Stage != "prod" {
				t.Errorf("%s: entry %d: %+v", name, i, r)
			}
		}
	}
	records, _ := ParseAccessLog([]byte(`[{"message":"{\"requestId\":\"`+id+`\",\"status\":403}","timestamp":1}]`), nil)
	if r := one(t, records); r.RequestID != id {
		t.Errorf("an array of events: %+v", r)
	}
}

// Beside the lines of an execution log, an entry has a time or a table's bar in front.
func TestEntriesBesideAnExecutionLog(t *testing.T) {
	entry := `{"requestId":"` + id + `","stage":"prod","identity":"x","status":403}`
	text := strings.Join([]string{
		"| 2025-05-20 02:46:41.020 |   | " + entry + " |",
		"(" + idA + ") Endpoint response body before transformations: " + entry,
		"2025-05-20T02:46:41.020Z (" + idA + ") Endpoint response body: " + entry,
		entry,
		"2025-05-20T02:46:42.020Z\t" + strings.Replace(entry, "403", "404", 1),
		"2025-05-20T02:46:42.020Z no entry",
	}, "\n")
	var got []string
	for _, r := range ParseAccessRows([]byte(text)) {
		got = append(got, fmt.Sprintf("%s %s %d", r.RequestID, r.Stage, *r.Status))
	}
	if want := []string{id + " prod 403", id + " prod 404"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	for text, want := range map[string]bool{
		"": false, "  ": false, "e369853df766fa44e1ed0ff613f563bd": true, " 123456789012:" + prodGroup + " ": true, prodGroup: true,
		"2025-05-20T02:46:41.020Z": true, "1747709201020": true, "word": false, "123456789012:/aws/lambda/x": false,
	} {
		if got := isColumn([]byte(text)); got != want {
			t.Errorf("column %q: %v", text, got)
		}
	}
}

// What kind of API wrote an entry shows in what only one kind has.
func TestKindOfAPIOfAnEntry(t *testing.T) {
	for members, want := range map[string]probe.APIKind{
		`"requestId":"x","status":"200"`:                                       "",
		`"requestId":"` + id + `","status":"200"`:                              probe.REST,
		`"requestId":"x","status":"200","resourcePath":"/x"`:                   probe.REST,
		`"requestId":"x","status":"200","wafResponseCode":"WAF_ALLOW"`:         probe.REST,
		`"requestId":"x","status":"200","isCanaryRequest":"false"`:             probe.REST,
		`"requestId":"x","status":"200","routeKey":"GET /x"`:                   probe.HTTP,
		`"requestId":"JKJaXmPLvHcESHA=","status":"200"`:                        probe.HTTP,
		`"requestId":"JKJaXmPLvHcESHA=","status":"200","connectionId":"abcd="`: "",
		`"requestId":"` + id + `","status":"200","eventType":"CONNECT"`:        "",
	} {
		if r, ok := ParseAccess([]byte("{" + members + "}")); !ok || r.APIKind != want {
			t.Errorf("{%s}: %v, %q, want %q", members, ok, r.APIKind, want)
		}
	}
}

// Who made an answer, by what an entry says and leaves out.
func TestProducerOfAnEntry(t *testing.T) {
	rest, http := `"requestId":"`+id+`",`, `"requestId":"JKJaXmPLvHcESHA=",`
	for members, want := range map[string][3]string{ // producer, gateway response, authorizer's outcome
		rest + `"status":"403","wafResponseCode":"WAF_BLOCK"`:                                                                  {"gateway", "WAF_FILTERED", ""},
		rest + `"status":"403","wafResponseCode":"WAF_BLOCK","responseType":"DEFAULT_4XX"`:                                     {"gateway", "DEFAULT_4XX", ""},
		rest + `"status":"403","waf.status":"403"`:                                                                             {"gateway", "WAF_FILTERED", ""},
		rest + `"status":"200","waf.status":"403"`:                                                                             {"", "", ""},
		rest + `"status":"403","waf.status":"403","wafResponseCode":"WAF_ALLOW"`:                                               {"", "", ""},
		rest + `"status":"403","responseType":"ACCESS_DENIED","authorizer.error":"denied"`:                                     {"authorizer", "ACCESS_DENIED", "deny"},
		rest + `"status":"403","responseType":"ACCESS_DENIED","errorMessage":"Forbidden"`:                                      {"", "ACCESS_DENIED", ""},
		rest + `"status":"403","responseType":"ACCESS_DENIED","errorMessage":"User: x is not"`:                                 {"gateway", "ACCESS_DENIED", ""},
		rest + `"status":"403","responseType":"ACCESS_DENIED","errorMessage":"User is not authorized to access this resource"`: {"authorizer", "ACCESS_DENIED", "deny"},
		http + `"status":"403","responseType":"ACCESS_DENIED"`:                                                                 {"authorizer", "ACCESS_DENIED", "deny"},
		rest + `"status":"400","authorizer.error":"x","integrationStatus":"-"`:                                                 {"authorizer", "", ""},
		rest + `"status":"399","authorizer.error":"x","integrationStatus":"-"`:                                                 {"", "", ""},
		rest + `"status":"400","integrationStatus":"-"`:                                                                        {"gateway", "", ""},
		rest + `"status":"504","integrationStatus":"-"`:                                                                        {"integration", "", ""},
		rest + `"status":"504","integrationStatus":"-","authorizer.error":"timed out"`:                                         {"authorizer", "", ""},
		rest + `"status":"504"`:                                    {"", "", ""},
		rest + `"status":"200","integrationStatus":"200"`:          {"integration", "", ""},
		rest + `"status":"401","errorMessage":"Unauthorized"`:      {"authorizer", "", "unauthorized"},
		rest + `"status":"401","errorMessage":"expired"`:           {"gateway", "", ""},
		http + `"status":"403","errorMessage":"Forbidden"`:         {"authorizer", "", "deny"},
		rest + `"status":"429","errorMessage":"Too Many Requests"`: {"gateway", "", ""},
	} {
		r, ok := ParseAccess([]byte("{" + members + "}"))
		if got := [3]string{r.Producer, r.GatewayResponse, r.AuthorizerOutcome}; !ok || got != want {
			t.Errorf("{%s}: %v, %q, want %q", members, ok, got, want)
		}
	}
	r, _ := ParseAccess([]byte("{" + rest + `"status":"200","integration.status":"200","integrationStatus":"500"}`))
	if r.IntegrationStatus == nil || *r.IntegrationStatus != 200 {
		t.Errorf("what the function returned comes before what its service answered: %+v", r)
	}
}

// An entry with the keys of the format in other places is read by them; one with none of
// them is none, and a key twice with different values is a doubt.
func TestKeysOfAFormat(t *testing.T) {
	f, err := CompileFormat(`{"ctx":{"requestId":"$context.requestId"},"status":$context.status,"stage":"$context.stage"}`)
	if err != nil {
		t.Fatal(err)
	}
	rec, err := f.Parse([]byte(`{"stage":"prod","tags":["a",{"status":500,"b":[1]},[2]],"ctx":{"requestId":"` + id + `"},"status":200,"none":null,"yes":true}`))
	if err != nil || rec.RequestID != id || rec.Stage != "prod" || rec.Status == nil || *rec.Status != 200 || rec.Doubts != nil {
		t.Errorf("%+v, %v", rec, err)
	}
	for line, want := range map[string]int{
		`{"status":200,"stage":"prod","status":500}`: 1, `{"status":200,"stage":"prod","status":200}`: 0, `{"stage":"a","status":200,"stage":"b","status":500}`: 2,
	} {
		if rec, err := f.Parse([]byte(line)); err != nil || len(rec.Doubts) != want {
			t.Errorf("%s: %q, %v; want %d doubts", line, rec.Doubts, err, want)
		}
	}
	nested := func(deep int) string { return strings.Repeat(`{"a":`, deep) + "1" + strings.Repeat("}", deep) }
	for text, want := range map[string]bool{nested(17): true, nested(18): false, `{"a":[1`: false, `{"a":[{"b":1}]}`: true, `{"a":[[]]}`: true, "[]": false, `{"a":1} x`: false} {
		if _, ok := flatten([]byte(text)); ok != want {
			t.Errorf("%s: %v", text, ok)
		}
	}
	for _, line := range []string{`{"x":1}`, `{}`, "x"} {
		if rec, err := f.Parse([]byte(line)); err == nil {
			t.Errorf("%s: %+v", line, rec)
		}
	}
	// A value of one byte at the very beginning.
	if f, err = CompileFormat("$context.stage $context.status"); err != nil {
		t.Fatal(err)
	}
	if rec, err := f.Parse([]byte("v 200")); err != nil || rec.Stage != "v" || rec.Status == nil {
		t.Errorf("%+v, %v", rec, err)
	}
}

// The JSON of CloudWatch Logs tells times in several shapes, and the group once for all
// events.
func TestEventsInJSON(t *testing.T) {
	want := time.Date(2019, 2, 27, 11, 31, 0, 425_000_000, time.UTC)
	for text, want := range map[string]time.Time{
		`"2019-02-27 11:31:00.425"`: want, `1551267060425`: want, `"1551267060425"`: want, `"2019-02-27T11:31:00.425Z"`: want,
		`"2019-02-27T12:31:00.425+01:00"`: want, `"2019-02-27"`: {}, `"2019-02-27x"`: {}, "null": {}, "": {},
	} {
		if got := jsonTime([]byte(text)); !got.Equal(want) {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	records, _ := ParseExecution([]byte(`{"logGroup":"` + prodGroup + `","logStream":"s","logEvents":[{"message":"(` + idA + `) Method completed with status: 504"}]}`))
	if r := one(t, records); r.APIID != "abc" || r.Stage != "prod" || r.Stream != "s" {
		t.Errorf("%+v", r)
	}
}

// Where quotes or the end of an entry are missing, a value ends at the next key, known or
// not; one whose end is open is a doubt, and not taken.
func TestBrokenEntries(t *testing.T) {
	const whole = `{"requestId":"` + id + `","env":"x","status":403,"stage":"prod","team":"a","path":"/prod/x"}`
	tests := []struct {
		name, text, stage, path string
		status                  int // 0 for none
		doubts                  string
	}{
		{"an unknown key behind a known one", strings.Replace(whole, `"team":"a"`, `"team":"a "b" c"`, 1), "prod", "/x", 403, ""},
		{"cut off within a value", whole[:len(whole)-4], "prod", "", 403, "path"},
		{"cut off before a value", whole[:strings.Index(whole, `/prod/x`)], "prod", "", 403, "path"},
		{"cut off within a number", whole[:strings.Index(whole, `3,`)], "", "", 0, "status"},
		{"cut off behind a value", whole[:len(whole)-1], "prod", "/x", 403, ""},
		{"a quote missing before an unknown key", strings.Replace(whole, `"prod"`, `"prod`, 1), "", "/prod/x", 403, "stage"},
		{"a quote missing before a known key", strings.Replace(whole, `id":"`+id+`","env":"x"`, `id":"`+id, 1), "prod", "/x", 403, ""},
		{"quotes within a value before an unknown key", strings.Replace(whole, `"/prod/x"`, `"/prod/"x"","error":"a "b" c","extra":"-"`, 1), "prod", `/"x"`, 403, "error.message"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rec, ok := ParseAccess([]byte(tt.text))
			if tt.status == 0 && rec.RequestID == "" && !ok {
				return // an id alone is no entry
			}
			status := 0
			if rec.Status != nil {
				status = *rec.Status
			}
			doubted, _, _ := strings.Cut(strings.Join(rec.Doubts, ""), " ")
			if !ok || rec.RequestID != id || rec.Stage != tt.stage || status != tt.status || doubted != tt.doubts || rec.Path != tt.path {
				t.Errorf("%s\nread as %+v, %v", tt.text, rec, ok)
			}
		})
	}
}
