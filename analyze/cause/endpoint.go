package cause

import "fmt"

// endpoint is the finding of answers that follow the address, the edge location
// or the connection, which the probe draws for each request.
func (s *study) endpoint(w *weighing, l *law) Finding {
	f := Finding{
		Cause: EndpointSplit, Severity: Error, Linked: Statistical, Targets: []string{w.sub.ID}, Step: 6,
		Scenarios: s.scenarioNames(w.scenarios()...), Evidence: s.bothSides(w.split),
		Statistics: s.factorStatistics(w, l),
	}
	f.Statement = fmt.Sprintf("The answer of %s depends on the %s: %s; evidence %s.",
		w.sub.ID, l.factor.name, s.perLevel(w, l, ""), odds(l.logE))
	if text := s.notSeparated(w); text != "" {
		f.Settles = text
	}
	f.Remedy = []Remedy{advice("compare what the addresses lead to: DNS records of the name (weighted, latency or stale ones), certificates, and the API id in the access logs of either")}
	if l.factor.name == "connection" && f.Settles == "" {
		f.Settles = "send every request on a connection of its own, to several addresses: the split then follows the address or it does not"
	}
	return f
}
