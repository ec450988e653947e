package cause

import "stageprobe/analyze/remedy"

// Severity orders findings.
type Severity string

// The severities, most severe first.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Info    Severity = "info"
)

// Rank is 0 for error, 1 for warning, 2 for info.
func (s Severity) Rank() int {
	switch s {
	case Error:
		return 0
	case Warning:
		return 1
	}
	return 2
}

// Link says how a behaviour is tied to its cause.
type Link string

// The links, strongest first.
const (
	// Proven: request-level evidence ties the behaviour to the cause: a log
	// line, a deployment id, a recorded configuration fact confirmed by an
	// answer.
	Proven Link = "proven"
	// Statistical: a randomised factor does.
	Statistical Link = "statistical"
	// ConsistentWith: only a share fits.
	ConsistentWith Link = "consistent-with"
)

// Finding is one diagnosed cause.
type Finding struct {
	Cause     ID       `json:"cause"`
	Severity  Severity `json:"severity"`
	Linked    Link     `json:"linked"`
	Targets   []string `json:"targets"`
	Scenarios []string `json:"scenarios"`
	Statement string   `json:"statement"` // plain words: what was seen, how often, how sure
	// Differs says in what the two sides of a split differ.
	Differs    []Difference `json:"differs,omitempty"`
	Statistics *Statistics  `json:"statistics"`
	Evidence   []string     `json:"evidence"` // request ids, log lines, configuration facts
	Step       int          `json:"step"`     // 1 to 6
	Remedy     []Remedy     `json:"remedy"`

	// Settles names what would turn a doubt into a certainty: a log to enable,
	// a number of further requests. Empty where nothing is in doubt.
	Settles string `json:"settles,omitempty"`
	// Alternatives are causes that the evidence does not exclude.
	Alternatives []Alternative `json:"alternatives,omitempty"`
	// Clusters are the ids of the behaviours that it is about, where they are known.
	Clusters []string `json:"clusters,omitempty"`
	// DecidedMS is when it was decided, from the first request; 0 where that is not
	// known, as of a finding that took the whole run.
	DecidedMS float64 `json:"decided_ms,omitempty"`
	// Baseline is "mended", "still there" or "new" where a baseline was given.
	Baseline string `json:"baseline,omitempty"`
	// Changed is the last write to what it is about; nil where none is known.
	Changed *Changed `json:"changed"`

	// Says, Proof and SettledBy are what Statement, Evidence and Settles put into words.
	Says, Proof []Fact `json:"-"`
	SettledBy   Fact   `json:"-"`

	key   string // under which findings of several targets of one stage are one
	rests []int  // the behaviours that it explains
}

// Alternative is a cause that was weighed and not excluded.
type Alternative struct {
	Cause     ID      `json:"cause"`
	Posterior float64 `json:"posterior,omitempty"` // 0 where nothing was weighed
}

// Statistics are the numbers behind a finding.
type Statistics struct {
	Test      string   `json:"test"`
	Statistic float64  `json:"statistic"`
	PValue    *float64 `json:"p_value"` // fixed-sample, for the reader; verdicts rest on EValue
	Effect    float64  `json:"effect"`  // explained share of the split, 0 to 1
	N         int      `json:"n"`

	EValue    float64 `json:"e_value,omitempty"` // evidence E:1, capped at 1e300
	Posterior float64 `json:"posterior,omitempty"`
	// Bound is the largest share of a canary's answers that may differ from the stage's own.
	Bound float64   `json:"bound,omitempty"`
	Share *Interval `json:"share,omitempty"`
	// Configured is the share that the configuration gives, such as the
	// canary's percentage as 0 to 1.
	Configured *float64 `json:"configured,omitempty"`
	Table      *Table   `json:"table,omitempty"`
}

// Interval is an estimate with its bounds, all 0 to 1.
type Interval struct {
	Estimate float64 `json:"estimate"`
	Low      float64 `json:"low"`
	High     float64 `json:"high"`
	Method   string  `json:"method"`
}

// Table is a count table: rows are clusters, columns levels of a factor.
type Table struct {
	Rows    []string `json:"rows"`
	Columns []string `json:"columns"`
	Counts  [][]int  `json:"counts"`
}

// Remedy is what a person can do about a finding, usually one command.
// stageprobe itself never runs it.
type Remedy = remedy.Remedy
