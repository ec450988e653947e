package cause

import (
	"fmt"
	"slices"
	"strings"

	"stageprobe/analyze/behaviour"
	"stageprobe/analyze/words"
	"stageprobe/probe"
)

// addressDependent finds targets that answer otherwise than the own URL of the
// stage that serves them, where no other stage answers so.
func addressDependent(fx *Facts, _ *Known) Verdict {
	var v Verdict
	for i, g := range fx.sights {
		if g != nil && g.served == byAddress {
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
	var scenarios []int
	for i := range marks {
		scenarios = append(scenarios, marks[i].Scenario)
	}
	f.Scenarios = fx.scenarioNames(scenarios...)
	meant := sub.stageRef() == g.meant && sub.conf != nil
	if g.confirmed() || meant {
		f.Linked = Statistical
	} else {
		f.Settles = "the logs of the account's stages, which hold the requests of the one that serves it, or the name's DNS records (dig " + host(sub.URL) + ")"
		f.Alternatives = []Alternative{{Cause: WrongStage}}
	}
	d := f.Differs[0]
	f.Statement = fmt.Sprintf("%s and the own URL of stage %s answer %s differently: %s is %s there and %s here.",
		sub.ID, g.meant.Stage, words.List(f.Scenarios), d.Where, d.Usual, d.Other)
	switch {
	case g.confirmed():
		f.Statement += fmt.Sprintf(" By the logs stage %s serves both: the application answers otherwise by the address that it is handed (%s).", g.meant.Stage, addressParts(sub, expected))
	case meant:
		f.Statement += fmt.Sprintf(" Its mapping leads to stage %s, and no other stage answers so: the application may answer otherwise by the address that it is handed (%s).", g.meant.Stage, addressParts(sub, expected))
	default:
		f.Statement += " No other stage that was probed answers so; which stage or API serves it was not seen."
	}
	lines := []string{}
	for _, c := range sub.cells {
		if slices.Contains(scenarios, c.scenario) && c.ref >= 0 {
			lines = append(lines, fx.example(sub, c.ref))
			if e := cellOf(expected, c.scenario); e != nil && e.ref >= 0 {
				lines = append(lines, fx.example(expected, e.ref))
			}
		}
	}
	f.Evidence = evidence(lines...)
	f.Statistics = &Statistics{
		Test: "link e-value by feature, target as factor", Statistic: g.against, EValue: evalue(g.against), Effect: 1, N: fx.answered(sub),
		Table: profileTable(fx, sub, g),
	}
	f.Remedy = []Remedy{advice("compare what the application does with the Host header, the base path and the stage in the path of the two addresses; if the difference is meant, name it with --ignore or ignore: in the scenario file")}
	return f
}

// askStage leaves open which stage serves a target where a stage may do so whose
// own answers are not known.
func askStage(fx *Facts, sub *target, g *sighting) []Question {
	if g.confirmed() || !unprobed(fx, g.meant) {
		return nil
	}
	return []Question{{
		Target: sub.ID, Text: "which stage serves it: its answers are not those of stage " + g.meant.Stage, Leader: string(WrongStage),
		Enable: "probe the API's other stages as well (stageprobe check --api " + g.meant.APIID + " --domain " + host(sub.URL) + "), or let the domain's mappings be read (apigateway:GET)",
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

// addressParts are the parts of two addresses that differ in what the
// application is handed.
func addressParts(a, b *target) string {
	var parts []string
	if host(a.URL) != host(b.URL) {
		parts = append(parts, fmt.Sprintf("Host %s and %s", host(a.URL), host(b.URL)))
	}
	if pa, pb := urlPath(a.URL), urlPath(b.URL); pa != pb {
		parts = append(parts, fmt.Sprintf("base path or stage in the path /%s and /%s", pa, pb))
	}
	return strings.Join(parts, ", ")
}

// stageNames names stages for a sentence: several that answer alike are one.
func stageNames(refs []probe.StageRef) string {
	var names []string
	for _, r := range refs {
		names = append(names, r.Stage)
	}
	if len(names) < 2 {
		return words.List(names)
	}
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1] + ", which answer alike"
}

// host is the host of a URL.
func host(url string) string {
	a, err := probe.ParseURL(url)
	if err != nil {
		return url
	}
	return a.Host
}
