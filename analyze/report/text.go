package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"stageprobe/analyze"
	"stageprobe/analyze/cause"
	"stageprobe/analyze/words"
)

// Text writes the report for a terminal: the verdict first, then the picture,
// the evidence, the six steps, and last the commands that mend it, ready to
// copy.
func Text(w io.Writer, rep *analyze.Report, o Options) error {
	p := newPage(o)
	rep = plainReport(rep)
	v := newView(rep)
	p.verdict(rep)
	if planned(rep) { // before a deploy, what to write is what one reads on for
		p.remedies(rep)
	}
	p.plan(rep)
	p.waits(rep)
	p.picture(v)
	p.findings(v)
	p.config(rep)
	p.expectations(rep)
	if !planned(rep) {
		p.steps(rep)
	}
	p.open(rep)
	p.logs(rep)
	p.mended(rep)
	p.notes(rep)
	if !planned(rep) {
		p.remedies(rep)
	}
	_, err := w.Write(p.Bytes())
	return err
}

func outcomeStyle(o analyze.Outcome) style {
	switch o {
	case analyze.Consistent:
		return green
	case analyze.Inconsistent:
		return red
	}
	return yellow
}

func (p *page) verdict(rep *analyze.Report) {
	p.line("%s", p.in(strong, p.in(outcomeStyle(rep.Outcome), headline(rep))))
	p.blank()
	verdict := verdictOf(rep)
	for i, s := range verdict {
		first := "  "
		if len(verdict) > 1 {
			first = fmt.Sprintf("%d. ", i+1)
		}
		p.hang(first, strings.Repeat(" ", len(first)), s)
	}
	p.blank()
	p.para("", runLine(rep))
}

// How much evidence a finding shows without -v: so many lines, but always the
// first pieces, the configuration and a request, however narrow the page is.
const (
	maxEvidence   = 4
	firstEvidence = 2
)

func (p *page) findings(v *view) {
	if len(v.rep.Findings) == 0 {
		return
	}
	p.heading("WHY")
	for i := range v.rep.Findings {
		p.finding(v, i+1, &v.rep.Findings[i])
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

func (p *page) finding(v *view, n int, f *cause.Finding) {
	title := fmt.Sprintf("%s (%s)", f.Cause, grade(v.rep, f))
	if f.Baseline != "" {
		title += " [" + f.Baseline + "]"
	}
	p.para(fmt.Sprintf("%d. ", n), p.in(severityStyle(f.Severity), title))
	if s := subject(f); s != "" {
		p.para("   ", "on "+s)
	}
	if f.Severity == cause.Info { // those are not in the verdict
		p.para("   ", f.Statement)
	}
	p.evidence(f.Evidence)
	if f.Statistics != nil && f.Statistics.Table != nil {
		p.counts(v, f.Statistics.Table)
	}
	if s := alternatives(f); s != "" {
		p.para("   not excluded: ", s)
	}
	if f.Settles != "" {
		p.para("   settled by: ", f.Settles)
	}
}

func (p *page) evidence(lines []string) {
	left := maxEvidence
	for i, e := range lines {
		if !p.o.Verbose {
			e = clip(e, 3*p.width)
		}
		n := len(wrap(e, p.width-5))
		if left -= n; left < 0 && i >= firstEvidence && !p.o.Verbose {
			return
		}
		p.para("   - ", e)
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

// A count table bigger than this stays for -v and for the other formats.
const (
	maxTableRows    = 3
	maxTableColumns = 6
)

func (p *page) counts(v *view, t *cause.Table) {
	big := len(t.Rows) > maxTableRows || len(t.Columns) > maxTableColumns
	if len(t.Rows) == 0 || (big && !p.o.Verbose) {
		return
	}
	p.table("     ", v.countRows(t))
}

func (p *page) expectations(rep *analyze.Report) {
	var rows []analyze.Expectation
	met := 0
	for _, e := range rep.Expectations {
		if e.Met != nil && *e.Met {
			met++
			if !p.o.Verbose {
				continue
			}
		}
		rows = append(rows, e)
	}
	if len(rep.Expectations) == 0 {
		return
	}
	p.heading(fmt.Sprintf("EXPECTATIONS: %d of %d met", met, len(rep.Expectations)))
	for _, e := range rows {
		p.para("  "+pad(metWord(e.Met), 7)+" ", fmt.Sprintf("%s on %s: %s; observed %s", e.Scenario, e.Target, e.Expectation, cmp.Or(e.Observed, "nothing")))
	}
}

func metWord(met *bool) string {
	switch {
	case met == nil:
		return "?"
	case *met:
		return "ok"
	}
	return "NOT MET"
}

func (p *page) steps(rep *analyze.Report) {
	if len(rep.Steps) == 0 {
		return
	}
	p.heading("THE SIX STEPS")
	for _, s := range rep.Steps {
		word := statusWord(s.Status)
		styled := pad(word, 8)
		switch word {
		case "PROBLEM":
			styled = p.in(red, styled)
		case "?":
			styled = p.in(yellow, styled)
		}
		first := fmt.Sprintf("  %d %s %s", s.N, pad(s.Name, 19), styled)
		p.hang(first, strings.Repeat(" ", 32), s.Note)
	}
}

func (p *page) open(rep *analyze.Report) {
	if len(rep.Open) == 0 {
		return
	}
	p.heading("STILL OPEN")
	for _, q := range rep.Open {
		p.para("  - ", questionWords(&q))
	}
}

// questionWords say what is undecided and what is missing.
func questionWords(q *analyze.Question) string {
	s := q.Text
	if q.Target != "" && !strings.Contains(s, q.Target) {
		s = q.Target + ": " + s
	}
	s = strings.TrimSuffix(s, ".")
	if q.Leader != "" {
		s += fmt.Sprintf("; likeliest %s (%d %%)", q.Leader, q.Percent)
	}
	if q.More > 0 {
		s += fmt.Sprintf("; about %d more requests would decide it", q.More)
	}
	if q.Enable != "" {
		s += "; what is missing: " + q.Enable
	}
	return s + "."
}

func (p *page) logs(rep *analyze.Report) {
	if inspected(rep) || planned(rep) {
		return
	}
	p.heading("LOGS")
	p.para("  ", logWords(&rep.Logs))
	if p.o.Verbose {
		for _, g := range rep.Logs.Groups {
			p.para("  - ", groupWords(&g))
		}
	}
}

// logWords say how far the logs could be read.
func logWords(l *analyze.Logs) string {
	var parts []string
	if l.RequestsSampled > 0 {
		s := fmt.Sprintf("%d of %s found (%s)", l.Matched, words.Plural(l.RequestsSampled, "request"), words.Percent(l.Coverage))
		if n := len(l.Groups); n > 0 {
			s += " in " + words.Plural(n, "log group")
		}
		parts = append(parts, s)
	}
	if l.LagMS != nil {
		parts = append(parts, fmt.Sprintf("lag %s at the median, %s at most", millis(l.LagMS.P50), millis(l.LagMS.Max)))
	}
	if l.Note != "" {
		parts = append(parts, l.Note)
	}
	if len(parts) == 0 {
		return "none was read."
	}
	return strings.Join(parts, "; ") + "."
}

func groupWords(g *analyze.LogGroup) string {
	side := "stage " + g.Stage
	if g.Canary {
		side += ", canary"
	}
	return fmt.Sprintf("%s (%s): %s", g.Name, side, words.Plural(g.Events, "event"))
}

func (p *page) mended(rep *analyze.Report) {
	if len(rep.Mended) == 0 {
		return
	}
	p.heading("SINCE THE BASELINE")
	for i := range rep.Mended {
		f := &rep.Mended[i]
		p.para("  - ", fmt.Sprintf("%s: %s on %s", cmp.Or(f.Baseline, "mended"), f.Cause, subject(f)))
	}
}

func (p *page) notes(rep *analyze.Report) {
	if len(rep.Notes) == 0 {
		return
	}
	p.heading("NOTES")
	for _, n := range rep.Notes {
		p.para("  - ", n)
	}
}
