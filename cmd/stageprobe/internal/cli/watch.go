package cli

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/pflag"

	"stageprobe/analyze"
	"stageprobe/analyze/watch"
	"stageprobe/cmd/stageprobe/internal/metrics"
	"stageprobe/cmd/stageprobe/internal/notify"
	"stageprobe/probe"
	"stageprobe/probe/redact"
	"stageprobe/probe/sign"
	"stageprobe/scenarios"
)

// watchFlags say whether a check goes on, and who is told of changes.
type watchFlags struct {
	watch    bool
	window   time.Duration
	metrics  string
	notify   []string
	template string
	onChange []string

	sinks []notify.Sink
}

func (f *watchFlags) bind(fs *pflag.FlagSet) {
	fs.BoolVar(&f.watch, "watch", false, "keep going over a sliding window and tell every change once; SIGTERM ends it with the last verdict")
	fs.DurationVar(&f.window, "window", 10*time.Minute, "length of the sliding window of --watch; --requests is the most that one target gets within it")
	fs.StringVar(&f.metrics, "metrics", "", "`address` on which --watch serves Prometheus metrics, such as 127.0.0.1:9464; stageprobe metrics lists the series")
	fs.StringArrayVar(&f.notify, "notify", nil, "`url` that gets each change as a JSON POST (Slack, Teams, PagerDuty or any other webhook); may be env:NAME or file:PATH; repeatable")
	fs.StringVar(&f.template, "notify-template", "", "`template` that is posted: slack, teams, pagerduty, generic, or a text/template file; default by the URL's host")
	fs.StringArrayVar(&f.onChange, "on-change", nil, "`command` that is run on each change, without a shell, with the change in STAGEPROBE_CHANGE_… and as JSON on its standard input; repeatable")
}

// The window's limits: shorter holds no evidence, longer is no news.
const (
	shortestWindow = time.Second
	longestWindow  = 24 * time.Hour
)

// prepare checks what is asked of a watch, and makes its sinks.
func (f *watchFlags) prepare(s Streams, r *runFlags) error {
	if !f.watch {
		for flag, given := range map[string]bool{"--metrics": f.metrics != "", "--notify": len(f.notify) > 0, "--notify-template": f.template != "", "--on-change": len(f.onChange) > 0} {
			if given {
				return hint(fmt.Errorf("%s: only a watch has changes to tell", flag), "add --watch")
			}
		}
		return nil
	}
	switch {
	case f.window < shortestWindow || f.window > longestWindow:
		return fmt.Errorf("--window %s: must lie between %s and %s", f.window, shortestWindow, longestWindow)
	case r.fixed:
		return errors.New("--watch and --fixed: a watch has no budget that it could use up")
	case r.baseline != "":
		return errors.New("--watch and --baseline: a watch compares with what it saw itself")
	}
	if _, err := metrics.Exports(); err != nil {
		return err
	}
	template, err := f.templateText()
	if err != nil {
		return err
	}
	for _, spec := range f.notify {
		secret, err := sign.Resolve(spec)
		if err != nil {
			return fmt.Errorf("--notify: %w", err)
		}
		learnHook(s.secrets, secret.Reveal())
		hook, err := notify.NewWebhook(secret.Reveal(), template)
		if err != nil {
			return hint(fmt.Errorf("--notify: %w", err), "give the webhook's URL, or env:NAME of a variable that holds it; --notify-template says what is posted")
		}
		f.sinks = append(f.sinks, hook)
	}
	for _, line := range f.onChange {
		command, err := notify.NewCommand(line, s.safe(s.Err))
		if err != nil {
			return fmt.Errorf("--on-change %q: %w", line, err)
		}
		f.sinks = append(f.sinks, command)
	}
	return nil
}

// learnHook makes a webhook's URL secret, and of its parts those that are: its host may
// be that of a target, which a report names.
func learnHook(known *redact.Redactor, raw string) {
	known.Add(raw)
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		known.AddParts(raw)
		return
	}
	secret, _ := u.User.Password()
	known.AddParts(secret)
	for _, values := range u.Query() {
		known.AddParts(values...)
	}
	known.Add(u.RequestURI())
	for step := range strings.SplitSeq(u.EscapedPath(), "/") {
		if len(step) >= wordy {
			known.AddParts(step)
		}
	}
}

// wordy is from which length on a step of a webhook's path is more than a word.
const wordy = 8

func (f *watchFlags) templateText() (string, error) {
	if f.template == "" {
		return "", nil
	}
	if known := notify.Named(f.template); known != "" {
		return known, nil
	}
	text, err := readInput(f.template, nil)
	if err != nil {
		return "", hint(fmt.Errorf("--notify-template: %w", err), "use slack, teams, pagerduty, generic, or a file")
	}
	return string(text), nil
}

// watchRate is the rate of a watch: so that no target gets more than --requests
// within a window, however long it goes on.
func (f *watchFlags) watchRate(p *probe.Plan) float64 {
	return min(p.Rate, float64(p.Requests*len(p.Targets))/f.window.Seconds())
}

// watcher keeps a run going.
type watcher struct {
	*run
	flags  *watchFlags
	watch  *watch.Watch
	meters *metrics.Set
	tell   chan analyze.Change

	next     time.Time  // when to look
	polled   time.Time  // when the configuration was last asked for
	logged   time.Time  // when the logs were last asked for
	fresh    time.Time  // since when the log reader remembers
	blind    string     // why the configuration cannot be read; "" where it can
	unlogged bool       // the logs could not be read
	changed  time.Time  // of the last change
	saying   sync.Mutex // of what is written where the watch runs
}

// looks is how often a window is looked at, reads how often the configuration and
// the logs are asked within it.
const (
	looks = 20
	reads = 10
)

// soonest is the shortest time between two looks, and between two readings of the
// configuration.
const soonest = 250 * time.Millisecond

// watchOn sends until the context ends, and tells what changes.
func watchOn(ctx context.Context, r *run, f *watchFlags) (*analyze.Report, error) {
	r.started = r.now()
	if d := r.flags.duration; d > 0 {
		within, cancel := context.WithTimeout(ctx, d)
		defer cancel()
		ctx = within
	}
	if err := r.begin(); err != nil {
		return nil, err
	}
	w := newWatcher(r, f)
	defer r.display.Done()
	stop, err := w.serve(ctx)
	if err != nil {
		return nil, errors.Join(err, r.abort(nil))
	}
	plan := w.plan // the targets of the other may be led anew
	over := make(chan struct{})
	looking, done := context.WithCancel(ctx)
	defer done()
	go func() {
		defer close(over)
		if w.engine.Clock == nil { // another clock is asked as it goes on
			w.keepLooking(looking)
		}
	}()
	err = w.send(ctx, &plan)
	done()
	<-over
	if err != nil {
		stop()
		return nil, r.abort(err)
	}
	rep := w.finish(ctx)
	stop()
	return rep, nil
}

func newWatcher(r *run, f *watchFlags) *watcher {
	o := watch.Options{
		Plan: r.plan, Snapshot: r.subject.snap, Policy: r.policy, Window: f.window, Reads: r.subject.cloud != nil,
	}
	if r.subject.file != nil {
		confidence := r.policy.Confidence
		o.Judge = func(p *probe.Plan) analyze.Judge { return scenarios.NewJudge(r.subject.file, p, confidence) }
	}
	return &watcher{
		run: r, flags: f, watch: watch.New(o), meters: metrics.New(Version(), runtime.Version()),
		tell: make(chan analyze.Change, 100), polled: r.started, fresh: r.started, next: r.started.Add(f.every(looks)),
	}
}

// every is the time between two of so many moments of a window.
func (f *watchFlags) every(times int) time.Duration {
	return max(soonest, f.window/time.Duration(times))
}

// send hands every answer on until the context ends.
func (w *watcher) send(ctx context.Context, plan *probe.Plan) error {
	for o, err := range w.engine.Run(ctx, plan, w.watch) {
		if err != nil {
			return err
		}
		w.kept.observation(&o)
		w.meters.Observe(&o)
		w.watch.Add(&o)
		if now := w.now(); w.engine.Clock != nil && !now.Before(w.next) {
			w.next = now.Add(w.flags.every(looks))
			w.tick(ctx)
		}
	}
	return nil
}

// serve starts what others read the watch by, and who tells them of changes.
func (w *watcher) serve(ctx context.Context) (stop func(), err error) {
	var stops []func()
	stop = func() {
		for _, s := range slices.Backward(stops) {
			s()
		}
	}
	if w.flags.metrics != "" {
		url, end, err := w.meters.Serve(w.flags.metrics)
		if err != nil {
			return nil, hint(fmt.Errorf("--metrics %s: %w", w.flags.metrics, err), "name an address of this machine with a free port, such as 127.0.0.1:9464")
		}
		stops = append(stops, end)
		fmt.Fprintf(w.streams.Err, "metrics: %s\n", url)
	}
	if export, err := metrics.Exports(); err == nil && export {
		for name, value := range metrics.Headers() {
			w.redactor.AddHeader(name, value)
		}
		said := ""
		end, err := w.meters.Export(ctx, Version(), func(err error) {
			// Once, although each further interval may fail alike; the last are sent below.
			if text := firstLine(err); ctx.Err() == nil && text != said {
				said = text
				w.say("metrics were not sent over OTLP: " + text)
			}
		})
		if err != nil {
			stop()
			return nil, fmt.Errorf("OTLP: %w", err)
		}
		stops = append(stops, func() {
			within, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
			defer cancel()
			if err := end(within); err != nil {
				w.say("the last metrics were not sent over OTLP: " + firstLine(err))
			}
		})
	}
	told := make(chan struct{})
	sending, cancel := context.WithCancel(context.WithoutCancel(ctx))
	go func() {
		defer close(told)
		w.tellAll(sending)
	}()
	stops = append(stops, func() {
		close(w.tell)
		timer := time.AfterFunc(lastWords, cancel)
		<-told
		timer.Stop()
		cancel()
	})
	return stop, nil
}

// lastWords is how long what was not yet told may take when a watch ends.
const lastWords = 10 * time.Second

// tellAll tells every sink of every change, in order.
func (w *watcher) tellAll(ctx context.Context) {
	for c := range w.tell {
		clean := redact.Texts(c, w.redactor.String)
		for _, s := range w.flags.sinks {
			err := s.Send(ctx, &clean)
			w.meters.Told(s.Name(), err)
			if err != nil {
				w.say(fmt.Sprintf("%s was not told: %s", s.Name(), firstLine(err)))
			}
		}
	}
}

// keepLooking looks again and again.
func (w *watcher) keepLooking(ctx context.Context) {
	tick := time.NewTicker(w.flags.every(looks))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			w.tick(ctx)
		}
	}
}

// tick reads what is due, weighs, and tells what has changed.
func (w *watcher) tick(ctx context.Context) {
	now := w.now()
	w.configuration(ctx, now)
	w.network(ctx, now)
	w.logs(ctx, now)
	if ctx.Err() != nil {
		return
	}
	for _, c := range w.watch.Look(now) {
		w.announce(c)
	}
	w.publish(now)
}

// announce tells of a change: where the watch runs, in the metrics, and to those who
// asked.
func (w *watcher) announce(c analyze.Change) {
	w.changed = c.At
	w.meters.Changed(&c)
	w.run.flags.out.change(&c)
	w.say(notify.Text(&c))
	if c.Kind == analyze.ChangedCredentials || c.Kind == analyze.ChangedNetwork {
		return // of the watch itself
	}
	select {
	case w.tell <- c:
	default:
		w.say("too many changes wait to be told: this one is told here alone")
	}
}

// say writes a line where the watch runs.
func (w *watcher) say(text string) {
	w.saying.Lock()
	defer w.saying.Unlock()
	w.display.Done()
	fmt.Fprintf(w.streams.Err, "%s %s\n", w.now().UTC().Format(time.RFC3339), safeText(w.redactor, text))
}

// publish shows where the watch stands.
func (w *watcher) publish(now time.Time) {
	st := w.watch.Status()
	w.seen = st.Requests
	cost := w.cost()
	cost.Requests = st.Requests
	w.meters.Show(metrics.State{
		Report: st.Report, States: st.States, Targets: w.plan.Targets, Looked: now, LastChange: w.changed, Window: w.flags.window, Cost: cost,
		Sees: map[string]bool{
			"network":       w.watch.Lost().IsZero(),
			"configuration": w.subject.cloud != nil && w.blind == "",
			"logs":          w.evidence != nil && !w.unlogged,
		},
	})
	if _, tty := terminal(w.streams.Err); tty {
		w.saying.Lock()
		w.show(st.Progress, "watching")
		w.saying.Unlock()
	}
}

// finish makes the report of the last window.
func (w *watcher) finish(ctx context.Context) *analyze.Report {
	stopped := "interrupted"
	if cause := context.Cause(ctx); errors.Is(cause, errTerminated) || errors.Is(cause, context.DeadlineExceeded) {
		stopped = "duration"
	}
	ending := w.ending(stopped)
	rep := w.watch.Report(ending)
	w.keep(ending, rep)
	return rep
}

// hosts are the hosts of targets, each once.
func hosts(targets []probe.Target) []string {
	var out []string
	for i := range targets {
		if u, err := url.Parse(targets[i].URL); err == nil && u.Host != "" && !slices.Contains(out, u.Host) {
			out = append(out, u.Host)
		}
	}
	return out
}
