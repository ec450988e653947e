package simulate

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"stageprobe/analyze/behaviour"
	"stageprobe/analyze/cause"
	"stageprobe/analyze/signature"
	"stageprobe/probe"
)

// How a run looks at what has come, as the command does.
const (
	// Budget is how many requests a run may send per address.
	Budget      = 2000
	calibrating = 9  // requests per scenario and address before the first look
	lookEvery   = 20 // requests
	logWait     = 2 * time.Minute
)

// Verdict is how one run of a world ended.
type Verdict struct {
	Result  cause.Result
	Used    int  // requests
	Decided bool // before the budget was spent
}

// Diagnose plays a world and weighs it after each batch until every question is
// decided or the budget is spent; then the logs are waited for.
func Diagnose(w World, rng *rand.Rand) Verdict {
	v := newView(w)
	next, stop := iter.Pull(w.Rows(rng))
	defer stop()
	most := Budget * v.world.Targets
	look := max(lookEvery, calibrating*v.world.Targets*v.world.Scenarios)
	for n := 1; n <= most; n++ {
		row, _ := next()
		v.add(row)
		if n == look && n < most {
			look += lookEvery
			if r := cause.Explain(v.at(row.At, false)); r.Decided {
				return Verdict{cause.Explain(v.at(row.At+logWait, true)), n, true}
			}
		}
		if n == most {
			return Verdict{cause.Explain(v.at(row.At+logWait, true)), n, false}
		}
	}
	return Verdict{}
}

// view is a run as the tool sees it.
type view struct {
	world    World
	in       cause.Input
	rows     []Row // as played
	clusters map[[3]int]int
	waiting  []int // rows whose log entry has yet to come
}

func newView(w World) *view {
	d := w.design()
	v := &view{world: d.World, in: d.World.input(), clusters: map[[3]int]int{}}
	v.in.Logs.Proven = map[string]bool{}
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
		k := v.cluster(0, scenario, 1, NoRoute)
		v.in.Rows = append(v.in.Rows, cause.Row{
			Machine: -1, Seq: uint64(i), At: began, Scenario: scenario, Cluster: k, Class: signature.AuthFail,
			RequestID: fmt.Sprint("confirm-", i),
		})
		v.rows = append(v.rows, Row{Scenario: scenario})
	}
}

// add takes a row in, as far as the answer tells it.
func (v *view) add(r Row) {
	class := [...]signature.Class{signature.Informative, signature.Throttled, signature.AuthFail}[r.Class]
	k := v.cluster(r.Target, r.Scenario, r.Behaviour, v.world.look(&r))
	v.in.Rows = append(v.in.Rows, cause.Row{
		Machine: r.Machine, Seq: uint64(r.Seq), At: began.Add(r.At), Target: r.Target, Scenario: r.Scenario,
		Cluster: k, Class: class, Conn: r.Conn, ConnN: r.ConnN, Fresh: r.Fresh,
		Remote: fmt.Sprintf("192.0.2.%d:443", 1+r.Address), Pop: fmt.Sprint("FRA", 50+r.Pop), Rate: v.world.Rate,
		RequestID: fmt.Sprintf("00000000-0000-4000-8000-%012d", r.Index),
	})
	v.rows = append(v.rows, r)
	if r.Label != LabelUnknown {
		v.waiting = append(v.waiting, len(v.rows)-1)
	}
}

func (v *view) cluster(target, scenario, shown int, look Look) int {
	key := [3]int{target, scenario, shown}
	k, ok := v.clusters[key]
	if !ok {
		k = len(v.in.Clusters)
		v.clusters[key] = k
		c := cause.Cluster{Cluster: &behaviour.Cluster{ID: fmt.Sprintf("b%d-%d", scenario, shown)}, Target: target, Scenario: scenario}
		look.answer(c.Cluster)
		c.Summary = fmt.Sprintf("%d {behaviour %d}", c.Status, shown)
		v.in.Clusters = append(v.in.Clusters, c)
	}
	v.in.Clusters[k].Count++
	return k
}

// at is what is known at a moment of the run: the logs tell what has reached
// them by then.
func (v *view) at(now time.Duration, done bool) cause.Input {
	v.waiting = slices.DeleteFunc(v.waiting, func(i int) bool {
		if v.rows[i].LabelAt > now {
			return false
		}
		v.label(i)
		return true
	})
	in := v.in
	in.Done, in.Now = done, began.Add(now)
	in.BudgetLeft = Budget*v.world.Targets - len(v.rows)
	in.Logs.Read, in.Logs.Sampled = true, len(v.rows)
	in.Logs.Coverage = float64(in.Logs.Matched) / float64(max(1, in.Logs.Sampled))
	return in
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
	v.in.Logs.Proven[row.ServedAPI+"/"+row.ServedStage] = true
}

// servedStage is the stage whose log holds a request: the one that the address
// leads to, unless another stage served it.
func (v *view) servedStage(r *Row) string {
	t := &v.in.Plan.Targets[r.Target]
	if t.Kind == probe.InvokeURL {
		return t.Stage
	}
	return []string{"prod", "dev"}[r.Stage]
}

// Outcome is how a verdict compares with the truth.
type Outcome uint8

// The outcomes.
const (
	Right        Outcome = iota
	Inconclusive         // nothing false is said, and something is left open
	Wrong
)

// named are the causes of a result, in the order of the report format.
func named(r *cause.Result) []string {
	var out []string
	for _, c := range cause.IDs() {
		if slices.ContainsFunc(r.Findings, func(f cause.Finding) bool { return f.Cause == c }) {
			out = append(out, string(c))
		}
	}
	return out
}

// called is a verdict in a word, the columns of a confusion matrix.
func (v *Verdict) called(w World) string {
	found := slices.DeleteFunc(named(&v.Result), func(c string) bool { return slices.Contains(w.Allowed, c) })
	if w.judge(v) == Inconclusive {
		return "inconclusive"
	}
	if len(found) == 0 {
		return "consistent"
	}
	return strings.Join(found, " + ")
}

// judge compares a verdict with the world's causes.
func (w World) judge(v *Verdict) Outcome {
	found := named(&v.Result)
	for _, c := range found {
		if !slices.Contains(w.Causes, c) && !slices.Contains(w.Allowed, c) {
			return Wrong
		}
	}
	for _, c := range w.Causes {
		if !slices.Contains(found, c) {
			if len(v.Result.Open) > 0 {
				return Inconclusive
			}
			return Wrong
		}
	}
	if len(w.Causes) == 0 && !v.Decided && len(v.Result.Open) > 0 {
		return Inconclusive
	}
	return Right
}

// falselyDriven is a false finding that claims more than that a share fits; ""
// where there is none.
func (w World) falselyDriven(r *cause.Result) string {
	for _, f := range r.Findings {
		if f.Linked != cause.ConsistentWith && !slices.Contains(w.Causes, string(f.Cause)) && !slices.Contains(w.Allowed, string(f.Cause)) {
			return string(f.Cause)
		}
	}
	return ""
}
