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
	{method: http.MethodGet, path: "/restapis/{api}", name: "GetRestApi", run: with(theAPI("REST"), getRestAPI)},
	{method: http.MethodGet, path: "/restapis/{api}/stages", name: "GetStages", run: with(theAPI("REST"), getStages)},
	{method: http.MethodGet, path: "/restapis/{api}/stages/{stage}", name: "GetStage", run: with2(theStage("REST"), getStage)},
	{method: http.MethodGet, path: "/restapis/{api}/deployments", name: "GetDeployments", run: with(theAPI("REST"), getDeployments)},
	{method: http.MethodGet, path: "/restapis/{api}/deployments/{deployment}", name: "GetDeployment", run: with2((*request).deployment, getDeployment)},
	{method: http.MethodGet, path: "/restapis/{api}/resources", name: "GetResources", run: with(theAPI("REST"), getResources)},
	{method: http.MethodGet, path: "/restapis/{api}/resources/{resource}", name: "GetResource", run: with2((*request).resource, getResource)},
	{method: http.MethodGet, path: "/restapis/{api}/resources/{resource}/methods/{method}", name: "GetMethod", run: with3((*request).route, getMethod)},
	{method: http.MethodGet, path: "/restapis/{api}/resources/{resource}/methods/{method}/integration", name: "GetIntegration", run: with3((*request).route, getIntegration)},
	{method: http.MethodGet, path: "/restapis/{api}/stages/{stage}/exports/{type}", name: "GetExport", run: with2(theStage("REST"), getExport)},
	{method: http.MethodGet, path: "/restapis/{api}/authorizers", name: "GetAuthorizers", run: with(theAPI("REST"), getAuthorizers)},
	{method: http.MethodGet, path: "/restapis/{api}/models", name: "GetModels", run: with(theAPI("REST"), getModels)},
	{method: http.MethodGet, path: "/restapis/{api}/requestvalidators", name: "GetRequestValidators", run: with(theAPI("REST"), getValidators)},
	{method: http.MethodGet, path: "/restapis/{api}/gatewayresponses", name: "GetGatewayResponses", run: with(theAPI("REST"), getGatewayResponses)},
	{method: http.MethodGet, path: "/restapis/{api}/gatewayresponses/{type}", name: "GetGatewayResponse", run: with(theAPI("REST"), getGatewayResponse)},
	{method: http.MethodGet, path: "/domainnames", name: "GetDomainNames", run: getDomainNames},
	{method: http.MethodGet, path: "/domainnames/{domain}", name: "GetDomainName", run: with((*request).domain, getDomainName)},
	{method: http.MethodGet, path: "/domainnames/{domain}/basepathmappings", name: "GetBasePathMappings", run: with((*request).domain, getBasePathMappings)},
	{method: http.MethodGet, path: "/domainnames/{domain}/basepathmappings/{path}", name: "GetBasePathMapping", run: with2((*request).mapping, getBasePathMapping)},
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
	return r.restPage(docs(r.apisOf("REST"), func(api *cloud.API) doc { return r.also("api/"+api.ID, restAPI(api)) }))
}

func getRestAPI(r *request, api *cloud.API) (any, error) {
	return r.also("api/"+api.ID, restAPI(api)), nil
}

func getStages(r *request, api *cloud.API) (any, error) {
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

func getStage(r *request, api *cloud.API, stage *cloud.Stage) (any, error) {
	return r.also("stage/"+api.ID+"/"+stage.Name, restStage(r.cloud, stage)), nil
}

func getDeployments(r *request, api *cloud.API) (any, error) {
	return r.restPage(docs(api.Deployments, restDeployment))
}

func (r *request) deployment() (*cloud.API, *cloud.Deployment, error) {
	api, err := r.api("REST")
	if err != nil {
		return nil, nil, err
	}
	if d := api.Deployment(r.PathValue("deployment")); d != nil {
		return api, d, nil
	}
	return nil, nil, notFound("Invalid Deployment identifier specified")
}

func getDeployment(r *request, api *cloud.API, d *cloud.Deployment) (any, error) {
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

func getResources(r *request, api *cloud.API) (any, error) {
	return r.restPage(docs(resourcePaths(api.Editor), func(path string) doc { return restResource(api, path, embeds(r, "methods")) }))
}

func getAuthorizers(r *request, api *cloud.API) (any, error) {
	return r.restPage(docs(slices.Sorted(maps.Keys(api.Editor.Authorizers)), func(name string) doc {
		return r.also("authorizer/"+name, restAuthorizer(name, api.Editor.Authorizers[name]))
	}))
}

func getModels(r *request, api *cloud.API) (any, error) {
	var items []doc
	for _, name := range slices.Sorted(maps.Keys(api.Editor.Models)) {
		items = append(items, doc{
			"id": world.ShortID("model", api.ID, name)[:6], "name": name,
			"contentType": "application/json", "schema": api.Editor.Models[name],
		})
	}
	return r.restPage(items)
}

func getValidators(r *request, api *cloud.API) (any, error) {
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

func getGatewayResponses(r *request, api *cloud.API) (any, error) {
	return r.restPage(docs(cloud.ResponseTypes(), func(kind string) doc { return gatewayResponse(api.Editor, kind) }))
}

func getGatewayResponse(r *request, api *cloud.API) (any, error) {
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
