package predeploy

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

func (a *assembly) deployment(api *API, r *resource) {
	d := &Deployment{
		Address: r.address, New: r.after != nil && (r.created() || r.replaced || api.New), Removed: r.removed(),
		DestroyFirst: r.replaced && r.destroyFirst, StageName: r.now().text("stagename"), Triggers: r.triggers,
	}
	d.Ordered, d.Condition = r.ordered, r.condition
	if p := orBlock(r.after.block("deploymentcanarysettings"), r.after.block("canarysettings")); p != nil {
		percent := percentOf(p)
		d.ToCanary = &percent
	}
	if d.New && d.Ordered {
		d.After = a.closure(r)
	}
	api.Deployments = append(api.Deployments, d)
}

// closure is all that a resource comes after.
func (a *assembly) closure(r *resource) map[string]bool {
	seen := map[string]bool{}
	todo := []string{r.address}
	for len(todo) > 0 {
		address := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		next := a.byAddress[address]
		if next == nil || seen[address] {
			continue
		}
		seen[address] = true
		todo = append(todo, slices.Collect(maps.Keys(next.needs))...)
	}
	return seen
}

func (a *assembly) stage(api *API, r *resource) {
	now := cmp.Or(a.refer(r, "deploymentid", true), a.refer(r, "deployment", true))
	s := &Stage{
		Address: r.address, Name: cmp.Or(r.now().text("stagename"), r.now().text("name")), New: r.created() || r.replaced, Removed: r.removed(),
		Leads: now, AutoDeploy: r.after.bool("autodeploy"), AutoDeployWas: r.before.bool("autodeploy"),
	}
	s.Name = cmp.Or(s.Name, nameOfURN(r.address))
	for _, p := range []string{"deploymentid", "deployment"} { // the latter is Pulumi's
		s.Moves = s.Moves || r.unknown[p] || !same(r.before[p], r.after[p])
	}
	s.Moves = s.Moves || s.New
	s.Unsure = s.Moves && now == ""
	s.Canary, s.CanaryGoes = a.canary(r)
	s.Settings = a.spelt(r, slices.DeleteFunc(r.changed(), func(n string) bool { return n == "deploymentid" || n == "deployment" }))
	api.Stages = append(api.Stages, s)
}

func (a *assembly) canary(r *resource) (c *Canary, goes bool) {
	block := func(p props) props {
		if b := p.block("canarysettings"); b != nil {
			return b
		}
		return p.block("canarysetting")
	}
	was, now := block(r.before), block(r.after)
	if now == nil {
		return nil, was != nil
	}
	c = &Canary{Percent: percentOf(now), Was: was != nil}
	c.Leads = a.referIn(now, r)
	c.Moves = c.Leads != "" && c.Leads != a.referIn(was, r)
	return c, false
}

func (a *assembly) referIn(block props, r *resource) string {
	if block == nil {
		return ""
	}
	tmp := &resource{canary: true, address: r.address, key: r.key, before: block, after: block, needs: r.needs}
	return a.refer(tmp, "deploymentid", true)
}

func percentOf(p props) float64 {
	v, ok := number(p["percenttraffic"])
	if !ok && !empty(p["percenttraffic"]) {
		return -1
	}
	return v
}

// joinNamed merges the stages that several deployments of one name stand for,
// as where a new logical id takes the place of the old one; and leads a stage of
// its own to a deployment that names it.
func (a *assembly) joinNamed(api *API) {
	for _, d := range api.Deployments {
		s := api.stage(d.StageName)
		if d.StageName == "" || s == nil || d.Removed {
			continue
		}
		if old := api.deployment(s.Leads); d.New || old == nil || old.Removed {
			if s.Leads == "" || old == nil || old.Removed || old.StageName != "" || s.Address == old.Address {
				s.Leads, s.Moves, s.Unsure, s.Removed = d.Address, d.New, false, false
			}
		}
	}
}

// describedCanary is the canary that the StageDescription of a stage's
// deployments sets: it stays on the stage.
func (a *assembly) describedCanary(api *API, stage string) *Canary {
	var was, now props
	for _, d := range api.Deployments {
		if r := a.byAddress[d.Address]; d.StageName == stage && r != nil {
			was = orBlock(was, r.before.block("stagedescription").block("canarysetting"))
			now = orBlock(now, r.after.block("stagedescription").block("canarysetting"))
		}
	}
	p := orBlock(now, was)
	if p == nil {
		return nil
	}
	return &Canary{Percent: percentOf(p), Was: was != nil}
}

func orBlock(a, b props) props {
	if a == nil {
		return b
	}
	return a
}

// settings notes what changes of stages without any deployment.
func (a *assembly) settings(api *API) {
	for _, s := range api.Stages {
		if s.Name != "" && !s.New && !s.Removed && len(s.Settings) > 0 {
			a.out.Notes = append(a.out.Notes, "Stage "+s.Name+" of "+api.Label()+": "+"changes of "+strings.Join(s.Settings, ", ")+" take effect at once, with no deployment.")
		}
	}
}
