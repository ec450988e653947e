package draw

import (
	"fmt"
	"slices"

	"stageprobe/scenarios/sandbox/internal/moves"
)

// backends draws one per route.
func (d *drawing) backends() dict {
	out := dict{}
	for i, r := range d.routes {
		out[r] = d.backend(r, i == d.odd)
	}
	slices.Sort(d.truth.Moves)
	d.truth.Moves = slices.Compact(d.truth.Moves)
	return out
}

func (d *drawing) backend(name string, odd bool) dict {
	b := dict{
		"latency": fmt.Sprintf("%dms", d.rng.IntN(3)), "headers": dict{"X-App": name},
		"body": fmt.Sprintf(`{"service":%q,"limit":%d,"region":"eu-west-1"}`, name, 10+d.rng.IntN(90)),
	}
	specs, form := d.moves()
	b["moves"] = specs
	format := "json"
	if !form && d.rng.IntN(3) == 0 {
		format = moves.Formats()[d.rng.IntN(len(moves.Formats()))]
		b["format"] = format
	}
	if odd && !slices.Contains([]Condition{Healthy, Identical}, d.truth.Condition) {
		b["differs"] = list{d.difference(format, form)}
	}
	return b
}

// moves draws one to four kinds, at most one of which fixes the form of the
// body.
func (d *drawing) moves() (specs list, form bool) {
	all := moves.Kinds()
	d.rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	n := 1 + d.rng.IntN(4)
	if d.o.Moves != nil {
		n = len(d.o.Moves)
		all = slices.DeleteFunc(all, func(k moves.Kind) bool { return !slices.Contains(d.o.Moves, k.Name) })
	}
	for _, k := range all {
		if len(specs) == n || (form && k.Form) {
			continue
		}
		form = form || k.Form
		specs = append(specs, dict{"kind": k.Name})
		d.truth.Moves = append(d.truth.Moves, k.Name)
	}
	return specs, form
}

// partials are shares of failing answers of canary and stage.
var partials = [][2]float64{{.2, .06}, {.06, .01}, {.05, 0}}

func (d *drawing) difference(format string, form bool) dict {
	kind := d.differenceKind(format == "json" && !form)
	d.truth.Difference, d.truth.Class = kind.Name, kind.Class
	out := dict{"kind": kind.Name}
	if d.truth.Condition == WrongStage {
		out["on"] = "dev"
	}
	if kind.Partial {
		p := partials[d.rng.IntN(len(partials))]
		out["share"], out["base"] = p[0], p[1]
		d.truth.Difference = fmt.Sprintf("%s %g against %g", kind.Name, p[0], p[1])
	}
	return out
}

// named are class differences whose class lies in the name of a JSON field.
var named = []string{"version", "commit", "inner-failure"}

func (d *drawing) differenceKind(json bool) moves.DifferenceKind {
	all := slices.DeleteFunc(moves.Differences(), func(k moves.DifferenceKind) bool {
		if d.o.Difference != "" {
			return k.Name != d.o.Difference
		}
		return k.Partial != (d.truth.Condition == Partial) || (k.Typed && !json)
	})
	if len(all) == 0 {
		all = moves.Differences()
	}
	k := all[d.rng.IntN(len(all))]
	k.Class = k.Class && (json || !slices.Contains(named, k.Name))
	return k
}

// expect says which findings are right.
func (d *drawing) expect() {
	t := &d.truth
	prod := api + "/prod"
	switch t.Condition {
	case WithLogs, Partial:
		t.Right = append(t.Right, Expected{"canary-split", prod, true})
	case WithoutLogs:
		t.Right = append(t.Right, Expected{"canary-split", prod, t.Class})
	case WrongStage:
		t.Right = append(t.Right, Expected{"wrong-stage", domain, true})
	}
	if t.Condition == Partial && t.Difference != "failing 0.05 against 0" {
		// The own deployment fails, too, on every stage that runs it.
		for _, stage := range d.stages {
			t.Right = append(t.Right, Expected{"flaky-backend", api + "/" + stage, false})
		}
	}
}
