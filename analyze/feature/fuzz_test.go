package feature

import "testing"

// FuzzFeatures asks of any answer that it is reduced without a panic, within the
// bounds, and to each feature at most once.
func FuzzFeatures(f *testing.F) {
	for _, s := range []struct{ body, media, encoding string }{
		{`{"a":[1,{"b":null}],"c":"{\"d\":1}"}`, "application/json", ""},
		{"a,b\n1,2\n", "text/csv", ""}, {"<p>\n\n<b>x</b>1", "text/html", ""}, {"\x08\x01\x12\x01x", "application/x-protobuf", ""},
		{"\x1f\x8b", "", "gzip"}, {"data: {}\n\n", "text/event-stream", "br, deflate"}, {"{}\n{}", "", "zstd"}, {"cb({});", "", ""},
	} {
		f.Add([]byte(s.body), s.media, s.encoding, "a; b=\"c, d", true)
	}
	f.Fuzz(func(t *testing.T, body []byte, media, encoding, header string, truncated bool) {
		x := New(Options{Ignore: rules(&testing.T{}, "/a/*", "/b+/"), Compare: rules(&testing.T{}, "/c", "/(d)/")})
		o := observed(string(body), "content-type: "+media, "content-encoding: "+encoding, "vary: "+header, "set-cookie: "+header, "x: "+header)
		o.Truncated = truncated
		for range 4 {
			values := x.Features(o, integration)
			if len(values) > MaxValues {
				t.Fatalf("%d values", len(values))
			}
			seen := map[int]bool{}
			for _, v := range values {
				if seen[v.Def] || v.Def >= len(x.Defs()) || len(v.Text) > maxText {
					t.Fatalf("%+v", v)
				}
				seen[v.Def] = true
			}
		}
	})
}
