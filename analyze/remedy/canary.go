package remedy

import (
	"fmt"
	"maps"
	"slices"

	"stageprobe/probe"
)

// PromoteCanary makes the canary's deployment and variables the stage's own
// (developer guide, "Promote a canary release"), then removes the canary:
// promotion alone leaves canarySettings and its overrides in place.
func PromoteCanary(region string, api *probe.API, stage *probe.Stage) []Remedy {
	if api == nil || stage == nil || stage.Canary == nil {
		return nil
	}
	c := stage.Canary
	ops := []patch{replace("/canarySettings/percentTraffic", "0.0")}
	if len(c.Variables) > 0 {
		ops = append(ops, copied("/canarySettings/stageVariableOverrides", "/variables"))
	}
	ops = append(ops, copied("/canarySettings/deploymentId", "/deploymentId"))
	promote := Remedy{
		Text:    fmt.Sprintf("Promote the canary: %s serves deployment %s to everyone.", name(api, stage), c.DeploymentID),
		Command: updateStage(region, api, stage, ops...),
		Changes: "the stage's deployment and, where the canary overrides them, its variables",
		Leaves:  "method settings, throttling, logging, the editor, other stages",
		Undo:    updateStage(region, api, stage, before(stage)...),
		Warning: allTraffic(name(api, stage)) + olderThan(api, stage),
	}
	promoted := *stage
	promoted.Canary = &probe.Canary{Percent: 0, DeploymentID: c.DeploymentID, Variables: c.Variables, UseStageCache: c.UseStageCache}
	gone := RemoveCanary(region, api, &promoted)
	gone[0].Text = "Then remove the canary's settings, which promotion leaves behind."
	gone[0].Warning = "" // at 0 % it serves nothing
	return then(promote, gone[0])
}

// olderThan warns where a promotion goes back in time.
func olderThan(api *probe.API, stage *probe.Stage) string {
	own, canary := api.Deployment(stage.DeploymentID), api.Deployment(stage.Canary.DeploymentID)
	if own == nil || canary == nil || !canary.Created.Before(own.Created) {
		return ""
	}
	return fmt.Sprintf("; takes the stage back from deployment %s of %s to the older %s of %s",
		own.ID, own.Created.UTC().Format("2006-01-02"), canary.ID, canary.Created.UTC().Format("2006-01-02"))
}

// before restores the stage's own deployment and the variables that a
// promotion overwrites.
func before(stage *probe.Stage) []patch {
	ops := []patch{replace("/deploymentId", stage.DeploymentID)}
	for _, v := range slices.Sorted(maps.Keys(stage.Canary.Variables)) {
		old, had := stage.Variables[v]
		if had {
			ops = append(ops, replace("/variables/"+v, old))
		} else {
			ops = append(ops, remove("/variables/"+v))
		}
	}
	return append(ops, replace("/canarySettings/percentTraffic", decimal(stage.Canary.Percent)))
}

// RemoveCanary gives all traffic back to the stage's own deployment.
func RemoveCanary(region string, api *probe.API, stage *probe.Stage) []Remedy {
	if api == nil || stage == nil || stage.Canary == nil {
		return nil
	}
	c := stage.Canary
	warning := allTraffic(name(api, stage))
	if c.Percent >= 100 && c.DeploymentID != stage.DeploymentID {
		warning += fmt.Sprintf("; everybody gets deployment %s now, and is sent back to %s", c.DeploymentID, stage.DeploymentID)
	}
	return []Remedy{{
		Text:    fmt.Sprintf("Remove the canary: %s serves its own deployment %s to everyone.", name(api, stage), stage.DeploymentID),
		Command: updateStage(region, api, stage, remove("/canarySettings")),
		Changes: fmt.Sprintf("the %s %% of requests that canary deployment %s answered go back to the stage's deployment", trimmed(c.Percent), c.DeploymentID),
		Leaves:  "the stage's deployment and variables; the canary's deployment stays in the history",
		Undo:    updateStage(region, api, stage, canaryAgain(c)...),
		Warning: warning,
	}}
}

// EndCanary ends a canary that has no effect of its own: by its removal, and where it
// takes all traffic by what keeps that, its promotion, first. One that goes back in time
// comes last, for it may have been forgotten.
func EndCanary(region string, api *probe.API, stage *probe.Stage) []Remedy {
	removed := RemoveCanary(region, api, stage)
	if len(removed) == 0 || stage.Canary.Percent < 100 || stage.Canary.DeploymentID == stage.DeploymentID && len(stage.Canary.Variables) == 0 {
		return removed
	}
	promoted := PromoteCanary(region, api, stage)
	if olderThan(api, stage) != "" {
		return slices.Concat(removed, promoted)
	}
	return slices.Concat(promoted, removed)
}

func canaryAgain(c *probe.Canary) []patch {
	ops := []patch{replace("/canarySettings/deploymentId", c.DeploymentID), replace("/canarySettings/percentTraffic", decimal(c.Percent))}
	for _, v := range slices.Sorted(maps.Keys(c.Variables)) {
		ops = append(ops, replace("/canarySettings/stageVariableOverrides/"+v, c.Variables[v]))
	}
	if c.UseStageCache {
		ops = append(ops, replace("/canarySettings/useStageCache", "true"))
	}
	return ops
}

func trimmed(percent float64) string { return fmt.Sprintf("%g", percent) }
