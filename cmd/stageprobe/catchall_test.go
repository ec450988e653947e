package main

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// TestCatchAll: what answers to any name is no stage, however alike its answers are.
func TestCatchAll(t *testing.T) {
	t.Parallel()
	b := open(t, load(t, "healthy"))
	answers := func(header map[string]string) string {
		srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for name, value := range header {
				w.Header().Set(name, value)
			}
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`{"ok":true}`))
		}))
		t.Cleanup(srv.Close)
		return srv.Listener.Addr().String()
	}
	asGateway := answers(map[string]string{"x-amzn-RequestId": "7d0f0b0a-58f3-4d6c-9d0a-0c9b4b1c2d3e", "x-amz-apigw-id": "AbcDEFGhijKLMno="})
	asServer := answers(map[string]string{"Server": "BaseHTTP/0.6 Python/3.12"})
	for url, c := range map[string]struct {
		at, says string
	}{
		"https://orders7x2a.execute-api.us-east-1.amazonaws.com/stagin/orders": {asGateway, `no stage "stagin"`},
		"https://zzz98765yy.execute-api.us-east-1.amazonaws.com/prod/orders":   {asGateway, "no API zzz98765yy"},
		"https://nowhere.example.com/orders":                                   {asServer, "and not API Gateway"},
	} {
		host, _, _ := strings.Cut(strings.TrimPrefix(url, "https://"), "/")
		args := []string{"check", url, "--connect-to", host + ":443=" + c.at, "--insecure", "--min-share", "0.1", "--rate", "300", "--log-wait", "1s", "--logs", "off", "-q"}
		code, out, errs := b.run(t, slices.Concat(args, b.reach())...)
		out = strings.Join(strings.Fields(out), " ")
		if code != 3 || !strings.Contains(out, "whose answers these are: ") || !strings.Contains(out, c.says) {
			t.Errorf("%s: exit code %d\n%s\n%s", url, code, out, errs)
		}
	}
}
