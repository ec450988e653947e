package feature

import (
	"bytes"
	"compress/gzip"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stageprobe/analyze/signature"
	"stageprobe/probe"
)

var update = flag.Bool("update", false, "write the golden file anew")

// varint is a field number and wire type, or a number, as protobuf writes it.
func varint(n uint64) (out []byte) {
	for n >= 0x80 {
		out = append(out, byte(n)|0x80)
		n >>= 7
	}
	return append(out, byte(n))
}

func wireField(number, wire uint64, content ...byte) []byte {
	return append(varint(number<<3|wire), content...)
}

func wired(parts ...[]byte) string { return string(bytes.Join(parts, nil)) }

func zipped(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(text)) // a buffer takes everything
	_ = w.Close()
	return b.String()
}

// corpus are runs of answers to one scenario, by what they show. A header block and a body
// are divided by an empty line; answers stand beside each other.
var corpus = []struct {
	name    string
	options Options
	answers []string
}{
	{"scalars of every type", Options{}, []string{
		"\n\n" + `{"a":1,"b":1.0,"c":1e3,"d":-0.5,"e":"text","f":true,"g":null,"h":"","i":" ","j":"12","k":"1.50"}`,
		"\n\n" + `{"a":"1","b":2,"c":false,"d":null,"e":7,"f":{},"g":[],"h":"x","i":"12 items","j":12,"k":"1.500"}`,
	}},
	{"times and what looks like them", Options{}, []string{
		"\n\n" + `{"a":"2026-03-01T12:00:00Z","b":"2026-03-01T12:00:00.123+02:00","c":"2026-03-01","d":"12:00:00","e":"12:00","f":1772366400,"g":1772366400123,"h":"Sun, 01 Mar 2026 12:00:00 GMT","i":"01/Mar/2026:12:00:00 +0000","j":"five minutes ago","k":"43s","l":"1h30m","m":"in 10 minutes","n":"Mar 1, 2026","o":"01.03.2026 12:00","p":"PT5M","q":17723664,"r":"1772366400"}`,
		"\n\n" + `{"a":"2026-03-01 12:00:01","b":"2026-13-01T12:00:00Z","c":"2026-02-30","d":"25:00:00","e":"12:61","f":999999999,"g":9999999999999,"h":"Sun, 01 Foo 2026 12:00:00 GMT","i":"01/Mar/2026","j":"a moment ago","k":"43 s","l":"90m","m":"in an hour","n":"1 March 2026","o":"1.3.26","p":"P1D","q":0,"r":"not 1772366400"}`,
	}},
	{"ids, hashes, tokens and addresses", Options{}, []string{
		"\n\n" + `{"a":"1b4e28ba-2fa1-11d2-883f-0016d3cca427","b":"da39a3ee5e6b4b0d3255bfef95601890afd80709","c":"eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.c2ln","d":"192.0.2.7","e":"2001:db8::1","f":"https://api.example.com/a/b?c=1&d=2#e","g":"me@example.com","h":"i-0abc1234def567890","i":"arn:aws:lambda:eu-west-1:123456789012:function:f","j":"01HXYZ3J8T7Q9V5K2M4N6P8R0S","k":"v1.2.3","l":"1.2.3-rc.1","m":"SGVsbG8gV29ybGQhIQ==","n":"ip-10-0-0-7","o":"web-5d9c7b8f6-x2x7q","p":"#12-34","q":"50%","r":"12 kB","s":"$3.50"}`,
		"\n\n" + `{"a":"1b4e28ba2fa111d2883f0016d3cca427","b":"da39a3ee","c":"a.b.c","d":"192.0.2.700","e":"2001:db8","f":"/a/b?d=2&c=1","g":"me at example","h":"i-xyz","i":"arn:aws","j":"01HXYZ","k":"1.2","l":"one.two","m":"Hello","n":"ip","o":"web","p":"#","q":"50 percent","r":"12kB","s":"3,50 EUR"}`,
	}},
	{"arrays", Options{}, []string{
		"\n\n" + `{"list":[],"n":[1,2,3],"mixed":[1,"a",null,{"x":1},[1]],"objects":[{"id":1,"name":"a"},{"id":2,"name":"b","more":true}],"deep":[[1,2],[3]]}`,
		"\n\n" + `{"list":[1],"n":[3,2,1],"mixed":["a",1],"objects":[{"id":2,"name":"b"}],"deep":[[]]}`,
		"\n\n" + `[{"id":1},{"id":2}]`,
		"\n\n" + `[]`,
	}},
	{"members that come again, and more than are kept", Options{}, []string{
		"\n\n[" + strings.Repeat(`"x",`, 70) + `"y"]`,
		"\n\n[" + numbered(80) + `"z"]`,
		"\n\n[" + numbered(80) + `"y"]`,
	}},
	{"keys that are ids", Options{}, []string{
		"\n\n" + `{"stock":{"SKU-1":{"left":3},"SKU-2":{"left":4},"SKU-3":{"left":5}},"by":{"2026-03-01":1,"2026-03-02":2,"2026-03-03":3},"plain":{"left":1,"right":2}}`,
		"\n\n" + `{"stock":{"SKU-4":{"left":3},"SKU-5":{"left":4},"SKU-6":{"left":"none"}},"by":{"2026-03-04":1,"2026-03-05":2,"2026-03-06":3},"plain":{"left":1,"up":2}}`,
	}},
	{"versions, and what is called so", Options{}, []string{
		"\n\n" + `{"version":"1","apiVersion":"2","Release":"r1","build_number":7,"commit":"abc1234","etag":"v1","conversion":3,"items":[{"version":1}],"nested":{"revision":4,"tag":"blue","tags":["a"]}}`,
		"\n\n" + `{"version":"2","apiVersion":"3","Release":"r2","build_number":8,"commit":"def5678","etag":"v2","conversion":4,"items":[{"version":2}],"nested":{"revision":5,"tag":"green","tags":["b"]}}`,
	}},
	{"failures inside a success", Options{}, []string{
		"\n\n" + `{"errorMessage":"boom","errorType":"Error","stackTrace":["a","b"]}`,
		"\n\n" + `{"statusCode":500,"body":"{\"message\":\"x\"}"}`,
		"\n\n" + `{"ok":true}`,
	}},
	{"text in which JSON stands", Options{}, []string{
		"\n\n" + `{"payload":"{\"a\":1,\"b\":[1,2]}","list":"[1,2]","not":"{a}","number":"12"}`,
		"\n\n" + `{"payload":"{\"a\":2,\"b\":[]}","list":"[]","not":"{b}","number":"13"}`,
	}},
	{"headers", Options{}, []string{
		"Content-Type: application/json; charset=utf-8\nCache-Control: max-age=55, public\nVary: Origin, Accept\nSet-Cookie: visit=1; Path=/; Secure\nSet-Cookie: sid=abc; HttpOnly\nETag: \"5d41402a\"\nDate: Sun, 01 Mar 2026 12:00:00 GMT\nServer-Timing: db;dur=53.2, app;dur=4\nX-Cache: Hit\nAge: 12\nLink: <https://a.example/2>; rel=next\nX-RateLimit-Remaining: 39\nX-Empty:\n\n{}",
		"Content-Type: text/json\nCache-Control: no-store\nVary: *\nSet-Cookie: visit=2; Path=/a\nETag: W/\"7d793037\"\nDate: Sun, 01 Mar 2026 12:00:01 GMT\nServer-Timing: cache\nX-Cache: Miss\nX-Rate: 1/2\nX-RateLimit-Remaining: 38\nX-Twice: a\nX-Twice: b\n\n{}",
	}},
	{"texts", Options{}, []string{
		"Content-Type: text/plain\n\nActive connections: 291\nserver accepts handled requests\n 16630948 16630948 31070465\nReading: 6 Writing: 179 Waiting: 106",
		"Content-Type: text/plain\n\nActive connections: 5\nserver accepts handled requests\n 7 7 9\nReading: 0 Writing: 1 Waiting: 4\nextra line",
		"Content-Type: text/plain\n\n",
	}},
	{"HTML", Options{}, []string{
		"Content-Type: text/html\n\n<!doctype html><html><head><title>Shop 12</title></head><body><ul><li class=\"a\">one</li><li>two</li></ul><p>5 left</p></body></html>",
		"Content-Type: text/html\n\n<!doctype html><html><head><title>Shop 13</title></head><body><ul><li>two</li><li class=\"b\">one</li></ul><p>none left</p><!-- note --></body></html>",
	}},
	{"XML", Options{}, []string{
		"Content-Type: application/xml\n\n<?xml version=\"1.0\"?><feed xmlns=\"a\"><entry><id>urn:1</id><n>1</n></entry><entry><id>urn:2</id></entry></feed>",
		"Content-Type: application/xml\n\n<?xml version=\"1.0\"?><feed><entry kind=\"x\"><id>urn:3</id><n>one</n></entry></feed>",
	}},
	{"CSV and NDJSON", Options{}, []string{
		"Content-Type: text/csv\n\nid,name,price\n1,apple,0.5\n2,pear,0.75\n",
		"Content-Type: text/csv\n\nid,name,price,more\n3,plum,\"1,5\",x\n",
		"Content-Type: application/x-ndjson\n\n{\"id\":1,\"a\":true}\n{\"id\":2}\n",
		"Content-Type: application/x-ndjson\n\n{\"id\":3,\"a\":\"yes\"}\n",
	}},
	{"Prometheus", Options{}, []string{
		"Content-Type: text/plain; version=0.0.4\n\n# HELP up Whether it is.\n# TYPE up gauge\nup{job=\"a\",pod=\"p-1\"} 1\nup{job=\"b\"} 0\nlat_bucket{le=\"+Inf\"} 17 1772366400123\n",
		"Content-Type: text/plain; version=0.0.4\n\n# TYPE up counter\nup{job=\"a\",pod=\"p-2\"} 2\n",
	}},
	{"forms and other texts", Options{}, []string{
		"Content-Type: application/x-www-form-urlencoded\n\na=1&b=two&c=",
		"Content-Type: application/yaml\n\na: 1\nb:\n  - x\n",
		"Content-Type: image/png\n\n\x89PNG\r\n\x1a\n" + strings.Repeat("\x00\x01\x02", 100),
		"Content-Type: application/octet-stream\n\n" + strings.Repeat("\xff\xfe", 2000),
		"Content-Type: application/octet-stream\n\nP",
	}},
	{"encodings", Options{}, []string{
		"Content-Encoding: gzip\nContent-Type: application/json\n\n" + zipped(`{"a":1}`),
		"Content-Encoding: identity\nContent-Type: application/json\n\n" + `{"a":1}`,
		"Content-Encoding: gzip\nContent-Type: application/json\n\nnot gzip",
		"Content-Encoding: x-own\nContent-Type: application/json\n\n" + `{"a":1}`,
	}},
	{"protobuf", Options{}, []string{
		"Content-Type: application/x-protobuf\n\n" + wired(
			wireField(1, 0, varint(150)...), wireField(2, 2, append(varint(5), "hello"...)...), wireField(3, 2, append(varint(2), wireField(1, 0, 7)...)...),
			wireField(4, 5, 1, 2, 3, 4), wireField(5, 1, 1, 2, 3, 4, 5, 6, 7, 8), wireField(2, 2, append(varint(5), "world"...)...)),
		"Content-Type: application/x-protobuf\n\n" + wired(wireField(1, 0, varint(1<<40)...), wireField(6, 2, 0), wireField(16, 0, 1)),
		"Content-Type: application/x-protobuf\n\n" + wired(wireField(1, 0, varint(150)...), wireField(2, 2, 9, 'c', 'u', 't')),
		"Content-Type: application/x-protobuf\n\n" + wired(wireField(1, 3), wireField(1, 4)),
		"Content-Type: application/grpc\n\n\x00\x00\x00\x00\x02" + wired(wireField(1, 0, 7)),
	}},
	{"JSON that is none", Options{}, []string{
		"Content-Type: application/json\n\n{\"a\":1", "Content-Type: application/json\n\n{\"a\":1} trailing", "Content-Type: application/json\n\n{\"a\":1,\"a\":2}",
		"Content-Type: application/json\n\n\"text\"", "Content-Type: application/json\n\n12", "Content-Type: application/json\n\nnull", "Content-Type: application/json\n\n\xef\xbb\xbf{\"a\":1}",
		"Content-Type: text/plain\n\n{\"a\":1}", "Content-Type: application/problem+json\n\n{\"type\":\"about:blank\",\"status\":404}",
		"Content-Type: application/json\n\n" + strings.Repeat("[", 70) + strings.Repeat("]", 70),
	}},
	{"compared and ignored by hand", Options{}, []string{
		"X-Pod: a\n\n" + `{"a":1,"b":{"c":2,"d":3},"list":[{"e":1},{"e":2}]}`,
		"X-Pod: b\n\n" + `{"a":2,"b":{"c":3,"d":4},"list":[{"e":3}]}`,
	}},
}

func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `"m%d",`, i)
	}
	return b.String()
}

// TestCorpus holds the features of a corpus of answers, as they are named and shown, and
// which of them are of a class, against testdata.
func TestCorpus(t *testing.T) {
	var b strings.Builder
	for _, c := range corpus {
		fmt.Fprintf(&b, "# %s\n", c.name)
		if strings.HasSuffix(c.name, "by hand") {
			c.options.Compare, c.options.Ignore = rules(t, "/b/*", "x-pod"), rules(t, "/list/*/e", "/a")
		}
		x := New(c.options)
		for _, text := range c.answers {
			head, body, _ := strings.Cut(text, "\n\n")
			var headers []string
			for _, h := range strings.Split(head, "\n") {
				if h != "" {
					headers = append(headers, h)
				}
			}
			o := observed(body, headers...)
			fmt.Fprintf(&b, "## %.60q\n", body)
			for _, v := range x.Features(o, integration) {
				d := &x.Defs()[v.Def]
				fmt.Fprintf(&b, "%s = %q", d, v.Text)
				if d.Class {
					b.WriteString(" (class)")
				}
				fmt.Fprintf(&b, " %04x\n", v.Hash&0xffff)
			}
		}
	}
	for _, o := range []*probe.Observation{
		{Due: due, Outcome: probe.OutcomeTimeout}, {Due: due, Outcome: probe.OutcomeReset, Err: "connection reset"},
		{Due: due, Outcome: probe.OutcomeResponse, Status: 204},
		{Due: due, Outcome: probe.OutcomeResponse, Status: 200, Body: []byte(`{"a":`), BodySize: 99999, Truncated: true, BodyHash: 7},
		{Due: due, Outcome: probe.OutcomeResponse, Status: 200, Body: []byte(`{"a":1}`), BodySize: 7},
	} {
		x := New(Options{})
		fmt.Fprintf(&b, "# %s %d\n", o.Outcome, o.Status)
		for _, v := range x.Features(o, &signature.Reading{Producer: signature.Gateway, GatewayResponse: "DEFAULT_5XX", ErrorType: "X"}) {
			fmt.Fprintf(&b, "%s = %q\n", &x.Defs()[v.Def], v.Text)
		}
	}
	path := filepath.Join("testdata", "corpus.golden")
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	got, wanted, at := strings.Split(b.String(), "\n"), strings.Split(string(want), "\n"), ""
	for i := range min(len(got), len(wanted)) {
		if strings.HasPrefix(wanted[i], "#") {
			at = wanted[i]
		}
		if got[i] != wanted[i] {
			t.Fatalf("%s, line %d:\n got %s\nwant %s\n(go test ./analyze/feature -update writes it anew)", at, i+1, got[i], wanted[i])
		}
	}
	if len(got) != len(wanted) {
		t.Fatalf("%d lines, want %d", len(got), len(wanted))
	}
}
