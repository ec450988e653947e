package stat

// Count is how many rows there were at the two levels of a factor.
type Count struct {
	On  int // with the canary label, or at the level in question
	Off int // all others
}

// N is the number of rows.
func (c Count) N() int { return max(c.On, 0) + max(c.Off, 0) }

// Plus is the count of both sets of rows.
func (c Count) Plus(o Count) Count { return Count{c.On + o.On, c.Off + o.Off} }

// add counts one row.
func (c *Count) add(on bool) {
	if on {
		c.On++
	} else {
		c.Off++
	}
}

// logMost is the greatest ln likelihood of the labels in one given order.
func (c Count) logMost() float64 { return logBinMax(max(c.On, 0), c.N()) }

// BlockRows is how many consecutive labelled rows share one estimate of the
// canary's share: a share that changes within the run then costs one block, and
// does not pass for a link to whatever else changed.
const BlockRows = 200

// BlockLogD is D of the link test for a share that is not known: the sum over
// blocks of the greatest ln likelihood of their labels (universal inference,
// Wasserman, Ramdas & Balakrishnan 2020).
func BlockLogD(blocks []Count) float64 {
	var d float64
	for _, b := range blocks {
		d += b.logMost()
	}
	return d
}

// Blocks collects labelled rows, in the order in which they were sent, into
// blocks of [BlockRows]. The zero value is ready. Two machines keep their own
// blocks; their D add up.
type Blocks struct {
	full []Count
	last Count
	done float64 // D of the full blocks
}

// Add takes the next labelled row.
func (b *Blocks) Add(on bool) {
	b.last.add(on)
	if b.last.N() == BlockRows {
		b.End()
	}
}

// End closes the block: here the configuration, and with it the share, may have
// changed.
func (b *Blocks) End() {
	if b.last.N() == 0 {
		return
	}
	b.full = append(b.full, b.last)
	b.done += b.last.logMost()
	b.last = Count{}
}

// LogD is the D of all rows so far.
func (b *Blocks) LogD() float64 { return b.done + b.last.logMost() }

// Counts are the blocks so far, the open one last.
func (b *Blocks) Counts() []Count {
	out := append([]Count(nil), b.full...)
	if b.last.N() > 0 {
		out = append(out, b.last)
	}
	return out
}

// Total is the count of all rows so far.
func (b *Blocks) Total() Count {
	sum := b.last
	for _, c := range b.full {
		sum = sum.Plus(c)
	}
	return sum
}
