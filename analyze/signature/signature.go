// Package signature reads one answer: who produced it and why ([Read]), which
// class of evidence it is ([Classify]), and the fields by which its behaviour
// is compared with other answers ([Fields]).
//
// What is read comes from the answer alone, and from what was asked where that
// is known. What neither tells stays empty.
package signature

import "stageprobe/probe"

// Answer is one answer and what is known of the request that it answers.
type Answer struct {
	Status int // 0 where there was no HTTP answer, or where it is not known
	Header []probe.Header
	Body   []byte // nil where it was not kept: a HEAD answer, a copy of the headers alone

	BodyTruncated bool // Body is only the beginning

	URL               string // what was asked; "" unknown
	Method            string // of the request; "" unknown
	SentAuthorization *bool  // whether the request carried an Authorization header; nil unknown
	SentAPIKey        *bool  // whether it carried x-api-key; nil unknown
	SentBody          bool   // the request is known to have carried a body
	Blocked           bool   // a browser blocked the answer for CORS, and did not show it
	Certificate       string // the names of the certificate that a client refused; "" unknown
	Misnamed          bool   // the certificate that it refused is of other names than the one asked for
	WantsCertificate  bool   // the server ended the handshake because the client showed no certificate that it knows
	Preflight         bool   // the request is known to have been a browser's CORS preflight
	Handshake         bool   // the request is known to have been the handshake of a WebSocket
	AskedAPI          string // its x-apigw-api-id, which names an API at a private endpoint; "" unknown

	Outcome probe.Outcome // "" counts as a response
	// Unconnected tells of a timeout that it came before there was a connection.
	Unconnected bool
	Cut         bool          // the connection ended after the answer had begun
	APIKind     probe.APIKind // by configuration; "" unknown
	Endpoint    string        // by configuration: EDGE, REGIONAL, PRIVATE; "" unknown
}

// Producer is who made an answer, spelt as reports spell it.
type Producer string

// The producers.
const (
	Gateway     Producer = "gateway"     // API Gateway refused, routed nowhere, or failed
	Integration Producer = "integration" // the backend answered, or failed to
	Authorizer  Producer = "authorizer"  // an authorizer refused or failed
	Edge        Producer = "edge"        // something in front of API Gateway
	Network     Producer = "network"     // no HTTP answer arrived
)

// Reading is what an answer tells. Empty means that it does not tell.
type Reading struct {
	APIKind      probe.APIKind
	EndpointType string // edge, regional, private
	Producer     Producer

	GatewayResponse string // the API Gateway response type, such as MISSING_AUTHENTICATION_TOKEN
	ErrorType       string // x-amzn-ErrorType without what follows a colon

	RequestID  string
	ExtendedID string

	Message string // of the body
	Detail  string // what the answer adds: a JWT authorizer's description, a validator's findings

	// ToldAPIID and ToldStage are what the answer itself states, as the ARN of a
	// policy's refusal does; what was asked is no evidence of who answered.
	ToldAPIID, ToldStage string

	APIID        string
	Stage        string
	Method       string
	ResourcePath string
	Partition    string // aws, aws-cn, aws-us-gov

	// NotAPIGateway names what answered instead; "" where nothing speaks
	// against API Gateway.
	NotAPIGateway string

	Candidates []Candidate // most likely first
}

// Candidate is one possible cause of an answer.
type Candidate struct {
	Cause      string `json:"cause"`             // such as lambda-permission-missing
	Why        string `json:"why"`               // what in the answer speaks for it
	TellsApart string `json:"tells_apart"`       // a log line, a header or a further request that would settle it
	Finding    string `json:"finding,omitempty"` // the cause of a report that covers it, such as access-denied
	Remedy     string `json:"remedy,omitempty"`  // the command that mends it, with what is not known in capitals
}

// Of is the answer of an observation. The target, which may be nil, gives the
// API kind and endpoint type by configuration.
func Of(o *probe.Observation, t *probe.Target) Answer {
	a := Answer{
		Status: o.Status, Header: o.Header, Body: o.Body,
		BodyTruncated: o.Truncated, Outcome: o.Outcome,
	}
	if t != nil {
		a.URL, a.APIKind, a.Endpoint = t.URL, t.APIKind, t.Endpoint
	}
	return a
}
