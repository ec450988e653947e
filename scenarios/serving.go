package scenarios

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"stageprobe/analyze"
	"stageprobe/analyze/stat"
	"stageprobe/probe"
)

// serving answers who served a scenario on a target, from the report.
type serving struct {
	*judge
	rep      *analyze.Report
	target   *analyze.Target
	planned  *probe.Target
	scenario string
}

// gatewayResponse settles by what the report knows from the logs what the answers
// alone did not tell: some gateway responses have the same bytes.
func (s *serving) gatewayResponse(r result, want string) result {
	if want == "" {
		return r
	}
	var other []string
	n := 0
	for _, c := range s.clusters(s.target) {
		switch {
		case c.GatewayResponse == nil:
			return r
		case *c.GatewayResponse != want && !slices.Contains(other, *c.GatewayResponse):
			other = append(other, *c.GatewayResponse)
		}
		n += c.Count
	}
	if n == 0 {
		return r
	}
	r.holds, r.observed = met, fmt.Sprintf("%s in %s, by the logs", want, plural(n, "answer"))
	if len(other) > 0 {
		r.holds, r.observed = unmet, strings.Join(other, ", ")+" by the logs"
	}
	return r
}

// servedBy goes by the logs, else by where the address leads.
func (s *serving) servedBy(want string) result {
	r := result{text: "served by stage " + want}
	stages, labelled, n := s.logged()
	switch {
	case len(stages) > 0:
		ok := len(stages) == 1 && stages[0] == want && s.rightAPI()
		r.holds = holdsIf(ok)
		r.observed = fmt.Sprintf("stage %s, by the logs of %d of %s", strings.Join(stages, " and "), labelled, plural(n, "answer"))
	case s.target.Stage == "":
		r.observed = "no log says which stage served, and where the address leads is not known"
	default:
		r.holds = holdsIf(s.target.Stage == want && s.rightAPI())
		r.observed = fmt.Sprintf("stage %s, where the address leads; no log says more", s.target.Stage)
	}
	if !s.rightAPI() {
		r.observed += fmt.Sprintf(" (API %s, not %s)", s.target.APIID, s.planned.Meant.APIID)
	}
	return r
}

// rightAPI is false where the address leads to another API than the one meant:
// its stages may have the same names.
func (s *serving) rightAPI() bool {
	m := s.planned.Meant
	return m == nil || m.APIID == "" || s.target.APIID == "" || m.APIID == s.target.APIID
}

// logged are the stages that the logs name, and of how many answers they do.
func (s *serving) logged() (stages []string, labelled, n int) {
	set := map[string]bool{}
	for _, c := range s.clusters(s.target) {
		n += c.Count
		if c.Served.Stage == "" {
			continue
		}
		labelled += c.Served.Canary + c.Served.Base
		for stage := range strings.SplitSeq(c.Served.Stage, ",") {
			set[stage] = true
		}
	}
	return slices.Sorted(maps.Keys(set)), labelled, n
}

// clusters are the behaviours of the scenario, without those that say nothing
// of a stage: no answer, or too many requests.
func (s *serving) clusters(t *analyze.Target) []analyze.Cluster {
	var out []analyze.Cluster
	for _, c := range t.Clusters {
		throttled := c.GatewayResponse != nil && (*c.GatewayResponse == "THROTTLED" || *c.GatewayResponse == "QUOTA_EXCEEDED")
		if c.Scenario == s.scenario && c.Status != 0 && !throttled {
			out = append(out, c)
		}
	}
	return out
}

// canary compares the share that the logs attribute to the canary, and what is
// configured, with the most that is allowed, in percent.
func (s *serving) canary(limit float64) result {
	r := result{text: "no canary"}
	if limit > 0 {
		r.text = fmt.Sprintf("canary at most %g %%", limit)
	}
	k, n := 0, 0
	for _, c := range s.clusters(s.target) {
		k += c.Served.Canary
		n += c.Served.Canary + c.Served.Base
	}
	low, high := stat.ConfSeq(k, n, 1-s.confidence)
	configured, known := s.configured()
	logged := fmt.Sprintf("the canary served %d of %s", k, plural(n, "logged request"))
	if known && n > 0 {
		logged = s.configuration() + "; " + logged
	} else if known {
		logged = s.configuration()
	}
	r.observed = logged
	switch {
	case limit == 0 && k > 0, low > limit/100, known && configured > limit:
		r.holds = unmet
	case known && (configured > 0 || k == 0):
		r.holds = met
	case n > 0 && high <= max(limit/100, convergedShare):
		r.holds, r.observed = met, fmt.Sprintf("%s, so at most %.2g %%", logged, 100*high)
	default:
		r.observed = fmt.Sprintf("the configuration is not known, and %s do not tell", plural(n, "logged request"))
	}
	return r
}

// configuration says what is configured, where that is known.
func (s *serving) configuration() string {
	switch c := s.target.Canary; {
	case c != nil:
		return fmt.Sprintf("a canary gets %g %% by configuration", c.Percent)
	case s.target.APIKind == probe.HTTP:
		return "HTTP APIs have no canary"
	}
	return "no canary is configured"
}

// configured is the canary's percentage; 0 where there is none. It is not known
// where the stage could not be read.
func (s *serving) configured() (percent float64, known bool) {
	if c := s.target.Canary; c != nil {
		return c.Percent, true
	}
	return 0, s.target.DeploymentID != "" || s.target.APIKind == probe.HTTP
}

// sameAs compares the behaviours, and how often each is seen, with another
// stage of the API.
func (s *serving) sameAs(stage string) result {
	r := result{text: "same behaviour as stage " + stage}
	other := s.otherStage(stage)
	if other == nil {
		r.observed = "stage " + stage + " is not checked"
		return r
	}
	here, there := counts(s.clusters(s.target)), counts(s.clusters(other))
	if here.n == 0 || there.n == 0 {
		r.observed = fmt.Sprintf("%s here, %s on %s", plural(here.n, "answer"), plural(there.n, "answer"), other.ID)
		return r
	}
	r.holds, r.observed = here.compare(there, other.ID, 1-s.confidence)
	return r
}

// otherStage finds the target of a stage of the same API, the invoke URL first.
func (s *serving) otherStage(stage string) *analyze.Target {
	api := s.target.APIID
	if m := s.planned.Meant; m != nil && m.APIID != "" {
		api = m.APIID
	}
	var found *analyze.Target
	for i := range s.rep.Targets {
		t := &s.rep.Targets[i]
		if t.Stage == stage && t.APIID == api && t.ID != s.target.ID && (found == nil || t.Kind == probe.InvokeURL && found.Kind != probe.InvokeURL) {
			found = t
		}
	}
	return found
}

// behaviours counts answers by cluster; an id is the same on every target.
type behaviours struct {
	of map[string]int
	n  int
}

func counts(clusters []analyze.Cluster) behaviours {
	b := behaviours{of: map[string]int{}}
	for _, c := range clusters {
		b.of[c.ID] += c.Count
		b.n += c.Count
	}
	return b
}

// compare says that two stages differ where the shares of a behaviour exclude
// each other, and that they are alike where each knows what the other does.
// The intervals hold at any stopping time; alpha is divided among them.
func (b behaviours) compare(o behaviours, other string, alpha float64) (holds, string) {
	all := maps.Clone(b.of)
	for id := range o.of {
		all[id] += 0
	}
	alpha /= float64(2 * len(all))
	doubt := ""
	for _, id := range slices.Sorted(maps.Keys(all)) {
		low, high := stat.ConfSeq(b.of[id], b.n, alpha)
		otherLow, otherHigh := stat.ConfSeq(o.of[id], o.n, alpha)
		seen := fmt.Sprintf("behaviour %s in %d of %s here, in %d of %d on %s", id, b.of[id], plural(b.n, "answer"), o.of[id], o.n, other)
		switch {
		case low > otherHigh || otherLow > high:
			return unmet, seen
		case doubt == "" && (b.of[id] == 0 || o.of[id] == 0):
			doubt = seen + ": too few to tell"
		}
	}
	if doubt != "" {
		return unknown, doubt
	}
	return met, fmt.Sprintf("%s, the same in %s here and %d on %s", plural(len(all), "behaviour"), plural(b.n, "answer"), o.n, other)
}
