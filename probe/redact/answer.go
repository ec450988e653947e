package redact

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"

	"stageprobe/probe"
	"stageprobe/probe/lazyregexp"
)

// Cleaner takes out of an answer what nobody is to keep, before anything else sees
// it: the credentials of its own request, wherever and however the answer repeats
// them, and the secrets that the answer itself holds. A live run and its recording
// therefore say the same.
type Cleaner struct {
	Secrets *Redactor
	// KeepOwn keeps the answer's own secrets: cookies that are set, tokens.
	KeepOwn bool
}

// Clean is for [Engine].Clean. req is the request as it was sent; nil where it was
// not even made.
func (c *Cleaner) Clean(req *http.Request, o *probe.Observation) {
	r := c.Secrets
	if req != nil {
		r = c.sent(req)
	}
	o.Err = OwnText(r.String(o.Err))
	o.Header = r.headers(o.Header)
	if body := unpacked(o.Body, o.Get("content-encoding")); len(body) > 0 {
		clean := r.Bytes(body)
		if !c.KeepOwn {
			clean = ownBytes(clean)
		}
		if !bytes.Equal(clean, body) {
			o.Body = clean
		}
	}
	if !c.KeepOwn {
		ownHeaders(o.Header)
	}
}

// sent learns what a request carries. What is of this request alone, such as its
// signature, is known for this answer only.
func (c *Cleaner) sent(req *http.Request) *Redactor {
	var once []string
	for name, values := range req.Header {
		for _, v := range values {
			switch {
			case !SecretName(name) || c.Secrets.knows(v):
			case strings.HasPrefix(v, "AWS4-"):
				once = append(once, parts(v)...)
			default:
				c.Secrets.AddHeader(name, v)
			}
		}
	}
	if len(once) == 0 {
		return c.Secrets
	}
	r := c.Secrets.with(once)
	return r
}

// with is a redactor for further values, which are forgotten with it. A signature
// is hexadecimal: no escaping changes it, only base64 does.
func (r *Redactor) with(values []string) *Redactor {
	m := &matcher{}
	if old := r.matcher(); old != nil {
		*m = *old
	}
	m.forms = slices.Clone(m.forms)
	for _, v := range values {
		for _, f := range append(encodings(v), v, backwards(v)) {
			if len(f) >= shortSecret && !slices.Contains(m.forms, f) {
				m.forms = append(m.forms, f)
			}
		}
		if len(v) >= 2*headLength {
			m.heads = append(slices.Clip(m.heads), v)
		}
	}
	out := &Redactor{}
	out.now.Store(m)
	return out
}

func (r *Redactor) knows(v string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, ok := r.values[v]
	return ok
}

// maxUnpacked bounds what an answer's body may become once decoded.
const maxUnpacked = 8 << 20

// unpacked is the body without its content encoding, where it has one that can be
// undone; nil where there is nothing to look at.
func unpacked(body []byte, encoding string) []byte {
	in := bytes.NewReader(body)
	var r io.Reader
	var err error
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "gzip", "x-gzip":
		r, err = gzip.NewReader(in)
	case "deflate":
		if r, err = zlib.NewReader(in); err != nil {
			in.Reset(body)
			r, err = flate.NewReader(in), nil
		}
	case "br":
		r = brotli.NewReader(in)
	case "zstd":
		var z *zstd.Decoder
		if z, err = zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxUnpacked)); err == nil {
			defer z.Close()
			r = z
		}
	default:
		return body
	}
	if err != nil {
		return body
	}
	out, _ := io.ReadAll(io.LimitReader(r, maxUnpacked)) // what was cut off is looked at as far as it goes
	if len(out) == 0 {
		return body
	}
	return out
}

// disguised stands for a secret of an answer. Equal ones stay equal, so that a
// token which goes with a deployment is still seen to do so; 24 bits of a digest
// tell nothing else of what nobody can guess.
func disguised(s string) string {
	if strings.HasPrefix(s, redacted) {
		return s
	}
	sum := sha256.Sum256([]byte("stageprobe\x00" + s))
	return redacted + hex.EncodeToString(sum[:3])
}

var (
	jwt     = lazyregexp.New(`eyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)*`)
	members = []lazyregexp.Regexp{
		lazyregexp.New(`(?i)(")` + secretMemberName + `("\s*:\s*")((?:[^"\\]|\\.)+)`),
		lazyregexp.New(`(?i)(\\+")` + secretMemberName + `(\\+"\s*:\s*\\+")([^"\\]+)`), // JSON within JSON
		lazyregexp.New(`(?i)(')` + secretMemberName + `('\s*[:=]\s*')([^'\\]+)`),
	}
	parameter = lazyregexp.New(`(?i)([?&#;]|\b)((?:[a-z0-9-]+_)?(?:access_?token|id_?token|refresh_?token|token|secret|passw(?:or)?d|api_?key|signature|assertion|x-amz-[a-z-]+|code))=([^&\s"'<>;#\\]{6,})`)
	scheme    = lazyregexp.New(`(?i)\b(bearer|basic)(\s+)([A-Za-z0-9._~+/=-]{8,})`)
	sigv4     = lazyregexp.New(`(Credential=|Signature=)([^,\s"'&<>\\]{8,})`)
	pem       = lazyregexp.New(`(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)`)
	awsKey    = lazyregexp.New(`\b(?:AKIA|ASIA)[A-Z2-7]{16}\b`)
	// openMember are names that speak of a secret and hold none.
	openMember = lazyregexp.New(`(?i)(type|url|uri|endpoint|name|expir\w*|count|limit|length|status|error|message|header|required|source|state)$`)
	keyMember  = lazyregexp.New(`(?i)((^|[-_.])|api|access|secret|private|session|subscription|client|auth)[-_.]?key$`)
)

const secretMemberName = `([a-z0-9_.-]{0,40}?(?:token|secret|passw|credential|signature|session|jwt|csrf|xsrf|authorization|cookie|key|pwd)[a-z0-9_.-]{0,40})`

// triggers are parts of everything that the expressions above find: most bodies
// hold none of them, and cost one look.
var triggers = [][]byte{
	[]byte("eyJ"), []byte("oken"), []byte("OKEN"), []byte("ecret"), []byte("ECRET"), []byte("assw"), []byte("ASSW"), []byte("earer"), []byte("asic "),
	[]byte("redential"), []byte("ignature"), []byte("ession"), []byte("uthoriz"), []byte("ookie"), []byte("ey\""), []byte("ey\\\""), []byte("wd\""), []byte("code="), []byte("mz-"),
	[]byte("srf"), []byte("PRIVATE KEY"), []byte("AKIA"), []byte("ASIA"), []byte("ey="), []byte("EY\""), []byte("assertion"), []byte("jwt\""),
}

func ownBytes(b []byte) []byte {
	if !slices.ContainsFunc(triggers, func(t []byte) bool { return bytes.Contains(b, t) }) {
		return b
	}
	return []byte(OwnText(string(b)))
}

// OwnText disguises what looks like a credential in a text: a token, a key, what a
// member or parameter with such a name holds.
func OwnText(s string) string {
	if len(s) < shortSecret {
		return s
	}
	s = pem.ReplaceAllStringFunc(s, disguised)
	s = jwt.ReplaceAllStringFunc(s, disguised)
	s = awsKey.ReplaceAllStringFunc(s, disguised)
	for _, member := range members {
		s = replaceGroup(member, s, 4, func(m []string) bool { return secretMember(m[2], m[4]) })
	}
	s = replaceGroup(parameter, s, 3, func(m []string) bool { return likeKey(m[3]) })
	s = replaceGroup(scheme, s, 3, func(m []string) bool { return likeKey(m[3]) && strings.ContainsAny(m[3], "0123456789") })
	return replaceGroup(sigv4, s, 2, func([]string) bool { return true })
}

func secretMember(name, value string) bool {
	lower := strings.ToLower(name)
	switch {
	case openMember.MatchString(name), strings.HasSuffix(lower, "key") && !keyMember.MatchString(name):
		return false
	case strings.Contains(lower, "passw"), strings.Contains(lower, "secret"), strings.HasSuffix(lower, "pwd"):
		return len(value) >= tailLength
	}
	return likeKey(value)
}

// replaceGroup disguises the n-th group, which ends the match, where is says so.
func replaceGroup(re lazyregexp.Regexp, s string, n int, is func(m []string) bool) string {
	return re.ReplaceAllStringFunc(s, func(all string) string {
		m := re.FindStringSubmatch(all)
		if m == nil || !is(m) {
			return all
		}
		return all[:len(all)-len(m[n])] + disguised(m[n])
	})
}

// ownHeaders disguises what an answer sets or passes on; the headers are changed
// in place.
func ownHeaders(hs []probe.Header) {
	for i := range hs {
		h := &hs[i]
		switch name := strings.ToLower(h.Name); {
		case name == "set-cookie" || name == "set-cookie2" || strings.HasSuffix(name, "-set-cookie"):
			h.Value = cookie(h.Value)
		case name == "location", name == "content-location", name == "refresh", name == "link":
			h.Value = OwnText(disguiseURL(h.Value))
		case SecretName(name) && !strings.HasPrefix(name, "access-control-") && likeKey(h.Value):
			h.Value = disguised(h.Value)
		case strings.Contains(h.Value, "eyJ"), strings.Contains(h.Value, "Signature="):
			h.Value = OwnText(h.Value)
		}
	}
}

// cookie disguises the value of a cookie that is set, and keeps its name and
// attributes. A value of a few letters names a variant, not a person.
func cookie(v string) string {
	pair, attributes, more := strings.Cut(v, ";")
	name, value, ok := strings.Cut(pair, "=")
	if !ok || len(value) < shortSecret && !SecretName(name) || len(value) < 2 {
		return v
	}
	pair = name + "=" + disguised(value)
	if more {
		return pair + ";" + attributes
	}
	return pair
}

// disguiseURL is MaskURL with values that stay comparable.
func disguiseURL(raw string) string {
	at := strings.IndexAny(raw, "?#")
	if at < 0 {
		return MaskURL(raw)
	}
	fields := strings.FieldsFunc(raw[at:], func(r rune) bool { return strings.ContainsRune("?#&", r) })
	rest := raw[at:]
	for _, f := range fields {
		if name, value, ok := strings.Cut(f, "="); ok && value != "" && SecretParameter(name) {
			rest = strings.Replace(rest, f, name+"="+disguised(value), 1)
		}
	}
	masked := MaskURL(raw[:at])
	return masked + rest
}
