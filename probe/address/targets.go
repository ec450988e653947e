package address

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"stageprobe/probe"
)

// Selection is what somebody named to be checked.
type Selection struct {
	Region string
	APIs   []APISelection
	URLs   []string // as pasted

	// Headers are the fixed headers that every probe sends; routing rules of a
	// custom domain look at them. See [FixedHeaders].
	Headers []probe.Header

	// InvokeTemplate replaces the invoke URL of a stage for emulators, such as
	// "http://localhost:4566/_aws/execute-api/{api}/{stage}"; "" is Amazon's.
	InvokeTemplate string
}

// APISelection is one API with the stages and domains that are checked.
type APISelection struct {
	ID      string
	Stages  []string          // all where empty
	Domains []DomainSelection // where empty: every domain mapped to those stages
}

// DomainSelection is a custom domain with what it is meant to serve.
type DomainSelection struct {
	Name     string
	BasePath string // "": whatever of the domain leads to the API, else its root
	Stage    string // the stage it is meant to serve; "" where nobody said
}

// Problem is something about a selection that a person should know.
type Problem struct {
	Subject string // such as "API abc123" or a URL
	Text    string // what is the matter
	Hint    string // the next thing to try
}

// Targets finds the addresses that a selection speaks of, each once. snap may
// be nil: what only the control plane knows is then left empty. An address
// that leads nowhere by configuration is a target all the same, and says so.
func Targets(snap *probe.Snapshot, sel Selection) ([]probe.Target, []Problem) {
	f := finder{snap: snap, sel: sel}
	for _, a := range sel.APIs {
		f.api(a)
	}
	for _, raw := range sel.URLs {
		f.url(raw)
	}
	return f.targets, f.problems
}

// finder gathers targets.
type finder struct {
	snap     *probe.Snapshot
	sel      Selection
	targets  []probe.Target
	problems []Problem
}

// add keeps a target unless its address is there already. Another address with
// the same id (an emulator's beside Amazon's) gets its URL as id.
func (f *finder) add(t probe.Target) {
	for i := range f.targets {
		if f.targets[i].URL == t.URL && f.targets[i].BasePath == t.BasePath {
			if f.targets[i].Meant == nil {
				f.targets[i].Meant = t.Meant
			}
			return
		}
		if f.targets[i].ID == t.ID {
			t.ID = t.URL
		}
	}
	f.targets = append(f.targets, t)
}

func (f *finder) problem(subject, text, hint string) {
	p := Problem{subject, text, hint}
	if !slices.Contains(f.problems, p) {
		f.problems = append(f.problems, p)
	}
}

// api adds the stages and domains of one API.
func (f *finder) api(a APISelection) {
	if a.ID == "" { // domains alone: they say which API they lead to
		for _, t := range f.domains(a, nil) {
			f.add(t)
		}
		return
	}
	api := f.snap.API(a.ID)
	if f.snap != nil && api == nil {
		f.problem("API "+a.ID, "it was not found in region "+cmp.Or(f.region(), "(none)"),
			"check the id and --region; without rights to read it, name its --stage so that it can be probed")
	}
	stages := a.Stages
	if len(stages) == 0 && api != nil {
		for i := range api.Stages {
			stages = append(stages, api.Stages[i].Name)
		}
	}
	if len(stages) == 0 {
		f.problem("API "+a.ID, "its stages are not known", "name them with --stage, or paste a URL")
	}
	domains := f.domains(a, stages)
	if api != nil && api.DefaultEndpointOff && len(domains) > 0 {
		f.problem("API "+a.ID, "its execute-api endpoint is switched off, so only its custom domains are probed", "")
	} else {
		for _, s := range stages {
			f.add(f.stage(a.ID, s))
		}
	}
	for _, t := range domains {
		f.add(t)
	}
}

// stage is the invoke URL of one stage.
func (f *finder) stage(apiID, stage string) probe.Target {
	t := probe.Target{
		ID: apiID + "/" + stage, Kind: probe.InvokeURL, Region: f.region(),
		URL: StageURL(f.region(), "", apiID, stage),
	}
	if f.sel.InvokeTemplate != "" {
		t.URL = expand(f.sel.InvokeTemplate, f.region(), apiID, stage)
	}
	f.describe(&t, probe.StageRef{APIID: apiID, Stage: stage})
	return t
}

// expand fills in an emulator's template; $default has no segment of its own.
func expand(template, region, api, stage string) string {
	if stage == probe.DefaultStage {
		template = strings.ReplaceAll(template, "/{stage}", "")
	}
	return strings.TrimSuffix(strings.NewReplacer(
		"{api}", api, "{stage}", stage, "{region}", region).Replace(template), "/")
}

func (f *finder) region() string {
	if f.snap != nil && f.snap.Region != "" {
		return f.snap.Region
	}
	return f.sel.Region
}

// describe fills in what the configuration says of the stage that an address
// leads to.
func (f *finder) describe(t *probe.Target, ref probe.StageRef) {
	t.APIID, t.Stage = ref.APIID, ref.Stage
	api := f.snap.API(ref.APIID)
	if api == nil {
		return
	}
	t.APIKind = api.Kind
	if len(api.EndpointTypes) == 1 {
		t.Endpoint = api.EndpointTypes[0]
	}
	if t.Kind == probe.InvokeURL && api.DefaultEndpointOff {
		t.Unmapped = fmt.Sprintf("the execute-api endpoint of API %s is switched off (disableExecuteApiEndpoint)", api.ID)
	}
	stage := api.Stage(ref.Stage)
	if stage == nil {
		if f.stagesRead(api) {
			t.Unmapped = noStage(api, ref.Stage)
		}
		return
	}
	t.DeploymentID, t.Canary = stage.DeploymentID, stage.Canary
}

// stagesRead tells an API without a stage from one whose stages could not be read.
func (f *finder) stagesRead(api *probe.API) bool {
	return !slices.ContainsFunc(f.snap.Gaps, func(g probe.Gap) bool {
		return g.Operation == "GetStages" && g.APIID == api.ID
	})
}

func noStage(api *probe.API, name string) string {
	if len(api.Stages) == 0 {
		return fmt.Sprintf("API %s has no stage at all", api.ID)
	}
	var names []string
	for i := range api.Stages {
		names = append(names, api.Stages[i].Name)
	}
	slices.Sort(names)
	has := strings.Join(names, ", ")
	if name == "" {
		return fmt.Sprintf("the URL names no stage of API %s (it has %s)", api.ID, has)
	}
	return fmt.Sprintf("API %s has no stage %q (it has %s)", api.ID, name, has)
}
