package sign_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"stageprobe/probe"
	"stageprobe/probe/sign"
)

// The credentials of AWS's published Signature Version 4 test suite.
const (
	suiteKey    = "AKIDEXAMPLE"
	suiteSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
)

// signature computes a Signature Version 4 from a canonical request by the
// published recipe, apart from the SDK.
func signature(secret, date, region, service, canonical string) string {
	mac := func(key []byte, text string) []byte {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(text))
		return h.Sum(nil)
	}
	sum := sha256.Sum256([]byte(canonical))
	scope := date[:8] + "/" + region + "/" + service + "/aws4_request"
	key := []byte("AWS4" + secret)
	for _, part := range []string{date[:8], region, service, "aws4_request"} {
		key = mac(key, part)
	}
	return hex.EncodeToString(mac(key, "AWS4-HMAC-SHA256\n"+date+"\n"+scope+"\n"+hex.EncodeToString(sum[:])))
}

func TestTheRecipeMatchesThePublishedVector(t *testing.T) {
	empty := sha256.Sum256(nil)
	canonical := "GET\n/\n\nhost:example.amazonaws.com\nx-amz-date:20150830T123600Z\n\nhost;x-amz-date\n" + hex.EncodeToString(empty[:])
	got := signature(suiteSecret, "20150830T123600Z", "us-east-1", "service", canonical)
	if want := "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"; got != want { // get-vanilla
		t.Fatalf("got %s, want %s", got, want)
	}
}

// canonical rebuilds the canonical request from what arrived at a server.
func canonical(r *http.Request, body []byte, signed []string) string {
	var path strings.Builder
	for i, segment := range strings.Split(r.URL.EscapedPath(), "/") {
		if i > 0 {
			path.WriteByte('/')
		}
		path.WriteString(strings.ReplaceAll(url.QueryEscape(segment), "+", "%20")) // escaped a second time
	}
	values := r.URL.Query()
	for _, v := range values {
		slices.Sort(v)
	}
	query := strings.ReplaceAll(values.Encode(), "+", "%20")
	var headers strings.Builder
	for _, name := range signed {
		value := r.Header.Get(name)
		switch name {
		case "host":
			value = r.Host
		case "content-length":
			value = fmt.Sprint(r.ContentLength)
		}
		headers.WriteString(name + ":" + value + "\n")
	}
	sum := sha256.Sum256(body)
	return strings.Join([]string{r.Method, path.String(), query, headers.String(), strings.Join(signed, ";"), hex.EncodeToString(sum[:])}, "\n")
}

func TestSigV4IsAcceptedByWhoRecomputesIt(t *testing.T) {
	at := time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)
	for _, tt := range []struct {
		name, region, token string
		target              probe.Target
		scenario            probe.Scenario
	}{
		{"plain", "eu-west-1", "", probe.Target{Region: "eu-west-1"}, probe.Scenario{Method: "GET", Path: "/prod/orders"}},
		{"session token, region of the flag", "us-gov-west-1", "tok/en+==", probe.Target{}, probe.Scenario{Method: "GET", Path: "/a%20b/%C3%A9", Query: "z=1&a=x%20y&a=b"}},
		{"with a body", "eu-west-1", "", probe.Target{Region: "eu-west-1"}, probe.Scenario{Method: "POST", Unsafe: true, Path: "/x", Body: []byte(`{"a":1}`), Header: []probe.Header{{Name: "Content-Type", Value: "application/json"}}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				auth := r.Header.Get("Authorization")
				_, list, _ := strings.Cut(auth, "SignedHeaders=")
				list, given, _ := strings.Cut(list, ", Signature=")
				signed := strings.Split(list, ";")
				want := signature(suiteSecret, r.Header.Get("X-Amz-Date"), tt.region, "execute-api", canonical(r, body, signed))
				scope := "Credential=" + suiteKey + "/20260506/" + tt.region + "/execute-api/aws4_request"
				switch {
				case given != want || !strings.Contains(auth, scope):
					http.Error(w, "signature "+auth, http.StatusForbidden)
				case r.Header.Get("X-Amz-Date") != "20260506T070809Z":
					http.Error(w, "date "+r.Header.Get("X-Amz-Date"), http.StatusForbidden)
				case r.Header.Get("X-Amz-Security-Token") != tt.token || tt.token != "" && !slices.Contains(signed, "x-amz-security-token"):
					http.Error(w, "token", http.StatusForbidden)
				case slices.Contains(signed, "accept-encoding") || slices.Contains(signed, "user-agent"):
					http.Error(w, "signed what a proxy may rewrite: "+list, http.StatusForbidden)
				case r.URL.RawQuery != tt.scenario.Query:
					http.Error(w, "query "+r.URL.RawQuery, http.StatusForbidden)
				}
			}))
			defer srv.Close()
			target, s := tt.target, tt.scenario
			target.ID, target.URL, s.Name = "t", srv.URL, "s"
			e := &probe.Engine{Mint: true, Sign: sign.SigV4(t.Context(), credentials.NewStaticCredentialsProvider(suiteKey, suiteSecret, tt.token),
				"us-gov-west-1", func() time.Time { return at })}
			once(t, e, target, s)
		})
	}
}

// once sends one request and wants 200.
func once(t *testing.T, e *probe.Engine, target probe.Target, s probe.Scenario) {
	t.Helper()
	p := &probe.Plan{Targets: []probe.Target{target}, Scenarios: []probe.Scenario{s}, Requests: 1, Rate: 100, Workers: 1}
	sent := 0
	for o, err := range e.Run(t.Context(), p, single{&sent}) {
		if err != nil {
			t.Fatal(err)
		}
		if o.Status != 200 {
			t.Errorf("%s %d %s %s", o.Outcome, o.Status, o.Err, o.Body)
		}
	}
	if sent == 0 {
		t.Error("nothing was sent")
	}
}

type single struct{ sent *int }

func (s single) Next(time.Time, uint64) (probe.Choice, bool) {
	*s.sent++
	return probe.Choice{}, *s.sent == 1
}

func TestSigV4SaysWhatItLacks(t *testing.T) {
	req := httptest.NewRequest("GET", "https://example.com/", nil)
	known := credentials.NewStaticCredentialsProvider(suiteKey, suiteSecret, "")
	err := sign.SigV4(t.Context(), known, "", nil)(&probe.Target{ID: "abc/prod"}, &probe.Scenario{}, req)
	if err == nil || !strings.Contains(err.Error(), "--region") {
		t.Errorf("without a region: %v", err)
	}
	none := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return aws.Credentials{}, errors.New("none found") })
	err = sign.SigV4(t.Context(), none, "us-east-1", nil)(&probe.Target{}, &probe.Scenario{}, req)
	if err == nil || !strings.Contains(err.Error(), "none found; check --profile") {
		t.Errorf("without credentials: %v", err)
	}
}

func TestDecorators(t *testing.T) {
	key, bearer := sign.APIKey(sign.Plain("k1")), sign.Bearer(sign.Plain("t1"))
	both := sign.All(key, bearer, sign.Header("X-Tenant", sign.Plain("smoke")))
	for _, tt := range []struct {
		d    sign.Decorator
		auth probe.AuthKind
		want string
	}{
		{key, "", "k1||"},
		{bearer, "", "|Bearer t1|"},
		{both, "", "k1|Bearer t1|smoke"},
	} {
		req := httptest.NewRequest("GET", "https://example.com/", nil)
		req.Header.Set("X-Tenant", "")
		err := tt.d(&probe.Target{}, &probe.Scenario{Auth: tt.auth}, req)
		got := strings.Join([]string{req.Header.Get("x-api-key"), req.Header.Get("Authorization"), req.Header.Get("X-Tenant")}, "|")
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, tt.want) || err == nil && got != tt.want {
			t.Errorf("auth %q: %q, want %q", tt.auth, got, tt.want)
		}
	}
}

func TestResolve(t *testing.T) {
	t.Setenv("PROBE_KEY", "hush")
	t.Setenv("PROBE_EMPTY", "")
	path := filepath.Join(t.TempDir(), "key")
	blank := filepath.Join(t.TempDir(), "blank")
	for name, content := range map[string]string{path: "hush\r\n", blank: "\n"} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, spec := range []string{"env:PROBE_KEY", "file:" + path, "hush"} {
		s, err := sign.Resolve(spec)
		if err != nil || s.Reveal() != "hush" {
			t.Errorf("%s: %q, %v", spec, s.Reveal(), err)
		}
		asJSON, _ := json.Marshal(map[string]any{"s": s})
		for _, out := range []string{fmt.Sprint(s), fmt.Sprintf("%v %+v %#v %q", s, s, s, s), fmt.Sprintf("%v", struct{ S sign.Secret }{s}), string(asJSON), s.LogValue().String()} {
			if strings.Contains(out, "hush") || !strings.Contains(out, "***") {
				t.Errorf("prints as %s", out)
			}
		}
	}
	for spec, want := range map[string]string{
		"env:": "names no variable", "env:PROBE_NONE": "PROBE_NONE is not set", "env:PROBE_EMPTY": "PROBE_EMPTY is empty",
		"file:" + path + "x": "no such file", "file:" + blank: "is empty",
	} {
		if _, err := sign.Resolve(spec); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", spec, err)
		}
	}
	if _, err := sign.ResolveReference("hush"); err == nil || strings.Contains(err.Error(), "hush") {
		t.Errorf("a bare value: %v", err)
	}
	if s, err := sign.ResolveReference("env:PROBE_KEY"); err != nil || s.Reveal() != "hush" {
		t.Errorf("a reference: %v", err)
	}
}

func TestClientCertificate(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: keyDER})...)
	path := filepath.Join(t.TempDir(), "both.pem")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if cert, err := sign.ClientCertificate(path, ""); err != nil || len(cert.Certificate) != 1 {
		t.Errorf("one file: %v", err)
	}
	if _, err := sign.ClientCertificate(path, path+"x"); err == nil || !strings.Contains(err.Error(), "--cert and --key") {
		t.Errorf("no key: %v", err)
	}
}
