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

func join(path, rest string) string {
	if path == "" {
		return rest
	}
	return path + "." + rest
}

// withoutIndices takes [0] and ["a.b"] out of an address.
func withoutIndices(address string) string {
	if !strings.Contains(address, "[") {
		return address
	}
	var b strings.Builder
	depth, quoted := 0, false
	for i := 0; i < len(address); i++ {
		switch c := address[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[':
			depth++
		case c == ']':
			depth--
		case depth == 0:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// modulePath is the path of the module that an address without indices is in.
func modulePath(address string) string {
	path := ""
	rest := address
	for strings.HasPrefix(rest, "module.") {
		parts := strings.SplitN(rest, ".", 3)
		if len(parts) < 3 {
			break
		}
		path, rest = join(path, "module."+parts[1]), parts[2]
	}
	return path
}

// found is a reference that has been followed to a resource.
type found struct {
	address   string // as written, without the indices of modules
	attribute string // "" for the resource as a whole
}

// references lists what an expression refers to. A traversal is followed by its
// own prefixes, which say nothing more.
func references(expression any) []string {
	var out []string
	switch e := expression.(type) {
	case map[string]any:
		if list, ok := e["references"].([]any); ok {
			last := ""
			for _, v := range list {
				ref := textOf(v)
				if last != "" && (strings.HasPrefix(last, ref+".") || strings.HasPrefix(last, ref+"[")) {
					continue
				}
				last = ref
				out = append(out, ref)
			}
			return out
		}
		for _, k := range sortedKeys(e) {
			out = append(out, references(e[k])...)
		}
	case []any:
		for _, v := range e {
			out = append(out, references(v)...)
		}
	}
	return out
}

// follow leads references to resources; hidden are those that the plan does not
// resolve.
func (t *terraform) follow(s *tfScope, refs []string, each any, depth int) (out []found, hidden []string) {
	if s == nil || depth > maxDepth {
		return nil, refs
	}
	for _, ref := range refs {
		first, rest, _ := strings.Cut(ref, ".")
		var list []string
		scope := s
		switch first {
		case "module":
			scope, list = t.output(s, rest)
		case "var":
			name, _, _ := strings.Cut(rest, ".")
			if s.call == nil {
				hidden = append(hidden, ref)
				continue
			}
			scope, list = s.parent, references(s.call.Expressions[withoutIndices(name)])
		case "each", "count":
			list, each = references(each), nil
		case "local":
			hidden = append(hidden, ref)
			continue
		case "path", "terraform", "self":
			continue
		default:
			out = append(out, resourceOf(s.path, ref))
			continue
		}
		more, dark := t.follow(scope, list, nil, depth+1)
		out, hidden = append(out, more...), append(hidden, dark...)
	}
	return out, hidden
}

// output leads module.NAME.OUTPUT into the module; module.NAME alone are all of
// its outputs.
func (t *terraform) output(s *tfScope, rest string) (*tfScope, []string) {
	parts := strings.Split(withoutIndices(rest), ".")
	scope := t.scopes[join(s.path, "module."+parts[0])]
	if scope == nil {
		return nil, nil
	}
	var list []string
	for name, o := range scope.module.Outputs {
		if len(parts) == 1 || name == parts[1] {
			list = append(list, references(o.Expression)...)
		}
	}
	slices.Sort(list)
	return scope, list
}

// resourceOf splits aws_x.name["a"].id into the resource and its attribute.
func resourceOf(path, ref string) found {
	parts := 2
	if strings.HasPrefix(ref, "data.") {
		parts = 3
	}
	depth, quoted, dots := 0, false, 0
	for i := 0; i < len(ref); i++ {
		switch c := ref[i]; {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[':
			depth++
		case c == ']':
			depth--
		case c == '.' && depth == 0:
			if dots++; dots == parts {
				return found{join(path, ref[:i]), ref[i+1:]}
			}
		}
	}
	return found{address: join(path, ref)}
}

// instances are the resources that a reference made in r may mean: of several,
// those in the same instance of a module, and with the same index.
func (t *terraform) instances(f found, r *resource) []*resource {
	all := t.byPlain[withoutIndices(f.address)]
	if len(all) < 2 {
		return all
	}
	prefix := moduleInstance(r.address)
	narrow := func(keep func(*resource) bool) {
		if some := filter(all, keep); len(some) > 0 {
			all = some
		}
	}
	narrow(func(o *resource) bool { return strings.HasPrefix(o.address, prefix) })
	if index := lastIndex(f.address); index != "" {
		narrow(func(o *resource) bool { return lastIndex(o.address) == index })
	} else if index := lastIndex(r.address); index != "" {
		narrow(func(o *resource) bool { return lastIndex(o.address) == index })
	}
	return all
}

func filter(list []*resource, keep func(*resource) bool) []*resource {
	var out []*resource
	for _, r := range list {
		if keep(r) {
			out = append(out, r)
		}
	}
	return out
}

// moduleInstance is the part of an address up to its resource, with indices.
func moduleInstance(address string) string {
	plain := withoutIndices(address)
	tail := strings.TrimPrefix(plain, modulePath(plain))
	tail = strings.TrimPrefix(tail, ".")
	if i := strings.LastIndex(address, tail); i > 0 && lastIndex(address) == "" {
		return address[:i]
	}
	at := strings.LastIndex(address, "."+tail+"[")
	if at < 0 {
		return ""
	}
	return address[:at+1]
}

func lastIndex(address string) string {
	if !strings.HasSuffix(address, "]") {
		return ""
	}
	return address[strings.LastIndexByte(address, '['):]
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
	p := r.before
	if after {
		p = r.after
	}
	id := p.text(property)
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
