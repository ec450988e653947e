package explain

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"stageprobe/analyze/remedy"
	"stageprobe/analyze/signature"
	"stageprobe/probe"
	"stageprobe/probe/lazyregexp"
)

// object is one object of the control plane as the AWS CLI prints it. The CLI
// spells the members of apigatewayv2 with a capital, those of apigateway without:
// keys are compared without case.
type object map[string]any

func (o object) get(key string) any {
	for k, v := range o {
		if strings.EqualFold(k, key) {
			return v
		}
	}
	return nil
}

func (o object) has(keys ...string) bool {
	return !slices.ContainsFunc(keys, func(k string) bool { return o.get(k) == nil })
}

func (o object) text(key string) string { s, _ := o.get(key).(string); return s }

func (o object) object(key string) object { m, _ := o.get(key).(map[string]any); return m }

func (o object) flag(key string) (is, known bool) { is, known = o.get(key).(bool); return is, known }

func (o object) number(key string) float64 {
	n, _ := o.get(key).(json.Number)
	x, _ := n.Float64()
	return x
}

// at is a time as the CLI prints it: RFC 3339, or seconds of the epoch in its
// first version.
func (o object) at(key string) time.Time {
	switch v := o.get(key).(type) {
	case string:
		t, _ := time.Parse(time.RFC3339, v)
		return t.UTC()
	case json.Number:
		if x, err := v.Float64(); err == nil {
			return time.Unix(int64(x), 0).UTC()
		}
	}
	return time.Time{}
}

func (o object) variables(key string) map[string]string {
	out := map[string]string{}
	for name, v := range o.object(key) {
		out[name], _ = v.(string)
	}
	return out
}

// configuration is what the objects of an input tell together.
type configuration struct {
	api     probe.API
	stages  []object
	newest  probe.Deployment
	notices []Notice
}

// apiOption is the API that a command of the CLI asks about.
var apiOption = lazyregexp.New(`--(?:rest-)?api-id[ =]['"]?([a-z0-9]{4,12})\b`)

// readConfiguration reads what "aws apigateway get-stage", "get-stages",
// "get-deployments", "get-base-path-mappings", "get-export" and their kin of
// apigatewayv2 print, one or several of them in a row. nil where the text holds
// none.
func readConfiguration(text []byte) []Notice {
	docs := documents(text)
	if len(docs) == 0 {
		return nil
	}
	c := configuration{api: probe.API{ID: "API_ID", Kind: probe.REST}}
	if m := apiOption.FindSubmatch(text); m != nil {
		c.api.ID = string(m[1])
	}
	for _, o := range docs {
		c.take(o)
	}
	for i := range c.stages {
		c.notices = append(c.notices, c.stage(c.stages[i]))
	}
	c.compareStages()
	return c.notices
}

// documents are the JSON objects of a text that stand at the beginning of a line.
func documents(text []byte) (out []object) {
	const most = 64
	text = text[:min(len(text), maxDump)]
	for len(out) < most {
		text = bytes.TrimLeft(text, " \t\r\n")
		if len(text) == 0 {
			return out
		}
		if text[0] == '{' {
			dec := json.NewDecoder(bytes.NewReader(text))
			dec.UseNumber()
			var o object
			if dec.Decode(&o) == nil {
				out = append(out, o)
				text = text[dec.InputOffset():]
				continue
			}
		}
		_, after, more := bytes.Cut(text, []byte("\n"))
		if !more {
			return out
		}
		text = after
	}
	return out
}

// take sorts one object in.
func (c *configuration) take(o object) {
	items, _ := cmp.Or(o.get("item"), o.get("items"), o.get("routingRules")).([]any)
	for _, i := range items {
		if inner, ok := i.(map[string]any); ok {
			c.one(inner)
		}
	}
	if items == nil {
		c.one(o)
	}
}

func (c *configuration) one(o object) {
	switch {
	case o.has("stageName") && (o.has("deploymentId") || o.has("createdDate")) && o.text("requestId") == "":
		c.stages = append(c.stages, o)
	case o.has("openapi", "paths"), o.has("swagger", "paths"):
		c.notices = append(c.notices, export(o))
	case o.has("stage") && o.has("restApiId"), o.has("stage", "apiMappingId"):
		c.notices = append(c.notices, mapping(o))
	case o.has("id", "path") && (o.has("resourceMethods") || o.has("parentId") || o.text("path") == "/"):
		c.notices = append(c.notices, resource(o)...)
	case o.has("id", "createdDate") && !o.has("name") && !o.has("value"), o.has("deploymentId", "deploymentStatus"):
		c.deployment(o)
	default:
		if n, ok := other(o); ok {
			c.notices = append(c.notices, n)
		}
	}
}

// deployment notes the newest, and tells one that failed.
func (c *configuration) deployment(o object) {
	d := probe.Deployment{ID: cmp.Or(o.text("deploymentId"), o.text("id")), Created: o.at("createdDate"), Status: o.text("deploymentStatus"), StatusText: o.text("deploymentStatusMessage")}
	if d.Created.After(c.newest.Created) || c.newest.ID == "" {
		c.newest = d
	}
	n := Notice{Subject: "deployment " + d.ID, APIID: c.id(), DeploymentID: known(d.ID)}
	n.say("Made at %s.", when(d.Created))
	if text := o.text("description"); text != "" {
		n.say("Its description: %s.", text)
	}
	if d.Status == "FAILED" {
		n.add(signature.Candidate{Cause: "auto-deploy-failed", Why: "the deployment failed: " + d.StatusText, TellsApart: "aws apigatewayv2 get-routes and get-integrations; the stage keeps the deployment before it."})
	}
	c.notices = append(c.notices, n)
}

func (c *configuration) id() *string {
	if c.api.ID == "API_ID" {
		return nil
	}
	return &c.api.ID
}

func when(t time.Time) string {
	if t.IsZero() {
		return "an unknown time"
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

func (c *configuration) stage(o object) Notice {
	s := &probe.Stage{Name: o.text("stageName"), DeploymentID: o.text("deploymentId"), Variables: o.variables("variables")}
	if len(s.Variables) == 0 {
		s.Variables = o.variables("stageVariables")
	}
	n := Notice{Subject: "stage " + s.Name, APIID: c.id(), Stage: known(s.Name), DeploymentID: known(s.DeploymentID)}
	n.say("It runs deployment %s.", cmp.Or(s.DeploymentID, "of an id that is not shown"))
	if c.newest.ID != "" && c.newest.ID != s.DeploymentID {
		n.add(signature.Candidate{
			Cause:      "stale-deployment",
			Why:        "the newest deployment of those shown is " + c.newest.ID + " of " + when(c.newest.Created) + ", and the stage does not run it",
			TellsApart: "Was it made for another stage or for a canary? stageprobe inspect compares what the stage runs with the editor.",
		})
	}
	if canary := o.object("canarySettings"); canary != nil {
		s.Canary = &probe.Canary{Percent: canary.number("percentTraffic"), DeploymentID: canary.text("deploymentId"), Variables: canary.variables("stageVariableOverrides")}
		n.add(c.canary(s))
	}
	c.settings(&n, s, o)
	c.autoDeploy(&n, s, o)
	return n
}

func (c *configuration) canary(s *probe.Stage) signature.Candidate {
	share := strconv.FormatFloat(s.Canary.Percent, 'f', -1, 64) + " %"
	same := s.Canary.DeploymentID == "" || s.Canary.DeploymentID == s.DeploymentID
	out := signature.Candidate{
		Cause:      "stale-canary",
		TellsApart: "stageprobe check --api " + c.api.ID + " --stage " + s.Name + " measures which side answers how; as long as the canary is there, a deployment without canary settings is refused (\"Non canary deployment not supported\").",
		Remedy:     remedy.RemoveCanary("", &c.api, s)[0].Command,
	}
	switch {
	case same && len(s.Canary.Variables) == 0:
		out.Why = "the stage has a canary of " + share + " that runs the stage's own deployment with the stage's own variables, so that it makes no difference and only stands in the way of deployments; Terraform leaves such a canary where canary_settings name no deployment"
	case same:
		out.Cause = "canary-split"
		out.Why = "the canary runs the stage's own deployment with variables of its own (" + strings.Join(names(s.Canary.Variables), ", ") + "): " + share + " of the requests see them"
	case s.Canary.Percent == 0:
		out.Why = "the stage has a canary of 0 % with deployment " + s.Canary.DeploymentID + ": nobody gets it, and it stands in the way of deployments"
	case s.Canary.Percent >= 100:
		out.Why = "the canary of 100 % serves everybody with deployment " + s.Canary.DeploymentID + ", and not the stage's own " + s.DeploymentID + ": removing it sends everybody back to that one, promotion keeps what is served"
		out.Remedy = remedy.PromoteCanary("", &c.api, s)[0].Command
	default:
		out.Cause = "canary-split"
		out.Why = "the canary answers " + share + " of the requests from deployment " + s.Canary.DeploymentID + ", the stage the others from " + s.DeploymentID + ": where they differ, one request in so many is answered otherwise"
	}
	return out
}

// names are the keys of a map, in order.
func names[M ~map[string]V, V any](m M) []string { return slices.Sorted(maps.Keys(m)) }

func (c *configuration) settings(n *Notice, s *probe.Stage, o object) {
	on, _ := o.flag("cacheClusterEnabled")
	switch status := o.text("cacheClusterStatus"); {
	case strings.HasSuffix(status, "_IN_PROGRESS"):
		n.add(signature.Candidate{Cause: "response-cache", Why: "the cache is being changed (" + status + "): answers may come from it or not until that is over", TellsApart: "aws apigateway get-stage: cacheClusterStatus is then AVAILABLE or NOT_AVAILABLE."})
	case on:
		n.say("Its cache is on.")
	}
	methods := o.object("methodSettings")
	logged := false
	for _, key := range names(methods) {
		m := methods.object(key)
		if level := m.text("loggingLevel"); level != "" && level != "OFF" {
			logged = true
		}
		if m.has("throttlingRateLimit", "throttlingBurstLimit") && m.number("throttlingRateLimit") == 0 && m.number("throttlingBurstLimit") == 0 {
			n.add(signature.Candidate{Cause: "throttled", Why: "the throttling of " + key + " is rate 0, burst 0, which refuses every request with 429", TellsApart: "aws apigateway get-stage --query methodSettings; -1 stands for no limit of the stage's own."})
		}
		if rate := m.number("throttlingRateLimit"); rate > 0 && rate != ofAccount {
			n.say("It lets %v requests a second through for %s, with bursts of %v.", m.get("throttlingRateLimit"), key, m.get("throttlingBurstLimit"))
		}
		if kept, _ := m.flag("cachingEnabled"); kept && on {
			n.say("It keeps the answers of %s for %v s: until then a deployment does not show in them.", key, m.get("cacheTtlInSeconds"))
		}
	}
	if !logged && o.has("methodSettings") {
		n.say("Its execution log is off.")
	}
	if len(s.Variables) > 0 {
		n.say("Its variables: %s.", strings.Join(names(s.Variables), ", "))
	}
	for _, name := range names(s.Variables) {
		if s.Variables[name] == "" {
			n.add(signature.Candidate{Cause: "integration-error", Why: "stage variable " + name + " is empty: where an integration's or authorizer's URI holds it, every request answers 500", TellsApart: "aws apigateway get-integration: does a URI hold ${stageVariables." + name + "}?"})
		}
	}
	if acl := o.text("webAclArn"); acl != "" {
		n.say("A web ACL guards it: %s.", acl)
	}
}

// ofAccount is the rate that API Gateway writes into a stage's settings where none was
// chosen, and every account begins with.
const ofAccount = 10000

func (c *configuration) autoDeploy(n *Notice, s *probe.Stage, o object) {
	on, isHTTP := o.flag("autoDeploy")
	if message := o.text("lastDeploymentStatusMessage"); message != "" {
		n.say("Its last deployment: %s", message)
		if !strings.Contains(message, "Successfully") {
			n.add(signature.Candidate{Cause: "auto-deploy-failed", Why: "the stage's last deployment failed, and it keeps what it served: " + message, TellsApart: "aws apigatewayv2 get-routes and get-integrations: what the message names."})
		}
	}
	if managed, _ := o.flag("apiGatewayManaged"); managed {
		n.say("API Gateway manages it: it cannot be changed or deleted.")
		return
	}
	if isHTTP && !on {
		c.api.Kind = probe.HTTP
		n.add(signature.Candidate{Cause: "auto-deploy-off", Why: "the stage does not deploy by itself: edits wait for a deployment", TellsApart: "aws apigatewayv2 get-deployments against the last edit.",
			Remedy: "aws apigatewayv2 create-deployment --api-id " + c.api.ID + " --stage-name " + remedy.Quote(s.Name)})
	}
}

// compareStages says which stages run one deployment and which another.
func (c *configuration) compareStages() {
	if len(c.stages) < 2 {
		return
	}
	by := map[string][]string{}
	for _, o := range c.stages {
		by[o.text("deploymentId")] = append(by[o.text("deploymentId")], o.text("stageName"))
	}
	n := Notice{Subject: "the stages together", APIID: c.id()}
	for _, id := range names(by) {
		n.say("Deployment %s: %s.", cmp.Or(id, "unknown"), strings.Join(by[id], ", "))
	}
	if len(by) > 1 {
		n.say("Stages of different deployments answer differently wherever the definition was edited between them: stageprobe inspect says in what.")
	}
	c.notices = append(c.notices, n)
}

func mapping(o object) Notice {
	path := strings.Trim(cmp.Or(o.text("basePath"), o.text("apiMappingKey")), "/")
	if path == "(none)" {
		path = ""
	}
	api, stage := cmp.Or(o.text("restApiId"), o.text("apiId")), o.text("stage")
	n := Notice{Subject: "the mapping of /" + path, APIID: known(api), Stage: known(stage)}
	n.say("Requests to the domain's path /%s go to stage %s of API %s.", path, cmp.Or(stage, "(named by the path's next segment)"), api)
	if path == "" {
		n.say("Paths that fit none of the domain's other base paths go there, too.")
	}
	if strings.EqualFold(stage, "(none)") || stage == "" {
		n.add(signature.Candidate{Cause: "unmapped-target", Why: "the mapping names no stage: the caller's path must then go on with the stage's name", TellsApart: "Request the path with the stage's name after the base path."})
	}
	return n
}
