package sandbox_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"stageprobe/scenarios/captures"
)

// The control captures were recorded against AWS; each names its
// source. These tests replay the calls and compare what comes back.

const bare = `
name: bare
title: one API without a stage
apis:
  - id: canary1234
    definitions: {v1: {routes: {"GET /": {backend: hello}}}}
backends:
  hello: {body: '{"testVar":"{{var.testVar}}","noStageVar":"{{var.noStageVar}}","defaultVar":"{{var.defaultVar}}"}'}
`

func recording(t *testing.T, name string) map[string]json.RawMessage {
	t.Helper()
	var data map[string]json.RawMessage
	if err := json.Unmarshal(captures.Named("control/"+name).Data, &data); err != nil {
		t.Fatal(err)
	}
	return data
}

// replay compares answers with a recording, ids and dates replaced as the
// recording has them.
type replay struct {
	gateway
	recorded map[string]json.RawMessage
	ids      map[string]string
}

func newReplay(t *testing.T, name string) replay {
	g := startYAML(t, bare)
	g.edit(t)
	return replay{g, recording(t, name), map[string]string{}}
}

// edit makes the API deployable: a bare one has an empty editor.
func (g gateway) edit(t *testing.T) {
	t.Helper()
	api := aws.String("canary1234")
	resources, err := g.rest().GetResources(t.Context(), &apigateway.GetResourcesInput{RestApiId: api})
	if err != nil {
		t.Fatal(err)
	}
	root, get := resources.Items[0].Id, aws.String("GET")
	if _, err := g.rest().PutMethod(t.Context(), &apigateway.PutMethodInput{RestApiId: api, ResourceId: root, HttpMethod: get, AuthorizationType: aws.String("NONE")}); err != nil {
		t.Fatal(err)
	}
	_, err = g.rest().PutIntegration(t.Context(), &apigateway.PutIntegrationInput{
		RestApiId: api, ResourceId: root, HttpMethod: get, Type: types.IntegrationTypeAwsProxy, IntegrationHttpMethod: aws.String("POST"),
		Uri: aws.String("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:123456789012:function:hello/invocations"),
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (r *replay) deploy(in *apigateway.CreateDeploymentInput) string {
	r.t.Helper()
	in.RestApiId = aws.String("canary1234")
	out, err := r.rest().CreateDeployment(r.t.Context(), in)
	if err != nil {
		r.t.Fatal(err)
	}
	r.ids[*out.Id] = fmt.Sprintf("<deployment-id:%d>", len(r.ids)+1)
	return *out.Id
}

func (r *replay) update(ops ...types.PatchOperation) error {
	_, err := r.rest().UpdateStage(r.t.Context(), &apigateway.UpdateStageInput{
		RestApiId: aws.String("canary1234"), StageName: aws.String("dev"), PatchOperations: ops,
	})
	return err
}

// stage compares a stage on the wire with what was recorded under a name.
func (r *replay) stage(stage, name string) {
	r.t.Helper()
	resp, err := http.Get(r.ControlURL() + "/restapis/canary1234/stages/" + stage)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	var got, want map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil {
		r.t.Fatal(err)
	}
	if err := json.Unmarshal(r.recorded[name], &want); err != nil {
		r.t.Fatal(err)
	}
	delete(want, "ResponseMetadata")
	r.normalise(got)
	if diff := cmp.Diff(want, got); diff != "" {
		r.t.Errorf("%s (-recorded +answered):\n%s", name, diff)
	}
}

func (r *replay) normalise(v map[string]any) {
	for key, value := range v {
		switch value := value.(type) {
		case map[string]any:
			r.normalise(value)
		case string:
			if id, ok := r.ids[value]; ok {
				v[key] = id
			}
		case float64:
			if key == "createdDate" || key == "lastUpdatedDate" {
				v[key] = "datetime"
			}
		}
	}
}

// fails compares an error with what was recorded under a name.
func (r *replay) fails(name string, err error) {
	r.t.Helper()
	var want struct {
		Error            struct{ Code, Message string }
		ResponseMetadata struct{ HTTPStatusCode int }
	}
	if err := json.Unmarshal(r.recorded[name], &want); err != nil {
		r.t.Fatal(err)
	}
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != want.Error.Code || api.ErrorMessage() != want.Error.Message {
		r.t.Errorf("%s: got %v, recorded %s: %s", name, err, want.Error.Code, want.Error.Message)
	}
}

func op(kind types.Op, path, value string) types.PatchOperation {
	return types.PatchOperation{Op: kind, Path: &path, Value: &value}
}

func copyOp(from, path string) types.PatchOperation {
	return types.PatchOperation{Op: types.OpCopy, Path: &path, From: &from}
}

// promotion are the operations by which a canary is promoted.
var promotion = []types.PatchOperation{
	op(types.OpReplace, "/canarySettings/percentTraffic", "0.0"),
	copyOp("/canarySettings/stageVariableOverrides", "/variables"),
	copyOp("/canarySettings/deploymentId", "/deploymentId"),
}

func TestRecordedPromotion(t *testing.T) {
	r := newReplay(t, "ls-canary-promotion")
	first := r.deploy(&apigateway.CreateDeploymentInput{})
	_, err := r.rest().CreateStage(t.Context(), &apigateway.CreateStageInput{
		RestApiId: aws.String("canary1234"), StageName: aws.String("dev"), DeploymentId: &first,
		Variables: map[string]string{"testVar": "test", "testVar2": "test2"},
	})
	if err != nil {
		t.Fatal(err)
	}
	r.fails("copy-with-bad-statement", r.update(copyOp("/variables", "/canarySettings/stageVariableOverrides")))
	r.fails("copy-with-no-replace", r.update(promotion[1:]...))
	if err := r.update(promotion...); err != nil {
		t.Fatal(err)
	}
	r.stage("dev", "update-stage-with-copy")
	r.deploy(&apigateway.CreateDeploymentInput{StageName: aws.String("dev"), CanarySettings: &types.DeploymentCanarySettings{
		PercentTraffic: 50, StageVariableOverrides: map[string]string{"testVar": "override"},
	}})
	r.stage("dev", "get-stage")
	if _, err := r.rest().CreateDeployment(t.Context(), &apigateway.CreateDeploymentInput{RestApiId: aws.String("canary1234"), StageName: aws.String("dev")}); err == nil || !strings.Contains(err.Error(), "Non canary deployment not supported on stage dev because Canary is enabled. Provide CanarySettings in deploymentInput.") {
		t.Errorf("a stage with a canary and a deployment that is none: %v", err)
	}
	if err := r.update(promotion...); err != nil {
		t.Fatal(err)
	}
	r.stage("dev", "update-stage-with-copy-2")
	if err := r.update(op(types.OpRemove, "/canarySettings", "")); err != nil {
		t.Fatal(err)
	}
	out, err := r.rest().GetStage(t.Context(), &apigateway.GetStageInput{RestApiId: aws.String("canary1234"), StageName: aws.String("dev")})
	if err != nil || out.CanarySettings != nil {
		t.Errorf("after its removal the canary is %v, %v", out.CanarySettings, err)
	}
}

func TestRecordedCanaryDeployment(t *testing.T) {
	r := newReplay(t, "ls-canary-deployment-with-stage")
	first := r.deploy(&apigateway.CreateDeploymentInput{})
	create := func(name, canary, value string, percent float64) error {
		_, err := r.rest().CreateStage(t.Context(), &apigateway.CreateStageInput{
			RestApiId: aws.String("canary1234"), StageName: &name, DeploymentId: &first, Description: aws.String("dev stage"),
			Variables: map[string]string{"testVar": "default"},
			CanarySettings: &types.CanarySettings{
				DeploymentId: &canary, PercentTraffic: percent, StageVariableOverrides: map[string]string{"testVar": value},
			},
		})
		return err
	}
	if err := create("dev1", first, "canary1", 40); err != nil {
		t.Fatal(err)
	}
	r.stage("dev1", "create-stage")
	second := r.deploy(&apigateway.CreateDeploymentInput{StageName: aws.String("dev1"), CanarySettings: &types.DeploymentCanarySettings{
		PercentTraffic: 50, StageVariableOverrides: map[string]string{"testVar": "canary2"},
	}})
	r.stage("dev1", "get-stage-1")
	if err := create("dev2", second, "canary-overridden", 60); err != nil {
		t.Fatal(err)
	}
	r.stage("dev2", "create-stage-2")
	r.fails("bad-canary-deployment-id", create("dev3", "deploy", "x", 10))
}

func TestRecordedDeployments(t *testing.T) {
	r := newReplay(t, "ls-deployments-and-stages")
	first := r.deploy(&apigateway.CreateDeploymentInput{StageName: aws.String("dev")})
	remove := func(id string) error {
		_, err := r.rest().DeleteDeployment(t.Context(), &apigateway.DeleteDeploymentInput{RestApiId: aws.String("canary1234"), DeploymentId: &id})
		return err
	}
	r.fails("delete-deployment-error", remove(first))
	second := r.deploy(&apigateway.CreateDeploymentInput{})
	if err := r.update(op(types.OpReplace, "/deploymentId", second)); err != nil {
		t.Fatal(err)
	}
	if err := remove(first); err != nil {
		t.Fatal(err)
	}
	r.fails("delete-deployment-2-error", remove(second))
}

func TestRecordedCanaryInvocation(t *testing.T) {
	r := newReplay(t, "ls-canary-invocation")
	r.deploy(&apigateway.CreateDeploymentInput{StageName: aws.String("dev"), Variables: map[string]string{"defaultVar": "default", "testVar": "default"}})
	r.deploy(&apigateway.CreateDeploymentInput{StageName: aws.String("dev"), CanarySettings: &types.DeploymentCanarySettings{
		PercentTraffic: 0, StageVariableOverrides: map[string]string{"testVar": "canary", "noStageVar": "canary"},
	}})
	const url = "https://canary1234.execute-api.us-east-1.amazonaws.com/dev/"
	for range 20 {
		if got := r.get(url).body; got != `{"testVar":"default","noStageVar":"","defaultVar":"default"}` {
			t.Fatalf("at 0 %%: %s", got)
		}
	}
	if err := r.update(op(types.OpReplace, "/canarySettings/percentTraffic", "100.0")); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if got := r.get(url).body; got != `{"testVar":"canary","noStageVar":"canary","defaultVar":"default"}` {
			t.Fatalf("at 100 %%: %s", got)
		}
	}
}

func TestRecordedStagePrefixMissing(t *testing.T) {
	g := startYAML(t, `
name: incident
title: an HTTP API with one named stage
apis:
  - id: anh066l1wf
    kind: HTTP
    definitions: {v1: {routes: {"POST /api/if/submit": {backend: form}, "GET /api/if/list": {backend: form}}}}
    deployments: [{id: ddqb2u, definition: v1}]
    stages: {dev: {auto_deploy: true}}
backends:
  form: {status: 400, body: '{"error": "invalid_BorrowerFirstName"}'}
`)
	var want struct {
		Probes []struct {
			URL, Method, Body string
			Status            int
		}
	}
	if err := json.Unmarshal(captures.Named("control/http-api-wrong-stage-incident").Data, &want); err != nil {
		t.Fatal(err)
	}
	c := g.client(true)
	for _, p := range want.Probes {
		if p.Method == "OPTIONS" && p.Status == 204 {
			continue // that API had a preflight route of its own
		}
		got := g.send(c, p.Method+" "+p.URL, "")
		if got.status != p.Status || p.Body != "" && got.body != p.Body {
			t.Errorf("%s %s: %d %s, recorded %d %s", p.Method, p.URL, got.status, got.body, p.Status, p.Body)
		}
	}
	_, err := g.v2().CreateDeployment(t.Context(), &apigatewayv2.CreateDeploymentInput{ApiId: aws.String("anh066l1wf"), StageName: aws.String("$default")})
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorMessage() != "Stage $default does not exist. StageName specified on a CreateDeployment request must exist so the stage can be updated with the new deployment." {
		t.Errorf("CreateDeployment: %v", err)
	}
}
