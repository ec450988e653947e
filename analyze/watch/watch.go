// Package watch keeps looking at what a gateway serves, and tells every change of
// the verdict once.
//
// A window slides over the answers ([ring]). Whatever looks like a change opens a
// turn: what came before is put aside, for a verdict over both sides of a change is
// one of neither, and the verdict over what comes then is held against the last
// one. Only what holds there is announced, with the time at which it began and the
// event of the configuration that fits. A turn ends when its questions are decided,
// or after one window.
//
// The package neither sends nor reads anything, and has no clock: whoever feeds it
// says what time it is.
package watch

import (
	"math"
	"slices"
	"sync"
	"time"

	"stageprobe/analyze"
	"stageprobe/analyze/cause"
	"stageprobe/probe"
)

// Options say what is watched.
type Options struct {
	Plan     probe.Plan // Requests is the most that one target gets within a window
	Snapshot probe.Snapshot
	Policy   analyze.Policy // Confidence holds for a day
	// Judge makes a judge of expectations for a plan; nil where nothing is expected.
	Judge  func(*probe.Plan) analyze.Judge
	Window time.Duration
	// Reads says that the configuration is read again and again: a change is then
	// told only after a reading that could show its event.
	Reads bool
}

// Watch is a [probe.Planner] that is fed with the answers. It is safe for
// concurrent use.
type Watch struct {
	mu sync.Mutex
	ledger
	snap     probe.Snapshot
	evidence *probe.Evidence
	lost     time.Time // since when nothing is reached; zero where all is well
	requests int
	trusted  *analyze.Report // of the last window that was decided
	changes  []analyze.Change
}

// ledger is what is known of the targets over the windows, and of the change that
// is being looked into.
type ledger struct {
	o       Options
	plan    probe.Plan
	ring    ring
	targets []target
	turn    *turn
	read    time.Time // when the configuration was last read
	cut     time.Time // when an error that is over last cut the window
	now     *reading  // of the last look
}

// usual is what a scenario mostly answers, and everything that it does.
type usual struct {
	id     string
	status int
	// Of everything that it answers.
	all      []string
	statuses []int
}

// target is what is known of one target.
type target struct {
	known   bool
	state   analyze.State
	failing map[string]cause.ID // scenarios of which every answer fails
	born    map[string]bool     // … since the watch began, which is then no outage
	usual   map[string]usual
	rows    map[string]*row // by scenario
}

// row counts answers of one sort in a row.
type row struct {
	bad, silent bool
	n           int
	since       time.Time
}

// turn is a change that is being looked into.
type turn struct {
	opened time.Time
	events []analyze.ConfigChange
	found  []hint // by target
	done   []bool // by target
}

// hint is what was seen of a change before it was looked into.
type hint struct {
	at      time.Time
	passing *cause.Finding
}

// maxChanges is how many changes are kept for the report.
const maxChanges = 1000

// New begins a watch.
func New(o Options) *Watch {
	w := &Watch{snap: o.Snapshot, ledger: ledger{o: o, plan: o.Plan, targets: make([]target, len(o.Plan.Targets))}}
	for i := range w.targets {
		w.targets[i] = target{state: analyze.State{Causes: []cause.ID{}}, rows: map[string]*row{}}
	}
	w.o.Policy.Confidence = perWindow(o.Policy.Confidence, o.Window)
	w.o.Policy.MinShare = Share(&o)
	w.ring = ring{window: o.Window, open: w.open}
	return w
}

// perWindow is the confidence of one window where that of a day is asked for: so
// that a watch errs no more often a day than a check does in all.
func perWindow(day float64, window time.Duration) float64 {
	if day == 0 {
		day = .99
	}
	share := min(1, window.Hours()/24)
	return 1 - (1-day)*share
}

// Share is the smallest share of differing answers that a window decides on: the one
// that is asked for, or what half of its requests to a target can tell. Tighter
// than that, no window would ever end in a verdict.
func Share(o *Options) float64 {
	asked := o.Policy.MinShare
	if asked == 0 {
		asked = .01
	}
	n := o.Plan.Rate * o.Window.Seconds() / float64(max(1, len(o.Plan.Targets)))
	told := -math.Expm1(math.Log(1-perWindow(o.Policy.Confidence, o.Window)) / max(1, n/2))
	return min(.5, max(asked, told))
}

func (w *Watch) open(at time.Time) *pane {
	plan := w.plan
	plan.Requests *= 2 // one pane lives for more than a window, and the rate bounds it
	policy := w.o.Policy
	if w.o.Judge != nil {
		policy.Judge = w.o.Judge(&plan)
	}
	s := analyze.NewSession(plan, w.snap, policy)
	s.Persist()
	if w.evidence != nil {
		s.SetEvidence(*w.evidence)
	}
	return &pane{from: at, session: s}
}

// Next is what to send next. A watch ends by its context alone.
func (w *Watch) Next(now time.Time, seq uint64) (probe.Choice, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c, ok := w.ring.first(now).session.Next(now, seq); ok {
		return c, true
	}
	w.ring.restart(now) // its budget is spent: somebody's clock has jumped
	return w.ring.first(now).session.Next(now, seq)
}

// Add takes an answer in.
func (w *Watch) Add(o *probe.Observation) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.requests++
	at := o.Due.Add(o.Took)
	i := slices.IndexFunc(w.plan.Targets, func(t probe.Target) bool { return t.ID == o.Target })
	if i < 0 || o.Outcome == probe.OutcomeLocal {
		return
	}
	w.targets[i].add(o)
	if w.lost.IsZero() {
		w.ring.add(o, at)
	}
}

func (t *target) add(o *probe.Observation) {
	r := t.rows[o.Scenario]
	if r == nil {
		r = &row{}
		t.rows[o.Scenario] = r
	}
	silent := o.Outcome != probe.OutcomeResponse
	bad := silent || failure(o.Status) != ""
	if bad != r.bad || silent != r.silent || r.n == 0 {
		*r = row{bad: bad, silent: silent, since: o.Due}
	}
	r.n++
}

// Silent is since when nothing answers at all, on any target; zero where something
// does.
func (w *Watch) Silent() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	var since time.Time
	for i := range w.targets {
		at := w.targets[i].silent()
		if at.IsZero() {
			return at
		}
		since = later(since, at)
	}
	return since
}

// silent is since when a target answers nothing at all; zero where it does, or
// where it was asked too little.
func (t *target) silent() time.Time {
	var since time.Time
	n := 0
	for _, r := range t.rows {
		if !r.silent {
			return time.Time{}
		}
		n += r.n
		since = later(since, r.since)
	}
	if n < leastSilent {
		return time.Time{}
	}
	return since
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// Lose says that it is this machine that reaches nothing: until [Watch.Regain]
// nothing is counted.
func (w *Watch) Lose(since time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lost, w.turn = since, nil
}

// Lost is since when nothing is reached; zero where that is not so.
func (w *Watch) Lost() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.lost
}

// Regain begins to count again.
func (w *Watch) Regain(now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lost = time.Time{}
	w.ring.restart(now)
}

// Read says that the configuration was read, and holds nothing new.
func (w *Watch) Read(now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.read = now
}

// Configure takes in a changed configuration, with the targets as it leads them
// now, and looks into what concerns them.
func (w *Watch) Configure(now time.Time, snap probe.Snapshot, targets []probe.Target) {
	w.mu.Lock()
	defer w.mu.Unlock()
	events := Events(&w.snap, &snap)
	w.read, w.snap = now, snap
	led := slices.Clone(w.plan.Targets)
	for i := range led {
		if j := slices.IndexFunc(targets, func(t probe.Target) bool { return t.ID == led[i].ID }); j >= 0 && targets[j].URL == led[i].URL {
			led[i] = targets[j]
		}
	}
	var concern []analyze.ConfigChange
	for _, e := range events {
		if slices.ContainsFunc(slices.Concat(w.plan.Targets, led), func(t probe.Target) bool { return concerns(&e, &t) }) {
			concern = append(concern, e)
		}
	}
	w.plan.Targets = led
	if len(concern) == 0 {
		for _, p := range w.ring.panes {
			p.session.SetSnapshot(snap)
		}
		return
	}
	w.begin(now)
	w.onsets(now)
	w.turn.events = append(w.turn.events, concern...)
	clear(w.turn.done) // what was settled before is not
	w.ring.restart(now)
}

// SetEvidence replaces what the logs say.
func (w *Watch) SetEvidence(ev probe.Evidence) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.evidence = &ev
	for _, p := range w.ring.panes {
		p.session.SetEvidence(ev)
	}
}

// Wanted are the ids of the window's requests, since when they were sent, and
// whether the logs have something to tell of them.
func (w *Watch) Wanted(now time.Time) (ids []string, from time.Time, useful bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := w.ring.first(now)
	useful = w.turn != nil || p.session.Draws()
	for i := range w.targets {
		useful = useful || len(w.targets[i].state.Causes) > 0
	}
	return p.session.RequestIDs(), p.from, useful
}

// Turning tells since when a change is being looked into; zero where none is.
func (w *Watch) Turning() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.turn == nil {
		return time.Time{}
	}
	return w.turn.opened
}

// begin opens a turn, unless one is open.
func (w *ledger) begin(now time.Time) {
	if w.turn == nil {
		w.turn = &turn{opened: now, found: make([]hint, len(w.targets)), done: make([]bool, len(w.targets))}
	}
}

// Look weighs the window, and returns the changes that are certain by now.
func (w *Watch) Look(now time.Time) []analyze.Change {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.lost.IsZero() {
		return nil
	}
	p := w.ring.first(now)
	if w.quiet(p, now) {
		return nil
	}
	w.now = w.reading(p, now)
	if w.turn == nil && w.suspect(now) {
		w.now = w.reading(w.ring.first(now), now)
	}
	out := w.settle(now)
	if w.now.decided && w.turn == nil {
		w.trusted = w.now.report
	}
	w.changes = append(w.changes, out...)
	if n := len(w.changes); n > maxChanges {
		w.changes = slices.Delete(w.changes, 0, n-maxChanges)
	}
	return out
}
