package feature

import (
	"bytes"
	"mime"
	"slices"
	"strings"

	"stageprobe/probe"
)

// headers are the features of an answer's headers.
type headers struct{ *Extractor }

// headerFeatures lists the headers that belong to an answer's behaviour.
func (x headers) headerFeatures(headers []probe.Header) {
	for i := range headers {
		h := &headers[i]
		name := x.lower(h.Name)
		n, ok := x.headers[string(name)]
		if !ok {
			n = x.header(string(name))
		}
		if n.ignored && n.name != "content-type" {
			continue
		}
		x.line = append(x.line[:0], strings.TrimSpace(h.Value)...)
		switch {
		case n.name == "content-type":
			x.charset(h.Value)
		case n.name == "set-cookie":
			x.cookie(n, x.line)
		case n.name == "x-amzn-errortype":
			// What follows a colon is a link to the exception's model, which not
			// every host sends.
			value, _, _ := bytes.Cut(x.line, colon)
			tree(x).leaf(n, kindPresent, value)
		case listHeaders[n.name] || strings.HasPrefix(n.name, "access-control-allow-") || n.name == "access-control-expose-headers":
			x.list(n, x.line)
		default:
			bodies(x).inside(n, kindPresent, x.line, 1)
		}
	}
}

// charset lists the encoding that a media type names: the type itself is a class
// feature.
func (x headers) charset(contentType string) {
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil || params["charset"] == "" {
		return
	}
	const name = "content-type charset"
	n, ok := x.headers[name]
	if !ok {
		n = x.header(name)
	}
	x.line = append(x.line[:0], strings.ToLower(params["charset"])...)
	tree(x).leaf(n, kindPresent, x.line)
}

var colon = []byte(":")

// header makes the node of a header.
func (x headers) header(name string) *node {
	n := tree(x).node(name)
	if n == x.full {
		return n
	}
	if ignoredHeader(name) {
		n.ignored = true
	} else if isVersion(name) {
		n.class = true
	}
	x.headers[name] = n
	return n
}

// lower is a name in lower case, bounded, in memory that the next call reuses.
func (x headers) lower(name string) []byte {
	x.path = x.path[:0]
	for i := range min(len(name), 128) {
		c := name[i]
		if isUpper(c) {
			c += 'a' - 'A'
		}
		x.path = append(x.path, c)
	}
	return x.path
}

// ignoredHeaders belong to the connection and the HTTP version, are ids or the
// date of the gateway, are factors and not behaviour (age, x-cache and what else
// CloudFront adds on the way), or follow from the body (content-length) or the
// media type, which is a class feature.
var ignoredHeaders = func() map[string]bool {
	out := map[string]bool{}
	for _, n := range strings.Fields(`connection keep-alive proxy-connection transfer-encoding trailer upgrade alt-svc
		content-length content-type date age via x-cache x-cache-hits x-amz-cf-pop x-amz-cf-id x-amzn-requestid x-amz-apigw-id apigw-requestid
		x-amzn-trace-id nel report-to`) {
		out[n] = true
	}
	return out
}()

func ignoredHeader(name string) bool {
	bare, _ := strings.CutPrefix(name, "x-amzn-remapped-")
	return ignoredHeaders[bare]
}

// listHeaders hold members in any order (RFC 9110 section 5.6.1).
var listHeaders = map[string]bool{
	"vary": true, "cache-control": true, "server-timing": true, "allow": true, "accept-ranges": true, "accept-patch": true,
	"accept-post": true, "pragma": true, "strict-transport-security": true, "permissions-policy": true, "timing-allow-origin": true,
}

// list lists the members of a header by name and their parameters by value.
func (x headers) list(n *node, value []byte) {
	n.values = tables(x).begin(n, n.values, saltMember)
	tree(x).emit(n, Type, hash(typeTexts[kindPresent]), typeTexts[kindPresent])
	for len(value) > 0 {
		var member []byte
		member, value = cutQuoted(value, ',')
		x.listed(n, member)
	}
}

// listed lists one member: name=value, or name;parameter=value and so on.
func (x headers) listed(n *node, member []byte) {
	var first []byte
	for len(member) > 0 {
		var part []byte
		part, member = cutQuoted(member, ';')
		key, value, has := bytes.Cut(part, equals)
		key = bytes.ToLower(bytes.TrimSpace(key))
		if len(key) == 0 {
			continue
		}
		if first == nil {
			first = key
			tables(x).occurs(n.values, mix(saltMember, hash(key)), key)
		} else {
			key = append(append(append([]byte(nil), first...), ' '), key...)
		}
		if has {
			tree(x).leaf(tree(x).part(n, key), kindPresent, x.hideIDs(bytes.Trim(value, ` "`)))
		}
	}
}

var equals = []byte("=")

// cutQuoted cuts at the first separator outside quotation marks.
func cutQuoted(s []byte, sep byte) (before, after []byte) {
	quoted := false
	for i, c := range s {
		switch {
		case c == '"':
			quoted = !quoted
		case c == sep && !quoted:
			return s[:i], s[i+1:]
		}
	}
	return s, nil
}

// cookie lists a cookie by name: its value, and its attributes but for the time
// at which it ends.
func (x headers) cookie(n *node, value []byte) {
	pair, attributes, _ := bytes.Cut(value, semicolon)
	name, content, _ := bytes.Cut(pair, equals)
	c := tree(x).part(n, bytes.TrimSpace(name))
	if c.ignored {
		return
	}
	bodies(x).inside(c, kindPresent, bytes.TrimSpace(content), 1)
	sum := uint64(0)
	x.text = x.text[:0]
	for len(attributes) > 0 {
		var a []byte
		a, attributes = cutQuoted(attributes, ';')
		a = bytes.ToLower(bytes.TrimSpace(a))
		if len(a) == 0 || bytes.HasPrefix(a, expires) {
			continue
		}
		if age, ok := bytes.CutPrefix(a, maxAge); ok { // which may count down to a fixed end
			tree(x).leaf(tree(x).part(n, append(bytes.TrimSpace(name), " max-age"...)), kindPresent, age)
			a = maxAge
		}
		sum += hash(a)
		x.text = append(append(x.text, a...), ';', ' ')
	}
	tree(x).emit(c, Set, spread(sum), x.text)
}

var (
	semicolon = []byte(";")
	expires   = []byte("expires=")
	maxAge    = []byte("max-age=")
)

// inFront are the headers that CDNs, proxies and gateways add or write anew, or the
// beginnings of their names where these end in a hyphen.
var inFront = strings.Fields(`accept-ranges access-control- age akamai- alt-svc apigw- cache-control cache-status cdn- cf- connection
	content-encoding content-length content-security-policy content-type cross-origin- date etag eagleid expect-ct expires fastly- forwarded
	keep-alive last-modified link location nel p3p permissions-policy pragma proxy- referrer-policy report-to reporting-endpoints retry-after server server-timing
	set-cookie strict-transport-security surrogate- timing-allow-origin trailer transfer-encoding upgrade vary via warning x-akamai- x-amz- x-amzn-
	x-azure- x-cache x-cache- x-cdn x-cdn- x-check-cacheable x-content-type-options x-edge- x-envoy- x-fastly- x-forwarded- x-frame-options
	x-github- x-hw x-iinfo x-kong- x-msedge- x-permitted-cross-domain-policies x-powered-by x-proxy- x-ratelimit- x-request-id x-robots-tag x-runtime
	x-served-by x-served- x-sucuri- x-timer x-varnish x-vercel- x-via x-xss-protection`)

// WrittenInFront tells a header, in lower case, that something in front of an API may have
// written: what it says is no word of the API.
func WrittenInFront(header string) bool {
	header, _, _ = strings.Cut(header, " ") // a cookie: by its header
	return slices.ContainsFunc(inFront, func(name string) bool {
		return header == name || strings.HasSuffix(name, "-") && strings.HasPrefix(header, name)
	})
}
