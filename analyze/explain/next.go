package explain

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"stageprobe/analyze/signature"
	"stageprobe/probe"
)

// next is the command that reads the request's execution log, where candidates
// are left that this log tells apart. Its output is input of explain. What the
// answer does not tell stands there in capitals.
func next(a signature.Answer, r signature.Reading) string {
	settles := func(c signature.Candidate) bool { return strings.Contains(c.TellsApart, "xecution log") }
	unlogged := func(c signature.Candidate) bool { return strings.Contains(c.TellsApart, "no execution log") }
	if r.APIKind != probe.REST || r.RequestID == "" || !slices.ContainsFunc(r.Candidates, settles) || slices.ContainsFunc(r.Candidates, unlogged) {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "aws logs filter-log-events --log-group-name API-Gateway-Execution-Logs_%s/%s", cmp.Or(r.APIID, "API_ID"), cmp.Or(r.Stage, "STAGE"))
	if addr, err := probe.ParseURL(a.URL); err == nil && addr.Region != "" {
		b.WriteString(" --region " + addr.Region)
	}
	if at, err := time.Parse(time.RFC1123, probe.HeaderValue(a.Header, "date")); err == nil {
		// The answer was written at the end of the request, which took less than
		// five minutes.
		fmt.Fprintf(&b, " --start-time %d --end-time %d", at.Add(-5*time.Minute).UnixMilli(), at.Add(time.Minute).UnixMilli())
	}
	fmt.Fprintf(&b, ` --filter-pattern '"%s"' | stageprobe explain -`, r.RequestID)
	return b.String()
}
