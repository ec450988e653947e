// Package fetch reads the logs of an API's stages from CloudWatch Logs: which
// groups there are, which of the wanted requests stand in them, and how far
// behind they are.
//
// It asks for as little as it can. A quiet group is read whole in a page or
// two; a busy one is asked for the wanted ids; one that is too large for both
// goes through Logs Insights. A [Reader] remembers what it has read: fetching
// again, for more ids or because some were late, reads only what is new.
package fetch

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"golang.org/x/time/rate"

	"stageprobe/probe"
)

// Client is the part of the CloudWatch Logs client that is used.
type Client interface {
	cloudwatchlogs.DescribeLogGroupsAPIClient
	cloudwatchlogs.FilterLogEventsAPIClient
	StartQuery(context.Context, *cloudwatchlogs.StartQueryInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.StartQueryOutput, error)
	GetQueryResults(context.Context, *cloudwatchlogs.GetQueryResultsInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.GetQueryResultsOutput, error)
	StopQuery(context.Context, *cloudwatchlogs.StopQueryInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.StopQueryOutput, error)
}

var _ Client = (*cloudwatchlogs.Client)(nil)

// Reader reads logs and remembers what it has read. Its zero value needs a
// Client. It is safe for concurrent use; calls wait for each other.
type Reader struct {
	Client Client
	Now    func() time.Time                           // nil: time.Now
	Sleep  func(context.Context, time.Duration) error // nil: a timer

	// Limiter is the pace of all calls. It is shared by every reader of an
	// account and region; nil: 5 calls per second, the documented quota of
	// FilterLogEvents and of DescribeLogGroups.
	Limiter *rate.Limiter

	// InsightsAbove is the number of calls per group and round from which on
	// Logs Insights, which is billed by the data scanned, takes their place;
	// 0: 60, negative: never.
	InsightsAbove int

	scanned atomic.Int64 // bytes, by Logs Insights

	mu     sync.Mutex
	groups map[string]*group
	own    *rate.Limiter
}

// StageLogs is a stage whose logs are wanted.
type StageLogs struct {
	API       string
	Stage     string
	Kind      probe.APIKind // HTTP APIs have no execution log
	AccessLog probe.AccessLog
	Level     string // execution-log level: OFF (not read), ERROR, INFO; "" unknown
	HasCanary bool
}

// Request names what to read.
type Request struct {
	Stages []StageLogs
	IDs    []string // wanted request ids, or extended request ids

	// From and To bound the time in which the requests were sent, by the
	// caller's clock; a margin for clocks and for slow requests is added.
	From, To time.Time

	// Late events are waited for until every id is complete, at most for Wait,
	// and not beyond Deadline. Both zero: no waiting.
	Wait     time.Duration
	Deadline time.Time

	// Poll, where set, is told after every round which share of the wanted ids
	// has been found complete.
	Poll func(coverage float64)
}

// Scanned is how many bytes Logs Insights has scanned, which AWS bills.
func (r *Reader) Scanned() int64 { return r.scanned.Load() }

const (
	skew      = time.Minute      // between the caller's clock and AWS's
	slowest   = 3 * time.Minute  // from sending a request to its last log event's time
	lateness  = 2 * time.Minute  // events may appear this long after later ones, at least
	allowance = time.Minute      // a group whose newest event is this much younger than a request holds it or never will
	patience  = 30 * time.Second // for the execution log of a request that its access log holds
	given     = 10 * time.Minute // … and after this time in any case
	pollEvery = 5 * time.Second  // first pause between rounds; it doubles
	pollMost  = 20 * time.Second // … up to this
)

// Fetch reads the logs of the wanted requests. What cannot be read is a gap in
// the evidence; the error is that of the context only, and the evidence is
// valid beside it.
func (r *Reader) Fetch(ctx context.Context, q Request) (probe.Evidence, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	run := &run{Reader: r, request: q, found: map[string]bool{}, owner: map[string]probe.StageRef{}, gaps: map[string]probe.Gap{}}
	for _, id := range q.IDs {
		run.found[id] = false
	}
	err := discovery{run}.discover(ctx)
	for _, g := range run.groups {
		run.mark(g) // what an earlier Fetch read
	}
	if err == nil {
		err = run.rounds(ctx)
	}
	return run.evidence(), err
}

// run is one Fetch.
type run struct {
	*Reader
	request Request
	groups  []*group                  // to read, canary groups after the others
	found   map[string]bool           // wanted id → complete
	owner   map[string]probe.StageRef // … of the stage
	gaps    map[string]probe.Gap
	order   []string // of gaps
	notes   []string
}

// rounds reads every group, again and again until nothing is missing or the
// wait is over.
func (r *run) rounds(ctx context.Context) error {
	end := r.until()
	for pause := pollEvery; ; pause = min(2*pause, pollMost) {
		for _, g := range r.groups {
			if err := r.read(ctx, g); err != nil {
				return err
			}
			r.mark(g)
		}
		missing := r.missing()
		if r.request.Poll != nil {
			r.request.Poll(r.coverage(missing))
		}
		left := end.Sub(r.now())
		if missing == 0 && !r.lagging() || left <= 0 || !r.readable() {
			return nil
		}
		if err := r.sleep(ctx, min(pause, left)); err != nil {
			return err
		}
	}
}

// until returns when waiting ends.
func (r *run) until() time.Time {
	end := r.now().Add(r.request.Wait)
	switch d := r.request.Deadline; {
	case d.IsZero():
		return end
	case r.request.Wait == 0:
		return d
	case d.Before(end):
		return d
	}
	return end
}

// mark notes which ids are complete by now.
func (r *run) mark(g *group) {
	for id, complete := range r.found {
		if !complete && g.complete(id) {
			r.found[id], r.owner[id] = true, g.ref()
		}
	}
}

func (r *run) missing() int {
	n := 0
	for _, complete := range r.found {
		if !complete {
			n++
		}
	}
	return n
}

func (r *run) coverage(missing int) float64 {
	if len(r.found) == 0 {
		return 1
	}
	return 1 - float64(missing)/float64(len(r.found))
}

// readable reports whether waiting can help: some group exists and may be read.
func (r *run) readable() bool { return slices.ContainsFunc(r.groups, (*group).readable) }

// lagging reports whether an execution log that should hold requests, known
// from an access log alone, does not hold them yet. It is given a short while:
// some requests, such as those of an unmatched route, never get there.
func (r *run) lagging() bool {
	if r.request.To.IsZero() || r.now().After(r.request.To.Add(patience)) {
		return false
	}
	return slices.ContainsFunc(r.groups, func(g *group) bool {
		if g.Canary || g.Level != "INFO" || !g.readable() || r.overdue(g) {
			return false
		}
		for id, ref := range r.owner {
			if ref == g.ref() && !g.complete(id) {
				return true
			}
		}
		return false
	})
}

// evidence gathers what the groups hold of the wanted ids.
func (r *run) evidence() probe.Evidence {
	var e probe.Evidence
	want := func(id string) bool { _, ok := r.found[id]; return ok && id != "" }
	for _, g := range r.groups {
		before := len(e.Records)
		for _, rec := range g.records() {
			if want(rec.RequestID) || want(rec.ExtendedID) {
				e.Records = append(e.Records, rec)
			}
		}
		lg := g.LogGroup
		lg.Matched = len(e.Records) - before
		e.Groups = append(e.Groups, lg)
		if g.access != nil && g.access.unread > 0 {
			r.note("log group %s: %d entries have neither the stage's access-log format nor the usual JSON names", g.Name, g.access.unread)
		}
	}
	for _, key := range r.order {
		e.Gaps = append(e.Gaps, r.gaps[key])
	}
	e.Notes = r.notes
	return e
}

// gap notes once what could not be read.
func (r *run) gap(g probe.Gap) {
	key := g.Operation + " " + g.Subject
	if _, known := r.gaps[key]; !known {
		r.order = append(r.order, key)
	}
	r.gaps[key] = g
}

func (r *run) note(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(r.notes, text) {
		r.notes = append(r.notes, text)
	}
}
