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
	Answers   []CountedAnswer // each kind of failure
}

// CountedAnswer is an answer and how often it came; 0 where there is no other.
type CountedAnswer struct {
	said
	Answer string
	N      int
}

// ByLogsOf says what the logs name of one of several answers.
type ByLogsOf struct {
	said
	Answer, What string
}

// Inside says that failures are in the bodies of successes.
type Inside struct {
	said
	Why string
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
			if _, known := failureOf(fx, failure.CauseIntegration, c.rows); known != nil {
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
	if brokeOffThroughout(fx, sub, c) {
		return len(c.rows) >= tuning.Enough.Refused && known.by[c.ref] == ""
	}
	if c.ref < 0 || len(c.rows) < tuning.Enough.Refused && !fx.Done || !failsThroughout(fx, c) ||
		expected(fx, sub, c.scenario) || known.by[c.ref] != "" {
		return false
	}
	if len(c.clusters) > 1 && canaryConfigured(sub) {
		return false // which side fails how is the canary's
	}
	_, said := failureOf(fx, failure.CauseIntegration, c.rows)
	read := &fx.Clusters[c.ref].Reading
	// What a backend answers always is its own word; one that fails in several ways and
	// never succeeds is broken, whoever wrote the answers.
	return said != nil || read.Producer == signature.Gateway || read.GatewayResponse != "" || len(fx.names(c.clusters)) > 1 || gatewayWords(fx, c)
}

// brokeOffThroughout tells whether every answer of a route that streams began, and ended
// before its body did. An answer that API Gateway holds until it is whole does not break
// off: there it is the doing of what stands before it, and nobody's failure here.
func brokeOffThroughout(fx *Facts, sub *target, c *cell) bool {
	return c.ref >= 0 && streams(fx, sub, c.scenario) && allOf(fx, c.clusters, (*Cluster).brokeOff)
}

// gatewayWords tells whether an answer of an HTTP API, which names no gateway response, is
// in the gateway's own words for a failure of the integration, and no log shows that the
// integration wrote them.
func gatewayWords(fx *Facts, c *cell) bool {
	k := &fx.Clusters[c.ref]
	if k.Reading.APIKind != probe.HTTP || len(k.Reading.Candidates) == 0 || ID(k.Reading.Candidates[0].Finding) != IntegrationError {
		return false
	}
	for _, r := range recordsOf(fx, c.rows...) {
		if r.IntegrationStatus != nil && *r.IntegrationStatus == k.Status {
			return false
		}
	}
	return true
}

// firstHeld is what the first of some behaviours holds that holds such a thing; nil where
// none does.
func firstHeld[T any](fx *Facts, behaviours []int, of func(*Cluster) *T) *T {
	for _, k := range behaviours {
		if x := of(&fx.Clusters[k]); x != nil {
			return x
		}
	}
	return nil
}

// inside is the failure that successes of some behaviours hold; nil where they hold none.
func inside(fx *Facts, behaviours []int) *failure.Failure {
	return firstHeld(fx, behaviours, func(c *Cluster) *failure.Failure { return c.inside })
}

func broken(fx *Facts, sub *target, cells []*cell) Finding {
	f := alikeThroughout(fx, sub, cells)
	k := cells[0].ref
	answers := answersOf(fx, cells)
	f.say(AllFail{N: f.Statistics.N, Target: sub.ID, Scenarios: f.Scenarios, Answers: answers})
	if fx.preflight(cells[0].scenario) {
		f.say(Topic("preflight fails"))
	}
	line, known := failureOf(fx, failure.CauseIntegration, cells[0].rows)
	var why Fact
	if known != nil {
		why = ByLogs{What: known.Why}
		if of := fx.summary(clusterOf(fx, cells, line)); len(answers) > 1 {
			why = ByLogsOf{Answer: of, What: known.Why}
		}
	} else if line, known = mockWithout(fx, sub, cells[0]); known != nil {
		why = ByConfiguration{What: quote(known.Why)}
	}
	if known == nil {
		f.Remedy = []Remedy{whereToLook(&fx.Clusters[k])}
		switch {
		case brokeOffThroughout(fx, sub, cells[0]):
			f.say(breaksOff(fx, sub, cells[0].scenario))
			f.Remedy = []Remedy{remedy.WatchStream}
		case ownAnswers(fx, cells):
			f.say(Topic("no success"))
		default:
			f.say(Topic("no usable answer"))
			f.SettledBy = ErrorLogs{Stage: sub.Stage}
		}
		f.Proof = evidence(fx.example(sub, k))
		return f
	}
	f.Linked = Proven
	f.say(why)
	f.Proof = evidence(line, fx.example(sub, k))
	for _, place := range placesOf(fx, sub, cells) {
		f.Remedy = append(f.Remedy, remedy.Failure(known, place)...)
	}
	if len(f.Remedy) == 0 {
		f.Remedy = []Remedy{lookAt(known)}
	}
	return f
}

// BreaksOff says what ends answers before their body does. Streamed tells that the route
// streams them.
type BreaksOff struct {
	said
	Streamed, Edge bool
}

func breaksOff(fx *Facts, sub *target, scenario int) BreaksOff {
	return BreaksOff{Streamed: streams(fx, sub, scenario), Edge: sub.Endpoint == "EDGE"}
}

// streams tells whether the configuration has a route's answers streamed.
func streams(fx *Facts, sub *target, scenario int) bool {
	r := fx.route(sub, scenario)
	return r != nil && r.Integration.TransferMode == "STREAM"
}

// ownAnswers tells whether all answers of some cells are the integration's own.
func ownAnswers(fx *Facts, cells []*cell) bool {
	return !slices.ContainsFunc(cells, func(c *cell) bool {
		return gatewayWords(fx, c) || !allOf(fx, c.clusters, func(k *Cluster) bool { return k.Reading.Producer == signature.Integration })
	})
}

// answersOf are the answers of some cells, each kind once, the most frequent first.
func answersOf(fx *Facts, cells []*cell) []CountedAnswer {
	var out []CountedAnswer
	for _, c := range cells {
		for _, k := range c.clusters {
			name := fx.summary(k)
			at := slices.IndexFunc(out, func(a CountedAnswer) bool { return a.Answer == name })
			if at < 0 {
				at, out = len(out), append(out, CountedAnswer{Answer: name})
			}
			out[at].N += c.count[k]
		}
	}
	slices.SortStableFunc(out, func(a, b CountedAnswer) int { return cmp.Compare(b.N, a.N) })
	if len(out) == 1 {
		out[0].N = 0
	}
	return out
}

// clusterOf is the behaviour of the request that a line of a log is of.
func clusterOf(fx *Facts, cells []*cell, line Fact) int {
	l, _ := line.(Logged)
	for _, c := range cells {
		for _, i := range c.rows {
			if fx.Rows[i].RequestID == l.Request {
				return fx.Rows[i].Cluster
			}
		}
	}
	return cells[0].ref
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

// placesOf is where the remedies of failing routes apply: one place for each integration.
func placesOf(fx *Facts, sub *target, cells []*cell) []remedy.Place {
	var out []remedy.Place
	at := map[string]int{}
	for _, c := range cells {
		p := placeOf(fx, sub, c)
		if i, has := at[p.Function]; has {
			out[i].Several = out[i].Several || out[i].Method != p.Method || out[i].Resource != p.Resource
		} else if len(out) < mostPlaces {
			at[p.Function] = len(out)
			out = append(out, p)
		}
	}
	return out
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
