package simulate

import (
	"context"
	"math"
	"math/rand/v2"
)

// Several stages are told apart by the scenarios in which they answer
// differently. Here one scenario of six does.
const (
	stageCount     = 4
	stageScenarios = 6
	telling        = 4   // the scenario in which every stage answers in its own way
	learned        = 20  // requests per stage and scenario from which profiles are made
	strayAnswer    = .01 // of a stage's answers that are some other one
	anyScenario    = .1  // of the requests that go to a scenario drawn at random
)

// profiles are the predictive distributions by scenario and stage.
type profiles [stageScenarios][stageCount][]float64

// answers draws what a stage says: the same in every scenario but one.
func answers(stage, scenario int, rng *rand.Rand) int {
	if rng.Float64() < strayAnswer {
		return rng.IntN(stageCount)
	}
	if scenario == telling {
		return stage
	}
	return 0
}

func learnProfiles(rng *rand.Rand) (p profiles) {
	for s := range stageScenarios {
		for g := range stageCount {
			counts := make([]int, stageCount)
			for range learned {
				counts[answers(g, s, rng)]++
			}
			p[s][g] = predictive(counts)
		}
	}
	return p
}

// stageRun is how a run named the stage behind a domain.
type stageRun struct {
	requests float64
	wrong    bool
}

// nameStage asks the domain until one stage leads every other by ln((K-1)/α).
func nameStage(rng *rand.Rand) stageRun {
	p := learnProfiles(rng)
	truth := rng.IntN(stageCount)
	var evidence [stageCount]float64
	for n := 1; ; n++ {
		s := nextScenario(p, evidence, rng)
		c := answers(truth, s, rng)
		for g := range evidence {
			evidence[g] += math.Log(p[s][g][c])
		}
		if lead, rivals := standing(evidence); len(rivals) == 0 {
			return stageRun{float64(n), lead != truth}
		}
	}
}

// standing is the stage with the most evidence and those not yet excluded.
func standing(evidence [stageCount]float64) (lead int, rivals []int) {
	for g, e := range evidence {
		if e > evidence[lead] {
			lead = g
		}
	}
	for g, e := range evidence {
		if g != lead && evidence[lead]-e < math.Log((stageCount-1)/alpha) {
			rivals = append(rivals, g)
		}
	}
	return lead, rivals
}

// nextScenario is the one that tells the leader best from its hardest rival.
func nextScenario(p profiles, evidence [stageCount]float64, rng *rand.Rand) int {
	if rng.Float64() < anyScenario {
		return rng.IntN(stageScenarios)
	}
	lead, rivals := standing(evidence)
	best, separation := 0, -1.0
	for s := range stageScenarios {
		var laws [][]float64
		for _, g := range rivals {
			laws = append(laws, p[s][g])
		}
		if d := separationOf(p[s][lead], laws); d > separation {
			best, separation = s, d
		}
	}
	return best
}

// rightStage measures how many requests name the stage behind a domain.
func rightStage(ctx context.Context, o Options) ([]Figure, error) {
	const group = "Which of four stages a domain serves, best scenario first"
	runs, err := play(ctx, o.Seed, group, o.Runs, nameStage)
	if err != nil {
		return nil, err
	}
	used, wrong := make([]float64, len(runs)), 0
	for i, r := range runs {
		used[i] = r.requests
		wrong += bit(r.wrong)
	}
	return []Figure{
		o.simulated(group, "one scenario of six differs", used, 1, 3, " requests"),
		o.rate(group, "wrong stage named", wrong, len(runs), alpha, .013),
	}, nil
}
