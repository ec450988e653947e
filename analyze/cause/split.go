package cause

import (
	"cmp"
	"slices"
	"strconv"

	"stageprobe/analyze/signature"
	"stageprobe/analyze/stat"
	"stageprobe/probe"
)

// split is more than one behaviour on a target: the rows of the scenarios
// concerned, each one of the deviants or not. A canary and a flake on one target
// are two splits of the same rows, each held against all the rest: were the
// canary's answers left out of the flake's rows, what the canary still had there
// would be flakes alone, and look like a link. Which rows and clusters belong to a
// split is told by answers alone, never by labels or factors, which keeps every
// "given the answers, is the label still as drawn?" exact.
type split struct {
	sub      *target
	kind     string
	beside   bool  // the usual answers fail or are refused: all others are the deviants
	clusters []int // the deviants
	usual    []int // the reference clusters of the scenarios concerned
	cells    []*cell
	draws    []draw
	k, n     int
	labels   labels

	failure   bool // the deviants, or else the usual answers, are 5xx or timeouts
	refusal   bool // the same for 401, 403 and 404 by the gateway or an authorizer
	transport bool // no HTTP answer at all
}

// draw is one row of a split.
type draw struct {
	row     int
	deviant bool
}

func bits(draws []draw) []bool {
	out := make([]bool, len(draws))
	for i, d := range draws {
		out[i] = d.deviant
	}
	return out
}

func deviants(draws []draw) (k int) {
	for _, d := range draws {
		k += bit(d.deviant)
	}
	return k
}

// bit is 1 for true, so that counts can be indexed by it.
func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// kindOf groups deviants by what they are, over scenarios: a canary's answers
// differ from scenario to scenario, a failure is the same everywhere.
func kindOf(c *Cluster) string {
	switch {
	case c.lost():
		return "no answer"
	case c.Class == signature.Transport:
		return "late or cut"
	case c.fails():
		return "failure " + strconv.Itoa(c.Status) + " " + cmp.Or(c.Reading.GatewayResponse, c.Reading.ErrorType)
	case refused(c):
		return "refusal " + strconv.Itoa(c.Status) + " " + cmp.Or(c.Reading.GatewayResponse, c.Reading.ErrorType)
	}
	return answers
}

// answers is the kind of what is neither a failure nor a refusal.
const answers = "answer"

// refused tells an answer by which the gateway or an authorizer turned the
// request down.
func refused(c *Cluster) bool {
	if wafAction(c) {
		return true
	}
	if c.Reading.Producer == signature.Integration {
		return false
	}
	return c.Status == 401 || c.Status == 403 || c.Status == 404 && c.Reading.Producer != ""
}

// wafAction tells an answer by which AWS WAF asks for a CAPTCHA (405) or gives a challenge
// (202), which no client but a browser solves.
func wafAction(c *Cluster) bool {
	return c.Exemplar != nil && probe.HeaderValue(c.Exemplar.Header, "x-amzn-waf-action") != ""
}

// splits are the kinds of deviants of a target, sorted by kind.
func splitsOf(fx *Facts, known *Known, sub *target) []*split {
	kinds := map[string]*split{}
	for _, c := range sub.cells {
		for _, k := range known.otherwise(c) {
			if fx.Clusters[k].Class == signature.Transport && fx.Clusters[c.ref].Class == signature.Transport {
				continue // answers that did not come are alike, whatever kept them
			}
			kind := kindOf(&fx.Clusters[k])
			usual := kindOf(&fx.Clusters[c.ref])
			beside := usual != answers && kind == answers
			if beside {
				kind += " beside " + usual // a failure's share is no measure of what differs among answers
			}
			if kinds[kind] == nil {
				kinds[kind] = &split{sub: sub, kind: kind, beside: beside}
			}
			kinds[kind].clusters = append(kinds[kind].clusters, k)
		}
	}
	for _, x := range kinds {
		if x.beside {
			x.takeAnswers(fx, known)
		}
	}
	var out []*split
	for _, kind := range sortedKeys(kinds) {
		out = append(out, settle(fx, kinds[kind]))
	}
	return out
}

// takeAnswers counts among the deviants what is explained already: how often a scenario
// fails is asked of all its answers.
func (x *split) takeAnswers(fx *Facts, known *Known) {
	for _, c := range x.sub.cells {
		if !slices.ContainsFunc(x.clusters, func(k int) bool { return c.count[k] > 0 }) {
			continue
		}
		for _, k := range c.clusters {
			if known.by[k] != "" && k != c.ref && kindOf(&fx.Clusters[k]) == answers {
				x.clusters = append(x.clusters, k)
			}
		}
	}
}

// settle gathers the rows of a split whose clusters are known.
func settle(fx *Facts, x *split) *split {
	for _, c := range x.sub.cells {
		mine := slices.DeleteFunc(slices.Clone(c.clusters), func(k int) bool { return !slices.Contains(x.clusters, k) })
		if len(mine) == 0 {
			continue
		}
		x.cells = append(x.cells, c)
		x.usual = append(x.usual, c.ref)
		for _, i := range c.rows {
			x.draws = append(x.draws, draw{i, slices.Contains(mine, fx.Rows[i].Cluster)})
		}
	}
	slices.SortFunc(x.draws, func(a, b draw) int { return cmp.Compare(a.row, b.row) })
	x.k, x.n = deviants(x.draws), len(x.draws)
	x.labels = readLabels(fx, x)
	character(fx, x)
	return x
}

// character says of what sort the difference is. Where both sides are of the
// same sort, as two failures are, it is none.
func character(fx *Facts, x *split) {
	differ := func(is func(*Cluster) bool) bool { return allOf(fx, x.clusters, is) != allOf(fx, x.usual, is) }
	x.transport = allOf(fx, x.clusters, func(c *Cluster) bool { return c.Class == signature.Transport })
	x.failure = x.transport || differ((*Cluster).fails)
	x.refusal = differ(refused)
}

// bad are the clusters that fail, whichever side they are on.
func bad(fx *Facts, x *split) []int {
	for _, side := range [][]int{x.clusters, x.usual} {
		if fx.Clusters[side[0]].fails() {
			return side
		}
	}
	return nil
}

// countOf counts a split's answers that are of some behaviours.
func (x *split) countOf(fx *Facts, behaviours []int) (k int) {
	for _, d := range x.draws {
		k += bit(slices.Contains(behaviours, fx.Rows[d.row].Cluster))
	}
	return k
}

func narrow(fx *Facts, x *split, clusters []int) *split {
	return settle(fx, &split{sub: x.sub, kind: x.kind, clusters: clusters})
}

// parts are what may be pooled of a split: all of it, or each scenario on its own
// where the shares are so even that either side may by chance be the usual one.
func poolable(fx *Facts, x *split) []*split {
	if len(x.cells) < 2 || !even(x.sub.share()) && !even(float64(x.k)/float64(x.n)) {
		return []*split{x}
	}
	var out []*split
	for _, c := range x.cells {
		out = append(out, narrow(fx, x, slices.DeleteFunc(slices.Clone(x.clusters), func(k int) bool { return c.count[k] == 0 })))
	}
	return out
}

// even tells a share at which chance decides which side is the usual one.
func even(share float64) bool { return share > tuning.Even[0] && share < tuning.Even[1] }

// scenarios of a split, as indices into the plan.
func (x *split) scenarios() []int {
	return each(x.cells, func(c *cell) int { return c.scenario })
}

// transitions counts which answer followed which, per machine in the order of
// sending.
func transitions(fx *Facts, draws []draw) (t [2][2]int) {
	last := -1
	for i, d := range draws {
		if i > 0 && fx.Rows[d.row].Machine != fx.Rows[draws[i-1].row].Machine {
			last = -1
		}
		now := bit(d.deviant)
		if last >= 0 {
			t[last][now]++
		}
		last = now
	}
	return t
}

// started is transitions with each machine's first answer counted as one that
// followed a usual one, so that a law of bursts pays for it.
func started(fx *Facts, draws []draw) [2][2]int {
	t := transitions(fx, draws)
	for i, d := range draws {
		if i == 0 || fx.Rows[d.row].Machine != fx.Rows[draws[i-1].row].Machine {
			t[0][bit(d.deviant)]++
		}
	}
	return t
}

// inTime are the draws of all machines by the time at which they were sent.
func inTime(fx *Facts, draws []draw) []draw {
	out := slices.Clone(draws)
	slices.SortStableFunc(out, func(a, b draw) int { return fx.Rows[a.row].At.Compare(fx.Rows[b.row].At) })
	return out
}

// otherAnswers is the row of a table for behaviours that belong to another split.
const otherAnswers = "other answers"

// table counts clusters (rows) by the levels of a factor (columns).
func countTable(fx *Facts, x *split, columns []string, level func(*Row) string) *Table {
	shown := slices.Concat(x.usual, x.clusters)
	t := &Table{Columns: columns}
	for _, k := range shown {
		t.Rows = append(t.Rows, rowName(fx, k))
		t.Counts = append(t.Counts, make([]int, len(columns)))
	}
	for _, d := range x.draws {
		r := &fx.Rows[d.row]
		row, col := slices.Index(shown, r.Cluster), slices.Index(columns, level(r))
		if col < 0 {
			continue
		}
		if row < 0 {
			if row = len(shown); len(t.Rows) == row {
				t.Rows = append(t.Rows, otherAnswers)
				t.Counts = append(t.Counts, make([]int, len(columns)))
			}
		}
		t.Counts[row][col]++
	}
	return t
}

func twoRows(fx *Facts, x *split, columns []string, level func(*Row) string) [][]int {
	t := [][]int{make([]int, len(columns)), make([]int, len(columns))}
	for _, d := range x.draws {
		if col := slices.Index(columns, level(&fx.Rows[d.row])); col >= 0 {
			t[bit(d.deviant)][col]++
		}
	}
	return t
}

// iid tells whether nothing speaks against independent draws: neither the
// order of the answers nor their spread over time.
func iid(x *split) bool { return orderP(x) >= tuning.IID }

// orderP is the least p-value of what may speak against independent draws.
func orderP(x *split) float64 { return orderOf(bits(x.draws)) }

func orderOf(bits []bool) float64 {
	runs, _ := stat.RunsTest(bits)
	p := min(runs, stat.LagTest(bits, lags))
	if windows, m := windowCounts(bits); len(windows) >= 2 {
		_, spread := stat.Dispersion(windows, m, float64(count(bits, true))/float64(len(bits)))
		p = min(p, spread)
	}
	return p
}

// amongAll tells of each answer of the target, in every scenario and as they were sent,
// whether it is a deviant: what takes turns does so over all of them.
func (x *split) amongAll() []bool {
	deviant := map[int]bool{}
	for _, d := range x.draws {
		deviant[d.row] = d.deviant
	}
	rows := slices.Sorted(slices.Values(x.sub.rows()))
	out := make([]bool, len(rows))
	for i, r := range rows {
		out[i] = deviant[r]
	}
	return out
}

// windowCounts cuts the answers into at most 20 windows that expect six
// deviants or so each: with five or more the spread has a known distribution.
func windowCounts(bits []bool) (windows []int, m int) {
	n := min(20, count(bits, true)/6)
	if n < 2 {
		return nil, 0
	}
	m = len(bits) / n
	windows = make([]int, n)
	for i := range windows {
		windows[i] = count(bits[i*m:(i+1)*m], true)
	}
	return windows, m
}
