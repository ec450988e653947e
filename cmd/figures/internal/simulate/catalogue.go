package simulate

import "time"

// The names of causes as the report has them.
const (
	canarySplit      = "canary-split"
	staleCanary      = "stale-canary"
	flakyBackend     = "flaky-backend"
	backendSplit     = "backend-split"
	endpointSplit    = "endpoint-split"
	unexplained      = "unexplained-split"
	deployRolling    = "deploy-propagating"
	throttled        = "throttled"
	accessDenied     = "access-denied"
	responseCache    = "response-cache"
	authorizerCache  = "authorizer-cache"
	wrongStage       = "wrong-stage"
	unmapped         = "unmapped-target"
	staleDeployment  = "stale-deployment"
	autoDeployOff    = "auto-deploy-off"
	autoDeployFails  = "auto-deploy-failed"
	configDrift      = "stage-config-drift"
	addressDependent = "address-dependent"
	volatileContent  = "volatile-content"
	integrationError = "integration-error"
	edgeCache        = "edge-cache"
)

// clean is the canary that deviates nearly always, base nearly never.
func clean(behaviour int) Layer { return Follow(.99, .002, behaviour) }

// perfect logs.
func perfect() Layer { return Logged(Logs{}) }

// Worlds lists a truth for every cause, its confusers and mixtures.
func Worlds() []World {
	var all []World
	for _, group := range [][]World{canaries(), flakes(), splits(), configurations(), mixtures(), logTroubles()} {
		all = append(all, group...)
	}
	return all
}

// failing is what the answers of a flake look like.
var failing = map[int]Look{1: Failing, 2: Failing}

func canaries() []World {
	return []World{
		{Name: "consistent", Layers: []Layer{perfect()}},
		{Name: "an id in every answer", Causes: []string{volatileContent}, Moves: []Move{{Path: "/id", Text: unique(nil)}}, Layers: []Layer{perfect()}},
		{Name: "canary 1%", Causes: []string{canarySplit}, Percent: 1, Layers: []Layer{Canary(.01), clean(1), perfect()}},
		{Name: "canary 10%", Causes: []string{canarySplit}, Percent: 10, Layers: []Layer{Canary(.1), clean(1), perfect()}},
		{Name: "canary 50%", Causes: []string{canarySplit}, Percent: 50, Layers: []Layer{Canary(.5), clean(1), perfect()}},
		{Name: "canary 90%, base is the rare side", Causes: []string{canarySplit}, Percent: 90,
			Layers: []Layer{Canary(.9), Follow(.002, .99, 1), perfect()}},
		{Name: "canary differs in one scenario", Causes: []string{canarySplit}, Percent: 20, Scenarios: 4,
			Layers: []Layer{Canary(.2), Follow(1, 0, 1, 2), perfect()}},
		{Name: "canary deviates half of the time", Causes: []string{canarySplit}, Percent: 10,
			Layers: []Layer{Canary(.1), Follow(.5, .002, 1), perfect()}},
		{Name: "canary that fails", Causes: []string{canarySplit}, Percent: 10, Looks: failing,
			Layers: []Layer{Canary(.1), clean(1), perfect()}},
		{Name: "canary identical to base", Causes: []string{staleCanary}, Percent: 10, Layers: []Layer{Canary(.1), perfect()}},
		{Name: "canary at 0%", Causes: []string{staleCanary}, Config: []Configure{withCanary(0)}, Layers: []Layer{Canary(0), perfect()}},
	}
}

func flakes() []World {
	return []World{
		{Name: "flaky 5%", Causes: []string{flakyBackend}, Looks: failing, Layers: []Layer{Flake(.05, 1), perfect()}},
		{Name: "flaky at the canary's rate", Causes: []string{flakyBackend, staleCanary}, Percent: 10, Looks: failing,
			Layers: []Layer{Canary(.1), Flake(.1, 1), perfect()}},
		{Name: "bursts", Causes: []string{flakyBackend, staleCanary}, Percent: 10, Looks: failing,
			Layers: []Layer{Canary(.1), Bursts(.02, .85, 1), perfect()}},
		{Name: "drift", Causes: []string{flakyBackend, staleCanary}, Percent: 10, Looks: failing,
			Layers: []Layer{Canary(.1), Drift(0, .4, 300, 1), perfect()}},
		{Name: "integration takes too long", Causes: []string{integrationError}, Looks: map[int]Look{1: TimedOut}, Layers: []Layer{Flake(1, 1), perfect()}},
		{Name: "every third request", Causes: []string{unexplained}, Layers: []Layer{Every(3, 1), perfect()}},
	}
}

func splits() []World {
	address := func(r *Row) bool { return r.Address == 0 }
	conn := func(r *Row) bool { return r.Conn%4 == 0 }
	pop := func(r *Row) bool { return r.Pop == 1 }
	reused := func(r *Row) bool { return !r.Fresh }
	return []World{
		{Name: "weighted alias 10%", Causes: []string{backendSplit}, Config: []Configure{withAlias()}, Layers: []Layer{Alias(.1, 1), perfect()}},
		{Name: "one address", Causes: []string{endpointSplit}, Layers: []Layer{By(address, .99, .003, 1), perfect()}},
		{Name: "one edge location", Causes: []string{endpointSplit}, Layers: []Layer{By(pop, .99, .003, 1), perfect()}},
		{Name: "some connections", Causes: []string{endpointSplit}, Layers: []Layer{By(conn, .99, .003, 1), perfect()}},
		{Name: "reused connections", Causes: []string{endpointSplit}, Layers: []Layer{By(reused, .99, .003, 1), perfect()}},
		{Name: "deployment arrives", Causes: []string{deployRolling}, Layers: []Layer{Switches(.002, .998, 120, 1), perfect()}},
		{Name: "throttled", Causes: []string{throttled}, Layers: []Layer{Throttle(.3, 1), perfect()}},
		{Name: "old answers from the cache", Causes: []string{responseCache}, Scenarios: 2, Config: []Configure{withCache()},
			Layers: []Layer{OldHits(.6, 1), perfect()}},
		{Name: "new answers behind the cache", Causes: []string{deployRolling}, Allowed: []string{responseCache}, Scenarios: 2, Config: []Configure{withCache()},
			Layers: []Layer{Switches(0, 1, 100, 1), Cache(10 * time.Second), perfect()}},
		{Name: "authorizer cache", Causes: []string{authorizerCache}, Scenarios: 3, Looks: map[int]Look{1: Denying},
			Config: []Configure{withAuthorizer(5), thorough}, Layers: []Layer{AuthorizerCache(5*time.Second, 1), perfect()}},
	}
}

func configurations() []World {
	yes, no := true, false
	// Addresses: the domain, the invoke URL of prod, and that of dev.
	domain := func(name, leadsTo string, share float64, scenarios ...int) World {
		return World{Name: name, Causes: []string{wrongStage}, Scenarios: 6, Targets: 3, Config: []Configure{withDev(), withDomain(leadsTo)},
			Layers: []Layer{On(0, OtherStage(share, 1, scenarios...)), On(2, OtherStage(1, 1, scenarios...)), perfect()}}
	}
	return []World{
		domain("domain mapped to another stage", "dev", 1, 1, 2),
		domain("domain served by another stage", "prod", 1, 1, 2),
		domain("domain on two stages", "prod", .4, 1, 2, 3),
		{Name: "application looks at the address", Causes: []string{addressDependent}, Scenarios: 6, Targets: 3, Config: []Configure{withDev(), withDomain("prod")},
			Layers: []Layer{On(0, By(func(r *Row) bool { return r.Scenario == 1 }, 1, 0, 2)), perfect()}},
		{Name: "old copies before the domain", Causes: []string{edgeCache}, Scenarios: 3, Targets: 2, Config: []Configure{withDomain("prod")},
			Layers: []Layer{On(0, Copies(.6, 1)), perfect()}},
		{Name: "current copies before the domain", Scenarios: 3, Targets: 2, Config: []Configure{withDomain("prod")},
			Layers: []Layer{On(0, Copies(.6, 0)), perfect()}},
		{Name: "one address throttled", Causes: []string{throttled}, Scenarios: 3, Targets: 2, Config: []Configure{withDomain("prod")},
			Layers: []Layer{On(0, Throttle(.6, 1)), perfect()}},
		{Name: "no mapping", Causes: []string{unmapped}, Scenarios: 3, Config: []Configure{onlyDomain("")}, Layers: []Layer{Refuse(1)}},
		{Name: "access denied", Causes: []string{accessDenied}, Scenarios: 3, Config: []Configure{withKey()}, Layers: []Layer{Refuse(1), perfect()}},
		{Name: "stale deployment", Causes: []string{staleDeployment}, Scenarios: 3, Config: []Configure{withEdit()}, Layers: []Layer{OldDeployment(1, 1), perfect()}},
		{Name: "automatic deployment off", Causes: []string{autoDeployOff}, Scenarios: 3, Config: []Configure{withEdit(), withHTTP(false, &yes)},
			Layers: []Layer{OldDeployment(1, 1), perfect()}},
		{Name: "automatic deployment failed", Causes: []string{autoDeployFails}, Scenarios: 3, Config: []Configure{withEdit(), withHTTP(true, &no)},
			Layers: []Layer{OldDeployment(1, 1), perfect()}},
		{Name: "stages configured differently", Causes: []string{configDrift}, Scenarios: 3, Targets: 2, Config: []Configure{withVariable(), withDev()},
			Layers: []Layer{On(1, OtherStage(1, 1, 0)), perfect()}},
	}
}

func mixtures() []World {
	address := func(r *Row) bool { return r.Address == 0 }
	flaking := map[int]Look{2: Failing}
	return []World{
		{Name: "canary and flake", Causes: []string{canarySplit, flakyBackend}, Percent: 10, Looks: flaking, Config: []Configure{thorough},
			Layers: []Layer{Canary(.1), clean(1), Flake(.05, 2), perfect()}},
		{Name: "canary and bursts", Causes: []string{canarySplit, flakyBackend}, Percent: 10, Looks: flaking, Config: []Configure{thorough},
			Layers: []Layer{Canary(.1), clean(1), Bursts(.01, .85, 2), perfect()}},
		{Name: "canary and throttling", Causes: []string{canarySplit, throttled}, Percent: 10, Config: []Configure{thorough},
			Layers: []Layer{Canary(.1), Throttle(.2, 2), clean(1), perfect()}},
		{Name: "canary and one address", Causes: []string{canarySplit, endpointSplit}, Percent: 10, Config: []Configure{thorough},
			Layers: []Layer{Canary(.1), clean(1), By(address, .99, 0, 2), perfect()}},
		{Name: "canary and weighted alias", Causes: []string{canarySplit, backendSplit}, Percent: 10, Config: []Configure{withAlias(), thorough},
			Layers: []Layer{Canary(.1), clean(1), Alias(.2, 2), perfect()}},
		{Name: "canary from three machines", Causes: []string{canarySplit}, Percent: 10, Machines: 3,
			Layers: []Layer{Canary(.1), clean(1), perfect()}},
	}
}

func logTroubles() []World {
	canary := func(name string, l Logs) World {
		return World{Name: name, Causes: []string{canarySplit}, Percent: 10, Layers: []Layer{Canary(.1), clean(1), Logged(l)}}
	}
	return []World{
		canary("canary with late logs", Logs{Lag: Lag{Canary: 40 * time.Second, Base: 20 * time.Second}}),
		canary("canary with sampled logs", Logs{Loss: Loss{.5, .5, .5, .5}}),
		canary("canary whose own logs are lost", Logs{Loss: Loss{CanaryDev: .6, CanaryRef: .6}}),
		canary("canary with contradictory logs", Logs{Contradictory: .05}),
		canary("canary without logs", Logs{Loss: Loss{1, 1, 1, 1}}),
	}
}

// Nulls lists processes in which the response ignores the canary label although
// a canary with a share of 10% is configured: no link may be claimed.
func Nulls() []World {
	const p0 = .1
	null := func(name string, layers ...Layer) World {
		return World{Name: name, Causes: []string{unexplained}, Allowed: []string{staleCanary}, Percent: 100 * p0, Layers: layers}
	}
	return []World{
		null("flake at the canary's rate", Canary(p0), Flake(p0, 1), perfect()),
		null("bursts", Canary(p0), Bursts(.02, .9, 1), perfect()),
		null("drift", Canary(p0), Drift(0, .4, 300, 1), perfect()),
		null("lag of one group", Canary(p0), Flake(p0, 1), Logged(Logs{Lag: Lag{Canary: 3 * time.Second}})),
		null("loss by label", Canary(p0), Flake(p0, 1), Logged(Logs{Loss: Loss{CanaryDev: .5, CanaryRef: .5}})),
		null("loss by response", Canary(p0), Flake(p0, 1), Logged(Logs{Loss: Loss{CanaryDev: .5, BaseDev: .5}})),
		null("wrong percentage", Canary(.25), Flake(p0, 1), perfect()),
		null("changing percentage", CanaryChanges(p0, .5, 200), Bursts(.02, .8, 1), perfect()),
	}
}

// BiasedLoss is the null that no test survives: the logs lose requests depending
// on both side and response. It has to be vetoed.
func BiasedLoss() World {
	return World{Name: "loss depending on both", Causes: []string{unexplained}, Allowed: []string{staleCanary}, Percent: 10,
		Layers: []Layer{Canary(.1), Flake(.1, 1), Logged(Logs{Loss: Loss{CanaryRef: .5, BaseDev: .5}})}}
}
