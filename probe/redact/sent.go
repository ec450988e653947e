package redact

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"iter"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"stageprobe/probe/lazyregexp"
)

var (
	// secretWord is the name of something that lets somebody in.
	secretWord = lazyregexp.New(`(?i)token|secret|passw|passphrase|credential|signature|session|cookie|jwt|csrf|xsrf|authorization|api[-_]?key|access[-_]?key|private[-_]?key|(^|[-_.])(key|auth|sig|sid|pwd)$`)
	// secretParameter is one more of a query: too usual a word elsewhere.
	secretParameter = lazyregexp.New(`(?i)^(code|pass|assertion|hmac|sign|x-amz-.*|awsaccesskeyid)$`)
	// openHeader is a header that every client sends and nobody keeps to himself.
	openHeader = lazyregexp.New(`(?i)^(accept|accept-.*|access-control-.*|content-.*|user-agent|host|origin|referer|if-.*|cache-control|pragma|range|via|forwarded|x-forwarded-.*|x-amzn-(trace-id|requestid)|x-request-id|x-correlation-id|traceparent|tracestate|x-apigw-api-id|x-amz-(date|content-sha256|target))$`)
	schemes    = []string{"bearer", "basic", "digest", "apikey", "token", "negotiate", "aws4-hmac-sha256"}
)

// SecretName tells whether a header or a member of a body is secret by its name.
func SecretName(name string) bool {
	if known, ok := secretNames.Load(name); ok {
		return known.(bool)
	}
	secret := !openHeader.MatchString(name) && secretWord.MatchString(name)
	if len(name) <= 64 && secretNamesKept.Add(1) <= 4096 {
		secretNames.Store(strings.Clone(name), secret)
	}
	return secret
}

// secretNames are names of headers that were looked at: each answer repeats them.
var (
	secretNames     sync.Map // string → bool
	secretNamesKept atomic.Int64
)

// SecretParameter tells whether a parameter of a query is secret by its name.
func SecretParameter(name string) bool { return SecretName(name) || secretParameter.MatchString(name) }

// AddHeader learns from a header that is sent. It is secret where its name says
// so, or where its value looks like a key; the whole value, and what it is made
// of: the token behind a scheme, both halves of basic credentials, each cookie,
// the parts of a JWT.
func (r *Redactor) AddHeader(name, value string) {
	named := SecretName(name)
	if !named && (openHeader.MatchString(name) || !likeKey(value)) {
		return
	}
	r.Add(value)
	r.AddParts(parts(value)...)
}

// AddQuery learns from the query of a URL what is secret by name.
func (r *Redactor) AddQuery(raw string) { r.addPairs(strings.SplitSeq(raw, "&")) }

// AddBody learns from a body that is sent what is secret by name: members of JSON, and
// fields of a form.
func (r *Redactor) AddBody(body []byte) {
	var tree any
	if json.Unmarshal(body, &tree) == nil {
		r.addMembers(tree)
	} else if s := string(body); strings.Contains(s, "=") {
		r.AddQuery(s)
	}
}

func (r *Redactor) addMembers(v any) {
	switch v := v.(type) {
	case []any:
		for _, m := range v {
			r.addMembers(m)
		}
	case map[string]any:
		for name, m := range v {
			if text, ok := m.(string); ok && SecretName(name) && likeKey(text) {
				r.AddParts(text)
			}
			r.addMembers(m)
		}
	}
}

// AddPath learns from the matrix parameters of a path, as in /orders;token=…/items.
func (r *Redactor) AddPath(raw string) {
	for segment := range strings.SplitSeq(raw, "/") {
		r.addPairs(strings.SplitSeq(segment, ";"))
	}
}

func (r *Redactor) addPairs(pairs iter.Seq[string]) {
	for pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		plain, err := url.QueryUnescape(value)
		if err != nil {
			plain = value
		}
		if SecretParameter(name) && likeKey(plain) {
			r.AddParts(value, plain)
		}
	}
}

// parts takes a credential apart into what is secret by itself.
func parts(value string) []string {
	var out []string
	for _, p := range strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(" \t,;", r) }) {
		p = strings.Trim(p, `"'`)
		if name, v, ok := strings.Cut(p, "="); ok && !strings.HasPrefix(v, "=") && v != "" && !strings.ContainsAny(name, "+/%~&:@!$*?<>^") { // those are no name's
			v = strings.Trim(v, `"'`)
			if key, _, scope := strings.Cut(v, "/"); strings.EqualFold(name, "Credential") && scope {
				v = key
			}
			if likeKey(v) || SecretName(name) && len(v) >= tailLength {
				out = append(out, v)
			}
			if u, err := url.QueryUnescape(v); err == nil && u != v && likeKey(u) {
				out = append(out, u)
			}
			if !slices.Contains([]string{"SignedHeaders", "Credential"}, name) {
				out = append(out, tokens(v)...)
			}
			continue
		}
		if !slices.Contains(schemes, strings.ToLower(p)) && likeKey(p) {
			out = append(out, p)
			out = append(out, tokens(p)...)
		}
	}
	if scheme, rest, ok := strings.Cut(strings.TrimSpace(value), " "); ok && slices.Contains(schemes, strings.ToLower(scheme)) {
		out = append(out, strings.TrimSpace(rest))
		if strings.EqualFold(scheme, "basic") {
			out = append(out, halves(strings.TrimSpace(rest))...)
		}
	}
	return out
}

// halves are the user and the password of basic credentials (RFC 7617).
func halves(encoded string) []string {
	plain, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		if plain, err = base64.RawURLEncoding.DecodeString(strings.TrimRight(encoded, "=")); err != nil {
			return nil
		}
	}
	out := []string{string(plain)}
	user, password, _ := strings.Cut(string(plain), ":")
	for _, half := range []string{user, password} {
		if len(half) >= tailLength {
			out = append(out, half)
		}
	}
	return out
}

// tokens are claims and signature of a JWT (RFC 7519), encoded and plain: either
// half of it says who somebody is, or proves it.
func tokens(v string) []string {
	p := strings.Split(v, ".")
	if len(p) < 3 || !strings.HasPrefix(v, "eyJ") {
		return nil
	}
	out := slices.Clone(p[1:])
	if claims, err := base64.RawURLEncoding.DecodeString(p[1]); err == nil {
		out = append(out, string(claims))
	}
	return slices.DeleteFunc(out, func(s string) bool { return len(s) < headLength })
}

// likeKey tells a value that nobody would write by hand: of some length, and no
// plain word or number.
func likeKey(v string) bool {
	if len(v) < shortSecret {
		return false
	}
	var lower, upper, digit, other bool
	for _, c := range v {
		switch {
		case 'a' <= c && c <= 'z':
			lower = true
		case 'A' <= c && c <= 'Z':
			upper = true
		case '0' <= c && c <= '9':
			digit = true
		default:
			other = true
		}
	}
	letters := lower || upper
	switch {
	case len(v) >= 16:
		return true
	case len(v) >= headLength:
		return digit && letters || lower && upper || letters && other
	}
	return digit && letters
}

// MaskQuery replaces the values of parameters that are secret by name.
func MaskQuery(raw string) string {
	if raw == "" {
		return raw
	}
	pairs := strings.Split(raw, "&")
	maskPairs(pairs)
	return strings.Join(pairs, "&")
}

// maskPairs masks the values of parameters that are secret by name.
func maskPairs(pairs []string) {
	for i, pair := range pairs {
		name, value, ok := strings.Cut(pair, "=")
		if plain, err := url.QueryUnescape(name); ok && value != "" && SecretParameter(cmp.Or(map[bool]string{true: plain}[err == nil], name)) {
			pairs[i] = name + "=" + redacted
		}
	}
}

// MaskPath replaces the values of matrix parameters, as in /orders;token=…/items, that
// are secret by name.
func MaskPath(raw string) string {
	if strings.IndexByte(raw, ';') < 0 {
		return raw
	}
	segments := strings.Split(raw, "/")
	for i, s := range segments {
		if pairs := strings.Split(s, ";"); len(pairs) > 1 {
			maskPairs(pairs[1:])
			segments[i] = strings.Join(pairs, ";")
		}
	}
	return strings.Join(segments, "/")
}

// isAuthority tells whether what stands before a path can be a host with its port, or
// user information that ends with it.
func isAuthority(s string) bool {
	host, port, named := strings.Cut(s, ":")
	if strings.ContainsAny(host, "!$&'()*+,;=~") && !strings.Contains(s, "@") {
		return false
	}
	return !named || strings.ContainsAny(s, "@[") || strings.Trim(port, "0123456789") == ""
}

// MaskURL replaces in a URL, a path or a text that holds one what lets somebody
// in: user information, and in path, query and fragment what is secret by name.
func MaskURL(raw string) string {
	if scheme, rest, ok := strings.Cut(raw, "://"); ok {
		authority := rest
		if end := strings.IndexAny(rest, "/?#"); end >= 0 {
			authority = rest[:end]
		}
		if !isAuthority(authority) {
			authority = rest // a password that holds one of them, not escaped
		}
		if at := strings.LastIndexByte(authority, '@'); at >= 0 {
			raw = scheme + "://" + redacted + rest[at:]
		}
	}
	at := strings.IndexAny(raw, "?#")
	if at < 0 {
		return MaskPath(raw)
	}
	head, tail := MaskPath(raw[:at])+raw[at:at+1], raw[at+1:]
	query, fragment, ok := strings.Cut(tail, "#")
	out := head + MaskQuery(query)
	if ok {
		out += "#" + MaskQuery(fragment)
	}
	return out
}
