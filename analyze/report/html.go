package report

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"
	"sync"

	"stageprobe/analyze"
	"stageprobe/analyze/cause"
	"stageprobe/analyze/words"
	"stageprobe/probe"
)

//go:embed html.css
var htmlStyle string

//go:embed html.tmpl
var htmlTemplate string

// htmlScript adds what a page without script can do without: buttons that copy, and
// heads that sort.
//
//go:embed html.js
var htmlScript string

// htmlPolicy lets the page run this script and no other, and load nothing.
var htmlPolicy = func() string {
	sum := sha256.Sum256([]byte(htmlScript))
	return "default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-" +
		base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"
}()

var htmlPage = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("report").Funcs(template.FuncMap{
		"percent": words.Percent, "between": between, "plural": words.Plural, "moment": moment, "clock": words.Clock, "millis": millis,
		"short": short, "join": strings.Join, "status": statusWord, "met": metWord,
		"subject": subject, "numbers": numbersOf, "alternatives": alternatives, "ways": remedyNumbers, "does": func(r cause.Remedy) string { return remedyWords(&r) },
		"question": of(questionWords), "logs": of(logWords), "group": of(groupWords), "stage": of(stageWords),
		"canary": canaryWords, "wait": waitWords, "changeWhen": of(changeWhen),
		"endpoint": of(endpointWords), "standing": standingWords, "differs": of(differsWords), "setting": of(settingWords),
		"domain": of(domainWords), "path": of(pathWords), "edit": of(editWords),
		"command": htmlCommand, "words": htmlWords,
		"intention": intention, "states": statementOf, "isCommand": isCommand,
		"flow":     func(s string) string { return strings.ReplaceAll(s, " %", nbsp+"%") },
		"planName": of(planName), "planStage": of(planStageWords), "planEdit": of(planEditWords), "planSeen": of(planSeenWords), "liveWords": liveWords, "grade": grade,
		"leads": leads, "where": whereWords, "columns": of(matrixStages),
		"pendingStages": func(m map[string][]analyze.Pending) []string { return columns(m) },
	}).Parse(htmlTemplate))
})

// of lets a template, which has values, call what takes a pointer.
func of[T, R any](f func(*T) R) func(T) R { return func(v T) R { return f(&v) } }

// HTML writes the report as one page that needs no network and no script, and
// that opens under the strict content security policy which it carries itself. It
// holds one script, by its hash, for what is only convenient.
func HTML(w io.Writer, rep *analyze.Report) error {
	safe := plainReport(rep)
	doc := htmlDoc{
		Rep: safe, Verdict: sayings(safe), About: about(safe), Headline: headline(safe), Standing: standing(safe), Run: runLine(safe),
		Style: template.CSS(htmlStyle), Script: template.JS(htmlScript), Policy: htmlPolicy, Inspected: inspected(safe),
	}
	v := newView(safe)
	for i := range safe.Targets {
		doc.Targets = append(doc.Targets, v.htmlTarget(&safe.Targets[i], &rep.Targets[i]))
	}
	doc.Fold = safe.Config != nil && len(safe.Config.APIs) >= minAPIs
	for i := range safe.Findings {
		if toldElsewhere(&safe.Findings[i]) {
			continue
		}
		doc.Findings = append(doc.Findings, v.htmlFinding(i+1, &safe.Findings[i]))
	}
	for i := range safe.Wait {
		doc.Waits = append(doc.Waits, htmlWait{&safe.Wait[i], fallingChart(&safe.Wait[i])})
	}
	doc.Overview = newHTMLOverview(safe)
	if safe.Logs.RequestsSampled > 0 {
		doc.Coverage = coverageChart(&safe.Logs)
	}
	var b bytes.Buffer
	if err := htmlPage().Execute(&b, doc); err != nil {
		return fmt.Errorf("write the report as HTML: %w", err)
	}
	_, err := w.Write(b.Bytes())
	return err
}

// The page's own view of the report: what the template only has to lay out.
type (
	htmlDoc struct {
		Rep       *analyze.Report
		Verdict   []string
		Style     template.CSS
		Script    template.JS
		Policy    string
		Headline  string
		Standing  string // error, warning or ok: its colour
		Run       string
		About     []fact // account, region, APIs, time, command line
		Inspected bool
		Fold      bool // whether each API's configuration is folded
		Targets   []htmlTarget
		Findings  []htmlFinding
		Overview  *htmlOverview // where there are many stages
		Waits     []htmlWait
		Coverage  *chart
	}
	htmlTarget struct {
		*analyze.Target
		Panels  []htmlPanel
		Strip   *chart
		Latency []htmlLatency

		CanaryWords, MovesWords string
		Split                   bool // whether the logs tell canary from own deployment anywhere
	}
	htmlPanel struct {
		Scenario string
		Total    int
		Rows     []htmlBehaviour
	}
	htmlBehaviour struct {
		behaviour
		Words string
		By    string
		Bar   chart
		Lines []bodyLine
		Heads []headLine
	}
	htmlLatency struct {
		Letter, Scenario string
		analyze.Latency
		Chart chart
	}
	htmlFinding struct {
		N int
		*cause.Finding
		Differ, Further, Counts *htmlTable // further fields that differ
		First, Others           []htmlRemedy
	}
	// htmlTable is a table whose first row are its heads.
	htmlTable struct {
		Caption string
		Numbers int // the first column of numbers
		Rows    [][]string
	}
	htmlRemedy struct {
		Number string
		cause.Remedy
	}
	htmlWait struct {
		*analyze.Convergence
		Chart chart
	}
	headLine struct {
		probe.Header
		Differs bool
	}
)

// firstRows is how many fields that differ stand beside the first remedy: both are
// to be seen at once.
const firstRows = 3

func (v *view) htmlFinding(n int, f *cause.Finding) htmlFinding {
	out := htmlFinding{N: n, Finding: f}
	if rows, caption := v.differ(f); len(rows) > 0 {
		shown := min(len(rows), 1+firstRows)
		out.Differ = &htmlTable{caption, 3, rows[:shown]}
		if shown < len(rows) {
			out.Further = &htmlTable{"What differs besides", 3, append([][]string{rows[0]}, rows[shown:]...)}
		}
	}
	if f.Statistics != nil && f.Statistics.Table != nil && len(f.Statistics.Table.Rows) > 0 {
		rows := v.countRows(f.Statistics.Table)
		rows[0][0] = "Behaviour"
		out.Counts = &htmlTable{"Counts", 1, rows}
	}
	first, after := firstWay(f.Remedy)
	for i, number := range remedyNumbers(n, f.Remedy) {
		r := htmlRemedy{number, f.Remedy[i]}
		if first <= i && i < after {
			out.First = append(out.First, r)
		} else {
			out.Others = append(out.Others, r)
		}
	}
	return out
}

// commandWidth is how many columns a command has beside the table of what differs.
const commandWidth = 64

// htmlWords are the words of a command, none of which is broken within.
func htmlWords(command string) template.HTML {
	var b strings.Builder
	for i, word := range shellWords(command) {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString("<span>" + template.HTMLEscapeString(word) + "</span>")
	}
	return template.HTML(b.String())
}

// htmlCommand is a command broken for reading; its lines belong to one copyable
// whole, and a window that is narrower still breaks it between words alone.
func htmlCommand(c string) template.HTML {
	var b strings.Builder
	for i, line := range breakCommand(c, commandWidth) {
		if i > 0 {
			b.WriteString("\n  ")
		}
		b.WriteString(string(htmlWords(strings.TrimSuffix(line, ` \`))))
		if strings.HasSuffix(line, ` \`) {
			b.WriteString(` \`)
		}
	}
	return template.HTML(b.String())
}
