package analyze

import (
	"fmt"
	"slices"
	"strings"

	"stageprobe/probe"
)

// The routing modes of a custom domain. Any other, and none, means mappings
// alone.
const (
	rulesOnly         = "ROUTING_RULE_ONLY"
	rulesThenMappings = "ROUTING_RULE_THEN_API_MAPPING"
)

func configDomain(snap *probe.Snapshot, d *probe.Domain) ConfigDomain {
	return ConfigDomain{
		Name: d.Name, Mappings: orEmpty(d.Mappings), Rules: d.Rules, Note: domainNote(snap, d),
		EndpointTypes: d.EndpointTypes, SecurityPolicy: d.SecurityPolicy, MutualTLS: d.MutualTLS,
		RoutingMode: d.RoutingMode, Status: d.Status, Paths: domainPaths(snap, d),
		IPAddressType: d.IPAddressType, AccessMode: d.AccessMode, Targets: d.Targets, Changes: newest(snap.History.OfDomain(d.Name)),
	}
}

func domainNote(snap *probe.Snapshot, d *probe.Domain) string {
	var notes []string
	switch {
	case !snap.MappingsRead(d):
		notes = append(notes, "where it leads could not be read completely")
	case len(d.Mappings) == 0 && len(d.Rules) == 0:
		notes = append(notes, "leads nowhere: no mapping and no routing rule")
	}
	if d.MutualTLS {
		notes = append(notes, "asks for a client certificate")
	}
	if d.SecurityPolicy == "TLS_1_0" {
		notes = append(notes, "lets clients in with TLS 1.0")
	}
	return strings.Join(notes, "; ")
}

// domainPaths lists what a domain's paths lead to in the order in which they are
// tried: rules by priority, then mappings from the longest path to the empty
// one (developer guide, "Routing rules", "API mappings").
func domainPaths(snap *probe.Snapshot, d *probe.Domain) []DomainPath {
	var out []DomainPath
	rules := slices.Clone(d.Rules)
	slices.SortStableFunc(rules, func(a, b probe.RoutingRule) int { return a.Priority - b.Priority })
	for i := range rules {
		p := rulePath(&rules[i])
		p.Note = leadsNowhere(snap, p.APIID, p.Stage)
		if d.RoutingMode != rulesOnly && d.RoutingMode != rulesThenMappings {
			p.Note = "never reached: the domain's routing mode leaves rules out"
		}
		out = append(out, p)
	}
	mappings := slices.Clone(d.Mappings)
	slices.SortStableFunc(mappings, func(a, b probe.Mapping) int { return len(b.BasePath) - len(a.BasePath) })
	for _, m := range mappings {
		p := DomainPath{Path: "/" + m.BasePath, APIID: m.APIID, Stage: m.Stage, By: "mapping", Note: leadsNowhere(snap, m.APIID, m.Stage)}
		if d.RoutingMode == rulesOnly {
			p.Note = "never reached: the domain's routing mode leaves mappings out"
		}
		out = append(out, p)
	}
	return hidden(out)
}

func rulePath(r *probe.RoutingRule) DomainPath {
	p := DomainPath{Path: "/", APIID: r.APIID, Stage: r.Stage, By: fmt.Sprintf("rule of priority %d", r.Priority)}
	if len(r.BasePaths) > 0 {
		p.Path = "/" + strings.Join(r.BasePaths, ", /")
	}
	var when []string
	for _, h := range r.Headers {
		when = append(when, h.Name+": "+h.Glob)
	}
	p.When = strings.Join(when, " and ")
	return p
}

// hidden marks what stands behind a rule that takes every request.
func hidden(paths []DomainPath) []DomainPath {
	catchAll := ""
	for i := range paths {
		p := &paths[i]
		switch {
		case catchAll != "" && p.Note == "":
			p.Note = "never reached: the " + catchAll + " takes every request"
		case p.Path == "/" && p.When == "" && p.By != "mapping" && p.Note == "":
			catchAll = p.By
		}
	}
	return paths
}

// leadsNowhere says so where the API was read and has no such stage.
func leadsNowhere(snap *probe.Snapshot, api, stage string) string {
	if a := snap.API(api); a != nil && len(a.Stages) > 0 && a.Stage(stage) == nil {
		return fmt.Sprintf("leads nowhere: API %s has no stage %s", api, stage)
	}
	return ""
}
