package cwl

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	logs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
)

const prod = "API-Gateway-Execution-Logs_abc123/prod"

// clock is a time that tests move by hand.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// serve starts a store on a real socket and gives the SDK's client for it.
func serve(t *testing.T, o Options) (*Store, *logs.Client) {
	t.Helper()
	s := New(o)
	return s, client(t, s)
}

func client(t *testing.T, s *Store) *logs.Client {
	t.Helper()
	server := httptest.NewServer(s.Handler())
	t.Cleanup(server.Close)
	return logs.New(logs.Options{
		Region:       "us-east-1",
		BaseEndpoint: aws.String(server.URL),
		Retryer:      brokenOnly,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "example"}, nil
		}),
	})
}

// brokenOnly asks again only where the connection broke: the SDK breaks it itself
// where an answer comes before it has seen the end of the request's body.
var brokenOnly = retry.NewStandard(func(o *retry.StandardOptions) {
	o.Retryables = []retry.IsErrorRetryable{retry.RetryableConnectionError{}}
	o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
})

// put writes n numbered events, one second apart, each by itself.
func put(s *Store, c *clock, n int) {
	for i := range n {
		s.Put(prod, fmt.Sprintf("stream%d", i%2), []Event{{c.Now().Add(time.Duration(i) * time.Second), fmt.Sprintf("(id%d) line %d", i, i)}})
	}
}

func filter(t *testing.T, api *logs.Client, in logs.FilterLogEventsInput) (messages []string, pages int) {
	t.Helper()
	if in.LogGroupName == nil && in.LogGroupIdentifier == nil {
		in.LogGroupName = aws.String(prod)
	}
	for p := logs.NewFilterLogEventsPaginator(api, &in); p.HasMorePages(); pages++ {
		out, err := p.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range out.Events {
			messages = append(messages, *e.Message)
		}
	}
	return messages, pages
}

// wantCode fails the test unless err is an API error of that code, and returns its message.
func wantCode(t *testing.T, err error, code string) string {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code {
		t.Fatalf("error %v, want %s", err, code)
	}
	return api.ErrorMessage()
}

func TestFilterWindowAndStreams(t *testing.T) {
	c := newClock()
	s, api := serve(t, Options{Now: c.Now})
	put(s, c, 6)
	at := func(second int) *int64 {
		return aws.Int64(c.Now().Add(time.Duration(second) * time.Second).UnixMilli())
	}
	tests := []struct {
		name string
		in   logs.FilterLogEventsInput
		want []string
	}{
		{"both ends inclusive", logs.FilterLogEventsInput{StartTime: at(1), EndTime: at(3)}, []string{"(id1) line 1", "(id2) line 2", "(id3) line 3"}},
		{"streams", logs.FilterLogEventsInput{LogStreamNames: []string{"stream1"}}, []string{"(id1) line 1", "(id3) line 3", "(id5) line 5"}},
		{"stream prefix", logs.FilterLogEventsInput{LogStreamNamePrefix: aws.String("stream0"), StartTime: at(1)}, []string{"(id2) line 2", "(id4) line 4"}},
		{"pattern", logs.FilterLogEventsInput{FilterPattern: aws.String(`?"id4" ?"id1"`)}, []string{"(id1) line 1", "(id4) line 4"}},
		{"newest first", logs.FilterLogEventsInput{StartFromHead: aws.Bool(false), StartTime: at(3), Limit: aws.Int32(2)}, []string{"(id5) line 5", "(id4) line 4", "(id3) line 3"}},
		{"by ARN", logs.FilterLogEventsInput{LogGroupIdentifier: aws.String("arn:aws:logs:us-east-1:123456789012:log-group:" + prod), StartTime: at(5)}, []string{"(id5) line 5"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, _ := filter(t, api, tt.in); !cmp.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestFilterPaging(t *testing.T) {
	c := newClock()
	s, api := serve(t, Options{Now: c.Now, PageLimit: 4, Faults: Faults{EmptyPages: 2}})
	put(s, c, 10)
	got, pages := filter(t, api, logs.FilterLogEventsInput{})
	if len(got) != 10 || pages != 5 { // two empty ones, then 4 + 4 + 2
		t.Errorf("%d events in %d pages", len(got), pages)
	}
	if got, pages = filter(t, api, logs.FilterLogEventsInput{Limit: aws.Int32(3)}); len(got) != 10 || pages != 6 {
		t.Errorf("limit 3: %d events in %d pages", len(got), pages)
	}

	first, err := api.FilterLogEvents(t.Context(), &logs.FilterLogEventsInput{LogGroupName: aws.String(prod)})
	if err != nil || len(first.Events) != 0 || first.NextToken == nil {
		t.Fatalf("first page: %+v, %v", first, err)
	}
	_, err = api.FilterLogEvents(t.Context(), &logs.FilterLogEventsInput{LogGroupName: aws.String(prod), FilterPattern: aws.String("other"), NextToken: first.NextToken})
	wantCode(t, err, "InvalidParameterException")
}

// TestFilterPageSize: a page ends before it would hold more than 1 MB.
func TestFilterPageSize(t *testing.T) {
	c := newClock()
	s, api := serve(t, Options{Now: c.Now})
	for range 5 {
		s.Put(prod, "s", []Event{{c.Now(), strings.Repeat("x", 400_000)}})
	}
	if got, pages := filter(t, api, logs.FilterLogEventsInput{}); len(got) != 5 || pages != 3 {
		t.Errorf("%d events in %d pages", len(got), pages)
	}
}

func TestDelivery(t *testing.T) {
	c := newClock()
	s, api := serve(t, Options{Now: c.Now, Seed: 7, Delivery: Delivery{Delay: 5 * time.Second, Jitter: 10 * time.Second}})
	start := c.Now()
	put(s, c, 50)
	var counts []int
	for range 4 {
		got, _ := filter(t, api, logs.FilterLogEventsInput{})
		counts = append(counts, len(got))
		c.advance(5 * time.Second)
	}
	if counts[0] != 0 || counts[2] <= counts[1] || counts[2] == 50 || counts[3] != 50 {
		t.Errorf("visible after 0, 5, 10, 15 s: %v", counts)
	}
	out, err := api.FilterLogEvents(t.Context(), &logs.FilterLogEventsInput{LogGroupName: aws.String(prod), Limit: aws.Int32(1)})
	if err != nil {
		t.Fatal(err)
	}
	if delay := time.UnixMilli(*out.Events[0].IngestionTime).Sub(start); delay < 5*time.Second || delay >= 15*time.Second {
		t.Errorf("ingested %v after the event", delay)
	}
}

// TestLossAndDuplicates: one Put shares its fate unless told otherwise, and fates do not depend on the
// order of puts.
func TestLossAndDuplicates(t *testing.T) {
	c := newClock()
	delivery := Delivery{Loss: 0.3, Duplicate: 0.2}
	deliver := func(d Delivery, backwards bool) map[string]int {
		s, api := serve(t, Options{Now: c.Now, Seed: 3, Delivery: d})
		for i := range 200 {
			if backwards {
				i = 199 - i
			}
			id := fmt.Sprintf("(id%03d)", i)
			s.Put(prod, "s", []Event{{c.Now(), id + " a"}, {c.Now(), id + " b"}})
		}
		got, _ := filter(t, api, logs.FilterLogEventsInput{})
		counts := map[string]int{}
		for _, m := range got {
			counts[m]++
		}
		return counts
	}
	counts := deliver(delivery, false)
	lost, twice := 0, 0
	for i := range 200 {
		a, b := counts[fmt.Sprintf("(id%03d) a", i)], counts[fmt.Sprintf("(id%03d) b", i)]
		if a != b {
			t.Errorf("request %d: line a %d times, line b %d times", i, a, b)
		}
		if a == 0 {
			lost++
		}
		if a == 2 {
			twice++
		}
	}
	// Four standard deviations around 60 lost and 28 (0.7 · 0.2 · 200) duplicated.
	if lost < 34 || lost > 86 || twice < 8 || twice > 48 {
		t.Errorf("of 200 requests %d lost, %d duplicated", lost, twice)
	}
	if diff := cmp.Diff(counts, deliver(delivery, true)); diff != "" {
		t.Errorf("fates depend on the order: %s", diff)
	}
	delivery.PerEvent = true
	counts = deliver(delivery, false)
	split := false
	for i := range 200 {
		split = split || counts[fmt.Sprintf("(id%03d) a", i)] != counts[fmt.Sprintf("(id%03d) b", i)]
	}
	if !split {
		t.Error("PerEvent: every request's lines still share their fate")
	}
}

func TestGroupDelivery(t *testing.T) {
	c := newClock()
	s, api := serve(t, Options{Now: c.Now, Delivery: Delivery{Loss: 1}})
	s.SetDelivery(prod, Delivery{})
	s.Put(prod, "s", []Event{{c.Now(), "kept"}})
	s.Put("other", "s", []Event{{c.Now(), "lost"}})
	if got, _ := filter(t, api, logs.FilterLogEventsInput{}); len(got) != 1 {
		t.Errorf("own delivery: %q", got)
	}
	if got, _ := filter(t, api, logs.FilterLogEventsInput{LogGroupName: aws.String("other")}); len(got) != 0 {
		t.Errorf("default delivery: %q", got)
	}
}

// TestDeletedGroup: a removed group stays silent until it is made again, as after a deployment.
func TestRetention(t *testing.T) {
	c := newClock()
	s, api := serve(t, Options{Now: c.Now, Retention: time.Hour})
	for i := range 300 { // five hours
		s.Put(prod, "s", []Event{{c.Now(), fmt.Sprint("line ", i)}})
		c.advance(time.Minute)
	}
	got, _ := filter(t, api, logs.FilterLogEventsInput{LogGroupName: aws.String(prod)})
	if n := len(got); n < 60 || n > 90 || got[n-1] != "line 299" {
		t.Errorf("%d lines are kept of one hour and five, the last is %q", n, got[n-1])
	}
}

func TestDeletedGroup(t *testing.T) {
	c := newClock()
	s, api := serve(t, Options{Now: c.Now})
	put(s, c, 1)
	s.DeleteGroup(prod)
	put(s, c, 1)
	_, err := api.FilterLogEvents(t.Context(), &logs.FilterLogEventsInput{LogGroupName: aws.String(prod)})
	if text := wantCode(t, err, "ResourceNotFoundException"); text != "The specified log group does not exist." {
		t.Error(text)
	}
	s.CreateGroup(prod)
	put(s, c, 1)
	if got, _ := filter(t, api, logs.FilterLogEventsInput{}); len(got) != 1 {
		t.Errorf("%q", got)
	}
}

func TestGetLogEvents(t *testing.T) {
	c := newClock()
	s, api := serve(t, Options{Now: c.Now})
	for i := range 7 {
		s.Put(prod, "s", []Event{{c.Now().Add(time.Duration(i) * time.Second), fmt.Sprint(i)}})
	}
	get := func(in logs.GetLogEventsInput) (string, *logs.GetLogEventsOutput) {
		in.LogGroupName, in.LogStreamName, in.Limit = aws.String(prod), aws.String("s"), aws.Int32(3)
		out, err := api.GetLogEvents(t.Context(), &in)
		if err != nil {
			t.Fatal(err)
		}
		text := ""
		for _, e := range out.Events {
			text += *e.Message
		}
		return text, out
	}
	text, out := get(logs.GetLogEventsInput{})
	if text != "456" {
		t.Errorf("without startFromHead: %q, want the latest page", text)
	}
	if text, _ = get(logs.GetLogEventsInput{NextToken: out.NextBackwardToken}); text != "123" {
		t.Errorf("backward: %q", text)
	}
	if text, out = get(logs.GetLogEventsInput{StartFromHead: aws.Bool(true)}); text != "012" {
		t.Errorf("from the head: %q", text)
	}
	for _, want := range []string{"345", "6", ""} {
		before := out.NextForwardToken
		if text, out = get(logs.GetLogEventsInput{NextToken: before}); text != want {
			t.Errorf("forward: %q, want %q", text, want)
		}
		if repeats := *before == *out.NextForwardToken; repeats != (want == "") {
			t.Errorf("forward token repeats: %v after %q", repeats, want)
		}
	}
	if text, _ = get(logs.GetLogEventsInput{NextToken: out.NextBackwardToken}); text != "456" {
		t.Errorf("back from the end: %q", text)
	}
	end := aws.Int64(c.Now().Add(2 * time.Second).UnixMilli())
	if text, _ = get(logs.GetLogEventsInput{EndTime: end}); text != "01" {
		t.Errorf("until second 2: %q, want its end excluded", text)
	}
	_, err := api.GetLogEvents(t.Context(), &logs.GetLogEventsInput{LogGroupName: aws.String(prod), LogStreamName: aws.String("none")})
	if text := wantCode(t, err, "ResourceNotFoundException"); text != "The specified log stream does not exist." {
		t.Error(text)
	}
	_, err = api.GetLogEvents(t.Context(), &logs.GetLogEventsInput{LogGroupName: aws.String(prod), LogStreamName: aws.String("s"), NextToken: aws.String("f/1/s")})
	wantCode(t, err, "InvalidParameterException")
}

func TestDescribe(t *testing.T) {
	c := newClock()
	s, api := serve(t, Options{Now: c.Now})
	for i := range 60 {
		s.CreateGroup(fmt.Sprintf("g%02d", i))
	}
	s.CreateGroup(prod)
	s.CreateGroup(prod + "/Canary")
	s.CreateGroup(prod + "2")
	names := func(in logs.DescribeLogGroupsInput) (out []string) {
		for p := logs.NewDescribeLogGroupsPaginator(api, &in); p.HasMorePages(); {
			page, err := p.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, g := range page.LogGroups {
				if want := "arn:aws:logs:us-east-1:123456789012:log-group:" + *g.LogGroupName + ":*"; *g.Arn != want {
					t.Errorf("arn %s", *g.Arn)
				}
				out = append(out, *g.LogGroupName)
			}
		}
		return out
	}
	if got := names(logs.DescribeLogGroupsInput{}); len(got) != 63 {
		t.Errorf("%d groups", len(got))
	}
	if got, want := names(logs.DescribeLogGroupsInput{LogGroupNamePrefix: aws.String(prod)}), []string{prod, prod + "/Canary", prod + "2"}; !cmp.Equal(got, want) {
		t.Errorf("prefix: %q", got)
	}
	if got := names(logs.DescribeLogGroupsInput{LogGroupNamePattern: aws.String("/Canary")}); len(got) != 1 {
		t.Errorf("pattern: %q", got)
	}

	put(s, c, 5) // stream0: 0, 2, 4 s; stream1: 1, 3 s
	out, err := api.DescribeLogStreams(t.Context(), &logs.DescribeLogStreamsInput{
		LogGroupName: aws.String(prod), OrderBy: types.OrderByLastEventTime, Descending: aws.Bool(true), Limit: aws.Int32(1),
	})
	if err != nil || len(out.LogStreams) != 1 || out.NextToken == nil {
		t.Fatalf("%+v, %v", out, err)
	}
	if st := out.LogStreams[0]; *st.LogStreamName != "stream0" || *st.LastEventTimestamp-*st.FirstEventTimestamp != 4000 {
		t.Errorf("%s from %d to %d", *st.LogStreamName, *st.FirstEventTimestamp, *st.LastEventTimestamp)
	}
	out, err = api.DescribeLogStreams(t.Context(), &logs.DescribeLogStreamsInput{
		LogGroupName: aws.String(prod), OrderBy: types.OrderByLastEventTime, Descending: aws.Bool(true), NextToken: out.NextToken,
	})
	if err != nil || len(out.LogStreams) != 1 || *out.LogStreams[0].LogStreamName != "stream1" || out.NextToken != nil {
		t.Errorf("second page: %+v, %v", out, err)
	}
}

func TestWriting(t *testing.T) {
	c := newClock()
	_, api := serve(t, Options{Now: c.Now})
	ctx := t.Context()
	group, stream := aws.String("written"), aws.String("s")
	if _, err := api.CreateLogGroup(ctx, &logs.CreateLogGroupInput{LogGroupName: group}); err != nil {
		t.Fatal(err)
	}
	_, err := api.CreateLogGroup(ctx, &logs.CreateLogGroupInput{LogGroupName: group})
	wantCode(t, err, "ResourceAlreadyExistsException")
	event := func(age time.Duration, text string) types.InputLogEvent {
		return types.InputLogEvent{Timestamp: aws.Int64(c.Now().Add(-age).UnixMilli()), Message: aws.String(text)}
	}
	in := &logs.PutLogEventsInput{LogGroupName: group, LogStreamName: stream, LogEvents: []types.InputLogEvent{
		event(15*24*time.Hour, "old"), event(time.Minute, "<fine> & \"quoted\""), event(-3*time.Hour, "future"),
	}}
	_, err = api.PutLogEvents(ctx, in)
	wantCode(t, err, "ResourceNotFoundException")
	if _, err = api.CreateLogStream(ctx, &logs.CreateLogStreamInput{LogGroupName: group, LogStreamName: stream}); err != nil {
		t.Fatal(err)
	}
	out, err := api.PutLogEvents(ctx, in)
	if err != nil {
		t.Fatal(err)
	}
	if info := out.RejectedLogEventsInfo; info == nil || *info.TooOldLogEventEndIndex != 1 || *info.TooNewLogEventStartIndex != 2 {
		t.Errorf("rejected %+v", info)
	}
	if got, _ := filter(t, api, logs.FilterLogEventsInput{LogGroupName: group}); !cmp.Equal(got, []string{`<fine> & "quoted"`}) {
		t.Errorf("%q", got)
	}
	in.LogEvents[0], in.LogEvents[1] = in.LogEvents[1], in.LogEvents[0]
	_, err = api.PutLogEvents(ctx, in)
	wantCode(t, err, "InvalidParameterException")
	if _, err = api.DeleteLogGroup(ctx, &logs.DeleteLogGroupInput{LogGroupName: group}); err != nil {
		t.Fatal(err)
	}
	_, err = api.DescribeLogStreams(ctx, &logs.DescribeLogStreamsInput{LogGroupName: group})
	wantCode(t, err, "ResourceNotFoundException")
}

func TestFaults(t *testing.T) {
	c := newClock()
	s, api := serve(t, Options{Now: c.Now, Faults: Faults{Denied: map[string]bool{"FilterLogEvents": true}}})
	s.CreateGroup(prod)
	in := &logs.FilterLogEventsInput{LogGroupName: aws.String(prod)}
	_, err := api.FilterLogEvents(t.Context(), in)
	text := wantCode(t, err, "AccessDeniedException")
	for _, part := range []string{"is not authorized to perform: logs:FilterLogEvents on resource: arn:aws:logs:us-east-1:123456789012:log-group:" + prod, "no identity-based policy allows the logs:FilterLogEvents action"} {
		if !strings.Contains(text, part) {
			t.Errorf("%q lacks %q", text, part)
		}
	}
	if _, err = api.DescribeLogGroups(t.Context(), &logs.DescribeLogGroupsInput{}); err != nil {
		t.Error(err)
	}

	s.SetFaults(Faults{Quota: true})
	calls := func(n int) (throttled int) {
		for range n {
			if _, err := api.FilterLogEvents(t.Context(), in); err != nil {
				wantCode(t, err, "ThrottlingException")
				throttled++
			}
		}
		return throttled
	}
	if n := calls(8); n != 3 {
		t.Errorf("quota of 5 per second: %d of 8 calls refused", n)
	}
	c.advance(time.Second)
	if n := calls(5); n != 0 {
		t.Errorf("a second later: %d of 5 calls refused", n)
	}

	s.SetFaults(Faults{ThrottleRate: 0.5})
	if n := calls(40); n < 8 || n > 32 {
		t.Errorf("rate 0.5: %d of 40 calls refused", n)
	}
	s.SetFaults(Faults{ThrottleRate: 1})
	if n := calls(3); n != 3 {
		t.Errorf("rate 1: %d of 3 calls refused", n)
	}
}

func TestProtocol(t *testing.T) {
	s := New(Options{})
	var seen []string
	s.OnCall = func(op, resource string, status int) { seen = append(seen, fmt.Sprint(op, " ", resource, " ", status)) }
	api := client(t, s)
	s.CreateGroup(prod)
	if _, err := api.FilterLogEvents(t.Context(), &logs.FilterLogEventsInput{LogGroupName: aws.String(prod)}); err != nil {
		t.Fatal(err)
	}
	_, err := api.DescribeMetricFilters(t.Context(), &logs.DescribeMetricFiltersInput{})
	wantCode(t, err, "UnknownOperationException")
	if want := []string{"FilterLogEvents " + prod + " 200", "DescribeMetricFilters  400"}; !cmp.Equal(seen, want) {
		t.Errorf("calls %q", seen)
	}

	r := httptest.NewRequest("POST", "/", strings.NewReader("{"))
	if s.Serves(r) {
		t.Error("serves a request without target")
	}
	r.Header.Set("X-Amz-Target", "Logs_20140328.FilterLogEvents")
	w := httptest.NewRecorder()
	if s.Handler().ServeHTTP(w, r); !s.Serves(r) || w.Code != 400 || !strings.Contains(w.Body.String(), `"__type":"SerializationException"`) {
		t.Errorf("broken JSON: %d %s", w.Code, w.Body)
	}
}
