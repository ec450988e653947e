package scenarios

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/invopop/jsonschema"
	validate "github.com/santhosh-tekuri/jsonschema/v6"
)

var update = flag.Bool("update", false, "write the golden files anew")

func text(pattern, description string) *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Pattern: pattern, Description: description}
}

func either(list ...*jsonschema.Schema) *jsonschema.Schema { return &jsonschema.Schema{OneOf: list} }

func object(required []string, pairs ...any) *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "object", Required: required, AdditionalProperties: jsonschema.FalseSchema, Properties: jsonschema.NewProperties()}
	for i := 0; i < len(pairs); i += 2 {
		s.Properties.Set(pairs[i].(string), pairs[i+1].(*jsonschema.Schema))
	}
	return s
}

func words(list ...string) *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "string"}
	for _, w := range list {
		s.Enum = append(s.Enum, w)
	}
	return s
}

// unions are the types with more than one spelling.
func unions() map[reflect.Type]*jsonschema.Schema {
	scalar := func() *jsonschema.Schema {
		return either(&jsonschema.Schema{Type: "string"}, &jsonschema.Schema{Type: "number"}, &jsonschema.Schema{Type: "boolean"})
	}
	list := func(of *jsonschema.Schema) *jsonschema.Schema { return &jsonschema.Schema{Type: "array", Items: of} }
	secret := func() *jsonschema.Schema { return text("^(env|file):.+$", "env:NAME or file:PATH") }
	status := func() *jsonschema.Schema {
		return either(&jsonschema.Schema{Type: "integer", Minimum: "100", Maximum: "599"}, text("^[1-5][xX][xX]$", "a class such as 2xx"))
	}
	regex := func() *jsonschema.Schema {
		return &jsonschema.Schema{Type: "string", Format: "regex", Description: "a regular expression (RE2)"}
	}
	null := &jsonschema.Schema{Type: "null"}
	percent := &jsonschema.Schema{Type: "number", Minimum: "0", Maximum: "100"}
	return map[reflect.Type]*jsonschema.Schema{
		reflect.TypeFor[Auth](): either(words(authKinds...), null,
			object([]string{"api_key"}, "api_key", secret()), object([]string{"bearer"}, "bearer", secret()),
			object([]string{"mtls"}, "mtls", object([]string{"cert", "key"}, "cert", text("", "PEM file"), "key", text("", "PEM file")))),
		reflect.TypeFor[Texts]():    either(scalar(), list(scalar())),
		reflect.TypeFor[Body]():     {},
		reflect.TypeFor[Value]():    {},
		reflect.TypeFor[Duration](): text(`^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$`, "a time with its unit, such as 60s"),
		reflect.TypeFor[Statuses](): either(status(), list(status())),
		reflect.TypeFor[Response](): either(null, text(responseType.String(), "a gateway response type")),
		reflect.TypeFor[Match](): either(null, scalar(),
			object([]string{"equals"}, "equals", scalar()), object([]string{"matches"}, "matches", regex())),
		reflect.TypeFor[Regexp]():      regex(),
		reflect.TypeFor[CanaryLimit](): either(null, words("none"), text(`^at-most: *[0-9.]+ *%?$`, ""), object([]string{"at-most"}, "at-most", either(percent, text(`^[0-9.]+ *%$`, "")))),
		reflect.TypeFor[BodySchema]():  {Ref: "https://json-schema.org/draft/2020-12/schema"},
	}
}

// generate makes the schema from the types and their comments.
func generate(t *testing.T) []byte {
	t.Helper()
	t.Chdir("..") // comments are looked up by path from the module's root
	known := unions()
	r := &jsonschema.Reflector{
		Anonymous: true, FieldNameTag: "yaml",
		Mapper: func(rt reflect.Type) *jsonschema.Schema { return known[rt] },
	}
	if err := r.AddGoComments("stageprobe", "./scenarios"); err != nil {
		t.Fatal(err)
	}
	s := r.Reflect(&File{})
	s.Title = "stageprobe scenario file, version 1"
	s.Definitions["File"].Properties.Value("version").Const = Version
	s.Definitions["BodyCheck"].Properties.Value("type").Enum = words(jsonTypes...).Enum
	out, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(out, '\n')
}

func TestSchemaIsCurrent(t *testing.T) {
	got := generate(t)
	const path = "scenarios/schema.json"
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("the types have changed; go test ./scenarios -run SchemaIsCurrent -update\n%s", diff)
	}
}

// Every field of the format says in the schema what it is for.
func TestSchemaDescribesEverything(t *testing.T) {
	var s struct {
		Defs map[string]struct {
			Properties map[string]struct{ Description string }
		} `json:"$defs"`
	}
	text, err := Schema()
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	if err != nil || len(s.Defs) < 8 {
		t.Fatal(err, len(s.Defs))
	}
	for name, def := range s.Defs {
		for key, p := range def.Properties {
			if p.Description == "" {
				t.Errorf("%s.%s has no description", name, key)
			}
		}
	}
}

func compiledSchema(t *testing.T) *validate.Schema {
	t.Helper()
	text, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := decodeJSON(text)
	if err != nil {
		t.Fatal(err)
	}
	c := validate.NewCompiler()
	if err := c.AddResource("scenarios.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("scenarios.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validateYAML(s *validate.Schema, text []byte) error {
	var v any
	if err := yaml.Unmarshal(text, &v); err != nil {
		return err
	}
	encoded, err := json.Marshal(v)
	if err != nil {
		return err
	}
	doc, err := decodeJSON(encoded)
	if err != nil {
		return err
	}
	return s.Validate(doc)
}

// What the reader takes the schema takes too.
func TestSchemaAccepts(t *testing.T) {
	s := compiledSchema(t)
	files, err := filepath.Glob("*.yaml")
	if err != nil || len(files) != len(Builtins()) {
		t.Fatal(files, err)
	}
	golden, err := filepath.Glob("testdata/init/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(append(files, "testdata/contract.yaml"), golden...) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := validateYAML(s, text); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
	if err := validateYAML(s, []byte(strings.ReplaceAll(variety, "env:STAGEPROBE_TEST_TAG", `"env:STAGEPROBE_TEST_TAG"`))); err != nil {
		t.Error(err)
	}
}

func TestSchemaRefuses(t *testing.T) {
	s := compiledSchema(t)
	for _, text := range []string{
		"version: 2",
		"version: 1\napi: []",
		"version: 1\nscenarios: [{name: a}]",
		"version: 1\nscenarios: [{request: {path: /, methd: GET}}]",
		"version: 1\nscenarios: [{request: {path: /}, expect: {status: 20}}]",
		"version: 1\nscenarios: [{request: {path: /}, expect: {canary: some}}]",
		"version: 1\ndefaults: {auth: {bearer: hunter2}}",
		"version: 1\nscenarios: [{request: {path: /}, expect: {body: [{pointer: /a, type: aray}]}}]",
	} {
		if validateYAML(s, []byte(text)) == nil {
			t.Errorf("accepted: %s", text)
		}
	}
}
