package analyze

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"stageprobe/analyze/cause"
	"stageprobe/analyze/signature"
	"stageprobe/probe"
)

// Back-off. A refusal halves the rate at once; it comes back by a tenth after so
// many other answers, so that at a limit nobody knows about one answer in a hundred
// or so is refused: from half of it back to it takes eight such steps. Failures
// slow a run down, too, and end it where they began with it.
const (
	slower, faster = 0.5, 1.1
	calm           = 40   // answers without a refusal before the rate grows
	slowest        = 0.02 // of the rate
	failRow        = 20   // failures in a row that count as one refusal
	healthy        = 40   // answers of which hardly any failed, before a rise is one
	lastRow        = 80   // failures in a row, and no other answer ever: slowed down four times by then
	longestPause   = time.Minute
	// riseTime is how long failures must have gone on: a shorter outage is seen
	// to end, and told.
	riseTime = 15 * time.Second
)

// backoff says how much slower than planned requests are sent.
type backoff struct {
	scale   float64
	calm    int           // answers since the rate last changed
	pause   time.Duration // that an answer asked for
	targets []health
	notes   []string
}

// health is what a target's answers are like.
type health struct {
	refused       int // in a row, up to now
	failing       int // in a row
	since         time.Time
	answers, fine int
	wait          time.Duration // that the last answer asked for
	ended         bool
}

// answer is what the back-off sees of an observation.
type answer struct {
	at         time.Time
	throttled  bool
	refused    bool // 403 or 429 that no scenario expects
	failed     bool // 5xx, or no answer for another's fault
	retryAfter time.Duration
}

func newBackoff(plan *probe.Plan) backoff {
	return backoff{scale: 1, targets: make([]health, len(plan.Targets))}
}

func answerOf(o *probe.Observation, class signature.Class, expected bool) answer {
	a := answer{at: o.Due.Add(o.Took), throttled: class == signature.Throttled}
	a.refused = (a.throttled || o.Status == 403 || o.Status == 429 || o.Get("x-amzn-waf-action") != "") && !expected
	a.failed = !expected && (o.Status >= 500 || o.Outcome != probe.OutcomeResponse && o.Outcome != probe.OutcomeLocal)
	if o.Status == 429 || o.Status == 503 {
		a.retryAfter = retryAfter(o)
	}
	return a
}

// retryAfter is how long an answer asks to wait (RFC 9110 section 10.2.3); 0 where
// it does not say.
func retryAfter(o *probe.Observation) time.Duration {
	v := strings.TrimSpace(o.Get("retry-after"))
	if s, err := strconv.ParseFloat(v, 64); err == nil && s > 0 {
		return time.Duration(min(s, 1e9) * float64(time.Second))
	}
	at, err := time.Parse(time.RFC1123, v)
	if err != nil {
		return 0
	}
	return max(0, at.Sub(o.Due))
}

// next is the factor of the rate until the next request. A pause that was asked for
// is taken once.
func (b *backoff) next(rate float64) float64 {
	scale := b.scale
	if b.pause > 0 && rate > 0 {
		scale = min(scale, 1/(rate*b.pause.Seconds()))
		b.pause = 0
	}
	return scale
}

// saw takes an answer in; end says that the target is asked no more.
func (b *backoff) saw(target int, a answer) (end bool) {
	h := &b.targets[target]
	h.answers++
	h.wait = a.retryAfter
	b.pause = max(b.pause, min(a.retryAfter, longestPause))
	h.refused = inRow(h.refused, a.refused)
	h.failing = inRow(h.failing, a.failed)
	switch {
	case !a.failed:
		h.fine++
	case h.failing == 1:
		h.since = a.at
	}
	b.calm++
	switch {
	case a.throttled, a.retryAfter > 0, a.failed && h.failing%failRow == 0:
		b.scale, b.calm = max(slowest, b.scale*slower), 0
	case b.calm >= calm && !a.failed:
		b.scale, b.calm = min(1, b.scale*faster), 0
	}
	rose := h.failing >= 2*failRow && a.at.Sub(h.since) >= riseTime && h.fine >= healthy && 10*(h.answers-h.fine-h.failing) <= h.answers-h.failing
	return h.refused >= cause.Barren || rose || h.down(a.at) || h.wait > longestPause
}

// down tells whether a target has answered nothing but failures for long enough that more
// requests would only weigh on what is broken.
func (h *health) down(at time.Time) bool {
	return h.fine == 0 && h.failing >= lastRow && at.Sub(h.since) >= riseTime
}

func inRow(n int, goesOn bool) int {
	if goesOn {
		return n + 1
	}
	return 0
}

// saw takes in what became of a request, and gives a target up that refuses
// everything, or that began to fail while it was asked.
func (p *planner) saw(target, scenario int, a answer) {
	if end := p.backoff.saw(target, a); end && !p.persists {
		p.giveUp(target)
	}
	for i := range p.cells {
		if c := &p.cells[i]; c.target == target && c.scenario == scenario {
			c.seen++
			return
		}
	}
}

func (p *planner) giveUp(target int) {
	h := &p.backoff.targets[target]
	if h.ended {
		return
	}
	h.ended = true
	p.end(target)
	why := fmt.Sprintf("refused %d requests in a row", h.refused)
	switch {
	case h.wait > longestPause:
		why = fmt.Sprintf("asked to be left alone for %s", h.wait.Round(time.Second))
	case h.fine == 0 && h.failing == h.answers:
		why = fmt.Sprintf("answered nothing but failures, %d in a row since %s", h.failing, h.since.UTC().Format(time.TimeOnly))
	case h.refused < cause.Barren:
		why = fmt.Sprintf("began to fail during the run (%d failures in a row, since %s)", h.failing, h.since.UTC().Format(time.TimeOnly))
	}
	p.backoff.notes = append(p.backoff.notes, p.plan.Targets[target].ID+" "+why+": nothing more was sent to it")
}

// gaveUp tells whether a target was left alone before its question was decided.
func (p *planner) gaveUp(id string) bool {
	i := slices.IndexFunc(p.plan.Targets, func(t probe.Target) bool { return t.ID == id })
	return i >= 0 && p.backoff.targets[i].ended
}

// Held says where the run held back, and why.
func (s *Session) Held() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.planner.backoff.notes)
}
