package explain

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"stageprobe/analyze/cause"
	"stageprobe/analyze/signature"
)

// width is that of a terminal that nobody has widened.
const width = 80

// Text writes the document for a person: who answered, why, and what to check
// next.
func (d *Document) Text(w io.Writer) error {
	var b bytes.Buffer
	for i := range d.Responses {
		separate(&b, i)
		d.Responses[i].text(&b)
	}
	if d.all >= fewest {
		d.pageText(&b)
	} else {
		d.few(&b)
	}
	for i := range d.Notices {
		separate(&b, i)
		d.Notices[i].text(&b)
	}
	_, err := w.Write(b.Bytes())
	return err
}

// few writes a few requests one by one, below when they were made.
func (d *Document) few(b *bytes.Buffer) {
	if first, last := span(d.Groups); first != nil {
		fmt.Fprintf(b, "%d requests %s\n\n", len(d.Requests), window(first, last))
	}
	for i := range d.Requests {
		separate(b, i)
		d.Requests[i].text(b)
	}
}

func separate(b *bytes.Buffer, i int) {
	if i > 0 {
		b.WriteByte('\n')
	}
}

// whoAnswered says the producer in words.
var whoAnswered = map[string]string{
	"gateway":     "API Gateway itself answered; the integration was not called",
	"integration": "the integration answered",
	"authorizer":  "the authorizer refused or failed; the integration was not called",
	"edge":        "something in front of API Gateway answered",
	"network":     "no answer arrived",
}

func (r *Response) text(b *bytes.Buffer) {
	fmt.Fprintf(b, "%s%s\n", statusWord(r.Status), r.who())
	facts(b, []fact{
		{"message", str(r.Message)}, {"detail", str(r.Detail)},
		{"API", words(r.APIKind, r.EndpointType)}, {"gateway response", str(r.GatewayResponse)}, {"error type", str(r.ErrorType)},
		{"API id", str(r.APIID)}, {"stage", str(r.Stage)}, {"request", words(r.Method, r.ResourcePath)},
		{"request id", str(r.RequestID)}, {"extended id", str(r.ExtendedID)},
	})
	reasons(b, r.Candidates)
	switch {
	case r.Next != nil:
		fmt.Fprintf(b, "\n  What settles it:\n      %s\n", *r.Next)
	case r.RequestID == nil && r.ErrorType == nil && r.NotAPIGateway == nil && len(r.Candidates) > 1:
		b.WriteString("\n  The headers would tell more: curl -si URL | stageprobe explain -\n")
	}
}

func (r *Response) who() string {
	switch {
	case r.NotAPIGateway != nil:
		return "this is not API Gateway's answer, but that of " + *r.NotAPIGateway
	case r.Producer == nil:
		return "nothing in it tells who answered"
	}
	return answeredBy(*r.Producer, r.Candidates)
}

// answeredBy says who answered where the producer is known.
func answeredBy(producer string, c []signature.Candidate) string {
	if len(c) > 0 && c[0].Cause == string(cause.CanarySplit) {
		c = c[1:] // on which side it came, and not by whom
	}
	switch {
	case holdsFailure(c):
		return "the integration answered a success that holds a failure"
	case producer == "integration" && failed(c):
		return "the integration failed, and API Gateway answered for it"
	}
	return whoAnswered[producer]
}

// passedOn are the causes with which the integration itself answered.
var passedOn = []string{"application-error", "nested-gateway", "service-error", "cdn-cache", "answer-cut"}

// holdsFailure tells whether the body of a success tells of a failure.
func holdsFailure(c []signature.Candidate) bool {
	return len(c) > 0 && slices.Contains([]string{"error-in-body", "inner-status", "base64-body"}, c[0].Cause)
}

// failed tells whether an answer of the integration stands for its failure.
func failed(c []signature.Candidate) bool {
	return len(c) > 0 && !slices.Contains(passedOn, c[0].Cause)
}

func (r *Request) text(b *bytes.Buffer) {
	who := "the log does not tell who answered"
	switch {
	case r.Producer != nil && *r.Producer == "gateway" && r.answeredBehind():
		who = "API Gateway itself answered, in place of what the integration gave it"
	case r.Producer != nil:
		who = answeredBy(*r.Producer, r.Candidates)
	}
	fmt.Fprintf(b, "%s%s\n", statusWord(r.Status), who)
	facts(b, []fact{
		{"error", str(r.Error)}, {"detail", str(r.Detail)}, {"gateway response", str(r.GatewayResponse)},
		{"API", words(r.APIKind, r.APIID)}, {"stage", str(r.Stage)}, {"served by", r.side()}, {"deployment", str(r.DeploymentID)},
		{"request", words(r.Method, r.ResourcePath)}, {"route", str(r.RouteTemplate)},
		{"integration", r.integration()}, {"Lambda version", str(r.ExecutedVersion)}, {"Lambda request id", str(r.LambdaRequestID)},
		{"authorizer", str(r.AuthorizerID)}, {"request id", str(r.RequestID)}, {"extended id", str(r.ExtendedID)},
	})
	if !r.Complete {
		b.WriteString("  The excerpt ends before the request does.\n")
	}
	reasons(b, r.Candidates)
}

// answeredBehind tells whether the log shows that the integration had answered.
func (r *Request) answeredBehind() bool {
	return r.IntegrationStatus != nil || r.IntegrationLatencyMS != nil || slices.ContainsFunc(r.Candidates, func(c signature.Candidate) bool { return c.Cause == "mapping-error" })
}

func (r *Request) side() string {
	switch {
	case r.Canary == nil:
		return ""
	case *r.Canary:
		return "the canary"
	}
	return "the stage's own deployment"
}

func (r *Request) integration() string {
	var parts []string
	if r.IntegrationStatus != nil {
		parts = append(parts, "status "+strconv.Itoa(*r.IntegrationStatus))
	}
	if r.IntegrationLatencyMS != nil {
		parts = append(parts, strconv.FormatFloat(*r.IntegrationLatencyMS, 'f', -1, 64)+" ms")
	}
	return strings.Join(parts, ", ")
}

type fact struct{ name, value string }

func facts(b *bytes.Buffer, list []fact) {
	for _, f := range list {
		if f.value != "" {
			fmt.Fprintf(b, "  %-18s%s\n", f.name, f.value)
		}
	}
}

func reasons(b *bytes.Buffer, candidates []signature.Candidate) {
	switch len(candidates) {
	case 0:
		return
	case 1:
		b.WriteString("\n  Why:\n")
	default:
		b.WriteString("\n  Why, most likely first:\n")
	}
	for i, c := range candidates {
		wrap(b, fmt.Sprintf("  %2d. ", i+1), "      ", c.Cause+": "+c.Why)
		wrap(b, "      check: ", "             ", c.TellsApart)
		if c.Remedy != "" {
			fmt.Fprintf(b, "      run:   %s\n", c.Remedy)
		}
		if c.Finding != "" {
			fmt.Fprintf(b, "      more:  stageprobe explain %s\n", c.Finding)
		}
	}
}

// wrap writes text in lines of at most width columns where its words allow it.
func wrap(b *bytes.Buffer, first, indent, text string) {
	b.WriteString(first)
	at := len(first)
	for i, word := range strings.Fields(text) {
		n := len([]rune(word))
		switch {
		case i > 0 && at+1+n > width:
			b.WriteString("\n" + indent)
			at = len(indent)
		case i > 0:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(word)
		at += n
	}
	b.WriteByte('\n')
}

func statusWord(s *int) string {
	if s == nil {
		return ""
	}
	return strconv.Itoa(*s) + ": "
}

func str(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func words(parts ...*string) string {
	var out []string
	for _, p := range parts {
		if p != nil {
			out = append(out, *p)
		}
	}
	return strings.Join(out, " ")
}
