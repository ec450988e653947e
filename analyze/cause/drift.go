package cause

import (
	"path"
	"slices"
	"strings"

	"stageprobe/analyze/behaviour"
	"stageprobe/analyze/diff"
	"stageprobe/analyze/remedy"
	"stageprobe/probe"
)

// Matters of a setting in which stages differ.
const (
	linkedSetting   = "linked"
	cosmeticSetting = "cosmetic"
	untestedSetting = "untested"
	noDifference    = "no difference seen"
)

// stageConfigDrift links settings in which stages differ to scenarios that they
// answer differently, and says of each setting whether it matters.
func stageConfigDrift(fx *Facts, _ *Known) Verdict {
	v := Verdict{settings: map[string][]Setting{}}
	unlike := unlikePairs(fx)
	for _, u := range unlike {
		if u.cached == nil {
			v.report(driftFinding(fx, u), u.key())
		}
	}
	for _, api := range apisOf(fx) {
		all := diff.Stages(api)
		if fx.Plan.Requests == 0 {
			undeclaredDrift(fx, api, all, &v)
		}
		linked := map[string]bool{}
		for _, u := range unlike {
			for _, r := range u.reasons {
				if u.api == api {
					linked[r.Name] = true
				}
			}
		}
		if len(linked) == 0 {
			untestedAuthorizers(fx, api, all, &v)
		}
		for _, set := range all {
			v.settings[api.ID] = append(v.settings[api.ID], note(fx, api, set, linked[set.Name]))
		}
	}
	return v
}

func apisOf(fx *Facts) []*probe.API {
	var out []*probe.API
	for _, sub := range fx.targets {
		if sub.api != nil {
			out = once(out, sub.api)
		}
	}
	return out
}

// AuthorizersDiffer says that two stages of one deployment ask different
// authorizers, about routes to which no request was sent.
type AuthorizersDiffer struct {
	said
	Stages [2]string
	In     []Configured
}

// DriftUndeclared says that stages differ in settings that can change an answer, and
// that nobody declared it; no request was sent to see whether they do.
type DriftUndeclared struct {
	said
	API    string
	Stages []string
	In     []Configured
}

// StagesDiffer says that two stages answer differently although the same is
// deployed on both, and in which settings they differ.
type StagesDiffer struct {
	said
	Stages    [2]string
	Scenarios []string
	Answers   []LevelAnswer
	In        []Configured
}

// unlike are two stages that answer some scenarios differently although the same
// is deployed, with the settings that can be the reason.
type unlike struct {
	api       *probe.API
	stages    [2]*target
	scenarios []int
	reasons   []diff.Setting
	cached    *target // the stage whose cache is the reason; nil where none is
}

func (u *unlike) key() string {
	return u.api.ID + "/" + u.stages[0].Stage + "/" + u.stages[1].Stage
}

// untestedAuthorizers finds stages of one deployment that ask different
// authorizers about routes to which no request was sent: who is let in may
// differ, and this run does not tell.
func untestedAuthorizers(fx *Facts, api *probe.API, all []diff.Setting, v *Verdict) {
	for _, p := range stagePairs(fx, api) {
		var reasons []diff.Setting
		for _, set := range all {
			if strings.HasPrefix(set.Name, "authorizers[") && set.Behaviour && set.Values[p[0].Stage] != set.Values[p[1].Stage] &&
				p[0].DeploymentID == p[1].DeploymentID && !compared(fx, api, set) && !intended(fx, set) {
				reasons = append(reasons, set)
			}
		}
		if len(reasons) == 0 {
			continue
		}
		f := unsent(Topic("scenario behind the authorizer"), settingsOf(p, reasons))
		f.Targets = []string{p[0].ID, p[1].ID}
		f.say(AuthorizersDiffer{Stages: [2]string{p[0].Stage, p[1].Stage}, In: settingsOf(p, reasons)})
		f.Remedy = alignRemedy(fx, api, p, reasons)
		v.report(f, api.ID+"/"+p[0].Stage+"/"+p[1].Stage)
	}
}

// unsent is what all findings share of settings in which stages differ and to which no
// request was sent.
func unsent(settled Fact, differ []Configured) Finding {
	return Finding{
		Severity: Warning, Linked: ConsistentWith, Scenarios: []string{}, Statistics: &Statistics{Test: "configuration"},
		SettledBy: settled, Proof: evidence(asFacts(differ)...),
	}
}

// undeclaredDrift finds, where no request is sent, the settings in which stages
// differ that can change an answer and that nobody declared.
func undeclaredDrift(fx *Facts, api *probe.API, all []diff.Setting, v *Verdict) {
	var differ []Configured
	var reasons []diff.Setting
	var stages []string
	for _, set := range all {
		between := undeclared(fx, api, set)
		if !set.Behaviour || len(between) == 0 {
			continue
		}
		stages = append(stages, between...)
		c := Configured{Setting: set.Name}
		for i := range api.Stages {
			c.On = append(c.On, StageValue{api.Stages[i].Name, set.Values[api.Stages[i].Name]})
		}
		differ, reasons = append(differ, c), append(reasons, set)
	}
	if len(differ) == 0 {
		return
	}
	stages = compacted(stages)
	f := unsent(Topic("answers of the stages"), differ)
	f.Remedy = []Remedy{remedy.Intend(settingNames(reasons), stages...)}
	if pair, ok := bothOf(fx, api, stages); ok {
		f.Remedy = alignRemedy(fx, api, pair, reasons)
	}
	for _, st := range stages {
		f.Targets = append(f.Targets, api.ID+"/"+st)
	}
	f.say(DriftUndeclared{API: api.ID, Stages: stages, In: differ})
	v.report(f, api.ID)
}

// bothOf are the targets of two stages that differ; false where there are more.
func bothOf(fx *Facts, api *probe.API, stages []string) (pair [2]*target, ok bool) {
	if len(stages) != len(pair) {
		return pair, false
	}
	for i, name := range stages {
		pair[i] = fx.find(func(t *target) bool { return t.APIID == api.ID && t.Stage == name && t.conf != nil })
	}
	return pair, pair[0] != nil && pair[1] != nil
}

// undeclared are the stages between which nobody declared that a setting differs.
func undeclared(fx *Facts, api *probe.API, set diff.Setting) []string {
	var out []string
	for i := range api.Stages {
		for j := i + 1; j < len(api.Stages); j++ {
			a, b := api.Stages[i].Name, api.Stages[j].Name
			covered := func(d Intended) bool { return d.covers(set, []string{a, b}) }
			if set.Values[a] != set.Values[b] && !slices.ContainsFunc(fx.Intended, covered) {
				out = append(out, a, b)
			}
		}
	}
	return out
}

func settingsOf(p [2]*target, reasons []diff.Setting) []Configured {
	return each(reasons, func(r diff.Setting) Configured {
		return Configured{Setting: r.Name, On: []StageValue{{p[0].Stage, r.Values[p[0].Stage]}, {p[1].Stage, r.Values[p[1].Stage]}}}
	})
}

// unknownMember begins the names of settings that the SDK does not know: what they do is
// not known either.
const unknownMember = "other."

// note says of a setting whether it matters.
func note(fx *Facts, api *probe.API, set diff.Setting, linked bool) Setting {
	n := Setting{Setting: set.Name, Values: set.Values, Matters: untestedSetting, Intended: intended(fx, set)}
	switch {
	case linked:
		n.Matters = linkedSetting
	case !set.Behaviour && !strings.HasPrefix(set.Name, unknownMember):
		n.Matters = cosmeticSetting
	case compared(fx, api, set):
		n.Matters = noDifference
	}
	return n
}

// intended tells whether somebody declared that stages may differ in a setting.
func intended(fx *Facts, set diff.Setting) bool {
	return slices.ContainsFunc(fx.Intended, func(i Intended) bool { return i.covers(set, nil) })
}

// covers tells whether a declaration names a setting and the stages given.
func (i Intended) covers(set diff.Setting, stages []string) bool {
	if ok, _ := path.Match(i.Setting, set.Name); !ok && i.Setting != set.Name {
		return false
	}
	return len(i.Stages) == 0 || !slices.ContainsFunc(stages, func(st string) bool { return !slices.Contains(i.Stages, st) })
}

// compared tells whether a scenario that a setting can influence was sent to two
// stages with different values.
func compared(fx *Facts, api *probe.API, set diff.Setting) bool {
	for _, p := range stagePairs(fx, api) {
		if set.Values[p[0].Stage] == set.Values[p[1].Stage] {
			continue
		}
		for _, c := range p[0].cells {
			if _, n := distance(fx, p[0], p[1], c.scenario); n > 0 && touches(set.Touches, fx.routeKey(p[0], c.scenario)) {
				return true
			}
		}
	}
	return false
}

// stagePairs are the pairs of stages of an API whose own invoke URLs were
// probed.
func stagePairs(fx *Facts, api *probe.API) [][2]*target {
	own := slices.DeleteFunc(slices.Clone(fx.targets), func(sub *target) bool {
		return sub.api != api || sub.conf == nil || sub.Kind != probe.InvokeURL || sub.n() == 0
	})
	var out [][2]*target
	for i := range own {
		for j := i + 1; j < len(own); j++ {
			if own[i].Stage != own[j].Stage {
				out = append(out, [2]*target{own[i], own[j]})
			}
		}
	}
	return out
}

// unlikePairs finds, per pair of stages, scenarios that are answered differently
// although the same is deployed, and the settings that can be the reason.
func unlikePairs(fx *Facts) []*unlike {
	var out []*unlike
	for _, api := range apisOf(fx) {
		all := diff.Stages(api)
		for _, p := range stagePairs(fx, api) {
			if u := compareStages(fx, p, all); u != nil {
				out = append(out, u)
			}
		}
	}
	return out
}

func compareStages(fx *Facts, p [2]*target, all []diff.Setting) *unlike {
	u := &unlike{api: p[0].api, stages: p}
	for _, c := range p[0].cells {
		d, n := distance(fx, p[0], p[1], c.scenario)
		if n < tuning.Enough.Compare || d < tuning.Apart || !sameRoute(fx, p[0], p[1], c.scenario) {
			continue
		}
		touching := touching(fx, p, c.scenario, all)
		if len(touching) == 0 {
			continue
		}
		u.scenarios = append(u.scenarios, c.scenario)
		for _, t := range touching {
			if !slices.ContainsFunc(u.reasons, func(r diff.Setting) bool { return r.Name == t.Name }) {
				u.reasons = append(u.reasons, t)
			}
		}
	}
	if len(u.scenarios) == 0 {
		return nil
	}
	u.cached = cachedSide(fx, p, u.reasons)
	return u
}

// touching are the settings in which two stages differ that can change the
// answers of a scenario. Where a declared difference is among them it is taken for
// the reason, and nothing is reported.
func touching(fx *Facts, p [2]*target, scenario int, all []diff.Setting) []diff.Setting {
	key, stages := fx.routeKey(p[0], scenario), []string{p[0].Stage, p[1].Stage}
	var out []diff.Setting
	for _, set := range all {
		if !set.Behaviour || set.Values[p[0].Stage] == set.Values[p[1].Stage] || !touches(set.Touches, key) {
			continue
		}
		if slices.ContainsFunc(fx.Intended, func(i Intended) bool { return i.covers(set, stages) }) {
			return nil
		}
		out = append(out, set)
	}
	return out
}

// sameRoute tells whether two stages serve the same definition of a scenario's
// route: the same deployment, or snapshots that agree on it but for who may call.
func sameRoute(fx *Facts, a, b *target, scenario int) bool {
	if a.DeploymentID != "" && a.DeploymentID == b.DeploymentID {
		return true
	}
	if a.conf.Deployed == nil || b.conf.Deployed == nil {
		return false
	}
	diffs, _ := diff.Definitions(a.conf.Deployed, b.conf.Deployed)
	key := fx.routeKey(a, scenario)
	return !slices.ContainsFunc(diffs, func(d diff.Difference) bool {
		return touches(d.Routes, key) && !strings.Contains(d.Aspect, "authoriz") && !strings.HasPrefix(d.Subject, "authorizer ")
	})
}

func driftFinding(fx *Facts, u *unlike) Finding {
	p, scenarios, reasons := u.stages, u.scenarios, u.reasons
	f := Finding{Linked: Statistical, Targets: []string{p[0].ID, p[1].ID}, Scenarios: fx.scenarioNames(scenarios...)}
	lines := asFacts(settingsOf(p, reasons))
	f.say(StagesDiffer{Stages: [2]string{p[0].Stage, p[1].Stage}, Scenarios: f.Scenarios, Answers: contrast(fx, p, scenarios[0]), In: settingsOf(p, reasons)})
	if roots(reasons) == 1 {
		f.Linked = Proven
	} else {
		f.SettledBy = Topic("one setting at a time")
	}
	n := 0
	for _, sub := range p {
		for _, c := range cellsOf(sub, scenarios) {
			n += len(c.rows)
			lines = append(lines, fx.example(sub, c.ref))
			f.rests = append(f.rests, refusedIn(fx, c.clusters)...)
		}
	}
	f.Proof = evidence(lines...)
	f.Statistics = &Statistics{Test: "answers of two stages", Effect: 1, N: n, Table: pairTable(fx, p, scenarios)}
	f.Statistics.Statistic, _ = distance(fx, p[0], p[1], scenarios[0])
	f.Differs = stagesApart(fx, p, scenarios)
	f.Remedy = alignRemedy(fx, u.api, p, reasons)
	return f
}

// stagesApart is in what two stages answer some scenarios differently.
func stagesApart(fx *Facts, p [2]*target, scenarios []int) []Difference {
	at := [2]int{p[0].index, p[1].index}
	l := fx.pairs[at]
	if l == nil {
		return nil
	}
	marks := slices.DeleteFunc(slices.Clone(unfrozen(fx, at, strong(l, fx.threshold()))), func(m behaviour.Mark) bool { return !slices.Contains(scenarios, m.Scenario) })
	return differs(fx, p[0], marks, "stage "+p[0].Stage, "stage "+p[1].Stage)
}

// roots counts settings that can be changed on their own: an authorizer that a
// stage variable names differs because the variable does, and a cache has
// several settings.
func roots(reasons []diff.Setting) int {
	kinds := map[string]bool{}
	variables := slices.ContainsFunc(reasons, func(r diff.Setting) bool { return strings.HasPrefix(r.Name, "variables.") })
	for _, r := range reasons {
		switch {
		case strings.Contains(r.Name, "cach"):
			kinds["cache"] = true
		case variables && strings.HasPrefix(r.Name, "authorizers["):
		default:
			kinds[r.Name] = true
		}
	}
	return len(kinds)
}

func refusedIn(fx *Facts, behaviours []int) []int {
	return slices.DeleteFunc(slices.Clone(behaviours), func(k int) bool { return !refused(&fx.Clusters[k]) })
}

// contrast are one scenario's usual answers side by side.
func contrast(fx *Facts, p [2]*target, scenario int) []LevelAnswer {
	var out []LevelAnswer
	var usual []*behaviour.Cluster
	for _, sub := range p {
		if c := cellOf(sub, scenario); c != nil && len(c.rows) > 0 {
			out = append(out, LevelAnswer{Level: sub.Stage, Answer: fx.summary(c.ref), Count: Count{c.count[c.ref], len(c.rows)}})
			usual = append(usual, fx.Clusters[c.ref].Cluster)
		}
	}
	if len(out) != 2 || out[0].Answer != out[1].Answer {
		return out
	}
	// Each is what is usual on its stage: named alike, they are told apart by a field.
	for i := range out {
		if f := unequalField(usual[i], usual[1-i]); f != nil {
			out[i].Answer += ", " + f.Path + " " + shorten(f.Value, 40)
		}
	}
	return out
}

// unequalField is the first field of a behaviour that another has with another value; nil
// where there is none.
func unequalField(c, other *behaviour.Cluster) *behaviour.Field {
	for i := range c.Fields {
		f := &c.Fields[i]
		if f.Value != "" && slices.ContainsFunc(other.Fields, func(o behaviour.Field) bool { return o.Path == f.Path && o.Value != "" && o.Value != f.Value }) {
			return f
		}
	}
	return nil
}

func pairTable(fx *Facts, p [2]*target, scenarios []int) *Table {
	return targetTable(fx, p[:], []string{p[0].Stage, p[1].Stage}, func(c *cell) bool { return slices.Contains(scenarios, c.scenario) })
}

// alignRemedy sets stage variables on either stage as they are on the other: which of
// them is right, nothing tells. The one that callers reach by a domain, or that has the
// name of production, is changed last.
func alignRemedy(fx *Facts, api *probe.API, p [2]*target, reasons []diff.Setting) []Remedy {
	if inUse(fx, p[1]) && !inUse(fx, p[0]) {
		p[0], p[1] = p[1], p[0]
	}
	var out []Remedy
	for _, way := range [][2]*target{p, {p[1], p[0]}} {
		set := map[string]string{}
		for _, r := range reasons {
			if name, ok := strings.CutPrefix(r.Name, "variables."); ok {
				set[name] = r.Values[way[0].Stage]
			}
		}
		if len(set) > 0 {
			out = append(out, remedy.StageVariables(fx.Snapshot.Region, api, way[1].conf, set, way[0].Stage)...)
		}
	}
	return append(out, remedy.Intend(settingNames(reasons), p[0].Stage, p[1].Stage))
}

func settingNames(settings []diff.Setting) []string {
	return each(settings, func(s diff.Setting) string { return s.Name })
}

// inUse tells whether a stage is likely the one that callers use.
func inUse(fx *Facts, sub *target) bool {
	return slices.Contains([]string{"prod", "production", "live"}, strings.ToLower(sub.Stage)) ||
		slices.ContainsFunc(fx.Snapshot.Domains, func(d probe.Domain) bool {
			return slices.ContainsFunc(d.Mappings, func(m probe.Mapping) bool { return m.APIID == sub.APIID && m.Stage == sub.Stage })
		})
}
