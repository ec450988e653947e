package cause

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestOrder: a result depends on the rows, not on the order in which rows and
// clusters are given.
func TestOrder(t *testing.T) {
	t.Parallel()
	for _, tt := range truths {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(7)
			w.machines = 3
			tt.build(w)
			slices.SortStableFunc(w.Rows, func(a, b Row) int { return a.Machine - b.Machine })
			want := encode(t, explained(w.Input))
			for seed := range uint64(3) {
				if got := encode(t, explained(shuffled(w.Input, seed))); got != want {
					t.Fatalf("another order of the same rows gives\n%s\nwant\n%s", got, want)
				}
			}
		})
	}
}

// TestRepeat: the same input gives the same result.
func TestRepeat(t *testing.T) {
	t.Parallel()
	for _, tt := range truths {
		w := tt.build(newWorld(3))
		first := encode(t, explained(w.Input))
		for range 3 {
			if again := encode(t, explained(w.Input)); again != first {
				t.Fatalf("%s: the same input gives\n%s\nand\n%s", tt.name, first, again)
			}
		}
	}
}

func encode(t *testing.T, r Result) string {
	t.Helper()
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// shuffled is the same run with rows and clusters in another order.
func shuffled(in Input, seed uint64) Input {
	rng := rand.New(rand.NewPCG(seed, 99))
	in.Rows, in.Clusters = slices.Clone(in.Rows), slices.Clone(in.Clusters)
	at := rng.Perm(len(in.Clusters))
	clusters := make([]Cluster, len(at))
	for i, c := range in.Clusters {
		clusters[at[i]] = c
	}
	in.Clusters = clusters
	for i := range in.Rows {
		if in.Rows[i].Cluster >= 0 {
			in.Rows[i].Cluster = at[in.Rows[i].Cluster]
		}
	}
	rng.Shuffle(len(in.Rows), func(i, j int) { in.Rows[i], in.Rows[j] = in.Rows[j], in.Rows[i] })
	return in
}
