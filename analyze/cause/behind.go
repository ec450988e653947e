package cause

import (
	"stageprobe/analyze/remedy"
	"stageprobe/analyze/signature"
	"stageprobe/probe"
)

// RefusedBehind says that every answer of some scenarios is a refusal, or a failure, of
// another API Gateway behind the one that was asked.
type RefusedBehind struct {
	said
	N         int
	Target    string
	Scenarios []string
	Answer    string
	Fails     bool
	Gateways  Gateways
}

// Gateways are the request ids of one answer: that of the gateway in front and that of the
// one behind it.
type Gateways struct {
	said
	Front, Behind string
}

// OfBehind says that answers are those of another API Gateway behind the one that was asked.
type OfBehind struct {
	said
	Gateways Gateways
}

// refusedBehind finds the scenarios that another API Gateway behind this one refuses, or
// fails, as the two request ids of the answers show: this gateway's log says that it did
// its part.
func refusedBehind(fx *Facts, known *Known, sub *target, v *Verdict) {
	by := map[string][]*cell{}
	var answers []string
	for _, c := range sub.cells {
		if len(c.clusters) != 1 || len(c.rows) < tuning.Enough.Refused && !fx.Done || known.by[c.ref] != "" || expected(fx, sub, c.scenario) {
			continue
		}
		k := &fx.Clusters[c.ref]
		if k.Status != 401 && k.Status != 403 && k.Status < 500 || gatewaysOf(k) == nil {
			continue
		}
		answer := fx.summary(c.ref)
		if by[answer] == nil {
			answers = append(answers, answer)
		}
		by[answer] = append(by[answer], c)
	}
	for _, answer := range answers {
		cells := by[answer]
		k := cells[0].ref
		f := alikeThroughout(fx, sub, cells)
		f.Linked, f.Remedy = Proven, []Remedy{remedy.BehindLogs}
		if fx.Clusters[k].fails() {
			f.Cause = IntegrationError
		}
		f.say(RefusedBehind{N: f.Statistics.N, Target: sub.ID, Scenarios: f.Scenarios, Answer: answer, Fails: fx.Clusters[k].fails(), Gateways: *gatewaysOf(&fx.Clusters[k])})
		v.report(f, stageKey(sub.Target)+"/behind/"+answer)
	}
}

// gatewaysOf are the request ids of an answer that another API Gateway made behind the one
// that was asked; nil where it was not so made.
func gatewaysOf(c *Cluster) *Gateways {
	if c.Exemplar == nil || probe.HeaderValue(c.Exemplar.Header, "x-amzn-errortype") == "" {
		return nil
	}
	if front, behind := signature.Gateways(c.Exemplar.Header); behind != "" {
		return &Gateways{Front: front, Behind: behind}
	}
	return nil
}
