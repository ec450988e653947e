package probe

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// FixedHeaders are the headers that the engine sends with every request unless
// a scenario sets them itself. Nothing else is added: routing rules and
// backends may look at any header. A body that arrives compressed could not be
// compared, hence identity.
func FixedHeaders(userAgent string) []Header {
	if userAgent == "" {
		userAgent = "stageprobe"
	}
	return []Header{{"User-Agent", userAgent}, {"Accept", "*/*"}, {"Accept-Encoding", "identity"}}
}

// SafeMethod tells whether a method may be sent without Scenario.Unsafe.
func SafeMethod(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// requestIDHeader is adopted by REST APIs as $context.requestId where it is a UUID.
const requestIDHeader = "X-Amzn-Requestid"

// form is a request that is sent again and again.
type form struct {
	target   *Target
	scenario *Scenario
	request  *http.Request
	wire     [2][]byte // in HTTP/1.1, before and after the minted id
	block    []byte    // in HTTP/2, before it
	key      hostKey
	whole    bool  // the request line holds the whole URL: it goes to a proxy
	host     *host // of the run's pool
	alike    alike
	mint     bool
	sign     func(*Target, *Scenario, *http.Request) error
}

func newForm(e *Engine, t *Target, s *Scenario) (*form, error) {
	raw := strings.TrimSuffix(t.URL, "/") + s.Path
	if s.Query != "" {
		raw += "?" + s.Query
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("not a URL: %w", errors.Unwrap(err)) // without the URL: its query may hold a secret
	}
	if u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" {
		return nil, fmt.Errorf("%q is not an http or https URL with a host", t.URL)
	}
	req, err := http.NewRequest(s.Method, u.String(), nil)
	if err != nil {
		return nil, err
	}
	for _, set := range [][]Header{FixedHeaders(e.UserAgent), t.Header, s.Header} {
		setHeaders(req, set)
	}
	f := &form{target: t, scenario: s, request: req, sign: e.Sign, key: keyOf(u)}
	f.mint = e.Mint && t.APIKind != HTTP && req.Header.Get(requestIDHeader) == ""
	if proxy, err := e.Transport.proxyOf(f.key); err == nil && proxy != nil && !f.key.tls {
		f.whole = true
		if auth := proxyAuthorization(proxy); auth != "" {
			req.Header.Set("Proxy-Authorization", auth)
		}
	}
	return f, f.prepare()
}

// setHeaders replaces a header that an earlier set named and keeps one that is
// repeated within the set. Host is not a header to net/http.
func setHeaders(req *http.Request, set []Header) {
	seen := map[string]bool{}
	for _, h := range set {
		name := http.CanonicalHeaderKey(h.Name)
		switch {
		case name == "Host":
			req.Host = h.Value
		case seen[name]:
			req.Header.Add(name, h.Value)
		default:
			req.Header.Set(name, h.Value)
		}
		seen[name] = true
	}
}

// minted is the id of one attempt; "" where none is sent.
func (f *form) minted(seed, seq, attempt uint64) string {
	if !f.mint {
		return ""
	}
	return MintedID(seed^attempt<<32, seq)
}

// MintedID is the id of a request. It follows from the run's seed and the
// request's number, so that a recording need not keep it.
func MintedID(seed, seq uint64) string {
	id := MintedBytes(seed, seq)
	return string(id[:])
}

// MintedBytes is [MintedID] where no string is needed.
func MintedBytes(seed, seq uint64) [36]byte {
	var r rand.PCG
	r.Seed(seed, seq)
	r.Uint64() // the first still shows the number
	return uuid([2]uint64{r.Uint64(), r.Uint64()})
}

// fill makes the request of one attempt: a copy with its own headers, minted
// id and signature.
func (f *form) fill(minted string) (*http.Request, error) {
	req := new(http.Request)
	*req = *f.request
	req.Header = maps.Clone(f.request.Header)
	if body := f.scenario.Body; len(body) > 0 {
		req.Body = io.NopCloser(bytes.NewReader(body))
		req.ContentLength = int64(len(body))
	}
	if minted != "" {
		req.Header[requestIDHeader] = []string{minted}
	}
	if f.sign == nil {
		return req, nil
	}
	u := *f.request.URL // a signer may write to it
	req.URL = &u
	if err := f.sign(f.target, f.scenario, req); err != nil {
		return nil, local(fmt.Errorf("sign: %w", err))
	}
	return req, nil
}

// append writes the request of one attempt in HTTP/1.1. What is not signed
// differs in the minted id alone.
func (f *form) append(b []byte, signed *http.Request, minted string) ([]byte, error) {
	if signed != nil {
		out := bytes.NewBuffer(b)
		write := signed.Write
		if f.whole {
			write = signed.WriteProxy
		}
		err := write(out)
		return out.Bytes(), err
	}
	b = append(b, f.wire[0]...)
	b = append(b, minted...)
	return append(b, f.wire[1]...), nil
}

// head2 writes the head of one attempt in HTTP/2.
func (f *form) head2(b []byte, signed *http.Request, minted string) []byte {
	if signed != nil {
		return append(b, headerBlock(signed)...)
	}
	return append(append(b, f.block...), minted...)
}

// prepare renders the request around its minted id.
func (f *form) prepare() error {
	if f.sign != nil {
		return nil
	}
	id := f.minted(0, 0, 0)
	req, err := f.fill(id)
	if err != nil {
		return err
	}
	text, err := f.append(nil, req, "")
	if err != nil {
		return err
	}
	f.wire[0] = text
	req.Header.Del(requestIDHeader)
	if !f.mint {
		req.Header = f.request.Header // which may have one of the user's own
	}
	if f.block = headerBlock(req); f.mint {
		f.block = append(f.block, mintedField()...)
	}
	if line := []byte(requestIDHeader + ": " + id); id != "" {
		at := bytes.Index(text, line) + len(line)
		f.wire = [2][]byte{text[:at-len(id)], text[at:]}
	}
	return nil
}

// uuid writes 128 random bits as a version 4 UUID (RFC 9562 section 5.4).
func uuid(bits [2]uint64) (text [36]byte) {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], bits[0])
	binary.BigEndian.PutUint64(b[8:], bits[1])
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	hex.Encode(text[:8], b[:4])
	text[8] = '-'
	hex.Encode(text[9:13], b[4:6])
	text[13] = '-'
	hex.Encode(text[14:18], b[6:8])
	text[18] = '-'
	hex.Encode(text[19:23], b[8:10])
	text[23] = '-'
	hex.Encode(text[24:], b[10:])
	return text
}

// hostKey is what connections may be shared by: where they are dialled and
// which name the certificate is asked for.
type hostKey struct {
	tls  bool
	name string
	port string
}

func keyOf(u *url.URL) hostKey {
	k := hostKey{tls: u.Scheme == "https", name: u.Hostname(), port: u.Port()}
	if k.port == "" {
		k.port = "80"
		if k.tls {
			k.port = "443"
		}
	}
	return k
}

func (k hostKey) String() string { return net.JoinHostPort(k.name, k.port) }
