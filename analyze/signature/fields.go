package signature

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"stageprobe/probe"
)

// Field is one field of an answer: where it stands, what it holds and what the
// value looks like.
//
// A path is ":status" or ":outcome", a header's name in lower case, a JSON
// pointer, "/items#" for the length of an array, or ":L3.2" for the second
// token of the third line of a text.
type Field struct {
	Path  string
	Value string // "" where only the shape counts
	Shape Shape
	Noise bool // its value says nothing of behaviour, whatever it is
}

// MaxFields is the most fields an answer is taken apart into. What is beyond
// goes into one field.
const MaxFields = 256

// foldedPath is the field that holds what is beyond MaxFields.
const foldedPath = ":more"

// Fields takes an answer apart, sorted by path. The result does not depend on
// the order of headers or of JSON keys.
func Fields(o *probe.Observation) []Field {
	var s Scanner
	return s.Fields(o)
}

// Scanner takes answers apart, one after the other, and reuses its memory.
type Scanner struct {
	fields []Field
	paths  map[string]string // interned
	path   []byte
	o      *probe.Observation
	ids    []string

	decoder jsontext.Decoder
}

// Fields is [Fields]. The slice is overwritten by the next call; its strings
// are not.
func (s *Scanner) Fields(o *probe.Observation) []Field {
	if s.paths == nil || len(s.paths) > 1<<14 {
		s.paths = map[string]string{}
	}
	s.fields, s.o = s.fields[:0], o
	if o.Outcome != "" && o.Outcome != probe.OutcomeResponse {
		s.add(":outcome", string(o.Outcome), shapeWord)
		return s.fields
	}
	s.ids = ownIDs(o, s.ids[:0])
	s.add(":status", strconv.Itoa(o.Status), shapeInt)
	s.headers()
	s.body()
	s.o = nil
	slices.SortStableFunc(s.fields, func(a, b Field) int { return cmp.Compare(a.Path, b.Path) })
	s.fields = fold(join(s.fields))
	return s.fields
}

func (s *Scanner) add(path, value string, shape Shape) {
	s.fields = append(s.fields, Field{Path: path, Value: value, Shape: shape})
}

// value adds a field and hides what stands for the request itself in it: its
// ids, and times that are its own.
func (s *Scanner) value(path, value string) {
	for _, id := range s.ids {
		if strings.Contains(value, id) {
			value = strings.ReplaceAll(value, id, "<request-id>")
		}
	}
	switch shape := shapeOf(value, s.o.Due); shape {
	case shapeNow, shapeJWT: // a token is signed with the time
		s.noise(path, shape)
	case shapeText, shapeURL, shapeWord:
		s.add(path, hideTimes(value, s.o.Due), shape)
	case shapeInt, shapeFloat: // text that happens to have no letter in it
		s.add(path, value, shapeWord)
	default:
		s.add(path, value, shape)
	}
}

// literal adds a JSON number or boolean.
func (s *Scanner) literal(path, value string) {
	if shape := shapeOf(value, s.o.Due); shape == shapeNow {
		s.noise(path, shape)
	} else {
		s.add(path, value, shape)
	}
}

func (s *Scanner) noise(path string, shape Shape) {
	s.fields = append(s.fields, Field{Path: path, Shape: shape, Noise: true})
}

// intern keeps one string per path, because paths recur in every answer.
func (s *Scanner) intern(path []byte) string {
	if p, ok := s.paths[string(path)]; ok {
		return p
	}
	p := string(path)
	s.paths[p] = p
	return p
}

// ownIDs are the ids by which this very request is known. Bodies and headers
// echo them.
func ownIDs(o *probe.Observation, ids []string) []string {
	trace := o.Get("x-amzn-trace-id")
	trace, _, _ = strings.Cut(strings.TrimPrefix(trace, "Root="), ";")
	for _, id := range []string{o.MintedID, o.Get("x-amzn-requestid"), o.Get("x-amz-apigw-id"), o.Get("apigw-requestid"), o.Get("x-amz-cf-id"), trace} {
		if len(id) >= 8 && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// headers adds the headers that belong to behaviour.
func (s *Scanner) headers() {
	for _, h := range s.o.Header {
		name := s.header(h.Name)
		switch treatment(name) {
		case ignored:
		case presence:
			s.noise(name, shapeAny)
		case cookie:
			c, _, _ := strings.Cut(h.Value, "=")
			c = strings.TrimSpace(c)
			s.path = append(append(s.path[:0], "set-cookie "...), c[:min(len(c), 128)]...)
			s.noise(s.intern(s.path), shapeAny)
		default:
			s.value(name, headerValue(name, h.Value))
		}
	}
}

// header is the name in lower case, interned.
func (s *Scanner) header(name string) string {
	s.path = s.path[:0]
	for i := range min(len(name), 256) {
		c := name[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		s.path = append(s.path, c)
	}
	return s.intern(s.path)
}

// headerValue leaves out what AWS appends to an exception's name: a link to its
// model, which not every host sends.
func headerValue(name, value string) string {
	if name == "x-amzn-errortype" {
		value, _, _ = strings.Cut(value, ":")
	}
	return strings.TrimSpace(value)
}

type headerTreatment uint8

const (
	compared headerTreatment = iota
	ignored
	presence // that it is there counts, its value does not
	cookie
)

// treatment says how a header takes part in behaviour.
//
// Ignored: what belongs to the connection and the HTTP version, what CloudFront
// adds on the way (a factor, not behaviour), the gateway's ids, and
// content-length, which adds nothing to a body that is compared field by field
// and differs with compression and chunking.
func treatment(name string) headerTreatment {
	if t, ok := treatments[name]; ok {
		return t
	}
	bare, remapped := strings.CutPrefix(name, "x-amzn-remapped-")
	if remapped {
		if t, ok := treatments[bare]; ok {
			return t
		}
	}
	for _, p := range []string{"x-b3-", "ratelimit-", "x-ratelimit-re", "cf-"} {
		if strings.HasPrefix(name, p) {
			return presence
		}
	}
	return compared
}

var treatments = func() map[string]headerTreatment {
	out := map[string]headerTreatment{"set-cookie": cookie}
	for _, n := range strings.Fields(`connection keep-alive proxy-connection transfer-encoding trailer upgrade alt-svc
		content-length date age via x-cache x-amz-cf-pop x-amz-cf-id x-amzn-requestid x-amz-apigw-id apigw-requestid
		nel report-to server-timing`) {
		out[n] = ignored
	}
	for _, n := range strings.Fields(`x-amzn-trace-id x-request-id x-correlation-id request-id traceparent tracestate x-trace-id
		x-amz-request-id x-amz-id-2 expires last-modified retry-after x-runtime x-response-time
		x-envoy-upstream-service-time x-served-by x-powered-by server`) {
		out[n] = presence
	}
	return out
}()

// join makes one field of those with the same path: repeated headers, array
// elements beyond the index limit, repeated keys. The order among them does not
// count.
func join(fields []Field) []Field {
	out := fields[:0]
	for i := 0; i < len(fields); {
		j := i + 1
		for j < len(fields) && fields[j].Path == fields[i].Path {
			j++
		}
		out = append(out, joined(fields[i:j]))
		i = j
	}
	return out
}

func joined(same []Field) Field {
	f := same[0]
	if len(same) == 1 {
		return f
	}
	var sum uint64
	for _, g := range same {
		sum += Hash(g.Value) + uint64(g.Shape)
		f.Noise = f.Noise || g.Noise
		if g.Shape != f.Shape {
			f.Shape = shapeText
		}
	}
	if f.Value = ""; !f.Noise {
		f.Value = strconv.FormatUint(sum, 16)
	}
	return f
}

// fold keeps MaxFields and sums up the rest in one.
func fold(fields []Field) []Field {
	if len(fields) <= MaxFields {
		return fields
	}
	var sum uint64
	for _, f := range fields[MaxFields-1:] {
		sum += Hash(f.Path) ^ Hash(f.Value)
	}
	return append(fields[:MaxFields-1], Field{Path: foldedPath, Value: strconv.FormatUint(sum, 16), Shape: sized(shapeHex, 16)})
}

// Hash is 64-bit FNV-1a, finished so that all bits depend on all input. It is
// the same on every machine, which cluster ids rest on.
func Hash(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	h ^= h >> 32
	h *= 0xd6e8feb86659fd93
	return h ^ h>>32
}

// isText tells whether a body is worth taking apart as text.
func isText(body []byte) bool {
	head := body[:min(len(body), 1024)]
	for i := range head {
		if head[i] < 9 {
			return false
		}
	}
	// A rune may be cut at the end of the piece that is looked at.
	return utf8.Valid(head[:max(0, len(head)-utf8.UTFMax)])
}
