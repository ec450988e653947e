// Package sign makes requests acceptable to methods that ask for an API key, a
// token, a signature or a client certificate.
//
// A [Decorator] works on one request at the time it is sent, so that a
// signature carries the time of its own request and credentials may be
// renewed during a run. Secrets enter as [Secret] values, which do not print.
package sign

import (
	"fmt"
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

// ByAuth applies the decorator of the way in which a scenario authenticates;
// fallback is the way of scenarios that do not say. probe.AuthNone and
// probe.AuthMTLS, which is the connection's business, need no decorator; for
// another way that has none the request is not sent.
func ByAuth(by map[probe.AuthKind]Decorator, fallback probe.AuthKind) Decorator {
	return func(t *probe.Target, s *probe.Scenario, req *http.Request) error {
		kind := s.Auth
		if kind == "" {
			kind = fallback
		}
		if d := by[kind]; d != nil {
			return d(t, s, req)
		}
		switch kind {
		case "", probe.AuthNone, probe.AuthMTLS:
			return nil
		}
		return fmt.Errorf("scenario %s asks for auth %s, and nothing was given for it; use --api-key, --bearer or --sigv4", s.Name, kind)
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
