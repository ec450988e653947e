package signature

import (
	"strings"

	"stageprobe/probe/address"
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
	if e.kind() != "" || e.requestID != "" || e.addr.Kind == address.AddressExecuteAPI {
		return verdict{by: Gateway, causes: wafChallenge}, true
	}
	return verdict{by: Edge, foreign: "AWS WAF", causes: wafChallenge}, true
}

// webSocketErrors are the messages of a WebSocket API beside Forbidden. They are
// a REST API's, and no gateway response of that list goes with them.
var webSocketErrors = map[string]verdict{
	"Internal server error":                     {by: Integration, causes: internalCauses},
	"Endpoint request timed out":                {by: Integration, causes: integrationTimeout},
	"Service Unavailable":                       {by: Integration, causes: serviceUnavailable},
	"Too Many Requests":                         {by: Gateway, causes: throttledCauses},
	"Limit Exceeded":                            {by: Gateway, causes: quota},
	"Unauthorized":                              {by: Authorizer, causes: unauthorizedCauses},
	"Invalid request body":                      {by: Gateway, causes: badBody},
	"Network error communicating with endpoint": {by: Integration, causes: integrationNetwork},
}

// byWebSocket judges the message by which a WebSocket API tells a connection
// that its own message failed, or a client that its handshake did: it holds the
// connection's id and its own.
func (e *evidence) byWebSocket() (verdict, bool) {
	switch {
	case !e.webSocket:
		return verdict{}, false
	case e.text == "Forbidden" && e.Status == 403:
		return verdict{causes: webSocketConnect}, true // of the authorizer, or of the gateway
	case e.text == "Forbidden":
		return verdict{by: Gateway, causes: webSocketRoute}, true
	case strings.HasPrefix(e.text, "Could not parse request body into json"):
		return verdict{by: Gateway, causes: unparsableBody}, true
	}
	return webSocketErrors[e.text], true
}

// isWebSocket tells whether the body is such a message.
func (e *evidence) isWebSocket() bool {
	if e.rest || e.http || e.key != "message" {
		return false
	}
	facts := e.bodyFacts()
	return facts["connectionid"] != "" && facts["requestid"] != ""
}
