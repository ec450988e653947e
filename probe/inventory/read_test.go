package inventory_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/time/rate"

	"stageprobe/probe"
	"stageprobe/probe/inventory"
)

// fullWorld is an API with every part of a stage set.
func fullWorld() *gateway {
	return &gateway{
		editor: bigAPI(6), deployed: bigAPI(6),
		stages: arr{
			obj{"stageName": "prod", "deploymentId": "dep001", "createdDate": 1.7e9, "lastUpdatedDate": 1.7001e9, "variables": obj{"backend": "b"},
				"cacheClusterEnabled": true, "cacheClusterSize": "0.5", "tracingEnabled": true, "webAclArn": "arn:acl", "clientCertificateId": "cert1", "documentationVersion": "7",
				"accessLogSettings": obj{"destinationArn": "arn:aws:logs:eu-west-1:123456789012:log-group:orders", "format": "$context.requestId"},
				"canarySettings":    obj{"percentTraffic": 12.5, "deploymentId": "dep002", "stageVariableOverrides": obj{"backend": "c"}, "useStageCache": true},
				"methodSettings": obj{
					"*/*":                obj{"loggingLevel": "INFO", "dataTraceEnabled": true, "metricsEnabled": true, "cachingEnabled": true, "cacheTtlInSeconds": 60, "throttlingBurstLimit": -1, "throttlingRateLimit": -1.0},
					"~1orders~1{id}/GET": obj{"throttlingBurstLimit": 0, "throttlingRateLimit": 0.0, "loggingLevel": "OFF"},
					"orders/POST":        obj{"loggingLevel": "ERROR"},
				}},
			obj{"stageName": "dev", "deploymentId": "dep003", "canarySettings": obj{"percentTraffic": 50}},
		},
		deployments: arr{obj{"id": "dep001", "createdDate": 1.7e9, "description": "first"}, obj{"id": "dep002", "createdDate": 1.8e9}, obj{"id": "dep003", "createdDate": 1.75e9}},
		domains:     []string{"a.example.com", "b.example.com", "c.example.com", "*.wild.example.com"},
		mappings: map[string]arr{
			"a.example.com":      {obj{"basePath": "(none)", "restApiId": "abc123", "stage": "prod"}, obj{"basePath": "v1", "restApiId": "abc123", "stage": "dev"}},
			"b.example.com":      {obj{"basePath": "x", "restApiId": "other1", "stage": "prod"}},
			"c.example.com":      {},
			"*.wild.example.com": {obj{"basePath": "(none)", "restApiId": "abc123", "stage": "dev"}},
		},
		override: map[string]http.HandlerFunc{},
	}
}

func TestStagesCanariesAndMappingsAreRead(t *testing.T) {
	g := fullWorld()
	snap, err := g.start(t).Read(t.Context(), inventory.Selection{APIs: []string{"abc123"}})
	if err != nil || len(snap.Gaps) > 0 {
		t.Fatalf("%v, gaps %+v", err, snap.Gaps)
	}
	api := snap.API("abc123")
	want := probe.Stage{
		Name: "prod", DeploymentID: "dep001", Created: time.Unix(1.7e9, 0).UTC(), Updated: time.Unix(1.7001e9, 0).UTC(), Variables: map[string]string{"backend": "b"},
		CacheCluster: true, CacheSize: "0.5", Tracing: true, WebACL: "arn:acl", ClientCert: "cert1", Documentation: "7",
		AccessLog: probe.AccessLog{Destination: "arn:aws:logs:eu-west-1:123456789012:log-group:orders", Format: "$context.requestId"},
		Canary:    &probe.Canary{Percent: 12.5, DeploymentID: "dep002", Variables: map[string]string{"backend": "c"}, UseStageCache: true},
		Methods: map[string]probe.MethodSettings{
			"*/*":              {LoggingLevel: "INFO", DataTrace: true, Metrics: true, Caching: true, CacheTTL: 60},
			"/orders/{id}/GET": {LoggingLevel: "OFF", ThrottlingSet: true}, // a limit of 0 refuses everything
			"/orders/POST":     {LoggingLevel: "ERROR"},                    // the SDK reads its missing limit as 0 too
		},
	}
	if diff := cmp.Diff(&want, api.Stage("prod")); diff != "" {
		t.Errorf("stage prod (-want +got):\n%s", diff)
	}
	if c := api.Stage("dev").Canary; c == nil || c.DeploymentID != "dep003" || c.Percent != 50 {
		t.Errorf("a canary without a deployment of its own runs the stage's: %+v", c)
	}
	var ids []string
	for _, d := range api.Deployments {
		ids = append(ids, d.ID)
	}
	if !slices.Equal(ids, []string{"dep002", "dep003", "dep001"}) {
		t.Errorf("deployments %v, want the newest first and every page", ids)
	}
	var names []string
	for _, d := range snap.Domains {
		names = append(names, d.Name)
	}
	if !slices.Equal(names, []string{"*.wild.example.com", "a.example.com"}) {
		t.Errorf("domains mapped to the API: %v", names)
	}
	if diff := cmp.Diff([]probe.Mapping{{APIID: "abc123", Stage: "prod"}, {BasePath: "v1", APIID: "abc123", Stage: "dev"}}, snap.Domain("a.example.com").Mappings); diff != "" {
		t.Errorf("mappings: %s", diff)
	}
	if m := snap.Domain("a.example.com").RoutingMode; m != "API_MAPPING_ONLY" {
		t.Errorf("routing mode %q", m)
	}
}

func TestHostsLeadToAPIsAndDomains(t *testing.T) {
	for _, c := range []struct {
		host          string
		apis, domains int
		gap           string
	}{
		{"abc123.execute-api.eu-west-1.amazonaws.com", 1, 2, ""},
		{"ABC123-vpce-0a1b2c3d.execute-api.eu-west-1.amazonaws.com:443", 1, 2, ""},
		{"a.example.com", 1, 1, ""},
		{"shop.wild.example.com", 1, 1, ""},
		{"c.example.com", 0, 1, ""},
		{"unknown.example.net", 0, 0, "domain unknown.example.net"},
		{"nosuch9999.execute-api.eu-west-1.amazonaws.com", 0, 0, "API nosuch9999"},
	} {
		snap, err := fullWorld().start(t).Read(t.Context(), inventory.Selection{Hosts: []string{c.host}})
		if err != nil {
			t.Fatal(err)
		}
		if len(snap.APIs) != c.apis || len(snap.Domains) != c.domains {
			t.Errorf("%s: %d APIs, %d domains", c.host, len(snap.APIs), len(snap.Domains))
		}
		if c.gap != "" && (len(snap.Gaps) != 1 || snap.Gaps[0].Subject != c.gap) {
			t.Errorf("%s: gaps %+v", c.host, snap.Gaps)
		}
	}
}

// faults are calls that go wrong in every way, and the gap each must leave.
func TestWhatCannotBeReadIsAGap(t *testing.T) {
	deny := func(w http.ResponseWriter, _ *http.Request) {
		fail(w, 403, "AccessDeniedException", "User: x is not authorized to perform: apigateway:GET")
	}
	for _, c := range []struct {
		name, path, operation, action, resource, err string
		fault                                        http.HandlerFunc
	}{
		{"stages denied", "/restapis/abc123/stages", "GetStages", "apigateway:GET", "arn:aws:apigateway:eu-west-1::/restapis/abc123/stages", "AccessDenied", deny},
		{"API denied", "/restapis/abc123", "GetRestApi", "apigateway:GET", "arn:aws:apigateway:eu-west-1::/restapis/abc123", "AccessDenied", deny},
		{"export denied", "/restapis/abc123/stages/prod/exports/oas30", "GetExport", "apigateway:GET", "arn:aws:apigateway:eu-west-1::/restapis/abc123/stages/prod/exports/oas30", "AccessDenied", deny},
		{"domains denied", "/domainnames", "GetDomainNames", "apigateway:GET", "arn:aws:apigateway:eu-west-1::/domainnames", "AccessDenied", deny},
		{"not implemented", "/restapis/abc123/deployments", "GetDeployments", "", "", "501", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(501) }},
		{"HTML", "/restapis/abc123/models", "GetModels", "", "", "not understood", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") }},
		{"wrong types", "/restapis/abc123/resources", "GetResources", "", "", "not understood", func(w http.ResponseWriter, _ *http.Request) { reply(w, obj{"item": obj{"a": 1}}) }},
		{"export of nothing", "/restapis/abc123/stages/prod/exports/oas30", "GetExport", "", "", "no paths", func(w http.ResponseWriter, _ *http.Request) { reply(w, obj{"openapi": "3.0.1"}) }},
		{"paging in a circle", "/restapis/abc123/deployments", "GetDeployments", "", "", "does not advance", func(w http.ResponseWriter, _ *http.Request) {
			reply(w, obj{"item": arr{obj{"id": "d"}}, "position": "again"})
		}},
		{"connection cut", "/restapis/abc123/authorizers", "GetAuthorizers", "", "", "EOF", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := fullWorld()
			g.stages = g.stages[:1]
			g.override[c.path] = c.fault
			g.override["/restapis/abc123/deployments/dep002"] = func(w http.ResponseWriter, _ *http.Request) {
				reply(w, obj{"id": "dep002", "apiSummary": obj{"/orders": obj{"GET": obj{"authorizationType": "NONE", "apiKeyRequired": true}}}})
			}
			r := g.start(t)
			r.Sleep = func(context.Context, time.Duration) error { return nil }
			snap, err := r.Read(t.Context(), inventory.Selection{APIs: []string{"abc123"}, Depth: inventory.Full})
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(snap.Gaps, func(g probe.Gap) bool { return g.Operation == c.operation })
			if i < 0 {
				t.Fatalf("no gap for %s among %+v", c.operation, snap.Gaps)
			}
			if g := snap.Gaps[i]; g.Action != c.action || g.Resource != c.resource || !strings.Contains(g.Err, c.err) || g.Costs == "" {
				t.Errorf("gap %+v", g)
			}
			if snap.API("abc123") == nil {
				t.Error("the rest of the API was not read")
			}
		})
	}
}

// impatient gives calls to some paths little time, and the others what they need.
type impatient func(path string) bool

func (f impatient) Do(r *http.Request) (*http.Response, error) {
	if !f(r.URL.Path) {
		return http.DefaultClient.Do(r)
	}
	within, cancel := context.WithTimeout(r.Context(), 50*time.Millisecond)
	defer cancel()
	return http.DefaultClient.Do(r.WithContext(within))
}

// A service that does not answer is waited for once: one that never does, and one
// operation of one that else does.
func TestSilenceIsWaitedForOnce(t *testing.T) {
	hang := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	read := func(h http.Handler, client impatient) (probe.Snapshot, error) {
		srv := httptest.NewServer(h)
		t.Cleanup(srv.Close)
		cfg := aws.Config{Region: "eu-west-1", BaseEndpoint: &srv.URL, HTTPClient: client, Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", "")}
		r := &inventory.Reader{REST: apigateway.NewFromConfig(cfg), HTTP: apigatewayv2.NewFromConfig(cfg), Limiter: rate.NewLimiter(rate.Inf, 1)}
		return r.Read(t.Context(), inventory.Selection{APIs: []string{"abc123"}, Depth: inventory.Full})
	}
	asked := atomic.Int32{}
	snap, err := read(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { asked.Add(1); hang(w, r) }), func(string) bool { return true })
	var unread *inventory.UnreadError
	if !errors.As(err, &unread) || unread.Reason != inventory.Unreachable || asked.Load() > 1 {
		t.Errorf("%v after %d calls, gaps %+v", err, asked.Load(), snap.Gaps)
	}
	g := fullWorld()
	stages := atomic.Int32{}
	g.override["/restapis/abc123/stages"] = func(w http.ResponseWriter, r *http.Request) { stages.Add(1); hang(w, r) }
	snap, err = read(g, func(path string) bool { return path == "/restapis/abc123/stages" })
	i := slices.IndexFunc(snap.Gaps, func(g probe.Gap) bool { return g.Operation == "GetStages" })
	if err != nil || i < 0 || snap.Gaps[i].Reason != string(inventory.Unreachable) || stages.Load() != 1 || snap.API("abc123") == nil {
		t.Errorf("%v, %d calls, gaps %+v", err, stages.Load(), snap.Gaps)
	}
}

func TestCanaryIsReadFromTheSummary(t *testing.T) {
	g := fullWorld()
	g.override["/restapis/abc123/deployments/dep002"] = func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("embed") != "apisummary" {
			fail(w, 400, "BadRequestException", "embed")
			return
		}
		reply(w, obj{"id": "dep002", "apiSummary": obj{"/orders": obj{"GET": obj{"authorizationType": "NONE", "apiKeyRequired": true}}}})
	}
	snap, err := g.start(t).Read(t.Context(), inventory.Selection{APIs: []string{"abc123"}, Depth: inventory.Full})
	if err != nil {
		t.Fatal(err)
	}
	canary := snap.API("abc123").Stage("prod").CanaryDeployed
	if canary == nil || canary.Source != "apisummary" || !canary.Routes["GET /orders"].APIKeyRequired || !slices.Contains(canary.Unknown, "integration") {
		t.Errorf("canary's definition: %+v", canary)
	}
	if snap.API("abc123").Stage("dev").CanaryDeployed != nil {
		t.Error("a canary on the stage's own deployment needs no definition of its own")
	}
}

func TestThrottlingIsWaitedOut(t *testing.T) {
	g := fullWorld()
	var refusals atomic.Int32
	stages := g.stages
	g.override["/restapis/abc123/stages"] = func(w http.ResponseWriter, _ *http.Request) {
		if refusals.Add(1) <= 5 {
			w.Header().Set("Retry-After", "3")
			fail(w, 429, "TooManyRequestsException", "Too Many Requests")
			return
		}
		reply(w, obj{"item": stages})
	}
	r := g.start(t)
	var waits []time.Duration // written by the one call that is throttled
	r.Sleep = func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil }
	snap, err := r.Read(t.Context(), inventory.Selection{APIs: []string{"abc123"}})
	if err != nil || len(snap.Gaps) > 0 || len(snap.API("abc123").Stages) != 2 {
		t.Fatalf("%v, gaps %+v", err, snap.Gaps)
	}
	want := []time.Duration{3 * time.Second, 3 * time.Second, 3 * time.Second, 3 * time.Second, 4 * time.Second}
	if !slices.Equal(waits, want) {
		t.Errorf("waited %v, want what the service asked for and then twice as long each time: %v", waits, want)
	}
}

func TestWholeAccountWithinTheQuota(t *testing.T) {
	const apis = 200
	list := arr{}
	for i := range apis {
		list = append(list, obj{"id": fmt.Sprintf("api%03d", i), "name": "n"})
	}
	var calls atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch n := calls.Add(1); {
		case n%17 == 0:
			fail(w, 429, "TooManyRequestsException", "Too Many Requests")
		case r.URL.Path == "/restapis":
			reply(w, page(r, list, 64))
		case strings.HasSuffix(r.URL.Path, "/stages"):
			reply(w, obj{"item": arr{obj{"stageName": "a", "deploymentId": "d"}, obj{"stageName": "b"}, obj{"stageName": "c"}, obj{"stageName": "e"}}})
		case strings.HasPrefix(r.URL.Path, "/v2/"):
			reply(w, obj{"items": arr{}})
		default:
			reply(w, obj{"item": arr{}})
		}
	}))
	t.Cleanup(srv.Close)
	r := reader(srv.URL)
	r.Sleep = func(context.Context, time.Duration) error { return nil }
	last, total := 0, 0
	r.Progress = func(done, of int, _ string) {
		if done != last+1 || done > of {
			t.Errorf("progress %d of %d after %d", done, of, last)
		}
		last, total = done, of
	}
	snap, err := r.Read(t.Context(), inventory.Selection{All: true})
	if err != nil || len(snap.Gaps) > 0 || len(snap.APIs) != apis {
		t.Fatalf("%v, %d APIs, gaps %+v", err, len(snap.APIs), snap.Gaps)
	}
	for _, a := range snap.APIs {
		if len(a.Stages) != 4 {
			t.Fatalf("%s has %d stages", a.ID, len(a.Stages))
		}
	}
	if last != apis || total != apis {
		t.Errorf("progress ended at %d of %d", last, total)
	}
}

func reader(url string) *inventory.Reader {
	cfg := aws.Config{Region: "eu-west-1", BaseEndpoint: &url, Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", "")}
	return &inventory.Reader{REST: apigateway.NewFromConfig(cfg), HTTP: apigatewayv2.NewFromConfig(cfg), Trail: cloudtrail.NewFromConfig(cfg), Limiter: rate.NewLimiter(rate.Inf, 1)}
}

func TestMissingCredentialsAreToldOnce(t *testing.T) {
	var calls atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		fail(w, 403, "UnrecognizedClientException", "The security token included in the request is invalid.")
	}))
	t.Cleanup(srv.Close)
	snap, err := reader(srv.URL).Read(t.Context(), inventory.Selection{APIs: []string{"abc123"}})
	if _, ok := errors.AsType[*inventory.UnreadError](err); !ok || len(snap.Gaps) == 0 {
		t.Errorf("refused credentials: %v, gaps %+v", err, snap.Gaps)
	}
	if slices.ContainsFunc(snap.Gaps, func(g probe.Gap) bool { return g.Action != "" }) {
		t.Error("no IAM action is missing where the credentials themselves are refused")
	}

	calls.Store(0)
	r := reader(srv.URL)
	cfg := aws.Config{Region: "eu-west-1", BaseEndpoint: &srv.URL, Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{}, errors.New("no profile")
	})}
	r.REST = apigateway.NewFromConfig(cfg)
	snap, err = r.Read(t.Context(), inventory.Selection{APIs: []string{"abc123"}})
	if _, ok := errors.AsType[*inventory.UnreadError](err); !ok || len(snap.Gaps) != 1 || calls.Load() != 0 {
		t.Errorf("no credentials: %v, gaps %+v, %d calls", err, snap.Gaps, calls.Load())
	}
}

func TestInterruptEndsTheReading(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	g := fullWorld()
	g.override["/restapis/abc123/stages"] = func(w http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}
	_, err := g.start(t).Read(ctx, inventory.Selection{APIs: []string{"abc123"}, Depth: inventory.Full})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestLastEditsComeFromCloudTrail(t *testing.T) {
	event := func(name, api, extra string, at float64) obj {
		return obj{"EventName": name, "Username": "ann", "EventTime": at,
			"CloudTrailEvent": `{"eventName":"` + name + `"` + extra + `,"requestParameters":{"restApiId":"` + api + `"}}`}
	}
	pages := []arr{
		{event("CreateDeployment", "abc123", "", 1.9e9), event("UpdateStage", "abc123", "", 1.9e9), event("PutIntegration", "other", "", 1.9e9)},
		{event("PutMethod", "abc123", `,"errorCode":"BadRequestException"`, 1.85e9), event("PutIntegration", "abc123", "", 1.8e9), event("PutMethod", "abc123", "", 1.7e9), obj{"EventName": "PutMethod", "CloudTrailEvent": "{"}},
	}
	trail := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if strings.Contains(string(body), `"NextToken":"2"`) {
			reply(w, obj{"Events": pages[1]})
			return
		}
		reply(w, obj{"Events": pages[0], "NextToken": "2"})
	}))
	t.Cleanup(trail.Close)
	r := fullWorld().start(t)
	r.Trail = reader(trail.URL).Trail
	snap, err := r.Read(t.Context(), inventory.Selection{APIs: []string{"abc123"}, Depth: inventory.Full})
	if err != nil {
		t.Fatal(err)
	}
	want := []probe.Edit{{APIID: "abc123", Event: "PutIntegration", Who: "ann", At: time.Unix(1.8e9, 0).UTC()}}
	if diff := cmp.Diff(want, snap.Edits); diff != "" {
		t.Errorf("edits (-want +got):\n%s", diff)
	}
}
