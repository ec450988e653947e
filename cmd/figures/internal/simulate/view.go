package simulate

import (
	"fmt"
	"slices"
	"time"

	"stageprobe/analyze/behaviour"
	"stageprobe/analyze/cause"
	"stageprobe/analyze/signature"
	"stageprobe/probe"
)

// view is a run as the tool sees it.
type view struct {
	world World
	in    cause.Input
	rows  []Row // as played

	fields  []fields
	waiting []int // rows whose log entry has yet to come
	events  []Event
	logs    watermarks
	random  *fieldNoise
}

func newView(w World) *view {
	d := w.design()
	v := &view{world: d.World, in: d.World.input(), events: slices.Clone(w.Events)}
	v.in.Logs.Proven = map[string]bool{}
	v.in.Table = behaviour.New(behaviour.Options{Targets: v.in.Plan.Targets, Scenarios: v.in.Plan.Scenarios})
	v.fields = make([]fields, len(v.in.Plan.Scenarios))
	v.random = newFieldNoise(v.world.Moves, w.noise)
	for s := range v.in.Plan.Scenarios {
		if limit := v.in.Plan.Scenarios[s].Limit; limit > 0 {
			v.confirm(s, limit)
		}
	}
	return v
}

// confirm sends a confirming scenario, which no deployment serves.
func (v *view) confirm(scenario, times int) {
	for i := range times {
		r := Row{Scenario: scenario, Behaviour: 1, Class: Refused}
		v.in.Rows = append(v.in.Rows, cause.Row{
			Machine: -1, Seq: uint64(i), At: began, Scenario: scenario, Table: v.tabulate(&r, NoRoute),
			Class: signature.AuthFail, RequestID: fmt.Sprint("confirm-", i),
		})
		v.rows = append(v.rows, r)
	}
}

// add takes a row in, as far as the answer tells it.
func (v *view) add(r Row) {
	class := [...]signature.Class{signature.Informative, signature.Throttled, signature.AuthFail}[r.Class]
	v.in.Rows = append(v.in.Rows, cause.Row{
		Machine: r.Machine, Seq: uint64(r.Seq), At: began.Add(r.At), Target: r.Target, Scenario: r.Scenario, Among: r.Among,
		Table: v.tabulate(&r, v.world.look(&r)), Class: class, Conn: r.Conn, ConnN: r.ConnN, Fresh: r.Fresh,
		Remote: fmt.Sprintf("192.0.2.%d:443", 1+r.Address), Pop: fmt.Sprint("FRA", 50+r.Pop), Rate: v.world.Rate,
		RequestID: fmt.Sprintf("00000000-0000-4000-8000-%012d", r.Index), Copied: r.Copied,
	})
	v.rows = append(v.rows, r)
	if r.Label != LabelUnknown && !r.Copied {
		v.waiting = append(v.waiting, len(v.rows)-1)
	}
}

// tabulate adds an answer's features to the table.
func (v *view) tabulate(r *Row, look Look) int {
	f := &v.fields[r.Scenario]
	f.begin()
	answer := look.answer()
	f.answer(&answer)
	if answer.Status < 300 {
		f.body(r, look)
		v.random.list(f, r)
	}
	return v.in.Table.AddValues(r.Target, r.Scenario, answer, f.values, f.defs)
}

// at is what is known at a moment of the run: the logs tell what has reached
// them by then.
func (v *view) at(now time.Duration, done bool) cause.Input {
	v.happen()
	v.waiting = slices.DeleteFunc(v.waiting, func(i int) bool {
		if v.rows[i].LabelAt > now {
			return false
		}
		v.label(i)
		return true
	})
	if v.world.Lagging {
		v.judgeLate(now)
	}
	in := v.in
	in.Done, in.Now = done, began.Add(now)
	in.Logs.Read, in.Logs.Sampled = !v.world.Unread, len(v.rows)
	in.Logs.Coverage = float64(in.Logs.Matched) / float64(max(1, in.Logs.Sampled))
	return in
}

// budget is how many requests a run may send in all.
func (w World) budget() int {
	if w.Requests > 0 {
		return w.Requests
	}
	return Budget * max(1, w.Targets)
}

// happen applies the changes of the configuration that have come.
func (v *view) happen() {
	v.events = slices.DeleteFunc(v.events, func(e Event) bool {
		if e.At >= len(v.rows) {
			return false
		}
		e.Do(&v.in, began.Add(v.rows[e.At].At))
		return true
	})
}

// label adds to a row what its log entry says.
func (v *view) label(i int) {
	truth, row := &v.rows[i], &v.in.Rows[i]
	row.Label, row.Contradictory = cause.Label(truth.Label), truth.Contradictory
	row.ServedAPI, row.ServedStage = apiID, v.servedStage(truth)
	if truth.Version > 0 {
		row.Version = fmt.Sprint(truth.Version)
	}
	if v.in.Snapshot.APIs[0].Stages[0].CacheCluster {
		called := !truth.Cached
		row.IntegrationCalled = &called
	}
	v.in.Logs.Matched++
	if truth.Contradictory {
		v.in.Logs.Contradictory++
	}
	v.in.Logs.Proven[row.ServedAPI+"/"+row.ServedStage] = true
	v.logs.arrived(truth)
}

// servedStage is the stage whose log holds a request: the one that the address
// leads to, unless another stage served it.
func (v *view) servedStage(r *Row) string {
	t := &v.in.Plan.Targets[r.Target]
	if t.Kind == probe.InvokeURL {
		return t.Stage
	}
	return v.world.Stages[r.Stage]
}

// watermarks are how far the logs of a stage and of its canary are known, by the
// rule of the command.
type watermarks struct {
	newest [2]time.Duration // sent, of the records that have arrived: base, canary
	lag    time.Duration    // the longest seen
	lags   int
}

// The command's rule for the time that a log event may take to arrive.
const (
	defaultAllowance = 60 * time.Second
	leastAllowance   = time.Second
	lagsToLearnFrom  = 20
)

func (w *watermarks) arrived(r *Row) {
	side := bit(r.Label == LabelCanary)
	w.newest[side] = max(w.newest[side], r.At)
	w.lag = max(w.lag, r.LabelAt-r.At)
	w.lags++
}

func (w *watermarks) allowance() time.Duration {
	if w.lags < lagsToLearnFrom {
		return defaultAllowance
	}
	return min(max(2*w.lag, leastAllowance), defaultAllowance)
}

// judgeLate says which rows were sent after the older of the points up to which
// the two sides' logs are known.
func (v *view) judgeLate(now time.Duration) {
	allowance := v.logs.allowance()
	known := now - allowance
	for i := range v.in.Rows {
		row, truth := &v.in.Rows[i], &v.rows[i]
		row.Late = truth.At > known
		if v.world.Grouped && truth.Label == LabelBase && truth.LabelAt <= now {
			row.Label = cause.LabelUnknown
			if v.logs.newest[1] > 0 && max(v.logs.newest[1], now) > truth.At+allowance {
				row.Label = cause.LabelBase
			}
		}
	}
}
