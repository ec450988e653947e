package control

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"stageprobe/scenarios/sandbox/internal/cloud"
	"stageprobe/scenarios/sandbox/internal/world"
)

// editorWrites change an API's definition, which is served to nobody until it
// is deployed.
var editorWrites = []operation{
	{method: http.MethodPost, path: "/restapis/{api}/resources/{resource}", name: "CreateResource", status: 201, run: with2((*request).resource, createResource)},
	{method: http.MethodDelete, path: "/restapis/{api}/resources/{resource}", name: "DeleteResource", status: 202, run: with2((*request).resource, deleteResource)},
	{method: http.MethodPut, path: "/restapis/{api}/resources/{resource}/methods/{method}", name: "PutMethod", status: 201, run: with2((*request).resource, putMethod)},
	{method: http.MethodPatch, path: "/restapis/{api}/resources/{resource}/methods/{method}", name: "UpdateMethod", run: updateMethod},
	{method: http.MethodDelete, path: "/restapis/{api}/resources/{resource}/methods/{method}", name: "DeleteMethod", status: 204, run: with3((*request).route, deleteMethod)},
	{method: http.MethodPut, path: "/restapis/{api}/resources/{resource}/methods/{method}/integration", name: "PutIntegration", status: 201, run: putIntegration},
	{method: http.MethodPatch, path: "/restapis/{api}/resources/{resource}/methods/{method}/integration", name: "UpdateIntegration", run: updateIntegration},
	{method: http.MethodPut, path: "/restapis/{api}/resources/{resource}/methods/{method}/responses/{status}", name: "PutMethodResponse", status: 201, run: putMethodResponse},
	{method: http.MethodPut, path: "/restapis/{api}/resources/{resource}/methods/{method}/integration/responses/{status}", name: "PutIntegrationResponse", status: 201, run: putIntegrationResponse},
	{method: http.MethodPut, path: "/restapis/{api}/gatewayresponses/{type}", name: "PutGatewayResponse", status: 201, run: putGatewayResponse},
	{method: http.MethodPatch, path: "/restapis/{api}/gatewayresponses/{type}", name: "UpdateGatewayResponse", run: updateGatewayResponse},
	{method: http.MethodDelete, path: "/restapis/{api}/gatewayresponses/{type}", name: "DeleteGatewayResponse", status: 202, run: deleteGatewayResponse},
}

// resource finds the API and the path of the call's resource.
func (r *request) resource() (*cloud.API, string, error) {
	api, err := r.api("REST")
	if err != nil {
		return nil, "", err
	}
	for _, path := range resourcePaths(api.Editor) {
		if ResourceID(api, path) == r.PathValue("resource") {
			return api, path, nil
		}
	}
	return nil, "", notFound("Invalid Resource identifier specified")
}

// route finds the method of the call.
func (r *request) route() (*cloud.API, string, *world.Route, error) {
	api, path, err := r.resource()
	if err != nil {
		return nil, "", nil, err
	}
	route := api.Editor.Routes[r.PathValue("method")+" "+path]
	if route == nil {
		return nil, "", nil, notFound("Invalid Method identifier specified")
	}
	return api, path, route, nil
}

func getResource(r *request, api *cloud.API, path string) (any, error) {
	return restResource(api, path, embeds(r, "methods")), nil
}

func getMethod(r *request, api *cloud.API, path string, route *world.Route) (any, error) {
	return restMethod(api, path, r.PathValue("method"), route), nil
}

func getIntegration(r *request, api *cloud.API, path string, route *world.Route) (any, error) {
	if route.Integration == nil {
		return nil, notFound("Invalid Integration identifier specified")
	}
	return restIntegration(api, path, route.Integration), nil
}

func createResource(r *request, api *cloud.API, parent string) (any, error) {
	var in struct{ PathPart string }
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	path := strings.TrimSuffix(parent, "/") + "/" + in.PathPart
	if slices.Contains(resourcePaths(api.Editor), path) {
		return nil, conflict("Another resource with the same parent already has this name: %s", in.PathPart)
	}
	r.cloud.Edit(api, func(d *world.Definition) { d.Resources = append(d.Resources, path) })
	return restResource(api, path, false), nil
}

func deleteResource(r *request, api *cloud.API, path string) (any, error) {
	below := func(p string) bool { return p == path || strings.HasPrefix(p, path+"/") }
	r.cloud.Edit(api, func(d *world.Definition) {
		d.Resources = slices.DeleteFunc(d.Resources, below)
		maps.DeleteFunc(d.Routes, func(key string, _ *world.Route) bool {
			_, p, _ := strings.Cut(key, " ")
			return below(p)
		})
	})
	return nil, nil
}

func putMethod(r *request, api *cloud.API, path string) (any, error) {
	key := r.PathValue("method") + " " + path
	if api.Editor.Routes[key] != nil {
		return nil, conflict("Method already exists for this resource")
	}
	var in struct {
		AuthorizationType, AuthorizerID, OperationName string
		APIKeyRequired                                 bool
		RequestParameters                              map[string]bool
		RequestModels                                  map[string]string
		AuthorizationScopes                            []string
	}
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	route := &world.Route{
		Authorization: in.AuthorizationType, APIKey: in.APIKeyRequired, Operation: in.OperationName,
		Scopes: in.AuthorizationScopes, Models: in.RequestModels, Params: ownParams(in.RequestParameters),
		Authorizer: authorizerByID(api, in.AuthorizerID),
	}
	r.cloud.Edit(api, func(d *world.Definition) { d.Routes[key] = route })
	return restMethod(api, path, r.PathValue("method"), route), nil
}

func authorizerByID(api *cloud.API, id string) string {
	for name, a := range api.Editor.Authorizers {
		if a.ID == id {
			return name
		}
	}
	return ""
}

// ownParams turns the wire's parameter names into a world's.
func ownParams(wire map[string]bool) map[string]bool {
	places := map[string]string{"querystring": "query", "header": "header", "path": "path"}
	out := map[string]bool{}
	for name, required := range wire {
		place, rest, _ := strings.Cut(strings.TrimPrefix(name, "method.request."), ".")
		out[places[place]+"."+rest] = required
	}
	return out
}

// edit replaces the call's route by a changed copy.
func (r *request) edit(change func(*world.Route)) (any, error) {
	api, path, route, err := r.route()
	if err != nil {
		return nil, err
	}
	next := *route
	change(&next)
	method := r.PathValue("method")
	r.cloud.Edit(api, func(d *world.Definition) { d.Routes[method+" "+path] = &next })
	return restMethod(api, path, method, &next), nil
}

// editIntegration is edit for the route's integration.
func (r *request) editIntegration(change func(*world.Integration)) (any, error) {
	api, path, route, err := r.route()
	if err != nil {
		return nil, err
	}
	integration := world.Integration{}
	if route.Integration != nil {
		integration = *route.Integration
		integration.Responses = maps.Clone(integration.Responses)
	}
	change(&integration)
	if _, err := r.edit(func(route *world.Route) { route.Integration = &integration }); err != nil {
		return nil, err
	}
	return restIntegration(api, path, &integration), nil
}

func updateMethod(r *request) (any, error) {
	ops, err := r.patches()
	if err != nil {
		return nil, err
	}
	api, err := r.api("REST")
	if err != nil {
		return nil, err
	}
	return r.edit(func(route *world.Route) {
		for _, op := range ops {
			switch op.Path {
			case "/authorizationType":
				route.Authorization = op.Value
			case "/authorizerId":
				route.Authorizer = authorizerByID(api, op.Value)
			case "/apiKeyRequired":
				route.APIKey = op.Value == "true"
			case "/operationName":
				route.Operation = op.Value
			}
		}
	})
}

func deleteMethod(r *request, api *cloud.API, path string, _ *world.Route) (any, error) {
	r.cloud.Edit(api, func(d *world.Definition) {
		delete(d.Routes, r.PathValue("method")+" "+path)
		d.Resources = append(d.Resources, path) // the resource stays
	})
	return nil, nil
}

func putIntegration(r *request) (any, error) {
	var in struct {
		Type, HTTPMethod, URI, Credentials, PassthroughBehavior, ContentHandling, ConnectionType, ConnectionID string
		TimeoutInMillis                                                                                        int
		RequestParameters, RequestTemplates                                                                    map[string]string
		CacheKeyParameters                                                                                     []string
	}
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	return r.editIntegration(func(i *world.Integration) {
		*i = world.Integration{
			Type: in.Type, Method: in.HTTPMethod, URI: in.URI, Credentials: in.Credentials,
			Passthrough: in.PassthroughBehavior, ContentHandling: in.ContentHandling,
			ConnectionType: in.ConnectionType, ConnectionID: in.ConnectionID, TimeoutMS: in.TimeoutInMillis,
			RequestParameters: in.RequestParameters, RequestTemplates: in.RequestTemplates, CacheKeys: in.CacheKeyParameters,
		}
		if i.Passthrough == "" {
			i.Passthrough = "WHEN_NO_MATCH"
		}
		if i.TimeoutMS == 0 {
			i.TimeoutMS = 29000
		}
	})
}

func updateIntegration(r *request) (any, error) {
	ops, err := r.patches()
	if err != nil {
		return nil, err
	}
	for _, op := range ops {
		if !patchIntegration(&world.Integration{}, op) {
			return nil, badRequest("Invalid patch path '%s' specified for op '%s'", op.Path, op.Op)
		}
	}
	return r.editIntegration(func(i *world.Integration) {
		for _, op := range ops {
			patchIntegration(i, op)
		}
	})
}

// patchIntegration applies one operation, and tells whether there is such a path.
func patchIntegration(i *world.Integration, op patch) bool {
	switch path := pointer(op.Path); {
	case len(path) == 2 && path[0] == "requestTemplates":
		i.RequestTemplates = withValue(i.RequestTemplates, path[1], op)
	case len(path) == 2 && path[0] == "requestParameters":
		i.RequestParameters = withValue(i.RequestParameters, path[1], op)
	case len(path) != 1:
		return false
	case path[0] == "uri":
		i.URI = op.Value
	case path[0] == "httpMethod":
		i.Method = op.Value
	case path[0] == "credentials":
		i.Credentials = op.Value
	case path[0] == "passthroughBehavior":
		i.Passthrough = op.Value
	case path[0] == "timeoutInMillis":
		i.TimeoutMS = number(op.Value)
	default:
		return false
	}
	return true
}

func putMethodResponse(r *request) (any, error) {
	status := r.PathValue("status")
	_, err := r.edit(func(route *world.Route) {
		if !slices.Contains(route.Responses, status) {
			route.Responses = append(slices.Clone(route.Responses), status)
		}
	})
	return doc{"statusCode": status}, err
}

func putIntegrationResponse(r *request) (any, error) {
	var in struct {
		SelectionPattern                      string
		ResponseParameters, ResponseTemplates map[string]string
	}
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	status := r.PathValue("status")
	_, err := r.editIntegration(func(i *world.Integration) {
		if i.Responses == nil {
			i.Responses = map[string]*world.IntegrationResponse{}
		}
		i.Responses[status] = &world.IntegrationResponse{Pattern: in.SelectionPattern, Parameters: in.ResponseParameters, Templates: in.ResponseTemplates}
	})
	return compact(doc{
		"statusCode": status, "selectionPattern": in.SelectionPattern,
		"responseParameters": in.ResponseParameters, "responseTemplates": in.ResponseTemplates,
	}), err
}
