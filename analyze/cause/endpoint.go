package cause

import "stageprobe/analyze/remedy"

// DependsOn says that a factor decides what a target answers.
type DependsOn struct {
	said
	Target, Factor string
	Levels         ByLevel // none where they follow by vantage point
}

// endpointLaws: the address, the edge location or the connection decides.
func endpointLaws(fx *Facts, x *split) []law { return factorLaws(fx, x, EndpointSplit) }

// endpointSplit words the splits that were decided for where a request went.
func endpointSplit(fx *Facts, known *Known) Verdict {
	return worded(fx, known, EndpointSplit, func(d *decision) Finding {
		f := endpoint(fx, d.weighing, d.law)
		f.Differs, f.key = d.differsFromMost(fx), d.sub.ID
		return f
	})
}

// endpoint is the finding of answers that follow the address, the edge location
// or the connection, which the probe draws for each request.
func endpoint(fx *Facts, w *weighing, l *law) Finding {
	f := splitFinding(fx, w.split, Statistical)
	f.Statistics = factorStatistics(fx, w, l)
	depends, seen := DependsOn{Target: w.sub.ID, Factor: l.factor.name}, fromPlaces(fx, w)
	if l.factor.name != vantagePoint || len(seen.Groups) == 0 {
		depends.Levels = perLevel(fx, w, l, "")
	}
	f.say(depends)
	if len(seen.Groups) > 0 {
		f.say(seen)
	}
	f.SettledBy = notSeparated(fx, w)
	f.Remedy = []Remedy{remedy.CompareAddresses}
	if l.factor.name == "connection" && f.SettledBy == nil {
		f.SettledBy = Topic("own connections")
	}
	return f
}
