package cause

import (
	"cmp"
	"slices"
	"strings"

	"stageprobe/analyze/remedy"
	"stageprobe/analyze/signature"
	"stageprobe/probe"
	"stageprobe/probe/failure"
)

// AllFail says that every answer of some scenarios is the same failure.
type AllFail struct {
	said
	N         int
	Target    string
	Scenarios []string
	Answer    string
}

// ErrorLogs are logs of a stage that name the reason of a failure.
type ErrorLogs struct {
	said
	Stage string
}

// integrationError finds scenarios of which the gateway gets no usable answer from
// the integration, ever, and says why where a log or the answer itself names the
// reason. What the backend itself answers, be it a failure, is the backend's.
func integrationError(fx *Facts, known *Known) Verdict {
	var v Verdict
	for _, sub := range fx.targets {
		if known.closed[sub.index] {
			continue
		}
		insideSuccess(fx, known, sub, &v)
		byLine := map[string][]*cell{}
		var lines []string
		for _, c := range sub.cells {
			if !brokenThroughout(fx, known, sub, c) {
				continue
			}
			line := fx.Clusters[c.ref].ID
			if _, known := failureOf(fx, c.rows); known != nil {
				line = known.Line
			}
			if byLine[line] == nil {
				lines = append(lines, line)
			}
			byLine[line] = append(byLine[line], c)
		}
		for _, line := range lines {
			v.report(broken(fx, sub, byLine[line]), stageKey(sub.Target)+" "+line)
		}
	}
	return v
}

// brokenThroughout tells whether every answer of a cell is a failure that the gateway
// wrote, as a gateway response shows, or that the logs lay to the integration, and
// that nobody expects.
func brokenThroughout(fx *Facts, known *Known, sub *target, c *cell) bool {
	if c.ref < 0 || len(c.rows) < tuning.Enough.Refused && !fx.Done || !failsThroughout(fx, c) ||
		fx.Expected != nil && fx.Expected(sub.index, c.scenario) || known.by[c.ref] != "" {
		return false
	}
	_, said := failureOf(fx, c.rows)
	read := &fx.Clusters[c.ref].Reading
	return said != nil || read.Producer == signature.Gateway || read.GatewayResponse != ""
}

// failureOf is the first failure of the integration that the logs of some rows name,
// with its line of evidence; nil where they name none.
func failureOf(fx *Facts, rows []int) (line Fact, known *failure.Failure) {
	if fx.Records == nil {
		return nil, nil
	}
	for _, i := range rows {
		for _, r := range fx.Records(fx.Rows[i].RequestID) {
			found, _ := failure.Of(&r)
			for k := range found {
				if found[k].Cause == failure.CauseIntegration {
					return Logged{Group: r.Group, Request: fx.Rows[i].RequestID, Says: quote(found[k].Line)}, &found[k]
				}
			}
		}
	}
	return nil, nil
}

// broken is the finding of an integration that never answers the gateway.
func broken(fx *Facts, sub *target, cells []*cell) Finding {
	f := Finding{Linked: ConsistentWith, Targets: []string{sub.ID}, Scenarios: fx.cellNames(cells)}
	n := 0
	for _, c := range cells {
		n += len(c.rows)
		f.rests = append(f.rests, c.clusters...)
	}
	k := cells[0].ref
	f.say(AllFail{N: n, Target: sub.ID, Scenarios: f.Scenarios, Answer: fx.summary(k)})
	if fx.preflight(cells[0].scenario) {
		f.say(Topic("preflight fails"))
	}
	f.Statistics = &Statistics{Test: "all answers alike", Statistic: float64(n), Effect: 1, N: n, Share: interval(n, n, fx.alpha)}
	line, known := failureOf(fx, cells[0].rows)
	var why Fact
	if known != nil {
		why = ByLogs{What: known.Why}
	} else if line, known = mockWithout(fx, sub, cells[0]); known != nil {
		why = ByConfiguration{What: quote(known.Why)}
	}
	if known == nil {
		f.say(Topic("no usable answer"))
		f.SettledBy = ErrorLogs{Stage: sub.Stage}
		f.Remedy = []Remedy{whereToLook(&fx.Clusters[k])}
		f.Proof = evidence(fx.example(sub, k))
		return f
	}
	f.Linked = Proven
	f.say(why)
	f.Proof = evidence(line, fx.example(sub, k))
	f.Remedy = remedy.Failure(known, placeOf(fx, sub, cells[0]))
	if len(f.Remedy) == 0 {
		f.Remedy = []Remedy{{Text: known.Check}}
	}
	return f
}

// MockWithout says that a mock's template for a media type is missing, or names no
// status code.
type MockWithout struct {
	said
	Route, Media string
	Template     bool // there is one
}

// mockWithout is the failure of a mock whose template for the request's type names no
// status code, as the configuration shows it: no log is needed for that. A request that
// names no type is taken as application/json.
func mockWithout(fx *Facts, sub *target, c *cell) (line Fact, known *failure.Failure) {
	r := fx.route(sub, c.scenario)
	if r == nil || r.Integration.Type != "MOCK" || fx.Clusters[c.ref].Status != 500 || slices.Contains(sub.conf.Deployed.Unknown, "integration") {
		return nil, nil
	}
	media, _, _ := strings.Cut(cmp.Or(probe.HeaderValue(fx.scenario(c.scenario).Header, "content-type"), "application/json"), ";")
	template, there := r.Integration.RequestTemplates[media]
	if strings.Contains(strings.ToLower(template), "statuscode") {
		return nil, nil
	}
	return InConfiguration{What: MockWithout{Route: fx.routeKey(sub, c.scenario), Media: media, Template: there}}, failure.NoStatusCode()
}

// placeOf is where a failing route's remedy applies.
func placeOf(fx *Facts, sub *target, c *cell) remedy.Place {
	var p remedy.Place
	for _, i := range c.rows {
		if fx.Records == nil {
			break
		}
		if recs := fx.Records(fx.Rows[i].RequestID); len(recs) > 0 {
			at := slices.IndexFunc(recs, func(r probe.LogRecord) bool { return r.Error != "" })
			p = remedy.PlaceOf(&recs[max(0, at)])
			break
		}
	}
	p.Region, p.APIID, p.Stage = fx.Snapshot.Region, sub.APIID, sub.Stage
	if sub.api != nil {
		p.APIKind = sub.api.Kind
	}
	p.Method = fx.scenario(c.scenario).Method
	if _, path, ok := strings.Cut(fx.routeKey(sub, c.scenario), " "); ok {
		p.Resource = cmp.Or(p.Resource, path)
	}
	if r := fx.route(sub, c.scenario); r != nil {
		p.Integration(r.Integration.URI)
	}
	return p
}
