package remedy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"stageprobe/probe"
	"stageprobe/scenarios/near"
)

// Redeploy deploys the editor's definition to the stage (REST and HTTP APIs).
// A stage with a canary takes no other deployment (developer guide, "canary
// release"), so that removing the canary comes first.
func Redeploy(region string, api *probe.API, stage *probe.Stage) []Remedy {
	if api == nil || stage == nil {
		return nil
	}
	switch {
	case api.Kind == probe.HTTP && stage.AutoDeploy:
		return deployAgain(region, api, stage)
	case api.Kind == probe.HTTP:
		return []Remedy{redeployHTTP(region, api, stage)}
	}
	return afterCanary(region, api, stage, Remedy{
		Text:    "Deploy the API as it stands in the editor to " + name(api, stage) + ".",
		Command: stageCall(region, api, stage, "create-deployment", "--description", "deploy pending edits"),
		Changes: "the stage serves a new snapshot of everything in the editor, including edits by others",
		Leaves:  "stage variables, method settings, other stages and domain mappings",
		Undo:    rollBackCommand(region, api, stage, stage.DeploymentID),
		Warning: allTraffic(name(api, stage)),
	})
}

// deployAgain starts the automatic deployment that failed once more. A stage
// with automatic deployment takes no deployment by hand ("Deployment ID cannot
// be set or updated on a stage with AutoDeploy enabled"); turning it on deploys.
func deployAgain(region string, api *probe.API, stage *probe.Stage) []Remedy {
	off := Remedy{
		Text:    "Mend what the failed deployment names; that edit is deployed by itself. To deploy again without an edit, turn automatic deployment of " + name(api, stage) + " off",
		Command: updateHTTPStage(region, api, stage, "--no-auto-deploy"),
		Changes: "later edits wait for a deployment until the next command",
		Leaves:  "what the stage serves, its variables, throttling and domain mappings",
		Undo:    updateHTTPStage(region, api, stage, "--auto-deploy"),
	}
	on := AutoDeploy(region, api, stage)[0]
	on.Text = "and on again, which deploys what is in the editor."
	return then(off, on)
}

func redeployHTTP(region string, api *probe.API, stage *probe.Stage) Remedy {
	return Remedy{
		Text:    "Deploy the API as it stands to " + name(api, stage) + ".",
		Command: command(region, "apigatewayv2", "create-deployment", "--api-id", api.ID, "--stage-name", stage.Name),
		Changes: "the stage serves a new snapshot of all routes, integrations and authorizers",
		Leaves:  "stage variables, throttling, automatic deployment, other stages and domain mappings",
		Undo:    rollBackCommand(region, api, stage, stage.DeploymentID),
		Warning: allTraffic(name(api, stage)),
	}
}

// RollBack leads the stage to an earlier deployment.
func RollBack(region string, api *probe.API, stage *probe.Stage, deploymentID string) []Remedy {
	if api == nil || stage == nil {
		return nil
	}
	r := Remedy{
		Text:    "Lead " + name(api, stage) + " back to deployment " + deploymentID + ".",
		Command: rollBackCommand(region, api, stage, deploymentID),
		Changes: "which snapshot the stage serves",
		Leaves:  "the editor: the next deployment brings its state again; stage variables and settings",
		Undo:    rollBackCommand(region, api, stage, stage.DeploymentID),
		Warning: allTraffic(name(api, stage)),
	}
	if api.Kind == probe.HTTP {
		r.Changes += "; automatic deployment is turned off, since it would overwrite the choice"
		if stage.AutoDeploy {
			r.Undo = updateHTTPStage(region, api, stage, "--auto-deploy")
		}
		return []Remedy{r}
	}
	return afterCanary(region, api, stage, r)
}

// afterCanary puts the removal of a canary before a change of the stage's
// deployment, which a stage with a canary refuses.
func afterCanary(region string, api *probe.API, stage *probe.Stage, r Remedy) []Remedy {
	if stage.Canary == nil {
		return []Remedy{r}
	}
	first := RemoveCanary(region, api, stage)[0]
	first.Text = "Remove the canary first: a stage with a canary takes no other deployment. (To keep what the canary serves, promote it instead.)"
	return then(first, r)
}

func rollBackCommand(region string, api *probe.API, stage *probe.Stage, deploymentID string) string {
	switch {
	case deploymentID == "":
		return "" // the stage served nothing before, or it could not be read
	case api.Kind == probe.HTTP:
		return updateHTTPStage(region, api, stage, "--no-auto-deploy", "--deployment-id", deploymentID)
	}
	return updateStage(region, api, stage, replace("/deploymentId", deploymentID))
}

// AutoDeploy turns automatic deployment of an HTTP API's stage on.
func AutoDeploy(region string, api *probe.API, stage *probe.Stage) []Remedy {
	if api == nil || stage == nil {
		return nil
	}
	return []Remedy{{
		Text:    "Turn automatic deployment of " + name(api, stage) + " on.",
		Command: updateHTTPStage(region, api, stage, "--auto-deploy"),
		Changes: "pending edits are deployed now, and every later edit as it is made",
		Leaves:  "stage variables, throttling, other stages and domain mappings",
		Undo:    rollBackCommand(region, api, stage, stage.DeploymentID),
		Warning: allTraffic(name(api, stage)),
	}}
}

// UnknownStage says which URL to use in place of one whose stage does not
// exist, and how to create that stage where it was meant to exist. Wanted is
// the first path segment of the URL, empty where it has none.
func UnknownStage(region string, api *probe.API, wanted string) []Remedy {
	if api == nil {
		return nil
	}
	var urls []string
	for _, name := range nearestStages(api, wanted) {
		urls = append(urls, invokeURL(region, api, name))
	}
	lacks := fmt.Sprintf("API %s has no stage %q.", api.ID, wanted)
	if wanted == "" {
		lacks = "The URL names no stage of API " + api.ID + "."
	}
	right := Remedy{
		Text:    lacks + " Its stages answer at: " + cmp.Or(strings.Join(urls, ", "), "nowhere, it has no stage") + ".",
		Changes: "nothing on AWS: the caller's URL is corrected",
	}
	if wanted == "" {
		return []Remedy{right}
	}
	if create, ok := createStage(region, api, wanted); ok {
		return []Remedy{right, create}
	}
	return []Remedy{right}
}

// nearestStages are the stages of an API, those first whose names are nearest.
func nearestStages(api *probe.API, wanted string) []string {
	var names []string
	for i := range api.Stages {
		names = append(names, api.Stages[i].Name)
	}
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(near.Distance(wanted, a), near.Distance(wanted, b)) })
	return names
}

func invokeURL(region string, api *probe.API, stage string) string {
	suffix := "amazonaws.com"
	if strings.HasPrefix(region, "cn-") {
		suffix += ".cn"
	}
	url := "https://" + api.ID + ".execute-api." + cmp.Or(region, "{region}") + "." + suffix
	if api.Kind == probe.HTTP && stage == probe.DefaultStage {
		return url + "/"
	}
	return url + "/" + stage
}

// createStage offers the stage with the newest deployment that works. The
// name must be one that API Gateway takes.
func createStage(region string, api *probe.API, wanted string) (Remedy, bool) {
	if wanted == "" || strings.IndexFunc(wanted, notInStageName) >= 0 && wanted != probe.DefaultStage {
		return Remedy{}, false
	}
	i := slices.IndexFunc(api.Deployments, func(d probe.Deployment) bool { return d.Status != "FAILED" && d.Status != "PENDING" })
	if i < 0 {
		return Remedy{}, false
	}
	stage := &probe.Stage{Name: wanted}
	r := Remedy{
		Text:    "Or, where stage " + wanted + " was meant to exist: create it with the newest deployment, " + api.Deployments[i].ID + ".",
		Command: stageCall(region, api, stage, "create-stage", "--deployment-id", api.Deployments[i].ID),
		Changes: "a new stage answers at " + invokeURL(region, api, wanted) + ", without variables, logging or throttling of its own",
		Leaves:  "all other stages and domain mappings",
		Undo:    stageCall(region, api, stage, "delete-stage"),
	}
	if api.Kind == probe.HTTP {
		r.Command = command(region, "apigatewayv2", "create-stage", "--api-id", api.ID, "--stage-name", wanted, "--deployment-id", api.Deployments[i].ID)
		r.Undo = command(region, "apigatewayv2", "delete-stage", "--api-id", api.ID, "--stage-name", wanted)
	}
	return r, true
}

func notInStageName(r rune) bool { return special(r) || strings.ContainsRune("./:=,+@%", r) }

// EnableDefaultEndpoint lets the execute-api host answer again. The change
// takes effect when any stage of the API is changed (developer guide, "Update a REST
// API"). A deployment is added where there is no doubt about it: the API has a
// single stage, without a canary or automatic deployment.
func EnableDefaultEndpoint(region string, api *probe.API) []Remedy {
	if api == nil {
		return nil
	}
	r := Remedy{
		Text:    "Let the execute-api host of " + api.ID + " answer again.",
		Command: command(region, append([]string{"apigateway", "update-rest-api", "--rest-api-id", api.ID}, patchWords([]patch{replace("/disableExecuteApiEndpoint", "false")})...)...),
		Changes: "once any stage is changed, every stage can be reached past the custom domain, and past what guards it (mutual TLS, WAF in front)",
		Leaves:  "custom domains and their mappings",
		Undo:    command(region, append([]string{"apigateway", "update-rest-api", "--rest-api-id", api.ID}, patchWords([]patch{replace("/disableExecuteApiEndpoint", "true")})...)...),
		Warning: "opens every stage of the API to the internet under its execute-api host",
	}
	if api.Kind == probe.HTTP {
		r.Command = command(region, "apigatewayv2", "update-api", "--api-id", api.ID, "--no-disable-execute-api-endpoint")
		r.Undo = command(region, "apigatewayv2", "update-api", "--api-id", api.ID, "--disable-execute-api-endpoint")
	}
	if len(api.Stages) != 1 || api.Stages[0].AutoDeploy || api.Stages[0].Canary != nil {
		return []Remedy{r}
	}
	return then(append([]Remedy{r}, Redeploy(region, api, &api.Stages[0])...)...)
}
