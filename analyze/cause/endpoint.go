package cause

import (
	"fmt"
)

// endpointLaws: the address, the edge location or the connection decides.
func endpointLaws(fx *Facts, x *split) []law { return factorLaws(fx, x, EndpointSplit) }

// endpointSplit words the splits that were decided for where a request went.
func endpointSplit(fx *Facts, known *Known) Verdict {
	var v Verdict
	for _, d := range known.decidedFor(EndpointSplit) {
		f := endpoint(fx, d.weighing, d.law)
		f.Differs = d.differs(fx)
		v.report(f, d.sub.ID)
	}
	return v
}

// endpoint is the finding of answers that follow the address, the edge location
// or the connection, which the probe draws for each request.
func endpoint(fx *Facts, w *weighing, l *law) Finding {
	f := Finding{
		Cause: EndpointSplit, Severity: Error, Linked: Statistical, Targets: []string{w.sub.ID}, Step: 6,
		Scenarios: fx.scenarioNames(w.scenarios()...), Evidence: bothSides(fx, w.split),
		Statistics: factorStatistics(fx, w, l),
	}
	f.Statement = fmt.Sprintf("The answer of %s depends on the %s: %s.",
		w.sub.ID, l.factor.name, perLevel(fx, w, l, ""))
	if text := notSeparated(fx, w); text != "" {
		f.Settles = text
	}
	f.Remedy = []Remedy{advice("compare what the addresses lead to: DNS records of the name (weighted, latency or stale ones), certificates, and the API id in the access logs of either")}
	if l.factor.name == "connection" && f.Settles == "" {
		f.Settles = "send every request on a connection of its own, to several addresses: the split then follows the address or it does not"
	}
	return f
}
