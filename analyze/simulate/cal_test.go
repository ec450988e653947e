package simulate

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

func TestTryCal(t *testing.T) {
	for _, fails := range []bool{false, true} {
		for _, n := range []int{10, 40, 160} {
			type key struct{ lead, truth string }
			bin := map[int]map[key]int{}
			var all []stated
			for i := range 4000 {
				rng := rand.New(rand.NewPCG(uint64(n), uint64(i)))
				w := drawWorld(rng, n)
				if (w.Looks != nil) != fails {
					continue
				}
				v := newView(w)
				for _, row := range w.Take(n, rng) {
					v.add(row)
				}
				r := explainNow(v)
				cause, p, ok := leading(&r)
				if !ok {
					continue
				}
				all = append(all, stated{p, cause == w.Causes[0]})
				b := min(int(p*15), 14)
				if bin[b] == nil {
					bin[b] = map[key]int{}
				}
				bin[b][key{cause, w.Causes[0]}]++
			}
			fmt.Println("fails", fails, "n", n, "splits", len(all), "ece", calibrationError(all))
			for b := range 15 {
				if len(bin[b]) > 0 {
					hit, tot := 0, 0
					for k, c := range bin[b] {
						tot += c
						if k.lead == k.truth {
							hit += c
						}
					}
					fmt.Printf("  %.2f: %d/%d %.2f  %v\n", (float64(b)+.5)/15, hit, tot, float64(hit)/float64(tot), bin[b])
				}
			}
		}
	}
}
