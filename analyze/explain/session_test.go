package explain

import (
	"fmt"
	"strings"
	"testing"
)

// A session asks for one address after another, and each answer belongs to the
// command above it.
func TestNextCommand(t *testing.T) {
	const host = "https://abcdefghij.execute-api.eu-west-1.amazonaws.com"
	answer := "HTTP/2 403 \ncontent-type: application/json\nx-amzn-requestid: 2b9c8640-30be-4853-bd1b-d3fb0442e3e4\nx-amzn-errortype: MissingAuthenticationTokenException\n\n{\"message\":\"Missing Authentication Token\"}\n"
	for name, between := range map[string]string{
		"at once":     "",
		"after prose": "\nand with the other stage:\n\n",
	} {
		t.Run(name, func(t *testing.T) {
			_, items := explainJSON(t, []byte("$ curl -i "+host+"/dev/users\n"+answer+between+"me@host:~$ curl -i -X POST "+host+"/prod/orders\n"+answer), Options{})
			if len(items) != 2 {
				t.Fatalf("%d items", len(items))
			}
			for i, want := range []map[string]any{
				{"stage": "dev", "resource_path": "/users", "http_method": nil},
				{"stage": "prod", "resource_path": "/orders", "http_method": "POST"},
			} {
				for field, value := range want {
					if items[i][field] != value {
						t.Errorf("item %d: %s %v, want %v", i, field, items[i][field], value)
					}
				}
			}
		})
	}
}

// What is told of an answer names who made it, and no cause that it contradicts.
func TestFirstCause(t *testing.T) {
	const url = "https://abcdefghij.execute-api.eu-west-1.amazonaws.com"
	for name, test := range map[string]struct{ input, cause string }{
		"curl, client certificate": {"$ curl -i https://api.example.com/pets\ncurl: (56) OpenSSL SSL_read: error:0A00045C:SSL routines::tlsv13 alert certificate required, errno 0\n", "mutual-tls"},
		"Go, client certificate":   {"Get \"https://api.example.com/pets\": remote error: tls: certificate required\n", "mutual-tls"},
		"Java, client certificate": {"GET https://api.example.com/pets\njavax.net.ssl.SSLHandshakeException: Received fatal alert: bad_certificate\n", "mutual-tls"},
		"Python, dictionary":       {">>> r = requests.get('" + url + "/prod/find')\n>>> r.status_code\n403\n>>> r.json()\n{'message': 'Missing Authentication Token'}\n", "unmatched-route"},
		"preflight without effect": {"$ curl -i -X OPTIONS -H 'Origin: https://shop.example.com' -H 'Access-Control-Request-Method: PUT' " + url + "/items\nHTTP/2 204 \ndate: Tue, 03 Nov 2026 10:11:12 GMT\napigw-requestid: QkXyZHb1oAMEJcw=\n\n", "cors-header-missing"},
		"redirect to https":        {"$ curl -si http://api.example.com/pets\nHTTP/1.1 301 Moved Permanently\nServer: CloudFront\nLocation: https://api.example.com/pets\nX-Cache: Redirect from cloudfront\n\n", "redirect-to-https"},
		"handshake refused":        {"$ wscat -c wss://abcdefghij.execute-api.eu-west-1.amazonaws.com/prod\nerror: Unexpected server response: 403\n", "authorizer-deny"},
		"words of a deployment":    {`{"requestId":"QkXyZHb1oAMEJcw=","status":"503","integrationErrorMessage":"The VPC link is not available","routeKey":"ANY /svc/{proxy+}"}`, "vpc-link"},
	} {
		t.Run(name, func(t *testing.T) {
			_, items := explainJSON(t, []byte(test.input), Options{})
			if len(items) != 1 {
				t.Fatalf("%d items", len(items))
			}
			if first := items[0]["candidates"].([]any)[0].(map[string]any); first["cause"] != test.cause {
				t.Errorf("%v, want %s", first, test.cause)
			}
		})
	}
}

// An answer that the gateway makes of the integration's is not told as one for
// which no integration was called.
func TestAnsweredBehind(t *testing.T) {
	const id = "(2b9c8640-30be-4853-bd1b-d3fb0442e3e4) "
	doc, err := Explain([]byte(id+"Execution failed due to configuration error: No match for output mapping and no default output mapping configured. Endpoint Response Status Code: 200\n"+id+"Method completed with status: 500\n"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := doc.Text(&b); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "was not called") {
		t.Error(b.String())
	}
}

// Failures that come on one side of a canary alone name it, and those of both sides do not.
func TestFailuresOfTheCanary(t *testing.T) {
	for name, tt := range map[string]struct {
		fails func(canary bool, i int) bool
		want  bool
	}{
		"of the canary": {func(canary bool, _ int) bool { return canary }, true},
		"of both":       {func(_ bool, i int) bool { return i%7 == 0 }, false},
		"too few":       {func(canary bool, i int) bool { return canary && i < 10 }, false},
	} {
		var log strings.Builder
		for i := range 60 {
			status, canary := 200, i%5 == 0
			if tt.fails(canary, i) {
				status = 502
			}
			fmt.Fprintf(&log, "{\"requestId\":\"11111111-2222-4333-8444-%012d\",\"status\":\"%d\",\"isCanaryRequest\":\"%t\",\"httpMethod\":\"GET\",\"resourcePath\":\"/orders\"}\n", i, status, canary)
		}
		doc, err := Explain([]byte(log.String()), Options{})
		if err != nil {
			t.Fatal(err)
		}
		got := false
		for _, g := range doc.Groups {
			got = got || g.Cause != nil && *g.Cause == "canary-split"
		}
		if got != tt.want {
			t.Errorf("%s: the canary is named: %t", name, got)
		}
	}
}

// One request, repeated, that is answered in more ways than one: each is told, and what
// measures them.
func TestStatusesThatWaver(t *testing.T) {
	const url = "https://abcdefghij.execute-api.eu-west-1.amazonaws.com/prod/orders"
	answer := func(status string) string {
		return "$ curl -i " + url + "\nHTTP/2 " + status + " \ncontent-type: application/json\n\n{}\n"
	}
	for name, input := range map[string]string{
		"statuses of a loop": "$ for i in {1..4}; do curl -s -o /dev/null -w \"%{http_code}\\n\" " + url + "; done\n200\n200\n403\n200\n",
		"two answers":        answer("200") + answer("403"),
	} {
		_, items := explainJSON(t, []byte(input), Options{})
		if len(items) != 2 || items[0]["status"] != 200. || items[1]["status"] != 403. || items[1]["next"] != "stageprobe check '"+url+"'" {
			t.Errorf("%s: %v", name, items)
		}
	}
}
