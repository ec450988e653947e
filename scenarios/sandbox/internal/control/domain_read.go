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
	var items []doc
	for _, d := range r.domains() {
		items = append(items, r.also("domain/"+d.Name, restDomain(r.cloud, d)))
	}
	return r.restPage(items)
}

func getDomainName(r *request) (any, error) {
	d, err := r.domain()
	if err != nil {
		return nil, err
	}
	return r.also("domain/"+d.Name, restDomain(r.cloud, d)), nil
}

func getBasePathMappings(r *request) (any, error) {
	d, err := r.domain()
	if err != nil {
		return nil, err
	}
	var items []doc
	for _, m := range d.Mappings {
		// What the older service cannot express stays out of its lists.
		if api := r.cloud.APIs[m.API]; api != nil && api.Kind == "REST" && !strings.Contains(m.Path, "/") {
			items = append(items, basePathMapping(m))
		}
	}
	return r.restPage(items)
}

func (r *request) mapping(d *cloud.Domain) (*world.Mapping, error) {
	path := r.PathValue("path")
	if path == "(none)" {
		path = ""
	}
	for _, m := range d.Mappings {
		if m.Path == path {
			return m, nil
		}
	}
	return nil, notFound("Invalid base path mapping identifier specified")
}

func getBasePathMapping(r *request) (any, error) {
	d, err := r.domain()
	if err != nil {
		return nil, err
	}
	m, err := r.mapping(d)
	if err != nil {
		return nil, err
	}
	return basePathMapping(m), nil
}
