package draw

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// drawing is a world in the making.
type drawing struct {
	rng    *rand.Rand
	o      Options
	truth  Truth
	routes []string
	odd    int    // the route whose answers really differ
	side   string // definition of the canary's deployment
	stages []string
	logged bool // single requests are in a log
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
	scenarios := d.scenarios()
	if c == WrongStage && w["control"] != nil && !d.logged {
		// Answers alone can tell: those of every stage are needed.
		args = []string{}
		scenarios = strings.Replace(scenarios, "id: "+api, "id: "+api+", domains: [{name: "+domain+", stage: prod}]", 1)
	}
	w["check"] = dict{"args": args, "scenarios": scenarios}
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
	d.logged = level == "INFO" || format != ""
	out := dict{"logging": level}
	if format != "" {
		d.truth.Logs += ", access log " + format
		out["access_log"] = dict{"group": "shop-access", "format": format}
	}
	return out
}
