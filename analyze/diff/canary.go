package diff

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"stageprobe/probe"
)

// CanaryDifference compares a stage's canary with the stage itself: a is the
// canary, b the stage; the values of vars are under "canary" and "stage". Same
// is true where nothing can make the two answer differently: the same
// deployment, or one that was compared in full and found equal, and no
// override that changes a variable which a route can see.
func CanaryDifference(api *probe.API, stage *probe.Stage) (diffs []Difference, vars []Setting, same bool, uncompared []string) {
	if stage == nil || stage.Canary == nil {
		return nil, nil, true, nil
	}
	c := stage.Canary
	own := c.DeploymentID == "" || c.DeploymentID == stage.DeploymentID
	canary := stage.CanaryDeployed
	if own {
		canary = stage.Deployed
	}
	vars = overrides(stage, canary)
	if !own {
		if canary == nil || stage.Deployed == nil {
			uncompared = []string{"every aspect: deployment " + unread(stage, canary) + " could not be read"}
		} else {
			diffs, uncompared = compare(canary, stage.Deployed, merged(stage), stage.Variables)
		}
	}
	same = len(uncompared) == 0 && !slices.ContainsFunc(diffs, func(d Difference) bool { return !d.Cosmetic }) &&
		!slices.ContainsFunc(vars, func(s Setting) bool { return s.Behaviour })
	return diffs, vars, same, uncompared
}

func unread(stage *probe.Stage, canary *probe.Definition) string {
	if canary == nil {
		return stage.Canary.DeploymentID
	}
	return stage.DeploymentID
}

// merged are the variables that a canary request sees.
func merged(stage *probe.Stage) map[string]string {
	vars := maps.Clone(stage.Variables)
	if vars == nil {
		vars = map[string]string{}
	}
	maps.Copy(vars, stage.Canary.Variables)
	return vars
}

// overrides are the canary's variables of another value than the stage's.
func overrides(stage *probe.Stage, canary *probe.Definition) []Setting {
	var list []Setting
	for _, name := range slices.Sorted(maps.Keys(stage.Canary.Variables)) {
		v, old := stage.Canary.Variables[name], stage.Variables[name]
		if v == old {
			continue
		}
		touches := touchedBy(name, canary)
		list = append(list, Setting{
			Name: "variables." + name, Values: map[string]string{"canary": v, "stage": old},
			Touches: touches, Behaviour: touches == nil || len(touches) > 0,
		})
	}
	return list
}

// NeedsDeployment tells whether what a CloudTrail event changed takes effect
// only with a deployment; known is false for an event it does not know.
func NeedsDeployment(event string) (needs, known bool) { return probe.NeedsDeployment(event) }

// Standing is what the configuration alone tells of a canary.
type Standing string

// The standings.
const (
	Inert      Standing = "inert"       // no traffic, or nothing in which it could differ
	AllTraffic Standing = "all-traffic" // 100 %: the stage's own deployment serves nobody
	Stale      Standing = "stale"       // its deployment is older than the stage's own
	Rollout    Standing = "rollout"     // its deployment is newer
	Variables  Standing = "variables"   // the stage's own deployment with other variables
	Unknown    Standing = "unknown"     // the age of a deployment could not be read
)

// CanaryStanding tells how a stage's canary lies to what the stage itself
// serves, and by which fact. The stage has a canary.
func CanaryStanding(api *probe.API, stage *probe.Stage) (Standing, string) {
	c := stage.Canary
	same := c.DeploymentID == "" || c.DeploymentID == stage.DeploymentID
	_, _, alike, _ := CanaryDifference(api, stage)
	lag, known := canaryLag(api, stage)
	switch {
	case c.Percent <= 0 && same:
		return Inert, "it gets no traffic (0 %) and is the stage's own deployment, as a promotion leaves it behind"
	case c.Percent <= 0:
		return Inert, "it gets no traffic (0 %)"
	case alike && same:
		return Inert, "it is the stage's own deployment, with no variable of another value that a route can see"
	case c.Percent >= 100:
		return AllTraffic, "it gets all traffic (100 %), and the stage's own deployment " + stage.DeploymentID + " none"
	case same:
		return Variables, "it is the stage's own deployment with other stage variables"
	case !known:
		return Unknown, "the age of its deployment or of the stage's own could not be read"
	case lag > 0:
		return Stale, "its deployment is " + span(lag) + " older than the stage's own"
	}
	return Rollout, "its deployment is " + span(-lag) + " newer than the stage's own"
}

// canaryLag is how much older the canary's deployment is than the stage's own.
func canaryLag(api *probe.API, stage *probe.Stage) (time.Duration, bool) {
	own, canary := api.Deployment(stage.DeploymentID), api.Deployment(stage.Canary.DeploymentID)
	if own == nil || canary == nil || own.Created.IsZero() || canary.Created.IsZero() {
		return 0, false
	}
	return own.Created.Sub(canary.Created), true
}

// span writes a duration in the largest unit of which it holds two.
func span(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return strconv.Itoa(int(d.Hours()/24)) + " days"
	case d >= 2*time.Hour:
		return strconv.Itoa(int(d.Hours())) + " hours"
	case d >= 2*time.Minute:
		return strconv.Itoa(int(d.Minutes())) + " minutes"
	}
	return strconv.Itoa(int(d.Seconds())) + " seconds"
}
