package stat

import "math"

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
	full  []Count
	last  Count
	order []bool  // the labels of the last
	done  float64 // D of the full blocks

	// Known is the D of blocks that came before; nil where nobody remembers it.
	Known *Sparse
}

// changePrice is ln of how rarely somebody changes the canary's share without an
// event that can be read: one run in twenty.
var changePrice = math.Log(20)

// logMostChanged is the greatest ln likelihood of labels whose share changes now and
// then, each time at a price: a share that changes within a block would else pass for a
// link to whatever changed about then. Places are found one after the other, the best
// first (binary segmentation, Scott & Knott 1974).
func logMostChanged(order []bool) float64 {
	var all Count
	for _, on := range order {
		all.add(on)
	}
	whole, best, at := all.logMost(), 0., 0
	var before Count
	for i, on := range order {
		// The likelihood is greatest where the labels change.
		if i > 0 && on != order[i-1] {
			since := Count{On: all.On - before.On, Off: all.Off - before.Off}
			if gain := before.logMost() + since.logMost() - whole - changePrice; gain > best {
				best, at = gain, i
			}
		}
		before.add(on)
	}
	if at == 0 {
		return whole
	}
	return logMostChanged(order[:at]) + logMostChanged(order[at:]) - changePrice
}

// Add takes the next labelled row.
func (b *Blocks) Add(on bool) {
	b.last.add(on)
	b.order = append(b.order, on)
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
	b.done += b.Known.most(b.order)
	b.last, b.order = Count{}, b.order[:0]
}

// LogD is the D of all rows so far.
func (b *Blocks) LogD() float64 { return b.done + b.Known.most(b.order) }

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
