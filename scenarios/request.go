package scenarios

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"stageprobe/probe"
)

func (r *Request) complete() {
	r.Method = strings.ToUpper(r.Method)
	if r.Method == "" {
		r.Method = http.MethodGet
	}
}

// requestURL takes a path apart that may carry a query, and escapes what is not
// escaped yet.
func requestURL(path string) (*url.URL, error) {
	u, err := url.ParseRequestURI(path)
	if err != nil {
		return nil, fmt.Errorf("%w", err.(*url.Error).Err)
	}
	return u, nil
}

// Probes are the requests for the targets: each with the ids of those that it
// applies to. A scenario that applies to none is left out. Here the values of
// env: and file: are read, and [File.Secrets] knows them from then on.
func (f *File) Probes(targets []probe.Target) ([]probe.Scenario, error) {
	var out []probe.Scenario
	for i := range f.Scenarios {
		s := &f.Scenarios[i]
		ids := s.appliesTo(targets)
		if len(ids) == 0 {
			continue
		}
		p, err := f.probe(s)
		if err != nil {
			return nil, fmt.Errorf("scenario %s: %w", s.Name, err)
		}
		p.Targets = ids
		out = append(out, p)
	}
	return out, nil
}

// appliesTo lists the targets that lead to, or are meant for, one of the
// scenario's stages.
func (s *Scenario) appliesTo(targets []probe.Target) []string {
	var ids []string
	for _, t := range targets {
		if len(s.Stages) == 0 || contains(s.Stages, t.Stage) || t.Meant != nil && contains(s.Stages, t.Meant.Stage) {
			ids = append(ids, t.ID)
		}
	}
	return ids
}

func (f *File) probe(s *Scenario) (probe.Scenario, error) {
	u, err := requestURL(s.Request.Path)
	if err != nil {
		return probe.Scenario{}, err
	}
	auth, _ := f.Auth(s.Name)
	p := probe.Scenario{
		Name: s.Name, Method: s.Request.Method, Path: u.EscapedPath(), Auth: auth.Kind,
		Weight: s.Weight, Unsafe: s.Unsafe,
	}
	if p.Query, err = f.query(u.RawQuery, s.Request.Query); err != nil {
		return p, err
	}
	if p.Header, err = f.header(s.Request.Headers); err != nil {
		return p, err
	}
	if s.Preflight != nil {
		if p.Method == http.MethodOptions {
			p.Method = http.MethodGet // what it asks for was not said
		}
		return probe.Preflight(p, s.Preflight.Origin, s.Preflight.Headers...), nil
	}
	if p.Auth == "" && p.IsPreflight() {
		p.Auth = probe.AuthNone // written by hand, and no browser sends one with credentials
	}
	return p, f.body(&p, s.Request.Body)
}

func (f *File) query(raw string, query map[string]Texts) (string, error) {
	values := url.Values{}
	for _, name := range slices.Sorted(maps.Keys(query)) {
		for _, spec := range query[name] {
			value, err := f.resolve("query parameter "+name, spec)
			if err != nil {
				return "", err
			}
			values.Add(name, value)
		}
	}
	return strings.Trim(raw+"&"+values.Encode(), "&"), nil
}

// header joins the defaults with the request's own headers, which go before
// them, sorted by name.
func (f *File) header(own map[string]string) ([]probe.Header, error) {
	merged := map[string]probe.Header{}
	for _, from := range []map[string]string{f.Defaults.Headers, own} {
		for _, name := range slices.Sorted(maps.Keys(from)) {
			value, err := f.resolve("header "+name, from[name])
			if err != nil {
				return nil, err
			}
			merged[strings.ToLower(name)] = probe.Header{Name: name, Value: value}
		}
	}
	var out []probe.Header
	for _, name := range slices.Sorted(maps.Keys(merged)) {
		out = append(out, merged[name])
	}
	return out, nil
}

func (f *File) body(p *probe.Scenario, b Body) error {
	text, err := f.resolve("body", b.Text)
	if err != nil {
		return err
	}
	p.Body = []byte(text)
	if b.JSON != nil {
		p.Body = b.JSON
		if probe.HeaderValue(p.Header, "content-type") == "" {
			p.Header = append(p.Header, probe.Header{Name: "Content-Type", Value: "application/json"})
		}
	}
	if len(p.Body) == 0 {
		p.Body = nil
	}
	return nil
}
