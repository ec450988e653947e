package scenarios

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"stageprobe/probe"
	"stageprobe/probe/address"
	"stageprobe/probe/lazyregexp"
	"stageprobe/probe/redact"
)

func isHAR(doc any) bool { return listAt(doc, "log", "entries") != nil }

var logFirst = lazyregexp.New(`^(?:\x{FEFF})?\s*\{\s*"log"\s*:\s*\{`)

// beginsAsHAR tells a recording by its beginning.
func beginsAsHAR(data []byte) bool { return logFirst.Match(data[:min(len(data), 256)]) }

// harEntry is what is read of an entry (HAR 1.2).
type harEntry struct {
	Request struct {
		Method   string
		URL      string
		Headers  []probe.Header
		PostData *struct{ Text string }
	}
	Response struct {
		Status  int
		Headers []probe.Header
	}
}

func fromHAR(_ any, data []byte, d *draft) error { return readHAR(bytes.NewReader(data), d) }

func readHAR(from io.Reader, d *draft) error {
	d.status = usualStatus
	if err := eachEntry(from, d.recorded); err != nil {
		return fmt.Errorf("not a HAR recording: %w", err)
	}
	if len(d.requests) == 0 && len(d.urls) == 0 {
		return errors.New("no request to an API Gateway is in it: none goes to an execute-api address, and no answer has a header such as x-amz-apigw-id")
	}
	return nil
}

// eachEntry reads a recording entry by entry.
func eachEntry(from io.Reader, take func(*harEntry)) error {
	start := bufio.NewReader(from)
	if mark := []byte("\ufeff"); startsWith(start, mark) {
		_, _ = start.Discard(len(mark)) // which was seen
	}
	in := json.NewDecoder(start)
	return within(in, "log", func() error {
		return within(in, "entries", func() error {
			if _, err := in.Token(); err != nil {
				return err
			}
			for in.More() {
				var e harEntry
				if err := in.Decode(&e); err != nil {
					return err
				}
				take(&e)
			}
			_, err := in.Token()
			return err
		})
	})
}

func startsWith(in *bufio.Reader, what []byte) bool {
	head, _ := in.Peek(len(what)) // a shorter input does not
	return bytes.Equal(head, what)
}

// within reads an object and lets read take the value of a key; others are left out.
func within(in *json.Decoder, key string, read func() error) error {
	if _, err := in.Token(); err != nil {
		return err
	}
	for in.More() {
		name, err := in.Token()
		if err != nil {
			return err
		}
		if name == key {
			err = read()
		} else {
			err = in.Decode(new(json.RawMessage))
		}
		if err != nil {
			return err
		}
	}
	_, err := in.Token()
	return err
}

// recorded takes in one request of the recording.
func (d *draft) recorded(e *harEntry) {
	a, err := address.ParseURL(e.Request.URL)
	if err != nil {
		return
	}
	switch {
	case a.Kind == address.AddressExecuteAPI:
	case a.Kind == address.AddressCustom && e.gateway():
		if strings.EqualFold(e.Request.Method, "GET") {
			d.address(a, "")
		}
		return
	default:
		return
	}
	r := e.draft(&a, d)
	key := fmt.Sprintf("%q", []any{r.method, r.path, r.query, r.headers})
	switch {
	case !contains(methods, r.method) || d.recordedAs[key]:
	case len(d.requests) == maxRecorded:
		if note := fmt.Sprintf("Only the first %d different requests of the recording are listed.", maxRecorded); !contains(d.notes, note) {
			d.notes = append(d.notes, note)
		}
	default:
		if d.recordedAs == nil {
			d.recordedAs = map[string]bool{}
		}
		d.recordedAs[key] = true
		d.requests = append(d.requests, r)
	}
}

// maxRecorded is how many requests of a recording a file lists: nobody reads more.
const maxRecorded = 500

// gateway tells whether API Gateway answered.
func (e *harEntry) gateway() bool {
	return probe.HeaderValue(e.Response.Headers, "x-amz-apigw-id") != "" || e.http()
}

// http tells whether an HTTP API answered.
func (e *harEntry) http() bool {
	return probe.HeaderValue(e.Response.Headers, "apigw-requestid") != ""
}

func (e *harEntry) draft(a *address.Address, d *draft) draftRequest {
	r := draftRequest{method: strings.ToUpper(e.Request.Method), path: cmp.Or(a.Path, "/")}
	switch {
	case e.http():
		d.address(*a, "")
		if note := "API " + a.APIID + " is an HTTP API: a stage other than $default stands at the beginning of its paths; move it to stages."; !contains(d.notes, note) {
			d.notes = append(d.notes, note)
		}
	default:
		d.address(*a, a.First)
		r.path = "/" + strings.TrimPrefix(strings.TrimPrefix(a.Path, "/"+a.First), "/")
		if a.First != "" {
			r.stages = []string{a.First}
		}
	}
	r.path = strings.NewReplacer("{", "%7B", "}", "%7D").Replace(r.path)
	r.name = r.method + " " + shorten(maxComment, redact.MaskPath(r.path))
	r.query = recordedQuery(a.Query)
	r.recordedHeaders(e.Request.Headers)
	if origin := probe.HeaderValue(e.Request.Headers, "origin"); r.method == "OPTIONS" && origin != "" {
		r.preflight, r.headers = &Preflight{Origin: origin}, nil
		r.asks = strings.ToUpper(probe.HeaderValue(e.Request.Headers, "access-control-request-method"))
		for name := range strings.SplitSeq(probe.HeaderValue(e.Request.Headers, "access-control-request-headers"), ",") {
			if name = strings.TrimSpace(name); name != "" {
				r.preflight.Headers = append(r.preflight.Headers, name)
			}
		}
	}
	if e.Request.PostData != nil && e.Request.PostData.Text != "" {
		r.body = "file:body.json"
		r.off = append(r.off, "the recorded body is not copied, since it may hold secrets")
	}
	r.off = append(r.off, methodReason(r.method)...)
	if s := e.Response.Status; s >= 200 && s < 500 && s != 304 {
		r.status, r.refused = fmt.Sprint(s), s >= 400
	}
	return r
}

var (
	// secretName is a header or parameter that lets somebody in, by its name.
	secretName = lazyregexp.New(`(?i)token|key|secret|auth|session|cookie|csrf|xsrf|password|passwd|credential|signature|jwt|code|state|nonce|^x-amz-|^sig$|^sid$`)
	// ordinary is a value that is no secret: words and short numbers.
	ordinary = lazyregexp.New(`^[A-Za-z]{0,20}[ /,;=:._-]?([A-Za-z]{0,20}[ /,;=:._-]?){0,6}[0-9]{0,8}$`)
)

// placeholder replaces a value that may be a secret by env:NAME. What it stands for is
// part of the name: another secret, or a variable that every shell has (PATH, USER), is
// not to be sent in its place.
func placeholder(kind, name, value string) string {
	if !secretName.MatchString(name) && ordinary.MatchString(value) {
		return value
	}
	return envPrefix + kind + variableOf(name)
}

// variableOf makes the name of an environment variable.
func variableOf(name string) string {
	upper := strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToUpper(name))
	return cmp.Or(strings.Trim(upper, "_"), "VALUE")
}

// recordedQuery keeps the parameters in order. A query that cannot be taken
// apart is left out.
func recordedQuery(raw string) []probe.Header {
	var out []probe.Header
	for pair := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(pair, "=")
		name, okName := unescapeQuery(name)
		value, okValue := unescapeQuery(value)
		if name != "" && okName && okValue {
			out = append(out, probe.Header{Name: name, Value: placeholder("QUERY_", name, value)})
		}
	}
	return out
}

// keptHeaders are those of a browser's that an API may look at.
var keptHeaders = []string{"accept", "content-type", "x-requested-with"}

// recordedHeaders keeps what an API may look at: a few general headers, and
// the application's own.
func (r *draftRequest) recordedHeaders(headers []probe.Header) {
	for _, h := range headers {
		name := strings.ToLower(h.Name)
		switch {
		case name == "authorization" && strings.HasPrefix(h.Value, "AWS4-HMAC-SHA256"):
			r.auth = sigv4Auth
		case name == "authorization" && len(h.Value) > 7 && strings.EqualFold(h.Value[:7], "bearer ") && r.auth == "":
			r.auth = bearerAuth
		case name == "x-api-key" && r.auth == "":
			r.auth = apiKeyAuth
		case strings.HasPrefix(name, "x-amz-"), strings.HasPrefix(name, "x-amzn-"), strings.HasPrefix(name, "x-forwarded-"):
		case contains(keptHeaders, name):
			if len(h.Value) <= 200 && !strings.ContainsAny(h.Value, "\r\n") && !(name == "accept" && h.Value == "*/*") {
				r.headers = append(r.headers, probe.Header{Name: name, Value: h.Value})
			}
		case contains(secretHeaders, name), strings.HasPrefix(name, "x-"):
			r.headers = append(r.headers, probe.Header{Name: name, Value: placeholder("HEADER_", name, h.Value)})
		}
	}
}

func unescapeQuery(s string) (string, bool) {
	u, err := url.QueryUnescape(s)
	return u, err == nil
}
