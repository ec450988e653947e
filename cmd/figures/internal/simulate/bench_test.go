package simulate

import (
	"math/rand/v2"
	"testing"

	"stageprobe/analyze/cause"
)

// BenchmarkExplain weighs 2,000 rows of three addresses with a canary and a flake.
func BenchmarkExplain(b *testing.B) {
	w := World{Percent: 10, Scenarios: 2, Targets: 3, Looks: map[int]Look{2: Failing},
		Config: []Configure{withDev(), withDomain("prod")}, Layers: []Layer{Canary(.1), clean(1), Flake(.05, 2), perfect()}}
	v := newView(w)
	for _, row := range w.Take(2000, rand.New(rand.NewPCG(1, 1))) {
		v.add(row)
	}
	in := v.at(v.rows[len(v.rows)-1].At+logWait, false)
	b.ReportAllocs()
	for b.Loop() {
		cause.Explain(in)
	}
}

// BenchmarkEverDriven watches a null for 600 requests, looking after every 20.
func BenchmarkEverDriven(b *testing.B) {
	for _, w := range append(Nulls(), BiasedLoss()) {
		b.Run(w.Name, func(b *testing.B) {
			b.ReportAllocs()
			for i := uint64(0); b.Loop(); i++ {
				everDriven(w, rand.New(rand.NewPCG(1, i)))
			}
		})
	}
}
