package simulate

import (
	"time"

	"stageprobe/probe"
)

// Label is what the logs tell of the side of the canary that served a request.
type Label uint8

// The labels.
const (
	LabelUnknown Label = iota
	LabelBase
	LabelCanary
)

// Class tells answers about behaviour from answers about the request's fate.
type Class uint8

// The classes.
const (
	Informative Class = iota
	Throttled
	Refused
)

// Row is one request: what was drawn for it, what truly happened, what came back
// and what the logs will say.
type Row struct {
	// Drawn by the run.
	Index       int // order of sending over all machines, from 0
	Machine     int
	Seq         int           // order of sending on the machine, from 0
	At          time.Duration // since the start of the run
	Target      int           // index into the addresses that are probed, 0 by default
	Among       probe.Among   // the addresses that it could have gone to as likely
	Scenario    int
	Conn, ConnN int // connection, and which request on it, from 1
	Fresh       bool
	Address     int
	Pop         int

	// True, and unknown to whoever only sees answers.
	Canary     bool
	Stage      int // 0 is the expected stage
	Deployment int // 0 is the stage's own deployment
	Version    int // of the backend behind a weighted alias
	Cached     bool

	// Copied: a cache before the gateway answered, which no log of the gateway knows.
	Copied bool

	// Seen.
	Behaviour int // 0 is the usual one of the scenario
	Class     Class

	// Logged.
	Label         Label
	LabelAt       time.Duration // since the start of the run
	Contradictory bool          // the logs name both sides
}

// Deviant tells whether the answer is not the usual one.
func (r *Row) Deviant() bool { return r.Behaviour != 0 }

// LabelBy is the label as far as the logs show it at a time of the run.
func (r *Row) LabelBy(now time.Duration) Label {
	if r.LabelAt > now {
		return LabelUnknown
	}
	return r.Label
}
