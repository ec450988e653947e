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
	"stageprobe/probe/lazyregexp"
)

var (
	// bodyInText is a body with a message that stands within other text, as JSON
	// or as a program prints it.
	bodyInText   = lazyregexp.New(`\{\s*['"]?[Mm]essage['"]?\s*:\s*(?:null|None|"[^"\n]*"|'[^'\n]*')[^{}\n]*\}`)
	socketURL    = lazyregexp.New("wss?://[^\\s'\"\\\\`]+")
	notedMethod  = lazyregexp.New("\\b(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)[ `\"']{1,4}(?:request (?:for|to) )?[`\"']?https?://")
	statusWithin = lazyregexp.New(`\b[45][0-9][0-9]\b`)
)

// parseNote reads what a person notes of an answer in a sentence: a body, and
// the status and the URL beside it where the sentence names one of each.
func parseNote(text []byte, url string) (signature.Answer, bool) {
	text = bytes.ReplaceAll(beginning(text), []byte(`\"`), []byte(`"`))
	bodies := distinct(bodyInText.FindAll(text, -1))
	if len(bodies) != 1 {
		return signature.Answer{}, false
	}
	a := signature.Answer{URL: url, Body: []byte(bodies[0])}
	if bodies[0][0] == '{' && !bytes.Contains(text, []byte(`"message"`)) && !bytes.Contains(text, []byte(`"Message"`)) {
		a.Body = append(parseDump([]byte(bodies[0])).kids[0].json(), '\n') // its layout is the program's
	}
	rest := bytes.ReplaceAll(text, []byte(bodies[0]), nil)
	a.Status = notedStatus(text)
	addNoted(&a, rest)
	return a, tells(a)
}

// denied is the refusal of a policy, which names the caller and the ARN.
var denied = lazyregexp.New(`User: (?:anonymous|arn:\S+) is not authorized to perform: execute-api:Invoke on resource: arn:[^\s"]+(?: with an explicit deny[a-z -]*| because no [a-zA-Z -]+ allows the execute-api:Invoke action)?`)

// messageLabel is how programs print the key before a message.
var messageLabel = lazyregexp.New(`^[ \t]*["']?[Mm]essage["']?[ \t]*[:=]`)

// parseWords reads a message of API Gateway's that was copied without the JSON
// around it: a line of its own in words that nobody else uses, or the refusal of a
// policy anywhere. ok is false where the text holds none, or more than one.
func parseWords(text []byte, url string) (a signature.Answer, ok bool) {
	const most = 64
	text = beginning(text)
	said := map[string]string{} // message to key
	for _, m := range denied.FindAllString(string(text), most) {
		said[m] = "Message"
	}
	lines := strings.SplitN(string(text), "\n", most)
	for i := 0; i < len(lines) && len(said) == 0; i++ {
		words := strings.Trim(messageLabel.ReplaceAllString(lines[i], ""), " \t\r`'\"*,")
		a := signature.Answer{Body: messageBody("message", words)}
		if r := signature.Read(a); words != "" && r.APIKind == probe.REST && r.GatewayResponse != "" {
			said[words] = "message"
		}
	}
	if len(said) != 1 {
		return signature.Answer{}, false
	}
	for words, key := range said {
		a = signature.Answer{URL: url, Status: notedStatus(text), Body: messageBody(key, words)}
		addNoted(&a, bytes.ReplaceAll(text, []byte(words), nil))
	}
	return a, true
}

// messageBody is the body in which API Gateway says something.
func messageBody(key, text string) []byte {
	quoted, _ := json.Marshal(text) // a string always marshals
	return []byte(`{"` + key + `":` + string(quoted) + "}")
}

// addNoted fills in what prose names one of: the URL, the method beside it, the
// status.
func addNoted(a *signature.Answer, text []byte) {
	addReport(a, text)
	addCommand(a, text)
	if urls := distinct(urlOnly.FindAll(text, -1)); len(urls) == 1 && a.URL == "" {
		a.URL = tidyURL(urls[0])
	}
	if m := notedMethod.FindSubmatch(text); m != nil && a.URL != "" && a.Method == "" {
		a.Method = string(m[1])
	}
	if a.Status == 0 {
		a.Status = loneStatus(text)
	}
}

// addCommand fills in what the last command of a client in the text asked for.
func addCommand(a *signature.Answer, text []byte) {
	var s scanner
	for line := range bytes.Lines(text) {
		s.command(strings.TrimRight(string(beginning(line)), "\r\n"))
	}
	if s.url == "" || a.URL != "" && a.URL != s.url {
		return
	}
	a.URL, a.Method = s.full(), cmp.Or(a.Method, s.method)
	a.SentAuthorization, a.SentAPIKey, a.AskedAPI = s.auth, s.key, s.api
}

// connectionID is what marks a body as a message to a WebSocket connection.
var connectionID = lazyregexp.New(`['"]connectionId['"]\s*:`)

// parseMessages reads the messages with which a WebSocket API answers a
// connection's own, each an answer, as a client's session shows them.
func parseMessages(text []byte, url string) []signature.Answer {
	text = beginning(text)
	if urls := distinct(socketURL.FindAll(text, -1)); url == "" && len(urls) == 1 {
		url = tidyURL(urls[0])
	}
	var answers []signature.Answer
	for _, body := range distinct(bodyInText.FindAll(text, -1)) {
		if a := (signature.Answer{URL: url, Body: []byte(body)}); connectionID.MatchString(body) && tells(a) {
			answers = append(answers, a)
		}
	}
	return answers
}

// loneStatus is the one number in a text that can be the status of an error; 0
// where there is none, or more than one.
func loneStatus(text []byte) int {
	numbers := distinct(statusWithin.FindAll(urlOnly.ReplaceAll(text, nil), -1))
	if len(numbers) != 1 {
		return 0
	}
	status, _ := strconv.Atoi(numbers[0]) // three digits
	return status
}

// distinct are the different pieces among those found.
func distinct(found [][]byte) []string {
	var out []string
	for _, f := range found {
		if !slices.Contains(out, string(f)) {
			out = append(out, string(f))
		}
	}
	return out
}
