package moves

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

// Difference is the one real way in which a side answers otherwise.
type Difference struct {
	Kind string `yaml:"kind"` // one of [Differences]
	// On is the side that answers otherwise: "canary" (where left out), or a
	// stage's name for that stage's own answers.
	On   string `yaml:"on"`
	Name string `yaml:"name"` // path of the field, or the header
	// Usual and Other are what the two sides show; drawn where left out.
	Usual string `yaml:"usual"`
	Other string `yaml:"other"`
	// Share of the side's answers that fail, and of everybody else's (kind
	// failing).
	Share float64 `yaml:"share"`
	Base  float64 `yaml:"base"`
}

// UnmarshalYAML reads a difference given by its kind alone, too.
func (d *Difference) UnmarshalYAML(unmarshal func(any) error) error {
	if unmarshal(&d.Kind) == nil {
		return nil
	}
	type plain Difference
	return unmarshal((*plain)(d))
}

func (d *Difference) side(r Request) bool {
	if cmp.Or(d.On, "canary") == "canary" {
		return r.Canary
	}
	return d.On == r.Stage && !r.Canary
}

func (d *Difference) check() error {
	if _, ok := differences[d.Kind]; !ok {
		return unknown("differs: kind", d.Kind, slices.Sorted(maps.Keys(differences)))
	}
	if d.Share < 0 || d.Share > 1 || d.Base < 0 || d.Base > 1 {
		return fmt.Errorf("differs: %s: want share and base from 0 to 1", d.Kind)
	}
	return nil
}

// differ is a difference with its parameters drawn.
type differ struct {
	Difference
	apply func(t *turn, other bool)
}

// difference is one kind.
type difference struct {
	class   bool // any person would call it another answer: it shows without labels, too
	partial bool // a share of answers only
	typed   bool // shows only where values have types: JSON, NDJSON, Prometheus text, protobuf
	make    func(d *Difference, rng *rand.Rand) func(t *turn, other bool)
}

// DifferenceKind is one kind of difference, for whoever draws worlds.
type DifferenceKind struct {
	Name string
	// Class differences show in what any person calls another answer: status,
	// media type, a version, an answer that is empty or fails inside.
	Class bool
	// Partial ones show in a share of the answers of either side.
	Partial bool
	// Typed ones show only in forms whose values have types: JSON, NDJSON,
	// Prometheus text, protobuf.
	Typed bool
}

// Differences lists every kind of difference by name.
func Differences() []DifferenceKind {
	var out []DifferenceKind
	for _, name := range slices.Sorted(maps.Keys(differences)) {
		d := differences[name]
		out = append(out, DifferenceKind{name, d.class, d.partial, d.typed})
	}
	return out
}

func newDiffer(d Difference, rng *rand.Rand) differ {
	return differ{d, differences[d.Kind].make(&d, rng)}
}

var differences = map[string]difference{
	"version":       {class: true, make: shows("version", "2.4.1", "2.5.0")},
	"commit":        {class: true, make: shows("commit", "9f31c0a", "e07d6b4")},
	"status":        {class: true, make: otherStatus},
	"media-type":    {class: true, make: mediaType},
	"empty":         {class: true, make: empty},
	"inner-failure": {class: true, make: only("errorMessage", "upstream returned nothing")},
	"new-field":     {make: only("currency", "EUR")},
	"removed-field": {make: except("warehouse", "north-2")},
	"renamed-field": {make: renamed},
	"retyped-field": {typed: true, make: retyped},
	"number":        {make: constantNumber},
	"null-field":    {make: nullField},
	"boolean":       {make: boolean},
	"text":          {make: shows("title", "All orders of the last week", "All orders of the last month")},
	"list-member":   {make: listMember},
	"header":        {make: onlyHeader},
	"header-value":  {make: headerValue},
	"cookie":        {make: cookie},
	"error-text":    {make: errorText},
	"still":         {make: oneSided(true)},
	"stirs":         {make: oneSided(false)},
	"other-values":  {make: otherValues},
	"date-format":   {make: dateFormat},
	"failing":       {class: true, partial: true, make: failing},
}

type sided = func(t *turn, other bool)

// shows is a constant that is another one on the other side.
func shows(name, usual, other string) func(d *Difference, rng *rand.Rand) sided {
	return func(d *Difference, _ *rand.Rand) sided {
		name, usual, other := cmp.Or(d.Name, name), cmp.Or(d.Usual, usual), cmp.Or(d.Other, other)
		return func(t *turn, on bool) {
			if on {
				t.set(name, other)
			} else {
				t.set(name, usual)
			}
		}
	}
}

// only is a field that the other side alone has.
func only(name, value string) func(d *Difference, rng *rand.Rand) sided {
	return func(d *Difference, _ *rand.Rand) sided {
		name, value := cmp.Or(d.Name, name), cmp.Or(d.Other, value)
		return func(t *turn, on bool) {
			if on {
				t.set(name, value)
			}
		}
	}
}

// except is a field that the other side lacks.
func except(name, value string) func(d *Difference, rng *rand.Rand) sided {
	return func(d *Difference, _ *rand.Rand) sided {
		name, value := cmp.Or(d.Name, name), cmp.Or(d.Usual, value)
		return func(t *turn, on bool) {
			if !on {
				t.set(name, value)
			}
		}
	}
}

func renamed(d *Difference, rng *rand.Rand) sided {
	usual, other := cmp.Or(d.Usual, "customer"), cmp.Or(d.Other, "client")
	n := 1000 + rng.IntN(9000)
	return func(t *turn, on bool) {
		if on {
			t.set(other, whole(n))
		} else {
			t.set(usual, whole(n))
		}
	}
}

func retyped(d *Difference, rng *rand.Rand) sided {
	name, n := cmp.Or(d.Name, "quantity"), 10+rng.IntN(80)
	return func(t *turn, on bool) {
		if on {
			t.set(name, fmt.Sprint(n))
		} else {
			t.set(name, whole(n))
		}
	}
}

func constantNumber(d *Difference, rng *rand.Rand) sided {
	name, n := cmp.Or(d.Name, "unitPrice"), 100+rng.IntN(900)
	step := 1 + rng.IntN(40)
	return func(t *turn, on bool) {
		if on {
			t.set(name, number(float64(n+step)/4, 2))
		} else {
			t.set(name, number(float64(n)/4, 2))
		}
	}
}

func nullField(d *Difference, _ *rand.Rand) sided {
	name, usual := cmp.Or(d.Name, "owner"), cmp.Or(d.Usual, "warehouse")
	return func(t *turn, on bool) {
		if on {
			t.set(name, nil)
		} else {
			t.set(name, usual)
		}
	}
}

func boolean(d *Difference, _ *rand.Rand) sided {
	name := cmp.Or(d.Name, "taxIncluded")
	return func(t *turn, on bool) { t.set(name, on) }
}

func listMember(d *Difference, _ *rand.Rand) sided {
	name, other := cmp.Or(d.Name, "scopes"), cmp.Or(d.Other, "delete")
	return func(t *turn, on bool) {
		list := []any{"read", "write"}
		if on {
			list = append(list, other)
		}
		t.set(name, list)
	}
}

func onlyHeader(d *Difference, _ *rand.Rand) sided {
	name, value := cmp.Or(d.Name, "X-Deprecated"), cmp.Or(d.Other, "true")
	return func(t *turn, on bool) {
		if on {
			t.header(name, value)
		}
	}
}

func headerValue(d *Difference, _ *rand.Rand) sided {
	name, usual, other := cmp.Or(d.Name, "X-Frame-Options"), cmp.Or(d.Usual, "SAMEORIGIN"), cmp.Or(d.Other, "DENY")
	return func(t *turn, on bool) {
		if on {
			t.header(name, other)
		} else {
			t.header(name, usual)
		}
	}
}

func cookie(d *Difference, _ *rand.Rand) sided {
	name := cmp.Or(d.Name, "beta")
	return func(t *turn, on bool) {
		if on {
			t.add("Set-Cookie", name+"=1; Path=/")
		}
	}
}

func otherStatus(d *Difference, rng *rand.Rand) sided {
	other := []int{202, 203, 404, 410, 500, 503}[rng.IntN(6)]
	if d.Other != "" {
		_, _ = fmt.Sscan(d.Other, &other)
	}
	return func(t *turn, on bool) {
		if on {
			t.a.status = other
		}
	}
}

// errorText answers 404 on both sides, in other words.
func errorText(d *Difference, _ *rand.Rand) sided {
	usual, other := cmp.Or(d.Usual, "no such order"), cmp.Or(d.Other, "order was not found in this shop")
	return func(t *turn, on bool) {
		t.a.status = 404
		if on {
			t.set("error", other)
		} else {
			t.set("error", usual)
		}
	}
}

func mediaType(d *Difference, _ *rand.Rand) sided {
	other := cmp.Or(d.Other, "application/vnd.example.v2+json")
	return func(t *turn, on bool) {
		if on {
			t.a.final = func(out *Answer) { out.Set("Content-Type", other) }
		}
	}
}

func empty(*Difference, *rand.Rand) sided {
	return func(t *turn, on bool) {
		if on {
			t.a.final = func(out *Answer) { out.Body = "" }
		}
	}
}

// oneSided is a field that moves on one side only: still on the other side, or
// only there stirring.
func oneSided(still bool) func(d *Difference, rng *rand.Rand) sided {
	return func(d *Difference, rng *rand.Rand) sided {
		name, first := cmp.Or(d.Name, "position"), 100+rng.IntN(800)
		return func(t *turn, on bool) {
			n := first
			if on != still {
				n += t.rng.IntN(5)
			}
			t.set(name, whole(n))
		}
	}
}

// otherValues is a field of a few values by chance, of which the other side
// has some of its own.
func otherValues(d *Difference, rng *rand.Rand) sided {
	name, form := cmp.Or(d.Name, "carrier"), "c-~~#"
	usual := []string{token(rng, form), token(rng, form), token(rng, form)}
	other := []string{usual[0], token(rng, form) + "n", token(rng, form) + "n"}
	return func(t *turn, on bool) {
		if on {
			t.set(name, one(t, other))
		} else {
			t.set(name, one(t, usual))
		}
	}
}

// dateFormat is a time in another form, which moves on both sides.
func dateFormat(d *Difference, _ *rand.Rand) sided {
	name := cmp.Or(d.Name, "createdAt")
	return func(t *turn, on bool) {
		at := t.now.Add(-t.jitter(3e11)).UTC()
		if on {
			t.set(name, at.Format("02/01/2006 15:04"))
		} else {
			t.set(name, at.Format(millis))
		}
	}
}

// failing answers 500 to a share of each side's requests.
func failing(d *Difference, _ *rand.Rand) sided {
	share, base := cmp.Or(d.Share, .2), d.Base
	return func(t *turn, on bool) {
		rate := base
		if on {
			rate = share
		}
		if !t.chance(rate) {
			return
		}
		t.a.final = func(out *Answer) {
			out.Status = 500
			out.Set("Content-Type", "application/json")
			out.Body = `{"error":"upstream failed","request":"` + t.token(strings.Repeat("@", 16)) + `"}`
		}
	}
}
