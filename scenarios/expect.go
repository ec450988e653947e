package scenarios

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Expect is what is expected of a request's answers. What is left out is not
// looked at.
type Expect struct {
	// Status is a code, a class such as 2xx, or a list of them.
	Status Statuses `yaml:"status,omitempty"`
	// GatewayResponse is the gateway response type; null means that the
	// gateway itself does not answer.
	GatewayResponse Response `yaml:"gateway_response,omitempty"`
	// Headers by name: the value, {matches: REGEX}, or null for none.
	Headers map[string]Match `yaml:"headers,omitempty"`
	// Body lists what the body must hold.
	Body []BodyCheck `yaml:"body,omitempty"`
	// ServedBy is the stage that must answer.
	ServedBy string `yaml:"served_by,omitempty"`
	// SameAs is the stage whose behaviour must be the same.
	SameAs string `yaml:"same_as,omitempty"`
	// Canary is how much a canary may answer: none, or {at-most: PERCENT}.
	Canary CanaryLimit `yaml:"canary,omitempty"`
	// ConvergesWithin is how long after the first request answers may still
	// fall short, such as 60s.
	ConvergesWithin Duration `yaml:"converges_within,omitempty"`
	// LatencyP99MS is the most that the 99th percentile of the time to the
	// last byte may be, in milliseconds.
	LatencyP99MS float64 `yaml:"latency_p99_ms,omitempty"`
}

// BodyCheck is one thing that a body must hold.
type BodyCheck struct {
	// Pointer (RFC 6901) to the value that is looked at; the whole body where
	// left out.
	Pointer *string `yaml:"pointer,omitempty"`
	// Type of the value: array, boolean, integer, null, number, object or string.
	Type string `yaml:"type,omitempty"`
	// Equals is the value itself.
	Equals Value `yaml:"equals,omitempty"`
	// Matches is a regular expression (RE2) for the text.
	Matches *Regexp `yaml:"matches,omitempty"`
	// Schema is a JSON Schema that the value must fit.
	Schema *BodySchema `yaml:"schema,omitempty"`
}

// BodySchema is a JSON Schema that stands in the file.
type BodySchema struct{ *jsonschema.Schema }

var jsonTypes = []string{"array", "boolean", "integer", "null", "number", "object", "string"}

const bodyHint = "write {pointer: /items, type: array}, {pointer: /version, equals: 2}, {pointer: /name, matches: REGEX}, {matches: REGEX} or {schema: {…}}"

func (b *BodyCheck) read(d *document, n ast.Node) error {
	type plain BodyCheck // the same fields, without this method
	var fields plain
	m, ok := n.(*ast.MappingNode)
	if !ok {
		return d.wrong(n, fmt.Sprintf("an expectation of the body must be a mapping, not %s", kindOf(n)), bodyHint)
	}
	if err := d.structure(m, reflect.ValueOf(&fields).Elem(), "an expectation of the body"); err != nil {
		return err
	}
	*b = BodyCheck(fields)
	switch {
	case b.Pointer != nil && *b.Pointer != "" && !strings.HasPrefix(*b.Pointer, "/"):
		return d.wrong(child(m, "pointer"), fmt.Sprintf("%q is not a JSON pointer", *b.Pointer), "it begins with a slash, such as /items/0/id; the empty text is the whole body")
	case b.Type != "" && !contains(jsonTypes, b.Type):
		return d.unknown(child(m, "type"), b.Type, jsonTypes)
	case b.Type == "" && !b.Equals.Set && b.Matches == nil && b.Schema == nil:
		return d.wrong(n, "this says nothing of the body", bodyHint)
	}
	return nil
}

func (s *BodySchema) read(d *document, n ast.Node) error {
	var v Value
	if err := v.read(d, n); err != nil {
		return err
	}
	const self = "stageprobe:/schema"
	c := jsonschema.NewCompiler()
	c.UseLoader(jsonschema.SchemeURLLoader{}) // neither files nor the network are read for a $ref
	err := c.AddResource(self, v.V)
	if err == nil {
		s.Schema, err = c.Compile(self)
	}
	if err != nil {
		return d.wrong(n, "not a JSON Schema: "+strings.ReplaceAll(err.Error(), "\n", " "), "the draft is 2020-12 unless $schema says otherwise; a $ref may only point into the schema itself")
	}
	return nil
}
