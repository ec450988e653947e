package probe

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// redacted is what stands in place of a secret.
const redacted = "***"

// Redactor replaces secret values by "***" in whatever is written: as they
// are, and as URLs, JSON strings and basic credentials spell them. The nil
// Redactor replaces nothing. It may be used by several goroutines.
type Redactor struct {
	forms    [][]byte
	replacer *strings.Replacer
}

// NewRedactor takes the secret values; empty ones are ignored.
func NewRedactor(secrets ...string) *Redactor {
	forms := map[string]bool{}
	for _, s := range secrets {
		if s == "" {
			continue
		}
		for _, quoted := range quotations(s) {
			forms[quoted] = true
		}
		for _, form := range []string{
			s, url.QueryEscape(s), url.PathEscape(s),
			base64.StdEncoding.EncodeToString([]byte(s)), base64.URLEncoding.EncodeToString([]byte(s)),
		} {
			forms[form] = true
		}
	}
	if len(forms) == 0 {
		return nil
	}
	// The longest first: one secret may begin with another.
	ordered := slices.SortedFunc(maps.Keys(forms), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(a, b))
	})
	r := &Redactor{}
	var pairs []string
	for _, f := range ordered {
		r.forms = append(r.forms, []byte(f))
		pairs = append(pairs, f, redacted)
	}
	r.replacer = strings.NewReplacer(pairs...)
	return r
}

// quotations spells a string as JSON does within its quotes: with <, > and &
// escaped, as Go does, and as they are, as others do.
func quotations(s string) []string {
	var out []string
	for _, escape := range []bool{true, false} {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(escape)
		_ = e.Encode(s) // a string into memory
		out = append(out, strings.TrimSuffix(b.String(), "\"\n")[1:])
	}
	return out
}

// String replaces every secret in s.
func (r *Redactor) String(s string) string {
	if r == nil {
		return s
	}
	return r.replacer.Replace(s)
}

// Bytes replaces every secret in b; b itself is not changed.
func (r *Redactor) Bytes(b []byte) []byte {
	if r == nil || !slices.ContainsFunc(r.forms, func(f []byte) bool { return bytes.Contains(b, f) }) {
		return b
	}
	return []byte(r.replacer.Replace(string(b)))
}

// Observation returns the row without secrets; o itself is not changed.
func (r *Redactor) Observation(o Observation) Observation {
	if r == nil {
		return o
	}
	o.Header = r.headers(o.Header)
	o.Body = r.Bytes(o.Body)
	o.Err = r.String(o.Err)
	return o
}

func (r *Redactor) headers(hs []Header) []Header {
	if r == nil || len(hs) == 0 {
		return hs
	}
	clean := make([]Header, len(hs))
	for i, h := range hs {
		clean[i] = Header{h.Name, r.String(h.Value)}
	}
	return clean
}

// plan removes secrets from what JSON would encode beyond recognition; strings
// are left to [Redactor.JSON].
func (r *Redactor) plan(p Plan) Plan {
	p.Scenarios = slices.Clone(p.Scenarios)
	for i := range p.Scenarios {
		p.Scenarios[i].Body = r.Bytes(p.Scenarios[i].Body)
	}
	return p
}

// JSON marshals v without the secrets in any of its strings.
func (r *Redactor) JSON(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil || r == nil {
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
