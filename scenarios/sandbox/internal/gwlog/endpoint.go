package gwlog

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"stageprobe/scenarios/sandbox/internal/world"
)

// aws tells whether the integration calls an AWS service, Lambda included.
func (in *Integration) aws() bool { return in.Type == "" || strings.HasPrefix(in.Type, "AWS") }

// complement fills in what a caller may leave out of an exchange: the URI, headers and answer headers
// that the gateway and Lambda always have.
func (w *writer) complement(in *Integration) {
	if in.URI == "" && in.FunctionARN != "" {
		in.URI = fmt.Sprintf("https://lambda.%s.amazonaws.com%s/2015-03-31/functions/%s/invocations",
			w.Region, w.suffix(), in.FunctionARN)
	}
	source := ""
	if in.aws() {
		source = w.arn(w.Stage + "/" + w.declaredMethod() + w.Route)
	}
	in.RequestHeaders = w.endpointHeaders(in.Exchange, source)
	if len(in.ResponseHeaders) == 0 && in.aws() && in.Status != 0 {
		in.ResponseHeaders = w.lambdaHeaders(in)
	}
}

// suffix of host names in the partition of the region.
func (c *Call) suffix() string {
	if strings.HasPrefix(c.Region, "cn-") {
		return ".cn"
	}
	return ""
}

// endpointHeaders are the headers sent to a backend: those given, or the ones that the gateway adds. An
// AWS service is also told the ARN of what calls it, by its template: arn:…:{api}/{stage}/ANY/{proxy+}.
func (w *writer) endpointHeaders(e Exchange, source string) []Pair {
	if len(e.RequestHeaders) > 0 {
		return e.RequestHeaders
	}
	if source == "" {
		return w.httpHeaders(e)
	}
	return []Pair{
		{"x-amzn-lambda-integration-tag", w.RequestID},
		{"Authorization", filler(w.RequestID+"signature", 334)},
		{"X-Amz-Date", w.Started.UTC().Format("20060102T150405Z")},
		{"x-amzn-apigateway-api-id", w.APIID},
		{"X-Amz-Source-Arn", source},
		{"Accept", "application/json"},
		{"User-Agent", "AmazonAPIGateway_" + w.APIID},
		// The session token of the gateway's role is not masked; it makes every such line too long.
		{"X-Amz-Security-Token", filler(w.RequestID+"token", maxLine)},
	}
}

func (w *writer) httpHeaders(e Exchange) []Pair {
	out := []Pair{{"x-amzn-apigateway-api-id", w.APIID}, {"User-Agent", "AmazonAPIGateway_" + w.APIID}}
	if u, err := url.Parse(e.URI); err == nil && u.Host != "" {
		out = append(out, Pair{"Host", u.Host})
	}
	return out
}

// arn of a part of the API.
func (c *Call) arn(part string) string {
	return fmt.Sprintf("arn:%s:execute-api:%s:%s:%s/%s", world.Partition(c.Region), c.Region, c.Account, c.APIID, part)
}

// lambdaHeaders are the headers of an answer of Lambda's Invoke.
func (w *writer) lambdaHeaders(in *Integration) []Pair {
	out := []Pair{
		{"Date", w.now.Add(in.Latency).UTC().Format(http.TimeFormat)},
		{"Content-Type", "application/json"},
		{"Content-Length", strconv.Itoa(len(in.ResponseBody))},
		{"Connection", "keep-alive"},
		{"x-amzn-RequestId", in.RequestID},
	}
	if w.Failure == FunctionError {
		out = append(out, Pair{"X-Amz-Function-Error", "Unhandled"})
	}
	out = append(out,
		Pair{"x-amzn-Remapped-Content-Length", "0"},
		Pair{"X-Amz-Executed-Version", cmp.Or(in.ExecutedVersion, "$LATEST")})
	if id := w.bareTraceID(); id != "" {
		out = append(out, Pair{"X-Amzn-Trace-Id", "root=" + id + ";sampled=" + w.sampled()})
	}
	return out
}

// traceID is the X-Ray id as the last line shows it: since 2020 with its "Root=".
func (w *writer) traceID() string {
	if w.era == Modern {
		return "Root=" + w.bareTraceID()
	}
	return w.bareTraceID()
}

// bareTraceID is the id alone, "1-{8 hex}-{24 hex}".
func (c *Call) bareTraceID() string {
	id, _, _ := strings.Cut(c.TraceID, ";")
	return strings.TrimPrefix(id, "Root=")
}

// sampled is the sampling decision of the trace id, "0" if it has none.
func (c *Call) sampled() string {
	if strings.Contains(strings.ToLower(c.TraceID), "sampled=1") {
		return "1"
	}
	return "0"
}

// filler is a stand-in of n characters for a secret, derived from a name.
func filler(name string, n int) string {
	sum := sha256.Sum256([]byte(name))
	digits := hex.EncodeToString(sum[:])
	return strings.Repeat(digits, n/len(digits)+1)[:n]
}
