package logs

import (
	"bytes"
	"hash/maphash"
	"slices"
	"strconv"
	"strings"

	"stageprobe/probe"
)

// request is one request while its lines come in.
type request struct {
	rec  probe.LogRecord
	at   int    // of its newest line, counted
	mask uint64 // kinds seen

	place              place // by the ARNs in its lines
	named              bool  // its own lines told the request id
	authorizing        bool  // between "Starting authorizer" and its end
	failedInAuthorizer bool
	asked              bool   // the log shows a call of the authorizer
	envelope           string // what is wrong with the function's answer, by data trace
	invocation         string // the exception with which Lambda itself refused the invocation

	// Evidence lines stand in one buffer, so that keeping a line costs no
	// allocation of its own; ends holds where each ends.
	kept    []byte
	ends    []int
	lastSum uint64 // hash of the last line
}

var seed = maphash.MakeSeed()

func (r *request) seen(k kind) bool { return r.mask&(1<<k) != 0 }

// done reports whether the log says that the request ended.
func (r *request) done() bool {
	return r.seen(kindCompleted) || r.seen(kindGatewayResponse) || r.rec.Error == errUnauthorized
}

// testedAuthorizer reports whether a test of an authorizer in the console has
// ended. Tests of methods call no authorizer.
func (r *request) testedAuthorizer() bool {
	return r.seen(kindLogFor) && r.seen(kindAuthorizerDone) && !r.seen(kindStart)
}

// take reads one line into the request.
func (r *request) take(l *line, maxLines int) {
	if l.template == nil {
		r.takeUnknown(l.text)
		return
	}
	r.mask |= 1 << l.kind
	if endsAuthorizer(l.kind) {
		r.authorizing = false
	}
	if r.authorizing && callsEndpoint(l.kind) {
		r.asked = true
	}
	if l.read != nil {
		l.read(r, l.rest)
	}
	if l.kind == kindFailure || l.kind == kindRefusal {
		r.fail(l.text)
	}
	if keeps(l.kind) {
		r.keep(l.text, maxLines)
	}
}

// endsAuthorizer lists the lines by which an authorizer's part is over, also
// where the line that says so was not logged.
func endsAuthorizer(k kind) bool {
	switch k {
	case kindVerifyPlan, kindStart, kindMethod, kindCompleted, kindGatewayResponse:
		return true
	}
	return false
}

// callsEndpoint lists the lines that a call leaves, of an integration or of an
// authorizer.
func callsEndpoint(k kind) bool {
	switch k {
	case kindEndpointURI, kindEndpointHeaders, kindSending, kindReceived, kindResponseHeaders:
		return true
	}
	return false
}

// takeUnknown looks for a refusal in a line that no template begins.
func (r *request) takeUnknown(text []byte) {
	const longest = 256 // a refusal is short; a body is not searched
	if r.authorizing || r.done() || len(text) > longest {
		return
	}
	if !bytes.Contains(text, []byte(" limit exceeded")) {
		return
	}
	r.mask |= 1 << kindRefusal
	r.fail(text)
	switch {
	case bytes.Contains(text, []byte(" quota ")):
		r.rec.UsagePlan = "quota"
	case bytes.Contains(text, []byte("Key ")) || bytes.Contains(text, []byte("Usage Plan ")):
		r.rec.UsagePlan = "throttled"
	}
}

// keeps reports whether a line may be shown as evidence: traces of headers,
// query and body may hold secrets.
func keeps(k kind) bool {
	switch k {
	case kindTrace, kindIdentity, kindPathParams, kindEndpointURI, kindEndpointHeaders, kindResponseHeaders, kindMethodHeaders, kindLogFor:
		return false
	}
	return true
}

// longestLine is the readable length to which evidence is cut, in bytes.
const longestLine = 300

func (r *request) keep(text []byte, maxLines int) {
	if len(r.ends) >= maxLines {
		return
	}
	if r.kept == nil {
		r.kept, r.ends = make([]byte, 0, 768), make([]int, 0, 12) // of an INFO log
	}
	r.kept = append(r.kept, cut(text, longestLine)...)
	r.ends = append(r.ends, len(r.kept))
}

// cut shortens text to at most n bytes without splitting a UTF-8 sequence.
func cut(text []byte, n int) []byte {
	if len(text) <= n {
		return text
	}
	for n > 0 && text[n]&0xC0 == 0x80 {
		n--
	}
	return text[:n]
}

// record returns the request as a record.
func (r *request) record() probe.LogRecord {
	rec := r.rec
	rec.Complete = r.done() || r.testedAuthorizer()
	r.locate(&rec)
	if rec.Detail == "" && rec.Error != "" {
		rec.Detail = r.invocation
	}
	if rec.Detail == "" && strings.Contains(rec.Error, "Malformed Lambda proxy response") {
		rec.Detail = r.envelope
	}
	r.conclude(&rec)
	if rec.Status == nil || *rec.Status >= 300 || rec.Error != "" {
		rec.Inside = "" // the answer's own status tells the failure
	}
	rec.Lines = slices.Grow(rec.Lines, len(r.ends))
	all, from := string(r.kept), 0
	for _, end := range r.ends {
		rec.Lines = append(rec.Lines, all[from:end])
		from = end
	}
	return rec
}

const errUnauthorized = "Unauthorized request"

// fail takes a failure line: its text, and apart from it what follows the
// cause. Of two failure lines the later names the outcome, the earlier the
// reason.
func (r *request) fail(text []byte) {
	text = bytes.TrimRight(text, " \t\r\n")
	r.failedInAuthorizer = r.failedInAuthorizer || r.authorizing
	detail := r.rec.Error
	if at := bytes.Index(text, []byte(" Lambda request id: ")); at >= 0 {
		r.rec.LambdaRequestID = string(firstWord(text[at+len(" Lambda request id: "):]))
		text = text[:at]
	}
	if bytes.HasPrefix(text, []byte("Request body does not match")) {
		var after []byte
		if text, after, _ = bytes.Cut(text, []byte(": ")); after != nil {
			detail = string(after)
		}
	}
	if bytes.HasPrefix(text, []byte(errUnauthorized)) {
		text = text[:len(errUnauthorized)] // the id follows
	}
	if string(text) != r.rec.Error {
		r.rec.Error, r.rec.Detail = string(text), detail
	}
}

func firstWord(s []byte) []byte {
	s = trimBlank(s)
	for i, c := range s {
		if c <= ' ' || c == ',' {
			return s[:i]
		}
	}
	return s
}

// setOnce keeps the first value: what the gateway says of itself comes before
// anything that a client could write into a header.
func setOnce(dst *string, value []byte) {
	if *dst == "" {
		*dst = string(value)
	}
}

// number reads the digits at the start of s.
func number(s []byte) (int, bool) {
	end := 0
	for end < len(s) && '0' <= s[end] && s[end] <= '9' {
		end++
	}
	n, err := strconv.Atoi(string(s[:end]))
	return n, err == nil
}

// status reads a three-digit HTTP status.
func status(s []byte) *int {
	if n, ok := number(s); ok && n >= 100 && n <= 999 {
		return &n
	}
	return nil
}

// between returns what stands in s between two marks; nil where either is
// missing.
func between(s []byte, open, closing string) []byte {
	_, after, found := bytes.Cut(s, []byte(open))
	if !found {
		return nil
	}
	value, _, found := bytes.Cut(after, []byte(closing))
	if !found {
		return nil
	}
	return value
}

// setAPIStage takes "{api}/{stage}", with anything after a blank left out. The
// stage of a test invocation is no stage.
func (r *request) setAPIStage(s []byte) {
	api, stage, found := strings.Cut(string(firstWord(s)), "/")
	switch {
	case found && isAPIID(api):
		r.rec.APIID = api
	case !found || strings.Trim(api, "*") != "": // people mask the API's id, not the stage
		return
	}
	if isStageName(stage) && !isTestStage(stage) {
		r.rec.Stage = stage
	}
}
