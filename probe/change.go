package probe

import (
	"slices"
	"strings"
	"time"
)

// Change is one write to the control plane, as CloudTrail recorded it.
type Change struct {
	Event string    `json:"event"` // such as UpdateStage
	By    string    `json:"by,omitempty"`
	ARN   string    `json:"arn,omitempty"` // of the principal
	At    time.Time `json:"at"`
	Agent string    `json:"agent,omitempty"` // userAgent, as sent
	Tool  string    `json:"tool,omitempty"`  // see [ToolOfAgent]; "" unknown

	APIID        string `json:"api_id,omitempty"`
	Stage        string `json:"stage,omitempty"`
	DeploymentID string `json:"deployment_id,omitempty"`
	Domain       string `json:"domain,omitempty"`
	// Canary tells that the write speaks of a canary.
	Canary bool `json:"canary,omitempty"`
	// Error is why the service refused the write; "" where it took place.
	Error string `json:"error,omitempty"`
}

// Definition tells whether the change takes effect only with a deployment.
func (c *Change) Definition() bool {
	needs, known := NeedsDeployment(c.Event)
	return known && needs
}

// History is what CloudTrail told of the writes to API Gateway, as far as it was
// asked.
type History struct {
	Changes []Change `json:"changes,omitempty"` // that took place, newest first
	Refused []Change `json:"refused,omitempty"` // deployments and stage changes that the service refused, newest first
	// Whole is true where every event of the last 90 days was read: what is not
	// there did not happen.
	Whole bool `json:"whole,omitempty"`
	// Asked are the events that were looked up, Cut those of them of which only the
	// newest were read, Unasked the ones for which neither calls nor time were left.
	Asked   []string `json:"asked,omitempty"`
	Cut     []string `json:"cut,omitempty"`
	Unasked []string `json:"unasked,omitempty"`
	Calls   int      `json:"calls"`
	Gaps    []Gap    `json:"gaps,omitempty"`
}

// find lists the changes that fit, newest first.
func (h *History) find(fits func(*Change) bool) (out []Change) {
	if h == nil {
		return nil
	}
	for i := range h.Changes {
		if fits(&h.Changes[i]) {
			out = append(out, h.Changes[i])
		}
	}
	return out
}

// OfStage are the changes of a stage and the deployments to it, newest first.
func (h *History) OfStage(api, stage string) []Change {
	return h.find(func(c *Change) bool { return c.APIID == api && c.Stage == stage && stage != "" })
}

// OfDomain are the changes of a domain, its mappings and its rules, newest first.
func (h *History) OfDomain(name string) []Change {
	return h.find(func(c *Change) bool { return strings.EqualFold(c.Domain, name) && name != "" })
}

// OfDefinition are the changes of an API that wait for a deployment, newest first.
func (h *History) OfDefinition(api string) []Change {
	return h.find(func(c *Change) bool { return c.APIID == api && c.Definition() })
}

// Around are the changes of an API or of a domain within a span of a moment, such
// as a switch of the answers. "" leaves either open.
func (h *History) Around(at time.Time, within time.Duration, api, domain string) []Change {
	return h.find(func(c *Change) bool {
		return c.At.Sub(at).Abs() <= within && (c.APIID == api || c.Domain != "" && strings.EqualFold(c.Domain, domain))
	})
}

// Undeployed is the last edit of an API's definition that no deployment followed;
// nil where there is none, or where deployments were not asked for. burst is true
// where whoever made it had deployed an earlier edit: a tool that deploys now and
// then has no trigger for this one.
func (h *History) Undeployed(api string) (last *Change, burst bool) {
	edits := h.OfDefinition(api)
	if len(edits) == 0 || !h.Whole && !slices.Contains(h.Asked, "CreateDeployment") {
		return nil, false
	}
	deployments := h.find(func(c *Change) bool { return c.APIID == api && c.Event == "CreateDeployment" })
	if len(deployments) > 0 && !deployments[0].At.Before(edits[0].At) {
		return nil, false
	}
	return &edits[0], slices.ContainsFunc(deployments, func(d Change) bool { return d.Tool == edits[0].Tool && d.By == edits[0].By })
}

// Edits are the last change of each API's definition, by API.
func (h *History) Edits() []Edit {
	var out []Edit
	for _, c := range h.Changes {
		if c.Definition() && c.APIID != "" && !slices.ContainsFunc(out, func(e Edit) bool { return e.APIID == c.APIID }) {
			out = append(out, Edit{APIID: c.APIID, Event: c.Event, Who: c.By, At: c.At})
		}
	}
	slices.SortFunc(out, func(a, b Edit) int { return strings.Compare(a.APIID, b.APIID) })
	return out
}
