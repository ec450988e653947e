package report

import (
	"fmt"
	"strings"

	"stageprobe/analyze/cause"
	"stageprobe/analyze/words"
)

// How many findings are told in full, and how many in a line, unless asked for
// more: the most severe come first.
const (
	maxFull   = 4
	maxBriefs = 12
)

// teller tells of findings on a page.
type teller struct {
	*page
	v       *view
	crowded bool // a table of many stages stands before the findings
}

// findings tells of each finding what was seen, in what the sides differ and how
// to mend it. What moves by itself is told with its target.
func (t *teller) findings() {
	full, told := 0, 0
	for i := range t.v.rep.Findings {
		f := &t.v.rep.Findings[i]
		if toldElsewhere(f) {
			continue
		}
		if told == maxFull+maxBriefs && !t.o.Verbose || told > 0 && t.crowded && t.full() {
			t.blank()
			t.line("and %s (-v shows them)", words.Plural(len(t.v.rep.Findings)-i, "more finding"))
			return
		}
		told++
		if full == told-1 && t.inFull(i+1, f, full) {
			full++
			continue
		}
		if full == told-1 {
			t.blank()
		}
		t.para(fmt.Sprintf("%d. ", i+1), t.title(f))
	}
}

// inFull tells of a finding in full where there is room for it.
func (t *teller) inFull(n int, f *cause.Finding, before int) bool {
	if before == maxFull && !t.o.Verbose {
		return false
	}
	at := t.Len()
	t.blank()
	t.finding(n, f)
	if before > 0 && t.crowded && t.full() {
		t.Truncate(at)
		return false
	}
	return true
}

// full tells whether a report of many stages is as long as it may be.
func (t *teller) full() bool { return !t.o.Verbose && t.lines() > crowdedLines }

func severityStyle(s cause.Severity) style {
	switch s {
	case cause.Error:
		return red
	case cause.Warning:
		return yellow
	}
	return strong
}

func (t *teller) title(f *cause.Finding) string {
	title := t.in(severityStyle(f.Severity), string(f.Cause))
	if s := subject(f); s != "" {
		title += " on " + s
	}
	title += " (" + grade(t.v.rep, f)
	if f.Baseline != "" {
		title += ", " + f.Baseline
	}
	return title + ")"
}

func (t *teller) finding(n int, f *cause.Finding) {
	first := fmt.Sprintf("%d. ", n)
	t.para(first, t.title(f))
	t.para("   ", statementOf(f))
	t.differs(f)
	if t.o.Verbose {
		t.evidence(f)
	}
	if s := alternatives(f); s != "" {
		t.para("   not excluded: ", s)
	}
	if f.Settles != "" {
		t.para("   settled by: ", f.Settles)
	}
	t.remedies(n, f.Remedy)
}

// evidence is what a finding rests on.
func (t *teller) evidence(f *cause.Finding) {
	for _, e := range f.Evidence {
		t.para("   - ", e)
	}
	if s := f.Statistics; s != nil {
		t.para("   test: ", s.Test+"; "+numbersOf(s))
		if s.Table != nil && len(s.Table.Rows) > 0 {
			t.table("     ", t.v.countRows(s.Table))
		}
	}
}

func alternatives(f *cause.Finding) string {
	var parts []string
	for _, a := range f.Alternatives {
		text := string(a.Cause)
		if a.Posterior > 0 { // configuration excludes or not, it gives no number
			text += " (" + words.Percent(a.Posterior)
			if s := f.Statistics; s != nil && s.Posterior > 0 && a.Posterior > s.Posterior {
				text += ", the likelier cause"
			}
			text += ")"
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, ", ")
}

// maxDiffers is how many fields the text shows of a finding unless asked for
// more.
const maxDiffers = 3

// differs shows in what the sides of a finding differ.
func (t *teller) differs(f *cause.Finding) {
	rows := differRows(f.Differs)
	if rows == nil {
		rows = t.v.examples(f)
	}
	if len(rows) == 0 {
		return
	}
	if !t.o.Verbose && tableWidth(rows) > t.width-3 {
		rows = withoutCounts(rows) // what a field is called tells more
	}
	shown := rows
	if !t.o.Verbose && len(rows) > 1+maxDiffers {
		shown = rows[:1+maxDiffers]
	}
	t.fitted("   ", shown)
	if more := len(rows) - len(shown); more > 0 {
		t.line("   and %s (-v lists them)", words.Plural(more, "more field"))
	}
	if t.o.Verbose && len(rows[0]) > 3 {
		t.line("   counted: the answers that were compared")
	}
}
