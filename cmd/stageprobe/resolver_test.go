package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"stageprobe/probe"
)

// zone answers questions for addresses on a loopback socket: a name's canonical name, if
// it has one, the address, and what the second question for it is answered with instead.
type zone map[string]struct{ canonical, address, second string }

func (z zone) serve(t *testing.T) string {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	go func() {
		asked := map[string]int{}
		b := make([]byte, 1500)
		for {
			n, from, err := c.ReadFrom(b)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(b[:n]) != nil || len(m.Questions) == 0 {
				continue
			}
			q := m.Questions[0]
			if q.Type == dnsmessage.TypeA {
				asked[q.Name.String()]++
			}
			answer, _ := z.answer(m, asked[q.Name.String()] == 2).Pack()
			_, _ = c.WriteTo(answer, from)
		}
	}()
	return c.LocalAddr().String()
}

func (z zone) answer(m dnsmessage.Message, second bool) *dnsmessage.Message {
	q := m.Questions[0]
	m.Response, m.Authoritative, m.Additionals = true, true, nil
	host := strings.ToLower(strings.TrimSuffix(q.Name.String(), "."))
	r, ok := z[host]
	if !ok && strings.Contains(host, given) {
		r, ok = z[given]
	}
	if !ok {
		m.RCode = dnsmessage.RCodeNameError
		return &m
	}
	if q.Type != dnsmessage.TypeA {
		return &m // nothing, and no canonical name either
	}
	if second && r.second != "" {
		r.canonical = r.second
	}
	name := q.Name
	if r.canonical != "" {
		name = dnsmessage.MustNewName(r.canonical + ".")
		m.Answers = append(m.Answers, dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, TTL: 60}, Body: &dnsmessage.CNAMEResource{CNAME: name}})
	}
	m.Answers = append(m.Answers, dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: name, Class: q.Class, TTL: 60}, Body: &dnsmessage.AResource{A: netip.MustParseAddr(r.address).As4()}})
	return &m
}

// What API Gateway says of a domain is held against what resolvers say: a name that leads
// elsewhere is the reason of answers that no stage gives, and one that leads where it
// should is not spoken of.
func TestWhereNamesLead(t *testing.T) {
	t.Parallel()
	b := open(t, load(t, "domain-right-stage"))
	domain := b.world.Domains[0].Name
	args := []string{"check", "-v", "--insecure", "--logs", "off", "--min-share", "0.1"}
	port := ""
	for _, flag := range b.probing() {
		if to, ok := strings.CutPrefix(flag, domain+":443="); ok {
			_, port, _ = net.SplitHostPort(to)
			flag = domain + ":443=:" + port // the port alone: the name is asked for
		}
		args = append(args, flag)
	}
	l, err := net.Listen("tcp", "127.0.0.2:"+port)
	if err != nil {
		t.Skip("there is no second loopback address: ", err)
	}
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"version":9,"from":"another region"}`))
	}))
	_ = srv.Listener.Close()
	srv.Listener = l
	srv.StartTLS()
	t.Cleanup(srv.Close)
	const hereName, awayName = "d-here.execute-api.us-east-1.amazonaws.com", "d-other.execute-api.eu-west-1.amazonaws.com"
	here := zone{given: {address: "127.0.0.1"}, domain: {canonical: hereName, address: "127.0.0.1"}}.serve(t)
	away := zone{given: {address: "127.0.0.1"}, awayName: {address: "127.0.0.2"}, domain: {canonical: awayName, address: "127.0.0.2"}}.serve(t)
	turns := zone{given: {address: "127.0.0.1"}, awayName: {address: "127.0.0.2"}, domain: {canonical: hereName, address: "127.0.0.1", second: awayName}}.serve(t)
	gone := zone{given: {address: "127.0.0.1"}}.serve(t)
	for _, tt := range []struct {
		resolvers []string
		exit      int
		says      []string
		not       string
	}{
		{[]string{here}, 0, nil, "elsewhere"},
		{[]string{away}, 1, []string{"wrong-stage on " + domain, "leads " + domain + " to d-other.execute-api.eu-west-1.amazonaws.com, 127.0.0.2", "route53"}, "leads there"},
		{[]string{here, gone}, 0, []string{"resolver " + here + " knows " + domain, "give no address (" + gone, "no such host"}, "elsewhere"},
		{[]string{here, away}, 1, []string{"Resolver " + here + " leads there", "127.0.0.2", "API Gateway in several regions: eu-west-1 and us-east-1"}, "Asked again"},
		{[]string{turns}, 0, []string{"DNS leads " + domain + " elsewhere", "Asked again, resolver " + turns + " leads there", "in several regions: eu-west-1 and us-east-1"}, "wrong-stage"},
	} {
		var asked []string
		for _, r := range tt.resolvers {
			asked = append(asked, "--resolver", r)
		}
		code, out, errs := b.run(t, append(slices.Clone(args), asked...)...)
		out = strings.Join(strings.Fields(out), " ")
		if code != tt.exit {
			t.Errorf("%q: exit code %d\n%s\n%s", tt.resolvers, code, out, errs)
		}
		for _, want := range tt.says {
			if !strings.Contains(out, want) {
				t.Errorf("%q: %q is not said:\n%s", tt.resolvers, want, out)
			}
		}
		if tt.not != "" && strings.Contains(out, tt.not) {
			t.Errorf("%q: %q is said:\n%s", tt.resolvers, tt.not, out)
		}
	}
}

// given stands for the name that API Gateway gave the domain.
const given = ".execute-api."

func TestResolversAreRead(t *testing.T) {
	for in, want := range map[string]string{"1.1.1.1": "1.1.1.1:53", "10.0.0.2:5353": "10.0.0.2:5353", "system": "system", "2001:db8::1": "[2001:db8::1]:53", "[2001:db8::1]:54": "[2001:db8::1]:54", "dns.example": ""} {
		if got, err := probe.ParseResolver(in); got != want || (err == nil) == (want == "") {
			t.Errorf("%s: %s, %v", in, got, err)
		}
	}
}
