package moves

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

var start = time.Date(2026, 3, 5, 14, 4, 58, 0, time.UTC)

// answers asks a mover n times, 100 ms apart.
func answers(m *Mover, n int, r Request) []Answer {
	out := make([]Answer, n)
	for i := range out {
		r.Now = start.Add(time.Duration(i) * 100 * time.Millisecond)
		out[i] = m.Answer(r, 200, []Header{{"X-App", "orders"}}, `{"service":"orders","ok":true}`)
	}
	return out
}

func plan(kinds ...string) Plan {
	p := Plan{Backend: "orders"}
	for _, k := range kinds {
		p.Moves = append(p.Moves, Spec{Kind: k})
	}
	return p
}

func header(a Answer, name string) string {
	for _, h := range a.Headers {
		if strings.EqualFold(h.Name, name) {
			return h.Value
		}
	}
	return ""
}

func media(a Answer) string {
	m, _, _ := strings.Cut(header(a, "Content-Type"), ";")
	return m
}

// Every kind moves, and leaves alone what any person would call another
// answer: status, media type, a body that is there.
func TestEveryKindMoves(t *testing.T) {
	if n := len(Kinds()); n < 66 {
		t.Errorf("%d kinds, want at least 66", n)
	}
	for _, k := range Kinds() {
		t.Run(k.Name, func(t *testing.T) {
			for seed := range uint64(2) {
				all := answers(New(plan(k.Name), seed, start), 450, Request{Stage: "prod"})
				seen := map[string]bool{}
				for _, a := range all {
					seen[fmt.Sprint(a)] = true
					if a.Status != 200 || media(a) != media(all[0]) || a.Body == "" {
						t.Fatalf("seed %d: class feature moved: %d %q %q", seed, a.Status, media(a), a.Body)
					}
				}
				if len(seen) < 2 {
					t.Errorf("seed %d: 450 answers are alike: %v", seed, all[0])
				}
			}
		})
	}
}

func TestFollowsFromTheSeed(t *testing.T) {
	for _, k := range Kinds() {
		p := plan(k.Name, "pod")
		p.Differs = []Difference{{Kind: "other-values"}}
		a, b := answers(New(p, 7, start), 40, Request{}), answers(New(p, 7, start), 40, Request{})
		if fmt.Sprint(a) != fmt.Sprint(b) {
			t.Errorf("%s: one seed gave two runs", k.Name)
		}
		if other := answers(New(p, 8, start), 40, Request{}); fmt.Sprint(a) == fmt.Sprint(other) {
			t.Errorf("%s: two seeds gave one run", k.Name)
		}
	}
}

// A difference shows on its side alone, whatever the form of the body.
func TestDifferences(t *testing.T) {
	for _, d := range Differences() {
		for _, format := range []string{"json", "html", "text", "csv", "ndjson", "xml", "prometheus", "protobuf"} {
			if d.Typed && (format == "html" || format == "text" || format == "csv" || format == "xml") {
				continue
			}
			t.Run(d.Name+" in "+format, func(t *testing.T) {
				p := Plan{Backend: "orders", Format: format, Differs: []Difference{{Kind: d.Name, On: "dev"}}}
				usual := answers(New(p, 1, start), 60, Request{Stage: "prod"})
				other := answers(New(p, 1, start), 60, Request{Stage: "dev"})
				if fmt.Sprint(usual) == fmt.Sprint(other) {
					t.Errorf("both sides answer %v", usual[0])
				}
				canary := answers(New(p, 1, start), 60, Request{Stage: "dev", Canary: true})
				if fmt.Sprint(usual) != fmt.Sprint(canary) {
					t.Errorf("the canary's side differs as the stage's does")
				}
			})
		}
	}
}

// No kind of movement hides a difference: what moves is the same on both sides,
// answer by answer, so the difference is all that is left.
func TestMovesHideNoDifference(t *testing.T) {
	for _, k := range Kinds() {
		for _, d := range Differences() {
			p := plan(k.Name)
			p.Differs = []Difference{{Kind: d.Name}}
			usual, other := answers(New(p, 2, start), 16, Request{}), answers(New(p, 2, start), 16, Request{Canary: true})
			if d.Typed && strings.Contains("text/html text/plain text/csv application/xml application/rss+xml application/atom+xml", media(usual[0])) {
				continue
			}
			if fmt.Sprint(usual) == fmt.Sprint(other) {
				t.Errorf("%s hides %s: %v", k.Name, d.Name, usual[0])
			}
		}
	}
}

// Class differences change a class feature, others change none.
func TestClassDifferences(t *testing.T) {
	class := func(a Answer) string {
		var body struct{ Version, Commit, ErrorMessage string }
		_ = json.Unmarshal([]byte(a.Body), &body)
		return fmt.Sprint(a.Status, media(a), a.Body == "", body)
	}
	for _, d := range Differences() {
		p := Plan{Backend: "orders", Differs: []Difference{{Kind: d.Name}}}
		usual, other := map[string]bool{}, map[string]bool{}
		for _, a := range answers(New(p, 1, start), 60, Request{}) {
			usual[class(a)] = true
		}
		for _, a := range answers(New(p, 1, start), 60, Request{Canary: true}) {
			other[class(a)] = true
		}
		if differ := fmt.Sprint(usual) != fmt.Sprint(other); differ != d.Class {
			t.Errorf("%s: class feature differs: %t, want %t (%v, %v)", d.Name, differ, d.Class, usual, other)
		}
	}
}

func TestFailingShares(t *testing.T) {
	p := Plan{Backend: "orders", Differs: []Difference{{Kind: "failing", Share: .2, Base: .06}}}
	for _, tt := range []struct {
		canary bool
		lo, hi int
	}{{true, 320, 480}, {false, 60, 180}} {
		failed := 0
		for _, a := range answers(New(p, 3, start), 2000, Request{Canary: tt.canary}) {
			if a.Status == 500 {
				failed++
			}
		}
		if failed < tt.lo || failed > tt.hi {
			t.Errorf("canary %t: %d of 2000 failed, want %d to %d", tt.canary, failed, tt.lo, tt.hi)
		}
	}
}

func TestParametersAreKept(t *testing.T) {
	p := Plan{Backend: "orders", Moves: []Spec{
		{Kind: "pod", Name: "node", Values: []string{"a", "b"}},
		{Kind: "uptime-tick", Name: "up", From: 86404, Every: 50},
	}}
	nodes, ups := map[string]bool{}, map[int]bool{}
	for _, a := range answers(New(p, 5, start), 100, Request{}) {
		var got struct {
			Node string
			Up   int
		}
		if err := json.Unmarshal([]byte(a.Body), &got); err != nil {
			t.Fatal(err)
		}
		nodes[got.Node], ups[got.Up] = true, true
	}
	if !nodes["a"] || !nodes["b"] || len(nodes) != 2 {
		t.Errorf("nodes %v", nodes)
	}
	if len(ups) < 2 || len(ups) > 4 || (!ups[86404] && !ups[86405]) {
		t.Errorf("up %v", ups)
	}
}

func TestCheckNamesTheNearest(t *testing.T) {
	tests := []struct {
		p    Plan
		want string
	}{
		{plan("pood"), `did you mean "pod"?`},
		{Plan{Differs: []Difference{{Kind: "verson"}}}, `did you mean "version"?`},
		{Plan{Format: "jsno"}, `did you mean "json"?`},
		{plan("rss", "csv"), "more than one"},
		{Plan{Moves: []Spec{{Kind: "pod", Share: 2}}}, "share from 0 to 1"},
		{Plan{Differs: []Difference{{Kind: "failing", Base: -1}}}, "from 0 to 1"},
	}
	for _, tt := range tests {
		if err := tt.p.Check(); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%v: got %v, want %s", tt.p, err, tt.want)
		}
	}
}

// A body that is no JSON object keeps its text, and moves beside it.
func TestAnyBody(t *testing.T) {
	for _, body := range []string{"<html><body><h1>Orders</h1></body></html>", "plain words", `["a"]`, "", `{"a":{"b":[1,{"c":null}]}}`} {
		m := New(plan("took", "shuffle"), 1, start)
		a := m.Answer(Request{Now: start}, 200, nil, body)
		if kept := strings.TrimSuffix(strings.TrimSuffix(body, "</body></html>"), "}"); !strings.Contains(a.Body, kept) {
			t.Errorf("%q is not in %q", kept, a.Body)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add(`{"a":{"b":[1,{"c":null}]}}`, uint8(3), uint8(1), uint64(1))
	f.Add("<p>x</p>", uint8(30), uint8(4), uint64(2))
	f.Fuzz(func(t *testing.T, body string, kind, format uint8, seed uint64) {
		all := Kinds()
		p := plan(all[int(kind)%len(all)].Name)
		if names := Formats(); p.Check() == nil && !all[int(kind)%len(all)].Form {
			p.Format = names[int(format)%len(names)]
		}
		if err := p.Check(); err != nil {
			t.Fatal(err)
		}
		New(p, seed, start).Answer(Request{Now: start}, 200, nil, body)
	})
}
