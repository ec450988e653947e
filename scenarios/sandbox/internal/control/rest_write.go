package control

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"stageprobe/scenarios/sandbox/internal/cloud"
	"stageprobe/scenarios/sandbox/internal/world"
)

var restWrites = []operation{
	{method: http.MethodPatch, path: "/restapis/{api}", name: "UpdateRestApi", run: with(theAPI("REST"), updateRestAPI)},
	{method: http.MethodPost, path: "/restapis/{api}/deployments", name: "CreateDeployment", status: 201, run: with(theAPI("REST"), createDeployment)},
	{method: http.MethodPatch, path: "/restapis/{api}/deployments/{deployment}", name: "UpdateDeployment", run: with2((*request).deployment, updateDeployment)},
	{method: http.MethodDelete, path: "/restapis/{api}/deployments/{deployment}", name: "DeleteDeployment", status: 202, run: with2((*request).deployment, deleteDeployment)},
	{method: http.MethodPost, path: "/restapis/{api}/stages", name: "CreateStage", status: 201, run: with(theAPI("REST"), createStage)},
	{method: http.MethodPatch, path: "/restapis/{api}/stages/{stage}", name: "UpdateStage", run: with2(theStage("REST"), updateStage)},
	{method: http.MethodDelete, path: "/restapis/{api}/stages/{stage}", name: "DeleteStage", status: 202, run: with2(theStage("REST"), deleteStage)},
	{method: http.MethodDelete, path: "/restapis/{api}/stages/{stage}/cache/data", name: "FlushStageCache", status: 202, run: with2(theStage("REST"), flushCache)},
	{method: http.MethodDelete, path: "/restapis/{api}/stages/{stage}/cache/authorizers", name: "FlushStageAuthorizersCache", status: 202, run: flushAuthorizers("REST")},
	{method: http.MethodPatch, path: "/usageplans/{plan}", name: "UpdateUsagePlan", run: updateUsagePlan},
	{method: http.MethodPost, path: "/domainnames/{domain}/basepathmappings", name: "CreateBasePathMapping", status: 201, run: with((*request).domain, createMapping)},
	{method: http.MethodPatch, path: "/domainnames/{domain}/basepathmappings/{path}", name: "UpdateBasePathMapping", run: with2((*request).mapping, updateMapping)},
	{method: http.MethodDelete, path: "/domainnames/{domain}/basepathmappings/{path}", name: "DeleteBasePathMapping", status: 202, run: with2((*request).mapping, deleteMapping)},
}

func updateRestAPI(r *request, api *cloud.API) (any, error) {
	ops, err := r.patches()
	if err != nil {
		return nil, err
	}
	for _, op := range ops {
		switch op.Path {
		case "/disableExecuteApiEndpoint":
			api.DefaultDisabled = op.Value == "true"
		case "/name":
			api.Name = op.Value
		case "/description":
			api.Description = op.Value
		case "/policy":
			r.cloud.Edit(api, func(d *world.Definition) { d.Policy = op.Value })
		default:
			return nil, badRequest("Invalid patch path '%s' specified for op '%s'", op.Path, op.Op)
		}
	}
	return restAPI(api), nil
}

// updateUsagePlan changes the limits of a plan.
func updateUsagePlan(r *request) (any, error) {
	i := slices.IndexFunc(r.cloud.UsagePlans, func(p *world.UsagePlan) bool { return p.ID == r.PathValue("plan") })
	if i < 0 {
		return nil, notFound("Invalid Usage Plan ID specified")
	}
	ops, err := r.patches()
	if err != nil {
		return nil, err
	}
	next := *r.cloud.UsagePlans[i]
	for _, op := range ops {
		value, err := strconv.ParseFloat(op.Value, 64)
		if err != nil {
			return nil, badRequest("Invalid patch value '%s' specified for op '%s'. Must be a number", op.Value, op.Op)
		}
		switch op.Path {
		case "/throttle/rateLimit":
			next.Rate = value
		case "/throttle/burstLimit":
			next.Burst = int(value)
		case "/quota/limit":
			next.Quota = int(value)
		default:
			return nil, badRequest("Invalid patch path '%s' specified for op '%s'", op.Path, op.Op)
		}
	}
	r.cloud.UsagePlans[i] = &next
	return usagePlan(&next), nil
}

// canaryInput is canarySettings as callers send them.
type canaryInput struct {
	PercentTraffic         float64
	DeploymentID           string
	StageVariableOverrides map[string]string
	UseStageCache          bool
}

func (in *canaryInput) canary(deployment string) *world.Canary {
	return &world.Canary{Percent: in.PercentTraffic, Deployment: deployment, Variables: in.StageVariableOverrides, UseStageCache: in.UseStageCache}
}

func createDeployment(r *request, api *cloud.API) (any, error) {
	var in struct {
		StageName, Description, StageDescription string
		Variables                                map[string]string
		CanarySettings                           *canaryInput
	}
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	if len(api.Editor.Routes) == 0 {
		return nil, badRequest("The REST API doesn't contain any methods")
	}
	stage := api.Stages[in.StageName]
	switch {
	case in.CanarySettings != nil && stage == nil:
		return nil, badRequest("Invalid deployment content specified.Non null and non empty stageName must be provided for canary deployment. Provided value is %s", orElse(nonEmpty(in.StageName), "null"))
	case in.CanarySettings == nil && stage != nil && stage.Canary != nil:
		return nil, badRequest("Invalid deployment content specified.Non canary deployment not supported on stage %s because Canary is enabled. Provide CanarySettings in deploymentInput.", in.StageName)
	}
	d := r.cloud.Deploy(api, in.Description, false)
	switch {
	case in.StageName == "":
	case stage == nil:
		r.newStage(api, in.StageName, in.StageDescription, d.ID, in.Variables)
	case in.CanarySettings != nil:
		r.cloud.Change(api, in.StageName, func(s *cloud.Stage) { s.Canary = in.CanarySettings.canary(d.ID) })
	default:
		r.cloud.Change(api, in.StageName, func(s *cloud.Stage) {
			s.DeploymentID = d.ID
			if in.Variables != nil {
				s.Variables = in.Variables
			}
		})
	}
	return restDeployment(d), nil
}

func (r *request) newStage(api *cloud.API, name, description, deployment string, variables map[string]string) *cloud.Stage {
	now := r.cloud.Now()
	s := &cloud.Stage{
		Name: name, Description: description, DeploymentID: deployment, Variables: variables,
		Created: now, Updated: now, CacheSize: "0.5", DeployStatus: cloud.DeployedStatus(deployment),
	}
	api.Stages[name] = s
	if r.cloud.OnDeploy != nil {
		r.cloud.OnDeploy(api, s)
	}
	return s
}

func updateDeployment(r *request, api *cloud.API, d *cloud.Deployment) (any, error) {
	ops, err := r.patches()
	for _, op := range ops {
		if op.Path == "/description" {
			d.Description = op.Value
		}
	}
	return restDeployment(d), err
}

func deleteDeployment(r *request, api *cloud.API, d *cloud.Deployment) (any, error) {
	for _, s := range api.Stages {
		if s.DeploymentID == d.ID || s.Canary != nil && s.Canary.Deployment == d.ID {
			return nil, badRequest("Active stages pointing to this deployment must be moved or deleted")
		}
	}
	kept := api.Deployments[:0:0]
	for _, other := range api.Deployments {
		if other != d {
			kept = append(kept, other)
		}
	}
	api.Deployments = kept
	return nil, nil
}

func createStage(r *request, api *cloud.API) (any, error) {
	var in struct {
		StageName, DeploymentID, Description string
		Variables                            map[string]string
		CanarySettings                       *canaryInput
		CacheClusterEnabled, TracingEnabled  bool
	}
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	if api.Stages[in.StageName] != nil {
		return nil, conflict("Stage already exists")
	}
	if api.Deployment(in.DeploymentID) == nil || in.CanarySettings != nil && in.CanarySettings.DeploymentID != "" && api.Deployment(in.CanarySettings.DeploymentID) == nil {
		return nil, badRequest("Deployment id does not exist")
	}
	s := r.newStage(api, in.StageName, in.Description, in.DeploymentID, in.Variables)
	s.CacheCluster, s.Tracing = in.CacheClusterEnabled, in.TracingEnabled
	if c := in.CanarySettings; c != nil {
		s.Canary = c.canary(orElse(nonEmpty(c.DeploymentID), in.DeploymentID))
	}
	return restStage(r.cloud, s), nil
}

func deleteStage(r *request, api *cloud.API, stage *cloud.Stage) (any, error) {
	delete(api.Stages, stage.Name)
	return nil, nil
}

func flushCache(r *request, api *cloud.API, stage *cloud.Stage) (any, error) {
	if !stage.CacheCluster {
		return nil, badRequest("Cache cluster is not enabled for stage %s", stage.Name)
	}
	r.cloud.Change(api, stage.Name, func(s *cloud.Stage) { s.CacheFlushed = r.cloud.Now() })
	return nil, nil
}

func flushAuthorizers(kind string) func(*request) (any, error) {
	return func(r *request) (any, error) {
		api, stage, err := r.stage(kind)
		if err != nil {
			return nil, err
		}
		r.cloud.Change(api, stage.Name, func(s *cloud.Stage) { s.AuthorizersFlushed = r.cloud.Now() })
		return nil, nil
	}
}

func createMapping(r *request, d *cloud.Domain) (any, error) {
	var in struct{ BasePath, RestAPIID, Stage string }
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	m := world.Mapping{Path: strings.TrimPrefix(in.BasePath, "(none)"), API: in.RestAPIID, Stage: in.Stage}
	for _, other := range d.Mappings {
		if other.Path == m.Path {
			return nil, conflict("Base path already exists for this domain name")
		}
	}
	return r.putMapping(d, m)
}

// putMapping puts a REST mapping in place if it leads somewhere.
func (r *request) putMapping(d *cloud.Domain, m world.Mapping) (any, error) {
	api := r.cloud.APIs[m.API]
	if api == nil || api.Kind != "REST" {
		return nil, badRequest("Invalid REST API identifier specified")
	}
	if m.Stage != "" && api.Stages[m.Stage] == nil {
		return nil, badRequest("Invalid stage identifier specified")
	}
	r.cloud.Map(d, m)
	return basePathMapping(&m), nil
}

func updateMapping(r *request, d *cloud.Domain, m *world.Mapping) (any, error) {
	ops, err := r.patches()
	if err != nil {
		return nil, err
	}
	next := *m
	for _, op := range ops {
		switch op.Path {
		case "/stage":
			next.Stage = op.Value
		case "/basePath":
			next.Path = strings.TrimPrefix(op.Value, "(none)")
		case "/restapiId", "/restApiId":
			next.API = op.Value
		default:
			return nil, badRequest("Invalid patch path '%s' specified for op '%s'. Must be one of: [/basePath, /restapiId, /stage]", op.Path, op.Op)
		}
	}
	if next.Path != m.Path {
		r.cloud.Map(d, world.Mapping{Path: m.Path})
	}
	return r.putMapping(d, next)
}

func deleteMapping(r *request, d *cloud.Domain, m *world.Mapping) (any, error) {
	r.cloud.Map(d, world.Mapping{Path: m.Path})
	return nil, nil
}

// mergeVariables lays overrides over variables, as a promotion does.
func mergeVariables(base, over map[string]string) map[string]string {
	out := map[string]string{}
	maps.Copy(out, base)
	maps.Copy(out, over)
	return out
}
