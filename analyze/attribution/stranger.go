package attribution

import (
	"fmt"

	"stageprobe/probe"
)

// enoughStrange is how many answers each of two addresses must have given to a
// request before they are said to share none.
const enoughStrange = 20

// disowned is the scenario in which a domain and the invoke URL of the stage it
// is meant to serve have no answer in common; nil where there is none. Headers do
// not count: an edge or a proxy in front of the domain adds its own.
func (s *study) disowned(sub *subject, g *sighting) *cell {
	expected := s.invoke(g.meant)
	if sub.Kind != probe.CustomDomain || expected == nil || expected == sub || s.all(sub, refused) || s.all(expected, refused) {
		return nil // who refuses everybody alike has another reason
	}
	for _, c := range sub.cells {
		for _, e := range expected.cells {
			if c.scenario == e.scenario && s.disjoint(c, e) {
				return c
			}
		}
	}
	return nil
}

// disjoint tells whether two addresses share no answer to a request, by enough
// answers of each.
func (s *study) disjoint(a, b *cell) bool {
	theirs := map[string]bool{}
	na, nb := 0, 0
	for _, k := range b.clusters {
		theirs[s.Clusters[k].Content] = true
		nb += s.comparable(b, k)
	}
	for _, k := range a.clusters {
		if theirs[s.Clusters[k].Content] {
			return false
		}
		na += s.comparable(a, k)
	}
	return na >= enoughStrange && nb >= enoughStrange
}

// comparable counts a behaviour's answers as far as its content is known.
func (s *study) comparable(c *cell, k int) int {
	if x := &s.Clusters[k]; x.Content == "" || x.Class == ClassTransport {
		return 0
	}
	return c.count[k]
}

// reportStranger is the finding of a domain that does not answer as the stage
// does that it is meant to serve, while nothing tells what serves it instead.
func (s *study) reportStranger(sub *subject, g *sighting) {
	c, expected := s.disowned(sub, g), s.invoke(g.meant)
	name := s.scenario(c.scenario).Name
	_, theirs := s.profileOf(expected, c.scenario)
	f := Finding{
		Cause: WrongStage, Severity: Error, Linked: Statistical, Targets: []string{sub.ID}, Step: 1,
		Scenarios: []string{name},
		Settles:   "the logs of the account's stages, which hold the requests of the one that serves it, or the name's DNS records (dig " + host(sub.URL) + ")",
	}
	f.Statement = fmt.Sprintf("%s does not answer as stage %s does: none of its %s to %s has the status and body of any of the %d from the stage's own URL. Which stage or API serves it was not seen.",
		sub.ID, g.meant.Stage, plural(len(c.rows), "answer"), name, theirs)
	g.against = s.foreign(sub, expected)
	f.Statistics = &Statistics{
		Test: "profile likelihood ratio", Statistic: g.against, EValue: evalue(g.against), Effect: 1, N: len(c.rows),
		Table: s.profileTable(sub, g),
	}
	var lines []string
	if sub.Stage != "" {
		lines = append(lines, fmt.Sprintf("configuration: %s leads to stage %s of API %s", sub.ID, sub.Stage, sub.APIID))
	}
	for _, k := range c.clusters {
		lines = append(lines, s.example(sub, k))
	}
	f.Evidence = evidence(lines...)
	f.Remedy = []Remedy{advice(fmt.Sprintf("find out where %s leads: its DNS records, and what stands in front of API Gateway", host(sub.URL)))}
	s.report(f, sub.ID)
}

// host is the host of a URL.
func host(url string) string {
	a, err := probe.ParseURL(url)
	if err != nil {
		return url
	}
	return a.Host
}
