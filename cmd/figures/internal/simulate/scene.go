package simulate

import (
	"fmt"
	"time"

	"stageprobe/analyze/behaviour"
	"stageprobe/analyze/cause"
	"stageprobe/analyze/signature"
	"stageprobe/probe"
)

// Look is what the answers of a behaviour look like.
type Look uint8

// The looks.
const (
	Other     Look = iota // another answer of the integration
	Failing               // 502 of the integration
	Denying               // 403 by an authorizer's policy
	Forbidden             // 403 without a reason
	NoRoute               // Missing Authentication Token
	TooMany               // 429 by the gateway
	Filtered              // 403 by a rule of AWS WAF
	Constant              // another number in a field that is constant otherwise
	Added                 // a header more
	Removed               // a field less
	Stirring              // the field that is constant otherwise is another one in every answer
	Choosing              // the same, of forty that the behaviour has for its own
	TimedOut              // 504: the integration took too long
	Headed                // a constant header of the application's, of each behaviour its own
	Edged                 // headers that an edge writes, of each behaviour its own
)

// answer is how an answer of a look reads.
func (l Look) answer() behaviour.Answer {
	a := behaviour.Answer{
		Reading: signature.Reading{Producer: signature.Integration}, Class: signature.Informative, Status: 200, Outcome: probe.OutcomeResponse,
	}
	gateway := func(status int, response, errorType string, class signature.Class) {
		a.Status, a.Class = status, class
		a.Reading = signature.Reading{Producer: signature.Gateway, GatewayResponse: response, ErrorType: errorType}
	}
	switch l {
	case Failing:
		a.Status, a.Reading.ErrorType = 502, "InternalServerErrorException"
	case Denying:
		gateway(403, "ACCESS_DENIED", "AccessDeniedException", signature.AuthFail)
		a.Reading.Producer = signature.Authorizer
	case Forbidden:
		gateway(403, "", "ForbiddenException", signature.AuthFail)
	case Filtered:
		gateway(403, "WAF_FILTERED", "ForbiddenException", signature.AuthFail)
	case NoRoute:
		gateway(403, "MISSING_AUTHENTICATION_TOKEN", "MissingAuthenticationTokenException", signature.AuthFail)
	case TimedOut:
		gateway(504, "INTEGRATION_TIMEOUT", "InternalServerErrorException", signature.Informative)
		a.Reading.Producer = signature.Integration // it failed, whoever writes the answer
	case TooMany:
		gateway(429, "THROTTLED", "LimitExceededException", signature.Throttled)
	}
	return a
}

// look is how a row's answer looks.
func (w World) look(r *Row) Look {
	if l, ok := w.Looks[r.Behaviour]; ok {
		return l
	}
	switch r.Class {
	case Throttled:
		return TooMany
	case Refused:
		return Forbidden
	}
	return Other
}

// Configure changes what the control plane tells of a world.
type Configure func(*cause.Input)

// Event is a change of the configuration after a number of requests; it is read
// with the next look.
type Event struct {
	At int
	Do func(in *cause.Input, at time.Time)
}

// The API that every world probes.
const (
	apiID         = "abc123"
	ownDeployment = "dep1"
	oldDeployment = "dep0"
)

// began is when every run begins.
var began = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)

// input is what is known of a world before the first request: stages prod and dev
// of one API, and the invoke URL of prod.
func (w World) input() cause.Input {
	var in cause.Input
	definition := func() *probe.Definition {
		d := &probe.Definition{Source: "GetExport", Routes: map[string]probe.Route{}}
		for i := range w.Scenarios {
			d.Routes[route(i)] = probe.Route{}
		}
		return d
	}
	before := func(days int) time.Time { return began.Add(-time.Duration(days) * 24 * time.Hour) }
	in.Snapshot = probe.Snapshot{Region: "eu-west-1", Taken: began, APIs: []probe.API{{
		ID: apiID, Kind: probe.REST, Editor: definition(),
		Deployments: []probe.Deployment{{ID: ownDeployment, Created: before(100)}, {ID: oldDeployment, Created: before(400)}},
	}}}
	logged := probe.AccessLog{Destination: "arn:aws:logs:eu-west-1:111122223333:log-group:access"}
	if w.Unread {
		logged = probe.AccessLog{}
	}
	for _, name := range w.Stages {
		in.Snapshot.APIs[0].Stages = append(in.Snapshot.APIs[0].Stages, probe.Stage{
			Name: name, DeploymentID: ownDeployment, Deployed: definition(), Updated: before(90), AccessLog: logged,
		})
	}
	in.Plan = probe.Plan{Seed: 1, Requests: w.budget() / max(1, w.Targets), Rate: w.Rate}
	for i := range w.Scenarios {
		in.Plan.Scenarios = append(in.Plan.Scenarios, probe.Scenario{
			Name: fmt.Sprint("s", i), Method: "GET", Path: fmt.Sprint("/s", i), Route: route(i),
		})
	}
	in.Plan.Targets = []probe.Target{invokeURL("prod")}
	if w.Percent > 0 {
		withCanary(w.Percent)(&in)
	}
	for _, configure := range w.Config {
		configure(&in)
	}
	return in
}

func route(scenario int) string { return fmt.Sprint("GET /s", scenario) }

func invokeURL(stage string) probe.Target {
	return probe.Target{
		ID: apiID + "/" + stage, URL: "https://" + apiID + ".execute-api.eu-west-1.amazonaws.com/" + stage,
		Kind: probe.InvokeURL, APIID: apiID, APIKind: probe.REST, Stage: stage, DeploymentID: ownDeployment,
	}
}

func prod(in *cause.Input) *probe.Stage { return &in.Snapshot.APIs[0].Stages[0] }

// withCanary gives prod a canary of an older deployment.
func withCanary(percent float64) Configure {
	return func(in *cause.Input) {
		c := &probe.Canary{Percent: percent, DeploymentID: oldDeployment}
		prod(in).Canary, in.Plan.Targets[0].Canary = c, c
	}
}

// withRoutes changes every route of the editor and of both stages alike.
func withRoutes(change func(*probe.Route)) Configure {
	return func(in *cause.Input) {
		api := &in.Snapshot.APIs[0]
		for _, d := range definitions(api) {
			for key, r := range d.Routes {
				change(&r)
				d.Routes[key] = r
			}
		}
	}
}

// definitions are those of the editor and of all stages.
func definitions(api *probe.API) []*probe.Definition {
	out := []*probe.Definition{api.Editor}
	for i := range api.Stages {
		out = append(out, api.Stages[i].Deployed)
	}
	return out
}

// withAlias lets the routes call a function through an alias.
func withAlias() Configure {
	return withRoutes(func(r *probe.Route) {
		r.Integration.URI = "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:111122223333:function:orders:live/invocations"
	})
}

// withKey lets the routes ask for an API key.
func withKey() Configure { return withRoutes(func(r *probe.Route) { r.APIKeyRequired = true }) }

// withAuthorizer guards the routes by an authorizer that keeps its results.
func withAuthorizer(ttl int) Configure {
	return func(in *cause.Input) {
		withRoutes(func(r *probe.Route) { r.Authorization, r.Authorizer = "CUSTOM", "guard" })(in)
		api := &in.Snapshot.APIs[0]
		for _, d := range definitions(api) {
			d.Authorizers = map[string]probe.Authorizer{"guard": {Type: "TOKEN", TTL: &ttl}}
		}
	}
}

// withCache switches the cache of prod on.
func withCache() Configure {
	return func(in *cause.Input) {
		prod(in).CacheCluster, prod(in).CacheSize = true, "0.5"
		prod(in).Methods = map[string]probe.MethodSettings{"*/*": {Caching: true, CacheTTL: 300}}
	}
}

// withEdit lets a route wait in the editor, and sends it three requests.
func withEdit() Configure {
	return func(in *cause.Input) {
		in.Snapshot.APIs[0].Editor.Routes["GET /new"] = probe.Route{}
		in.Plan.Scenarios = append(in.Plan.Scenarios, probe.Scenario{
			Name: "new", Method: "GET", Path: "/new", Route: "GET /new", Limit: 3, Confirms: "editor-only route GET /new",
		})
	}
}

// withHTTP makes it an HTTP API.
func withHTTP(autoDeploy bool, succeeded *bool) Configure {
	return func(in *cause.Input) {
		api := &in.Snapshot.APIs[0]
		api.Kind, in.Plan.Targets[0].APIKind = probe.HTTP, probe.HTTP
		for i := range api.Stages {
			api.Stages[i].AutoDeploy, api.Stages[i].LastDeploymentSucceeded = autoDeploy, succeeded
		}
	}
}

// thorough goes on after an error is decided: what there is beside it shows later.
func thorough(in *cause.Input) { in.Thorough = true }

// withDev probes the invoke URL of stage dev as well.
func withDev() Configure {
	return func(in *cause.Input) { in.Plan.Targets = append(in.Plan.Targets, invokeURL("dev")) }
}

// withVariable gives the stages different values of a stage variable.
func withVariable() Configure {
	return func(in *cause.Input) {
		stages := in.Snapshot.APIs[0].Stages
		stages[0].Variables = map[string]string{"backend": "blue"}
		stages[1].Variables = map[string]string{"backend": "green"}
		withRoutes(func(r *probe.Route) { r.Integration.URI = "https://${stageVariables.backend}.example.com" })(in)
	}
}

// withDomain puts a domain before the other addresses: it leads to a stage by
// configuration, or is not known to lead anywhere ("" or "?"), and prod is meant.
func withDomain(leadsTo string) Configure {
	return func(in *cause.Input) {
		t := probe.Target{
			ID: "api.example.com", URL: "https://api.example.com", Kind: probe.CustomDomain, Region: "eu-west-1",
			Meant: &probe.StageRef{APIID: apiID, Stage: "prod"},
		}
		d := probe.Domain{Name: t.ID}
		switch leadsTo {
		case "":
			t.Unmapped = "no base path mapping of api.example.com matches /"
		case "?":
			d.Name = ""
		default:
			t.APIID, t.APIKind, t.Stage, t.DeploymentID = apiID, probe.REST, leadsTo, ownDeployment
			d.Mappings = []probe.Mapping{{APIID: apiID, Stage: leadsTo}}
		}
		if d.Name != "" {
			in.Snapshot.Domains = append(in.Snapshot.Domains, d)
		}
		in.Plan.Targets = append([]probe.Target{t}, in.Plan.Targets...)
	}
}

// onlyDomain probes a domain and nothing else.
func onlyDomain(leadsTo string) Configure {
	return func(in *cause.Input) {
		in.Plan.Targets = nil
		withDomain(leadsTo)(in)
	}
}
