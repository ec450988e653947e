package feature

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stageprobe/probe"
)

// shown are the features of an answer below some paths, each with its value, sorted; one that
// is listed twice is there twice.
func shown(x *Extractor, o *probe.Observation, paths ...string) []string {
	out := []string{}
	for _, v := range x.Features(o, integration) {
		d := &x.Defs()[v.Def]
		if slices.ContainsFunc(paths, func(p string) bool { return d.Path == p || strings.HasPrefix(d.Path, p+"/") }) {
			out = append(out, d.String()+" = "+v.Text)
		}
	}
	slices.Sort(out)
	return out
}

// Each bound of a shape, with the text just within and the one just beyond.
func TestShapesAtTheirBounds(t *testing.T) {
	hex := func(n int) string { return strings.Repeat("ab", n/2) + strings.Repeat("c", n%2) }
	jwt := "eyJ" + strings.Repeat("a", 14) + "." + "b."
	for value, want := range map[string]string{
		hex(15): "text", hex(16): "hex~16", hex(17): "hex~32", hex(32): "hex~32", hex(33): "hex~64", hex(64): "hex~64", hex(65): "hex",
		strings.Repeat("7", 4096): "hex", strings.Repeat("7", 4097): "text",
		"+5": "number", "-5": "number", ".5": "number", "5.": "text", "5.s": "text", "5.x": "text", "1e-5": "number", "1E+5": "number", "1e-": "text", "1e5s": "duration",
		"1h2": "text", "1h 2m": "duration", "1h2MB": "text", "5µs": "duration", "5 %": "number", "-ms": "text",
		"Sun, 1 Mar 2026 12:00:00": "text", "Sun, 01 Mar 2026 12:00:00": "time~http", "Sun, 01 Mar 2026 12:00:00 +0000": "time~http", "Sun, 01 Mar 2026 12:00:00 +00000": "text",
		"Son, 01 Mar 2026 12:00:00": "text", "Sun, 01 Mar 2026 12-00-00": "text",
		jwt: "text", jwt + "c": "jwt",
		"http://x": "url", " http://x": "text", "http://x y": "text", "::": "text", "::1": "ip", "1.2.3": "text", "::1.2.3.4": "ip", "::1.2.3.4.5": "text", "::g": "text", "::1.a.2.3": "text",
		"0000:0000:0000:0000:0000:ffff:255.255.255.255": "ip", "0000:0000:0000:0000:0000:fffff:255.255.255.255": "text",
		"1500000000": "epoch~s", "1499999999": "number", "2500000000": "number", "1500000000000000": "hex~16", "-150000000": "number",
		"9:00:00": "clock", "12:00:01,5": "clock", "12:00:01.x": "text",
		"2026/03/01": "date", "2026x03x01": "text", "2026-03/01": "text", "2026-03-0x": "text", "2026-03-01x": "text",
		"2026-03-01T12:00:00-05:00": "time~offset", "2026-03-01T12:00:00+02": "time~offset", "2026-03-01T12:00:00+2": "text", "2026-03-01T12:00:00+02:000": "text",
		"2026-03-01T12:00:00.Z": "text", "2026-03-01T12:00:00 UTC": "time~z", "2026-03-01T12:00:00GMT": "time~z", "2026-03-01T12:00": "text",
		"01/Mar/2026:12:00:00": "time~log", "01/Mar/2026:12:00:0": "text", "01-Mar-2026:12:00:00": "text", "01/Mar/2026 12:00:00": "text",
	} {
		if got := shapeNames[formOf([]byte(value))]; got != want {
			t.Errorf("%.60q: %s, want %s", value, got, want)
		}
	}
}

func TestClockOfTheBeginning(t *testing.T) {
	for text, want := range map[string]int{
		"12:00:01": 8, "9:00:00": 7, "12:00:01.25Z": 11, "12:00:01,5": 10, "12:00:01.": 8, "12:00:01.x": 8, "12:0:00": 0, "12:00:0": 0, "12:00:000": 0, "123:00:00": 0, ":00:00": 0, "12:00": 0, "12:00:": 0, "12-00-00": 0,
	} {
		if got := clock([]byte(text)); got != want {
			t.Errorf("%s begins with a time of day of %d bytes, want %d", text, got, want)
		}
	}
}

func TestWordsThatVary(t *testing.T) {
	for word, want := range map[string]bool{"deadbeefdeadbeef": true, "deadbeefdeadbee": false, "deadbeefdeadbeeg": false, "v1": true, "Monday": true, "word": false} {
		if variable([]byte(word)) != want {
			t.Errorf("%s varies: %v", word, !want)
		}
	}
	for name, want := range map[string]bool{
		"via": true, "x-cache": true, "x-cache-hits": true, "cf-ray": true, "set-cookie visit": true, "x-app-version": false, "viaduct": false, "x-cached": false, "content-languages": false,
	} {
		if WrittenInFront(name) != want {
			t.Errorf("%s may be written by something in front: %v", name, !want)
		}
	}
}

func TestLetters(t *testing.T) {
	for i := range 256 {
		c, s := byte(i), string(rune(i))
		for _, tt := range []struct {
			name string
			got  bool
			of   string
		}{
			{"a digit", isDigit(c), "0123456789"},
			{"a small letter", isLower(c), "abcdefghijklmnopqrstuvwxyz"},
			{"a capital", isUpper(c), "ABCDEFGHIJKLMNOPQRSTUVWXYZ"},
			{"hexadecimal", isHex(c), "0123456789abcdefABCDEF"},
		} {
			if want := strings.Contains(tt.of, s); tt.got != want {
				t.Errorf("%q is %s: %v", s, tt.name, tt.got)
			}
		}
		if want := c >= 32 || strings.Contains("\t\n\v\f\r\x1b\x1e", s); isText([]byte{c}) != want {
			t.Errorf("byte %d is text: %v", c, !want)
		}
	}
	if name := []byte("Wednesday"); !isCalendar(name) || isCalendar(name[:2]) || !isCalendar(name[:3]) || isCalendar(name[:4]) || isCalendar([]byte("wednesday")) {
		t.Error("Wed and Wednesday are names of a day, and no other part of it")
	}
}

func TestWords(t *testing.T) {
	for name, want := range map[string]string{
		"ETag": "ETag", "HTTPVersion": "HTTP Version", "buildVersion": "build Version", "x-app_version2b": "x app version b", "APITag": "API Tag", "A": "A", "": "", "7": "",
	} {
		var got []string
		words(name, func(w string) bool { got = append(got, w); return true })
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %q, want %s", name, got, want)
		}
	}
	for key, want := range map[string]bool{
		"": false, strings.Repeat("x", 64): false, "deadbee1": true, "deadbe1": false, "deadbeefdeadbeef": true, "deadbeefdeadbee": false,
		"a12345": true, "a1234": false, "a1b2": true, "g1b": false, "*": true, "a-1": true, "a:1": true, "a/1": true, "a_1": false,
	} {
		if isID([]byte(key)) != want {
			t.Errorf("%s is an id: %v", key, !want)
		}
	}
}

func TestTokens(t *testing.T) {
	for text, want := range map[string]string{
		"a. b": "a|b", "... x!!": ".|x", "! y": "!|y", "a:1": "a|1", "1:a": "1|a", "1:2": "1:2", ":1": "1", "1:": "1", "a=1;b": "a|1|b", " ": "", "12:00:01.": "12:00:01",
	} {
		var got []string
		s := []byte(text)
		for from, to, next := token(s, 0); from < len(s); from, to, next = token(s, next) {
			got = append(got, string(s[from:to]))
		}
		if strings.Join(got, "|") != want {
			t.Errorf("%q: %q, want %s", text, got, want)
		}
	}
	for text, want := range map[string][2]string{
		"<a>b<c>": {"<a>b", "<c>"}, "</a>b<c>": {"b", "<c>"}, "<<a>": {"<", "<a>"}, "</a": {"</a", ""}, "plain": {"plain", ""}, "</a><b>": {"", "<b>"},
	} {
		seg, rest := element([]byte(text))
		if string(seg) != want[0] || string(rest) != want[1] {
			t.Errorf("%s: %q and %q, want %q", text, seg, rest, want)
		}
	}
}

// What a body is told by its beginning, and what it is then taken apart into.
func TestKindsOfBodies(t *testing.T) {
	name := func(n int) string { return strings.Repeat("f", n) }
	for _, tt := range []struct{ media, body, want string }{
		{"text/javascript", `cb({"a":1});`, "/a = 1"},
		{"text/javascript", `_cb( {"a":1} )`, "/a = 1"},
		{"text/javascript", `/**/cb({"a":1})`, "/a = 1"},
		{"text/javascript", name(127) + `({"a":1})`, "/a = 1"},
		{"text/javascript", name(128) + `({"a":1})`, `/*/a holds "1" = occurs`},
		{"text/javascript", `({"a":1})`, `/*/a holds "1" = occurs`},
		{"text/javascript", `9({"a":1})`, `/*/a holds "1" = occurs`},
		{"text/javascript", `cb({"a":1}`, `/*/a holds "1" = occurs`},
		{"text/javascript", `cb {"a":1})`, `/*/a holds "1" = occurs`},
		{"application/json", ")]}',\n" + `{"a":1}`, "/a = 1"},
		{"text/event-stream", "event: x\ndata: {\"a\":1}\n\ndata: [DONE]\n", `/*/a holds "1" = occurs`},
		{"text/event-stream", "data: {\"a\":1}\n\ndata: bye\n", `/*/a holds "1" = occurs`},
		{"text/event-stream", "event: ping\n", ":body holds \"event: ping\" = occurs"},
		{"text/csv", "a,b\n1,2\n", `/*/b holds "2" = occurs`},
		{"text/csv", "a,\n1,2\n", `/*/column 2 holds "2" = occurs`},
		{"text/csv", "a\n1\n", `:body holds "a" = occurs`},
		{"text/tab-separated-values", "a\tb\n1\t2\n", `/*/b holds "2" = occurs`},
		{"application/x-ndjson", "{\"a\":1}\n{\"a\":2}", `/*/a holds "2" = occurs`},
		{"application/x-ndjson", "[7]\n[8]", `/*/* holds "8" = occurs`},
		{"text/plain", "{\"a\":1}\nrest", `/*/a holds "1" = occurs`},
		{"text/plain", "{\"a\":1}\n{\"a\" 1", `/*/a holds "1" = occurs`},
		{"text/plain", "{ a {" + strings.Repeat("{\"", 7) + "{\"a\":1}", `/*/a holds "1" = occurs`},
		{"text/plain", strings.Repeat("{\"", 8) + "{\"a\":1}", ""},
		{"application/json-seq", "\x1e{\"a\":1}\n\x1e{\"b\":1}\n", `/*/a holds "1" = occurs`},
		{"text/csv", "1,x\n2,y\n", `/*/column 2 holds "x" = occurs`},
		{"text/csv", "a,b", `:body holds "a,b" = occurs`},
		{"text/plain", "eyJhIjoxfQ==", "/a = 1"},
		{"application/json", `{"b":"eyJhIjoxfQ"}`, "/b/a = 1"},
		{"application/json", `{"b":"W3siYSI6MX1d"}`, `/b/*/a holds "1" = occurs`},
		{"application/json", `{"b":"eyJhIjoxf"}`, `/b = eyJhIjoxf`},
		{"text/plain", "eyJ0eXAiOiJKV1QifQ.eyJhIjoxfQ.c2ln", "/claims/a = 1"},
		{"image/png", "\x89PNG\x00\x01\x02tEXtbuild 41\x00", `:body holds "tEXtbuild <number>" = occurs`},
		{"text/plain", "a\n\nb", `:body holds "b" = occurs`},
		{"application/grpc", "\x00\x00\x00\x00\x00", ":pb type = message"},
		{"application/grpc", "\x00\x00\x00\x00\x02\x08\x07\x00\x00\x00\x00\x02\x10\x08", ":pb/2 = 8"},
		{"application/grpc", "\x01\x00\x00\x00\x02\x08\x07", ""},
	} {
		x := New(Options{})
		o := observed(tt.body, "content-type: "+tt.media)
		if tt.want == "" {
			if got := shown(x, o, "", "/*"); slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, "/") || strings.HasPrefix(s, ":pb") }) {
				t.Errorf("%s %.40q: taken apart into %q", tt.media, tt.body, got)
			}
			continue
		}
		if got := shown(x, o, "", ":body", ":pb"); !slices.Contains(got, tt.want) || slices.Contains(got, `:body holds "" = occurs`) {
			t.Errorf("%s %.40q: %q, want %s among it", tt.media, tt.body, got, tt.want)
		}
	}
	for body, want := range map[string]string{
		"{\n}": "pretty", "{\r\n}": "pretty", `{"a": 1}`: "spaced", `{"a":1}`: "compact", "7": "compact", `{"a":`: "compact", `{"a":1, "b": 2}`: "compact",
	} {
		if got := spacing([]byte(body)); got != want {
			t.Errorf("%q is %s, want %s", body, got, want)
		}
	}
}

// state is what an answer's class features say of its body.
func bodyState(t *testing.T, o *probe.Observation) string {
	t.Helper()
	for _, s := range shown(New(Options{}), o, ":body", ":failure") {
		if v, ok := strings.CutPrefix(s, ":body = "); ok {
			return v
		}
	}
	t.Fatal("no feature says what became of the body")
	return ""
}

func TestBodiesAtTheirBounds(t *testing.T) {
	const body = `{"a":1}`
	for length, want := range map[int]string{6: "whole", 7: "whole", 8: "cut short"} {
		if got := bodyState(t, observed(body, fmt.Sprint("content-length: ", length))); got != want {
			t.Errorf("7 bytes of %d are %s, want %s", length, got, want)
		}
	}
	for blanks, want := range map[int]string{4: "whole", 5: "cannot be decoded to its end"} {
		if got := bodyState(t, observed(gzipped(body)+strings.Repeat("\n", blanks), "content-encoding: gzip")); got != want {
			t.Errorf("gzip and %d blanks: %s, want %s", blanks, got, want)
		}
	}
	if got := shown(New(Options{}), observed(gzipped(body), "content-encoding: ,gzip"), "/a"); len(got) != 2 {
		t.Errorf("an empty member before gzip: %q", got)
	}
	for size, want := range map[int]string{MaxBody: "", MaxBody + 1: "over the limit once decoded"} {
		var d decoder
		if b, state := d.body([]byte(zstded(strings.Repeat("a", size))), "zstd"); len(b) != MaxBody || state != want {
			t.Errorf("%d bytes are decoded to %d, %q", size, len(b), state)
		}
	}
	if got := mediaType(";charset=x"); got != "" {
		t.Errorf("no media type is %q", got)
	}
}

func TestFailuresWithinASuccess(t *testing.T) {
	for _, tt := range []struct {
		status     int
		body, want string
	}{
		{200, `{"errorMessage":"x"}`, "errorMessage"}, {200, `{"errorMessage":"x","errorMessage":1}`, "errorMessage"}, {200, `{"errorMessage":1}`, ""},
		{200, `{"errorMessage":"x","errorType":"E"}`, "errorType E"}, {200, `{"errorType":7}`, ""},
		{200, `{"statusCode":400}`, "statusCode 400"}, {200, `{"statusCode":599}`, "statusCode 599"}, {200, `{"statusCode":399}`, ""}, {200, `{"statusCode":600}`, ""},
		{200, `{"statusCode":"502","errorMessage":"x"}`, "errorMessage, statusCode 502"}, {200, `{"in":{"statusCode":500}}`, ""}, {200, `{"in":"{\"statusCode\":500}"}`, ""},
		{200, `[{"statusCode":500}]`, ""}, {299, `{"statusCode":500}`, "statusCode 500"}, {300, `{"statusCode":500}`, ""}, {199, `{"statusCode":500}`, ""},
	} {
		o := observed(tt.body)
		o.Status = tt.status
		got := strings.TrimPrefix(strings.Join(shown(New(Options{}), o, ":failure"), ""), ":failure = ")
		if got != tt.want {
			t.Errorf("%d %s: %q, want %q", tt.status, tt.body, got, tt.want)
		}
	}
}

func TestProtobufOnTheWire(t *testing.T) {
	for wire, want := range map[string]bool{
		"": false, "\x08\x01": true, "\x08": false, "\x00\x01": false,
		string(varint((1<<29-1)<<3)) + "\x01": true, string(varint(1<<32)) + "\x01": false, strings.Repeat("\xff", 11): false,
		"\x09" + strings.Repeat("x", 8): true, "\x09" + strings.Repeat("x", 7): false, "\x0d" + strings.Repeat("x", 4): true, "\x0d" + strings.Repeat("x", 3): false,
		"\x0a": false, "\x0a\x00": true, "\x0a\x02xy": true, "\x0a\x03xy": false, "\x0a\x04xyz": false, "\x0b": false, "\x08\x01\x08": false,
		"\x08" + strings.Repeat("\xff", 11): false,
	} {
		if isMessage([]byte(wire)) != want {
			t.Errorf("%q is a message: %v", wire, !want)
		}
	}
	long := func(n int) []byte {
		return wireField(1, 2, append(varint(uint64(n)), bytes.Repeat([]byte{0xff}, n)...)...)
	}
	for _, tt := range []struct {
		body []byte
		want []string
	}{
		{wireField(1, 2, append(varint(3), "a b"...)...), []string{":pb type = message", ":pb/1 = a b", ":pb/1 shape = <text>", ":pb/1 type = string"}},
		{wireField(1, 2, append(varint(2), 0xff, 0x1f)...), []string{":pb type = message", ":pb/1 = 0xff1f", ":pb/1 type = bytes"}},
		{append(wireField(63, 0, 1), wireField(63, 0, 2)...), []string{`:pb type = message`, `:pb/63/* holds "1" = occurs`, `:pb/63/* holds "2" = occurs`, `:pb/63/* type = varint`}},
		{append(wireField(64, 0, 1), wireField(64, 0, 2)...), []string{":pb type = message", ":pb/64 = 1", ":pb/64 type = varint"}},
	} {
		if diff := cmp.Diff(tt.want, shown(New(Options{}), observed(string(tt.body), "content-type: application/x-protobuf"), ":pb")); diff != "" {
			t.Errorf("%x: %s", tt.body, diff)
		}
	}
	for n, hashed := range map[int]bool{maxText: false, maxText + 1: true} {
		x := New(Options{})
		a := listed(x, observed(string(long(n)), "content-type: application/x-protobuf"))
		b := long(n)
		b[len(b)-1] = 0xfe
		differs := len(changed(a, listed(x, observed(string(b), "content-type: application/x-protobuf")))) > 0
		if !differs {
			t.Errorf("a difference in byte %d does not tell", n)
		}
		if got := strings.Contains(string(x.cell), " "); got != hashed {
			t.Errorf("the value of %d bytes ends in a hash: %v", n, got)
		}
	}
	// Messages are followed to maxMessages, and no deeper.
	nested := []byte{1 << 3, 5}
	for range maxMessages + 2 {
		nested = wireField(1, 2, append(varint(uint64(len(nested))), nested...)...)
	}
	got := shown(New(Options{}), observed(string(nested), "content-type: application/x-protobuf"), ":pb")
	if deepest := ":pb" + strings.Repeat("/1", maxMessages+1) + " type = bytes"; !slices.Contains(got, deepest) {
		t.Errorf("%q does not end in %s", got, deepest)
	}
}

func TestRulesAtTheirBounds(t *testing.T) {
	for _, tt := range []struct {
		rule, path string
		want       bool
	}{
		{"/items/*/price", "/items/*/price", true}, {"/items/0/price", "/items/*/price", true}, {"/items/x/price", "/items/*/price", false}, {"/items//price", "/items/*/price", false},
		{"/items/0/price", "/items/1/price", false}, {"/items", "/items/*", false}, {"/*", "x-pod", false}, {"X-Pod", "x-pod", true}, {"set-cookie", "set-cookie visit", true},
		{"set-cookie", "set-cookies", false}, {"//", "//", true}, {"/", "/", true}, {"/a+/", "/a+", false},
	} {
		if got := rules(t, tt.rule)[0].names(tt.path); got != tt.want {
			t.Errorf("%s names %s: %v", tt.rule, tt.path, got)
		}
	}
	if got := Rules([]string{"", "/a", "/(/"}); len(got) != 1 || got[0].String() != "/a" {
		t.Errorf("read %q", got)
	}
	if got := shown(New(Options{Compare: rules(t, `/node \w+/`)}), observed(`{"m":"on node a"}`), `/node \w+`); !slices.Equal(got, []string{`/node \w+/ = node a`}) {
		t.Errorf("an expression without a group finds %q", got)
	}
}

func TestWhatIsKnownOfARequest(t *testing.T) {
	target := &probe.Target{ID: "t", URL: "https://abc123.execute-api.eu-west-1.amazonaws.com/prod"}
	with := &probe.Scenario{Method: "POST", Path: "/x", Auth: probe.AuthBearer}
	for _, tt := range []struct {
		name     string
		target   *probe.Target
		scenario *probe.Scenario
		method   string
		url      string
		auth     bool
		key      bool
	}{
		{"both", target, with, "POST", target.URL + "/x", true, false},
		{"no target", nil, with, "POST", "", true, false},
		{"a header", target, &probe.Scenario{Path: "/x", Header: []probe.Header{{Name: "X-Api-Key", Value: "k"}}}, "", target.URL + "/x", false, true},
	} {
		a := Answer(observed(""), tt.target, tt.scenario)
		if a.Method != tt.method || a.URL != tt.url || *a.SentAuthorization != tt.auth || *a.SentAPIKey != tt.key {
			t.Errorf("%s: %s %q, authorization %v, key %v", tt.name, a.Method, a.URL, *a.SentAuthorization, *a.SentAPIKey)
		}
	}
	if a := Answer(observed(""), target, nil); a.URL != target.URL || a.SentAuthorization != nil {
		t.Errorf("without a scenario: %+v", a)
	}
}

// An answer's own ids are hidden wherever they stand, those of eight letters and more.
func TestOwnIDsAreHidden(t *testing.T) {
	o := observed(`{"a":"of 12345678 by abcdefgh","b":"of 1234567","c":"12345678"}`, "x-amzn-requestid: 12345678", "apigw-requestid: abcdefgh", "x-amz-cf-id: 1234567")
	got := shown(New(Options{}), o, "/a", "/b", "/c")
	for _, want := range []string{"/a = of <request-id> by <request-id>", "/b = of 1234567", "/c = <request-id>"} {
		if !slices.Contains(got, want) {
			t.Errorf("%q, want %s", got, want)
		}
	}
}

func TestTextIsClippedForDisplay(t *testing.T) {
	x := New(Options{})
	for n, want := range map[int]string{maxText: strings.Repeat("x", maxText), maxText + 1: strings.Repeat("x", maxText-3) + "…"} {
		if got := x.keep(bytes.Repeat([]byte("x"), n)); got != want {
			t.Errorf("%d bytes are kept as %d: %s", n, len(got), got)
		}
	}
	// What is listed twice shows the lesser text, in whatever order it comes.
	for _, hs := range [][]string{{"x: b", "x: a"}, {"x: a", "x: b"}} {
		if got := shown(New(Options{}), observed("", hs...), "x"); !slices.Contains(got, "x = a") {
			t.Errorf("%q", got)
		}
	}
}

// Exactly as many values as there may be are all listed.
func TestAsManyValuesAsMayBe(t *testing.T) {
	body := func(keys int) string {
		var b strings.Builder
		for i := range keys {
			fmt.Fprintf(&b, `"k%c%c%c":1,`, 'a'+i%26, 'a'+i/26%26, 'a'+i/676)
		}
		return "{" + b.String() + `"z":true}`
	}
	few := len(New(Options{}).Features(observed(body(0)), integration))
	for over, want := range map[int]int{0: 0, 1: 1} {
		var hs []string
		if (MaxValues-few)%2 == 1 {
			hs = []string{"x: a"} // type, shape and content
		}
		x := New(Options{})
		n := len(listed(x, observed(body((MaxValues-few-3*len(hs))/2+over), hs...)))
		if folded := len(shown(x, observed(body((MaxValues-few-3*len(hs))/2+over), hs...), FoldedPath)); n != MaxValues || folded != want {
			t.Errorf("%d values more than may be: %d are listed, %d folded", 2*over, n, folded)
		}
	}
}

// JSON within JSON is followed to maxNested, and objects to maxDepth.
func TestNesting(t *testing.T) {
	text := `{"d":1}`
	for _, key := range []string{"c", "b", "a"} {
		text = fmt.Sprintf(`{%q:%q}`, key, text)
	}
	want := []string{"/a type = string", "/a type = object", "/a/b type = string", "/a/b type = object", "/a/b/c shape = <text>", "/a/b/c type = string", `/a/b/c = {"d":1}`}
	got := shown(New(Options{}), observed(text), "/a")
	for _, w := range want {
		if strings.HasPrefix(w, "/a/b/c") && !slices.Contains(got, w) {
			t.Errorf("%q, want %s among it", got, w)
		}
	}
	for depth, want := range map[int]bool{maxDepth - 1: true, maxDepth: false} {
		text := strings.Repeat(`{"a":`, depth) + `{"b":1}` + strings.Repeat("}", depth)
		path := strings.Repeat("/a", depth) + "/b"
		if got := shown(New(Options{}), observed(text), path); (len(got) > 0) != want {
			t.Errorf("at depth %d: %q", depth, got)
		}
	}
}

// Members of lists: what has one part is a member by its value, what has several by all of
// them, and a text with parts that vary by its template too, once.
func TestMembersOfLists(t *testing.T) {
	for body, want := range map[string][]string{
		`["a b"]`:           {`/* holds "a b" = occurs`},
		`["a 1"]`:           {`/* holds "1" = occurs`, `/* holds "a 1" = occurs`, `/* holds "a <number>" = occurs`},
		`[" a1"]`:           {`/* holds " a1" = occurs`},
		`["a1"]`:            {`/* holds "a1" = occurs`},
		`[{"a":1}]`:         {},
		`[{"a":1,"b":[2]}]`: {`/* holds "{\"a\":1,\"b\":[2]}" = occurs`},
		`[[1,2]]`:           {`/* holds "order f19aca8c" = occurs`},
		`[{"b":[1,2]}]`:     {},
	} {
		got := slices.DeleteFunc(shown(New(Options{}), observed(body), "/*"), func(s string) bool { return !strings.HasPrefix(s, "/* holds") })
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", body, diff)
		}
	}
}

// letters is a key that is no id.
func letters(i int) string {
	return fmt.Sprintf("k%c%c%c", 'g'+i%20, 'g'+i/20%20, 'g'+i/400)
}

// The keys of an object are ids once many have been seen, few of them in one answer, and new
// ones kept coming: after eight answers with new keys where there are 16, after four where
// there are 64.
func TestWhenKeysAreIDs(t *testing.T) {
	for _, tt := range []struct {
		fixed, fresh int
		format       string
		want         int // the answer from which on they are
	}{
		{0, 1, `{"by":{%s}}`, 16}, {0, 2, `{"by":{%s}}`, 9}, {0, 3, `{"by":{%s}}`, 9},
		{0, 8, `{"by":{%s}}`, 8}, {0, 12, `{"by":{%s}}`, 6}, {0, 13, `{"by":{%s}}`, 5}, {0, 40, `{"by":{%s}}`, 5},
		{10, 1, `{"by":{%s}}`, 13}, {10, 1, `[{"by":{%s}}]`, 9}, {10, 0, `{"by":{%s}}`, 0},
	} {
		x, at, next := New(Options{}), 0, 0
		for answer := 1; answer <= 40 && at == 0; answer++ {
			var keys []string
			for i := range tt.fixed {
				keys = append(keys, fmt.Sprintf(`"fixed%c":1`, 'a'+i))
			}
			for range tt.fresh {
				keys = append(keys, fmt.Sprintf(`"%s":1`, letters(next)))
				next++
			}
			x.Features(observed(fmt.Sprintf(tt.format, strings.Join(keys, ","))), integration)
			if n := slices.IndexFunc(x.Defs(), func(d Def) bool { return d.Retired }); n >= 0 {
				at = answer
			}
		}
		if at != tt.want {
			t.Errorf("%d keys that stay and %d new in each %s: ids from answer %d on, want %d", tt.fixed, tt.fresh, tt.format, at, tt.want)
		}
		for i := range x.Defs() {
			if d := &x.Defs()[i]; at > 0 && strings.Contains(d.Path, "/by/") && !d.Retired {
				t.Errorf("%s is not retired", d)
			}
		}
	}
}

// reached counts the nodes that an extractor holds.
func reached(x *Extractor) int {
	var count func(n *node) int
	count = func(n *node) int {
		if n == nil || n == x.full {
			return 0
		}
		sum := 1 + count(n.star)
		for _, c := range n.kids {
			sum += count(c)
		}
		return sum
	}
	sum := count(x.body) + count(x.spacing) + count(x.protobuf)
	for _, n := range x.headers {
		sum += count(n)
	}
	return sum
}

// Whatever comes, no node is held that is not counted, nor counted that is not held; the
// changes of definitions are counted upwards, and what stands for all beyond the bounds is
// never retired.
func TestBookkeeping(t *testing.T) {
	x := New(Options{})
	many := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `"%s%c":%d,`, letters(i%8000), 'g'+i/8000, i)
		}
		return "{" + b.String() + `"z":1}`
	}
	answers := []*probe.Observation{}
	for i := range 90 {
		answers = append(answers, observed(fmt.Sprintf(`{"by":{"%s":{"n":[%d],"t":"a b%d"}},"l":["m%d"],"m":"a %d c","v":"%d"}`, letters(i), i, i, i, i, i),
			fmt.Sprintf("set-cookie: c%d=1; Path=/", i), "vary: a, b"))
	}
	for i := range 3 {
		answers = append(answers, observed(string(wireField(1, 0, byte(i)))+string(wireField(2, 0, 1))+string(wireField(2, 0, 2)), "content-type: application/x-protobuf"))
	}
	for i := range 70 {
		answers = append(answers, observed(fmt.Sprintf("line %s %d\nstays", letters(i), i), "content-type: text/plain"))
	}
	answers = append(answers, observed(many(20000)), observed(`{"late":["a"]}`), observed(`{"late":["b"],"m":"a 1 d"}`))
	for i, o := range answers {
		defs, turns := len(x.Defs()), x.Turns
		retired := 0
		for _, d := range x.Defs() {
			if d.Retired {
				retired++
			}
		}
		x.Features(o, integration)
		for _, d := range x.Defs()[:defs] {
			if d.Retired {
				retired--
			}
		}
		if least := turns + len(x.Defs()) - defs; x.Turns < least || retired < 0 && x.Turns == least {
			t.Fatalf("answer %d: %d definitions more, %d retired, and %d changes are counted", i, len(x.Defs())-defs, -retired, x.Turns-turns)
		}
		if n := reached(x); n != x.nodes || n > maxNodes {
			t.Fatalf("answer %d: %d nodes are held, and %d counted", i, n, x.nodes)
		}
		if x.Defs()[more].Retired {
			t.Fatalf("answer %d: what stands for all beyond the bounds was retired", i)
		}
	}
	if x.nodes != maxNodes || len(x.Defs()) != MaxDefs {
		t.Errorf("%d nodes of %d, %d definitions of %d", x.nodes, maxNodes, len(x.Defs()), MaxDefs)
	}
	a := listed(x, observed(`{"late":["a"]}`))
	if got := changed(a, listed(x, observed(`{"late":["c"]}`))); !slices.Equal(got, []string{FoldedPath}) {
		t.Errorf("a difference where there is no definition left changes %q", got)
	}
}

// A template that is forgotten takes the definitions of its wildcards with it.
func TestForgottenTemplates(t *testing.T) {
	x := New(Options{})
	for i := range 70 {
		x.Features(observed(fmt.Sprintf("%s is %d", letters(i), i), "content-type: text/plain"), integration)
	}
	retired := map[Aspect]int{}
	for _, d := range x.Defs() {
		if d.Path == ":body" && d.Retired && !strings.Contains(d.Member, "^") {
			retired[d.Aspect]++
		}
	}
	if retired[Content] != 70-maxMembers {
		t.Errorf("%d wildcards are retired of %d templates that are forgotten: %v", retired[Content], 70-maxMembers, retired)
	}
}

// A cookie beyond those that are kept, and a member of a list that never recurs, use up no
// more definitions.
func TestBoundsOfMembers(t *testing.T) {
	var hs []string
	for i := range maxMembers + 1 {
		hs = append(hs, fmt.Sprintf("set-cookie: %s=1", letters(i)))
	}
	x := New(Options{})
	x.Features(observed("", hs...), integration)
	if n := len(x.headers["set-cookie"].kids); n != maxMembers {
		t.Errorf("%d cookies are kept, want %d", n, maxMembers)
	}
	x = New(Options{})
	for i := range 300 {
		x.Features(observed(fmt.Sprintf(`["fixed","once %s"]`, letters(i))), integration)
	}
	n := 0
	for _, d := range x.Defs() {
		if d.Aspect == Member {
			n++
		}
	}
	// 64 until the list is full; each of the next takes the place of one with a definition,
	// until that has happened 64 times.
	if n != 2*maxMembers-1 {
		t.Errorf("%d members got a definition, want %d", n, 2*maxMembers-1)
	}
	if n := len(x.body.star.values.byHash); n != maxMembers {
		t.Errorf("%d members are known, want %d", n, maxMembers)
	}
}
