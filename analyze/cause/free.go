package cause

import (
	"cmp"
	"slices"

	"stageprobe/analyze/behaviour"
	"stageprobe/analyze/stat"
)

// freeField is a field of two values that nothing was found to go with, over all
// scenarios that have it, held against the share of a canary that no log names.
type freeField struct {
	pairs  []behaviour.Pair
	k, n   int
	fits   bool // its share is the canary's, and its values come as draws do
	denied bool // its values are not the canary's, beyond doubt
}

// MayBeCanary says that a field takes a value as often as a canary would answer, whose
// answers no log names.
type MayBeCanary struct {
	said
	Stage        string
	Share        float64
	Answers      Count
	Where, Value string
	More         int // further fields of which the same holds
}

// unnamed tells whether no log will say which of a target's answers are the canary's.
func unnamed(fx *Facts, sub *target) bool {
	if !canaryConfigured(sub) || sub.lent != nil || !fx.Done && fx.Logs.Read && logging(fx, sub) {
		return false
	}
	_, known := measured(fx, sub)
	return known == 0
}

// freeFields are the fields of two values in a target's usual answers.
func freeFields(fx *Facts, sub *target) []*freeField {
	fields := map[uint64]*freeField{}
	rowsOf := map[int][]int{}
	for _, c := range sub.cells {
		rows, in := []int{}, []int{}
		for _, i := range c.rows {
			if fx.Rows[i].Cluster == c.ref {
				rows, in = append(rows, fx.Rows[i].Table), append(in, i)
			}
		}
		rowsOf[c.scenario] = in
		for _, p := range fx.Table.Pairs(rows) {
			f := fields[p.Key]
			if f == nil {
				f = &freeField{}
				fields[p.Key] = f
			}
			f.pairs, f.k, f.n = append(f.pairs, p), f.k+p.K, f.n+len(rows)
		}
	}
	var out []*freeField
	for _, key := range sortedKeys(fields) {
		f := fields[key]
		f.weigh(fx, sub, rowsOf)
		out = append(out, f)
	}
	return out
}

// weigh holds a field's share against the canary's, and asks whether its values come as
// independent draws: over time, from connection to connection, from address to address.
func (f *freeField) weigh(fx *Facts, sub *target, rowsOf map[int][]int) {
	if even(sub.share()) && len(f.pairs) > 1 {
		// Chance decides which value is the rarer one: only one scenario's count is unbiased.
		f.pairs = []behaviour.Pair{slices.MaxFunc(f.pairs, func(a, b behaviour.Pair) int { return cmp.Compare(len(a.Rare), len(b.Rare)) })}
		f.k, f.n = f.pairs[0].K, len(f.pairs[0].Rare)
	}
	p0 := min(sub.share(), 1-sub.share())
	f.denied = stat.ShareReject(f.k, f.n, p0) >= fx.threshold()
	if f.denied {
		return
	}
	x := &split{sub: sub, k: f.k, n: f.n}
	for _, p := range f.pairs {
		for i, rare := range p.Rare {
			x.draws = append(x.draws, draw{rowsOf[p.Scenario][i], rare})
		}
	}
	slices.SortFunc(x.draws, func(a, b draw) int { return cmp.Compare(a.row, b.row) })
	p := min(orderP(x), runsBy(fx, x, connection), runsBy(fx, x, func(r *Row) string { return r.Remote }))
	f.denied = p < fx.alpha/tuning.Caution/freeAsked
	f.fits = p >= tuning.IID && stat.ShareSupport(f.k, f.n, p0, stat.DefaultRho) >= fx.threshold()
}

// runsBy is the p-value of the runs test with the answers of one level side by side.
func runsBy(fx *Facts, x *split, level func(*Row) string) float64 {
	draws := slices.Clone(x.draws)
	slices.SortStableFunc(draws, func(a, b draw) int { return cmp.Compare(level(&fx.Rows[a.row]), level(&fx.Rows[b.row])) })
	p, _ := stat.RunsTest(bits(draws))
	return p
}

// freeCanaries are the canaries that only a field of two values speaks for: such a field
// may as well move by itself, so that it is a warning, however many say the same.
func freeCanaries(fx *Facts, known *Known, v *Verdict) {
	for _, sub := range fx.targets {
		if !unnamed(fx, sub) || known.closed[sub.index] || slices.ContainsFunc(v.Found, func(f Finding) bool { return slices.Contains(f.Targets, sub.ID) }) {
			continue
		}
		fits := slices.DeleteFunc(freeFields(fx, sub), func(f *freeField) bool { return !f.fits })
		if len(fits) > 0 {
			slices.SortStableFunc(fits, func(a, b *freeField) int { return cmp.Compare(a.pairs[0].Rank(), b.pairs[0].Rank()) })
			v.report(freeFinding(fx, sub, fits), stageKey(sub.Target))
		}
	}
}

func freeFinding(fx *Facts, sub *target, fits []*freeField) Finding {
	x := &split{sub: sub}
	for _, c := range sub.cells {
		if slices.ContainsFunc(fits[0].pairs, func(p behaviour.Pair) bool { return p.Scenario == c.scenario }) {
			x.cells = append(x.cells, c)
		}
	}
	f := canaryFinding(fx, x, ConsistentWith)
	f.Severity = Warning
	first := fits[0]
	f.say(MayBeCanary{
		Stage: sub.Stage, Share: sub.share(), Answers: Count{first.k, first.n}, Where: first.pairs[0].Where(), Value: levelText(first.pairs[0].Values[1]), More: len(fits) - 1,
	})
	for _, field := range fits {
		for i := range field.pairs {
			p := &field.pairs[i]
			if len(f.Differs) < mostDiffers {
				f.Differs = append(f.Differs, Difference{
					Scenario: fx.scenario(p.Scenario).Name, Where: p.Where(), Usual: levelText(p.Values[0]), Other: levelText(p.Values[1]),
					Counts: map[string]DifferenceCount{"answers": {Other: p.K, All: len(p.Rare)}},
				})
			}
		}
	}
	f.Statistics = &Statistics{
		Test: "share e-value", Statistic: stat.ShareSupport(first.k, first.n, min(sub.share(), 1-sub.share()), stat.DefaultRho),
		N: first.n, Share: interval(first.k, first.n, fx.alpha), Configured: configured(sub),
	}
	f.Statistics.EValue = evalue(f.Statistics.Statistic)
	f.Proof = evidence(canaryFact(sub))
	f.SettledBy = settleByLogs(fx, sub)
	return f
}

func levelText(l behaviour.Level) string { return sideText([]behaviour.Level{l}) }
