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

// LogD is what [Blocks.LogD] gives for n rows, of which those at the places in on are On.
// The places ascend.
func (s *Sparse) LogD(n int, on []int) float64 {
	var d float64
	for len(on) > 0 {
		from := on[0] / BlockRows * BlockRows // a block without any On adds nothing
		b := block{n: uint8(min(n-from, BlockRows))}
		for len(on) > 0 && on[0] < from+BlockRows {
			at := on[0] - from
			b.on[at/64] |= 1 << (at % 64)
			on = on[1:]
		}
		d += s.of(b)
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
