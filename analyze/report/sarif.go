package report

import (
	"encoding/json"
	"fmt"
	"io"

	"stageprobe/analyze"
	"stageprobe/analyze/cause"
)

// The objects of SARIF 2.1.0 (OASIS, docs.oasis-open.org/sarif/sarif/v2.1.0) that a
// report fills.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool        sarifTool         `json:"tool"`
		Invocations []sarifInvocation `json:"invocations"`
		Results     []sarifResult     `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version,omitempty"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID string `json:"id"`
	}
	sarifInvocation struct {
		Successful bool `json:"executionSuccessful"`
		ExitCode   int  `json:"exitCode"`
	}
	sarifResult struct {
		RuleID       string            `json:"ruleId"`
		RuleIndex    int               `json:"ruleIndex"`
		Level        string            `json:"level"`
		Message      sarifMessage      `json:"message"`
		Locations    []sarifLocation   `json:"locations,omitempty"`
		Fingerprints map[string]string `json:"partialFingerprints"`
	}
	sarifMessage struct {
		Text string `json:"text"`
	}
	sarifLocation struct {
		Logical []sarifLogical `json:"logicalLocations"`
	}
	sarifLogical struct {
		Name string `json:"fullyQualifiedName"`
		Kind string `json:"kind"`
	}
)

// SARIF writes the findings in the Static Analysis Results Interchange Format,
// which code scanning shows: a rule per cause, a result per finding, and what it
// is about as logical locations, for no file holds it.
func SARIF(w io.Writer, rep *analyze.Report) error {
	rep = plainReport(rep)
	run := sarifRun{
		Tool:        sarifTool{sarifDriver{Name: "stageprobe", Version: rep.Run.Version, Rules: []sarifRule{}}},
		Invocations: []sarifInvocation{{Successful: rep.ExitCode != analyze.ExitInterrupted, ExitCode: rep.ExitCode}},
		Results:     []sarifResult{},
	}
	rules := map[cause.ID]int{}
	for i := range rep.Findings {
		f := &rep.Findings[i]
		if toldElsewhere(f) {
			continue
		}
		at, ok := rules[f.Cause]
		if !ok {
			at = len(run.Tool.Driver.Rules)
			rules[f.Cause] = at
			run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{string(f.Cause)})
		}
		run.Results = append(run.Results, sarifFinding(rep, f, at))
	}
	out, err := json.MarshalIndent(sarifLog{
		Schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run},
	}, "", "  ")
	if err != nil {
		return fmt.Errorf("write the report as SARIF: %w", err)
	}
	_, err = w.Write(append(out, '\n'))
	return err
}

func sarifFinding(rep *analyze.Report, f *cause.Finding, rule int) sarifResult {
	level := map[cause.Severity]string{cause.Error: "error", cause.Warning: "warning"}[f.Severity]
	if level == "" {
		level = "note"
	}
	r := sarifResult{
		RuleID: string(f.Cause), RuleIndex: rule, Level: level, Message: sarifMessage{findingText(rep, f)},
		Fingerprints: map[string]string{"stageprobe/v1": string(f.Cause) + " " + subject(f)},
	}
	for _, t := range f.Targets {
		r.Locations = append(r.Locations, sarifLocation{[]sarifLogical{{Name: t, Kind: "resource"}}})
	}
	return r
}
