// Package draw makes worlds at random, from a seed, whose answers move by
// themselves, together with the truth about them: which findings are right and
// which are false. Tests and what measures the product use it.
package draw

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"stageprobe/scenarios/sandbox"
	"stageprobe/scenarios/sandbox/internal/moves"
)

// Condition is what is wrong, or not, with a drawn world.
type Condition string

// The conditions.
const (
	Healthy     Condition = "healthy"      // nothing but movement
	Identical   Condition = "identical"    // a canary that answers as its stage does
	WithLogs    Condition = "with-logs"    // a canary that differs in one way; the logs say who answered
	WithoutLogs Condition = "without-logs" // the same; no log says it
	Partial     Condition = "partial"      // a canary that fails more often than its stage; with logs
	WrongStage  Condition = "wrong-stage"  // a domain meant for one stage and mapped to another
)

// Conditions lists them in the order of a report.
var Conditions = []Condition{Healthy, Identical, WithLogs, WithoutLogs, Partial, WrongStage}

// Options bound what is drawn. The zero value works.
type Options struct {
	// Percent is the canary's share, above 0 to 100; 0 is 10 (of a partial one: 25 to
	// 40), below 0 draws one of [Percents].
	Percent float64
	// Moves, where given, are the kinds of movement of every backend, and Difference the
	// kind of the real difference, in place of drawn ones.
	Moves      []string
	Difference string
}

// Percents are the shares that a canary is drawn with.
var Percents = []float64{1, 2, 5, 10, 20, 25, 50}

// Expected is a finding that is right.
type Expected struct {
	Cause  string
	Target string // "api/stage" or a domain
	// Must it be found? Else it may be.
	Must bool
}

// Truth is what holds in a drawn world.
type Truth struct {
	Condition  Condition
	Right      []Expected
	Moves      []string // kinds of movement
	Difference string   // kind of the real difference, "" for none
	// Class tells that the difference is one of status, media type, version or
	// the like, which shows without labels, too.
	Class   bool
	Percent float64 // of the canary; 0 for none
	Logs    string  // what the stages log, in words
}

// Drawn is a world with its truth.
type Drawn struct {
	World *sandbox.World
	YAML  []byte // the world's text: `stageprobe sandbox --world-file` serves it
	Truth Truth
}

const (
	api    = "shop5x2a"
	domain = "api.example.com"
)

// World draws a world of a condition from a seed.
func World(seed uint64, c Condition, o Options) (*Drawn, error) {
	d := &drawing{rng: rand.New(rand.NewPCG(seed, uint64(slices.Index(Conditions, c)+1))), o: o}
	d.truth.Condition = c
	text, err := yaml.Marshal(d.world(seed))
	if err != nil {
		return nil, err
	}
	w, err := sandbox.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("drawn world %s of seed %d: %w", c, seed, err)
	}
	return &Drawn{World: w, YAML: text, Truth: d.truth}, nil
}

// Moves lists the kinds of movement by name.
func Moves() []string {
	var out []string
	for _, k := range moves.Kinds() {
		out = append(out, k.Name)
	}
	return out
}

// Kinds lists what moves, by group, and what differs, a line each.
func Kinds() string {
	groups := map[string][]string{}
	for _, k := range moves.Kinds() {
		groups[k.Group] = append(groups[k.Group], k.Name)
	}
	for _, k := range moves.Differences() {
		name := "differs"
		if k.Class {
			name = "differs (class feature)"
		}
		groups[name] = append(groups[name], k.Name)
	}
	var b strings.Builder
	for _, g := range slices.Sorted(maps.Keys(groups)) {
		fmt.Fprintf(&b, "%s (%d): %s\n", g, len(groups[g]), strings.Join(groups[g], ", "))
	}
	return b.String()
}
