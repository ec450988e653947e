package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"stageprobe/analyze/cause"
	"stageprobe/analyze/words"
)

// crowded tells whether a report speaks of so much that a table comes first, and
// what follows is kept short. One API with a few stages is told of in full.
func crowded(rows []stageRow) bool {
	return len(rows) > 2*minStages || manyAPIs(rows)
}

// maxRows is how many stages have a line each unless asked for more.
const maxRows = 28

// overview is the table that comes before the findings of many stages; it says
// whether there is one.
func (t *teller) overview() bool {
	rows := overview(t.v.rep)
	if !crowded(rows) {
		return false
	}
	t.heading(overviewWords(rows))
	if t.o.Verbose {
		t.stages(rows)
		return true
	}
	shown, folds := folded(rows)
	left := shown[min(len(shown), maxRows):]
	t.stages(shown[:len(shown)-len(left)])
	if len(left) > 0 {
		bad := len(slices.DeleteFunc(slices.Clone(left), func(r stageRow) bool { return r.clean() }))
		t.para("", fmt.Sprintf("and %s (-v lists them), %d of which need attention", words.Plural(len(left), "more stage"), bad))
	}
	if len(shown) == 0 && len(folds) == 1 {
		return true // the heading says so
	}
	for i := range folds {
		t.para("", folds[i].String()+" (-v lists them)")
	}
	return true
}

// minColumn is how narrow a column may become.
const minColumn = 8

// stages writes rows of the overview. Where the page is too narrow, the widest
// column gives way, and the verdict last.
func (t *teller) stages(rows []stageRow) {
	if len(rows) == 0 {
		return
	}
	columns := telling(rows)
	table := cells(rows, columns)
	widths := columnWidths(table)
	last := len(widths) - 1
	room := t.width - gap*last
	for sum(widths) > room {
		widest := slices.Index(widths[:last], slices.Max(widths[:last]))
		if widths[widest] <= minColumn {
			widest = last
		}
		widths[widest]--
	}
	for i, cells := range table {
		line := make([]string, len(cells))
		for j, cell := range cells {
			if columns[j].number {
				line[j] = padLeft(ansi.Truncate(cell, widths[j], "…"), widths[j])
			} else {
				line[j] = pad(cell, widths[j])
			}
		}
		if i > 0 {
			line[last] = t.in(verdictStyle(rows[i-1].Verdict), strings.TrimRight(line[last], " "))
		}
		t.line("%s", strings.Join(line, strings.Repeat(" ", gap)))
	}
}

func verdictStyle(verdict string) style {
	switch verdict {
	case verdictOK, string(cause.Info), verdictUnprobed:
		return green
	case string(cause.Error):
		return red
	}
	return yellow
}

// crowdedLines is how long a report of many stages may be unless asked for more:
// what is not told in full has a line, and the rest is counted.
const crowdedLines = 48

// lines is how many lines stand on the page.
func (t *teller) lines() int { return strings.Count(t.String(), "\n") }
