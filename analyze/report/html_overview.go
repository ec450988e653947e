package report

import (
	"slices"
	"strconv"

	"stageprobe/analyze"
)

// htmlOverview is the table of stages that comes first where there are many: those
// that need attention, and apart from them those that do not where there are many
// of those, too.
type htmlOverview struct {
	Words        string // what it is about
	Shown, Clean *htmlStages
	Folds        []fold
}

// htmlStages is a table of stages, the worst first.
type htmlStages struct {
	Caption string
	Heads   []htmlCell
	Rows    [][]htmlCell
}

// htmlCell is a cell with what a browser needs to colour and align it.
type htmlCell struct{ Text, Class, Key string }

func newHTMLOverview(rep *analyze.Report) *htmlOverview {
	rows := overview(rep)
	if rows == nil {
		return nil
	}
	out := &htmlOverview{Words: overviewWords(rows)}
	shown, folds := folded(rows)
	out.Shown, out.Folds = newHTMLStages("Stages, the worst first", shown), folds
	if len(folds) > 0 {
		out.Clean = newHTMLStages("Stages that need nothing", rows[len(shown):])
	}
	return out
}

// newHTMLStages lays a table out; nil where it would have no row.
func newHTMLStages(caption string, rows []stageRow) *htmlStages {
	if len(rows) == 0 {
		return nil
	}
	out := &htmlStages{Caption: caption}
	columns := telling(rows)
	table := cells(rows, columns)
	for i, row := range table {
		line := make([]htmlCell, len(row))
		for j, text := range row {
			line[j].Text = text
			if columns[j].number {
				line[j].Class = "num"
			}
		}
		if i == 0 {
			out.Heads = line
			continue
		}
		last := &line[len(line)-1]
		last.Class, last.Key = rows[i-1].Verdict, strconv.Itoa(1+slices.Index(verdictOrder, rows[i-1].Verdict))
		out.Rows = append(out.Rows, line)
	}
	return out
}
