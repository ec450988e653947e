package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

// TestCatchAll: what answers to any name is no stage, however alike its answers are, and
// no backend of one, however it fails.
func TestCatchAll(t *testing.T) {
	t.Parallel()
	b := open(t, load(t, "healthy"))
	answers := func(header map[string]string, fails ...int64) string {
		var n atomic.Int64
		srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			k := n.Add(1)
			if slices.Contains(fails, k%10) {
				w.Header().Set("Server", "nginx")
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			if header["x-amzn-RequestId"] != "" {
				w.Header().Set("x-amzn-RequestId", fmt.Sprintf("7d0f0b0a-58f3-4d6c-9d0a-%012d", k))
			}
			for name, value := range header {
				if w.Header().Get(name) != "" {
					continue
				}
				w.Header().Set(name, value)
			}
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`{"ok":true}`))
		}))
		t.Cleanup(srv.Close)
		return srv.Listener.Addr().String()
	}
	gateway := map[string]string{"x-amzn-RequestId": "7d0f0b0a-58f3-4d6c-9d0a-0c9b4b1c2d3e", "x-amz-apigw-id": "AbcDEFGhijKLMno="}
	server := map[string]string{"Server": "BaseHTTP/0.6 Python/3.12"}
	asGateway, asServer := answers(gateway), answers(server)
	for url, c := range map[string]struct {
		at, says string
	}{
		"https://orders7x2a.execute-api.us-east-1.amazonaws.com/stagin/orders": {asGateway, `no stage "stagin"`},
		"https://zzz98765yy.execute-api.us-east-1.amazonaws.com/prod/orders":   {asGateway, "no API zzz98765yy"},
		"https://nowhere.example.com/orders":                                   {asServer, "and not API Gateway"},
		"https://orders7x2a.execute-api.us-east-1.amazonaws.com/stage/orders":  {answers(gateway, 1, 4, 8), `no stage "stage"`},
		"https://zzz98765xx.execute-api.us-east-1.amazonaws.com/prod/orders":   {answers(server, 1, 4, 8), "no API zzz98765xx"},
		"https://elsewhere.example.com/orders":                                 {answers(server, 1, 4, 8), "and not API Gateway"},
		"https://behind.example.com/orders":                                    {answers(gateway, 1, 4, 8), "why something else than API Gateway answers a part of the requests"},
	} {
		host, _, _ := strings.Cut(strings.TrimPrefix(url, "https://"), "/")
		args := []string{"check", url, "--connect-to", host + ":443=" + c.at, "--insecure", "--min-share", "0.1", "--rate", "300", "--log-wait", "1s", "--logs", "off", "-q"}
		code, out, errs := b.run(t, slices.Concat(args, b.reach())...)
		out = strings.Join(strings.Fields(out), " ")
		if code != 3 || strings.Contains(out, "flaky-backend") || !strings.Contains(out, "whose answers these are: ") && !strings.Contains(c.says, "why something else") || !strings.Contains(out, c.says) {
			t.Errorf("%s: exit code %d\n%s\n%s", url, code, out, errs)
		}
	}
}
