package cause

import (
	"fmt"
	"slices"
	"strings"

	"stageprobe/analyze/stat"
)

// versionFactor is the Lambda version that ran. A canary that calls another
// version is a canary: only the stage's own deployment counts here.
func (s *study) versionFactor(sub *subject) *factor {
	own := sub.DeploymentID
	return &factor{name: "executed version", cause: BackendSplit, prior: .10, rho: .5,
		level: func(r *Row) string {
			if known(r) == LabelCanary || r.Deployment != "" && own != "" && r.Deployment != own {
				return ""
			}
			return r.Version
		}}
}

// alias is the integration of a split that may have several versions behind
// one name: a Lambda alias. It is "" where the routes call none.
func (s *study) alias(x *split) string {
	for _, uri := range s.integrations(x) {
		if a := lambdaAlias(uri, s.variables(x.sub)); a != "" {
			return a
		}
	}
	return ""
}

// lambdaAlias is the "name:alias" of a function that an integration calls
// through an alias; a version number and $LATEST name one version only.
func lambdaAlias(uri string, vars map[string]string) string {
	for name, value := range vars {
		uri = strings.ReplaceAll(uri, "${stageVariables."+name+"}", value)
	}
	_, function, ok := strings.Cut(uri, ":function:")
	if !ok {
		return ""
	}
	function, _, _ = strings.Cut(function, "/")
	_, qualifier, ok := strings.Cut(function, ":")
	if !ok || qualifier == "" || qualifier[0] >= '0' && qualifier[0] <= '9' || qualifier[0] == '$' {
		return ""
	}
	return function
}

func (s *study) variables(sub *subject) map[string]string {
	if sub.conf == nil {
		return nil
	}
	return sub.conf.Variables
}

// versions is the finding of answers that follow the version that ran.
func (s *study) versions(w *weighing, l *law) Finding {
	f := s.backendFinding(w)
	f.Linked = Proven
	f.Statement = fmt.Sprintf("Stage %s serves one deployment, but the integration behind it runs several versions that answer differently: %s; evidence %s.",
		orUnknown(w.sub.Stage), s.perLevel(w, l, "version "), odds(l.logE))
	f.Statistics = s.factorStatistics(w, l)
	return f
}

// oneDeployment tells whether the logs show that both behaviours of a split come
// from the integration behind one and the same deployment: they hold requests of
// either, and the stage has no canary, or the canary does not decide.
func (s *study) oneDeployment(x *split) bool {
	if x.sub.conf == nil || x.labels.known() == 0 || x.labels.counts.Deviant() == 0 {
		return false
	}
	for _, k := range slices.Concat(x.clusters, x.usual) {
		if c := &s.Clusters[k]; c.Producer != "integration" || c.NotGateway != "" {
			return false
		}
	}
	return x.sub.Canary == nil || x.labels.notE >= s.threshold()
}

// fleet is the finding of several versions that only the shares speak for.
func (s *study) fleet(w *weighing) Finding {
	f := s.backendFinding(w)
	f.Linked = ConsistentWith
	f.Statement = fmt.Sprintf("%d of %d answers deviate (%s against %s), at random, with one deployment behind stage %s. %s would answer like this, but no log says which version ran.",
		w.k, w.n, s.summaries(w.clusters, 3), s.summaries(w.usual, 3), orUnknown(w.sub.Stage), s.versionsBehind(w.split))
	f.Statistics = s.shareStatistics(w, BackendSplit)
	f.Alternatives = w.alternatives(BackendSplit, s.alpha)
	f.Settles = "turn on data tracing in the stage's execution logs, which then name the Lambda version that ran, or let the backend's answers name their version or instance"
	if s.alias(w.split) != "" {
		f.Settles = "look at the alias's routing configuration (aws lambda get-alias), or turn on data tracing in the stage's execution logs, which then name the executed version"
	}
	return f
}

// versionsBehind names what may have several versions behind a split.
func (s *study) versionsBehind(x *split) string {
	if a := s.alias(x); a != "" {
		return fmt.Sprintf("The integration calls the alias %s: versions with alias weights", a)
	}
	return "Several instances or versions of the integration's backend"
}

func (s *study) backendFinding(w *weighing) Finding {
	f := Finding{
		Cause: BackendSplit, Severity: Error, Targets: []string{w.sub.ID}, Step: 6,
		Scenarios: s.scenarioNames(w.scenarios()...),
		Evidence:  s.bothSides(w.split),
	}
	text := "bring all instances behind the integration to one version"
	if a := s.alias(w.split); a != "" {
		name, alias, _ := strings.Cut(a, ":")
		f.Remedy = []Remedy{{
			Text:    "give the whole alias to one version",
			Command: fmt.Sprintf("aws lambda update-alias --function-name %s --name %s --routing-config '{}'%s", name, alias, s.region()),
			Changes: "the alias calls only its main version", Leaves: "API Gateway's configuration and the function's versions",
			Undo:    "update-alias with the earlier routing configuration (aws lambda get-alias shows it: note it before)",
			Warning: "affects every caller of the alias",
		}}
		return f
	}
	f.Remedy = []Remedy{advice(text)}
	return f
}

func (s *study) region() string {
	if s.Snapshot.Region == "" {
		return ""
	}
	return " --region " + s.Snapshot.Region
}

// bothSides are examples of both behaviours with what the logs say of them.
func (s *study) bothSides(x *split) []string {
	var lines []string
	for _, deviant := range []bool{true, false} {
		if i := s.labelled(x, deviant); i >= 0 {
			lines = append(lines, s.request(i, ""), s.logLine(i, served))
		}
	}
	return evidence(lines...)
}

// shareStatistics are the numbers of a split that nothing but its share speaks
// of.
func (s *study) shareStatistics(w *weighing, c ID) *Statistics {
	return &Statistics{
		Test: "posterior", Statistic: w.post(c), N: w.n, Posterior: w.post(c),
		Share: interval(w.k, w.n, s.alpha), Configured: s.configured(w.sub), Table: s.labelTable(w.split),
		PValue: orderP(w),
	}
}

// orderP is the runs test's p-value: whether the answers come in an order.
func orderP(w *weighing) *float64 {
	bits := make([]bool, 0, w.n)
	for _, d := range w.draws {
		bits = append(bits, d.deviant)
	}
	p, _ := stat.RunsTest(bits)
	return &p
}
