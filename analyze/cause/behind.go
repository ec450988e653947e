package cause

import (
	"stageprobe/analyze/remedy"
	"stageprobe/analyze/signature"
	"stageprobe/probe"
)

// RefusedBehind says that every answer of a scenario is a refusal of another API Gateway
// behind the one that was asked, with an example of the request ids of both.
type RefusedBehind struct {
	said
	N             int
	Target        string
	Scenarios     []string
	Answer        string
	Front, Behind string
}

// refusedBehind finds the scenarios that another API Gateway behind this one refuses, as
// the two request ids of the answers show: this gateway's log says that it did its part.
func refusedBehind(fx *Facts, known *Known, sub *target, v *Verdict) {
	for _, c := range sub.cells {
		if c.ref < 0 || len(c.clusters) != 1 || len(c.rows) < tuning.Enough.Refused && !fx.Done || known.by[c.ref] != "" || fx.Expected != nil && fx.Expected(sub.index, c.scenario) {
			continue
		}
		k := &fx.Clusters[c.ref]
		if k.Status != 401 && k.Status != 403 || k.Exemplar == nil || probe.HeaderValue(k.Exemplar.Header, "x-amzn-errortype") == "" {
			continue
		}
		front, behind := signature.Gateways(k.Exemplar.Header)
		if behind == "" {
			continue
		}
		f := Finding{Linked: Proven, Targets: []string{sub.ID}, Scenarios: fx.cellNames([]*cell{c}), rests: c.clusters}
		f.say(RefusedBehind{N: len(c.rows), Target: sub.ID, Scenarios: f.Scenarios, Answer: fx.summary(c.ref), Front: front, Behind: behind})
		f.Proof = evidence(fx.example(sub, c.ref))
		f.Statistics = &Statistics{Test: "all answers alike", Statistic: float64(len(c.rows)), Effect: 1, N: len(c.rows), Share: interval(len(c.rows), len(c.rows), fx.alpha)}
		f.Remedy = []Remedy{remedy.BehindLogs}
		v.report(f, stageKey(sub.Target)+"/behind/"+fx.scenario(c.scenario).Name)
	}
}
