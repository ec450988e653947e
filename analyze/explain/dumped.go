package explain

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"
	"strings"

	"stageprobe/analyze/signature"
	"stageprobe/probe"
)

// maxDump is how much of a dump is read, in bytes.
const maxDump = 8 << 20

// parseDumped finds the answers in what a program printed of them: a capture or
// an HTTP archive in JSON, the response objects of JavaScript clients, the
// header dictionaries of Python.
func parseDumped(text []byte, url string) []signature.Answer {
	text = text[:min(len(text), maxDump)]
	lower := bytes.ToLower(text)
	if !bytes.Contains(lower, []byte("headers")) && !slices.ContainsFunc(marks, func(m string) bool { return bytes.Contains(lower, []byte(m)) }) {
		return nil
	}
	f := finder{url: url}
	f.walk(parseDump(text), nil)
	if len(f.answers) == 1 && f.answers[0].Status == 0 {
		f.answers[0].Status = notedStatus(text)
	}
	return f.answers
}

// marks are the headers that only an answer carries. x-amz-cf-id is none of
// them: CloudFront sends it to origins as well.
var marks = []string{"x-amzn-requestid", "apigw-requestid", "x-amz-apigw-id", "x-amzn-errortype"}

// asking are headers that only requests carry.
var asking = []string{"host", "user-agent", "accept", "x-forwarded-for", "authorization", "x-api-key", ":authority"}

// finder collects answers from a tree. above are the objects around a node,
// outermost first.
type finder struct {
	url     string
	answers []signature.Answer
}

func (f *finder) walk(n *node, above []*node) {
	above = append(above, n)
	from := 0 // members before it belong to an earlier answer
	numbered := statusIn(n.kids) != 0
	for i := range n.kids {
		kid := &n.kids[i]
		if kid.kind == 0 {
			continue
		}
		if header := headersOf(kid); isAnswer(kid, header, numbered) {
			f.take(header, above, n.kids[from:n.nextAnswer(i, numbered)])
			from = i + 1
			continue
		}
		f.walk(kid, above)
	}
}

// nextAnswer is where the members of the next answer begin.
func (n *node) nextAnswer(i int, numbered bool) int {
	for j := i + 1; j < len(n.kids); j++ {
		if kid := &n.kids[j]; kid.kind != 0 && isAnswer(kid, headersOf(kid), numbered) {
			return j
		}
	}
	return len(n.kids)
}

// isAnswer tells whether a value holds the headers of an answer: they carry a
// mark, or stand under their name where a status stands, too.
func isAnswer(n *node, header []probe.Header, numbered bool) bool {
	name := label(n.key)
	if len(header) == 0 || strings.Contains(name, "request") || slices.ContainsFunc(header, func(h probe.Header) bool {
		return slices.Contains(asking, strings.ToLower(h.Name))
	}) {
		return false
	}
	if hasMark(header) {
		return true
	}
	return numbered && strings.HasSuffix(name, "headers") && slices.ContainsFunc(wire, func(name string) bool {
		return probe.HeaderValue(header, name) != ""
	})
}

// wire are headers that an answer has from the way it came, and a value that a
// program is about to answer with has not.
var wire = []string{"date", "server", "via", "connection", "x-amz-cf-id"}

func hasMark(header []probe.Header) bool {
	return slices.ContainsFunc(marks, func(m string) bool { return probe.HeaderValue(header, m) != "" })
}

// headersOf reads the shapes in which programs keep headers: a dictionary, a
// list of pairs, a list of objects with name and value.
func headersOf(n *node) []probe.Header {
	var out []probe.Header
	for i := range n.kids {
		switch kid := &n.kids[i]; {
		case n.kind == '{' && kid.kind == 0 && kid.key != "" && !strings.Contains(kid.key, " "):
			out = append(out, probe.Header{Name: kid.key, Value: kid.text})
		case n.kind == '{' && kid.kind == '[' && len(kid.kids) > 0 && kid.kids[0].kind == 0:
			out = append(out, probe.Header{Name: kid.key, Value: kid.kids[0].text})
		case n.kind == '[' && kid.kind == '[' && len(kid.kids) == 2 && kid.kids[0].kind == 0 && kid.kids[1].kind == 0:
			out = append(out, probe.Header{Name: kid.kids[0].text, Value: kid.kids[1].text})
		case n.kind == '[' && kid.kind == '{':
			name, value := scalar(kid.kids, "name", "key"), scalar(kid.kids, "value")
			if name == "" {
				return nil
			}
			out = append(out, probe.Header{Name: name, Value: value})
		}
	}
	return out
}

// take makes an answer of headers and of what stands beside and around them.
func (f *finder) take(header []probe.Header, above []*node, beside []node) {
	a := signature.Answer{
		Header: header, Outcome: probe.OutcomeResponse,
		Status: statusIn(beside), URL: scalar(beside, "url"), Method: scalar(beside, "method"),
	}
	body := bodyIn(beside)
	asked := requestIn(beside)
	for i := len(above) - 2; i >= max(0, len(above)-3); i-- {
		around := above[i].kids[:min(len(above[i].kids), maxAround)]
		if a.Status == 0 {
			a.Status = statusIn(around)
		}
		if body == nil {
			body = bodyIn(around)
		}
		if asked == nil {
			asked = requestIn(around)
		}
		if u := scalar(around, "url"); a.URL == "" && strings.Contains(u, "://") {
			a.URL = u
		}
	}
	a.URL, a.Method = cmp.Or(a.URL, scalar(asked, "url")), strings.ToUpper(cmp.Or(a.Method, scalar(asked, "method")))
	if !strings.Contains(a.URL, "://") {
		a.URL = f.url
	}
	a.Body, a.BodyTruncated = trimBody(body)
	askedWith(&a, asked)
	f.answers = append(f.answers, a)
}

// askedWith adds what the request's headers tell, where the program kept them.
func askedWith(a *signature.Answer, asked []node) {
	for i := range asked {
		switch label(asked[i].key) {
		case "headers":
			if header := headersOf(&asked[i]); len(header) > 0 {
				sentHeaders(a, header)
			}
		case "postdata", "data", "body":
			a.SentBody = a.SentBody || len(asked[i].kids) > 0 || asked[i].text != "" && asked[i].text != "null" && asked[i].text != "None" && asked[i].text != "undefined"
		}
	}
}

// sentHeaders reads the headers of a request. That a credential is missing among
// them counts only where the list looks whole: with the names that every client
// sends, or those of a preflight.
func sentHeaders(a *signature.Answer, header []probe.Header) {
	has := func(name string) bool { return probe.HeaderValue(header, name) != "" }
	a.Preflight = a.Preflight || a.Method == "OPTIONS" && has("access-control-request-method")
	a.SentBody = a.SentBody || has("content-length") && probe.HeaderValue(header, "content-length") != "0"
	a.AskedAPI = cmp.Or(a.AskedAPI, probe.HeaderValue(header, "x-apigw-api-id"))
	if whole := a.Preflight || has("accept") || has("user-agent") || has("host") || has(":authority"); whole || has("authorization") {
		sent := has("authorization")
		a.SentAuthorization = &sent
	}
	if a.SentAuthorization != nil || has("x-api-key") {
		sent := has("x-api-key")
		a.SentAPIKey = &sent
	}
}

// maxAround is how many members of the objects around an answer are looked at.
const maxAround = 64

// requestIn is what a program kept of the request beside the answer.
func requestIn(kids []node) []node {
	for i := range kids {
		if kids[i].kind == '{' && slices.Contains([]string{"request", "config"}, label(kids[i].key)) {
			return kids[i].kids
		}
	}
	return nil
}

var separators = strings.NewReplacer(" ", "", "_", "", "-", "")

// label is a key without case and separators: "HTTP response headers" and
// "responseHeaders" read alike.
func label(key string) string {
	return strings.ToLower(separators.Replace(key))
}

// scalar is the first scalar with one of the labels.
func scalar(kids []node, labels ...string) string {
	for i := range kids {
		if kids[i].kind == 0 && slices.Contains(labels, label(kids[i].key)) {
			return kids[i].text
		}
	}
	return ""
}

// statusIn is the status among members, 0 where there is none.
func statusIn(kids []node) int {
	for i := range kids {
		name := label(kids[i].key)
		if kids[i].kind != 0 || !strings.HasSuffix(name, "status") && !strings.HasSuffix(name, "statuscode") {
			continue
		}
		if n, err := strconv.Atoi(kids[i].text); err == nil && n >= 100 && n <= 599 {
			return n
		}
	}
	return 0
}

// bodyIn is the body among members; nil where there is none.
func bodyIn(kids []node) []byte {
	for _, name := range []string{"body", "text", "data", "content", "json", "payload"} {
		for i := range kids {
			n := &kids[i]
			if !n.holds(name) || n.isStream() {
				continue
			}
			if inner := scalar(n.kids, "text"); n.kind == '{' && inner != "" {
				return []byte(inner) // the content of an HTTP archive
			}
			if n.kind != 0 || n.quoted {
				return n.json()
			}
		}
	}
	return nil
}

// holds tells whether a value's key names an answer's body: "body", "response
// text", "responseData".
func (n *node) holds(name string) bool {
	words := strings.FieldsFunc(n.key, func(r rune) bool { return r == ' ' || r == '_' || r == '-' })
	if len(words) == 0 || strings.Contains(label(n.key), "request") {
		return false
	}
	last := strings.ToLower(words[len(words)-1])
	return last == name || last == "response"+name
}

// isStream tells whether an object stands for a body that was not read yet.
func (n *node) isStream() bool {
	return n.kind == '{' && slices.ContainsFunc(n.kids, func(kid node) bool {
		return kid.key == "locked" || kid.key == "_readableState"
	})
}
