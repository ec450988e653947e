package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"stageprobe/analyze"
	"stageprobe/analyze/cause"
)

// JSON writes the report in the format that [analyze.ReportSchema] names.
// Lists that the format requires are written as lists even where they are
// empty.
func JSON(w io.Writer, rep *analyze.Report) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // JSON is for programs; < is more readable than \u003c
	e.SetIndent("", "  ")
	if err := e.Encode(complete(rep)); err != nil {
		return fmt.Errorf("write the report as JSON: %w", err)
	}
	_, err := w.Write(SafeJSON(b.Bytes()))
	return err
}

// complete is the report with no required list missing. The caller's report
// stays as it is.
func complete(rep *analyze.Report) *analyze.Report {
	c := *rep
	c.Schema = analyze.ReportSchema
	c.Verdict, c.Notes = list(c.Verdict), list(c.Notes)
	c.Expectations, c.Steps = list(c.Expectations), list(c.Steps)
	c.Logs.Groups = list(c.Logs.Groups)
	c.Targets = slices.Clone(list(c.Targets))
	for i := range c.Targets {
		t := &c.Targets[i]
		t.Clusters = slices.Clone(list(t.Clusters))
		for j := range t.Clusters {
			if e := t.Clusters[j].Example; e != nil && e.Header == nil {
				filled := *e
				filled.Header = list(e.Header)
				t.Clusters[j].Example = &filled
			}
		}
	}
	c.Findings = completeFindings(list(c.Findings))
	c.Mended = completeFindings(c.Mended)
	c.Config = completeConfig(c.Config)
	c.Wait = slices.Clone(c.Wait)
	for i := range c.Wait {
		c.Wait[i].Shares = list(c.Wait[i].Shares)
	}
	return &c
}

func completeConfig(config *analyze.Config) *analyze.Config {
	if config == nil {
		return nil
	}
	c := *config
	c.APIs, c.Domains = slices.Clone(list(c.APIs)), slices.Clone(c.Domains)
	for i := range c.APIs {
		c.APIs[i].Stages = list(c.APIs[i].Stages)
	}
	for i := range c.Domains {
		c.Domains[i].Mappings = list(c.Domains[i].Mappings)
	}
	return &c
}

func completeFindings(findings []cause.Finding) []cause.Finding {
	findings = slices.Clone(findings)
	for i := range findings {
		f := &findings[i]
		f.Targets, f.Scenarios = list(f.Targets), list(f.Scenarios)
		f.Evidence, f.Remedy = list(f.Evidence), list(f.Remedy)
	}
	return findings
}

func list[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// maxReport bounds what Read takes in.
const maxReport = 256 << 20

// Read reads a JSON report. Fields that this version does not know are
// ignored: a newer version may have written them. Anything that is not a
// report of this format is an error that says what was read and what to do
// with it.
func Read(r io.Reader) (*analyze.Report, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxReport+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxReport {
		return nil, fmt.Errorf("more than %d MiB, which no report is", maxReport>>20)
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")) // as some editors on Windows put in front
	if err := identify(data); err != nil {
		return nil, err
	}
	var rep analyze.Report
	if err := json.Unmarshal(data, &rep); err != nil {
		return nil, fmt.Errorf("not a valid %s: %s", analyze.ReportSchema, jsonTrouble(data, err))
	}
	if !slices.Contains([]analyze.Outcome{analyze.Consistent, analyze.Inconsistent, analyze.Inconclusive}, rep.Outcome) {
		return nil, fmt.Errorf("not a valid %s: outcome is %q, not consistent, inconsistent or inconclusive", analyze.ReportSchema, rep.Outcome)
	}
	return &rep, nil
}

// identify tells a report from what people hand over in its place.
func identify(data []byte) error {
	head := bytes.TrimSpace(data[:min(len(data), 4096)])
	switch {
	case len(head) == 0:
		return errors.New("the input is empty: the run that should have written it failed, or the path is wrong")
	case bytes.HasPrefix(head, []byte("\x28\xb5\x2f\xfd")), bytes.HasPrefix(head, []byte("PAR1")):
		return errors.New("this is a recording, not a report: read it with stageprobe analyze")
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		return errors.New("this is compressed with gzip: unpack it first (gunzip -c FILE | stageprobe report -)")
	case head[0] == '<':
		return errors.New("this is HTML or XML, which cannot be read back: use the JSON report (--format json)")
	case head[0] != '{':
		return fmt.Errorf("this is not JSON (it begins with %q): use the JSON report (--format json)", clip(string(head), 20))
	}
	var is struct{ Schema, Format string }
	// The first value suffices: a recording holds one JSON object per line.
	if err := json.NewDecoder(bytes.NewReader(data)).Decode(&is); err != nil {
		return fmt.Errorf("not a valid %s: %s", analyze.ReportSchema, jsonTrouble(data, err))
	}
	switch {
	case is.Schema == analyze.ReportSchema:
		return nil
	case strings.HasPrefix(is.Format, "stageprobe.recording"):
		return errors.New("this is a recording, not a report: read it with stageprobe analyze")
	case strings.HasPrefix(is.Schema, "stageprobe.report/"):
		return fmt.Errorf("this is a %s, and this build reads %s: use the build that wrote it", plain(is.Schema), analyze.ReportSchema)
	case is.Schema != "":
		return fmt.Errorf("this is a %s, not a %s: use the JSON report of check or analyze", plain(is.Schema), analyze.ReportSchema)
	}
	return fmt.Errorf("this JSON has no \"schema\": %q, so it is not a report: use the JSON report of check or analyze", analyze.ReportSchema)
}

// jsonTrouble says where a document stops being a report.
func jsonTrouble(data []byte, err error) string {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax) && syntax.Error() == "unexpected end of JSON input", errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Sprintf("it ends in the middle (after %d bytes): the writing was cut short", len(data))
	case errors.As(err, &syntax):
		line := 1 + bytes.Count(data[:syntax.Offset], []byte("\n"))
		return fmt.Sprintf("line %d: %v", line, syntax)
	case errors.As(err, &kind):
		line := 1 + bytes.Count(data[:min(int(kind.Offset), len(data))], []byte("\n"))
		return fmt.Sprintf("line %d: field %s holds a %s", line, plain(kind.Field), kind.Value)
	}
	return err.Error()
}
