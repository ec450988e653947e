package logs

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"stageprobe/probe"
)

// shape is what the value of a variable can look like. Every variable can also
// print "-", which means that it has no value.
type shape struct {
	bytes    *[256]bool // nil: any
	min, max int        // length; max 0: no limit
	dash     bool       // a longer value may begin with "-", as a client's own text may
}

// The shapes. They are wider than the values seen, and narrow enough to tell
// where a value ends when the format puts no unmistakable text behind it.
var (
	shapeAny     = shape{dash: true}
	shapeMessage = shape{}
	shapeWord    = shape{bytes: noSpace()}
	shapeID      = shape{bytes: class("0-9A-Za-z_=+/-"), max: 128, dash: true}
	shapeName    = shape{bytes: class("0-9A-Za-z_$.-"), max: 255}
	shapeMethod  = shape{bytes: class("A-Za-z_-"), max: 32}
	shapeRoute   = shape{bytes: route()}
	shapeStatus  = shape{bytes: class("0-9"), min: 3, max: 3}
	shapeNumber  = shape{bytes: class("0-9."), max: 20}
	shapeAddress = shape{bytes: class("0-9A-Za-z.:%"), max: 64}
	shapeTime    = shape{bytes: class("0-9A-Za-z/:+ -"), max: 32}
	shapeProto   = shape{bytes: class("0-9A-Za-z/."), max: 16}
	shapeCode    = shape{bytes: class("0-9A-Z_a-z"), max: 64}
	shapeTrace   = shape{bytes: class("0-9A-Za-z=;:-"), max: 255}
)

// noSpace holds every byte that may stand in a request target or an ARN.
func noSpace() *[256]bool {
	var set [256]bool
	for c := range set {
		set[c] = c > ' ' && c != 0x7f
	}
	return &set
}

// route holds the bytes of a route key, such as "GET /orders/{id}".
func route() *[256]bool {
	set := noSpace()
	set[' '], set['"'], set['<'], set['>'] = true, false, false, false
	return set
}

// variable is a $context variable of access logs: what its value looks like and
// where it belongs. One without set is known by its shape only.
type variable struct {
	shape shape
	set   func(e *entry, value string)
}

// entry is an access-log entry while its variables come in.
type entry struct {
	rec         probe.LogRecord
	resource    string // $context.resourcePath
	path        string // $context.path, with the stage
	message     string // $context.error.message
	authorizer  string // an authorizer's error
	integration string // an integration's error
	wafStatus   string
	refers      bool // a variable of the integration is logged
	webSocket   bool
	unrouted    bool // the route is logged, and none fits
}

// variables lists the $context variables of REST and HTTP APIs by name, from
// AWS's references "Variables for access logging" (REST), "Customizing HTTP API
// access logs" (HTTP) and what formats in use name beside them.
var variables = map[string]variable{
	"requestId":         {shapeID, setRequestID},
	"extendedRequestId": {shapeID, func(e *entry, v string) { e.rec.ExtendedID = v }},
	"apiId":             {shapeName, func(e *entry, v string) { e.rec.APIID = v }},
	"stage":             {shapeName, func(e *entry, v string) { e.rec.Stage = v }},
	"deploymentId":      {shapeName, func(e *entry, v string) { e.rec.DeploymentID = v }},
	"isCanaryRequest":   {shapeCode, setCanary},
	"domainName":        {shapeName, func(e *entry, v string) { e.rec.Domain = v }},
	"domainPrefix":      {shapeName, nil},

	"customDomain.basePathMatched":      {shapeWord, func(e *entry, v string) { e.rec.BasePath = v }},
	"customDomain.routingRuleIdMatched": {shapeName, func(e *entry, v string) { e.rec.RoutingRuleID = v }},

	"httpMethod":   {shapeMethod, func(e *entry, v string) { e.rec.Method = v }},
	"path":         {shapeWord, func(e *entry, v string) { e.path = v }},
	"resourcePath": {shapeWord, func(e *entry, v string) { e.resource = v }},
	"routeKey":     {shapeRoute, func(e *entry, v string) { e.rec.RouteKey = v }},
	"resourceId":   {shapeName, nil},
	"protocol":     {shapeProto, nil},
	"status":       {shapeStatus, func(e *entry, v string) { e.rec.Status = status([]byte(v)) }},

	"error.message":               {shapeMessage, func(e *entry, v string) { e.message = v }},
	"error.messageString":         {shapeMessage, func(e *entry, v string) { e.message = v }},
	"error.responseType":          {shapeCode, func(e *entry, v string) { e.rec.GatewayResponse = v }},
	"error.validationErrorString": {shapeMessage, func(e *entry, v string) { e.rec.Detail = v }},

	"responseLatency":                  {shapeNumber, nil},
	"timeToAllHeaders":                 {shapeNumber, nil},
	"timeToFirstContent":               {shapeNumber, nil},
	"integration.responseTransferMode": {shapeCode, nil},
	"integration.timeToAllHeaders":     {shapeNumber, nil},
	"integration.timeToFirstContent":   {shapeNumber, nil},
	"responseLength": {shapeNumber, func(e *entry, v string) {
		if n, err := strconv.Atoi(v); err == nil {
			e.rec.ResponseLength = &n
		}
	}},
	"dataProcessed": {shapeNumber, nil},
	"requestTime":   {shapeTime, setTime},
	"requestTimeEpoch": {shapeNumber, func(e *entry, v string) {
		if at := epoch(v); !at.IsZero() {
			e.rec.Time = at
		}
	}},

	// integration.status is what the function returned, the others are what the
	// service behind answered: the first outranks them.
	"integration.status":            {shapeStatus, func(e *entry, v string) { e.rec.IntegrationStatus = status([]byte(v)) }},
	"integration.integrationStatus": {shapeStatus, setServiceStatus},
	"integrationStatus":             {shapeStatus, setServiceStatus},
	"integration.latency":           {shapeNumber, setLatency},
	"integrationLatency":            {shapeNumber, setLatency},
	"integration.requestId":         {shapeID, func(e *entry, v string) { e.rec.LambdaRequestID = v }},
	"awsEndpointRequestId":          {shapeID, func(e *entry, v string) { e.rec.LambdaRequestID = v }},
	"awsEndpointRequestId2":         {shapeID, nil},
	"integration.error":             {shapeMessage, func(e *entry, v string) { e.integration = v }},
	"integrationErrorMessage":       {shapeMessage, func(e *entry, v string) { e.integration = v }},

	"authorizer.error":              {shapeMessage, func(e *entry, v string) { e.authorizer = v }},
	"authorize.error":               {shapeMessage, func(e *entry, v string) { e.authorizer = v }},
	"authenticate.error":            {shapeMessage, func(e *entry, v string) { e.authorizer = v }},
	"authorizer.status":             {shapeStatus, nil},
	"authorizer.integrationStatus":  {shapeStatus, nil},
	"authorizer.latency":            {shapeNumber, nil},
	"authorizer.integrationLatency": {shapeNumber, nil},
	"authorizer.requestId":          {shapeID, nil},
	"authorizer.principalId":        {shapeAny, nil},
	"authorize.latency":             {shapeNumber, nil},
	"authorize.status":              {shapeStatus, nil},
	"authenticate.latency":          {shapeNumber, nil},
	"authenticate.status":           {shapeStatus, nil},

	"waf.status":      {shapeStatus, func(e *entry, v string) { e.wafStatus = v }},
	"waf.error":       {shapeMessage, nil},
	"waf.latency":     {shapeNumber, nil},
	"wafResponseCode": {shapeCode, func(e *entry, v string) { e.rec.WAF = v }},
	"webaclArn":       {shapeWord, nil},
	"xrayTraceId":     {shapeTrace, setXRay},

	"identity.sourceIp":                      {shapeAddress, nil},
	"identity.userAgent":                     {shapeAny, nil},
	"identity.caller":                        {shapeWord, nil},
	"identity.user":                          {shapeWord, nil},
	"identity.userArn":                       {shapeWord, nil},
	"identity.accountId":                     {shapeName, nil},
	"identity.accessKey":                     {shapeName, nil},
	"identity.apiKey":                        {shapeWord, nil},
	"identity.apiKeyId":                      {shapeName, nil},
	"identity.principalOrgId":                {shapeName, nil},
	"identity.cognitoAuthenticationProvider": {shapeAny, nil},
	"identity.cognitoAuthenticationType":     {shapeCode, nil},
	"identity.cognitoIdentityId":             {shapeTrace, nil},
	"identity.cognitoIdentityPoolId":         {shapeTrace, nil},
	"identity.vpcId":                         {shapeName, nil},
	"identity.vpceId":                        {shapeName, nil},

	"identity.clientCert.clientCertPem":      {shapeAny, nil},
	"identity.clientCert.subjectDN":          {shapeAny, nil},
	"identity.clientCert.issuerDN":           {shapeAny, nil},
	"identity.clientCert.serialNumber":       {shapeTrace, nil},
	"identity.clientCert.validity.notBefore": {shapeTime, nil},
	"identity.clientCert.validity.notAfter":  {shapeTime, nil},

	"accountId":    {shapeName, nil},
	"endpointType": {shapeCode, nil},
	"version":      {shapeName, nil},
	"tlsVersion":   {shapeName, nil},
	"cipherSuite":  {shapeName, nil},
	"eventType":    {shapeCode, func(e *entry, _ string) { e.webSocket = true }},
	"connectionId": {shapeID, func(e *entry, _ string) { e.webSocket = true }},
}

// integrationCalls names the variables that print "-" where no integration was
// called.
var integrationCalls = map[string]bool{
	"integration.status": true, "integration.integrationStatus": true, "integrationStatus": true,
	"integration.latency": true, "integrationLatency": true,
	"integration.requestId": true, "awsEndpointRequestId": true,
}

// shapeOf returns the shape of a variable; that of an unknown one, such as an
// authorizer's context value, is anything.
func shapeOf(name string) shape {
	if v, known := variables[name]; known {
		return v.shape
	}
	return shapeAny
}

// apply takes one variable with its value.
func (e *entry) apply(name, value string) {
	missing := value == "-" || value == ""
	if integrationCalls[name] {
		e.refers = true
		if !missing {
			yes := true
			e.rec.IntegrationCalled = &yes
		}
	}
	if (name == "routeKey" || name == "resourcePath") && value == "-" {
		e.unrouted = true
	}
	if v := variables[name]; v.set != nil && !missing {
		v.set(e, value)
	}
}

// setRequestID takes the request id. Where a caller asked for one that is no
// UUID, the entry says so in place of it.
func setRequestID(e *entry, v string) {
	if id, replaced := strings.CutPrefix(v, "UUID_REPLACED_INVALID_REQUEST_ID"); !replaced {
		e.rec.RequestID = v
	} else if id = strings.TrimLeft(id, "_-/+="); looksLikeID([]byte(id)) {
		e.rec.RequestID = id
	}
}

func setCanary(e *entry, v string) {
	if is, err := strconv.ParseBool(v); err == nil {
		e.rec.Canary = &is
	}
}

func setServiceStatus(e *entry, v string) {
	if e.rec.IntegrationStatus == nil {
		e.rec.IntegrationStatus = status([]byte(v))
	}
}

func setLatency(e *entry, v string) {
	if ms, err := strconv.ParseFloat(v, 64); err == nil {
		e.rec.IntegrationLatencyMS = &ms
	}
}

// setTime reads $context.requestTime, unless the epoch was read, which is finer.
func setTime(e *entry, v string) {
	if at, err := time.Parse("02/Jan/2006:15:04:05 -0700", v); err == nil && e.rec.Time.IsZero() {
		e.rec.Time = at.UTC()
	}
}

// epoch reads $context.requestTimeEpoch: milliseconds for REST APIs, seconds for
// HTTP APIs. They differ by a factor of 1000, so the size tells them apart.
func epoch(v string) time.Time {
	const firstInMilliseconds = 100_000_000_000 // as seconds: the year 5138
	n, err := strconv.ParseInt(v, 10, 64)
	switch {
	case err != nil || n <= 0:
		return time.Time{}
	case n >= firstInMilliseconds:
		return time.UnixMilli(n).UTC()
	}
	return time.Unix(n, 0).UTC()
}

func setXRay(e *entry, v string) {
	r := request{}
	r.setTrace([]byte(v))
	e.rec.XRay = r.rec.XRay
}

// unquote takes the quotes off $context.error.messageString, and JSON escapes
// out of a value where they are some.
func unquote(value []byte) string {
	if len(value) >= 2 && value[0] == '"' && value[len(value)-1] == '"' {
		value = value[1 : len(value)-1]
	}
	if bytes.IndexByte(value, '\\') < 0 {
		return string(value)
	}
	if s, err := strconv.Unquote(`"` + strings.ReplaceAll(string(value), `\/`, `/`) + `"`); err == nil {
		return s
	}
	return string(value)
}
