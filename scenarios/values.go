package scenarios

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// Texts is one text or several.
type Texts []string

func (t *Texts) read(d *document, n ast.Node) error {
	if s, ok := n.(*ast.SequenceNode); ok {
		var list []string
		err := d.list(s, reflect.ValueOf(&list).Elem(), "the values")
		*t = list
		return err
	}
	text, ok := textOf(n)
	if !ok {
		return d.wrong(n, fmt.Sprintf("a value must be text or a list of texts, not %s", kindOf(n)), "")
	}
	*t = Texts{text}
	return nil
}

// Body is a request's body.
type Body struct {
	Text string // as it is, or env:NAME or file:PATH
	JSON []byte // encoded; nil where Text is meant
}

func (b *Body) read(d *document, n ast.Node) error {
	switch n := n.(type) {
	case *ast.NullNode:
		return nil
	case *ast.StringNode, *ast.LiteralNode:
		b.Text, _ = textOf(n)
		return nil
	}
	var v Value
	if err := v.read(d, n); err != nil {
		return err
	}
	var err error
	b.JSON, err = json.Marshal(v.V)
	return err
}

// Value is any JSON value, written as YAML or JSON.
type Value struct {
	Set bool
	V   any // as encoding/json decodes it, numbers as json.Number
}

func (v *Value) read(d *document, n ast.Node) error {
	var plain any
	if err := yaml.NodeToValue(n, &plain); err != nil {
		return d.wrong(n, "not a value that JSON knows", "")
	}
	text, err := json.Marshal(plain)
	if err != nil {
		return d.wrong(n, "not a value that JSON knows: "+err.Error(), "")
	}
	v.Set = true
	v.V, err = decodeJSON(text)
	return err
}

// Duration is a time such as 60s or 2m30s.
type Duration time.Duration

func (t *Duration) read(d *document, n ast.Node) error {
	const hint = "write it with its unit, such as 60s, 500ms or 2m"
	text, _ := textOf(n)
	x, err := time.ParseDuration(text)
	if err != nil {
		return d.wrong(n, fmt.Sprintf("%s is not a duration", kindOf(n)), hint)
	}
	if x <= 0 {
		return d.wrong(n, "a duration must be greater than zero", hint)
	}
	*t = Duration(x)
	return nil
}

// Statuses are the status codes that an answer may have.
type Statuses []StatusRange

// StatusRange is one code, or a class such as 2xx.
type StatusRange struct{ From, To int }

func (r StatusRange) String() string {
	if r.From == r.To {
		return strconv.Itoa(r.From)
	}
	return strconv.Itoa(r.From/100) + "xx"
}

func (s *Statuses) read(d *document, n ast.Node) error {
	if _, null := n.(*ast.NullNode); null {
		return nil
	}
	nodes := []ast.Node{n}
	if list, ok := n.(*ast.SequenceNode); ok {
		nodes = list.Values
	}
	for _, n := range nodes {
		text, _ := textOf(n)
		r, ok := statusRange(text)
		if !ok {
			return d.wrong(n, fmt.Sprintf("%s is not a status code", kindOf(n)), "write a number from 100 to 599, a class such as 2xx, or a list of them")
		}
		*s = append(*s, r)
	}
	if len(*s) == 0 {
		return d.wrong(n, "the list of status codes is empty", "name at least one")
	}
	return nil
}

func statusRange(text string) (StatusRange, bool) {
	if len(text) == 3 && strings.EqualFold(text[1:], "xx") && '1' <= text[0] && text[0] <= '5' {
		from := int(text[0]-'0') * 100
		return StatusRange{from, from + 99}, true
	}
	code, err := strconv.Atoi(text)
	return StatusRange{code, code}, err == nil && 100 <= code && code <= 599
}

func (s Statuses) has(code int) bool {
	return slices.ContainsFunc(s, func(r StatusRange) bool { return r.From <= code && code <= r.To })
}

func (s Statuses) String() string {
	words := make([]string, len(s))
	for i, r := range s {
		words[i] = r.String()
	}
	return strings.Join(words, " or ")
}

// Response is a gateway response type; null is none.
type Response struct {
	Set  bool
	Type string // "" for none
}

var responseType = regexp.MustCompile(`^[A-Z][A-Z0-9_]*$`)

func (r *Response) read(d *document, n ast.Node) error {
	r.Set = true
	if _, null := n.(*ast.NullNode); null {
		return nil
	}
	text, ok := textOf(n)
	if !ok || !responseType.MatchString(text) {
		return d.wrong(n, fmt.Sprintf("%s is not a gateway response type", kindOf(n)), "write null for none, or a type such as MISSING_AUTHENTICATION_TOKEN")
	}
	if text == "NONE" { // nobody's gateway response; a person means null
		text = ""
	}
	r.Type = text
	return nil
}

// Match is what a header must be.
type Match struct {
	Absent  bool // null: there must be none
	Equals  string
	Matches *Regexp
}

func (m *Match) read(d *document, n ast.Node) error {
	switch n := n.(type) {
	case *ast.NullNode:
		m.Absent = true
		return nil
	case *ast.MappingNode:
		var fields struct {
			Equals  *string `yaml:"equals"`
			Matches *Regexp `yaml:"matches"`
		}
		if err := d.structure(n, reflect.ValueOf(&fields).Elem(), "a header's expectation"); err != nil {
			return err
		}
		if (fields.Equals == nil) == (fields.Matches == nil) {
			return d.wrong(n, "a header's expectation says either equals or matches", "")
		}
		if fields.Equals != nil {
			m.Equals = *fields.Equals
		}
		m.Matches = fields.Matches
		return nil
	}
	text, ok := textOf(n)
	if !ok {
		return d.wrong(n, fmt.Sprintf("a header's expectation must be text, {matches: …} or null, not %s", kindOf(n)), "")
	}
	m.Equals = text
	return nil
}

// Regexp is a regular expression in Go's syntax (RE2).
type Regexp struct{ *regexp.Regexp }

func (r *Regexp) read(d *document, n ast.Node) error {
	text, ok := textOf(n)
	if !ok {
		return d.wrong(n, fmt.Sprintf("a regular expression must be text, not %s", kindOf(n)), "")
	}
	var err error
	if r.Regexp, err = regexp.Compile(text); err != nil {
		return d.wrong(n, "not a regular expression: "+strings.TrimPrefix(err.Error(), "error parsing regexp: "), "the syntax is RE2, https://github.com/google/re2/wiki/Syntax")
	}
	return nil
}

// CanaryLimit is how much of the traffic a canary may serve.
type CanaryLimit struct {
	Set     bool
	Percent float64 // 0 is none
}

const canaryHint = "write canary: none, or canary: {at-most: 10} for at most 10 %"

func (c *CanaryLimit) read(d *document, n ast.Node) error {
	c.Set = true
	text := ""
	switch n := n.(type) {
	case *ast.NullNode:
		c.Set = false
		return nil
	case *ast.MappingNode:
		if len(n.Values) != 1 || keyOf(n.Values[0]) != "at-most" {
			return d.wrong(n, "a canary's limit has the one key at-most", canaryHint)
		}
		text, _ = textOf(n.Values[0].Value)
	default:
		text, _ = textOf(n)
		if text == "none" {
			return nil
		}
		var ok bool
		if text, ok = strings.CutPrefix(text, "at-most:"); !ok {
			return d.wrong(n, fmt.Sprintf("%s is not a canary's limit", kindOf(n)), canaryHint)
		}
	}
	percent, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(text), "%")), 64)
	if err != nil || !(percent >= 0 && percent <= 100) {
		return d.wrong(n, "a canary's limit is a percentage from 0 to 100", canaryHint)
	}
	c.Percent = percent
	return nil
}
