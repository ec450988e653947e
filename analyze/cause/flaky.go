package cause

import (
	"fmt"
	"slices"
	"strings"

	"stageprobe/analyze/stat"
	"stageprobe/probe"
)

// flakyLaws: chance decides each answer, either independently or in bursts.
// Failures are a flaky integration; other answers that differ at random are
// several versions of a backend, where the configuration allows for them, or
// have no explanation.
func (s *study) flakyLaws(x *split) []law {
	cause, bursts, prior := UnexplainedSplit, UnexplainedSplit, .05
	stretches := .04 // two answers that are none of them failures rarely alternate in stretches
	switch {
	case x.failure:
		cause, bursts, prior, stretches = FlakyBackend, FlakyBackend, .12*5, .5
	case x.refusal:
	case s.alias(x) != "":
		cause, prior = BackendSplit, .10 // versions are drawn, they do not come in bursts
	case s.oneDeployment(x):
		cause = BackendSplit // what is left to differ stands behind the gateway
	}
	laws := []law{
		{cause: cause, name: "random", prior: prior, logM: stat.FlakyLogM(x.k, x.n, s.MinShare)},
		{cause: bursts, name: "bursts", prior: prior * stretches, logM: stat.MarkovM(s.started(x.draws))},
	}
	if x.failure {
		// Backends fail more or less as the load on them changes.
		laws = append(laws, law{cause: FlakyBackend, name: "drift", prior: prior * .3, logM: windowed(x)})
	}
	return laws
}

// flaky is the finding of an integration that fails at random.
func (s *study) flaky(w *weighing) Finding {
	bad := s.bad(w.split)
	k := s.failing(w.split)
	f := Finding{
		Cause: FlakyBackend, Severity: Error, Linked: ConsistentWith, Targets: []string{w.sub.ID},
		Scenarios: s.scenarioNames(w.scenarios()...), Step: 6,
	}
	f.Statement = fmt.Sprintf("%s fails at random: %d of %d answers (%s) are %s%s",
		s.backend(w.split), k, w.n, percent(float64(k)/float64(w.n)), s.summaries(bad, 3), s.pattern(w))
	f.Statement += s.notCanary(w)
	f.Statistics = &Statistics{
		Test: "not linked to the canary label, e-value", Statistic: w.labels.notE, EValue: evalue(w.labels.notE), N: w.n,
		Posterior: w.post(FlakyBackend), Share: interval(k, w.n, s.alpha), Configured: s.configured(w.sub), Table: s.labelTable(w.split),
	}
	if w.labels.known() == 0 {
		f.Statistics.Test, f.Statistics.Statistic, f.Statistics.EValue = "posterior", w.post(FlakyBackend), 0
	}
	lines, logged := s.failures(w.split, bad)
	f.Evidence = evidence(lines...)
	if logged && s.canaryExcluded(w) {
		f.Linked = Proven
	}
	f.Remedy = []Remedy{advice("look at the integration's own logs at the times of the requests above; no API Gateway setting mends a backend that fails")}
	if !s.canaryExcluded(w) {
		f.Alternatives = w.alternatives(FlakyBackend, s.alpha)
		f.Settles = s.settleByLogs(w.sub)
	}
	return f
}

// pattern says whether the failures are spread evenly or come in bursts.
func (s *study) pattern(w *weighing) string {
	if l := w.best(FlakyBackend); l != nil {
		switch l.name {
		case "bursts":
			t := s.transitions(w.draws)
			return fmt.Sprintf(", in bursts of about %.0f requests.", float64(t[1][0]+t[1][1])/float64(max(1, t[1][0])))
		case "drift":
			return ", at a rate that changes over the run."
		case anyPattern:
			return ", in an order that neither an even rate nor bursts explain."
		}
	}
	return ", independent of connection, address and time."
}

// notCanary says how far a canary is excluded.
func (s *study) notCanary(w *weighing) string {
	sub := w.sub
	switch c := w.labels.counts; {
	case sub.Canary == nil && sub.conf != nil:
		return fmt.Sprintf(" Stage %s has no canary.", sub.Stage)
	case sub.Canary == nil:
		return ""
	case w.labels.notE >= s.threshold():
		return fmt.Sprintf(" The canary does not explain it: %d of its %d answers fail, and %d of %d of the stage's own deployment; evidence %s.",
			c.CanaryDev, c.Canary(), c.BaseDev, c.Base(), odds(w.labels.notE))
	case s.canaryExcluded(w):
		return fmt.Sprintf(" The share does not fit the canary's %s.", percent(sub.share()))
	}
	return fmt.Sprintf(" The canary's %s is not excluded as the cause: no log ties single answers to it.", percent(sub.share()))
}

// canaryExcluded tells whether a canary is ruled out as the cause of a split: by
// the configuration, by labels, by a share that does not fit, or by an order in
// which a canary's draws do not come.
func (s *study) canaryExcluded(w *weighing) bool {
	canary := w.best(CanarySplit)
	if canary == nil || w.labels.known() > 0 && w.labels.notE >= s.threshold() {
		return true
	}
	if fit := s.shareFit(w); s.canaryConfigured(w.sub) && fit.reject >= s.threshold() && !w.labels.both() {
		// A canary that fails may fail in a part of its answers only; more than
		// it serves it cannot.
		if !w.failure || float64(fit.k) > fit.p0*float64(fit.n) {
			return true
		}
	}
	return slices.ContainsFunc(w.laws, func(l law) bool {
		return l.cause != CanarySplit && l.logM-canary.logM >= s.threshold()+canaryGrid
	})
}

// canaryGrid is ln of the number of laws over which a canary's likelihood is
// averaged: the best of them is at most so much likelier than their mean.
const canaryGrid = 2.5

// failures are lines of evidence of failing rows; logged tells whether a log
// record itself shows the integration failing.
func (s *study) failures(x *split, bad []int) (lines []string, logged bool) {
	for _, d := range x.draws {
		if !slices.Contains(bad, s.Rows[d.row].Cluster) {
			continue
		}
		line := s.logLine(d.row, failure)
		if line == "" && (len(lines) > 2 || logged) {
			continue
		}
		logged = logged || line != ""
		lines = append(lines, s.request(d.row, ""), line)
		if len(lines) > 2*maxEvidence {
			break
		}
	}
	return lines, logged
}

// backend names what a split's routes call.
func (s *study) backend(x *split) string {
	if uri := s.integrations(x); len(uri) == 1 {
		return "The integration " + integrationName(uri[0])
	}
	return "The integration behind " + list(s.scenarioNames(x.scenarios()...))
}

// integrationName shortens a URI for a sentence: a Lambda function goes by its
// name.
func integrationName(uri string) string {
	if _, function, ok := strings.Cut(uri, ":function:"); ok {
		function, _, _ = strings.Cut(function, "/")
		return "(function " + function + ")"
	}
	return uri
}

// integrations are the URIs that a split's routes call, each once.
func (s *study) integrations(x *split) []string {
	var uris []string
	for _, i := range x.scenarios() {
		if r := s.route(x.sub, i); r != nil && r.Integration.URI != "" {
			uris = append(uris, r.Integration.URI)
		}
	}
	slices.Sort(uris)
	return slices.Compact(uris)
}

// route is the deployed route that a scenario hits; nil where unknown.
func (s *study) route(sub *subject, scenario int) *probe.Route {
	if sub.conf == nil || sub.conf.Deployed == nil {
		return nil
	}
	key := s.scenario(scenario).Route
	if key == "" {
		key = s.routeOf(sub.conf.Deployed, scenario)
	}
	if r, ok := sub.conf.Deployed.Routes[key]; ok {
		return &r
	}
	return nil
}
