package analyze

import (
	"fmt"
	"testing"
	"time"

	"stageprobe/analyze/cause"
	"stageprobe/probe"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// canaryStage is a stage with its own deployment d1 and a canary d2.
func canaryStage() *probe.Snapshot {
	return &probe.Snapshot{APIs: []probe.API{{ID: "abc123", Kind: probe.REST, Stages: []probe.Stage{
		{Name: "prod", DeploymentID: "d1", Canary: &probe.Canary{Percent: 10, DeploymentID: "d2"}},
		{Name: "dev", DeploymentID: "d3"},
	}}}}
}

func stageRecord(id, stage string) probe.LogRecord {
	return probe.LogRecord{Source: probe.ExecutionLog, RequestID: id, APIID: "abc123", Stage: stage}
}

func canaryRecord(id string) probe.LogRecord {
	r := stageRecord(id, "prod")
	r.GroupCanary = true
	return r
}

func said(r probe.LogRecord, canary bool) probe.LogRecord {
	r.Source, r.Canary = probe.AccessLogSrc, &canary
	return r
}

func deployed(r probe.LogRecord, id string) probe.LogRecord {
	r.Source, r.DeploymentID = probe.AccessLogSrc, id
	return r
}

// TestLabel joins one request, ended at noon, with what the logs hold.
func TestLabel(t *testing.T) {
	long := noon.Add(defaultAllowance + time.Second)
	for _, tc := range []struct {
		name          string
		records       []probe.LogRecord
		canaryEvents  int
		watermark     time.Time
		readAt        time.Time
		want          cause.Label
		contradictory bool
	}{
		{name: "nothing found", readAt: long, want: cause.LabelUnknown},
		{name: "found in the canary's group", records: []probe.LogRecord{stageRecord("id", "prod"), canaryRecord("id")},
			canaryEvents: 1, readAt: noon, want: cause.LabelCanary},
		{name: "absent from a canary group that is past it", records: []probe.LogRecord{stageRecord("id", "prod")},
			canaryEvents: 1, watermark: long, readAt: noon, want: cause.LabelBase},
		{name: "absent, and read late enough", records: []probe.LogRecord{stageRecord("id", "prod")},
			canaryEvents: 1, watermark: noon, readAt: long, want: cause.LabelBase},
		{name: "absent, but the canary's lines may still come", records: []probe.LogRecord{stageRecord("id", "prod")},
			canaryEvents: 1, watermark: noon, readAt: noon.Add(time.Second), want: cause.LabelUnknown},
		{name: "absent from a canary group that nothing was ever written to", records: []probe.LogRecord{stageRecord("id", "prod")},
			readAt: long, want: cause.LabelUnknown},
		{name: "a stage without a canary", records: []probe.LogRecord{stageRecord("id", "dev")}, readAt: noon, want: cause.LabelBase},
		{name: "isCanaryRequest outranks the groups' silence", records: []probe.LogRecord{stageRecord("id", "prod"), said(stageRecord("id", "prod"), false)},
			readAt: noon, want: cause.LabelBase},
		{name: "isCanaryRequest", records: []probe.LogRecord{said(stageRecord("id", "prod"), true)}, readAt: noon, want: cause.LabelCanary},
		{name: "the canary's deployment id", records: []probe.LogRecord{deployed(stageRecord("id", "prod"), "d2")}, readAt: noon, want: cause.LabelCanary},
		{name: "the stage's deployment id", records: []probe.LogRecord{deployed(stageRecord("id", "prod"), "d1")}, readAt: noon, want: cause.LabelBase},
		{name: "a deployment that neither is", records: []probe.LogRecord{deployed(stageRecord("id", "prod"), "d9")}, readAt: noon, want: cause.LabelUnknown},
		{name: "access log and canary group disagree", records: []probe.LogRecord{said(stageRecord("id", "prod"), false), canaryRecord("id")},
			canaryEvents: 1, readAt: noon, want: cause.LabelBase, contradictory: true},
		{name: "two access lines disagree", records: []probe.LogRecord{said(stageRecord("id", "prod"), false), said(stageRecord("id", "prod"), true)},
			readAt: noon, want: cause.LabelUnknown, contradictory: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := newEvidence(probe.Evidence{
				ReadAt: tc.readAt, Records: tc.records,
				Groups: []probe.LogGroup{{APIID: "abc123", Stage: "prod", Canary: true, Exists: true, Events: tc.canaryEvents, Watermark: tc.watermark}},
			})
			l := e.of(&ids{request: "id"}, noon, canaryStage())
			if l.side != tc.want || l.contradictory != tc.contradictory {
				t.Errorf("label %v, contradictory %t; want %v, %t", l.side, l.contradictory, tc.want, tc.contradictory)
			}
			if l.found != (len(tc.records) > 0) {
				t.Errorf("found is %t with %d records", l.found, len(tc.records))
			}
		})
	}
}

// TestReusedID keeps apart two requests that bear one id: callers may choose
// x-amzn-RequestId, so logs may hold it twice.
func TestReusedID(t *testing.T) {
	mine, other := stageRecord("id", "prod"), stageRecord("id", "dev")
	mine.ExtendedID, other.ExtendedID = "mine=", "other="
	e := newEvidence(probe.Evidence{Records: []probe.LogRecord{other, mine}})
	if l := e.of(&ids{request: "id", extended: "mine="}, noon, canaryStage()); l.stage != "prod" {
		t.Errorf("joined with stage %q, want prod", l.stage)
	}
	if got := len(e.records(&ids{request: "id"})); got != 2 {
		t.Errorf("without an extended id %d records, want both", got)
	}
}

// TestAllowance is learnt from the lags seen, and only from enough of them.
func TestAllowance(t *testing.T) {
	for _, tc := range []struct {
		lags int
		lag  time.Duration
		want time.Duration
	}{
		{lags: lagsToLearnFrom - 1, lag: 2 * time.Second, want: defaultAllowance},
		{lags: lagsToLearnFrom, lag: 2 * time.Second, want: 4 * time.Second},
		{lags: lagsToLearnFrom, lag: 10 * time.Millisecond, want: leastAllowance},
		{lags: lagsToLearnFrom, lag: time.Hour, want: defaultAllowance},
	} {
		var records []probe.LogRecord
		for i := range tc.lags {
			r := stageRecord(fmt.Sprint("id", i), "prod")
			r.Time, r.Ingested = noon, noon.Add(tc.lag)
			records = append(records, r)
		}
		if e := newEvidence(probe.Evidence{Records: records}); e.allowance != tc.want {
			t.Errorf("%d lags of %s: allowance %s, want %s", tc.lags, tc.lag, e.allowance, tc.want)
		}
	}
}

// TestLabelsOfASnapshot: once the configuration is read again, a request's label is asked
// anew, as another deployment may be the canary's by now.
func TestLabelsOfASnapshot(t *testing.T) {
	plan := probe.Plan{Requests: 10, Rate: 1, Targets: []probe.Target{{ID: "abc123/prod", APIID: "abc123", Stage: "prod"}}, Scenarios: []probe.Scenario{{Name: "s"}}}
	snap := canaryStage()
	s := NewSession(plan, *snap, Policy{})
	for i, id := range []string{"own", "canary", "both", "none"} {
		s.Add(&probe.Observation{Seq: uint64(i), Target: "abc123/prod", Scenario: "s", Due: noon, Outcome: probe.OutcomeResponse, Status: 200, MintedID: id})
	}
	s.SetEvidence(probe.Evidence{ReadAt: noon.Add(time.Hour), Groups: []probe.LogGroup{{Name: "g", Exists: true}}, Records: []probe.LogRecord{
		deployed(stageRecord("own", "prod"), "d1"), deployed(stageRecord("canary", "prod"), "d2"), deployed(stageRecord("both", "prod"), "d1"), said(stageRecord("both", "prod"), true),
	}})
	want := func(canary, base, unknown, contradictory int) {
		t.Helper()
		got := s.Report(Ending{Stopped: "budget"}).Logs.Labels
		if got["canary"] != canary || got["base"] != base || got["unknown"] != unknown || got["contradictory"] != contradictory {
			t.Errorf("%v, want %d of the canary, %d of the stage, %d unknown, %d contradictory", got, canary, base, unknown, contradictory)
		}
	}
	want(1, 1, 1, 1)
	again := canaryStage()
	again.APIs[0].Stages[0].DeploymentID, again.APIs[0].Stages[0].Canary.DeploymentID = "d2", "d1"
	s.SetSnapshot(*again)
	want(2, 1, 1, 0)
}
