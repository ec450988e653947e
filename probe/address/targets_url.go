package address

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"stageprobe/probe"
	"stageprobe/probe/redact"
)

// url adds the target that a pasted URL lies below.
func (f *finder) url(raw string) {
	a, err := ParseURL(raw)
	if err != nil {
		f.problem("URL", err.Error(), "")
		return
	}
	switch a.Kind {
	case AddressExecuteAPI, AddressEmulator:
		f.add(f.invoke(a))
	case AddressVPCE:
		f.vpce(a)
	default:
		f.add(f.custom(a))
	}
}

// invoke is the target of an invoke URL.
func (f *finder) invoke(a Address) probe.Target {
	stage, segment := f.stageOf(a)
	t := probe.Target{ID: a.APIID, URL: a.Base, Kind: probe.InvokeURL, Region: cmp.Or(a.Region, f.region())}
	if segment != "" {
		t.URL += "/" + segment
	}
	if stage != "" {
		t.ID += "/" + stage
	}
	f.describe(&t, probe.StageRef{APIID: a.APIID, Stage: stage})
	if a.VPCEndpoint != "" {
		t.Endpoint = "PRIVATE"
	}
	return t
}

// stageOf tells which stage an invoke URL means, and the path segment that
// says so: always the first for a REST API; for an HTTP API the first where it
// is a stage's name, else none and $default. Of an API that was not read the
// first segment is taken.
func (f *finder) stageOf(a Address) (stage, segment string) {
	if a.Stage != "" {
		return a.Stage, ""
	}
	first, err := url.PathUnescape(a.First)
	if err != nil {
		first = a.First
	}
	api := f.snap.API(a.APIID)
	if api != nil && api.Kind == probe.HTTP && api.Stage(first) == nil {
		if api.Stage(probe.DefaultStage) != nil || first == "" {
			return probe.DefaultStage, ""
		}
	}
	return first, a.First
}

// vpce is a VPC endpoint's own name, which serves any private API and has to be
// told which.
func (f *finder) vpce(a Address) {
	if len(f.sel.APIs) != 1 {
		f.problem("URL "+a.Host, "a VPC endpoint's own name does not say which API is meant",
			"name one with --api, or use https://{api}-"+a.VPCEndpoint+".execute-api."+a.Region+"."+Suffix(a.Region))
		return
	}
	a.APIID = f.sel.APIs[0].ID
	t := f.invoke(a)
	t.Header = []probe.Header{{Name: "x-apigw-api-id", Value: a.APIID}}
	f.add(t)
}

// custom is the target of a URL at a custom domain.
func (f *finder) custom(a Address) probe.Target {
	if a.Kind == AddressRegional {
		f.problem("URL "+a.Host, "this is what the DNS record of a custom domain points at; it answers only under the domain's name",
			fmt.Sprintf("paste the domain's own URL and add --connect-to DOMAIN:443=%s:443", a.Host))
	}
	d := f.snap.Domain(a.Host)
	if d == nil {
		d = f.wildcard(a.Host)
	}
	var t probe.Target
	if d == nil {
		f.notFound(a.Host)
		t = f.domainName(a.Host, "")
	} else {
		own := *d
		own.Name = a.Host
		base := ""
		if lead, ok := d.Route(a.Path, f.sel.Headers); ok {
			base = lead.BasePath
		}
		t = f.domain(&own, base)
	}
	t.URL = a.Base + strings.TrimPrefix(t.URL, "https://"+a.Host)
	t.Region = cmp.Or(a.Region, t.Region)
	return t
}

// wildcard finds the domain *.example.com for a host below it.
func (f *finder) wildcard(host string) *probe.Domain {
	_, parent, ok := strings.Cut(host, ".")
	if !ok {
		return nil
	}
	return f.snap.Domain("*." + parent)
}

// URLScenarios are the requests that pasted URLs name, each for the target
// that [Targets] made of it: what stands in the URL behind the stage or base
// path. URLs that cannot be read are left out; Targets has told of them.
func URLScenarios(targets []probe.Target, sel Selection) []probe.Scenario {
	var list []probe.Scenario
	for _, raw := range sel.URLs {
		a, err := ParseURL(raw)
		if err != nil {
			continue
		}
		whole := a.Base + a.Path
		t := longestPrefix(targets, whole)
		if t == nil {
			continue
		}
		list = appendScenario(list, probe.Scenario{
			Method: http.MethodGet, Path: strings.TrimPrefix(whole, t.URL), Query: a.Query, Targets: []string{t.ID},
		})
	}
	return list
}

// longestPrefix finds the target that a URL lies below.
func longestPrefix(targets []probe.Target, whole string) *probe.Target {
	var best *probe.Target
	for i := range targets {
		t := &targets[i]
		rest, ok := strings.CutPrefix(whole, t.URL)
		if ok && (rest == "" || rest[0] == '/') && (best == nil || len(t.URL) > len(best.URL)) {
			best = t
		}
	}
	return best
}

// appendScenario joins a request that is there already for another target, and
// gives a new one a name of its own. A query stays out of the name: it may hold
// what should not be printed.
func appendScenario(list []probe.Scenario, s probe.Scenario) []probe.Scenario {
	same := 0
	s.Name = s.Method + " " + cmp.Or(redact.MaskPath(s.Path), "/")
	for i := range list {
		l := &list[i]
		if l.Path == s.Path && l.Query == s.Query {
			if !slices.Contains(l.Targets, s.Targets[0]) {
				l.Targets = append(l.Targets, s.Targets...)
			}
			return list
		}
		if l.Path == s.Path {
			same++
		}
	}
	if same > 0 {
		s.Name = fmt.Sprintf("%s (%d)", s.Name, same+1)
	}
	return append(list, s)
}
