package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"stageprobe/analyze/cause"
)

// differRows are the cells of a table of what differs, its heads first: field,
// usual value, other value, and per side how many of its answers had the other
// one. Nil where nothing differs.
func differRows(list []cause.Difference) [][]string {
	if len(list) == 0 {
		return nil
	}
	sides := differSides(list)
	one := !slices.ContainsFunc(list, func(d cause.Difference) bool { return d.Scenario != list[0].Scenario })
	head := []string{"what differs", "usual", "other"}
	if one && list[0].Scenario != "" {
		head[0] = list[0].Scenario
	}
	rows := [][]string{append(head, sides...)}
	for _, d := range list {
		row := []string{whereWords(d.Where), valueWords(d.Usual), valueWords(d.Other)}
		if !one {
			row[0] = whereWords(d.Where) + " of " + d.Scenario // where it is cut, the field is left
		}
		for _, s := range sides {
			row = append(row, countWords(d.Counts, s))
		}
		rows = append(rows, row)
	}
	return rows
}

// whereWords name a field for a reader: what is of the answer as a whole has a colon
// before it in the report.
func whereWords(where string) string { return strings.TrimPrefix(where, ":") }

// withoutCounts are the rows of a narrow table.
func withoutCounts(rows [][]string) [][]string {
	out := make([][]string, len(rows))
	for i, r := range rows {
		out[i] = r[:3]
	}
	return out
}

func countWords(counts map[string]cause.DifferenceCount, side string) string {
	n, ok := counts[side]
	if !ok {
		return ""
	}
	return fmt.Sprintf("%d of %d", n.Other, n.All)
}

// differSides are the sides that were counted, the one that deviates first.
func differSides(list []cause.Difference) []string {
	all := map[string]float64{}
	for _, d := range list {
		for side, n := range d.Counts {
			all[side] = max(all[side], float64(n.Other)/float64(max(1, n.All)))
		}
	}
	sides := slices.Sorted(maps.Keys(all))
	slices.SortStableFunc(sides, func(a, b string) int { return cmp.Compare(all[b], all[a]) })
	return sides
}

// differWords are a difference in a line.
func differWords(d *cause.Difference) string {
	s := fmt.Sprintf("differs: %s %s: usually %s, here %s", d.Scenario, whereWords(d.Where), valueWords(d.Usual), valueWords(d.Other))
	for i, side := range differSides([]cause.Difference{*d}) {
		sep := ", "
		if i == 0 {
			sep = " ("
		}
		s += sep + countWords(d.Counts, side) + " of " + side
	}
	if len(d.Counts) > 0 {
		s += ")"
	}
	return s
}
