package analyze

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"stageprobe/analyze/cause"
	"stageprobe/probe"
)

// labelling joins rows with what the logs say of them.
type labelling struct{ *Session }

// Ingestion allowances: how long after a request's end its log events may still
// be on their way. The default is what is assumed until enough lags were seen
// to learn from.
const (
	defaultAllowance = 60 * time.Second
	leastAllowance   = time.Second
	lagsToLearnFrom  = 20
)

// evidence is the log side of a run, indexed by request.
type evidence struct {
	probe.Evidence
	read      bool
	byID      map[string][]int // request id and extended id → indices into Records
	allowance time.Duration
	lags      []float64 // ms, one per record
	canary    map[probe.StageRef]canaryLog
	proven    map[string]bool // "api/stage" with at least one record
}

// canaryLog says how far a stage's /Canary groups were read.
type canaryLog struct {
	seen      bool // at least one event: the group is written to
	watermark time.Time
}

// label is what the logs say of one request.
type label struct {
	side          cause.Label
	contradictory bool
	found         bool
	api, stage    string
	deployment    string
	version       string
	integration   *bool
}

func newEvidence(ev probe.Evidence) *evidence {
	e := &evidence{
		Evidence: ev, read: true,
		byID:   map[string][]int{},
		canary: map[probe.StageRef]canaryLog{},
		proven: map[string]bool{},
	}
	for i := range e.Records {
		e.index(i)
	}
	for _, g := range e.Groups {
		if !g.Canary {
			continue
		}
		ref := probe.StageRef{APIID: g.APIID, Stage: g.Stage}
		log := e.canary[ref]
		e.canary[ref] = canaryLog{log.seen || g.Events > 0, later(log.watermark, g.Watermark)}
	}
	e.allowance = learnAllowance(e.lags)
	return e
}

func (e *evidence) index(i int) {
	r := &e.Records[i]
	for _, id := range []string{r.RequestID, r.ExtendedID} {
		if id != "" && !slices.Contains(e.byID[id], i) {
			e.byID[id] = append(e.byID[id], i)
		}
	}
	if !r.Time.IsZero() && !r.Ingested.Before(r.Time) {
		e.lags = append(e.lags, float64(r.Ingested.Sub(r.Time))/float64(time.Millisecond))
	}
	if r.APIID != "" && r.Stage != "" {
		e.proven[r.APIID+"/"+r.Stage] = true
	}
}

// learnAllowance doubles the longest lag seen. The 99.9 % quantile of fewer
// than a thousand lags is their maximum, and a maximum underestimates.
func learnAllowance(lags []float64) time.Duration {
	if len(lags) < lagsToLearnFrom {
		return defaultAllowance
	}
	twice := time.Duration(2 * slices.Max(lags) * float64(time.Millisecond))
	return min(max(twice, leastAllowance), defaultAllowance)
}

// records returns the log records of one request. Where the answer carried an
// extended id, records that carry another one belong to a request that reused
// the id, and are left out.
func (e *evidence) records(o *ids) []probe.LogRecord {
	if e == nil {
		return nil
	}
	var out []probe.LogRecord
	var seen []int
	for _, id := range []string{o.request, o.extended, o.minted} {
		for _, i := range e.byID[id] {
			r := &e.Records[i]
			if id == "" || slices.Contains(seen, i) || (o.extended != "" && r.ExtendedID != "" && r.ExtendedID != o.extended) {
				continue
			}
			seen = append(seen, i)
			out = append(out, *r)
		}
	}
	return out
}

// ids are the names under which logs may know a request.
type ids struct{ request, extended, minted string }

// of joins one request with its records (inference: labels are a measurement
// with its own error). A field of the access log outranks membership in a
// group; absence from the canary's group counts only once that group is known
// to be past the request.
func (e *evidence) of(id *ids, ended time.Time, snap *probe.Snapshot) label {
	recs := e.records(id)
	if len(recs) == 0 {
		return label{}
	}
	l := label{found: true}
	var said []cause.Label
	grouped := false // as the canary's
	for i := range recs {
		l.take(&recs[i])
	}
	stage := snap.API(l.api).Stage(l.stage)
	for i := range recs {
		if side, ok := saidBy(&recs[i], stage); ok {
			said = append(said, side)
		}
		grouped = grouped || recs[i].GroupCanary
	}
	switch {
	case len(said) > 0:
		l.side, l.contradictory = agree(said)
	case grouped:
		l.side = cause.LabelCanary
	case stage != nil && stage.Canary == nil:
		l.side = cause.LabelBase
	case e.pastCanary(probe.StageRef{APIID: l.api, Stage: l.stage}, ended):
		l.side = cause.LabelBase
	}
	if len(said) > 0 && grouped && said[0] == cause.LabelBase {
		l.contradictory = true
	}
	return l
}

func (l *label) take(r *probe.LogRecord) {
	l.api, l.stage = cmp.Or(l.api, r.APIID), cmp.Or(l.stage, strings.TrimSuffix(r.Stage, "/Canary"))
	l.deployment, l.version = cmp.Or(l.deployment, r.DeploymentID), cmp.Or(l.version, r.ExecutedVersion)
	l.integration = cmp.Or(l.integration, r.IntegrationCalled)
}

// saidBy reads the side from a record's own fields.
func saidBy(r *probe.LogRecord, stage *probe.Stage) (cause.Label, bool) {
	if r.Canary != nil {
		if *r.Canary {
			return cause.LabelCanary, true
		}
		return cause.LabelBase, true
	}
	if r.DeploymentID == "" || stage == nil || stage.Canary == nil || stage.Canary.DeploymentID == stage.DeploymentID {
		return cause.LabelUnknown, false
	}
	switch r.DeploymentID {
	case stage.Canary.DeploymentID:
		return cause.LabelCanary, true
	case stage.DeploymentID:
		return cause.LabelBase, true
	}
	return cause.LabelUnknown, false
}

func agree(sides []cause.Label) (cause.Label, bool) {
	if slices.ContainsFunc(sides, func(s cause.Label) bool { return s != sides[0] }) {
		return cause.LabelUnknown, true
	}
	return sides[0], false
}

// pastCanary says whether a request that ended then would be in the stage's
// /Canary group by now, had the canary served it: the group is written to, and
// either its newest event or the moment of reading is later by the allowance. A
// canary event that comes later still turns the label over, whatever the answer
// was, and a loss that depends on the label alone leaves the link test exact.
func (e *evidence) pastCanary(ref probe.StageRef, ended time.Time) bool {
	log := e.canaryLog(ref)
	last := ended.Add(e.allowance)
	return log.seen && (log.watermark.After(last) || e.ReadAt.After(last))
}

// canaryLog joins what is known of a stage's own /Canary groups and of those that
// several stages share: which of them a group is for, its name does not tell.
func (e *evidence) canaryLog(ref probe.StageRef) canaryLog {
	log := e.canary[ref]
	for _, shared := range []probe.StageRef{{APIID: ref.APIID}, {}} {
		other := e.canary[shared]
		log = canaryLog{log.seen || other.seen, later(log.watermark, other.watermark)}
	}
	return log
}

// watermark is up to when a request's side would be known by now: the older of
// the points up to which the logs of the stage itself and of its canary are known.
// A group is known up to its newest event, or the moment of reading, less the time
// that an event may take.
func (e *evidence) watermark(ref probe.StageRef) time.Time {
	own, canary := e.ReadAt, e.ReadAt
	for _, g := range e.Groups {
		its := g.APIID == ref.APIID && g.Stage == ref.Stage
		shared := g.Stage == "" && (g.APIID == "" || g.APIID == ref.APIID)
		switch {
		case !g.Exists || !its && !shared:
		case g.Canary:
			canary = later(canary, g.Watermark)
		default:
			own = later(own, g.Watermark)
		}
	}
	older := own
	if canary.Before(own) {
		older = canary
	}
	return older.Add(-e.allowance)
}
