package fetch

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"stageprobe/probe"
)

var begin = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// wanted asks for the first n requests of stage prod, sent one a second.
func wanted(n int) Request {
	q := Request{
		Stages: []StageLogs{{API: api, Stage: "prod", Kind: probe.REST, Level: "INFO"}},
		From:   begin, To: begin.Add(time.Duration(n) * time.Second),
	}
	for i := range n {
		q.IDs = append(q.IDs, uuid(i))
	}
	return q
}

// fill logs n requests of a stage, from the given one on.
func fill(c *cloud, group, stage string, from, n int, late time.Duration) {
	for i := from; i < from+n; i++ {
		c.add(group, begin.Add(time.Duration(i)*time.Second), late, infoLines(uuid(i), stage)...)
	}
}

func matched(e probe.Evidence) map[string]int {
	found := map[string]int{}
	for _, g := range e.Groups {
		found[g.Name] = g.Matched
	}
	return found
}

func fetch(t *testing.T, r *Reader, q Request) probe.Evidence {
	t.Helper()
	e, err := r.Fetch(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestGroups has every neighbour of a group's name: nothing of it is read.
func TestGroups(t *testing.T) {
	c, r := newCloud(t)
	fill(c, prodGroup, "prod", 0, 4, 0)
	fill(c, prodGroup+"/Canary", "prod", 2, 1, 0)
	fill(c, prodGroup+"2", "prod2", 0, 4, 0)
	fill(c, prodGroup+"2/Canary", "prod2", 0, 4, 0)
	fill(c, "API-Gateway-Execution-Logs_"+api+"/Canary", "Canary", 0, 4, 0)
	e := fetch(t, r, wanted(4))
	if got := fmt.Sprint(matched(e)); got != fmt.Sprint(map[string]int{prodGroup: 4, prodGroup + "/Canary": 1}) {
		t.Errorf("matched %s", got)
	}
	canary := e.Groups[len(e.Groups)-1]
	if !canary.Canary || canary.Stage != "prod" || canary.APIID != api || !canary.Watermark.Equal(begin.Add(2007*time.Millisecond)) {
		t.Errorf("canary group: %+v", canary)
	}
}

// AWS's canary page spells the canary's group otherwise than every capture
// spells the stage's.
func TestCanaryGroupInTheOtherSpelling(t *testing.T) {
	c, r := newCloud(t)
	fill(c, prodGroup, "prod", 0, 4, 0)
	slash := "API-Gateway-Execution-Logs/" + api + "/prod/Canary"
	fill(c, slash, "prod", 2, 1, 0)
	q := wanted(4)
	q.Stages[0].HasCanary = true
	if got := fmt.Sprint(matched(fetch(t, r, q))); got != fmt.Sprint(map[string]int{prodGroup: 4, slash: 1}) {
		t.Errorf("matched %s", got)
	}
}

// Where no ingestion time is told, the first reading bounds it, and a later
// reading does not move it.
func TestIngestionTimeThatIsNotTold(t *testing.T) {
	c, r := newCloud(t)
	c.untold = true
	fill(c, prodGroup, "prod", 0, 2, 0)
	first := c.time()
	for range 2 {
		for _, rec := range fetch(t, r, wanted(2)).Records {
			if !rec.Ingested.Equal(first) {
				t.Errorf("ingested %s, first read %s", rec.Ingested, first)
			}
		}
		_ = c.sleep(t.Context(), time.Minute)
	}
}

func TestOtherSpellingAndAbsentGroup(t *testing.T) {
	c, r := newCloud(t)
	slash := "API-Gateway-Execution-Logs/" + api + "/prod"
	fill(c, slash, "prod", 0, 2, 0)
	if e := fetch(t, r, wanted(2)); matched(e)[slash] != 2 {
		t.Errorf("groups: %+v", e.Groups)
	}
	_, r = newCloud(t)
	e := fetch(t, r, wanted(2))
	if len(e.Groups) != 1 || e.Groups[0].Exists || e.Groups[0].Name != prodGroup || len(e.Gaps) != 0 {
		t.Errorf("groups: %+v, gaps: %+v", e.Groups, e.Gaps)
	}
}

// TestWays checks that a quiet group is read whole, and that a busy one is asked
// for the ids, in as many batches as the pattern's length demands.
func TestWays(t *testing.T) {
	tests := []struct {
		name          string
		requests, ids int
		patterns      int // distinct
	}{
		{"quiet", 12, 3, 0},
		{"more than a page, few ids", 13, 3, 1},
		{"busy, few ids", 400, 3, 1},
		{"busy, many ids", 400, 45, 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, r := newCloud(t)
			c.now = begin.Add(time.Hour)
			fill(c, prodGroup, "prod", 0, tt.requests, 0)
			q := wanted(tt.requests)
			q.IDs = q.IDs[:tt.ids]
			e := fetch(t, r, q)
			if matched(e)[prodGroup] != tt.ids || len(e.Records) != tt.ids {
				t.Errorf("matched %v of %d, gaps %+v", matched(e), tt.ids, e.Gaps)
			}
			patterns := slices.Compact(slices.Sorted(slices.Values(c.patterns)))
			patterns = slices.DeleteFunc(patterns, func(p string) bool { return p == "" })
			if len(patterns) != tt.patterns {
				t.Errorf("patterns %q, want %d", patterns, tt.patterns)
			}
			for _, p := range patterns {
				if len(p) > 1024 {
					t.Errorf("pattern of %d characters", len(p))
				}
			}
		})
	}
}

// TestIncremental fetches again: for the same ids without any call, and for
// later ones without going back to the beginning.
func TestIncremental(t *testing.T) {
	c, r := newCloud(t)
	c.now = begin.Add(time.Hour)
	fill(c, prodGroup, "prod", 0, 10, 0)
	first := fetch(t, r, wanted(10))
	before := c.calls["FilterLogEvents"]
	again := fetch(t, r, wanted(10))
	if n := c.calls["FilterLogEvents"] - before; n != 0 || len(again.Records) != len(first.Records) {
		t.Errorf("%d calls, %d records", n, len(again.Records))
	}
	fill(c, prodGroup, "prod", 600, 10, 0)
	q := wanted(610)
	q.IDs = append(q.IDs[:10], q.IDs[600:]...)
	e := fetch(t, r, q)
	if len(e.Records) != 20 || e.Groups[0].Events != 160 {
		t.Errorf("%d records, %d events", len(e.Records), e.Groups[0].Events)
	}
}

// TestLate has events that arrive a minute late: they are waited for, in the
// canary's group too, and no longer than needed.
func TestLate(t *testing.T) {
	c, r := newCloud(t)
	q := wanted(5)
	c.now = q.To
	fill(c, prodGroup, "prod", 0, 5, time.Minute)
	q.Wait = 5 * time.Minute
	var coverage []float64
	q.Poll = func(share float64) { coverage = append(coverage, share) }
	e := fetch(t, r, q)
	if len(e.Records) != 5 || coverage[0] != 0 || coverage[len(coverage)-1] != 1 {
		t.Fatalf("%d records, coverage %v", len(e.Records), coverage)
	}
	if waited := c.now.Sub(q.To); waited < time.Minute-5*time.Second || waited > 90*time.Second {
		t.Errorf("waited %s", waited)
	}
	if rec := e.Records[0]; rec.Ingested.Sub(rec.Time) != time.Minute+7*time.Millisecond {
		t.Errorf("lag %s", rec.Ingested.Sub(rec.Time))
	}
}

func TestWaitEnds(t *testing.T) {
	c, r := newCloud(t)
	q := wanted(2)
	c.now = q.To
	fill(c, prodGroup, "prod", 0, 1, 0)
	q.Wait, q.Deadline = time.Hour, c.now.Add(2*time.Minute)
	e := fetch(t, r, q)
	if len(e.Records) != 1 || !c.now.Equal(q.Deadline) {
		t.Errorf("%d records at %s, want 1 at %s", len(e.Records), c.now, q.Deadline)
	}
}

func TestThrottled(t *testing.T) {
	c, r := newCloud(t)
	fill(c, prodGroup, "prod", 0, 2, 0)
	refusals := 4
	c.before = func(string, string) (string, string) {
		if refusals--; refusals >= 0 {
			return "ThrottlingException", "Rate exceeded"
		}
		return "", ""
	}
	if e := fetch(t, r, wanted(2)); len(e.Records) != 2 || len(e.Gaps) != 0 {
		t.Errorf("%d records, gaps %+v", len(e.Records), e.Gaps)
	}
}

// TestPace checks that calls keep to the quota, by the reader's clock.
func TestPace(t *testing.T) {
	c, r := newCloud(t)
	c.pageSize = 8
	c.now = begin.Add(time.Hour)
	fill(c, prodGroup, "prod", 0, 100, 0)
	fetch(t, r, wanted(100))
	calls := c.calls["FilterLogEvents"] + c.calls["DescribeLogGroups"]
	if took := c.now.Sub(begin.Add(time.Hour)); took < time.Duration(calls-quota)*time.Second/quota-time.Millisecond {
		t.Errorf("%d calls in %s", calls, took)
	}
}

func TestDenied(t *testing.T) {
	const resource = "arn:aws:logs:eu-west-1:123456789012:log-group:" + prodGroup + ":*"
	for _, operation := range []string{"FilterLogEvents", "DescribeLogGroups"} {
		t.Run(operation, func(t *testing.T) {
			c, r := newCloud(t)
			fill(c, prodGroup, "prod", 0, 2, 0)
			c.before = func(called, _ string) (string, string) {
				if called == operation {
					return "AccessDeniedException", "User: x is not authorized to perform: logs:" + operation + " on resource: " + resource + " because no policy allows it"
				}
				return "", ""
			}
			q := wanted(2)
			q.Wait = time.Hour
			e := fetch(t, r, q)
			if len(e.Gaps) != 1 || e.Gaps[0].Action != "logs:"+operation || e.Gaps[0].Resource != resource || e.Gaps[0].Costs == "" {
				t.Errorf("gaps: %+v", e.Gaps)
			}
			// The names are known: without the list they are read all the same.
			if want := map[string]int{"FilterLogEvents": 0, "DescribeLogGroups": 2}[operation]; len(e.Records) != want {
				t.Errorf("%d records, want %d", len(e.Records), want)
			}
		})
	}
}

// TestAccessLogs has two stages that share a group and differ in their format,
// and one whose entries go to a Firehose.
func TestAccessLogs(t *testing.T) {
	c, r := newCloud(t)
	c.add("access", begin, 0, uuid(0)+" 200 prod", `{"requestId":"`+uuid(1)+`","status":"403","stage":"dev","integrationStatus":"-"}`, "garbage")
	c.add("access/Canary", begin, 0, uuid(0)+" 200 prod")
	destination := "arn:aws:logs:eu-west-1:123456789012:log-group:access:*"
	q := wanted(2)
	q.Stages = []StageLogs{
		{API: api, Stage: "prod", Kind: probe.HTTP, AccessLog: probe.AccessLog{Destination: destination, Format: "$context.requestId $context.status $context.stage"}},
		{API: api, Stage: "dev", Kind: probe.HTTP, AccessLog: probe.AccessLog{Destination: destination, Format: `{"requestId":"$context.requestId","status":"$context.status","stage":"$context.stage","integrationStatus":"$context.integrationStatus"}`}},
		{API: api, Stage: "hose", Kind: probe.HTTP, AccessLog: probe.AccessLog{Destination: "arn:aws:firehose:eu-west-1:123456789012:deliverystream/amazon-apigateway-x", Format: "$context.requestId"}},
	}
	e := fetch(t, r, q)
	var got []string
	for _, rec := range e.Records {
		got = append(got, fmt.Sprint(rec.Stage, *rec.Status, rec.GroupCanary, rec.Producer))
	}
	if want := []string{"prod200 false", "dev403 falsegateway", "prod200 true"}; !slices.Equal(got, want) {
		t.Errorf("records %q, want %q", got, want)
	}
	if len(e.Gaps) != 1 || !strings.Contains(e.Gaps[0].Err, "Firehose") || !strings.Contains(e.Gaps[0].Subject, "hose") {
		t.Errorf("gaps: %+v", e.Gaps)
	}
	if len(e.Notes) != 1 || !strings.Contains(e.Notes[0], "1 entries") {
		t.Errorf("notes: %q", e.Notes)
	}
	if !proven(e, api, "dev", probe.AccessLogSrc) || proven(e, api, "hose", probe.AccessLogSrc) {
		t.Error("access logs are proven on for dev, not for hose")
	}
}

// TestOtherStage has a request that another stage served: its own stage's group
// is found, and the group of the stage that was asked is not waited for.
func TestOtherStage(t *testing.T) {
	c, r := newCloud(t)
	dev := "API-Gateway-Execution-Logs_" + api + "/dev"
	fill(c, prodGroup, "prod", 0, 1, 0)
	fill(c, dev, "dev", 1, 1, 0)
	q := wanted(2)
	q.Stages = append(q.Stages, StageLogs{API: api, Stage: "dev", Kind: probe.REST})
	q.Wait = time.Hour
	from := c.now
	e := fetch(t, r, q)
	if got := matched(e); got[prodGroup] != 1 || got[dev] != 1 {
		t.Errorf("matched %v", got)
	}
	if c.now.Sub(from) > 5*time.Second {
		t.Errorf("waited %s with nothing missing", c.now.Sub(from))
	}
}

// TestQueryDenied has a group for which Logs Insights would be cheaper and is
// not allowed: it is asked for the ids, and the missing right is named.
func TestQueryDenied(t *testing.T) {
	c, r := newCloud(t)
	c.now = begin.Add(time.Hour)
	r.InsightsAbove = 1
	fill(c, prodGroup, "prod", 0, 400, 0)
	c.before = func(operation, _ string) (string, string) {
		if operation == "StartQuery" {
			return "AccessDeniedException", "User: x is not authorized to perform: logs:StartQuery"
		}
		return "", ""
	}
	q := wanted(400)
	q.IDs = q.IDs[:100]
	e := fetch(t, r, q)
	if len(e.Records) != 100 || len(e.Gaps) != 1 || e.Gaps[0].Action != "logs:StartQuery" || !strings.Contains(e.Gaps[0].Resource, prodGroup) {
		t.Errorf("%d records, gaps %+v", len(e.Records), e.Gaps)
	}
}

// TestExecutionLogBehindAccessLog waits for the execution log although the
// access log tells of every request already, and stops at an unmatched route,
// which has none.
func TestExecutionLogBehindAccessLog(t *testing.T) {
	c, r := newCloud(t)
	q := wanted(2)
	c.now = q.To
	q.Wait = time.Hour
	q.Stages[0].AccessLog = probe.AccessLog{Destination: "arn:aws:logs:eu-west-1:123456789012:log-group:access", Format: "$context.requestId $context.status"}
	c.add("access", begin, 0, uuid(0)+" 200", uuid(1)+" 403")
	fill(c, prodGroup, "prod", 0, 1, 20*time.Second)
	e := fetch(t, r, q)
	if got := matched(e); got["access"] != 2 || got[prodGroup] != 1 {
		t.Errorf("matched %v", got)
	}
	if waited := c.now.Sub(q.To); waited < 20*time.Second || waited > time.Minute {
		t.Errorf("waited %s", waited)
	}
}

// proven reports whether logging of a kind is proven on for a stage: some wanted
// request was found in a log of it. Until then a missing log line says nothing.
func proven(e probe.Evidence, api, stage string, source probe.LogSource) bool {
	for i := range e.Records {
		rec := &e.Records[i]
		if rec.Source == source && rec.APIID == api && rec.Stage == stage {
			return true
		}
	}
	return false
}
