package cli

import (
	"cmp"
	"fmt"
	"math"
	"strings"

	"stageprobe/analyze/words"
	"stageprobe/probe"
)

// politeShare is how much of a configured throttle the probes take at most: it is
// there for callers.
const politeShare = 0.1

// limit is the lowest throttle that the requests of a plan run into.
type limit struct {
	rate  float64 // per second
	where string  // such as "stage abc123/prod" or "GET /orders of stage abc123/prod"
}

// throttle finds the lowest limit that the configuration sets for what is asked: a
// stage's and its methods', and for requests with an API key that of the usage plans
// that hold the stage. Whose key it is the configuration does not tell, so each of
// them counts, unless a rate was asked for: a plan slows the holder of the key alone,
// who may want to see it.
func (s *subject) throttle(c *checkFlags) (low limit, ok bool) {
	low.rate = math.Inf(1)
	if !asksForRate(c) {
		for _, l := range s.planLimits(c) {
			if l.Quota == 0 && l.Rate < low.rate {
				low = limit{l.Rate, l.Of}
			}
		}
	}
	for i := range s.targets {
		t := &s.targets[i]
		st := s.snap.API(t.APIID).Stage(t.Stage)
		if st == nil {
			continue
		}
		for key, m := range st.Methods {
			if !m.ThrottlingSet || m.ThrottlingRate >= low.rate || !asks(s.scenarios, t, st, key) {
				continue
			}
			low = limit{m.ThrottlingRate, "stage " + t.APIID + "/" + t.Stage}
			if key != anyMethod {
				low.where = key + " of " + low.where
			}
		}
	}
	return low, !math.IsInf(low.rate, 1)
}

// planLimits are those of usage plans, for the requests that carry an API key.
func (s *subject) planLimits(c *checkFlags) []probe.Limit {
	var out []probe.Limit
	for i := range s.targets {
		t := &s.targets[i]
		for k := range s.scenarios {
			sc := &s.scenarios[k]
			keyed := sc.Auth == probe.AuthAPIKey || c.apiKey != "" && sc.Auth != probe.AuthNone || probe.HeaderValue(sc.Header, "x-api-key") != ""
			if !keyed || !sc.For(t.ID) {
				continue
			}
			for _, l := range s.snap.Limits(t.APIID, t.Stage, cmp.Or(sc.Route, sc.Method+" "+sc.Path), true) {
				if l.UsagePlan != "" {
					out = append(out, l)
				}
			}
		}
	}
	return out
}

// withinQuota keeps a run below a tenth of what a usage plan allows in a day, a week
// or a month.
func (s *subject) withinQuota(c *checkFlags) {
	for _, l := range s.planLimits(c) {
		most := max(1, int(politeShare*float64(l.Quota))/max(1, len(s.targets)))
		if l.Quota > 0 && most < c.requests && !c.forceRate {
			c.requests = most
			c.slowed = fmt.Sprintf("%d requests per target are a tenth of the %s (%d per %s); --force-rate sends as many as --requests says", most, l.Of, l.Quota, strings.ToLower(l.Period))
		}
	}
}

// anyMethod is the key of a stage's settings for all methods.
const anyMethod = "*/*"

// asks tells whether a setting is that of a request of the plan: of its method, or
// of all where the method has none of its own.
func asks(list []probe.Scenario, t *probe.Target, st *probe.Stage, key string) bool {
	for i := range list {
		sc := &list[i]
		method, path, routed := strings.Cut(sc.Route, " ")
		if !routed {
			method, path = sc.Method, sc.Path
		}
		own := strings.TrimPrefix(path, "/") + "/" + method
		escaped := "~1" + strings.ReplaceAll(strings.TrimPrefix(path, "/"), "/", "~1") + "/" + method
		_, has := st.Methods[own]
		_, hasToo := st.Methods["/"+own]
		_, hasEscaped := st.Methods[escaped]
		http := method + " " + path // the key of an HTTP API's route
		_, hasRoute := st.Methods[http]
		switch {
		case !sc.For(t.ID):
		case key == own, key == "/"+own, key == escaped, key == http:
			return true
		case key == anyMethod && !has && !hasToo && !hasEscaped && !hasRoute:
			return true
		}
	}
	return false
}

func asksForRate(c *checkFlags) bool { return c.rateFlag != nil && c.rateFlag.Changed }

// polite keeps the rate below a tenth of what the stage's own throttle allows. A
// higher one that was asked for is refused, unless it is forced.
func (c *checkFlags) polite(s *subject) error {
	s.withinQuota(c)
	low, ok := s.throttle(c)
	most := politeShare * low.rate
	if !ok || c.rate <= most || c.forceRate {
		return nil
	}
	if low.rate == 0 { // refuses everything, however slowly it is asked
		most = 1
	}
	if asksForRate(c) {
		return hint(fmt.Errorf("--rate %g: the throttle of %s is %g per second, and probes take a tenth of it at most", c.rate, low.where, low.rate),
			"leave --rate out or give at most %g; --force-rate sends faster, at the expense of callers", most)
	}
	if most < c.rate {
		c.rate = most
		slower := fmt.Sprintf("%g per second is a tenth of what the throttle of %s allows; --force-rate with --rate sends faster", most, low.where)
		if c.slowed != "" { // by a quota, which is said too
			slower = c.slowed + "; " + slower
		}
		c.slowed = slower
	}
	return nil
}

// missedRate tells where far fewer requests were sent per second than asked for.
func (r *run) missedRate() []string {
	const enough = 50 // requests
	if r.seen < enough || r.sentFor <= 0 {
		return nil
	}
	if got := float64(r.seen) / r.sentFor.Seconds(); got < 0.7*r.plan.Rate {
		return []string{fmt.Sprintf("%s requests per second were sent and not the %s asked for: answers were slow for %d workers, or the run held back", words.Figure(got), words.Figure(r.plan.Rate), r.plan.Workers)}
	}
	return nil
}
