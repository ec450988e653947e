package control

import (
	"stageprobe/scenarios/sandbox/internal/cloud"
	"stageprobe/scenarios/sandbox/internal/world"
)

// mappingInput is what CreateApiMapping and UpdateApiMapping take.
type mappingInput struct{ APIID, APIMappingKey, Stage *string }

func (r *request) putAPIMapping(d *cloud.Domain, m world.Mapping) (any, error) {
	api := r.cloud.APIs[m.API]
	if api == nil {
		return nil, badRequest("Invalid API identifier specified %s:%s", r.cloud.Account, m.API)
	}
	if api.Stages[m.Stage] == nil {
		return nil, badRequest("Invalid stage identifier specified")
	}
	r.cloud.Map(d, m)
	for _, put := range d.Mappings {
		if put.Path == m.Path {
			return apiMapping(put), nil
		}
	}
	return apiMapping(&m), nil
}

func createAPIMapping(r *request, d *cloud.Domain) (any, error) {
	var in mappingInput
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	m := world.Mapping{API: orElse(in.APIID, ""), Path: orElse(in.APIMappingKey, ""), Stage: orElse(in.Stage, "")}
	for _, other := range d.Mappings {
		if other.Path == m.Path {
			return nil, conflict("ApiMapping key already exists for this domain name")
		}
	}
	return r.putAPIMapping(d, m)
}

func updateAPIMapping(r *request, d *cloud.Domain, m *world.Mapping) (any, error) {
	var in mappingInput
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	next := world.Mapping{ID: m.ID, API: orElse(in.APIID, m.API), Path: orElse(in.APIMappingKey, m.Path), Stage: orElse(in.Stage, m.Stage)}
	if next.Path != m.Path {
		r.cloud.Map(d, world.Mapping{Path: m.Path})
	}
	return r.putAPIMapping(d, next)
}

func deleteAPIMapping(r *request, d *cloud.Domain, m *world.Mapping) (any, error) {
	r.cloud.Map(d, world.Mapping{Path: m.Path})
	return nil, nil
}

func putRoutingRule(r *request, d *cloud.Domain) (any, error) {
	var in struct {
		Priority   int
		Conditions []struct {
			MatchHeaders *struct {
				AnyOf []struct{ Header, ValueGlob string }
			}
			MatchBasePaths *struct{ AnyOf []string }
		}
		Actions []struct {
			InvokeAPI struct {
				APIID, Stage  string
				StripBasePath bool
			}
		}
	}
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	if len(in.Actions) != 1 {
		return nil, badRequest("A routing rule needs exactly one action")
	}
	action := in.Actions[0].InvokeAPI
	next := world.Rule{ID: r.PathValue("rule"), Priority: in.Priority, API: action.APIID, Stage: action.Stage, Strip: action.StripBasePath, Headers: map[string]string{}}
	for _, c := range in.Conditions {
		if c.MatchHeaders != nil {
			for _, h := range c.MatchHeaders.AnyOf {
				next.Headers[h.Header] = h.ValueGlob
			}
		}
		if c.MatchBasePaths != nil {
			next.Paths = c.MatchBasePaths.AnyOf
		}
	}
	r.cloud.PutRule(d, next)
	return routingRule(r.cloud, d, &next), nil
}
