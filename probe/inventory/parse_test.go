package inventory

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"stageprobe/probe"
)

func TestSettingsKeys(t *testing.T) {
	for key, want := range map[string]string{
		"*/*": "*/*", "orders/GET": "/orders/GET", "/orders/GET": "/orders/GET", "~1orders~1{id}/GET": "/orders/{id}/GET",
		"~1/GET": "//GET", "GET /orders": "/orders/GET", "$default": "$default", "a~0b/PUT": "/a~b/PUT",
	} {
		if got := methodKey(key); got != want {
			t.Errorf("%q becomes %q, want %q", key, got, want)
		}
	}
}

func TestPolicySpellings(t *testing.T) {
	want := policy(`{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/prod/*"}}`)
	for _, same := range []string{
		`{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"execute-api:Invoke\",\"Resource\":\"arn:aws:execute-api:eu-west-1:123456789012:abc123/prod/*\"}]}`,
		`{"Statement":[{"Resource":["execute-api:/prod/*"],"Action":["execute-api:Invoke"],"Principal":{"AWS":"*"},"Effect":"Deny"}],"Version":"2012-10-17"}`,
	} {
		if got := policy(same); got != want {
			t.Errorf("%s\n got %s\nwant %s", same, got, want)
		}
	}
	if got := policy("no policy"); got != "no policy" {
		t.Errorf("what is no JSON is kept, got %q", got)
	}
}

// recorded are exports that API Gateway itself wrote.
func recorded(t testing.TB) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	files, err := filepath.Glob(filepath.Join("testdata", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no recorded exports: %v", err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var fixture struct{ Exports map[string]json.RawMessage }
		if err := json.Unmarshal(text, &fixture); err != nil {
			t.Fatal(err)
		}
		for name, e := range fixture.Exports {
			out[name] = e
		}
	}
	return out
}

// TestRecordedExportsAgree reads one API's export in both languages, which
// must come to the same definition.
func TestRecordedExportsAgree(t *testing.T) {
	exports := recorded(t)
	oas, err := parseExport(exports["oas30"], probe.REST, "GetExport")
	if err != nil {
		t.Fatal(err)
	}
	swagger, err := parseExport(exports["swagger"], probe.REST, "GetExport")
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(oas, swagger) {
		t.Errorf("OpenAPI 3:\n%s\nSwagger 2:\n%s", toJSON(oas), toJSON(swagger))
	}
	var keys []string
	for k := range oas.Routes {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	if want := []string{"GET /", "GET /pets", "GET /pets/{petId}", "OPTIONS /pets", "OPTIONS /pets/{petId}", "POST /pets"}; !slices.Equal(keys, want) {
		t.Errorf("routes %q, want %q", keys, want)
	}
	if r := oas.Routes["POST /pets"]; r.RequestModels["application/json"] != "NewPet" || r.Integration.Type != "HTTP" || r.OperationName != "CreatePet" {
		t.Errorf("POST /pets: %+v", r)
	}
}

func FuzzParseExport(f *testing.F) {
	for _, e := range recorded(f) {
		f.Add([]byte(e), true)
	}
	for _, s := range []string{
		`{"paths":{"/$default":{"x-amazon-apigateway-any-method":{"isDefaultRoute":true}}}}`, `{"paths":{"/{a":{"get":{"parameters":[null,1,{"$ref":"#/x"}]}}}}`,
		`{"paths":{"/":{"get":{"security":[{"a":1}],"responses":{"200":null}}}},"components":{"schemas":{"A":{"$ref":"#"}}}}`, `[]`, `{"paths":[]}`,
	} {
		f.Add([]byte(s), false)
	}
	f.Fuzz(func(t *testing.T, body []byte, rest bool) {
		kind := probe.HTTP
		if rest {
			kind = probe.REST
		}
		d, err := parseExport(body, kind, "fuzz")
		if err != nil {
			return
		}
		again, err := parseExport(body, kind, "fuzz")
		if err != nil || !reflect.DeepEqual(d, again) {
			t.Errorf("reading it twice differs: %v", err)
		}
		before := toJSON(d)
		if after := toJSON(canonical(d, kind)); after != before {
			t.Errorf("canonical form is not stable:\n%s\n%s", before, after)
		}
	})
}

func FuzzPolicy(f *testing.F) {
	f.Add(`{\"Statement\":[{\"Resource\":\"arn:aws:execute-api:eu-west-1:1:a/*\"}]}`)
	f.Add(`{"AWS":"*"}`)
	f.Fuzz(func(t *testing.T, s string) {
		once := policy(s)
		var v any
		if json.Unmarshal([]byte(s), &v) == nil && v != nil && policy(once) != once {
			t.Errorf("not stable: %s, then %s", once, policy(once))
		}
	})
}

func FuzzChangeOf(f *testing.F) {
	f.Add("PutIntegration", `{"requestParameters":{"restApiId":"abc123"},"eventTime":"2026-01-01T00:00:00Z"}`)
	f.Add("UpdateStage", `{`)
	f.Fuzz(func(t *testing.T, name, event string) {
		if e, ok := changeOf(types.Event{EventName: aws.String(name), CloudTrailEvent: aws.String(event)}); ok && (e.APIID == "" && e.Domain == "" || e.At.IsZero()) {
			t.Errorf("an edit of nothing: %+v", e)
		}
	})
}
