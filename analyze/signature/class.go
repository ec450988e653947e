package signature

import (
	"slices"
	"strings"

	"stageprobe/probe"
)

// Class says how far an answer counts as evidence of behaviour.
type Class string

// The classes.
const (
	Informative Class = "informative"
	Throttled   Class = "throttled" // refused for its rate: never a deviant behaviour
	AuthFail    Class = "authfail"  // 401 or 403: informative only where other answers differ
	Transport   Class = "transport" // no HTTP answer
	OwnFault    Class = "own-fault" // this machine could not send
)

var throttlingErrors = []string{tooManyRequests, limitExceeded, "ThrottlingException", "ThrottledException"}

// Classify tells the class of an answer by itself. Whether an AuthFail is a
// fault of configuration or a behaviour depends on the other answers of its
// target, which package cluster knows.
func Classify(a Answer) Class {
	switch a.Outcome {
	case "", probe.OutcomeResponse:
	case probe.OutcomeLocal:
		return OwnFault
	default:
		return Transport
	}
	errorType, _, _ := strings.Cut(probe.HeaderValue(a.Header, "x-amzn-errortype"), ":")
	switch {
	case a.Status == 429 || slices.Contains(throttlingErrors, errorType):
		return Throttled
	case a.Status == 401 || a.Status == 403:
		return AuthFail
	}
	return Informative
}
