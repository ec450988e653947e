package address_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stageprobe/probe"
	"stageprobe/probe/address"
)

func TestParseURL(t *testing.T) {
	for _, tt := range []struct {
		raw  string
		want address.Address
	}{
		{"https://abc123.execute-api.us-east-1.amazonaws.com/dev/orders/7?limit=1#top", address.Address{
			Scheme: "https", Host: "abc123.execute-api.us-east-1.amazonaws.com", Kind: address.AddressExecuteAPI,
			Region: "us-east-1", Partition: "aws", APIID: "abc123", Base: "https://abc123.execute-api.us-east-1.amazonaws.com",
			Segments: []string{"dev", "orders", "7"}, First: "dev", Path: "/dev/orders/7", Query: "limit=1",
		}},
		{" <ABC123.execute-api.eu-west-1.amazonaws.com:443> ", address.Address{
			Scheme: "https", Host: "abc123.execute-api.eu-west-1.amazonaws.com", Port: "443", Kind: address.AddressExecuteAPI,
			Region: "eu-west-1", Partition: "aws", APIID: "abc123", Base: "https://abc123.execute-api.eu-west-1.amazonaws.com:443",
		}},
		{"https://abc123.execute-api.cn-north-1.amazonaws.com.cn/prod", address.Address{
			Scheme: "https", Host: "abc123.execute-api.cn-north-1.amazonaws.com.cn", Kind: address.AddressExecuteAPI,
			Region: "cn-north-1", Partition: "aws-cn", APIID: "abc123", Base: "https://abc123.execute-api.cn-north-1.amazonaws.com.cn",
			Segments: []string{"prod"}, First: "prod", Path: "/prod",
		}},
		{"https://abc123.execute-api.us-gov-west-1.amazonaws.com/prod/", address.Address{
			Scheme: "https", Host: "abc123.execute-api.us-gov-west-1.amazonaws.com", Kind: address.AddressExecuteAPI,
			Region: "us-gov-west-1", Partition: "aws-us-gov", APIID: "abc123", Base: "https://abc123.execute-api.us-gov-west-1.amazonaws.com",
			Segments: []string{"prod"}, First: "prod", Path: "/prod/",
		}},
		{"https://abc123-vpce-0a1b2c3d.execute-api.us-east-1.amazonaws.com/prod", address.Address{
			Scheme: "https", Host: "abc123-vpce-0a1b2c3d.execute-api.us-east-1.amazonaws.com", Kind: address.AddressExecuteAPI,
			Region: "us-east-1", Partition: "aws", APIID: "abc123", VPCEndpoint: "vpce-0a1b2c3d",
			Base:     "https://abc123-vpce-0a1b2c3d.execute-api.us-east-1.amazonaws.com",
			Segments: []string{"prod"}, First: "prod", Path: "/prod",
		}},
		{"https://vpce-0a1b2c3d-xyz-us-east-1a.execute-api.us-east-1.vpce.amazonaws.com/prod", address.Address{
			Scheme: "https", Host: "vpce-0a1b2c3d-xyz-us-east-1a.execute-api.us-east-1.vpce.amazonaws.com", Kind: address.AddressVPCE,
			Region: "us-east-1", Partition: "aws", VPCEndpoint: "vpce-0a1b2c3d",
			Base:     "https://vpce-0a1b2c3d-xyz-us-east-1a.execute-api.us-east-1.vpce.amazonaws.com",
			Segments: []string{"prod"}, First: "prod", Path: "/prod",
		}},
		{"https://d-a1b2c3.execute-api.us-east-1.amazonaws.com/v1", address.Address{
			Scheme: "https", Host: "d-a1b2c3.execute-api.us-east-1.amazonaws.com", Kind: address.AddressRegional,
			Region: "us-east-1", Partition: "aws", Base: "https://d-a1b2c3.execute-api.us-east-1.amazonaws.com",
			Segments: []string{"v1"}, First: "v1", Path: "/v1",
		}},
		{"api.example.com./v1//a%2Fb", address.Address{
			Scheme: "https", Host: "api.example.com", Kind: address.AddressCustom, Base: "https://api.example.com.",
			Segments: []string{"v1", "a%2Fb"}, First: "v1", Path: "/v1//a%2Fb",
		}},
		{"http://localhost:4566/_aws/execute-api/abc123/dev/orders?x=1", address.Address{
			Scheme: "http", Host: "localhost", Port: "4566", Kind: address.AddressEmulator, APIID: "abc123", Emulator: true,
			Base: "http://localhost:4566/_aws/execute-api/abc123/dev", Stage: "dev",
			Segments: []string{"orders"}, First: "orders", Path: "/orders", Query: "x=1",
		}},
		{"http://localhost:4566/restapis/abc123/dev/_user_request_/orders", address.Address{
			Scheme: "http", Host: "localhost", Port: "4566", Kind: address.AddressEmulator, APIID: "abc123", Emulator: true,
			Base: "http://localhost:4566/restapis/abc123/dev/_user_request_", Stage: "dev",
			Segments: []string{"orders"}, First: "orders", Path: "/orders",
		}},
		{"abc123.execute-api.localhost.localstack.cloud:4566/dev", address.Address{
			Scheme: "http", Host: "abc123.execute-api.localhost.localstack.cloud", Port: "4566", Kind: address.AddressEmulator,
			APIID: "abc123", Emulator: true, Base: "http://abc123.execute-api.localhost.localstack.cloud:4566",
			Segments: []string{"dev"}, First: "dev", Path: "/dev",
		}},
		{"http://[::1]:3000/orders", address.Address{
			Scheme: "http", Host: "::1", Port: "3000", Kind: address.AddressCustom, Base: "http://[::1]:3000",
			Segments: []string{"orders"}, First: "orders", Path: "/orders",
		}},
	} {
		got, err := address.ParseURL(tt.raw)
		if err != nil {
			t.Errorf("%s: %v", tt.raw, err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s:\n%s", tt.raw, diff)
		}
	}
}

func TestParseURLRefuses(t *testing.T) {
	for raw, want := range map[string]string{
		"":                             "no host name",
		"https:///dev":                 "no host name",
		"not-a-url":                    "neither a URL nor",
		"http://https://a.example/x":   "names its scheme twice",
		"orders/7":                     "neither a URL nor",
		"wss://abc/dev":                "WebSocket",
		"ftp://abc/dev":                "scheme",
		"https://me:hush@example.com/": "credentials stand before",
		"https://example.com/%zz":      "invalid URL escape",
		"https://exa mple.com/hush":    "invalid character",
	} {
		_, err := address.ParseURL(raw)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%q: got %v, want %q", raw, err, want)
		}
	}
}

func TestStageURL(t *testing.T) {
	for want, in := range map[string][4]string{
		"https://abc.execute-api.us-east-1.amazonaws.com/prod":         {"us-east-1", "", "abc", "prod"},
		"https://abc.execute-api.eu-west-1.amazonaws.com":              {"eu-west-1", "", "abc", "$default"},
		"https://abc.execute-api.cn-northwest-1.amazonaws.com.cn/prod": {"cn-northwest-1", "", "abc", "prod"},
		"https://abc.execute-api.us-gov-east-1.amazonaws.com/prod":     {"us-gov-east-1", "", "abc", "prod"},
		"https://abc.execute-api.us-iso-east-1.c2s.ic.gov/prod":        {"us-iso-east-1", "", "abc", "prod"},
		"https://abc.execute-api.us-east-1.example.test/prod":          {"us-east-1", "example.test", "abc", "prod"},
	} {
		got := address.StageURL(in[0], in[1], in[2], in[3])
		if got != want {
			t.Errorf("%v: %s, want %s", in, got, want)
		}
		if a, err := address.ParseURL(got); err != nil || in[1] == "" && (a.APIID != "abc" || a.Region != in[0]) {
			t.Errorf("%s reads as %+v, %v", got, a, err)
		}
	}
}

func FuzzParseURL(f *testing.F) {
	for _, raw := range []string{
		"https://abc123.execute-api.us-east-1.amazonaws.com/dev/a?b=c", "vpce-0a1b-x.execute-api.us-east-1.vpce.amazonaws.com/p",
		"http://localhost:4566/restapis/abc123/dev/_user_request_/x", "http://localhost:4566/restapis/abc123/dev/_user_request_Bx", "http://h/_aws/execute-api/%2e/%2F/..", "api.example.com:8443//x", "[::1]:80/",
		"bücher.example.com/x", ".\xca<#x", ".0/ ? <  ", ".0?%888 #!00", "*.example.com", "http://h/l/cv/'#x",
	} {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		a, err := address.ParseURL(raw)
		if err != nil {
			return
		}
		whole := a.Base + a.Path
		u, err := url.Parse(whole)
		if err != nil {
			t.Fatalf("%q: taken apart to %q, which is no URL: %v", raw, whole, err)
		}
		if u.Hostname() == "" || a.Host == "" || a.Path != "" && a.Path[0] != '/' {
			t.Fatalf("%q: %+v", raw, a)
		}
		again, err := address.ParseURL(whole + query(a))
		if err != nil {
			t.Fatalf("%q reads, and %q does not: %v", raw, whole, err)
		}
		if diff := cmp.Diff(a, again); diff != "" {
			t.Fatalf("%q reads otherwise put together again:\n%s", raw, diff)
		}
	})
}

func query(a address.Address) string {
	if a.Query == "" {
		return ""
	}
	return "?" + a.Query
}

func TestParseRedirect(t *testing.T) {
	for in, want := range map[string]probe.Redirect{
		"api.example.com:443=127.0.0.1:8443":       {Host: "api.example.com", Port: "443", ToHost: "127.0.0.1", ToPort: "8443"},
		"*.amazonaws.com:443=localhost:8443":       {Host: "*.amazonaws.com", Port: "443", ToHost: "localhost", ToPort: "8443"},
		"*:443=[::1]:8443":                         {Port: "443", ToHost: "::1", ToPort: "8443"},
		"*.Example.com=localhost":                  {Host: "*.example.com", ToHost: "localhost"},
		":=:8443":                                  {ToPort: "8443"},
		"example.com:443:[::1]:8443":               {Host: "example.com", Port: "443", ToHost: "::1", ToPort: "8443"},
		"d.example.com:443=d-1.execute-api.x.com:": {Host: "d.example.com", Port: "443", ToHost: "d-1.execute-api.x.com"},
	} {
		got, err := probe.ParseRedirect(in)
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v", in, got, err)
		}
	}
	for in, want := range map[string]string{
		"":                     "no =",
		"a:443":                "no =",
		"a:443=":               "right side is empty",
		"a:443=b":              "names no port",
		"a:99999=b:1":          "not a number",
		"a:443=b:x":            "not a number",
		"a.*.com:443=b:1":      "before a suffix",
		"*.:443=b:1":           "before a suffix",
		"a:443=*.b:1":          "cannot be dialled",
		"a:1:2:3=b:1":          "too many colons",
		"example.com:443:b:1:": "port",
	} {
		if _, err := probe.ParseRedirect(in); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "host:port=host:port") {
			t.Errorf("%s: got %v, want %q", in, err, want)
		}
	}
}

func FuzzParseRedirect(f *testing.F) {
	for _, s := range []string{"a:1=b:2", "*.a:=[::1]:3", "a:1:b:2", "=:1", "[::1]:443:c:"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := probe.ParseRedirect(s)
		if err != nil {
			return
		}
		if again, err := probe.ParseRedirect(r.String()); err != nil || again != r {
			t.Fatalf("%q: %+v is spelt %q, which reads %+v, %v", s, r, r.String(), again, err)
		}
	})
}

// Every partition has a suffix of its own, and every shape exists in each.
func TestPartitions(t *testing.T) {
	for region, want := range map[string]struct{ partition, suffix string }{
		"eu-west-1":      {"aws", "amazonaws.com"},
		"cn-northwest-1": {"aws-cn", "amazonaws.com.cn"},
		"us-gov-west-1":  {"aws-us-gov", "amazonaws.com"},
		"us-iso-east-1":  {"aws-iso", "c2s.ic.gov"},
		"us-isob-east-1": {"aws-iso-b", "sc2s.sgov.gov"},
		"us-isof-east-1": {"aws-iso-f", "csp.hci.ic.gov"},
		"eu-isoe-west-1": {"aws-iso-e", "cloud.adc-e.uk"},
		"eusc-de-east-1": {"aws-eusc", "amazonaws.eu"},
	} {
		if got := address.Suffix(region); got != want.suffix {
			t.Errorf("%s: suffix %s", region, got)
		}
		for host, kind := range map[string]address.Kind{
			"abc123.execute-api." + region + "." + want.suffix:                  address.AddressExecuteAPI,
			"abc123.execute-api-fips." + region + "." + want.suffix:             address.AddressExecuteAPI,
			"d-a1b2c3.execute-api." + region + "." + want.suffix:                address.AddressRegional,
			"vpce-0a1b.execute-api." + region + ".vpce." + want.suffix:          address.AddressVPCE,
			"vpce-0a1b-xyz.execute-api-fips." + region + ".vpce." + want.suffix: address.AddressVPCE,
		} {
			a, err := address.ParseURL("https://" + host + "/prod")
			if err != nil || a.Kind != kind || a.Region != region || a.Partition != want.partition {
				t.Errorf("%s: %+v, %v", host, a, err)
			}
		}
	}
}
