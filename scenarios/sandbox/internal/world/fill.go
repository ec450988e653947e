package world

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Formats are access-log formats that a world may call by name.
var Formats = map[string]string{
	"json": `{"requestId":"$context.requestId","extendedRequestId":"$context.extendedRequestId","ip":"$context.identity.sourceIp","requestTimeEpoch":"$context.requestTimeEpoch","httpMethod":"$context.httpMethod","domainName":"$context.domainName","path":"$context.path","resourcePath":"$context.resourcePath","apiId":"$context.apiId","stage":"$context.stage","deploymentId":"$context.deploymentId","isCanaryRequest":"$context.isCanaryRequest","status":"$context.status","responseType":"$context.error.responseType","errorMessage":"$context.error.message","integrationStatus":"$context.integration.status","integrationLatency":"$context.integration.latency","responseLatency":"$context.responseLatency","responseLength":"$context.responseLength"}`,
	"http": `{"requestId":"$context.requestId","ip":"$context.identity.sourceIp","requestTimeEpoch":"$context.requestTimeEpoch","httpMethod":"$context.httpMethod","domainName":"$context.domainName","path":"$context.path","routeKey":"$context.routeKey","apiId":"$context.apiId","stage":"$context.stage","status":"$context.status","errorMessage":"$context.error.message","integrationStatus":"$context.integration.status","integrationLatency":"$context.integrationLatency","responseLength":"$context.responseLength"}`,
	"clf":  `$context.identity.sourceIp $context.identity.caller $context.identity.user [$context.requestTime] "$context.httpMethod $context.resourcePath $context.protocol" $context.status $context.responseLength $context.requestId`,
	"csv":  `$context.identity.sourceIp,$context.identity.caller,$context.identity.user,$context.requestTime,$context.httpMethod,$context.resourcePath,$context.protocol,$context.status,$context.responseLength,$context.requestId`,
}

// Defaults of what a world leaves out.
const (
	defaultRegion  = "us-east-1"
	defaultAccount = "123456789012"
	defaultAge     = Duration(30 * 24 * time.Hour)
	logDelay       = Duration(100 * time.Millisecond)
	authorizerTTL  = 300
)

// fill puts the defaults in.
func (w *World) fill() {
	w.Region = cmp.Or(w.Region, defaultRegion)
	w.Account = cmp.Or(w.Account, defaultAccount)
	if w.Logs.Delay == nil {
		delay := logDelay
		w.Logs.Delay = &delay
	}
	for _, api := range w.APIs {
		w.fillAPI(api)
	}
	for name, b := range w.Backends {
		if b != nil {
			b.name = name
		}
	}
	for _, e := range w.Events {
		if e != nil && e.Become != nil {
			e.Become.name = e.Backend
		}
	}
	for _, d := range w.Domains {
		if d != nil {
			d.fill()
		}
	}
}

func (d *Domain) fill() {
	d.Endpoint = cmp.Or(d.Endpoint, "REGIONAL")
	d.Policy = cmp.Or(d.Policy, "TLS_1_2")
	if d.Front != nil {
		d.Front.TTL = cmp.Or(d.Front.TTL, Duration(24*time.Hour))
	}
	if d.RoutingMode == "" {
		d.RoutingMode = "API_MAPPING_ONLY"
		if len(d.Rules) > 0 {
			d.RoutingMode = "ROUTING_RULE_THEN_API_MAPPING"
		}
	}
}

func (w *World) fillAPI(a *API) {
	a.Kind = cmp.Or(a.Kind, "REST")
	a.Endpoint = cmp.Or(a.Endpoint, "REGIONAL")
	a.Name = cmp.Or(a.Name, a.ID)
	a.Age = max(a.Age, oldest(a), defaultAge)
	if len(a.Deployments) > 0 {
		newest := slices.MinFunc(a.Deployments, func(x, y *Deployment) int { return cmp.Compare(age(x), age(y)) })
		if newest != nil {
			a.Editor = cmp.Or(a.Editor, newest.Definition)
		}
	}
	for _, d := range a.Definitions {
		d.fill(w, a.Kind)
	}
	for _, s := range a.Stages {
		if s != nil {
			s.fill(a)
		}
	}
}

func age(d *Deployment) Duration {
	if d == nil {
		return 0
	}
	return d.Age
}

func oldest(a *API) Duration {
	var out Duration
	for _, d := range a.Deployments {
		out = max(out, age(d))
	}
	for _, s := range a.Stages {
		if s != nil {
			out = max(out, s.Age)
		}
	}
	return out
}

func (s *Stage) fill(a *API) {
	if s.Deployment == "" && len(a.Deployments) > 0 && a.Deployments[len(a.Deployments)-1] != nil {
		s.Deployment = a.Deployments[len(a.Deployments)-1].ID
	}
	if s.Canary != nil {
		s.Canary.Deployment = cmp.Or(s.Canary.Deployment, s.Deployment)
	}
	s.Age = cmp.Or(s.Age, a.Age)
	s.Updated = cmp.Or(s.Updated, s.Age)
	if s.AccessLog != nil {
		s.AccessLog.Format = cmp.Or(Formats[s.AccessLog.Format], s.AccessLog.Format)
	}
	maps.DeleteFunc(s.Methods, func(_ string, m *MethodSetting) bool { return m == nil })
	if a.Kind == "REST" {
		s.fillLogging()
	}
}

// fillLogging writes the short form of logging into the "*/*" setting. REST
// stages log at INFO unless the world says otherwise.
func (s *Stage) fillLogging() {
	if s.Methods["*/*"] == nil {
		if s.Logging == "OFF" && len(s.Methods) == 0 {
			return // a stage without any setting, as one made by CreateDeployment
		}
		s.Methods = overlay(s.Methods, map[string]*MethodSetting{"*/*": {}})
	}
	for _, m := range s.Methods {
		m.Logging = cmp.Or(m.Logging, s.Logging, "INFO")
		m.DataTrace = m.DataTrace || s.DataTrace
	}
}

func (d *Definition) fill(w *World, kind string) {
	for name, a := range d.Authorizers {
		a.fill(w, name, kind)
	}
	for _, r := range d.Routes {
		r.fill(w, kind, d)
	}
}

func (a *Authorizer) fill(w *World, name, kind string) {
	a.Type = cmp.Or(a.Type, map[string]string{"REST": "TOKEN", "HTTP": "REQUEST"}[kind])
	a.ID = cmp.Or(a.ID, ShortID("authorizer", name)[:6])
	if a.TTL == nil {
		ttl := authorizerTTL
		a.TTL = &ttl
	}
	if a.Identity == "" {
		a.Identity = map[string]string{"REST": "method.request.header.Authorization", "HTTP": "$request.header.Authorization"}[kind]
	}
	if a.Identity == "none" {
		a.Identity = ""
	}
	if a.URI == "" && a.Function != "" {
		a.URI = LambdaURI(w.Region, w.Account, a.Function)
	}
}

func (r *Route) fill(w *World, kind string, d *Definition) {
	if r.Authorization == "" {
		r.Authorization = "NONE"
		if a := d.Authorizers[r.Authorizer]; a != nil {
			r.Authorization = map[string]string{"COGNITO_USER_POOLS": "COGNITO_USER_POOLS", "JWT": "JWT"}[a.Type]
			r.Authorization = cmp.Or(r.Authorization, "CUSTOM")
		}
	}
	if r.Integration == nil {
		r.Integration = &Integration{}
		if r.Backend == "" {
			r.Integration.Type = "MOCK"
		}
	}
	r.Integration.fill(w, kind, r.Backend)
}

func (i *Integration) fill(w *World, kind, backend string) {
	for status, r := range i.Responses {
		if r == nil { // written as `"200":`
			i.Responses[status] = &IntegrationResponse{}
		}
	}
	i.Type = cmp.Or(i.Type, "AWS_PROXY")
	if i.URI == "" && backend != "" {
		i.URI = defaultURI(w, kind, i.Type, backend)
	}
	if i.Type == "MOCK" {
		i.fillMock()
		return
	}
	i.Method = cmp.Or(i.Method, "POST")
	i.TimeoutMS = cmp.Or(i.TimeoutMS, map[string]int{"REST": 29000, "HTTP": 30000}[kind])
	if kind == "REST" {
		i.Passthrough = cmp.Or(i.Passthrough, "WHEN_NO_MATCH")
	} else {
		i.PayloadVersion = cmp.Or(i.PayloadVersion, map[bool]string{true: "2.0", false: "1.0"}[i.Type == "AWS_PROXY"])
		i.ConnectionType = cmp.Or(i.ConnectionType, "INTERNET")
	}
}

func (i *Integration) fillMock() {
	i.Passthrough = cmp.Or(i.Passthrough, "WHEN_NO_MATCH")
	i.TimeoutMS = cmp.Or(i.TimeoutMS, 29000)
	if i.RequestTemplates == nil {
		i.RequestTemplates = map[string]string{"application/json": `{"statusCode": 200}`}
	}
	if i.Responses == nil {
		i.Responses = map[string]*IntegrationResponse{"200": {}}
	}
}

func defaultURI(w *World, kind, integration, backend string) string {
	if strings.HasPrefix(integration, "HTTP") {
		return "https://" + backend + ".internal.example.com"
	}
	if kind == "HTTP" {
		return FunctionARN(w.Region, w.Account, backend)
	}
	return LambdaURI(w.Region, w.Account, backend)
}

// FunctionARN is the ARN of a Lambda function, alias included.
func FunctionARN(region, account, function string) string {
	return fmt.Sprintf("arn:%s:lambda:%s:%s:function:%s", Partition(region), region, account, function)
}

// LambdaURI is the integration URI by which a REST API invokes a function.
func LambdaURI(region, account, function string) string {
	return fmt.Sprintf("arn:%s:apigateway:%s:lambda:path/2015-03-31/functions/%s/invocations", Partition(region), region, FunctionARN(region, account, function))
}

// Partition is the ARN partition of a region.
func Partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

// Suffix is the DNS suffix of a region.
func Suffix(region string) string {
	if strings.HasPrefix(region, "cn-") {
		return "amazonaws.com.cn"
	}
	return "amazonaws.com"
}
