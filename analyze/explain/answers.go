package explain

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"
	"strings"

	"stageprobe/analyze/signature"
	"stageprobe/probe"
	"stageprobe/probe/lazyregexp"
)

var (
	// statusLine also takes what stands before it: the "< " of curl -v, the
	// comment sign or the indentation of the document it was pasted into, the
	// label of PowerShell's Invoke-WebRequest.
	statusLine  = lazyregexp.New(`^([ \t]*(?:[#|>*/][#|>*/ \t]*|RawContent\s*:\s*)?)(< ?)?HTTP/[0-9](?:\.[0-9])?[ \t]+([1-5][0-9][0-9])(?:[ \t]+(.*))?$`)
	requestLine = lazyregexp.New(`^([A-Z]{3,10}) (\S+) HTTP/[0-9](?:\.[0-9])?$`)
	headerLine  = lazyregexp.New(`^(:?[A-Za-z0-9!#$%&'*+.^_\x60|~-]+):(?:[ \t]+(.*))?$`)
	curlError   = lazyregexp.New(`^curl: \(([0-9]+)\)`)
	curlHost    = lazyregexp.New(`^\* (?:Connection #\d+ to host (\S+) left intact)`)
	commented   = lazyregexp.New(`^[ \t]*(?:#|//|\|)[ \t]*((?:[>*] ?|[>*] .*))$`) // what curl -v marks, in a comment
	urlOnly     = lazyregexp.New(`https?://[^\s'"\\]+`)
)

// maxLine is how much of a line is searched for a command or a request.
const maxLine = 16 << 10

func beginning(text []byte) []byte { return text[:min(len(text), maxLine)] }

// asked is what the input tells of the request that an answer belongs to.
type asked struct {
	method, url string
	host, path  string
	auth, key   *bool
	api         string // x-apigw-api-id
	body        bool   // the request carried one
	preflight   bool   // it asked what another request may be
}

// scanner takes a transcript apart line by line.
type scanner struct {
	asked
	prefix  string // what the document puts before every line
	verbose bool   // curl -v: response headers are marked

	answers []signature.Answer
	current *signature.Answer
	bodies  [][]byte // body lines of current
	state   state
	echo    bool // within a second copy of the headers, as curl -iv prints
}

type state uint8

const (
	outside state = iota
	inRequest
	inHeader
	inBody
)

// parseAnswers finds the answers in a transcript; none where it holds no status
// line and no curl error.
func parseAnswers(text []byte, url string) []signature.Answer {
	s := scanner{}
	for line := range bytes.Lines(text) {
		s.line(strings.TrimRight(string(line), "\r\n"), line)
	}
	s.end()
	for i := range s.answers {
		a := &s.answers[i]
		a.URL = cmp.Or(a.URL, url)
		switch a.Outcome {
		case probe.OutcomeTLS:
			a.Certificate, a.Misnamed, a.WantsCertificate = string(gatewaysOwn.Find(text)), otherName.Match(text), wantsCertificate.Match(text)
			if name := askedName(text); a.URL == "" && name != nil {
				a.URL = "https://" + string(name) + "/"
			}
		case probe.OutcomeTimeout:
			a.Unconnected = noConnection.Match(text)
		case probe.OutcomeReset:
			a.Cut = cutAnswer.Match(text)
		}
	}
	return s.answers
}

func (s *scanner) line(line string, raw []byte) {
	if strings.Contains(line, "HTTP/") { // spares most lines of a long log the expression
		if m := statusLine.FindStringSubmatch(line); m != nil {
			s.status(m)
			return
		}
	}
	if s.prefix != "" {
		line = strings.TrimPrefix(line, s.prefix)
		line = strings.TrimPrefix(line, strings.TrimRight(s.prefix, " \t"))
	} else if rest := strings.TrimLeft(line, " \t"); rest != "" && strings.IndexByte("#/|", rest[0]) >= 0 { // spares the others the expression
		if m := commented.FindStringSubmatch(line); m != nil {
			line = m[1]
		}
	}
	if m := curlError.FindStringSubmatch(line); m != nil { // anchored: cheap
		outcome := outcomes[m[1]]
		if outcome == probe.OutcomeReset && wantsCertificate.MatchString(line) {
			outcome = probe.OutcomeTLS // TLS 1.3 tells a client only when it reads
		}
		s.failed(outcome)
		return
	}
	switch {
	case strings.HasPrefix(line, "* ") || line == "*":
		s.note(line)
	case strings.HasPrefix(line, "> ") || line == ">":
		s.request(strings.TrimPrefix(line[1:], " "))
	case s.state == inHeader:
		s.header(line)
	case s.current == nil:
		s.before(line)
	case s.state == inBody && nextCommand.MatchString(line):
		s.end()
		s.before(line)
	default:
		s.body(line, raw)
	}
}

func (s *scanner) status(m []string) {
	verbose := m[2] != ""
	if s.verbose && !verbose && s.current != nil {
		s.state, s.echo = inHeader, true
		return
	}
	s.end()
	s.prefix, s.verbose = m[1], verbose
	status, _ := strconv.Atoi(m[3])
	s.state = inHeader
	// 1xx is no answer, nor is the proxy's own before a tunnel.
	if status < 200 || strings.Contains(strings.ToLower(m[4]), "connection established") {
		s.current = nil
		return
	}
	s.current = &signature.Answer{Status: status, Outcome: probe.OutcomeResponse}
}

func (s *scanner) header(line string) {
	if s.verbose && !s.echo {
		rest, marked := strings.CutPrefix(line, "<")
		if !marked {
			if strings.TrimSpace(line) != "" && !isProgress(line) {
				s.state = inBody // a transcript that lost its "<" line
				s.body(line, []byte(line+"\n"))
			}
			return
		}
		line = strings.TrimPrefix(rest, " ")
	}
	switch m := headerLine.FindStringSubmatch(strings.TrimLeft(line, " \t")); {
	case s.current != nil && !s.echo && strings.HasPrefix(strings.TrimSpace(line), `{"`): // the line between was lost
		s.state = inBody
		s.body(line, []byte(line+"\n"))
	case strings.TrimSpace(line) == "":
		s.state, s.echo = inBody, false
	case s.current == nil || s.echo:
	case (line[0] == ' ' || line[0] == '\t') && m == nil && len(s.current.Header) > 0:
		last := &s.current.Header[len(s.current.Header)-1]
		last.Value += " " + strings.TrimSpace(line)
	case m != nil:
		s.current.Header = append(s.current.Header, probe.Header{Name: m[1], Value: strings.TrimSpace(m[2])})
	}
}

// before reads what stands before the first answer: a command line, or the
// request that httpie prints.
func (s *scanner) before(line string) {
	line = strings.TrimSpace(line[:min(len(line), maxLine)])
	switch {
	case strings.Contains(line, " HTTP/") && requestLine.MatchString(line):
		s.request(line)
		s.state = inRequest
	case s.state == inRequest && line == "":
		s.state = outside
	case s.state == inRequest:
		s.request(line)
	default:
		s.command(line)
	}
}

// note reads curl's remarks, which name the URL of an HTTP/2 request, and the
// host in any case.
func (s *scanner) note(line string) {
	if strings.Contains(line, "OPENED stream for ") {
		if u := urlOnly.FindString(line); u != "" {
			s.asked = asked{url: u}
		}
	}
	if m := curlHost.FindStringSubmatch(line); m != nil && s.host == "" && s.url == "" {
		s.host = m[1]
	}
}

func (s *scanner) request(line string) {
	if m := requestLine.FindStringSubmatch(line); m != nil {
		if s.current != nil {
			s.end()
		}
		no := false
		s.asked = asked{method: m[1], path: m[2], auth: &no, key: &no}
		return
	}
	name, value, ok := strings.Cut(line, ":")
	if !ok {
		return
	}
	yes := true
	switch value = strings.TrimSpace(value); strings.ToLower(name) {
	case "host":
		s.host = value
	case "authorization":
		s.auth = &yes
	case "x-api-key":
		s.key = &yes
	case "x-apigw-api-id":
		s.api = value
	case "content-length":
		s.asked.body = value != "0"
	case "transfer-encoding":
		s.asked.body = true
	case "access-control-request-method":
		s.preflight = true
	}
}

func (a *asked) full() string {
	switch {
	case a.host == "" || strings.Contains(a.path, "://"):
		return cmp.Or(a.url, a.path)
	default:
		return "https://" + a.host + a.path
	}
}

func (s *scanner) body(line string, raw []byte) {
	if s.current == nil || isProgress(line) {
		return
	}
	s.bodies = append(s.bodies, []byte(line), raw[len(bytes.TrimRight(raw, "\r\n")):])
}

// isProgress recognises curl's progress meter and its marks of data sent.
func isProgress(line string) bool {
	t := strings.TrimSpace(line)
	return strings.HasPrefix(t, "{ [") && strings.HasSuffix(t, "data]") || strings.HasPrefix(t, "} [") && strings.HasSuffix(t, "data]") ||
		strings.HasPrefix(t, "% Total ") || strings.Contains(t, "--:--:--") || strings.HasPrefix(t, "Dload  Upload")
}

func (s *scanner) end() {
	if a := s.current; a != nil {
		a.Method, a.URL, a.SentAuthorization, a.SentAPIKey, a.AskedAPI = s.method, s.full(), s.auth, s.key, s.api
		a.SentBody, a.Preflight = s.asked.body, s.preflight
		a.Body, a.BodyTruncated = trimBody(bytes.Join(s.bodies, nil))
		if i := slices.IndexFunc(a.Header, func(h probe.Header) bool { return h.Name == ":status" }); i >= 0 {
			a.Header = slices.Delete(a.Header, i, i+1)
		}
		s.answers = append(s.answers, *a)
	}
	s.current, s.bodies, s.state = nil, nil, outside
}

// outcomes are the exit codes of curl that say how a request ended.
var outcomes = map[string]probe.Outcome{
	"5": probe.OutcomeDNS, "6": probe.OutcomeDNS, "7": probe.OutcomeRefused, "28": probe.OutcomeTimeout,
	"16": probe.OutcomeReset, "18": probe.OutcomeReset, "52": probe.OutcomeReset, "55": probe.OutcomeReset, "56": probe.OutcomeReset, "92": probe.OutcomeReset,
	"35": probe.OutcomeTLS, "51": probe.OutcomeTLS, "53": probe.OutcomeTLS, "58": probe.OutcomeTLS, "59": probe.OutcomeTLS, "60": probe.OutcomeTLS, "77": probe.OutcomeTLS, "80": probe.OutcomeTLS, "83": probe.OutcomeTLS, "91": probe.OutcomeTLS,
}

// failed reads an error of curl, which stands for the answer unless one came.
func (s *scanner) failed(outcome probe.Outcome) {
	if s.current != nil {
		s.current.Cut = outcome == probe.OutcomeReset || outcome == probe.OutcomeTimeout
		return
	}
	if outcome == "" {
		return
	}
	s.answers = append(s.answers, signature.Answer{Outcome: outcome, Method: s.method, URL: s.full()})
}
