package analyze

import (
	"strings"

	"stageprobe/analyze/cause"
	"stageprobe/probe/recording"
)

// stood takes in what one look at a run says, and fills in how many requests each
// question had taken when it was answered and when each finding was decided. What is
// open again has no answer yet; a finding that further answers take back is decided
// anew where it comes again. Since is the time from the first request to the last answer,
// in ms. A last look finds nothing at a time of its own.
func stood(before *recording.Stood, r *cause.Result, since float64, last bool) *recording.Stood {
	if before == nil {
		before = &recording.Stood{}
	}
	now := &recording.Stood{Questions: map[string]int{}, FindingsMS: map[string]float64{}}
	for i := range r.Efficiencies {
		e := &r.Efficiencies[i]
		key := e.Target + " " + e.Question
		if asked := before.Questions[key]; asked > 0 {
			e.Used = asked
			e.Ratio = min(1, e.Bound/float64(asked))
		}
		now.Questions[key] = e.Used
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		key := FindingKey(f)
		at, known := before.FindingsMS[key]
		if !known {
			if last {
				continue
			}
			at = since
		}
		f.DecidedMS, now.FindingsMS[key] = at, at
	}
	return now
}

// FindingKey names a finding whatever its words and numbers are by now.
func FindingKey(f *cause.Finding) string {
	return string(f.Cause) + " " + strings.Join(f.Targets, " ")
}
