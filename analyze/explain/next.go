package explain

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"stageprobe/analyze/signature"
	"stageprobe/probe"
	"stageprobe/probe/address"
)

// next is the command that reads the request's execution log, where candidates
// are left that this log tells apart. Its output is input of explain. What the
// answer does not tell stands there in capitals.
func next(a signature.Answer, r signature.Reading) string {
	if len(a.Header) == 0 && r.RequestID == "" {
		return again(a, r)
	}
	settles := func(c signature.Candidate) bool { return strings.Contains(c.TellsApart, "xecution log") }
	unlogged := func(c signature.Candidate) bool { return strings.Contains(c.TellsApart, "no execution log") }
	if r.APIKind != probe.REST || r.RequestID == "" || !slices.ContainsFunc(r.Candidates, settles) || slices.ContainsFunc(r.Candidates, unlogged) {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "aws logs filter-log-events --log-group-name API-Gateway-Execution-Logs_%s/%s", cmp.Or(r.APIID, "API_ID"), cmp.Or(r.Stage, "STAGE"))
	if addr, err := address.ParseURL(a.URL); err == nil && addr.Region != "" {
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

// again is the command that shows what the copy of an answer lacks: its headers.
// The query, which may hold a secret, is left to the reader.
func again(a signature.Answer, r signature.Reading) string {
	addr, err := address.ParseURL(a.URL)
	if err != nil || a.Outcome != "" && a.Outcome != probe.OutcomeResponse || r.NotAPIGateway != "" || len(r.Candidates) == 0 {
		return ""
	}
	method := ""
	if a.Method != "" && a.Method != "GET" {
		method = "-X " + a.Method + " "
	}
	return "curl -si " + method + quotedURL(addr) + " | stageprobe explain -"
}

func quotedURL(addr address.Address) string {
	return "'" + strings.ReplaceAll(addr.Base+addr.Path, "'", "%27") + "'"
}

// logged tells whether the command that settles it reads a log.
func logged(next *string) bool { return next != nil && strings.HasPrefix(*next, "aws logs ") }

// measured is the command that tells how often each answer of a URL comes, and with what.
func measured(url string) string {
	addr, err := address.ParseURL(url)
	if err != nil {
		return ""
	}
	return "stageprobe check " + quotedURL(addr)
}

// wavers tells whether two answers to one request differ in status: how often each comes,
// and with what it goes, only more requests tell.
func wavers(a, b *signature.Answer) bool {
	asked := func(a *signature.Answer) []any {
		return []any{a.URL, a.Method, a.SentBody, a.Preflight, a.AskedAPI, a.SentAuthorization != nil && *a.SentAuthorization, a.SentAPIKey != nil && *a.SentAPIKey}
	}
	return a.URL != "" && (a.Method == "" || a.Method == "GET") && a.Status != b.Status && a.Status != 0 && b.Status != 0 && slices.Equal(asked(a), asked(b))
}
