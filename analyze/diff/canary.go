package diff

import (
	"maps"
	"slices"

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
