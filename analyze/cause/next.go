package cause

import (
	"slices"

	"stageprobe/analyze/diff"
	"stageprobe/analyze/remedy"
	"stageprobe/probe"
)

// showsNext says of a finding's remedies what they will make visible: edits that wait for a
// deployment to the stage that then answers, where no finding tells of them yet.
func showsNext(fx *Facts, sub *target, f *Finding, findings []Finding) {
	switch f.Cause {
	case CanarySplit, StaleCanary:
		if sub.conf == nil || sub.conf.Canary == nil || waitTold(findings, sub.APIID, sub.Stage) {
			return
		}
		first := func(way []Remedy) func(*Remedy) bool {
			return func(r *Remedy) bool { return !r.Then && r.Command == way[0].Command }
		}
		afterwards(f, waitsFor(sub.api, sub.conf), first(remedy.RemoveCanary(fx.Snapshot.Region, sub.api, sub.conf)))
		afterwards(f, waitsForCanary(sub.api, sub.conf), first(remedy.PromoteCanary(fx.Snapshot.Region, sub.api, sub.conf)))
	case WrongStage, UnmappedTarget:
		if d := fx.domainOf(sub); d != nil && sub.Meant != nil && !waitTold(findings, sub.Meant.APIID, sub.Meant.Stage) {
			api := fx.Snapshot.API(sub.Meant.APIID)
			afterwards(f, waitsFor(api, api.Stage(sub.Meant.Stage)), func(r *Remedy) bool { return r.Command != "" && !r.Then && !r.Diagnoses })
		}
	}
}

// waitTold tells whether a finding says that edits wait for a stage.
func waitTold(findings []Finding, api, stage string) bool {
	return slices.ContainsFunc(findings, func(f Finding) bool {
		return slices.Contains([]ID{StaleDeployment, AutoDeployOff, AutoDeployFailed}, f.Cause) && slices.Contains(f.Targets, api+"/"+stage)
	})
}

// waitsFor are the edits that wait for a deployment to a stage, and that callers can see.
func waitsFor(api *probe.API, stage *probe.Stage) (names []string) {
	if api == nil || stage == nil {
		return nil
	}
	diffs, _ := diff.Undeployed(api, stage)
	for i := range diffs {
		if !diffs[i].Cosmetic {
			names = append(names, named(&diffs[i]))
		}
	}
	return names
}

// waitsForCanary are the edits that wait for a deployment to a stage once its canary is
// promoted.
func waitsForCanary(api *probe.API, stage *probe.Stage) (names []string) {
	promoted := *stage
	promoted.DeploymentID, promoted.Deployed, promoted.Canary = stage.Canary.DeploymentID, stage.CanaryDeployed, nil
	if names = waitsFor(api, &promoted); len(names) > 0 {
		return names
	}
	own, canary := api.Deployment(stage.DeploymentID), api.Deployment(stage.Canary.DeploymentID)
	if own != nil && canary != nil && canary.Created.Before(own.Created) {
		return []string{remedy.Between(canary.ID, own.ID)}
	}
	return nil
}

// afterwards adds to some of a finding's remedies which edits wait after them.
func afterwards(f *Finding, edits []string, of func(*Remedy) bool) {
	if len(edits) == 0 {
		return
	}
	f.Remedy = slices.Clone(f.Remedy)
	for i := range f.Remedy {
		if r := &f.Remedy[i]; of(r) {
			*r = remedy.Afterwards(*r, edits)
		}
	}
}
