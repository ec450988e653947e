package scenarios

import (
	"fmt"
	"slices"
	"strings"

	"stageprobe/analyze/cause"
	"stageprobe/probe/address"
	"stageprobe/probe/redact"
	"stageprobe/scenarios/internal/guard"
)

// Version is the version of the file format.
const Version = 1

// File is a scenario file.
type File struct {
	// Version of the format: 1.
	Version int `yaml:"version"`
	// Region of the APIs, such as eu-west-1; --region goes before it.
	Region string `yaml:"region,omitempty"`
	// URLs to check, as pasted; each names its target and its request.
	URLs []string `yaml:"urls,omitempty"`
	// APIs to check. A file without APIs takes them from the command line.
	APIs []API `yaml:"apis,omitempty"`
	// Intended differences between stages: they are no drift.
	Intended []Intended `yaml:"intended,omitempty"`
	// Compare names what is part of behaviour beside what any person would call another
	// answer: JSON pointers with * for indices, headers' names, /regular expressions/.
	Compare []string `yaml:"compare,omitempty"`
	// Ignore names what is not part of behaviour, in the same way.
	Ignore []string `yaml:"ignore,omitempty"`
	// Defaults for every request.
	Defaults Defaults `yaml:"defaults,omitempty"`
	// Scenarios are the requests; where none is listed, the routes of the
	// deployed definition are probed.
	Scenarios []Scenario `yaml:"scenarios,omitempty"`

	// Text is the file as it was given.
	Text string `yaml:"-"`

	secrets []string
}

// API is one API with the stages and domains that are checked.
type API struct {
	// ID of the API, such as abc123.
	ID string `yaml:"id,omitempty"`
	// Stages to check; all where left out.
	Stages []string `yaml:"stages,omitempty"`
	// Domains to check; where left out, every domain mapped to the stages.
	Domains []Domain `yaml:"domains,omitempty"`
}

// Domain is a custom domain with what it is meant to serve.
type Domain struct {
	// Name of the custom domain, such as api.example.com.
	Name string `yaml:"name"`
	// Stage that the domain is meant to serve.
	Stage string `yaml:"stage,omitempty"`
	// BasePath below the domain, without slashes around it.
	BasePath string `yaml:"base_path,omitempty"`
}

// Intended is a setting in which stages are meant to differ.
type Intended struct {
	// Stages that are meant to differ; all where left out.
	Stages []string `yaml:"stages,omitempty"`
	// Setting, such as variables.backend.
	Setting string `yaml:"setting"`
}

// Defaults hold for every request that does not say otherwise.
type Defaults struct {
	// Headers of every request; a value is text, env:NAME or file:PATH.
	Headers map[string]string `yaml:"headers,omitempty"`
	// Auth of every request.
	Auth Auth `yaml:"auth,omitempty"`
	// Compare of every request, beside that of the file.
	Compare []string `yaml:"compare,omitempty"`
	// Ignore of every request, beside that of the file.
	Ignore []string `yaml:"ignore,omitempty"`
	// Expect of every request that has no expectations of its own, those of
	// the deployed definition's routes included.
	Expect *Expect `yaml:"expect,omitempty"`
}

// Scenario is one request and what is expected of its answers.
type Scenario struct {
	// Name of the scenario; method and path where left out.
	Name string `yaml:"name,omitempty"`
	// Request that is sent again and again.
	Request Request `yaml:"request"`
	// Weight is how often it is drawn compared with the others; 1 where left out.
	Weight float64 `yaml:"weight,omitempty"`
	// Unsafe allows POST, PUT, PATCH and DELETE.
	Unsafe bool `yaml:"unsafe,omitempty"`
	// Preflight sends, in place of the request, what a browser sends first: OPTIONS
	// that asks for the request's method, without credentials.
	Preflight *Preflight `yaml:"preflight,omitempty"`
	// Stages where it applies; all where left out.
	Stages []string `yaml:"stages,omitempty"`
	// Auth of this request, in place of the default.
	Auth Auth `yaml:"auth,omitempty"`
	// Compare names what of its answers is part of behaviour, beside that of all.
	Compare []string `yaml:"compare,omitempty"`
	// Ignore names what of its answers is not part of behaviour, beside that of all.
	Ignore []string `yaml:"ignore,omitempty"`
	// Expect of the answers.
	Expect *Expect `yaml:"expect,omitempty"`
}

// Preflight is what a browser asks before a request to another origin.
type Preflight struct {
	// Origin of the page, such as https://shop.example.com.
	Origin string `yaml:"origin"`
	// Headers that the page's request would carry.
	Headers []string `yaml:"headers,omitempty"`
}

// Request is what is sent.
type Request struct {
	// Method; GET where left out.
	Method string `yaml:"method,omitempty"`
	// Path behind the stage or base path; begins with a slash.
	Path string `yaml:"path"`
	// Query parameters; a value is text, env:NAME, file:PATH or a list of them.
	Query map[string]Texts `yaml:"query,omitempty"`
	// Headers of this request; a value is text, env:NAME or file:PATH.
	Headers map[string]string `yaml:"headers,omitempty"`
	// Body: text as it is, env:NAME, file:PATH, or a value that is sent as JSON.
	Body Body `yaml:"body,omitempty"`
	// Auth of this request, in place of the default.
	Auth Auth `yaml:"auth,omitempty"`
}

// maxFile bounds a scenario file. The largest that anybody writes is a hundredth of it.
const maxFile = 2 << 20

// Load reads a scenario file; "builtin:NAME" is one of [Builtins]. Errors quote
// the line and say what is allowed.
func Load(path string) (*File, error) {
	if name, ok := strings.CutPrefix(path, builtinPrefix); ok {
		return loadBuiltin(name)
	}
	data, err := guard.ReadFile(path, maxFile)
	if err != nil {
		return nil, fmt.Errorf("read the scenario file: %w", err)
	}
	return Parse(path, data)
}

// Parse reads a scenario file from its text; name stands in errors, which are
// [*SyntaxError].
func Parse(name string, data []byte) (*File, error) {
	doc, err := parseDocument(name, data)
	if err != nil {
		return nil, err
	}
	f := &File{Text: string(data)}
	if err := doc.decode(f); err != nil {
		return nil, err
	}
	f.complete()
	if err := doc.validate(f); err != nil {
		return nil, err
	}
	return f, nil
}

// complete fills in what may be left out.
func (f *File) complete() {
	for i := range f.Scenarios {
		s := &f.Scenarios[i]
		s.Request.complete()
		if s.Name == "" && s.Request.Path != "" {
			s.Name = s.Request.Method + " " + redact.MaskURL(s.Request.Path) // it stands in every report
			if s.Preflight != nil {
				s.Name = "preflight of " + s.Name
			}
		}
		if s.Auth.Kind == "" {
			s.Auth = s.Request.Auth
		}
	}
}

// Selections are the APIs, stages and domains that the file names.
func (f *File) Selections() []address.APISelection {
	var out []address.APISelection
	for _, a := range f.APIs {
		sel := address.APISelection{ID: a.ID, Stages: slices.Clone(a.Stages)}
		for _, d := range a.Domains {
			sel.Domains = append(sel.Domains, address.DomainSelection{
				Name: d.Name, Stage: d.Stage, BasePath: strings.Trim(d.BasePath, "/"),
			})
		}
		out = append(out, sel)
	}
	return out
}

// IntendedDifferences are the settings in which stages are meant to differ.
func (f *File) IntendedDifferences() []cause.Intended {
	var out []cause.Intended
	for _, i := range f.Intended {
		out = append(out, cause.Intended{Stages: slices.Clone(i.Stages), Setting: i.Setting})
	}
	return out
}

// Has tells whether the file lists a scenario of this name.
func (f *File) Has(scenario string) bool { return f.scenario(scenario) != nil }

// Rules are what the file compares and ignores in the answers to one scenario, be it one
// of its own or a route of the deployed definition.
func (f *File) Rules(scenario string) (compare, ignore []string) {
	compare, ignore = slices.Concat(f.Compare, f.Defaults.Compare), slices.Concat(f.Ignore, f.Defaults.Ignore)
	if s := f.scenario(scenario); s != nil {
		compare, ignore = append(compare, s.Compare...), append(ignore, s.Ignore...)
	}
	return compare, ignore
}

// Auth says how a scenario authenticates: as it says itself, else as the
// defaults say; false where neither says anything.
func (f *File) Auth(scenario string) (Auth, bool) {
	a := f.Defaults.Auth
	if s := f.scenario(scenario); s != nil && s.Auth.Kind != "" {
		a = s.Auth
	}
	return a, a.Kind != ""
}

// scenario finds a scenario by name; nil where there is none.
func (f *File) scenario(name string) *Scenario {
	i := slices.IndexFunc(f.Scenarios, func(s Scenario) bool { return s.Name == name })
	if i < 0 {
		return nil
	}
	return &f.Scenarios[i]
}
