package predeploy

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"stageprobe/analyze/diff"
	"stageprobe/probe"
)

// assembly brings the resources of a tool together by API.
type assembly struct {
	*changes
	byAddress map[string]*resource
	apis      map[string]*API
	parts     map[string][]*resource // API → what belongs to its definition
	paths     pathCache
	callers   map[string][]string // HTTP APIs: integration → routes
	out       *Change
}

func assemble(c *changes) *Change {
	a := &assembly{
		changes: c, byAddress: make(map[string]*resource, len(c.resources)), apis: map[string]*API{},
		parts: map[string][]*resource{}, paths: pathCache{}, out: &Change{Tool: c.tool, Notes: c.notes, Open: c.open},
	}
	for _, r := range c.resources {
		a.byAddress[r.address] = r
	}
	for _, r := range c.resources {
		if r.isAPI() {
			a.apiResource(r)
		}
	}
	for _, r := range c.resources {
		a.place(r)
	}
	for _, r := range c.resources {
		a.placeShared(r)
	}
	for _, address := range slices.Sorted(maps.Keys(a.apis)) {
		a.finish(a.apis[address])
		a.out.APIs = append(a.out.APIs, a.apis[address])
	}
	a.drift()
	count := map[string]int{}
	for _, api := range a.out.APIs {
		count[api.Name]++
	}
	for _, api := range a.out.APIs {
		api.namesake = count[api.Name] > 1
	}
	return a.out
}

func kindOf(v2 bool) probe.APIKind {
	if v2 {
		return probe.HTTP
	}
	return probe.REST
}

func (a *assembly) apiResource(r *resource) {
	api := &API{
		Address: r.address, ID: r.before.text("id"), Name: cmp.Or(r.after.text("name"), r.before.text("name")), Kind: kindOf(r.v2()),
		New: r.created() || r.replaced, Removed: r.removed(),
	}
	if r.replaced || looksUnreal(api.ID) {
		api.ID = ""
	}
	a.apis[r.address] = api
	a.parts[r.address] = append(a.parts[r.address], r)
	a.edit(api, r)
}

// looksUnreal tells an id that is an expression from one of API Gateway.
func looksUnreal(id string) bool {
	return strings.ContainsFunc(id, func(r rune) bool { return !('a' <= r && r <= 'z' || '0' <= r && r <= '9') })
}

// apiOf finds the API that a resource belongs to; one that the files do not
// hold is made up under its id.
func (a *assembly) apiOf(r *resource) *API {
	address := ""
	for _, p := range []string{"restapiid", "restapi", "apiid"} {
		address = cmp.Or(address, a.refer(r, p, r.after != nil))
	}
	if address == "" { // it is said in a way that the files do not resolve
		if only := a.only(r.v2()); only != nil {
			return only
		}
	}
	if address == "" {
		address = cmp.Or(a.unnamed, "an API that the file does not name")
	}
	if api := a.apis[address]; api != nil {
		return api
	}
	api := &API{Address: address, Kind: kindOf(r.v2()), Outside: true}
	if !looksUnreal(address) {
		api.ID = address
	}
	a.apis[address] = api
	return api
}

// only is the one API of its kind; nil where there are several.
func (a *assembly) only(v2 bool) *API {
	var found *API
	for _, api := range a.apis {
		if api.Kind != kindOf(v2) {
			continue
		}
		if found != nil {
			return nil
		}
		found = api
	}
	return found
}

func (a *assembly) place(r *resource) {
	info, known := kindOfType[r.key]
	switch {
	case !known || r.isAPI():
	case r.is("deployment"):
		a.deployment(a.apiOf(r), r)
	case r.is("stage"):
		a.stage(a.apiOf(r), r)
	case info.Effect != AtOnce && !r.is("vpclink") && !r.is("apikey"):
		api := a.apiOf(r)
		a.parts[api.Address] = append(a.parts[api.Address], r)
		a.edit(api, r)
	}
}

// placeShared finds the APIs of what belongs to none: VPC links by the
// integrations that use them, keys by being all that there is, aliases by the
// integrations that call them.
func (a *assembly) placeShared(r *resource) {
	switch {
	case r.is("vpclink"):
		a.users(r, func(api *API) { a.edit(api, r) })
	case r.is("apikey"):
		for _, api := range a.apis {
			a.edit(api, r)
		}
	case r.key == "lambda.alias":
		if s, ok := shiftOf(a, r); ok {
			a.users(r, func(api *API) { api.Shifts = append(api.Shifts, s) })
		}
	}
}

// users calls f for each API of which a part refers to r; for all where none is
// seen to and there is but one.
func (a *assembly) users(r *resource, f func(*API)) {
	found := false
	for address, parts := range a.parts {
		if slices.ContainsFunc(parts, func(p *resource) bool { return p.needs[r.address] }) {
			found = true
			f(a.apis[address])
		}
	}
	if !found && len(a.apis) == 1 {
		for _, api := range a.apis {
			f(api)
		}
	}
}

// actions are what happens to a resource, in words; none where nothing does.
func (r *resource) actions() []string {
	switch {
	case r.replaced:
		return []string{"replaced"}
	case r.created():
		return []string{"added"}
	case r.removed():
		return []string{"removed"}
	}
	return r.changed()
}

// edit adds what changes of a resource to its API's edits, a row for each kind.
func (a *assembly) edit(api *API, r *resource) {
	base := kindOfType[r.key].Kind
	subject := a.subject(r)
	if r.before == nil || r.after == nil || r.replaced {
		what := r.actions()
		if names := r.changed(); r.replaced && len(names) > 0 {
			what = a.spelt(r, names)
		}
		if len(what) > 0 && !(r.isAPI() && r.removed()) {
			api.Edits = append(api.Edits, Edit{Kind: base, Address: r.address, Subject: subject, What: what})
		}
		return
	}
	byKind := map[Kind][]string{}
	sure := map[Kind]bool{}
	for _, name := range r.changed() {
		if r.isAPI() && labels[name] {
			continue
		}
		k := kindOfProperty(base, name)
		byKind[k] = append(byKind[k], name)
		sure[k] = sure[k] || !r.unknown[name]
	}
	for _, k := range slices.Sorted(maps.Keys(byKind)) {
		if r.isAPI() && k != base {
			subject = settingSubject[k]
		}
		api.Edits = append(api.Edits, Edit{Kind: k, Address: r.address, Subject: subject, What: a.spelt(r, byKind[k]), Unknown: !sure[k]})
	}
}

// settingSubject names what an edit of an API's own resource is about.
var settingSubject = map[Kind]string{
	"body": "OpenAPI body", "policy": "resource policy", "binary types": "binary media types", "endpoint": "endpoint",
	"gateway response": "gateway responses", "model": "models", "authorizer": "authorizers",
}

func (a *assembly) spelt(r *resource, names []string) []string {
	return each(names, func(n string) string { return cmp.Or(r.names[n], n) })
}

// finish says what callers will see, and makes stages of deployments that have
// their stage's name and no stage beside them.
func (a *assembly) finish(api *API) {
	for _, d := range api.Deployments {
		if d.StageName == "" || api.stage(d.StageName) != nil {
			continue
		}
		s := &Stage{Address: d.Address, Name: d.StageName, Leads: d.Address, Moves: d.New, Removed: d.Removed}
		s.Canary = a.describedCanary(api, d.StageName)
		api.Stages = append(api.Stages, s)
	}
	a.joinNamed(api)
	for _, r := range a.parts[api.Address] {
		api.Parts = append(api.Parts, r.address)
		api.Doubts = append(api.Doubts, keptElsewhere(r)...)
	}
	if len(api.Edits) > 0 && !api.Removed && !a.partial {
		api.Differs, _ = diff.Definitions(a.definition(api, true), a.definition(api, false))
	}
	a.settings(api)
}

// drift tells what was changed outside of the tool: it waits in the editor like
// any other edit, and a new deployment takes it along.
func (a *assembly) drift() {
	for _, r := range a.drifted {
		info := kindOfType[r.key]
		names := r.actions()
		if len(names) == 0 {
			continue
		}
		what := strings.Join(a.spelt(r, names), ", ")
		switch {
		case r.is("stage"):
			a.out.Notes = append(a.out.Notes, "Changed outside of "+string(a.tool)+": stage "+cmp.Or(r.now().text("stagename"), r.now().text("name"))+" ("+r.address+": "+what+").")
		case info.Kind != "" && info.Effect != AtOnce:
			a.out.Notes = append(a.out.Notes, "Changed outside of "+string(a.tool)+": "+a.subject(r)+" ("+r.address+": "+what+"); a new deployment takes along what this plan does not set back.")
		}
	}
}

// Label is what a person calls the API: its name, unless another has the same.
func (a *API) Label() string {
	switch {
	case a.Name != "" && !strings.ContainsAny(a.Name, "{}") && !a.namesake:
		return a.Name
	case a.ID == a.Address:
		return "API " + a.Address
	}
	return a.Address
}
