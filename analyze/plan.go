package analyze

import (
	"strings"

	"stageprobe/probe"
)

// Plan is what a change would make live, by API and stage. Only the plan command
// reports it: nothing has been deployed yet.
type Plan struct {
	Tool  string    `json:"tool"`
	Files []string  `json:"files"`
	APIs  []PlanAPI `json:"apis"`
}

// PlanAPI is what a change does to one API.
type PlanAPI struct {
	Address string        `json:"address"` // what the tool calls it
	ID      string        `json:"id,omitempty"`
	Name    string        `json:"name,omitempty"`
	Kind    probe.APIKind `json:"kind"`
	Stages  []PlanStage   `json:"stages"`
	Edits   []PlanEdit    `json:"edits"`
	// Differs is what callers would see change once the edits are live, as far
	// as the files hold the definition.
	Differs []Pending `json:"differs,omitempty"`
}

// PlanStage is one stage after the change.
type PlanStage struct {
	Target string `json:"target"` // what findings name it by: API and stage
	Stage  string `json:"stage"`  // "" where the files hold none
	// Live is all, none, canary (on the canary alone), unknown, no edit, or
	// removed.
	Live string `json:"live"`
	Why  string `json:"why"`
}

// PlanEdit is one change of the definition.
type PlanEdit struct {
	Kind    string   `json:"kind"` // method, integration, gateway response, …
	Subject string   `json:"subject"`
	Address string   `json:"address"`
	What    []string `json:"what"`
	Unknown bool     `json:"unknown,omitempty"` // its new value is known only once it is applied
}

// String says in a line what is edited: the kind where the subject does not say
// it, then the properties.
func (e *PlanEdit) String() string {
	words := []string{}
	if !strings.HasPrefix(e.Subject, e.Kind+" ") && e.Subject != "the "+e.Kind && (len(e.What) != 1 || !strings.EqualFold(e.What[0], e.Kind)) && strings.ContainsAny(e.Subject, "/$") {
		words = append(words, e.Kind)
	}
	s := e.Subject + ": " + strings.Join(append(words, strings.Join(e.What, ", ")), " ")
	if e.Address != "" && !strings.Contains(e.Subject, e.Address) {
		s += " (" + e.Address + ")"
	}
	if e.Unknown {
		s += "; its value is known only once it is applied"
	}
	return s
}
