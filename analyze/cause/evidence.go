package cause

import (
	"fmt"
	"slices"

	"stageprobe/analyze/stat"
	"stageprobe/analyze/words"
	"stageprobe/probe"
)

// maxEvidence is how many lines of evidence one finding carries.
const maxEvidence = 6

// request is a line of evidence for one row: its id, what it was, and a log
// line where there is one.
func (fx *Facts) request(i int, says string) string {
	r := &fx.Rows[i]
	line := fmt.Sprintf("request %s to %s", r.RequestID, fx.Plan.Targets[r.Target].ID)
	if r.RequestID == "" {
		line = fmt.Sprintf("request %d of %s", r.Seq, fx.Plan.Targets[r.Target].ID)
	}
	line += fmt.Sprintf(" at %s answered %s", words.Clock(r.At), fx.summary(r.Cluster))
	if says != "" {
		line += ": " + says
	}
	return line
}

// logLine is what the logs say of a row, as one line of evidence; "" where
// they say nothing.
func (fx *Facts) logLine(i int, worth func(*probe.LogRecord) string) string {
	id := fx.Rows[i].RequestID
	if fx.Records == nil || id == "" || fx.Rows[i].Copied {
		return ""
	}
	for _, r := range fx.Records(id) {
		if text := worth(&r); text != "" {
			return fmt.Sprintf("log %s: (%s) %s", r.Group, id, text)
		}
	}
	return ""
}

// served is what a record says about who served the request.
func served(r *probe.LogRecord) string {
	text := ""
	add := func(s string) {
		if text != "" {
			text += ", "
		}
		text += s
	}
	if r.Stage != "" {
		add("stage " + r.Stage)
	}
	if r.DeploymentID != "" {
		add("deployment " + r.DeploymentID)
	}
	if r.Canary != nil {
		add(fmt.Sprintf("canary %t", *r.Canary))
	} else if r.GroupCanary {
		add("written to the canary's log group")
	}
	if r.ExecutedVersion != "" {
		add("executed version " + r.ExecutedVersion)
	}
	return text
}

// failureLine is the failure line of a record, or its integration's status.
func failureLine(r *probe.LogRecord) string {
	if r.Error != "" {
		return r.Error
	}
	if r.IntegrationStatus != nil && *r.IntegrationStatus >= 500 {
		return fmt.Sprintf("integration answered %d", *r.IntegrationStatus)
	}
	return ""
}

// evidence keeps the first lines that say something, each once.
func evidence(lines ...string) []string {
	kept := []string{}
	for _, l := range lines {
		if l != "" && len(kept) < maxEvidence && !slices.Contains(kept, l) {
			kept = append(kept, l)
		}
	}
	return kept
}

// firstOf is the first row of a cluster on a target; -1 where there is none.
func (fx *Facts) firstOf(sub *target, cluster int) int {
	for _, c := range slices.Concat(sub.cells, sub.confirms) {
		for _, i := range c.rows {
			if fx.Rows[i].Cluster == cluster {
				return i
			}
		}
	}
	return -1
}

// example is a request line for a cluster.
func (fx *Facts) example(sub *target, cluster int) string {
	if i := fx.firstOf(sub, cluster); i >= 0 {
		return fx.request(i, "")
	}
	return ""
}

// advice is a remedy without a command.
func advice(text string) Remedy { return Remedy{Text: text} }

// interval is a share with its confidence sequence, which holds whenever the
// run stopped.
func interval(k, n int, alpha float64) *Interval {
	lo, hi := stat.ConfSeq(k, n, alpha)
	est := 0.
	if n > 0 {
		est = float64(k) / float64(n)
	}
	return &Interval{Estimate: est, Low: lo, High: hi, Method: "Jeffreys-mixture confidence sequence"}
}

// ptr is for optional numbers of a report.
func ptr[T any](v T) *T { return &v }
