package cause

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"stageprobe/analyze/diff"
	"stageprobe/analyze/signature"
	"stageprobe/analyze/words"
	"stageprobe/probe"
)

// unshown are aspects of edits that no answer is held against, by what their
// names begin with, and why.
var unshown = []struct{ aspect, why string }{
	{"integration.request_", "only the backend sees what it is sent"},
	{"integration.passthrough", "only the backend sees what it is sent"},
	{"integration.content_handling", "only the backend sees what it is sent"},
	{"integration.payload_version", "only the backend sees what it is sent"},
	{"integration.method", "only the backend sees what it is sent"},
	{"integration.credentials", "only the backend sees who calls it"},
	{"integration.responses", "what the backend said before it was mapped is not known"},
	{"responses", "what the backend said before it was mapped is not known"},
	{"request_models", "only requests with a body show it"},
	{"schema", "only requests with a body show it"},
	{"cors", "only requests of other origins show it, and none was sent"},
}

// whyUnshown says why no answer can show an edit; "" where one can.
func whyUnshown(d *diff.Difference) string {
	for _, u := range unshown {
		if strings.HasPrefix(d.Aspect, u.aspect) {
			return u.why
		}
	}
	if strings.HasPrefix(d.Subject, gatewayResponsePrefix) && d.Aspect != "status" && d.Aspect != "added" {
		return "the form of refusals is not held against the definition"
	}
	return ""
}

// unshownWords names the edits that no answer can show, with the reason: their
// silence is no sign of a deployment. Subjects that were seen, by the logs as it
// may be, are left out.
func unshownWords(diffs []diff.Difference, seen map[string]string) string {
	byReason := map[string][]string{}
	var reasons []string
	for i := range diffs {
		why := whyUnshown(&diffs[i])
		if why == "" || seen[diffs[i].Subject] != "" {
			continue
		}
		if byReason[why] == nil {
			reasons = append(reasons, why)
		}
		byReason[why] = append(byReason[why], named(&diffs[i]))
	}
	var texts []string
	for _, why := range reasons {
		texts = append(texts, words.Some(byReason[why], 3)+" ("+why+")")
	}
	if len(texts) == 0 {
		return ""
	}
	return fmt.Sprintf(" No answer can show %s.", strings.Join(texts, "; "))
}

const gatewayResponsePrefix = "gateway response "

// refusalShows is what a refusal says of an edited gateway response: that it
// still has the status of before. "" where the edit does not decide it.
func refusalShows(sub *target, k *Cluster, d *diff.Difference) string {
	kind, ok := strings.CutPrefix(d.Subject, gatewayResponsePrefix)
	if !ok || k.Reading.Producer == signature.Integration || k.Reading.GatewayResponse == "" || sub.api.Editor == nil || sub.conf.Deployed == nil ||
		kind != formOf(sub.api.Editor, k) {
		return ""
	}
	now := sub.api.Editor.GatewayResponses[kind].Status
	before := sub.conf.Deployed.GatewayResponses[formOf(sub.conf.Deployed, k)].Status
	got := strconv.Itoa(k.Status)
	if now == "" || got == now || before != "" && got != before {
		return ""
	}
	return fmt.Sprintf("the editor gives %s the status %s, and the stage refuses with %s", k.Reading.GatewayResponse, now, got)
}

// formOf is the gateway response of a definition that forms a refusal: its
// own, else the default of its class.
func formOf(d *probe.Definition, k *Cluster) string {
	if _, own := d.GatewayResponses[k.Reading.GatewayResponse]; own {
		return k.Reading.GatewayResponse
	}
	return fmt.Sprintf("DEFAULT_%dXX", k.Status/100)
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
