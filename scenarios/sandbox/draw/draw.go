// Package draw makes worlds at random, from a seed, whose answers move by
// themselves, together with the truth about them: which findings are right and
// which are false. Tests and what measures the product use it.
package draw

import (
	"cmp"
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

// drawing is a world in the making.
type drawing struct {
	rng    *rand.Rand
	o      Options
	truth  Truth
	routes []string
	odd    int    // the route whose answers really differ
	side   string // definition of the canary's deployment
	stages []string
}

type (
	dict = map[string]any
	list = []any
)

func (d *drawing) world(seed uint64) dict {
	d.places()
	c := d.truth.Condition
	w := dict{
		"name": fmt.Sprintf("drawn-%s-%d", c, seed), "title": "answers that move: " + string(c),
		"backends": d.backends(),
		"apis":     list{d.api()},
		"logs":     dict{"delay": []string{"10ms", "50ms", "200ms"}[d.rng.IntN(3)], "jitter": []string{"0s", "50ms"}[d.rng.IntN(2)]},
	}
	args := []string{"--api", api}
	onDomain := c == WrongStage || d.rng.IntN(2) == 0
	if onDomain || len(d.stages) == 1 || d.rng.IntN(2) == 0 {
		args = append(args, "--stage", "prod")
	}
	if onDomain {
		args = append(args, "--domain", domain)
		w["domains"] = list{dict{"name": domain, "mappings": list{dict{"api": api, "stage": d.mapped()}}}}
	}
	if c == WrongStage && d.rng.IntN(2) == 0 {
		// Only answers and logs can tell: the mappings may not be read.
		w["control"] = dict{"denied": list{"GetBasePathMappings", "v2:GetApiMappings"}}
	}
	w["check"] = dict{"args": args, "scenarios": d.scenarios()}
	d.expect()
	return w
}

// places draws routes and stages.
func (d *drawing) places() {
	all := []string{"orders", "stock", "prices", "news", "health", "customers"}
	d.rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	most := len(all)
	if d.truth.Condition == Partial {
		most = 2 // a share against a share takes about a thousand requests of the route itself
	}
	d.routes = all[:1+d.rng.IntN(most)]
	d.odd = d.rng.IntN(len(d.routes))
	d.stages = []string{"prod", "dev", "staging"}[:1+d.rng.IntN(3)]
	d.side = "other"
	if !d.canary() || (d.truth.Condition == Identical && d.rng.IntN(2) == 0) {
		d.side = "current"
	}
	if d.truth.Condition == WrongStage {
		d.stages = []string{"prod", "dev", "staging"}[:2+d.rng.IntN(2)]
	}
}

// mapped is the stage that the domain leads to.
func (d *drawing) mapped() string {
	if d.truth.Condition == WrongStage {
		return "dev"
	}
	return "prod"
}

// variables tells that the stages choose their functions by a stage variable.
func (d *drawing) variables() bool { return d.truth.Condition == WrongStage }

// scenarios declares the difference that is meant between the stages.
func (d *drawing) scenarios() string {
	text := "version: 1\napis: [{id: " + api + "}]\n"
	if d.variables() {
		text += "intended: [{stages: [" + d.stages[0]
		for _, s := range d.stages[1:] {
			text += ", " + s
		}
		text += "], setting: variables.release}]\n"
	}
	return text
}

func (d *drawing) api() dict {
	return dict{
		"id": api, "name": "shop", "definitions": d.definitions(), "editor": "current",
		"deployments": d.deployments(), "stages": d.stageList(),
	}
}

// definitions are the stage's routes and, for a canary, those of its
// deployment, which call another version of one function.
func (d *drawing) definitions() dict {
	current, other := dict{}, dict{}
	for i, r := range d.routes {
		function := r + ":live"
		if d.variables() {
			function = r + ":${stageVariables.release}"
		}
		current["GET /"+r] = dict{"backend": function}
		if i == d.odd {
			other["GET /"+r] = dict{"backend": r + ":next"}
		}
	}
	out := dict{"current": dict{"routes": current}}
	if d.side == "other" {
		out["other"] = dict{"extends": "current", "routes": other}
	}
	return out
}

func (d *drawing) canary() bool {
	return !slices.Contains([]Condition{Healthy, WrongStage}, d.truth.Condition)
}

func (d *drawing) deployments() list {
	out := list{dict{"id": "base7k", "definition": "current", "age": "30d", "description": "release"}}
	if d.canary() {
		age := []string{"200d", "40d", "2h"}[d.rng.IntN(3)]
		out = append(list{dict{"id": "side3q", "definition": d.side, "age": age, "description": "candidate"}}, out...)
	}
	return out
}

// stageList draws what each stage logs, and the canary of prod.
func (d *drawing) stageList() dict {
	out := dict{}
	logs := d.logging()
	for _, name := range d.stages {
		s := dict{"deployment": "base7k", "age": "300d", "updated": "30d"}
		for k, v := range logs {
			s[k] = v
		}
		if d.variables() {
			s["variables"] = dict{"release": name}
		}
		if name == "prod" && d.canary() {
			s["canary"] = dict{"percent": d.percent(), "deployment": "side3q"}
		}
		out[name] = s
	}
	return out
}

func (d *drawing) percent() float64 {
	switch {
	case d.o.Percent < 0:
		d.truth.Percent = Percents[d.rng.IntN(len(Percents))]
	case d.truth.Condition == Partial:
		d.truth.Percent = cmp.Or(d.o.Percent, []float64{25, 40}[d.rng.IntN(2)])
	default:
		d.truth.Percent = cmp.Or(d.o.Percent, 10)
	}
	return d.truth.Percent
}

// logging draws execution log and access log so that the condition holds.
func (d *drawing) logging() dict {
	level, format := []string{"OFF", "ERROR", "INFO"}[d.rng.IntN(3)], []string{"", "json", "http"}[d.rng.IntN(3)]
	switch d.truth.Condition {
	case WithLogs, Partial:
		if level != "INFO" && format == "" {
			level = "INFO"
		}
	case WithoutLogs:
		level, format = []string{"OFF", "ERROR"}[d.rng.IntN(2)], ""
	}
	d.truth.Logs = "execution " + level
	out := dict{"logging": level}
	if format != "" {
		d.truth.Logs += ", access log " + format
		out["access_log"] = dict{"group": "shop-access", "format": format}
	}
	return out
}

// backends draws one per route.
func (d *drawing) backends() dict {
	out := dict{}
	for i, r := range d.routes {
		out[r] = d.backend(r, i == d.odd)
	}
	slices.Sort(d.truth.Moves)
	d.truth.Moves = slices.Compact(d.truth.Moves)
	return out
}

func (d *drawing) backend(name string, odd bool) dict {
	b := dict{
		"latency": fmt.Sprintf("%dms", d.rng.IntN(3)), "headers": dict{"X-App": name},
		"body": fmt.Sprintf(`{"service":%q,"limit":%d,"region":"eu-west-1"}`, name, 10+d.rng.IntN(90)),
	}
	specs, form := d.moves()
	b["moves"] = specs
	format := "json"
	if !form && d.rng.IntN(3) == 0 {
		format = moves.Formats()[d.rng.IntN(len(moves.Formats()))]
		b["format"] = format
	}
	if odd && !slices.Contains([]Condition{Healthy, Identical}, d.truth.Condition) {
		b["differs"] = list{d.difference(format, form)}
	}
	return b
}

// moves draws one to four kinds, at most one of which fixes the form of the
// body.
func (d *drawing) moves() (specs list, form bool) {
	all := moves.Kinds()
	d.rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	n := 1 + d.rng.IntN(4)
	if d.o.Moves != nil {
		n = len(d.o.Moves)
		all = slices.DeleteFunc(all, func(k moves.Kind) bool { return !slices.Contains(d.o.Moves, k.Name) })
	}
	for _, k := range all {
		if len(specs) == n || (form && k.Form) {
			continue
		}
		form = form || k.Form
		specs = append(specs, dict{"kind": k.Name})
		d.truth.Moves = append(d.truth.Moves, k.Name)
	}
	return specs, form
}

// partials are shares of failing answers of canary and stage.
var partials = [][2]float64{{.2, .06}, {.06, .01}, {.05, 0}}

func (d *drawing) difference(format string, form bool) dict {
	kind := d.differenceKind(format == "json" && !form)
	d.truth.Difference, d.truth.Class = kind.Name, kind.Class
	out := dict{"kind": kind.Name}
	if d.truth.Condition == WrongStage {
		out["on"] = "dev"
	}
	if kind.Partial {
		p := partials[d.rng.IntN(len(partials))]
		out["share"], out["base"] = p[0], p[1]
		d.truth.Difference = fmt.Sprintf("%s %g against %g", kind.Name, p[0], p[1])
	}
	return out
}

// named are class differences whose class lies in the name of a JSON field.
var named = []string{"version", "commit", "inner-failure"}

func (d *drawing) differenceKind(json bool) moves.DifferenceKind {
	all := slices.DeleteFunc(moves.Differences(), func(k moves.DifferenceKind) bool {
		if d.o.Difference != "" {
			return k.Name != d.o.Difference
		}
		return k.Partial != (d.truth.Condition == Partial) || (k.Typed && !json)
	})
	if len(all) == 0 {
		all = moves.Differences()
	}
	k := all[d.rng.IntN(len(all))]
	k.Class = k.Class && (json || !slices.Contains(named, k.Name))
	return k
}

// expect says which findings are right.
func (d *drawing) expect() {
	t := &d.truth
	prod := api + "/prod"
	switch t.Condition {
	case WithLogs, Partial:
		t.Right = append(t.Right, Expected{"canary-split", prod, true})
	case WithoutLogs:
		t.Right = append(t.Right, Expected{"canary-split", prod, t.Class})
	case WrongStage:
		t.Right = append(t.Right, Expected{"wrong-stage", domain, true})
	}
	if t.Condition == Partial && t.Difference != "failing 0.05 against 0" {
		t.Right = append(t.Right, Expected{"flaky-backend", prod, false}) // the stage's own failures
	}
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
