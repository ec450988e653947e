package control

import (
	"encoding/json"
	"net/http"
	"slices"

	"stageprobe/scenarios/sandbox/internal/cloud"
	"stageprobe/scenarios/sandbox/internal/world"
)

var httpReads = []operation{
	{method: http.MethodGet, path: "/v2/apis", name: "GetApis", run: getAPIs},
	{method: http.MethodGet, path: "/v2/apis/{api}", name: "GetApi", run: with(theAPI("HTTP"), getAPI)},
	{method: http.MethodGet, path: "/v2/apis/{api}/stages", name: "GetStages", run: with(theAPI("HTTP"), getHTTPStages)},
	{method: http.MethodGet, path: "/v2/apis/{api}/stages/{stage}", name: "GetStage", run: with2(theStage("HTTP"), getHTTPStage)},
	{method: http.MethodGet, path: "/v2/apis/{api}/deployments", name: "GetDeployments", run: with(theAPI("HTTP"), getHTTPDeployments)},
	{method: http.MethodGet, path: "/v2/apis/{api}/deployments/{deployment}", name: "GetDeployment", run: with(theAPI("HTTP"), getHTTPDeployment)},
	{method: http.MethodGet, path: "/v2/apis/{api}/routes", name: "GetRoutes", run: with(theAPI("HTTP"), getRoutes)},
	{method: http.MethodGet, path: "/v2/apis/{api}/routes/{route}", name: "GetRoute", run: with2((*request).routeKey, getRoute)},
	{method: http.MethodGet, path: "/v2/apis/{api}/integrations", name: "GetIntegrations", run: with(theAPI("HTTP"), getIntegrations)},
	{method: http.MethodGet, path: "/v2/apis/{api}/authorizers", name: "GetAuthorizers", run: with(theAPI("HTTP"), getHTTPAuthorizers)},
	{method: http.MethodGet, path: "/v2/apis/{api}/exports/{type}", name: "ExportApi", run: with(theAPI("HTTP"), exportAPI)},
	{method: http.MethodGet, path: "/v2/domainnames", name: "GetDomainNames", run: getHTTPDomains},
	{method: http.MethodGet, path: "/v2/domainnames/{domain}", name: "GetDomainName", run: with((*request).httpDomain, getHTTPDomain)},
	{method: http.MethodGet, path: "/v2/domainnames/{domain}/apimappings", name: "GetApiMappings", run: with((*request).httpDomain, getAPIMappings)},
	{method: http.MethodGet, path: "/v2/domainnames/{domain}/apimappings/{mapping}", name: "GetApiMapping", run: with2((*request).apiMapping, getAPIMapping)},
	{method: http.MethodGet, path: "/v2/domainnames/{domain}/routingrules", name: "ListRoutingRules", run: with((*request).httpDomain, listRoutingRules)},
	{method: http.MethodGet, path: "/v2/domainnames/{domain}/routingrules/{rule}", name: "GetRoutingRule", run: with((*request).httpDomain, getRoutingRule)},
	{method: http.MethodGet, path: "/v2/vpclinks", name: "GetVpcLinks", run: func(r *request) (any, error) { return r.httpPage("items", nil) }},
	{method: http.MethodGet, path: "/v2/tags/{arn}", name: "GetTags", run: func(*request) (any, error) { return doc{"tags": doc{}}, nil }},
}

func getAPIs(r *request) (any, error) {
	return r.httpPage("items", docs(r.apisOf("HTTP"), func(api *cloud.API) doc { return httpAPI(r.cloud, api) }))
}

func getAPI(r *request, api *cloud.API) (any, error) {
	return httpAPI(r.cloud, api), nil
}

func getHTTPStages(r *request, api *cloud.API) (any, error) {
	return r.httpPage("items", docs(sortedKeys(api.Stages), func(name string) doc { return httpStage(r.cloud, api.Stages[name]) }))
}

func getHTTPStage(r *request, _ *cloud.API, stage *cloud.Stage) (any, error) {
	return httpStage(r.cloud, stage), nil
}

// getHTTPDeployments lists the newest first, as the service does.
func getHTTPDeployments(r *request, api *cloud.API) (any, error) {
	items := docs(api.Deployments, httpDeployment)
	slices.Reverse(items)
	return r.httpPage("items", items)
}

func getHTTPDeployment(r *request, api *cloud.API) (any, error) {
	d := api.Deployment(r.PathValue("deployment"))
	if d == nil {
		return nil, notFound("Unable to find Deployment by ID %s within the API with ID %s", r.PathValue("deployment"), api.ID)
	}
	return httpDeployment(d), nil
}

func getRoutes(r *request, api *cloud.API) (any, error) {
	return r.httpPage("items", docs(sortedKeys(api.Editor.Routes), func(key string) doc { return httpRoute(api, key) }))
}

// routeKey finds the route of the call by its id.
func (r *request) routeKey() (*cloud.API, string, error) {
	api, err := r.api("HTTP")
	if err != nil {
		return nil, "", err
	}
	for key := range api.Editor.Routes {
		if routeID(api, key) == r.PathValue("route") {
			return api, key, nil
		}
	}
	return nil, "", notFound("Unable to find Route by ID %s within the API with ID %s", r.PathValue("route"), api.ID)
}

func getRoute(r *request, api *cloud.API, key string) (any, error) {
	return httpRoute(api, key), nil
}

func getIntegrations(r *request, api *cloud.API) (any, error) {
	var items []doc
	seen := map[string]bool{}
	for _, key := range sortedKeys(api.Editor.Routes) {
		i := api.Editor.Routes[key].Integration
		if id := integrationID(api, i); i != nil && !seen[id] {
			seen[id] = true
			items = append(items, httpIntegration(api, i))
		}
	}
	return r.httpPage("items", items)
}

func getHTTPAuthorizers(r *request, api *cloud.API) (any, error) {
	return r.httpPage("items", docs(sortedKeys(api.Editor.Authorizers), func(name string) doc {
		return httpAuthorizer(name, api.Editor.Authorizers[name])
	}))
}

// exportAPI writes the editor's state, or a stage's deployed snapshot where
// one is named.
func exportAPI(r *request, api *cloud.API) (any, error) {
	if r.PathValue("type") != "OAS30" {
		return nil, badRequest("Invalid specification: %s. Only OAS30 is supported.", r.PathValue("type"))
	}
	q := r.URL.Query()
	e := httpExporter{cloud: r.cloud, api: api, def: api.Editor, extensions: q.Get("includeExtensions") != "false", created: api.Created}
	if name := q.Get("stageName"); name != "" {
		stage := api.Stages[name]
		if stage == nil {
			return nil, notFound("Unable to find Stage by ID %s within the API with ID %s", name, api.ID)
		}
		if d := api.Deployment(stage.DeploymentID); d != nil {
			e.def, e.stage, e.created = d.Definition, name, d.Created
		}
	}
	body, err := json.MarshalIndent(e.openAPI(), "", "  ")
	return document{"application/json", api.ID + ".json", body}, err
}

func (r *request) httpDomain() (*cloud.Domain, error) {
	if d := r.cloud.Domain(r.PathValue("domain")); d != nil {
		return d, nil
	}
	return nil, notFound("The resource specified in the request was not found.")
}

func getHTTPDomains(r *request) (any, error) {
	return r.httpPage("items", docs(r.domains(), func(d *cloud.Domain) doc { return httpDomain(r.cloud, d) }))
}

func getHTTPDomain(r *request, d *cloud.Domain) (any, error) {
	return httpDomain(r.cloud, d), nil
}

func getAPIMappings(r *request, d *cloud.Domain) (any, error) {
	return r.httpPage("items", docs(d.Mappings, apiMapping))
}

func (r *request) apiMapping() (*cloud.Domain, *world.Mapping, error) {
	d, err := r.httpDomain()
	if err != nil {
		return nil, nil, err
	}
	for _, m := range d.Mappings {
		if m.ID == r.PathValue("mapping") {
			return d, m, nil
		}
	}
	return nil, nil, notFound("Invalid API mapping identifier specified")
}

func getAPIMapping(r *request, _ *cloud.Domain, m *world.Mapping) (any, error) {
	return apiMapping(m), nil
}

func listRoutingRules(r *request, d *cloud.Domain) (any, error) {
	return r.httpPage("routingRules", docs(d.Rules, func(rule *world.Rule) doc { return routingRule(r.cloud, d, rule) }))
}

func getRoutingRule(r *request, d *cloud.Domain) (any, error) {
	for _, rule := range d.Rules {
		if rule.ID == r.PathValue("rule") {
			return routingRule(r.cloud, d, rule), nil
		}
	}
	return nil, notFound("Invalid routing rule identifier specified")
}
