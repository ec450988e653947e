package predeploy

import (
	"fmt"
	"slices"

	"stageprobe/analyze/cause"
)

// Live says what becomes of an API's edits on a stage.
type Live string

// What may become of them.
const (
	All      Live = "all"     // every edit would be live
	None     Live = "none"    // none would
	OnCanary Live = "canary"  // those on the canary alone would
	Unknown  Live = "unknown" // the files do not tell
	NoEdit   Live = "no edit" // nothing waits for a deployment
	Gone     Live = "removed" // the stage goes
)

// Outcome is what the change means for one stage.
type Outcome struct {
	API   *API
	Stage *Stage // nil where the files hold no stage of the API
	Live  Live
	Why   string // a clause
}

// Judgement is what a change means.
type Judgement struct {
	Outcomes []Outcome
	Findings []cause.Finding
	Open     []Question
	Notes    []string
}

// Question is what the files leave open about an API.
type Question struct {
	API    *API
	Text   string
	Enable string // what would tell
}

// judge is one judgement being made.
type judge struct {
	*Judgement
	tool  Tool
	terms terms
	said  []string // what each finding says, before the stages are filled in
}

// Judge says per API and stage what will be live after the change and what will
// not, and what to write so that it is. Region is for AWS CLI commands; "" leaves
// it to the profile.
func Judge(c *Change, region string) *Judgement {
	j := &judge{Judgement: &Judgement{Notes: slices.Clone(c.Notes)}, tool: c.Tool, terms: termsOf(c.Tool, region)}
	for _, text := range c.Open {
		j.Open = append(j.Open, Question{Text: text})
	}
	for _, api := range c.APIs {
		j.api(api)
	}
	j.fillIn()
	return j.Judgement
}

func (j *judge) api(api *API) {
	for _, s := range api.Shifts {
		j.shift(api, s)
	}
	if api.Removed {
		j.Outcomes = append(j.Outcomes, Outcome{api, nil, Gone, "the API would be removed with all of its stages"})
		return
	}
	j.behind(api)
	stages := slices.DeleteFunc(slices.Clone(api.Stages), func(s *Stage) bool { return s.Removed })
	for _, s := range api.Stages {
		if s.Removed {
			j.Outcomes = append(j.Outcomes, Outcome{api, s, Gone, "the stage would be removed: its invoke URL and mappings would lead to nothing"})
		}
	}
	for _, doubt := range api.Doubts {
		j.open(api, doubt, "")
	}
	if len(stages) == 0 {
		j.stageless(api)
		return
	}
	for _, s := range stages {
		j.stage(api, s)
	}
	j.late(api)
}

func (j *judge) open(api *API, text, enable string) {
	j.Open = append(j.Open, Question{api, text, enable})
}

// made are the deployments that the change creates.
func (a *API) made() []*Deployment {
	return slices.DeleteFunc(slices.Clone(a.Deployments), func(d *Deployment) bool { return !d.New || d.Removed })
}

// kept are the deployments that stay as they are.
func (a *API) kept() []*Deployment {
	return slices.DeleteFunc(slices.Clone(a.Deployments), func(d *Deployment) bool { return d.New || d.Removed })
}

// stageless judges an API of which the files hold no stage.
func (j *judge) stageless(api *API) {
	switch edits := editWords(api); {
	case len(api.Edits) == 0:
	case len(api.made()) > 0:
		j.Outcomes = append(j.Outcomes, Outcome{api, nil, Unknown, "a deployment would be made, and no stage in the files moves to it"})
		j.open(api, fmt.Sprintf("%s: %s would be in a new deployment, but no stage in the files serves it", api.Label(), edits),
			"the stages: they are kept elsewhere, or with credentials --api ID reads them")
	case len(api.kept()) > 0 && !unsureOnly(api.Edits):
		j.Outcomes = append(j.Outcomes, Outcome{api, nil, None, "its deployment stays the one that it is"})
		j.stale(api, nil, "its deployment stays as it is")
	default:
		j.Outcomes = append(j.Outcomes, Outcome{api, nil, Unknown, "the files hold neither a deployment nor a stage of it"})
		j.open(api, fmt.Sprintf("%s: %s, and the files hold neither a deployment nor a stage of it, so that nothing tells when it would be live", api.Label(), edits),
			j.terms.elsewhere)
	}
}

func unsureOnly(edits []Edit) bool {
	return !slices.ContainsFunc(edits, func(e Edit) bool { return !e.Unknown })
}

// visible tells whether a caller could see any of the edits.
func visible(edits []Edit) bool {
	return slices.ContainsFunc(edits, func(e Edit) bool { return effectOf(e.Kind) == WithDeployment })
}

// stage judges one stage that will be there.
func (j *judge) stage(api *API, s *Stage) {
	add := func(live Live, why string) { j.Outcomes = append(j.Outcomes, Outcome{api, s, live, why}) }
	d := api.deployment(s.Leads)
	fresh := d != nil && d.New
	switch {
	case s.AutoDeploy:
		j.automatic(api, s)
		return
	case fresh && d.DestroyFirst && !s.New && d.StageName == "":
		add(None, "the old deployment would be destroyed first, which a stage in use forbids")
		j.destroyedFirst(api, s, d)
		return
	case fresh && d.ToCanary != nil:
		add(OnCanary, fmt.Sprintf("the new deployment goes to its canary alone (%s of requests)", percentWords(*d.ToCanary)))
		return
	case s.Canary != nil && s.Canary.Was && fresh && !s.Canary.Moves:
		j.canaryInTheWay(api, s, add)
		return
	case fresh && d.Condition != "":
		add(Unknown, "whether the deployment is made depends on a condition")
		j.open(api, fmt.Sprintf("stage %s of %s: whether deployment %s is made depends on %s", s.Name, api.Label(), d.Address, d.Condition), "a template without that condition, or a change set")
		return
	case fresh:
		add(All, "it moves to the new deployment "+j.terms.short(d.Address))
		j.order(api, s, d)
		j.waiting(api, s)
		j.nextRefused(api, s)
		return
	}
	j.staying(api, s, add)
}

// staying judges a stage that leads to no deployment of this change.
func (j *judge) staying(api *API, s *Stage, add func(Live, string)) {
	if c := s.Canary; c != nil && c.Moves {
		if d := api.deployment(c.Leads); d != nil && d.New {
			add(OnCanary, fmt.Sprintf("only its canary moves to the new deployment (%s of requests)", percentWords(c.Percent)))
			return
		}
	}
	if !s.AutoDeploy && s.AutoDeployWas {
		j.turnedOff(api, s)
	}
	switch {
	case len(api.Edits) == 0 && s.Moves && !s.New && s.Leads != "":
		add(NoEdit, "it moves to deployment "+j.terms.short(s.Leads)+", which is there already")
	case len(api.Edits) == 0:
		add(NoEdit, "nothing changes that needs a deployment")
	case s.Unsure:
		add(Unknown, "the files do not tell which deployment it moves to")
		j.open(api, fmt.Sprintf("stage %s of %s: the files do not tell which deployment it would serve", s.Name, api.Label()), j.terms.unsure)
	case unsureOnly(api.Edits):
		add(Unknown, "no new deployment, and whether anything changes is known only once it is applied")
		j.open(api, fmt.Sprintf("stage %s of %s would move to no new deployment, and %s known only once it is applied: if the value turns out to change, the stage keeps serving the old one",
			s.Name, api.Label(), j.unsureWords(api)), j.terms.unknown)
	case s.Moves && s.Leads != "" && !s.New:
		add(None, "it moves to deployment "+j.terms.short(s.Leads)+", which was made before the edits")
		j.stale(api, s, "deployment "+j.terms.short(s.Leads)+", to which it moves, is there already")
	case s.New && s.Leads != "":
		add(None, "it begins with deployment "+j.terms.short(s.Leads)+", which was made before the edits")
		j.stale(api, s, "deployment "+j.terms.short(s.Leads)+", with which it begins, is there already")
	case len(api.made()) > 0:
		add(None, "a new deployment is made, and the stage does not move to it")
		j.stale(api, s, "nothing moves it to the new deployment "+j.terms.short(api.made()[0].Address))
	default:
		add(None, "no new deployment is made for it")
		j.stale(api, s, "no new deployment would be made")
	}
}

// automatic judges a stage of an HTTP API that deploys by itself.
func (j *judge) automatic(api *API, s *Stage) {
	o := Outcome{api, s, All, "it deploys by itself"}
	if len(api.Edits) == 0 {
		o.Live, o.Why = NoEdit, "nothing changes that needs a deployment"
	}
	j.Outcomes = append(j.Outcomes, o)
}
