package cause

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"stageprobe/probe"
)

// AliasWeights says which versions an alias shares its requests among.
type AliasWeights struct {
	said
	Alias  string // "orders:live"
	Shares []VersionShare
}

// VersionShare is the share of an alias's requests that a version gets.
type VersionShare struct {
	said
	Version string
	Share   float64
}

// CanaryCounted says how many requests of a canary CloudWatch counted, of all callers.
type CanaryCounted struct {
	said
	Stage    string
	Requests float64
	From, To time.Time
}

// LinkIs says that a VPC link which failing routes go through is not available.
type LinkIs struct {
	said
	Link, Name, Status, Why string
}

// RulesMatched says which routing rules of a domain requests matched, by the logs.
type RulesMatched struct {
	said
	Domain string
	Rules  []RuleMatched
}

// RuleMatched is a routing rule with the requests that matched it.
type RuleMatched struct {
	said
	Rule, LeadsTo string
	Priority      int // 0: not known
	K             int
}

// EventsAround says what was written at about the time at which answers changed.
type EventsAround struct {
	said
	Events []EventAt
}

// EventAt is a write with its time.
type EventAt struct {
	said
	Event, By, Tool string
	At              time.Time
}

// surround says what was read around the APIs of a finding: who changed what at the time
// at which answers changed, the weights of an alias, a canary's traffic, a VPC link that
// is not available, the routing rules that requests matched.
func surround(fx *Facts, sub *target, f *Finding) {
	events(fx, sub, f)
	switch f.Cause {
	case BackendSplit:
		aliasWeights(fx, sub, f)
	case CanarySplit, StaleCanary:
		counted(fx, sub, f)
	case IntegrationError, FlakyBackend:
		links(fx, sub, f)
	case WrongStage, UnmappedTarget, UnexplainedSplit:
		rules(fx, sub, f)
	}
}

// APIIs says that an API is in the middle of a change, or that one failed.
type APIIs struct {
	said
	API, Status, Why string
}

// Unasked says which kinds of writes CloudTrail was not asked for.
type Unasked struct {
	said
	Asked  int
	Events []string
}

// aside says what stands around the APIs and what was left out, where no finding says it:
// a VPC link or an API that is not available, kinds of writes that nobody asked for.
func aside(fx *Facts, findings []Finding) (notes []Fact) {
	for _, l := range fx.Snapshot.VPCLinks {
		told := slices.ContainsFunc(findings, func(f Finding) bool {
			return slices.ContainsFunc(f.Says, func(s Fact) bool { is, ok := s.(LinkIs); return ok && is.Link == l.ID })
		})
		if l.Status != "" && l.Status != available && !told {
			notes = append(notes, linkIs(&l))
		}
	}
	for i := range fx.Snapshot.APIs {
		if a := &fx.Snapshot.APIs[i]; a.Status != "" && a.Status != available {
			notes = append(notes, APIIs{API: a.ID, Status: a.Status, Why: strings.TrimSuffix(a.StatusText, ".")})
		}
	}
	h := fx.Snapshot.History
	if h != nil && !h.Whole && h.Calls > 0 && len(h.Unasked) > 0 && !slices.ContainsFunc(fx.Snapshot.Gaps, func(g probe.Gap) bool { return g.Operation == "LookupEvents" }) {
		notes = append(notes, Unasked{Asked: len(h.Asked), Events: h.Unasked})
	}
	return notes
}

func linkIs(l *probe.VPCLink) LinkIs {
	return LinkIs{Link: l.ID, Name: l.Name, Status: l.Status, Why: strings.TrimSuffix(l.StatusText, ".")}
}

// available is the state of VPC links and APIs that are ready.
const available = "AVAILABLE"

// events shows the writes beside the moments at which a finding's answers changed.
func events(fx *Facts, sub *target, f *Finding) {
	var at []time.Time
	for _, s := range f.Says {
		switch s := s.(type) {
		case BrokeDown:
			at = append(at, s.At)
		case ChangedOnce:
			at = append(at, s.At)
		case RefusedBetween:
			at = append(at, bounds(s.Spells)...)
		case FailedBetween:
			at = append(at, bounds(s.Spells)...)
		case FailsAtRandom:
			at = append(at, bounds(s.Windows)...)
		}
	}
	domain := ""
	if d := fx.domainOf(sub); d != nil {
		domain = d.Name
	}
	var out EventsAround
	for _, moment := range at {
		for _, c := range fx.Snapshot.History.Around(moment, nearby, sub.APIID, domain) {
			e := EventAt{Event: c.Event, By: c.By, Tool: c.Tool, At: c.At}
			ofOther := c.Stage != "" && sub.Stage != "" && c.Stage != sub.Stage
			told := f.Changed != nil && f.Changed.At.Equal(c.At) && f.Changed.Event == c.Event
			if !ofOther && !told && !c.At.After(moment.Add(time.Minute)) && !slices.Contains(out.Events, e) && len(out.Events) < mostEvents {
				out.Events = append(out.Events, e)
			}
		}
	}
	if out.Events != nil {
		f.say(out)
	}
}

// bounds are when windows began and ended.
func bounds(spells []Spell) (at []time.Time) {
	for _, s := range spells {
		at = append(at, s.From, s.To)
	}
	return at
}

// aliasWeights shows the weights of the alias that a split's routes call.
func aliasWeights(fx *Facts, sub *target, f *Finding) {
	for _, r := range routesOf(fx, sub, f) {
		called := lambdaAlias(r.Integration.URI, variables(sub))
		if a := aliasRead(fx, called); a != nil && len(a.Weights) > 0 {
			out, rest := AliasWeights{Alias: called}, 1.
			for _, v := range sortedKeys(a.Weights) {
				out.Shares = append(out.Shares, VersionShare{Version: v, Share: a.Weights[v]})
				rest -= a.Weights[v]
			}
			out.Shares = slices.Insert(out.Shares, 0, VersionShare{Version: cmp.Or(a.Version, "of the alias"), Share: rest})
			f.say(out)
			return
		}
	}
}

// aliasRead is what was read of the alias "function:name"; nil where nothing was.
func aliasRead(fx *Facts, called string) *probe.Alias {
	for i := range fx.Snapshot.Aliases {
		a := &fx.Snapshot.Aliases[i]
		function := a.Function[strings.LastIndex(a.Function, ":")+1:]
		if called == function+":"+a.Name {
			return a
		}
	}
	return nil
}

// routesOf are the routes of a finding's scenarios, as far as they are known.
func routesOf(fx *Facts, sub *target, f *Finding) (routes []*probe.Route) {
	for _, name := range f.Scenarios {
		i := slices.IndexFunc(fx.Plan.Scenarios, func(sc probe.Scenario) bool { return sc.Name == name })
		if i < 0 {
			continue
		}
		if r := fx.route(sub, i); r != nil {
			routes = append(routes, r)
		}
	}
	return routes
}

// counted shows that a canary serves real callers. That its metric holds nothing says
// nothing.
func counted(fx *Facts, sub *target, f *Finding) {
	for _, t := range fx.Snapshot.Traffic {
		if t.APIID == sub.APIID && t.Stage == sub.Stage && t.Canary > 0 {
			f.say(CanaryCounted{Stage: t.Stage, Requests: t.Canary, From: t.From, To: t.To})
			return
		}
	}
}

// links shows a VPC link of failing routes that is not available.
func links(fx *Facts, sub *target, f *Finding) {
	for _, r := range routesOf(fx, sub, f) {
		for _, l := range fx.Snapshot.VPCLinks {
			if r.Integration.ConnectionID != "" && l.ID == r.Integration.ConnectionID && l.Status != "" && l.Status != available {
				f.say(linkIs(&l))
				return
			}
		}
	}
}

// rules shows which rules of a domain the logs say that its requests matched.
func rules(fx *Facts, sub *target, f *Finding) {
	d := fx.domainOf(sub)
	if d == nil || fx.Records == nil {
		return
	}
	by := map[string]int{}
	out := RulesMatched{Domain: d.Name}
	for _, i := range sub.rows() {
		for _, r := range fx.Records(fx.Rows[i].RequestID) {
			if r.RoutingRuleID != "" {
				by[r.RoutingRuleID]++
				break
			}
		}
	}
	for _, id := range sortedKeys(by) {
		m := RuleMatched{Rule: id, K: by[id]}
		if at := slices.IndexFunc(d.Rules, func(r probe.RoutingRule) bool { return r.ID == id }); at >= 0 {
			m.Priority, m.LeadsTo = d.Rules[at].Priority, strings.Trim("stage "+d.Rules[at].Stage+" of "+d.Rules[at].APIID, " ")
		}
		out.Rules = append(out.Rules, m)
	}
	if out.Rules != nil {
		f.say(out)
	}
}
