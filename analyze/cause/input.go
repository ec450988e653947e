package cause

import (
	"time"

	"stageprobe/analyze/behaviour"
	"stageprobe/analyze/signature"
	"stageprobe/probe"
	"stageprobe/probe/failure"
)

// Label says which side of a canary served a request, as the logs tell it.
type Label uint8

// The labels. Base is only given where absence from the canary's log is
// evidence (its watermark is past the request), else the label is unknown.
const (
	LabelUnknown Label = iota
	LabelBase
	LabelCanary
)

// Row is one observation, reduced to what a verdict needs. Rows come in
// (machine, seq) order; verdicts depend on that order alone, never on the order
// in which answers arrived.
type Row struct {
	Machine  int
	Seq      uint64
	At       time.Time // when it was sent
	Target   int       // index into Plan.Targets
	Scenario int       // index into Plan.Scenarios
	// Table is the row of Input.Table, -1 for a request that this machine could
	// not send.
	Table int
	// Cluster is an index into Input.Clusters where no table is given; -1 for
	// own-fault.
	Cluster int
	Class   signature.Class

	// From the logs; "" and LabelUnknown where they do not say.
	Label         Label
	Contradictory bool // the logs name both sides
	// Late: sent after the older of the points up to which the two sides' logs
	// are known, so that its label, or that it has none, is no evidence yet.
	Late bool
	// Repeat: its request id came with an earlier answer, so that both are one
	// piece of evidence.
	Repeat      bool
	ServedAPI   string
	ServedStage string
	Deployment  string
	Version     string // the Lambda version that ran
	// IntegrationCalled is false where the log proves that none was called.
	IntegrationCalled *bool

	Among       probe.Among // the targets that it could have gone to as likely
	Conn, ConnN int
	Fresh       bool
	Remote      string // address dialled
	Pop         string // x-amz-cf-pop
	Cache       string // hit, miss, ""
	// Fronted: it came through a CDN that is none of API Gateway's own, or through
	// CloudFront, which stands before edge-optimised APIs, too. Copied: a cache
	// before the gateway answered, which heard nothing of the request.
	Fronted, Copied bool
	Age             time.Duration // of the copy, as its header says
	Rate            float64
	Took            time.Duration
	RequestID       string
}

// Cluster is one behaviour of one scenario on one target. The same behaviour
// on another target has the same ID.
type Cluster struct {
	*behaviour.Cluster
	Target   int // index into Plan.Targets
	Scenario int // index into Plan.Scenarios
	Summary  string

	inside *failure.Failure // a failure in the body of a success; nil where it holds none
}

// fails tells a server error, an answer that did not come, and a success whose body is
// about nothing but a failure.
func (c *Cluster) fails() bool {
	return c.Status >= 500 || c.Class == signature.Transport || c.inside != nil
}

// lost tells a request to which no answer began, for another reason than that time ran
// out. The gateway answers for an integration that fails: what is lost between it and
// here is the doing of the way, or of what stands before the gateway.
func (c *Cluster) lost() bool {
	return c.Class == signature.Transport && c.Status == 0 && c.Outcome != probe.OutcomeTimeout
}

// brokeOff tells an answer that began and ended before its body did.
func (c *Cluster) brokeOff() bool {
	return c.Class == signature.Transport && c.Status != 0 && c.Outcome == probe.OutcomeReset
}

// LogState says how far the logs could be read.
type LogState struct {
	Read          bool
	Sampled       int // requests whose logs were asked for
	Matched       int // of which a record was found
	Coverage      float64
	Contradictory int
	Late          int // may still come
	// Proven holds "api/stage" where a record shows that logging is on: only
	// there is a missing record evidence.
	Proven map[string]bool
}

// Intended declares a setting in which stages are meant to differ.
type Intended struct {
	Stages  []string // empty means all
	Setting string   // such as variables.backend
}

// Input is everything that a verdict rests on. Explain only reads it,
// but for rows that are its own.
type Input struct {
	Plan     probe.Plan
	Snapshot probe.Snapshot
	Rows     []Row
	OwnRows  bool // nobody else has the rows: they need not be copied
	// Memory is of the looks before at the same run, of which the first Kept rows are
	// left as they were; nil for none.
	Memory *Memory
	Kept   int
	// Vantages are the places from which was sent, by Row.Machine; empty where it was one.
	Vantages []probe.Vantage
	// Table holds the features of the answers, in its own order of rows. Where it
	// is nil, Clusters names the behaviours.
	Table    *behaviour.Table
	Clusters []Cluster
	// Records gives a request's log records for evidence lines; may be nil.
	Records func(requestID string) []probe.LogRecord
	Logs    LogState

	Confidence float64 // such as 0.99; 0 counts as 0.99
	MinShare   float64 // smallest share that must be found; 0 counts as 0.01
	Thorough   bool    // go on where an error is decided for a target
	Done       bool    // the budget is spent, or the run was interrupted
	Intended   []Intended
	// Causes are rows beside those of the table: what a caller knows of its own APIs.
	Causes []Cause
	// Expected tells whether a refusal is what a scenario expects on a target;
	// may be nil.
	Expected func(target, scenario int) bool
	Now      time.Time // end of the run so far
}
