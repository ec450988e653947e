package cause

import (
	"math"
	"time"
)

// Tuning is every prior, weight and threshold that a verdict rests on, with the
// reason of each. A prior says how often a cause is met among splits that somebody
// looks into, before the answers; only ratios matter, for posteriors are normed. No
// driven cause is claimed for its prior alone: its e-value must hold as well.
type Tuning struct {
	Prior  Priors
	Enough Enough
	// Canaried are the weights of a run in which some stage has a canary that draws, or was
	// not read; Uncanaried those of any other.
	Canaried, Uncanaried Weights
	// Label is the weight of the labels' own e-value in the mean of the two that speak
	// for a canary.
	Label float64

	// Deviates is the chance that one level of a factor deviates: one address of
	// three, a connection of five, either of two versions or machines.
	Deviates struct{ Version, Cache, Pop, Address, Machine, Connection, Use float64 }
	// Failing is how much rarer a canary that fails is than one that answers
	// otherwise, Unlabelled how much of it stays where no label tells it from a flake
	// at its rate.
	Failing, Unlabelled float64
	// Untouched is what stays of a canary's prior where nothing that is known to
	// differ reaches the route, Touched how much likelier it is where something does.
	Untouched, Touched float64
	// Bursts and Drift are how likely failures in bursts, or at a rate that changes
	// with the load, are beside failures at an even rate; Stretches the same for two
	// answers that are none of them failures, which rarely alternate so.
	Bursts, Drift, Stretches float64

	// Contradictory is the share of requests that both sides of a canary may claim
	// before no label is trusted: one record of a thousand may be mistaken.
	Contradictory float64
	// Measurable is the part of the requests whose side must be known before the
	// canary's share is stated: what is still unknown is mostly the stage's own.
	Measurable float64
	// CanaryGrid is ln of the number of laws over which a canary's likelihood is
	// averaged: the best of them is at most so much likelier than their mean.
	CanaryGrid float64
	// Caution is how many times rarer than the error rate luck must be before it is excluded
	// that a canary was never drawn, or drew another share than its own, where no label
	// tells: the run may have stopped there for want of any question, and what is left to
	// explain a split without the canary is a wrong cause.
	Caution float64
	// Chance is how likely it must be at the end of a run that answers are drawn,
	// whatever draws them, before the likeliest drawn cause is named.
	Chance float64
	// Aliased is up to how many times likelier one driver may be than another before
	// the two count as told apart; TellingRequest how much one request tells where
	// they foresee different answers: a level that deviates does so in nearly all.
	Aliased        float64
	TellingRequest float64
	// Even are the shares between which chance decides which side is the usual one.
	Even [2]float64
	// IID is the p-value below which an order of answers speaks against independent
	// draws.
	IID float64
	// Doubt is the p-value below which two rates are not called alike.
	Doubt float64
	// Apart is the total variation from which two stages answer a scenario
	// differently: most answers of one are none of the other's.
	Apart float64

	// ProfileWeight is how many answers' worth of doubt a stage's profile starts with
	// (Krichevsky and Trofimov), Strange the share of answers that no profile foresees.
	ProfileWeight, Strange float64
	// Theirs is how many times likelier a behaviour must be under another stage's
	// profile to be that stage's.
	Theirs float64
	// Mixed are the shares of another stage that answers are held against.
	Mixed []float64

	// SwitchRest is the largest share of the other behaviour on either side of a
	// switch, which other trouble may add to; SwitchStray the share around a phase in
	// which either may come.
	SwitchRest, SwitchStray float64
	// SwitchPure is the most that may remain of the other behaviour on one side of a
	// switch between a mixture and one behaviour, and SwitchGap how much the shares
	// then differ at least: a canary that was promoted, removed or created by a change
	// that the configuration shows.
	SwitchPure, SwitchGap float64
	// MixedPhase is the mean number of answers during which old and new ones may
	// alternate while a deployment spreads.
	MixedPhase float64
	// Spreads is how long after a change of the configuration behaviour may still switch
	// by it.
	Spreads time.Duration
	// Recent is how near to the run a change of configuration makes a switch likely:
	// a deployment spreads within minutes. Young is how long a canary counts as new.
	Recent, Young time.Duration
	// Windows is into how many parts of the run the law of unexplained answers divides
	// them, WindowLeast how many answers a share is taken to last for at least.
	Windows, WindowLeast int
	// Stretch are lengths, in answers, of stretches that may have a share of their own,
	// against which a place is held that lasts for a part of the run: few answers of a
	// connection come between two of them.
	Stretch []int
}

// Priors are how often causes make the splits that are looked into.
type Priors struct {
	Consistent  float64 // no split, only noise
	Canary      float64 // where one is configured
	Unread      float64 // a canary of a stage that was not read
	Versions    float64 // of a Lambda function, as the logs name them or an alias weighs them
	OneBackend  float64 // where the logs show one deployment behind both answers
	Cache       float64
	Authorizer  float64
	Endpoint    float64 // address, edge location or vantage point
	Connection  float64
	Failing     float64 // backends fail far more often than anything else differs
	Random      float64 // two answers that are drawn, without a known cause
	Unexplained float64 // any order: fits everything a little
	Switch      float64 // behaviour that changed once
	Changed     float64 // the same where the configuration shows a change about then
}

// Weights share the error rate of a run among what is asked. They are fixed before the
// run and sum to 1 at most.
type Weights struct {
	// Canary is for what goes with the sides of canaries, the dearest question; Pair for
	// what goes with the target, Level for what goes with a place or a version, each by
	// its link; Driven for the laws by which something drives the answers as a whole.
	Canary, Pair, Level, Driven float64
}

// Enough are the least numbers of answers before something is said.
type Enough struct {
	Refused int // all refused: a fact of the configuration, not the beginning of a split
	Compare int // from each of two stages, before a difference counts
	Matched int // of a stage's own to a request, before the canary's answers are held against them
	Alike   int // from each of two stages, before they are said to answer alike
	Logged  int // in either stage's log: one may be a mistaken record
	Settled int // since a switch: fewer may be a stretch of a share that drifts
	AtLevel int // of one level of a factor, before it is held against the others
	Tell    int // further answers that tell which of two stages serves a target
	Window  int // failures in one spell, before they are an outage and not a burst of a backend that fails by chance
	Levels  int // the most levels of a factor that are asked one by one
}

// Numbers that other types need as constants, or that bound what a reader is shown.
const (
	// Barren is how many requests in a row must have been throttled before a target is
	// given up: more would be refused alike.
	Barren = 40
	// mostDivided is up to which share of the requests a CDN's second distribution is taken
	// to get: CloudFront's continuous deployment gives it 15 % at most.
	mostDivided = .2
	// enoughToSide is how many answers of a behaviour tell by themselves whether it goes
	// with a level.
	enoughToSide = 5
	// mostly is the part of a vantage point's answers that are alike where it sees one thing.
	mostly = .9
	// enoughExplained is the part of a split from which its factor is called its cause, and not one
	// of several.
	enoughExplained = .5
	// freeAsked is how often a field may be told from a canary's by chance: by one of five
	// tests of its order, at one of a dozen looks, for looks grow with the run's logarithm.
	freeAsked = 5 * 12
	// lags is up to how many answers apart two may be that depend on each other: concurrent
	// requests tear apart what follows one another, and several instances take turns.
	lags = 12
	// nearby is how long before answers changed a write may have been made that is shown
	// beside them, mostEvents the most of them.
	nearby     = 10 * time.Minute
	mostEvents = 3
	// mostSpells is how many windows of one kind of answers are told one by one: more come
	// and go by themselves.
	mostSpells = 6
	// mostPlaces is how many integrations that fail in one way get a remedy each.
	mostPlaces = 3
	// maxEvidence is how many lines of evidence one finding carries, mostDiffers how many
	// differences it lists.
	maxEvidence = 6
	mostDiffers = 12
)

var tuning = Tuning{
	Prior: Priors{
		Consistent: .30, Canary: .20, Unread: .05, Versions: .10, OneBackend: .05, Cache: .10, Authorizer: .2, Endpoint: .03,
		Connection: .02, Failing: .60, Random: .05, Unexplained: .02, Switch: .06, Changed: .2,
	},
	Canaried: Weights{Canary: .7, Pair: .1, Level: .1, Driven: .1}, Uncanaried: Weights{Pair: .2, Level: .2, Driven: .6}, Label: .97,
	Enough: Enough{Refused: 5, Compare: 5, Matched: 9, Alike: 20, Logged: 2, Settled: 12, AtLevel: 3, Tell: 40, Window: 30, Levels: 64},

	Deviates: struct{ Version, Cache, Pop, Address, Machine, Connection, Use float64 }{.5, .5, .3, .3, .5, .2, .5},
	Failing:  .5, Unlabelled: .3, Untouched: .05, Touched: 3,
	Bursts: .5, Drift: .3, Stretches: .04,

	Contradictory: .001, Measurable: .9, CanaryGrid: 2.5, Caution: 10, Chance: .9,
	Aliased: 100, TellingRequest: math.Log(.8 / .02), Even: [2]float64{.3, .7}, IID: .01, Doubt: .01, Apart: .5,
	ProfileWeight: .5, Strange: .02, Theirs: 5, Mixed: []float64{.03, .06, .1, .2, .35, .5, .65, .8, .9, .95},
	SwitchRest: .2, SwitchStray: .005, SwitchPure: .02, SwitchGap: .1, MixedPhase: 20, Spreads: 2 * time.Minute, Recent: 10 * time.Minute, Young: 24 * time.Hour,
	Windows: 10, WindowLeast: 5, Stretch: []int{12, 25, 50, 100},
}
