package probe

import "time"

// Outcome is how a request ended. A failed transport is an outcome, not a
// missing observation.
type Outcome string

// The outcomes of a request.
const (
	OutcomeResponse Outcome = "response"
	OutcomeTimeout  Outcome = "timeout" // no complete answer within the plan's timeout
	OutcomeReset    Outcome = "reset"   // connection closed or reset, or an answer that is not HTTP
	OutcomeTLS      Outcome = "tls"     // handshake failed
	OutcomeDNS      Outcome = "dns"     // the host has no address
	OutcomeRefused  Outcome = "refused" // connection refused or unreachable
	OutcomeLocal    Outcome = "local"   // this machine is at fault: no sockets, no descriptors
)

// Observation is one request and what became of it: one row, written once.
// Everything else is computed from rows. Rows of one machine are ordered by
// Seq, which is the order of their due times.
type Observation struct {
	Machine  string `json:"machine,omitempty"`
	Seq      uint64 `json:"seq"`
	Target   string `json:"target"`
	Scenario string `json:"scenario"`

	Due  time.Time     `json:"due"`     // when it should have been sent
	Sent time.Duration `json:"sent_ns"` // after Due
	TTFB time.Duration `json:"ttfb_ns"` // after Due; 0 without an answer
	Took time.Duration `json:"took_ns"` // after Due, to the last byte or the failure
	Rate float64       `json:"rate"`    // offered requests per second at Due

	// Among are the targets that it could have gone to as likely.
	Among Among `json:"among,omitempty"`

	Conn     int    `json:"conn"`             // connection id on this machine
	ConnN    int    `json:"conn_n"`           // n-th request on it, from 1
	Fresh    bool   `json:"fresh,omitempty"`  // drawn to open a new connection
	RemoteIP string `json:"remote,omitempty"` // address and port dialled
	Proto    string `json:"proto,omitempty"`  // HTTP/1.1, HTTP/2.0

	Outcome Outcome `json:"outcome"`
	Err     string  `json:"err,omitempty"`

	// MintedID is the x-amzn-RequestId that the probe sent, a UUID; "" where
	// it sent none. REST APIs adopt it, HTTP APIs do not.
	MintedID string `json:"minted_id,omitempty"`

	Status    int      `json:"status,omitempty"`
	Header    []Header `json:"header,omitempty"` // in wire order; of HTTP/2 by name
	Body      []byte   `json:"body,omitempty"`   // at most Plan.MaxBody bytes; shared by answers that are alike, not to be written to
	BodySize  int64    `json:"body_size,omitempty"`
	Truncated bool     `json:"truncated,omitempty"` // the body was longer than what is kept
	// BodyHash is the CRC-64 (ECMA) of a body that was longer than what is kept,
	// as far as it was read.
	BodyHash uint64 `json:"body_hash,omitempty"`
}

// Get returns the first value of a response header, compared without regard to
// case; "" where there is none.
func (o *Observation) Get(name string) string { return HeaderValue(o.Header, name) }

// RequestID is the id by which the gateway's logs know the request: the one it
// answered with, else the one the probe minted.
func (o *Observation) RequestID() string {
	for _, name := range []string{"x-amzn-requestid", "apigw-requestid"} {
		if id := o.Get(name); id != "" {
			return id
		}
	}
	return o.MintedID
}

// ExtendedID is $context.extendedRequestId as answered; "" where it was not.
func (o *Observation) ExtendedID() string {
	if id := o.Get("x-amz-apigw-id"); id != "" {
		return id
	}
	return o.Get("apigw-requestid")
}

// HeaderValue returns the first value of a header, compared without regard to
// case; "" where there is none.
func HeaderValue(h []Header, name string) string {
	for i := range h {
		if equalFold(h[i].Name, name) {
			return h[i].Value
		}
	}
	return ""
}

// equalFold compares header names. They are ASCII (RFC 9110 section 5.1), and
// the comparison runs per header of every answer, so Unicode folding is left
// out.
func equalFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := 0; i < len(a); i++ {
		x, y := a[i], b[i]
		if 'A' <= x && x <= 'Z' {
			x += 'a' - 'A'
		}
		if 'A' <= y && y <= 'Z' {
			y += 'a' - 'A'
		}
		if x != y {
			return false
		}
	}
	return true
}

// NamesRequest tells the headers that name the request or tell the time: what they
// hold says nothing of behaviour.
func NamesRequest(header string) bool {
	for _, name := range [...]string{"date", "x-amzn-requestid", "x-amz-apigw-id", "x-amzn-trace-id", "apigw-requestid", "x-amz-cf-id", "age"} {
		if equalFold(name, header) {
			return true
		}
	}
	return false
}
