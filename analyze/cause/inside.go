package cause

import (
	"encoding/json"
	"slices"

	"stageprobe/analyze/behaviour"
	"stageprobe/analyze/remedy"
	"stageprobe/probe/failure"
)

// AllInside says that every answer of some scenarios is a success by its status that holds
// a failure.
type AllInside struct {
	said
	N         int
	Target    string
	Scenarios []string
	What      string
}

// LoggedInside says that the log holds the failure in what the integration answered.
type LoggedInside struct{ said }

// insideSuccess finds the scenarios of a target of which every answer is a success that
// holds one kind of failure. A status in a body that says other things as well may be what
// the API is about, and is none.
func insideSuccess(fx *Facts, known *Known, sub *target, v *Verdict) {
	byKind := map[string][]*cell{}
	found := map[string]failure.Failure{}
	for _, c := range sub.cells {
		if f, ok := insideThroughout(fx, known, sub, c); ok {
			byKind[f.Why] = append(byKind[f.Why], c)
			found[f.Why] = f
		}
	}
	for _, why := range sortedKeys(byKind) {
		cells, what := byKind[why], found[why]
		f := alikeThroughout(fx, sub, cells)
		f.Severity, f.Remedy = Warning, remedy.Inside(&what, placeOf(fx, sub, cells[0]))
		f.say(AllInside{N: f.Statistics.N, Target: sub.ID, Scenarios: f.Scenarios, What: why})
		if slices.ContainsFunc(cells, func(c *cell) bool { return loggedInside(fx, c, what.Candidate) }) {
			f.Linked = Proven
			f.say(LoggedInside{})
		} else {
			f.SettledBy = Topic("what the function returns")
		}
		v.report(f, stageKey(sub.Target)+" "+why)
	}
}

func insideThroughout(fx *Facts, known *Known, sub *target, c *cell) (f failure.Failure, ok bool) {
	if c.ref < 0 || len(c.rows) < tuning.Enough.Refused && !fx.Done || expected(fx, sub, c.scenario) || known.by[c.ref] != "" {
		return f, false
	}
	for i, k := range c.clusters {
		e := fx.Clusters[k].Exemplar
		if fx.Clusters[k].Status/100 != 2 || e == nil || !sureInside(e.Body) {
			return f, false
		}
		inside, has := failure.InBody(e.Body)
		if !has || i > 0 && inside.Candidate != f.Candidate {
			return f, false
		}
		f = inside
	}
	return f, true
}

// failedInside is the failure that a success holds and that a caller did not get as one:
// an error of a function, or an error status. An envelope around a success is none.
func failedInside(c *behaviour.Cluster) *failure.Failure {
	if c.Status/100 != 2 || c.Exemplar == nil || !sureInside(c.Exemplar.Body) {
		return nil
	}
	if f, has := failure.InBody(c.Exemplar.Body); has && f.Kind == failure.Function {
		return &f
	}
	return nil
}

// ofErrors are the members of a body that tells of an error and of nothing else.
var ofErrors = []string{
	"statusCode", "message", "Message", "error", "errors", "errorMessage", "errorType", "errorCode", "stackTrace", "trace", "code", "detail", "details", "title", "type",
	"name", "path", "timestamp", "requestId", "cause", "success", "headers", "multiValueHeaders", "body", "isBase64Encoded", "cookies", "statusDescription",
}

// sureInside tells whether a body is about nothing but a failure, or is no object.
func sureInside(body []byte) bool {
	var o map[string]json.RawMessage
	if json.Unmarshal(body, &o) != nil {
		return true
	}
	for name := range o {
		if !slices.Contains(ofErrors, name) {
			return false
		}
	}
	return true
}

// loggedInside tells whether a log shows the same failure in what the integration answered.
func loggedInside(fx *Facts, c *cell, candidate string) bool {
	for _, r := range recordsOf(fx, c.rows...) {
		if r.Inside == candidate {
			return true
		}
	}
	return false
}
