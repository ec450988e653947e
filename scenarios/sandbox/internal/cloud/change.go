package cloud

import (
	"maps"
	"slices"
	"strings"
	"time"

	"stageprobe/scenarios/sandbox/internal/world"
)

// Change replaces a stage by a changed copy. While the world's propagation
// lasts, answers may come from either.
func (c *Cloud) Change(api *API, name string, edit func(*Stage)) *Stage {
	old := api.Stages[name]
	next := *old
	next.Variables = maps.Clone(old.Variables)
	next.Methods = maps.Clone(old.Methods)
	if old.Canary != nil {
		canary := *old.Canary
		canary.Variables = maps.Clone(canary.Variables)
		next.Canary = &canary
	}
	edit(&next)
	next.Updated = c.Now()
	next.previous = nil
	if c.World.Propagation > 0 {
		kept := *old
		kept.previous = nil
		next.previous = &kept
	}
	api.Stages[name] = &next
	if next.DeploymentID != old.DeploymentID && c.OnDeploy != nil {
		c.OnDeploy(api, &next)
	}
	return &next
}

// Deploy freezes the editor's definition.
func (c *Cloud) Deploy(api *API, description string, auto bool) *Deployment {
	d := &Deployment{
		ID: c.NewID("deployment"), Description: description, Created: c.Now(), Definition: api.Editor,
		Status: "DEPLOYED", Auto: auto,
	}
	api.Deployments = append(api.Deployments, d)
	return d
}

// Edit puts a changed copy of an API's editor state in place, and deploys it
// to the HTTP API stages that deploy by themselves.
func (c *Cloud) Edit(api *API, change func(*world.Definition)) {
	next := *api.Editor
	next.Routes = maps.Clone(next.Routes)
	next.Authorizers = maps.Clone(next.Authorizers)
	next.GatewayResponses = maps.Clone(next.GatewayResponses)
	next.Models = maps.Clone(next.Models)
	next.Resources = slices.Clone(next.Resources)
	if next.Routes == nil {
		next.Routes = map[string]*world.Route{}
	}
	change(&next)
	api.Editor = &next
	for _, name := range slices.Sorted(maps.Keys(api.Stages)) {
		if api.Stages[name].AutoDeploy {
			deployment := c.Deploy(api, "Automatic deployment triggered by changes to the Api configuration", true)
			c.Serve(api, name, deployment.ID)
		}
	}
}

// Serve makes a stage serve a deployment.
func (c *Cloud) Serve(api *API, stage, deployment string) *Stage {
	return c.Change(api, stage, func(s *Stage) {
		s.DeploymentID = deployment
		s.DeployStatus = DeployedStatus(deployment)
	})
}

// Record adds a change to the trail.
func (c *Cloud) Record(e Edit) {
	e.ID, e.Who, e.At = c.NewID("edit"), "operator", c.Now()
	c.Trail = append(c.Trail, e)
}

// Map puts a mapping in place of the one with the same base path; an empty API
// removes it.
func (c *Cloud) Map(d *Domain, m world.Mapping) {
	kept := slices.DeleteFunc(slices.Clone(d.Mappings), func(o *world.Mapping) bool { return o.Path == m.Path })
	if m.API != "" {
		m.ID = orDefault(m.ID, c.NewID("mapping"))
		kept = append(kept, &m)
	}
	d.Mappings = kept
}

// Backend finds what an integration reaches; the more exact of the names
// comes first. Take RLock.
func (c *Cloud) Backend(names ...string) *world.Backend {
	for _, name := range names {
		if b := c.backends[name]; b != nil {
			return b
		}
	}
	return nil
}

// CountRequest counts one data-plane request and lets the events happen whose
// time or number has come.
func (c *Cloud) CountRequest() {
	c.Lock()
	defer c.Unlock()
	c.requests++
	c.happen()
}

// CatchUp lets the events happen whose time has come. Take Lock.
func (c *Cloud) CatchUp() { c.happen() }

func (c *Cloud) happen() {
	if len(c.pending) == 0 {
		return
	}
	elapsed := c.Now().Sub(c.Started)
	c.pending = slices.DeleteFunc(c.pending, func(e *world.Event) bool {
		due := e.AfterRequests > 0 && c.requests > e.AfterRequests || e.After > 0 && elapsed >= e.After.Std()
		if due {
			c.apply(e)
		}
		return due
	})
}

func (c *Cloud) apply(e *world.Event) {
	if e.Stage != "" {
		c.applyStage(e)
	}
	if d := c.Domains[e.Domain]; d != nil {
		api, stage, _ := strings.Cut(e.Target, "/")
		c.Map(d, world.Mapping{Path: e.Path, API: api, Stage: stage})
	}
	if e.Backend != "" && e.Become != nil {
		c.backends[e.Backend] = e.Become
	}
	if e.Function != "" {
		c.Functions[e.Function] = &world.Function{Default: e.Outcome}
	}
}

func (c *Cloud) applyStage(e *world.Event) {
	id, name, _ := strings.Cut(e.Stage, "/")
	c.Change(c.APIs[id], name, func(s *Stage) {
		s.DeploymentID = orDefault(e.Deployment, s.DeploymentID)
		if e.RemoveCanary {
			s.Canary = nil
		}
		if e.Canary != nil {
			canary := *e.Canary
			canary.Deployment = orDefault(canary.Deployment, s.DeploymentID)
			s.Canary = &canary
		}
		if len(e.Variables) > 0 {
			s.Variables = overlay(s.Variables, e.Variables)
		}
	})
}

func overlay(base, over map[string]string) map[string]string {
	out := make(map[string]string, len(base)+len(over))
	maps.Copy(out, base)
	maps.Copy(out, over)
	return out
}

// Settled tells which state of a stage answers: draw is uniform in [0,1).
// During propagation the share of new answers rises linearly.
func (c *Cloud) Settled(s *Stage, draw float64) *Stage {
	if s.previous == nil {
		return s
	}
	spread := float64(c.Now().Sub(s.Updated)) / float64(time.Duration(c.World.Propagation))
	if draw < spread {
		return s
	}
	return s.previous
}

// Merged are the variables of a stage with a canary's overrides over them.
func Merged(s *Stage, canary bool) map[string]string {
	if !canary || s.Canary == nil {
		return s.Variables
	}
	return overlay(s.Variables, s.Canary.Variables)
}

// PutRule puts a routing rule in place of the one with its id.
func (c *Cloud) PutRule(d *Domain, rule world.Rule) {
	kept := slices.DeleteFunc(slices.Clone(d.Rules), func(o *world.Rule) bool { return o.ID == rule.ID })
	d.Rules = append(kept, &rule)
	slices.SortStableFunc(d.Rules, func(a, b *world.Rule) int { return a.Priority - b.Priority })
}
