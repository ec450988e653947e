package cause

import (
	"reflect"
	"strings"
	"testing"

	"stageprobe/analyze/signature"
	"stageprobe/analyze/stat"
	"stageprobe/probe"
)

// TestAliasedFactors: where two factors go together, the finding names both and
// the cheapest requests that would tell them apart.
func TestAliasedFactors(t *testing.T) {
	tests := []struct {
		name string
		pop  func(r *request) string
		want string // "" where the address alone is named
	}{
		{"the edge location is the address's", func(r *request) string { return "POP" + r.Remote[8:9] }, "POP2"},
		{"the edge location is drawn", func(r *request) string { return []string{"POP1", "POP2"}[r.rng.IntN(2)] }, ""},
	}
	for _, tt := range tests {
		w := newWorld(5).send(600, func(r *request) answer {
			r.Pop = tt.pop(r)
			if strings.HasPrefix(r.Remote, "192.0.2.2") && !r.chance(.01) {
				return ok("v1")
			}
			return ok("v2")
		})
		r := explained(w.Input)
		if len(r.Findings) != 1 || r.Findings[0].Cause != EndpointSplit {
			dump(t, r)
			t.Fatalf("%s: not called an endpoint split", tt.name)
		}
		settles := r.Findings[0].Settles
		if tt.want == "" && settles != "" || !strings.Contains(settles, tt.want) {
			t.Errorf("%s: settled by %q, want %q in it", tt.name, settles, tt.want)
		}
	}
}

// TestTwoStagesBehindADomain: a share of a domain's requests goes to another
// stage, told by the logs or by what the stages' own URLs answer.
func TestTwoStagesBehindADomain(t *testing.T) {
	for _, logs := range []bool{true, false} {
		w := newWorld(8)
		w.logs = logs
		w.invoke("dev")
		w.domain("prod", "prod")
		w.send(1500, func(r *request) answer {
			t := w.Plan.Targets[r.Target]
			if t.Stage == "dev" || t.Kind == probe.CustomDomain && strings.HasPrefix(r.Remote, "192.0.2.2") {
				r.elsewhere = "dev"
				return ok("v1")
			}
			return ok("v2")
		})
		r := explained(w.Input)
		link := map[bool]Link{true: Proven, false: Statistical}[logs]
		want(t, r, map[ID]Link{WrongStage: link})
		if s := r.Findings[0].Statement; !strings.Contains(s, "served by two stages") || !strings.Contains(s, "The address decides") {
			t.Errorf("logs %t: statement %q", logs, s)
		}
		if m := r.Findings[0].Remedy; len(m) != 1 || m[0].Command != "" || !strings.Contains(m[0].Text, "leads to stage prod already") {
			t.Errorf("logs %t: the mapping is right, and the remedy is %+v", logs, m)
		}
	}
}

// TestVantage: what one of several machines is answered, the others are not.
func TestVantage(t *testing.T) {
	w := newWorld(6)
	w.machines = 3
	r := explained(w.send(900, func(r *request) answer {
		if r.Machine == 1 {
			return ok("v1")
		}
		return ok("v2")
	}).Input)
	want(t, r, only(EndpointSplit, Statistical))
	if s := r.Findings[0].Statement; !strings.Contains(s, "depends on the vantage point: machine 1 gives 200 {v2}") {
		t.Error(s)
	}
}

// TestAnswersThatDidNotCome: whether they were late or broken off is no difference.
func TestAnswersThatDidNotCome(t *testing.T) {
	w := newWorld(7)
	w.send(300, func(r *request) answer {
		if r.chance(.2) {
			return answer{id: "timeout", outcome: probe.OutcomeTimeout, producer: "network", class: signature.Transport}
		}
		return answer{id: "reset", outcome: probe.OutcomeReset, producer: "network", class: signature.Transport}
	})
	if r := explained(w.Input); len(r.Findings) != 0 {
		dump(t, r)
		t.Errorf("found %v", found(r))
	}
}

// TestLongerThanTheirTime: answers that had begun when our time for them was over are no
// failures of an integration, for which the gateway would answer. Those that break off by
// themselves are.
func TestLongerThanTheirTime(t *testing.T) {
	for outcome, flaky := range map[probe.Outcome]bool{probe.OutcomeTimeout: false, probe.OutcomeReset: true} {
		w := newWorld(7)
		w.send(900, func(r *request) answer {
			if r.chance(.3) {
				return answer{id: "begun", status: 200, outcome: outcome, producer: signature.Network, class: signature.Transport}
			}
			return ok("v2")
		})
		r := explained(w.Input)
		open := ""
		for _, q := range r.Open {
			open += q.Text + q.Enable
		}
		if _, is := found(r)[FlakyBackend]; is != flaky || strings.Contains(open, "--request-timeout") == flaky {
			dump(t, r)
			t.Errorf("%s: found %v, open %s", outcome, found(r), open)
		}
	}
}

// TestBrokenConnections: a connection that breaks takes the requests on it with
// it. Such failures are no endpoint's, and no integration's either: why they are lost is
// left open.
func TestBrokenConnections(t *testing.T) {
	for _, byUse := range []bool{false, true} {
		w := newWorld(7)
		w.send(900, func(r *request) answer {
			r.ConnN = 1 + r.rng.IntN(2)
			broken := r.Conn == 3
			if byUse {
				broken = r.ConnN == 2 && r.chance(.5)
			}
			if broken {
				return answer{id: "reset", producer: "network", class: signature.Transport}
			}
			return ok("v2")
		})
		r := explained(w.Input)
		if got := found(r); len(got) != 0 || len(r.Open) != 1 || !strings.Contains(r.Open[0].Text, "requests get no answer") {
			dump(t, r)
			t.Errorf("by use %t: found %v", byUse, got)
		}
	}
}

// Requests that tell two drivers apart are those of levels of which one foresees another
// answer, least asked first.
func TestTellingRequests(t *testing.T) {
	var rows []Row
	for i, p := range []string{"ax", "ax", "ax", "by", "by", "ay", "bx", "bx"} {
		rows = append(rows, Row{Seq: uint64(i), Remote: p[:1], Pop: p[1:]})
	}
	fx := &Facts{Input: &Input{Rows: rows}}
	w := &weighing{split: &split{draws: marked(1, 1, 1, 0, 0, 1, 0, 0)}}
	a := driver{name: "address", level: func(r *Row) (string, bool) { return r.Remote, r.Remote == "a" }}
	b := driver{name: "location", level: func(r *Row) (string, bool) { return r.Pop, r.Pop == "x" }}
	want := []Fact{LevelPair{A: "address", LevelA: "a", B: "location", LevelB: "y"}, LevelPair{A: "address", LevelA: "b", B: "location", LevelB: "x"}}
	if got := tellingPairs(fx, w, a, b); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	for i := range rows {
		if i == 5 {
			rows[i].Pop = ""
		}
	}
	if got := tellingPairs(fx, w, a, b); !reflect.DeepEqual(got, []Fact{want[0], want[1]}) {
		t.Errorf("%+v: what was never asked is the cheapest", got)
	}
}

// Of two drivers the second is an alias of the first while it is no more than a hundred
// times less likely.
func TestDriversThatAreNotToldApart(t *testing.T) {
	for post, want := range map[float64]int{.005: 1, .0049: 0} {
		w := &weighing{laws: []law{{name: "a", driven: true, post: .5}, {name: "b", driven: true, post: post}, {name: "chance", post: .4}}}
		if got := aliased(w); len(got) != want {
			t.Errorf("beside .5 a driver of %g: %d aliases", post, len(got))
		}
	}
}

// TestWhatDrivesARequest: a canary by its labels, a place by its level, with what deviates there.
func TestWhatDrivesARequest(t *testing.T) {
	both := &weighing{split: &split{labels: labels{counts: stat.Counts2{CanaryDev: 1, BaseRef: 1}}}}
	d, ok := driverOf(both, &law{cause: CanarySplit})
	if !ok {
		t.Fatal("with the labels of both sides a canary drives single requests")
	}
	for label, want := range map[Label]string{LabelBase: "base", LabelCanary: "canary", LabelUnknown: ""} {
		if level, deviates := d.level(&Row{Label: label}); level != want || deviates != (label == LabelCanary) {
			t.Errorf("label %d is level %q, deviates %v", label, level, deviates)
		}
	}
	if _, ok := driverOf(&weighing{split: &split{}}, &law{cause: CanarySplit}); ok {
		t.Error("without labels a canary drives no single request")
	}
	d, _ = driverOf(both, &law{factor: &factor{name: "address", level: func(r *Row) string { return r.Remote }, levels: []string{"a", "b"}, k: []int{9, 0}, n: []int{9, 9}, rho: .3}})
	for remote, want := range map[string]bool{"a": true, "b": false, "c": false} {
		if level, deviates := d.level(&Row{Remote: remote}); level != remote || deviates != want {
			t.Errorf("address %s deviates: %v", remote, deviates)
		}
	}
}
