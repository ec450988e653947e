package address

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"stageprobe/probe"
)

// domains are the targets of an API's custom domains: those that were named,
// else every one that leads to the stages.
func (f *finder) domains(a APISelection, stages []string) []probe.Target {
	var found []probe.Target
	for _, d := range a.Domains {
		found = append(found, f.named(a.ID, d)...)
	}
	if len(a.Domains) > 0 || f.snap == nil {
		return found
	}
	for i := range f.snap.Domains {
		found = append(found, f.leading(&f.snap.Domains[i], a.ID, stages)...)
	}
	return found
}

// leading are the targets of a domain that lead to the stages of an API.
func (f *finder) leading(d *probe.Domain, apiID string, stages []string) []probe.Target {
	bases := basePathsTo(d, func(r probe.StageRef) bool { return r.APIID == apiID && slices.Contains(stages, r.Stage) })
	if len(bases) > 0 && strings.HasPrefix(d.Name, "*.") {
		f.problem("domain "+d.Name, "it stands for many names, so it is not probed by itself", "paste a URL at one of them")
		return nil
	}
	var found []probe.Target
	for _, base := range bases {
		t := f.domain(d, base)
		if t.APIID == apiID && slices.Contains(stages, t.Stage) {
			found = append(found, t)
			continue
		}
		f.problem(fmt.Sprintf("domain %s, /%s", d.Name, base),
			fmt.Sprintf("its way to API %s is not open to the probe: another routing rule comes first, or the rule asks for a header", apiID),
			"send the header that the rule asks for with --header")
	}
	return found
}

// named are the targets of a domain that somebody named for an API: the base
// path they named, else those that lead to the stage it is meant to serve, else
// those that lead to another stage of the API.
func (f *finder) named(apiID string, sel DomainSelection) []probe.Target {
	base := strings.Trim(sel.BasePath, "/")
	d := f.snap.Domain(sel.Name)
	if d == nil {
		f.notFound(sel.Name)
		return []probe.Target{f.meant(f.domainName(sel.Name, base), apiID, sel.Stage)}
	}
	bases := []string{base}
	if base == "" {
		bases = basePathsTo(d, func(r probe.StageRef) bool { return (apiID == "" || r.APIID == apiID) && r.Stage == sel.Stage })
	}
	if len(bases) == 0 {
		bases = basePathsTo(d, func(r probe.StageRef) bool { return r.APIID == apiID })
	}
	if len(bases) == 0 {
		// Nothing leads to the API: the root then, or the only thing that is there.
		bases = basePathsTo(d, func(probe.StageRef) bool { return true })
		if len(bases) != 1 {
			bases = []string{""}
		}
	}
	var found []probe.Target
	for _, b := range bases {
		found = append(found, f.meant(f.domain(d, b), apiID, sel.Stage))
	}
	return found
}

func (f *finder) meant(t probe.Target, apiID, stage string) probe.Target {
	if stage != "" {
		t.Meant = &probe.StageRef{APIID: cmp.Or(apiID, t.APIID), Stage: stage} // a domain alone is meant for the API it leads to
	}
	return t
}

// basePathsTo lists the base paths of a domain that lead to a wanted stage,
// by mapping or by rule, in order.
func basePathsTo(d *probe.Domain, wanted func(probe.StageRef) bool) []string {
	var bases []string
	for _, m := range d.Mappings {
		if wanted(probe.StageRef{APIID: m.APIID, Stage: m.Stage}) {
			bases = append(bases, m.BasePath)
		}
	}
	for _, r := range d.Rules {
		if !wanted(probe.StageRef{APIID: r.APIID, Stage: r.Stage}) {
			continue
		}
		if len(r.BasePaths) == 0 {
			bases = append(bases, "")
		}
		for _, b := range r.BasePaths {
			bases = append(bases, strings.Trim(b, "/"))
		}
	}
	slices.Sort(bases)
	return slices.Compact(bases)
}

// domain is the target of a base path of a domain, followed to its stage as
// the probe's own headers lead.
func (f *finder) domain(d *probe.Domain, base string) probe.Target {
	t := f.domainName(d.Name, base)
	if len(d.EndpointTypes) == 1 {
		t.Endpoint = d.EndpointTypes[0]
	}
	lead, ok := d.Route(base, f.sel.Headers)
	if !ok {
		if f.snap.MappingsRead(d) {
			t.Unmapped = leadsNowhere(d, base)
		}
		return t
	}
	endpoint := t.Endpoint // of the domain, not of the API behind it
	f.describe(&t, lead.StageRef)
	t.Endpoint = endpoint
	switch stage := f.snap.API(lead.APIID).Stage(lead.Stage); {
	case lead.Stripped:
	case base != "" && stage != nil && stage.Deployed != nil && !stage.Deployed.BeginsWith(base):
		t.Unmapped = fmt.Sprintf("a routing rule of domain %s leads /%s to stage %s of API %s and keeps the base path: the stage is asked for /%s/…, and no route of it begins so",
			d.Name, base, lead.Stage, lead.APIID, base)
	default: // the API sees the base path, so it belongs to the scenarios' paths
		t.URL = "https://" + d.Name
	}
	return t
}

// domainName is the target of a domain as far as its name tells.
func (f *finder) domainName(name, base string) probe.Target {
	t := probe.Target{ID: name, URL: "https://" + name, Kind: probe.CustomDomain, Region: f.region(), BasePath: base}
	if base != "" {
		t.ID += "/" + base
		t.URL += "/" + base
	}
	return t
}

func (f *finder) notFound(domain string) {
	if f.snap != nil && f.readDomains(domain) {
		f.problem("domain "+domain, "it was not found among the custom domains of this account and region, so where it leads is not known",
			"check the name, --region and --profile")
	}
}

// readDomains tells whether the account was asked for a domain and answered: a read
// that failed is no absence, and a gap tells of it.
func (f *finder) readDomains(domain string) bool {
	asked := !f.snap.Taken.IsZero() || len(f.snap.APIs)+len(f.snap.Domains) > 0
	return asked && !slices.ContainsFunc(f.snap.Gaps, func(g probe.Gap) bool {
		about := g.Subject == "domain "+domain || strings.HasPrefix(g.Subject, "region ") && g.Operation != "LookupEvents"
		return about && g.Reason != "" && g.Reason != "absent"
	})
}

// UnmappedDomains are the custom domains of a snapshot that lead nowhere, as
// targets. One whose mappings could not all be read is none of them.
func UnmappedDomains(snap *probe.Snapshot) []probe.Target {
	f := finder{snap: snap}
	var out []probe.Target
	for i := range snap.Domains {
		d := &snap.Domains[i]
		if len(d.Mappings) == 0 && len(d.Rules) == 0 && snap.MappingsRead(d) {
			out = append(out, f.domain(d, ""))
		}
	}
	return out
}

func leadsNowhere(d *probe.Domain, base string) string {
	there := basePathsTo(d, func(probe.StageRef) bool { return true })
	if len(there) == 0 {
		return fmt.Sprintf("domain %s has no base path mapping and no routing rule", d.Name)
	}
	for i := range there {
		there[i] = "/" + there[i]
	}
	return fmt.Sprintf("no mapping or rule of domain %s leads on from /%s (there are %s)", d.Name, base, strings.Join(there, ", "))
}
