package report

import (
	"fmt"
	"strings"

	"stageprobe/analyze"
	"stageprobe/analyze/cause"
	"stageprobe/analyze/words"
)

// How many findings are told in full, and how many in a line, unless asked for
// more: the most severe come first.
const (
	maxFull   = 4
	maxBriefs = 12
)

// findings tells of each finding what was seen, in what the sides differ and how
// to mend it. What moves by itself is told with its target.
func (p *page) findings(v *view) {
	told := 0
	for i := range v.rep.Findings {
		f := &v.rep.Findings[i]
		switch {
		case f.Cause == cause.VolatileContent && !p.o.Verbose:
			continue
		case told == maxFull+maxBriefs && !p.o.Verbose:
			p.blank()
			p.line("and %s (-v shows them)", words.Plural(len(v.rep.Findings)-i, "more finding"))
			return
		case told == maxFull && !p.o.Verbose:
			p.blank()
		}
		if told < maxFull || p.o.Verbose {
			p.blank()
			p.finding(v, i+1, f)
		} else {
			p.para(fmt.Sprintf("%d. ", i+1), p.findingTitle(v.rep, f))
		}
		told++
	}
}

func severityStyle(s cause.Severity) style {
	switch s {
	case cause.Error:
		return red
	case cause.Warning:
		return yellow
	}
	return strong
}

func (p *page) findingTitle(rep *analyze.Report, f *cause.Finding) string {
	title := p.in(severityStyle(f.Severity), string(f.Cause))
	if s := subject(f); s != "" {
		title += " on " + s
	}
	title += " (" + grade(rep, f)
	if f.Baseline != "" {
		title += ", " + f.Baseline
	}
	return title + ")"
}

func (p *page) finding(v *view, n int, f *cause.Finding) {
	first := fmt.Sprintf("%d. ", n)
	p.para(first, p.findingTitle(v.rep, f))
	p.para("   ", f.Statement)
	p.differs(f)
	if p.o.Verbose {
		p.evidence(v, f)
	}
	if s := alternatives(f); s != "" {
		p.para("   not excluded: ", s)
	}
	if f.Settles != "" {
		p.para("   settled by: ", f.Settles)
	}
	p.remedies(n, f.Remedy)
}

// evidence is what a finding rests on.
func (p *page) evidence(v *view, f *cause.Finding) {
	for _, e := range f.Evidence {
		p.para("   - ", e)
	}
	if s := f.Statistics; s != nil {
		p.para("   test: ", s.Test+"; "+numbersOf(s))
		if s.Table != nil && len(s.Table.Rows) > 0 {
			p.table("     ", v.countRows(s.Table))
		}
	}
}

func alternatives(f *cause.Finding) string {
	var parts []string
	for _, a := range f.Alternatives {
		text := string(a.Cause)
		if a.Posterior > 0 { // configuration excludes or not, it gives no number
			text += " (" + words.Percent(a.Posterior) + ")"
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, ", ")
}

// maxDiffers is how many fields the text shows of a finding unless asked for
// more.
const maxDiffers = 3

// differs shows in what the sides of a finding differ.
func (p *page) differs(f *cause.Finding) {
	rows := differRows(f.Differs)
	if len(rows) == 0 {
		return
	}
	shown := rows
	if !p.o.Verbose && len(rows) > 1+maxDiffers {
		shown = rows[:1+maxDiffers]
	}
	p.fitted("   ", shown)
	if more := len(rows) - len(shown); more > 0 {
		p.line("   and %s (-v lists them)", words.Plural(more, "more field"))
	}
}
