package analyze

import (
	"fmt"
	"regexp"
	"strings"

	"stageprobe/probe"
)

func (s reporting) notes(parts ...[]string) []string {
	out := []string{}
	for _, p := range parts {
		out = append(out, p...)
	}
	out = append(out, gapNotes(s.snap.Gaps)...)
	if s.evidence != nil {
		out = append(out, gapNotes(s.evidence.Gaps)...)
		out = append(out, s.evidence.Notes...)
	}
	return unique(out)
}

// gapNotes says what could not be read and what it cost, one note per
// operation and consequence: two hundred APIs may be denied alike.
func gapNotes(gaps []probe.Gap) []string {
	type key struct{ op, action, costs, err string }
	subjects := map[key][]string{}
	var order []key
	for _, g := range gaps {
		k := key{g.Operation, g.Action, g.Costs, denied(g.Action, g.Err)}
		if subjects[k] == nil {
			order = append(order, k)
		}
		subjects[k] = append(subjects[k], g.Subject)
	}
	var out []string
	for _, k := range order {
		out = append(out, gapNote(k.op, k.action, k.costs, k.err, subjects[k]))
	}
	return out
}

// by is what IAM's message on a denied call says of the reason.
var by = regexp.MustCompile(`because no [a-z -]+ allows|with an explicit deny in an? [a-z -]+`)

// denied shortens the message of a call for which an action is missing: which one,
// and of what, the note says itself.
func denied(action, err string) string {
	before, _, ok := strings.Cut(err, ": User: ")
	if action == "" || !ok {
		return err
	}
	switch why := by.FindString(err); {
	case strings.HasPrefix(why, "because"):
		return before + ", " + why + " it"
	case why != "":
		return before + ", " + why
	}
	return before
}

func gapNote(op, action, costs, err string, subjects []string) string {
	on := strings.Join(subjects[:min(3, len(subjects))], ", ")
	if more := len(subjects) - 3; more > 0 {
		on += fmt.Sprintf(" and %d more", more)
	}
	note := fmt.Sprintf("%s of %s: %s", op, on, err)
	if action != "" {
		note += "; allow " + action
	}
	if costs != "" {
		note += " (" + costs + ")"
	}
	return note
}
