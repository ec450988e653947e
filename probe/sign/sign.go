// Package sign makes requests acceptable to methods that ask for an API key, a
// token, a signature or a client certificate.
//
// A [Decorator] works on one request at the time it is sent, so that a
// signature carries the time of its own request and credentials may be
// renewed during a run. Secrets enter as [Secret] values, which do not print.
package sign

import (
	"net/http"

	"stageprobe/probe"
)

// Decorator adds what authenticates a request. It may be called by several
// goroutines at once. It has the type of probe.Engine.Sign.
type Decorator func(*probe.Target, *probe.Scenario, *http.Request) error

// All applies decorators in order, up to the first error. A signature covers
// only what stands in the request by then, so it comes last.
func All(ds ...Decorator) Decorator {
	return func(t *probe.Target, s *probe.Scenario, req *http.Request) error {
		for _, d := range ds {
			if err := d(t, s, req); err != nil {
				return err
			}
		}
		return nil
	}
}

// APIKey sends x-api-key, as methods with apiKeyRequired ask for it.
func APIKey(key Secret) Decorator { return Header("x-api-key", key) }

// Bearer sends an Authorization header with a bearer token (RFC 6750 section
// 2.1).
func Bearer(token Secret) Decorator {
	return Header("Authorization", Secret{"Bearer " + token.value})
}

// Header sends a header of any name in place of one that is there already.
func Header(name string, value Secret) Decorator {
	return func(_ *probe.Target, _ *probe.Scenario, req *http.Request) error {
		req.Header.Set(name, value.value)
		return nil
	}
}
