package report

import (
	"encoding/xml"
	"io"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"stageprobe/analyze"
	"stageprobe/analyze/cause"
)

func TestMarkdown(t *testing.T) {
	for _, e := range examples {
		golden(t, "markdown/"+e.name+".md", write(t, Markdown, e.make()))
	}
}

func TestMarkdownQuotesMarkup(t *testing.T) {
	out := string(write(t, Markdown, hostileReport()))
	for _, c := range out {
		if c != '\n' && !unicode.IsPrint(c) {
			t.Fatalf("character %U", c)
		}
	}
	out = regexp.MustCompile("(?s)\n````*sh\n.*?\n````*\n").ReplaceAllString(out, "") // there, markup is text
	if got := regexp.MustCompile(`<script|[^\\]\]\(javascript|\n::error`).FindString(out); got != "" {
		t.Errorf("%q gets through", got)
	}
	cells := 0
	for l := range strings.Lines(out) {
		if !strings.HasPrefix(l, "|") {
			cells = 0
			continue
		}
		n := len(regexp.MustCompile(`(^|[^\\])\|`).FindAllString(l, -1))
		if cells != 0 && n != cells {
			t.Errorf("a table's row has %d bars, the one before %d: %s", n, cells, l)
		}
		cells = n
	}
}

func TestMarkdownStaysBelowTheLimitOfAStepSummary(t *testing.T) {
	rep := demoReport()
	for range 400 {
		f := canaryFinding()
		f.Evidence = []string{strings.Repeat("| evidence ", 900)}
		f.Statement = strings.Repeat("very long ", 100)
		rep.Findings = append(rep.Findings, f)
	}
	out := write(t, Markdown, rep)
	if len(out) >= 1<<20 || !strings.Contains(string(out), "**Cut short**") || !strings.Contains(string(out), "**1. canary-split**") || strings.Count(string(out), "op=remove") < 40 {
		t.Errorf("%d bytes: %s", len(out), out[len(out)-200:])
	}
}

// Of many stages, those that need attention stand in a table before the findings.
func TestMarkdownOfManyStagesBeginsWithThem(t *testing.T) {
	out := string(write(t, Markdown, estateReport(3)))
	table, findings := strings.Index(out, "| API | stage |"), strings.Index(out, "**1. ")
	if table < 0 || findings < table || strings.Count(out[table:findings], "\n| service ") != 3 || !strings.Contains(out, "797 stages of 200 APIs (account 123456789012, us-east-1) need nothing") {
		t.Errorf("%s", out[:min(len(out), 3000)])
	}
}

func TestMarkdownFenceIsLongerThanItsText(t *testing.T) {
	m := &markdown{}
	m.fence("sh", "a ```` b")
	if got := m.String(); got != "\n`````sh\na ```` b\n`````\n" {
		t.Errorf("%q", got)
	}
}

func TestAnnotations(t *testing.T) {
	for _, e := range examples {
		golden(t, "annotations/"+e.name+".txt", write(t, Annotations, e.make()))
	}
	out := string(write(t, Annotations, hostileReport()))
	form := regexp.MustCompile(`^::(error|warning|notice) title=[^:,]*::[^\r\n]*$`)
	for l := range strings.Lines(out) {
		if !form.MatchString(strings.TrimSuffix(l, "\n")) {
			t.Errorf("not one workflow command: %q", l)
		}
	}
}

func TestJUnit(t *testing.T) {
	for _, e := range examples {
		golden(t, "junit/"+e.name+".xml", write(t, JUnit, e.make()))
	}
}

// element is any XML element.
type element struct {
	XMLName  xml.Name
	Attrs    []xml.Attr `xml:",any,attr"`
	Children []element  `xml:",any"`
}

func (e *element) attr(name string) (string, bool) {
	for _, a := range e.Attrs {
		if a.Name.Local == name {
			return a.Value, true
		}
	}
	return "", false
}

// junitShape is the structure of JUnit XML as the schema that Jenkins' xUnit
// plugin publishes has it (jenkinsci/xunit-plugin, junit-10.xsd): which
// children an element may have, and which attributes it must have.
var junitShape = map[string]struct{ children, attrs string }{
	"testsuites": {"testsuite", ""},
	"testsuite":  {"testcase system-out", "name tests"},
	"testcase":   {"skipped error failure system-out", "name classname time"},
	"failure":    {"", "message type"},
	"error":      {"", "message type"},
	"skipped":    {"", "message"},
	"system-out": {"", ""},
}

func (e *element) check(t *testing.T) {
	shape, ok := junitShape[e.XMLName.Local]
	if !ok {
		t.Fatalf("element %s", e.XMLName.Local)
	}
	for name := range strings.FieldsSeq(shape.attrs) {
		if _, ok := e.attr(name); !ok {
			t.Errorf("%s has no %s", e.XMLName.Local, name)
		}
	}
	for i := range e.Children {
		c := &e.Children[i]
		if !strings.Contains(" "+shape.children+" ", " "+c.XMLName.Local+" ") {
			t.Errorf("%s in %s", c.XMLName.Local, e.XMLName.Local)
		}
		c.check(t)
	}
}

func TestJUnitHasTheShapeThatReadersKnow(t *testing.T) {
	for _, e := range examples {
		t.Run(e.name, func(t *testing.T) {
			out := write(t, JUnit, e.make())
			var root element
			if err := xml.Unmarshal(out, &root); err != nil {
				t.Fatal(err)
			}
			root.check(t)
			for _, r := range string(out) {
				if r != '\n' && !unicode.IsPrint(r) {
					t.Fatalf("character %U", r)
				}
			}
		})
	}
}

// What a build server shows must agree with the exit code: red where it is 1,
// and never green where it is 3.
func TestJUnitAgreesWithTheExitCode(t *testing.T) {
	for name, want := range map[string]struct{ failures, errors bool }{
		"demo": {true, true}, "consistent": {false, false}, "inconclusive": {false, true}, "interrupted": {true, false}, "wait": {false, false},
	} {
		var rep *analyze.Report
		for _, e := range examples {
			if e.name == name {
				rep = e.make()
			}
		}
		var doc junitSuites
		if err := xml.Unmarshal(write(t, JUnit, rep), &doc); err != nil {
			t.Fatal(err)
		}
		if (doc.Failures > 0) != want.failures || (doc.Errors > 0) != want.errors {
			t.Errorf("%s: %d failures, %d errors", name, doc.Failures, doc.Errors)
		}
	}
}

// One finding is one failure, wherever it is about several cases, and what a
// build server shows of it fits a table's cell.
func TestJUnitFailsOnceAndInShort(t *testing.T) {
	rep := demoReport()
	rep.Findings[2].Severity = cause.Error
	rep.Findings = append(rep.Findings, canaryFinding())
	rep.Expectations = nil
	rep.Findings[1].Targets = []string{"api.example.com", "web9h1/$default"}
	var doc junitSuites
	if err := xml.Unmarshal(write(t, JUnit, rep), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.Failures != len(rep.Findings) {
		t.Errorf("%d failures of %d findings", doc.Failures, len(rep.Findings))
	}
	for _, e := range examples {
		var root element
		if err := xml.Unmarshal(write(t, JUnit, e.make()), &root); err != nil {
			t.Fatal(err)
		}
		root.each(func(x *element) {
			if m, _ := x.attr("message"); utf8.RuneCountInString(m) > maxMessage {
				t.Errorf("%s: a message of %d characters: %s", e.name, utf8.RuneCountInString(m), m)
			}
		})
	}
}

func (e *element) each(visit func(*element)) {
	visit(e)
	for i := range e.Children {
		e.Children[i].each(visit)
	}
}

func TestWritersPassOnErrors(t *testing.T) {
	for _, f := range Formats {
		if err := f.Write(full{}, demoReport(), Options{}); err != io.ErrShortWrite {
			t.Errorf("format %s: %v", f.Name, err)
		}
	}
	if err := Annotations(full{}, demoReport()); err != io.ErrShortWrite {
		t.Errorf("annotations: %v", err)
	}
}

func TestJUnitFailsWhatMadeTheExitCode(t *testing.T) {
	rep := inspectReport()
	for code, failures := range map[int]int{0: 0, 1: 1} { // with --fail-on warning, 1
		rep.ExitCode = code
		var doc junitSuites
		if err := xml.Unmarshal(write(t, JUnit, rep), &doc); err != nil {
			t.Fatal(err)
		}
		if doc.Failures != failures {
			t.Errorf("exit code %d: %d failures", code, doc.Failures)
		}
	}
}

// full is a disk without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, io.ErrShortWrite }
