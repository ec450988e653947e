package analyze

import (
	"stageprobe/analyze/cause"
	"stageprobe/probe"
)

// askedFor takes in what one look at a run says, and fills in how many requests each
// question had taken when it was answered. What is open again has no answer yet.
func askedFor(before *probe.Stood, r *cause.Result) *probe.Stood {
	now := &probe.Stood{Questions: map[string]int{}}
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
