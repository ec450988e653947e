package predeploy

import (
	"reflect"
	"slices"
	"strings"
)

// Tool is who will carry the change out: remedies are written in its terms.
type Tool string

// The tools.
const (
	Terraform      Tool = "Terraform"
	Pulumi         Tool = "Pulumi"
	CloudFormation Tool = "CloudFormation"
	CDK            Tool = "AWS CDK"
	SAM            Tool = "AWS SAM"
	Serverless     Tool = "Serverless Framework"
	OpenAPI        Tool = "OpenAPI"
)

// props are a resource's properties under their plain names.
type props map[string]any

// resource is one resource before and after the change.
type resource struct {
	address string
	key     string // as typeKey spells its type
	before  props  // nil where there is none
	after   props  // nil where there is none afterwards

	// unknown are properties whose value after the change is not known yet.
	unknown map[string]bool
	// hidden are properties whose values are secret.
	hidden map[string]bool
	// names gives the tool's own spelling of a property.
	names map[string]string

	canary       bool // stands for the canary settings of a stage
	replaced     bool // one goes and another comes
	destroyFirst bool
	condition    string // on which it depends whether it is there; ""
	acted        bool   // the tool will do something to it
	needs        map[string]bool
	ordered      bool // needs is known
	triggers     *Triggers
	// shift is how traffic moves to a new version (CodeDeploy); "" at once.
	shift       string
	shiftUnsure bool
}

// changes is what a reader makes of its files.
type changes struct {
	tool      Tool
	resources []*resource
	// refer is the address (or id) that a property leads to; "" where unknown.
	refer func(r *resource, property string, after bool) string
	notes []string
	open  []string // what cannot be told, whichever API it is about
	// unnamed is what to call an API that no resource names.
	unnamed string
	// drifted are the resources that were changed outside of the tool.
	drifted []*resource
	// partial says that what does not change is left out of the files.
	partial bool
}

func plainProps(m map[string]any) props {
	if m == nil {
		return nil
	}
	out := make(props, len(m))
	for k, v := range m {
		out[plainName(k)] = v
	}
	return out
}

func spelling(maps ...map[string]any) map[string]string {
	out := map[string]string{}
	for _, m := range maps {
		for k := range m {
			out[plainName(k)] = k
		}
	}
	return out
}

// at is what there is after the change, or was before it.
func (r *resource) at(after bool) props {
	if after {
		return r.after
	}
	return r.before
}

// now is what there is afterwards, or was before where nothing is left.
func (r *resource) now() props {
	if r.after != nil {
		return r.after
	}
	return r.before
}

func (r *resource) created() bool { return r.before == nil && r.after != nil }
func (r *resource) removed() bool { return r.before != nil && r.after == nil }

// changed lists the properties that change, by their plain names.
func (r *resource) changed() (names []string) {
	if r.before == nil || r.after == nil {
		return nil
	}
	for _, k := range unique(slices.Concat(sortedKeys(r.before), sortedKeys(r.after), sortedKeys(r.unknown))) {
		if !ignored[k] && (r.unknown[k] && r.acted || !r.unknown[k] && !same(r.before[k], r.after[k])) {
			names = append(names, k)
		}
	}
	return names
}

// same compares two values as the service would: nothing, an empty string, an
// empty list and false are left-out properties.
func same(a, b any) bool {
	if empty(a) && empty(b) {
		return true
	}
	return reflect.DeepEqual(a, b)
}

func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case bool:
		return !v
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

func (p props) text(name string) string { return textOf(p[name]) }

func (p props) bool(name string) bool { return isTrue(p[name]) }

func isTrue(v any) bool {
	switch v := v.(type) {
	case bool:
		return v
	case string:
		return strings.EqualFold(v, "true")
	}
	return false
}

// block reads a nested block: Terraform writes a list of one, the others an
// object.
func (p props) block(name string) props {
	switch v := p[name].(type) {
	case map[string]any:
		return plainProps(v)
	case []any:
		if len(v) > 0 {
			m, _ := v[0].(map[string]any)
			return plainProps(m)
		}
	}
	return nil
}

func (p props) list(name string) []any {
	l, _ := p[name].([]any)
	return l
}

func (p props) object(name string) map[string]any {
	m, _ := p[name].(map[string]any)
	return m
}

// is tells one of several types of the same name in both services.
func (r *resource) is(name string) bool {
	return r.key == "apigateway."+name || r.key == "apigatewayv2."+name
}

func (r *resource) v2() bool { return strings.HasPrefix(r.key, "apigatewayv2.") }

func (r *resource) isAPI() bool { return r.key == "apigateway.restapi" || r.key == "apigatewayv2.api" }
