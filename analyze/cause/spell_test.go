package cause

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"stageprobe/analyze/behaviour"
	"stageprobe/analyze/remedy"
	"stageprobe/analyze/signature"
	"stageprobe/analyze/stat"
	"stageprobe/probe"
)

// TestOutages: failures that fill one or a few windows of time are told as that, with the
// times of each; those that come and go by themselves are not.
func TestOutages(t *testing.T) {
	within := func(windows ...[2]int) func(*request) answer {
		return func(r *request) answer {
			for _, w := range windows {
				if r.n >= w[0] && r.n < w[1] {
					return fails(503)
				}
			}
			return ok("v2")
		}
	}
	for name, c := range map[string]struct {
		respond func(*request) answer
		cause   ID
		says    string
	}{
		"two":              {within([2]int{100, 150}, [2]int{300, 340}), IntegrationError, "all of them in 2 windows: 50 between 10:00:02.000Z and 10:00:02.980Z and 40 between 10:00:06.000Z and 10:00:06.780Z"},
		"three":            {within([2]int{60, 90}, [2]int{200, 225}, [2]int{400, 430}), IntegrationError, "in 3 windows: "},
		"at the start":     {within([2]int{0, 60}), IntegrationError, "failed 60 of 600 requests, all of them between 10:00:00.000Z and 10:00:01.180Z"},
		"a short one":      {within([2]int{100, 112}), FlakyBackend, "failed for a while: 12 of 600 answers (2 %) are 503 {fail503}, all of them between 10:00:02.000Z and 10:00:02.220Z. So few"},
		"three in a row":   {within([2]int{100, 103}), FlakyBackend, "failed for a while: 3 of 600 answers"},
		"a window and one": {within([2]int{100, 140}, [2]int{300, 301}), FlakyBackend, "fails at random"},
		"short bursts":     {within([2]int{50, 55}, [2]int{120, 126}, [2]int{190, 194}, [2]int{260, 267}, [2]int{330, 334}, [2]int{410, 416}, [2]int{500, 505}), FlakyBackend, "fails at random"},
		"at random": {func(r *request) answer {
			if r.rng.Float64() < .2 {
				return fails(503)
			}
			return ok("v2")
		}, FlakyBackend, "fails at random"},
	} {
		in := newWorld(7).send(600, c.respond).Input
		in.Done = true
		r := explained(in)
		if len(r.Findings) != 1 || r.Findings[0].Cause != c.cause || !strings.Contains(r.Findings[0].Statement, c.says) {
			t.Errorf("%s: want %s that says %q", name, c.cause, c.says)
			dump(t, r)
		}
	}
}

// TestNothingSucceeds: where no answer is a success, no kind of failure is a flake beside
// another.
func TestNothingSucceeds(t *testing.T) {
	in := newWorld(7).send(300, func(r *request) answer {
		if r.rng.Float64() < .4 {
			return fails(504)
		}
		return fails(503)
	}).Input
	in.Done = true
	r := explained(in)
	want(t, r, map[ID]Link{IntegrationError: ConsistentWith})
	if s := r.Findings[0].Statement; !strings.Contains(s, "All 300 answers") || !strings.Contains(s, " are 503 {") || !strings.Contains(s, " are 504 {") {
		t.Error(s)
	}
}

// TestFailedInside: an error in the body of a success fails, a success in an envelope and
// a body that says other things do not.
func TestFailedInside(t *testing.T) {
	for body, fails := range map[string]bool{
		`{"errorMessage":"boom","errorType":"Error"}`:                   true,
		`{"statusCode":500,"body":"x"}`:                                 true,
		`{"statusCode":404,"message":"no"}`:                             true,
		`{"statusCode":200,"body":"x"}`:                                 false,
		`{"items":[1],"statusCode":500}`:                                false,
		`{"items":[1],"errorMessage":"one","errorType":"of the items"}`: false,
		`{"ok":true}`: false,
		`not JSON`:    false,
	} {
		c := Cluster{Cluster: &behaviour.Cluster{Status: 200, Exemplar: &behaviour.Exemplar{Body: []byte(body)}}}
		c.inside = failedInside(c.Cluster)
		if c.fails() != fails {
			t.Errorf("%s fails: %t", body, c.fails())
		}
	}
}

// TestGatewayWords: an HTTP API names no gateway response; its own words for a failure are
// taken as such unless a log shows that the integration wrote them.
func TestGatewayWords(t *testing.T) {
	for _, c := range []struct {
		finding string
		logged  int
		want    bool
	}{{"integration-error", 0, true}, {"integration-error", 500, false}, {"integration-error", 403, true}, {"", 0, false}} {
		fx := &Facts{Input: &Input{Rows: []Row{{RequestID: "a"}}}}
		fx.Clusters = []Cluster{{Cluster: &behaviour.Cluster{Status: 500, Reading: signature.Reading{APIKind: probe.HTTP, Candidates: []signature.Candidate{{Finding: c.finding}}}}}}
		fx.Records = func(string) []probe.LogRecord {
			if c.logged == 0 {
				return nil
			}
			return []probe.LogRecord{{IntegrationStatus: &c.logged}}
		}
		if got := gatewayWords(fx, &cell{ref: 0, rows: []int{0}}); got != c.want {
			t.Errorf("%+v: %t", c, got)
		}
	}
}

// TestWindowsOfAKind: answers of one kind are windows where they come in a few stretches,
// each with nothing else in it but a tenth, and others come beside them.
func TestWindowsOfAKind(t *testing.T) {
	good, bad := func(n int) []int { return repeated(n, 0) }, func(n int) []int { return repeated(n, 1) }
	for name, tt := range map[string]struct {
		of    []int
		least int
		want  []int // how many each window holds
	}{
		"one":                        {slices.Concat(good(6), bad(30), good(6)), 30, []int{30}},
		"too few":                    {slices.Concat(good(6), bad(29), good(6)), 30, nil},
		"too few others":             {slices.Concat(good(6), bad(30), good(5)), 30, nil},
		"two":                        {slices.Concat(bad(12), good(12), bad(12)), 1, []int{12, 12}},
		"two that are one":           {slices.Concat(bad(200), good(11), bad(200), good(12)), 1, []int{400}},
		"two, of which one is short": {slices.Concat(bad(12), good(12), bad(11)), 1, nil},
		"a tenth of others in it":    {slices.Concat(good(12), bad(10), good(2), bad(10)), 1, []int{20}},
		"more than a tenth":          {slices.Concat(good(12), bad(10), good(3), bad(10)), 1, nil},
		"six":                        {slices.Repeat(slices.Concat(bad(12), good(12)), 6), 1, []int{12, 12, 12, 12, 12, 12}},
		"seven come and go":          {slices.Repeat(slices.Concat(bad(12), good(12)), 7), 1, nil},
		"none of it":                 {good(20), 1, nil},
	} {
		fx := given(&Input{Clusters: behaviours(served200(), fail502())}, [][]int{tt.of})
		x := &split{sub: fx.targets[0], draws: drawsOf(fx.targets[0])}
		var got []int
		for _, s := range spellsOf(fx, x, tt.least, (*Cluster).fails) {
			got = append(got, s.n)
			if fx.Rows[s.from].Cluster != 1 || fx.Rows[s.to].Cluster != 1 {
				t.Errorf("%s: a window is from %d to %d", name, s.from, s.to)
			}
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: windows of %v, want %v", name, got, tt.want)
		}
	}
	// Of chance, three in a row are one window in six hundred answers, and none in sixty.
	for n, want := range map[int]int{600: 1, 60: 0} {
		fx := given(&Input{Clusters: behaviours(served200(), fail502())}, [][]int{slices.Concat(good(n/2), bad(3), good(n/2))})
		if got := oneSpell(fx, &split{sub: fx.targets[0], draws: drawsOf(fx.targets[0])}); len(got) != want {
			t.Errorf("among %d answers: %v", n, got)
		}
	}
}

// TestOutagesAreDecided once twelve answers came since, or the run is over; one at the start
// only at the end, and one that has not ended never.
func TestOutagesAreDecided(t *testing.T) {
	for _, tt := range []struct {
		before, since int
		done, changed bool
		want          bool
	}{
		{20, 12, false, false, true}, {20, 11, false, false, false}, {20, 11, true, false, true}, {20, 0, true, false, false}, {0, 20, true, false, true}, {0, 20, false, false, false}, {0, 20, true, true, false}, {20, 20, false, true, true},
	} {
		in := &Input{Done: tt.done, MinShare: .01, Confidence: .99, Now: began.Add(time.Hour), Clusters: behaviours(served200(), fail502())}
		in.Clusters[0].Kind, in.Clusters[1].Kind = 1, 2
		if tt.changed {
			in.Snapshot.APIs = []probe.API{{ID: "a", Stages: []probe.Stage{{Name: "s0", Updated: began}}}}
		}
		fx := given(in, [][]int{slices.Concat(repeated(tt.before, 0), repeated(40, 1), repeated(tt.since, 0))})
		fx.targets[0].link = func() *stat.LinkEstimated { return stat.NewLinkEstimated(.1) }
		j := &judgement{known: nothingKnown(fx), split: make([]bool, 1)}
		if j.outages(fx, fx.targets[0]); (len(j.decided) == 1) != tt.want || tt.want && (j.decided[0].cause != FlakyBackend || j.known.by[0]+j.known.by[1] != FlakyBackend) {
			t.Errorf("%d answers before and %d since, done %v, changed %v: %+v", tt.before, tt.since, tt.done, tt.changed, j.decided)
		}
	}
}

// TestWhatAnOutageIsBlamedOn: on what the logs say of it, with where to look for more.
func TestWhatAnOutageIsBlamedOn(t *testing.T) {
	for line, want := range map[string]Remedy{"": remedy.IntegrationLogs, "Execution failed: Task timed out after 3.00 seconds": {Text: "The function's own timeout against its Duration metric; its log by the Lambda request id."}} {
		in := &Input{Clusters: behaviours(served200(), fail502())}
		in.Records = func(string) []probe.LogRecord { return []probe.LogRecord{{Source: probe.ExecutionLog, Error: line}} }
		fx := given(in, [][]int{slices.Concat(repeated(20, 0), repeated(40, 1), repeated(20, 0))})
		x := settle(fx, &split{sub: fx.targets[0], clusters: []int{1}})
		f := failedBetween(fx, &weighing{split: x, parts: []*split{x}}, Finding{}, spellsOf(fx, x, 1, (*Cluster).fails))
		if !reflect.DeepEqual(f.Remedy, []Remedy{want}) || (f.Linked == Proven) != (line != "") {
			t.Errorf("with %q in the log: %s, %+v", line, f.Linked, f.Remedy)
		}
	}
}
