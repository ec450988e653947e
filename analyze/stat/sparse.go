package stat

// Sparse is the D of [Blocks] for labels of which few are On, told by their places. It
// remembers blocks: a run that is looked at again has those that it had. The zero value
// is ready.
type Sparse struct {
	known map[block]float64
}

// block is the labels of at most BlockRows rows.
type block struct {
	n  uint8
	on [(BlockRows + 63) / 64]uint64
}

// mostBlocks is how many blocks are remembered.
const mostBlocks = 1 << 14

// Grown is what [Sparse.LogD] knows of the full blocks of rows that grow in number. The
// zero value knows none.
type Grown struct {
	first, n int // as asked last
	used     int // places in the full blocks
	d        float64
}

// LogD is what [Blocks.LogD] gives for the n rows from place first on, of which those at the
// places in on, all of them in it, are On. The places ascend. A grown list begins with what it
// was when it was asked with the same g and first before.
func (s *Sparse) LogD(g *Grown, first, n int, on []int) float64 {
	if g.first != first || n < g.n {
		*g = Grown{first: first}
	}
	g.n = n
	d := g.d
	for on = on[g.used:]; len(on) > 0; {
		from := (on[0] - first) / BlockRows * BlockRows // a block without any On adds nothing
		b := block{n: uint8(min(n-from, BlockRows))}
		k := 0
		for ; k < len(on) && on[k]-first < from+BlockRows; k++ {
			at := on[k] - first - from
			b.on[at/64] |= 1 << (at % 64)
		}
		on, d = on[k:], d+s.of(b)
		if from+BlockRows <= n {
			g.used, g.d = g.used+k, d
		}
	}
	return d
}

func (s *Sparse) of(b block) float64 {
	d, ok := s.known[b]
	if ok {
		return d
	}
	var order [BlockRows]bool
	for i := range int(b.n) {
		order[i] = b.on[i/64]>>(i%64)&1 == 1
	}
	d = logMostChanged(order[:b.n])
	if s.known == nil || len(s.known) >= mostBlocks {
		s.known = map[block]float64{}
	}
	s.known[b] = d
	return d
}

// most is logMostChanged of a block that may have come before.
func (s *Sparse) most(order []bool) float64 {
	if s == nil || len(order) == 0 {
		return logMostChanged(order)
	}
	b := block{n: uint8(len(order))}
	for i, on := range order {
		if on {
			b.on[i/64] |= 1 << (i % 64)
		}
	}
	return s.of(b)
}
