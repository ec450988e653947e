package cli

import (
	"os"

	"stageprobe/analyze"
	"stageprobe/analyze/report"
)

// annotate marks findings in a GitHub Actions run, where the command is in one.
func annotate(s Streams, rep *analyze.Report) {
	if os.Getenv("GITHUB_ACTIONS") == "true" {
		_ = report.Annotations(s.Err, rep) // stdout may be a JSON report; the runner reads both
	}
}
