package cluster

import (
	"maps"
	"slices"
	"strings"
)

// mask says which fields of a scenario are compared by value and which by
// shape.
type mask struct {
	// volatile fields, each with the values that are compared all the same.
	volatile map[string]map[uint64]bool
	// lists are prefixes of paths that are not compared at all: the elements
	// of arrays and the lines of texts whose number is volatile.
	lists []string
}

// learn makes the mask of a scenario from its groups.
func learn(groups []*group, benign []string) *mask {
	m := &mask{volatile: map[string]map[uint64]bool{}}
	byPath := map[string][]*field{}
	noisyBody := false
	for _, g := range groups {
		for _, f := range g.fields {
			byPath[f.path] = append(byPath[f.path], f)
			noisyBody = noisyBody || isBody(f.path) && f.noisy()
		}
	}
	for path, fields := range byPath {
		if slices.Contains(benign, path) {
			m.volatile[path] = map[uint64]bool{}
		} else if slices.ContainsFunc(fields, (*field).passing) || slices.ContainsFunc(fields, (*field).ticking) {
			m.volatile[path] = map[uint64]bool{}
		} else if slices.ContainsFunc(fields, (*field).many) {
			m.volatile[path] = kept(fields)
			noisyBody = noisyBody || isBody(path)
			m.list(path)
		}
	}
	// The hash of a body that varies varies.
	if _, ok := byPath["etag"]; ok && noisyBody {
		m.volatile["etag"] = map[uint64]bool{}
	}
	slices.Sort(m.lists)
	return m
}

// list masks the members of an array or text whose length is volatile.
func (m *mask) list(path string) {
	switch base, ok := strings.CutSuffix(path, "#"); {
	case !ok:
	case base == ":L":
		m.lists = append(m.lists, base)
	default:
		m.lists = append(m.lists, base+"/")
	}
}

func isBody(path string) bool {
	return strings.HasPrefix(path, "/") || strings.HasPrefix(path, ":L") || path == ":body"
}

func (f *field) noisy() bool {
	return slices.ContainsFunc(f.values[:min(len(f.values), 2*RMax)], func(v value) bool { return v.noise })
}

// passing tells whether the field holds a time that a request was near and
// another was not, such as the start of a process that has just begun: the clock
// went on, the behaviour did not change.
func (f *field) passing() bool { return f.now && f.recent }

// many tells whether the field took more values than regimes can explain. It
// is a proof by the pigeonhole principle, not a threshold on similarity, and it
// needs RMax+1 rows.
func (f *field) many() bool { return f.distinct() > RMax }

// kept are the values of a volatile field that are compared all the same,
// because noise would not repeat them so: the field is constant under one
// regime and noisy under another.
func kept(fields []*field) map[uint64]bool {
	out := map[uint64]bool{}
	for _, f := range fields {
		switch {
		case !f.many() && f.n > 3*RMax:
			f.keep(out, func(value) bool { return true })
		case !f.many():
			// Too few rows to tell: what recurs counts.
			f.keep(out, func(v value) bool { return v.count > 1 && 4*v.count > f.n })
		default:
			f.keepFrequent(out)
			f.keepRecurring(out)
		}
	}
	return out
}

func (f *field) keep(to map[uint64]bool, is func(value) bool) {
	for _, v := range f.values {
		if is(v) {
			to[v.key] = true
		}
	}
}

// keepFrequent keeps values that more than a quarter of the answers hold, if
// they stand out fourfold from all other values. Without the second condition
// the mode of a small number that scatters, such as a duration in milliseconds,
// would pass for a behaviour.
func (f *field) keepFrequent(to map[uint64]bool) {
	if 4*f.most <= f.n {
		return // spares the scan of a field that is noise throughout
	}
	least, next := f.n, 0
	for _, v := range f.values {
		if 4*v.count > f.n {
			least = min(least, v.count)
		} else {
			next = max(next, v.count)
		}
	}
	if least >= 4*next {
		f.keep(to, func(v value) bool { return 4*v.count > f.n })
	}
}

// keepRecurring keeps values that come back more than RMax times among values
// that practically never do. It finds what is rare and constant, such as the
// fixed text of a small canary in a field that its stage fills with ids.
func (f *field) keepRecurring(to map[uint64]bool) {
	if len(f.often) == 0 || len(f.often) > RMax {
		return
	}
	rows, distinct := f.n, f.distinct()-len(f.often)
	for _, id := range f.often {
		rows -= f.values[id].count
	}
	if distinct*10 < rows*9 {
		return
	}
	for _, id := range f.often {
		to[f.values[id].key] = true
	}
}

func (m *mask) equal(o *mask) bool {
	return o != nil && slices.Equal(m.lists, o.lists) &&
		maps.EqualFunc(m.volatile, o.volatile, maps.Equal[map[uint64]bool, map[uint64]bool])
}

// masked lists what is not compared by value.
func (m *mask) masked() []string {
	out := slices.Collect(maps.Keys(m.volatile))
	for _, l := range m.lists {
		out = append(out, l+"*")
	}
	slices.Sort(out)
	return out
}

// compares tells whether a path takes part at all.
func (m *mask) compares(path string) bool {
	return !slices.ContainsFunc(m.lists, func(l string) bool {
		return strings.HasPrefix(path, l) && path != l+"#"
	})
}

// symbol is what a value counts as.
func (m *mask) symbol(f *field, v *value) (symbol uint64, byShape bool) {
	if v.noise {
		return uint64(v.shape), true
	}
	if values, ok := m.volatile[f.path]; ok && !values[v.key] {
		return uint64(v.shape.Masked()), true
	}
	return v.key, false
}

// sign computes the signatures of vectors that have none under this mask.
func (g *group) sign(m *mask) {
	if !m.equal(g.mask) {
		g.mask, g.signed = m, g.signed[:0]
	}
	skip := make([]bool, len(g.fields))
	for i, f := range g.fields {
		skip[i] = !m.compares(f.path)
	}
	for i := len(g.signed); i < len(g.vectors); i++ {
		var h uint64
		for _, c := range g.vectors[i].cells {
			if skip[c.field] {
				continue
			}
			f := g.fields[c.field]
			s, _ := m.symbol(f, &f.values[c.value])
			h = mix(mix(h, f.hash), s)
		}
		g.signed = append(g.signed, signatureHash(h))
	}
}

// signatureHash spreads h over all bits, of which an id shows the first 32.
func signatureHash(h uint64) uint64 {
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}
