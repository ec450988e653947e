package stat

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// countValues counts labels by value; forget is a value whose rows are forgotten.
func countValues(labels []bool, values []int, forget int) (counts []Count, forgotten Count) {
	for i, v := range values {
		for v >= len(counts) {
			counts = append(counts, Count{})
		}
		if v == forget {
			forgotten.add(labels[i])
			continue
		}
		counts[v].add(labels[i])
	}
	return counts, forgotten
}

// urn is N computed row by row: each of the eight beliefs foretells each label
// from the rows with the same value before it.
func urn(labels []bool, values []int, ref, forget int, p float64) float64 {
	var sum float64
	for _, a := range []float64{.3, 1, 4, 16} {
		for _, second := range []bool{false, true} {
			seen := map[int]Count{}
			product := 1.
			for i, v := range values {
				centre := p
				if second && v != ref {
					centre = .5
				}
				c := seen[v]
				on := (float64(c.On) + a*centre) / (float64(c.N()) + a)
				if v != forget {
					c.add(labels[i])
					seen[v] = c
				}
				if !labels[i] {
					on = 1 - on
				}
				product *= on
			}
			sum += product / 8
		}
	}
	return math.Log(sum)
}

func TestLinkLogNForetellsRowByRow(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, p := range []float64{.01, .1, .5, .95} {
		for n := range 80 {
			labels, values := make([]bool, n), make([]int, n)
			for i := range n {
				labels[i], values[i] = rng.Float64() < p, rng.IntN(1+n/6)
			}
			ref := rng.IntN(3) - 1
			counts, forgotten := countValues(labels, values, 2)
			got, want := LinkLogN(counts, ref, forgotten, p), urn(labels, values, ref, 2, p)
			near(t, fmt.Sprintf("ln N of %d rows at %g", n, p), got, want, 1e-9)
		}
	}
}

func TestLinkLogNIsAProbabilityOfTheLabels(t *testing.T) {
	for _, values := range [][]int{{0, 0, 0, 0, 0, 0, 0, 0}, {0, 1, 2, 3, 4, 5, 6, 7}, {0, 1, 0, 2, 0, 0, 1, 3}, {1, 1, 1, 0, 0, 2, 2, 2}} {
		for _, p := range []float64{0, .03, .5, 1} {
			for ref := -1; ref < 2; ref++ {
				var sum float64
				sequences(len(values), func(labels []bool) {
					counts, forgotten := countValues(labels, values, 3)
					sum += math.Exp(LinkLogN(counts, ref, forgotten, p))
				})
				near(t, fmt.Sprintf("sum over labels of N given %v, p=%g, reference %d", values, p, ref), sum, 1, 1e-9)
			}
		}
	}
}

// TestLinkHasMeanAtMostOneWhateverTheAnswers is the guarantee itself, in full,
// with a share that changes where a block ends.
func TestLinkHasMeanAtMostOneWhateverTheAnswers(t *testing.T) {
	values := []int{0, 0, 1, 0, 2, 1, 1, 3, 3, 3}
	for _, shares := range [][2]float64{{.1, .1}, {.05, .6}, {.5, .5}, {.9, .01}} {
		var mean float64
		sequences(len(values), func(labels []bool) {
			counts, _ := countValues(labels, values, -1)
			var blocks Blocks
			for i, on := range labels {
				if i == 5 {
					blocks.End()
				}
				blocks.Add(on)
			}
			prob := probability(labels[:5], shares[0]) * probability(labels[5:], shares[1])
			mean += prob * math.Exp(LinkLogN(counts, 0, Count{}, .1)-blocks.LogD())
		})
		if mean > 1 || mean <= 0 {
			t.Errorf("mean E at shares %v is %g, want (0, 1]", shares, mean)
		}
	}
}

func TestLinkLogNOfMany(t *testing.T) {
	direct := func(on, off int, m, a float64) float64 {
		return logBeta(float64(on)+a*m, float64(off)+a*(1-m)) - logBeta(a*m, a*(1-m))
	}
	values := []Count{{400, 90000}, {3, 700}, {100, 0}, {0, 0}}
	var terms []float64
	for _, a := range linkMass {
		var first, second float64
		for v, c := range values {
			first += direct(c.On, c.Off, .02, a)
			centre := .5
			if v == 0 {
				centre = .02
			}
			second += direct(c.On, c.Off, centre, a)
		}
		terms = append(terms, first, second)
	}
	near(t, "ln N of 91203 rows", LinkLogN(values, 0, Count{}, .02), LogSumExp(terms...)-math.Log(8), 1e-6)
}

func TestBlocks(t *testing.T) {
	var b Blocks
	near(t, "D of no rows", b.LogD(), 0, 0)
	b.End()
	for i := range 450 {
		b.Add(i%10 == 0)
		if i == 229 {
			b.End()
			b.End()
		}
	}
	want := []Count{{20, 180}, {3, 27}, {20, 180}, {2, 18}}
	if got := b.Counts(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("blocks %v, want %v", got, want)
	}
	near(t, "D", b.LogD(), 450*(.1*math.Log(.1)+.9*math.Log(.9)), 1e-9)
	near(t, "D of the counts", BlockLogD(b.Counts()), b.LogD(), 1e-9)
	if got := b.Total(); got != (Count{45, 405}) {
		t.Errorf("total %v, want 45 of 450", got)
	}
}

func FuzzLinkNeverNaN(f *testing.F) {
	f.Add(0, 0, 0, 0, 0.0, 1.0)
	f.Add(1<<40, 3, -5, 1<<50, 1.0, 0.0)
	f.Add(7, 100000, 12, 0, math.NaN(), math.Inf(1))
	f.Fuzz(func(t *testing.T, a, b, c, d int, p, alpha float64) {
		a, b, c, d = a%(1<<50), b%(1<<50), c%(1<<50), d%(1<<50)
		level := min(max(unit(alpha), 1e-12), 1-1e-9)
		x, y, z := BinCount{a, b}, BinCount{c, d}, BinCount{a, d}
		excluded, low, high := NotExplained(x, y, level)
		lo, hi, _ := BlockedInterval([]BinCount{x, y, z, x, y, z, x, y, z, x, y, z, x, y, z, x, y}, level)
		_, beyond := Stretch(a, b)
		n := LinkLogN([]Count{{a, b}, {c, d}}, c%3, Count{b, d}, p)
		for name, v := range map[string]float64{
			"LinkLogN": n, "BlockLogD": BlockLogD([]Count{{a, b}, {c, d}}), "low": low, "high": high, "lo": lo, "hi": hi, "beyond": beyond,
			"EqualLogE": EqualLogE(x, y, z), "WaitBound": WaitBound(a, b, level), "WaitNeed": float64(WaitNeed(a, unit(p), level)),
		} {
			if math.IsNaN(v) {
				t.Errorf("%s of %d %d %d %d, p=%g, alpha=%g is NaN", name, a, b, c, d, p, level)
			}
		}
		if n > 1e-6*(1+math.Abs(n)) && a >= 0 && b >= 0 && c >= 0 && d >= 0 && a+b+c+d < 1<<20 {
			t.Errorf("a probability of e^%g", n)
		}
		if low > high || lo > hi || excluded && (x.valid().N == 0 || y.valid().N == 0) {
			t.Errorf("interval [%g, %g] [%g, %g] excluded %v", low, high, lo, hi, excluded)
		}
	})
}

func BenchmarkLinkLogN64(b *testing.B) {
	values := make([]Count, 64)
	for i := range values {
		values[i] = Count{i % 5, 7 * i}
	}
	for b.Loop() {
		LinkLogN(values, 0, Count{}, .1)
	}
}

func BenchmarkNotExplained(b *testing.B) {
	for b.Loop() {
		NotExplained(BinCount{6, 100}, BinCount{54, 900}, .01)
	}
}

func BenchmarkEqualLogE(b *testing.B) {
	for b.Loop() {
		EqualLogE(BinCount{29, 30}, BinCount{30, 30}, BinCount{1, 30})
	}
}
