package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"sync/atomic"
	"time"

	"stageprobe/analyze"
	"stageprobe/analyze/cause"
	"stageprobe/analyze/report"
	"stageprobe/cmd/stageprobe/internal/live"
	"stageprobe/probe"
	"stageprobe/probe/inventory"
	"stageprobe/probe/logs/fetch"
	"stageprobe/probe/recording"
	"stageprobe/probe/redact"
)

// run is one check on its way from plan to report.
type run struct {
	flags    *checkFlags
	streams  Streams
	subject  *subject
	plan     probe.Plan
	policy   analyze.Policy
	engine   *probe.Engine
	agents   *coordination // nil where this process sends itself
	session  *analyze.Session
	redactor *redact.Redactor
	now      func() time.Time

	display *live.Display
	kept    *recorder // nil without --record
	header  recording.Header
	started time.Time
	seen    int       // observations
	look    int       // when to weigh next
	rest    time.Time // until when a look for the display alone would cost too much
	readAt  int       // observations when the logs were last read
	// peekedAt is readAt where the run did not wait for the logs; waited, whether it
	// has yet.
	peekedAt int
	waited   bool
	notes    []string
	broken   unanswered

	evidence *probe.Evidence // as last read
	// logsInVain: no group exists, none may be read, or waiting for the first
	// event was for nothing.
	logsInVain bool
	logsWaited time.Duration // of --log-wait
	rereadAt   time.Time     // when a wait last looked for what tells old from new
	readFor    time.Duration // spent on logs while sending
	sentFor    time.Duration
}

const (
	glanceEvery = 20 // answers
	earlyLogs   = 40 // from which logs are read without waiting for them
)

// execute sends until every question is decided or the budget is spent, reads
// the logs, and makes the report from the recording's own data.
func (r *run) execute(ctx context.Context) (*analyze.Report, error) {
	r.started = r.now()
	if err := r.begin(); err != nil {
		return nil, err
	}
	defer r.display.Done()
	stopped, err := r.send(ctx)
	if err != nil {
		return nil, err
	}
	return r.finish(ctx, stopped)
}

// begin opens the recording and the display.
func (r *run) begin() error {
	policy, err := r.policy.PolicyJSON()
	if err != nil {
		return err
	}
	r.header = recording.Header{
		Format: recording.Format, Run: r.agents.id(r), Version: Version(),
		Started: r.started.UTC(), Plan: r.plan, Snapshot: &r.subject.snap, Policy: policy,
	}
	if r.flags.record != "" {
		if r.kept, err = newRecorder(r.flags.record, r.header, r.redactor); err != nil {
			return err
		}
	}
	width, tty := terminal(r.streams.Err)
	r.display = live.New(r.streams.Err, live.Options{
		TTY: tty, Width: width, Color: r.streams.colour(r.streams.Err), ASCII: !utf8Locale(), Quiet: r.flags.quiet, Now: r.now,
	})
	if err := r.flags.out.begin(r.streams, &r.plan, r.now); err != nil {
		return err
	}
	r.look = analyze.NextLook(0)
	return nil
}

// send runs the engine; the returned word is why it stopped.
func (r *run) send(ctx context.Context) (string, error) {
	stopped := "budget"
	var over atomic.Bool
	if d := r.flags.duration; d > 0 {
		timer := time.AfterFunc(d, func() { over.Store(true); r.session.Halt() })
		defer timer.Stop()
	}
	came, err := r.agents.send(ctx, r)
	if err != nil {
		return "", r.abort(err)
	}
	defer r.agents.stop()
	for o, err := range came {
		if err != nil {
			return "", r.abort(err)
		}
		r.observe(&o)
		if over.Load() && stopped == "budget" {
			stopped = "duration"
			r.agents.withdraw()
		}
		if stopped == "budget" && ctx.Err() == nil && r.session.End(r.seen >= r.look, r.agents != nil, func() bool { return r.decided(ctx) }) {
			stopped = "decided"
			r.agents.withdraw()
		}
	}
	r.sentFor = r.now().Sub(r.started) - r.readFor
	if ctx.Err() != nil {
		return "interrupted", nil
	}
	return stopped, nil
}

func (r *run) observe(o *probe.Observation) {
	r.kept.observation(o)
	r.session.Add(o)
	r.broken.add(o)
	r.seen++
}

// decided looks at what has come so far; with logs to read it reads them first
// once the answers have said what they can.
func (r *run) decided(ctx context.Context) bool {
	if r.flags.fixed {
		glance(r)
		return false
	}
	analyze.SetVantages(r.session, r.agents.vantages())
	p := r.session.Progress()
	r.show(p, "probing")
	r.look = analyze.NextLook(r.seen)
	if !r.readsLogs() {
		return p.Decision.Decided
	}
	if !r.session.WorthReading() && !p.Decision.Decided {
		return r.labelled(ctx)
	}
	// Reading again pays only once the rows have grown by a half.
	if r.waited && r.seen < r.readAt+r.readAt/2 && !p.Decision.Decided {
		return false
	}
	// The first time the run waits for what the logs have to say; later ones
	// take what is there and go on sending.
	if !r.waited {
		r.waited = true
		r.readLogs(ctx)
	} else if !r.logsInVain {
		_ = r.fetch(ctx) // an error is a note already
	}
	p = r.session.Progress()
	r.show(p, "probing")
	return p.Decision.Decided
}

// glance looks at what has come so far for the display alone, where it shows
// anything now, and for a small part of the time.
func glance(r *run) {
	r.look = r.seen + glanceEvery
	began := r.now()
	if !r.display.Due() || began.Before(r.rest) {
		return
	}
	r.show(r.session.Progress(), "probing")
	r.rest = r.now().Add(glanceEvery * r.now().Sub(began))
}

// labelled takes from the logs which side of a canary served what was sent, while
// the run goes on: a difference that goes with the canary is known from few
// requests, and seen in none of the answers by itself.
func (r *run) labelled(ctx context.Context) bool {
	if r.logsInVain || !r.session.Draws() || r.seen < max(earlyLogs, r.peekedAt+r.peekedAt/2) {
		return false
	}
	r.peekedAt = r.seen
	if r.fetch(ctx) != nil {
		return false
	}
	p := r.session.Progress()
	r.show(p, "probing")
	return p.Decision.Decided
}

// finish reads what the logs still hold, and reports.
func (r *run) finish(ctx context.Context, stopped string) (*analyze.Report, error) {
	if r.readsLogs() && stopped != "interrupted" && r.readAt < r.seen {
		r.readLogs(ctx)
		if ctx.Err() != nil {
			stopped = "interrupted"
		}
	}
	takeHistory(ctx, r)
	r.readAgain(ctx)
	ending := r.ending(stopped)
	rep := r.session.Report(ending)
	r.keep(ending, rep)
	return rep, nil
}

// ending is what the run itself has to say of how it went.
func (r *run) ending(stopped string) analyze.Ending {
	return analyze.Ending{
		NoAnswer: r.broken.why(r.plan.Targets, r.redactor),
		RunID:    r.header.Run, Started: r.started, Ended: r.now(), Stopped: stopped, Lost: r.agents.lost(), Vantages: vantagesOf(r),
		Notes: slices.Concat(r.subject.notes, r.notes, r.agents.notes(), r.session.Held(), r.missedRate(), byProxy(r), r.broken.notes(r.redactor)),
	}
}

// takeHistory puts into the configuration who changed it, which was asked for while the
// probes were on their way: at most ten seconds in all.
func takeHistory(ctx context.Context, r *run) {
	if r.subject.history == nil {
		return
	}
	select {
	case h := <-r.subject.history:
		r.subject.history = nil
		r.subject.snap.Gaps = append(r.subject.snap.Gaps, h.Gaps...)
		h.Gaps = nil
		r.subject.snap.Keep(&h)
		r.session.SetSnapshot(r.subject.snap)
		r.kept.snapshot(&r.subject.snap)
	case <-ctx.Done():
	}
}

// readAgain reads the configuration once more where a stage has changed during
// the run: a deployment that came meanwhile explains what was seen.
func (r *run) readAgain(ctx context.Context) {
	if r.subject.cloud == nil || ctx.Err() != nil || len(r.subject.snap.APIs) == 0 {
		return
	}
	want := inventory.Selection{}
	for _, api := range r.subject.snap.APIs {
		want.APIs = append(want.APIs, api.ID)
	}
	now, err := r.subject.cloud.inv.Read(ctx, want)
	if err != nil || !changed(&r.subject.snap, &now) {
		return
	}
	want.Depth = inventory.Full
	r.subject.cloud.inv.TrailApart = false // who made the change
	for _, d := range r.subject.snap.Domains {
		want.Domains = append(want.Domains, d.Name)
	}
	if now, err = r.subject.cloud.inv.Read(ctx, want); err != nil {
		return
	}
	const later = "the configuration changed during the run; the report speaks of the later one"
	if !slices.Contains(r.notes, later) {
		r.notes = append(r.notes, later)
	}
	r.subject.snap = now
	r.session.SetSnapshot(now)
	r.kept.snapshot(&now)
}

// changed tells whether any stage was changed between two readings.
func changed(before, after *probe.Snapshot) bool {
	for i := range after.APIs {
		api := before.API(after.APIs[i].ID)
		for _, st := range after.APIs[i].Stages {
			was := api.Stage(st.Name)
			if was == nil || was.DeploymentID != st.DeploymentID || !was.Updated.Equal(st.Updated) || !reflect.DeepEqual(was.Canary, st.Canary) {
				return true
			}
		}
	}
	return false
}

// keep closes the recording, and tells what the run cost and what the recording
// lacks.
func (r *run) keep(ending analyze.Ending, rep *analyze.Report) {
	rep.Run.Cost = r.cost()
	rep.Run.Cost.Requests = rep.Run.Requests
	if r.kept == nil {
		return
	}
	if r.evidence != nil {
		r.kept.evidence(r.evidence)
	}
	if lacks := r.kept.close(recording.Trailer{Ended: ending.Ended.UTC(), Stopped: ending.Stopped, Notes: ending.Notes, Cost: rep.Run.Cost, Stood: rep.Stood(), Vantages: ending.Vantages, Lost: ending.Lost}); lacks != "" {
		rep.Notes = append(rep.Notes, "the recording "+lacks)
	}
}

// abort keeps what was recorded when the plan cannot be sent at all.
func (r *run) abort(err error) error {
	r.kept.close(recording.Trailer{Ended: r.now().UTC(), Stopped: "interrupted"})
	return err
}

func (r *run) show(p analyze.Progress, phase string) {
	r.flags.out.progress(&p)
	st := live.State{
		Sent: p.Sent, Elapsed: r.now().Sub(r.started), Phase: phase, Open: p.Open, Remaining: p.Remaining,
		LogsWaited: p.LogsWanted - p.LogsMatched, LogsWanted: p.LogsWanted,
	}
	for _, t := range p.Targets {
		st.Targets = append(st.Targets, live.TargetState(t))
	}
	for i := range p.Decision.Findings {
		if f := &p.Decision.Findings[i]; f.Severity != cause.Info {
			st.Found = append(st.Found, r.redactor.String(report.Title(f)))
		}
	}
	r.display.Update(st)
}

func (r *run) readsLogs() bool {
	return r.flags.logs != "off" && r.subject.cloud != nil && len(r.stageLogs()) > 0
}

// logPause is the time between two looks into the logs.
const logPause = time.Second

// readLogs asks for the logs of every request so far, and again until a verdict
// falls, nothing more is to be learnt, or --log-wait is over, which all waiting
// of a run shares.
func (r *run) readLogs(ctx context.Context) {
	began := r.now()
	for !r.logsInVain {
		err := r.fetch(ctx)
		p := r.session.Progress()
		r.show(p, "reading logs")
		waited := r.logsWaited+r.now().Sub(began) >= r.flags.logWait
		// Once a full wait has brought nothing, another will not.
		r.logsInVain = r.logsInVain || err != nil || (waited && p.LogsMatched == 0)
		if ctx.Err() != nil || waited || p.Decision.Decided || r.session.LogsSettled() {
			break
		}
		if probe.Sleep(ctx, logPause) != nil {
			break
		}
	}
	r.logsWaited += r.now().Sub(began)
}

// leastLogTime is how long the logs may be read although --log-wait is shorter, or
// over: without it nothing would be read at all.
const leastLogTime = 3 * time.Second

// fetch reads once what the logs hold by now, within what is left of --log-wait.
// Where that is not enough, what was read until then counts.
func (r *run) fetch(ctx context.Context) error {
	began := r.now()
	defer func() { r.readFor += r.now().Sub(began) }()
	limit := max(leastLogTime, r.flags.logWait-r.logsWaited)
	within, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	ev, err := r.subject.cloud.log.Fetch(within, fetch.Request{
		Stages: r.stageLogs(), IDs: r.session.RequestIDs(),
		From: r.started.Add(-time.Minute), To: r.now().Add(time.Minute),
	})
	cut := err != nil && ctx.Err() == nil && within.Err() != nil
	switch {
	case cut:
		r.notes = append(r.notes, fmt.Sprintf("the logs did not answer to their end within %s (--log-wait): what came until then is used", limit.Round(time.Second)))
		r.logsInVain = true
	case err != nil && ctx.Err() == nil:
		slog.Debug("read logs", "err", err)
		r.notes = append(r.notes, "the logs could not be read: "+firstLine(err))
	}
	if err != nil && !cut {
		return err
	}
	r.listDenied(&ev)
	ev.ReadAt = r.now()
	r.evidence, r.readAt = &ev, r.seen
	r.logsInVain = r.logsInVain || unreadable(&ev)
	r.session.SetEvidence(ev)
	return nil
}

// listDenied names the call that finds log groups where it failed: the groups are
// read all the same, by the names that they usually have.
func (r *run) listDenied(ev *probe.Evidence) {
	for _, g := range ev.Gaps {
		if g.Operation != "DescribeLogGroups" {
			continue
		}
		note := "DescribeLogGroups failed (" + firstLine(errors.New(g.Err)) + "): " + g.Costs
		if g.Action != "" {
			note = g.Action + " is denied: " + g.Costs
		}
		if !slices.Contains(r.notes, note) {
			r.notes = append(r.notes, note)
		}
		return
	}
}

// unreadable tells whether no group exists, or none of those that do can be read: by
// paging, or by queries, which are billed whether they end well or not.
func unreadable(ev *probe.Evidence) bool {
	denied := 0
	for _, g := range ev.Gaps {
		queried := g.Operation == "StartQuery" || g.Operation == "GetQueryResults"
		empty := func(l probe.LogGroup) bool { return g.Subject == "log group "+l.Name && l.Events == 0 }
		if g.Operation == "FilterLogEvents" || queried && slices.ContainsFunc(ev.Groups, empty) {
			denied++
		}
	}
	exist := 0
	for _, g := range ev.Groups {
		if g.Exists {
			exist++
		}
	}
	return exist <= denied
}

// otherStages is how many stages beside the targets' own are looked for in the
// logs: a request that went astray is found there, and each costs calls.
const otherStages = 6

// stageLogs are the stages in whose logs the requests may be found: those the
// targets lead to or are meant for, and a few others of the same APIs.
func (r *run) stageLogs() []fetch.StageLogs {
	var own, others []fetch.StageLogs
	for i := range r.subject.snap.APIs {
		api := &r.subject.snap.APIs[i]
		for j := range api.Stages {
			st := &api.Stages[j]
			logs := fetch.StageLogs{
				API: api.ID, Stage: st.Name, Kind: api.Kind, AccessLog: st.AccessLog,
				Level: st.LoggingLevel(), HasCanary: st.Canary != nil,
			}
			if r.concerns(api.ID, st.Name) {
				own = append(own, logs)
			} else {
				others = append(others, logs)
			}
		}
	}
	if len(others) > otherStages {
		others = nil
	}
	return append(own, others...)
}

func (r *run) concerns(api, stage string) bool {
	return slices.ContainsFunc(r.plan.Targets, func(t probe.Target) bool {
		leads := t.APIID == api && t.Stage == stage
		return leads || (t.Meant != nil && *t.Meant == probe.StageRef{APIID: api, Stage: stage})
	})
}
