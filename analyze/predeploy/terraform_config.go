package predeploy

import (
	"slices"
	"strings"
)

// tfModule is a module as it is written: expressions hold what they refer to,
// and neither locals nor lifecycle blocks.
type tfModule struct {
	Resources []*tfResource      `json:"resources"`
	Calls     map[string]*tfCall `json:"module_calls"`
	Outputs   map[string]struct {
		Expression any `json:"expression"`
	} `json:"outputs"`
}

type tfResource struct {
	Address     string         `json:"address"`
	Mode        string         `json:"mode"`
	Expressions map[string]any `json:"expressions"`
	ForEach     any            `json:"for_each_expression"`
	Count       any            `json:"count_expression"`
	DependsOn   []string       `json:"depends_on"`
}

type tfCall struct {
	Expressions map[string]any `json:"expressions"`
	ForEach     any            `json:"for_each_expression"`
	DependsOn   []string       `json:"depends_on"`
	Module      *tfModule      `json:"module"`
}

// tfScope is a module where it is called.
type tfScope struct {
	module *tfModule
	call   *tfCall // nil at the root
	parent *tfScope
	path   string // "module.a.module.b", without indices
}

// terraform finds what refers to what.
type terraform struct {
	scopes  map[string]*tfScope    // by path
	config  map[string]*tfResource // by address without indices
	byPlain map[string][]*resource // likewise
	byID    map[string]*resource   // type + " " + id
	byType  map[string][]*resource
}

func newTerraform(list []*resource, root *tfModule) *terraform {
	t := &terraform{
		scopes: map[string]*tfScope{}, config: map[string]*tfResource{}, byPlain: map[string][]*resource{},
		byID: map[string]*resource{}, byType: map[string][]*resource{},
	}
	if root != nil {
		t.enter(&tfScope{module: root})
	}
	for _, r := range list {
		plain := withoutIndices(r.address)
		t.byPlain[plain] = append(t.byPlain[plain], r)
		t.byType[r.key] = append(t.byType[r.key], r)
		for _, p := range []props{r.before, r.after} {
			if id := p.text("id"); id != "" {
				t.byID[r.key+" "+id] = r
			}
			if root := p.text("rootresourceid"); root != "" {
				t.byID["apigateway.resource "+root] = r
			}
		}
	}
	return t
}

func (t *terraform) enter(s *tfScope) {
	t.scopes[s.path] = s
	for _, r := range s.module.Resources {
		t.config[join(s.path, r.Address)] = r
	}
	for name, call := range s.module.Calls {
		if call != nil && call.Module != nil {
			t.enter(&tfScope{module: call.Module, call: call, parent: s, path: join(s.path, "module."+name)})
		}
	}
}

// connect finds what a resource comes after, and what a deployment's triggers
// cover.
func (t *terraform) connect(r *resource) {
	plain := withoutIndices(r.address)
	conf, scope := t.config[plain], t.scopes[modulePath(plain)]
	if conf == nil {
		return
	}
	r.needs, r.ordered = map[string]bool{}, true
	refs := references(conf.Expressions)
	refs = append(refs, conf.DependsOn...)
	list, hidden := t.follow(scope, refs, conf.ForEach, 0)
	r.ordered = len(hidden) == 0
	for s := scope; s != nil && s.call != nil; s = s.parent {
		more, _ := t.follow(s.parent, s.call.DependsOn, nil, 0)
		list = append(list, more...)
	}
	for _, f := range list {
		for _, o := range t.instances(f, r) {
			r.needs[o.address] = true
		}
	}
	// depends_on = [module.x] waits for all of the module, not only its outputs.
	for _, d := range conf.DependsOn {
		if strings.HasPrefix(d, "module.") {
			t.module(join(scope.path, withoutIndices(d)), r)
		}
	}
	if r.is("deployment") {
		r.triggers = t.triggers(conf, scope, r)
	}
}

func (t *terraform) module(path string, r *resource) {
	for plain, list := range t.byPlain {
		if strings.HasPrefix(plain, path+".") {
			for _, o := range list {
				r.needs[o.address] = true
			}
		}
	}
}

// triggerFields are the arguments whose change makes the provider replace a
// deployment, beside the API itself.
var triggerFields = []string{"triggers", "variables", "stage_description"}

func (t *terraform) triggers(conf *tfResource, scope *tfScope, r *resource) *Triggers {
	out := &Triggers{None: true, Whole: map[string]bool{}, Partly: map[string][]string{}}
	for _, field := range triggerFields {
		e, ok := conf.Expressions[field]
		if !ok {
			continue
		}
		if m, _ := e.(map[string]any); m["constant_value"] != nil {
			continue // never changes by itself
		}
		out.None = false
		refs := references(e)
		if len(refs) == 0 {
			out.Hidden = append(out.Hidden, "a file, or a function such as timestamp()")
		}
		list, hidden := t.follow(scope, refs, conf.ForEach, 0)
		out.Hidden = append(out.Hidden, hidden...)
		for _, f := range list {
			for _, o := range t.instances(f, r) {
				if f.attribute == "" {
					out.Whole[o.address] = true
				} else if !slices.Contains(out.Partly[o.address], f.attribute) {
					out.Partly[o.address] = append(out.Partly[o.address], f.attribute)
				}
			}
		}
	}
	return out
}

// leadsTo are the types that a property's id may be of.
var leadsTo = map[string][]string{
	"restapiid": {"apigateway.restapi"}, "apiid": {"apigatewayv2.api"},
	"deploymentid": {"apigateway.deployment", "apigatewayv2.deployment"},
	"resourceid":   {"apigateway.resource", "apigateway.restapi"}, "parentid": {"apigateway.resource", "apigateway.restapi"},
	"authorizerid": {"apigateway.authorizer", "apigatewayv2.authorizer"}, "target": {"apigatewayv2.integration"},
	"integrationid": {"apigatewayv2.integration"}, "routeid": {"apigatewayv2.route"},
}

// refer finds what a property leads to: by its id where that is known, else by
// what its expression refers to.
func (t *terraform) refer(r *resource, property string, after bool) string {
	id := r.at(after).text(property)
	if after && r.unknown[property] {
		id = ""
	}
	if id != "" {
		id = strings.TrimPrefix(id, "integrations/")
		for _, key := range leadsTo[property] {
			if o := t.byID[key+" "+id]; o != nil && !(after && property == "deploymentid" && (o.replaced || o.removed())) {
				return o.address // an id known beforehand is never that of a replacement
			}
		}
		if o := t.nameless(r, property); o != "" {
			return o
		}
		return id
	}
	if !after && r.after != nil || leadsTo[property] == nil {
		return ""
	}
	return t.byExpression(r, property)
}

func (t *terraform) byExpression(r *resource, property string) string {
	plain := withoutIndices(r.address)
	conf := t.config[plain]
	if conf == nil {
		return t.soleCreated(r, property)
	}
	var refs []string
	expressions := conf.Expressions
	if r.canary {
		list, _ := conf.Expressions["canary_settings"].([]any)
		if len(list) == 0 {
			return ""
		}
		expressions = object(list[0])
	}
	for _, k := range sortedKeys(expressions) {
		if plainName(k) == property {
			refs = append(refs, references(expressions[k])...)
		}
	}
	list, hidden := t.follow(t.scopes[modulePath(plain)], refs, conf.ForEach, 0)
	for _, f := range list {
		for _, o := range t.instances(f, r) {
			if slices.Contains(leadsTo[property], o.key) {
				return o.address
			}
		}
	}
	if len(list) > 0 {
		return list[0].address // of a kind that the plan does not hold, such as data
	}
	if len(hidden) > 0 {
		return t.soleCreated(r, property)
	}
	return ""
}

// nameless is the resource that an id is of, where the plan leaves out the
// resource's own id: what the expression refers to, or the only one of its type.
func (t *terraform) nameless(r *resource, property string) string {
	var list []*resource
	for _, key := range leadsTo[property] {
		list = append(list, filter(t.byType[key], func(o *resource) bool { return o.before.text("id") == "" && o.before != nil && !o.replaced })...)
	}
	if len(list) == 0 {
		return ""
	}
	if len(list) == 1 && len(t.byType[list[0].key]) == 1 {
		return list[0].address
	}
	at := t.byExpression(r, property)
	if slices.ContainsFunc(list, func(o *resource) bool { return o.address == at }) {
		return at
	}
	return ""
}

// soleCreated is the one resource that an unknown id can only be of: ids are
// unknown where what they name is made by the same plan.
func (t *terraform) soleCreated(r *resource, property string) string {
	var made []*resource
	for _, key := range leadsTo[property] {
		made = append(made, filter(t.byType[key], func(o *resource) bool { return o.created() || o.replaced })...)
	}
	if len(made) == 1 {
		return made[0].address
	}
	return ""
}
