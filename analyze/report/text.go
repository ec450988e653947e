package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"stageprobe/analyze"
	"stageprobe/analyze/words"
)

// Text writes the report for a terminal. The first screen holds the verdict and,
// per finding, what was seen, in what it differs and the first way to mend it;
// what the numbers rest on is there with Verbose. The last line says again how it
// ended, for who sees only the end.
func Text(w io.Writer, rep *analyze.Report, o Options) error {
	p := newPage(o)
	rep = plainReport(rep)
	if unanswered(rep) && !o.Verbose {
		shortly(p, rep)
		_, err := w.Write(p.Bytes())
		return err
	}
	v := newView(rep)
	p.verdict(rep)
	t := &teller{page: p, v: v}
	t.changes(rep)
	t.crowded = t.overview()
	t.findings()
	configPage{p}.plan(rep)
	picturePage{p}.waits(rep)
	t.expectations(rep)
	t.open(rep)
	p.mended(rep)
	if p.o.Verbose {
		picturePage{p}.picture(v)
	} else if !t.crowded {
		t.targets(v)
	}
	if p.o.Verbose || inspected(rep) && !t.crowded {
		configPage{p}.config(rep)
	}
	if p.o.Verbose && !planned(rep) {
		p.steps(rep)
		p.logs(rep)
	}
	t.notes(rep)
	if rep.Retest != "" {
		p.blank()
		p.line("After mending, look again:")
		p.line("%s", rep.Retest)
	}
	p.last(rep)
	_, err := w.Write(p.Bytes())
	return err
}

// styleOf is the colour of a verdict: red where a gate would fail, yellow where
// somebody should look, green where nobody has to.
func styleOf(rep *analyze.Report) style {
	switch standing(rep) {
	case "ok":
		return green
	case "error":
		return red
	}
	return yellow
}

// verdict is the headline, how it was come by, and what is not a finding's own
// statement: those stand with their findings.
func (p *page) verdict(rep *analyze.Report) {
	if rep.Unread == "" {
		p.line("%s", p.in(strong, p.in(styleOf(rep), headline(rep))))
	} else {
		p.line("%s; by probes alone: configuration not read", p.in(strong, p.in(styleOf(rep), headline(rep))))
		p.para("", strings.ToUpper(rep.Unread[:1])+rep.Unread[1:]+".")
	}
	p.para("", runLine(rep))
	for _, s := range sayings(rep) {
		p.blank()
		p.para("", s)
	}
}

// unanswered tells a run in which no request got an answer, and of which nothing else
// is known either.
func unanswered(rep *analyze.Report) bool { return rep.NoAnswer != "" && len(rep.Findings) == 0 }

// shortly says in a few lines that nothing answered, and why.
func shortly(p *page, rep *analyze.Report) {
	p.para("", headline(rep)+": "+rep.NoAnswer+".")
	if rep.Unread != "" {
		p.line("%s; neither configuration nor logs were read.", strings.ToUpper(rep.Unread[:1])+rep.Unread[1:])
	}
	p.line("%s in %s, none answered; -v shows the whole report.", words.Plural(rep.Run.Requests, "request"), span(rep.Run.Ended.Sub(rep.Run.Started)))
	p.last(rep)
}

// last repeats the headline with the exit code.
func (p *page) last(rep *analyze.Report) {
	if !p.endsBlank() {
		p.blank()
	}
	p.line("%s; exit code %d", p.in(styleOf(rep), headline(rep)), rep.ExitCode)
}

// maxTargets is of how many targets the text tells unless asked for more.
const maxTargets = 6

// targets tells in a line each what was asked and where it leads.
func (t *teller) targets(v *view) {
	all := v.rep.Targets
	if len(all) == 0 || inspected(v.rep) {
		return
	}
	t.heading("TARGETS (-v shows what answered, the six steps and the logs)")
	for i := range all[:min(len(all), maxTargets)] {
		target := &all[i]
		t.hang("", "  ", fmt.Sprintf("%s: %s; %s", t.in(strong, target.ID), leads(target), words.Plural(target.Requests, "request")))
		if s := intention(v.rep, target); s != "" {
			t.hang("  ", "  ", s)
		}
		t.moves(target)
	}
	if more := len(all) - maxTargets; more > 0 {
		t.line("and %s", words.Plural(more, "more target"))
	}
}

// maxMoves is how many fields that move by themselves are named.
const maxMoves = 4

// moves tells which fields of a target's answers were not compared.
func (p *page) moves(t *analyze.Target) {
	if s := movesWords(t, p.o.Verbose); s != "" {
		p.hang("  ", "  ", s)
	}
}

// movesWords name the fields that move by themselves, each once.
func movesWords(t *analyze.Target, all bool) string {
	var names []string
	for _, m := range t.Moves {
		if s := whereWords(m.Where) + " (" + m.Kind + ")"; !slices.Contains(names, s) {
			names = append(names, s)
		}
	}
	if len(names) == 0 {
		return ""
	}
	most := maxMoves
	if all {
		most = len(names)
	}
	verb := " move by themselves: "
	if len(names) == 1 {
		verb = " moves by itself: "
	}
	return words.Plural(len(names), "field") + verb + words.Some(names, most) + "; not compared"
}

func (t *teller) expectations(rep *analyze.Report) {
	var rows []analyze.Expectation
	met := 0
	for _, e := range rep.Expectations {
		if e.Met != nil && *e.Met {
			met++
			if !t.o.Verbose {
				continue
			}
		}
		rows = append(rows, e)
	}
	if len(rep.Expectations) == 0 {
		return
	}
	t.heading(fmt.Sprintf("EXPECTATIONS: %d of %d met", met, len(rep.Expectations)))
	for i, e := range rows {
		if t.cut(i, len(rows), maxExpectations, "expectation") {
			return
		}
		t.para("  "+pad(metWord(e.Met), 7)+" ", fmt.Sprintf("%s on %s: %s; observed %s", e.Scenario, e.Target, e.Expectation, cmp.Or(e.Observed, "nothing")))
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

func (t *teller) open(rep *analyze.Report) {
	if len(rep.Open) == 0 {
		return
	}
	t.heading("STILL OPEN")
	for i := range rep.Open {
		if t.cut(i, len(rep.Open), maxOpen, "question") {
			return
		}
		t.para("  - ", questionWords(&rep.Open[i]))
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
		s += "; likeliest " + q.Leader
		if q.Percent > 0 {
			s += fmt.Sprintf(" (%d %%)", q.Percent)
		}
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
	if inspected(rep) {
		return
	}
	p.heading("LOGS")
	p.para("  ", logWords(&rep.Logs))
	for _, g := range rep.Logs.Groups {
		p.para("  - ", groupWords(&g))
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
	if g.Stage == "" {
		side = "several stages"
	}
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

func (t *teller) notes(rep *analyze.Report) {
	if len(rep.Notes) == 0 {
		return
	}
	t.heading("NOTES")
	for i, n := range rep.Notes {
		if t.cut(i, len(rep.Notes), maxNotes, "note") {
			return
		}
		if !t.o.Verbose {
			n = clip(n, 5*(t.width-8)) // of an error the beginning tells most
		}
		t.para("  - ", n)
	}
}

// How much of what is beside the findings is told unless asked for more.
const (
	maxExpectations = 8
	maxOpen         = 6
	maxNotes        = 4
)

// cut ends a list that is longer than a first screen bears, and says how much is
// left out.
func (t *teller) cut(i, of, most int, noun string) bool {
	if t.o.Verbose || i < most || of == most+1 {
		return false
	}
	t.line("  and %s (-v shows them)", words.Plural(of-i, "more "+noun))
	return true
}
