// Package near finds the word that a mistyped one most likely stands for.
package near

import (
	"cmp"
	"slices"
	"strings"
)

// Word is the allowed word that a mistyped one most likely stands for; ""
// where none is close.
func Word(word string, allowed []string) string {
	best, least := "", max(1, len(word)/3)+1
	for _, a := range allowed {
		if n := Distance(word, a); n < least {
			best, least = a, n
		}
	}
	return best
}

// Distance is the Levenshtein distance in bytes; two neighbours swapped count
// as one step (optimal string alignment).
func Distance(a, b string) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j]+cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}

// Words are the allowed words that a mistyped one may stand for: those that are
// close, or begin as it does, closest first, and three at most.
func Words(word string, allowed []string) []string {
	most := max(1, len(word)/3)
	var out []string
	for _, a := range allowed {
		if Distance(word, a) <= most || len(word) > 2 && strings.HasPrefix(a, word) {
			out = append(out, a)
		}
	}
	slices.SortStableFunc(out, func(a, b string) int { return cmp.Compare(Distance(word, a), Distance(word, b)) })
	return out[:min(3, len(out))]
}
