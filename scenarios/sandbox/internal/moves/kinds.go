package moves

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"stageprobe/scenarios/near"
)

// kinds are all kinds of movement by name.
var kinds = gather(few, clocks, walkers, lists, heads, encodings)

func gather(groups ...map[string]kind) map[string]kind {
	out := map[string]kind{}
	for _, g := range groups {
		maps.Copy(out, g)
	}
	return out
}

// group names the kinds of one group.
func group(name string, of map[string]func(d *draw) step, forms ...string) map[string]kind {
	out := map[string]kind{}
	for k, f := range of {
		out[k] = kind{group: name, form: slices.Contains(forms, k), make: f}
	}
	return out
}

// Kind is one kind of movement, for whoever draws worlds.
type Kind struct {
	Name  string
	Group string // few, clock, walk, list, header, encoding
	Form  bool   // fixes the form of the body; a backend has at most one such
}

// Kinds lists every kind of movement by name.
func Kinds() []Kind {
	var out []Kind
	for _, name := range slices.Sorted(maps.Keys(kinds)) {
		out = append(out, Kind{name, kinds[name].group, kinds[name].form})
	}
	return out
}

// Check reports what a plan names that does not exist, with the nearest name.
func (p *Plan) Check() error {
	if _, ok := formats[p.Format]; !ok {
		return unknown("format", p.Format, Formats())
	}
	forms := 0
	for _, s := range p.Moves {
		k, ok := kinds[s.Kind]
		if !ok {
			return unknown("moves: kind", s.Kind, slices.Sorted(maps.Keys(kinds)))
		}
		if k.form {
			forms++
		}
		if s.Share < 0 || s.Share > 1 || s.Of < 0 || s.Every < 0 || s.Of > 10000 {
			return fmt.Errorf("moves: %s: want share from 0 to 1, of and every not below 0, of at most 10000", s.Kind)
		}
	}
	if forms > 1 || (forms == 1 && p.Format != "") {
		return fmt.Errorf("moves: more than one of them fixes the form of the body: want one of %s, or format", strings.Join(formKinds(), ", "))
	}
	for _, d := range p.Differs {
		if err := d.check(); err != nil {
			return err
		}
	}
	return nil
}

func formKinds() []string {
	var out []string
	for _, k := range Kinds() {
		if k.Form {
			out = append(out, k.Name)
		}
	}
	return out
}

// unknown is the error for a name that is not among those there are.
func unknown(what, name string, all []string) error {
	if meant := near.Word(name, all); meant != "" {
		return fmt.Errorf("%s %q is not known; did you mean %q?", what, name, meant)
	}
	return fmt.Errorf("%s %q is not known; want one of %s", what, name, strings.Join(all, ", "))
}
