package logs

import (
	"bytes"
	"strconv"
	"strings"

	"stageprobe/probe"
	"stageprobe/probe/failure"
)

// The readers of the line templates. rest is what follows the template's
// prefix, without blanks around it.

// readProvisionalID takes the id that the console prints first; where the
// request's own lines name another, that one holds.
func readProvisionalID(r *request, rest []byte) {
	if id := firstWord(rest); isID(id) {
		setOnce(&r.rec.RequestID, id)
	}
}

func isID(s []byte) bool {
	for _, c := range s {
		if !idByte[c] {
			return false
		}
	}
	return len(s) > 0
}

func readExtendedID(r *request, rest []byte) { setOnce(&r.rec.ExtendedID, firstWord(rest)) }

func readStart(r *request, rest []byte) { r.nameRequest(rest) }

// nameRequest takes the id out of "for request: {id}".
func (r *request) nameRequest(rest []byte) {
	word := firstWord(rest)
	if bytes.HasSuffix(word, []byte("..")) {
		return // what a person cut
	}
	if id := bytes.TrimRight(word, "."); isID(id) && !isExtended(id) {
		if string(id) != r.rec.RequestID {
			r.rec.RequestID = string(id)
		}
		r.named = true
	}
}

func readAuthorizer(r *request, rest []byte) {
	r.authorizing = true
	id := firstWord(rest)
	setOnce(&r.rec.AuthorizerID, id)
	if _, after, found := bytes.Cut(rest, []byte("for request:")); found {
		r.nameRequest(after)
	}
}

// readAuthorizerDone ends the authorizer's part. The line also follows a policy
// that denies; the denial stands in a line of its own.
func readAuthorizerDone(r *request, _ []byte) {
	r.authorizing = false
	setOnce(&r.rec.AuthorizerOutcome, []byte("allow"))
}

func readUnauthorized(r *request, rest []byte) {
	r.rec.AuthorizerOutcome = "unauthorized"
	r.nameRequest(bytes.TrimPrefix(rest, []byte(": ")))
}

func readVerifyPlan(r *request, rest []byte) {
	r.nameRequest(rest)
	if _, after, found := bytes.Cut(rest, []byte("API Stage:")); found {
		r.setAPIStage(after)
	}
	if key := between(rest, "API Key:", "API Stage:"); key != nil {
		readAPIKey(r, bytes.TrimSpace(key))
	}
}

// readAPIKey keeps what masking leaves of a key; a key that is not masked is
// not kept at all.
func readAPIKey(r *request, rest []byte) {
	key := firstWord(rest)
	suffix := bytes.TrimLeft(key, "*")
	if len(suffix) < len(key) && len(suffix) <= 6 {
		setOnce(&r.rec.APIKeySuffix, suffix)
	}
}

// readKeyVerdict reads "API Key {..} authorized because method 'GET /x' does not
// require API Key" and its opposite, "… not authorized because method …".
func readKeyVerdict(r *request, rest []byte) {
	setOnce(&r.rec.Template, between(rest, "because method '", "'"))
	switch {
	case bytes.Contains(rest, []byte("not authorized because")):
		if _, after, found := bytes.Cut(rest, []byte("API Stage ")); found {
			r.setAPIStage(bytes.Replace(after, []byte(":"), []byte(" "), 1))
		}
		r.mask |= 1 << kindRefusal
		r.fail(append([]byte("API Key "), rest...))
	case bytes.Contains(rest, []byte("exceeded throttle limit")), bytes.Contains(rest, []byte("exceeded quota limit")):
		stage, reason, _ := bytes.Cut(after(rest, "API Stage "), []byte(":"))
		r.setAPIStage(stage)
		r.mask |= 1 << kindRefusal
		r.fail(append([]byte("API Key "), rest...))
		if bytes.Contains(rest, []byte("quota")) {
			readQuota(r, reason)
		} else {
			readThrottle(r, reason)
		}
	case bytes.Contains(rest, []byte("does not require API Key")):
		r.rec.UsagePlan = "not-required"
	}
}

func readPlanOK(r *request, rest []byte) {
	if r.rec.UsagePlan == "" {
		r.rec.UsagePlan = "ok"
	}
	if _, after, found := bytes.Cut(rest, []byte("API Stage ")); found {
		r.setAPIStage(after)
	}
}

// readThrottle reads "RestApi {api}, Stage {stage}, Resource {id}, HttpMethod
// {M}. Limit: 1.00 Burst: 1"; rest is nil where a line only says that a limit
// was exceeded by something else than a key.
func readThrottle(r *request, rest []byte) {
	r.rec.UsagePlan = "throttled"
	setOnce(&r.rec.APIID, between(rest, "RestApi ", ","))
	setOnce(&r.rec.Stage, between(rest, "Stage ", ","))
	setOnce(&r.rec.Method, between(rest, "HttpMethod ", "."))
	limit, err := strconv.ParseFloat(string(firstWord(after(rest, "Limit:"))), 64)
	burst, ok := number(firstWord(after(rest, "Burst:")))
	if err == nil && ok {
		r.rec.Throttle = &probe.Throttle{Limit: limit, Burst: burst, ResourceID: string(between(rest, "Resource ", ","))}
	}
}

func readQuota(r *request, rest []byte) {
	readThrottle(r, rest)
	r.rec.UsagePlan = "quota"
}

// readInside looks for a failure in the body that the integration answered with,
// and in what the caller got. A body that is cut is not looked at.
func readInside(r *request, rest []byte) {
	if r.authorizing {
		return
	}
	_, body, found := bytes.Cut(rest, []byte("transformations:"))
	if !found {
		return
	}
	// The last holds: a mapping template may have taken the failure out.
	if bytes.HasPrefix(rest, []byte("before")) {
		r.envelope = failure.EnvelopeFault(body)
	}
	f, _ := failure.InBody(body)
	r.rec.Inside = f.Candidate
}

func after(s []byte, mark string) []byte {
	_, rest, _ := bytes.Cut(s, []byte(mark))
	return rest
}

func readMethod(r *request, rest []byte) {
	method, path, found := bytes.Cut(rest, []byte(", Resource Path: "))
	if !found {
		return
	}
	setOnce(&r.rec.Method, method)
	setOnce(&r.rec.Path, path)
}

// readPathParams reads {k=v, k2=v2}. The gateway does not escape it, so it is
// taken apart only where every "=" and every ", " can be a separator.
func readPathParams(r *request, rest []byte) {
	body, ok := strings.CutPrefix(string(rest), "{")
	if !ok || r.rec.PathParams != nil {
		return
	}
	if body, ok = strings.CutSuffix(body, "}"); !ok || body == "" {
		return
	}
	pairs := strings.Split(body, ", ")
	params := make(map[string]string, len(pairs))
	for _, pair := range pairs {
		name, value, found := strings.Cut(pair, "=")
		if _, twice := params[name]; !found || twice || strings.Contains(value, "=") {
			return
		}
		params[name] = value
	}
	r.rec.PathParams = params
}

func readEndpointURI(r *request, rest []byte) {
	if !r.authorizing {
		r.setURI(rest)
	}
}

func readSending(r *request, rest []byte) {
	if r.authorizing {
		return
	}
	r.setURI(rest)
	r.called()
}

func (r *request) called() {
	yes := true
	r.rec.IntegrationCalled = &yes
}

// setURI keeps the integration's address without its query, which may hold
// secrets, and the alias of a Lambda function: function:NAME:ALIAS.
func (r *request) setURI(uri []byte) {
	if r.rec.IntegrationURI != "" {
		return
	}
	uri, _, _ = bytes.Cut(firstWord(uri), []byte("?"))
	setOnce(&r.rec.IntegrationURI, uri)
	_, arn, found := bytes.Cut(uri, []byte(":function:"))
	if !found {
		return
	}
	name, _, _ := bytes.Cut(arn, []byte("/invocations"))
	if _, alias, found := bytes.Cut(name, []byte(":")); found {
		setOnce(&r.rec.LambdaAlias, alias)
	}
}

func (r *request) isLambda() bool { return strings.Contains(r.rec.IntegrationURI, ":function:") }

func readEndpointHeaders(r *request, rest []byte) {
	setOnce(&r.rec.APIID, headerValue(rest, "x-amzn-apigateway-api-id="))
	if r.authorizing {
		return
	}
	// arn:aws:execute-api:{region}:{account}:{api}/{stage}/{METHOD}/{path}
	arn := headerValue(rest, "X-Amz-Source-Arn=arn:")
	if part := bytes.SplitN(arn, []byte(":"), 5); len(part) == 5 && r.rec.Stage == "" {
		api, stagePath, _ := bytes.Cut(part[4], []byte("/"))
		stage, _, _ := bytes.Cut(stagePath, []byte("/"))
		if string(stage) != "authorizers" {
			r.setAPIStage(bytes.Join([][]byte{api, stage}, []byte("/")))
		}
	}
}

// headerValue returns the value that follows name in {a=b, c=d}; nil where the
// line was cut inside it.
func headerValue(s []byte, name string) []byte {
	value := after(s, name)
	end := bytes.IndexAny(value, ",} ")
	if end < 0 {
		return nil
	}
	return value[:end]
}

// readReceived reads "Integration latency: N ms" and, since 2020, "Status: S,
// Integration latency: N ms".
func readReceived(r *request, rest []byte) {
	if r.authorizing {
		return
	}
	r.called()
	if s := after(rest, "Status: "); s != nil {
		r.rec.IntegrationStatus = status(s)
	}
	if ms, ok := number(after(rest, "Integration latency: ")); ok {
		latency := float64(ms)
		r.rec.IntegrationLatencyMS = &latency
	}
}

func readResponseHeaders(r *request, rest []byte) {
	if !r.authorizing && strings.Contains(r.rec.IntegrationURI, ".execute-api.") {
		setOnce(&r.rec.InnerRequestID, headerValue(rest, "x-amzn-RequestId="))
	}
	if r.authorizing || !r.isLambda() && r.rec.IntegrationURI != "" {
		return // a backend of another kind may send such headers itself
	}
	setOnce(&r.rec.ExecutedVersion, headerValue(rest, "X-Amz-Executed-Version="))
	if r.isLambda() || r.rec.ExecutedVersion != "" { // nothing but Lambda has versions
		setOnce(&r.rec.LambdaRequestID, headerValue(rest, "x-amzn-RequestId="))
		setOnce(&r.invocation, headerValue(rest, "x-amzn-ErrorType="))
	}
}

func readMethodHeaders(r *request, rest []byte) { r.setTrace(after(rest, "X-Amzn-Trace-Id=")) }

func readXRay(r *request, rest []byte) { r.setTrace(bytes.TrimLeft(rest, ": ")) }

// setTrace keeps the root of a trace id: bare, after "Root=" or "root=", and
// with or without fields around it.
func (r *request) setTrace(s []byte) {
	if _, root, found := bytes.Cut(s, []byte("oot=")); found {
		s = root
	}
	if end := bytes.IndexAny(s, ";,} "); end >= 0 {
		s = s[:end]
	}
	if bytes.HasPrefix(s, []byte("1-")) {
		setOnce(&r.rec.XRay, s)
	}
}

// readFailure notes what a failure line says besides its text, which take keeps.
func readFailure(r *request, rest []byte) {
	switch {
	case r.authorizing:
		setOnce(&r.rec.AuthorizerOutcome, []byte("error"))
	case bytes.HasSuffix(rest, []byte("Authorizer error")), bytes.HasSuffix(rest, []byte("Could not parse policy")):
		r.rec.AuthorizerOutcome = "error"
	}
}

// readDenied takes the refusal of a policy: an authorizer's where one ran, else
// the API's resource policy.
func readDenied(r *request, _ []byte) {
	if r.seen(kindStartAuthorizer) {
		r.rec.AuthorizerOutcome = "deny"
	}
}

func readCompleted(r *request, rest []byte) {
	if s := status(rest); s != nil {
		r.rec.Status = s
	}
}

// readGatewayResponse reads "{TYPE} with status code: {N}".
func readGatewayResponse(r *request, rest []byte) {
	r.rec.GatewayResponse = string(firstWord(rest))
	if strings.HasPrefix(r.rec.GatewayResponse, "AUTHORIZER_") {
		r.rec.AuthorizerOutcome = "error"
	}
	if s := status(bytes.TrimSpace(after(rest, "with status code:"))); s != nil {
		r.rec.Status = s
	}
}

// readAuthorizerException returns a reader of the exception with which the
// console's test of an authorizer ends. The line says no status.
func readAuthorizerException(response string) func(*request, []byte) {
	return func(r *request, _ []byte) {
		r.rec.AuthorizerOutcome, r.rec.GatewayResponse = "error", response
	}
}

// readIntegrationID reads " : {id}". Any AWS service may be the integration; the
// id is a Lambda function's only where the log says that one was called.
func readIntegrationID(r *request, rest []byte) {
	if r.isLambda() || r.rec.ExecutedVersion != "" {
		setOnce(&r.rec.LambdaRequestID, firstWord(bytes.TrimLeft(rest, ": ")))
	}
}
