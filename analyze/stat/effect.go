package stat

import "math"

// MutualInfo returns the mutual information of rows and columns in nats, each
// entropy corrected for its bias by (observed cells - 1)/2n (Miller 1955,
// Madow), and 0 where the correction leaves less.
func MutualInfo(table [][]int) float64 {
	rows, cols, n := margins(table)
	if n == 0 {
		return 0
	}
	var cells []int
	for _, row := range table {
		cells = append(cells, row...)
	}
	return max(0, entropy(rows, n)+entropy(cols, n)-entropy(cells, n))
}

// ExplainedShare returns how much of the rows' entropy the columns explain,
// I(row;column)/H(row), 0 to 1. Rows are clusters, columns a factor's levels.
// With one cluster alone there is nothing to explain: 0.
func ExplainedShare(table [][]int) float64 {
	rows, _, n := margins(table)
	if positive(rows) < 2 {
		return 0
	}
	return min(1, MutualInfo(table)/entropy(rows, n))
}

// entropy is in nats, Miller-Madow corrected.
func entropy(counts []int, n int) float64 {
	h := math.Log(float64(n))
	for _, k := range counts {
		h -= xlogx(float64(k)) / float64(n)
	}
	return h + float64(positive(counts)-1)/(2*float64(n))
}
