package control

import (
	"maps"
	"slices"
	"strings"

	"stageprobe/scenarios/sandbox/internal/cloud"
	"stageprobe/scenarios/sandbox/internal/world"
)

func (r *request) domain() (*cloud.Domain, error) {
	if d := r.cloud.Domain(r.PathValue("domain")); d != nil {
		return d, nil
	}
	return nil, notFound("Invalid domain name identifier specified")
}

func (r *request) domains() []*cloud.Domain {
	var out []*cloud.Domain
	for _, name := range slices.Sorted(maps.Keys(r.cloud.Domains)) {
		out = append(out, r.cloud.Domains[name])
	}
	return out
}

func getDomainNames(r *request) (any, error) {
	return r.restPage(docs(r.domains(), func(d *cloud.Domain) doc { return r.also("domain/"+d.Name, restDomain(r.cloud, d)) }))
}

func getDomainName(r *request, d *cloud.Domain) (any, error) {
	return r.also("domain/"+d.Name, restDomain(r.cloud, d)), nil
}

func getBasePathMappings(r *request, d *cloud.Domain) (any, error) {
	var items []doc
	for _, m := range d.Mappings {
		// What the older service cannot express stays out of its lists.
		if api := r.cloud.APIs[m.API]; api != nil && api.Kind == "REST" && !strings.Contains(m.Path, "/") {
			items = append(items, basePathMapping(m))
		}
	}
	return r.restPage(items)
}

func (r *request) mapping() (*cloud.Domain, *world.Mapping, error) {
	d, err := r.domain()
	if err != nil {
		return nil, nil, err
	}
	path := r.PathValue("path")
	if path == "(none)" {
		path = ""
	}
	for _, m := range d.Mappings {
		if m.Path == path {
			return d, m, nil
		}
	}
	return nil, nil, notFound("Invalid base path mapping identifier specified")
}

func getBasePathMapping(r *request, d *cloud.Domain, m *world.Mapping) (any, error) {
	return basePathMapping(m), nil
}
