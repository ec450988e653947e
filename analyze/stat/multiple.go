package stat

import (
	"cmp"
	"math"
	"slices"
)

// EBH returns the indices of the e-values that the e-BH procedure rejects with
// false discovery rate alpha, in ascending order (Wang & Ramdas 2022). It holds
// under any dependence.
func EBH(e []float64, alpha float64) []int {
	logs := make([]float64, len(e))
	for i, v := range e {
		logs[i] = math.Log(max(v, 0))
	}
	return EBHLog(logs, alpha)
}

// EBHLog is EBH for logarithms of e-values, which do not overflow.
func EBHLog(logE []float64, alpha float64) []int {
	order := rank(logE, func(a, b float64) int { return cmp.Compare(b, a) })
	need := math.Log(float64(len(logE)) / alpha)
	reject := 0
	for k := range order {
		if math.Log(float64(k+1))+logE[order[k]] >= need {
			reject = k + 1
		}
	}
	out := order[:reject]
	slices.Sort(out)
	return out
}

// rank is the indices of v in the order of compare, ties by index.
func rank(v []float64, compare func(a, b float64) int) []int {
	order := make([]int, len(v))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return compare(v[i], v[j]) })
	return order
}
