package report

import (
	"fmt"
	"io"
	"strings"

	"stageprobe/analyze"
	"stageprobe/analyze/cause"
)

// GitHub's own toolkit escapes workflow commands this way
// (actions/toolkit, packages/core/src/command.ts).
var (
	annotationText  = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	annotationTitle = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

// Annotations writes a GitHub Actions annotation per finding, with the recommended
// way to mend it and what that touches, and per open question. In a job's log they become marks on the run's page.
func Annotations(w io.Writer, rep *analyze.Report) error {
	rep = plainReport(rep)
	var b strings.Builder
	for i := range rep.Findings {
		f := &rep.Findings[i]
		if toldElsewhere(f) {
			continue
		}
		annotate(&b, level(f.Severity), fmt.Sprintf("%s on %s", f.Cause, subject(f)), f.Statement+remedyText(f))
	}
	for i := range rep.Open {
		annotate(&b, "warning", "undecided: "+rep.Open[i].Target, questionWords(&rep.Open[i]))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func level(s cause.Severity) string {
	switch s {
	case cause.Error:
		return "error"
	case cause.Warning:
		return "warning"
	}
	return "notice"
}

func remedyText(f *cause.Finding) string {
	for _, r := range f.Remedy {
		if r.Command != "" && !r.Diagnoses {
			text := "\nRecommended: " + r.Text + "\n"
			if r.Warning != "" {
				text += "Careful: " + r.Warning + ".\n"
			}
			return text + r.Command
		}
	}
	return ""
}

func annotate(b *strings.Builder, level, title, text string) {
	fmt.Fprintf(b, "::%s title=stageprobe %s::%s\n", level, annotationTitle.Replace(title), annotationText.Replace(text))
}
