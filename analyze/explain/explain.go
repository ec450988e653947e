// Package explain reads what a person has at hand, the output of curl -i,
// curl -v or httpie, or an excerpt of an execution or access log, and says who
// answered and why. It needs no credentials and no network.
package explain

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"time"

	"stageprobe/analyze/signature"
	"stageprobe/probe/lazyregexp"
)

// Schema names the explanation format.
const Schema = "stageprobe.explanation/v1"

// Options tune [Explain].
type Options struct {
	AccessFormat string // the stage's accessLogSettings.format; "" reads JSON with the usual names
	URL          string // what was called, where the input does not tell
}

// The kinds of document.
const (
	KindResponse     = "response"
	KindExecutionLog = "execution-log"
	KindAccessLog    = "access-log"
	// KindConfiguration is what the AWS CLI printed of an API's configuration.
	KindConfiguration = "configuration"
	// KindDeployment is the error with which a deployment failed.
	KindDeployment = "deployment-error"
)

// Document is an explanation: of answers, or of logged requests.
type Document struct {
	Kind      string
	Responses []Response // of KindResponse
	Requests  []Request  // of the log kinds; of more than 10,000 the first of each group
	Notices   []Notice   // of a configuration or a deployment's error
	Groups    []Group    // of many requests: what is alike, the most frequent first
	all       int        // how many requests there are
}

// Response is one answer explained. Nil is unknown.
type Response struct {
	Status          *int    `json:"status"`
	APIKind         *string `json:"api_kind"`
	EndpointType    *string `json:"endpoint_type"`
	Producer        *string `json:"producer"`
	GatewayResponse *string `json:"gateway_response"`
	ErrorType       *string `json:"error_type"`
	RequestID       *string `json:"request_id"`
	ExtendedID      *string `json:"extended_request_id"`
	Message         *string `json:"message"` // of the body
	Detail          *string `json:"detail"`
	APIID           *string `json:"api_id"`
	Stage           *string `json:"stage"`
	Method          *string `json:"http_method"`
	ResourcePath    *string `json:"resource_path"`
	Partition       *string `json:"partition"`
	// NotAPIGateway names what answered in API Gateway's place.
	NotAPIGateway *string `json:"not_api_gateway"`
	// Next is the command that settles which candidate holds, where one does.
	Next       *string               `json:"next"`
	Candidates []signature.Candidate `json:"candidates"`
}

// Request is one logged request explained. Nil is unknown.
type Request struct {
	Time                 *time.Time            `json:"time"`
	RequestID            *string               `json:"request_id"`
	ExtendedID           *string               `json:"extended_request_id"`
	APIKind              *string               `json:"api_kind"`
	APIID                *string               `json:"api_id"`
	Stage                *string               `json:"stage"`
	DeploymentID         *string               `json:"deployment_id"`
	Canary               *bool                 `json:"canary"`
	Method               *string               `json:"http_method"`
	ResourcePath         *string               `json:"resource_path"`
	RouteTemplate        *string               `json:"route_template"`
	Status               *int                  `json:"status"`
	GatewayResponse      *string               `json:"gateway_response"`
	Error                *string               `json:"error"`
	Detail               *string               `json:"detail"`
	IntegrationStatus    *int                  `json:"integration_status"`
	IntegrationLatencyMS *float64              `json:"integration_latency_ms"`
	ExecutedVersion      *string               `json:"executed_version"`
	LambdaRequestID      *string               `json:"lambda_request_id"`
	AuthorizerID         *string               `json:"authorizer_id"`
	Producer             *string               `json:"producer"`
	Complete             bool                  `json:"complete"`
	Candidates           []signature.Candidate `json:"candidates"`
}

// errUnknown says what was looked for.
var errUnknown = errors.New("nothing in the input is an answer or a log entry: looked for an HTTP status line (as curl -i and curl -v print it), " +
	"lines of an execution log (such as \"(request id) Method completed with status: 200\"), entries of an access log (JSON, or --access-format), " +
	"what aws apigateway get-stage, get-deployments, get-base-path-mappings or get-export print, and the error of a failed deployment")

// Explain reads the input and explains every answer or logged request in it.
// Input that holds neither is an error that says what was looked for.
func Explain(input []byte, opts Options) (*Document, error) {
	text := clean(input)
	if inner, url := unarrow(text); url != "" {
		text, opts.URL = inner, cmp.Or(opts.URL, url)
	}
	if opts.AccessFormat != "" {
		return explainAccessFormat(text, opts)
	}
	// A log with data trace may hold status lines within the bodies that it
	// quotes; one that begins as a log is a log.
	if !beginsAsLog(text) {
		if answers := parseAnswers(text, opts.URL); len(answers) > 0 {
			return explainAnswers(answers), nil
		}
	}
	if doc := explainExecution(text); doc != nil {
		return doc, nil
	}
	if doc := explainNotice(text); doc != nil && !(doc.Kind == KindDeployment && logsRequests(text)) {
		return doc, nil
	}
	if inner, ok := unprefix(text); ok {
		if answers := parseAnswers(inner, opts.URL); len(answers) > 0 && len(answers[0].Header) > 0 {
			return explainAnswers(answers), nil
		}
	}
	if answers := parseDumped(text, opts.URL); len(answers) > 0 {
		return explainAnswers(answers), nil
	}
	if doc := explainAccess(text); doc != nil {
		return doc, nil
	}
	if answers := parseMessages(text, opts.URL); len(answers) > 1 {
		return explainAnswers(answers), nil
	}
	for _, parse := range []func([]byte, string) (signature.Answer, bool){parseFragment, parseWords, parseBlocked} {
		if a, ok := parse(text, opts.URL); ok {
			return explainAnswers([]signature.Answer{a}), nil
		}
	}
	if answers := parseExceptions(text, opts.URL); len(answers) > 0 {
		return explainAnswers(answers), nil
	}
	return nil, errUnknown
}

var executionLine = lazyregexp.New(`^(?:\S+\s+){0,3}\((?:[0-9a-f]{8}-[0-9a-f-]{27}|[A-Za-z0-9_-]+=)\) |^Execution log for request |^[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d UTC \d{4} : `)

func beginsAsLog(text []byte) bool {
	text = bytes.TrimSpace(text)
	return executionLine.Match(text[:min(len(text), 512)])
}

func explainAnswers(answers []signature.Answer) *Document {
	doc := &Document{Kind: KindResponse}
	for i := range answers {
		r := respond(answers[i])
		if slices.ContainsFunc(answers, func(b signature.Answer) bool { return wavers(&answers[i], &b) }) && !logged(r.Next) {
			r.Next = known(measured(answers[i].URL))
		}
		doc.Responses = append(doc.Responses, r)
	}
	return doc
}

func respond(a signature.Answer) Response {
	r := signature.Read(a)
	return Response{
		Status: known(a.Status), APIKind: known(string(r.APIKind)), EndpointType: known(r.EndpointType),
		Producer: known(string(r.Producer)), GatewayResponse: known(r.GatewayResponse), ErrorType: known(r.ErrorType),
		RequestID: known(r.RequestID), ExtendedID: known(r.ExtendedID),
		APIID: known(r.APIID), Stage: known(r.Stage), Method: known(r.Method), ResourcePath: known(r.ResourcePath),
		Partition: known(r.Partition), NotAPIGateway: known(r.NotAPIGateway),
		Message: known(quotable(r.Message)), Detail: known(r.Detail), Next: known(next(a, r)),
		Candidates: append([]signature.Candidate{}, r.Candidates...),
	}
}

// echoed is a piece of the request that a message quotes: refusals of the
// signature parser echo the Authorization header.
var echoed = lazyregexp.New(`'[^']{6,}'?`)

// quotable is a message without what it echoes, cut to a line or two.
func quotable(message string) string {
	const longest = 200
	if text := []rune(echoed.ReplaceAllString(message, "'…'")); len(text) > longest {
		return string(text[:longest]) + "…"
	} else {
		return string(text)
	}
}

// known is nil for the zero value, which stands for unknown.
func known[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

var (
	replied = lazyregexp.New(`(?m)^(?:reply: '(.*?)(?:\\r)?(?:\\n)?'|header: (.*))[ \t]*\r?$`)
	colour  = lazyregexp.New("\x1b\\[[0-9;?]*[A-Za-z]")
	quoted  = lazyregexp.New(`(?m)^[ \t]*(?:->|<-) "(.*?)(?:\\r)?(?:\\n)?"[ \t]*\r?$`)
	bold    = lazyregexp.New(`(?m)^([ \t>*-]*?)\*\*([A-Za-z:][^*\n]*)\*\*`)
	fences  = lazyregexp.New("(?m)^[ \t]*(```|~~~)[a-zA-Z]*[ \t]*\r?$")
)

// clean takes out what copying adds: a byte order mark, colours, code fences,
// the quotes of a client that dumps the wire, the emphasis of Markdown.
func clean(input []byte) []byte {
	text := bytes.TrimPrefix(input, []byte("\ufeff"))
	if bytes.IndexByte(text, 0x1b) >= 0 {
		text = colour.ReplaceAll(text, nil)
	}
	if bytes.Contains(text, []byte(`-> "HTTP/`)) {
		text = quoted.ReplaceAll(text, []byte("$1"))
	}
	if bytes.Contains(text, []byte("**")) && !beginsAsLog(text) { // logs mask keys with stars
		text = bold.ReplaceAll(text, []byte("$1$2"))
	}
	if bytes.Contains(text, []byte("reply: '")) {
		text = replied.ReplaceAll(text, []byte("$1$2"))
	}
	if bytes.Contains(text, []byte("```")) || bytes.Contains(text, []byte("~~~")) {
		text = fences.ReplaceAll(text, nil)
	}
	return text
}

// MarshalJSON writes stageprobe.explanation/v1.
func (d *Document) MarshalJSON() ([]byte, error) {
	var items any
	switch d.Kind {
	case KindResponse:
		items = append([]Response{}, d.Responses...)
	case KindConfiguration, KindDeployment:
		notices := append([]Notice{}, d.Notices...)
		for i := range notices { // none is a list, too
			n := &notices[i]
			n.Says, n.Candidates = append([]string{}, n.Says...), append([]signature.Candidate{}, n.Candidates...)
		}
		items = notices
	default:
		items = append([]Request{}, d.Requests...)
	}
	return json.Marshal(struct {
		Schema string  `json:"schema"`
		Kind   string  `json:"kind"`
		Groups []Group `json:"groups,omitempty"`
		Items  any     `json:"items"`
	}{Schema, d.Kind, d.Groups, items})
}

// JSON writes the document as stageprobe.explanation/v1, indented.
func (d *Document) JSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false) // ids and wordings are for people, too
	enc.SetIndent("", "  ")
	return enc.Encode(d)
}
