package analyze

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"

	"stageprobe/analyze/behaviour"
	"stageprobe/analyze/cause"
	"stageprobe/analyze/feature"
	"stageprobe/analyze/report/prose"
	"stageprobe/analyze/signature"
	"stageprobe/probe"
	"stageprobe/probe/recording"
)

// Policy is what the user asked of the verdict. Its zero value works.
type Policy struct {
	Confidence float64          `json:"confidence,omitempty"` // 0 counts as 0.99
	MinShare   float64          `json:"min_share,omitempty"`  // 0 counts as 0.01
	FailOn     cause.Severity   `json:"fail_on,omitempty"`    // "" counts as error
	Thorough   bool             `json:"thorough,omitempty"`   // go on after an error is decided for a target
	Logs       string           `json:"logs,omitempty"`       // auto, off, require
	Intended   []cause.Intended `json:"intended,omitempty"`
	// Scenarios is the scenario file as it was given, kept so that a recording
	// can be judged again.
	Scenarios string `json:"scenarios,omitempty"`
	// Unread says why the configuration was not read at all; "" where it was. With
	// Asked set there were credentials, and what they were to read stays open.
	Unread  string `json:"unread,omitempty"`
	Asked   bool   `json:"asked,omitempty"`
	Version string `json:"version,omitempty"`

	// Causes are rows beside [cause.Causes]: what the caller knows of its own APIs. Of
	// them Step, Severity, After, Excludes and Find count. A recording does not hold them.
	Causes []cause.Cause `json:"-"`
	// Secrets never appear in a report.
	Secrets []string `json:"-"`
	// Judge evaluates the expectations of a scenario file; nil for none.
	Judge Judge `json:"-"`
}

// Judge holds answers against a scenario file's expectations.
type Judge interface {
	// Observe sees every observation once, in any order.
	Observe(o *probe.Observation)
	// Refusal tells whether a scenario expects to be refused on a target.
	Refusal(target, scenario string) bool
	// Judge gives the expectations' results for the targets as reported.
	Judge(rep *Report) []Expectation
}

func (p *Policy) confidence() float64 { return cmp.Or(p.Confidence, 0.99) }
func (p *Policy) minShare() float64   { return cmp.Or(p.MinShare, 0.01) }

// Session accumulates a run. It is safe for use by the engine, which asks it
// what to send next, and by the consumer of the observations at once.
type Session struct {
	mu     sync.Mutex
	plan   probe.Plan
	snap   probe.Snapshot
	snaps  int // how often it was replaced
	policy Policy

	table *behaviour.Table
	sample
	evidence *evidence
	machines map[string]int
	vantages []probe.Vantage // that were told of
	targets  map[string]int
	scenario map[string]int

	planner planner
	last    cause.Result
	stood   *recording.Stood // as of the last look; nil before the first
	marks   map[mark]age     // what answers are to a wait
}

// row is what a session keeps of one observation of the sample.
type row struct {
	cause.Row
	ids      ids
	ended    time.Time
	machine  string
	joined   joined
	kept     bool // its headers say that a cache kept it
	status   int
	unrouted bool // refused before any method: no execution log is written
}

// NewSession begins a run over a plan, with the configuration as far as it
// could be read.
func NewSession(plan probe.Plan, snap probe.Snapshot, policy Policy) *Session {
	s := &Session{
		plan: plan, snap: snap, policy: policy,
		table: behaviour.New(behaviour.Options{
			Targets: plan.Targets, Scenarios: plan.Scenarios, Secrets: policy.Secrets,
			Extraction: func(i int) feature.Options {
				sc := &plan.Scenarios[i]
				return feature.Options{Scenario: *sc, Compare: feature.Rules(sc.Compare), Ignore: feature.Rules(sc.Ignore)}
			},
		}),
		machines: map[string]int{}, targets: map[string]int{}, scenario: map[string]int{},
	}
	s.sample = newSample(&plan, policy.minShare())
	for i, t := range plan.Targets {
		s.targets[t.ID] = i
	}
	for i, sc := range plan.Scenarios {
		s.scenario[sc.Name] = i
	}
	s.planner = newPlanner(&s.plan)
	return s
}

// Add takes one observation in. Observations of targets or scenarios that the
// plan does not hold are ignored: they belong to another run.
func (s *Session) Add(o *probe.Observation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.planner.flying = max(0, s.planner.flying-1)
	target, known := s.targets[o.Target]
	scenario, planned := s.scenario[o.Scenario]
	if known && planned {
		s.add(o, target, scenario, 0, s.drawn(o.Machine, o.Seq))
	}
}

// AddKept takes in a row of a recording. One that is only counted, and is like one
// before it, is not read.
func (s *Session) AddKept(k *recording.Kept) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	target, known := s.targets[k.Target]
	scenario, planned := s.scenario[k.Scenario]
	if !known || !planned {
		return nil
	}
	drawn := k.Others == 0 && s.drawn(k.Machine, k.Seq)
	for left := max(1, k.Others); left > 0; left-- {
		if k.Alike != 0 && s.policy.Judge == nil && !drawn && s.table.Again(k.Alike, scenario, left) {
			s.count(k.Outcome, target, left)
			return nil
		}
		o, err := k.Whole()
		if err != nil {
			return err
		}
		s.add(&o, target, scenario, k.Alike, drawn)
	}
	return nil
}

func (s *Session) add(o *probe.Observation, target, scenario int, key uint64, drawn bool) {
	table, class := s.table.Add(o, target, scenario, drawn, key)
	s.count(o.Outcome, target, 1)
	full := s.table.Full()
	if drawn {
		if len(s.rows) == cap(s.rows) {
			// Room for all at once where the plan is not long: to move them takes
			// milliseconds, and nothing is sent meanwhile.
			room := min(s.most, max(len(s.rows), min(s.plan.Requests, mostRoom), 256))
			if len(s.rows) == 0 {
				s.named = make(map[uint64]struct{}, 2*room) // two ids each
			}
			s.rows = slices.Grow(s.rows, room)
		}
		s.rows = append(s.rows, reduce(o, target, scenario, table, class))
		s.name(&s.rows[len(s.rows)-1])
		full = s.thin() || full
	}
	if full {
		s.compact(s.table)
	}
	if s.policy.Judge != nil {
		s.policy.Judge.Observe(o)
	}
	expected := s.policy.Judge != nil && s.policy.Judge.Refusal(o.Target, o.Scenario)
	s.planner.saw(target, scenario, answerOf(o, class, expected))
}

func reduce(o *probe.Observation, target, scenario, table int, class signature.Class) row {
	sent := o.Due.Add(o.Sent)
	front := signature.FrontOf(o.Get)
	id := strings.Clone(o.RequestID())
	return row{
		Row: cause.Row{
			Seq: o.Seq, At: sent, Target: target, Scenario: scenario, Cluster: -1, Table: table, Class: class,
			Among: o.Among, Conn: o.Conn, ConnN: o.ConnN, Fresh: o.Fresh, Remote: o.RemoteIP,
			Pop: strings.Clone(o.Get("x-amz-cf-pop")), Cache: strings.Clone(o.Get("x-cache")), Rate: o.Rate,
			Fronted: front.Through, Copied: front.Copy, Age: front.Age,
			Took: o.Took, RequestID: id,
		},
		ids:      ids{request: id, extended: strings.Clone(o.ExtendedID()), minted: o.MintedID},
		ended:    o.Due.Add(o.Took),
		machine:  o.Machine,
		kept:     front.Marked,
		status:   o.Status,
		unrouted: strings.HasPrefix(o.Get("x-amzn-errortype"), "MissingAuthenticationToken"),
	}
}

// SetEvidence replaces what the logs say.
func (s *Session) SetEvidence(ev probe.Evidence) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.evidence = newEvidence(ev)
}

// SetVantages replaces what a session knows of the places from which is sent.
func SetVantages(s *Session, v []probe.Vantage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.vantages = v
}

// SetSnapshot replaces the configuration, as read again after the run began.
func (s *Session) SetSnapshot(snap probe.Snapshot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.snap = snap
	s.snaps++
}

// RequestIDs lists the ids under which logs may know the requests of the sample.
func (s *Session) RequestIDs() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]string, 0, len(s.rows))
	for i := range s.rows {
		if id := s.rows[i].ids.request; id != "" {
			out = append(out, id)
		}
	}
	return out
}

// Unlabelled lists the ids of requests of the sample of which the logs have said nothing yet.
func (s *Session) Unlabelled() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for i := range s.rows {
		id := &s.rows[i].ids
		if id.request != "" && len(s.evidence.records(id)) == 0 {
			out = append(out, id.request)
		}
	}
	return out
}

// Decide weighs everything seen so far. With done set, no further request can
// be sent, and what is open stays open.
func (s *Session) Decide(done bool) cause.Result {
	s.mu.Lock()
	defer s.mu.Unlock()
	result, _ := decide(s, done)
	return result
}

// decide is Decide, with what was decided on: made anew, it would not say which
// behaviour each answer is of.
func decide(s *Session, done bool) (cause.Result, cause.Input) {
	in := s.input(done)
	s.last = cause.Explain(in)
	s.last.InWords(prose.Say)
	s.stood = stood(s.stood, &s.last, ms(max(0, s.looked.last.Sub(s.looked.first))), done)
	s.planner.advise(s.last.Next)
	if !s.plan.Fixed && !s.planner.persists {
		s.planner.settle(s.last.Ended)
	}
	in.Rows, in.Clusters = s.last.Rows, s.last.Clusters
	return s.last, in
}

// input is the run so far, with what is known by now of each request.
func (s *Session) input(done bool) cause.Input {
	kept := s.looked.take(s)
	in := cause.Input{
		Plan: s.plan, Snapshot: s.snap, Table: s.table,
		OwnRows: true, Memory: &s.looked.memory, Kept: kept, Now: s.looked.last,
		Records: labelling{s}.recordsByID(),
		Logs:    s.looked.logs, Confidence: s.policy.confidence(), MinShare: s.policy.minShare(),
		Thorough: s.policy.Thorough || s.plan.Fixed, Done: done, Intended: s.policy.Intended, Causes: s.policy.Causes,
	}
	in.Expected = func(target, scenario int) bool {
		sc := &s.plan.Scenarios[scenario]
		return sc.Uncredentialed || (s.policy.Judge != nil && s.policy.Judge.Refusal(s.plan.Targets[target].ID, sc.Name))
	}
	seen := map[string]bool{}
	marks := labelling{s}.watermarks()
	in.Rows = slices.Grow(s.looked.rows, len(s.rows)-kept)[:len(s.rows)]
	for i := kept; i < len(s.rows); i++ {
		r := &s.rows[i]
		if _, ok := s.machines[r.machine]; !ok {
			s.machines[r.machine] = len(s.machines)
		}
		labelling{s}.labelled(&in.Rows[i], r, marks)
		if id := r.ids.request; id != "" && s.again {
			in.Rows[i].Repeat = seen[id]
			seen[id] = true
		}
	}
	s.looked.rows = in.Rows
	in.Vantages = byMachine(s)
	return in
}

// byMachine are the places of the run in the order of its machines; nil where it is one.
func byMachine(s *Session) []probe.Vantage {
	if len(s.machines) < 2 {
		return nil
	}
	out := make([]probe.Vantage, len(s.machines))
	for name, at := range s.machines {
		out[at].Name = name
		if i := slices.IndexFunc(s.vantages, func(v probe.Vantage) bool { return v.Name == name }); i >= 0 {
			out[at] = s.vantages[i]
		}
	}
	return out
}

// watermarks are, per target, the time up to which both sides of its stage's
// canary would be known by now: the older of how far the logs of the two are
// known. Zero where nothing is known.
func (s labelling) watermarks() []time.Time {
	out := make([]time.Time, len(s.plan.Targets))
	if s.evidence == nil {
		return out
	}
	for i := range s.plan.Targets {
		t := &s.plan.Targets[i]
		out[i] = s.evidence.watermark(probe.StageRef{APIID: t.APIID, Stage: t.Stage})
	}
	return out
}

func (s labelling) labelled(out *cause.Row, r *row, watermarks []time.Time) {
	*out = r.Row
	out.Machine = s.machines[r.machine]
	if s.evidence == nil || r.Copied {
		return // a copy carries the id of the request for which it was made
	}
	l := s.label(r)
	out.Label, out.Contradictory = l.side, l.contradictory
	out.ServedAPI, out.ServedStage = l.api, l.stage
	out.Deployment, out.Version = l.deployment, l.version
	out.IntegrationCalled = l.integration
	out.Late = r.ended.After(watermarks[r.Target])
}

// joined is what the logs said of a row at a look, so that the next need not ask again.
type joined struct {
	label
	of    *evidence // nil: never asked
	snaps int
}

func (s labelling) label(r *row) *label {
	if j := &r.joined; j.of != s.evidence || j.snaps != s.snaps || j.of == nil {
		*j = joined{s.evidence.of(&r.ids, r.ended, &s.snap), s.evidence, s.snaps}
	}
	return &r.joined.label
}

func (s labelling) recordsByID() func(string) []probe.LogRecord {
	if s.evidence == nil {
		return func(string) []probe.LogRecord { return nil }
	}
	return func(id string) []probe.LogRecord { return s.evidence.records(&ids{request: id}) }
}

// logState is what the logs say of the run before any request is counted.
func (s labelling) logState() cause.LogState {
	st := cause.LogState{Proven: map[string]bool{}}
	if s.evidence != nil {
		st.Read, st.Proven = s.evidence.read, s.evidence.proven
	}
	return st
}

// sampled counts a request by what the logs say of it.
func (s labelling) sampled(st *cause.LogState, r *row) {
	if s.evidence == nil || r.ids.request == "" || r.Copied {
		return
	}
	st.Sampled++
	switch l := s.label(r); {
	case l.contradictory:
		st.Contradictory++
		st.Matched++
	case l.found:
		st.Matched++
	case s.logs(r) && s.evidence.ReadAt.Before(r.ended.Add(s.evidence.allowance)):
		st.Late++
	}
	st.Coverage = float64(st.Matched) / float64(st.Sampled)
}

// logs tells whether any log of the stage is expected to hold a request. A
// stage that logs errors alone never says anything of what went well.
func (s labelling) logs(r *row) bool {
	t := &s.plan.Targets[r.Target]
	st := s.snap.API(t.APIID).Stage(t.Stage)
	if st == nil || st.AccessLog.Destination != "" {
		return true
	}
	switch st.LoggingLevel() {
	case "OFF":
		return false
	case "ERROR":
		return r.status >= 400 && !r.unrouted
	}
	return !r.unrouted
}

// PolicyJSON is the policy as a recording keeps it.
func (p *Policy) PolicyJSON() (json.RawMessage, error) { return json.Marshal(p) }
