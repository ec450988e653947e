package feature

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stageprobe/probe"
)

func TestVersionNames(t *testing.T) {
	for _, name := range strings.Fields("version buildVersion app_version x-app-version Build git.commit HTTPVersion RELEASE imageTag version2") {
		if !isVersion(name) {
			t.Errorf("%s is a version", name)
		}
	}
	for _, name := range strings.Fields("etag ETag e-tag subversion versions building tags conversion rebuild stage id") {
		if isVersion(name) {
			t.Errorf("%s is no version", name)
		}
	}
}

func TestIDs(t *testing.T) {
	for _, key := range strings.Fields("SKU-1 2026-03-01 17 0b9c8640-30be-4853-bd1b-d3fb0442e3e4 deadbeef01 a1b2c3 order#5 10.0.0.1 deadbeefdeadbeef " + strings.Repeat("x", 65)) {
		if !isID([]byte(key)) {
			t.Errorf("%s is an id", key)
		}
	}
	for _, key := range strings.Fields("name sha256 md5 ipv4Address line_1 s3Bucket last_24h user-name a café") {
		if isID([]byte(key)) {
			t.Errorf("%s is a name", key)
		}
	}
}

func TestShapes(t *testing.T) {
	for value, want := range map[string]string{
		"": "empty", "true": "bool", "-12": "number", "1.5e3": "number", "10%": "number", "43s": "duration", "1h2m3.5s": "duration", "12 MB": "bytes",
		"1772366400": "epoch~s", "1772366400123": "epoch~ms", "9772366400": "number", "2026-03-01": "date", "12:00:01.5": "clock",
		"2026-02-01T12:00:00Z": "time~z", "2026-02-01T12:00:00.1+02:00": "time~offset", "2026-03-01 12:00:30": "time",
		"Sun, 01 Mar 2026 12:00:00 GMT": "time~http", "01/Mar/2026:12:00:00 +0000": "time~log", "0b9c8640-30be-4853-bd1b-d3fb0442e3e4": "uuid",
		"deadbeefdeadbeef01": "hex~32", "deadbeef01": "text", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln": "jwt", "192.0.2.1": "ip", "2001:db8::1": "ip",
		"https://x.example/y": "url", "ORDER_TAKEN": "text", "not a word": "text", "1.2": "number", "v1.2.3": "text", "-": "text", "1e": "text", "12:00": "text", "Mon, ": "text",
	} {
		if got := shapeNames[formOf([]byte(value))]; got != want {
			t.Errorf("%q: %s, want %s", value, got, want)
		}
	}
}

func TestOrderDoesNotMatter(t *testing.T) {
	const body, turned = `{"a":1,"b":{"c":"x y 1","d":[3]}}`, `{"b":{"d":[3],"c":"x y 1"},"a":1}`
	a := listed(New(Options{}), observed(body, "X-A: 1", "X-B: 2", "set-cookie: a=1", "set-cookie: b=1", "vary: a, b", "x: 1", "x: 2"))
	b := listed(New(Options{}), observed(turned, "x: 2", "x: 1", "vary: B,a", "set-cookie: b=1", "x-b: 2", "Connection: close", "set-cookie: a=1", "x-a: 1"))
	if diff := cmp.Diff(a, b); diff != "" {
		t.Error(diff)
	}
}

func TestHashOfDefinitionsIsTheirOwn(t *testing.T) {
	byHash, byName := map[uint64]string{}, map[string]uint64{}
	for _, bodies := range [][]string{{`{"a":[1,2,{"b":"x 1"}],"c":"d 1"}`, `{"e":2}`}, {`{"e":2}`, `{"c":"d 1","a":[{"b":"x 1"},2,1]}`}} {
		x := New(Options{})
		for _, b := range bodies {
			x.Features(observed(b, "etag: x", "vary: a"), integration)
		}
		for i := range x.Defs() {
			d := &x.Defs()[i]
			name, h := d.String(), d.Hash()
			if had, ok := byHash[h]; ok && had != name || byName[name] != 0 && byName[name] != h {
				t.Errorf("%x is %q and %q", h, had, name)
			}
			byHash[h], byName[name] = name, h
		}
	}
}

func TestClassFeatures(t *testing.T) {
	cut := observed(`{"a":1}`, "content-length: 99")
	long := observed(strings.Repeat("a", 100), "content-type: text/plain")
	long.Truncated, long.BodySize = true, 5000
	for _, tt := range []struct {
		o    *probe.Observation
		want []string
	}{
		{&probe.Observation{Outcome: probe.OutcomeTimeout}, []string{":outcome timeout"}},
		{cut, []string{":body cut short", ":outcome response", ":producer integration", ":status 200"}},
		{long, []string{":body over the limit, about 4096 bytes", ":media-type text/plain", ":outcome response", ":producer integration", ":status 200"}},
		{observed(`{"appVersion":"1","l":[{"version":2}],"m":{"release":3}}`, "x-build: 4"), []string{"/appVersion 1", "/m/release 3", ":body whole", ":outcome response", ":producer integration", ":status 200", "x-build 4"}},
		{observed("", "x-amzn-errortype: X:http://y"), []string{":body empty", ":error-type X", ":outcome response", ":producer integration", ":status 200"}},
	} {
		x, got := New(Options{}), []string{}
		for _, v := range x.Features(tt.o, integration) {
			if d := &x.Defs()[v.Def]; d.Class {
				got = append(got, d.String()+" "+v.Text)
			}
		}
		slices.Sort(got)
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestWhoAnswered(t *testing.T) {
	o := observed(`{"message":"Missing Authentication Token"}`, "x-amzn-requestid: 0b9c8640-30be-4853-bd1b-d3fb0442e3e4", "x-amz-apigw-id: K2H60H42IAMEsHA=", "x-amzn-errortype: MissingAuthenticationTokenException")
	o.Status = 403
	x, got := New(Options{}), map[string]string{}
	for _, v := range x.Features(o, nil) {
		got[x.Defs()[v.Def].Path] = v.Text
	}
	if got[":producer"] != "gateway" || got[":gateway-response"] != "MISSING_AUTHENTICATION_TOKEN" || got[":error-type"] != "MissingAuthenticationTokenException" {
		t.Error(got)
	}
}

func TestRules(t *testing.T) {
	x := New(Options{
		Compare: rules(t, "/items/*/price", "x-pod", `/node (\w+)/`),
		Ignore:  rules(t, "/took", "/meta", "set-cookie", "server", `/req-\w+/`),
	})
	a := listed(x, observed(`{"took":1,"meta":{"a":1},"items":[{"price":1}],"m":"on node a of req-1"}`, "x-pod: a", "set-cookie: s=1", "server: a"))
	b := listed(x, observed(`{"took":2,"meta":{"b":1},"items":[{"price":2}],"m":"on node b of req-2"}`, "x-pod: b", "set-cookie: t=1"))
	want := []string{
		`/items/*/price holds "1"`, `/items/*/price holds "2"`, "/m", `/m holds "on node b of <ignored>"`, `/node (\w+)/`, "x-pod",
	}
	if diff := cmp.Diff(want, changed(a, b)); diff != "" {
		t.Error(diff)
	}
	class := map[string]bool{}
	for _, d := range x.Defs() {
		class[d.String()] = d.Class
	}
	for _, name := range []string{`/items/*/price holds "1"`, `/node (\w+)/`, "x-pod"} {
		if !class[name] {
			t.Errorf("%s is compared by hand and no class feature", name)
		}
	}
	for _, bad := range []string{"", "/(/"} {
		if _, err := ParseRule(bad); err == nil {
			t.Errorf("%q is read as a rule", bad)
		}
	}
}

func TestRetiredAreNeverListedAgain(t *testing.T) {
	x := New(Options{})
	retired := map[int]bool{}
	for i := range 400 {
		name := strings.NewReplacer("0", "a", "1", "b", "2", "c", "3", "d", "4", "e", "5", "f", "6", "g", "7", "h", "8", "i", "9", "j").Replace(fmt.Sprint(i))
		body := fmt.Sprintf(`{"by":{"k%s":{"n":1}},"l":["m%d","n%d","o%d"],"m":"a b%s c%d"}`, name, i, i, i, name, i)
		for _, v := range x.Features(observed(body), integration) {
			if retired[v.Def] {
				t.Fatalf("answer %d: %s was retired", i, x.Defs()[v.Def].String())
			}
		}
		for j, d := range x.Defs() {
			if d.Retired {
				retired[j] = true
			}
		}
	}
	if n := len(x.Defs()); len(retired) == 0 || n > 800 {
		t.Errorf("%d definitions, %d of them retired", n, len(retired))
	}
}

func TestHostileBodies(t *testing.T) {
	var keys strings.Builder
	for i := range 20000 {
		fmt.Fprintf(&keys, `"k%c%c%c":%d,`, 'a'+i%26, 'a'+i/26%26, 'a'+i/676, i)
	}
	for name, body := range map[string]string{
		"deep":        strings.Repeat("[", 20000) + strings.Repeat("]", 20000),
		"deep keys":   strings.Repeat(`{"aaaaaaaaaaaaaaaa":`, 5000) + "1" + strings.Repeat("}", 5000),
		"wide":        "[" + strings.Repeat(`{"a":1,"b":"x"},`, 20000) + "1]",
		"many keys":   "{" + keys.String() + `"z":1}`,
		"not UTF-8":   "{\"a\":\"\xff\xfe\"}",
		"long value":  `{"a":"` + strings.Repeat("x 1 ", 1<<18) + `"}`,
		"long text":   strings.Repeat("a b c\n", 50000),
		"tags":        strings.Repeat("<", 50000),
		"blank tags":  strings.Repeat("<\n", 50000),
		"huge number": strings.Repeat("9", 5000),
		"commas":      strings.Repeat(",", 50000),
	} {
		for _, media := range []string{"application/json", "text/csv", "application/grpc", ""} {
			x := New(Options{})
			o := observed(body, "content-type: "+media, "vary: "+body[:min(len(body), 1000)], "set-cookie: "+body[:min(len(body), 1000)])
			first := slices.Clone(x.Features(o, integration))
			x.Features(o, integration)
			if again := x.Features(o, integration); len(first) > MaxValues || len(x.Defs()) > MaxDefs || len(again) > MaxValues {
				t.Errorf("%s as %q: %d values, %d definitions", name, media, len(first), len(x.Defs()))
			}
		}
	}
}
