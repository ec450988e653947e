package probe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// Name is what one resolver says of one host name.
type Name struct {
	Host      string   `json:"host"`
	Resolver  string   `json:"resolver"`            // its address; "system" for the one that the machine uses
	Canonical string   `json:"canonical,omitempty"` // the end of its chain of CNAME records
	Addresses []string `json:"addresses,omitempty"`
	Err       string   `json:"err,omitempty"`
}

// SystemResolver names the resolver that the machine uses.
const SystemResolver = "system"

// ParseResolver reads the address of a name server: an IP address with or without a
// port, or "system".
func ParseResolver(text string) (string, error) {
	if text == SystemResolver {
		return text, nil
	}
	if a, err := netip.ParseAddr(strings.Trim(text, "[]")); err == nil {
		return netip.AddrPortFrom(a, 53).String(), nil
	}
	a, err := netip.ParseAddrPort(text)
	if err != nil {
		return "", fmt.Errorf("%q is no address of a name server", text)
	}
	return a.String(), nil
}

// Resolvers ask several name servers for a name, and give all addresses that any of
// them knows: so records that depend on who asks are all probed.
type Resolvers []string

// LookupNetIP is that of [Resolver].
func (r Resolvers) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	var all []netip.Addr
	var failed []error
	for _, at := range r {
		found, err := resolver(at).LookupNetIP(ctx, network, host)
		if err != nil {
			failed = append(failed, err)
		}
		all = append(all, found...)
	}
	if len(all) == 0 {
		return nil, errors.Join(failed...)
	}
	return all, nil
}

func resolver(at string) *net.Resolver {
	if at == SystemResolver {
		return net.DefaultResolver
	}
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, at)
	}}
}

// namesAtOnce is how many questions are on their way at once, namesAsked how often each
// is asked, one after the other: weighted records answer otherwise by turns. namesWait is
// how long all turns of one may take.
const (
	namesAtOnce = 8
	namesAsked  = 3
	namesWait   = 3 * time.Second
)

// LookUp asks each resolver for each host a few times, and gives each other answer once,
// in the order of hosts and resolvers.
func (r Resolvers) LookUp(ctx context.Context, hosts []string) []Name {
	out := make([][]Name, 0, len(hosts)*len(r))
	for _, h := range hosts {
		for _, at := range r {
			out = append(out, []Name{{Host: h, Resolver: at}})
		}
	}
	var g errgroup.Group
	g.SetLimit(namesAtOnce)
	for i := range out {
		g.Go(func() error {
			within, cancel := context.WithTimeout(ctx, namesWait)
			defer cancel()
			out[i] = out[i][0].turns(within)
			return nil
		})
	}
	_ = g.Wait() // none returns an error
	return slices.Concat(out...)
}

// turns asks a few times. One that gives no address counts where none does.
func (n *Name) turns(ctx context.Context) []Name {
	var out []Name
	for range namesAsked {
		again := Name{Host: n.Host, Resolver: n.Resolver}
		again.look(ctx)
		if again.Err != "" {
			if len(out) == 0 {
				return []Name{again}
			}
			break
		}
		if !slices.ContainsFunc(out, func(o Name) bool { return o.Canonical == again.Canonical && slices.Equal(o.Addresses, again.Addresses) }) {
			out = append(out, again)
		}
	}
	return out
}

func (n *Name) look(ctx context.Context) {
	r, of := resolver(n.Resolver), n.Host
	// The addresses are those of the name that was answered: the next answer may be another.
	if canonical, err := r.LookupCNAME(ctx, n.Host); err == nil {
		n.Canonical = strings.ToLower(strings.TrimSuffix(canonical, "."))
		of = canonical
	}
	found, err := r.LookupNetIP(ctx, "ip", of)
	if err != nil {
		n.Err = err.Error()
	}
	for _, a := range found {
		n.Addresses = append(n.Addresses, a.Unmap().String())
	}
	slices.Sort(n.Addresses)
}

// Redirected tells whether connections to a host lead elsewhere than its name does.
func (t *Transport) Redirected(host string) bool {
	return slices.ContainsFunc(t.ConnectTo, func(r Redirect) bool { return r.ToHost != "" && r.matches(strings.ToLower(host)) })
}

// Leading is where a resolver leads a custom domain.
type Leading struct {
	Name
	// Here: to the name that API Gateway gave the domain. Elsewhere: to another one.
	// Neither where that cannot be told, as the addresses of a CloudFront distribution
	// change from answer to answer.
	Here, Elsewhere bool
}

// Leads says where resolvers lead a domain, beside the names that API Gateway gave it.
func (s *Snapshot) Leads(d *Domain) []Leading {
	own := map[string]bool{} // addresses of the names that API Gateway gave
	fixed := len(d.Targets) > 0
	for _, target := range d.Targets {
		fixed = fixed && !strings.HasSuffix(strings.ToLower(target), ".cloudfront.net")
		seen := map[string]bool{} // resolvers: one that answers otherwise by turns does not tell all addresses
		for _, n := range s.Names {
			if strings.EqualFold(n.Host, target) {
				fixed, seen[n.Resolver] = fixed && !seen[n.Resolver], true
				for _, a := range n.Addresses {
					own[a] = true
				}
			}
		}
	}
	var out []Leading
	for _, n := range s.Names {
		if !strings.EqualFold(n.Host, d.Name) || len(d.Targets) == 0 {
			continue
		}
		l := Leading{Name: n}
		l.Here = slices.ContainsFunc(d.Targets, func(t string) bool { return strings.EqualFold(t, n.Canonical) }) ||
			slices.ContainsFunc(n.Addresses, func(a string) bool { return own[a] })
		other := strings.HasSuffix(n.Canonical, ".cloudfront.net") || strings.Contains(n.Canonical, ".execute-api.")
		l.Elsewhere = !l.Here && n.Err == "" && (other || fixed && len(own) > 0)
		out = append(out, l)
	}
	return out
}
