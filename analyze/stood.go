package analyze

import (
	"strings"
	"time"

	"stageprobe/analyze/cause"
	"stageprobe/probe"
)

// sinceWhen takes in what one look at a run says, and fills in since when each finding has
// stood and how many requests each question had taken when it was answered. What is gone
// has not stood. Where nobody looked before, nothing is known of it.
func sinceWhen(before *probe.Stood, r *cause.Result, rows []row) *probe.Stood {
	now := &probe.Stood{Findings: map[string]float64{}, Questions: map[string]int{}}
	ms := elapsed(rows)
	for i := range r.Findings {
		f := &r.Findings[i]
		key := string(f.Cause) + " " + strings.Join(f.Targets, " ")
		now.Findings[key] = ms
		if before != nil {
			if since, ok := before.Findings[key]; ok {
				now.Findings[key] = since
			}
			f.DecidedMS = now.Findings[key]
		}
	}
	for i := range r.Efficiencies {
		e := &r.Efficiencies[i]
		key := e.Target + " " + e.Question
		now.Questions[key] = e.Used
		if before != nil && before.Questions[key] > 0 {
			now.Questions[key] = before.Questions[key]
		}
		e.Used = now.Questions[key]
		e.Ratio = min(1, e.Bound/float64(e.Used))
	}
	return now
}

// elapsed is how long after the first request the last answer came, in milliseconds.
func elapsed(rows []row) float64 {
	var first, last time.Time
	for i := range rows {
		r := &rows[i]
		if first.IsZero() || r.At.Before(first) {
			first = r.At
		}
		if r.ended.After(last) {
			last = r.ended
		}
	}
	return max(0, float64(last.Sub(first))/float64(time.Millisecond))
}
