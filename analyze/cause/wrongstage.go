package cause

import (
	"maps"
	"slices"

	"stageprobe/analyze/behaviour"
	"stageprobe/analyze/remedy"
	"stageprobe/probe"
)

// meant is the stage that a target is meant to serve: as somebody said, or the
// one that an invoke URL names.
func (sub *target) meant() (probe.StageRef, bool) {
	switch {
	case sub.Meant != nil:
		return *sub.Meant, true
	case sub.Kind == probe.InvokeURL && sub.Stage != "" && sub.Unmapped == "":
		return sub.stageRef(), true
	}
	return probe.StageRef{}, false
}

// meantElsewhere tells whether the configuration leads a target to another
// stage than the one it is meant to serve.
func meantElsewhere(sub *target) bool {
	return sub.Meant != nil && sub.APIID != "" && sub.Stage != "" && sub.stageRef() != *sub.Meant
}

// server says what the evidence tells of who serves a target.
type server int

const (
	asMeant   server = iota // as far as is known
	otherwise               // another stage
	inPart                  // another stage, a share of the requests
	byFront                 // another stage, a small share of the requests, divided before the gateway
	byAddress               // the stage meant, answering otherwise by the address, or nobody knows who
)

// sighting is what speaks about which stage serves a target.
type sighting struct {
	served   server
	shared   *sharing // for inPart
	meant    probe.StageRef
	byConfig bool // the configuration leads elsewhere

	byLog     map[probe.StageRef][]int // rows whose logs name a stage
	byAnswer  map[probe.StageRef]int   // a cluster whose answer names another stage
	rival     probe.StageRef           // the stage that serves instead, as far as known
	rivals    []probe.StageRef         // that the answers fit, where they do not fit the stage meant
	differs   []behaviour.Mark         // what tells the answers from those of the stage meant; On is the target
	against   float64                  // ln evidence that the answers are not those of the stage meant
	alike     bool                     // the rival's answers cannot be told from those of the stage meant
	unsettled bool                     // another stage's answers are not told from the target's yet
	leftover  bool                     // paths that the meant stage has are no routes here
}

// ServedElsewhere says that another stage than the one meant serves a target: as its
// own URL names it ("url"), as its mapping or a routing rule leads ("mapping"), or as
// was seen ("").
type ServedElsewhere struct {
	said
	Target, URL string
	By, Meant   probe.StageRef
	How         string
	Rule        *int // the routing rule's priority; nil where the mapping leads
}

// NoRouteThere says that all answers refuse a path that the stage meant serves.
type NoRouteThere struct {
	said
	N       int
	Answers []string
	Meant   string
}

// AnswerAlike says that two stages answer alike.
type AnswerAlike struct {
	said
	Stages    [2]string
	Scenarios int
}

// AnswersFit says that a target's answers fit some stages, if any, and not another.
type AnswersFit struct {
	said
	N      int
	Stages []string
	Not    string
}

// ByLogServed is the stage that a log names, AnswerNames the one that an answer does.
type ByLogServed struct {
	said
	Ref probe.StageRef
}

// AnswerNames is the stage that an answer itself names.
type AnswerNames struct {
	said
	Ref probe.StageRef
}

// LeadsElsewhere says where the configuration leads a target.
type LeadsElsewhere struct {
	said
	Target    string
	To, Meant probe.StageRef
}

// WhichStage asks which stage serves a target. Not is one whose answers it has not, and In
// is in what they differ; Perhaps are stages whose own answers are not known.
type WhichStage struct {
	said
	Not     string
	In      *Told
	Perhaps []string
}

// Told is a difference between two addresses: Usual at the stage meant.
type Told struct{ Scenario, Where, Usual, Other string }

// wrongStage finds targets that another stage serves than the one meant.
func wrongStage(fx *Facts, known *Known) Verdict {
	var v Verdict
	for i, g := range fx.sights {
		if g == nil {
			continue
		}
		sub := fx.targets[i]
		switch g.served {
		case otherwise:
			v.report(wrongFinding(fx, sub, *g), sub.ID)
			v.closeRefused(fx, sub)
		case inPart:
			reportSharing(fx, known, sub, *g, &v)
		case asMeant:
			openStage(fx, sub, g, &v)
		}
	}
	return v
}

func whoServes(fx *Facts, sub *target, g *sighting) {
	if !g.byConfig {
		g.shared = findSharing(fx, sub, g)
	}
	divided, unsure := dividedInFront(fx, sub, g)
	switch {
	case g.byConfig:
		g.served = otherwise
	case unsure:
		g.unsettled = true // more answers tell
	case divided:
		g.served = byFront
	case g.shared != nil && !(g.shared.byAnswers && len(g.rivals) > 0):
		g.served = inPart
	case g.logged(), len(g.byAnswer) > 0:
		g.served = otherwise
	case g.confirmed():
		g.served = byAddress
	case len(g.rivals) > 0:
		g.served = otherwise
	case len(g.differs) > 0 && !g.unsettled:
		g.served = byAddress
	}
}

// logged tells whether the logs name another stage for two requests or more,
// and for most of them.
func (g *sighting) logged() bool {
	other := g.count()
	return other >= 2 && other > len(g.byLog[g.meant])
}

// confirmed tells whether the logs name the stage meant: whatever the answers look
// like, no other stage serves the target then.
func (g *sighting) confirmed() bool { return len(g.byLog[g.meant]) >= 2 && len(g.byLog) == 1 }

// sight gathers what speaks about which stage serves a target; nil where none is
// meant, or the address leads to nothing.
func sight(fx *Facts, sub *target) *sighting {
	meant, ok := sub.meant()
	if !ok || sub.nowhere != nil {
		return nil
	}
	g := &sighting{meant: meant, byConfig: meantElsewhere(sub), byLog: map[probe.StageRef][]int{}, byAnswer: map[probe.StageRef]int{}}
	for _, i := range sub.rows() {
		r := &fx.Rows[i]
		if r.ServedStage != "" && r.ServedAPI != "" {
			ref := probe.StageRef{APIID: r.ServedAPI, Stage: r.ServedStage}
			g.byLog[ref] = append(g.byLog[ref], i)
		}
	}
	for _, k := range behavioursOf(sub.cells) {
		c := &fx.Clusters[k]
		if ref := (probe.StageRef{APIID: c.Reading.APIID, Stage: c.Reading.Stage}); c.Reading.APIID != "" && c.Reading.Stage != "" && ref != meant {
			g.byAnswer[ref] = k
		}
	}
	compare(fx, sub, g)
	g.leftover = leftover(fx, sub, meant)
	whoServes(fx, sub, g)
	return g
}

// leftover tells whether a target refuses as no route what the meant stage
// serves: the path that is left over after the mapping hits another API.
func leftover(fx *Facts, sub *target, meant probe.StageRef) bool {
	st := fx.Snapshot.API(meant.APIID).Stage(meant.Stage)
	if st == nil || st.Deployed == nil || !fx.all(sub, unrouted) {
		return false
	}
	return slices.ContainsFunc(sub.cells, func(c *cell) bool { return len(c.rows) > 0 && fx.routeOf(st.Deployed, c.scenario) != "" })
}

func confirm(fx *Facts, sub *target, g *sighting) []Fact {
	var lines []Fact
	for _, ref := range slices.SortedFunc(maps.Keys(g.byLog), compareRefs) {
		if ref == g.meant {
			continue
		}
		i := g.byLog[ref][0]
		lines = append(lines, fx.request(i, ByLogServed{Ref: ref}), fx.logLine(i, served))
	}
	for _, ref := range slices.SortedFunc(maps.Keys(g.byAnswer), compareRefs) {
		if i := fx.firstOf(sub, g.byAnswer[ref]); i >= 0 {
			lines = append(lines, fx.request(i, AnswerNames{Ref: ref}))
		}
	}
	return lines
}

func compareRefs(a, b probe.StageRef) int {
	return slices.Compare([]string{a.APIID, a.Stage}, []string{b.APIID, b.Stage})
}

func wrongFinding(fx *Facts, sub *target, g sighting) Finding {
	if g.rival == (probe.StageRef{}) {
		g.rival = g.instead(sub)
	}
	f := Finding{
		Targets: []string{sub.ID}, Scenarios: fx.cellNames(sub.cells), Remedy: remap(fx, sub, g.meant),
	}
	lines := confirm(fx, sub, &g)
	behaves := len(g.differs) > 0
	switch {
	case len(lines) > 0, g.byConfig && (behaves || g.leftover), namesStage(fx, sub):
		f.Linked = Proven
	case g.byConfig:
		f.Linked = ConsistentWith
		f.SettledBy = Topic("logs or a telling scenario")
	default:
		f.Linked = Statistical
		f.SettledBy = Topic("logs of the stages")
	}
	wrongWords(fx, sub, &g, behaves, &f)
	if g.byConfig {
		lines = append([]Fact{LeadsElsewhere{Target: sub.ID, To: sub.stageRef(), Meant: g.meant}}, lines...)
	}
	f.Proof = evidence(append(lines, fx.examples(sub, behavioursOf(sub.cells))...)...)
	f.Differs = differs(fx, sub, g.differs, sub.ID, "stage "+g.meant.Stage)
	if behaves {
		f.Statistics = againstMeant(fx, sub, &g)
		f.Statistics.Table = profileTable(fx, sub, &g)
	} else if n := fx.answered(sub); n > 0 {
		f.Statistics = &Statistics{Test: "configuration", Effect: 1, N: n}
	}
	f.rests = refusedIn(fx, behavioursOf(sub.cells))
	return f
}

// namesStage tells whether a target's own URL names the wrong stage, and a stage
// answers there.
func namesStage(fx *Facts, sub *target) bool {
	return sub.Kind == probe.InvokeURL && meantElsewhere(sub) && fx.answered(sub) > 0 && !fx.all(sub, nowhere)
}

// instead is the stage that the logs, the answers or the configuration name.
func (g *sighting) instead(sub *target) probe.StageRef {
	best, most := sub.stageRef(), 0
	for _, ref := range slices.SortedFunc(maps.Keys(g.byLog), compareRefs) {
		if n := len(g.byLog[ref]); ref != g.meant && n > most {
			best, most = ref, n
		}
	}
	if most == 0 && !g.byConfig {
		for _, ref := range slices.SortedFunc(maps.Keys(g.byAnswer), compareRefs) {
			return ref
		}
	}
	return best
}

// wrongWords says which stage serves a target instead of the one meant, and how that
// shows.
func wrongWords(fx *Facts, sub *target, g *sighting, behaves bool, f *Finding) {
	says := ServedElsewhere{Target: sub.ID, URL: sub.URL, By: g.rival, Meant: g.meant}
	switch {
	case namesStage(fx, sub):
		says.By, says.How = sub.stageRef(), "url"
	case g.byConfig:
		says.By, says.How = sub.stageRef(), "mapping"
		says.Rule = leader(fx, sub)
	}
	f.say(says)
	n := fx.answered(sub)
	switch {
	case n == 0:
		f.say(Topic("nothing to confirm"))
	case g.leftover:
		f.say(NoRouteThere{N: n, Answers: fx.names(behavioursOf(sub.cells)), Meant: g.meant.Stage})
	case g.alike:
		f.say(AnswerAlike{Stages: [2]string{g.rival.Stage, g.meant.Stage}, Scenarios: len(sub.cells)})
	case behaves:
		f.say(AnswersFit{N: n, Not: g.meant.Stage, Stages: each(g.rivals, func(r probe.StageRef) string { return r.Stage })})
	}
	if other := g.count(); other > 0 {
		f.say(LogsHold{Other: g.rival.Stage, Requests: other})
	}
}

// count is how many rows the logs attribute to another stage.
func (g *sighting) count() int {
	n := 0
	for ref, rows := range g.byLog {
		if ref != g.meant {
			n += len(rows)
		}
	}
	return n
}

// remap leads a domain's mapping, or its routing rule, to the stage meant. Where
// the configuration leads there already, no command mends what answers instead.
func remap(fx *Facts, sub *target, to probe.StageRef) []Remedy {
	d := fx.domainOf(sub)
	if d != nil && sub.stageRef() == to {
		return []Remedy{remedy.LeadsThere(d.Name, to.Stage)}
	}
	if d == nil {
		return []Remedy{remedy.UseStage(fx.Snapshot.Region, fx.Snapshot.API(to.APIID), to)}
	}
	for _, m := range d.Mappings {
		// A shorter mapping swallows the path: it serves others, and stays.
		if m.BasePath == urlPath(sub.URL) && m.APIID == sub.APIID && m.Stage == sub.Stage {
			return remedy.UpdateBasePathMapping(fx.Snapshot.Region, d, m, to, fx.kindOfAPI(to.APIID))
		}
	}
	for _, r := range d.Rules {
		if r.APIID == sub.APIID && r.Stage == sub.Stage && !mapped(d, sub.stageRef()) {
			return remedy.UpdateRoutingRule(fx.Snapshot.Region, d, r, to)
		}
	}
	if !fx.Snapshot.MappingsRead(d) {
		return remedy.ReadMappings(fx.Snapshot.Region, d, to, fx.kindOfAPI(to.APIID))
	}
	return remedy.CreateBasePathMapping(fx.Snapshot.Region, d, urlPath(sub.URL), to, fx.kindOfAPI(to.APIID))
}

// leader is the priority of the routing rule that leads a domain to its stage; nil
// where its mapping does.
func leader(fx *Facts, sub *target) *int {
	d := fx.domainOf(sub)
	if d == nil || mapped(d, sub.stageRef()) {
		return nil
	}
	for _, r := range d.Rules {
		if r.APIID == sub.APIID && r.Stage == sub.Stage {
			return ptr(int(r.Priority))
		}
	}
	return nil
}

// mapped tells whether a mapping of a domain leads to a stage.
func mapped(d *probe.Domain, ref probe.StageRef) bool {
	return slices.ContainsFunc(d.Mappings, func(m probe.Mapping) bool { return m.APIID == ref.APIID && m.Stage == ref.Stage })
}

// openStage asks what is left: a domain whose stage nobody could tell.
func openStage(fx *Facts, sub *target, g *sighting, v *Verdict) {
	if len(g.differs) > 0 && g.unsettled && !g.confirmed() {
		q := Question{
			Target: sub.ID, Asks: WhichStage{Not: g.meant.Stage}, Leader: string(WrongStage), Needs: Topic("logs of the stages"),
		}
		if !fx.Done {
			q.More, q.Low, q.High = tuning.Enough.Tell, tuning.Enough.Tell, tuning.Enough.Tell
		}
		v.Open = append(v.Open, q)
		return
	}
	if sub.Meant == nil || sub.conf != nil || fx.answered(sub) == 0 || len(g.byLog) > 0 {
		return
	}
	if expected := fx.invoke(g.meant); expected != nil && alike(fx, sub, expected) {
		return
	}
	v.Open = append(v.Open, Question{
		Target: sub.ID, Asks: WhichStage{}, Leader: string(WrongStage), Needs: Topic("mappings read"),
	})
}
