package control

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"stageprobe/scenarios/sandbox/internal/cloud"
	"stageprobe/scenarios/sandbox/internal/world"
)

var restReads = []operation{
	{method: http.MethodGet, path: "/restapis", name: "GetRestApis", run: getRestAPIs},
	{method: http.MethodGet, path: "/restapis/{api}", name: "GetRestApi", run: getRestAPI},
	{method: http.MethodGet, path: "/restapis/{api}/stages", name: "GetStages", run: getStages},
	{method: http.MethodGet, path: "/restapis/{api}/stages/{stage}", name: "GetStage", run: getStage},
	{method: http.MethodGet, path: "/restapis/{api}/deployments", name: "GetDeployments", run: getDeployments},
	{method: http.MethodGet, path: "/restapis/{api}/deployments/{deployment}", name: "GetDeployment", run: getDeployment},
	{method: http.MethodGet, path: "/restapis/{api}/resources", name: "GetResources", run: getResources},
	{method: http.MethodGet, path: "/restapis/{api}/resources/{resource}", name: "GetResource", run: getResource},
	{method: http.MethodGet, path: "/restapis/{api}/resources/{resource}/methods/{method}", name: "GetMethod", run: getMethod},
	{method: http.MethodGet, path: "/restapis/{api}/resources/{resource}/methods/{method}/integration", name: "GetIntegration", run: getIntegration},
	{method: http.MethodGet, path: "/restapis/{api}/stages/{stage}/exports/{type}", name: "GetExport", run: getExport},
	{method: http.MethodGet, path: "/restapis/{api}/authorizers", name: "GetAuthorizers", run: getAuthorizers},
	{method: http.MethodGet, path: "/restapis/{api}/models", name: "GetModels", run: getModels},
	{method: http.MethodGet, path: "/restapis/{api}/requestvalidators", name: "GetRequestValidators", run: getValidators},
	{method: http.MethodGet, path: "/restapis/{api}/gatewayresponses", name: "GetGatewayResponses", run: getGatewayResponses},
	{method: http.MethodGet, path: "/restapis/{api}/gatewayresponses/{type}", name: "GetGatewayResponse", run: getGatewayResponse},
	{method: http.MethodGet, path: "/domainnames", name: "GetDomainNames", run: getDomainNames},
	{method: http.MethodGet, path: "/domainnames/{domain}", name: "GetDomainName", run: getDomainName},
	{method: http.MethodGet, path: "/domainnames/{domain}/basepathmappings", name: "GetBasePathMappings", run: getBasePathMappings},
	{method: http.MethodGet, path: "/domainnames/{domain}/basepathmappings/{path}", name: "GetBasePathMapping", run: getBasePathMapping},
	{method: http.MethodGet, path: "/usageplans", name: "GetUsagePlans", run: getUsagePlans},
	{method: http.MethodGet, path: "/usageplans/{plan}/keys", name: "GetUsagePlanKeys", run: getUsagePlanKeys},
	{method: http.MethodGet, path: "/apikeys", name: "GetApiKeys", run: getAPIKeys},
	{method: http.MethodGet, path: "/account", name: "GetAccount", run: getAccount},
	{method: http.MethodGet, path: "/vpclinks", name: "GetVpcLinks", run: noItems},
	{method: http.MethodGet, path: "/clientcertificates", name: "GetClientCertificates", run: noItems},
	{method: http.MethodGet, path: "/tags/{arn}", name: "GetTags", run: func(*request) (any, error) { return doc{"tags": doc{}}, nil }},
}

func noItems(r *request) (any, error) { return r.restPage(nil) }

// apisOf lists the APIs of a kind, oldest first and then by id.
func (r *request) apisOf(kind string) []*cloud.API {
	var out []*cloud.API
	for _, api := range r.cloud.APIs {
		if api.Kind == kind {
			out = append(out, api)
		}
	}
	slices.SortFunc(out, func(a, b *cloud.API) int { return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID)) })
	return out
}

func getRestAPIs(r *request) (any, error) {
	var items []doc
	for _, api := range r.apisOf("REST") {
		items = append(items, r.also("api/"+api.ID, restAPI(api)))
	}
	return r.restPage(items)
}

func getRestAPI(r *request) (any, error) {
	api, err := r.api("REST")
	if err != nil {
		return nil, err
	}
	return r.also("api/"+api.ID, restAPI(api)), nil
}

func getStages(r *request) (any, error) {
	api, err := r.api("REST")
	if err != nil {
		return nil, err
	}
	wanted := r.URL.Query().Get("deploymentId")
	items := []doc{}
	for _, name := range slices.Sorted(maps.Keys(api.Stages)) {
		s := api.Stages[name]
		if wanted == "" || s.DeploymentID == wanted || s.Canary != nil && s.Canary.Deployment == wanted {
			items = append(items, r.also("stage/"+api.ID+"/"+name, restStage(r.cloud, s)))
		}
	}
	return doc{"item": items}, nil // the one list without pages
}

func getStage(r *request) (any, error) {
	api, stage, err := r.stage("REST")
	if err != nil {
		return nil, err
	}
	return r.also("stage/"+api.ID+"/"+stage.Name, restStage(r.cloud, stage)), nil
}

func getDeployments(r *request) (any, error) {
	api, err := r.api("REST")
	if err != nil {
		return nil, err
	}
	var items []doc
	for _, d := range api.Deployments {
		items = append(items, restDeployment(d))
	}
	return r.restPage(items)
}

func (r *request) deployment(api *cloud.API) (*cloud.Deployment, error) {
	if d := api.Deployment(r.PathValue("deployment")); d != nil {
		return d, nil
	}
	return nil, notFound("Invalid Deployment identifier specified")
}

func getDeployment(r *request) (any, error) {
	api, err := r.api("REST")
	if err != nil {
		return nil, err
	}
	d, err := r.deployment(api)
	if err != nil {
		return nil, err
	}
	out := restDeployment(d)
	if embeds(r, "apisummary") {
		out["apiSummary"] = summary(d.Definition)
	}
	return out, nil
}

// embeds tells whether the query asks for an embedded part; the SDK repeats
// the parameter, the CLI may join with commas.
func embeds(r *request, part string) bool {
	for _, v := range r.URL.Query()["embed"] {
		if slices.Contains(strings.Split(v, ","), part) {
			return true
		}
	}
	return false
}

func getResources(r *request) (any, error) {
	api, err := r.api("REST")
	if err != nil {
		return nil, err
	}
	var items []doc
	for _, path := range resourcePaths(api.Editor) {
		items = append(items, restResource(api, path, embeds(r, "methods")))
	}
	return r.restPage(items)
}

func getAuthorizers(r *request) (any, error) {
	api, err := r.api("REST")
	if err != nil {
		return nil, err
	}
	var items []doc
	for _, name := range slices.Sorted(maps.Keys(api.Editor.Authorizers)) {
		items = append(items, r.also("authorizer/"+name, restAuthorizer(name, api.Editor.Authorizers[name])))
	}
	return r.restPage(items)
}

func getModels(r *request) (any, error) {
	api, err := r.api("REST")
	if err != nil {
		return nil, err
	}
	var items []doc
	for _, name := range slices.Sorted(maps.Keys(api.Editor.Models)) {
		items = append(items, doc{
			"id": world.ShortID("model", api.ID, name)[:6], "name": name,
			"contentType": "application/json", "schema": api.Editor.Models[name],
		})
	}
	return r.restPage(items)
}

func getValidators(r *request) (any, error) {
	api, err := r.api("REST")
	if err != nil {
		return nil, err
	}
	var items []doc
	for _, kind := range validatorsIn(api.Editor) {
		body, params := validates(kind)
		items = append(items, doc{
			"id": validatorID(api, kind), "name": validatorNames[kind],
			"validateRequestBody": body, "validateRequestParameters": params,
		})
	}
	return r.restPage(items)
}

func getGatewayResponses(r *request) (any, error) {
	api, err := r.api("REST")
	if err != nil {
		return nil, err
	}
	var items []doc
	for _, kind := range cloud.ResponseTypes() {
		items = append(items, gatewayResponse(api.Editor, kind))
	}
	return r.restPage(items)
}

func getGatewayResponse(r *request) (any, error) {
	api, err := r.api("REST")
	if err != nil {
		return nil, err
	}
	if !slices.Contains(cloud.ResponseTypes(), r.PathValue("type")) {
		return nil, notFound("Invalid Gateway Response type specified")
	}
	return gatewayResponse(api.Editor, r.PathValue("type")), nil
}

func getUsagePlans(r *request) (any, error) {
	var items []doc
	for _, p := range r.cloud.UsagePlans {
		if key := r.URL.Query().Get("keyId"); key == "" || slices.Contains(p.Keys, key) {
			items = append(items, usagePlan(p))
		}
	}
	return r.restPage(items)
}

func getUsagePlanKeys(r *request) (any, error) {
	var items []doc
	for _, p := range r.cloud.UsagePlans {
		if p.ID == r.PathValue("plan") {
			for _, key := range p.Keys {
				name := key
				if i := slices.IndexFunc(r.cloud.World.APIKeys, func(k *world.APIKey) bool { return k.ID == key }); i >= 0 {
					name = cmp.Or(r.cloud.World.APIKeys[i].Name, key)
				}
				items = append(items, doc{"id": key, "type": "API_KEY", "name": name})
			}
			return r.restPage(items)
		}
	}
	return nil, notFound("Invalid Usage Plan ID specified")
}

// getAPIKeys lists keys without their values: that takes includeValues, which
// a reader of configurations has no reason to ask for.
func getAPIKeys(r *request) (any, error) {
	values, _ := strconv.ParseBool(r.URL.Query().Get("includeValues"))
	if values {
		return nil, badRequest("includeValues is not served here")
	}
	var items []doc
	for _, k := range r.cloud.World.APIKeys {
		items = append(items, doc{
			"id": k.ID, "name": k.Name, "enabled": !k.Disabled, "stageKeys": []string{},
			"createdDate": r.cloud.Started.Unix() - 86400, "lastUpdatedDate": r.cloud.Started.Unix() - 86400,
		})
	}
	return r.restPage(items)
}

func getAccount(r *request) (any, error) {
	out := doc{
		"apiKeyVersion": "4", "features": []string{"UsagePlans"},
		"throttleSettings": doc{"burstLimit": 5000, "rateLimit": 10000.0},
	}
	if !r.cloud.World.Logs.Off {
		out["cloudwatchRoleArn"] = "arn:" + r.cloud.Partition + ":iam::" + r.cloud.Account + ":role/apigateway-logs"
	}
	return out, nil
}
