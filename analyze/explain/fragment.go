package explain

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"stageprobe/analyze/signature"
	"stageprobe/probe"
	"stageprobe/probe/address"
	"stageprobe/probe/lazyregexp"
)

// trailing is what terminals and curl append to a body's last line.
var trailing = lazyregexp.New(`(?m)\* (?:Connection #|Closing connection).*$`)

// trimBody takes off what follows a body in a transcript. cut tells that the
// body does not end as JSON does.
func trimBody(body []byte) (trimmed []byte, cut bool) {
	body = trailing.ReplaceAll(body, nil)
	text := bytes.TrimSpace(bytes.Trim(bytes.TrimSpace(body), "`"))
	if len(text) == 0 {
		return nil, false
	}
	if text[0] != '{' && text[0] != '[' {
		return text, false
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	var value json.RawMessage
	if dec.Decode(&value) == nil {
		return value, false
	}
	return text, text[len(text)-1] != '}' && text[len(text)-1] != ']'
}

// statusNote is how people and curl -w write a status beside a body.
var statusNote = lazyregexp.New(`(?im)(?:^[ \t]*(?:[-*•][ \t]+)?|→ )(?:HTTP(?:/[0-9.]+)?|(?:http[_ ]?)?(?:status|code)(?:[_ ]?code)?)[ \t:=\x60"]+([1-5][0-9][0-9])\b`)

// reasoned is the status of an exception of generated Python clients.
var reasoned = lazyregexp.New(`\(([1-5][0-9][0-9])\)[ \t]*\r?\n[ \t]*Reason:`)

// headed is the status on a line of its own above the headers.
var headed = lazyregexp.New(`\A\s*([1-5][0-9][0-9])[ \t]+[A-Z][A-Za-z -]+\r?\n`)

// What a browser shows of the request beside the answer's headers.
var (
	shownURL    = lazyregexp.New(`(?im)^[ \t]*(?:request )?url:?[ \t]+(https?://\S+)`)
	shownMethod = lazyregexp.New(`(?im)^[ \t]*request method:?[ \t]+([A-Z]+)`)
)

// shownRequest is how Firefox begins what it shows of a request.
var shownRequest = lazyregexp.New(`(?m)^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)[ \t]+(https?://\S+)[ \t]*\r?$`)

// loneLabel is a name that browsers put on a line of its own, with the value on
// the next: what they show of the request, and headers.
var loneLabel = lazyregexp.New(`(?i)^(?:request url|request method|status code|status|remote address|referrer policy|version|transferred|scheme|host|filename|date|server|via|age|connection|content-(?:type|length|encoding)|access-control-[a-z-]+|x-[a-z0-9-]+|apigw-requestid|strict-transport-security|vary|cache-control|www-authenticate|alt-svc):?$`)

// joinLabels puts a name that stands on a line of its own before the value below
// it, as one line. Text that has fewer than three such names stays as it is.
func joinLabels(text []byte) []byte {
	lines := bytes.Split(beginning(text), []byte("\n"))
	var out [][]byte
	joined := 0
	for i := 0; i < len(lines); i++ {
		name := bytes.TrimSpace(lines[i])
		if i+1 < len(lines) && loneLabel.Match(name) && len(bytes.TrimSpace(lines[i+1])) > 0 && !loneLabel.Match(bytes.TrimSpace(lines[i+1])) {
			out = append(out, slices.Concat(bytes.TrimSuffix(name, []byte(":")), []byte(": "), bytes.TrimSpace(lines[i+1])))
			joined++
			i++
			continue
		}
		out = append(out, lines[i])
	}
	if joined < 3 {
		return text
	}
	return bytes.Join(out, []byte("\n"))
}

// notedStatus is the status that stands beside an answer, 0 where none does.
func notedStatus(text []byte) int {
	text = beginning(text)
	for _, re := range []lazyregexp.Regexp{statusNote, reasoned, headed} {
		if m := re.FindSubmatch(text); m != nil {
			status, _ := strconv.Atoi(string(m[1]))
			return status
		}
	}
	return 0
}

// parseFragment reads what is less than an answer: a body alone, or headers
// without a status line, as browsers show them and as people note them down.
func parseFragment(text []byte, url string) (signature.Answer, bool) {
	text = joinLabels(text)
	a := signature.Answer{URL: url}
	a.Status = notedStatus(text)
	if m := shownURL.FindSubmatch(beginning(text)); m != nil && url == "" {
		a.URL = string(m[1])
	}
	if m := shownMethod.FindSubmatch(beginning(text)); m != nil {
		a.Method = string(m[1])
	}
	if m := shownRequest.FindSubmatch(beginning(text)); m != nil {
		a.Method, a.URL = cmp.Or(a.Method, string(m[1])), cmp.Or(a.URL, string(m[2]))
	}
	var body []byte
	a.Header, body = noted(text)
	a.Body, a.BodyTruncated = trimBody(body)
	if hasMark(a.Header) {
		addReport(&a, text)
		if a.URL == "" && corsMessage.Match(text) {
			a.URL = oneBlocked(text)
		}
		return a, true
	}
	if a.Header = mentionedHeaders(text); len(a.Header) > 0 {
		if bodies := distinct(bodyInText.FindAll(beginning(text), -1)); len(bodies) == 1 {
			a.Body = []byte(bodies[0])
		}
		addNoted(&a, text)
		return a, true
	}
	if len(a.Body) > 0 && a.Body[0] == '{' && tells(a) {
		addNoted(&a, bytes.ReplaceAll(beginning(text), a.Body, nil))
		return a, true
	}
	if body := a.Body; len(body) > 0 && body[0] == '{' && !json.Valid(body) { // as a program prints it
		if note, ok := parseNote(text, url); ok {
			return note, true
		}
	}
	if body := a.Body; len(body) > 0 && body[0] == '{' { // an API's own words, below the command that asked for them
		addNoted(&a, bytes.ReplaceAll(beginning(text), body, nil))
		if addr, err := address.ParseURL(a.URL); err == nil && addr.Kind == address.AddressExecuteAPI && url == "" {
			return a, true
		}
	}
	if note, ok := parseNote(text, url); ok {
		return note, true
	}
	if len(a.Body) == 0 || a.Body[0] != '{' {
		a.Body = beginning(text) // an error page, perhaps as a browser shows it
		addReport(&a, text)
		addCommand(&a, text)
		return a, signature.Read(a).NotAPIGateway != ""
	}
	return a, false
}

// tells tells whether a body alone says anything of API Gateway.
func tells(a signature.Answer) bool {
	r := signature.Read(a)
	return r.NotAPIGateway != "" || r.APIKind != "" || r.GatewayResponse != "" || r.Producer == signature.Gateway || r.Producer == signature.Integration || len(r.Candidates) > 1
}

// noted takes headers and body apart. What stands before the first header is
// passed over; the body begins with the first line behind it that is none.
func noted(text []byte) (header []probe.Header, body []byte) {
	rest := text
	for line := range bytes.Lines(text) {
		trimmed := strings.Trim(strings.TrimLeft(strings.TrimSpace(string(line)), "-*• \t"), "`")
		if name, value, ok := tableRow(trimmed); ok {
			trimmed = name + ": " + value
		}
		m := headerLine.FindStringSubmatch(trimmed)
		switch label, after, _ := strings.Cut(trimmed, ":"); {
		case strings.EqualFold(label, "body") && after != "":
			return header, rest[bytes.IndexByte(rest, ':')+1:]
		case trimmed != "" && strings.IndexByte("{[<", trimmed[0]) >= 0, m == nil && len(header) > 0:
			return header, rest
		case m != nil && !strings.EqualFold(strings.Trim(m[1], ":"), "status"):
			header = append(header, probe.Header{Name: m[1], Value: strings.TrimSpace(m[2])})
		}
		rest = rest[len(line):]
	}
	return header, nil
}

// tableRow reads a row of a Markdown table of headers and their values.
func tableRow(line string) (name, value string, ok bool) {
	cells := strings.Split(strings.Trim(line, "| "), "|")
	if !strings.HasPrefix(line, "|") || len(cells) != 2 {
		return "", "", false
	}
	trim := func(s string) string { return strings.Trim(s, " `*") }
	return trim(cells[0]), trim(cells[1]), true
}
