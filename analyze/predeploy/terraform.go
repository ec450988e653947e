package predeploy

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// tfPlan is `terraform show -json PLAN` (OpenTofu writes the same), format 1.x.
// Source: developer.hashicorp.com, "JSON output format".
type tfPlan struct {
	FormatVersion string     `json:"format_version"`
	Changes       []tfChange `json:"resource_changes"`
	Drift         []tfChange `json:"resource_drift"`
	Deferred      []struct {
		Change tfChange `json:"resource_change"`
	} `json:"deferred_changes"`
	Planned struct {
		Root tfValues `json:"root_module"`
	} `json:"planned_values"`
	Configuration struct {
		Root *tfModule `json:"root_module"`
	} `json:"configuration"`
	Errored  bool  `json:"errored"`
	Complete *bool `json:"complete"`
}

type tfChange struct {
	Address string `json:"address"`
	Mode    string `json:"mode"`
	Type    string `json:"type"`
	Deposed string `json:"deposed"`
	Change  struct {
		Actions         []string       `json:"actions"`
		Before          map[string]any `json:"before"`
		After           map[string]any `json:"after"`
		AfterUnknown    any            `json:"after_unknown"`
		BeforeSensitive any            `json:"before_sensitive"`
		AfterSensitive  any            `json:"after_sensitive"`
	} `json:"change"`
}

type tfValues struct {
	Resources []struct {
		Address string         `json:"address"`
		Mode    string         `json:"mode"`
		Type    string         `json:"type"`
		Values  map[string]any `json:"values"`
	} `json:"resources"`
	Children []tfValues `json:"child_modules"`
}

func readTerraform(files []File) (*changes, error) {
	var plan tfPlan
	if err := json.Unmarshal(files[0].Data, &plan); err != nil {
		return nil, fmt.Errorf("%s: not a plan of format 1.x: %w", files[0].Name, err)
	}
	if !strings.HasPrefix(plan.FormatVersion, "1.") && !strings.HasPrefix(plan.FormatVersion, "0.") {
		return nil, fmt.Errorf("%s: format_version %q of the plan is not known; known are 0.x and 1.x", files[0].Name, plan.FormatVersion)
	}
	c := &changes{tool: Terraform, open: plan.open()}
	seen := map[string]bool{}
	for i := range plan.Changes {
		if r := plan.Changes[i].resource(); r != nil {
			c.resources = append(c.resources, r)
			seen[r.address] = true
		}
	}
	plan.Planned.Root.unchanged(seen, c)
	for i := range plan.Drift {
		if r := plan.Drift[i].resource(); r != nil {
			c.drifted = append(c.drifted, r)
		}
	}
	t := newTerraform(c.resources, plan.Configuration.Root)
	for _, r := range c.resources {
		t.connect(r)
	}
	c.refer = t.refer
	return c, nil
}

// open is what the plan itself says that it leaves out.
func (p *tfPlan) open() []string {
	var out []string
	if p.Errored {
		out = append(out, "the plan ended in an error, and what comes after it is not in the file")
	}
	if len(p.Deferred) > 0 {
		out = append(out, fmt.Sprintf("the plan puts off %d of its changes to a later one", len(p.Deferred)))
	}
	return out
}

// resource is what the plan does to one; nil for what has nothing to do with
// API Gateway.
func (t *tfChange) resource() *resource {
	key := typeKey(t.Type)
	if _, known := kindOfType[key]; !known || t.Mode == "data" || t.Deposed != "" {
		return nil
	}
	ch := &t.Change
	r := &resource{
		address: t.Address, key: key, before: plainProps(ch.Before), after: plainProps(ch.After),
		unknown: marked(ch.AfterUnknown), hidden: marked(ch.AfterSensitive), names: spelling(ch.Before, ch.After, object(ch.AfterUnknown)),
		acted: !slices.Equal(ch.Actions, []string{"no-op"}) && !slices.Equal(ch.Actions, []string{"read"}),
	}
	for k := range marked(ch.BeforeSensitive) {
		r.hidden[k] = true
	}
	switch {
	case slices.Contains(ch.Actions, "forget"): // it stays as it is, and is no longer Terraform's
		r.after, r.unknown, r.acted = r.before, nil, false
	case len(ch.Actions) == 2:
		r.replaced, r.destroyFirst = true, ch.Actions[0] == "delete"
	}
	if !r.acted && r.before == nil {
		r.before = r.after
	}
	return r
}

func object(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

// marked are the properties that a mirror of the values marks with true, at
// whatever depth.
func marked(v any) map[string]bool {
	out := map[string]bool{}
	for k, x := range object(v) {
		if holds(x, func(leaf any) bool { return leaf == true }) {
			out[plainName(k)] = true
		}
	}
	return out
}

// unchanged adds what the plan only lists among the planned values.
func (v *tfValues) unchanged(seen map[string]bool, c *changes) {
	for _, x := range v.Resources {
		key := typeKey(x.Type)
		if _, known := kindOfType[key]; !known || seen[x.Address] || x.Mode == "data" {
			continue
		}
		seen[x.Address] = true
		p := plainProps(x.Values)
		c.resources = append(c.resources, &resource{address: x.Address, key: key, before: p, after: p, names: spelling(x.Values)})
	}
	for i := range v.Children {
		v.Children[i].unchanged(seen, c)
	}
}
