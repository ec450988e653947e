package cause

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"stageprobe/analyze/behaviour"
	"stageprobe/analyze/stat"
	"stageprobe/probe"
)

// study is one run under the lens: the input indexed by target and scenario,
// and what the causes have explained of it so far.
type study struct {
	*Input
	observed
	partition *behaviour.Result
	told      bool // behaviours are given, not found
	asked     [][2]int
	alpha     float64
	subjects  []*subject // one per target of the plan
	findings  []Finding
	keys      []string // of findings, in step: cause and stage
	open      []Open
	notes     []string
	seen      map[string]map[string]string
	settings  map[string][]SettingNote
	spent     []question
	links     map[float64]*stat.LinkEstimated // by configured share
	// undone maps "api/stage" to whether a split there is still undecided.
	undone map[string]bool
}

// subject is one target with its answers.
type subject struct {
	*probe.Target
	index int
	api   *probe.API   // as configured; nil where unread
	conf  *probe.Stage // the stage that the address leads to; nil where unread

	cells    []*cell // scenarios that are sampled, in plan order
	confirms []*cell // scenarios that confirm one fact
	because  map[int]ID
	moot     bool // no consistency claim is sought: the address itself is wrong
	split    bool // more than one behaviour was found
	weighed  []Hypothesis
}

// cell is one scenario on one target.
type cell struct {
	scenario  int
	rows      []int // answered or failed in transport, in order; not throttled
	clusters  []int // of those rows: most frequent first, then by id
	count     map[int]int
	ref       int // the usual behaviour; -1 where nothing was answered
	throttled []int
}

func newStudy(in *Input) *study {
	s := &study{
		Input:    in,
		alpha:    1 - in.Confidence,
		seen:     map[string]map[string]string{},
		settings: map[string][]SettingNote{},
		undone:   map[string]bool{},
		links:    map[float64]*stat.LinkEstimated{},
	}
	s.observe()
	for i := range in.Plan.Targets {
		s.subjects = append(s.subjects, s.newSubject(i))
	}
	s.fill()
	for _, sub := range s.subjects {
		for _, c := range slices.Concat(sub.cells, sub.confirms) {
			s.rank(c)
		}
	}
	return s
}

func (s *study) newSubject(i int) *subject {
	t := &s.Plan.Targets[i]
	sub := &subject{Target: t, index: i, because: map[int]ID{}}
	sub.api = s.Snapshot.API(t.APIID)
	sub.conf = sub.api.Stage(t.Stage)
	for j := range s.Plan.Scenarios {
		c := &cell{scenario: j, count: map[int]int{}, ref: -1}
		switch sc := &s.Plan.Scenarios[j]; {
		case !sc.For(t.ID):
		case sc.Limit > 0:
			sub.confirms = append(sub.confirms, c)
		default:
			sub.cells = append(sub.cells, c)
		}
	}
	return sub
}

// fill hands each row to its cell.
func (s *study) fill() {
	index := map[[2]int]*cell{}
	for _, sub := range s.subjects {
		for _, c := range slices.Concat(sub.cells, sub.confirms) {
			index[[2]int{sub.index, c.scenario}] = c
		}
	}
	for i := range s.Rows {
		r := &s.Rows[i]
		c := index[[2]int{r.Target, r.Scenario}]
		if c == nil || r.Class == ClassOwnFault || r.Cluster < 0 {
			continue
		}
		// A backend's own 429 is a behaviour of the backend; only the
		// gateway's is taken out.
		if r.Class == ClassThrottled && s.Clusters[r.Cluster].Producer != "integration" {
			c.throttled = append(c.throttled, i)
			continue
		}
		c.rows = append(c.rows, i)
		c.count[r.Cluster]++
	}
}

// rank orders a cell's clusters and settles which behaviour is the usual one.
func (s *study) rank(c *cell) {
	c.clusters = slices.SortedFunc(maps.Keys(c.count), func(a, b int) int {
		return cmp.Or(cmp.Compare(c.count[b], c.count[a]), cmp.Compare(s.Clusters[a].ID, s.Clusters[b].ID))
	})
	for _, k := range c.clusters {
		if s.Clusters[k].Reference {
			c.ref = k
			return
		}
	}
	for _, k := range c.clusters {
		if s.Clusters[k].Class != ClassTransport {
			c.ref = k
			return
		}
	}
	if len(c.clusters) > 0 {
		c.ref = c.clusters[0]
	}
}

// answered counts the rows of a target that had an HTTP answer which is not a
// throttle.
func (s *study) answered(sub *subject) int {
	var n int
	for _, c := range sub.cells {
		for k, m := range c.count {
			if s.Clusters[k].Class != ClassTransport {
				n += m
			}
		}
	}
	return n
}

// n counts a target's rows without throttled ones.
func (sub *subject) n() int {
	var n int
	for _, c := range sub.cells {
		n += len(c.rows)
	}
	return n
}

// rows are a target's rows in (machine, seq) order, throttled ones left out.
func (sub *subject) rows() []int {
	var rows []int
	for _, c := range sub.cells {
		rows = append(rows, c.rows...)
	}
	slices.Sort(rows)
	return rows
}

// deviants are the clusters of a cell that are neither usual nor explained yet.
func (s *study) deviants(sub *subject, c *cell) []int {
	return slices.DeleteFunc(slices.Clone(c.clusters), func(k int) bool {
		return k == c.ref || sub.because[k] != ""
	})
}

// explain marks clusters as explained, so that no second cause claims them.
func (sub *subject) explain(why ID, clusters ...int) {
	for _, k := range clusters {
		sub.because[k] = why
	}
}

// explainAll marks everything that a target answered.
func (sub *subject) explainAll(why ID) {
	for _, c := range sub.cells {
		sub.explain(why, c.clusters...)
	}
}

// find is the first subject that a condition holds for; nil where none does.
func (s *study) find(ok func(*subject) bool) *subject {
	if i := slices.IndexFunc(s.subjects, ok); i >= 0 {
		return s.subjects[i]
	}
	return nil
}

// invoke is the target that is a stage's own invoke URL; nil where it was not
// probed.
func (s *study) invoke(ref probe.StageRef) *subject {
	return s.find(func(x *subject) bool {
		return x.Kind == probe.InvokeURL && x.APIID == ref.APIID && x.Stage == ref.Stage && x.Unmapped == ""
	})
}

// stageRef is where the configuration says that the target leads.
func (sub *subject) stageRef() probe.StageRef {
	return probe.StageRef{APIID: sub.APIID, Stage: sub.Stage}
}

// share is the canary's share of traffic as configured, 0 to 1.
func (sub *subject) share() float64 {
	if sub.Canary == nil {
		return 0
	}
	return sub.Canary.Percent / 100
}

// threshold is what an e-value's logarithm must reach.
func (s *study) threshold() float64 { return math.Log(1 / s.alpha) }

func (s *study) scenario(i int) *probe.Scenario { return &s.Plan.Scenarios[i] }

// kindOfAPI is the kind of an API by id; "" where it was not read.
func (s *study) kindOfAPI(id string) probe.APIKind {
	if api := s.Snapshot.API(id); api != nil {
		return api.Kind
	}
	return ""
}
