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
	{method: http.MethodGet, path: "/v2/apis/{api}", name: "GetApi", run: getAPI},
	{method: http.MethodGet, path: "/v2/apis/{api}/stages", name: "GetStages", run: getHTTPStages},
	{method: http.MethodGet, path: "/v2/apis/{api}/stages/{stage}", name: "GetStage", run: getHTTPStage},
	{method: http.MethodGet, path: "/v2/apis/{api}/deployments", name: "GetDeployments", run: getHTTPDeployments},
	{method: http.MethodGet, path: "/v2/apis/{api}/deployments/{deployment}", name: "GetDeployment", run: getHTTPDeployment},
	{method: http.MethodGet, path: "/v2/apis/{api}/routes", name: "GetRoutes", run: getRoutes},
	{method: http.MethodGet, path: "/v2/apis/{api}/routes/{route}", name: "GetRoute", run: getRoute},
	{method: http.MethodGet, path: "/v2/apis/{api}/integrations", name: "GetIntegrations", run: getIntegrations},
	{method: http.MethodGet, path: "/v2/apis/{api}/authorizers", name: "GetAuthorizers", run: getHTTPAuthorizers},
	{method: http.MethodGet, path: "/v2/apis/{api}/exports/{type}", name: "ExportApi", run: exportAPI},
	{method: http.MethodGet, path: "/v2/domainnames", name: "GetDomainNames", run: getHTTPDomains},
	{method: http.MethodGet, path: "/v2/domainnames/{domain}", name: "GetDomainName", run: getHTTPDomain},
	{method: http.MethodGet, path: "/v2/domainnames/{domain}/apimappings", name: "GetApiMappings", run: getAPIMappings},
	{method: http.MethodGet, path: "/v2/domainnames/{domain}/apimappings/{mapping}", name: "GetApiMapping", run: getAPIMapping},
	{method: http.MethodGet, path: "/v2/domainnames/{domain}/routingrules", name: "ListRoutingRules", run: listRoutingRules},
	{method: http.MethodGet, path: "/v2/domainnames/{domain}/routingrules/{rule}", name: "GetRoutingRule", run: getRoutingRule},
	{method: http.MethodGet, path: "/v2/vpclinks", name: "GetVpcLinks", run: func(r *request) (any, error) { return r.httpPage("items", nil) }},
	{method: http.MethodGet, path: "/v2/tags/{arn}", name: "GetTags", run: func(*request) (any, error) { return doc{"tags": doc{}}, nil }},
}

// httpAPI finds the HTTP API of the call.
func (r *request) httpAPI() (*cloud.API, error) {
	id := r.PathValue("api")
	if api := r.cloud.APIs[id]; api != nil && api.Kind == "HTTP" {
		return api, nil
	}
	return nil, notFound("Invalid API identifier specified %s:%s", r.cloud.Account, id)
}

func getAPIs(r *request) (any, error) {
	var items []doc
	for _, api := range r.apisOf("HTTP") {
		items = append(items, httpAPI(r.cloud, api))
	}
	return r.httpPage("items", items)
}

func getAPI(r *request) (any, error) {
	api, err := r.httpAPI()
	if err != nil {
		return nil, err
	}
	return httpAPI(r.cloud, api), nil
}

func getHTTPStages(r *request) (any, error) {
	api, err := r.httpAPI()
	if err != nil {
		return nil, err
	}
	var items []doc
	for _, name := range sortedKeys(api.Stages) {
		items = append(items, httpStage(r.cloud, api.Stages[name]))
	}
	return r.httpPage("items", items)
}

func getHTTPStage(r *request) (any, error) {
	_, stage, err := r.stage("HTTP")
	if err != nil {
		return nil, err
	}
	return httpStage(r.cloud, stage), nil
}

// getHTTPDeployments lists the newest first, as the service does.
func getHTTPDeployments(r *request) (any, error) {
	api, err := r.httpAPI()
	if err != nil {
		return nil, err
	}
	var items []doc
	for _, d := range slices.Backward(api.Deployments) {
		items = append(items, httpDeployment(d))
	}
	return r.httpPage("items", items)
}

func getHTTPDeployment(r *request) (any, error) {
	api, err := r.httpAPI()
	if err != nil {
		return nil, err
	}
	d := api.Deployment(r.PathValue("deployment"))
	if d == nil {
		return nil, notFound("Unable to find Deployment by ID %s within the API with ID %s", r.PathValue("deployment"), api.ID)
	}
	return httpDeployment(d), nil
}

func getRoutes(r *request) (any, error) {
	api, err := r.httpAPI()
	if err != nil {
		return nil, err
	}
	var items []doc
	for _, key := range sortedKeys(api.Editor.Routes) {
		items = append(items, httpRoute(api, key))
	}
	return r.httpPage("items", items)
}

// routeKey finds the route of the call by its id.
func (r *request) routeKey() (*cloud.API, string, error) {
	api, err := r.httpAPI()
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

func getRoute(r *request) (any, error) {
	api, key, err := r.routeKey()
	if err != nil {
		return nil, err
	}
	return httpRoute(api, key), nil
}

func getIntegrations(r *request) (any, error) {
	api, err := r.httpAPI()
	if err != nil {
		return nil, err
	}
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

func getHTTPAuthorizers(r *request) (any, error) {
	api, err := r.httpAPI()
	if err != nil {
		return nil, err
	}
	var items []doc
	for _, name := range sortedKeys(api.Editor.Authorizers) {
		items = append(items, httpAuthorizer(name, api.Editor.Authorizers[name]))
	}
	return r.httpPage("items", items)
}

// exportAPI writes the editor's state, or a stage's deployed snapshot where
// one is named.
func exportAPI(r *request) (any, error) {
	api, err := r.httpAPI()
	if err != nil {
		return nil, err
	}
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
	var items []doc
	for _, d := range r.domains() {
		items = append(items, httpDomain(r.cloud, d))
	}
	return r.httpPage("items", items)
}

func getHTTPDomain(r *request) (any, error) {
	d, err := r.httpDomain()
	if err != nil {
		return nil, err
	}
	return httpDomain(r.cloud, d), nil
}

func getAPIMappings(r *request) (any, error) {
	d, err := r.httpDomain()
	if err != nil {
		return nil, err
	}
	var items []doc
	for _, m := range d.Mappings {
		items = append(items, apiMapping(m))
	}
	return r.httpPage("items", items)
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

func getAPIMapping(r *request) (any, error) {
	_, m, err := r.apiMapping()
	if err != nil {
		return nil, err
	}
	return apiMapping(m), nil
}

func listRoutingRules(r *request) (any, error) {
	d, err := r.httpDomain()
	if err != nil {
		return nil, err
	}
	var items []doc
	for _, rule := range d.Rules {
		items = append(items, routingRule(r.cloud, d, rule))
	}
	return r.httpPage("routingRules", items)
}

func getRoutingRule(r *request) (any, error) {
	d, err := r.httpDomain()
	if err != nil {
		return nil, err
	}
	for _, rule := range d.Rules {
		if rule.ID == r.PathValue("rule") {
			return routingRule(r.cloud, d, rule), nil
		}
	}
	return nil, notFound("Invalid routing rule identifier specified")
}
