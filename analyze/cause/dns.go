package cause

import (
	"net/netip"
	"slices"
	"strings"

	"stageprobe/analyze/remedy"
	"stageprobe/analyze/signature"
	"stageprobe/probe"
)

// elsewhere are the resolvers that lead a target's domain elsewhere than API Gateway
// says, and those that lead it there.
func elsewhere(fx *Facts, sub *target) (away, here []probe.Leading) {
	d := fx.domainOf(sub)
	if d == nil {
		return nil, nil
	}
	for _, l := range fx.Snapshot.Leads(d) {
		switch {
		case l.Elsewhere:
			away = append(away, l)
		case l.Here:
			here = append(here, l)
		}
	}
	return away, here
}

// LedTo is where a resolver leads a name.
type LedTo struct {
	said
	probe.Name
}

// NameLeadsElsewhere says that DNS leads a domain elsewhere than API Gateway says.
type NameLeadsElsewhere struct {
	said
	Domain  string
	Away    []LedTo
	Given   []string // the names that API Gateway gave
	Here    string   // a resolver that leads there; "" where none does
	Turns   bool     // the same resolver leads elsewhere, too, when it is asked again
	Regions []string // where the name leads to API Gateway in several
	Noted   string   // the target, where it is a note
	Unusual bool     // no distribution of one's own explains it
}

// NotServedBy says that the stage meant does not serve a target, or a part of its requests.
type NotServedBy struct {
	said
	Target, Stage string
	Part          bool
	Answers       int
}

// PrivateAddresses says that the name of a public API leads to private addresses.
type PrivateAddresses struct {
	said
	Addresses []string
}

// dnsElsewhere says that DNS leads a target's domain elsewhere; nil where it does not.
func dnsElsewhere(fx *Facts, sub *target) *NameLeadsElsewhere {
	away, here := elsewhere(fx, sub)
	if len(away) == 0 {
		return nil
	}
	d := fx.domainOf(sub)
	f := &NameLeadsElsewhere{Domain: d.Name, Given: d.Targets, Unusual: !strings.HasSuffix(away[0].Canonical, ".cloudfront.net")}
	f.Away = each(away, func(l probe.Leading) LedTo { return LedTo{Name: l.Name} })
	if len(here) > 0 {
		f.Here = here[0].Resolver
		f.Regions = regionsOf(d.Targets, away)
	}
	for _, h := range here {
		if slices.ContainsFunc(away, func(a probe.Leading) bool { return a.Resolver == h.Resolver }) {
			f.Here, f.Turns = h.Resolver, true
		}
	}
	return f
}

// regionsOf are the regions in which names of API Gateway's are that a domain leads to;
// nothing where they are in one, or not known.
func regionsOf(given []string, away []probe.Leading) []string {
	names := slices.Clone(given)
	for _, l := range away {
		names = append(names, l.Canonical)
	}
	var out []string
	for _, n := range names {
		_, rest, ok := strings.Cut(strings.ToLower(n), ".execute-api.")
		if region, _, _ := strings.Cut(rest, "."); ok && !slices.Contains(out, region) {
			out = append(out, region)
		}
	}
	if len(out) < 2 {
		return nil
	}
	slices.Sort(out)
	return out
}

// namesLead are the notes on where DNS leads the domains that were probed.
func namesLead(fx *Facts) []Fact {
	var out []Fact
	for _, sub := range fx.targets {
		if f := dnsElsewhere(fx, sub); f != nil {
			f.Noted = sub.ID
			out = append(out, *f)
		}
		if f := unknownTo(fx, sub); f != nil {
			out = append(out, *f)
		}
	}
	return out
}

// NameUnknown says that some resolvers give no address for a domain that others know, as
// a private zone of the same name makes them do for a whole VPC.
type NameUnknown struct {
	said
	Target, Domain string
	Without        []Fact
	Known          string // a resolver that knows it
}

// NoAddress is what a resolver answers that gives no address.
type NoAddress struct {
	said
	Resolver, Err string
}

// unknownTo says which resolvers do not know a target's domain, where others do; nil
// where all do or none.
func unknownTo(fx *Facts, sub *target) *NameUnknown {
	d := fx.domainOf(sub)
	if d == nil {
		return nil
	}
	f := NameUnknown{Target: sub.ID, Domain: d.Name}
	for _, l := range fx.Snapshot.Leads(d) {
		if l.Err != "" {
			f.Without = append(f.Without, NoAddress{Resolver: l.Resolver, Err: l.Err})
		} else {
			f.Known = l.Resolver
		}
	}
	if f.Known == "" || f.Without == nil {
		return nil
	}
	return &f
}

// ledElsewhere makes of a domain whose answers no stage gives, while DNS leads it
// elsewhere, the finding that something else serves it.
func ledElsewhere(fx *Facts, sub *target, g *sighting) *Finding {
	led := dnsElsewhere(fx, sub)
	if led == nil || g.confirmed() || len(fx.copies[sub.index].rows) > 0 {
		return nil
	}
	f := &Finding{
		Cause: WrongStage, Severity: Error, Linked: Statistical, Targets: []string{sub.ID}, Scenarios: fx.cellNames(sub.cells),
		Differs: differs(fx, sub, g.differs, sub.ID, "stage "+g.meant.Stage),
		Remedy:  remedy.LeadDNS(fx.domainOf(sub)), SettledBy: Topic("records of the name"),
	}
	if led.Here != "" {
		f.Linked = ConsistentWith // which records answered which request nothing tells
	}
	f.say(NotServedBy{Target: sub.ID, Stage: g.meant.Stage, Part: led.Here != "", Answers: fx.answered(sub)}, *led)
	f.Proof = evidence(append(asFacts(led.Away), fx.examples(sub, behavioursOf(sub.cells))...)...)
	f.Statistics = againstMeant(fx, sub, g)
	return f
}

// privateDNS tells whether a public API's own name led to private addresses, as that of
// an interface endpoint for execute-api makes it do for a whole VPC: the endpoint serves
// private APIs alone, and refuses.
func privateDNS(fx *Facts, sub *target) (addresses []string) {
	if sub.Kind != probe.InvokeURL || sub.private() || sub.Endpoint == "" && sub.api == nil {
		return nil
	}
	for _, i := range sub.rows() {
		a, err := netip.ParseAddr(fx.Rows[i].Remote)
		if err != nil || !a.IsPrivate() || fx.Clusters[fx.Rows[i].Cluster].Reading.Producer == signature.Integration {
			return nil
		}
		addresses = once(addresses, a.String())
	}
	slices.Sort(addresses)
	return addresses
}
