package simulate

import (
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"strconv"

	"stageprobe/analyze/behaviour"
	"stageprobe/analyze/feature"
)

// fields reduces the answers to one scenario to features. A feature gets its
// definition when it is first seen, as in an extractor.
type fields struct {
	defs   []feature.Def
	index  map[fieldName]int
	values []feature.Value
}

// fieldName is a feature by path and aspect.
type fieldName struct {
	path   string
	aspect feature.Aspect
}

func (f *fields) begin() { f.values = f.values[:0] }

func (f *fields) put(path string, aspect feature.Aspect, class bool, text string) {
	if f.index == nil {
		f.index = map[fieldName]int{}
	}
	key := fieldName{path, aspect}
	at, ok := f.index[key]
	if !ok {
		at = len(f.defs)
		f.index[key] = at
		f.defs = append(f.defs, feature.NewDef(path, aspect, class))
	}
	f.values = append(f.values, feature.Value{Def: at, Hash: hash(text), Text: text})
}

func hash(text string) uint64 {
	h := fnv.New64a()
	_, _ = io.WriteString(h, text) // a hash never fails to take it
	return h.Sum64()
}

// content lists a field's value and type.
func (f *fields) content(path, text string, class bool) {
	f.put(path, feature.Type, false, "string")
	f.put(path, feature.Content, class, text)
}

// answer lists the class features of an answer as a whole.
func (f *fields) answer(a *behaviour.Answer) {
	class := func(path, text string) {
		if text != "" {
			f.put(path, feature.Content, true, text)
		}
	}
	class(":outcome", string(a.Outcome))
	class(":status", strconv.Itoa(a.Status))
	class(":error-type", a.Reading.ErrorType)
	class(":producer", string(a.Reading.Producer))
	class(":gateway-response", a.Reading.GatewayResponse)
	class(":media-type", "application/json")
	class(":body", "whole")
	f.content("content-type", "application/json", false)
}

// body lists the fields that an integration gives: three that hold still unless
// the behaviour is another one.
func (f *fields) body(r *Row, look Look) {
	b := r.Behaviour
	version, limit := 0, 10
	switch look {
	case Stirring:
		limit = 1000 + r.Index
	case Choosing:
		limit = -100*b - r.Index%40
	case Constant:
		limit += b
	case Added:
		f.content("x-build", fmt.Sprint("build-", b), false)
	case Headed:
		f.content("x-app-version", strconv.Itoa(7+b), false)
	case Edged:
		for _, name := range []string{"server", "strict-transport-security", "x-served-by", "x-frame-options"} {
			f.content(name, fmt.Sprint("edge ", b), false)
		}
	case Removed, Failing:
	default:
		version = b
	}
	f.content("/version", fmt.Sprint("v", version), true)
	f.content("/limit", strconv.Itoa(limit), false)
	if look != Removed {
		f.content("/note", "in stock", false)
	}
}

// Move is a field that moves by itself, whatever serves the request.
type Move struct {
	Path   string
	Aspect feature.Aspect
	// Text begins one run and gives what the field holds in each answer; there is
	// false where an answer lacks it.
	Text func() func(*Row, *rand.Rand) (text string, there bool)
}

// fieldNoise draws what moves in the answers of one run. Its random numbers are
// its own, so that a world with movement plays as the same one without.
type fieldNoise struct {
	moves []Move
	text  []func(*Row, *rand.Rand) (string, bool)
	rng   *rand.Rand
}

func newFieldNoise(moves []Move, seed uint64) *fieldNoise {
	n := &fieldNoise{moves: moves, rng: rand.New(rand.NewPCG(seed, 2))}
	for i := range moves {
		n.text = append(n.text, moves[i].Text())
	}
	return n
}

func (n *fieldNoise) list(f *fields, r *Row) {
	for i := range n.moves {
		m := &n.moves[i]
		text, there := n.text[i](r, n.rng)
		if !there {
			continue
		}
		if m.Aspect == feature.Content {
			f.content(m.Path, text, false)
			continue
		}
		f.put(m.Path, m.Aspect, false, text)
	}
}
