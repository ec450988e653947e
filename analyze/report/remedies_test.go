package report

import (
	"bytes"
	"strings"
	"testing"

	"stageprobe/analyze"
	"stageprobe/analyze/cause"
)

// TestWhatOnlyDiagnosesIsNoWayToMend: it has no number among the ways, and every
// format says what it is for.
func TestWhatOnlyDiagnosesIsNoWayToMend(t *testing.T) {
	rep := consistentReport()
	f := autoDeployFinding()
	f.Remedy = []cause.Remedy{
		{Text: "Log more.", Command: "aws logs more", Diagnoses: true},
		{Text: "Deploy the edits.", Command: "aws deploy"},
	}
	f.Alternatives = []cause.Alternative{{Cause: cause.AccessDenied}}
	rep.Findings = []cause.Finding{f}

	if n := remedyNumbers(1, f.Remedy); n[0] != "" || n[1] != "1" {
		t.Errorf("numbered %q, want only the second, as the one way", n)
	}
	for name, got := range map[string]string{
		"text": text(t, rep, Options{Width: 80, Verbose: true}), "HTML": string(write(t, HTML, rep)), "Markdown": string(write(t, Markdown, rep)),
		"JUnit": findingText(&analyze.Report{}, &f),
	} {
		if !strings.Contains(got, "To learn more: Log more.") {
			t.Errorf("%s does not tell what only diagnoses apart:\n%s", name, got)
		}
		if strings.Contains(got, "access-denied (0") {
			t.Errorf("%s gives a number to an alternative that was not weighed", name)
		}
	}
	if got := write(t, JSON, rep); !bytes.Contains(got, []byte(`"diagnoses": true`)) {
		t.Errorf("JSON does not mark it:\n%s", got)
	}
	if got := remedyText(&f); !strings.Contains(got, "aws deploy") {
		t.Errorf("an annotation offers %q, want the way to mend", got)
	}
}
