package signature

import (
	"strings"

	"stageprobe/probe"
)

// challenge judges the answer by which AWS WAF asks for a puzzle (405) or a
// browser's computation (202) in place of the answer (developer guide, "CAPTCHA
// and Challenge action behavior"). The web ACL belongs to the stage where the
// answer has an id of API Gateway, or came from an invoke URL; else it may be
// that of a distribution or a load balancer in front.
func (e *evidence) challenge() (verdict, bool) {
	switch strings.ToLower(e.get("x-amzn-waf-action")) {
	case "challenge", "captcha":
	default:
		return verdict{}, false
	}
	if e.kind() != "" || e.requestID != "" || e.addr.Kind == probe.AddressExecuteAPI {
		return verdict{by: Gateway, causes: wafChallenge}, true
	}
	return verdict{by: Edge, foreign: "AWS WAF", causes: wafChallenge}, true
}

// byWebSocket judges the message by which a WebSocket API tells a connection
// that its own message failed: it holds the connection's id and its own.
func (e *evidence) byWebSocket() (verdict, bool) {
	switch {
	case !e.webSocket:
		return verdict{}, false
	case e.text == "Forbidden":
		return verdict{by: Gateway, causes: webSocketRoute}, true
	case e.text == "Internal server error":
		return verdict{by: Integration, causes: internalCauses}, true
	case e.text == "Endpoint request timed out":
		return verdict{by: Integration, causes: integrationTimeout}, true
	}
	return verdict{}, true
}

// isWebSocket tells whether the body is such a message.
func (e *evidence) isWebSocket() bool {
	if e.rest || e.http || e.key != "message" {
		return false
	}
	facts := e.bodyFacts()
	return facts["connectionid"] != "" && facts["requestid"] != ""
}
