package cause

import (
	"slices"

	"stageprobe/analyze/behaviour"
	"stageprobe/analyze/remedy"
	"stageprobe/probe"
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

// ProbeStages is the command that asks an API's other stages as well.
type ProbeStages struct {
	said
	API, Domain string
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
			if f := addressFinding(fx, fx.targets[i], g); f != nil {
				v.report(*f, fx.targets[i].ID)
				v.Open = append(v.Open, askStage(fx, fx.targets[i], g)...)
			}
		}
	}
	return v
}

// addressFinding is the finding of a target that answers otherwise than the
// own URL of the stage that serves it, where no other stage answers so: the
// application looks at the Host, the base path or the stage in the path that it
// is handed. What only an edge in front of the domain adds in headers is none.
func addressFinding(fx *Facts, sub *target, g *sighting) *Finding {
	marks := slices.DeleteFunc(slices.Clone(g.differs), func(m behaviour.Mark) bool { return m.Header() })
	expected := fx.invoke(g.meant)
	if len(marks) == 0 || expected == nil || fx.all(sub, refused) || fx.all(expected, refused) {
		return nil
	}
	f := &Finding{
		Linked: ConsistentWith, Targets: []string{sub.ID},
		Differs: differs(fx, sub, marks, sub.ID, expected.ID),
	}
	if len(f.Differs) == 0 {
		return nil
	}
	var scenarios []int
	for i := range marks {
		scenarios = append(scenarios, marks[i].Scenario)
	}
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
	for _, c := range sub.cells {
		if slices.Contains(scenarios, c.scenario) && c.ref >= 0 {
			lines = append(lines, fx.example(sub, c.ref))
			if e := cellOf(expected, c.scenario); e != nil && e.ref >= 0 {
				lines = append(lines, fx.example(expected, e.ref))
			}
		}
	}
	f.Proof = evidence(lines...)
	f.Statistics = &Statistics{
		Test: "link e-value by feature, target as factor", Statistic: g.against, EValue: evalue(g.against), Effect: 1, N: fx.answered(sub),
		Table: profileTable(fx, sub, g),
	}
	f.Remedy = []Remedy{remedy.AddressInApplication}
	return f
}

// askStage leaves open which stage serves a target where a stage may do so whose
// own answers are not known.
func askStage(fx *Facts, sub *target, g *sighting) []Question {
	if g.confirmed() || !unprobed(fx, g.meant) {
		return nil
	}
	return []Question{{
		Target: sub.ID, Asks: WhichStage{Not: g.meant.Stage}, Leader: string(WrongStage), Needs: ProbeStages{API: g.meant.APIID, Domain: host(sub.URL)},
	}}
}

// unprobed tells whether an API may have a stage whose own answers are not known.
func unprobed(fx *Facts, ref probe.StageRef) bool {
	api := fx.Snapshot.API(ref.APIID)
	if api == nil || len(api.Stages) == 0 {
		return true
	}
	return slices.ContainsFunc(api.Stages, func(st probe.Stage) bool {
		x := fx.invoke(probe.StageRef{APIID: ref.APIID, Stage: st.Name})
		return x == nil || x.n() == 0
	})
}

// host is the host of a URL.
func host(url string) string {
	a, err := probe.ParseURL(url)
	if err != nil {
		return url
	}
	return a.Host
}
