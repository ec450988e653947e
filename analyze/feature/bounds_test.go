package feature

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stageprobe/probe/redact"
)

func TestWhatIsBeyondTheBoundIsOneValue(t *testing.T) {
	var keys []string
	for i := range 3000 {
		keys = append(keys, fmt.Sprintf(`"k%c%c%c":1`, 'a'+i%26, 'a'+i/26%26, 'a'+i/676))
	}
	x := New(Options{})
	first := listed(x, observed("{"+strings.Join(keys, ",")+"}", "content-type: application/json"))
	if len(first) != MaxValues || first[FoldedPath] == "" || first[":body"] == "" {
		t.Errorf("%d values, the rest is %q, the body %q", len(first), first[FoldedPath], first[":body"])
	}
	slices.Reverse(keys)
	turned := "{" + strings.Join(keys, ",") + "}"
	if diff := cmp.Diff(first, listed(x, observed(turned, "content-type: application/json"))); diff != "" {
		t.Errorf("in another order of keys:\n%s", diff)
	}
	other := listed(x, observed(strings.Replace(turned, `"klae":1`, `"klae":2`, 1), "content-type: application/json"))
	if got := changed(first, other); !slices.Equal(got, []string{FoldedPath}) {
		t.Errorf("a difference beyond the bound changes %q", got)
	}
}

// A member that comes again seldom, among many that never do, is told from its second time
// on, however many have taken its place meanwhile.
func TestSeldomMemberAmongManyThatNeverRecur(t *testing.T) {
	x := New(Options{})
	told := 0
	for i := range 120 {
		list := []string{`"fixed"`}
		for k := range 2 * maxMembers / 3 {
			list = append(list, fmt.Sprintf(`"once %s"`, letters(100*i+k)))
		}
		if i%12 == 0 {
			list = append(list, `"seldom"`)
		}
		if listed(x, observed("["+strings.Join(list, ",")+"]"))[`/* holds "seldom"`] != "" {
			told++
		}
	}
	if told < 9 {
		t.Errorf("told in %d of 10 answers", told)
	}
}

// A long text keeps sixteen sums of what is beyond its templates: a difference in
// a late line changes the sum of the old line, of the new, and nothing else.
func TestLateLineOfALongText(t *testing.T) {
	var b strings.Builder
	for i := range 200 {
		fmt.Fprintf(&b, "line %c%c stays\n", 'a'+i%26, 'a'+i/26)
	}
	x := New(Options{})
	a := listed(x, observed(b.String()))
	got := changed(a, listed(x, observed(strings.Replace(b.String(), "line rh stays", "line rh moves", 1))))
	if len(got) == 0 || len(got) > 2 || !strings.HasPrefix(got[0], ":body rest ") || !strings.HasPrefix(got[len(got)-1], ":body rest ") {
		t.Errorf("changed %q", got)
	}
}

func TestNewMemberTakesThePlaceOfTheOldestSeenOnce(t *testing.T) {
	x := New(Options{})
	for i := range 300 {
		x.Features(observed(fmt.Sprintf(`["fixed","once %d"]`, i)), integration)
	}
	var live []string
	for _, d := range x.Defs() {
		if d.Aspect == Member && !d.Retired && d.Path == "/*" {
			live = append(live, d.Member)
		}
	}
	if len(live) > maxMembers || !slices.Contains(live, "fixed") {
		t.Errorf("%d members are known, %q", len(live), live)
	}
	late := observed(`["fixed","late"]`)
	x.Features(late, integration)
	if got := listed(x, late); got[`/* holds "late"`] == "" {
		t.Errorf("what came late and recurs is not listed among %v", got)
	}
}

func compressed(t *testing.T, s string, w io.WriteCloser, out *bytes.Buffer) string {
	t.Helper()
	_, err := w.Write([]byte(s))
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestEncodedBodies(t *testing.T) {
	const body = `{"name":"tea","price":12.5}`
	var a, b bytes.Buffer
	raw, err := flate.NewWriter(&b, 5)
	if err != nil {
		t.Fatal(err)
	}
	zipped := gzipped(body)
	for name, tt := range map[string]struct{ body, encoding, state string }{
		"zlib":                   {compressed(t, body, zlib.NewWriter(&a), &a), "deflate", "whole"},
		"bare deflate":           {compressed(t, body, raw, &b), "deflate", "whole"},
		"gzip without saying so": {zipped, "", "whole"},
		"decoded by a transport": {body, "gzip", "whole"},
		"unknown":                {body, "identity", "whole"},
		"gzip and a line break":  {zipped + "\n", "gzip", "whole"},
		"brotli and line breaks": {brotlied(body) + "\r\n", "br", "whole"},
		"zstd and a line break":  {zstded(body) + "\n", "zstd", "whole"},
		"gzip and other bytes":   {zipped + "x", "gzip", "cannot be decoded to its end"},
		"cut, and a line break":  {zipped[:len(zipped)-6] + "\n", "gzip", "cannot be decoded to its end"},
		"cut":                    {zipped[:len(zipped)-6], "gzip", "cannot be decoded to its end"},
		"bomb":                   {gzipped(`"` + strings.Repeat("a", 2*MaxBody)), "gzip", "over the limit once decoded"},
		"three deep":             {gzipped(gzipped(zstded(body))), "zstd, gzip, gzip", "whole"},
	} {
		got := listed(New(Options{}), observed(tt.body, "content-encoding: "+tt.encoding))
		if state, _, _ := strings.Cut(got[":body"], " ("); state != tt.state {
			t.Errorf("%s: the body is %q, want %q", name, state, tt.state)
		}
		if tt.state == "whole" && !strings.HasPrefix(got["/price"], "12.5 ") {
			t.Errorf("%s: /price is %q", name, got["/price"])
		}
	}
}

func TestSecretsAreNotShown(t *testing.T) {
	x := New(Options{Redact: redact.New("open sesame")})
	for i := range 3 {
		for _, v := range x.Features(observed(fmt.Sprintf(`{"a":"open sesame","m":"with open sesame %d","l":["open sesame"]}`, i), "x-key: open sesame"), integration) {
			d := &x.Defs()[v.Def]
			if strings.Contains(d.String()+v.Text, "sesame") {
				t.Errorf("%s: %s", d, v.Text)
			}
		}
	}
}
