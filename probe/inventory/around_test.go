package inventory_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/google/go-cmp/cmp"

	"stageprobe/analyze/diff"
	"stageprobe/probe"
	"stageprobe/probe/inventory"
	"stageprobe/scenarios/sandbox"
)

const aroundWorld = `
name: around
title: what stands around an API
control:
  also:
    api/orders5v2h: {tags: {aws-chalice: "version=1.29.0:stage=dev:app=orders"}, apiStatus: UPDATING, apiStatusMessage: "endpoint type is changing", endpointAccessMode: STRICT, securityPolicy: SecurityPolicy_TLS13_1_3_2025_09, endpointConfiguration: {types: [REGIONAL], ipAddressType: dualstack}, quantumMode: {level: 7}}
    stage/orders5v2h/prod: {tags: {team: orders}, cacheClusterStatus: FLUSH_IN_PROGRESS, shadowPercent: 3}
    domain/api.example.com: {endpointAccessMode: BASIC, domainNameStatusMessage: "certificate is being replaced"}
    authorizer/guard: {jwtConfiguration: {issuers: [{issuer: "https://new.example.com"}]}}
    exported/guard: EXPORTED
  vpc_links: [{id: link01, name: private, status: DELETING, message: "targets are gone"}]
  aliases: [{function: orders, name: live, version: "7", weights: {"8": 0.05}}]
  counts: {orders/prod: 950, orders/prod/Canary: 50}
apis:
  - id: orders5v2h
    name: orders
    definitions:
      v1:
        authorizers:
          guard: {type: REQUEST, uri: "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:123456789012:function:guard/invocations", identity: method.request.header.Authorization}
        routes:
          "GET /orders": {backend: orders, api_key: true, authorization: CUSTOM, authorizer: guard}
          "GET /function": {integration: {type: AWS_PROXY, method: POST, uri: "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:123456789012:function:orders:${stageVariables.alias}/invocations"}}
          "GET /private": {integration: {type: HTTP_PROXY, method: GET, uri: "http://private.example.com", connection_type: VPC_LINK, connection_id: link01}}
    deployments:
      - {id: dep001, definition: v1, age: 20d}
      - {id: dep002, definition: v1, age: 1d}
    stages:
      prod: {deployment: dep001, variables: {alias: live}, canary: {percent: 5, deployment: dep002}}
domains:
  - name: api.example.com
    mappings: [{path: v1, api: orders5v2h, stage: prod}]
api_keys: [{id: key1abcdef, name: consumer, value: consumer-key-value-01}]
usage_plans: [{id: plan01, name: consumers, stages: [orders5v2h/prod], keys: [key1abcdef], rate: 2.5, burst: 5, quota: 500, period: DAY}]
backends:
  orders: {body: '{}'}
`

func aroundOf(t *testing.T, exported string) probe.Snapshot {
	t.Helper()
	world, err := sandbox.Parse([]byte(strings.Replace(aroundWorld, "EXPORTED", exported, 1)))
	if err != nil {
		t.Fatal(err)
	}
	srv, err := sandbox.Start(world, sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = srv.Close() })
	r := reader(srv.ControlURL())
	cfg := aws.Config{Region: "us-east-1", BaseEndpoint: aws.String(srv.ControlURL()), Credentials: credentials.NewStaticCredentialsProvider("K", "S", "")}
	r.Lambda, r.Metrics = awslambda.NewFromConfig(cfg), cloudwatch.NewFromConfig(cfg)
	snap, err := r.Read(t.Context(), inventory.Selection{APIs: []string{"orders5v2h"}, Domains: []string{"api.example.com"}, Depth: inventory.Full})
	if err != nil || len(snap.Gaps) > 0 {
		t.Fatalf("%v, gaps %+v", err, snap.Gaps)
	}
	return snap
}

// What decides over answers beside the definition is read through the real SDK.
func TestAround(t *testing.T) {
	snap := aroundOf(t, "{}")
	plans := []probe.UsagePlan{{
		ID: "plan01", Name: "consumers", Limit: &probe.RateLimit{Rate: 2.5, Burst: 5}, Quota: 500, Period: "DAY",
		Stages: []probe.PlanStage{{APIID: "orders5v2h", Stage: "prod"}}, Keys: []probe.PlanKey{{ID: "key1abcdef", Name: "consumer"}},
	}}
	if d := cmp.Diff(plans, snap.UsagePlans); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]probe.VPCLink{{ID: "link01", Name: "private", Kind: probe.REST, Status: "DELETING", StatusText: "targets are gone"}}, snap.VPCLinks); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]probe.Alias{{Function: "arn:aws:lambda:us-east-1:123456789012:function:orders", Name: "live", Version: "7", Weights: map[string]float64{"8": 0.05}}}, snap.Aliases); d != "" {
		t.Error(d)
	}
	if len(snap.Traffic) != 1 || snap.Traffic[0].Stages != 950 || snap.Traffic[0].Canary != 50 {
		t.Errorf("%+v", snap.Traffic)
	}
	api, stage, domain := snap.API("orders5v2h"), snap.API("orders5v2h").Stage("prod"), snap.Domain("api.example.com")
	for got, want := range map[string]string{
		api.Status: "UPDATING", api.StatusText: "endpoint type is changing", api.IPAddressType: "dualstack", api.AccessMode: "STRICT",
		api.SecurityPolicy: "SecurityPolicy_TLS13_1_3_2025_09", api.Other["quantumMode"]: `{"level":7}`, probe.ToolOfTraces(api.Tags): probe.ToolChalice,
		stage.CacheStatus: "FLUSH_IN_PROGRESS", stage.Tags["team"]: "orders", stage.Other["shadowPercent"]: "3",
		domain.AccessMode: "BASIC", domain.StatusText: "certificate is being replaced",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if len(domain.Targets) != 1 || !strings.HasPrefix(domain.Targets[0], "d-") {
		t.Errorf("%v", domain.Targets)
	}
}

// A member that the SDK does not know is compared where both sources hold it, and
// said to be not compared where one does.
func TestUnknownMembersAreCompared(t *testing.T) {
	t.Parallel()
	for exported, want := range map[string]struct{ differs, uncompared bool }{
		`{jwtConfiguration: {issuers: [{issuer: "https://new.example.com"}]}}`: {false, false},
		`{jwtConfiguration: {issuers: [{issuer: "https://old.example.com"}]}}`: {true, false},
		`{}`: {false, true},
	} {
		snap := aroundOf(t, exported)
		api := snap.API("orders5v2h")
		diffs, uncompared := diff.Undeployed(api, api.Stage("prod"))
		if differs := len(diffs) > 0; differs != want.differs || differs && diffs[0].Aspect != "other.jwtConfiguration" {
			t.Errorf("%s: %+v", exported, diffs)
		}
		if got := strings.Contains(strings.Join(uncompared, "\n"), "jwtConfiguration"); got != want.uncompared {
			t.Errorf("%s: %v", exported, uncompared)
		}
	}
}
