package cause

import (
	"cmp"
	"math"
	"reflect"
	"slices"
	"time"

	"stageprobe/analyze/remedy"
	"stageprobe/analyze/stat"
	"stageprobe/probe"
	"stageprobe/probe/failure"
)

// switchLaws: behaviour changed once, at a time to be named, at once or through a
// phase in which either behaviour may come.
func switchLaws(fx *Facts, x *split) []law {
	l := law{name: "switch", prior: tuning.Prior.Switch, driven: true, whole: true, anyNaming: true}
	if lastChanged(fx, x.sub) {
		l.prior = tuning.Prior.Changed
	} else if x.refusal && byAuthorizer(fx, x) && cachingAuthorizer(fx, x) != "" {
		// A kept result that expires looks like a switch, once per lifetime: only
		// a change that is known tells the two apart.
		l.prior = 0
	}
	l.likelihood = func(x *split) float64 {
		m, _ := switchM(fx, x, 1)
		return m - math.Ln2
	}
	return []law{l}
}

// switchM is the ln probability of a split's answers if behaviour switched, with at
// least so many answers since, before the choice between a switch at once and one
// through a mixed phase is paid for. choices is ln of the ways to name the sides:
// which behaviour of a scenario is the new one was read from the answers, one choice
// of two per scenario, and one of at once or through a mixed phase.
func switchM(fx *Facts, x *split, least int) (logM, choices float64) {
	bits, _, scenarios := timed(fx, x)
	n := max(fx.Plan.Requests, len(bits))
	terms := switchTerms(bits, n, least, x.sub.changed() != nil)
	return stat.LogSumExp(append(terms, mixedM(bits, n, least))...), float64(scenarios)*math.Ln2 + math.Ln2
}

// switchE is the e-value of a switch that has been over for a while, against
// independent draws.
func switchE(fx *Facts, x *split) float64 {
	settled, choices := switchM(fx, x, tuning.Enough.Settled)
	return settled - choices - stat.LogBin(x.k, x.n, float64(x.k)/float64(max(1, x.n)))
}

// deployPropagating words the splits that were decided to be one switch. Edits that
// no answer confirmed as waiting are hidden beside one: the configuration was read
// before, and what waited then may have been deployed since.
func deployPropagating(fx *Facts, known *Known) Verdict {
	return worded(fx, known, DeployPropagating, func(d *decision) Finding {
		f := switched(fx, d.weighing, d.law)
		if bad := shiftOf(fx, d.split).toBad(); bad != "" {
			f = brokeDown(fx, d.weighing, f, bad)
		}
		return f
	})
}

// HasWebACL says that a stage has a web ACL, and how many requests were sent before it
// began to refuse.
type HasWebACL struct {
	said
	Stage, ACL string
	Sent       int
}

// ChangedOnce says that a target changed its behaviour, at a moment that lies between two.
type ChangedOnce struct {
	said
	Target       string
	At, From, To time.Time
	What         BeforeAndSince
}

// BrokeDown says since when a target fails or refuses.
type BrokeDown struct {
	said
	Target  string
	Refuses bool
	At      time.Time
	What    BeforeAndSince
}

// BeforeAndSince is what answered before a moment and since.
type BeforeAndSince struct {
	said
	Before    string // the usual answer before; "" where it is the same as since
	Old, Late Count  // of answers of the old behaviour before, and since
	Now       string // the usual answer since
}

// StageWent is from what to what a stage changed during the run.
type StageWent struct {
	said
	Stage   string
	Was, Is Serving
}

// Serving is what a stage serves.
type Serving struct {
	said
	Deployment string
	Canary     *CanaryConfigured
}

// WasMade says when a deployment was made, WasUpdated when a stage was updated.
type WasMade struct {
	said
	Deployment string
	At         time.Time
}

// WasUpdated says when a stage was updated.
type WasUpdated struct {
	said
	Stage string
	At    time.Time
}

// AnsweredAround are the deployments that answered before a switch and since.
type AnsweredAround struct {
	said
	From, To string
}

// NoEvent says that the configuration shows no event, and how long a stretch of a process
// that goes back and forth would have to be.
type NoEvent struct {
	said
	Stretch float64
}

// switchTerms are, for each answer but the first, the ln probability of all
// answers if behaviour switched just before it: any share before and any share
// since (Krichevsky-Trofimov), uniform over n places, and impossible where the
// shares are not on either side of a switch. Leaving out what is no switch keeps
// the sum a probability. At least so many answers must have come since. With
// mixture, one side of the switch may mix both behaviours.
func switchTerms(bits []bool, n, least int, mixture bool) []float64 {
	total := count(bits, true)
	terms := make([]float64, 0, len(bits))
	k := 0
	for i := 1; i < len(bits); i++ {
		if bits[i-1] {
			k++
		}
		before, since := float64(k)/float64(i), float64(total-k)/float64(len(bits)-i)
		term := math.Inf(-1)
		if len(bits)-i >= least && (before <= tuning.SwitchRest && since >= 1-tuning.SwitchRest ||
			mixture && since-before >= tuning.SwitchGap && (before <= tuning.SwitchPure || since >= 1-tuning.SwitchPure)) {
			term = stat.KT([]int{k, i - k}) + stat.KT([]int{total - k, len(bits) - i - total + k}) - math.Log(float64(n))
		}
		terms = append(terms, term)
	}
	return terms
}

// timed tells, in the order of time, whether each answer is of the behaviour
// that its scenario gave later in the run, with the rows and the number of
// scenarios.
func timed(fx *Facts, x *split) (later []bool, rows []int, scenarios int) {
	draws := inTime(fx, x.draws)
	type moment struct{ sum, n [2]int }
	when := map[int]*moment{}
	for i, d := range draws {
		sc := fx.Rows[d.row].Scenario
		if when[sc] == nil {
			when[sc] = &moment{}
		}
		side := bit(d.deviant)
		when[sc].sum[side] += i
		when[sc].n[side]++
	}
	for _, d := range draws {
		m := when[fx.Rows[d.row].Scenario]
		deviantLater := m.sum[1]*m.n[0] >= m.sum[0]*m.n[1]
		later, rows = append(later, d.deviant == deviantLater), append(rows, d.row)
	}
	return later, rows, len(when)
}

// mixedM is the ln probability of answers that switch through a phase in which
// either may come: a chain of three states that never goes back; at least
// so many answers must have come since the phase.
func mixedM(bits []bool, n, least int) float64 {
	enter, leave, stay := -math.Log(float64(n)), -math.Log(tuning.MixedPhase), math.Log1p(-1/tuning.MixedPhase)
	before, mixed, after := 0., math.Inf(-1), math.Inf(-1)
	for i, b := range bits {
		k := bit(b)
		if len(bits)-i < least {
			mixed = math.Inf(-1)
		}
		after = stat.LogSumExp(after, mixed+leave) + stat.LogBin(k, 1, 1-tuning.SwitchStray)
		mixed = stat.LogSumExp(mixed+stay, before+enter) - math.Ln2
		before += stat.LogBin(k, 1, tuning.SwitchStray)
	}
	return after
}

// lastChanged tells whether a target's stage changed during the run or shortly before
// it, by the configuration.
func lastChanged(fx *Facts, sub *target) bool {
	if sub.conf == nil {
		return false
	}
	at := sub.conf.Updated
	if d := sub.api.Deployment(sub.DeploymentID); d != nil && d.Created.After(at) {
		at = d.Created
	}
	return sub.changed() != nil || !at.IsZero() && around(fx, at)
}

// changed is from what to what a target's stage changed since the targets were found;
// nil where it did not.
func (sub *target) changed() Fact {
	if sub.conf == nil || sub.DeploymentID == "" {
		return nil
	}
	was, is := canaryOrNot(sub.Stage, sub.DeploymentID, sub.Canary), canaryOrNot(sub.Stage, sub.conf.DeploymentID, sub.conf.Canary)
	if reflect.DeepEqual(was, is) {
		return nil
	}
	return StageWent{Stage: sub.Stage, Was: was, Is: is}
}

func canaryOrNot(stage, deployment string, c *probe.Canary) Serving {
	out := Serving{Deployment: deployment}
	if c != nil {
		canary := canaryOf(stage, deployment, c)
		out.Canary = &canary
	}
	return out
}

// around tells whether a moment lies within the run or shortly before it.
func around(fx *Facts, at time.Time) bool {
	if len(fx.Rows) == 0 {
		return false
	}
	start := fx.Rows[0].At
	for i := range fx.Rows {
		if fx.Rows[i].At.Before(start) {
			start = fx.Rows[i].At
		}
	}
	return at.After(start.Add(-tuning.Recent)) && at.Before(fx.Now.Add(tuning.Recent))
}

// shift is where behaviour switched: the answers in the order of time, each with whether
// it is of the behaviour that came later, and the likeliest first answer since, with the
// range that holds 95 % of the probability or, through a phase in which either came, with
// that phase.
type shift struct {
	fx          *Facts
	later       []bool
	rows        []int
	hat, lo, hi int
}

func shiftOf(fx *Facts, x *split) *shift {
	s := &shift{fx: fx}
	s.later, s.rows, _ = timed(fx, x)
	s.hat, s.lo, s.hi = switchedAt(s.later, max(fx.Plan.Requests, len(s.later)), x.sub.changed() != nil)
	return s
}

// at is when an answer was asked for.
func (s *shift) at(i int) time.Time { return s.fx.Rows[s.rows[min(max(i, 0), len(s.rows)-1)]].At }

// from and to are the moments between which behaviour switched.
func (s *shift) from() time.Time { return s.at(s.lo - 1) }
func (s *shift) to() time.Time   { return s.at(s.hi) }

// before and since are the usual answers on either side.
func (s *shift) before() *Cluster { return &s.fx.Clusters[most(s.fx, s.rows[:s.hat])] }
func (s *shift) since() *Cluster  { return &s.fx.Clusters[most(s.fx, s.rows[s.hat:])] }

func switched(fx *Facts, w *weighing, l *law) Finding {
	s := shiftOf(fx, w.split)
	f := splitFinding(fx, w.split, ConsistentWith)
	f.say(ChangedOnce{Target: w.sub.ID, At: s.at(s.hat), From: s.from(), To: s.to(), What: s.sides()})
	what := s.event(w.sub)
	if what != nil {
		if !unwanted(s.before()) {
			f.Linked = Proven // else: failures end by themselves as well
		}
		f.say(ByConfiguration{What: what})
		f.Proof = append(f.Proof, InConfiguration{What: what})
	}
	from, to := s.deployments()
	if from != to {
		f.Linked = Proven
		f.say(AnsweredAround{From: from, To: to})
	}
	if what == nil && from == to {
		_, beyond := stat.Stretch(len(s.rows)-s.hat, s.hat)
		f.say(NoEvent{Stretch: beyond})
	}
	if f.Linked == ConsistentWith {
		f.SettledBy = Topic("deployment time")
	}
	f.Proof = evidence(append(f.Proof, fx.request(s.rows[max(0, s.hat-1)], Topic("last old")),
		fx.request(s.rows[min(s.hat, len(s.rows)-1)], Topic("first new")))...)
	f.Statistics = &Statistics{
		Test: "change point, e-value", Statistic: l.logE, EValue: evalue(l.logE), N: w.n, Posterior: w.post(DeployPropagating),
		Effect: 1, Share: interval(w.k, w.n, fx.alpha), Table: countTable(fx, w.split, []string{"before", "after"}, func(r *Row) string {
			if r.At.Before(s.at(s.hat)) {
				return "before"
			}
			return "after"
		}),
	}
	f.Remedy = []Remedy{remedy.SeeThatItStays}
	if k := s.since(); unwanted(k) || k.Status >= 400 {
		f.Remedy = []Remedy{whereToLook(k)}
	}
	if w.sub.conf != nil {
		if prev := previous(w.sub); prev != "" {
			f.Remedy = append(f.Remedy, remedy.RollBack(fx.Snapshot.Region, w.sub.api, w.sub.conf, prev)...)
		}
	}
	return f
}

// unwanted tells an answer that nobody deploys on purpose.
func unwanted(k *Cluster) bool { return k.fails() || refused(k) }

// event is the change of a target's stage that a switch may come from; nil where there was
// none. A change during the run that was made after the switch did not make it.
func (s *shift) event(sub *target) Fact {
	if sub.conf == nil {
		return nil
	}
	within := func(at time.Time) bool { return !at.Before(s.from().Add(-tuning.Spreads)) && !at.After(s.to()) }
	if what := sub.changed(); what != nil {
		if at := sub.conf.Updated; at.Before(s.at(0)) || within(at) {
			return what // before the run: then the time of the change is not known
		}
		return nil
	}
	if d := sub.api.Deployment(sub.DeploymentID); d != nil && within(d.Created) {
		return WasMade{Deployment: d.ID, At: d.Created}
	}
	if within(sub.conf.Updated) {
		return WasUpdated{Stage: sub.Stage, At: sub.conf.Updated}
	}
	return nil
}

// holds tells whether a switch may be claimed: an event of the configuration or the
// logs' deployments go with it, or what came since lasts long enough beside what was
// before that a process which goes back and forth would hardly do so.
func holds(fx *Facts, w *weighing) bool {
	s := shiftOf(fx, w.split)
	if from, to := s.deployments(); s.event(w.sub) != nil || from != to {
		return true
	}
	lasting, _ := stat.Stretch(len(s.rows)-s.hat, s.hat)
	return lasting || s.toBad() != "" && len(s.rows)-s.hat >= tuning.Enough.Refused*tuning.Enough.Refused
}

// toBad is the cause under which a switch to failure or refusal is reported; "" where
// what came since is neither. Nobody deploys a failure on purpose.
func (s *shift) toBad() ID {
	before, since := s.before(), s.since()
	switch {
	case since.fails() && !before.fails():
		return IntegrationError
	case refused(since) && !refused(before):
		return AccessDenied
	}
	return ""
}

// brokeDown is the finding of a target that answered, and then failed or refused.
func brokeDown(fx *Facts, w *weighing, f Finding, bad ID) Finding {
	s := shiftOf(fx, w.split)
	f.Cause, f.Severity = bad, Error
	f.Says = []Fact{BrokeDown{Target: w.sub.ID, Refuses: bad == AccessDenied, At: s.at(s.hat), What: s.sides()}}
	if what := s.event(w.sub); what != nil {
		f.say(ByConfiguration{What: what})
	}
	f.SettledBy = Topic("reason in the log")
	f.Remedy = append([]Remedy{whereToLook(s.since())}, f.Remedy[1:]...)
	if bad == AccessDenied {
		f.SettledBy = Topic("who refuses")
		f.Remedy[0] = remedy.BeganToRefuse
		if w.sub.conf != nil && w.sub.conf.WebACL != "" {
			f.say(HasWebACL{Stage: w.sub.Stage, ACL: w.sub.conf.WebACL, Sent: s.hat})
		}
	}
	if line, known := failureOf(fx, failure.CauseIntegration, s.rows[s.hat:]); known != nil {
		f.Linked = Proven
		f.say(ByLogs{What: known.Why})
		f.Proof = evidence(append([]Fact{line}, f.Proof...)...)
		f.SettledBy = nil
	}
	return f
}

// sides is what answered on either side of a switch.
func (s *shift) sides() BeforeAndSince {
	out := BeforeAndSince{
		Old: Count{count(s.later[:s.hat], false), s.hat}, Late: Count{count(s.later[s.hat:], false), len(s.rows) - s.hat}, Now: s.fx.summary(most(s.fx, s.rows[s.hat:])),
	}
	if 2*out.Old.K > s.hat { // else the same is usual on both sides: a share of another came or went
		out.Before = s.fx.summary(most(s.fx, s.rows[:s.hat]))
	}
	return out
}

func count(bits []bool, value bool) int {
	n := 0
	for _, b := range bits {
		if b == value {
			n++
		}
	}
	return n
}

// switchedAt is the index of the likeliest first answer after a switch, with the
// range that holds 95 % of the probability. Where answers switched through a phase in
// which either came, it is the first after that phase, and the range is the phase.
func switchedAt(bits []bool, n int, mixture bool) (hat, lo, hi int) {
	terms := switchTerms(bits, n, 1, mixture)
	total := stat.LogSumExp(terms...)
	if mixedM(bits, n, 1) > total {
		lo, hat = mixedPhase(bits, n)
		return hat, lo, hat
	}
	order := slices.SortedStableFunc(slices.Values(indices(len(terms))), func(a, b int) int { return cmp.Compare(terms[b], terms[a]) })
	hat, lo, hi = order[0], order[0], order[0]
	mass := 0.
	for _, i := range order {
		if mass >= .95 {
			break
		}
		mass += math.Exp(terms[i] - total)
		lo, hi = min(lo, i), max(hi, i)
	}
	return hat + 1, lo + 1, hi + 1
}

// mixedPhase is the likeliest phase in which either behaviour came, by the chain of
// mixedM (Viterbi 1967): its first answer of the new behaviour, and the first since its last
// of the old. They are the same where behaviour switched at once.
func mixedPhase(bits []bool, n int) (from, to int) {
	enter, leave, stay := -math.Log(float64(n)), -math.Log(tuning.MixedPhase), math.Log1p(-1/tuning.MixedPhase)
	before, mixed, after := 0., math.Inf(-1), math.Inf(-1)
	began, from, to := 1, 1, 1 // of the phase that is on, and of the likeliest that is over
	for i, b := range bits {
		k := bit(b)
		if mixed+leave > after {
			after, from, to = mixed+leave, began, i
		}
		after += stat.LogBin(k, 1, 1-tuning.SwitchStray)
		if mixed += stay; before+enter > mixed {
			mixed, began = before+enter, i
		}
		mixed -= math.Ln2
		before += stat.LogBin(k, 1, tuning.SwitchStray)
	}
	for from < to && !bits[from] {
		from++
	}
	for to > from && bits[to-1] {
		to--
	}
	return max(from, 1), max(to, 1)
}

func indices(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// most is the most frequent behaviour among rows.
func most(fx *Facts, rows []int) int {
	count, best := map[int]int{}, fx.Rows[rows[0]].Cluster
	for _, i := range rows {
		k := fx.Rows[i].Cluster
		count[k]++
		if count[k] > count[best] {
			best = k
		}
	}
	return best
}

// deployments are those that the logs name before a switch and since; both are "" where
// they name none, or several.
func (s *shift) deployments() (from, to string) {
	sole := func(rows []int) string {
		name := ""
		for _, i := range rows {
			switch d := s.fx.Rows[i].Deployment; {
			case d == "" || d == name:
			case name != "":
				return ""
			default:
				name = d
			}
		}
		return name
	}
	if from, to = sole(s.rows[:s.hat]), sole(s.rows[s.hat:]); from == "" || to == "" {
		return "", ""
	}
	return from, to
}

// previous is the deployment before the one that a stage serves.
func previous(sub *target) string {
	own := sub.api.Deployment(sub.DeploymentID)
	if own == nil {
		return ""
	}
	for _, d := range sub.api.Deployments {
		if d.Created.Before(own.Created) {
			return d.ID
		}
	}
	return ""
}
