package cli

import (
	"bytes"
	"strings"
	"testing"

	"stageprobe/probe/redact"
)

// TestWebhookOfTheTargetsHost: what a webhook's URL holds is secret, but not the host,
// which may be a target's.
func TestWebhookOfTheTargetsHost(t *testing.T) {
	known := &redact.Redactor{}
	learnHook(known, "https://bot:pass-93kq@api.example.com:8443/services/T0AB12CD9/hook?sig=Zk81hqLm")
	for text, want := range map[string]string{
		"to https://api.example.com:8443":          "to https://api.example.com:8443",
		"https://api.example.com:8443/prod/orders": "https://api.example.com:8443/prod/orders",
		"posted to /services/T0AB12CD9/hook":       "posted to /***/***/hook",
		"sig=Zk81hqLm by pass-93kq":                "sig=*** by ***",
		"https://bot:pass-93kq@api.example.com:8443/services/T0AB12CD9/hook?sig=Zk81hqLm refused": "*** refused",
	} {
		if got := known.String(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestAllSecretsOnTheCommandLineAreNamed(t *testing.T) {
	var out bytes.Buffer
	s := Streams{Err: &out, args: []string{"check", "-H", "Authorization: Bearer x", "-HCookie: a=b", "--api-key=k", "-H", "x-api-key: env:KEY", "-H", "Accept: */*"}}
	s.warnOfSecrets()
	if got := out.String(); !strings.HasPrefix(got, "warning: -H Authorization, -H Cookie and --api-key hold secrets") || strings.Count(got, "\n") != 1 {
		t.Error(got)
	}
}
