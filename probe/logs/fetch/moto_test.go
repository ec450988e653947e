package fetch

import (
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"stageprobe/probe"
	"stageprobe/scenarios/sandbox/mototest"
)

func newClient(endpoint string) *cloudwatchlogs.Client {
	return cloudwatchlogs.New(cloudwatchlogs.Options{
		Region: "eu-west-1", BaseEndpoint: &endpoint,
		Credentials:      credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		RetryMaxAttempts: 1,
		HTTPClient:       plainBodies{awshttp.NewBuildableClient()},
	})
}

// plainBodies sends bodies that can be read alone. The SDK closes a body as soon
// as the answer is there, and one that can also write itself says io.EOF then,
// which net/http takes for a failed request where the answer came before it had
// looked for the body's end (smithy-go 1.28.9, safeWriteToReadCloser): on
// loopback once in some thousand calls, and these tests count calls.
type plainBodies struct{ *awshttp.BuildableClient }

func (c plainBodies) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		r.Body = struct{ io.ReadCloser }{r.Body}
	}
	return c.BuildableClient.Do(r)
}

// moto starts moto_server and returns a client of it.
func moto(t *testing.T) *cloudwatchlogs.Client {
	t.Helper()
	return newClient(mototest.Start(t))
}

const (
	api       = "abc1234567"
	prodGroup = "API-Gateway-Execution-Logs_" + api + "/prod"
)

func uuid(n int) string { return fmt.Sprintf("%08x-0000-4000-8000-%012x", n, n) }

// infoLines are the lines of a request at level INFO without data trace.
func infoLines(id, stage string) []string {
	return []string{
		fmt.Sprintf("(%s) Extended Request Id: X%s=", id, id[:8]),
		fmt.Sprintf("(%s) Verifying Usage Plan for request: %s. API Key:  API Stage: %s/%s", id, id, api, stage),
		fmt.Sprintf("(%s) API Key  authorized because method 'GET /pets' does not require API Key. Request will not contribute to throttle or quota limits", id),
		fmt.Sprintf("(%s) Usage Plan check succeeded for API Key  and API Stage %s/%s", id, api, stage),
		fmt.Sprintf("(%s) Starting execution for request: %s", id, id),
		fmt.Sprintf("(%s) HTTP Method: GET, Resource Path: /pets", id),
		fmt.Sprintf("(%s) Successfully completed execution", id),
		fmt.Sprintf("(%s) Method completed with status: 200", id),
	}
}

// put writes a group with events, in batches of the size that the service takes.
func put(t *testing.T, c *cloudwatchlogs.Client, name, stream string, events []types.InputLogEvent) {
	t.Helper()
	ctx := t.Context()
	if _, err := c.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &name}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &name, LogStreamName: &stream}); err != nil {
		t.Fatal(err)
	}
	const batch = 5000
	for from := 0; from < len(events); from += batch {
		_, err := c.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{
			LogGroupName: &name, LogStreamName: &stream, LogEvents: events[from:min(from+batch, len(events))],
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func inputs(at time.Time, lines ...string) []types.InputLogEvent {
	events := make([]types.InputLogEvent, len(lines))
	for i, line := range lines {
		events[i] = types.InputLogEvent{Message: aws.String(line), Timestamp: aws.Int64(at.UnixMilli())}
	}
	return events
}

// TestMoto puts more events than a page holds, and reads them back: through
// paging, by ids, and through Logs Insights.
func TestMoto(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a server")
	}
	c := moto(t)
	const requests = 1500 // of 8 lines: two pages
	start := time.Now().Add(-10 * time.Minute).Truncate(time.Second)
	var production, canary, access []types.InputLogEvent
	var ids []string
	for n := range requests {
		id, at := uuid(n), start.Add(time.Duration(n)*100*time.Millisecond)
		ids = append(ids, id)
		production = append(production, inputs(at, infoLines(id, "prod")...)...)
		if n%10 == 0 {
			canary = append(canary, inputs(at, infoLines(id, "prod")...)...)
		}
		access = append(access, inputs(at, fmt.Sprintf("%s 200 %t -", id, n%10 == 0))...)
	}
	put(t, c, prodGroup, "0123456789abcdef0123456789abcdef", production)
	put(t, c, prodGroup+"/Canary", "0123456789abcdef0123456789abcdef", canary)
	put(t, c, prodGroup+"2", "0123456789abcdef0123456789abcdef", inputs(start, infoLines(uuid(1), "prod2")...))
	put(t, c, "access", "0123456789abcdef0123456789abcdef", access)

	request := Request{
		Stages: []StageLogs{{
			API: api, Stage: "prod", Kind: probe.REST, HasCanary: true, Level: "INFO",
			AccessLog: probe.AccessLog{
				Destination: "arn:aws:logs:eu-west-1:123456789012:log-group:access",
				Format:      "$context.requestId $context.status $context.isCanaryRequest $context.error.responseType",
			},
		}},
		IDs: ids, From: start, To: start.Add(requests * 100 * time.Millisecond),
	}
	for _, way := range []struct {
		name     string
		ids      []string
		insights int
	}{{"by window", ids, -1}, {"by ids", ids[:30], -1}, {"by query", ids[:30], 1}} {
		t.Run(way.name, func(t *testing.T) {
			r := &Reader{Client: c, InsightsAbove: way.insights}
			request.IDs = way.ids
			e, err := r.Fetch(t.Context(), request)
			if err != nil {
				t.Fatal(err)
			}
			checkMoto(t, e, len(way.ids))
		})
	}
}

// checkMoto checks that every request came back from the groups it stands in.
func checkMoto(t *testing.T, e probe.Evidence, n int) {
	t.Helper()
	if len(e.Gaps) > 0 {
		t.Fatalf("gaps: %+v", e.Gaps)
	}
	want := map[string]int{prodGroup: n, prodGroup + "/Canary": n / 10, "access": n}
	for _, g := range e.Groups {
		if g.Matched != want[g.Name] {
			t.Errorf("%s: %d requests matched, want %d", g.Name, g.Matched, want[g.Name])
		}
		delete(want, g.Name)
	}
	if len(want) > 0 {
		t.Errorf("not read: %v", want)
	}
	for _, rec := range e.Records {
		if !rec.Complete || rec.Status == nil || *rec.Status != 200 || rec.Stage != "prod" || rec.APIID != api {
			t.Fatalf("%+v", rec)
		}
		var number int
		fmt.Sscanf(rec.RequestID[:8], "%x", &number)
		if canary := number%10 == 0; rec.Canary != nil && *rec.Canary != canary || rec.GroupCanary && !canary {
			t.Fatalf("%+v", rec)
		}
	}
	if !proven(e, api, "prod", probe.ExecutionLog) || proven(e, api, "dev", probe.ExecutionLog) {
		t.Error("logging is proven on for prod, and for nothing else")
	}
}
