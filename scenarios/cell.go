package scenarios

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"stageprobe/analyze/stat"
	"stageprobe/probe"
)

// cell gathers the answers of one scenario on one target.
type cell struct {
	expect  *Expect
	target  *probe.Target
	tallies []tally
	took    []time.Duration // from due time to last byte, where a latency is expected
	slow    int             // requests that got no answer at all
	moments []moment        // where it must converge
}

// moment is when a request was due, and whether its answer met everything.
type moment struct {
	due time.Time
	met holds
}

func newCell(e *Expect, checks []check, target *probe.Target) *cell {
	c := &cell{expect: e, target: target}
	for _, x := range checks {
		c.tallies = append(c.tallies, tally{check: x, seen: map[string]*seen{}})
	}
	return c
}

func (c *cell) add(o *probe.Observation) {
	if o.Outcome == probe.OutcomeLocal {
		return // says nothing of the gateway
	}
	failed := o.Outcome != probe.OutcomeResponse
	if c.expect.LatencyP99MS > 0 {
		if failed {
			c.slow++
		} else {
			c.took = append(c.took, o.Took)
		}
	}
	whole, a := met, &answer{Observation: o, target: c.target}
	for i := range c.tallies {
		t := &c.tallies[i]
		if failed && !t.failures {
			continue
		}
		switch h := t.add(a); {
		case h == unmet, whole == unmet:
			whole = unmet
		case h == unknown:
			whole = unknown
		}
	}
	if c.expect.ConvergesWithin > 0 {
		c.moments = append(c.moments, moment{o.Due, whole})
	}
}

func (c *cell) results(began time.Time, confidence float64) []result {
	var out []result
	from := time.Time{} // from when on expectations must hold
	if c.expect.ConvergesWithin > 0 {
		from = began.Add(time.Duration(c.expect.ConvergesWithin))
	}
	for i := range c.tallies {
		r := c.tallies[i].result(from)
		r.single = true
		out = append(out, r)
	}
	if c.expect.LatencyP99MS > 0 {
		out = append(out, c.latency())
	}
	if c.expect.ConvergesWithin > 0 && len(c.tallies) > 0 {
		out = append(out, c.converges(began, confidence))
	}
	return out
}

// tally counts how one expectation fared.
type tally struct {
	check
	n, open int // answers looked at, and those of which it cannot be told
	failed  int // requests among them that got no HTTP answer
	why     string
	err     string           // why one of those failed
	seen    map[string]*seen // by what was observed
	more    seen             // whatever else fell short
}

// seen is one observed value.
type seen struct {
	n     int
	holds holds
	last  time.Time
}

// maxSeen is how many different values are told apart.
const maxSeen = 16

func (t *tally) add(a *answer) holds {
	h, observed := t.of(a)
	t.n++
	if a.Outcome != probe.OutcomeResponse {
		t.failed++
		// Not the last: the same of answers in any order.
		if err := cmp.Or(a.Err, string(a.Outcome)); t.err == "" || err < t.err {
			t.err = err
		}
	}
	if h == unknown {
		t.open++
		t.why = observed
		return h
	}
	s := t.seen[observed]
	switch {
	case s != nil:
	case len(t.seen) < maxSeen:
		s = &seen{holds: h}
		t.seen[observed] = s
	case h == unmet:
		s = &t.more
	default:
		return h
	}
	s.n++
	if a.Due.After(s.last) {
		s.last = a.Due
	}
	return h
}

// result judges the answers that were due at from or later; before it an
// answer may fall short.
func (t *tally) result(from time.Time) result {
	r := result{text: t.text, holds: met}
	var bad []string
	wrong := t.more.n
	for _, value := range t.values() {
		if s := t.seen[value]; s.holds == unmet && !s.last.Before(from) {
			bad = append(bad, value)
			wrong += s.n
		}
	}
	if t.more.n > 0 && !t.more.last.Before(from) {
		bad = append(bad, "others")
	}
	switch {
	case t.n == 0:
		r.holds, r.observed = unknown, "no answer"
	case t.failed == t.n:
		// Nothing is known of the gateway: the name, the network or the
		// certificate may be at fault, and no behaviour was seen.
		r.holds, r.observed = unknown, fmt.Sprintf("no HTTP answer to %s: %s", plural(t.n, "request"), t.err)
	case len(bad) > 0:
		r.holds = unmet
		r.observed = fmt.Sprintf("%s in %d of %s", strings.Join(bad[:min(3, len(bad))], ", "), wrong, plural(t.n, "answer"))
	case t.open > 0:
		r.holds = unknown
		r.observed = fmt.Sprintf("%s cannot be told of %d of %s", t.why, t.open, plural(t.n, "answer"))
	default:
		r.observed = t.good()
	}
	return r
}

func (t *tally) good() string {
	values := t.values()
	if len(values) == 1 {
		return fmt.Sprintf("%s in %s", values[0], plural(t.n, "answer"))
	}
	return "met in " + plural(t.n, "answer")
}

// values are what was observed, the most frequent first.
func (t *tally) values() []string {
	var out []string
	for value := range t.seen {
		out = append(out, value)
	}
	slices.SortFunc(out, func(a, b string) int {
		return cmp.Or(cmp.Compare(t.seen[b].n, t.seen[a].n), strings.Compare(a, b))
	})
	return out
}

// latency compares the nearest-rank 99th percentile of the run; a request
// without an answer took longer than any limit.
func (c *cell) latency() result {
	r := result{text: fmt.Sprintf("99th percentile of latency at most %g ms", c.expect.LatencyP99MS)}
	n := len(c.took) + c.slow
	if n == 0 {
		r.observed = "no answer"
		return r
	}
	slices.Sort(c.took)
	rank := (99*n + 99) / 100 // ceil(0.99 n), from 1
	if rank > len(c.took) {
		r.holds, r.observed = unmet, fmt.Sprintf("%d of %s got no answer", c.slow, plural(n, "request"))
		return r
	}
	ms := float64(c.took[rank-1]) / float64(time.Millisecond)
	r.holds, r.observed = holdsIf(ms <= c.expect.LatencyP99MS), fmt.Sprintf("%.3g ms over %s", ms, plural(n, "request"))
	return r
}

// convergedShare is the share of answers that may still fall short where
// convergence is claimed: the smallest that a run looks for by default.
const convergedShare = 0.01

// converges looks for the last answer that fell short: it must lie within the
// time, and so many answers must have come since that one of them would have
// fallen short, were the share of those still what it was until then.
func (c *cell) converges(began time.Time, confidence float64) result {
	within := time.Duration(c.expect.ConvergesWithin)
	r := result{text: fmt.Sprintf("converges within %s", within)}
	slices.SortStableFunc(c.moments, func(a, b moment) int { return a.due.Compare(b.due) })
	since, fell, until, last := 0, 0, 0, time.Time{}
	for i, m := range c.moments {
		switch m.met {
		case met:
			since++
		case unmet:
			fell++
			since, until, last = 0, i+1, m.due
		}
	}
	need := 1
	if fell > 0 {
		need = stat.NeedZero(min(0.99, max(convergedShare, float64(fell)/float64(until))), confidence)
	}
	switch {
	case len(c.moments) == 0:
		r.observed = "no answer"
	case !last.IsZero() && last.Sub(began) > within:
		r.holds, r.observed = unmet, fmt.Sprintf("an answer fell short %s after the first request", last.Sub(began).Round(time.Millisecond))
	case since < need:
		r.observed = fmt.Sprintf("%s since the last that fell short; %d are needed", plural(since, "answer"), need)
	case last.IsZero():
		r.holds, r.observed = met, fmt.Sprintf("from the first of %s on", plural(since, "answer"))
	default:
		r.holds, r.observed = met, fmt.Sprintf("the last that fell short was due %s after the first request, %s since", last.Sub(began).Round(time.Millisecond), plural(since, "answer"))
	}
	return r
}
