package cause

import (
	"slices"
	"strings"

	"stageprobe/analyze/remedy"
	"stageprobe/analyze/signature"
)

// SeveralVersions says that versions of an integration behind one deployment answer
// differently.
type SeveralVersions struct {
	said
	Stage  string
	Levels ByLevel
}

// AtRandomBehind says that answers deviate as versions would which no log names.
type AtRandomBehind struct {
	said
	Deviate        Count
	Answers, Usual []string
	Stage          string
	Alias          string // that the integration calls; "" where it calls none
}

// versionLaws: the integration runs several versions, which the logs name, or
// which are drawn where the configuration allows for them.
func versionLaws(fx *Facts, x *split) []law {
	laws := factorLaws(fx, x, BackendSplit)
	if p := versionsPrior(fx, x); p > 0 {
		laws = append(laws, law{name: "random", prior: p, likelihood: fx.atAnyRate})
	}
	return laws
}

// versionsPrior is how likely drawn versions of a backend are behind a split; 0
// where failures or refusals differ, or nothing speaks for versions.
func versionsPrior(fx *Facts, x *split) float64 {
	switch {
	case x.failure || x.refusal:
	case alias(fx, x) != "":
		return tuning.Prior.Versions
	case oneDeployment(fx, x):
		return tuning.Prior.OneBackend // what is left to differ stands behind the gateway
	}
	return 0
}

// backendSplit words the splits that were decided for several versions.
func backendSplit(fx *Facts, known *Known) Verdict {
	return worded(fx, known, BackendSplit, func(d *decision) Finding {
		f := fleet(fx, d.weighing)
		if d.law != nil {
			f = versions(fx, d.weighing, d.law)
		} else if onlyInFront(fx, d.weighing) {
			f = perhapsDivided(fx, d.weighing)
		}
		f.Differs = d.differsFromMost(fx)
		return f
	})
}

// versionFactor is the Lambda version that ran. A canary that calls another
// version is a canary: only the stage's own deployment counts here.
func versionFactor(sub *target) *factor {
	own := sub.DeploymentID
	return &factor{name: "executed version", cause: BackendSplit, prior: tuning.Prior.Versions, rho: tuning.Deviates.Version,
		level: func(r *Row) string {
			if known(r) == LabelCanary || r.Deployment != "" && own != "" && r.Deployment != own {
				return ""
			}
			return r.Version
		}}
}

// alias is the integration of a split that may have several versions behind
// one name: a Lambda alias. It is "" where the routes call none, or one that is known to
// call a single version.
func alias(fx *Facts, x *split) string {
	for _, uri := range integrations(fx, x) {
		a := lambdaAlias(uri, variables(x.sub))
		if read := aliasRead(fx, a); a != "" && (read == nil || len(read.Weights) > 0) {
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

func variables(sub *target) map[string]string {
	if sub.conf == nil {
		return nil
	}
	return sub.conf.Variables
}

func versions(fx *Facts, w *weighing, l *law) Finding {
	f := backendFinding(fx, w, Proven)
	f.say(SeveralVersions{Stage: w.sub.Stage, Levels: perLevel(fx, w, l, "version")})
	f.Statistics = factorStatistics(fx, w, l)
	return f
}

// oneDeployment tells whether the logs show that both behaviours of a split come
// from the integration behind one and the same deployment: they hold requests of
// either, and the stage has no canary, or the canary does not decide.
func oneDeployment(fx *Facts, x *split) bool {
	if x.sub.conf == nil || x.labels.known() == 0 || x.labels.counts.Deviant() == 0 {
		return false
	}
	for _, k := range slices.Concat(x.clusters, x.usual) {
		if c := &fx.Clusters[k]; c.Reading.Producer != signature.Integration || c.Reading.NotAPIGateway != "" {
			return false
		}
	}
	return x.sub.Canary == nil || x.labels.excluded
}

// fleet is the finding of several versions that only the shares speak for.
func fleet(fx *Facts, w *weighing) Finding {
	f := backendFinding(fx, w, ConsistentWith)
	a := alias(fx, w.split)
	f.say(AtRandomBehind{Deviate: Count{w.k, w.n}, Answers: fx.names(w.clusters), Usual: fx.names(w.usual), Stage: w.sub.Stage, Alias: a})
	f.Statistics = shareStatistics(fx, w, BackendSplit)
	f.Alternatives = w.alternatives(BackendSplit, fx.alpha)
	f.SettledBy = Topic("version or instance named")
	if a != "" {
		f.SettledBy = Topic("alias routing")
	}
	return f
}

func backendFinding(fx *Facts, w *weighing, linked Link) Finding {
	f := splitFinding(fx, w.split, linked)
	f.Clusters, f.Remedy = fx.ids(w.clusters), []Remedy{remedy.OneVersion}
	if a := alias(fx, w.split); a != "" {
		f.Remedy = []Remedy{remedy.WholeAlias(fx.Snapshot.Region, a)}
	}
	return f
}

// bothSides are examples of both behaviours with what the logs say of them.
func bothSides(fx *Facts, x *split) []Fact {
	var lines []Fact
	for _, deviant := range []bool{true, false} {
		if i := labelled(fx, x, deviant); i >= 0 {
			lines = append(lines, fx.request(i, nil), fx.logLine(i, served))
		}
	}
	return evidence(lines...)
}

// shareStatistics are the numbers of a split that nothing but its share speaks
// of.
func shareStatistics(fx *Facts, w *weighing, c ID) *Statistics {
	return &Statistics{
		Test: "posterior", Statistic: w.post(c), N: w.n, Posterior: w.post(c),
		Share: share(fx, w.split, w.clusters), Configured: configured(w.sub), Table: labelTable(fx, w.split),
		PValue: ptr(orderP(w.split)),
	}
}
