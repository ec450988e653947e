package scenarios

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"stageprobe/analyze/cause"
	"stageprobe/probe"
	"stageprobe/probe/address"
	"stageprobe/scenarios/sandbox"
)

func contractFile(t testing.TB) *File {
	t.Helper()
	f, err := Load("testdata/contract.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestContract(t *testing.T) {
	f := contractFile(t)
	if f.Region != "eu-west-1" || f.Version != 1 {
		t.Errorf("region %q, version %d", f.Region, f.Version)
	}
	wantAPIs := []address.APISelection{{ID: "abc123", Stages: []string{"prod", "dev"}, Domains: []address.DomainSelection{{Name: "api.example.com", BasePath: "v1", Stage: "prod"}}}}
	if diff := cmp.Diff(wantAPIs, f.Selections()); diff != "" {
		t.Error(diff)
	}
	wantIntended := []cause.Intended{{Stages: []string{"prod", "dev"}, Setting: "variables.backend"}}
	if diff := cmp.Diff(wantIntended, f.IntendedDifferences()); diff != "" {
		t.Error(diff)
	}
	if a, ok := f.Auth("list orders"); !ok || a != (Auth{Kind: probe.AuthAPIKey, Value: "env:KEY"}) {
		t.Errorf("auth %+v, %v", a, ok)
	}
	got, err := f.Probes([]probe.Target{{ID: "abc123/prod", Stage: "prod"}, {ID: "abc123/dev", Stage: "dev"}, {ID: "api.example.com/v1", Stage: "dev", Meant: &probe.StageRef{APIID: "abc123", Stage: "prod"}}})
	if err != nil {
		t.Fatal(err)
	}
	want := []probe.Scenario{{
		Name: "list orders", Method: "GET", Path: "/orders", Query: "limit=1", Weight: 1, Auth: probe.AuthAPIKey,
		Header: []probe.Header{{Name: "x-tenant", Value: "smoke"}}, Targets: []string{"abc123/prod", "api.example.com/v1"},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	e := f.Scenarios[0].Expect
	if e.LatencyP99MS != 800 || e.SameAs != "dev" || e.ServedBy != "prod" || !e.Canary.Set || !e.GatewayResponse.Set || len(e.Body) != 3 {
		t.Errorf("%+v", e)
	}
}

// What is compared and ignored by hand holds for all requests, or for those of one
// scenario; what cannot be read is refused at its place.
func TestRules(t *testing.T) {
	f, err := Parse("rules.yaml", []byte(`version: 1
compare: [/items/*/price]
ignore: [etag]
defaults: {ignore: [/took]}
scenarios:
  - {name: a, request: {path: /a}, compare: [x-build], ignore: ['/served by \w+/']}
  - {name: b, request: {path: /b}}
`))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][2][]string{
		"a":     {{"/items/*/price", "x-build"}, {"etag", "/took", `/served by \w+/`}},
		"b":     {{"/items/*/price"}, {"etag", "/took"}},
		"GET /": {{"/items/*/price"}, {"etag", "/took"}},
	} {
		compare, ignore := f.Rules(name)
		if diff := cmp.Diff(want, [2][]string{compare, ignore}); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	_, err = Parse("rules.yaml", []byte("version: 1\nscenarios:\n  - {name: a, request: {path: /a}, ignore: ['/(/']}\n"))
	if err == nil || !strings.Contains(err.Error(), "rules.yaml:3") || !strings.Contains(err.Error(), "regular expression") {
		t.Errorf("a rule that is none: %v", err)
	}
}

// Every key that the format has, in its other spellings.
const variety = `
version: 1
urls: ["https://abc123.execute-api.us-east-1.amazonaws.com/dev/resource"]
apis:
  - id: abc123
defaults:
  headers: {Authorization: env:STAGEPROBE_TEST_TOKEN, x-Tenant: smoke}
  auth: sigv4
scenarios:
  - request: {path: "/orders?limit=1", query: {tag: [a b, env:STAGEPROBE_TEST_TAG]}}
    expect:
      status: [200, 3xx]
      gateway_response: MISSING_AUTHENTICATION_TOKEN
      headers: {x-a: {matches: "^v[0-9]"}, x-b: {equals: ""}, x-c: null}
      body: [{schema: {type: object}}, {pointer: "", matches: x}]
      canary: {at-most: 10}
      converges_within: 60s
  - &create
    name: create
    request: &post {method: post, path: /ä b, headers: {X-TENANT: own}, body: {id: 1}, auth: none}
    unsafe: true
  - <<: *create
    name: create as text
    request: {<<: *post, body: "file:testdata/contract.yaml", auth: {mtls: {cert: file:c.pem, key: k.pem}}}
`

func TestVariety(t *testing.T) {
	t.Setenv("STAGEPROBE_TEST_TOKEN", "Bearer t0ken")
	t.Setenv("STAGEPROBE_TEST_TAG", "s&cret")
	f, err := Parse("v.yaml", []byte(variety))
	if err != nil {
		t.Fatal(err)
	}
	got, err := f.Probes([]probe.Target{{ID: "t"}})
	if err != nil {
		t.Fatal(err)
	}
	contract, err := os.ReadFile("testdata/contract.yaml")
	if err != nil {
		t.Fatal(err)
	}
	token := probe.Header{Name: "Authorization", Value: "Bearer t0ken"}
	own := probe.Header{Name: "X-TENANT", Value: "own"}
	want := []probe.Scenario{
		{Name: "GET /orders?limit=1", Method: "GET", Path: "/orders", Query: "limit=1&tag=a+b&tag=s%26cret", Auth: probe.AuthSigV4, Header: []probe.Header{token, {Name: "x-Tenant", Value: "smoke"}}},
		{Name: "create", Method: "POST", Path: "/%C3%A4%20b", Auth: probe.AuthNone, Unsafe: true, Header: []probe.Header{token, own, {Name: "Content-Type", Value: "application/json"}}, Body: []byte(`{"id":1}`)},
		{Name: "create as text", Method: "POST", Path: "/%C3%A4%20b", Auth: probe.AuthMTLS, Unsafe: true, Header: []probe.Header{token, own}, Body: []byte(strings.TrimRight(string(contract), "\n"))},
	}
	for i := range want {
		want[i].Targets = []string{"t"}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if s := f.Secrets(); len(s) != 3 || s[0] != "s&cret" || s[1] != "Bearer t0ken" {
		t.Errorf("secrets %q", s)
	}
	if a, _ := f.Auth("create as text"); a.Cert != "c.pem" || a.Key != "k.pem" {
		t.Errorf("%+v", a)
	}
	e := f.Scenarios[0].Expect
	if time.Duration(e.ConvergesWithin) != time.Minute || e.Canary.Percent != 10 || e.GatewayResponse.Type != "MISSING_AUTHENTICATION_TOKEN" || !e.Headers["x-c"].Absent {
		t.Errorf("%+v", e)
	}
}

func TestProbesNamesWhatIsMissing(t *testing.T) {
	f, err := Parse("v.yaml", []byte("version: 1\nscenarios: [{name: a, request: {path: /, headers: {x-a: env:STAGEPROBE_TEST_UNSET}}}]"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Probes([]probe.Target{{ID: "t"}})
	if err == nil || !strings.Contains(err.Error(), "scenario a: header x-a: environment variable STAGEPROBE_TEST_UNSET is not set") {
		t.Error(err)
	}
}

// An error quotes its line, points at the place and says what is allowed.
func TestParseRefuses(t *testing.T) {
	const scenario = "version: 1\nscenarios:\n  - name: a\n    request: {path: /a}\n"
	tests := []struct{ name, text, want string }{
		{"an unknown key", strings.Replace(scenario, "path: /a", "path: /a, methd: GET", 1),
			"f.yaml:4:25: \"methd\" is not known here; did you mean \"method\"?\n    4 |     request: {path: /a, methd: GET}\n      |                         ^\nallowed here: auth, body, headers, method, path, query"},
		{"an unknown key at the top", "version: 1\napi: [x]\n", `2:1: "api" is not known here; did you mean "apis"?`},
		{"not YAML", "version: 1\nscenarios: [\n", "f.yaml:2:12: not YAML:"},
		{"a key twice", "version: 1\nversion: 1\n", `2:1: not YAML: mapping key "version" already defined`},
		{"an empty file", "# nothing\n", "the file is empty"},
		{"two documents", "version: 1\n---\nversion: 1\n", "3:1: a second document"},
		{"no version", "region: eu-west-1\n", "version must be 1"},
		{"another version", "version: 2\n", "1:10: version must be 1"},
		{"a list for text", "version: 1\nregion: [a]\n", "region must be text, not a list"},
		{"text for a list", "version: 1\napis: abc123\n", `2:7: apis must be a list, not "abc123"`},
		{"text for a mapping", "version: 1\napis: [abc123]\n", `an entry of apis must be a mapping (key: value), not "abc123"`},
		{"text for a number", scenario + "    weight: often\n", `5:13: weight must be a number, not "often"`},
		{"text for a boolean", scenario + "    unsafe: maybe\n", `unsafe must be true or false, not "maybe"`},
		{"a status", scenario + "    expect: {status: 20}\n", `"20" is not a status code`},
		{"a method", strings.Replace(scenario, "path", "method: GTE, path", 1), `"GTE" is not known here; did you mean "GET"?`},
		{"an unsafe method", strings.Replace(scenario, "path", "method: POST, path", 1), "POST may change something"},
		{"a path without a slash", strings.Replace(scenario, "/a", "a", 1), `the path "a" does not begin with a slash`},
		{"a path parameter", strings.Replace(scenario, "/a", "'/a/{id}'", 1), "a path parameter has no value"},
		{"no path", strings.Replace(scenario, "path: /a", "method: GET", 1), "a request needs its path"},
		{"a name twice", scenario + "  - name: a\n    request: {path: /b}\n", `5:11: scenario 1 has the same name, "a"`},
		{"a stage that is not there", "version: 1\napis: [{id: x, stages: [prod]}]\nscenarios: [{request: {path: /}, stages: [prd]}]", `"prd" is not known here; did you mean "prod"?`},
		{"an expected stage that is not there", "version: 1\napis: [{id: x, stages: [prod]}]\nscenarios: [{request: {path: /}, expect: {same_as: prd}}]", `did you mean "prod"?`},
		{"a regular expression", scenario + "    expect: {body: [{matches: '('}]}\n", "not a regular expression: missing closing )"},
		{"a JSON pointer", scenario + "    expect: {body: [{pointer: items, type: array}]}\n", `"items" is not a JSON pointer`},
		{"a JSON type", scenario + "    expect: {body: [{pointer: /a, type: aray}]}\n", `did you mean "array"?`},
		{"a JSON Schema", scenario + "    expect: {body: [{schema: {type: 7}}]}\n", "not a JSON Schema"},
		{"a JSON Schema elsewhere", scenario + "    expect: {body: [{schema: {$ref: 'file:///etc/passwd'}}]}\n", "not a JSON Schema"},
		{"an empty expectation", scenario + "    expect: {body: [{pointer: /a}]}\n", "this says nothing of the body"},
		{"a canary", scenario + "    expect: {canary: some}\n", `"some" is not a canary's limit`},
		{"a duration", scenario + "    expect: {converges_within: 60}\n", `"60" is not a duration`},
		{"a way to authenticate", scenario + "    auth: sigv5\n", `did you mean "sigv4"?`},
		{"a header name", scenario + "    expect: {}\ndefaults: {headers: {'a b': c}}\n", `"a b" is not a header name`},
		{"an alias to nothing", "version: 1\nregion: *a\n", "no anchor &a"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse("f.yaml", []byte(tt.text))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v\nwant %s", err, tt.want)
			}
			if at, ok := errors.AsType[*SyntaxError](err); !ok || at.Line < 1 || at.Column < 1 {
				t.Errorf("%#v", err)
			}
		})
	}
}

// A literal secret is refused, and the error does not repeat it.
func TestParseRefusesSecrets(t *testing.T) {
	for _, text := range []string{
		"defaults: {auth: {api_key: hunter2}}",
		"defaults: {auth: {bearer: hunter2}}",
		"defaults: {headers: {authorization: hunter2}}",
		"defaults:\n  headers:\n    X-Api-Key: hunter2",
		"scenarios: [{request: {path: /, headers: {Cookie: hunter2}}}]",
		"scenarios: [{request: {path: /}, auth: {bearer: 'env:'}}] # hunter2",
	} {
		_, err := Parse("f.yaml", []byte("version: 1\n"+text))
		if err == nil || !strings.Contains(err.Error(), "env:NAME") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestAliasesAreBounded(t *testing.T) {
	var b strings.Builder
	b.WriteString("version: 1\nurls: &a0 [x,x,x,x,x,x,x,x,x,x]\n")
	for i := range 9 {
		b.WriteString("k" + string(rune('0'+i)) + ": &a" + string(rune('1'+i)) + " [")
		for range 10 {
			b.WriteString("*a" + string(rune('0'+i)) + ",")
		}
		b.WriteString("]\n")
	}
	if _, err := Parse("f.yaml", []byte(b.String())); err == nil || !strings.Contains(err.Error(), "aliases make the file too large") {
		t.Error(err)
	}
}

func TestBuiltins(t *testing.T) {
	for _, name := range Builtins() {
		f, err := Load("builtin:" + name)
		if err != nil {
			t.Fatal(err)
		}
		if len(f.APIs) > 0 || len(f.Scenarios) > 0 || f.Text == "" {
			t.Errorf("%s: %+v", name, f)
		}
	}
	if _, err := Load("builtin:smok"); err == nil || !strings.Contains(err.Error(), "builtin:smoke") {
		t.Error(err)
	}
}

// Files that the embedded gateway's worlds are checked with must be readable.
func TestWorldFiles(t *testing.T) {
	read := 0
	for _, info := range sandbox.Worlds() {
		w, err := sandbox.Load(info.Name)
		if err != nil {
			t.Fatal(err)
		}
		if w.Check.Scenarios == "" {
			continue
		}
		read++
		if _, err := Parse(w.Name, []byte(w.Check.Scenarios)); err != nil {
			t.Error(err)
		}
	}
	if read == 0 {
		t.Error("no world has a scenario file")
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(variety))
	files, err := filepath.Glob("*.yaml")
	if err != nil || len(files) == 0 {
		f.Fatal("no built-in files", err)
	}
	for _, file := range append(files, "testdata/contract.yaml") {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := Parse("f.yaml", text)
		if (err == nil) != (file != nil) {
			t.Fatalf("%v, %v", file, err)
		}
		if err != nil {
			return
		}
		_ = NewJudge(file, &probe.Plan{Targets: []probe.Target{{ID: "t"}}}, 0.99)
		for _, s := range file.Scenarios {
			if s.Name == "" {
				t.Fatal("a scenario without a name")
			}
		}
	})
}

// TestQuotedLinesHideSecretsBeside: what is secret by its name is not shown because
// something else on its line is wrong.
func TestQuotedLinesHideSecretsBeside(t *testing.T) {
	_, err := Parse("x.yaml", []byte("version: 1\nscenarios:\n  - {name: a, request: {path: /x, query: {token: ScnQry73, q: shown, code: 'für-é1'}, headers: {cookie: \"a=ScnCk84\"}}, surprise: 1}\n"))
	if err == nil {
		t.Fatal("no error")
	}
	for _, secret := range []string{"ScnQry73", "für-é1", "ScnCk84"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("%s is shown: %s", secret, err)
		}
	}
	if !strings.Contains(err.Error(), "q: shown") && strings.Contains(err.Error(), "query") {
		t.Errorf("what is no secret is hidden: %s", err)
	}
}
