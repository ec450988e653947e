package probe

import "testing"

// A name of several addresses that gives others by turns is no proof that a domain leads
// elsewhere; another canonical name is, and so are other addresses than the only ones of
// the name that API Gateway gave.
func TestLeads(t *testing.T) {
	const given, other = "d-1.execute-api.eu-west-1.amazonaws.com", "d-2.execute-api.us-east-1.amazonaws.com"
	target := func(a ...string) Name { return Name{Host: given, Resolver: "r", Canonical: given, Addresses: a} }
	own := func(canonical string, a ...string) Name {
		return Name{Host: "api.example.com", Resolver: "r", Canonical: canonical, Addresses: a}
	}
	d := &Domain{Name: "api.example.com", Targets: []string{given}}
	for name, c := range map[string]struct {
		names           []Name
		here, elsewhere int
	}{
		"alias":                        {[]Name{target("192.0.2.1"), own("api.example.com", "192.0.2.1")}, 1, 0},
		"alias elsewhere":              {[]Name{target("192.0.2.1"), own("api.example.com", "203.0.113.1")}, 0, 1},
		"alias of a name that turns":   {[]Name{target("192.0.2.1"), target("192.0.2.2"), own("api.example.com", "192.0.2.3")}, 0, 0},
		"alias over two regions":       {[]Name{target("192.0.2.1"), own("api.example.com", "192.0.2.1"), own("api.example.com", "203.0.113.1")}, 1, 1},
		"CNAME":                        {[]Name{target("192.0.2.1"), target("192.0.2.2"), own(given, "192.0.2.3")}, 1, 0},
		"CNAME over two regions":       {[]Name{target("192.0.2.1"), target("192.0.2.2"), own(given, "192.0.2.1"), own(other, "203.0.113.1")}, 1, 1},
		"no address of the given name": {[]Name{own("api.example.com", "203.0.113.1")}, 0, 0},
	} {
		here, elsewhere := 0, 0
		for _, l := range (&Snapshot{Names: c.names}).Leads(d) {
			if l.Here {
				here++
			}
			if l.Elsewhere {
				elsewhere++
			}
		}
		if here != c.here || elsewhere != c.elsewhere {
			t.Errorf("%s: %d here, %d elsewhere; want %d and %d", name, here, elsewhere, c.here, c.elsewhere)
		}
	}
}
