package cause

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"stageprobe/analyze/behaviour"
	"stageprobe/analyze/remedy"
	"stageprobe/analyze/words"
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
			if fx.all(sub, refused) {
				v.closed = append(v.closed, i)
			}
		case inPart:
			reportSharing(fx, known, sub, *g, &v)
		case asMeant:
			openStage(fx, sub, g, &v)
		}
	}
	return v
}

// whoServes settles what a sighting tells.
func whoServes(fx *Facts, sub *target, g *sighting) {
	if !g.byConfig {
		g.shared = findSharing(fx, sub, g)
	}
	switch {
	case g.byConfig:
		g.served = otherwise
	case dividedInFront(fx, sub, g):
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
	other, own := 0, 0
	for ref, rows := range g.byLog {
		if ref == g.meant {
			own += len(rows)
		} else {
			other += len(rows)
		}
	}
	return other >= 2 && other > own
}

// confirmed tells whether the logs name the stage meant: whatever the answers look
// like, no other stage serves the target then.
func (g *sighting) confirmed() bool { return len(g.byLog[g.meant]) >= 2 && len(g.byLog) == 1 }

// sight gathers what speaks about which stage serves a target; nil where none is
// meant, or the address leads to nothing.
func sight(fx *Facts, sub *target) *sighting {
	meant, ok := sub.meant()
	if !ok || sub.nowhere != "" {
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
	for _, k := range fx.clustersOf(sub) {
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

// confirm gathers what ties a wrong stage to single answers.
func confirm(fx *Facts, sub *target, g *sighting) []string {
	var lines []string
	for _, ref := range slices.SortedFunc(maps.Keys(g.byLog), compareRefs) {
		if ref == g.meant || len(g.byLog[ref]) == 0 {
			continue
		}
		i := g.byLog[ref][0]
		lines = append(lines, fx.request(i, fmt.Sprintf("by the log served by stage %s of API %s", ref.Stage, ref.APIID)), fx.logLine(i, served))
	}
	for _, ref := range slices.SortedFunc(maps.Keys(g.byAnswer), compareRefs) {
		lines = append(lines, fx.example(sub, g.byAnswer[ref])+fmt.Sprintf(": the answer itself names stage %s of API %s", ref.Stage, ref.APIID))
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
		f.Settles = "execution logs of either stage, or a scenario that they answer differently"
	default:
		f.Linked = Statistical
		f.Settles = "execution logs of the stages, which name the stage per request"
	}
	f.Statement = wrongWords(fx, sub, &g, behaves)
	if g.byConfig {
		lines = append([]string{fmt.Sprintf("configuration: %s leads to stage %s of API %s, meant is stage %s of API %s",
			sub.ID, sub.Stage, sub.APIID, g.meant.Stage, g.meant.APIID)}, lines...)
	}
	for _, k := range fx.clustersOf(sub) {
		lines = append(lines, fx.example(sub, k))
	}
	f.Evidence = evidence(lines...)
	f.Differs = differs(fx, sub, g.differs, sub.ID, "stage "+g.meant.Stage)
	f.Statistics = &Statistics{
		Test: "link e-value by feature, target as factor", Statistic: g.against, EValue: evalue(g.against), Effect: 1, N: fx.answered(sub),
		Table: profileTable(fx, sub, &g),
	}
	if len(g.differs) == 0 {
		f.Statistics = unanimousOrNil(fx, sub)
	}
	for _, k := range fx.clustersOf(sub) {
		if refused(&fx.Clusters[k]) {
			f.rests = append(f.rests, k)
		}
	}
	return f
}

// namesStage tells whether a target's own URL names the wrong stage, and a stage
// answers there.
func namesStage(fx *Facts, sub *target) bool {
	return sub.Kind == probe.InvokeURL && meantElsewhere(sub) && fx.answered(sub) > 0 && !fx.all(sub, nowhere)
}

func unanimousOrNil(fx *Facts, sub *target) *Statistics {
	if fx.answered(sub) == 0 {
		return nil
	}
	return &Statistics{Test: "configuration", Effect: 1, N: fx.answered(sub)}
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

func wrongWords(fx *Facts, sub *target, g *sighting, behaves bool) string {
	text := fmt.Sprintf("%s is served by stage %s, not by stage %s which it is meant to serve.", sub.ID, stageName(g.rival, g.meant), g.meant.Stage)
	switch {
	case namesStage(fx, sub):
		text = fmt.Sprintf("%s is meant to serve stage %s, but the URL itself names stage %s, which answers.", sub.URL, g.meant.Stage, stageName(sub.stageRef(), g.meant))
	case g.byConfig:
		text = fmt.Sprintf("%s is meant to serve stage %s, but %s leads to stage %s.", sub.ID, g.meant.Stage, leader(fx, sub), stageName(sub.stageRef(), g.meant))
	}
	n := fx.answered(sub)
	switch {
	case n == 0:
		text += " It gave no answer that could confirm this."
	case g.leftover:
		text += fmt.Sprintf(" All %s are %s: the path is no route there, although stage %s serves it.", words.Plural(n, "answer"), fx.summaries(fx.clustersOf(sub), 2), g.meant.Stage)
	case g.alike:
		text += fmt.Sprintf(" The answers do not tell: stages %s and %s answer alike in %s.", g.rival.Stage, g.meant.Stage, words.Plural(len(sub.cells), "scenario"))
	case behaves && len(g.rivals) > 0:
		text += fmt.Sprintf(" Its %s fit the answers of stage %s and not those of stage %s.", words.Plural(n, "answer"), stageNames(g.rivals), g.meant.Stage)
	case behaves:
		text += fmt.Sprintf(" Its %s are not those of stage %s.", words.Plural(n, "answer"), g.meant.Stage)
	}
	if other := g.count(); other > 0 {
		text += fmt.Sprintf(" The logs of stage %s hold %s to it.", g.rival.Stage, words.Plural(other, "request"))
	}
	return text
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

// stageName names a stage, with its API where that is another one.
func stageName(ref, beside probe.StageRef) string {
	if ref.APIID != beside.APIID {
		return ref.Stage + " of API " + ref.APIID
	}
	return ref.Stage
}

// remap leads a domain's mapping, or its routing rule, to the stage meant. Where
// the configuration leads there already, no command mends what answers instead.
func remap(fx *Facts, sub *target, to probe.StageRef) []Remedy {
	d := fx.domainOf(sub)
	if d != nil && sub.stageRef() == to {
		return []Remedy{advice(fmt.Sprintf("the configuration of %s leads to stage %s already: compare what its addresses lead to (DNS records of the name, another account's or region's domain of that name, a proxy before it), and look again once a recent change of the mapping has had its minutes", d.Name, to.Stage))}
	}
	if d == nil {
		return []Remedy{advice(fmt.Sprintf("use the URL of stage %s of API %s", to.Stage, to.APIID))}
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
	return remedy.CreateBasePathMapping(fx.Snapshot.Region, d, urlPath(sub.URL), to, fx.kindOfAPI(to.APIID))
}

// leader is what leads a domain to its stage.
func leader(fx *Facts, sub *target) string {
	d := fx.domainOf(sub)
	if d == nil || mapped(d, sub.stageRef()) {
		return "its mapping"
	}
	for _, r := range d.Rules {
		if r.APIID == sub.APIID && r.Stage == sub.Stage {
			return fmt.Sprintf("its routing rule of priority %d", r.Priority)
		}
	}
	return "its mapping"
}

// mapped tells whether a mapping of a domain leads to a stage.
func mapped(d *probe.Domain, ref probe.StageRef) bool {
	return slices.ContainsFunc(d.Mappings, func(m probe.Mapping) bool { return m.APIID == ref.APIID && m.Stage == ref.Stage })
}

// urlPath is the path of a target's URL, without slashes around it.
func urlPath(url string) string {
	_, rest, _ := strings.Cut(url, "://")
	_, path, _ := strings.Cut(rest, "/")
	return strings.Trim(path, "/")
}

// openStage asks what is left: a domain whose stage nobody could tell.
func openStage(fx *Facts, sub *target, g *sighting, v *Verdict) {
	if len(g.differs) > 0 && g.unsettled && !g.confirmed() {
		q := Question{
			Target: sub.ID, Text: "which stage serves it: its answers are not those of stage " + g.meant.Stage, Leader: string(WrongStage),
			Enable: "execution logs of the stages, which name the stage per request",
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
		Target: sub.ID, Text: "which stage serves it", Leader: string(WrongStage),
		Enable: "read the domain's mappings (apigateway:GET on its base path mappings)",
	})
}
