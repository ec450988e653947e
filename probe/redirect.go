package probe

import (
	"fmt"
	"net"
	"strconv"
	"strings"
)

// Redirect dials elsewhere and keeps Host and SNI, as curl's --connect-to does.
type Redirect struct {
	Host   string // "" any; "*.suffix" every host below suffix
	Port   string // "" any
	ToHost string // "" the same host
	ToPort string // "" the same port
}

// ParseRedirect reads "host:port=host:port". On the left the host may be
// "*.suffix" and either part may be left out for any; on the right a part that
// is left out stays as it was; where the left side names a port, so does the
// right side, or it ends in a colon. IPv6 addresses stand in brackets. curl's own
// spelling, "host:port:host:port", is read too.
func ParseRedirect(s string) (Redirect, error) {
	left, right, ok := strings.Cut(s, "=")
	if !ok {
		left, right, ok = cutCurl(s)
	}
	if !ok {
		return Redirect{}, badRedirect(s, "there is no =")
	}
	var r Redirect
	var err error
	if r.Host, r.Port, err = splitHostPort(left); err != nil {
		return Redirect{}, badRedirect(s, err.Error())
	}
	if r.ToHost, r.ToPort, err = splitHostPort(right); err != nil {
		return Redirect{}, badRedirect(s, err.Error())
	}
	r.Host = strings.ToLower(r.Host)
	if r.Host == "*" {
		r.Host = ""
	}
	if rest, wild := strings.CutPrefix(r.Host, "*."); strings.Contains(rest, "*") || wild && rest == "" {
		return Redirect{}, badRedirect(s, "* may only stand for everything before a suffix")
	}
	if strings.Contains(r.ToHost, "*") {
		return Redirect{}, badRedirect(s, "* cannot be dialled")
	}
	if r.ToHost == "" && r.ToPort == "" {
		return Redirect{}, badRedirect(s, "the right side is empty")
	}
	if r.Port != "" && !strings.Contains(right, ":") {
		return Redirect{}, badRedirect(s, "the right side names no port")
	}
	return r, nil
}

func badRedirect(s, why string) error {
	return fmt.Errorf("--connect-to %q: %s; write it as host:port=host:port or *.suffix:port=host:port", s, why)
}

// cutCurl splits host:port:host:port at the second colon outside of brackets.
func cutCurl(s string) (left, right string, ok bool) {
	colons, brackets := 0, 0
	for i := range len(s) {
		switch s[i] {
		case '[':
			brackets++
		case ']':
			brackets--
		case ':':
			if brackets == 0 {
				colons++
			}
			if colons == 2 && brackets == 0 {
				return s[:i], s[i+1:], true
			}
		}
	}
	return "", "", false
}

// splitHostPort is net.SplitHostPort that allows either part to be missing.
func splitHostPort(s string) (host, port string, err error) {
	if s == "" {
		return "", "", nil
	}
	if !strings.Contains(s, ":") {
		s += ":"
	}
	host, port, err = net.SplitHostPort(s)
	if err != nil {
		return "", "", err
	}
	if port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return "", "", fmt.Errorf("port %q is not a number from 1 to 65535", port)
		}
	}
	return host, port, nil
}

// Apply says where host:port is dialled; false where the redirect is not for it.
func (r Redirect) Apply(host, port string) (toHost, toPort string, ok bool) {
	return r.apply(host, port)
}

// apply says where host:port is dialled; false where the redirect is not for it.
func (r Redirect) apply(host, port string) (toHost, toPort string, ok bool) {
	if r.Port != "" && r.Port != port || !r.matches(strings.ToLower(host)) {
		return "", "", false
	}
	toHost, toPort = r.ToHost, r.ToPort
	if toHost == "" {
		toHost = host
	}
	if toPort == "" {
		toPort = port
	}
	return toHost, toPort, true
}

func (r Redirect) matches(host string) bool {
	if suffix, wild := strings.CutPrefix(r.Host, "*"); wild {
		return strings.HasSuffix(host, suffix) && len(host) > len(suffix)
	}
	return r.Host == "" || r.Host == host
}

// String is the spelling that ParseRedirect reads.
func (r Redirect) String() string {
	side := func(host, port string) string {
		if port == "" {
			return net.JoinHostPort(host, "")
		}
		return net.JoinHostPort(host, port)
	}
	return side(r.Host, r.Port) + "=" + side(r.ToHost, r.ToPort)
}
