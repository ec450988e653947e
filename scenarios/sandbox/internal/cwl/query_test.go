package cwl

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	logs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/google/go-cmp/cmp"
)

// ask starts a query over the whole of a group and polls it until it has ended.
func ask(t *testing.T, api *logs.Client, c *clock, query string) ([]string, []types.QueryStatus) {
	t.Helper()
	id := start(t, api, c, query)
	var statuses []types.QueryStatus
	for range 10 {
		out, err := api.GetQueryResults(t.Context(), &logs.GetQueryResultsInput{QueryId: id})
		if err != nil {
			t.Fatal(err)
		}
		statuses = append(statuses, out.Status)
		if out.Status == types.QueryStatusComplete {
			return rows(out.Results), statuses
		}
	}
	t.Fatalf("never complete: %v", statuses)
	return nil, nil
}

func start(t *testing.T, api *logs.Client, c *clock, query string) *string {
	t.Helper()
	out, err := api.StartQuery(t.Context(), &logs.StartQueryInput{
		LogGroupName: aws.String(prod), QueryString: aws.String(query),
		StartTime: aws.Int64(c.Now().Add(-time.Hour).Unix()), EndTime: aws.Int64(c.Now().Add(time.Hour).Unix()),
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.QueryId
}

// rows shows results as "value | value", without @ptr.
func rows(results [][]types.ResultField) (out []string) {
	for _, fields := range results {
		var values []string
		for _, f := range fields {
			if *f.Field != "@ptr" {
				values = append(values, *f.Value)
			}
		}
		out = append(out, strings.Join(values, " | "))
	}
	return out
}

func TestInsights(t *testing.T) {
	c := newClock()
	s, api := serve(t, Options{Now: c.Now})
	put(s, c, 4)
	s.Put(prod, "access", []Event{
		{c.Now().Add(4 * time.Second), `{"requestId":"id9","status":"403","integration":{"latency":12}}`},
		{c.Now().Add(5 * time.Second), `{"requestId":"id10","status":"200","integration":{"latency":250}}`},
	})
	tests := []struct {
		query string
		want  []string
	}{
		{`fields @timestamp, @message | filter @message like /line [12]/`, []string{"2026-05-04 12:00:02.000 | (id2) line 2", "2026-05-04 12:00:01.000 | (id1) line 1"}},
		{`fields @message | filter @message like "id3" or @message like "id0" | sort @timestamp asc`, []string{"(id0) line 0", "(id3) line 3"}},
		{`fields @message | filter @message in ["(id1) line 1", '(id2) line 2'] | sort @timestamp asc | limit 1`, []string{"(id1) line 1"}},
		{`fields @message, @logStream | filter @message like /line/ and not (@logStream = "stream0") | sort @timestamp asc`, []string{"(id1) line 1 | stream1", "(id3) line 3 | stream1"}},
		{`fields requestId, integration.latency | filter status = "403"`, []string{"id9 | 12"}},
		{`fields requestId | filter integration.latency > 100`, []string{"id10"}},
		{"# a comment\nfilter @message not like /id9|id10/\n| display @message\n| sort @logStream asc, @timestamp desc\n| limit 3", []string{"(id2) line 2", "(id0) line 0", "(id3) line 3"}},
		{`filter requestId =~ /(?i)ID9/ | fields status`, []string{"403"}},
		{`fields @message | filter @message like /nothing/`, nil},
	}
	for _, tt := range tests {
		if got, _ := ask(t, api, c, tt.query); !cmp.Equal(got, tt.want) {
			t.Errorf("%s\n got %q\nwant %q", tt.query, got, tt.want)
		}
	}
}

func TestInsightsMalformed(t *testing.T) {
	for _, query := range []string{
		"", "| limit 1", "stats count(*)", "filter", "filter @message", "filter @message like", "filter @message like /(/", "filter @message like /x",
		"filter @message in", "filter @message in [", `filter @message in ["a"`, "filter (@message like /x/", "limit x", "limit 0", "sort", "fields", "fields @message |", `fields "x"`, "fields @message limit 1", "filter a ~ 1", `filter a = "x" && b = "y"`, "filter a exists", "filter a = /x/",
	} {
		if _, err := parseProgram(query); err == nil || !strings.HasPrefix(err.Error(), "MalformedQueryException: ") {
			t.Errorf("%q: %v", query, err)
		}
	}
}

func TestQueryLife(t *testing.T) {
	c := newClock()
	s, api := serve(t, Options{Now: c.Now, QueryPolls: 2, Delivery: Delivery{Delay: time.Minute}, Faults: Faults{Quota: true}})
	put(s, c, 3)
	c.advance(2 * time.Minute)
	if _, got := ask(t, api, c, "fields @message"); !cmp.Equal(got, []types.QueryStatus{"Scheduled", "Running", "Complete"}) {
		t.Errorf("statuses %v", got)
	}
	out, err := api.StartQuery(t.Context(), &logs.StartQueryInput{LogGroupNames: []string{"none"}, QueryString: aws.String("fields @message"), StartTime: aws.Int64(0), EndTime: aws.Int64(1)})
	if text := wantCode(t, err, "ResourceNotFoundException"); !strings.Contains(text, "'none'") {
		t.Errorf("%v %s", out, text)
	}

	c.advance(10 * time.Second) // past the calls-per-second quota
	id := start(t, api, c, "fields @message")
	if stopped, err := api.StopQuery(t.Context(), &logs.StopQueryInput{QueryId: id}); err != nil || !stopped.Success {
		t.Errorf("stop: %+v, %v", stopped, err)
	}
	results, err := api.GetQueryResults(t.Context(), &logs.GetQueryResultsInput{QueryId: id})
	if err != nil || results.Status != types.QueryStatusCancelled {
		t.Errorf("after stop: %+v, %v", results, err)
	}
	for range maxQueries {
		c.advance(time.Second)
		start(t, api, c, "fields @message")
	}
	c.advance(time.Second)
	_, err = api.StartQuery(t.Context(), &logs.StartQueryInput{LogGroupName: aws.String(prod), QueryString: aws.String("fields @message"), StartTime: aws.Int64(0), EndTime: aws.Int64(1)})
	wantCode(t, err, "LimitExceededException")
}

func TestQueryResults(t *testing.T) {
	c := newClock()
	s, api := serve(t, Options{Now: c.Now, QueryPolls: -1})
	put(s, c, 5)
	id := start(t, api, c, "fields @message | filter @message like /line/ | sort @timestamp asc")
	var got []string
	in := &logs.GetQueryResultsInput{QueryId: id, MaxItems: aws.Int32(2)}
	for pages := 1; ; pages++ {
		out, err := api.GetQueryResults(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, rows(out.Results)...)
		if last := out.Results[0][len(out.Results[0])-1]; *last.Field != "@ptr" || *last.Value == "" {
			t.Errorf("last field %s", *last.Field)
		}
		if out.Statistics.RecordsMatched != 5 || out.Statistics.RecordsScanned != 5 {
			t.Errorf("statistics %+v", out.Statistics)
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			if pages != 3 {
				t.Errorf("%d pages", pages)
			}
			break
		}
	}
	var want []string
	for i := range 5 {
		want = append(want, fmt.Sprintf("(id%d) line %d", i, i))
	}
	if !cmp.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
