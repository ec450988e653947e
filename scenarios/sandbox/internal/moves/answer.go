package moves

import (
	"encoding/json"
	"io"
	"slices"
	"strings"
)

// Header is one header of an answer.
type Header struct{ Name, Value string }

// Answer is a finished answer.
type Answer struct {
	Status  int
	Headers []Header
	Body    string
}

// Set replaces a header, or adds it.
func (a *Answer) Set(name, value string) { a.Headers = setHeader(a.Headers, name, value) }

func setHeader(all []Header, name, value string) []Header {
	for i := range all {
		if strings.EqualFold(all[i].Name, name) {
			all[i].Value = value
			return all
		}
	}
	return append(all, Header{name, value})
}

// object is a JSON object whose members keep their order.
type object struct{ fields []field }

// field is one member; a value is a string, bool, nil, json.Number, []any or
// *object.
type field struct {
	name  string
	value any
}

// answer is an answer as data, before a format puts it into bytes.
type answer struct {
	status  int
	headers []Header
	lead    string // a body that is no JSON object; what moves is put into it
	doc     *object
	format  string
	compact bool // JSON without a space; false indents
	final   func(*Answer)
}

func newAnswer(format string, status int, headers []Header, body string) *answer {
	a := &answer{status: status, headers: slices.Clone(headers), format: format, compact: true}
	if a.doc = parseObject(body); a.doc == nil {
		a.doc, a.lead = &object{}, body
		if format == "" && body != "" {
			a.format = "text"
			if strings.HasPrefix(strings.TrimSpace(body), "<") {
				a.format = "html"
			}
		}
	}
	return a
}

// set puts a value at a path such as "stats/took"; objects on the way are
// made.
func (a *answer) set(path string, value any) { a.doc.set(path, value) }

func (o *object) set(path string, value any) {
	name, rest, deeper := strings.Cut(path, "/")
	if deeper {
		inner, ok := o.get(name).(*object)
		if !ok {
			inner = &object{}
			o.put(name, inner)
		}
		inner.set(rest, value)
		return
	}
	o.put(name, value)
}

func (o *object) put(name string, value any) {
	for i := range o.fields {
		if o.fields[i].name == name {
			o.fields[i].value = value
			return
		}
	}
	o.fields = append(o.fields, field{name, value})
}

func (o *object) get(name string) any {
	for _, f := range o.fields {
		if f.name == name {
			return f.value
		}
	}
	return nil
}

// parseObject reads a JSON object, its order kept; nil where it is none.
func parseObject(text string) *object {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	v, err := readValue(d)
	o, ok := v.(*object)
	if _, end := d.Token(); err != nil || !ok || end != io.EOF {
		return nil
	}
	return o
}

func readValue(d *json.Decoder) (any, error) {
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t {
	case json.Delim('{'):
		return readObject(d)
	case json.Delim('['):
		list := []any{}
		for d.More() {
			v, err := readValue(d)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err = d.Token()
		return list, err
	}
	return t, nil
}

func readObject(d *json.Decoder) (any, error) {
	o := &object{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, err
		}
		v, err := readValue(d)
		if err != nil {
			return nil, err
		}
		o.fields = append(o.fields, field{name.(string), v})
	}
	_, err := d.Token()
	return o, err
}

// MarshalJSON writes the members in their order.
func (o *object) MarshalJSON() ([]byte, error) {
	var b strings.Builder
	b.WriteByte('{')
	for i, f := range o.fields {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(jsonText(f.name) + ":" + jsonText(f.value))
	}
	b.WriteByte('}')
	return []byte(b.String()), nil
}

// jsonText is a value as compact JSON, with < and > as they are.
func jsonText(v any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(v) != nil {
		return "null"
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func obj(pairs ...any) *object {
	o := &object{}
	for i := 0; i+1 < len(pairs); i += 2 {
		o.fields = append(o.fields, field{pairs[i].(string), pairs[i+1]})
	}
	return o
}
