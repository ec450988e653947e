package report

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"stageprobe/analyze"
	"stageprobe/analyze/cause"
	"stageprobe/analyze/words"
)

// The elements of JUnit XML as GitLab, Jenkins and GitHub's readers take them.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Skipped  int          `xml:"skipped,attr"`
		Time     string       `xml:"time,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name      string      `xml:"name,attr"`
		Tests     int         `xml:"tests,attr"`
		Failures  int         `xml:"failures,attr"`
		Errors    int         `xml:"errors,attr"`
		Skipped   int         `xml:"skipped,attr"`
		Time      string      `xml:"time,attr"`
		Timestamp string      `xml:"timestamp,attr"`
		Cases     []junitCase `xml:"testcase"`
		Output    *junitText  `xml:"system-out,omitempty"`
	}
	junitCase struct {
		Name      string       `xml:"name,attr"`
		ClassName string       `xml:"classname,attr"`
		Time      string       `xml:"time,attr"`
		Failure   *junitResult `xml:"failure,omitempty"`
		Error     *junitResult `xml:"error,omitempty"`
		Skipped   *junitResult `xml:"skipped,omitempty"`
		Output    *junitText   `xml:"system-out,omitempty"`
	}
	junitResult struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",chardata"`
	}
	junitText struct {
		Text string `xml:",chardata"`
	}
)

// JUnit writes the report as JUnit XML: a suite per target with a case per
// scenario and per expectation, and a suite of the six steps.
//
// A finding that makes the exit code 1 is one failure: that of the first case of
// the targets and scenarios it is about, or of a case beside it where that one
// fails already. A lesser one is system-out. What stayed undecided is an <error>,
// not <skipped>: a gate that shows nothing must not look green. Skipped are the
// other cases that a failing finding is about, with the way to its own, and steps
// that could not be looked at.
func JUnit(w io.Writer, rep *analyze.Report) error {
	rep = plainReport(rep)
	v := newView(rep)
	doc := junitSuites{Name: "stageprobe", Time: seconds(rep)}
	for i := range rep.Targets {
		doc.add(v.junitTarget(&rep.Targets[i]))
	}
	if planned(rep) {
		doc.add(junitSuite{Name: "after the deploy", Time: "0", Timestamp: stamp(rep), Cases: v.junitPlan()})
	}
	if waits := junitWaits(rep); len(waits) > 0 {
		doc.add(junitSuite{Name: "convergence", Time: seconds(rep), Timestamp: stamp(rep), Cases: waits})
	}
	if others := v.junitOthers(); len(others) > 0 {
		doc.add(junitSuite{Name: "other findings", Time: "0", Timestamp: stamp(rep), Cases: others})
	}
	steps := junitSuite{Name: "the six steps", Time: "0", Timestamp: stamp(rep), Cases: v.junitSteps()}
	steps.Output = &junitText{headline(rep) + "\n" + strings.Join(rep.Verdict, "\n") + "\n" + runLine(rep)}
	doc.add(steps)
	out, err := xml.MarshalIndent(doc, "", "  ")
	if err != nil {
		return fmt.Errorf("write the report as JUnit XML: %w", err)
	}
	_, err = io.WriteString(w, xml.Header+string(out)+"\n")
	return err
}

func (d *junitSuites) add(s junitSuite) {
	s.Tests = len(s.Cases)
	for _, c := range s.Cases {
		switch {
		case c.Failure != nil:
			s.Failures++
		case c.Error != nil:
			s.Errors++
		case c.Skipped != nil:
			s.Skipped++
		}
	}
	d.Tests += s.Tests
	d.Failures += s.Failures
	d.Errors += s.Errors
	d.Skipped += s.Skipped
	d.Suites = append(d.Suites, s)
}

func seconds(rep *analyze.Report) string {
	return fmt.Sprintf("%.3f", rep.Run.Ended.Sub(rep.Run.Started).Seconds())
}

// stamp is without a zone, as the schema of Jenkins wants it.
func stamp(rep *analyze.Report) string { return rep.Run.Started.UTC().Format("2006-01-02T15:04:05") }

func (v *view) junitTarget(t *analyze.Target) junitSuite {
	s := junitSuite{Name: t.ID, Time: seconds(v.rep), Timestamp: stamp(v.rep)}
	for _, p := range v.panels(t) {
		s.Cases = append(s.Cases, v.junitScenario(t, &p)...)
	}
	if t.Requests == 0 {
		s.Cases = append(s.Cases, junitCase{Name: "answers", ClassName: t.ID, Time: "0", Error: result("inconclusive", "no request was sent to "+t.ID, "")})
	}
	for _, e := range v.rep.Expectations {
		if e.Target == t.ID {
			s.Cases = append(s.Cases, junitExpectation(&e))
		}
	}
	return s
}

// junitScenario is the case of a scenario on a target, and one for every further
// finding that it is the first to be about.
func (v *view) junitScenario(t *analyze.Target, p *panel) []junitCase {
	c := junitCase{Name: p.Scenario, ClassName: t.ID, Time: fmt.Sprintf("%.6f", t.LatencyMS.P50/1000)}
	var out []string
	for _, b := range p.Rows {
		out = append(out, fmt.Sprintf("%s %s: %d of %d (%s, %s)", b.Letter, b.describe(), b.Count, p.Total, words.Percent(b.Share), between(b.ShareLow, b.ShareHigh)))
	}
	var more []junitCase
	elsewhere := ""
	for i := range v.rep.Findings {
		f := &v.rep.Findings[i]
		own := v.home(f) == [2]string{t.ID, p.Scenario}
		switch {
		case !concerns(f, t.ID, p.Scenario):
		case own && v.fails(f) && c.Failure == nil:
			c.Failure = failure(v.rep, f)
		case own && v.fails(f):
			more = append(more, junitCase{Name: p.Scenario + ": " + string(f.Cause), ClassName: t.ID, Time: "0", Failure: failure(v.rep, f)})
		case v.fails(f):
			elsewhere = cmp.Or(elsewhere, v.pointer(f))
		default:
			out = append(out, fmt.Sprintf("%s: %s: %s", f.Severity, f.Cause, f.Statement))
		}
	}
	c.Output = &junitText{strings.Join(out, "\n")}
	q := v.openOn(t.ID)
	switch {
	case c.Failure != nil:
	case q != nil:
		c.Error = result("inconclusive", questionWords(q), "")
	case elsewhere != "":
		c.Skipped = result("", elsewhere, "")
	}
	return append([]junitCase{c}, more...)
}

// home is the target and scenario whose case a finding fails: the first that it is
// about. An unmet expectation has a case of its own; "" stands for no case.
func (v *view) home(f *cause.Finding) [2]string {
	if f.Cause == cause.ExpectationFailed && slices.ContainsFunc(v.rep.Expectations, func(e analyze.Expectation) bool {
		return e.Met != nil && !*e.Met && concerns(f, e.Target, e.Scenario)
	}) {
		return [2]string{}
	}
	for i := range v.rep.Targets {
		t := &v.rep.Targets[i]
		for _, p := range v.panels(t) {
			if concerns(f, t.ID, p.Scenario) {
				return [2]string{t.ID, p.Scenario}
			}
		}
	}
	return [2]string{}
}

// pointer leads from a case that a finding concerns to the one that it fails.
func (v *view) pointer(f *cause.Finding) string {
	if home := v.home(f); home[0] != "" {
		return fmt.Sprintf("%s: see the case %s of %s", f.Cause, home[1], home[0])
	}
	return string(f.Cause) + ": see the case of the expectation"
}

// fails says whether a finding made the exit code 1. What --fail-on was, the
// report does not hold; where no error is found and the code is 1 all the same,
// it was at most as severe as the first finding.
func (v *view) fails(f *cause.Finding) bool {
	threshold := cause.Error
	if v.rep.ExitCode == analyze.ExitFinding && len(v.rep.Findings) > 0 {
		threshold = v.rep.Findings[0].Severity
	}
	return f.Severity.Rank() <= threshold.Rank()
}

// concerns says whether a finding is about a scenario on a target.
func concerns(f *cause.Finding, target, scenario string) bool {
	return contains(f.Targets, target) && (len(f.Scenarios) == 0 || contains(f.Scenarios, scenario))
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

func (v *view) openOn(target string) *analyze.Question {
	for i := range v.rep.Open {
		if v.rep.Open[i].Target == target {
			return &v.rep.Open[i]
		}
	}
	return nil
}

func failure(rep *analyze.Report, f *cause.Finding) *junitResult {
	return result(string(f.Cause), f.Statement, findingText(rep, f))
}

// maxMessage is how long a message may be: build servers show it in a table's cell.
const maxMessage = 120

// result has a message of one short line; what is cut from it stands in the text.
func result(kind, message, text string) *junitResult {
	short := sentence(message, maxMessage)
	if short != message && !strings.Contains(text, message) {
		text = strings.TrimSpace(message + "\n" + text)
	}
	return &junitResult{Message: short, Type: kind, Text: text}
}

// sentence shortens text to at most n characters: to its first sentence where that
// is enough, else between two words.
func sentence(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	if first, _, ok := strings.Cut(s, ". "); ok && utf8.RuneCountInString(first) < n {
		return first + "."
	}
	s = clip(s, n)
	if at := strings.LastIndexByte(s, ' '); at > len(s)/2 {
		return strings.TrimRight(s[:at], " ,;:") + "…"
	}
	return s
}

// findingText is a finding with its evidence and remedies, as a test report
// shows it.
func findingText(rep *analyze.Report, f *cause.Finding) string {
	lines := []string{fmt.Sprintf("%s (%s)", f.Cause, grade(rep, f)), f.Statement}
	for _, d := range f.Differs {
		lines = append(lines, differWords(&d))
	}
	for _, e := range f.Evidence {
		lines = append(lines, "- "+e)
	}
	if f.Settles != "" {
		lines = append(lines, "settled by: "+f.Settles)
	}
	for i := range f.Remedy {
		r := &f.Remedy[i]
		lines = append(lines, "", remedyWords(r))
		if r.Command != "" {
			lines = append(lines, r.Command)
		}
		lines = append(lines, r.Write...)
	}
	return strings.Join(lines, "\n")
}

func junitExpectation(e *analyze.Expectation) junitCase {
	c := junitCase{Name: e.Scenario + ": " + e.Expectation, ClassName: e.Target, Time: "0"}
	switch {
	case e.Met == nil:
		c.Error = result("inconclusive", "could not be checked: "+e.Observed, "")
	case !*e.Met:
		c.Failure = result(string(cause.ExpectationFailed), "expected "+e.Expectation+", observed "+e.Observed, "")
	}
	return c
}

// junitOthers are findings about nothing that has a case of its own: without
// targets, or about addresses that were not probed.
func (v *view) junitOthers() []junitCase {
	var out []junitCase
	for i := range v.rep.Findings {
		f := &v.rep.Findings[i]
		if hasCase(v.rep, f) {
			continue
		}
		c := junitCase{Name: string(f.Cause) + " " + subject(f), ClassName: "stageprobe", Time: "0"}
		if v.fails(f) {
			c.Failure = failure(v.rep, f)
		} else {
			c.Output = &junitText{findingText(v.rep, f)}
		}
		out = append(out, c)
	}
	return out
}

func hasCase(rep *analyze.Report, f *cause.Finding) bool {
	if planned(rep) && slices.ContainsFunc(planStages(rep), func(s analyze.PlanStage) bool { return contains(f.Targets, s.Target) }) {
		return true
	}
	for _, t := range rep.Targets {
		for _, c := range t.Clusters {
			if concerns(f, t.ID, c.Scenario) {
				return true
			}
		}
	}
	return false
}

// junitWaits are the targets of a wait: converged, still old, or not sure yet.
func junitWaits(rep *analyze.Report) []junitCase {
	var out []junitCase
	for i := range rep.Wait {
		w := &rep.Wait[i]
		c := junitCase{Name: "the new behaviour serves everything", ClassName: w.Target, Time: "0"}
		switch {
		case w.Converged:
			c.Output = &junitText{waitWords(w)}
		case w.Old+w.Other > 0 && w.Since == 0:
			c.Failure = result("not-converged", waitWords(w), "")
		default:
			c.Error = result("inconclusive", waitWords(w), "")
		}
		out = append(out, c)
	}
	return out
}

// junitSteps are the six steps. What a step found fails the case that the finding
// is about; here it is told again.
func (v *view) junitSteps() []junitCase {
	var out []junitCase
	for _, s := range v.rep.Steps {
		c := junitCase{Name: fmt.Sprintf("%d %s", s.N, s.Name), ClassName: "stageprobe.steps", Time: "0"}
		if s.Status == "unknown" || s.Status == "problem" && s.N == retest {
			c.Skipped = result("", s.Note, "")
		} else {
			c.Output = &junitText{s.Note}
		}
		out = append(out, c)
	}
	return out
}

// retest is the step that is due because of the others.
const retest = 6
