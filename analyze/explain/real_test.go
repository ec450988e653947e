package explain

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

type capture struct {
	LogFile  string `json:"log_file"`
	Response struct {
		Protocol string
		Status   int
		Headers  [][2]string
		Body     *string
	}
	Expected map[string]any
}

func captures(t testing.TB, folder string, least int) map[string]*capture {
	t.Helper()
	files, err := filepath.Glob("testdata/real/" + folder + "/*.json")
	if err != nil || len(files) < least {
		t.Fatalf("captures: %d files, %v", len(files), err)
	}
	out := map[string]*capture{}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		c := new(capture)
		if err := json.Unmarshal(raw, c); err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		out[strings.TrimSuffix(filepath.Base(f), ".json")] = c
	}
	return out
}

// curlI renders a capture as curl -i prints it; curlV as curl -v does.
func (c *capture) curlI() []byte { return c.transcript("", "\r\n") }

func (c *capture) curlV() []byte {
	ask := "* Connected to host (192.0.2.1) port 443\n> GET /dev/x HTTP/1.1\n> Host: api.example.com\n> Accept: */*\n>\n* Request completely sent off\n"
	return append([]byte(ask), append(c.transcript("< ", "\n"), "* Connection #0 to host api.example.com left intact\n"...)...)
}

func (c *capture) transcript(mark, eol string) []byte {
	var b bytes.Buffer
	protocol := c.Response.Protocol
	if protocol == "" {
		protocol = "HTTP/1.1"
	}
	if mark != "" {
		protocol = mark + protocol
	}
	fmt.Fprintf(&b, "%s %d %s%s", protocol, c.Response.Status, http.StatusText(c.Response.Status), eol)
	for _, h := range c.Response.Headers {
		fmt.Fprintf(&b, "%s%s: %s%s", mark, h[0], h[1], eol)
	}
	b.WriteString(strings.TrimSuffix(mark, " ") + eol)
	if c.Response.Body != nil {
		b.WriteString(*c.Response.Body)
	}
	return b.Bytes()
}

var producers = map[string]string{
	"gateway_routing": "gateway", "gateway_routing_or_iam": "gateway", "throttle": "gateway",
	"request_validation": "gateway", "resource_policy": "gateway", "mock_integration": "integration",
	"waf": "gateway", "integration (a second API Gateway)": "integration",
}

// keys maps the captures' names to the explanation's.
var keys = map[string]string{
	"gateway_response_type": "gateway_response", "resolved_method": "http_method", "resolved_path": "resource_path",
	"implied_gateway_response_type": "gateway_response",
}

// notAnswered are facts of a capture's source that no answer tells by itself.
var notAnswered = map[string][]string{
	"k1-500-permissions":                 {"api_id", "stage", "path", "http_method"},
	"k1-502-function-error":              {"api_id", "stage", "path", "http_method"},
	"k1-504-timeout":                     {"api_id", "stage", "path", "http_method"},
	"edge-2017-404-renamed-mate":         {"api_id"},
	"http-api-2026-404-no-default-stage": {"api_id", "path"},
	"cn-private-200":                     {"stage", "path", "partition"},
	"cn-private-403-no-api-id-header":    {"partition"},
}

func explainJSON(t *testing.T, input []byte, opts Options) (kind string, items []map[string]any) {
	t.Helper()
	doc, err := Explain(input, opts)
	if err != nil {
		t.Fatalf("%v\n%s", err, input)
	}
	var out bytes.Buffer
	if err := doc.JSON(&out); err != nil {
		t.Fatal(err)
	}
	var parsed struct {
		Schema, Kind string
		Items        []map[string]any
	}
	if err := json.Unmarshal(out.Bytes(), &parsed); err != nil || parsed.Schema != Schema {
		t.Fatalf("%v, schema %q", err, parsed.Schema)
	}
	return parsed.Kind, parsed.Items
}

func TestGenuineAnswers(t *testing.T) {
	for name, c := range captures(t, "http", 22) {
		if c.Response.Status == 0 {
			continue // its source kept headers only
		}
		for form, input := range map[string][]byte{"-i": c.curlI(), "-v": c.curlV()} {
			t.Run(name+form, func(t *testing.T) {
				kind, items := explainJSON(t, input, Options{})
				if kind != KindResponse || len(items) != 1 {
					t.Fatalf("%s, %d items", kind, len(items))
				}
				if got := items[0]["status"]; got != float64(c.Response.Status) {
					t.Errorf("status %v", got)
				}
				skip := notAnswered[name]
				if form == "-v" && name == "edge-2021-400-custom-gateway-response" {
					skip = append(skip, "stage") // behind a domain, a path's first segment may be a base path
				}
				checkItem(t, items[0], c.Expected, skip)
			})
		}
	}
}

func checkItem(t *testing.T, item, expected map[string]any, skip []string) {
	t.Helper()
	for key, want := range expected {
		if slices.Contains(skip, key) {
			continue
		}
		switch key {
		case "cause", "account_suffix", "remapped", "requests", "lines", "implied_status", "path_params", "throttle",
			"api_key_suffix", "xray", "route_key", "path":
			continue // other tests' business
		case "producer":
			if p, ok := producers[want.(string)]; ok {
				want = p
			}
		}
		if k, ok := keys[key]; ok {
			key = k
		}
		got, there := item[key]
		if !there {
			t.Errorf("no field %q", key)
		} else if got != want {
			t.Errorf("%s: %v, want %v", key, got, want)
		}
	}
}

func TestGenuineLogs(t *testing.T) {
	for folder, kind := range map[string]string{"exec": KindExecutionLog, "access": KindAccessLog} {
		for name, c := range captures(t, folder, 5) {
			t.Run(name, func(t *testing.T) {
				raw, err := os.ReadFile("testdata/real/" + folder + "/" + c.LogFile)
				if err != nil {
					t.Fatal(err)
				}
				got, items := explainJSON(t, raw, Options{})
				if got != kind {
					t.Fatalf("kind %s, want %s", got, kind)
				}
				many, ok := c.Expected["requests"].([]any)
				if !ok {
					many = []any{c.Expected}
				}
				if len(items) < len(many) {
					t.Fatalf("%d items, want %d", len(items), len(many))
				}
				for i, want := range many {
					checkItem(t, items[i], want.(map[string]any), nil)
				}
			})
		}
	}
}

// What the logs settle, they settle.
func TestLogsNameTheCause(t *testing.T) {
	for name, want := range map[string]string{
		"exec/k1-500-permissions-other-id":           "lambda-permission-missing",
		"exec/k1-502-function-error":                 "lambda-function-error",
		"exec/k1-504-timeout":                        "integration-timeout",
		"exec/cn-2020-403-nested-gateway":            "nested-gateway",
		"exec/test-2021-400-model-schema":            "invalid-body",
		"exec/test-2021-500-invalid-method-response": "mapping-error",
		"exec/test-2024-400-app":                     "application-error",
		"exec/tv73-401-missing-identity":             "identity-source-missing",
		"exec/uwe3-429-key-throttle":                 "usage-plan-throttle",
		"exec/uwe3-502-task-timeout-full-trace":      "lambda-function-timeout",
		"exec/ws-2020-authorizer-config-error":       "lambda-permission-missing",
		"access/4llt-401":                            "identity-source-missing",
		"access/4llt-403-waf":                        "waf-block",
		"access/http-api-403-authorizer":             "authorizer-deny",
	} {
		raw, err := os.ReadFile("testdata/real/" + name + ".log")
		if err != nil {
			t.Fatal(err)
		}
		doc, err := Explain(raw, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if c := doc.Requests[0].Candidates; len(c) == 0 || c[0].Cause != want || c[0].TellsApart == "" || c[0].Why == "" {
			t.Errorf("%s: %+v, want %s", name, c, want)
		}
	}
}
