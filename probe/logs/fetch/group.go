package fetch

import (
	"hash/maphash"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"stageprobe/probe"
	"stageprobe/probe/logs"
)

// group is one log group with all that was read of it so far.
type group struct {
	probe.LogGroup
	arn    string
	denied bool
	// queried groups are read by Logs Insights alone: those of the class
	// INFREQUENT_ACCESS, which FilterLogEvents refuses (CloudWatch Logs User Guide, "Log
	// classes").
	queried bool

	// ReadFrom and readTo bound the time of which every event was read; events
	// that are late may still appear in the last part of it.
	readFrom, readTo time.Time
	seen             map[uint64]struct{} // events, by the hash of their id

	execution *logs.Execution
	access    *accessLog
	done      map[string]bool // ids that are complete
	asOf      int             // Events at which done was computed
	settled   map[string]bool // ids that were complete elsewhere, and are not in here
	way       way             // how it was read last
}

// settle notes that an id, complete in another group, is asked for the last time.
func (g *group) settle(id string) {
	if g.settled == nil {
		g.settled = map[string]bool{}
	}
	g.settled[id] = true
}

// readable reports whether there is something to read, and the right to.
func (g *group) readable() bool {
	off := g.execution != nil && g.Level == "OFF"
	return g.Exists && !g.denied && !off
}

// evidenceLines is the number of log lines kept per request: an INFO log has 9
// that are worth keeping.
const evidenceLines = 16

func newGroup(lg probe.LogGroup) *group {
	g := &group{LogGroup: lg, seen: map[uint64]struct{}{}, asOf: -1}
	if lg.Source == probe.ExecutionLog {
		g.execution = logs.NewExecution(logs.Options{MaxLines: evidenceLines})
	} else {
		g.access = &accessLog{group: lg}
	}
	return g
}

// accessLog parses the entries of one group, which several stages may share.
type accessLog struct {
	group   probe.LogGroup
	stages  []probe.StageRef
	formats []*logs.Format
	records []probe.LogRecord
	unread  int // entries that no format fits
}

// parse reads an entry with the formats of the stages, else by the usual names.
func (a *accessLog) parse(message []byte) (probe.LogRecord, bool) {
	for _, f := range a.formats {
		if rec, err := f.Parse(message); err == nil {
			return rec, true
		}
	}
	return logs.ParseAccess(message)
}

// add takes one event.
func (a *accessLog) add(e logs.Event) {
	rec, ok := a.parse(e.Message)
	if !ok {
		a.unread++
		return
	}
	rec.Group, rec.Stream, rec.GroupCanary = e.Group, e.Stream, a.group.Canary
	rec.Ingested = e.Ingested
	if rec.Time.IsZero() {
		rec.Time = e.Time
	}
	a.complete(&rec)
	a.records = append(a.records, rec)
}

// complete names the API and the stage where an entry does not and the group
// leaves no choice.
func (a *accessLog) complete(rec *probe.LogRecord) {
	if len(a.stages) == 0 {
		return
	}
	first := a.stages[0]
	other := func(ref probe.StageRef) bool { return ref.APIID != first.APIID }
	if rec.APIID == "" && !slices.ContainsFunc(a.stages, other) {
		rec.APIID = first.APIID
	}
	if rec.Stage == "" && len(a.stages) == 1 {
		rec.Stage = first.Stage
	}
}

type eventKey struct {
	stream, message string
	at              int64
}

var seed = maphash.MakeSeed()

// take adds an event, unless it was read before. Where its ingestion time is not
// told, as emulators leave it out, the moment of the first reading bounds it
// from above.
func (g *group) take(e types.FilteredLogEvent, now time.Time) {
	// An event has one id for FilterLogEvents and another for Logs Insights, so
	// it is known by what it says.
	sum := maphash.Comparable(seed, eventKey{aws.ToString(e.LogStreamName), aws.ToString(e.Message), aws.ToInt64(e.Timestamp)})
	if _, old := g.seen[sum]; old {
		return
	}
	g.seen[sum] = struct{}{}
	g.Events++
	at := milliseconds(e.Timestamp)
	if at.After(g.Watermark) {
		g.Watermark = at
	}
	ingested := milliseconds(e.IngestionTime)
	if ingested.IsZero() {
		ingested = now
	}
	event := logs.Event{
		Time: at, Ingested: ingested, Group: g.Name,
		Stream: aws.ToString(e.LogStreamName), Message: []byte(aws.ToString(e.Message)),
	}
	if g.execution != nil {
		g.execution.Add(event)
	} else {
		g.access.add(event)
	}
}

func milliseconds(ms *int64) time.Time {
	if ms == nil || *ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(*ms).UTC()
}

// records returns everything read, of anyone's requests.
func (g *group) records() []probe.LogRecord {
	if g.execution != nil {
		return g.execution.Records()
	}
	return g.access.records
}

// complete reports whether the group holds a request to its end.
func (g *group) complete(id string) bool {
	if g.asOf != g.Events {
		g.asOf, g.done = g.Events, map[string]bool{}
		for _, rec := range g.records() {
			if rec.Complete {
				g.done[rec.RequestID] = true
				g.done[rec.ExtendedID] = true
			}
		}
	}
	return g.done[id]
}
