package behaviour

import (
	"maps"
	"strings"

	"stageprobe/analyze/feature"
)

// SameBody tells whether the answers of some rows and those of others have one body, by
// the most frequent value of each of its features: answers to two scenarios, which have
// features of their own. Answers without a body that can be taken apart have none.
func SameBody(t *Table, a, b []int) bool {
	one, other := usualBody(t, a), usualBody(t, b)
	return len(one) > 0 && maps.Equal(one, other)
}

// usualBody is the most frequent value of each feature of the bodies of some rows, both by
// hash; of values as frequent the one of the lesser hash.
func usualBody(t *Table, rows []int) map[uint64]uint64 {
	counts := map[uint64]map[uint64]int{}
	for _, n := range rows {
		r := &t.rows[n]
		for _, v := range r.values {
			d := t.scenarios[r.scenario].defs[v.def]
			if !strings.HasPrefix(d.Path, "/") && d.Aspect != feature.Member {
				continue
			}
			if counts[d.hash] == nil {
				counts[d.hash] = map[uint64]int{}
			}
			hash := uint64(0)
			if v.value >= 0 && int(v.value) < len(d.values) {
				hash = d.values[v.value].hash
			}
			counts[d.hash][hash]++
		}
	}
	out := map[uint64]uint64{}
	for d, values := range counts {
		most := 0
		for hash, n := range values {
			if n > most || n == most && hash < out[d] {
				out[d], most = hash, n
			}
		}
	}
	return out
}
