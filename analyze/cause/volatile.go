package cause

import "stageprobe/analyze/behaviour"

// MoveByThemselves are fields that go with nothing that was drawn.
type MoveByThemselves struct {
	said
	Fields int
	Names  []string // each with its kind of movement
}

// volatile says what moves by itself in the answers: it goes with nothing that was
// drawn, costs no requests and leaves no question open.
func volatileContent(fx *Facts, _ *Known) Verdict {
	var v Verdict
	if fx.told || !fx.Done {
		return v
	}
	f := Finding{
		Linked: ConsistentWith, Targets: []string{}, Scenarios: []string{}, Remedy: []Remedy{},
	}
	var names []string
	fields := map[[2]string]bool{}
	for i, moves := range movesOf(fx) {
		if len(moves) == 0 {
			continue
		}
		f.Targets = append(f.Targets, fx.targets[i].ID)
		for _, m := range moves {
			f.Scenarios = once(f.Scenarios, m.Scenario)
			if key := [2]string{m.Scenario, m.Where}; !fields[key] {
				fields[key] = true
				names = once(names, m.Where+" ("+m.Kind+")")
			}
		}
	}
	if len(fields) == 0 {
		return v
	}
	f.say(MoveByThemselves{Fields: len(fields), Names: names})
	v.report(f, "")
	return v
}

func movesOf(fx *Facts) [][]behaviour.Move {
	if fx.told || !fx.Done {
		return nil
	}
	marks := linkedMarks(fx)
	out := make([][]behaviour.Move, len(fx.targets))
	for i := range out {
		out[i] = fx.Table.Moves(i, marks)
	}
	return out
}

// linkedMarks are the features that were found to go with anything drawn.
func linkedMarks(fx *Facts) []behaviour.Mark {
	var out []behaviour.Mark
	for _, l := range fx.canary {
		if l != nil {
			out = append(out, strong(l, fx.threshold())...)
		}
	}
	for _, l := range fx.pairs {
		out = append(out, strong(l, fx.threshold())...)
	}
	for _, l := range fx.leveled {
		out = append(out, strong(l.link, fx.threshold())...)
	}
	return out
}
