package predeploy

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// template is a CloudFormation template, intrinsic functions in their long form.
type template struct {
	name      string
	doc       map[string]any
	resources map[string]map[string]any
}

func isTemplate(doc map[string]any) bool { return object(unwrapped(doc)["Resources"]) != nil }

// unwrapped takes the template out of the answer of get-template.
func unwrapped(doc map[string]any) map[string]any {
	switch body := doc["TemplateBody"].(type) {
	case map[string]any:
		return body
	case string:
		if inner, err := decode([]byte(body)); err == nil {
			return object(inner)
		}
	}
	return doc
}

func newTemplate(f *File) *template {
	t := &template{name: f.Name, doc: unwrapped(object(f.doc)), resources: map[string]map[string]any{}}
	mappings := object(t.doc["Mappings"])
	for id, r := range object(t.doc["Resources"]) {
		if m, _ := lookUp(r, mappings).(map[string]any); m != nil {
			t.resources[id] = m
		}
	}
	return t
}

// lookUp replaces what is found in a mapping by plain keys.
func lookUp(v any, mappings map[string]any) any {
	return rewritten(v, func(m map[string]any) (any, bool) {
		if name, arg, ok := intrinsic(m); ok && name == "Fn::FindInMap" {
			if l, _ := arg.([]any); len(l) == 3 {
				found := object(object(mappings[textOf(l[0])])[textOf(l[1])])[textOf(l[2])]
				return found, found != nil
			}
		}
		return nil, false
	})
}

func (t *template) typeOf(id string) string { return textOf(t.resources[id]["Type"]) }

func (t *template) properties(id string) map[string]any {
	r, ok := t.resources[id]
	if !ok {
		return nil
	}
	if p := object(r["Properties"]); p != nil {
		return p
	}
	return map[string]any{}
}

func (t *template) hasType(prefix string) bool {
	for id := range t.resources {
		if strings.HasPrefix(t.typeOf(id), prefix) {
			return true
		}
	}
	return false
}

// hasAPI tells whether a template holds an API as CloudFormation itself has it.
func (t *template) hasAPI() bool {
	return t.hasType("AWS::ApiGateway::RestApi") || t.hasType("AWS::ApiGatewayV2::Api")
}

func (t *template) sam() bool {
	return strings.Contains(canonicalJSON(t.doc["Transform"]), "AWS::Serverless") || t.hasType("AWS::Serverless::")
}

// templates are the two sides of a change.
type templates struct {
	old, new *template
	c        *changes
}

func readTemplates(files []File) (*changes, error) {
	t := &templates{old: newTemplate(&files[0]), new: newTemplate(&files[1]), c: &changes{}}
	if t.old.sam() && !t.new.sam() && t.new.hasAPI() || t.new.sam() && !t.old.sam() && t.old.hasAPI() {
		return nil, &HintError{
			Err:  fmt.Errorf("one of %s and %s is written for SAM and the other is what SAM made of it: they cannot be compared", files[0].Name, files[1].Name),
			Hint: "read the deployed one with: aws cloudformation get-template --template-stage Original (or Processed, as the new one is)",
		}
	}
	t.c.tool = toolOf(t.new)
	t.c.refer = referIntrinsic
	for _, id := range t.ids() {
		t.resource(id)
	}
	t.serverless()
	t.elsewhere()
	return t.c, nil
}

func (t *templates) ids() []string {
	all := maps.Clone(t.old.resources)
	maps.Copy(all, t.new.resources)
	return sortedKeys(all)
}

// cdkDeployment is a logical id as the CDK hashes it: 8 digits of the path, 32 of
// the definition.
var cdkDeployment = regexp.MustCompile(`[0-9A-F]{8}[0-9a-f]{32}$`)

var serverlessDeployment = regexp.MustCompile(`^ApiGatewayDeployment\d{8,}`)

// toolOf tells who wrote a template, by what only that tool writes.
func toolOf(t *template) Tool {
	if t.sam() {
		return SAM
	}
	for id, r := range t.resources {
		switch {
		case t.typeOf(id) == "AWS::CDK::Metadata" || object(r["Metadata"])["aws:cdk:path"] != nil || cdkDeployment.MatchString(id):
			return CDK
		case serverlessDeployment.MatchString(id) || id == "ServerlessDeploymentBucket":
			return Serverless
		case strings.HasPrefix(textOf(object(r["Properties"])["Description"]), "RestApi deployment id: "):
			return SAM
		}
	}
	return CloudFormation
}

func (t *templates) resource(id string) {
	was, now := t.old.typeOf(id), t.new.typeOf(id)
	if was != "" && now != "" && was != now { // CloudFormation refuses this; SAM's own types come here
		return
	}
	key := typeKey(cmp.Or(now, was))
	if _, known := kindOfType[key]; !known {
		return
	}
	before, after := t.old.properties(id), t.new.properties(id)
	r := &resource{
		address: id, key: key, before: plainProps(before), after: plainProps(after), names: spelling(before, after),
		needs: needsOf(t.new.resources[id]), ordered: true, acted: !reflect.DeepEqual(before, after),
	}
	r.condition = textOf(t.new.resources[id]["Condition"])
	// A deployment of another API is another deployment.
	if r.is("deployment") && r.before != nil && r.after != nil && !same(r.before["restapiid"], r.after["restapiid"]) {
		r.replaced = true
	}
	if key == "lambda.alias" {
		t.alias(id, r)
	}
	t.c.resources = append(t.c.resources, r)
}

// needsOf are the logical ids that a resource comes after.
func needsOf(r map[string]any) map[string]bool {
	out := map[string]bool{}
	add := func(id string) { out[id] = true }
	referred(r["Properties"], add)
	switch d := r["DependsOn"].(type) {
	case string:
		add(d)
	case []any:
		for _, v := range d {
			add(textOf(v))
		}
	}
	return out
}

func referIntrinsic(r *resource, property string, after bool) string {
	v, ok := r.at(after)[property]
	if !ok {
		return ""
	}
	return strings.TrimPrefix(target(v), "integrations/")
}

// alias notes that CodeDeploy moves an alias's traffic step by step.
func (t *templates) alias(id string, r *resource) {
	update := object(object(t.new.resources[id]["UpdatePolicy"])["CodeDeployLambdaAliasUpdate"])
	if update == nil || r.before == nil || r.after == nil || same(r.before["functionversion"], r.after["functionversion"]) {
		return
	}
	group := cmp.Or(textOf(object(update["DeploymentGroupName"])["Ref"]), target(update["DeploymentGroupName"]))
	config := textOf(t.new.properties(group)["DeploymentConfigName"])
	if !strings.Contains(config, "AllAtOnce") {
		r.shift = cmp.Or(config, "CodeDeploy")
	}
}

// elsewhere notes what the templates keep in other files.
func (t *templates) elsewhere() {
	for _, id := range sortedKeys(t.new.resources) {
		kind := t.new.typeOf(id)
		if kind != "AWS::CloudFormation::Stack" && kind != "AWS::Serverless::Application" {
			continue
		}
		if !reflect.DeepEqual(t.old.properties(id), t.new.properties(id)) {
			t.c.open = append(t.c.open, "nested stack "+id+" changes, and its template is not in these files: compare its two templates, too")
		}
	}
	for key, made := range object(t.new.doc["Resources"]) {
		if strings.HasPrefix(key, "Fn::") && !reflect.DeepEqual(object(t.old.doc["Resources"])[key], made) {
			t.c.open = append(t.c.open, "what "+key+" makes of the template is not told: compare the processed templates (aws cloudformation get-template --template-stage Processed)")
		}
	}
	t.conditions()
	before, after := object(t.old.doc["Parameters"]), object(t.new.doc["Parameters"])
	for _, name := range sortedKeys(after) {
		if was := object(before[name]); was != nil && !same(was["Default"], object(after[name])["Default"]) && t.used(name) {
			t.c.notes = append(t.c.notes, "The default of parameter "+name+" changes; whether the stack takes it is not told, and what refers to it was compared by name.")
		}
	}
}

// conditions asks about those whose definition changes: with them, resources come
// and go that both templates hold.
func (t *templates) conditions() {
	before, after := object(t.old.doc["Conditions"]), object(t.new.doc["Conditions"])
	for _, r := range t.c.resources {
		was := textOf(t.old.resources[r.address]["Condition"])
		if r.condition != was && r.before != nil && r.after != nil || r.condition != "" && !same(before[r.condition], after[r.condition]) && r.before != nil {
			t.c.open = append(t.c.open, "whether "+r.address+" is there depends on condition "+cmp.Or(r.condition, was)+", which changes: a change set tells")
		}
	}
}

func (t *templates) used(parameter string) bool {
	return slices.ContainsFunc(t.c.resources, func(r *resource) bool { return r.needs[parameter] })
}
