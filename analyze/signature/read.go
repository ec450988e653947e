package signature

import (
	"slices"
	"strconv"
	"strings"

	"stageprobe/probe"
	"stageprobe/probe/address"
	"stageprobe/probe/lazyregexp"
)

// Read tells who answered and why. It goes by x-amzn-ErrorType first, which
// survives a customised status and body, then by wording, spacing and the set
// of headers.
func Read(a Answer) Reading {
	e := examine(a)
	r := Reading{
		APIKind:    e.kind(),
		ErrorType:  e.errorType,
		RequestID:  e.requestID,
		ExtendedID: e.extendedID,
		Message:    e.text,
		Detail:     e.detail(),
	}
	v := e.verdict()
	r.Producer, r.GatewayResponse, r.NotAPIGateway = v.by, v.response, v.foreign
	if r.NotAPIGateway != "" {
		r.APIKind = ""
	}
	if e.webSocket {
		r.RequestID = token(e.bodyFacts()["requestid"])
	}
	r.EndpointType = e.endpointType(r.APIKind)
	r.Candidates = candidacy{e}.candidates(v.causes)
	placing{e}.place(&r, v)
	return r
}

// verdict is what an answer is judged to be.
type verdict struct {
	response string
	by       Producer
	causes   []cause
	foreign  string
	// unserved: the address may not lead to the stage that it names.
	unserved bool
}

// evidence is an answer with the facts that rules ask for, read out once.
type evidence struct {
	Answer
	message
	addr address.Address // zero where the URL is unknown

	errorType  string
	requestID  string
	extendedID string
	front      Front

	rest, http  bool // carries the id header of a REST, of an HTTP API
	traced      bool // x-amzn-trace-id
	bare        bool // no header beyond those of an HTTP API's own refusals
	webSocket   bool // the body is a message of a WebSocket API to its connection
	passThrough bool // carries the headers of another gateway or service behind this one
}

func examine(a Answer) *evidence {
	e := &evidence{Answer: a}
	if a.URL != "" {
		e.addr, _ = address.ParseURL(a.URL)
	}
	e.errorType, _, _ = strings.Cut(e.get("x-amzn-errortype"), ":")
	e.errorType = token(e.errorType)
	e.rest = e.get("x-amz-apigw-id") != ""
	e.http = e.get("apigw-requestid") != "" && !e.rest
	e.traced = e.get("x-amzn-trace-id") != ""
	e.front = FrontOf(e.get)
	e.bare = onlyHeaders(a.Header, httpRefusalHeaders)
	e.passThrough = e.get("x-amzn-remapped-x-amzn-requestid") != "" || e.count("x-amzn-requestid") > 1
	e.requestID = token(cmpOr(e.get("x-amzn-requestid"), e.get("apigw-requestid")))
	e.extendedID = token(cmpOr(e.get("x-amz-apigw-id"), e.get("apigw-requestid")))
	e.message = messageForm{e}.readMessage()
	e.webSocket = e.isWebSocket()
	return e
}

var challengeText = lazyregexp.New(`error_description="([^"]*)"`)

// detail is what an answer says beyond its message.
func (e *evidence) detail() string {
	if m := challengeText.FindStringSubmatch(e.get("www-authenticate")); m != nil {
		return m[1]
	}
	if e.errorType != badRequest {
		return ""
	}
	facts := e.bodyFacts()
	for _, key := range []string{"validationerrorstring", "error.validationerrorstring", "validationerror", "validationerrors"} {
		if facts[key] != "" {
			return facts[key]
		}
	}
	if strings.HasPrefix(facts["detail"], "[") { // as a validator's findings begin
		return facts["detail"]
	}
	return ""
}

func (e *evidence) get(name string) string {
	return strings.TrimSpace(probe.HeaderValue(e.Header, name))
}

func (e *evidence) count(name string) int {
	n := 0
	for _, h := range e.Header {
		if strings.EqualFold(h.Name, name) {
			n++
		}
	}
	return n
}

func (e *evidence) has(name string) bool { return e.count(name) > 0 }

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// token is s where it can be an id or an exception name, and "" for what
// people write in place of one, such as "[...]" or "<uuid:1>".
func token(s string) string {
	for i := range len(s) {
		c := s[i]
		if !isAlnum(c) && strings.IndexByte("-_=+/.", c) < 0 {
			return ""
		}
	}
	if strings.Trim(s, ".-_*xX") == "" {
		return ""
	}
	return s
}

func isAlnum(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// httpRefusalHeaders are those that an HTTP API's own refusals carry, with what
// CORS, a JWT authorizer and the way there add. Any other header comes from an
// application.
var httpRefusalHeaders = []string{
	"apigw-requestid", "connection", "content-length", "content-type", "date",
	"www-authenticate", "vary", "access-control-", "alt-svc", "keep-alive",
	"via", "x-cache", "x-amz-cf-", "age", "transfer-encoding", "strict-transport-security",
}

// onlyHeaders tells whether every header name begins with one of the prefixes.
func onlyHeaders(h []probe.Header, prefixes []string) bool {
	for _, x := range h {
		name := strings.ToLower(x.Name)
		if !slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(name, p) }) {
			return false
		}
	}
	return true
}

func containsFold(s, lower string) bool { return strings.Contains(strings.ToLower(s), lower) }

// kind goes by the id header. REST answers of 2016 and 2017 lack
// x-amz-apigw-id; an error type of API Gateway's vocabulary stands in for it.
func (e *evidence) kind() probe.APIKind {
	switch {
	case e.http:
		return probe.HTTP
	case e.rest:
		return probe.REST
	case e.webSocket:
		return ""
	case e.APIKind != "":
		return e.APIKind
	case e.errorType != "" && knownError(e.errorType):
		return probe.REST
	case e.requestID != "" && e.front.CloudFront:
		return probe.REST
	case e.requestID == "" && (e.Status == 0 || e.Status >= 400) && restOnlyWording(e.text):
		return probe.REST
	}
	return ""
}

// endpointType goes by what stands between: CloudFront in front of edge APIs (and
// of any API where somebody put a distribution of their own there),
// "Server: Server" on private ones (seen on captures from China only), neither
// on regional ones. A capture without a Date is not whole, so that a missing
// header proves nothing.
func (e *evidence) endpointType(kind probe.APIKind) string {
	switch {
	case kind == probe.HTTP:
		return "regional" // HTTP APIs have no other
	case kind == "":
		return ""
	case e.Endpoint != "":
		return strings.ToLower(e.Endpoint)
	case e.addr.Kind == address.AddressVPCE || e.addr.VPCEndpoint != "" || e.AskedAPI != "" && e.addr.Kind != address.AddressExecuteAPI:
		return "private"
	case e.front.Copy: // which that of an edge-optimised API never does: its x-cache says Miss or Error
		return "" // a distribution of somebody's own is in front, and hides the endpoint
	case e.front.CloudFront:
		return "edge"
	case e.get("server") == "Server":
		return "private"
	case e.has("x-amzn-requestid") && e.has("date"):
		return "regional"
	}
	return ""
}

// contentLength is the announced length of the body, -1 where there is none or
// where it counts compressed bytes.
func (e *evidence) contentLength() int {
	if e.has("content-encoding") {
		return -1
	}
	n, err := strconv.Atoi(e.get("content-length"))
	if err != nil {
		return -1
	}
	return n
}
