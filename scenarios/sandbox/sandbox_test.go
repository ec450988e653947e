package sandbox_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"stageprobe/scenarios/sandbox"
)

// gateway is a running world with the clients that tests meet it through.
type gateway struct {
	*sandbox.Server
	t *testing.T
}

func start(t *testing.T, w *sandbox.World, o sandbox.Options) gateway {
	t.Helper()
	s, err := sandbox.Start(w, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return gateway{s, t}
}

func startNamed(t *testing.T, name string) gateway {
	t.Helper()
	w, err := sandbox.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	return start(t, w, sandbox.Options{Seed: 1})
}

func startYAML(t *testing.T, text string) gateway {
	t.Helper()
	return start(t, parse(t, text), sandbox.Options{Seed: 1})
}

func parse(t *testing.T, text string) *sandbox.World {
	t.Helper()
	w, err := sandbox.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (g gateway) config() aws.Config {
	url := g.ControlURL()
	return aws.Config{
		Region: "us-east-1", BaseEndpoint: &url,
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		Retryer:     brokenOnly,
	}
}

// brokenOnly asks again where the connection broke, so that every refusal is
// seen at once. The SDK breaks it itself where an answer comes before it has
// seen the end of the request's body, as can happen on loopback: its closed body
// ends in io.EOF as an error, and net/http closes the connection.
func brokenOnly() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.Retryables = []retry.IsErrorRetryable{retry.RetryableConnectionError{}}
		o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
	})
}

func (g gateway) rest() *apigateway.Client       { return apigateway.NewFromConfig(g.config()) }
func (g gateway) v2() *apigatewayv2.Client       { return apigatewayv2.NewFromConfig(g.config()) }
func (g gateway) trail() *cloudtrail.Client      { return cloudtrail.NewFromConfig(g.config()) }
func (g gateway) cwlogs() *cloudwatchlogs.Client { return cloudwatchlogs.NewFromConfig(g.config()) }

// client reaches the data plane under any host's name.
func (g gateway) client(http2 bool) *http.Client {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(g.CACert())
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, g.DataAddr())
	}
	tr := &http.Transport{DialContext: dial, TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: http2, DisableCompression: true}
	g.t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: 10 * time.Second}
}

type reply struct {
	status int
	header http.Header
	body   string
	proto  string
}

// send sends "METHOD url" with headers given as "name: value".
func (g gateway) send(c *http.Client, request, body string, headers ...string) reply {
	g.t.Helper()
	method, url, _ := strings.Cut(request, " ")
	r, err := http.NewRequestWithContext(g.t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		g.t.Fatal(err)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	resp, err := c.Do(r)
	if err != nil {
		g.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		g.t.Fatal(err)
	}
	return reply{resp.StatusCode, resp.Header, string(text), resp.Proto}
}

func (g gateway) get(url string, headers ...string) reply {
	g.t.Helper()
	return g.send(g.client(true), "GET "+url, "", headers...)
}
