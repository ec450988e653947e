package draw

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"stageprobe/scenarios/sandbox"
	"stageprobe/scenarios/sandbox/internal/moves"
)

func drawn(t *testing.T, seed uint64, c Condition, o Options) *Drawn {
	t.Helper()
	d, err := World(seed, c, o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// A seed and a condition are a world, and always the same one.
func TestWorldFollowsFromTheSeed(t *testing.T) {
	for _, c := range Conditions {
		for seed := range uint64(10) {
			a, b := drawn(t, seed, c, Options{}), drawn(t, seed, c, Options{})
			if !bytes.Equal(a.YAML, b.YAML) || a.Truth.String() != b.Truth.String() {
				t.Errorf("%s, seed %d: two worlds", c, seed)
			}
			if other := drawn(t, seed+1, c, Options{}); bytes.Equal(a.YAML, other.YAML) {
				t.Errorf("%s: seeds %d and %d give one world", c, seed, seed+1)
			}
		}
	}
}

// Every kind is drawn, and each condition holds what its name says.
func TestConditions(t *testing.T) {
	moved, differed, percents := map[string]bool{}, map[string]bool{}, map[float64]bool{}
	for seed := range uint64(60) {
		for _, c := range Conditions {
			d := drawn(t, seed, c, Options{Percent: -1})
			for _, k := range d.Truth.Moves {
				moved[k] = true
			}
			kind, _, _ := strings.Cut(d.Truth.Difference, " ")
			differed[kind] = true
			percents[d.Truth.Percent] = true
			holds(t, d)
		}
	}
	for _, k := range moves.Kinds() {
		if !moved[k.Name] {
			t.Errorf("%s was never drawn", k.Name)
		}
	}
	for _, k := range moves.Differences() {
		if !differed[k.Name] {
			t.Errorf("difference %s was never drawn", k.Name)
		}
	}
	for _, p := range Percents {
		if !percents[p] {
			t.Errorf("%g %% was never drawn", p)
		}
	}
}

// holds checks a world against its condition.
func holds(t *testing.T, d *Drawn) {
	t.Helper()
	prod, differs := d.World.APIs[0].Stages["prod"], 0
	for _, b := range d.World.Backends {
		differs += len(b.Differs)
	}
	c := d.Truth.Condition
	healthy := c == Healthy || c == Identical
	if (prod.Canary != nil) == slices.Contains([]Condition{Healthy, WrongStage}, c) || (differs == 0) != healthy || (len(d.Truth.Right) == 0) != healthy {
		t.Errorf("%s: canary %v, %d differences, right %v", d.World.Name, prod.Canary, differs, d.Truth.Right)
	}
	logged := prod.AccessLog != nil || prod.Methods["*/*"] != nil && prod.Methods["*/*"].Logging == "INFO"
	if (c == WithLogs && !logged) || (c == WithoutLogs && logged) {
		t.Errorf("%s: logged %t", d.World.Name, logged)
	}
	if c == WrongStage && d.World.Domains[0].Mappings[0].Stage != "dev" {
		t.Errorf("%s: mapped to %s", d.World.Name, d.World.Domains[0].Mappings[0].Stage)
	}
}

func TestGivenKinds(t *testing.T) {
	d := drawn(t, 3, WithLogs, Options{Moves: []string{"rss", "pod"}, Difference: "status"})
	if got := strings.Join(d.Truth.Moves, " "); got != "pod rss" || d.Truth.Difference != "status" || d.Truth.Percent != 10 || !d.Truth.Class {
		t.Errorf("%s", &d.Truth)
	}
	if _, err := sandbox.Parse(d.YAML); err != nil {
		t.Error(err)
	}
}

func TestJudge(t *testing.T) {
	prod, dom := []string{api + "/prod"}, []string{domain}
	canary := Truth{Condition: WithLogs, Right: []Expected{{"canary-split", api + "/prod", true}}}
	free := Truth{Condition: WithoutLogs, Right: []Expected{{"canary-split", api + "/prod", false}}}
	wrong := Truth{Condition: WrongStage, Right: []Expected{{"wrong-stage", domain, true}}}
	tests := []struct {
		name          string
		truth         Truth
		findings      []Finding
		missed, false string
	}{
		{"nothing found", canary, nil, "canary-split", ""},
		{"found", canary, []Finding{{Cause: "canary-split", Severity: "error", Targets: prod}}, "", ""},
		{"found at the domain that leads there", canary, []Finding{{Cause: "canary-split", Severity: "error", Targets: dom}}, "", ""},
		{"found beside a false error", canary, []Finding{{Cause: "canary-split", Severity: "error", Targets: prod}, {Cause: "flaky-backend", Severity: "error", Targets: prod}}, "", "flaky-backend"},
		{"found at another stage", canary, []Finding{{Cause: "canary-split", Severity: "error", Targets: []string{api + "/dev"}}}, "canary-split", "canary-split"},
		{"a warning is no false error", canary, []Finding{{Cause: "canary-split", Severity: "error", Targets: prod}, {Cause: "stale-canary", Severity: "warning", Targets: prod}}, "", ""},
		{"it need not be found", free, nil, "", ""},
		{"it may be found", free, []Finding{{Cause: "canary-split", Severity: "error", Targets: prod}}, "", ""},
		{"nothing is right in a healthy world", Truth{Condition: Healthy}, []Finding{{Cause: "backend-split", Severity: "error", Targets: prod}}, "", "backend-split"},
		{"the stage is not the domain", wrong, []Finding{{Cause: "wrong-stage", Severity: "error", Targets: prod}}, "wrong-stage", "wrong-stage"},
	}
	for _, tt := range tests {
		missed, wrong := tt.truth.Judge(tt.findings)
		if strings.Join(missed, " ") != tt.missed || strings.Join(wrong, " ") != tt.false {
			t.Errorf("%s: missed %v, false %v", tt.name, missed, wrong)
		}
	}
}
