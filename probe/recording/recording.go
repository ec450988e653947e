// Package recording keeps what a run was going to send, what came back and what the logs
// said of it: [Create] begins a file, [Open] reads one or the parts of several machines.
// Files are JSON Lines, plain or compressed, or Parquet; they are read as streams, and no
// secret is written.
package recording

import (
	"encoding/json"
	"time"

	"stageprobe/probe"
)

// Format is the value of [Header].Format.
const Format = "stageprobe.recording/v1"

// Header is what a recording begins with: what was going to be sent.
type Header struct {
	Format   string          `json:"format"`
	Run      string          `json:"run"`
	Machine  string          `json:"machine,omitempty"`
	Version  string          `json:"version,omitempty"`
	Started  time.Time       `json:"started"`
	Plan     probe.Plan      `json:"plan"`
	Snapshot *probe.Snapshot `json:"snapshot,omitempty"`
	Policy   json.RawMessage `json:"policy,omitempty"` // the analysis' own, kept as it is
}

// Trailer is what a recording that was closed ends with.
type Trailer struct {
	Ended   time.Time `json:"ended"`
	Stopped string    `json:"stopped"` // decided, budget, interrupted
	Notes   []string  `json:"notes,omitempty"`
	Cost    Cost      `json:"cost,omitzero"`
	Stood   *Stood    `json:"stood,omitempty"`
	// Vantages are the places from which was sent, where agents or shards did.
	Vantages []probe.Vantage `json:"vantages,omitempty"`
	Lost     int             `json:"lost,omitempty"` // requests that no agent reported
}

// Stood is how a run's verdicts came about, as it was looked at on its way.
type Stood struct {
	Questions map[string]int `json:"questions"` // requests to the target, by target and question
	// FindingsMS is when findings were decided, from the first request, by cause and targets.
	FindingsMS map[string]float64 `json:"findings_ms,omitempty"`
}

// Cost is what a run asked of others.
type Cost struct {
	Requests     int     `json:"requests"`
	ControlCalls int     `json:"control_calls"`         // to API Gateway's control plane, retries included
	LogCalls     int     `json:"log_calls"`             // to CloudWatch Logs
	OtherCalls   int     `json:"other_calls"`           // such as CloudTrail
	LogBytes     int64   `json:"log_bytes"`             // scanned by Logs Insights, which bills them
	LogDollars   float64 `json:"log_dollars,omitempty"` // about, at the price of us-east-1
}

// Plus adds what another machine's part of a run asked for.
func (c Cost) Plus(d Cost) Cost {
	return Cost{
		c.Requests + d.Requests, c.ControlCalls + d.ControlCalls, c.LogCalls + d.LogCalls, c.OtherCalls + d.OtherCalls,
		c.LogBytes + d.LogBytes, c.LogDollars + d.LogDollars,
	}
}

// recordLine is one line of a recording in JSON Lines: one of its fields is set.
type recordLine struct {
	Header      *Header            `json:"header,omitempty"`
	Snapshot    *probe.Snapshot    `json:"snapshot,omitempty"`
	Observation *probe.Observation `json:"observation,omitempty"`
	Evidence    *probe.Evidence    `json:"evidence,omitempty"`
	Log         *probe.LogRecord   `json:"log,omitempty"` // of the evidence before it
	Trailer     *Trailer           `json:"trailer,omitempty"`

	packed *packedRow // in place of Observation
	text   []byte     // of a log record that was not read
}

func (l *recordLine) isRow() bool { return l.Observation != nil || l.packed != nil }

func (l *recordLine) key() rowKey {
	if l.packed != nil {
		return keyOfRow(&l.packed.Observation)
	}
	return keyOfRow(l.Observation)
}

// Recording is one run as it was kept, in one file or in several shards. Its
// rows stay in the files until they are asked for.
type Recording struct {
	Header   Header
	Snapshot *probe.Snapshot // the last one recorded; nil where none was
	Evidence *probe.Evidence // all parts together, log records left out (ReadLogs); nil where no log was read
	Trailer  *Trailer        // nil where any of the files ends early
	Rows     int
	Notes    []string // such as where a file was cut off

	shards []*shard
}
