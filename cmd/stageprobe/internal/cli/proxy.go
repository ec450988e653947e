package cli

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"os"

	"golang.org/x/net/http/httpproxy"

	"stageprobe/probe"
	"stageprobe/probe/redact"
)

// proxies are those that curl would take: --proxy, else by the environment
// HTTPS_PROXY, HTTP_PROXY and ALL_PROXY, each in either case; hosts of NO_PROXY and
// this machine are reached directly. Nil where there is none.
func (f *awsFlags) proxies() (probe.Proxies, error) {
	env := func(name, lower string) string { return cmp.Or(os.Getenv(name), os.Getenv(lower)) }
	all := env("ALL_PROXY", "all_proxy")
	c := httpproxy.Config{
		HTTPSProxy: cmp.Or(f.proxy, env("HTTPS_PROXY", "https_proxy"), all),
		HTTPProxy:  cmp.Or(f.proxy, os.Getenv("http_proxy"), os.Getenv("HTTP_PROXY"), all),
		NoProxy:    env("NO_PROXY", "no_proxy"),
	}
	if c.HTTPSProxy == "" && c.HTTPProxy == "" {
		return nil, nil
	}
	for _, raw := range []string{c.HTTPSProxy, c.HTTPProxy} {
		if err := validProxy(raw); err != nil {
			return nil, err
		}
	}
	return probe.Proxies(c.ProxyFunc()), nil
}

func validProxy(raw string) error {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" { // host:port, as curl takes it
		u, err = url.Parse("http://" + raw)
	}
	if raw != "" && (err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https") {
		return hint(fmt.Errorf("the proxy %s is no http or https proxy", redact.MaskURL(raw)), "write it as http://proxy.example.com:3128; --proxy and HTTPS_PROXY name it, NO_PROXY the hosts that are reached without")
	}
	return nil
}

// sdkProxy is the same choice for calls to AWS.
func sdkProxy(p probe.Proxies) func(*http.Request) (*url.URL, error) {
	return func(r *http.Request) (*url.URL, error) {
		if p == nil {
			return nil, nil
		}
		return p(r.URL)
	}
}

// byProxy says, where a proxy stands on the way to a target, what is not known then.
func byProxy(r *run) []string {
	if r.engine.Transport.Proxy == nil {
		return nil
	}
	for i := range r.plan.Targets {
		u, err := url.Parse(r.plan.Targets[i].URL)
		if err != nil {
			continue
		}
		if p, err := r.engine.Transport.Proxy(u); err == nil && p != nil {
			return []string{"requests went through the proxy " + p.Host + ": which address of the gateway answered is not known, so nothing is said of differences between addresses"}
		}
	}
	return nil
}
