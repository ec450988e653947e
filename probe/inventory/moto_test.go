package inventory

import (
	"context"
	"net"
	"net/http"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	resttypes "github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	httptypes "github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	"github.com/google/go-cmp/cmp"

	"stageprobe/probe"
)

// clients talk to any endpoint with the real SDK over a real socket.
func clients(endpoint string) (*apigateway.Client, *apigatewayv2.Client) {
	cfg := aws.Config{
		Region: "eu-west-1", BaseEndpoint: &endpoint, Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
	}
	return apigateway.NewFromConfig(cfg), apigatewayv2.NewFromConfig(cfg)
}

// startMoto starts moto_server on a free port and waits until it answers.
func startMoto(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("moto_server")
	if err != nil {
		t.Skip("moto_server is not on PATH (pip install 'moto[server]')")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "-H", "127.0.0.1", "-p", strconv.Itoa(port))
	if err := cmd.Start(); err != nil {
		t.Skipf("moto_server does not start: %v", err)
	}
	exited := make(chan struct{})
	go func() { _ = cmd.Wait(); close(exited) }() // how it ends is seen by the polling below
	t.Cleanup(func() { _ = cmd.Process.Kill(); <-exited })
	url := "http://127.0.0.1:" + strconv.Itoa(port)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		req, _ := http.NewRequestWithContext(ctx, http.MethodGet, url+"/moto-api/", nil)
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			_ = resp.Body.Close()
			return url
		}
		select {
		case <-exited:
			t.Skip("moto_server ended at once: its server extras may be missing")
		case <-ctx.Done():
			t.Fatalf("moto_server does not answer: %v", err)
		case <-time.After(50 * time.Millisecond): // a process of its own has no event to wait for
		}
	}
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestReadsWhatMotoWasGiven(t *testing.T) {
	rest, http2 := clients(startMoto(t))
	ctx := t.Context()
	api := must(rest.CreateRestApi(ctx, &apigateway.CreateRestApiInput{Name: aws.String("orders")}))(t)
	root := must(rest.GetResources(ctx, &apigateway.GetResourcesInput{RestApiId: api.Id}))(t).Items[0].Id
	res := must(rest.CreateResource(ctx, &apigateway.CreateResourceInput{RestApiId: api.Id, ParentId: root, PathPart: aws.String("orders")}))(t)
	must(rest.PutMethod(ctx, &apigateway.PutMethodInput{RestApiId: api.Id, ResourceId: res.Id, HttpMethod: aws.String("GET"), AuthorizationType: aws.String("NONE")}))(t)
	must(rest.PutIntegration(ctx, &apigateway.PutIntegrationInput{RestApiId: api.Id, ResourceId: res.Id, HttpMethod: aws.String("GET"),
		Type: resttypes.IntegrationTypeHttpProxy, IntegrationHttpMethod: aws.String("GET"), Uri: aws.String("https://${stageVariables.backend}/orders")}))(t)
	one := must(rest.CreateDeployment(ctx, &apigateway.CreateDeploymentInput{RestApiId: api.Id, StageName: aws.String("prod"), Description: aws.String("first")}))(t)
	two := must(rest.CreateDeployment(ctx, &apigateway.CreateDeploymentInput{RestApiId: api.Id, StageName: aws.String("dev"), Variables: map[string]string{"backend": "dev.example.com"}}))(t)
	must(rest.CreateDomainName(ctx, &apigateway.CreateDomainNameInput{DomainName: aws.String("api.example.com"), CertificateName: aws.String("c")}))(t)
	must(rest.CreateBasePathMapping(ctx, &apigateway.CreateBasePathMappingInput{DomainName: aws.String("api.example.com"), RestApiId: api.Id, Stage: aws.String("dev"), BasePath: aws.String("v1")}))(t)
	plain := must(http2.CreateApi(ctx, &apigatewayv2.CreateApiInput{Name: aws.String("plain"), ProtocolType: httptypes.ProtocolTypeHttp}))(t)
	must(http2.CreateStage(ctx, &apigatewayv2.CreateStageInput{ApiId: plain.ApiId, StageName: aws.String("$default"), AutoDeploy: aws.Bool(true)}))(t)

	r := &Reader{REST: rest, HTTP: http2}
	snap, err := r.Read(ctx, Selection{All: true, Depth: Full})
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range snap.Gaps {
		t.Logf("gap: %s %s: %s", g.Subject, g.Operation, g.Err)
	}
	got := snap.API(*api.Id)
	if got == nil || got.Kind != probe.REST || got.Stage("prod") == nil || got.Stage("dev") == nil {
		t.Fatalf("REST API as read: %+v", got)
	}
	if id := got.Stage("prod").DeploymentID; id != *one.Id {
		t.Errorf("prod serves %s, made was %s", id, *one.Id)
	}
	if d := got.Deployment(*one.Id); d == nil || d.Description != "first" || got.Deployment(*two.Id) == nil {
		t.Errorf("deployments as read: %+v", got.Deployments)
	}
	if diff := cmp.Diff(map[string]string{"backend": "dev.example.com"}, got.Stage("dev").Variables); diff != "" {
		t.Errorf("variables of dev: %s", diff)
	}
	want := []probe.Mapping{{BasePath: "v1", APIID: *api.Id, Stage: "dev"}}
	if diff := cmp.Diff(want, snap.Domain("api.example.com").Mappings); diff != "" {
		t.Errorf("mappings: %s", diff)
	}
	if h := snap.API(*plain.ApiId); h == nil || h.Kind != probe.HTTP || h.Stage("$default") == nil || !h.Stage("$default").AutoDeploy {
		t.Errorf("HTTP API as read: %+v", h)
	}

	one1, err := r.Read(ctx, Selection{APIs: []string{*api.Id, *plain.ApiId, "nosuchapi0"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(one1.APIs) != 2 || one1.Domain("api.example.com") == nil {
		t.Errorf("by id: %d APIs, domains %+v", len(one1.APIs), one1.Domains)
	}
	for _, g := range one1.Gaps {
		t.Logf("gap: %s %s: %s", g.Subject, g.Operation, g.Err)
	}
}
