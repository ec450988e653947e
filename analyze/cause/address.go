package cause

import (
	"slices"

	"stageprobe/analyze/behaviour"
	"stageprobe/analyze/feature"
	"stageprobe/analyze/remedy"
	"stageprobe/probe"
	"stageprobe/probe/address"
)

// AnswersByAddress says that a target and the own URL of the stage meant answer
// differently, and in what the two addresses differ.
type AnswersByAddress struct {
	said
	Target, Stage       string
	Scenarios           []string
	Where, Usual, Other string
	Logged              bool       // the logs say that the stage serves both
	Mapped              bool       // the mapping leads to it
	Hosts, Paths        *[2]string // nil where they are equal
}

// LogsOrDNS would tell who serves a host.
type LogsOrDNS struct {
	said
	Host string
}

// ProbeStages is how a run asks an API's other stages as well.
type ProbeStages struct {
	said
	API, Stage, Domain string
}

// addressDependent finds targets that answer otherwise than the own URL of the
// stage that serves them, where no other stage answers so.
func addressDependent(fx *Facts, _ *Known) Verdict {
	var v Verdict
	for i, g := range fx.sights {
		if g != nil && g.served == byAddress {
			if f := ledElsewhere(fx, fx.targets[i], g); f != nil {
				v.report(*f, fx.targets[i].ID+" "+string(WrongStage))
				continue
			}
			f := addressFinding(fx, fx.targets[i], g)
			switch {
			case f == nil:
				if d := inHeadersAlone(fx, fx.targets[i], g); d != nil {
					v.Open = append(v.Open, askStage(fx, fx.targets[i], g, *d))
				}
			case f.Linked == ConsistentWith && unprobed(fx, g.meant):
				// As likely a stage that was not asked answers there.
				v.Open = append(v.Open, askStage(fx, fx.targets[i], g, f.Differs[0]))
			default:
				v.report(*f, fx.targets[i].ID)
			}
		}
	}
	return v
}

// addressFinding is the finding of a target that answers otherwise than the
// own URL of the stage that serves it, where no other stage answers so: the
// application looks at the Host, the base path or the stage in the path that it
// is handed. Headers count where they hold still on both sides and no edge writes them.
func addressFinding(fx *Facts, sub *target, g *sighting) *Finding {
	marks := slices.DeleteFunc(slices.Clone(g.differs), func(m behaviour.Mark) bool { return m.Header() && !constantHeader(&m) })
	expected := fx.invoke(g.meant)
	if len(marks) == 0 || expected == nil || fx.all(sub, refused) || fx.all(expected, refused) {
		return nil
	}
	f := &Finding{
		Linked: ConsistentWith, Targets: []string{sub.ID},
		Differs: differs(fx, sub, marks, sub.ID, expected.ID),
	}
	if len(f.Differs) == 0 {
		return nil // no scenario by itself shows one
	}
	scenarios := each(marks, func(m behaviour.Mark) int { return m.Scenario })
	f.Scenarios = fx.scenarioNames(scenarios...)
	meant := sub.stageRef() == g.meant && sub.conf != nil
	if g.confirmed() || meant {
		f.Linked = Statistical
	} else {
		f.SettledBy = LogsOrDNS{Host: host(sub.URL)}
		f.Alternatives = []Alternative{{Cause: WrongStage}}
	}
	d := f.Differs[0]
	says := AnswersByAddress{
		Target: sub.ID, Stage: g.meant.Stage, Scenarios: f.Scenarios, Where: d.Where, Usual: d.Usual, Other: d.Other, Logged: g.confirmed(), Mapped: meant,
	}
	if host(sub.URL) != host(expected.URL) {
		says.Hosts = &[2]string{host(sub.URL), host(expected.URL)}
	}
	if a, b := urlPath(sub.URL), urlPath(expected.URL); a != b {
		says.Paths = &[2]string{a, b}
	}
	f.say(says)
	lines := []Fact{}
	for _, c := range cellsOf(sub, scenarios) {
		lines = append(lines, fx.example(sub, c.ref))
		if e := cellOf(expected, c.scenario); e != nil {
			lines = append(lines, fx.example(expected, e.ref))
		}
	}
	f.Proof = evidence(lines...)
	f.Statistics = againstMeant(fx, sub, g)
	f.Statistics.Table = profileTable(fx, sub, g)
	f.Remedy = []Remedy{remedy.AddressInApplication}
	return f
}

// constantHeader tells a header that each of two addresses sets to a constant of its own,
// and that nothing in front of an API writes. One that a side lacks may be an edge's.
func constantHeader(m *behaviour.Mark) bool {
	if m.Def.Aspect != feature.Content || feature.WrittenInFront(m.Def.Path) {
		return false
	}
	on, off := 0, 0
	for _, v := range m.Values {
		if v.Absent || v.On > 0 && v.Off > 0 {
			return false
		}
		on, off = on+min(v.On, 1), off+min(v.Off, 1)
	}
	return on == 1 && off == 1
}

// inHeadersAlone is a header that a target's answers have and those of the stage meant
// have not, or the other way round, where neither the configuration nor a log tells who
// serves the target, and a stage may that was not asked. Something in front may have written
// it, so that it is no finding; but nobody can say that the stage meant answers. nil
// where there is none.
func inHeadersAlone(fx *Facts, sub *target, g *sighting) *Difference {
	expected := fx.invoke(g.meant)
	if sub.conf != nil || g.confirmed() || !unprobed(fx, g.meant) || expected == nil || fx.all(sub, refused) || fx.all(expected, refused) {
		return nil
	}
	marks := slices.DeleteFunc(slices.Clone(g.differs), func(m behaviour.Mark) bool { return feature.WrittenInFront(m.Def.Path) })
	if d := differs(fx, sub, marks, sub.ID, expected.ID); len(d) > 0 {
		return &d[0]
	}
	return nil
}

// askStage leaves open which stage serves a target that answers otherwise than the stage
// meant, where a stage may do so whose own answers are not known, or the application looks
// at the address.
func askStage(fx *Facts, sub *target, g *sighting, d Difference) Question {
	return Question{
		Target: sub.ID, Leader: string(WrongStage), Needs: ProbeStages{API: g.meant.APIID, Stage: g.meant.Stage, Domain: host(sub.URL)},
		Asks: WhichStage{Not: g.meant.Stage, In: &Told{Scenario: d.Scenario, Where: d.Where, Usual: d.Usual, Other: d.Other}, Perhaps: notProbed(fx, g.meant)},
	}
}

// notProbed are the stages of an API that were read and gave no answers of their own.
func notProbed(fx *Facts, ref probe.StageRef) []string {
	var out []string
	if api := fx.Snapshot.API(ref.APIID); api != nil {
		for _, st := range api.Stages {
			if x := fx.invoke(probe.StageRef{APIID: ref.APIID, Stage: st.Name}); x == nil || x.n() == 0 {
				out = append(out, st.Name)
			}
		}
	}
	slices.Sort(out)
	return out
}

// unprobed tells whether an API may have a stage whose own answers are not known.
func unprobed(fx *Facts, ref probe.StageRef) bool {
	api := fx.Snapshot.API(ref.APIID)
	return api == nil || len(api.Stages) == 0 || len(notProbed(fx, ref)) > 0
}

func host(url string) string {
	a, err := address.ParseURL(url)
	if err != nil {
		return url
	}
	return a.Host
}
