package cli

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"stageprobe/analyze/words"
	"stageprobe/probe"
	"stageprobe/probe/redact"
)

// unanswered counts requests that got no whole HTTP answer, by what went wrong, with
// the words of one of each kind. The zero value is ready to use.
type unanswered map[probe.Outcome]*failure

type failure struct {
	n, begun int // begun is of how many an answer had begun
	text     string
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
	if o.Status != 0 {
		f.begun++
	}
}

// notes are a line per kind of failure.
func (u unanswered) notes(redact *redact.Redactor) []string {
	var out []string
	for _, outcome := range slices.Sorted(maps.Keys(u)) {
		f := u[outcome]
		note := words.Plural(f.n, "request") + " got no HTTP answer"
		switch {
		case f.begun == f.n:
			note = words.Plural(f.n, "answer") + " began and did not end"
		case f.begun > 0:
			note = fmt.Sprintf("%d requests got no whole HTTP answer, of which %d began", f.n, f.begun)
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

// why says in a sentence why most requests got no answer; "" where all did. targets
// are those of the plan.
func (u unanswered) why(targets []probe.Target, redact *redact.Redactor) string {
	if len(u) == 0 {
		return ""
	}
	outcomes := slices.SortedFunc(maps.Keys(u), func(a, b probe.Outcome) int {
		return cmp.Or(cmp.Compare(u[b].n, u[a].n), cmp.Compare(a, b))
	})
	outcome := outcomes[0]
	text, host, plain := redact.String(u[outcome].text), "", false
	if len(targets) > 0 {
		if parsed, err := url.Parse(targets[0].URL); err == nil {
			host, plain = parsed.Host, parsed.Scheme == "http"
		}
	}
	said := map[probe.Outcome]string{
		probe.OutcomeDNS:     "there is no such host: " + host,
		probe.OutcomeRefused: "the connection to " + host + " was refused",
		probe.OutcomeTimeout: "no answer came from " + host + " in time",
		probe.OutcomeReset:   host + " ended the connection before an answer was complete",
		probe.OutcomeTLS:     "the certificate of " + host + " was not accepted",
		probe.OutcomeLocal:   "this machine could not send",
	}[outcome]
	switch {
	case outcome == probe.OutcomeLocal && strings.HasPrefix(text, "the "): // server or connection
		said = text
	case strings.HasPrefix(text, "proxy "):
		said = "the " + text
	case plain && outcome != probe.OutcomeDNS && outcome != probe.OutcomeLocal:
		said += ": the address begins with http://, and API Gateway serves https alone"
	case strings.Contains(text, "unknown authority"):
		said += ": it is signed by an unknown authority; --cacert names the file of one to trust"
	case outcome == probe.OutcomeTLS, outcome == probe.OutcomeLocal:
		said += ": " + strings.TrimPrefix(text, "tls: ")
	case outcome == probe.OutcomeDNS:
		said += "; check its spelling, and that it is public"
	}
	return said
}
