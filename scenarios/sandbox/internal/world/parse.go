package world

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"

	"stageprobe/scenarios/internal/guard"
)

// maxRepeat bounds copies of an API, so that a slip in a world cannot eat all
// memory.
const maxRepeat = 1000

// Parse reads a world, fills what it leaves out, and checks that everything it
// names exists. The error quotes the line of an unknown key.
func Parse(text []byte) (*World, error) {
	if err := guard.Document(text); err != nil {
		return nil, err
	}
	w := new(World)
	err := guard.Call(func() error {
		if err := yaml.UnmarshalWithOptions(text, w, yaml.Strict()); err != nil {
			return errors.New(yaml.FormatError(err, false, true))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := w.expand(); err != nil {
		return nil, err
	}
	w.fill()
	return w, w.check()
}

// expand copies APIs that repeat and resolves definitions that extend others.
func (w *World) expand() error {
	var out []*API
	for i, api := range w.APIs {
		if api == nil {
			return fmt.Errorf("api %d: is empty", i+1)
		}
		if api.Repeat > maxRepeat {
			return fmt.Errorf("api %s: repeat %d is more than %d", api.ID, api.Repeat, maxRepeat)
		}
		if err := api.resolve(); err != nil {
			return fmt.Errorf("api %s: %w", api.ID, err)
		}
		for n := range max(1, api.Repeat) {
			out = append(out, api.copy(n+1))
		}
	}
	w.APIs = out
	return nil
}

// copy gives the n-th copy. Definitions, deployments and stages are shared:
// nothing changes them.
func (a *API) copy(n int) *API {
	c := *a
	number := fmt.Sprintf("%04d", n)
	c.ID = strings.ReplaceAll(a.ID, "{n}", number)
	c.Name = strings.ReplaceAll(a.Name, "{n}", number)
	return &c
}

func (a *API) resolve() error {
	done := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(a.Definitions)) {
		if err := a.resolveOne(name, done, nil); err != nil {
			return err
		}
	}
	return nil
}

func (a *API) resolveOne(name string, done map[string]bool, path []string) error {
	d := a.Definitions[name]
	if d == nil {
		return fmt.Errorf("definition %q: does not exist", name)
	}
	if slices.Contains(path, name) {
		return fmt.Errorf("definition %s: extends itself", name)
	}
	if done[name] {
		return nil
	}
	done[name] = true
	if d.Extends != "" {
		if err := a.resolveOne(d.Extends, done, append(path, name)); err != nil {
			return err
		}
		d.inherit(a.Definitions[d.Extends])
	}
	d.dropRemoved()
	return nil
}

func (d *Definition) inherit(base *Definition) {
	d.Routes = overlay(base.Routes, d.Routes)
	d.Authorizers = overlay(base.Authorizers, d.Authorizers)
	d.GatewayResponses = overlay(base.GatewayResponses, d.GatewayResponses)
	d.Models = overlay(base.Models, d.Models)
	d.Resources = append(slices.Clone(base.Resources), d.Resources...)
	if d.CORS == nil {
		d.CORS = base.CORS
	}
	if d.Policy == "" {
		d.Policy = base.Policy
	}
	if d.BinaryTypes == nil {
		d.BinaryTypes = base.BinaryTypes
	}
}

// dropRemoved deletes the entries that a null removed.
func (d *Definition) dropRemoved() {
	maps.DeleteFunc(d.Routes, func(_ string, r *Route) bool { return r == nil })
	maps.DeleteFunc(d.Authorizers, func(_ string, a *Authorizer) bool { return a == nil })
	maps.DeleteFunc(d.GatewayResponses, func(_ string, g *GatewayResponse) bool { return g == nil })
}

func overlay[V any](base, over map[string]V) map[string]V {
	out := make(map[string]V, len(base)+len(over))
	maps.Copy(out, base)
	maps.Copy(out, over)
	return out
}

// check reports everything that names something that is not there.
func (w *World) check() error {
	c := checker{w: w, apis: map[string]*API{}}
	for _, api := range w.APIs {
		if api.ID == "" || c.apis[api.ID] != nil {
			c.failf("api %q: an id of its own is missing", api.ID)
		}
		c.apis[api.ID] = api
		c.api(api)
	}
	for i, d := range w.Domains {
		c.domain(i, d)
	}
	for i, e := range w.Events {
		c.event(i, e)
	}
	for _, o := range w.ByAddress {
		if o != nil {
			c.stage("by_address", o.Stage)
		}
	}
	for name, b := range w.Backends {
		c.full("backend "+name, b != nil && !slices.Contains(b.Versions, nil))
		c.moves("backend "+name, b)
	}
	for name, f := range w.Functions {
		c.full("function "+name, f != nil)
	}
	c.full("by_address", !slices.Contains(w.ByAddress, nil))
	c.full("usage_plans", !slices.Contains(w.UsagePlans, nil))
	c.full("api_keys", !slices.Contains(w.APIKeys, nil))
	c.full("edits", !slices.Contains(w.Edits, nil))
	return errors.Join(c.errs...)
}

type checker struct {
	w    *World
	apis map[string]*API
	errs []error
}

func (c *checker) failf(format string, args ...any) {
	c.errs = append(c.errs, fmt.Errorf(format, args...))
}

// full reports a list or entry that is written and empty.
func (c *checker) full(what string, ok bool) {
	if !ok {
		c.failf("%s: an entry is empty", what)
	}
}

func (c *checker) moves(where string, b *Backend) {
	if b == nil {
		return
	}
	plan := b.Plan()
	if err := plan.Check(); err != nil {
		c.failf("%s: %w", where, err)
	}
}

func (c *checker) api(a *API) {
	deployments := map[string]bool{}
	for i, d := range a.Deployments {
		if d == nil || d.ID == "" {
			c.failf("api %s: deployment %d has no id", a.ID, i+1)
			continue
		}
		deployments[d.ID] = true
		if a.Definitions[d.Definition] == nil {
			c.failf("api %s: deployment %s: definition %q does not exist", a.ID, d.ID, d.Definition)
		}
	}
	if a.Editor != "" && a.Definitions[a.Editor] == nil {
		c.failf("api %s: editor: definition %q does not exist", a.ID, a.Editor)
	}
	for name, s := range a.Stages {
		if s == nil || !deployments[s.Deployment] {
			c.failf("api %s: stage %s: it needs a deployment of this API", a.ID, name)
			continue
		}
		if s.Canary != nil && !deployments[s.Canary.Deployment] {
			c.failf("api %s: stage %s: canary deployment %q does not exist", a.ID, name, s.Canary.Deployment)
		}
	}
	for name, d := range a.Definitions {
		c.definition(a, name, d)
	}
}

func (c *checker) definition(a *API, name string, d *Definition) {
	for key, r := range d.Routes {
		if !validKey(key) {
			c.failf("api %s: definition %s: route %q: want a form such as \"GET /orders/{id}\"", a.ID, name, key)
		}
		if r.Authorizer != "" && d.Authorizers[r.Authorizer] == nil {
			c.failf("api %s: definition %s: route %s: authorizer %q does not exist", a.ID, name, key, r.Authorizer)
		}
	}
}

func validKey(key string) bool {
	if key == "$default" {
		return true
	}
	method, path, ok := strings.Cut(key, " ")
	return ok && method != "" && strings.HasPrefix(path, "/")
}

func (c *checker) domain(i int, d *Domain) {
	if d == nil || d.Name == "" {
		c.failf("domain %d: has no name", i+1)
		return
	}
	if f := d.Front; f != nil {
		if f.Hits < 0 || f.Hits > 1 || f.StagingPercent < 0 || f.StagingPercent > 100 {
			c.failf("domain %s: front: hits lie between 0 and 1, staging_percent between 0 and 100", d.Name)
		}
		if f.Staging != "" || f.StagingPercent > 0 {
			c.stage("domain "+d.Name+": front", f.Staging)
		}
	}
	for _, m := range d.Mappings {
		if m == nil {
			c.failf("domain %s: a mapping is empty", d.Name)
		} else if c.apis[m.API] == nil {
			c.failf("domain %s: mapping %q: api %q does not exist", d.Name, m.Path, m.API)
		}
	}
	for _, r := range d.Rules {
		if r == nil {
			c.failf("domain %s: a rule is empty", d.Name)
		} else {
			c.stage("domain "+d.Name, r.API+"/"+r.Stage)
		}
	}
}

func (c *checker) event(i int, e *Event) {
	if e == nil {
		c.failf("event %d: is empty", i+1)
		return
	}
	if e.Stage != "" {
		c.stage("event "+strconv.Itoa(i+1), e.Stage)
	}
	if e.Target != "" {
		c.stage("event "+strconv.Itoa(i+1), e.Target)
	}
	if c.w.Functions[e.Function] == nil && e.Function != "" {
		c.failf("event %d: function %q does not exist", i+1, e.Function)
	}
	c.moves("event "+strconv.Itoa(i+1), e.Become)
}

func (c *checker) stage(where, ref string) {
	id, stage, _ := strings.Cut(ref, "/")
	if api := c.apis[id]; api == nil || api.Stages[stage] == nil {
		c.failf("%s: stage %q does not exist (want api/stage)", where, ref)
	}
}
