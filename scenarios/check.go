package scenarios

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"stageprobe/analyze/signature"
	"stageprobe/probe"
)

// Holds tells whether an expectation is met, as far as it can be told.
type holds uint8

const (
	unknown holds = iota
	met
	unmet
)

func holdsIf(ok bool) holds {
	if ok {
		return met
	}
	return unmet
}

// check is one expectation that a single answer meets or does not.
type check struct {
	text string // as reports put it, such as "status 200"
	// failures too: a request without an answer counts.
	failures bool
	of       func(a *answer) (holds, string)
}

// answer is one answer with what is read of it once.
type answer struct {
	*probe.Observation
	target  *probe.Target // nil where it is not known
	reading *signature.Reading
	body    *parsedBody
}

func (a *answer) read() *signature.Reading {
	if a.reading == nil {
		r := signature.Read(signature.Of(a.Observation, a.target))
		a.reading = &r
	}
	return a.reading
}

// checks are the expectations of a single answer, in the order of the format.
func (e *Expect) checks() []check {
	if e == nil {
		return nil
	}
	var out []check
	if len(e.Status) > 0 {
		out = append(out, statusCheck(e.Status))
	}
	if e.GatewayResponse.Set {
		out = append(out, gatewayCheck(e.GatewayResponse.Type))
	}
	for _, name := range slices.Sorted(maps.Keys(e.Headers)) {
		out = append(out, headerCheck(name, e.Headers[name]))
	}
	for i := range e.Body {
		out = append(out, e.Body[i].checks()...)
	}
	return out
}

func statusCheck(want Statuses) check {
	return check{text: "status " + want.String(), failures: true, of: func(a *answer) (holds, string) {
		if a.Outcome != probe.OutcomeResponse && a.Outcome != "" {
			return unmet, string(a.Outcome)
		}
		return holdsIf(want.has(a.Status)), fmt.Sprint(a.Status)
	}}
}

// gatewayCheck wants a gateway response type, or none for "".
func gatewayCheck(want string) check {
	if want == "" {
		return check{text: "no gateway response", of: noGatewayResponse}
	}
	return check{text: gatewayText(want), of: func(a *answer) (holds, string) {
		r := a.read()
		switch {
		case r.GatewayResponse != "":
			return holdsIf(r.GatewayResponse == want), r.GatewayResponse
		case r.Producer == signature.Integration || r.NotAPIGateway != "" || a.Status < 400:
			return unmet, "none"
		}
		return unknown, "who answered"
	}}
}

func gatewayText(want string) string { return "gateway response " + want }

func noGatewayResponse(a *answer) (holds, string) {
	r := a.read()
	switch {
	case r.GatewayResponse != "":
		return unmet, r.GatewayResponse
	case r.Producer == signature.Gateway || r.Producer == signature.Authorizer:
		return unmet, fmt.Sprintf("%d by the %s", a.Status, r.Producer)
	case r.Producer == "" && a.Status >= 400:
		return unknown, "who answered"
	}
	return met, "none"
}

func headerCheck(name string, want Match) check {
	text := fmt.Sprintf("header %s: %s", name, want.Equals)
	switch {
	case want.Absent:
		text = fmt.Sprintf("no header %s", name)
	case want.Matches != nil:
		text = fmt.Sprintf("header %s matches %s", name, want.Matches)
	}
	return check{text: text, of: func(a *answer) (holds, string) {
		values := headerValues(a.Header, name)
		switch {
		case want.Absent:
			return holdsIf(len(values) == 0), orNone(values)
		case want.Matches != nil:
			return holdsIf(slices.ContainsFunc(values, want.Matches.MatchString)), orNone(values)
		}
		return holdsIf(contains(values, want.Equals) || strings.Join(values, ", ") == want.Equals), orNone(values)
	}}
}

func headerValues(headers []probe.Header, name string) []string {
	var out []string
	for _, h := range headers {
		if strings.EqualFold(h.Name, name) {
			out = append(out, h.Value)
		}
	}
	return out
}

func orNone(values []string) string {
	if len(values) == 0 {
		return "none"
	}
	return short(strings.Join(values, ", "))
}

// short is what is shown of a value.
func short(s string) string { return shorten(60, s) }

func shorten(most int, s string) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

// Met tells whether one answer meets what its scenario expects of a single
// answer: status, gateway response, headers and body. known is false where the
// scenario expects nothing of the kind, and where it cannot be told.
func (f *File) Met(o *probe.Observation) (ok, known bool) {
	s := f.scenario(o.Scenario)
	if s == nil || o.Outcome != probe.OutcomeResponse {
		return false, false
	}
	list := f.expect(s).checks()
	a, open := &answer{Observation: o}, len(list) == 0
	for i := range list {
		switch h, _ := list[i].of(a); h {
		case unmet:
			return false, true
		case unknown:
			open = true
		}
	}
	return !open, !open
}

// Expects tells whether any scenario expects something of single answers, so
// that Met can tell of any.
func (f *File) Expects() bool {
	return slices.ContainsFunc(f.Scenarios, func(s Scenario) bool { return len(f.expect(&s).checks()) > 0 })
}

// expect is what a scenario expects, by itself or by default; nil for nothing.
func (f *File) expect(s *Scenario) *Expect {
	if s.Expect != nil {
		return s.Expect
	}
	return f.Defaults.Expect
}

// expectOf is what is expected of a planned request: the defaults hold for
// routes that the file does not list, except for requests that are sent to be
// refused.
func (f *File) expectOf(sc *probe.Scenario) *Expect {
	if s := f.scenario(sc.Name); s != nil {
		return f.expect(s)
	}
	if sc.Limit > 0 || sc.Uncredentialed {
		return nil
	}
	return f.Defaults.Expect
}
