package analyze

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"stageprobe/analyze/behaviour"
	"stageprobe/analyze/cause"
	"stageprobe/analyze/report/prose"
	"stageprobe/analyze/words"
	"stageprobe/probe"
	"stageprobe/probe/recording"
)

// reporting makes the parts of a report from what a session has seen.
type reporting struct{ *Session }

// Ending is how a run ended.
type Ending struct {
	RunID   string
	Started time.Time
	Ended   time.Time
	Stopped string // decided, budget, interrupted
	Lost    int    // requests that were planned and that no agent reported
	Notes   []string
	Stood   *recording.Stood // of a recording: since when its verdicts stood; nil of a run at hand
	// Vantages are the places from which was sent, where there are several.
	Vantages []probe.Vantage
	// NoAnswer says why, where no request got an HTTP answer.
	NoAnswer string
}

// Exit codes of a run that produced a report. Wrong use (2) makes none.
const (
	ExitOK          = 0
	ExitFinding     = 1
	ExitUndecided   = 3
	ExitInterrupted = 130
)

// Report makes the report of everything seen, as of the last row.
func (s *Session) Report(end Ending) *Report {
	if end.Stood != nil {
		s.stood = end.Stood
	}
	SetVantages(s, end.Vantages)
	s.mu.Lock()
	defer s.mu.Unlock()
	result, in := decide(s, true)
	rep := &Report{
		Schema: ReportSchema,
		Run: Run{
			ID: end.RunID, Started: end.Started.UTC(), Ended: end.Ended.UTC(), Seed: s.plan.Seed,
			Requests: s.requests(), Failed: s.silent, Lost: end.Lost, Stopped: end.Stopped,
			Confidence: s.policy.confidence(), Version: s.policy.Version,
		},
		Targets:      reporting{s}.reportTargets(in, &result),
		Findings:     orEmpty(result.Findings),
		Expectations: []Expectation{},
		Steps:        result.Steps[:],
		Logs:         reporting{s}.reportLogs(in.Logs),
		Open:         result.Open,
		Efficiency:   result.Efficiency,
		Efficiencies: result.Efficiencies,
		Config:       NewConfig(&s.snap, &result),
	}
	for i := range rep.Open {
		if q := &rep.Open[i]; s.planner.gaveUp(q.Target) {
			q.More, q.Low, q.High = 0, 0, 0 // nothing more is sent that could decide it
		}
	}
	rep.stood = s.stood
	rep.Notes = reporting{s}.notes(slices.Concat(end.Notes, s.remark()), prose.Lines(result.Notes))
	rep.Unread = s.policy.Unread
	if rep.Run.Failed == rep.Run.Requests {
		rep.NoAnswer = end.NoAnswer
	}
	if s.policy.Unread != "" && s.policy.Asked {
		rep.Open = append(rep.Open, Question{Text: "what configuration and logs say: " + s.policy.Unread, Enable: "credentials that may read them"})
	}
	if s.policy.Logs == "require" && rep.Logs.Matched == 0 {
		rep.Open = append(rep.Open, Question{
			Text:   "what the logs say: they are required, and none of the requests was found in them",
			Enable: "execution or access logs of the stages, and the right to read them (stageprobe policy logs)",
		})
	}
	for i := range rep.Targets {
		t := &rep.Targets[i]
		if len(s.plan.Scenarios) > 0 && !slices.ContainsFunc(s.plan.Scenarios, func(sc probe.Scenario) bool { return sc.For(t.ID) }) {
			rep.Open = append(rep.Open, Question{Target: t.ID, Text: "what answers there: nothing was found that may be sent to it", Enable: "requests to it in a scenario file (-f)"})
		}
	}
	if s.policy.Judge != nil {
		rep.Expectations = orEmpty(s.policy.Judge.Judge(rep))
		rep.addExpectationFindings()
	}
	rep.Conclude(cmp.Or(s.policy.FailOn, cause.Error))
	return rep
}

func (s reporting) reportTargets(in cause.Input, result *cause.Result) []Target {
	grouping := result.Behaviours
	out := make([]Target, len(s.plan.Targets))
	for i := range s.plan.Targets {
		t := &s.plan.Targets[i]
		rt := newTarget(&s.snap, t)
		rt.DeploymentID, rt.Canary = s.deployment(t), s.reportCanary(t, result)
		s.fillClusters(&rt, in, i, grouping)
		if i < len(result.Moves) {
			rt.Moves = result.Moves[i]
		}
		if claim, ok := result.Claims[t.ID]; ok && rt.answered() {
			rt.Claim, rt.Deviating = &claim, result.Strays[t.ID]
		}
		out[i] = rt
	}
	return out
}

// newTarget is what is known of an address before anything was sent to it.
func newTarget(snap *probe.Snapshot, t *probe.Target) Target {
	out := Target{
		ID: t.ID, URL: t.URL, Kind: t.Kind, Region: cmp.Or(t.Region, snap.Region), APIID: t.APIID, APIKind: t.APIKind,
		Stage: t.Stage, DeploymentID: t.DeploymentID, Clusters: []Cluster{},
	}
	if api := snap.API(t.APIID); api != nil {
		out.AccountID, out.Region, out.APIName = api.AccountID, cmp.Or(api.Region, out.Region), api.Name
	}
	if t.Meant != nil {
		out.Meant = t.Meant.Stage
	}
	return out
}

// answered tells whether any request got an HTTP answer.
func (t *Target) answered() bool {
	return slices.ContainsFunc(t.Clusters, func(c Cluster) bool { return c.Status != 0 })
}

// deployment is what a target's stage serves by the configuration as it was last
// read: a deployment may have come during the run.
func (s reporting) deployment(t *probe.Target) string {
	if st := s.snap.API(t.APIID).Stage(t.Stage); st != nil {
		return st.DeploymentID
	}
	return t.DeploymentID
}

func (s reporting) reportCanary(t *probe.Target, result *cause.Result) *Canary {
	if t.Canary == nil {
		return nil
	}
	c := &Canary{Percent: t.Canary.Percent, DeploymentID: t.Canary.DeploymentID}
	if m, ok := result.Measured[t.ID]; ok {
		c.Measured = &m
	}
	return c
}

// fillClusters adds a target's behaviours with their counts, shares, labels and
// times.
func (s reporting) fillClusters(rt *Target, in cause.Input, target int, grouping *behaviour.Result) {
	rt.Requests = s.seen[target]
	members := map[int][]int{} // cluster → rows
	perScenario := map[int]int{}
	var all []float64
	for i, r := range in.Rows {
		if r.Target != target || r.Cluster < 0 {
			continue
		}
		members[r.Cluster] = append(members[r.Cluster], i)
		all = append(all, ms(r.Took))
	}
	rt.LatencyMS = latency(all)
	rt.Timeline = timeline(in, target)
	for sc := range s.plan.Scenarios {
		for _, c := range grouping.Of(target, sc) {
			perScenario[sc] += c.Count
		}
	}
	for _, c := range grouping.All() {
		at := s.clusterIndex(in, c)
		if at < 0 || in.Clusters[at].Target != target {
			continue
		}
		rt.Clusters = append(rt.Clusters, s.reportCluster(in, c, members[at], perScenario[in.Clusters[at].Scenario], grouping))
	}
}

func (s reporting) clusterIndex(in cause.Input, c *behaviour.Cluster) int {
	return slices.IndexFunc(in.Clusters, func(x cause.Cluster) bool {
		return x.ID == c.ID && s.plan.Targets[x.Target].ID == c.Target && s.plan.Scenarios[x.Scenario].Name == c.Scenario
	})
}

// among tells, of the answers to the scenario of some rows on their target, which are those.
func among(in cause.Input, rows []int) []bool {
	var out []bool
	at := 0
	for i := range in.Rows {
		if len(rows) == 0 {
			break
		}
		r := &in.Rows[i]
		if first := &in.Rows[rows[0]]; r.Cluster < 0 || r.Target != first.Target || r.Scenario != first.Scenario {
			continue
		}
		mine := at < len(rows) && rows[at] == i
		if mine {
			at++
		}
		out = append(out, mine)
	}
	return out
}

func (s reporting) reportCluster(in cause.Input, c *behaviour.Cluster, rows []int, of int, grouping *behaviour.Result) Cluster {
	share := float64(c.Count) / float64(max(of, 1))
	low, high := 0., 1. // nothing is known of it where answers come in a few stretches
	so := among(in, rows)
	most := 2*len(rows) > len(so) // its interval is that of the others, from the other end
	for i := range so {
		so[i] = so[i] != most
	}
	if i := cause.ShareOf(so, 1-s.policy.confidence()); i != nil && len(rows) > 0 {
		if most {
			i.Low, i.High = 1-i.High, 1-i.Low
		}
		low, high = min(i.Low, share), max(i.High, share)
	}
	var took []float64
	for _, i := range rows {
		took = append(took, ms(in.Rows[i].Took))
	}
	exemplar := cmp.Or(c.Exemplar, &behaviour.Exemplar{})
	out := Cluster{
		ID: c.ID, Kind: kindOf(c.Kind), Scenario: c.Scenario, Count: c.Count, Share: share, ShareLow: low, ShareHigh: high,
		Status: c.Status, Producer: string(c.Reading.Producer),
		GatewayResponse: orNil(c.Reading.GatewayResponse), ErrorType: orNil(c.Reading.ErrorType),
		RequestIDExample: exemplar.RequestID, Served: served(in, rows), LatencyMS: latency(took),
		Reference: c.Reference,
		Example:   &Example{Header: orEmpty(exemplar.Header), Body: string(exemplar.Body)},
	}
	out.refine(in, rows)
	for _, i := range rows {
		at := in.Rows[i].At.UTC()
		out.First, out.Last = earlier(out.First, at), later(out.Last, at)
	}
	if ref := grouping.Usual(s.targets[c.Target], s.scenario[c.Scenario]); ref != nil && ref != c {
		for _, d := range behaviour.Differs(ref, c) {
			out.Example.Differs = append(out.Example.Differs, FieldDiff{Field: d.Field, Usual: d.A, Here: d.B})
		}
	}
	return out
}

// refine takes what the logs of a cluster's requests say and its answers do
// not: which gateway response it was. Where they say several, it stays open.
func (c *Cluster) refine(in cause.Input, rows []int) {
	if c.GatewayResponse != nil || c.Status < 400 {
		return
	}
	said := ""
	for _, i := range rows {
		for _, r := range in.Records(in.Rows[i].RequestID) {
			switch {
			case r.GatewayResponse == "" || r.GatewayResponse == said:
			case said != "":
				return
			default:
				said = r.GatewayResponse
			}
		}
	}
	c.GatewayResponse = orNil(said)
}

func served(in cause.Input, rows []int) Served {
	var out Served
	stages := map[string]bool{}
	for _, i := range rows {
		r := &in.Rows[i]
		if r.ServedStage != "" {
			stages[r.ServedStage] = true
		}
		switch r.Label {
		case cause.LabelCanary:
			out.Canary++
		case cause.LabelBase:
			out.Base++
		default:
			out.Unknown++
		}
	}
	out.Stage = strings.Join(sortedKeys(stages), ",")
	return out
}

// windows is how many columns a time strip has: what fits on a terminal line
// beside its legend.
const windows = 60

func timeline(in cause.Input, target int) *Timeline {
	var first, last time.Time
	for _, r := range in.Rows {
		if r.Target == target {
			first, last = earlier(first, r.At), later(last, r.At)
		}
	}
	span := last.Sub(first)
	if span <= 0 {
		return nil
	}
	t := &Timeline{WindowMS: ms(span) / windows, Clusters: map[string][]int{}}
	for _, r := range in.Rows {
		if r.Target != target || r.Cluster < 0 {
			continue
		}
		key := in.Plan.Scenarios[r.Scenario].Name + "/" + in.Clusters[r.Cluster].ID
		if t.Clusters[key] == nil {
			t.Clusters[key] = make([]int, windows)
		}
		t.Clusters[key][min(windows-1, int(windows*r.At.Sub(first)/span))]++
	}
	return t
}

func (s reporting) reportLogs(st cause.LogState) Logs {
	out := Logs{Coverage: st.Coverage, RequestsSampled: st.Sampled, Matched: st.Matched, Groups: []LogGroup{}}
	if s.evidence == nil {
		out.RequestsSampled = 0
		out.Note = "logs were not read"
		if s.policy.Logs == "off" {
			out.Note = "logs were not read: --logs off"
		}
		return out
	}
	for _, g := range s.evidence.Groups {
		if g.Exists {
			out.Groups = append(out.Groups, LogGroup{Name: g.Name, Stage: g.Stage, Canary: g.Canary, Events: g.Events})
		}
	}
	out.Note = logsNote(st, len(out.Groups))
	if st.Matched == 0 && len(out.Groups) > 0 && s.unreadLogs() >= len(out.Groups) {
		out.Note = "the log groups could not be read: the notes say why"
	}
	if len(s.evidence.lags) > 0 {
		l := latency(s.evidence.lags)
		out.LagMS = &l
	}
	out.Labels = s.labelCounts()
	return out
}

// unreadLogs counts the log groups that could not be read.
func (s reporting) unreadLogs() int {
	n := 0
	for _, g := range s.evidence.Gaps {
		if g.Operation == "FilterLogEvents" {
			n++
		}
	}
	return n
}

func logsNote(st cause.LogState, groups int) string {
	switch {
	case groups == 0:
		return "no log group of these stages exists: logging is off, or the role that writes logs is missing"
	case st.Matched == 0:
		return "no logged request matches one that was sent"
	case st.Late > 0:
		return words.Plural(st.Late, "request") + " may still be logged later"
	}
	return ""
}

func (s reporting) labelCounts() map[string]int {
	out := map[string]int{"canary": 0, "base": 0, "unknown": 0, "contradictory": 0}
	for i := range s.rows {
		r := &s.rows[i]
		l := labelling(s).label(r)
		switch {
		case l.contradictory:
			out["contradictory"]++
		case l.side == cause.LabelCanary:
			out["canary"]++
		case l.side == cause.LabelBase:
			out["base"]++
		default:
			out["unknown"]++
		}
	}
	return out
}
