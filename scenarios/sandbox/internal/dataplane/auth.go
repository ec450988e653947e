package dataplane

import (
	"cmp"
	"strings"
	"time"

	"stageprobe/scenarios/sandbox/internal/cloud"
	"stageprobe/scenarios/sandbox/internal/gwlog"
	"stageprobe/scenarios/sandbox/internal/world"
)

// guard is who lets a request in.
type guard struct{ *exchange }

// cachedVerdict is an authorizer's result in its cache. A policy for one
// method decides the others too, as long as it is cached.
type cachedVerdict struct {
	outcome string
	method  string // the method that it was asked for
	at      time.Time
}

// authorize runs the method's authorizer, or the signature check.
func (x guard) authorize() *refusal {
	route := x.entry.route
	if route.Authorization == "AWS_IAM" {
		return x.signature()
	}
	a := x.deployment.Definition.Authorizers[route.Authorizer]
	if a == nil {
		return nil
	}
	record := &gwlog.Authorizer{ID: a.ID}
	x.call.Authorizer = record
	token, ok := x.identities(a.Identity)
	record.Identity = token
	if !ok {
		return &refusal{kind: "UNAUTHORIZED", failure: gwlog.Unauthorized}
	}
	v := x.verdict(a, token, record)
	if v.outcome == "allow-method" && v.method != x.methodKey() {
		v.outcome = "deny"
	}
	return x.judge(a, v.outcome, record)
}

func (x guard) methodKey() string { return x.r.Method + " " + x.entry.template }

// identities joins the values of an authorizer's identity sources; not ok
// where one is missing.
func (x guard) identities(sources string) (string, bool) {
	var values []string
	for source := range strings.SplitSeq(sources, ",") {
		source = strings.TrimPrefix(strings.TrimSpace(source), "method.")
		source = strings.TrimPrefix(strings.TrimPrefix(source, "$"), "request.")
		place, name, found := strings.Cut(source, ".")
		if !found {
			continue
		}
		value := x.r.Header.Get(name)
		if place == "querystring" {
			value = x.r.URL.Query().Get(name)
		}
		if value == "" {
			return "", false
		}
		values = append(values, value)
	}
	return strings.Join(values, ","), true
}

// verdict asks the authorizer, or its cache.
func (x guard) verdict(a *world.Authorizer, token string, record *gwlog.Authorizer) cachedVerdict {
	p := x.plane
	ttl := time.Duration(*a.TTL) * time.Second
	now := p.cloud.Now()
	key := strings.Join([]string{x.api.ID, x.stage.Name, a.ID, x.resolve(a.URI), token}, "\x00")
	p.mu.Lock()
	v, hit := p.verdicts[key]
	p.mu.Unlock()
	if hit && a.Identity != "" && now.Sub(v.at) < ttl && v.at.After(x.stage.AuthorizersFlushed) {
		record.Cached = true
		return v
	}
	v = cachedVerdict{outcome: x.ask(a, token, record), method: x.methodKey(), at: now}
	if ttl > 0 && cacheable(v.outcome) {
		p.mu.Lock()
		p.verdicts[key] = v
		p.mu.Unlock()
	}
	return v
}

// cacheable tells policies, which are cached, from failures, which are not.
func cacheable(outcome string) bool {
	return outcome == "allow" || outcome == "allow-method" || outcome == "deny"
}

// ask calls the authorizer's function.
func (x guard) ask(a *world.Authorizer, token string, record *gwlog.Authorizer) string {
	name := functionName(x.resolve(a.URI))
	if a.Type == "COGNITO_USER_POOLS" || a.Type == "JWT" {
		name = a.Function
	}
	x.plane.cloud.RLock()
	f := x.plane.cloud.Functions[name]
	x.plane.cloud.RUnlock()
	if f == nil {
		return "not-invocable"
	}
	outcome := f.Tokens[strings.TrimPrefix(token, "Bearer ")]
	outcome = cmp.Or(outcome, f.Tokens[token], f.Default, "allow")
	record.Latency, record.Status, record.RequestID = 7*time.Millisecond, 200, x.plane.ids.uuid()
	record.Endpoint = &gwlog.Exchange{URI: x.resolve(a.URI), Status: 200, Latency: record.Latency, ResponseBody: outcome}
	return outcome
}

// judge turns an outcome into a refusal, or nil.
func (x guard) judge(a *world.Authorizer, outcome string, record *gwlog.Authorizer) *refusal {
	switch outcome {
	case "allow", "allow-method":
		record.Principal = "user"
		record.Result = `{"principalId":"user","policyDocument":{"Version":"2012-10-17","Statement":[{"Action":"execute-api:Invoke","Effect":"Allow","Resource":"*"}]}}`
		return nil
	case "deny":
		if a.Type == "COGNITO_USER_POOLS" || a.Type == "JWT" {
			return &refusal{kind: "UNAUTHORIZED", failure: gwlog.Unauthorized}
		}
		record.Principal = "user"
		return &refusal{kind: "ACCESS_DENIED", message: "User is not authorized to access this resource with an explicit deny in an identity-based policy", failure: gwlog.AccessDenied}
	case "unauthorized":
		return &refusal{kind: "UNAUTHORIZED", failure: gwlog.Unauthorized}
	case "error":
		record.Error = "Internal server error"
		return &refusal{kind: "AUTHORIZER_FAILURE", null: true, failure: gwlog.AuthorizerFailure}
	case "malformed":
		record.Error = "Could not parse policy"
		return &refusal{kind: "AUTHORIZER_CONFIGURATION_ERROR", null: true, failure: gwlog.AuthorizerConfig, detail: "Could not parse policy"}
	}
	record.Error = "Invalid permissions on Lambda function"
	return &refusal{kind: "AUTHORIZER_CONFIGURATION_ERROR", null: true, failure: gwlog.AuthorizerConfig, detail: "Invalid permissions on Lambda function"}
}

// signature checks a SigV4 header as far as a gateway without secrets can: who
// signed, for how long, and whether the session has ended.
func (x guard) signature() *refusal {
	value := x.r.Header.Get("Authorization")
	fields, ok := strings.CutPrefix(value, "AWS4-HMAC-SHA256 ")
	if !ok {
		f := restFlow(x).unsigned()
		f.failure = gwlog.ResourcePolicy
		return f
	}
	s := x.plane.cloud.World.Signing
	key, _, _ := strings.Cut(field(fields, "Credential="), "/")
	switch {
	case contains(s.Expired, x.r.Header.Get("X-Amz-Security-Token")):
		return &refusal{kind: "EXPIRED_TOKEN", failure: gwlog.ResourcePolicy}
	case contains(s.Broken, key):
		return &refusal{kind: "INVALID_SIGNATURE", failure: gwlog.ResourcePolicy}
	case !contains(s.Keys, key):
		return &refusal{kind: "ACCESS_DENIED", errorType: "UnrecognizedClientException", message: "The security token included in the request is invalid.", failure: gwlog.ResourcePolicy}
	}
	return nil
}

func field(text, name string) string {
	_, rest, _ := strings.Cut(text, name)
	value, _, _ := strings.Cut(rest, ",")
	return strings.TrimSpace(value)
}

func contains(list []string, v string) bool {
	for _, s := range list {
		if s == v && v != "" {
			return true
		}
	}
	return false
}

// functionName takes the function, with its alias where it has one, out of a
// Lambda URI or ARN.
func functionName(uri string) string {
	_, name, ok := strings.Cut(uri, ":function:")
	if !ok {
		return ""
	}
	name, _, _ = strings.Cut(name, "/")
	return name
}

// apiKey checks the caller's key and its usage plan.
func (x guard) apiKey() *refusal {
	c := &x.call
	c.APIKey.Required = x.entry.route.APIKey
	if !c.APIKey.Required {
		return nil
	}
	c.APIKey.Value = x.r.Header.Get("x-api-key")
	plan, key := x.plan(c.APIKey.Value)
	if plan == nil {
		return &refusal{kind: "INVALID_API_KEY", failure: gwlog.APIKeyRefused}
	}
	c.APIKey.ID = key
	name := plan.ID + "/" + key
	if plan.Rate > 0 && !x.plane.take("plan "+name, plan.Rate, max(1, plan.Burst)) {
		c.Throttle = gwlog.Throttle{Limit: plan.Rate, Burst: max(1, plan.Burst)}
		return &refusal{kind: "THROTTLED", failure: gwlog.KeyThrottled}
	}
	if plan.Quota > 0 && !x.plane.spend(name, plan.Quota) {
		return &refusal{kind: "QUOTA_EXCEEDED", failure: gwlog.QuotaExceeded}
	}
	return nil
}

// plan finds the usage plan that lets a key into this stage.
func (x guard) plan(value string) (*world.UsagePlan, string) {
	c := x.plane.cloud
	c.RLock()
	defer c.RUnlock()
	for _, k := range c.World.APIKeys {
		if k.Value != value || k.Disabled || value == "" {
			continue
		}
		for _, p := range c.UsagePlans {
			if contains(p.Keys, k.ID) && contains(p.Stages, x.api.ID+"/"+x.stage.Name) {
				return p, k.ID
			}
		}
	}
	return nil, ""
}

// throttle applies the stage's limit for the method and then the account's.
func (x guard) throttle() *refusal {
	m := x.setting()
	if m == nil || m.Rate == nil {
		return nil
	}
	burst := 5000
	if m.Burst != nil {
		burst = *m.Burst
	}
	name := "stage " + x.api.ID + "/" + x.stage.Name
	if x.stage.Methods["*/*"] != m {
		name += " " + x.methodKey()
	}
	if x.plane.take(name, *m.Rate, burst) {
		return nil
	}
	x.call.Throttle = gwlog.Throttle{Limit: *m.Rate, Burst: burst}
	return &refusal{kind: "THROTTLED", failure: gwlog.StageThrottled}
}

// resourcePolicy evaluates the API's policy against the method called.
func (x guard) resourcePolicy() *refusal {
	policy := x.deployment.Definition.Policy
	if policy == "" {
		return nil
	}
	resource := arn(x.plane.cloud, x.exchange)
	allowed, explicit := evaluate(policy, resource, x.call.SourceIP)
	if allowed {
		return nil
	}
	masked := strings.Replace(resource, ":"+x.call.Account+":", ":********"+x.call.Account[max(0, len(x.call.Account)-4):]+":", 1)
	message := "User: anonymous is not authorized to perform: execute-api:Invoke on resource: " + masked
	if explicit {
		message += " with an explicit deny"
	}
	return &refusal{kind: "ACCESS_DENIED", message: message, capital: true, failure: gwlog.ResourcePolicy, detail: message}
}

// arn is the method that a request asks for, as policies name it.
func arn(c *cloud.Cloud, x *exchange) string {
	return "arn:" + c.Partition + ":execute-api:" + c.Region + ":" + c.Account + ":" + x.api.ID + "/" + x.stage.Name + "/" + x.r.Method + x.at.path
}
