package cli

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"stageprobe/analyze/diff"
	"stageprobe/probe"
	"stageprobe/probe/address"
	"stageprobe/probe/inventory"
)

// editorOnly is how many routes that only the editor knows are asked for, each
// once per target: one is proof enough, a few show which.
const editorOnly = 3

// findScenarios says what is sent: the file's requests, else the pasted URLs',
// else the routes of the deployed definitions.
func (s *subject) findScenarios(ctx context.Context, c *checkFlags) error {
	if s.file != nil {
		list, err := s.file.Probes(s.targets)
		if err != nil {
			return err
		}
		s.scenarios = list
		s.intended = s.file.IntendedDifferences()
	}
	if len(s.scenarios) == 0 {
		s.scenarios = slices.DeleteFunc(address.URLScenarios(s.targets, s.selection), s.bareStage)
	}
	if !s.covered() {
		s.addRoutes(c)
	}
	if s.file == nil && !c.authenticated() {
		s.addProtected()
		if len(s.scenarios) == 0 {
			s.addGuarded()
		}
	}
	if s.file == nil || len(s.file.Scenarios) == 0 {
		s.addPreflights()
	}
	s.addEditorOnly()
	if len(s.scenarios) == 0 {
		return nothingToAsk(ctx, s)
	}
	s.authenticate(c)
	if c.timeoutFlag == nil || !c.timeoutFlag.Changed {
		s.giveTime()
	}
	c.ruleFlags.apply(s.scenarios, s.file)
	return nil
}

// nothingToAsk says why no request could be made up: most often since what has the
// routes could not be read, or is not there.
func nothingToAsk(ctx context.Context, s *subject) error {
	const instead = "list requests in a scenario file (-f), or paste a URL with a path"
	if s.unread != nil {
		return hint(unreadError{s.unread}, "%s; or %s", s.unread.Hint(), instead)
	}
	for _, sel := range s.selection.APIs {
		for _, d := range sel.Domains {
			if s.cloud != nil && s.snap.Domain(d.Name) == nil {
				return noSuchDomain(ctx, s.cloud, &s.snap, d.Name)
			}
		}
	}
	for _, t := range s.targets {
		if t.APIID == "" || s.definition(&t) != nil {
			continue
		}
		if e := inventory.Unread(&s.snap, "API "+t.APIID); e.Reason != inventory.Absent {
			return hint(unreadError{e}, "%s; or %s", e.Hint(), instead)
		}
	}
	return hint(errors.New("no route was found that can be probed without parameters, body or authorization"),
		"list requests in a scenario file (stageprobe init --api ID writes one), or paste a URL with a path")
}

// Where API Gateway waits for an integration, and streams its answer, at most (response
// transfer mode: 15 minutes).
const (
	beyondIntegration = 6 * time.Second
	longestStream     = 15 * time.Minute
)

// giveTime lets each request last as long as the integration of its route may, and a
// little more.
func (s *subject) giveTime() {
	for i := range s.scenarios {
		sc := &s.scenarios[i]
		for _, t := range s.targets {
			def := s.definition(&t)
			if def == nil || !sc.For(t.ID) {
				continue
			}
			in := def.Routes[cmp.Or(sc.Route, def.RouteFor(sc.Method, sc.Path))].Integration
			longest := time.Duration(in.TimeoutMS)*time.Millisecond + beyondIntegration
			if in.TransferMode == "STREAM" {
				longest = longestStream
			}
			if in.TimeoutMS > 0 && longest > defaultTimeout || in.TransferMode == "STREAM" {
				sc.Timeout = max(sc.Timeout, longest)
			}
		}
	}
}

// defaultTimeout is what every request gets.
const defaultTimeout = 35 * time.Second

// bareStage tells whether a pasted URL names a stage alone, whose definition has other
// routes and none for its root: those are what there is to ask.
func (s *subject) bareStage(sc probe.Scenario) bool {
	if strings.Trim(sc.Path, "/") != "" || sc.Query != "" || len(sc.Targets) != 1 {
		return false
	}
	t := s.target(sc.Targets[0])
	if api := s.snap.API(t.APIID); t.Meant == nil && api != nil && len(api.Stages) > 0 && api.Stage(t.Stage) == nil {
		return false // there is no such stage: it is a path whose stage was left out, or misspelt
	}
	def := s.definition(t)
	return def != nil && len(probe.Scenarios(def, probe.RouteOptions{})) > 0 && def.RouteFor(sc.Method, cmp.Or(sc.Path, "/")) == ""
}

// covered says whether every target has something to be asked.
func (s *subject) covered() bool {
	for _, t := range s.targets {
		if !slices.ContainsFunc(s.scenarios, func(sc probe.Scenario) bool { return sc.For(t.ID) && sc.Limit == 0 }) {
			return false
		}
	}
	return len(s.scenarios) > 0
}

// addRoutes adds the routes of what each target serves, or is meant to serve,
// and of its canary: a route that only the canary has splits too. A route goes
// to every target whose stage knows it, so that stages can be compared.
func (s *subject) addRoutes(c *checkFlags) {
	byTarget := map[string][]probe.Scenario{}
	var all []probe.Scenario
	for _, t := range s.targets {
		byTarget[t.ID] = s.routesOf(&t, c.authenticated())
		all = append(all, byTarget[t.ID]...)
	}
	for _, t := range s.targets {
		// A domain of which nothing tells where it leads may lead to any stage of the API.
		if t.Kind == probe.CustomDomain && t.Stage == "" && s.definition(&t) == nil && len(s.selection.APIs) == 1 {
			byTarget[t.ID] = all
		}
	}
	index := map[string]int{}
	for i, sc := range s.scenarios {
		index[sc.Name] = i
	}
	for _, t := range s.targets {
		for _, sc := range byTarget[t.ID] {
			i, ok := index[sc.Name]
			if !ok {
				i = len(s.scenarios)
				index[sc.Name] = i
				sc.Targets = nil
				s.scenarios = append(s.scenarios, sc)
			}
			if !slices.Contains(s.scenarios[i].Targets, t.ID) {
				s.scenarios[i].Targets = append(s.scenarios[i].Targets, t.ID)
			}
		}
	}
	s.addKnown(index)
}

// protected is how many routes are asked for without the credentials that they
// want, where stages differ in a setting that may decide who is let in.
const protected = 3

// addProtected adds routes behind an authorizer or a key where several stages
// of one API are checked and their settings differ: that one stage lets in what
// another refuses is seen only there. That all refuse is what is expected.
func (s *subject) addProtected() {
	for i := range s.snap.APIs {
		api := &s.snap.APIs[i]
		ids := s.targetsOf(api.ID)
		if len(ids) < 2 || !slices.ContainsFunc(diff.Stages(api), func(x diff.Setting) bool { return x.Behaviour }) {
			continue
		}
		s.scenarios = append(s.scenarios, s.protectedRoutes(ids)...)
	}
}

// addGuarded asks for routes behind an authorizer or a key where there are no
// others, as a pasted URL would: who refuses, and for want of what, is then the
// finding.
func (s *subject) addGuarded() {
	for i := range s.snap.APIs {
		ids := s.targetsOf(s.snap.APIs[i].ID)
		if len(ids) == 0 {
			continue
		}
		for _, sc := range s.protectedRoutes(ids) {
			sc.Uncredentialed = false
			s.scenarios = append(s.scenarios, sc)
		}
	}
}

func (s *subject) protectedRoutes(ids []string) []probe.Scenario {
	t := s.target(ids[0])
	var out []probe.Scenario
	for _, sc := range probe.Scenarios(s.definition(t), probe.RouteOptions{Authenticated: true}) {
		known := slices.ContainsFunc(s.scenarios, func(x probe.Scenario) bool { return x.Name == sc.Name })
		if known || len(out) == protected {
			continue
		}
		sc.Targets, sc.Uncredentialed = ids, true
		out = append(out, sc)
	}
	return out
}

func (s *subject) targetsOf(api string) []string {
	var out []string
	for _, t := range s.targets {
		if t.APIID == api {
			out = append(out, t.ID)
		}
	}
	slices.Sort(out)
	return out
}

func (s *subject) target(id string) *probe.Target {
	i := slices.IndexFunc(s.targets, func(t probe.Target) bool { return t.ID == id })
	return &s.targets[i]
}

// addKnown sends a route also to targets whose stage has it behind an
// authorizer or a key: that is a difference worth seeing.
func (s *subject) addKnown(index map[string]int) {
	for _, t := range s.targets {
		def := s.definition(&t)
		if def == nil {
			continue
		}
		for name, i := range index {
			sc := &s.scenarios[i]
			_, has := def.Routes[cmp.Or(sc.Route, name)]
			if has && len(sc.Targets) > 0 && !slices.Contains(sc.Targets, t.ID) && t.Reaches(&s.snap, sc.Path, s.selection.Headers) {
				sc.Targets = append(sc.Targets, t.ID)
			}
		}
	}
	for i := range s.scenarios {
		slices.Sort(s.scenarios[i].Targets)
	}
}

func (s *subject) routesOf(t *probe.Target, authenticated bool) []probe.Scenario {
	list := probe.Scenarios(s.definition(t), probe.RouteOptions{Authenticated: authenticated})
	// A longer mapping of the same domain may take a path to another stage.
	list = slices.DeleteFunc(list, func(sc probe.Scenario) bool {
		return !t.Reaches(&s.snap, sc.Path, s.selection.Headers)
	})
	api := s.snap.API(t.APIID)
	if st := api.Stage(t.Stage); st != nil && st.Canary != nil && st.Canary.Percent > 0 && st.CanaryDeployed != nil && st.Deployed != nil {
		for _, sc := range probe.EditorOnly(st.CanaryDeployed, st.Deployed, editorOnly) {
			sc.Limit, sc.Confirms = 0, ""
			list = append(list, sc)
		}
	}
	return list
}

// definition is what a target should serve: the snapshot of the stage that it
// is meant for, else of the stage it leads to, else the editor's.
func (s *subject) definition(t *probe.Target) *probe.Definition {
	ref := probe.StageRef{APIID: t.APIID, Stage: t.Stage}
	if t.Meant != nil {
		ref = *t.Meant
	}
	api := s.snap.API(ref.APIID)
	if st := api.Stage(ref.Stage); st != nil && st.Deployed != nil {
		return st.Deployed
	}
	if api != nil {
		return api.Editor
	}
	return nil
}

// addEditorOnly asks, a few times, for routes that the editor has and the
// stage's snapshot lacks, and for some that it has otherwise: the answer proves
// that the edits wait for a deployment.
func (s *subject) addEditorOnly() {
	for _, t := range s.targets {
		api := s.snap.API(t.APIID)
		st := api.Stage(t.Stage)
		if st == nil || st.Deployed == nil || api.Editor == nil {
			continue
		}
		edited := probe.EditorOnly(api.Editor, st.Deployed, editorOnly)
		for _, sc := range append(edited, probe.Changed(api.Editor, st.Deployed, editorOnly)...) {
			at := slices.IndexFunc(s.scenarios, func(x probe.Scenario) bool { return x.Name == sc.Name })
			if at < 0 {
				sc.Targets = []string{t.ID}
				s.scenarios = append(s.scenarios, sc)
			} else if have := &s.scenarios[at]; have.Limit > 0 && !slices.Contains(have.Targets, t.ID) {
				have.Targets = append(have.Targets, t.ID)
			}
		}
	}
}

// addPreflights asks what a browser asks before other requests, wherever a stage answers
// that: of pasted URLs for their own paths, else for a few of the definition's.
func (s *subject) addPreflights() {
	for i := range s.targets {
		t := &s.targets[i]
		def := s.definition(t)
		for _, sc := range probe.Preflights(def, probe.MaxPreflights) {
			at := slices.IndexFunc(s.scenarios, func(x probe.Scenario) bool { return x.Name == sc.Name })
			switch {
			case !t.Reaches(&s.snap, sc.Path, s.selection.Headers):
			case at < 0:
				sc.Targets = []string{t.ID}
				s.scenarios = append(s.scenarios, sc)
			case !slices.Contains(s.scenarios[at].Targets, t.ID):
				s.scenarios[at].Targets = append(s.scenarios[at].Targets, t.ID)
			}
		}
	}
}

// authenticate says how scenarios that say nothing themselves authenticate.
func (s *subject) authenticate(c *checkFlags) {
	kind := probe.AuthKind("")
	switch {
	case c.sigv4:
		kind = probe.AuthSigV4
	case c.bearer != "":
		kind = probe.AuthBearer
	case c.apiKey != "":
		kind = probe.AuthAPIKey
	}
	for i := range s.scenarios {
		s.scenarios[i].Auth = cmp.Or(s.scenarios[i].Auth, kind)
	}
}

// authenticated says whether the flags give probes credentials of any kind.
func (c *checkFlags) authenticated() bool {
	return c.apiKey != "" || c.bearer != "" || c.sigv4 || c.cert != "" || len(c.headers) > 0
}
