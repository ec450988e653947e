package signature

import (
	"strings"
	"testing"
	"time"

	"stageprobe/probe"
)

const (
	invokeURL = "https://abcdefghij.execute-api.eu-west-1.amazonaws.com/prod/x"
	domainURL = "https://api.example.com/base/x"
)

// firstCause is the likeliest candidate; "" where there is none.
func firstCause(r Reading) string {
	if len(r.Candidates) == 0 {
		return ""
	}
	return r.Candidates[0].Cause
}

func TestFront(t *testing.T) {
	for header, want := range map[string]Front{
		"content-type: text/html":                          {},
		"x-amz-cf-id: a":                                   {CloudFront: true, Through: true},
		"x-amz-cf-pop: FRA56-P1":                           {CloudFront: true, Through: true},
		"via: 1.1 abc.cloudfront.net (CloudFront)":         {CloudFront: true, Through: true},
		"x-cache: Miss from cloudfront":                    {CloudFront: true, Through: true},
		"x-cache: Hit from cloudfront":                     {CloudFront: true, Through: true, Copy: true, Marked: true},
		"x-cache: RefreshHit from cloudfront":              {CloudFront: true, Through: true, Copy: true, Marked: true},
		"x-amz-cf-id: a|age: 30":                           {CloudFront: true, Through: true, Copy: true, Marked: true, Age: 30 * time.Second},
		"x-amz-cf-id: a|age: 0":                            {CloudFront: true, Through: true},
		"age: 30":                                          {Marked: true, Age: 30 * time.Second},
		"age: -30":                                         {},
		"age: 99999999999999999999":                        {},
		"x-cache: HIT":                                     {Marked: true},
		"cf-ray: 1-FRA":                                    {Through: true},
		"cf-ray: 1-FRA|cf-cache-status: HIT":               {Through: true, Marked: true},
		"cf-ray: 1-FRA|cf-cache-status: MISS":              {Through: true},
		"x-served-by: cache-fra-1":                         {Through: true},
		"x-akamai-request-id: a":                           {Through: true},
		"x-azure-ref: a":                                   {Through: true},
		"x-served-by: app-1|x-cache: MISS, MISS|age: none": {},
	} {
		h := headers(strings.Split(header, "|")...)
		if got := FrontOf(func(name string) string { return probe.HeaderValue(h, name) }); got != want {
			t.Errorf("%s: %+v, want %+v", header, got, want)
		}
	}
}

// A condition holds (1), is known not to (-1), or nothing is known of it (0).
func TestConditions(t *testing.T) {
	httpAPI := headers("apigw-requestid: UHxk9j4vIAMEUkQ=")
	for name, tt := range map[string]struct {
		c    condition
		a    Answer
		want int
	}{
		"OPTIONS":                          {onPreflight, Answer{Method: "OPTIONS"}, 1},
		"a preflight by another name":      {onPreflight, Answer{Preflight: true}, 1},
		"GET is no preflight":              {onPreflight, Answer{Method: "GET"}, -1},
		"POST":                             {withBody, Answer{Method: "POST"}, 1},
		"PUT":                              {withBody, Answer{Method: "PUT"}, 1},
		"PATCH":                            {withBody, Answer{Method: "PATCH"}, 1},
		"DELETE":                           {withBody, Answer{Method: "DELETE"}, -1},
		"DELETE with a body":               {withBody, Answer{Method: "DELETE", SentBody: true}, 1},
		"GET with a body":                  {getWithBody, Answer{Method: "GET", SentBody: true}, 1},
		"HEAD with a body":                 {getWithBody, Answer{Method: "HEAD", SentBody: true}, 1},
		"POST with a body":                 {getWithBody, Answer{Method: "POST", SentBody: true}, -1},
		"GET without":                      {getWithBody, Answer{Method: "GET"}, -1},
		"CloudFront, bad request":          {cloudFrontSaysBadRequest, Answer{Body: []byte("Bad request.")}, 1},
		"CloudFront, bad request, GET":     {cloudFrontSaysBadRequest, Answer{Body: []byte("Bad request."), Method: "GET"}, 1},
		"CloudFront, bad request, HEAD":    {cloudFrontSaysBadRequest, Answer{Body: []byte("Bad request."), Method: "HEAD"}, 1},
		"CloudFront, bad request, POST":    {cloudFrontSaysBadRequest, Answer{Body: []byte("Bad request."), Method: "POST"}, -1},
		"CloudFront, GET, body not kept":   {cloudFrontSaysBadRequest, Answer{Method: "GET"}, -1},
		"CloudFront, blocked":              {cloudFrontSaysBlocked, Answer{Body: []byte("<p>Request blocked.")}, 1},
		"CloudFront, country":              {cloudFrontSaysBlocked, Answer{Body: []byte("configured to block access from your country")}, 1},
		"CloudFront, blocked, not kept":    {cloudFrontSaysBlocked, Answer{}, -1},
		"CloudFront, method":               {cloudFrontSaysMethod, Answer{Body: []byte("not configured to allow the HTTP request method that was used")}, 1},
		"CloudFront, method, not kept":     {cloudFrontSaysMethod, Answer{}, -1},
		"CloudFront, origin":               {cloudFrontSaysOrigin, Answer{Body: []byte("CloudFront wasn't able to connect to the origin.")}, 1},
		"CloudFront, origin, not kept":     {cloudFrontSaysOrigin, Answer{}, -1},
		"words that are there":             {saysAnonymous, Answer{Body: []byte("User: anonymous is not")}, 1},
		"words that are not":               {saysAnonymous, Answer{Body: []byte("x")}, -1},
		"words that may be cut":            {saysAnonymous, Answer{Body: []byte("x"), BodyTruncated: true}, 0},
		"words of a body that is not kept": {saysAnonymous, Answer{}, 0},
		"stage handed on, perhaps":         {mayHandPrefixOn, Answer{Status: 404, URL: invokeURL, Header: httpAPI}, 1},
		"a success knows its path":         {mayHandPrefixOn, Answer{Status: 200, URL: invokeURL, Header: httpAPI}, -1},
		"REST hands no stage on":           {mayHandPrefixOn, Answer{Status: 404, URL: invokeURL, Header: restHeaders()}, -1},
		"a domain hides it":                {mayHandPrefixOn, Answer{Status: 404, URL: domainURL, Header: httpAPI}, -1},
		"the stage alone":                  {mayHandPrefixOn, Answer{Status: 404, URL: strings.TrimSuffix(invokeURL, "/x"), Header: httpAPI}, -1},
		"stage quoted by an application":   {prefixHandedOn, Answer{Status: 404, URL: invokeURL, Header: httpAPI, Body: []byte("Cannot GET /prod/x")}, 1},
		"base path quoted":                 {prefixHandedOn, Answer{Status: 404, URL: domainURL, Header: restHeaders(), Body: []byte("Cannot GET /BASE/x")}, 1},
		"a route without either":           {prefixHandedOn, Answer{Status: 404, URL: domainURL, Header: restHeaders(), Body: []byte("Cannot GET /x")}, -1},
		"a path that the route is":         {prefixHandedOn, Answer{Status: 200, URL: domainURL, Header: restHeaders(), Body: []byte("/base/x")}, -1},
		"REST, no stage to quote":          {prefixHandedOn, Answer{Status: 404, URL: invokeURL, Header: restHeaders(), Body: []byte("Cannot GET /prod/x")}, -1},
		"a domain's root":                  {prefixHandedOn, Answer{Status: 404, URL: "https://api.example.com/", Body: []byte("Cannot GET /")}, -1},
	} {
		if got := (candidacy{examine(tt.a)}).holds(tt.c); got != tt.want {
			t.Errorf("%s: %d, want %d", name, got, tt.want)
		}
	}
	// Without a request at hand, what only a certain request brings is not offered.
	for _, c := range CausesOf("MISSING_AUTHENTICATION_TOKEN") {
		if c.Cause == "preflight-unrouted" || c.Cause == "malformed-url" {
			t.Errorf("%s is offered", c.Cause)
		}
	}
}

func TestOddURLs(t *testing.T) {
	for path, want := range map[string]string{
		"": "", "/": "", "/prod/orders/7": "", "/prod/a%20b": "", "/prod/null-island": "", "/prod/a%2Fb": "",
		"/prod//orders":        "a doubled slash",
		"/prod/undefined/x":    "the segment undefined is a placeholder",
		"/prod/%7Bid%7D":       "the segment {id} is a placeholder",
		"/prod/:id":            "the segment :id is a placeholder",
		"/prod/orders%20":      "a blank or a line end",
		"/prod/orders%0A":      "a blank or a line end",
		"/prod/orders%3Fq=1":   "an escaped ? or #",
		"/prod/https:%2F%2Fab": "a whole URL",
	} {
		odd := candidacy{examine(Answer{URL: "https://api.example.com" + path})}.oddness()
		if !strings.HasPrefix(odd, want) || want == "" && odd != "" {
			t.Errorf("%s: %q, want %q", path, odd, want)
		}
	}
}

// The two gateways of a nested call are told apart by their ids, of whichever kind each is.
func TestGateways(t *testing.T) {
	for name, tt := range map[string]struct {
		header        []probe.Header
		front, behind string
	}{
		"one REST API":           {headers("x-amzn-requestid: a", "x-amz-apigw-id: x"), "", ""},
		"one HTTP API":           {headers("apigw-requestid: a="), "", ""},
		"no gateway":             {headers("server: nginx"), "", ""},
		"REST behind REST":       {headers("x-amzn-requestid: a", "x-amzn-remapped-x-amzn-requestid: b"), "a", "b"},
		"two headers of a name":  {headers("x-amzn-requestid: a", "x-amzn-requestid: b"), "a", "b"},
		"one id twice":           {headers("x-amzn-requestid: a", "x-amzn-requestid: a"), "", ""},
		"one id renamed":         {headers("x-amzn-requestid: a", "x-amzn-remapped-x-amzn-requestid: a"), "", ""},
		"HTTP API behind REST":   {headers("x-amzn-requestid: a", "x-amz-apigw-id: x", "apigw-requestid: b="), "a", "b="},
		"a renamed id alone":     {headers("x-amzn-remapped-x-amzn-requestid: b"), "", ""},
		"an id that was crossed": {headers("x-amzn-requestid: a", "x-amzn-remapped-x-amzn-requestid: <uuid>"), "", ""},
	} {
		if front, behind := Gateways(tt.header); front != tt.front || behind != tt.behind {
			t.Errorf("%s: %q and %q", name, front, behind)
		}
	}
	for header, want := range map[string]bool{"x-amzn-remapped-x-amzn-requestid: 11efdbb6": true, "x-amzn-remapped-date: x": false} {
		r := Read(Answer{Status: 200, Body: []byte(`{"message":"Forbidden"}`), Header: restHeaders(header)})
		if firstCause(r) != "nested-gateway" || strings.Contains(r.Candidates[0].Why, "11efdbb6: each stands in its own") != want || strings.Contains(r.Candidates[0].Why, "request id of the gateway in front") != want {
			t.Errorf("%s: %+v", header, r.Candidates)
		}
	}
}

func TestNoAnswer(t *testing.T) {
	const dotted = "https://www.abcdefghij.execute-api.eu-west-1.amazonaws.com/prod"
	const own = "*.execute-api.eu-west-1.amazonaws.com"
	for name, tt := range map[string]struct {
		a    Answer
		want string
	}{
		"TLS":                             {Answer{Outcome: probe.OutcomeTLS, URL: domainURL}, "tls-failure"},
		"TLS, a label too many":           {Answer{Outcome: probe.OutcomeTLS, URL: dotted, Certificate: own}, "malformed-url"},
		"DNS, a label too many":           {Answer{Outcome: probe.OutcomeDNS, URL: dotted}, "malformed-url"},
		"DNS":                             {Answer{Outcome: probe.OutcomeDNS, URL: invokeURL}, "no-such-host"},
		"timeout, a label too many":       {Answer{Outcome: probe.OutcomeTimeout, URL: dotted}, "client-timeout"},
		"the gateway's certificate":       {Answer{Outcome: probe.OutcomeTLS, URL: domainURL, Certificate: own}, "domain-not-configured"},
		"it is right at an invoke URL":    {Answer{Outcome: probe.OutcomeTLS, URL: invokeURL, Certificate: own}, "tls-failure"},
		"refused, whatever was named":     {Answer{Outcome: probe.OutcomeRefused, URL: domainURL, Certificate: own, Misnamed: true, Cut: true, Unconnected: true}, "connection-refused"},
		"of other names":                  {Answer{Outcome: probe.OutcomeTLS, URL: domainURL, Misnamed: true}, "other-certificate"},
		"reset":                           {Answer{Outcome: probe.OutcomeReset}, "connection-reset"},
		"reset after the beginning":       {Answer{Outcome: probe.OutcomeReset, Cut: true}, "answer-cut"},
		"timeout":                         {Answer{Outcome: probe.OutcomeTimeout}, "client-timeout"},
		"timeout before the connection":   {Answer{Outcome: probe.OutcomeTimeout, Unconnected: true}, "connect-timeout"},
		"this machine":                    {Answer{Outcome: probe.OutcomeLocal}, "own-fault"},
		"a response that is not an error": {Answer{Outcome: probe.OutcomeResponse, Status: 200, Header: restHeaders()}, ""},
	} {
		r := Read(tt.a)
		if firstCause(r) != tt.want || (r.Producer == Network) != (tt.want != "") {
			t.Errorf("%s: %s %+v, want %s", name, r.Producer, r.Candidates, tt.want)
		}
	}
}

// What the body of an answer states of its place comes before what was asked, and counts
// only where the gateway wrote it.
func TestPlaceInCustomisedBodies(t *testing.T) {
	missing := "x-amzn-errortype: MissingAuthenticationTokenException"
	for name, tt := range map[string]struct {
		header, body, url string
		api, stage, path  string
	}{
		"refused, with its stage":          {"x-amzn-errortype: ForbiddenException", `{"message":"Forbidden","stage":"live"}`, "", "", "live", ""},
		"a service's error":                {"x-amzn-errortype: ValidationException", `{"message":"no","stage":"live"}`, "", "", "", ""},
		"an application's body":            {"x-powered-by: Express", `{"message":"no","stage":"live"}`, "", "", "", ""},
		"path with the stage first":        {missing, `{"message":"Missing Authentication Token","path":"/live/a/b","status":"1"}`, "", "", "live", "/a/b"},
		"path of a stage that is named":    {missing, `{"stage":"live","path":"/live/a","status":"1"}`, "", "", "live", "/a"},
		"path of another's mapping":        {missing, `{"stage":"live","path":"/base/a","status":"1"}`, "", "", "live", ""},
		"path that may be cut":             {missing, `{"stage":"live","path":"/live/a`, "", "", "live", ""},
		"a path of one segment":            {missing, `{"path":"/live","status":"1"}`, "", "", "", ""},
		"resource before path":             {missing, `{"stage":"live","resourcePath":"/{id}","path":"/live/7","status":"1"}`, "", "", "live", "/{id}"},
		"the API that was asked":           {missing, `{"apiId":"abcdefghij"}`, invokeURL, "abcdefghij", "prod", "/x"},
		"another API than was asked":       {missing, `{"apiId":"zzzzzzzzz1"}`, invokeURL, "zzzzzzzzz1", "", ""},
		"an API behind a domain":           {missing, `{"apiId":"zzzzzzzzz1"}`, domainURL, "zzzzzzzzz1", "", ""},
		"a stage that is not the asked":    {missing, `{"stage":"live"}`, invokeURL, "abcdefghij", "live", ""},
		"asked alone":                      {missing, `{"message":"Missing Authentication Token"}`, invokeURL, "abcdefghij", "prod", "/x"},
		"asked at an endpoint's own name":  {missing, `{}`, "https://vpce-0a1b-2c3d.execute-api.eu-west-1.vpce.amazonaws.com/prod/x", "", "prod", "/x"},
		"asked at a domain":                {missing, `{}`, domainURL, "", "", ""},
		"keys without quotes, one line":    {missing, "{\n  message: \"Missing Authentication Token\",\n  stage: live }", "", "", "live", ""},
		"a resource with braces, unquoted": {missing, "{\n  stage: live,\n  resourcePath: /a/{id}\n}", "", "", "live", "/a/{id}"},
	} {
		r := Read(Answer{Status: 403, Body: []byte(tt.body), URL: tt.url, Header: restHeaders(tt.header)})
		if r.APIID != tt.api || r.Stage != tt.stage || r.ResourcePath != tt.path {
			t.Errorf("%s: API %q, stage %q, path %q", name, r.APIID, r.Stage, r.ResourcePath)
		}
	}
}

// A body that was not kept is named by its announced length, where status and error type fit.
func TestMessageByLength(t *testing.T) {
	for name, tt := range map[string]struct {
		status  int
		header  []probe.Header
		message string
	}{
		"compact":                     {403, restHeaders("content-length: 23", "x-amzn-errortype: ForbiddenException"), "Forbidden"},
		"status not known":            {0, restHeaders("content-length: 23", "x-amzn-errortype: ForbiddenException"), "Forbidden"},
		"another status":              {418, restHeaders("content-length: 23", "x-amzn-errortype: ForbiddenException"), ""},
		"another error type":          {403, restHeaders("content-length: 23", "x-amzn-errortype: UnauthorizedException"), ""},
		"no error type, HTTP API":     {403, headers("apigw-requestid: a=", "content-length: 23"), "Forbidden"},
		"spaced":                      {500, restHeaders("content-length: 36", "x-amzn-errortype: InternalServerErrorException"), "Internal server error"},
		"one byte short":              {500, restHeaders("content-length: 34", "x-amzn-errortype: InternalServerErrorException"), ""},
		"400 is no success":           {400, restHeaders("content-length: 35", "x-amzn-errortype: BadRequestException"), "Invalid request body"},
		"a success":                   {399, restHeaders("content-length: 35", "x-amzn-errortype: BadRequestException"), ""},
		"a length of compressed text": {403, restHeaders("content-length: 23", "content-encoding: gzip", "x-amzn-errortype: ForbiddenException"), ""},
	} {
		if r := Read(Answer{Status: tt.status, Header: tt.header}); r.Message != tt.message {
			t.Errorf("%s: %q", name, r.Message)
		}
	}
	// {"message":null} has an error type's authority alone.
	for errorType, want := range map[string]string{"x-amzn-errortype: InternalServerErrorException": "AUTHORIZER_CONFIGURATION_ERROR", "x-any: x": ""} {
		if r := Read(Answer{Status: 500, Header: restHeaders("content-length: 16", errorType)}); r.GatewayResponse != want {
			t.Errorf("%s: %+v", errorType, r)
		}
	}
}

func TestLayout(t *testing.T) {
	for name, tt := range map[string]struct {
		body   string
		header []probe.Header
		want   layout
	}{
		"compressed on the way":         {`{"message":"Forbidden"}`, headers("content-length: 40", "content-encoding: gzip"), compact},
		"printed prettily":              {"{\n \"message\": \"Forbidden\"\n}", nil, layoutUnknown},
		"a line before it":              {"\n{\"message\": \"Forbidden\"}", nil, layoutUnknown},
		"more lines, of a body of more": {"{\"message\":\"Forbidden\",\n\"a\":1}", nil, compact},
		"an announced length":           {"{\n \"message\": \"Forbidden\"\n}", headers("content-length: 24"), spaced},
		"a length of something else":    {"{\n \"message\": \"Forbidden\"\n}", headers("content-length: 25"), layoutUnknown},
	} {
		if e := examine(Answer{Status: 403, Body: []byte(tt.body), Header: tt.header}); e.spaced != tt.want {
			t.Errorf("%s: %d", name, e.spaced)
		}
	}
}

// The id of API Gateway decides; where it is missing, what is left of the answer does.
func TestWhoElseAnswered(t *testing.T) {
	const id, dated = "x-amzn-requestid: 2b9c8640-30be", "date: Tue, 20 May 2025 02:46:41 GMT"
	urlLike := func(date string) []probe.Header {
		return headers(id, "x-amzn-trace-id: Root=1-a", "content-type: text/html", date)
	}
	for name, tt := range map[string]struct {
		a     Answer
		want  string
		cause string
	}{
		"Fastly":                          {Answer{Status: 200, Header: headers("x-served-by: cache-1")}, "Fastly", "not-api-gateway"},
		"a REST API of 2017 behind it":    {Answer{Status: 200, Header: headers("x-served-by: cache-1", id)}, "", ""},
		"a server with a gateway's id":    {Answer{Status: 200, Header: headers("server: nginx", id)}, "an nginx server", "not-api-gateway"},
		"the same, known to be an API":    {Answer{Status: 200, APIKind: probe.REST, Header: headers("server: nginx", id)}, "", ""},
		"an API's name, and no id":        {Answer{Status: 200, APIKind: probe.REST, Header: headers("server: nginx")}, "an nginx server", "not-api-gateway"},
		"a page alone":                    {Answer{Status: 502, Body: []byte("<center>nginx</center>")}, "an nginx server", "application-error"},
		"a page with headers":             {Answer{Status: 502, Body: []byte("<center>nginx</center>"), Header: headers(dated)}, "", "not-api-gateway"},
		"AppSync":                         {Answer{Status: 401, Body: []byte(`{"errors":[]}`), Header: headers(id, dated, "x-amzn-errortype: UnauthorizedException")}, "an AWS service endpoint", "not-api-gateway"},
		"errors in a customised body":     {Answer{Status: 400, Body: []byte(`{"errors":[]}`), Header: headers(id, dated, "x-amzn-errortype: BadRequestException")}, "", "missing-parameters"},
		"a function URL's refusal":        {Answer{Status: 403, Body: []byte(`{"Message":"Forbidden"}`), Header: headers("x-amzn-errortype: AccessDeniedException")}, "a Lambda function URL", "function-url"},
		"a gateway's small m":             {Answer{Status: 403, Body: []byte(`{"message":"Forbidden"}`), Header: headers("x-amzn-errortype: AccessDeniedException")}, "", "authorizer-deny"},
		"a capital M in other words":      {Answer{Status: 403, Body: []byte(`{"Message":"User: anonymous is not authorized to perform: execute-api:Invoke"}`), Header: headers("x-amzn-errortype: AccessDeniedException")}, "", "resource-policy"},
		"another type":                    {Answer{Status: 403, Body: []byte(`{"Message":"Forbidden"}`), Header: headers("x-amzn-errortype: ForbiddenException")}, "", "no-such-stage"},
		"a function URL's answer":         {Answer{Status: 200, Header: urlLike("date: Tue, 01 Jan 2019 00:00:00 GMT")}, "a Lambda function URL", "function-url"},
		"a REST API's, of 2018":           {Answer{Status: 200, Header: urlLike("date: Mon, 31 Dec 2018 23:59:59 GMT")}, "", ""},
		"a web ACL's challenge, anywhere": {Answer{Status: 202, URL: domainURL, Header: headers("x-amzn-waf-action: challenge")}, "AWS WAF", "waf-block"},
		"a web ACL's, with an id":         {Answer{Status: 202, URL: domainURL, Header: headers("x-amzn-waf-action: challenge", id)}, "", "waf-block"},
	} {
		if r := Read(tt.a); r.NotAPIGateway != tt.want || firstCause(r) != tt.cause {
			t.Errorf("%s: %q, %+v", name, r.NotAPIGateway, r.Candidates)
		}
	}
}

func TestReadWithoutErrorType(t *testing.T) {
	http := headers("apigw-requestid: a=")
	cut := restHeaders()[:2]
	for name, tt := range map[string]struct {
		a     Answer
		by    Producer
		cause string
	}{
		"400 is no success":               {Answer{Status: 400, Body: []byte(`{"message": "Invalid request body"}`)}, Gateway, "invalid-body"},
		"null, of a REST API":             {Answer{Status: 500, Body: []byte(`{"message":null}`), Header: restHeaders()}, "", "authorizer-not-invocable"},
		"null alone":                      {Answer{Body: []byte(`{"message":null}`)}, "", "authorizer-not-invocable"},
		"null with another status":        {Answer{Status: 502, Body: []byte(`{"message":null}`), Header: restHeaders()}, Integration, "application-error"},
		"null of an HTTP API":             {Answer{Status: 500, Body: []byte(`{"message":null}`), Header: http}, Integration, "application-error"},
		"nothing but a status":            {Answer{Status: 413}, "", "request-too-large"},
		"an application's body alone":     {Answer{Status: 404, Body: []byte("no")}, "", "not-api-gateway"},
		"the same from an invoke URL":     {Answer{Status: 404, Body: []byte("no"), URL: invokeURL}, "", "application-error"},
		"the same of a known API":         {Answer{Status: 404, Body: []byte("no"), APIKind: probe.REST}, Integration, "application-error"},
		"headers without an id":           {Answer{Status: 404, Body: []byte("no"), Header: cut}, "", "not-api-gateway"},
		"an id without a kind":            {Answer{Status: 404, Body: []byte("no"), Header: append(cut[:2:2], headers("x-amzn-requestid: a")...)}, Integration, "application-error"},
		"general words alone":             {Answer{Body: []byte(`{"message":"Too Many Requests"}`)}, "", "usage-plan-throttle"},
		"general words with headers":      {Answer{Body: []byte(`{"message":"Too Many Requests"}`), Header: restHeaders()}, Gateway, "usage-plan-throttle"},
		"a success":                       {Answer{Status: 200, Header: restHeaders()}, Integration, ""},
		"a success without an id":         {Answer{Status: 200, Header: cut}, "", ""},
		"an error inside":                 {Answer{Status: 200, Body: []byte(`{"errorMessage":"x","errorType":"Error"}`), Header: restHeaders()}, Integration, "error-in-body"},
		"an error inside, of whomever":    {Answer{Status: 200, Body: []byte(`{"errorMessage":"x","errorType":"Error"}`)}, "", ""},
		"an error inside, of an API":      {Answer{Status: 200, Body: []byte(`{"errorMessage":"x","errorType":"Error"}`), URL: invokeURL}, "", "error-in-body"},
		"blocked by a browser":            {Answer{Blocked: true, Preflight: true}, "", "preflight-guarded"},
		"blocked, and copied elsewhere":   {Answer{Blocked: true, Status: 200, Header: restHeaders()}, Integration, ""},
		"the wording settles it":          {Answer{Status: 403, Body: []byte(`{"message":"Missing Authentication Token","type":"THROTTLED"}`), Header: restHeaders("x-amzn-errortype: MissingAuthenticationTokenException")}, Gateway, "unmatched-route"},
		"a wording that leaves it open":   {Answer{Status: 403, Body: []byte(`{"message":"Forbidden","type":"WAF_FILTERED"}`), Header: restHeaders("x-amzn-errortype: ForbiddenException")}, Gateway, "waf-block"},
		"a service's words of its reason": {Answer{Status: 400, Body: []byte(`{"message":"The parameter is fine"}`), Header: restHeaders("x-amzn-errortype: ValidationException")}, Integration, "service-error"},
	} {
		if r := Read(tt.a); r.Producer != tt.by || firstCause(r) != tt.cause {
			t.Errorf("%s: %q, %+v", name, r.Producer, r.Candidates)
		}
	}
}
