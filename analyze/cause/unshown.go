package cause

import (
	"slices"
	"strconv"
	"strings"

	"stageprobe/analyze/diff"
	"stageprobe/analyze/signature"
	"stageprobe/probe"
)

// unshown are aspects of edits that no answer is held against, by what their
// names begin with, and why.
var unshown = []struct {
	aspect string
	why    Topic
}{
	{"integration.request_", "sent to the backend"},
	{"integration.passthrough", "sent to the backend"},
	{"integration.content_handling", "sent to the backend"},
	{"integration.payload_version", "sent to the backend"},
	{"integration.method", "sent to the backend"},
	{"integration.credentials", "caller of the backend"},
	{"integration.responses", "before it was mapped"},
	{"responses", "before it was mapped"},
	{"request_models", "with a body"},
	{"schema", "with a body"},
	{"cors", "of other origins"},
}

// whyUnshown says why no answer can show an edit; "" where one can.
func whyUnshown(d *diff.Difference) Topic {
	for _, u := range unshown {
		if strings.HasPrefix(d.Aspect, u.aspect) {
			return u.why
		}
	}
	if strings.HasPrefix(d.Subject, gatewayResponsePrefix) && d.Aspect != "status" && d.Aspect != "added" {
		return "form of refusals"
	}
	return ""
}

// NotShowable are edits that no answer can show, by the reason.
type NotShowable struct {
	said
	Edits []Unshowable
}

// Unshowable are edits that no answer can show for one reason.
type Unshowable struct {
	said
	Edits []string
	Why   Topic
}

// cannotShow are the edits that no answer can show, with the reason: their silence is no
// sign of a deployment. Subjects that were seen, by the logs as it may be, are left
// out. It is nil where there are none.
func cannotShow(diffs []diff.Difference, seen map[string]Fact) Fact {
	var out NotShowable
	for i := range diffs {
		why := whyUnshown(&diffs[i])
		if why == "" || seen[diffs[i].Subject] != nil {
			continue
		}
		at := slices.IndexFunc(out.Edits, func(u Unshowable) bool { return u.Why == why })
		if at < 0 {
			at = len(out.Edits)
			out.Edits = append(out.Edits, Unshowable{Why: why})
		}
		out.Edits[at].Edits = append(out.Edits[at].Edits, named(&diffs[i]))
	}
	if out.Edits == nil {
		return nil
	}
	return out
}

// RefusesWith is the status of a gateway response as the editor has it, and as the
// stage refused with it.
type RefusesWith struct {
	said
	Response, Now, Got string
}

const gatewayResponsePrefix = "gateway response "

// refusalShows is what a refusal says of an edited gateway response: that it
// still has the status of before. nil where the edit does not decide it.
func refusalShows(sub *target, k *Cluster, d *diff.Difference) Fact {
	kind, ok := strings.CutPrefix(d.Subject, gatewayResponsePrefix)
	if !ok || k.Reading.Producer == signature.Integration || k.Reading.GatewayResponse == "" || sub.api.Editor == nil || sub.conf.Deployed == nil ||
		kind != formOf(sub.api.Editor, k) {
		return nil
	}
	now := sub.api.Editor.GatewayResponses[kind].Status
	before := sub.conf.Deployed.GatewayResponses[formOf(sub.conf.Deployed, k)].Status
	got := strconv.Itoa(k.Status)
	if now == "" || got == now || before != "" && got != before {
		return nil
	}
	return RefusesWith{Response: k.Reading.GatewayResponse, Now: now, Got: got}
}

// formOf is the gateway response of a definition that forms a refusal: its
// own, else the default of its class.
func formOf(d *probe.Definition, k *Cluster) string {
	if _, own := d.GatewayResponses[k.Reading.GatewayResponse]; own {
		return k.Reading.GatewayResponse
	}
	return "DEFAULT_" + strconv.Itoa(k.Status/100) + "XX"
}

// loosened tells whether a request was refused for what the editor no longer
// asks of it.
func loosened(sub *target, sc *probe.Scenario, k *Cluster, d *diff.Difference) bool {
	if sub.api.Editor == nil {
		return false
	}
	route := sub.api.Editor.Routes[d.Subject]
	switch k.Reading.GatewayResponse {
	case "BAD_REQUEST_PARAMETERS":
		eased := d.Aspect == "validator" && strings.Contains(d.B, "params") || strings.HasPrefix(d.Aspect, "parameters.") && d.B == "required"
		return eased && !lacks(&route, sc)
	case "BAD_REQUEST_BODY":
		return d.Aspect == "validator" && strings.Contains(d.B, "body") && !strings.Contains(d.A, "body")
	}
	return false
}

// lacks tells whether a request would be refused by a route for a parameter that
// it does not hold.
func lacks(route *probe.Route, sc *probe.Scenario) bool {
	if !strings.Contains(route.Validator, "params") {
		return false
	}
	for name, required := range route.Parameters {
		if required && !strings.HasPrefix(name, "path.") && !sends(sc, name) {
			return true
		}
	}
	return false
}

// showable tells whether an answer can show any of the edits.
func showable(diffs []diff.Difference) bool {
	return slices.ContainsFunc(diffs, func(d diff.Difference) bool { return whyUnshown(&d) == "" })
}
