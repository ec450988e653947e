package cli

import (
	"os"

	"stageprobe/analyze"
	"stageprobe/analyze/report"
	"stageprobe/probe/redact"
)

// annotate marks findings in a GitHub Actions run, where the command is in one.
func annotate(s Streams, rep *analyze.Report) {
	if os.Getenv("GITHUB_ACTIONS") == "true" {
		clean := redact.Texts(*rep, s.secrets.String)
		_ = report.Annotations(s.Err, &clean) // stdout may be a JSON report; the runner reads both
	}
}
