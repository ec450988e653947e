package cwl

import (
	"strings"
	"testing"
)

const (
	completed = `(9cef3834-f42c-46d7-83fe-a6401a431398) Method completed with status: 200`
	access    = `{"requestId":"9cef3834","status":"403","latency":12,"ok":true,"none":null,"identity":{"ip":"10.0.0.1"},"list":[{"id":"a"},{"id":"b"}],"detail-type":"x"}`
)

// TestPatterns follows the examples of the CloudWatch Logs User Guide, "Filter pattern syntax".
func TestPatterns(t *testing.T) {
	tests := []struct {
		pattern, message string
		want             bool
	}{
		{``, completed, true},
		{`  `, completed, true},
		{`"9cef3834-f42c"`, completed, true},
		{`"9CEF3834"`, completed, false},
		{`completed`, completed, true},
		{`completed "status: 200"`, completed, true},
		{`completed "status: 500"`, completed, false},
		{`?"status: 500" ?"status: 200"`, completed, true},
		{`?"status: 500" ?"status: 502"`, completed, false},
		{`completed -"status: 200"`, completed, false},
		{`-"status: 500"`, completed, true},
		{`-"status: 200"`, completed, false},
		{`?"status: 500" completed`, completed, true}, // ?terms beside plain ones are ignored
		{`%status:\s[25]00%`, completed, true},
		{`%status:\s4\d\d%`, completed, false},
		{`"a \"quoted\" word"`, `has a "quoted" word`, true},

		{`{ $.requestId = "9cef3834" }`, access, true},
		{`{ $.requestId = "other" || $.requestId = "9cef3834" }`, access, true},
		{`{ $.requestId = "9cef3834" && $.status = "200" }`, access, false},
		{`{ ($.status = "200" || $.status = "403") && $.latency > 10 }`, access, true},
		{`{$.status != "200"}`, access, true},
		{`{ $.status = "4*" }`, access, true},
		{`{ $.status = 4* }`, access, true},
		{`{ $.status = "5*" }`, access, false},
		{`{ $.latency = 12 }`, access, true},
		{`{ $.latency <= 11.5 }`, access, false},
		{`{ $.identity.ip = "10.0.*" }`, access, true},
		{`{ $.list[1].id = "b" }`, access, true},
		{`{ $.list[2].id = "b" }`, access, false},
		{`{ $.detail-type = "x" }`, access, true},
		{`{ $.ok IS TRUE }`, access, true},
		{`{ $.none IS NULL }`, access, true},
		{`{ $.absent NOT EXISTS }`, access, true},
		{`{ $.status NOT EXISTS }`, access, false},
		{`{ $.requestId = %^9cef% }`, access, true},
		{`{ $.requestId = "9cef3834" }`, completed, false},
	}
	for _, tt := range tests {
		match, err := parsePattern(tt.pattern)
		if err != nil {
			t.Errorf("%s: %v", tt.pattern, err)
			continue
		}
		if got := match(tt.message); got != tt.want {
			t.Errorf("%s matches %s: %v, want %v", tt.pattern, tt.message, got, tt.want)
		}
	}
}

func TestPatternsRefused(t *testing.T) {
	tests := map[string]string{
		`9cef3834-f42c`:            "Invalid character(s) in term '-'",
		`Status: timeout`:          "Invalid character(s) in term ':'",
		`"open`:                    "unterminated",
		`?`:                        "missing",
		`%[%`:                      "missing closing",
		`%a b%`:                    "' '",
		`%(a|b)%`:                  "'('",
		`{ $.a = %(a)% }`:          "'('",
		`{ $.a like "x" }`:         "operator",
		`{ $.a = "x" or $.b = 1 }`: "Invalid character(s) in term 'or'",
		`[ip, user]`:               "space-delimited",
		`{ $.a = "x"`:              "} is missing",
		`{ $.a }`:                  "operator",
		`{ $.a = }`:                "value",
		`{ $.a = "x" $.b = "y" }`:  "Invalid character(s) in term '$.b'",
		`{ $.a = "x" & $.b = 1 }`:  "Invalid character(s) in term '&'",
		`{ ($.a = "x" }`:           "missing )",
		`{ $.a IS SET }`:           "NULL",
		strings.Repeat("a", 1025):  "1024",
	}
	for pattern, want := range tests {
		if _, err := parsePattern(pattern); err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "InvalidParameterException: ") {
			t.Errorf("%s: %v, want %s", pattern, err, want)
		}
	}
}

func FuzzPattern(f *testing.F) {
	for _, p := range []string{`?"a" -b %c%`, `{ $.list[1].id = "b" && ($.x != 4* || $.y NOT EXISTS) }`, `{ $.a = "\\" }`, "{ $.a = \"*\x98\" }", `"\"`, `{!!$.a = 1}`} {
		f.Add(p, access)
	}
	f.Add(`"completed"`, completed)
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	f.Fuzz(func(t *testing.T, pattern, message string) {
		match, err := parsePattern(pattern)
		if (match == nil) == (err == nil) {
			t.Fatalf("matcher %v, error %v", match == nil, err)
		}
		if err == nil {
			match(message)
		}
		// Quoted, any text is a term that stands for itself.
		quoted, err := parsePattern(`"` + escape.Replace(pattern) + `"`)
		if err == nil && quoted(message) != strings.Contains(message, pattern) {
			t.Fatalf("term %q in %q: %v", pattern, message, quoted(message))
		}
	})
}

func FuzzInsights(f *testing.F) {
	f.Add(`fields @timestamp, @message | filter @message like /x/ and status in ["a", 'b'] | sort @timestamp asc | limit 20`)
	f.Add("filter not (`a-b` = 1 or c =~ /\\//)")
	f.Fuzz(func(t *testing.T, query string) {
		p, err := parseProgram(query)
		if (p == nil) == (err == nil) {
			t.Fatalf("program %v, error %v", p == nil, err)
		}
		if err == nil {
			r := row{entry: entry{message: access}}
			r.document, _ = parseDocument(access)
			p.matches(r)
			p.project(r)
		}
	})
}
