package main

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"stageprobe/analyze"
	"stageprobe/analyze/cause"
	"stageprobe/cmd/stageprobe/internal/cli"
	"stageprobe/scenarios/sandbox/mototest"
)

// motoStage is an API in moto with a canary on its stage prod, and a data plane
// that answers for it and writes its execution log into moto.
type motoStage struct {
	t    *testing.T
	logs *cloudwatchlogs.Client
	api  string
	n    atomic.Int64
}

func newMotoStage(t *testing.T, endpoint string) *motoStage {
	t.Helper()
	cfg := aws.Config{Region: "eu-west-1", BaseEndpoint: &endpoint, Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", "")}
	s := &motoStage{t: t, logs: cloudwatchlogs.NewFromConfig(cfg)}
	rest, ctx := apigateway.NewFromConfig(cfg), t.Context()
	api, err := rest.CreateRestApi(ctx, &apigateway.CreateRestApiInput{Name: aws.String("orders")})
	s.check(err)
	s.api = *api.Id
	roots, err := rest.GetResources(ctx, &apigateway.GetResourcesInput{RestApiId: api.Id})
	s.check(err)
	res, err := rest.CreateResource(ctx, &apigateway.CreateResourceInput{RestApiId: api.Id, ParentId: roots.Items[0].Id, PathPart: aws.String("orders")})
	s.check(err)
	_, err = rest.PutMethod(ctx, &apigateway.PutMethodInput{RestApiId: api.Id, ResourceId: res.Id, HttpMethod: aws.String("GET"), AuthorizationType: aws.String("NONE")})
	s.check(err)
	_, err = rest.PutIntegration(ctx, &apigateway.PutIntegrationInput{RestApiId: api.Id, ResourceId: res.Id, HttpMethod: aws.String("GET"), Type: types.IntegrationTypeMock})
	s.check(err)
	_, err = rest.CreateDeployment(ctx, &apigateway.CreateDeploymentInput{RestApiId: api.Id, StageName: aws.String("prod")})
	s.check(err)
	_, err = s.logs.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String(s.group())})
	s.check(err)
	_, err = s.logs.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: aws.String(s.group()), LogStreamName: aws.String("e369853df766fa44e1ed0ff613f563bd")})
	s.check(err)
	return s
}

func (s *motoStage) check(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *motoStage) group() string { return "API-Gateway-Execution-Logs_" + s.api + "/prod" }

// ServeHTTP answers as the stage would, and logs two lines of the request.
func (s *motoStage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := r.Header.Get("x-amzn-RequestId")
	s.n.Add(1)
	now := time.Now().UnixMilli()
	lines := []string{
		fmt.Sprintf("(%s) Verifying Usage Plan for request: %s. API Key:  API Stage: %s/prod", id, id, s.api),
		fmt.Sprintf("(%s) Method completed with status: 200", id),
	}
	var events []logtypes.InputLogEvent
	for _, line := range lines {
		events = append(events, logtypes.InputLogEvent{Timestamp: &now, Message: aws.String(line)})
	}
	_, err := s.logs.PutLogEvents(context.WithoutCancel(r.Context()), &cloudwatchlogs.PutLogEventsInput{
		LogGroupName: aws.String(s.group()), LogStreamName: aws.String("e369853df766fa44e1ed0ff613f563bd"), LogEvents: events,
	})
	if err != nil {
		s.t.Errorf("write the log into moto: %v", err)
	}
	w.Header().Set("x-amzn-RequestId", id)
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte(`{"orders":[]}`)) // a client that went away is the probe's to report
}

// TestCheckOnMoto reads the inventory and the logs of a control plane and a log
// store that nobody here wrote.
func TestCheckOnMoto(t *testing.T) {
	t.Parallel()
	endpoint := mototest.Start(t)
	stage := newMotoStage(t, endpoint)
	server := httptest.NewTLSServer(stage)
	t.Cleanup(server.Close)
	address, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	ca, out := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "report.json")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	var said, text testWriter
	code := cli.Main(t.Context(), []string{
		"check", "--api", stage.api, "--region", "eu-west-1", "--endpoint-url", endpoint, "--insecure", "--cacert", ca,
		"--connect-to", "*.amazonaws.com:443=" + address.Host, "--rate", "100", "--requests", "60", "--seed", "4",
		"--log-wait", "20s", "--format", "json", "-o", out,
	}, cli.Streams{Out: &text, Err: &said})
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatalf("exit code %d: %s", code, said)
	}
	var rep analyze.Report
	if err := json.Unmarshal(data, &rep); err != nil {
		t.Fatal(err)
	}
	if code != int(cli.ExitUndecided) {
		t.Errorf("exit code %d, want %d: 60 answers alike leave more than 1 %% open", code, cli.ExitUndecided)
	}
	if len(rep.Targets) != 1 || rep.Targets[0].Stage != "prod" || rep.Targets[0].APIKind != "REST" {
		t.Errorf("targets: %+v", rep.Targets)
	}
	for _, f := range rep.Findings {
		if f.Severity == cause.Error {
			t.Errorf("false finding %s: %s", f.Cause, f.Statement)
		}
	}
	if rep.Logs.Matched != rep.Run.Requests || int64(rep.Run.Requests) != stage.n.Load() {
		t.Errorf("%d requests sent, %d answered, %d found in the logs; notes: %v", rep.Run.Requests, stage.n.Load(), rep.Logs.Matched, rep.Notes)
	}
}

// testWriter keeps what was written.
type testWriter []byte

func (w *testWriter) Write(p []byte) (int, error) { *w = append(*w, p...); return len(p), nil }
func (w testWriter) String() string               { return string(w) }
