package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	validate "github.com/santhosh-tekuri/jsonschema/v6"

	"stageprobe/analyze"
	"stageprobe/probe"
)

func TestTablesAndEvents(t *testing.T) {
	for _, e := range examples {
		golden(t, "csv/"+e.name+".csv", write(t, CSV, e.make()))
		golden(t, "sarif/"+e.name+".sarif", write(t, SARIF, e.make()))
	}
}

// An overview comes first where there are many stages, the worst on top.
func TestOverviewBeginsWithTheWorst(t *testing.T) {
	rep := demoReport()
	if overview(rep) != nil {
		t.Error("three stages need no overview")
	}
	rep.Run.ID = "inspect-1" // every stage was looked at
	rep.Config.APIs[1].Stages = append(rep.Config.APIs[1].Stages, analyze.ConfigStage{Name: "beta"})
	var got []string
	for _, row := range overview(rep) {
		got = append(got, row.Stage+" "+row.Verdict)
	}
	if want := "dev error, prod error, $default warning, beta ok"; strings.Join(got, ", ") != want {
		t.Errorf("got %q, want %s", got, want)
	}
	if page := string(write(t, HTML, rep)); strings.Index(page, "Stages, the worst first") > strings.Index(page, "What was found") {
		t.Error("the overview does not come first")
	}
}

// No cell begins a formula, whatever somebody called an API.
func TestCSVHoldsNoFormula(t *testing.T) {
	rep := demoReport()
	for i, name := range []string{"=1+1", "@SUM(A1)"} {
		rep.Config.APIs[i].Name = name
	}
	rep.Config.APIs[0].Stages[0].Name = "-2"
	rows, err := csv.NewReader(bytes.NewReader(write(t, CSV, rep))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 4 {
		t.Errorf("%d rows, want the heads and three stages", len(rows))
	}
	for _, row := range rows {
		for _, cell := range row {
			if cell != "" && strings.Contains("=+-@", cell[:1]) {
				t.Errorf("a cell is %q", cell)
			}
		}
	}
}

// A change that was told while a watch ran is not told again when it ends.
func TestStreamTellsAChangeOnce(t *testing.T) {
	var b bytes.Buffer
	s := NewStream(&b, func() time.Time { return began }, nil)
	rep := watchReport()
	s.Change(&rep.Changes[0])
	if err := s.End(rep); err != nil {
		t.Fatal(err)
	}
	told := map[string]int{}
	for l := range bytes.Lines(b.Bytes()) {
		var e event
		if err := json.Unmarshal(l, &e); err != nil {
			t.Fatalf("%v: %s", err, l)
		}
		if e.Change != nil {
			told[e.Change.Statement]++
		}
	}
	for i := range rep.Changes {
		if n := told[rep.Changes[i].Statement]; n != 1 {
			t.Errorf("%q is told %d times", rep.Changes[i].Statement, n)
		}
	}
}

// The last line is the verdict with the whole report; before it stand targets,
// findings and changes.
func TestJSONLinesEndInTheVerdict(t *testing.T) {
	for _, e := range examples {
		rep := e.make()
		var events []string
		var last event
		for l := range bytes.Lines(write(t, JSONLines, rep)) {
			last = event{}
			if err := json.Unmarshal(l, &last); err != nil {
				t.Fatalf("%s: %v: %s", e.name, err, l)
			}
			events = append(events, last.Event)
		}
		if want := len(rep.Targets) + len(rep.Findings) + len(rep.Changes) + 1; len(events) != want || last.Event != "verdict" || last.Report == nil || last.Report.Schema != analyze.ReportSchema {
			t.Errorf("%s: %d events, want %d: %v", e.name, len(events), want, events)
		}
	}
}

// What is written as SARIF holds against the standard's own schema.
func TestSARIFIsSARIF(t *testing.T) {
	file, err := os.Open("testdata/sarif-schema-2.1.0.json")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	doc, err := validate.UnmarshalJSON(file)
	if err != nil {
		t.Fatal(err)
	}
	c := validate.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("sarif.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("sarif.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range examples {
		out, err := validate.UnmarshalJSON(bytes.NewReader(write(t, SARIF, e.make())))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(out); err != nil {
			t.Errorf("%s: %v", e.name, err)
		}
	}
	wrong, err := validate.UnmarshalJSON(strings.NewReader(`{"version": "2.1.0", "runs": [{"tool": {}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if schema.Validate(wrong) == nil {
		t.Error("the schema refuses nothing")
	}
}

// A stream tells a finding when it is decided, and once; progress comes once a
// second; the verdict is last; a secret is in none of it.
func TestStreamTellsARunWhileItRuns(t *testing.T) {
	var b bytes.Buffer
	now := began
	s := NewStream(&b, func() time.Time { return now }, func(text string) string { return strings.ReplaceAll(text, "hush", "…") })
	rep := demoReport()
	s.Plan(&probe.Plan{Requests: 9, Targets: []probe.Target{{ID: "a/prod", URL: "https://a/hush"}}, Scenarios: []probe.Scenario{{Name: "GET /", Method: "GET", Path: "/"}}})
	p := analyze.Progress{Sent: 5, Targets: []analyze.TargetProgress{{ID: "a/prod", Answers: 5, Behaviours: 1}}}
	s.Progress(&p)
	now = now.Add(300 * time.Millisecond)
	p.Decision.Findings = rep.Findings[:1]
	s.Progress(&p)
	now = now.Add(800 * time.Millisecond)
	s.Progress(&p)
	if err := s.End(rep); err != nil {
		t.Fatal(err)
	}
	var got []string
	for l := range bytes.Lines(b.Bytes()) {
		var e event
		if err := json.Unmarshal(l, &e); err != nil {
			t.Fatalf("%v: %s", err, l)
		}
		what := fmt.Sprint(e.At.Sub(began).Milliseconds(), " ", e.Event)
		if e.Finding != nil {
			what += " " + string(e.Finding.Cause)
		}
		got = append(got, what)
	}
	want := "0 plan, 0 progress, 300 finding canary-split, 1100 progress, 1100 target, 1100 target, 1100 target, 1100 finding wrong-stage, 1100 finding auto-deploy-off, 1100 verdict"
	if s := strings.Join(got, ", "); s != want {
		t.Errorf("got  %s\nwant %s", s, want)
	}
	if strings.Contains(b.String(), "hush") {
		t.Error("a secret is in the stream")
	}
}
