package report

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/invopop/jsonschema"
	validate "github.com/santhosh-tekuri/jsonschema/v6"

	"stageprobe/analyze"
	"stageprobe/analyze/cause"
	"stageprobe/probe"
)

// enums are the fields whose values are a closed list, as type and JSON name.
var enums = map[string][]any{
	"Report.schema":     {analyze.ReportSchema},
	"Report.outcome":    {analyze.Consistent, analyze.Inconsistent, analyze.Inconclusive},
	"Report.exit_code":  {0, 1, 3, 130},
	"Run.stopped":       {"decided", "budget", "duration", "interrupted"},
	"Target.kind":       {probe.InvokeURL, probe.CustomDomain},
	"Target.api_kind":   {probe.REST, probe.HTTP, ""},
	"Cluster.producer":  {"gateway", "integration", "authorizer", "edge", "network", ""},
	"Finding.cause":     list2any(cause.IDs()),
	"Finding.severity":  {cause.Error, cause.Warning, cause.Info},
	"Finding.linked":    {cause.Proven, cause.Statistical, cause.ConsistentWith},
	"Finding.baseline":  {"mended", "still there", "new", "not checked this time"},
	"Alternative.cause": list2any(cause.IDs()),
	"Step.status":       {"ok", "problem", "unknown"},
	"ConfigAPI.kind":    {probe.REST, probe.HTTP},
	"Change.kind":       {analyze.ChangedVerdict, analyze.ChangedBehaviour, analyze.ChangedConfiguration, analyze.ChangedCredentials, analyze.ChangedNetwork},
	"Change.severity":   {"error", "warning", "info", "ok"},
	"State.outcome":     {analyze.Consistent, analyze.Inconsistent, analyze.Inconclusive, ""},
}

func list2any[T any](list []T) []any {
	out := make([]any, len(list))
	for i, v := range list {
		out[i] = v
	}
	return out
}

// generate makes the schema from the types and their comments.
func generate(t *testing.T) []byte {
	t.Helper()
	t.Chdir("../..") // comments are looked up by path from the module's root
	types := map[string]reflect.Type{}
	r := &jsonschema.Reflector{Anonymous: true, AllowAdditionalProperties: true, Namer: func(rt reflect.Type) string {
		name := rt.Name()
		if known := types[name]; name != "" && known != nil && known != rt { // two packages have a type of that name
			name = filepath.Base(rt.PkgPath()) + "." + name
		}
		types[name] = rt
		return name
	}}
	for _, dir := range []string{"./analyze", "./probe"} {
		if err := r.AddGoComments("stageprobe", dir); err != nil {
			t.Fatal(err)
		}
	}
	s := r.Reflect(&analyze.Report{})
	s.Title = analyze.ReportSchema
	for name, def := range s.Definitions {
		if rt := types[name]; rt != nil && rt.Kind() == reflect.Struct {
			refine(def, rt)
		}
	}
	out, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(out, '\n')
}

// refine adds what the types cannot say: closed lists, and that a pointer that
// is always written may be null.
func refine(def *jsonschema.Schema, rt reflect.Type) {
	for i := range rt.NumField() {
		f := rt.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		prop, ok := def.Properties.Get(name)
		if !ok {
			continue
		}
		if values := enums[rt.Name()+"."+name]; values != nil {
			prop.Enum = values
		}
		if f.Type.Kind() == reflect.Pointer && options == "" {
			def.Properties.Set(name, &jsonschema.Schema{
				Description: prop.Description, OneOf: []*jsonschema.Schema{bare(prop), {Type: "null"}},
			})
		}
	}
}

func bare(s *jsonschema.Schema) *jsonschema.Schema {
	c := *s
	c.Description = ""
	return &c
}

func TestSchemaIsCurrent(t *testing.T) {
	got := generate(t)
	const path = "analyze/report/schema.json"
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(schema), string(got)); diff != "" {
		t.Errorf("the types have changed; go test ./analyze/report -run Schema -update writes the schema anew:\n%s", diff)
	}
}

func compile(t *testing.T) *validate.Schema {
	t.Helper()
	text, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := validate.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := validate.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("report.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("report.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSchemaAcceptsReports(t *testing.T) {
	s := compile(t)
	for _, e := range examples {
		doc, err := validate.UnmarshalJSON(bytes.NewReader(write(t, JSON, e.make())))
		if err != nil {
			t.Fatal(err)
		}
		if e.name == "empty" { // no run has stopped that way, and the schema says so
			doc.(map[string]any)["run"].(map[string]any)["stopped"] = "interrupted"
		}
		if e.name == "hostile" {
			continue // values that no run writes
		}
		if err := s.Validate(doc); err != nil {
			t.Errorf("%s: %v", e.name, err)
		}
	}
}

func TestSchemaRefusesWhatIsNoReport(t *testing.T) {
	s := compile(t)
	for name, spoil := range map[string]func(map[string]any){
		"another schema":     func(m map[string]any) { m["schema"] = "stageprobe.report/v2" },
		"an unknown outcome": func(m map[string]any) { m["outcome"] = "fine" },
		"no exit code":       func(m map[string]any) { delete(m, "exit_code") },
		"targets null":       func(m map[string]any) { m["targets"] = nil },
		"an unknown cause":   func(m map[string]any) { m["findings"].([]any)[0].(map[string]any)["cause"] = "gremlins" },
		"a wrong time":       func(m map[string]any) { m["run"].(map[string]any)["started"] = "yesterday" },
		"a wrong step":       func(m map[string]any) { m["steps"].([]any)[0].(map[string]any)["status"] = "maybe" },
	} {
		doc, err := validate.UnmarshalJSON(bytes.NewReader(write(t, JSON, demoReport())))
		if err != nil {
			t.Fatal(err)
		}
		spoil(doc.(map[string]any))
		if s.Validate(doc) == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}
