package cause

import (
	"net/url"
	"slices"
	"strings"

	"stageprobe/analyze/diff"
	"stageprobe/analyze/signature"
	"stageprobe/probe"
)

// AsksFor is an authorization or a parameter that the editor asks for, and the stage
// does not.
type AsksFor struct {
	said
	Authorization, Parameter string
}

// SentToOld is an integration that was called and that the editor no longer names.
type SentToOld struct {
	said
	URI string
}

// AnsweredWithout is a deployment that answered and lacks the edit of a subject.
type AnsweredWithout struct {
	said
	Deployment, Subject string
}

// confirmEdits are requests whose answers show that an edit is not served, with
// their scenarios and behaviours, and what was seen by the edit's subject.
func confirmEdits(fx *Facts, p *pending) (lines []Fact, scenarios, rests []int, seen map[string]Fact) {
	seen = map[string]Fact{}
	for _, sub := range p.all {
		for _, c := range slices.Concat(sub.confirms, sub.cells) {
			for _, d := range p.diffs {
				i, says := unserved(fx, sub, c, &d)
				if says == nil {
					continue
				}
				seen[d.Subject] = says
				lines = append(lines, fx.request(i, says))
				scenarios = append(scenarios, c.scenario)
				rests = append(rests, fx.Rows[i].Cluster)
				break
			}
		}
	}
	return lines, scenarios, rests, seen
}

// unserved finds an answer which shows that an edit is not served yet: the row
// and what it says, or nil. The canary's answers are none of the stage's own.
func unserved(fx *Facts, sub *target, c *cell, d *diff.Difference) (row int, says Fact) {
	if !touches(d.Routes, fx.routeKey(sub, c.scenario)) {
		return 0, nil
	}
	for _, i := range c.rows {
		if fx.Rows[i].Label == LabelCanary {
			continue
		}
		if says := shows(fx, sub, i, d); says != nil {
			return i, says
		}
	}
	return 0, nil
}

// shows is what one answer, or its log, says of an edit that is not served; nil
// where the edit does not show in it.
func shows(fx *Facts, sub *target, row int, d *diff.Difference) Fact {
	r := &fx.Rows[row]
	sc, k := fx.scenario(r.Scenario), &fx.Clusters[r.Cluster]
	through := k.Class != signature.Transport && (k.Reading.Producer == signature.Integration || k.Status > 0 && k.Status < 400)
	parameter, demanded := demandedParameter(sub.api.Editor, d)
	switch {
	case d.Aspect == "added" && unrouted(k):
		return Topic("added and refused")
	case d.Aspect == "removed" && !nowhere(k) && k.Class != signature.Transport:
		return Topic("removed and served")
	case d.Aspect == "authorization" && open(d.B) && through && !credentialed(sc):
		return AsksFor{Authorization: d.A}
	case d.Aspect == "authorization" && open(d.A) && refused(k) && (!nowhere(k) || d.B == "AWS_IAM"):
		return Topic("refuses without authorization")
	case d.Aspect == "api_key_required" && d.A == "true" && through && sc.Auth != probe.AuthAPIKey:
		return Topic("answers without key")
	case d.Aspect == "api_key_required" && d.A == "false" && forbidden(k):
		return Topic("refuses without key")
	case demanded && through && !sends(sc, parameter):
		return AsksFor{Parameter: parameter}
	case loosened(sub, sc, k, d):
		return Topic("still refuses")
	case d.Aspect == "policy" && mayAdmit(sub.api.Editor.Policy) && refusedByPolicy(fx, sub, r.Scenario, k):
		return Topic("policy still refuses")
	}
	if says := refusalShows(sub, k, d); says != nil {
		return says
	}
	return logShows(fx, sub, row, d)
}

// logShows is what the logs say of an edit that is not served: the integration
// that was called, or the deployment that answered.
func logShows(fx *Facts, sub *target, row int, d *diff.Difference) Fact {
	r := &fx.Rows[row]
	if d.Aspect == "integration.uri" && r.RequestID != "" {
		vars := sub.conf.Variables
		for _, rec := range recordsOf(fx, row) {
			if rec.IntegrationURI != "" && rec.IntegrationURI == diff.Resolve(d.B, vars) && rec.IntegrationURI != diff.Resolve(d.A, vars) {
				return SentToOld{URI: rec.IntegrationURI}
			}
		}
	}
	if r.Deployment != "" && r.Deployment == sub.conf.DeploymentID {
		return AnsweredWithout{Deployment: r.Deployment, Subject: d.Subject}
	}
	return nil
}

func open(authorization string) bool { return authorization == "" || authorization == "NONE" }

// credentialed tells whether a scenario carries anything that an authorizer
// may accept.
func credentialed(sc *probe.Scenario) bool {
	return sc.Auth != "" && sc.Auth != probe.AuthNone || len(sc.Header) > 0
}

// demandedParameter is the parameter that a route demands by an edit, as
// definitions name it ("query.limit").
func demandedParameter(editor *probe.Definition, d *diff.Difference) (string, bool) {
	if editor == nil {
		return "", false
	}
	route := editor.Routes[d.Subject]
	if !strings.Contains(route.Validator, "params") {
		return "", false
	}
	if name, ok := strings.CutPrefix(d.Aspect, "parameters."); ok {
		return name, d.A == "required" && !strings.HasPrefix(name, "path.")
	}
	if d.Aspect != "validator" || strings.Contains(d.B, "params") {
		return "", false
	}
	for _, name := range sortedKeys(route.Parameters) {
		if route.Parameters[name] && !strings.HasPrefix(name, "path.") {
			return name, true
		}
	}
	return "", false
}

// sends tells whether a scenario's request holds a parameter.
func sends(sc *probe.Scenario, parameter string) bool {
	where, name, _ := strings.Cut(parameter, ".")
	if where == "header" {
		return slices.ContainsFunc(sc.Header, func(h probe.Header) bool { return strings.EqualFold(h.Name, name) })
	}
	query, err := url.ParseQuery(sc.Query)
	return err != nil || query.Has(name)
}
