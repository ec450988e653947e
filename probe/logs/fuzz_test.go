package logs

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"stageprobe/scenarios/captures"
)

// FuzzExecution: any text gives the same records whether it comes as a copied
// text twice over, a request never lies about itself, and evidence stays short.
func FuzzExecution(f *testing.F) {
	for _, c := range captures.All("exec") {
		f.Add(c.Text)
	}
	f.Add([]byte(`{"events":[{"message":"(` + idA + `) Method completed with status: 200","timestamp":1}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		before := bytes.Clone(text)
		records, ok := ParseExecution(text)
		if !bytes.Equal(text, before) {
			t.Fatal("the input was changed")
		}
		if again, okAgain := ParseExecution(text); ok != okAgain || !reflect.DeepEqual(records, again) {
			t.Fatal("two readings differ")
		}
		for _, rec := range records {
			if rec.Status != nil && (*rec.Status < 100 || *rec.Status > 999) {
				t.Errorf("status %d", *rec.Status)
			}
			for _, line := range rec.Lines {
				if len(line) > longestLine || utf8.Valid(text) && !utf8.ValidString(line) {
					t.Errorf("line %q", line)
				}
			}
		}
		streamed(t, text)
	})
}

// streamed feeds the lines as events and checks that flushing hands out every
// request exactly once.
func streamed(t *testing.T, text []byte) {
	x := NewExecution(Options{})
	for i, line := range bytes.Split(text, []byte("\n")) {
		x.Add(Event{Time: start.Add(1), Stream: string(rune('a' + i%2)), Message: line})
	}
	n := len(x.Records())
	if got := len(x.Flush(-1, -1)); got != n || len(x.Records()) != 0 {
		t.Errorf("%d requests flushed of %d, %d left", got, n, len(x.Records()))
	}
}

// FuzzFormat: the reading that an entry was written with is never excluded, so
// that a value which is reported as certain is the true one.
func FuzzFormat(f *testing.F) {
	f.Add(clf, id, "GET /x", "200")
	f.Add(csv, "a,b", "-", "HTTP/1.1")
	f.Add(object, `"`, `","err":`, "-")
	f.Add(xml, "</error>", "-", "")
	f.Add("$context.status$context.path $context.", "200", "/", "x")
	f.Add("$context.authorizer.claims.cognito:username:$context.stage.", "a", ":", "prod")
	f.Fuzz(func(t *testing.T, format, a, b, c string) {
		compiled, err := CompileFormat(format)
		if err != nil {
			return
		}
		if len(compiled.fields) > 64 || len(format)+len(a)+len(b)+len(c) > 1<<10 {
			return
		}
		values := []string{a, b, c}
		line, cuts := compiled.head, []int{len(compiled.head)}
		for i, field := range compiled.fields {
			if !fits(values[i%len(values)], &field.shape) {
				return
			}
			line += values[i%len(values)] + field.after
			cuts = append(cuts, len(line))
		}
		m := &matcher{line: []byte(line)}
		if !m.forward(compiled) {
			t.Fatalf("format %q does not read its own entry %q", format, line)
		}
		m.backward(compiled)
		for i, cut := range cuts {
			if !slices.Contains(m.cuts[i], cut) {
				t.Errorf("format %q, entry %q: field %d cannot begin at %d, only at %d", format, line, i, cut, m.cuts[i])
			}
		}
	})
}

// fits reports whether a value has a shape.
func fits(value string, s *shape) bool {
	if value == "-" {
		return true
	}
	if strings.HasPrefix(value, "-") && !s.dash || len(value) < s.min || s.max > 0 && len(value) > s.max {
		return false
	}
	for i := range len(value) {
		if s.bytes != nil && !s.bytes[value[i]] {
			return false
		}
	}
	return true
}

func FuzzParseAccess(f *testing.F) {
	for _, c := range captures.All("access") {
		f.Add(c.Text)
	}
	f.Add([]byte(`{"requestId":"` + id + `","err":"a "quoted" word","status":403}`))
	f.Add([]byte(`1.2.3.4 - - [22/Jul/2026:03:52:51 +0000] "GET /x HTTP/1.1" 200 98 ` + id + ` A463pHJGPHcEQGQ=`))
	f.Fuzz(func(t *testing.T, line []byte) {
		rec, ok := ParseAccess(line)
		again, okAgain := ParseAccess(line)
		if ok != okAgain || !reflect.DeepEqual(rec, again) {
			t.Fatal("two readings differ")
		}
		if ok && rec.RequestID == "" && rec.ExtendedID == "" && rec.Status == nil {
			t.Errorf("%q is taken for an entry that says nothing", line)
		}
	})
}

func FuzzParseGroup(f *testing.F) {
	f.Add("API-Gateway-Execution-Logs_uwe3g5jm54/Prod")
	f.Add("API-Gateway-Execution-Logs/abc/Canary/Canary")
	f.Add("API-Gateway-Execution-Logs_a/b/c")
	f.Fuzz(func(t *testing.T, name string) {
		api, stage, canary, ok := ParseGroup(name)
		if !ok {
			return
		}
		found := false
		for i, known := range ExecutionGroups(api, stage) {
			found = found || known == name && canary == (i%2 == 1)
		}
		if !found {
			t.Errorf("ParseGroup(%q) = %q, %q, %t, which is the name of another group", name, api, stage, canary)
		}
	})
}
