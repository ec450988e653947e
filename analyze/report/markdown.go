package report

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"strings"

	"stageprobe/analyze"
	"stageprobe/analyze/cause"
	"stageprobe/analyze/words"
)

// maxMarkdown keeps a report below the 1 MiB that a GitHub step summary may
// hold, with room for what other steps write to it.
const maxMarkdown = 900 << 10

// Markdown writes the report for $GITHUB_STEP_SUMMARY, a merge request or a
// wiki. The most severe findings come first; what does not fit into a step summary
// any more is left out, and that is said.
func Markdown(w io.Writer, rep *analyze.Report) error {
	rep = plainReport(rep)
	m := &markdown{max: maxMarkdown}
	v := newView(rep)
	m.section(func() { m.verdict(rep) })
	m.section(func() { markdownChanges(m, rep.Changes) })
	stages := overview(rep)
	m.section(func() { markdownOverview(m, stages) })
	for i := range rep.Findings {
		if toldElsewhere(&rep.Findings[i]) {
			continue
		}
		m.section(func() { m.finding(v, i+1, &rep.Findings[i]) })
	}
	m.section(func() { m.plan(rep) })
	markdownTargets(m, v, crowded(stages))
	m.section(func() { m.waits(rep.Wait) })
	m.section(func() { m.expectations(rep.Expectations) })
	if !planned(rep) {
		m.section(func() { m.steps(rep.Steps) })
	}
	m.section(func() { m.rest(rep) })
	m.config(rep)
	m.close()
	_, err := w.Write(m.Bytes())
	return err
}

// markdown is a document under construction, of bounded size.
type markdown struct {
	bytes.Buffer
	max  int
	left int // sections left out
}

// section writes a part as a whole, or not at all where it does not fit.
func (m *markdown) section(write func()) {
	before := m.Len()
	write()
	if m.Len() > m.max {
		m.Truncate(before)
		m.left++
	}
}

func (m *markdown) close() {
	if m.left > 0 {
		m.line("\n> **Cut short**: %s did not fit; the JSON or HTML report holds all.", words.Plural(m.left, "section"))
	}
}

func (m *markdown) line(format string, args ...any) { fmt.Fprintf(m, format+"\n", args...) }

// row writes a table row; cells are escaped already.
func (m *markdown) row(cells ...string) { m.line("| %s |", strings.Join(cells, " | ")) }

func (m *markdown) head(cells ...string) {
	m.row(cells...)
	m.line("|%s", strings.Repeat(" --- |", len(cells)))
}

// mdEscapes are the characters that mean something within a line of Markdown,
// or in the HTML that it lets through. Addresses are kept from becoming links:
// they are quoted, not recommended.
var mdEscapes = func() *strings.Replacer {
	pairs := []string{"<", "&lt;", ">", "&gt;", "&", "&amp;", "://", "&#58;//"}
	for _, r := range "\\`*_[]#|~$" {
		pairs = append(pairs, string(r), "\\"+string(r))
	}
	return strings.NewReplacer(pairs...)
}()

// md escapes text for Markdown, also inside of a table.
func md(s string) string { return mdEscapes.Replace(s) }

// code is text as inline code. Pipes would end a table's cell even there, so
// it is HTML.
func code(s string) string {
	return "<code>" + md(s) + "</code>"
}

// fence is a code block whose fence is longer than any run of backticks in it.
func (m *markdown) fence(language, text string) {
	longest, run := 0, 0
	for _, r := range text {
		if r != '`' {
			run = 0
			continue
		}
		run++
		longest = max(longest, run)
	}
	f := strings.Repeat("`", max(3, longest+1))
	m.line("\n%s%s\n%s\n%s", f, language, text, f)
}

func (m *markdown) verdict(rep *analyze.Report) {
	icon := map[analyze.Outcome]string{analyze.Consistent: "✅", analyze.Inconsistent: "❌"}[rep.Outcome]
	m.line("## %s stageprobe: %s\n", cmp.Or(icon, "❔"), md(headline(rep)))
	m.line("%s", md(runLine(rep)))
	for _, s := range sayings(rep) {
		m.line("\n%s", md(s))
	}
}

// maxStages is how many stages that need attention have a row each.
const maxStages = 200

// markdownOverview is the table of many stages, the worst first.
func markdownOverview(m *markdown, rows []stageRow) {
	if len(rows) == 0 {
		return
	}
	m.line("\n### %s", md(overviewWords(rows)))
	shown, folds := folded(rows)
	left := len(shown) - maxStages
	shown = shown[:min(len(shown), maxStages)]
	if len(shown) > 0 {
		m.table(cells(shown, telling(shown)))
	}
	if left > 0 {
		m.line("\nAnd %s.", words.Plural(left, "more stage"))
	}
	for i := range folds {
		m.line("\n%s.", md(folds[i].String()))
	}
}

// remedies are the first way to mend a finding, and the others folded away.
func (m *markdown) remedies(n int, ways []cause.Remedy) {
	first, after := firstWay(ways)
	numbers := remedyNumbers(n, ways)
	for i := first; i < after; i++ {
		m.remedy(numbers[i], &ways[i])
	}
	if after-first == len(ways) {
		return
	}
	m.line("\n<details><summary>What else can be done</summary>")
	for i := range ways {
		if i < first || i >= after {
			m.remedy(numbers[i], &ways[i])
		}
	}
	m.line("\n</details>")
}

func (m *markdown) remedy(number string, r *cause.Remedy) {
	text := md(remedyWords(r))
	if number != "" {
		text = "**" + number + "** " + text
	}
	m.line("\n%s", text)
	if r.Warning != "" {
		m.line("\n⚠️ Careful: %s.", md(r.Warning))
	}
	if r.Command != "" {
		m.fence("sh", strings.Join(breakCommand(r.Command, 100), "\n"))
	}
	if len(r.Write) > 0 {
		m.fence("", strings.Join(r.Write, "\n"))
	}
	details := []string{}
	if r.Changes != "" {
		details = append(details, "Changes: "+md(r.Changes)+".")
	}
	if r.Leaves != "" {
		details = append(details, "Leaves: "+md(r.Leaves)+".")
	}
	if r.Undo == "" && len(details) == 0 {
		return
	}
	m.line("\n<details><summary>What it changes, and how to undo it</summary>\n")
	m.line("%s", strings.Join(details, " "))
	if r.Undo != "" {
		m.fence("sh", strings.Join(breakCommand(r.Undo, 100), "\n"))
	}
	m.line("\n</details>")
}

// markdownTargets tell what answered, folded away where there are many.
func markdownTargets(m *markdown, v *view, fold bool) {
	if len(v.rep.Targets) == 0 {
		return
	}
	if fold {
		m.line("\n<details><summary>What answered</summary>")
	} else {
		m.line("\n### What answered")
	}
	for i := range v.rep.Targets {
		m.section(func() { m.target(v, &v.rep.Targets[i]) })
	}
	if fold {
		m.line("\n</details>")
	}
}

func (m *markdown) target(v *view, t *analyze.Target) {
	m.line("\n**%s**: %s", md(t.ID), md(leads(t)))
	if t.Canary != nil {
		m.line("\n%s", md(v.canary(t)))
	}
	if t.Requests == 0 {
		m.line("\nNo request was sent to it.")
		return
	}
	m.line("")
	m.head("Scenario", "", "Behaviour", "Answers", "Share", "Interval", "Configured", "By the logs")
	for _, p := range v.panels(t) {
		for _, b := range p.Rows {
			configured := ""
			if b.Configured != nil {
				configured = words.Percent(*b.Configured)
			}
			what := md(b.describe())
			if d := b.differs(&p.Rows[0], 3); d != "" {
				what += ": " + md(d)
			}
			m.row(md(p.Scenario), "**"+b.Letter+"**", what, fmt.Sprint(b.Count), words.Percent(b.Share), between(b.ShareLow, b.ShareHigh), configured, md(b.served(t.Canary != nil)))
		}
	}
	if s := movesWords(t, true); s != "" {
		m.line("\n%s.", md(s))
	}
	if t.Claim != nil {
		m.line("\nAt most %s of its answers could differ (%s confidence).", words.Percent(*t.Claim), words.Percent(v.rep.Run.Confidence))
	}
}

func (m *markdown) waits(waits []analyze.Convergence) {
	if len(waits) == 0 {
		return
	}
	m.line("\n### Old answers over time\n")
	p := newPage(Options{})
	for i := range waits {
		m.line("- %s %s: %s", md(waits[i].Target), code(picturePage{p}.falling(waits[i].Shares)), md(waitWords(&waits[i])))
	}
}

func (m *markdown) finding(v *view, n int, f *cause.Finding) {
	if n == 1 {
		m.line("\n### What was found, and what mends it\n\nstageprobe itself changes nothing.")
	}
	baseline := ""
	if f.Baseline != "" {
		baseline = ", " + f.Baseline
	}
	m.line("\n**%d. %s** (%s%s) on %s\n", n, md(string(f.Cause)), md(grade(v.rep, f)), md(baseline), md(cmp.Or(subject(f), "everything")))
	m.line("%s", md(statementOf(f)))
	rows, _ := v.differ(f)
	m.table(rows)
	if s := alternatives(f); s != "" {
		m.line("\nNot excluded: %s", md(s))
	}
	if f.Settles != "" {
		m.line("\nSettled by: %s", md(f.Settles))
	}
	m.remedies(n, f.Remedy)
	m.evidence(v, f)
}

// evidence is what a finding rests on, folded away.
func (m *markdown) evidence(v *view, f *cause.Finding) {
	if len(f.Evidence) == 0 && f.Statistics == nil {
		return
	}
	m.line("\n<details><summary>Evidence</summary>\n")
	for _, e := range f.Evidence {
		m.line("- %s", md(clip(e, 1000)))
	}
	if s := f.Statistics; s != nil {
		m.line("- test: %s; %s", md(s.Test), md(numbersOf(s)))
		if s.Table != nil && len(s.Table.Rows) > 0 {
			m.table(v.countRows(s.Table))
		}
	}
	m.line("\n</details>")
}

// table writes rows of plain text, heads first.
func (m *markdown) table(rows [][]string) {
	if len(rows) == 0 {
		return
	}
	m.line("")
	for i, row := range rows {
		cells := make([]string, len(row))
		for j := range row {
			cells[j] = md(row[j])
		}
		if i == 0 {
			m.head(cells...)
			continue
		}
		m.row(cells...)
	}
}

func (m *markdown) expectations(all []analyze.Expectation) {
	if len(all) == 0 {
		return
	}
	m.line("\n### Expectations\n")
	m.head("Scenario", "Target", "Expected", "Met", "Observed")
	for _, e := range all {
		m.row(md(e.Scenario), md(e.Target), md(e.Expectation), metWord(e.Met), md(e.Observed))
	}
}

func (m *markdown) steps(steps []analyze.Step) {
	if len(steps) == 0 {
		return
	}
	m.line("\n### The six steps\n")
	m.head("", "Step", "Status", "Note")
	for _, s := range steps {
		m.row(fmt.Sprint(s.N), md(s.Name), statusWord(s.Status), md(s.Note))
	}
}

// rest is what is short: open questions, logs, baseline, notes.
func (m *markdown) rest(rep *analyze.Report) {
	if len(rep.Open) > 0 {
		m.line("\n### Still open\n")
		for i := range rep.Open {
			m.line("- %s", md(questionWords(&rep.Open[i])))
		}
	}
	if !inspected(rep) && !planned(rep) {
		m.line("\n### Logs\n\n%s", md(logWords(&rep.Logs)))
	}
	if len(rep.Mended) > 0 {
		m.line("\n### Since the baseline\n")
		for i := range rep.Mended {
			f := &rep.Mended[i]
			m.line("- %s: %s on %s", md(cmp.Or(f.Baseline, "mended")), md(string(f.Cause)), md(subject(f)))
		}
	}
	if len(rep.Notes) > 0 {
		m.line("\n### Notes\n")
		for _, n := range rep.Notes {
			m.line("- %s", md(n))
		}
	}
}
