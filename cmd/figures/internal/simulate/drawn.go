package simulate

import (
	"math/rand/v2"
	"time"
)

// Drawn is a family of truths: each run draws its own world, with parameters of no
// grid.
type Drawn struct {
	Name string
	Draw func(*rand.Rand) World
}

// Families are the truths by which the error rates of the verdicts are measured.
func Families() []Drawn {
	var all []Drawn
	for _, group := range [][]Drawn{
		identical(), badLogs(), failures(), otherAnswers(), differing(), partial(), places(), switches(), alikeStages(), wrongStages(), hard(),
	} {
		all = append(all, group...)
	}
	return all
}

// drawnRequests are how many requests a run of one address is watched for.
const drawnRequests = 1000

// begin draws a run of one stage.
func begin(rng *rand.Rand) World {
	w := World{
		Rate: logBetween(rng, 5, 200), Scenarios: 1 + rng.IntN(3), Connections: 1 + rng.IntN(8), Addresses: 1 + rng.IntN(6),
		Requests: drawnRequests, Lagging: true, Grouped: rng.IntN(2) == 0, noise: rng.Uint64(),
	}
	if rng.IntN(4) == 0 {
		w.Machines = 2
	}
	return w
}

// Shares of canaries that people configure, and all between.
func drawShare(rng *rand.Rand) float64 { return logBetween(rng, .01, .5) }

// withCanaryOf begins a run of a stage whose canary draws a share of the requests.
func withCanaryOf(rng *rand.Rand, p float64) World {
	w := begin(rng)
	w.Percent = 100 * p
	w.Layers = []Layer{Canary(p)}
	return w
}

// ordinary logs are complete, and take a moment on either side.
func ordinary(rng *rand.Rand) Logs {
	return Logs{Lag: Lag{Canary: seconds(logBetween(rng, .2, 5)), Base: seconds(logBetween(rng, .2, 5))}}
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// logged ends a world's layers with what its logs do.
func (w World) logged(l Logs) World {
	w.Layers = append(w.Layers, Logged(l))
	return w
}

// unread is the world where no log is read.
func (w World) unread() World {
	w.Unread = true
	return w
}

// answering are layers before that of the logs.
func (w World) answering(layers ...Layer) World {
	w.Layers = append(w.Layers, layers...)
	return w
}

func (w World) moving(moves []Move) World {
	w.Moves = moves
	return w
}

// same is a stage whose canary is the same as the stage: stale-canary is true.
func same(rng *rand.Rand) World {
	w := withCanaryOf(rng, drawShare(rng))
	w.Causes = one(staleCanary)
	return w
}

// identical canaries amid what moves.
func identical() []Drawn {
	amid := func(name string, least, most int, paths ...string) Drawn {
		return Drawn{"canary identical, " + name, func(rng *rand.Rand) World {
			return same(rng).moving(moving(rng, least, most, paths...)).logged(ordinary(rng))
		}}
	}
	return []Drawn{
		amid("nothing moves", 0, 0), amid("few values", 1, 4, "/pod"), amid("unique values", 1, 3, "/id"),
		amid("walks", 1, 4, "/stock"), amid("ticks", 1, 4, "/uptime", "/date"), amid("lists", 1, 3, "/items", "/discount"),
		amid("stretches", 1, 3, "/leader"), amid("everything moves", 3, 12),
		{"canary identical, everything moves, no logs", func(rng *rand.Rand) World {
			return same(rng).moving(moving(rng, 3, 12)).unread()
		}},
		{"no canary, everything moves, logs", func(rng *rand.Rand) World {
			return begin(rng).moving(moving(rng, 3, 12)).logged(ordinary(rng))
		}},
		{"no canary, everything moves, no logs", func(rng *rand.Rand) World {
			return begin(rng).moving(moving(rng, 3, 12)).unread()
		}},
		{"a pod per connection, no canary", func(rng *rand.Rand) World {
			return begin(rng).moving(append(moving(rng, 0, 3), perConnection(rng))).unread()
		}},
	}
}

// perConnection: the pod that answers is drawn for each connection.
func perConnection(rng *rand.Rand) Move {
	n, odd := 2+rng.IntN(5), rng.Uint64()
	return Move{Path: "/host", Text: always(func() func(*Row, *rand.Rand) string {
		return func(r *Row, _ *rand.Rand) string {
			return string(rune('a' + rand.New(rand.NewPCG(odd, uint64(r.Conn))).IntN(n)))
		}
	})}
}

// badLogs: the canary is identical, and the logs are late, lose records or
// contradict themselves while something moves.
func badLogs() []Drawn {
	bad := func(name string, logs func(*rand.Rand) Logs, paths ...string) Drawn {
		return Drawn{name, func(rng *rand.Rand) World {
			w := same(rng).moving(moving(rng, 1, 5, paths...)).logged(logs(rng))
			w.Causes, w.Allowed = nil, one(staleCanary) // not to be told from everything that is known
			return w
		}}
	}
	late := func(rng *rand.Rand) time.Duration { return seconds(logBetween(rng, 1, 60)) }
	return []Drawn{
		bad("labels of the canary late, fields tick", func(rng *rand.Rand) Logs { return Logs{Lag: Lag{Canary: late(rng)}} }, "/uptime", "/date", "/leader"),
		bad("labels of the stage late, fields tick", func(rng *rand.Rand) Logs { return Logs{Lag: Lag{Base: late(rng)}} }, "/uptime", "/date", "/leader"),
		bad("labels of one side late, everything moves", func(rng *rand.Rand) Logs { return Logs{Lag: Lag{Canary: late(rng), Base: late(rng)}} }),
		bad("loss by label", func(rng *rand.Rand) Logs {
			a, b := between(rng, 0, .9), between(rng, 0, .9)
			return Logs{Loss: Loss{a, a, b, b}}
		}),
		bad("contradictory labels", func(rng *rand.Rand) Logs {
			l := ordinary(rng)
			l.Contradictory = logBetween(rng, .001, .3)
			return l
		}),
		changing("share changes while fields tick", func(rng *rand.Rand) (Layer, []Move) {
			return nil, moving(rng, 1, 4, "/uptime", "/date", "/leader")
		}),
		changing("share changes while the share of failures does", func(rng *rand.Rand) (Layer, []Move) {
			return Drift(between(rng, 0, .1), between(rng, .1, .6), int(logBetween(rng, 200, 2000)), 1), nil
		}),
	}
}

// changing moves the percentage of an identical canary during the run, once,
// without an event that can be read.
func changing(name string, also func(*rand.Rand) (Layer, []Move)) Drawn {
	return Drawn{name, func(rng *rand.Rand) World {
		p := drawShare(rng)
		w := begin(rng)
		w.Percent, w.Allowed, w.Looks = 100*p, []string{staleCanary, flakyBackend}, failing
		w.Layers = []Layer{CanaryChanges(p, drawShare(rng), 1+rng.IntN(drawnRequests*3/4))}
		layer, moves := also(rng)
		if layer != nil {
			w.Layers = append(w.Layers, layer)
		}
		return w.moving(moves).logged(ordinary(rng))
	}}
}
