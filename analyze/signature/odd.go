package signature

import (
	"bytes"
	"net/url"
	"strings"

	"stageprobe/probe"
	"stageprobe/probe/address"
	"stageprobe/probe/lazyregexp"
)

// unfilled is what programs leave in a URL where a value was to stand.
var unfilled = lazyregexp.New(`^(?:undefined|null|None|nil|NaN|\[object Object\]|\$\{.*\}|\{\{.*\}\}|\{[A-Za-z0-9_+-]+\}|:[A-Za-z_][A-Za-z0-9_]*|<[^>]+>|%s|%d)$`)

// oddness says in what the path of the asked URL looks put together wrong; ""
// where it does not.
func (e candidacy) oddness() string {
	if strings.Contains(e.addr.Path, "//") {
		return "a doubled slash in the path makes an empty segment, which no route has"
	}
	for _, s := range e.addr.Segments {
		s, _ = url.PathUnescape(s) // no error: the URL was parsed
		switch trimmed := strings.TrimSpace(s); {
		case unfilled.MatchString(trimmed):
			return "the segment " + trimmed + " is a placeholder that was not filled in"
		case trimmed != s:
			return "a blank or a line end stands at the edge of a segment"
		case strings.HasPrefix(s, "http:") || strings.HasPrefix(s, "https:"):
			return "a whole URL stands within the path"
		case strings.ContainsAny(s, "?#"):
			return "an escaped ? or # makes the query a part of the path"
		}
	}
	return ""
}

// extraLabel tells whether an invoke URL's host has more before execute-api than the
// API's id.
func (e *evidence) extraLabel() bool {
	first, _, found := strings.Cut(e.addr.Host, ".execute-api.")
	return found && strings.Contains(first, ".")
}

// echoesPrefix tells whether the application did not know a path that begins with
// what addresses the stage: the stage's name in the path of an HTTP API, or a
// domain's base path. Web frameworks quote the path that they were handed.
func (e candidacy) echoesPrefix() bool {
	if e.Status != 404 || e.addr.First == "" {
		return false
	}
	body := bytes.ToLower(e.Body[:min(len(e.Body), 16<<10)])
	// A REST API hands its application the path without the stage, and with a
	// domain's base path.
	return (e.addr.Kind == address.AddressCustom || e.kind() == probe.HTTP) && bytes.Contains(body, []byte(strings.ToLower("/"+e.addr.First)))
}

// twoIDs tells the two gateways of an answer apart by their request ids.
func (e candidacy) twoIDs() string {
	own, inner := e.gateways()
	if inner == "" {
		return ""
	}
	return "; the request id of the gateway in front is " + own + ", that of the one behind it " + inner + ": each stands in its own gateway's logs"
}

// Gateways are the request ids of the two gateways of an answer: the one that answered
// the caller, and the one behind it, whose id comes renamed; "" where there is one alone.
func Gateways(header []probe.Header) (front, behind string) {
	front, behind = examine(Answer{Header: header}).gateways()
	if behind == "" {
		return "", ""
	}
	return front, behind
}

func (e *evidence) gateways() (own, inner string) {
	own = e.requestID
	inner = e.get("x-amzn-remapped-x-amzn-requestid")
	if inner == "" {
		for _, h := range e.Header {
			if strings.EqualFold(h.Name, "x-amzn-requestid") && token(h.Value) != own {
				inner = h.Value
			}
		}
	}
	if inner == "" && e.get("apigw-requestid") != "" && e.rest {
		inner = e.get("apigw-requestid") // an HTTP API behind a REST API
	}
	if inner = token(inner); own == "" || inner == own {
		return own, ""
	}
	return own, inner
}
