package scenarios

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"stageprobe/scenarios/internal/guard"
)

// InitOptions say what a scenario file is made from.
type InitOptions struct {
	Name string // of the source, such as its path; stands in a comment and in errors
	// Open reads a file that the source names, by its path from where the source lies;
	// nil where it has no place.
	Open func(name string) ([]byte, error)
}

// source is one kind of file that a scenario file can be made from.
type source struct {
	kind string
	what string
	is   func(doc any) bool
	read func(doc any, data []byte, d *draft) error
}

var sources = []source{
	{"openapi", "an OpenAPI document", isOpenAPI, fromOpenAPI},
	{"har", "a HAR recording", isHAR, fromHAR},
	{"cloudformation", "CloudFormation outputs", isStacks, fromStacks},
	{"sam-endpoints", "sam list endpoints", isSAMEndpoints, fromSAMEndpoints},
	{"sam-outputs", "sam list stack-outputs", isOutputList, fromOutputList},
	{"template", "a CloudFormation, SAM or CDK template", isTemplate, fromTemplate},
	{"serverless", "a serverless.yml", isServerless, fromServerless},
	{"terraform", "terraform output -json", isTerraform, fromTerraform},
	{"cdk", "cdk-outputs.json", isCDK, fromCDK},
}

// serverlessInfo is the one kind that is text of its own.
const serverlessInfo = "serverless-info"

// Kinds are what [From] can read.
func Kinds() []string {
	out := make([]string, len(sources), len(sources)+1)
	for i, s := range sources {
		out[i] = s.kind
	}
	return append(out, serverlessInfo)
}

// From writes a scenario file from what a project already has: one of [Kinds],
// or "" to tell it by its content. Secrets in it are not copied: env:NAME
// stands in their place.
func From(kind string, data []byte, o InitOptions) ([]byte, error) {
	name := oneLine(o.Name)
	if name == "" || name == "-" {
		name = "the input"
	}
	if kind == serverlessInfo || kind == "" && isServerlessInfo(data) {
		d := &draft{from: "serverless info, " + name}
		if err := fromServerlessInfo(data, d); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return d.checked(name)
	}
	if (kind == "" || kind == "har") && beginsAsHAR(data) {
		i := slices.IndexFunc(sources, func(s source) bool { return s.kind == "har" })
		return sources[i].written(nil, data, name, o) // it may be too large to be taken apart as a whole
	}
	doc, err := decodeAny(data)
	if err != nil {
		return nil, fmt.Errorf("%s: neither JSON nor YAML: %w", name, err)
	}
	i := slices.IndexFunc(sources, func(s source) bool { return s.kind == kind || kind == "" && s.is(doc) })
	switch {
	case i < 0 && kind != "":
		return nil, fmt.Errorf("there is no kind %q; there are %s", kind, strings.Join(Kinds(), ", "))
	case i < 0:
		return nil, fmt.Errorf("%s: it cannot be told what this is; say so with --kind: %s", name, strings.Join(Kinds(), ", "))
	case kind != "" && !sources[i].is(doc):
		return nil, fmt.Errorf("%s: this is not %s", name, sources[i].what)
	}
	return sources[i].written(doc, data, name, o)
}

// FromReader is [From] for an input that may be large: a HAR recording is read entry by
// entry, in memory that does not grow with it.
func FromReader(kind string, in io.Reader, o InitOptions) ([]byte, error) {
	start := bufio.NewReader(in)
	head, _ := start.Peek(256) // what there is
	if kind != "" && kind != "har" || !beginsAsHAR(head) {
		data, err := io.ReadAll(start)
		if err != nil {
			return nil, err
		}
		return From(kind, data, o)
	}
	name := cmp.Or(strings.TrimPrefix(oneLine(o.Name), "-"), "the input")
	d := &draft{from: "a HAR recording, " + name, open: o.Open}
	if err := readHAR(start, d); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return d.checked(name)
}

// written is the scenario file made from a source.
func (s *source) written(doc any, data []byte, name string, o InitOptions) ([]byte, error) {
	d := &draft{from: s.what + ", " + name, open: o.Open}
	if err := s.read(doc, data, d); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return d.checked(name)
}

// checked is the draft's text, which the file's own parser takes.
func (d *draft) checked(name string) ([]byte, error) {
	text := d.write()
	if _, err := Parse("the scenario file made from "+name, text); err != nil {
		return nil, err
	}
	return text, nil
}

// errNoRoutes is for a template without an API's routes.
var errNoRoutes = errors.New("no route of an API was found in it: no event of a function, no method and no route")

// errNothing is for a source that names no API.
var errNothing = errors.New("no API Gateway address was found in it; an invoke URL, the ARN of an API, or an output named like api_id tells one")

func decodeAny(data []byte) (doc any, err error) {
	if json.Unmarshal(data, &doc) == nil {
		return doc, nil
	}
	doc = nil
	if err := guard.Document(data); err != nil {
		return nil, err
	}
	err = guard.Call(func() error { return yaml.Unmarshal(data, &doc) })
	if err != nil {
		first, _, _ := strings.Cut(err.Error(), "\n")
		return nil, errors.New(first)
	}
	return doc, nil
}

// dig follows keys into objects; nil where there is nothing.
func dig(doc any, keys ...string) any {
	for _, k := range keys {
		m, ok := doc.(map[string]any)
		if !ok {
			return nil
		}
		doc = m[k]
	}
	return doc
}

func textAt(doc any, keys ...string) string {
	s, _ := dig(doc, keys...).(string)
	return s
}

func listAt(doc any, keys ...string) []any {
	l, _ := dig(doc, keys...).([]any)
	return l
}
