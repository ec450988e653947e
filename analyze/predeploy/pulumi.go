package predeploy

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// pulumiPreview is `pulumi preview --json`.
type pulumiPreview struct {
	Steps []pulumiStep `json:"steps"`
}

type pulumiStep struct {
	Op       string       `json:"op"`
	URN      string       `json:"urn"`
	OldState *pulumiState `json:"oldState"`
	NewState *pulumiState `json:"newState"`
	// What differs, where the states are left out.
	DiffReasons  []string       `json:"diffReasons"`
	DetailedDiff map[string]any `json:"detailedDiff"`
}

type pulumiState struct {
	Type         string              `json:"type"`
	ID           string              `json:"id"`
	Inputs       map[string]any      `json:"inputs"`
	Outputs      map[string]any      `json:"outputs"`
	Dependencies []string            `json:"dependencies"`
	By           map[string][]string `json:"propertyDependencies"`
}

// pulumiUnknown stands in a preview for what is known once it is applied
// (pulumi/pulumi, sdk/go/common/resource/plugin, UnknownStringValue).
const pulumiUnknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"

func isPulumi(doc map[string]any) bool {
	list, ok := doc["steps"].([]any)
	return ok && (len(list) == 0 && doc["changeSummary"] != nil || len(list) > 0 && object(list[0])["urn"] != nil)
}

// pulumi is a preview being read.
type pulumi struct {
	byURN map[string]*resource
	state map[string]*pulumiState // the new one, else the old one
	byID  map[string]string       // type + " " + id → URN
	order []string
}

func readPulumi(files []File) (*changes, error) {
	var preview pulumiPreview
	if err := json.Unmarshal(files[0].Data, &preview); err != nil {
		return nil, fmt.Errorf("%s: not the JSON of pulumi preview: %w", files[0].Name, err)
	}
	p := &pulumi{byURN: map[string]*resource{}, state: map[string]*pulumiState{}, byID: map[string]string{}}
	sames := false
	for i := range preview.Steps {
		sames = sames || preview.Steps[i].Op == "same"
		p.step(&preview.Steps[i])
	}
	c := &changes{tool: Pulumi, partial: !sames, refer: p.refer}
	for _, urn := range p.order {
		r := p.byURN[urn]
		p.connect(urn, r)
		c.resources = append(c.resources, r)
	}
	leadStages(c, "deployment")
	return c, nil
}

// step takes in one step. A replacement is three of one URN: a new one is
// created, the replacement is noted, the old one is deleted.
func (p *pulumi) step(s *pulumiStep) {
	s.fill()
	state := cmp.Or(s.NewState, s.OldState)
	key := typeKey(state.Type)
	if _, known := kindOfType[key]; !known || strings.HasPrefix(s.Op, "read") {
		return
	}
	r := p.byURN[s.URN]
	if r == nil {
		r = &resource{address: s.URN, key: key, unknown: map[string]bool{}, names: map[string]string{}}
		p.byURN[s.URN] = r
		p.order = append(p.order, s.URN)
	}
	r.acted = r.acted || s.Op != "same" && s.Op != "refresh"
	if s.OldState != nil {
		r.before = s.OldState.props()
		p.byID[key+" "+s.OldState.ID] = s.URN
	}
	if s.NewState != nil && s.Op != "delete-replaced" {
		r.after = s.NewState.props()
		p.state[s.URN] = s.NewState
		for k, v := range r.after {
			if holds(v, func(x any) bool { return x == pulumiUnknown }) {
				r.unknown[k] = true
			}
		}
		maps.Copy(r.names, spelling(s.NewState.Inputs))
	} else if p.state[s.URN] == nil {
		p.state[s.URN] = state
		maps.Copy(r.names, spelling(state.Inputs))
	}
	switch s.Op {
	case "replace", "create-replacement":
		r.replaced = true
	case "delete-replaced":
		r.destroyFirst = r.destroyFirst || !r.replaced // it goes before the new one comes
		r.replaced = true
	}
}

// fill makes up the states that a step leaves out: its type stands in the URN,
// and what changes among the reasons.
func (s *pulumiStep) fill() {
	if s.OldState != nil || s.NewState != nil {
		return
	}
	parts := strings.Split(s.URN, "::")
	if len(parts) < 4 {
		s.NewState = &pulumiState{}
		return
	}
	kind := parts[len(parts)-2]
	was := &pulumiState{Type: kind[strings.LastIndexByte(kind, '$')+1:], Inputs: map[string]any{}}
	now := &pulumiState{Type: was.Type, Inputs: map[string]any{}}
	for _, reason := range append(s.DiffReasons, sortedKeys(s.DetailedDiff)...) {
		name := strings.FieldsFunc(reason, func(r rune) bool { return r == '.' || r == '[' })
		if len(name) > 0 {
			was.Inputs[name[0]], now.Inputs[name[0]] = "", unsaid
		}
	}
	if !strings.HasPrefix(s.Op, "create") {
		s.OldState = was
	}
	if !strings.HasPrefix(s.Op, "delete") {
		s.NewState = now
	}
}

// props are a state's inputs, with the outputs that references need.
func (s *pulumiState) props() props {
	p := plainProps(s.Inputs)
	if p == nil {
		p = props{}
	}
	for _, k := range []string{"path", "rootResourceId", "stageName"} {
		if v, ok := s.Outputs[k]; ok && p[plainName(k)] == nil {
			p[plainName(k)] = v
		}
	}
	for k := range p {
		if strings.HasPrefix(k, "__") {
			delete(p, k)
		}
	}
	p["id"] = s.ID
	return p
}

func (p *pulumi) connect(urn string, r *resource) {
	state := p.state[urn]
	r.needs, r.ordered = map[string]bool{}, len(state.Dependencies) > 0
	for _, d := range state.Dependencies {
		r.needs[d] = true
	}
	if !r.is("deployment") {
		return
	}
	r.triggers = &Triggers{None: empty(state.Inputs["triggers"]) && empty(state.Inputs["variables"]) && empty(state.Inputs["stageDescription"])}
	if r.triggers.None {
		return
	}
	r.triggers.Whole, r.triggers.Partly = map[string]bool{}, map[string][]string{}
	for _, d := range slices.Concat(state.By["triggers"], state.By["variables"]) {
		r.triggers.Partly[d] = []string{"some of its outputs"}
	}
}

// pulumiLeads are the properties of the classic provider that hold ids.
var pulumiLeads = map[string]string{"restapi": "restapiid", "deployment": "deploymentid", "resource": "resourceid", "authorizer": "authorizerid"}

func (p *pulumi) refer(r *resource, property string, after bool) string {
	keys := leadsTo[cmp.Or(pulumiLeads[property], property)]
	v := r.at(after).text(property)
	if v == unsaid {
		return ""
	}
	if v != "" && v != pulumiUnknown {
		v = strings.TrimPrefix(v, "integrations/")
		for _, key := range keys {
			if urn := p.byID[key+" "+v]; urn != "" {
				if o := p.byURN[urn]; after && strings.HasPrefix(property, "deployment") && (o.replaced || o.removed()) {
					break
				}
				return urn
			}
			if key == "apigateway.resource" {
				if urn := p.root(v); urn != "" {
					return urn
				}
			}
		}
		return v
	}
	if v == "" && !r.canary {
		return ""
	}
	state := p.state[r.address]
	for _, name := range sortedKeys(state.By) {
		if plain := plainName(name); plain != property && !(r.canary && plain == "canarysettings") {
			continue
		}
		for _, urn := range state.By[name] {
			if o := p.byURN[urn]; o != nil && slices.Contains(keys, o.key) {
				return urn
			}
		}
	}
	return ""
}

// root finds the API whose root resource an id is of.
func (p *pulumi) root(id string) string {
	for _, urn := range p.order {
		if r := p.byURN[urn]; r.isAPI() && (r.before.text("rootresourceid") == id || r.after.text("rootresourceid") == id) {
			return urn
		}
	}
	return ""
}
