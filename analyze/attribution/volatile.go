package attribution

import (
	"fmt"
	"slices"

	"stageprobe/analyze/behaviour"
)

// volatile says what moves by itself in the answers: it goes with nothing that was
// drawn, costs no requests and leaves no question open.
func (s *study) volatile() {
	if s.told || !s.Done {
		return
	}
	f := Finding{
		Cause: VolatileContent, Severity: Info, Linked: Statistical, Step: 4,
		Targets: []string{}, Scenarios: []string{}, Remedy: []Remedy{},
	}
	var names []string
	fields := map[[2]string]bool{}
	marks := s.linkedMarks()
	s.moves = make([][]behaviour.Move, len(s.subjects))
	for i, sub := range s.subjects {
		s.moves[i] = s.Table.Moves(sub.index, marks)
		if len(s.moves[i]) == 0 {
			continue
		}
		f.Targets = append(f.Targets, sub.ID)
		for _, m := range s.moves[i] {
			if !slices.Contains(f.Scenarios, m.Scenario) {
				f.Scenarios = append(f.Scenarios, m.Scenario)
			}
			if key := [2]string{m.Scenario, m.Where}; !fields[key] {
				fields[key] = true
				if text := m.Where + " (" + m.Kind + ")"; !slices.Contains(names, text) {
					names = append(names, text)
				}
			}
		}
	}
	if len(fields) == 0 {
		return
	}
	verb := " move"
	if len(fields) == 1 {
		verb = " moves"
	}
	f.Statement = fmt.Sprintf("%s%s by themselves and go with nothing that was drawn: %s. They are not compared.",
		plural(len(fields), "field"), verb, some(names, 6))
	f.Evidence = []string{}
	s.report(f, "")
}

// linkedMarks are the features that were found to go with anything drawn.
func (s *study) linkedMarks() []behaviour.Mark {
	var out []behaviour.Mark
	for _, l := range s.canary {
		if l != nil {
			out = append(out, strong(l, s.threshold())...)
		}
	}
	for _, l := range s.pairs {
		out = append(out, strong(l, s.threshold())...)
	}
	for _, l := range s.leveled {
		out = append(out, strong(l.link, s.threshold())...)
	}
	return out
}
