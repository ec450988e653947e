package scenarios

import (
	"fmt"
	"slices"
	"time"

	"stageprobe/analyze"
	"stageprobe/probe"
)

// judge holds the answers of a run against a file's expectations.
type judge struct {
	file       *File
	plan       *probe.Plan
	confidence float64
	cells      map[cellKey]*cell
	began      time.Time // due time of the first request
}

type cellKey struct{ target, scenario string }

// NewJudge judges a run of the plan. confidence, such as 0.99, is that of
// statements on shares; 0 counts as 0.99.
func NewJudge(f *File, plan *probe.Plan, confidence float64) analyze.Judge {
	if confidence == 0 {
		confidence = 0.99
	}
	j := &judge{file: f, plan: plan, confidence: confidence, cells: map[cellKey]*cell{}}
	for i := range plan.Scenarios {
		sc := &plan.Scenarios[i]
		e := f.expectOf(sc)
		if e == nil {
			continue
		}
		checks := e.checks()
		for t := range plan.Targets {
			if target := &plan.Targets[t]; sc.For(target.ID) {
				j.cells[cellKey{target.ID, sc.Name}] = newCell(e, checks, target)
			}
		}
	}
	return j
}

// Observe takes one answer in.
func (j *judge) Observe(o *probe.Observation) {
	if j.began.IsZero() || o.Due.Before(j.began) {
		j.began = o.Due
	}
	if c := j.cells[cellKey{o.Target, o.Scenario}]; c != nil {
		c.add(o)
	}
}

// Refusal tells whether a scenario expects to be refused.
func (j *judge) Refusal(target, scenario string) bool {
	c := j.cells[cellKey{target, scenario}]
	if c == nil {
		return false
	}
	refused := func(r StatusRange) bool { return r.From >= 400 && r.From < 500 }
	return c.expect.GatewayResponse.Type != "" || slices.ContainsFunc(c.expect.Status, refused)
}

// Judge gives the results in the order of the plan: by scenario, target and
// expectation.
func (j *judge) Judge(rep *analyze.Report) []analyze.Expectation {
	var out []analyze.Expectation
	for i := range j.plan.Scenarios {
		for t := range j.plan.Targets {
			key := cellKey{j.plan.Targets[t].ID, j.plan.Scenarios[i].Name}
			c := j.cells[key]
			if c == nil {
				continue
			}
			for _, r := range j.results(c, rep, key) {
				out = append(out, analyze.Expectation{
					Scenario: key.scenario, Target: key.target,
					Expectation: r.text, Met: r.holds.pointer(), Observed: r.observed, Single: r.single,
				})
			}
		}
	}
	return out
}

// result is what became of one expectation.
type result struct {
	text     string
	holds    holds
	observed string
	single   bool // of single answers
}

// pointer is nil for unknown.
func (h holds) pointer() *bool {
	if h == unknown {
		return nil
	}
	ok := h == met
	return &ok
}

func (j *judge) results(c *cell, rep *analyze.Report, key cellKey) []result {
	out := c.results(j.began, j.confidence)
	s := serving{judge: j, rep: rep, scenario: key.scenario, planned: c.target}
	if s.target = rep.Target(key.target); s.target == nil {
		return out
	}
	e := c.expect
	for i := range out {
		if out[i].holds == unknown && out[i].text == gatewayText(e.GatewayResponse.Type) {
			out[i] = s.gatewayResponse(out[i], e.GatewayResponse.Type)
		}
	}
	if e.ServedBy != "" {
		out = append(out, s.servedBy(e.ServedBy))
	}
	if e.SameAs != "" && s.target.Stage != e.SameAs {
		out = append(out, s.sameAs(e.SameAs))
	}
	if e.Canary.Set {
		out = append(out, s.canary(e.Canary.Percent))
	}
	return out
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}
