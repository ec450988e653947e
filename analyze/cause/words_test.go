package cause

import (
	"strings"
	"testing"

	"stageprobe/analyze/stat"
	"stageprobe/probe"
)

func TestMatching(t *testing.T) {
	def := &probe.Definition{Routes: map[string]probe.Route{
		"GET /orders": {}, "GET /orders/{id}": {}, "ANY /orders/{id}": {}, "GET /orders/latest": {}, "ANY /files/{path+}": {}, "GET /": {},
	}}
	for _, tt := range []struct{ method, path, want string }{
		{"GET", "/orders", "GET /orders"},
		{"POST", "/orders", ""},
		{"GET", "/orders/7", "GET /orders/{id}"},
		{"PUT", "/orders/7", "ANY /orders/{id}"},
		{"GET", "/orders/latest", "GET /orders/latest"},
		{"GET", "/orders/7/items", ""},
		{"GET", "/files/a/b/c", "ANY /files/{path+}"},
		{"GET", "/", "GET /"},
		{"GET", "/nothing", ""},
	} {
		if got := def.RouteFor(tt.method, tt.path); got != tt.want {
			t.Errorf("%s %s matches %q, want %q", tt.method, tt.path, got, tt.want)
		}
	}
	def.Routes["$default"] = probe.Route{}
	if got := def.RouteFor("GET", "/nothing"); got != "$default" {
		t.Errorf("with a default route, GET /nothing matches %q", got)
	}
}

func TestLambdaAlias(t *testing.T) {
	const base = "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:123456789012:function:"
	vars := map[string]string{"alias": "live"}
	for uri, want := range map[string]string{
		base + "orders:live/invocations":                    "orders:live",
		base + "orders:${stageVariables.alias}/invocations": "orders:live",
		base + "orders/invocations":                         "",
		base + "orders:42/invocations":                      "",
		base + "orders:9/invocations":                       "",
		base + "orders:$LATEST/invocations":                 "",
		"https://backend.example.com/orders":                "",
	} {
		if got := lambdaAlias(uri, vars); got != want {
			t.Errorf("alias of %s is %q, want %q", uri, got, want)
		}
	}
}

// TestVetoes: labels that contradict each other, or that go missing with the
// answer, link nothing that would not survive the worst they could say.
func TestVetoes(t *testing.T) {
	split := func(r *request) answer {
		if r.canary {
			return ok("v1")
		}
		return ok("v2")
	}
	t.Run("contradictory", func(t *testing.T) {
		w := newWorld(1).canary(10).send(600, split)
		for i := range w.Rows[:10] {
			w.Rows[i*7].Contradictory = true
		}
		if l := found(explained(w.Input))[CanarySplit]; l == Proven {
			t.Error("a link is claimed from labels that contradict each other")
		}
	})
	t.Run("lost with answer and label", func(t *testing.T) {
		w := newWorld(1).canary(10).send(600, flakeAt(.1))
		for i := range w.Rows {
			if r := &w.Rows[i]; w.Clusters[r.Cluster].ID == "v1" && r.Label == LabelBase {
				r.Label = LabelUnknown
			}
		}
		if l := found(explained(w.Input))[CanarySplit]; l == Proven {
			t.Error("a link is claimed that the loss of labels has made")
		}
	})
	t.Run("a fifth lost at random", func(t *testing.T) {
		w := newWorld(1)
		w.loss = .2
		want(t, explained(w.canary(10).send(600, split).Input), only(CanarySplit, Proven))
	})
}

func flakeAt(p float64) func(*request) answer {
	return func(r *request) answer { return flake(p)(r, nil) }
}

// TestClaim: an answer that never differed allows the claim of the
// rule of three, and what is still open says how many more it takes.
func TestClaim(t *testing.T) {
	r := explained(newWorld(1).send(300, sameForAll(ok("v2"))).Input)
	if len(r.Open) != 1 || r.Open[0].More != stat.NeedZero(.01, .99)-300 || r.Decided {
		t.Errorf("after 300 of 459 answers: open %+v, decided %v", r.Open, r.Decided)
	}
	if got, want := r.Claims["abc123/prod"], stat.UpperZero(300, .99); got != want {
		t.Errorf("claim %g, want %g", got, want)
	}
	r = explained(newWorld(1).send(459, sameForAll(ok("v2"))).Input)
	if !r.Decided || r.Claims["abc123/prod"] > .01 {
		t.Errorf("after 459 answers: decided %v, claim %g", r.Decided, r.Claims["abc123/prod"])
	}
}

// A failure or two among hundreds of answers is rarer than what must be found: how often it
// may come is said, and no question is left. A dozen, or one in every hundred, are.
func TestRareIsNoQuestion(t *testing.T) {
	for _, tt := range []struct {
		every, strays int
		open          bool
	}{{2000, 1, false}, {1000, 2, false}, {400, 5, false}, {160, 12, true}, {100, 20, true}} {
		w := newWorld(1)
		r := explained(w.send(2000, func(r *request) answer {
			if r.n%tt.every == tt.every/2 {
				return fails(502)
			}
			return ok("v2")
		}).Input)
		strays, said := r.Strays["abc123/prod"]
		if open := len(r.Open) > 0 || len(r.Findings) > 0; open != tt.open || said == tt.open || said && strays != tt.strays {
			t.Errorf("%d of 2000 failed: open %+v, found %d, said to be %d strays: %v", tt.strays, r.Open, len(r.Findings), strays, said)
		}
		if claim := r.Claims["abc123/prod"]; said && (claim <= float64(strays)/2000 || claim > .01) {
			t.Errorf("%d of 2000 failed: at most %g", tt.strays, claim)
		}
	}
}

// TestNext: further requests go to the target that needs them.
func TestNext(t *testing.T) {
	w := newWorld(1)
	w.invoke("dev")
	w.send(200, func(r *request) answer { return ok("v2") })
	for range 500 {
		w.add(len(w.Rows), Row{Seq: uint64(len(w.Rows)), At: w.Now, Target: 0, Scenario: 0}, sameForAll(ok("v2")))
	}
	w.Done = false
	r := explained(w.Input)
	for _, c := range r.Next {
		if c.Target != 1 {
			t.Errorf("the next requests go to a target that is decided: %+v", r.Next)
		}
	}
	if len(r.Next) == 0 || r.Remaining == 0 {
		t.Errorf("nothing is next although target 1 is undecided: %+v", r.Open)
	}
}

// Failures that come in an order of their own are the backend's all the same.
func TestFailuresInAnOrderOfTheirOwn(t *testing.T) {
	w := newWorld(1).send(600, func(r *request) answer {
		if r.n%3 == 0 {
			return fails(503)
		}
		return ok("v2")
	})
	w.Input.Done = true
	r := explained(w.Input)
	if len(r.Findings) != 1 || r.Findings[0].Cause != FlakyBackend || !strings.Contains(r.Findings[0].Statement, "neither an even rate nor bursts") {
		t.Errorf("findings: %+v", r.Findings)
	}
}
