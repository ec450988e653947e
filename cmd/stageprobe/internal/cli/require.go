package cli

import (
	"slices"

	"stageprobe/analyze"
)

// unmet are what --require asks for and could not be read, as open questions.
func (r *run) unmet() []analyze.Question {
	var out []analyze.Question
	if slices.Contains(r.flags.require, "config") && (r.subject.cloud == nil || len(r.subject.snap.APIs) == 0) {
		out = append(out, analyze.Question{
			Text: "the configuration could not be read, and --require config asks for it", Enable: "credentials that may read it (stageprobe policy config)",
		})
	}
	if slices.Contains(r.flags.require, "logs") && (r.evidence == nil || unreadable(r.evidence)) {
		out = append(out, analyze.Question{
			Text: "the logs could not be read, and --require logs asks for them", Enable: "stages that log, and credentials that may read it (stageprobe policy logs)",
		})
	}
	return out
}
