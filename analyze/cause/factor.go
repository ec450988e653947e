package cause

import (
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"stageprobe/analyze/behaviour"
	"stageprobe/analyze/stat"
)

// factor is something that may drive the answers: each of its levels deviates
// or does not.
type factor struct {
	name  string // as a sentence calls it
	cause ID
	prior float64
	rho   float64           // chance that one level deviates
	level func(*Row) string // "" where unknown
	key   func(*Row) uint64 // of the level, 0 where unknown: found without its name; may be nil

	// drawn is the level as it was drawn for a request: "" where what went before
	// decides it, as for the second request of a connection. nil where level is.
	drawn func(*Row) string
	// within: each level is held against the others only while it lasts, as a
	// connection does.
	within bool
	// named: only class features count, as values that go with a connection are
	// those of the process that it leads to.
	named bool

	// of names the factor whose levels this one's consist of, as a region does of vantage
	// points; it is asked only where one of them holds several. part is its part of a
	// factor's share of the error rate; 0 for all of it.
	of   string
	part float64

	// inTime: its levels are the machines themselves, so that it is held against
	// bursts over all of them together; one by one they could each have their own.
	inTime bool

	levels []string
	k, n   []int
}

// factors are what may drive a split, where it varies at all. A connection is
// none where no answer came: one that breaks takes all its requests with it, so
// that such failures follow connections whatever breaks them.
func factors(fx *Facts, x *split, of ID) []*factor {
	return slices.DeleteFunc(drawnFactors(fx, x.sub), func(f *factor) bool {
		return f.cause != of || x.transport && strings.Contains(f.name, "connection") || !f.count(fx, x)
	})
}

// drawnFactors are what may drive a target's answers beside the canary.
func drawnFactors(fx *Facts, sub *target) []*factor {
	out := []*factor{versionFactor(sub), cacheFactor(sub)}
	for _, f := range slices.Concat(places, vantageFactors(fx, sub)) {
		out = append(out, &f)
	}
	return slices.DeleteFunc(out, func(f *factor) bool { return f == nil })
}

// places are where a request may go, and how it gets there; where it comes from shares
// the part of one more.
var places = []factor{
	{name: "edge location", cause: EndpointSplit, prior: tuning.Prior.Endpoint, rho: tuning.Deviates.Pop, level: func(r *Row) string { return r.Pop }, drawn: first(func(r *Row) string { return r.Pop })},
	{name: "address", cause: EndpointSplit, prior: tuning.Prior.Endpoint, rho: tuning.Deviates.Address, level: func(r *Row) string { return r.Remote }, drawn: first(func(r *Row) string { return r.Remote })},
	{name: "connection", cause: EndpointSplit, prior: tuning.Prior.Connection, rho: tuning.Deviates.Connection, level: connection, key: connectionKey, within: true, named: true},
	{name: "use of the connection", cause: EndpointSplit, prior: tuning.Prior.Connection, rho: tuning.Deviates.Use, level: use, drawn: fresh, named: true},
}

// first is the level of the first request on a connection: the later ones go where
// it led, and come when it lasts.
func first(level func(*Row) string) func(*Row) string {
	return func(r *Row) string {
		if r.ConnN > 1 {
			return ""
		}
		return level(r)
	}
}

// fresh is whether a request was drawn to open a connection of its own. One that
// had to open one, as none was idle, was not drawn so.
func fresh(r *Row) string {
	switch {
	case r.ConnN == 0 || !r.Fresh && r.ConnN == 1:
		return ""
	case r.Fresh:
		return "new connection"
	}
	return "reused connection"
}

func connection(r *Row) string {
	if r.Conn == 0 && r.ConnN == 0 {
		return ""
	}
	return strconv.Itoa(r.Machine) + "/" + strconv.Itoa(r.Conn)
}

func connectionKey(r *Row) uint64 {
	if r.Conn == 0 && r.ConnN == 0 {
		return 0
	}
	return uint64(r.Machine+1)<<32 | uint64(uint32(r.Conn))
}

// use tells the first request on a connection from the later ones.
func use(r *Row) string {
	switch {
	case r.ConnN == 0:
		return ""
	case r.ConnN == 1:
		return "new connection"
	}
	return "reused connection"
}

// count counts a factor's levels and tells whether there are two or more, known
// for most rows. Levels that were seen once each show nothing yet; leaving the
// factor out for that would make its rivals look surer than they are.
func (f *factor) count(fx *Facts, x *split) bool {
	k, n, known := map[string]int{}, map[string]int{}, 0
	parts := f.parts()
	for _, d := range x.draws {
		l := f.level(&fx.Rows[d.row])
		if l == "" {
			continue
		}
		parts.saw(&fx.Rows[d.row], l)
		known++
		n[l]++
		k[l] += bit(d.deviant)
	}
	f.levels, f.k, f.n = sortedKeys(n), nil, nil
	for _, l := range f.levels {
		f.k, f.n = append(f.k, k[l]), append(f.n, n[l])
	}
	return len(f.levels) > 1 && 2*known >= x.n && parts.holdSeveral()
}

// factorLaws: some levels of a factor deviate, the others do not.
func factorLaws(fx *Facts, x *split, of ID) []law {
	var laws []law
	for _, f := range factors(fx, x, of) {
		laws = append(laws, law{name: f.name, prior: f.prior, driven: true, factor: f, anyNaming: true, likelihood: func(x *split) float64 {
			return stat.LogSumExp(stat.FactorLogM(f.k, f.n, f.rho), stat.FactorLogM(f.others(), f.n, f.rho)) + without(fx, f, x)
		}})
	}
	return laws
}

// differs says in what the answers at the level that was found differ from those
// at the others; nil where the answers as a whole were held against the levels.
func (d *decision) differs(fx *Facts) []Difference {
	if d.marks == nil {
		return nil
	}
	return differs(fx, d.sub, d.marks, d.level, otherLevels)
}

// otherLevels are all levels of a factor but the one that was found.
const otherLevels = "the others"

// differsFromMost is differs with the level on the side of the usual values where
// it had most of the answers.
func (d *decision) differsFromMost(fx *Facts) []Difference {
	var n stat.Count
	for i := range d.marks {
		for _, v := range d.marks[i].Values {
			n.On, n.Off = n.On+v.On, n.Off+v.Off
		}
	}
	if n.On <= n.Off {
		return d.differs(fx)
	}
	turned := make([]behaviour.Mark, len(d.marks))
	for i := range d.marks {
		turned[i] = d.marks[i].Turned()
	}
	return differs(fx, d.sub, turned, otherLevels, d.level)
}

// others counts the answers of each level that do not deviate.
func (f *factor) others() []int {
	out := slices.Clone(f.n)
	for i, k := range f.k {
		out[i] -= k
	}
	return out
}

// deviate is the chance that each level deviates, whichever side is named so.
func (f *factor) deviate() []float64 {
	post, other := stat.FactorPosterior(f.k, f.n, f.rho), stat.FactorPosterior(f.others(), f.n, f.rho)
	a, b := stat.FactorLogM(f.k, f.n, f.rho), stat.FactorLogM(f.others(), f.n, f.rho)
	weight := math.Exp(a - stat.LogSumExp(a, b))
	for i := range post {
		post[i] = weight*post[i] + (1-weight)*(1-other[i])
	}
	return post
}

// without is the ln probability of the rows whose level is not known: any share.
func without(fx *Facts, f *factor, x *split) float64 {
	var c [2]int
	for _, d := range x.draws {
		if f.level(&fx.Rows[d.row]) == "" {
			c[bit(d.deviant)]++
		}
	}
	return stat.KT(c[:])
}

// ByLevel is what each level of a factor answers, for one scenario.
type ByLevel struct {
	said
	Levels   []LevelAnswer
	Scenario string
}

// LevelAnswer is what one level of a factor answers mostly.
type LevelAnswer struct {
	said
	Of, Level, Answer string // Of says what the level is of, where its name does not
	Count             Count
}

func perLevel(fx *Facts, w *weighing, l *law, of string) ByLevel {
	x := w.main()
	scenario := fx.Rows[x.draws[0].row].Scenario
	out := ByLevel{Scenario: fx.scenario(scenario).Name}
	for _, level := range l.factor.levels {
		count, n, best := map[int]int{}, 0, -1
		for _, d := range x.draws {
			r := &fx.Rows[d.row]
			if r.Scenario != scenario || l.factor.level(r) != level {
				continue
			}
			n++
			count[r.Cluster]++
			if count[r.Cluster] > count[best] {
				best = r.Cluster
			}
		}
		if n > 0 {
			out.Levels = append(out.Levels, LevelAnswer{Of: of, Level: level, Answer: fx.summary(best), Count: Count{count[best], n}})
		}
	}
	return out
}

// factorStatistics are the numbers behind a split that a factor drives.
func factorStatistics(fx *Facts, w *weighing, l *law) *Statistics {
	f := l.factor
	two := twoRows(fx, w.main(), f.levels, f.level)
	st := &Statistics{
		Test: "factor model, e-value", Statistic: l.logE, EValue: evalue(l.logE), N: w.n, Posterior: w.post(l.cause),
		Effect: stat.ExplainedShare(two), Share: share(fx, w.split, w.clusters), Table: countTable(fx, w.split, f.levels, f.level),
	}
	if len(f.levels) == 2 {
		st.PValue = ptr(stat.Fisher(two[0][0], two[0][1], two[1][0], two[1][1]))
	} else if fx.Done {
		st.PValue = ptr(permuted(fx, w.split, f))
	}
	return st
}

// permuted is the p-value of a factor against exchanging its levels within
// scenario and minute.
func permuted(fx *Facts, x *split, f *factor) float64 {
	type key struct {
		scenario int
		minute   int64
	}
	strata := map[key]*stat.Stratum{}
	var order []key
	for _, d := range x.draws {
		r := &fx.Rows[d.row]
		level := slices.Index(f.levels, f.level(r))
		if level < 0 {
			continue
		}
		k := key{r.Scenario, r.At.Unix() / 60}
		if strata[k] == nil {
			strata[k] = &stat.Stratum{}
			order = append(order, k)
		}
		strata[k].Response = append(strata[k].Response, bit(d.deviant))
		strata[k].Level = append(strata[k].Level, level)
	}
	var list []stat.Stratum
	for _, k := range order {
		list = append(list, *strata[k])
	}
	return stat.Permutation(list, 9999, rand.New(rand.NewPCG(fx.Plan.Seed, 0x7065726d)))
}
