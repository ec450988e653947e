package report

import (
	"slices"
	"strings"

	"stageprobe/analyze"
)

// htmlTarget lays out one target. The raw one is as it was reported: bodies
// keep their line breaks there.
func (v *view) htmlTarget(t, raw *analyze.Target) htmlTarget {
	panels := v.panels(t)
	out := htmlTarget{Target: t, Strip: stripChart(panels), MovesWords: movesWords(t, true)}
	if t.Canary != nil {
		out.CanaryWords = v.canary(t)
	}
	for i := range panels {
		p := &panels[i]
		hp := htmlPanel{Scenario: p.Scenario, Total: p.Total}
		for _, b := range p.Rows {
			at := slices.IndexFunc(t.Clusters, func(c analyze.Cluster) bool { return c.Scenario == b.Scenario && c.ID == b.ID })
			hp.Rows = append(hp.Rows, htmlRow(t, &b, raw.Clusters[at].Example))
			out.Split = out.Split || b.Served.Canary+b.Served.Base > 0
			if b.LatencyMS.Max > 0 {
				out.Latency = append(out.Latency, htmlLatency{Letter: b.Letter, Scenario: p.Scenario, Latency: b.LatencyMS})
			}
		}
		out.Panels = append(out.Panels, hp)
	}
	scaleLatency(out.Latency)
	return out
}

func htmlRow(t *analyze.Target, b *behaviour, raw *analyze.Example) htmlBehaviour {
	out := htmlBehaviour{
		behaviour: *b, Words: b.describe(), By: b.served(t.Canary != nil), Bar: shareChart(b),
	}
	if b.Example == nil || raw == nil {
		return out
	}
	differs := map[string]bool{}
	for _, d := range b.Example.Differs {
		differs[strings.ToLower(d.Field)] = true
		differs[d.Field] = true
	}
	for _, h := range b.Example.Header {
		out.Heads = append(out.Heads, headLine{h, differs[strings.ToLower(h.Name)]})
	}
	out.Lines = bodyLines(raw.Body, differs)
	return out
}
