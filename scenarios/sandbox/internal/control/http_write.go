package control

import (
	"net/http"

	"stageprobe/scenarios/sandbox/internal/cloud"
	"stageprobe/scenarios/sandbox/internal/world"
)

var httpWrites = []operation{
	{method: http.MethodPatch, path: "/v2/apis/{api}", name: "UpdateApi", run: with(theAPI("HTTP"), updateAPI)},
	{method: http.MethodPost, path: "/v2/apis/{api}/deployments", name: "CreateDeployment", status: 201, run: with(theAPI("HTTP"), createHTTPDeployment)},
	{method: http.MethodPatch, path: "/v2/apis/{api}/stages/{stage}", name: "UpdateStage", run: with2(theStage("HTTP"), updateHTTPStage)},
	{method: http.MethodPost, path: "/v2/apis/{api}/stages", name: "CreateStage", status: 201, run: with(theAPI("HTTP"), createHTTPStage)},
	{method: http.MethodDelete, path: "/v2/apis/{api}/stages/{stage}/cache/authorizers", name: "ResetAuthorizersCache", status: 204, run: flushAuthorizers("HTTP")},
	{method: http.MethodPost, path: "/v2/apis/{api}/routes", name: "CreateRoute", status: 201, run: with(theAPI("HTTP"), createRoute)},
	{method: http.MethodPatch, path: "/v2/apis/{api}/routes/{route}", name: "UpdateRoute", run: with2((*request).routeKey, updateRoute)},
	{method: http.MethodDelete, path: "/v2/apis/{api}/routes/{route}", name: "DeleteRoute", status: 204, run: with2((*request).routeKey, deleteRoute)},
	{method: http.MethodPatch, path: "/v2/apis/{api}/integrations/{integration}", name: "UpdateIntegration", run: with(theAPI("HTTP"), updateHTTPIntegration)},
	{method: http.MethodPost, path: "/v2/domainnames/{domain}/apimappings", name: "CreateApiMapping", status: 201, run: with((*request).httpDomain, createAPIMapping)},
	{method: http.MethodPatch, path: "/v2/domainnames/{domain}/apimappings/{mapping}", name: "UpdateApiMapping", run: with2((*request).apiMapping, updateAPIMapping)},
	{method: http.MethodDelete, path: "/v2/domainnames/{domain}/apimappings/{mapping}", name: "DeleteApiMapping", status: 204, run: with2((*request).apiMapping, deleteAPIMapping)},
	{method: http.MethodPut, path: "/v2/domainnames/{domain}/routingrules/{rule}", name: "PutRoutingRule", run: with((*request).httpDomain, putRoutingRule)},
}

func updateAPI(r *request, api *cloud.API) (any, error) {
	var in struct {
		Name, Description         *string
		DisableExecuteAPIEndpoint *bool
		CorsConfiguration         *world.CORS
	}
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	api.Name, api.Description = orElse(in.Name, api.Name), orElse(in.Description, api.Description)
	api.DefaultDisabled = orElse(in.DisableExecuteAPIEndpoint, api.DefaultDisabled)
	if in.CorsConfiguration != nil {
		r.cloud.Edit(api, func(d *world.Definition) { d.CORS = in.CorsConfiguration })
	}
	return httpAPI(r.cloud, api), nil
}

func createHTTPDeployment(r *request, api *cloud.API) (any, error) {
	var in struct{ StageName, Description string }
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	if len(api.Editor.Routes) == 0 {
		return nil, badRequest("At least one route is required before deploying the Api.")
	}
	stage := api.Stages[in.StageName]
	if in.StageName != "" && stage == nil {
		return nil, badRequest("Stage %s does not exist. StageName specified on a CreateDeployment request must exist so the stage can be updated with the new deployment.", in.StageName)
	}
	if stage != nil && stage.AutoDeploy {
		return nil, badRequest("Deployment ID cannot be set or updated on a stage with AutoDeploy enabled")
	}
	d := r.cloud.Deploy(api, in.Description, false)
	if stage != nil {
		r.cloud.Serve(api, in.StageName, d.ID)
	}
	return httpDeployment(d), nil
}

// stageInput is what CreateStage and UpdateStage of HTTP APIs take.
type stageInput struct {
	StageName         string
	DeploymentID      *string
	Description       *string
	AutoDeploy        *bool
	StageVariables    map[string]string
	AccessLogSettings *struct{ DestinationArn, Format string }
	// DefaultRouteSettings holds the throttles of all routes.
	DefaultRouteSettings *struct {
		ThrottlingRateLimit  *float64
		ThrottlingBurstLimit *int
	}
}

func (in *stageInput) apply(s *cloud.Stage) {
	s.Description = orElse(in.Description, s.Description)
	s.AutoDeploy = orElse(in.AutoDeploy, s.AutoDeploy)
	if in.DeploymentID != nil {
		s.DeploymentID = *in.DeploymentID
		s.DeployStatus = cloud.DeployedStatus(*in.DeploymentID)
	}
	for name, value := range in.StageVariables {
		// An empty value removes the variable: UpdateStage merges.
		op := patch{Op: "replace", Value: value}
		if value == "" {
			op.Op = "remove"
		}
		s.Variables = withValue(s.Variables, name, op)
	}
	if l := in.AccessLogSettings; l != nil {
		s.AccessLog = &world.AccessLog{Group: l.DestinationArn, Format: l.Format}
	}
	if t := in.DefaultRouteSettings; t != nil {
		if s.Methods == nil {
			s.Methods = map[string]*world.MethodSetting{}
		}
		s.Methods["*/*"] = &world.MethodSetting{Rate: t.ThrottlingRateLimit, Burst: t.ThrottlingBurstLimit}
	}
}

func updateHTTPStage(r *request, api *cloud.API, stage *cloud.Stage) (any, error) {
	var in stageInput
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	if in.DeploymentID != nil && api.Deployment(*in.DeploymentID) == nil {
		return nil, badRequest("Deployment id does not exist")
	}
	if in.DeploymentID != nil && stage.AutoDeploy && !(in.AutoDeploy != nil && !*in.AutoDeploy) {
		return nil, badRequest("Deployment ID cannot be set or updated on a stage with AutoDeploy enabled")
	}
	switchedOn := in.AutoDeploy != nil && *in.AutoDeploy && !stage.AutoDeploy
	next := r.cloud.Change(api, stage.Name, in.apply)
	if switchedOn {
		d := r.cloud.Deploy(api, "Automatic deployment triggered by changes to the Api configuration", true)
		next = r.cloud.Serve(api, stage.Name, d.ID)
	}
	return httpStage(r.cloud, next), nil
}

func createHTTPStage(r *request, api *cloud.API) (any, error) {
	var in stageInput
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	if api.Stages[in.StageName] != nil {
		return nil, conflict("Stage already exists")
	}
	deployment := orElse(in.DeploymentID, "")
	if deployment == "" && orElse(in.AutoDeploy, false) {
		deployment = r.cloud.Deploy(api, "Automatic deployment triggered by changes to the Api configuration", true).ID
	}
	s := r.newStage(api, in.StageName, "", deployment, nil)
	in.DeploymentID = &deployment
	in.apply(s)
	return httpStage(r.cloud, s), nil
}
