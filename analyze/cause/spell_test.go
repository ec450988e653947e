package cause

import (
	"strings"
	"testing"

	"stageprobe/analyze/behaviour"
	"stageprobe/analyze/signature"
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
