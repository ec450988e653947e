package control

import (
	"maps"
	"slices"
	"strings"

	"stageprobe/scenarios/sandbox/internal/cloud"
	"stageprobe/scenarios/sandbox/internal/world"
)

// editResponse replaces the call's gateway response; nil makes it the default
// again.
func (r *request) editResponse(change func(*world.GatewayResponse) *world.GatewayResponse) (any, error) {
	api, err := r.api("REST")
	if err != nil {
		return nil, err
	}
	kind := r.PathValue("type")
	if !slices.Contains(cloud.ResponseTypes(), kind) {
		return nil, notFound("Invalid Gateway Response type specified")
	}
	next := world.GatewayResponse{}
	if old := api.Editor.GatewayResponses[kind]; old != nil {
		next = world.GatewayResponse{Status: old.Status, Headers: maps.Clone(old.Headers), Templates: maps.Clone(old.Templates)}
	}
	changed := change(&next)
	r.cloud.Edit(api, func(d *world.Definition) {
		if d.GatewayResponses == nil {
			d.GatewayResponses = map[string]*world.GatewayResponse{}
		}
		d.GatewayResponses[kind] = changed
		if changed == nil {
			delete(d.GatewayResponses, kind)
		}
	})
	return gatewayResponse(api.Editor, kind), nil
}

func putGatewayResponse(r *request) (any, error) {
	var in struct {
		StatusCode                            string
		ResponseParameters, ResponseTemplates map[string]string
	}
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	return r.editResponse(func(*world.GatewayResponse) *world.GatewayResponse {
		headers := map[string]string{}
		for name, value := range in.ResponseParameters {
			headers[strings.TrimPrefix(name, "gatewayresponse.header.")] = value
		}
		return &world.GatewayResponse{Status: in.StatusCode, Headers: headers, Templates: in.ResponseTemplates}
	})
}

func updateGatewayResponse(r *request) (any, error) {
	ops, err := r.patches()
	if err != nil {
		return nil, err
	}
	return r.editResponse(func(g *world.GatewayResponse) *world.GatewayResponse {
		for _, op := range ops {
			patchResponse(g, op)
		}
		return g
	})
}

// patchResponse applies one patch operation to a gateway response.
func patchResponse(g *world.GatewayResponse, op patch) {
	name := pointer(op.Path)
	switch {
	case op.Path == "/statusCode":
		g.Status = op.Value
	case len(name) == 2 && name[0] == "responseTemplates":
		g.Templates = withValue(g.Templates, name[1], op)
	case len(name) == 2 && name[0] == "responseParameters":
		g.Headers = withValue(g.Headers, strings.TrimPrefix(name[1], "gatewayresponse.header."), op)
	}
}

func deleteGatewayResponse(r *request) (any, error) {
	_, err := r.editResponse(func(*world.GatewayResponse) *world.GatewayResponse { return nil })
	return nil, err
}
