package signature

import (
	"cmp"
	"slices"
	"strings"

	"stageprobe/probe"
	"stageprobe/probe/address"
)

// candidacy tells which candidate causes an answer allows.
type candidacy struct{ *evidence }

// cause is one row of the causes that an answer may have.
type cause struct {
	name    string
	finding string // the cause of a report that covers it
	why     string
	apart   string
	when    condition
	permits bool // the condition only makes it possible, and does not speak for it
}

// condition is what speaks for a cause in the request or the headers. A cause
// whose condition is known not to hold is left out; one whose condition holds
// comes before those of which nothing is known.
type condition uint8

const (
	always condition = iota
	onInvokeURL
	onDomain
	onPrivate
	stageTwice
	withAuthorization
	withoutAuthorization
	withoutKey
	whenTraced
	saysAnonymous
	saysExplicitDeny
	saysEndpointPolicy
	saysIdentityPolicy
	saysUser
	saysOtherTime
	saysMismatch
	challenged
	// What follows is known to hold or taken not to: these causes are offered only
	// where something speaks for them.
	onPreflight
	withBody
	oddURL
	prefixHandedOn
	mayHandPrefixOn
	cloudFrontSaysBadRequest
	getWithBody
	cloudFrontSaysBlocked
	cloudFrontSaysMethod
	cloudFrontSaysOrigin
)

// candidates are the causes in order of likelihood.
func (e candidacy) candidates(causes []cause) []Candidate {
	kept := slices.DeleteFunc(slices.Clone(causes), func(c cause) bool { return e.holds(c.when) < 0 })
	if len(kept) == 0 {
		kept = slices.Clone(causes)
	}
	slices.SortStableFunc(kept, func(a, b cause) int { return cmp.Compare(e.rank(a), e.rank(b)) })
	out := plain(concat(kept))
	for i := range out {
		out[i].Why += e.seenOf(out[i].Cause)
	}
	return out
}

// seenOf is what in this answer speaks for a cause, beyond the cause's own words.
func (e candidacy) seenOf(cause string) string {
	switch cause {
	case "malformed-url":
		if odd := e.oddness(); odd != "" {
			return ": " + odd
		}
	case "nested-gateway":
		return e.twoIDs()
	}
	return ""
}

// rank puts causes with something that speaks for them first, and leaves the
// order of the table otherwise.
func (e candidacy) rank(c cause) int {
	if !c.permits && c.when != always && e.holds(c.when) > 0 {
		return 0
	}
	return 1
}

// holds is 1 where the condition is known to hold, -1 where it is known not to,
// 0 where nothing is known.
func (e candidacy) holds(c condition) int {
	switch c {
	case onInvokeURL:
		return known(e.addr.Host != "", e.addr.Kind == address.AddressExecuteAPI || e.addr.Emulator)
	case onDomain:
		return known(e.addr.Host != "", e.addr.Kind == address.AddressCustom || e.addr.Kind == address.AddressRegional)
	case onPrivate:
		return e.private()
	case stageTwice:
		s := e.addr.Segments
		return known(e.addr.Host != "", len(s) > 1 && s[0] == s[1])
	case withAuthorization:
		return known(e.SentAuthorization != nil, e.SentAuthorization != nil && *e.SentAuthorization)
	case withoutAuthorization:
		return -e.holds(withAuthorization)
	case withoutKey:
		// A key that was sent may still be a wrong one, so that only its absence counts.
		return max(0, known(e.SentAPIKey != nil, e.SentAPIKey != nil && !*e.SentAPIKey))
	case whenTraced:
		return known(true, e.traced)
	case challenged:
		return known(e.has("date"), containsFold(e.get("www-authenticate"), "error="))
	case onPreflight:
		return known(true, e.Preflight || e.Method == "OPTIONS")
	case withBody:
		return known(true, e.SentBody || e.Method == "POST" || e.Method == "PUT" || e.Method == "PATCH")
	case oddURL:
		return known(true, e.oddness() != "")
	case prefixHandedOn:
		return known(true, e.echoesPrefix())
	case mayHandPrefixOn:
		return known(true, e.Status == 404 && e.addr.Kind == address.AddressExecuteAPI && e.kind() == probe.HTTP && len(e.addr.Segments) > 1)
	case cloudFrontSaysBadRequest:
		return known(true, e.says("bad request") > 0 && (e.Method == "" || e.Method == "GET" || e.Method == "HEAD"))
	case getWithBody:
		return known(true, e.SentBody && (e.Method == "GET" || e.Method == "HEAD"))
	case cloudFrontSaysBlocked:
		return known(true, e.saysAny("request blocked", "block access from your country") > 0)
	case cloudFrontSaysMethod:
		return known(true, e.says("not configured to allow the http request method") > 0)
	case cloudFrontSaysOrigin:
		return known(true, e.saysAny("wasn't able to connect to the origin", "wasn't able to resolve the origin", "origin closed the connection", "invalid response from the origin") > 0)
	case saysAnonymous:
		return e.says("User: anonymous")
	case saysExplicitDeny:
		return e.says("explicit deny")
	case saysEndpointPolicy:
		return e.says("VPC endpoint policy")
	case saysIdentityPolicy:
		return e.says("identity-based policy")
	case saysUser:
		return e.says("User: arn:")
	case saysOtherTime:
		return e.saysAny("Signature expired", "Signature not yet current")
	case saysMismatch:
		return e.saysAny("signature we calculated does not match", "Credential should be scoped")
	}
	return 0
}

// private tells of an answer that does not show its endpoint's type that the
// host which was asked names the API by itself, as a private endpoint's does not.
func (e candidacy) private() int {
	if kind := e.endpointType(e.kind()); kind != "" {
		return known(true, kind == "private")
	}
	return known(e.addr.Kind == address.AddressExecuteAPI, false)
}

func known(is, holds bool) int {
	switch {
	case !is:
		return 0
	case holds:
		return 1
	}
	return -1
}

// saysAny is says for the one of several wordings that is there.
func (e candidacy) saysAny(words ...string) int {
	best := -1
	for _, w := range words {
		best = max(best, e.says(w))
	}
	return best
}

// says looks for words in the body. Where a body is cut or missing, their
// absence tells nothing.
func (e candidacy) says(words string) int {
	if containsFold(string(e.Body[:min(len(e.Body), maxScan)]), strings.ToLower(words)) {
		return 1
	}
	return known(len(e.Body) > 0 && !e.BodyTruncated, false)
}
