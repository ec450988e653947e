package signature

import (
	"bytes"
	"encoding/json"
	"slices"

	"stageprobe/probe/lazyregexp"
)

// messageForm reads a gateway's own message.
type messageForm struct{ *evidence }

// message is the {"message": …} of a body, which is what API Gateway's own
// answers hold unless they are customised.
type message struct {
	text   string
	key    string // message or Message; "" where the body has none
	null   bool   // JSON null
	sole   bool   // the body holds nothing else
	spaced layout // how the body was serialised
	// fromLength: no body was kept and Content-Length is that of a default
	// message.
	fromLength bool
}

// layout tells the two serialisers of API Gateway apart: what is refused
// before the method's execution reads {"message":"X"}, what fails during it
// {"message": "X"} (inferred from the content lengths of genuine captures).
type layout uint8

const (
	layoutUnknown layout = iota
	compact
	spaced
)

// maxScan bounds how much of a body is searched for a message or a type name.
const maxScan = 64 << 10

var (
	messageRE = lazyregexp.New(`"([Mm]essage)"(\s*):(\s*)(?:null|"((?:[^"\\]|\\.)*)"?)`)
	soleRE    = lazyregexp.New(`(?s)^\s*\{\s*"[Mm]essage"\s*:\s*(?:null|"(?:[^"\\]|\\.)*")\s*\}\s*$`)
	// validationRE is what the schema validator found, under a name of the API's own.
	validationRE = lazyregexp.New(`:\s*"(\[(?:object |instance |string |numeric |array |ECMA |regex )(?:[^"\\]|\\.)*\])"`)
)

func (e messageForm) readMessage() message {
	body := e.Body[:min(len(e.Body), maxScan)]
	m := messageRE.FindSubmatchIndex(body)
	if m == nil {
		if text := e.bodyFacts()["message"]; text != "" && e.errorType != "" {
			return message{text: text, key: "message"} // keys without quotes, as a client shows JSON
		}
		if m := validationRE.FindSubmatch(body); m != nil {
			return message{text: unquote(m[1]), key: "message"}
		}
		return e.messageByLength()
	}
	out := message{key: string(body[m[2]:m[3]]), null: m[8] < 0}
	if !out.null {
		out.text = unquote(body[m[8]:m[9]])
	}
	out.sole = soleRE.Match(body)
	out.spaced = e.layoutOf(out, len(body), m[7] > m[6])
	return out
}

// layoutOf trusts the announced length over the text at hand, because clients
// print JSON prettily.
func (e messageForm) layoutOf(m message, size int, space bool) layout {
	length := e.contentLength()
	if m.sole && length < 0 && bytes.ContainsRune(e.Body[:size], '\n') {
		return layoutUnknown // printed prettily, by whomever
	}
	if !m.sole || length < 0 || length == size {
		if space {
			return spaced
		}
		return compact
	}
	switch length - len(`{"`+m.key+`":`+quote(m)+`}`) {
	case 0:
		return compact
	case 1:
		return spaced
	}
	return layoutUnknown
}

func quote(m message) string {
	if m.null {
		return "null"
	}
	q, _ := json.Marshal(m.text) // a string always marshals
	return string(q)
}

// unquote resolves JSON escapes where they are whole, else leaves the text.
func unquote(raw []byte) string {
	var s string
	if json.Unmarshal(slices.Concat([]byte{'"'}, raw, []byte{'"'}), &s) == nil {
		return s
	}
	return string(raw)
}

// messageByLength names the default message whose body has the announced
// length, for answers whose body was not kept: to HEAD, or in a report that
// shows headers alone. Status and error type keep two messages of one length
// apart where rules ask for them.
func (e messageForm) messageByLength() message {
	length := e.contentLength()
	if len(e.Body) > 0 || e.Status != 0 && e.Status < 400 {
		return message{}
	}
	for _, d := range defaults {
		for _, l := range []layout{compact, spaced} {
			if length == len(`{"message":`)+len(quote(d))+len(`}`)+int(l-compact) && e.defaultFits(d.text) {
				d.key, d.sole, d.spaced, d.fromLength = "message", true, l, true
				return d
			}
		}
	}
	return message{}
}

// defaults are the default messages that have a length of their own.
var defaults = func() []message {
	out := []message{{null: true}}
	seen := map[string]bool{}
	for _, r := range rules {
		for _, m := range r.exact {
			if !seen[m] {
				seen[m] = true
				out = append(out, message{text: m})
			}
		}
	}
	return out
}()

// defaultFits tells whether some rule gives this message to an answer of this
// status and error type.
func (e messageForm) defaultFits(text string) bool {
	if text == "" {
		return e.errorType != ""
	}
	return slices.ContainsFunc(rules, func(r rule) bool {
		return slices.Contains(r.exact, text) && (r.status == 0 || r.status == e.Status || e.Status == 0) &&
			(e.errorType == "" || slices.Contains(r.errors, e.errorType))
	})
}
