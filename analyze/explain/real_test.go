package explain

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"stageprobe/scenarios/captures"
)

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
	for _, c := range captures.All("http") {
		if c.Response.Status == 0 {
			continue // its source kept headers only
		}
		for form, input := range map[string][]byte{"-i": c.CurlI(), "-v": c.CurlV(), " as JSON": asJSON(t, &c)} {
			t.Run(c.Name+form, func(t *testing.T) {
				kind, items := explainJSON(t, input, Options{})
				if kind != KindResponse || len(items) != 1 {
					t.Fatalf("%s, %d items", kind, len(items))
				}
				if got := items[0]["status"]; got != float64(c.Response.Status) {
					t.Errorf("status %v", got)
				}
				skip := notAnswered[c.Name]
				if form == "-v" && c.Name == "edge-2021-400-custom-gateway-response" {
					skip = append(skip, "stage") // behind a domain, a path's first segment may be a base path
				}
				checkItem(t, items[0], c.Expected, skip)
			})
		}
	}
}

// asJSON is an answer as a program keeps it.
func asJSON(t *testing.T, c *captures.Capture) []byte {
	t.Helper()
	out, err := json.Marshal(map[string]any{"response": map[string]any{
		"status": c.Response.Status, "headers": c.Response.Headers, "body": c.Response.Body,
	}})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Headers without a status line, as a browser shows them, tell as much.
func TestGenuineHeaders(t *testing.T) {
	for _, c := range captures.All("http") {
		_, headers, _ := bytes.Cut(c.CurlI(), []byte("\n"))
		if !strings.Contains(strings.ToLower(string(headers)), "requestid: ") {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			_, items := explainJSON(t, headers, Options{})
			skip := append([]string{"gateway_response_type", "producer", "not_api_gateway"}, notAnswered[c.Name]...)
			checkItem(t, items[0], c.Expected, skip)
		})
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
		for _, c := range captures.All(folder) {
			t.Run(c.Name, func(t *testing.T) { checkText(t, &c, kind) })
		}
	}
}

// What people copied in forms of their own.
func TestPasted(t *testing.T) {
	kinds := map[string]string{
		"http_response": KindResponse, "access_log": KindAccessLog,
		"execution_log": KindExecutionLog, "execution_log_test_invoke": KindExecutionLog,
	}
	for _, c := range captures.All("pasted") {
		t.Run(c.Name, func(t *testing.T) { checkText(t, &c, kinds[c.Kind]) })
	}
}

func checkText(t *testing.T, c *captures.Capture, kind string) {
	t.Helper()
	got, items := explainJSON(t, c.Text, Options{})
	if got != kind {
		t.Fatalf("kind %s, want %s", got, kind)
	}
	want := c.Requests()
	if len(items) != len(want) {
		t.Fatalf("%d items, want %d", len(items), len(want))
	}
	for i := range want {
		checkItem(t, items[i], want[i], nil)
	}
}

// The recorded answers to TestInvokeMethod hold the log of the request.
func TestTestInvokeMethod(t *testing.T) {
	var recorded map[string]struct {
		Status int
		Log    map[string]string
	}
	if err := json.Unmarshal(captures.Named("control/ls-test-invoke-method").Data, &recorded); err != nil || len(recorded) != 2 {
		t.Fatalf("%d answers, %v", len(recorded), err)
	}
	for name, answer := range recorded {
		var log strings.Builder
		for _, key := range slices.Sorted(maps.Keys(answer.Log)) {
			// The recording replaced dates and numbers; put such back.
			line := strings.NewReplacer("DDD MMM dd hh:mm:ss UTC yyyy", "Mon Nov 03 10:11:12 UTC 2025", "<latency>", "37",
				"<request-id-1>", "9cef3834-f42c-46d7-83fe-a6401a431398", "<request-id-2>", "9cef3834-f42c-46d7-83fe-a6401a431399").Replace(answer.Log[key])
			log.WriteString(line + "\n")
		}
		asJSON, err := json.Marshal(map[string]any{"log": log.String(), "status": answer.Status, "latency": 41})
		if err != nil {
			t.Fatal(err)
		}
		for form, input := range map[string][]byte{"text": []byte(log.String()), "JSON": asJSON} {
			_, items := explainJSON(t, input, Options{})
			want := map[string]any{"status": 200.0, "http_method": "GET", "resource_path": "/foo", "executed_version": "$LATEST",
				"integration_status": 200.0, "integration_latency_ms": 37.0, "producer": "integration", "complete": true, "stage": nil, "error": nil}
			if len(items) != 1 {
				t.Fatalf("%s, %s: %d items", name, form, len(items))
			}
			for key, value := range want {
				if items[0][key] != value {
					t.Errorf("%s, %s: %s %v, want %v", name, form, key, items[0][key], value)
				}
			}
		}
	}
}

// Somebody's probes of an HTTP API without a $default stage: those without the
// stage's name are the gateway's, those with it the application's.
func TestWrongStageIncident(t *testing.T) {
	var incident struct {
		Probes []struct {
			URL, Method, Body string
			Status            int
		}
	}
	if err := json.Unmarshal(captures.Named("control/http-api-wrong-stage-incident").Data, &incident); err != nil || len(incident.Probes) != 5 {
		t.Fatalf("%d probes, %v", len(incident.Probes), err)
	}
	for _, p := range incident.Probes {
		if p.Body == "" {
			continue
		}
		input := fmt.Appendf(nil, "HTTP/2 %d\r\ndate: Fri, 03 Apr 2026 10:11:12 GMT\r\ncontent-type: application/json\r\napigw-requestid: f3B6ZhMRoAMEVuQ=\r\n\r\n%s", p.Status, p.Body)
		_, items := explainJSON(t, input, Options{URL: p.URL})
		producer, cause := "gateway", "stage-prefix-missing"
		if p.Status == 400 {
			producer, cause = "integration", "application-error"
		}
		first := items[0]["candidates"].([]any)[0].(map[string]any)["cause"]
		// A first segment may be a stage's name or the beginning of a route of $default.
		if items[0]["producer"] != producer || items[0]["api_id"] != "anh066l1wf" || items[0]["stage"] != nil || first != cause {
			t.Errorf("%s %s: %v %v %v", p.Method, p.URL, items[0]["producer"], items[0]["stage"], first)
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
		"exec/k1-500-rate-exceeded":                  "lambda-throttled",
		"exec/authorizer-2023-role-not-assumable":    "role-not-assumable",
		"exec/authorizer-2023-bad-output":            "authorizer-bad-output",
		"exec/lambda-2019-500-method-not-post":       "lambda-method-not-post",
		"access/4llt-401":                            "identity-source-missing",
		"access/4llt-403-waf":                        "waf-block",
		"access/http-api-403-authorizer":             "authorizer-deny",
	} {
		doc, err := Explain(captures.Named(name).Text, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if c := doc.Requests[0].Candidates; len(c) == 0 || c[0].Cause != want || c[0].TellsApart == "" || c[0].Why == "" {
			t.Errorf("%s: %+v, want %s", name, c, want)
		}
	}
}
