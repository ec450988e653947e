package scenarios

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stageprobe/probe"
	"stageprobe/probe/inventory"
	"stageprobe/scenarios/sandbox"
)

// fromKinds are the kinds by the beginning of a fixture's name.
var fromKinds = map[string]string{
	"openapi.yaml": "openapi", "swagger2.json": "openapi", "session.har": "har", "cdk.json": "cdk", "terraform.json": "terraform",
	"sam-endpoints.json": "sam-endpoints", "sam-outputs.json": "sam-outputs", "stacks.json": "cloudformation",
	"sam-template.yaml": "template", "cdk-template.json": "template", "serverless.yml": "serverless", "sam-values.yaml": "template", "mappings.yaml": "template", "sam-http.yaml": "template", "serverless-info.txt": "serverless-info", "serverless-http.txt": "serverless-info",
}

// Each source is told by its content, makes a file that reads back, and leaves
// its secrets behind.
func TestFrom(t *testing.T) {
	var kinds []string
	for name, kind := range fromKinds {
		kinds = append(kinds, kind)
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join("testdata/from", name))
			if err != nil {
				t.Fatal(err)
			}
			got, err := From("", data, InitOptions{Name: name})
			if err != nil {
				t.Fatal(err)
			}
			golden(t, "init/"+strings.TrimSuffix(name, filepath.Ext(name))+".yaml", got)
			if strings.Contains(string(got), "SECRET") {
				t.Error("a secret was copied")
			}
			named, err := From(kind, data, InitOptions{Name: name})
			if err != nil || string(named) != string(got) {
				t.Errorf("as %s: %v", kind, err)
			}
			if _, err := Parse(name, uncommented(got)); err != nil {
				t.Error(err)
			}
		})
	}
	for _, kind := range Kinds() {
		if !contains(kinds, kind) {
			t.Errorf("no fixture of kind %s", kind)
		}
	}
}

// TestDefinitionBeside: a definition in a file beside the template is read with what it
// asks of callers; one that cannot be read is said to be left out.
func TestDefinitionBeside(t *testing.T) {
	open := func(name string) ([]byte, error) {
		if name != "api/openapi.yaml" {
			return nil, os.ErrNotExist
		}
		return []byte("openapi: 3.0.1\ninfo: {title: x, version: '1'}\npaths:\n  /things: {get: {responses: {'200': {description: ok}}}}\n" +
			"  /keys: {get: {security: [{k: []}], responses: {'200': {description: ok}}}}\ncomponents: {securitySchemes: {k: {type: apiKey, name: x-api-key, in: header}}}\n"), nil
	}
	const head = "Parameters: {Env: {Type: String, Default: qa}}\nResources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties: {Events: {E: {Type: Api, Properties: {Path: /own, Method: get}}}}\n" +
		"  Api:\n    Type: AWS::Serverless::Api\n    Properties:\n      StageName: !Ref Env\n"
	for definition, want := range map[string][]string{
		"      DefinitionUri: api/openapi.yaml\n": {"path: /things", "# - name: GET /keys", "# apis: [{id: abc123, stages: [qa"},
		"      DefinitionBody: {'Fn::Transform': {Name: AWS::Include, Parameters: {Location: api/openapi.yaml}}}\n": {"path: /things", "{api_key: env:API_KEY}"},
		"      DefinitionUri: gone.yaml\n":                {"The definition in gone.yaml cannot be read"},
		"      DefinitionUri: s3://bucket/openapi.yaml\n": {"The definition in s3://bucket/openapi.yaml was not read"},
		"      DefinitionBody: {openapi: 3.0.1, info: {title: {'Fn::Sub': x}, version: '1'}, paths: {/plain: {get: {}}}}\n":                                                                                                                                       {"path: /plain"},
		"      DefinitionBody: {swagger: '2.0', info: {title: x, version: '1'}, security: [{s: []}], securityDefinitions: {s: {type: apiKey, name: Authorization, in: header, x-amazon-apigateway-authtype: awsSigv4}}, paths: {/iam: {get: {responses: {}}}}}\n": {"#   auth: sigv4"},
	} {
		got, err := From("", []byte(head+definition), InitOptions{Name: "template.yaml", Open: open})
		if err != nil {
			t.Errorf("%s: %v", definition, err)
			continue
		}
		for _, w := range want {
			if !strings.Contains(string(got), w) {
				t.Errorf("%s: no %q in\n%s", definition, w, got)
			}
		}
	}
}

// A reference that leads to itself ends.
func TestTemplateInACircle(t *testing.T) {
	text := "Resources:\n  S: {Type: AWS::ApiGateway::Stage, Properties: {StageName: {Ref: S}}}\n  F: {Type: AWS::Serverless::Function, Properties: {Events: {E: {Type: Api, Properties: {Path: /own, Method: get}}}}}\n"
	if _, err := From("", []byte(text), InitOptions{}); err != nil {
		t.Error(err)
	}
}

// uncommented turns the requests that stand in comments into real ones.
func uncommented(text []byte) []byte {
	lines := strings.Split(string(text), "\n")
	begun := false
	for i, l := range lines {
		begun = begun || strings.HasPrefix(strings.TrimPrefix(l, "# "), "scenarios:")
		if !begun {
			continue
		}
		lines[i] = strings.TrimPrefix(l, "# scenarios:")
		if lines[i] != l {
			lines[i] = "scenarios:"
		}
		for _, p := range []string{"- ", "  "} {
			if rest, ok := strings.CutPrefix(l, "  # "+p); ok {
				lines[i] = "  " + p + rest
			}
		}
	}
	return []byte(strings.Join(lines, "\n"))
}

func TestFromRefuses(t *testing.T) {
	tests := []struct{ kind, data, want string }{
		{"", "a: [", "neither JSON nor YAML"},
		{"", "plain text", "it cannot be told what this is; say so with --kind: openapi, har"},
		{"", "{}", "it cannot be told what this is"},
		{"openapi3", "{}", `there is no kind "openapi3"; there are openapi`},
		{"har", `{"openapi": "3.0.1"}`, "this is not a HAR recording"},
		{"", `{"Stack": {"Table": "orders"}}`, "no API Gateway address was found"},
		{"", `{"log": {"entries": [{"request": {"method": "GET", "url": "https://example.com/"}}]}}`, "no request to an API Gateway is in it"},
		{"", `{"openapi": 3}`, "not an OpenAPI document"},
	}
	for _, tt := range tests {
		if _, err := From(tt.kind, []byte(tt.data), InitOptions{Name: "f"}); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %s", tt.data, err, tt.want)
		}
	}
}

// The deployed definition, read through the SDK, makes a file whose active
// requests are exactly those that can be sent as they are.
func TestFromSnapshot(t *testing.T) {
	for world, active := range map[string]int{"healthy": 2, "demo": 2, "http-healthy": -1, "authorizer-drift": -1, "access-denied-api-key": -1} {
		t.Run(world, func(t *testing.T) {
			w, err := sandbox.Load(world)
			if err != nil {
				t.Fatal(err)
			}
			srv, err := sandbox.Start(w, sandbox.Options{Seed: 1})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = srv.Close() })
			snap, err := inventoryOf(srv.ControlURL(), w.Region).Read(t.Context(), inventory.Selection{APIs: ids(w)[:1], Depth: inventory.Full})
			if err != nil {
				t.Fatal(err)
			}
			got, err := FromSnapshot(&snap, w.APIs[0].ID)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, "init/world-"+world+".yaml", got)
			f, err := Parse(world, got)
			if err != nil {
				t.Fatal(err)
			}
			if active >= 0 && len(f.Scenarios) != active {
				t.Errorf("%d requests, want %d", len(f.Scenarios), active)
			}
			all, err := Parse(world, uncommented(got))
			if err != nil {
				t.Fatal(err)
			}
			routes := 0
			for i := range snap.APIs[0].Stages {
				if d := snap.APIs[0].Stages[i].Deployed; d != nil {
					routes = max(routes, len(d.Routes))
				}
			}
			if len(all.Scenarios) < routes {
				t.Errorf("%d routes are named of %d", len(all.Scenarios), routes)
			}
		})
	}
	if _, err := FromSnapshot(nil, "nope"); err == nil {
		t.Error("an API that is not there")
	}
}

// A route that asks for authorization by its API or by Globals is not sent without.
func TestTemplateAuthorizationByDefault(t *testing.T) {
	tests := []struct {
		name, globals, api, event string
		active                    bool
	}{
		{"none", "", "", "", true},
		{"of Globals", "{DefaultAuthorizer: Tokens}", "", "", false},
		{"of the API", "", "{DefaultAuthorizer: AWS_IAM}", "", false},
		{"taken back by the event", "{DefaultAuthorizer: Tokens}", "", "{Authorizer: NONE}", true},
		{"key of Globals", "{ApiKeyRequired: true}", "", "", false},
		{"key taken back", "", "{ApiKeyRequired: true}", "{ApiKeyRequired: false}", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := "Globals: {Api: {Auth: " + tt.globals + "}}\nResources:\n" +
				"  Shop: {Type: AWS::Serverless::Api, Properties: {StageName: live, Auth: " + tt.api + "}}\n" +
				"  List:\n    Type: AWS::Serverless::Function\n    Properties:\n      Events:\n        Get:\n          Type: Api\n" +
				"          Properties: {RestApiId: !Ref Shop, Method: get, Path: /books, Auth: " + tt.event + "}\n"
			got, err := From("", []byte(text), InitOptions{Name: "f"})
			if err != nil {
				t.Fatal(err)
			}
			if active := strings.Contains(string(got), "\n  - name: GET /books\n"); active != tt.active {
				t.Errorf("active %v, want %v:\n%s", active, tt.active, got)
			}
		})
	}
	got, err := From("", []byte("Resources: {F: {Type: AWS::Serverless::Function, Properties: {Events: {E: {Type: Api, Properties: {Method: get, Path: /}}}}}}"), InitOptions{Name: "f"})
	if err != nil || !strings.Contains(string(got), "A stage of the template: Prod.") {
		t.Errorf("the stage of the API that SAM makes: %v\n%s", err, got)
	}
}

func TestQuoteReadsBack(t *testing.T) {
	for _, s := range []string{"", "a", "true", "1", "null", "a: b", "#x", "{x}", "a\nb", "\u2028", "ä", `"`, `\`, "- x", "env:A", "a,b", "*a", "&a", "!x", "%x", "@x", "<<", "\x00", "~", "0x1f", "1e3", "2026-01-01"} {
		f, err := Parse("f", []byte("version: 1\nintended: [{setting: x, stages: ["+quote(s)+"]}]\napis: [{id: x, stages: ["+quoteAll([]string{s, s})+"]}]\n"))
		if err != nil {
			t.Errorf("%q: %v", s, err)
			continue
		}
		if got := f.Intended[0].Stages; !slices.Equal(got, []string{s}) || !slices.Equal(f.APIs[0].Stages, []string{s, s}) {
			t.Errorf("%q: %q, %q", s, got, f.APIs[0].Stages)
		}
	}
}

// TestPathsOfDefinitionsCanBeSent: what a definition has in a path reaches the
// server as it stands there.
func TestPathsOfDefinitionsCanBeSent(t *testing.T) {
	for _, path := range []string{"/a\x01b", "/a\x7f", "/100%", "/a%zz", "/a%2Fb", "/a}b", "/ä b", "/a\tb%4", "orders"} {
		d := draft{from: "x", requests: []draftRequest{{name: "x", path: path}}}
		f, err := Parse("f", d.write())
		if err != nil {
			t.Errorf("%q: %v", path, err)
			continue
		}
		u, err := requestURL(f.Scenarios[0].Request.Path)
		if err != nil {
			t.Errorf("%q: %v", path, err)
			continue
		}
		if want := "/" + strings.TrimPrefix(strings.ReplaceAll(path, "%2F", "/"), "/"); u.Path != want {
			t.Errorf("%q is asked for as %q", want, u.Path)
		}
	}
}

// TestHeadersOfDefinitionsCanBeSent: what cannot is left out, and no credential
// is written down.
func TestHeadersOfDefinitionsCanBeSent(t *testing.T) {
	d := draft{from: "x", requests: []draftRequest{{name: "x", path: "/", headers: []probe.Header{
		{Name: "x-b\xffd", Value: "1"}, {Name: "x-lines", Value: "a\r\nb: c"}, {Name: "X-Api-Key", Value: "abc"}, {Name: "x-tenant", Value: "smoke"},
	}}}}
	f, err := Parse("f", d.write())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"X-Api-Key": "env:X_API_KEY", "x-tenant": "smoke"}
	if diff := cmp.Diff(want, f.Scenarios[0].Request.Headers); diff != "" {
		t.Error(diff)
	}
}

func TestNullInADefinition(t *testing.T) {
	for _, text := range []string{
		`{"swagger": "2.0", "info": {"title": "x", "version": "1"}, "paths": {"/x": null}}`,
		`{"swagger": "2.0", "info": {"title": "x", "version": "1"}, "paths": {"/x": {"get": {"parameters": [null]}}}}`,
		`{"openapi": "3.0.1", "info": {"title": "x", "version": "1"}, "paths": {"/x": null}}`,
		`{"openapi": "3.0.1", "info": null, "paths": {"/x": {"get": null}}}`,
		`{"openapi": "3.0.1", "paths": {"/x": {"get": {"parameters": [null], "responses": null}}}}`,
		`{"openapi": "3.0.1", "servers": [null], "paths": {"/x": {"get": {"responses": {"200": null}}}}}`,
	} {
		got, err := From("", []byte(text), InitOptions{Name: "f"})
		if err != nil && !strings.Contains(err.Error(), "not an OpenAPI document: ") {
			t.Errorf("%s: %v", text, err)
		}
		if err == nil && len(got) == 0 {
			t.Errorf("%s: nothing was written", text)
		}
	}
}

func FuzzFrom(f *testing.F) {
	for name := range fromKinds {
		data, err := os.ReadFile(filepath.Join("testdata/from", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte("openapi: 3.0.1\ninfo: {title: x, version: '1'}\npaths:\n  \"/pG\\x01ets\": {get: {responses: {'200': {description: ok}}}}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		text, err := From("", data, InitOptions{Name: "f"})
		if err != nil {
			if strings.Contains(err.Error(), "the scenario file made from") {
				t.Fatal("what was written does not read back: ", err)
			}
			return
		}
		if _, err := Parse("f", text); err != nil {
			t.Fatal(err)
		}
	})
}

// TestServerlessInfoWithoutAStage: what all endpoints begin with is the stage; where they
// begin differently, or with nothing further, there is none.
func TestServerlessInfoWithoutAStage(t *testing.T) {
	const at = "https://abc123.execute-api.us-east-1.amazonaws.com"
	for _, c := range []struct{ lines, has, hasNot string }{
		{"  GET - " + at + "/dev/users\n  GET - " + at + "/dev/users/{id}\n", "stages: [dev]", "path: /dev/users"},
		{"  GET - " + at + "/users/all\n  GET - " + at + "/orders\n", "path: /users/all", "stages: [users]"},
		{"  GET - " + at + "/users\n", "path: /users", "stages: [users]"},
	} {
		out, err := From("", []byte("endpoints:\n"+c.lines+"functions:\n  list: users-list\n"), InitOptions{})
		if err != nil || !strings.Contains(string(out), c.has) || strings.Contains(string(out), c.hasNot) {
			t.Errorf("%s gives %v\n%s", c.lines, err, out)
		}
	}
}

// TestRecordingsAreReadAsTheyCome: entry by entry, with a mark of byte order or without,
// as what is read whole.
func TestRecordingsAreReadAsTheyCome(t *testing.T) {
	const entry = `{"request":{"method":"GET","url":"https://abc123.execute-api.us-east-1.amazonaws.com/prod/orders"},"response":{"status":200,"headers":[]}}`
	text := `{"log":{"version":"1.2","entries":[` + entry + "," + entry + `],"pages":[]}}`
	want, err := From("har", []byte(text), InitOptions{Name: "x.har"})
	if err != nil {
		t.Fatal(err)
	}
	for _, in := range []string{text, "\ufeff" + text} {
		if got, err := FromReader("", strings.NewReader(in), InitOptions{Name: "x.har"}); err != nil || string(got) != string(want) {
			t.Errorf("%v\n%s\nwant\n%s", err, got, want)
		}
	}
	if _, err := FromReader("", strings.NewReader(text[:len(text)-20]), InitOptions{}); err == nil {
		t.Error("half a recording is taken")
	}
}

// A recorded refusal may be the gateway's own, and is expected again as it was.
func TestRecordedRefusal(t *testing.T) {
	const har = `{"log": {"entries": [{"request": {"method": "GET", "url": "https://abc123.execute-api.us-east-1.amazonaws.com/prod/none"}, "response": {"status": 403}}]}}`
	got, err := From("", []byte(har), InitOptions{Name: "session.har"})
	if err != nil || !strings.Contains(string(got), "    expect: {status: 403}\n") {
		t.Errorf("%v\n%s", err, got)
	}
}
