package simulate

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"stageprobe/analyze/cause"
	"stageprobe/analyze/report/prose"
	"stageprobe/analyze/stat"
)

// sighted is what one run of a drawn truth came to, over all looks.
type sighted struct {
	wrong         map[string]int // what was false, at which request first
	contradiction map[string]int // what a report said against its own numbers
	found         int            // request after which the truth was named; 0 never
	decided       int            // request after which nothing was open; 0 never
	missed        bool           // not named when the run ended
	stated        []stated
}

// growth is by how much the requests between two looks grow: looks are as far
// apart in the logarithm of the run.
const growth = 1.5

// watch plays a truth up to its requests and looks at it on the way, whether or
// not everything is decided.
func (w World) watch(rng *rand.Rand) sighted { return w.watchAll(rng, nil) }

// watchAll also hands every look to whoever wants to see it.
func (w World) watchAll(rng *rand.Rand, seen func(n int, r *cause.Result)) sighted {
	out := sighted{wrong: map[string]int{}, contradiction: map[string]int{}}
	v, d := newView(w), w.design()
	look := 20.
	for n := 1; n <= w.Requests; n++ {
		row := d.play(rng)
		v.add(row)
		last := n == w.Requests
		if !last && float64(n) < look {
			continue
		}
		look = max(look*growth, float64(n))
		now := row.At
		if last {
			now += logWait
		}
		r := cause.Explain(v.at(now, last))
		r.InWords(prose.Say)
		d.advised = r.Next
		out.judge(w, &r, n, last)
		if seen != nil {
			seen(n, &r)
		}
	}
	return out
}

// judge holds one look against the truth.
func (out *sighted) judge(w World, r *cause.Result, n int, last bool) {
	for i := range r.Findings {
		f := &r.Findings[i]
		if what := w.falsity(f); what != "" {
			first(out.wrong, what, n)
		}
	}
	for _, what := range contradictions(r) {
		first(out.contradiction, what, n)
	}
	named := w.namesTruth(r)
	if named && out.found == 0 {
		out.found = n
	}
	if r.Decided && out.decided == 0 {
		out.decided = n
	}
	if last {
		out.missed = !named && len(w.Causes)+len(w.AnyOf) > 0
	}
	if n > w.comes {
		out.state(w, r)
	}
}

// state keeps what is stated of each address: the likeliest cause, and whether it
// is true.
func (out *sighted) state(w World, r *cause.Result) {
	for _, id := range slices.Sorted(maps.Keys(r.Posteriors)) {
		one := cause.Result{Posteriors: map[string][]cause.Hypothesis{id: r.Posteriors[id]}}
		cause, p, _ := leading(&one)
		out.stated = append(out.stated, stated{p, w.may(cause) || cause == "" && len(w.Causes)+len(w.AnyOf) == 0})
	}
}

func first(at map[string]int, what string, n int) {
	if _, ok := at[what]; !ok {
		at[what] = n
	}
}

// may tells whether a cause is true of a world, or true enough.
func (w World) may(cause string) bool {
	return cause == volatileContent && len(w.Moves) > 0 || slices.Contains(w.Causes, cause) || slices.Contains(w.Allowed, cause) || slices.Contains(w.AnyOf, cause)
}

// falsity is what is false about a finding: an error or a link to a cause that is
// none here. A canary that differs in part and is said to answer as the stage does
// is no mistake where the bound that is stated leaves room for the truth.
func (w World) falsity(f *cause.Finding) string {
	name := string(f.Cause)
	what := fmt.Sprintf("%s, %s, %s", f.Cause, f.Severity, f.Linked)
	linked := f.Linked != cause.ConsistentWith
	switch {
	case name == staleCanary && w.Otherwise > 0:
		if f.Statistics != nil && f.Statistics.Bound >= w.Otherwise {
			return ""
		}
		return what
	case w.unproven && linked && slices.Contains(w.AnyOf, name):
		return what
	case f.Severity != cause.Error && !linked, w.may(name):
		return ""
	}
	return what
}

// namesTruth tells whether every cause that must be named is.
func (w World) namesTruth(r *cause.Result) bool {
	found := named(r)
	for _, c := range w.Causes {
		if !slices.Contains(found, c) {
			return false
		}
	}
	return len(w.AnyOf) == 0 || slices.ContainsFunc(w.AnyOf, func(c string) bool { return slices.Contains(found, c) })
}

// Rates is how one family of truths fared.
type Rates struct {
	Name          string
	Runs          int
	False         int // runs with anything false at any look
	Missed        int
	Must          bool // there is something to be named
	Contradicting int
	Requests      float64 // median until the truth was named, or until nothing was open
	What          []Mistake
	Against       []Mistake // statements that contradict their numbers
	stated        []stated
}

// Mistake is one kind of false verdict.
type Mistake struct {
	What string
	Runs int
	Run  int // the first run that shows it
	At   int // the request at which it does
}

// Upper is the upper 95 % limit of the rate of runs with a false verdict.
func (r *Rates) Upper() float64 { return upper(r.False, r.Runs) }

// upper is the one-sided 95 % limit of a rate (Clopper & Pearson 1934).
func upper(hits, runs int) float64 {
	_, high := stat.ClopperPearson(hits, runs, 1-2*(1-shown))
	return high
}

// Ever measures how often a verdict is false at any look, over families of truths.
// A run follows from the seed, the name of its family and its number.
func Ever(ctx context.Context, o Options, families []Drawn) ([]Rates, error) {
	o = o.withDefaults()
	var out []Rates
	o.Runs = o.everRuns()
	for _, family := range families {
		runs, err := play(ctx, o.Seed, everStream+family.Name, o.Runs, func(rng *rand.Rand) sighted { return family.Draw(rng).watch(rng) })
		if err != nil {
			return nil, fmt.Errorf("simulate: truth %s: %w", family.Name, err)
		}
		r := rates(family, o, runs)
		out = append(out, r)
		o.begin(r.line())
	}
	return out, nil
}

// everRuns is how many runs each family gets.
func (o Options) everRuns() int {
	if o.Quick {
		return max(o.Runs/100, 2)
	}
	return max(o.Runs/10, 10)
}

// Matching are the families whose name holds one of the texts; all without a text.
func Matching(families []Drawn, texts []string) []Drawn {
	if len(texts) == 0 {
		return families
	}
	var out []Drawn
	for _, f := range families {
		if slices.ContainsFunc(texts, func(t string) bool { return strings.Contains(f.Name, t) }) {
			out = append(out, f)
		}
	}
	return out
}

// Replay plays one run of a family again and writes what every look says.
func Replay(w io.Writer, o Options, family Drawn, run int) error {
	o = o.withDefaults()
	var b strings.Builder
	rng := runOf(o.Seed, everStream+family.Name, run)
	world := family.Draw(rng)
	fmt.Fprintf(&b, "%s, run %d: causes %v, any of %v, allowed %v; canary %.3g %%, %d scenarios, %d addresses, %.3g requests per second\n",
		family.Name, run, world.Causes, world.AnyOf, world.Allowed, world.Percent, world.Scenarios, world.Addresses, world.Rate)
	world.watchAll(rng, func(n int, r *cause.Result) {
		fmt.Fprintf(&b, "after %d requests, decided %t\n", n, r.Decided)
		for i := range r.Findings {
			f := &r.Findings[i]
			mark := ""
			if what := world.falsity(f); what != "" {
				mark = " FALSE"
			}
			fmt.Fprintf(&b, "  %s, %s, %s%s %v: %s\n", f.Cause, f.Severity, f.Linked, mark, f.Targets, f.Statement)
			for _, d := range f.Differs {
				fmt.Fprintf(&b, "    %s %s: %s / %s %v\n", d.Scenario, d.Where, d.Usual, d.Other, d.Counts)
			}
			if st := f.Statistics; st != nil && st.Table != nil {
				fmt.Fprintf(&b, "    %v %v %v\n", st.Table.Columns, st.Table.Rows, st.Table.Counts)
			}
		}
		for _, what := range contradictions(r) {
			fmt.Fprintf(&b, "  AGAINST ITS NUMBERS %s\n", what)
		}
		for _, x := range r.Open {
			fmt.Fprintf(&b, "  open %s: %s\n", x.Target, x.Text)
		}
	})
	_, err := io.WriteString(w, b.String())
	return err
}

// everStream begins the names of the streams of random numbers.
const everStream = "ever "

func rates(family Drawn, o Options, runs []sighted) Rates {
	w := family.Draw(rand.New(rand.NewPCG(1, 1)))
	r := Rates{Name: family.Name, Runs: len(runs), Must: len(w.Causes)+len(w.AnyOf) > 0}
	var took []float64
	for i := range runs {
		x := &runs[i]
		r.False += bit(len(x.wrong) > 0)
		r.Missed += bit(x.missed)
		r.Contradicting += bit(len(x.contradiction) > 0)
		r.What = tallied(r.What, x.wrong, i)
		r.Against = tallied(r.Against, x.contradiction, i)
		r.stated = append(r.stated, x.stated...)
		if n := cmp.Or(x.found, bit(!r.Must)*x.decided); n > 0 {
			took = append(took, float64(n))
		}
	}
	r.Requests = median(took)
	for _, list := range [][]Mistake{r.What, r.Against} {
		slices.SortFunc(list, func(a, b Mistake) int { return cmp.Or(cmp.Compare(b.Runs, a.Runs), cmp.Compare(a.What, b.What)) })
	}
	return r
}

func tallied(list []Mistake, found map[string]int, run int) []Mistake {
	for what, at := range found {
		i := slices.IndexFunc(list, func(m Mistake) bool { return m.What == what })
		if i < 0 {
			list = append(list, Mistake{What: what, Run: run, At: at})
			i = len(list) - 1
		}
		list[i].Runs++
	}
	return list
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// lower is the one-sided 95 % limit of a rate from below.
func lower(hits, runs int) float64 {
	low, _ := stat.ClopperPearson(hits, runs, 1-2*(1-shown))
	return low
}
