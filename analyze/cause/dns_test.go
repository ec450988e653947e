package cause

import (
	"slices"
	"strings"
	"testing"

	"stageprobe/probe"
)

// TestPrivateDNS: the name of a public API that leads to private addresses is an interface
// endpoint's, which refuses; the same refusal from a public address is not told so.
func TestPrivateDNS(t *testing.T) {
	for remote, private := range map[string]bool{"10.0.1.7": true, "203.0.113.9": false} {
		w := newWorld(3)
		w.Plan.Targets[0].Endpoint = "REGIONAL"
		in := w.send(120, func(r *request) answer {
			r.Remote = remote
			return answer{id: "Forbidden", status: 403, producer: "gateway", errType: "ForbiddenException", body: `{"message":"Forbidden"}`}
		}).Input
		in.Done = true
		r := explained(in)
		if len(r.Findings) != 1 || strings.Contains(r.Findings[0].Statement, "private DNS of an interface endpoint") != private {
			t.Errorf("%s: %v", remote, r.Findings)
		}
	}
}

// DNS may lead a domain to several regions, or to other places by turns.
func TestWhereNamesLead(t *testing.T) {
	away := func(canonical string) probe.Leading { return probe.Leading{Name: probe.Name{Canonical: canonical}} }
	for _, tt := range []struct {
		given []string
		away  []probe.Leading
		want  []string
	}{
		{[]string{"d-1.execute-api.eu-west-1.amazonaws.com"}, []probe.Leading{away("d-2.execute-api.US-EAST-1.amazonaws.com")}, []string{"eu-west-1", "us-east-1"}},
		{[]string{"d-1.execute-api.eu-west-1.amazonaws.com"}, []probe.Leading{away("d-2.execute-api.eu-west-1.amazonaws.com")}, nil},
		{[]string{"d-1.execute-api.eu-west-1.amazonaws.com"}, []probe.Leading{away("d.cloudfront.net")}, nil},
	} {
		if got := regionsOf(tt.given, tt.away); !slices.Equal(got, tt.want) {
			t.Errorf("%v and %v are in %q, want %q", tt.given, tt.away, got, tt.want)
		}
	}
}

// TestNamesThatLeadElsewhere, by one resolver in turns, or by some of them.
func TestNamesThatLeadElsewhere(t *testing.T) {
	const here, elsewhere = "d-1.execute-api.eu-west-1.amazonaws.com", "d-2.execute-api.us-east-1.amazonaws.com"
	name := func(resolver, canonical string) probe.Name {
		return probe.Name{Host: "api.example.com", Resolver: resolver, Canonical: canonical}
	}
	for label, tt := range map[string]struct {
		names []probe.Name
		here  string
		turns bool
	}{
		"one resolver by turns":    {[]probe.Name{name("r1", elsewhere), name("r2", here), name("r1", here)}, "r1", true},
		"two resolvers, each once": {[]probe.Name{name("r1", elsewhere), name("r2", here)}, "r2", false},
		"all elsewhere":            {[]probe.Name{name("r1", elsewhere)}, "", false},
	} {
		in := &Input{}
		in.Plan.Targets = []probe.Target{{ID: "t0", Kind: probe.CustomDomain, URL: "https://api.example.com"}}
		in.Snapshot.Domains, in.Snapshot.Names = []probe.Domain{{Name: "api.example.com", Targets: []string{here}}}, tt.names
		fx := given(in, [][]int{})
		if got := dnsElsewhere(fx, fx.targets[0]); got == nil || got.Here != tt.here || got.Turns != tt.turns || (got.Regions != nil) != (tt.here != "") {
			t.Errorf("%s: %+v", label, got)
		}
	}
}
