package control

import (
	"strings"

	"stageprobe/scenarios/sandbox/internal/cloud"
	"stageprobe/scenarios/sandbox/internal/world"
)

// routeInput is what CreateRoute and UpdateRoute take.
type routeInput struct {
	RouteKey, AuthorizationType, AuthorizerID, OperationName, Target *string
	AuthorizationScopes                                              []string
}

func (in *routeInput) apply(api *cloud.API, route *world.Route) {
	route.Authorization = orElse(in.AuthorizationType, route.Authorization)
	route.Operation = orElse(in.OperationName, route.Operation)
	if in.AuthorizerID != nil {
		route.Authorizer = authorizerByID(api, *in.AuthorizerID)
	}
	if in.AuthorizationScopes != nil {
		route.Scopes = in.AuthorizationScopes
	}
	if in.Target != nil {
		route.Integration = integrationByID(api, strings.TrimPrefix(*in.Target, "integrations/"))
	}
}

func integrationByID(api *cloud.API, id string) *world.Integration {
	for _, route := range api.Editor.Routes {
		if route.Integration != nil && integrationID(api, route.Integration) == id {
			return route.Integration
		}
	}
	return nil
}

func createRoute(r *request, api *cloud.API) (any, error) {
	var in routeInput
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	key := orElse(in.RouteKey, "")
	if api.Editor.Routes[key] != nil {
		return nil, conflict("Route with key %s already exists for this API", key)
	}
	route := &world.Route{Authorization: "NONE"}
	in.apply(api, route)
	r.cloud.Edit(api, func(d *world.Definition) { d.Routes[key] = route })
	return httpRoute(api, key), nil
}

func updateRoute(r *request, api *cloud.API, key string) (any, error) {
	var in routeInput
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	next := *api.Editor.Routes[key]
	in.apply(api, &next)
	renamed := orElse(in.RouteKey, key)
	r.cloud.Edit(api, func(d *world.Definition) {
		delete(d.Routes, key)
		d.Routes[renamed] = &next
	})
	return httpRoute(api, renamed), nil
}

func deleteRoute(r *request, api *cloud.API, key string) (any, error) {
	r.cloud.Edit(api, func(d *world.Definition) { delete(d.Routes, key) })
	return nil, nil
}

// updateHTTPIntegration changes an integration on every route that targets it.
func updateHTTPIntegration(r *request, api *cloud.API) (any, error) {
	id := r.PathValue("integration")
	old := integrationByID(api, id)
	if old == nil {
		return nil, notFound("Unable to find Integration by ID %s within the API with ID %s", id, api.ID)
	}
	var in struct {
		IntegrationURI, IntegrationMethod, PayloadFormatVersion *string
		TimeoutInMillis                                         *int
	}
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	next := *old
	next.URI, next.Method = orElse(in.IntegrationURI, old.URI), orElse(in.IntegrationMethod, old.Method)
	next.PayloadVersion, next.TimeoutMS = orElse(in.PayloadFormatVersion, old.PayloadVersion), orElse(in.TimeoutInMillis, old.TimeoutMS)
	r.cloud.Edit(api, func(d *world.Definition) {
		for key, route := range d.Routes {
			if integrationID(api, route.Integration) == id {
				changed := *route
				changed.Integration = &next
				d.Routes[key] = &changed
			}
		}
	})
	return httpIntegration(api, &next), nil
}
