package cli

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"stageprobe/probe"
)

// unanswered counts requests that got no HTTP answer, by what went wrong, with
// the words of one of each kind. The zero value is ready to use.
type unanswered map[probe.Outcome]*failure

type failure struct {
	n    int
	text string
}

func (u *unanswered) add(o *probe.Observation) {
	if o.Outcome == probe.OutcomeResponse {
		return
	}
	if *u == nil {
		*u = unanswered{}
	}
	f := (*u)[o.Outcome]
	if f == nil {
		f = &failure{text: o.Err}
		(*u)[o.Outcome] = f
	}
	f.n++
}

// notes are a line per kind of failure.
func (u unanswered) notes(redact *probe.Redactor) []string {
	var out []string
	for _, outcome := range slices.Sorted(maps.Keys(u)) {
		f := u[outcome]
		note := fmt.Sprintf("%d requests got no HTTP answer", f.n)
		if f.n == 1 {
			note = "1 request got no HTTP answer"
		}
		note += ": " + cmp.Or(redact.String(f.text), string(outcome))
		if strings.Contains(f.text, "unknown authority") {
			note += "; --cacert names the file of an authority to trust"
		}
		if outcome == probe.OutcomeTimeout {
			note += "; no complete answer came in time: --request-timeout gives it longer"
		}
		out = append(out, note)
	}
	return out
}
