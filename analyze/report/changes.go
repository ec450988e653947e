package report

import (
	"strings"

	"stageprobe/analyze"
	"stageprobe/analyze/words"
)

// maxChanges is how many changes of a watch, the latest, are told unless asked for more.
const maxChanges = 10

// changeWhen is the moment of a change and how severe what holds since is.
func changeWhen(c *analyze.Change) string {
	return c.At.UTC().Format("2006-01-02 15:04:05Z") + " " + strings.ToUpper(c.Severity)
}

// changes tells what a watch announced, in order.
func (t *teller) changes(rep *analyze.Report) {
	list := rep.Changes
	if len(list) == 0 {
		return
	}
	t.heading("CHANGES")
	if more := len(list) - maxChanges; more > 0 && !t.o.Verbose {
		t.line("  %s before (-v shows them)", words.Plural(more, "change"))
		list = list[more:]
	}
	for i := range list {
		t.para("  - ", changeWhen(&list[i])+" "+list[i].Statement)
	}
}

func markdownChanges(m *markdown, list []analyze.Change) {
	if len(list) == 0 {
		return
	}
	m.line("\n### Changes\n")
	m.head("Since", "What changed")
	for i := range list {
		c := &list[i]
		m.row(md(changeWhen(c)), md(c.Statement))
	}
}
