package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"

	"stageprobe/analyze"
	"stageprobe/analyze/cause"
	"stageprobe/scenarios/sandbox"
	"stageprobe/scenarios/sandbox/mototest"
)

// wide is a world with one API of many routes, all of them deployed.
func wide(t testing.TB, kind string, routes int) *sandbox.World {
	t.Helper()
	var list strings.Builder
	for i := range routes {
		route := fmt.Sprintf("{backend: %q}", "orders-${stageVariables.release}")
		if kind == "REST" {
			route = []string{
				route,
				"{backend: orders, api_key: true, params: {query.limit: true, header.x-tenant: false}, validate: params}",
				`{integration: {type: MOCK, request_templates: {application/json: '{"statusCode":200}'}, responses: {"200": {templates: {application/json: '{"a":[1,"b"]}'}}}}, responses: ["200"]}`,
			}[i%3]
		}
		fmt.Fprintf(&list, "          \"%s /part%d/{id}/leaf%d\": %s\n", []string{"GET", "POST", "DELETE"}[i%3], i/7, i, route)
	}
	world, err := sandbox.Parse(fmt.Appendf(nil, `name: wide
title: many routes
apis:
  - id: wide00api1
    name: wide
    kind: %s
    definitions:
      v1:
        routes:
%s    deployments: [{id: dep001, definition: v1, age: 9d}]
    stages: {prod: {variables: {release: v1}, auto_deploy: %t}}
backends: {orders: {body: ok}, orders-v1: {body: ok}}
check: {args: [--api, wide00api1]}
`, kind, list.String(), kind == "HTTP"))
	if err != nil {
		t.Fatal(err)
	}
	return world
}

// An unchanged API of 300 routes is said to be unchanged, with nothing left
// out of the comparison.
func TestInspectUnchanged(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"REST", "HTTP"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			rep := open(t, wide(t, kind, 300)).inspect(t, "--api", "wide00api1")
			api := &rep.Config.APIs[0]
			if len(api.Pending) > 0 || len(api.Unreadable) > 0 || find(rep.Findings, cause.StaleDeployment) != nil || len(rep.Notes) > 0 {
				t.Errorf("pending %v, not compared %v, notes %v", api.Pending, api.Unreadable, rep.Notes)
			}
			if step := rep.Steps[2]; step.Status != "ok" || step.Note != "no edit waits for a deployment" {
				t.Errorf("step 3: %+v", step)
			}
		})
	}
}

// What inspect says of worlds and their twins, without a request.
func TestInspectTellsWorldsApart(t *testing.T) {
	t.Parallel()
	for world, want := range map[string]struct {
		cause   cause.ID // of the only finding; "" for none
		says    string
		pending string // "stage subject aspect"
		canary  string // its state
	}{
		"healthy":                    {},
		"edited-and-deployed":        {},
		"stage-edited":               {},
		"integration-same-address":   {pending: "prod GET /orders integration.uri"},
		"route-not-deployed":         {cause: cause.StaleDeployment, says: "made before the last edit of", pending: "prod GET /invoices added"},
		"route-removed":              {cause: cause.StaleDeployment, says: "(DeleteMethod by maria)", pending: "prod GET /health removed"},
		"authorization-edited":       {cause: cause.StaleDeployment, says: "No request was sent to confirm it", pending: "prod GET /orders authorization"},
		"http-cors-edited":           {cause: cause.AutoDeployOff, says: "Waiting: CORS.", pending: "$default CORS cors"},
		"http-cors-deployed":         {},
		"http-auto-deploy-failed":    {cause: cause.AutoDeployFailed, says: "no integration is attached to route GET /offers", pending: "$default GET /offers added"},
		"stale-canary-10":            {cause: cause.StaleCanary, says: "older than the stage's own", canary: "stale"},
		"fresh-canary":               {pending: "prod GET /orders integration.uri", canary: "rollout"},
		"canary-at-0":                {cause: cause.StaleCanary, says: "gets no traffic", canary: "inert"},
		"canary-at-100":              {cause: cause.StaleCanary, says: "gets all traffic", canary: "all-traffic"},
		"canary-promoted":            {cause: cause.StaleCanary, says: "as a promotion leaves it behind", canary: "inert"},
		"canary-variables":           {canary: "variables"},
		"two-stages-variables-drift": {cause: cause.StageConfigDrift, says: "variables.release (dev: v2, prod: v1), which can change what callers get, and nobody declared it"},
		"domain-right-stage":         {pending: "dev GET /orders integration.uri"},
		"domain-unmapped":            {cause: cause.UnmappedTarget, says: "has no base path mapping and no routing rule"},
		// The execute-api host is off on purpose: the domain is the way in.
		"default-endpoint-behind-domain": {},
	} {
		t.Run(world, func(t *testing.T) {
			t.Parallel()
			rep := open(t, load(t, world)).inspect(t, "--all")
			if (want.cause == "") != (len(rep.Findings) == 0) || want.cause != "" && rep.Findings[0].Cause != want.cause {
				t.Fatalf("findings: %v; notes: %v", rep.Verdict, rep.Notes)
			}
			if want.says != "" && !strings.Contains(rep.Findings[0].Statement, want.says) {
				t.Errorf("it says %q, and not %q", rep.Findings[0].Statement, want.says)
			}
			if len(rep.Findings) > 0 && strings.Contains(rep.Findings[0].Settles, " $") {
				t.Errorf("a shell would read more than a stage in %q", rep.Findings[0].Settles)
			}
			if step := rep.Steps[2]; want.cause == cause.UnmappedTarget && step.Status != "ok" {
				t.Errorf("step 3 asks what leads nowhere: %+v", step)
			}
			if got := pendingOf(rep); want.pending != "" && !slices.Contains(got, want.pending) || want.pending == "" && len(got) > 0 {
				t.Errorf("pending: %q, want %q", got, want.pending)
			}
			if got := canaryOf(rep); got != want.canary {
				t.Errorf("canary: %q, want %q", got, want.canary)
			}
		})
	}
}

func pendingOf(rep *analyze.Report) []string {
	var out []string
	for _, api := range rep.Config.APIs {
		for stage, list := range api.Pending {
			for _, p := range list {
				out = append(out, stage+" "+p.Subject+" "+p.Aspect)
			}
		}
	}
	return out
}

func canaryOf(rep *analyze.Report) string {
	for _, api := range rep.Config.APIs {
		for _, st := range api.Stages {
			if st.CanaryState != nil {
				return st.CanaryState.State
			}
		}
	}
	return ""
}

// Which paths of a domain reach which stage, and what stands in their way.
func TestInspectDomains(t *testing.T) {
	t.Parallel()
	for world, want := range map[string][]string{
		"routing-rules":      {"/ with x-version: beta* → dev (rule of priority 10) ", "/ with  → prod (mapping) "},
		"routing-rule-wrong": {"/ with  → dev (rule of priority 10) ", "/ with  → prod (mapping) never reached: the rule of priority 10 takes every request"},
		"domain-wrong-stage": {"/ with  → dev (mapping) "},
	} {
		t.Run(world, func(t *testing.T) {
			t.Parallel()
			rep := open(t, load(t, world)).inspect(t, "--domain", "api.example.com")
			var got []string
			for _, p := range rep.Config.Domains[0].Paths {
				got = append(got, fmt.Sprintf("%s with %s → %s (%s) %s", p.Path, p.When, p.Stage, p.By, p.Note))
			}
			if !slices.Equal(got, want) {
				t.Errorf("got  %q\nwant %q", got, want)
			}
			if d := rep.Config.Domains[0]; d.SecurityPolicy != "TLS_1_2" || !slices.Equal(d.EndpointTypes, []string{"REGIONAL"}) {
				t.Errorf("domain: %+v", d)
			}
		})
	}
}

// Text, JSON and Markdown come from one reading.
func TestInspectFormats(t *testing.T) {
	t.Parallel()
	b := open(t, load(t, "demo"))
	args := slices.Concat([]string{"inspect", "--all", "-q", "-v"}, b.reach())
	code, text, stderr := b.run(t, append(args, "--format", "text", "--format", "markdown", "-o", b.path("r.md"), "--format", "json", "-o", b.path("r.json"))...)
	if code != 0 || stderr != "" {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	for _, line := range strings.Split(text, "\n") {
		if n := len([]rune(line)); n > 80 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	for _, want := range []string{"stale: its deployment is 380 days older", "/ leads to stage dev of orders7x2a", "THE SIX STEPS", "aws apigateway update-stage"} {
		if !strings.Contains(text, want) {
			t.Errorf("the text lacks %q", want)
		}
	}
	if calls := b.Calls(); slices.ContainsFunc(calls, func(c sandbox.Call) bool { return c.Service == "logs" }) {
		t.Error("inspect read logs")
	}
}

// inspect on another maker's API Gateway reports what was made there.
func TestInspectMoto(t *testing.T) {
	t.Parallel()
	endpoint := mototest.Start(t)
	api, deployments := makeInMoto(t, endpoint)
	b := &box{dir: t.TempDir()}
	rep := b.report(t, "moto.json", []string{
		"inspect", "--all", "-q", "--endpoint-url", endpoint, "--region", "eu-west-1", "--fail-on", "error", "--format", "json", "-o", b.path("moto.json"),
	})
	i := slices.IndexFunc(rep.Config.APIs, func(a analyze.ConfigAPI) bool { return a.ID == api })
	if i < 0 {
		t.Fatalf("API %s is not reported: %v", api, rep.Notes)
	}
	got := &rep.Config.APIs[i]
	if got.Name != "orders" || len(got.Stages) != 2 || len(got.Deployments) != 2 {
		t.Errorf("API: %+v", got)
	}
	for _, st := range got.Stages {
		if want := deployments[st.Name]; st.DeploymentID != want {
			t.Errorf("stage %s serves %s, want %s", st.Name, st.DeploymentID, want)
		}
	}
	j := slices.IndexFunc(rep.Config.Domains, func(d analyze.ConfigDomain) bool { return d.Name == "api.example.com" })
	if j < 0 || len(rep.Config.Domains[j].Paths) != 1 || rep.Config.Domains[j].Paths[0].Stage != "dev" || rep.Config.Domains[j].Paths[0].Path != "/v1" {
		t.Errorf("domains: %+v", rep.Config.Domains)
	}
}

// makeInMoto makes an API with two stages of a deployment each, and a domain
// that leads to one of them.
func makeInMoto(t *testing.T, endpoint string) (api string, deployments map[string]string) {
	t.Helper()
	cfg := aws.Config{Region: "eu-west-1", BaseEndpoint: &endpoint, Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", "")}
	c, ctx := apigateway.NewFromConfig(cfg), t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	made, err := c.CreateRestApi(ctx, &apigateway.CreateRestApiInput{Name: aws.String("orders")})
	must(err)
	roots, err := c.GetResources(ctx, &apigateway.GetResourcesInput{RestApiId: made.Id})
	must(err)
	_, err = c.PutMethod(ctx, &apigateway.PutMethodInput{RestApiId: made.Id, ResourceId: roots.Items[0].Id, HttpMethod: aws.String("GET"), AuthorizationType: aws.String("NONE")})
	must(err)
	_, err = c.PutIntegration(ctx, &apigateway.PutIntegrationInput{RestApiId: made.Id, ResourceId: roots.Items[0].Id, HttpMethod: aws.String("GET"), Type: types.IntegrationTypeMock})
	must(err)
	deployments = map[string]string{}
	for _, stage := range []string{"prod", "dev"} {
		d, err := c.CreateDeployment(ctx, &apigateway.CreateDeploymentInput{RestApiId: made.Id, StageName: &stage})
		must(err)
		deployments[stage] = *d.Id
	}
	_, err = c.CreateDomainName(ctx, &apigateway.CreateDomainNameInput{DomainName: aws.String("api.example.com"), SecurityPolicy: types.SecurityPolicyTls12})
	must(err)
	_, err = c.CreateBasePathMapping(ctx, &apigateway.CreateBasePathMappingInput{
		DomainName: aws.String("api.example.com"), BasePath: aws.String("v1"), RestApiId: made.Id, Stage: aws.String("dev"),
	})
	must(err)
	return *made.Id, deployments
}

// An API of which every route wants credentials is probed without any: who
// refuses is the finding.
func TestEveryRouteWantsCredentials(t *testing.T) {
	t.Parallel()
	world, err := sandbox.Load("access-denied-api-key")
	if err != nil {
		t.Fatal(err)
	}
	named := *world
	named.Check.Args = []string{"--api", "orders7x2a", "--logs", "off"}
	rep := open(t, &named).check(t, "guarded.json")
	if rep.ExitCode != analyze.ExitFinding || len(rep.Findings) != 1 || rep.Findings[0].Cause != cause.AccessDenied {
		t.Errorf("exit code %d, findings %+v", rep.ExitCode, rep.Findings)
	}
}

// Differences between stages are a warning that --fail-on counts, unless the file
// declares them.
func TestInspectKnowsWhatIsIntended(t *testing.T) {
	t.Parallel()
	b := open(t, load(t, "two-stages-variables-drift"))
	b.write(t, "intended.yaml", []byte("version: 1\napis: [{id: orders7x2a}]\nintended: [{stages: [prod, dev], setting: variables.release}]\n"))
	for _, c := range []struct {
		more []string
		code int
	}{
		{[]string{"--api", "orders7x2a"}, analyze.ExitOK},
		{[]string{"--api", "orders7x2a", "--fail-on", "warning"}, analyze.ExitFinding},
		{[]string{"-f", b.path("intended.yaml"), "--fail-on", "warning"}, analyze.ExitOK},
	} {
		if rep := b.inspect(t, c.more...); rep.ExitCode != c.code {
			t.Errorf("%q ends with %d: %q", c.more, rep.ExitCode, rep.Verdict)
		}
	}
}

// What inspect is asked and may not read stays open.
func TestInspectIsNotBlindlyGreen(t *testing.T) {
	t.Parallel()
	world := load(t, "healthy")
	world.Control.Denied = []string{"GetExport"}
	if rep := open(t, world).inspect(t, "--api", "orders7x2a"); rep.ExitCode != analyze.ExitUndecided || len(rep.Open) == 0 {
		t.Errorf("it ends with %d: %q", rep.ExitCode, rep.Verdict)
	}
}
