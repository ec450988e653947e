package cause

import (
	"fmt"
	"testing"

	"stageprobe/analyze/signature"
)

// truth is a world, its twin in which the cause is absent, and what must be
// found in each with the logs and without.
type truth struct {
	name    string
	build   func(w *world) *world
	logs    map[ID]Link
	without map[ID]Link
}

var none = map[ID]Link{}

func only(c ID, l Link) map[ID]Link { return map[ID]Link{c: l} }

var truths = []truth{
	{
		name:  "consistent",
		build: func(w *world) *world { return w.send(600, func(*request) answer { return ok("v2") }) },
		logs:  none, without: none,
	},
	{
		name: "canary 10 %",
		build: func(w *world) *world {
			return w.canary(10).send(1000, func(r *request) answer {
				if r.canary {
					return ok("v1")
				}
				return ok("v2")
			})
		},
		logs: only(CanarySplit, Proven), without: only(CanarySplit, ConsistentWith),
	},
	{
		name: "canary 50 %",
		build: func(w *world) *world {
			return w.canary(50).send(1000, func(r *request) answer {
				if r.canary {
					return ok("v1")
				}
				return ok("v2")
			})
		},
		logs: only(CanarySplit, Proven), without: only(CanarySplit, ConsistentWith),
	},
	{
		name: "canary 1 %",
		build: func(w *world) *world {
			return w.canary(1).send(1500, func(r *request) answer {
				if r.canary {
					return ok("v1")
				}
				return ok("v2")
			})
		},
		logs: only(CanarySplit, Proven), without: only(CanarySplit, ConsistentWith),
	},
	{
		name: "canary differs in one scenario",
		build: func(w *world) *world {
			return w.canary(20).send(1000, func(r *request) answer {
				if r.canary && r.Scenario == 0 {
					return ok("v1")
				}
				return ok("v2")
			})
		},
		logs: only(CanarySplit, Proven), without: only(CanarySplit, ConsistentWith),
	},
	{
		name: "canary with most of the traffic",
		build: func(w *world) *world {
			return w.canary(90).send(1000, func(r *request) answer {
				if r.canary {
					return ok("v1")
				}
				return ok("v2")
			})
		},
		logs: only(CanarySplit, Proven), without: only(CanarySplit, ConsistentWith),
	},
	{
		name: "canary without the route",
		build: func(w *world) *world {
			return w.canary(10).send(1000, func(r *request) answer {
				if r.canary && r.Scenario == 1 {
					return noToken
				}
				return ok("v2")
			})
		},
		logs: only(CanarySplit, ConsistentWith), without: only(CanarySplit, ConsistentWith),
	},
	{
		name: "canary that fails",
		build: func(w *world) *world {
			return w.canary(10).send(1000, func(r *request) answer {
				if r.canary && r.chance(.5) {
					return fails(500)
				}
				return ok("v2")
			})
		},
		logs: only(CanarySplit, Proven), without: only(FlakyBackend, ConsistentWith),
	},
	{
		name: "switch and flake",
		build: func(w *world) *world {
			return w.send(1000, func(r *request) answer {
				switch {
				case r.chance(.05):
					return fails(503)
				case r.n < 150:
					return ok("v1")
				}
				return ok("v2")
			})
		},
		logs:    map[ID]Link{DeployPropagating: ConsistentWith, FlakyBackend: ConsistentWith},
		without: map[ID]Link{DeployPropagating: ConsistentWith, FlakyBackend: ConsistentWith},
	},
	{
		name: "early switch",
		build: func(w *world) *world {
			return w.send(800, func(r *request) answer {
				if r.n < 40 {
					return ok("v1")
				}
				return ok("v2")
			})
		},
		logs: only(DeployPropagating, ConsistentWith), without: only(DeployPropagating, ConsistentWith),
	},
	{
		name: "switch through a mixed phase",
		build: func(w *world) *world {
			return w.send(900, func(r *request) answer {
				if r.n < 100 || r.n < 130 && r.chance(.5) {
					return ok("v1")
				}
				return ok("v2")
			})
		},
		logs: only(DeployPropagating, ConsistentWith), without: only(DeployPropagating, ConsistentWith),
	},
	{
		name: "flake at the canary's rate",
		build: func(w *world) *world {
			return w.canary(10).send(1000, func(r *request) answer {
				if r.chance(.1) {
					return fails(502)
				}
				return ok("v2")
			})
		},
		logs: map[ID]Link{FlakyBackend: ConsistentWith, StaleCanary: ConsistentWith},
		// Nothing tells the two apart then, and the stage does draw at that share.
		without: only(CanarySplit, ConsistentWith),
	},
	{
		name: "flake without a canary",
		build: func(w *world) *world {
			return w.send(800, func(r *request) answer {
				if r.chance(.05) {
					return fails(502)
				}
				return ok("v2")
			})
		},
		logs: only(FlakyBackend, ConsistentWith), without: only(FlakyBackend, ConsistentWith),
	},
	{
		name: "canary and flake",
		build: func(w *world) *world {
			return w.canary(10).send(1000, func(r *request) answer {
				switch {
				case r.chance(.05):
					return fails(502)
				case r.canary:
					return ok("v1")
				}
				return ok("v2")
			})
		},
		logs:    map[ID]Link{CanarySplit: Proven, FlakyBackend: ConsistentWith},
		without: map[ID]Link{CanarySplit: ConsistentWith, FlakyBackend: ConsistentWith},
	},
	{
		name: "canary identical to base",
		build: func(w *world) *world {
			return w.canary(10).send(800, func(*request) answer { return ok("v2") })
		},
		logs: only(StaleCanary, Proven), without: only(StaleCanary, ConsistentWith),
	},
	{
		name: "domain mapped to the wrong stage",
		build: func(w *world) *world {
			w.invoke("dev")
			w.domain("dev", "prod")
			w.api().Stages[1].DeploymentID = "dep0"
			w.Plan.Targets[1].DeploymentID = "dep0"
			return w.send(1500, func(r *request) answer {
				if r.Target == 0 {
					return ok("v2")
				}
				return ok("v3")
			})
		},
		logs: only(WrongStage, Proven), without: only(WrongStage, Proven),
	},
	{
		name: "domain mapped to the right stage",
		build: func(w *world) *world {
			w.invoke("dev")
			w.domain("prod", "prod")
			w.api().Stages[1].DeploymentID = "dep0"
			w.Plan.Targets[1].DeploymentID = "dep0"
			return w.send(1500, func(r *request) answer {
				if r.Target == 1 {
					return ok("v3")
				}
				return ok("v2")
			})
		},
		logs: none, without: none,
	},
	{
		name: "domain without mapping",
		build: func(w *world) *world {
			d := w.domain("", "prod")
			d.APIID, d.DeploymentID, d.Unmapped = "", "", "no mapping of api.example.com matches the base path"
			return w.send(1000, func(r *request) answer {
				if r.Target == 1 {
					return refuses(403, "", "ForbiddenException")
				}
				return ok("v2")
			})
		},
		logs: only(UnmappedTarget, Proven), without: only(UnmappedTarget, Proven),
	},
	{
		name: "switch in mid-run",
		build: func(w *world) *world {
			return w.send(800, func(r *request) answer {
				if r.n < 100 {
					return ok("v1")
				}
				return ok("v2")
			})
		},
		logs: only(DeployPropagating, ConsistentWith), without: only(DeployPropagating, ConsistentWith),
	},
	{
		name: "versions behind an alias",
		build: func(w *world) *world {
			return w.send(800, func(r *request) answer {
				r.Version = "7"
				if r.chance(.3) {
					r.Version = "6"
					return ok("v1")
				}
				return ok("v2")
			})
		},
		logs: only(BackendSplit, Proven), without: only(UnexplainedSplit, ConsistentWith),
	},
	{
		name: "two addresses",
		build: func(w *world) *world {
			return w.send(800, func(r *request) answer {
				if r.Remote == "192.0.2.2:443" {
					return ok("v1")
				}
				return ok("v2")
			})
		},
		logs: only(EndpointSplit, Statistical), without: only(EndpointSplit, Statistical),
	},
	{
		name: "bursts of failures",
		build: func(w *world) *world {
			down := false
			return w.canary(20).send(1500, func(r *request) answer {
				if down {
					down = r.chance(.9)
				} else {
					down = r.chance(.02)
				}
				if down {
					return fails(503)
				}
				return ok("v2")
			})
		},
		logs:    map[ID]Link{FlakyBackend: ConsistentWith, StaleCanary: ConsistentWith},
		without: only(FlakyBackend, ConsistentWith),
	},
	{
		name: "throttled",
		build: func(w *world) *world {
			return w.send(800, func(r *request) answer {
				if r.chance(.3) {
					a := refuses(429, "THROTTLED", "TooManyRequestsException")
					a.class = signature.Throttled
					return a
				}
				return ok("v2")
			})
		},
		logs: only(Throttled, Proven), without: only(Throttled, Proven),
	},
	{
		name: "no API key",
		build: func(w *world) *world {
			for i := range w.api().Stages {
				w.api().Stages[i].Deployed.Routes["GET /orders"] = route("", true)
				w.api().Stages[i].Deployed.Routes["GET /items"] = route("", true)
			}
			return w.send(300, func(*request) answer { return refuses(403, "INVALID_API_KEY", "ForbiddenException") })
		},
		logs: only(AccessDenied, Proven), without: only(AccessDenied, Proven),
	},
}

// TestLooks: no false cause is named at any look on the way, and no true one
// under a stronger link than it ends with.
func TestLooks(t *testing.T) {
	t.Parallel()
	for _, tt := range truths {
		for _, logs := range []bool{true, false} {
			w := newWorld(11)
			w.logs = logs
			tt.build(w)
			allowed := tt.without
			if logs {
				allowed = tt.logs
			}
			in := w.Input
			in.Done = false
			for n := 60; n < len(w.Rows); n += 60 {
				in.Rows = w.Rows[:n]
				r := explained(in)
				for c := range found(r) {
					if _, ok := allowed[c]; !ok {
						t.Errorf("%s, logs %v: after %d of %d answers %s is named", tt.name, logs, n, len(w.Rows), c)
					}
				}
			}
		}
	}
}

func TestCauses(t *testing.T) {
	t.Parallel()
	for _, tt := range truths {
		for seed := range uint64(3) {
			t.Run(fmt.Sprintf("%s/%d/logs", tt.name, seed), func(t *testing.T) {
				want(t, explained(tt.build(newWorld(seed)).Input), tt.logs)
			})
			t.Run(fmt.Sprintf("%s/%d/without", tt.name, seed), func(t *testing.T) {
				w := newWorld(seed)
				w.logs = false
				want(t, explained(tt.build(w).Input), tt.without)
			})
		}
	}
}
