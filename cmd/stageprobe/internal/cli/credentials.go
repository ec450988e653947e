package cli

import (
	"cmp"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"stageprobe/probe"
	"stageprobe/probe/redact"
)

// mayHaveCredentials refuses a plan that would hand credentials to somebody who
// may not be the API: a host that is neither an invoke URL nor a domain of the
// configuration, or a connection that anybody on the way can read. Sending
// without them instead would look like an API that refuses.
func (c *checkFlags) mayHaveCredentials(subject *subject) error {
	for i := range subject.targets {
		t := &subject.targets[i]
		what := c.credentialFor(subject, t)
		if what == "" {
			continue
		}
		u, err := url.Parse(t.URL)
		if err != nil {
			return fmt.Errorf("target %s: its address cannot be read", t.ID)
		}
		if !c.knownHost(subject, t, u) {
			return hint(fmt.Errorf("%s is not sent to %s: the configuration does not say that this host is the API's", what, u.Host),
				"if it is, say so with --send-credentials-to %s", u.Hostname())
		}
		if u.Scheme != "https" && !c.staysHere(u) {
			return hint(fmt.Errorf("%s is not sent to %s: over http anybody on the way could read it", what, u.Host), "use https")
		}
	}
	return nil
}

// credentialFor names a credential that requests to a target carry; "" for none.
func (c *checkFlags) credentialFor(subject *subject, t *probe.Target) string {
	for _, h := range c.headers {
		if name, _, _ := strings.Cut(h, ":"); redact.SecretName(strings.TrimSpace(name)) {
			return "the header " + strings.TrimSpace(name)
		}
	}
	for i := range subject.scenarios {
		sc := &subject.scenarios[i]
		if !sc.For(t.ID) {
			continue
		}
		for _, h := range sc.Header {
			if redact.SecretName(h.Name) && h.Value != "" {
				return "the header " + h.Name
			}
		}
		if what := c.authOf(sc); what != "" {
			return what
		}
	}
	return ""
}

func (c *checkFlags) authOf(sc *probe.Scenario) string {
	switch {
	case sc.Auth == probe.AuthNone, sc.Auth == probe.AuthMTLS:
		return ""
	case sc.Auth == probe.AuthSigV4 || c.sigv4:
		return "the signature of the AWS credentials (sigv4)"
	case sc.Auth == probe.AuthBearer || c.bearer != "":
		return "the bearer token"
	case sc.Auth == probe.AuthAPIKey || c.apiKey != "":
		return "the API key"
	}
	return ""
}

// knownHost tells whether a target's host is the API's by its name, by the
// configuration, or because the user says so.
func (c *checkFlags) knownHost(subject *subject, t *probe.Target, u *url.URL) bool {
	host := strings.ToLower(u.Hostname())
	said := slices.ContainsFunc(c.sendTo, func(s string) bool {
		s = strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(s, "https://"), "/"))
		return s == host || s == strings.ToLower(u.Host)
	})
	return said || loopback(host) || t.Kind == probe.InvokeURL || subject.snap.Domain(host) != nil
}

// staysHere tells whether a connection ends on this machine.
func (c *checkFlags) staysHere(u *url.URL) bool {
	if host, ok := redirected(c.connectTo, u); ok {
		return loopback(host)
	}
	return loopback(u.Hostname())
}

// redirected is where --connect-to leads a URL's connections.
func redirected(connectTo []string, u *url.URL) (to string, ok bool) {
	port := cmp.Or(u.Port(), map[string]string{"https": "443"}[u.Scheme], "80")
	for _, spec := range connectTo {
		if r, err := probe.ParseRedirect(spec); err == nil {
			if host, _, ok := r.Apply(u.Hostname(), port); ok {
				return host, true
			}
		}
	}
	return "", false
}

// loopback tells a name of this machine: 127.0.0.0/8, ::1, localhost, and the name
// under which LocalStack is reached, which stands for 127.0.0.1.
func loopback(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	for _, name := range []string{"localhost", "localhost.localstack.cloud"} {
		if host == name || strings.HasSuffix(host, "."+name) {
			return true
		}
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}
