package signature

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"stageprobe/probe"
	"stageprobe/scenarios/captures"
)

var due = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func observed(body string, header ...string) *probe.Observation {
	return &probe.Observation{Due: due, Outcome: probe.OutcomeResponse, Status: 200, Body: []byte(body), Header: headers(header...)}
}

func TestFields(t *testing.T) {
	o := observed(`{"b":[1,{"c":null}],"a/b":"x","at":"2026-03-01T12:00:03Z","empty":{},"id":"0b9c8640-30be-4853-bd1b-d3fb0442e3e4"}`,
		"Content-Type: application/json", "Date: x", "Set-Cookie: s=1; Path=/", "X-Amzn-RequestId: 0b9c8640-30be-4853-bd1b-d3fb0442e3e4", "Content-Length: 99", "Via: 1.1 x")
	want := []Field{
		{Path: "/at", Shape: shapeNow, Noise: true},
		{Path: "/a~1b", Value: "x", Shape: shapeWord},
		{Path: "/b#", Value: "2", Shape: shapeInt},
		{Path: "/b/0", Value: "1", Shape: shapeInt},
		{Path: "/b/1/c", Value: "null", Shape: shapeNull},
		{Path: "/empty", Value: "{}", Shape: shapeWord},
		{Path: "/id", Value: "<request-id>", Shape: shapeText},
		{Path: ":spacing", Value: "compact", Shape: shapeWord},
		{Path: ":status", Value: "200", Shape: shapeInt},
		{Path: "content-type", Value: "application/json", Shape: shapeText},
		{Path: "set-cookie s", Shape: shapeAny, Noise: true},
	}
	if diff := cmp.Diff(want, Fields(o)); diff != "" {
		t.Error(diff)
	}
}

func TestFieldsDoNotDependOnOrder(t *testing.T) {
	a := Fields(observed(`{"a":1,"b":{"c":2,"d":3}}`, "X-A: 1", "X-B: 2"))
	b := Fields(observed(`{"b":{"d":3,"c":2},"a":1}`, "x-b: 2", "Connection: close", "x-a: 1"))
	if diff := cmp.Diff(a, b); diff != "" {
		t.Error(diff)
	}
}

func TestShapes(t *testing.T) {
	for value, want := range map[string]string{
		"": "empty", "true": "bool", "-12": "int", "1.5e3": "float", "2026-02-01T12:00:00Z": "time", "2026-03-01 12:00:30": "now",
		"1772366400": "now", "1772366400123": "now", "1672366400": "int", "0b9c8640-30be-4853-bd1b-d3fb0442e3e4": "uuid",
		"deadbeef01": "hex~16", "K2H60H42IAMEsHA=": "base64~16", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln": "jwt",
		"192.0.2.1": "ip", "2001:db8::1": "ip", "https://x.example/y": "url", "ORDER_TAKEN": "word", "not a word": "text",
	} {
		if got := shapeOf(value, due).String(); got != want {
			t.Errorf("%q: %s, want %s", value, got, want)
		}
	}
}

func TestHostileBodies(t *testing.T) {
	tests := map[string]string{
		"deep":        strings.Repeat("[", 20000) + strings.Repeat("]", 20000),
		"deep keys":   strings.Repeat(`{"aaaaaaaaaaaaaaaa":`, 5000) + "1" + strings.Repeat("}", 5000),
		"wide":        "[" + strings.Repeat(`{"a":1,"b":"x"},`, 20000) + "1]",
		"many keys":   manyKeys(20000),
		"cut":         `{"a":{"b":[1,2`,
		"not UTF-8":   "{\"a\":\"\xff\xfe\"}",
		"binary":      "\x00\x01\x02\x03",
		"long value":  `{"a":"` + strings.Repeat("x", 1<<20) + `"}`,
		"long text":   strings.Repeat("a b c\n", 50000),
		"two values":  "{}\n{}",
		"huge number": strings.Repeat("9", 5000),
	}
	for name, body := range tests {
		t.Run(name, func(t *testing.T) {
			fields := Fields(observed(body))
			if len(fields) == 0 || len(fields) > MaxFields {
				t.Errorf("%d fields", len(fields))
			}
			if !slices.IsSortedFunc(fields, func(a, b Field) int { return strings.Compare(a.Path, b.Path) }) && len(fields) < MaxFields {
				t.Error("not sorted")
			}
		})
	}
}

func manyKeys(n int) string {
	var b bytes.Buffer
	b.WriteString("{")
	for i := range n {
		fmt.Fprintf(&b, `"k%d":%d,`, i, i)
	}
	return b.String() + `"end":1}`
}

func TestTruncatedJSONStaysJSON(t *testing.T) {
	o := observed(`{"a":1,"b":[1,2`)
	o.Truncated = true
	if f := Fields(o); f[0].Path != "/a" {
		t.Errorf("%+v", f)
	}
}

func FuzzFields(f *testing.F) {
	for _, c := range captures.All("http") {
		f.Add(answerOf(&c).Body, "x-a", "1")
	}
	f.Add([]byte(`{"a":[{"b":1}],"a":2}`), "Set-Cookie", "a=b")
	f.Fuzz(func(t *testing.T, body []byte, name, value string) {
		o := observed(string(body))
		o.Header = []probe.Header{{Name: name, Value: value}, {Name: "x-amzn-requestid", Value: "2b9c8640-30be"}}
		first := slices.Clone(Fields(o))
		if len(first) == 0 || len(first) > MaxFields {
			t.Fatalf("%d fields", len(first))
		}
		var s Scanner
		s.Fields(observed(`{"x":[1,2,3]}`)) // what came before must not show
		if diff := cmp.Diff(first, s.Fields(o)); diff != "" {
			t.Fatal(diff)
		}
	})
}

// Cost per byte stays flat.
func BenchmarkFields(b *testing.B) {
	for _, n := range []int{1 << 10, 1 << 14, 1 << 18, 1 << 22} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			o := observed("[" + strings.Repeat(`{"id":"a1","n":12.5,"t":"some words"},`, n/40) + "1]")
			b.SetBytes(int64(len(o.Body)))
			b.ReportAllocs()
			var s Scanner
			for b.Loop() {
				s.Fields(o)
			}
		})
	}
}

func BenchmarkRead(b *testing.B) {
	for _, n := range []int{1 << 6, 1 << 12, 1 << 18} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			a := Answer{Status: 403, Header: restHeaders("x-amzn-errortype: ForbiddenException"), Body: []byte(`{"message":"Forbidden","pad":"` + strings.Repeat("x", n) + `"}`)}
			b.SetBytes(int64(len(a.Body)))
			for b.Loop() {
				Read(a)
			}
		})
	}
}
