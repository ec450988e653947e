package explain

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"stageprobe/analyze/remedy"
	"stageprobe/analyze/signature"
	"stageprobe/probe"
	"stageprobe/probe/address"
	"stageprobe/probe/failure"
	"stageprobe/probe/logs"
)

func explainExecution(text []byte) *Document {
	records, ok := logs.ParseExecution(text)
	if !ok {
		return nil
	}
	return explainRecords(KindExecutionLog, withAccess(records, logs.ParseAccessRows(text)))
}

func explainAccess(text []byte) *Document {
	records, ok := logs.ParseAccessLog(text, nil)
	if !ok {
		return nil
	}
	return explainRecords(KindAccessLog, records)
}

// logsRequests tells whether the text is an access log in JSON, with statuses. The
// errors that it quotes may be worded as those of a deployment.
func logsRequests(text []byte) bool {
	if !bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) {
		return false
	}
	records, _ := logs.ParseAccessLog(text, nil)
	return slices.ContainsFunc(records, func(r probe.LogRecord) bool { return r.Status != nil })
}

// explainAccessFormat reads entries in the stage's own format. Lines that do
// not fit it are left out; where none fits, the first says why.
func explainAccessFormat(text []byte, opts Options) (*Document, error) {
	format, err := opts.format()
	if err != nil {
		return nil, err
	}
	if records, ok := logs.ParseAccessLog(text, format); ok {
		return explainRecords(KindAccessLog, records), nil
	}
	first, _, _ := bytes.Cut(bytes.TrimSpace(text), []byte("\n"))
	if len(first) == 0 {
		return nil, errors.New("no line fits the access format: the input is empty (the format is the stage's accessLogSettings.format)")
	}
	_, err = format.Parse(first)
	return nil, fmt.Errorf("no line fits the access format: %w (the format is the stage's accessLogSettings.format)", err)
}

func explainRecords(kind string, records []probe.LogRecord) *Document {
	t := newTally(kind)
	for i := range records {
		t.add(&records[i])
	}
	return t.document()
}

func request(rec *probe.LogRecord) Request {
	canary := rec.Canary
	if canary == nil && rec.GroupCanary {
		canary = &rec.GroupCanary
	}
	return Request{
		Time: known(rec.Time), RequestID: known(rec.RequestID), ExtendedID: known(rec.ExtendedID), APIKind: known(string(rec.APIKind)),
		APIID: known(rec.APIID), Stage: known(rec.Stage), DeploymentID: known(rec.DeploymentID), Canary: canary,
		Method: known(rec.Method), ResourcePath: known(rec.Path), RouteTemplate: known(rec.Template),
		Status: rec.Status, GatewayResponse: known(rec.GatewayResponse), Error: known(rec.Error), Detail: known(rec.Detail),
		IntegrationStatus: rec.IntegrationStatus, IntegrationLatencyMS: rec.IntegrationLatencyMS,
		ExecutedVersion: known(rec.ExecutedVersion), LambdaRequestID: known(rec.LambdaRequestID), AuthorizerID: known(rec.AuthorizerID),
		Producer: known(producer(rec)), Complete: rec.Complete,
		Candidates: append([]signature.Candidate{}, causes(rec)...),
	}
}

// producer keeps to the report's five names; AWS WAF refuses on behalf of the
// gateway, and what another gateway behind this one answered was passed on.
func producer(rec *probe.LogRecord) string {
	switch {
	case rec.Producer == "waf":
		return string(signature.Gateway)
	case rec.Producer == "" && rec.Error == "" && strings.Contains(rec.IntegrationURI, ".execute-api.") &&
		rec.Status != nil && rec.IntegrationStatus != nil && *rec.Status == *rec.IntegrationStatus:
		return string(signature.Integration)
	}
	return rec.Producer
}

func causes(rec *probe.LogRecord) []signature.Candidate {
	if rec.WAF == "WAF_BLOCK" {
		return []signature.Candidate{named("waf-block", "the log's WAF verdict is WAF_BLOCK", "aws wafv2 get-sampled-requests names the rule.")}
	}
	if authorizerSaidNo(rec) {
		return []signature.Candidate{named("authorizer-unauthorized", "the log shows the call of the authorizer before \"Unauthorized request\"", "The authorizer's own log.")}
	}
	if out := byLine(rec); len(out) > 0 {
		return out
	}
	if rec.Status == nil {
		return signature.CausesFor(rec.GatewayResponse, requested(rec))
	}
	if *rec.Status < 400 {
		return inside(rec)
	}
	if rec.Source == probe.AccessLogSrc && *rec.Status >= 500 && rec.IntegrationCalled == nil && rec.Producer == string(signature.Integration) && rec.Error == "" {
		return failedIntegration(rec) // which gave no status of its own
	}
	if rec.IntegrationCalled != nil && *rec.IntegrationCalled || rec.Producer == string(signature.Integration) {
		return answered(rec)
	}
	if *rec.Status == 404 && rec.Error == "" && rec.APIKind == probe.HTTP && rec.RouteKey == "" && rec.Producer == string(signature.Gateway) {
		return signature.Read(signature.Answer{Status: 404, Body: []byte(`{"message":"Not Found"}`), APIKind: probe.HTTP}).Candidates
	}
	if out := signature.CausesFor(rec.GatewayResponse, requested(rec)); len(out) > 0 {
		return out
	}
	if out := byWording(rec); len(out) > 0 || rec.Producer != "" {
		return out
	}
	return byStatus(rec)
}

// inside are the causes of a failure in the body of a success.
func inside(rec *probe.LogRecord) []signature.Candidate {
	if rec.Inside == "" { // of nearly all
		return nil
	}
	if c, ok := signature.CauseNamed(rec.Inside); ok {
		c.Why = "the body in the log shows it: " + c.Why
		return []signature.Candidate{c}
	}
	return nil
}

// elsewhere are causes of which no log of a stage can tell.
var elsewhere = []string{"no-such-stage", "no-mapping"}

// unrouted are the causes that a known route rules out.
var unrouted = []string{"api-not-identified", "default-endpoint-disabled", "mutual-tls", "unmatched-route", "route-not-deployed", "wrong-mapping", "stage-prefix-missing", "wrong-stage-prefix", "preflight-unrouted", "malformed-url"}

// byStatus are the causes of a status beside which the log says nothing.
func byStatus(rec *probe.LogRecord) []signature.Candidate {
	out := byLength(rec)
	if len(out) == 0 {
		out = signature.CausesOfStatus(requested(rec))
	}
	if rec.APIKind == probe.REST && *rec.Status == 404 {
		out = append(out[len(out)-1:], signature.CausesOf("RESOURCE_NOT_FOUND")...)
	}
	return slices.DeleteFunc(out, func(c signature.Candidate) bool {
		routed := rec.Template != "" || rec.Source == probe.ExecutionLog
		return slices.Contains(elsewhere, c.Cause) || routed && slices.Contains(unrouted, c.Cause)
	})
}

// authorizerSaidNo tells whether a refusal is that of an authorizer which was
// called: no other call precedes the line.
func authorizerSaidNo(rec *probe.LogRecord) bool {
	return rec.Error == "Unauthorized request" && slices.ContainsFunc(rec.Lines, func(l string) bool { return strings.HasPrefix(l, "Sending request to ") })
}

// byLine are the causes that the request's failure lines name, with the commands
// that mend them; of lines that nobody knows, just that.
func byLine(rec *probe.LogRecord) []signature.Candidate {
	known, unknown := failure.Of(rec)
	var out []signature.Candidate
	for i := range known {
		f := &known[i]
		c := signature.Candidate{Cause: f.Candidate, Why: "the log says \"" + f.Line + "\": " + f.Why, TellsApart: f.Check, Finding: f.Cause}
		if limit := f.Limit.String(); limit != "" {
			c.Why += " (" + limit + ")"
		}
		c.Remedy = mending(remedy.Failure(f, remedy.PlaceOf(rec)))
		out = append(out, c)
	}
	for _, line := range unknown {
		out = append(out, named("unknown-failure", "the log says \""+line+"\"", ""))
	}
	return out
}

// mending is the command that mends, of several steps all in one line; where no
// command does, the one that shows what is to be mended.
func mending(steps []remedy.Remedy) string {
	var all []string
	for _, r := range steps {
		if !r.Diagnoses {
			all = append(all, r.Command)
		}
	}
	if len(all) == 0 && len(steps) > 0 {
		return steps[0].Command
	}
	return strings.Join(all, " && ")
}

// named is a candidate of the answers' catalogue with the log's own evidence.
func named(cause, why, next string) signature.Candidate {
	c, _ := signature.CauseNamed(cause)
	c.Cause, c.TellsApart = cause, cmp.Or(next, c.TellsApart)
	if c.Why == "" {
		c.Why = why
	} else {
		c.Why = why + ": " + c.Why
	}
	return c
}

// answered explains an error status that the integration gave.
func answered(rec *probe.LogRecord) []signature.Candidate {
	if strings.Contains(rec.IntegrationURI, ".execute-api.") {
		return []signature.Candidate{named("nested-gateway", "the integration is another API Gateway ("+rec.IntegrationURI+"), and this one passed its answer on", innerLogs(rec))}
	}
	if rec.APIKind == probe.HTTP && *rec.Status >= 500 && rec.Error != "" {
		return failedIntegration(rec)
	}
	if rec.Error != "" {
		return byWording(rec)
	}
	return []signature.Candidate{named("application-error", "the gateway completed its part, and the status is the integration's", "The integration's own log.")}
}

// innerLogs says where the gateway behind this one keeps its own log of the
// request, and under which id.
func innerLogs(rec *probe.LogRecord) string {
	where := "That gateway's own logs"
	if inner, err := address.ParseURL(rec.IntegrationURI); err == nil && inner.APIID != "" && inner.First != "" {
		where = "The logs of API " + inner.APIID + ", of a REST API's stage the group API-Gateway-Execution-Logs_" + inner.APIID + "/" + inner.First
	}
	id := "the x-amzn-RequestId in \"Endpoint response headers\" (data trace)"
	if rec.InnerRequestID != "" {
		id = "its own request id " + rec.InnerRequestID
	}
	return where + ", under " + id + "; " + cmp.Or(rec.RequestID, "the id of this log") + " is this gateway's."
}

// failedIntegration are the causes of API Gateway's error in place of the
// integration's answer, without words or in words that nobody knows.
func failedIntegration(rec *probe.LogRecord) []signature.Candidate {
	return slices.DeleteFunc(signature.CausesOfStatus(requested(rec)), func(c signature.Candidate) bool { return c.Cause == "application-error" })
}

// byWording reads the entry's error message as if it were the answer's body.
func byWording(rec *probe.LogRecord) []signature.Candidate {
	if rec.Error == "" {
		return nil
	}
	body, err := json.Marshal(map[string]string{"message": rec.Error})
	if err != nil || rec.Status == nil {
		return nil
	}
	a := requested(rec)
	a.Body = body
	return signature.Read(a).Candidates
}

// requested is what a log tells of the answer and the request, as an answer
// without its headers.
func requested(rec *probe.LogRecord) signature.Answer {
	a := signature.Answer{APIKind: rec.APIKind, Method: rec.Method}
	if rec.Status != nil {
		a.Status = *rec.Status
	}
	return a
}

// byLength reads the length of the answer, which tells API Gateway's default
// bodies apart.
func byLength(rec *probe.LogRecord) []signature.Candidate {
	if rec.ResponseLength == nil || *rec.ResponseLength == 0 || rec.Error != "" || *rec.Status == 404 && rec.APIKind != probe.HTTP {
		return nil
	}
	a := requested(rec)
	a.Header = []probe.Header{{Name: "content-length", Value: strconv.Itoa(*rec.ResponseLength)}}
	r := signature.Read(a)
	usual := signature.CausesOfStatus(requested(rec))
	if r.Message == "" || !slices.ContainsFunc(r.Candidates, func(c signature.Candidate) bool {
		return slices.ContainsFunc(usual, func(u signature.Candidate) bool { return u.Cause == c.Cause && c.Cause != "application-error" })
	}) {
		return nil // a body of another's that happens to be as long
	}
	return r.Candidates
}
