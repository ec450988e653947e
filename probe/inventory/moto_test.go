package inventory

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	resttypes "github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	httptypes "github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	"github.com/google/go-cmp/cmp"

	"stageprobe/probe"
	"stageprobe/scenarios/sandbox/mototest"
)

// clients talk to any endpoint with the real SDK over a real socket.
func clients(endpoint string) (*apigateway.Client, *apigatewayv2.Client) {
	cfg := aws.Config{
		Region: "eu-west-1", BaseEndpoint: &endpoint, Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
	}
	return apigateway.NewFromConfig(cfg), apigatewayv2.NewFromConfig(cfg)
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
	t.Parallel()
	rest, http2 := clients(mototest.Start(t))
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
	must(http2.CreateDomainName(ctx, &apigatewayv2.CreateDomainNameInput{DomainName: aws.String("plain.example.com"), DomainNameConfigurations: []httptypes.DomainNameConfiguration{{}}}))(t)
	must(http2.CreateApiMapping(ctx, &apigatewayv2.CreateApiMappingInput{DomainName: aws.String("plain.example.com"), ApiId: plain.ApiId, Stage: aws.String("$default")}))(t)

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
	d := snap.Domain("plain.example.com")
	if d == nil || len(d.Mappings) != 1 || d.Mappings[0].Stage != "$default" || len(d.EndpointTypes) > 0 {
		t.Errorf("domain of the HTTP API, whose endpoint type nobody said: %+v", d)
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
