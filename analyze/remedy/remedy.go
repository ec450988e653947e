// Package remedy writes the AWS CLI commands that mend what was found, with
// real ids, and says of each what it changes, what it leaves, and how to undo
// it. It runs nothing: stageprobe never writes to AWS.
//
// A function returns the commands in the order in which they are to be run, and
// none for an API or stage that is not known (nil), or that has nothing of the
// kind. Region may be "", which leaves it to the caller's profile.
package remedy

import (
	"fmt"
	"strings"

	"stageprobe/probe"
)

// Remedy is one command that mends a finding, with what a person should know
// before running it. stageprobe itself never runs it.
type Remedy struct {
	Text    string `json:"text"`
	Command string `json:"command"` // "" where there is no command
	// Write are the lines to write into the files of the tool that deploys.
	Write   []string `json:"write,omitempty"`
	Changes string   `json:"changes,omitempty"`
	Leaves  string   `json:"leaves,omitempty"` // what it does not change
	Undo    string   `json:"undo,omitempty"`
	Warning string   `json:"warning,omitempty"` // set where it touches all traffic
	// Then marks a step that goes on with the remedy before it; without it, a
	// remedy is another way to mend the same thing.
	Then bool `json:"then,omitempty"`
	// Diagnoses marks what mends nothing: afterwards the next run can tell more.
	Diagnoses bool `json:"diagnoses,omitempty"`
}

// allTraffic warns of a command that every caller of the stage feels at once.
func allTraffic(what string) string {
	return "touches all traffic of " + what + " as soon as it has propagated"
}

// Afterwards is a remedy that says which edits it makes visible as waiting for a
// deployment.
func Afterwards(r Remedy, edits []string) Remedy {
	const most = 3
	list := strings.Join(edits[:min(most, len(edits))], ", ")
	if more := len(edits) - most; more > 0 {
		list += fmt.Sprintf(" and %d more", more)
	}
	r.Warning = strings.TrimPrefix(r.Warning+"; afterwards this waits for a deployment there: "+list, "; ")
	return r
}

// Between names edits that nothing tells one by one: those between two deployments.
func Between(older, newer string) string {
	return "what was edited between " + older + " and " + newer
}

// then joins steps into one way: each goes on with the one before it.
func then(steps ...Remedy) []Remedy {
	for i := range steps[1:] {
		steps[i+1].Then = true
	}
	return steps
}

func name(api *probe.API, stage *probe.Stage) string { return "stage " + stage.Name + " of " + api.ID }
