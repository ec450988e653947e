// Package redact keeps secrets out of everything that is written: a [Redactor] knows what
// was sent and finds it again however it is spelled, a [Cleaner] masks what answers bring
// themselves, and [MaskURL] and its kin what is secret by its name.
package redact

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"stageprobe/probe"
)

// redacted is what stands in place of a secret.
const redacted = "***"

const (
	// shortSecret: a value below this many bytes is replaced only where it stands
	// alone. "42" as a key must not tear the numbers of a report apart.
	shortSecret = 6
	// headLength is how many bytes of a secret's beginning are taken for it: an
	// answer, or a limit of ours, may cut it anywhere behind them.
	headLength = 8
	// tailLength is the same at the very end of a text, where something was cut.
	tailLength = 4
)

// Redactor replaces secret values by "***" in whatever is written: as they are,
// as URLs, JSON strings, HTML, base64 and hex spell them, and where they were cut
// off. It learns: what is added holds for everything that is written later.
// The nil Redactor and the zero value replace nothing. It may be used by several
// goroutines.
type Redactor struct {
	mu     sync.Mutex
	values map[string]bool // value → whether parts of it are looked for, too
	now    atomic.Pointer[matcher]
}

// matcher is what a redactor knows at a time. It never changes.
type matcher struct {
	forms []string // of shortSecret bytes and more
	alone []string // shorter ones
	heads []string // what may be cut off
}

// New takes the secret values; empty ones are ignored.
func New(secrets ...string) *Redactor {
	r := &Redactor{}
	r.Add(secrets...)
	return r
}

// Add makes further values secret, each as a whole.
func (r *Redactor) Add(secrets ...string) { r.add(false, secrets...) }

// AddParts makes values secret of which a part gives away enough: a token, a key.
func (r *Redactor) AddParts(secrets ...string) { r.add(true, secrets...) }

func (r *Redactor) add(parts bool, secrets ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	news := false
	for _, s := range secrets {
		for _, s := range []string{s, strings.TrimSpace(s)} {
			if had, known := r.values[s]; s == "" || known && (had || !parts) {
				continue
			}
			if r.values == nil {
				r.values = map[string]bool{}
			}
			r.values[s], news = parts, true
		}
	}
	if news {
		r.now.Store(newMatcher(r.values))
	}
}

func newMatcher(values map[string]bool) *matcher {
	forms, heads := map[string]bool{}, map[string]bool{}
	for s, parts := range values {
		for _, form := range spellings(s) {
			forms[form] = true
			heads[form] = heads[form] || parts && len(form) >= headLength+tailLength
		}
	}
	m := &matcher{}
	for _, f := range slices.Sorted(maps.Keys(forms)) {
		if len(f) < shortSecret {
			m.alone = append(m.alone, f)
			continue
		}
		m.forms = append(m.forms, f)
		if heads[f] {
			m.heads = append(m.heads, f)
		}
	}
	return m
}

func (r *Redactor) matcher() *matcher {
	if r == nil {
		return nil
	}
	return r.now.Load()
}

// Empty tells that there is nothing to remove.
func (r *Redactor) Empty() bool { return r.matcher() == nil }

// String replaces every secret in s.
func (r *Redactor) String(s string) string { return r.matcher().clean(s) }

// Bytes replaces every secret in b; b itself is not changed.
func (r *Redactor) Bytes(b []byte) []byte {
	m := r.matcher()
	if m == nil || !bytes.ContainsAny(b, escapes) && !holds(m, b, bytes.Contains, bytes.HasSuffix) {
		return b
	}
	return []byte(m.clean(string(b)))
}

// holds tells whether a text may need cleaning.
func holds[T ~[]byte | ~string](m *matcher, text T, contains, endsIn func(T, T) bool) bool {
	if m == nil || len(text) == 0 {
		return false
	}
	for _, set := range [][]string{m.forms, m.alone} {
		for _, f := range set {
			if contains(text, T(f)) {
				return true
			}
		}
	}
	for _, f := range m.heads {
		if contains(text, T(f[:headLength])) || endsIn(text, T(f[:tailLength])) {
			return true
		}
		for n := tailLength + 1; n < headLength; n++ {
			if endsIn(text, T(f[:n])) {
				return true
			}
		}
	}
	return false
}

// clean replaces what a text holds, as it is or escaped.
func (m *matcher) clean(s string) string {
	if m == nil {
		return s
	}
	var secret []span
	if holds(m, s, strings.Contains, strings.HasSuffix) {
		secret = m.find(s)
	}
	if strings.ContainsAny(s, escapes) {
		text, at := unescape(s)
		for n := 1; len(text) < len(s); n++ {
			if holds(m, text, strings.Contains, strings.HasSuffix) {
				for _, f := range m.find(text) {
					secret = append(secret, span{at[f.from].from, at[f.to-1].to})
				}
			}
			again, within := unescape(text)
			if n == levels || len(again) == len(text) {
				break
			}
			for i, w := range within {
				within[i] = span{at[w.from].from, at[w.to-1].to}
			}
			text, at = again, within
		}
	}
	return without(s, secret)
}

// without replaces parts of a text; those that overlap are one.
func without(s string, parts []span) string {
	if len(parts) == 0 {
		return s
	}
	slices.SortFunc(parts, func(a, b span) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(b.to, a.to)) })
	var out strings.Builder
	end := int32(0)
	for _, p := range parts {
		if p.from >= end {
			out.WriteString(s[end:p.from] + redacted)
		}
		end = max(end, p.to)
	}
	out.WriteString(s[end:])
	return out.String()
}

// find finds the parts of a text that are secret: whole values, what is left of those
// that were cut off, and short ones where no letter or digit stands beside them.
func (m *matcher) find(text string) (found []span) {
	each := func(form string, end func(at int) int) {
		for from := 0; ; {
			at := strings.Index(text[from:], form)
			if at < 0 {
				return
			}
			at += from
			to := end(at)
			if from = max(to, at+1); to > at {
				found = append(found, span{int32(at), int32(to)})
			}
		}
	}
	for _, f := range m.forms {
		each(f, func(at int) int { return at + len(f) })
	}
	for _, f := range m.heads {
		each(f[:headLength], func(at int) int {
			n := headLength
			for at+n < len(text) && n < len(f) && text[at+n] == f[n] {
				n++
			}
			return at + n
		})
		for n := headLength - 1; n >= tailLength; n-- {
			if strings.HasSuffix(text, f[:n]) {
				found = append(found, span{int32(len(text) - n), int32(len(text))})
				break
			}
		}
	}
	word := func(i int) bool {
		return i >= 0 && i < len(text) && (text[i] >= 0x80 || text[i] == '_' ||
			'0' <= text[i] && text[i] <= '9' || 'a' <= text[i]|0x20 && text[i]|0x20 <= 'z')
	}
	for _, f := range m.alone {
		each(f, func(at int) int {
			if word(at-1) || word(at+len(f)) {
				return at
			}
			return at + len(f)
		})
	}
	return found
}

// Observation returns the row without secrets; o itself is not changed.
func (r *Redactor) Observation(o probe.Observation) probe.Observation {
	if r.matcher() == nil {
		return o
	}
	o.Header = r.headers(o.Header)
	o.Body = r.Bytes(o.Body)
	o.Err = r.String(o.Err)
	return o
}

func (r *Redactor) headers(hs []probe.Header) []probe.Header {
	if r.matcher() == nil || len(hs) == 0 {
		return hs
	}
	clean := make([]probe.Header, len(hs))
	for i, h := range hs {
		clean[i] = probe.Header{Name: h.Name, Value: r.String(h.Value)}
	}
	return clean
}

// Plan removes secrets from what JSON would encode beyond recognition, and from
// queries what is secret by its name; other strings are left to [Redactor.JSON].
func (r *Redactor) Plan(p probe.Plan) probe.Plan {
	p.Scenarios = slices.Clone(p.Scenarios)
	for i := range p.Scenarios {
		s := &p.Scenarios[i]
		s.Body, s.Path, s.Query = r.Bytes(s.Body), MaskPath(s.Path), MaskQuery(s.Query)
	}
	return p
}

// JSON marshals v without the secrets in any of its strings.
func (r *Redactor) JSON(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil || r.matcher() == nil {
		return b, err
	}
	// Over the values, not over the text: a secret made of digits must not
	// tear a number apart.
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var tree any
	if err := d.Decode(&tree); err != nil {
		return nil, err
	}
	return json.Marshal(r.walk(tree))
}

func (r *Redactor) walk(v any) any {
	switch v := v.(type) {
	case string:
		return r.String(v)
	case []any:
		for i := range v {
			v[i] = r.walk(v[i])
		}
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			value := r.walk(v[k])
			delete(v, k)
			v[r.String(k)] = value
		}
	}
	return v
}

// Texts returns a copy of v with every string in it replaced by what to makes of
// it. It walks the types, so that no field can be forgotten, and none that is
// added later. Unexported fields are left out.
func Texts[T any](v T, to func(string) string) T {
	return texts(reflect.ValueOf(&v).Elem(), to).Interface().(T)
}

var timeType = reflect.TypeFor[time.Time]()

func texts(v reflect.Value, to func(string) string) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	switch v.Kind() {
	case reflect.String:
		out.SetString(to(v.String()))
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return v
		}
		inner := texts(v.Elem(), to)
		if v.Kind() == reflect.Pointer {
			out.Set(reflect.New(v.Type().Elem()))
			out.Elem().Set(inner)
		} else {
			out.Set(inner)
		}
	case reflect.Slice:
		if v.IsNil() {
			return v
		}
		out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		for i := range v.Len() {
			out.Index(i).Set(texts(v.Index(i), to))
		}
	case reflect.Map:
		if v.IsNil() {
			return v
		}
		out.Set(reflect.MakeMapWithSize(v.Type(), v.Len()))
		for key, value := range v.Seq2() {
			out.SetMapIndex(texts(key, to), texts(value, to))
		}
	case reflect.Struct:
		if v.Type() == timeType {
			return v
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				out.Field(i).Set(texts(v.Field(i), to))
			}
		}
	default:
		return v
	}
	return out
}
