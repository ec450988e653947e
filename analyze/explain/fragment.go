package explain

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"

	"stageprobe/analyze/signature"
	"stageprobe/probe"
)

// trailing is what terminals and curl append to a body's last line.
var trailing = regexp.MustCompile(`(?m)\* (?:Connection #|Closing connection).*$`)

// trimBody takes off what follows a body in a transcript. cut tells that the
// body does not end as JSON does.
func trimBody(body []byte) (trimmed []byte, cut bool) {
	body = trailing.ReplaceAll(body, nil)
	text := bytes.TrimSpace(body)
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

// parseFragment reads what is less than an answer: a body alone, or headers
// without a status line, as browsers show them.
func parseFragment(text []byte, url string) (signature.Answer, bool) {
	a := signature.Answer{URL: url}
	body, cut := trimBody(text)
	if r := signature.Read(signature.Answer{Body: body}); r.APIKind != "" && len(body) > 0 && body[0] == '{' {
		a.Body, a.BodyTruncated = body, cut
		return a, true
	}
	rest := text
	for line := range bytes.Lines(text) {
		trimmed := strings.TrimSpace(string(line))
		m := headerLine.FindStringSubmatch(trimmed)
		if m == nil {
			break
		}
		if strings.EqualFold(strings.Trim(m[1], ":"), "status") {
			a.Status, _ = strconv.Atoi(strings.TrimSpace(m[2][:min(3, len(m[2]))]))
		} else {
			a.Header = append(a.Header, probe.Header{Name: m[1], Value: strings.TrimSpace(m[2])})
		}
		rest = rest[len(line):]
	}
	a.Body, a.BodyTruncated = trimBody(rest)
	for _, name := range []string{"x-amzn-requestid", "x-amz-apigw-id", "apigw-requestid", "x-amzn-errortype"} {
		if probe.HeaderValue(a.Header, name) != "" {
			return a, true
		}
	}
	return a, false
}
