package cause

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"stageprobe/probe"
)

// places4 sends from four vantage points in two regions, whose resolvers give either of
// two addresses or another pair of them.
func places4(seed uint64) *world {
	w := newWorld(seed)
	w.machines = 4
	for i := range 4 {
		w.Vantages = append(w.Vantages, probe.Vantage{
			Name: fmt.Sprintf("place-%d", i), Region: []string{"eu-west-1", "us-east-1"}[i%2],
			Resolved: map[string][]string{"abc123.execute-api.eu-west-1.amazonaws.com": {[]string{"192.0.2.1:443", "192.0.2.2:443"}[i/2]}},
		})
	}
	return w
}

// TestVantageFactors: what a finding says the answers depend on is what decides them, and
// it says which vantage point sees what.
func TestVantageFactors(t *testing.T) {
	tests := []struct {
		name  string
		other func(*request) bool
		want  []string
	}{
		{"the region", func(r *request) bool { return r.Machine%2 == 1 }, []string{
			"depends on the region: eu-west-1 gives 200 {v2}", "place-1 in us-east-1, where the name resolves to 192.0.2.1:443, gets 200 {v1}", "place-3 in us-east-1",
		}},
		{"the resolver's answer", func(r *request) bool { return r.Machine/2 == 1 }, []string{
			"depends on the resolver's answer: 192.0.2.1:443 gives 200 {v2}", "place-3 in us-east-1, where the name resolves to 192.0.2.2:443, gets 200 {v1}",
		}},
		{"one vantage point", func(r *request) bool { return r.Machine == 2 }, []string{
			"depends on the vantage point. By vantage point: place-2 in", "place-2 in eu-west-1, where the name resolves to 192.0.2.2:443, gets 200 {v1}",
		}},
		{"the address family", func(r *request) bool { return strings.HasPrefix(r.Remote, "[") }, []string{
			"depends on the address family: IPv4 gives 200 {v2}",
		}},
	}
	for _, tt := range tests {
		w := places4(3).send(900, func(r *request) answer {
			if r.rng.IntN(2) == 1 {
				r.Remote = fmt.Sprintf("[2001:db8::%d]:443", 1+r.rng.IntN(2))
			}
			if tt.other(r) {
				return ok("v1")
			}
			return ok("v2")
		})
		r := explained(w.Input)
		want(t, r, only(EndpointSplit, Statistical))
		if len(r.Findings) != 1 {
			continue
		}
		for _, part := range tt.want {
			if s := r.Findings[0].Statement; !strings.Contains(s, part) {
				t.Errorf("%s: no %q in %q", tt.name, part, s)
			}
		}
		if s := r.Findings[0].Statement; tt.name == "the address family" && strings.Contains(s, "By vantage point") {
			t.Errorf("all vantage points see both: %q", s)
		}
		if s := r.Findings[0].Settles; s != "" {
			t.Errorf("%s: to be settled by %q", tt.name, s)
		}
	}
}

// TestVantagesThatSeeTheSame: a flake or a change in time is no vantage point's, however
// many there are; and where all of them have a region of their own, the region is none.
func TestVantagesThatSeeTheSame(t *testing.T) {
	for seed := range uint64(6) {
		w := places4(10+seed).send(900, func(r *request) answer {
			if r.chance(.1) {
				return fails(500)
			}
			return ok("v2")
		})
		r := explained(w.Input)
		if found(r)[EndpointSplit] != "" || found(r)[FlakyBackend] == "" {
			dump(t, r)
			t.Errorf("seed %d: found %v", seed, found(r))
		}
	}
	// Agents send batch after batch: neither a switch nor bursts that last about as long are
	// any agent's.
	for seed := range uint64(8) {
		bad := false
		w := places4(20+seed).send(900, func(r *request) answer {
			if r.n%12 == 0 {
				bad = r.chance(.3)
			}
			r.Machine = r.n / 12 % 4
			if seed%2 == 0 && bad {
				return fails(500)
			}
			if seed%2 == 1 && r.n > 450 {
				return ok("v1")
			}
			return ok("v2")
		})
		if got := found(explained(w.Input)); got[EndpointSplit] != "" {
			t.Errorf("seed %d: batches that meet bursts give %v", seed, got)
		}
	}
	w := places4(4)
	for i := range w.Vantages {
		w.Vantages[i].Region = fmt.Sprintf("region-%d", i)
		w.Vantages[i].Resolved = nil
	}
	r := explained(w.send(900, func(r *request) answer {
		if r.Machine == 2 {
			return ok("v1")
		}
		return ok("v2")
	}).Input)
	want(t, r, only(EndpointSplit, Statistical))
	if f := r.Findings[0]; !strings.Contains(f.Statement, "depends on the vantage point") || !strings.Contains(f.Statement, "place-2 in region-2 gets") || f.Settles != "" {
		t.Errorf("%s (%s)", f.Statement, f.Settles)
	}
}

// TestPlacesThatSeeTheSame are told together, the fewest first.
func TestPlacesThatSeeTheSame(t *testing.T) {
	fx := &Facts{Input: &Input{Vantages: []probe.Vantage{{Name: "a", Region: "r"}, {Name: "b", Region: "r"}, {Name: "c", Region: "q"}, {Name: "d", Region: "r"}}}}
	levels := []LevelAnswer{{Level: "0", Answer: "v1", Count: Count{9, 10}}, {Level: "3", Answer: "v1", Count: Count{5, 5}}, {Level: "1", Answer: "v2", Count: Count{7, 7}}, {Level: "2", Answer: "v1", Count: Count{1, 1}}}
	want := []Fact{FromPlace{Names: []string{"b"}, Region: "r", Answer: "v2", Count: Count{7, 7}}, FromPlace{Names: []string{"a", "d"}, Region: "r", Answer: "v1", Count: Count{14, 15}}, FromPlace{Names: []string{"c"}, Region: "q", Answer: "v1", Count: Count{1, 1}}}
	if got := alikePlaces(fx, &target{Target: &probe.Target{}}, levels, false); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if vantage(fx, &Row{Machine: 1}) != "b" || vantage(fx, &Row{Machine: 4}) != "machine 5" || regionOf(fx, 3) != "r" || regionOf(fx, 4) != "" || resolved(fx, &target{Target: &probe.Target{}}, 4) != "" {
		t.Error("a machine has the name and region of its vantage point, where that is told")
	}
}

// TestFamiliesOfAddresses: IPv4 or IPv6.
func TestFamiliesOfAddresses(t *testing.T) {
	for remote, want := range map[string]string{"": "", "192.0.2.1:443": "IPv4", "[2001:db8::1]:443": "IPv6"} {
		if got := addressFamily(&Row{Remote: remote}); got != want {
			t.Errorf("%s is %s", remote, got)
		}
	}
}
