package cause

import "stageprobe/analyze/behaviour"

// Result is what the evidence so far says.
type Result struct {
	Findings []Finding  // most severe first
	Open     []Question // what is undecided
	// Decided is true where every question has its answer, so that no further
	// request would change a verdict.
	Decided bool

	// Claims holds, per target id, the largest share of differing answers that
	// is not excluded; only for targets without a split.
	Claims map[string]float64
	// Strays counts, for the same, the answers that differ all the same and are too few
	// to be more than noise.
	Strays map[string]int
	// Posteriors holds, per target id, how likely each hypothesis is, the
	// likeliest first; hypotheses below 0.001 are left out.
	Posteriors map[string][]Hypothesis
	// Measured holds, per target id, the canary's share as the logs tell it.
	Measured map[string]Interval

	// Behaviours are the answers as they were told apart.
	Behaviours *behaviour.Result
	// Rows are those of the input with their cluster, an index into Clusters.
	Rows     []Row
	Clusters []Cluster
	// Moves are, per target, what moves by itself.
	Moves [][]behaviour.Move

	// Ended are targets, by index, of which nothing more is asked.
	Ended []int

	Remaining  int    // requests that would about decide what is open
	Next       []Cell // where further requests decide most; weights sum to 1
	Efficiency *Efficiency
	// Efficiencies are those of all questions that were answered.
	Efficiencies []Efficiency
	Steps        [6]Step
	// Settings holds, per API id, the settings in which stages differ and
	// whether that shows in behaviour.
	Settings map[string][]Setting
	// Seen says, per "api/stage" and subject of a pending edit ("GET /new"),
	// what the probe saw of it.
	Seen  map[string]map[string]Fact
	Notes []Fact // doubts about the evidence itself
}

// Question is one thing that the run left undecided.
type Question struct {
	Target    string `json:"target"`
	Text      string `json:"text"`
	Leader    string `json:"leader,omitempty"`  // the likeliest cause
	Percent   int    `json:"percent,omitempty"` // its posterior
	More      int    `json:"more,omitempty"`    // further requests that would about decide it
	Low, High int    `json:"-"`                 // 80 % range of More
	Enable    string `json:"enable,omitempty"`  // a log or a field that would decide it

	Asks  Fact `json:"-"` // what Text says
	Needs Fact `json:"-"` // what Enable says; nil where requests are all it takes
}

// Hypothesis is one explanation of a target's behaviour and how likely it is.
type Hypothesis struct {
	Cause     ID // "" for consistent behaviour
	Name      string
	Posterior float64
	LogE      float64 // ln e-value of its guard
}

// Cell is a target and a scenario, as indices into the plan, with the share of
// the next batch that they should get.
type Cell struct {
	Target, Scenario int
	Weight           float64
}

// Efficiency compares the requests used with the least that any method needs.
type Efficiency struct {
	Target   string  `json:"target,omitempty"`
	Ratio    float64 `json:"ratio"` // bound / used
	Bound    float64 `json:"bound"`
	Used     int     `json:"used"`
	Question string  `json:"question"`

	Asks Fact `json:"-"` // what Question says
}

// Step is one of the six steps.
type Step struct {
	N      int    `json:"n"`
	Name   string `json:"name"`
	Status string `json:"status"` // ok, problem, unknown
	Note   string `json:"note"`

	Says Fact `json:"-"` // what Note says
}

// Setting is one setting in which stages of an API differ.
type Setting struct {
	Setting  string            `json:"setting"` // such as variables.backend
	Values   map[string]string `json:"values"`  // stage → value
	Intended bool              `json:"intended,omitempty"`
	Matters  string            `json:"matters,omitempty"` // linked, cosmetic, untested, no difference seen
}
