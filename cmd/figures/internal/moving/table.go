package moving

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/montanaflynn/stats"
)

// tally is how the trials of one row ended.
type tally struct {
	runs, right, missed, falseErrors, notRun int
	requests                                 []float64
	what                                     map[string][]uint64 // what was wrong → seeds
}

func (c *tally) add(t *trial) {
	c.runs++
	switch {
	case t.err != nil:
		c.notRun++
		c.what["not run"] = append(c.what["not run"], t.seed)
		return
	case t.right():
		c.right++
	}
	if len(t.missed) > 0 {
		c.missed++
	} else {
		c.requests = append(c.requests, float64(t.requests))
	}
	if len(t.wrong) > 0 {
		c.falseErrors++
	}
	for _, m := range t.missed {
		c.what["missed "+m] = append(c.what["missed "+m], t.seed)
	}
	for _, w := range t.wrong {
		c.what["false "+w] = append(c.what["false "+w], t.seed)
	}
}

// write writes two tables: how each condition was diagnosed, and which kinds of
// movement and of difference the wrong runs had.
func write(out io.Writer, trials []*trial) error {
	rows := map[string]*tally{}
	var order []string
	for _, t := range trials {
		if rows[t.row()] == nil {
			rows[t.row()] = &tally{what: map[string][]uint64{}}
			order = append(order, t.row())
		}
		rows[t.row()].add(t)
	}
	slices.Sort(order)
	var b strings.Builder
	b.WriteString("| condition | runs | right | missed | with a false error | not run | requests, median | ninth decile |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	for _, name := range order {
		c := rows[name]
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %d | %d | %s | %s |\n", name, c.runs, c.right, c.missed, c.falseErrors, c.notRun, quantile(c.requests, 50), quantile(c.requests, 90))
	}
	b.WriteString("\n| condition | what was wrong | runs | seeds |\n| --- | --- | ---: | --- |\n")
	for _, name := range order {
		for _, what := range slices.Sorted(maps.Keys(rows[name].what)) {
			seeds := rows[name].what[what]
			fmt.Fprintf(&b, "| %s | %s | %d | %s |\n", name, what, len(seeds), strings.Trim(fmt.Sprint(seeds), "[]"))
		}
	}
	writeKinds(&b, trials)
	_, err := io.WriteString(out, b.String())
	return err
}

func quantile(of []float64, percent float64) string {
	v, err := stats.PercentileNearestRank(of, percent)
	if err != nil {
		return "–"
	}
	return fmt.Sprintf("%.0f", v)
}

// shown is how many kinds the second table names.
const shown = 40

// writeKinds names the kinds that the runs with false errors had, and the
// differences that were missed.
func writeKinds(b *strings.Builder, trials []*trial) {
	alarms, misses := map[string]*[2]int{}, map[string]*[2]int{}
	count := func(m map[string]*[2]int, name string, wrong bool) {
		if m[name] == nil {
			m[name] = &[2]int{}
		}
		m[name][1]++
		if wrong {
			m[name][0]++
		}
	}
	for _, t := range trials {
		if t.err != nil {
			continue
		}
		for _, k := range t.truth.Moves {
			count(alarms, k, len(t.wrong) > 0)
		}
		if t.truth.Difference != "" {
			count(misses, t.truth.Difference, len(t.missed) > 0)
		}
	}
	b.WriteString("\nFalse errors by kind of movement in the world: " + worst(alarms) + ".\n")
	b.WriteString("\nMissed by kind of difference: " + worst(misses) + ".\n")
}

// worst lists the names that were wrong most often.
func worst(of map[string]*[2]int) string {
	names := slices.SortedFunc(maps.Keys(of), func(a, b string) int {
		x, y := of[a], of[b]
		return cmp.Or(cmp.Compare(y[0]*x[1], x[0]*y[1]), cmp.Compare(y[0], x[0]), cmp.Compare(a, b))
	})
	var parts []string
	for _, n := range names {
		if c := of[n]; c[0] > 0 && len(parts) < shown {
			parts = append(parts, fmt.Sprintf("%s %d of %d", n, c[0], c[1]))
		}
	}
	return cmp.Or(strings.Join(parts, ", "), "none")
}
