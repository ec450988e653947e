package dataplane

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"stageprobe/scenarios/sandbox/internal/cloud"
	"stageprobe/scenarios/sandbox/internal/gwlog"
	"stageprobe/scenarios/sandbox/internal/world"
)

// exchange is one request on its way through the gateway.
type exchange struct {
	plane   *Plane
	r       *http.Request
	address int
	body    []byte
	tooBig  bool

	at         place
	api        cloud.API    // a copy, whole without the lock; its id is "" where there is none
	stage      *cloud.Stage // nil where there is none
	deployment *cloud.Deployment
	canary     bool
	vars       map[string]string
	entry      entry

	call   gwlog.Call
	out    answer
	traced bool // the answer carries a trace id
}

// answer is what the caller gets.
type answer struct {
	status  int
	headers []gwlog.Pair
	body    string
	pieces  pieces
}

// maxRequest is the payload limit of API Gateway: 10 MB.
const maxRequest = 10 << 20

// receive takes a request in: ids, place, stage and canary.
func (p *Plane) receive(r *http.Request, address int) *exchange {
	body, _ := io.ReadAll(io.LimitReader(r.Body, maxRequest+1))
	x := &exchange{plane: p, r: r, address: address, body: body, tooBig: len(body) > maxRequest}
	x.identify()
	p.cloud.RLock()
	defer p.cloud.RUnlock()
	x.at = p.locate(r)
	if f := frontOf(x); f != nil {
		f.stage()
	}
	if x.at.api != nil {
		x.api = *x.at.api
		x.choose()
	}
	x.describe()
	return x
}

// identify adopts the caller's request id where it is a UUID, as REST APIs do.
func (x *exchange) identify() {
	p := x.plane
	now := p.cloud.Now()
	x.call.Started = now
	x.call.RequestID = p.ids.uuid()
	if id, err := uuid.Parse(x.r.Header.Get("x-amzn-RequestId")); err == nil {
		x.call.RequestID = id.String()
	}
	x.call.ExtendedRequestID = p.ids.extended()
	x.call.TraceID = fmt.Sprintf("Root=1-%08x-%s", now.Unix(), p.ids.hex(12))
}

// choose finds the stage and, where it has a canary, draws which of the two
// answers. The draw is per request and knows nothing of the connection.
func (x *exchange) choose() {
	name := x.stageName()
	current := x.at.api.Stages[name]
	if current == nil {
		return
	}
	p := x.plane
	x.stage = p.cloud.Settled(current, p.spread.draw())
	id := x.stage.DeploymentID
	if c := x.stage.Canary; c != nil {
		x.canary = p.canary.draw()*100 < c.Percent
		if x.canary {
			id = c.Deployment
		}
	}
	x.vars = cloud.Merged(x.stage, x.canary)
	if over := x.override(); over != nil {
		if over.Deployment != "" {
			id = over.Deployment
		}
		x.vars = merge(x.vars, over.Variables)
	}
	x.deployment = x.at.api.Deployment(id)
}

// override is what the second data-plane address does differently.
func (x *exchange) override() *world.AddressOverride {
	if x.address < 2 {
		return nil
	}
	for _, o := range x.plane.cloud.World.ByAddress {
		if o.Stage == x.api.ID+"/"+x.stage.Name {
			return o
		}
	}
	return nil
}

// stageName takes the stage off the path where the address does not fix it.
func (x *exchange) stageName() string {
	if x.at.stage != "" {
		return x.at.stage
	}
	segment, tail := first(x.at.path)
	if x.api.Kind == "REST" {
		x.at.path = tail
		return segment
	}
	if x.at.api.Stages[segment] != nil {
		x.at.path = tail
		return segment
	}
	return "$default"
}

// describe fills what the logs say of every request.
func (x *exchange) describe() {
	c := &x.call
	p := x.plane
	c.APIID, c.Account, c.Region = x.api.ID, p.cloud.Account, p.cloud.Region
	c.EndpointType = x.endpoint()
	c.Kind = gwlog.REST
	if x.api.Kind == "HTTP" {
		c.Kind, c.RequestID = gwlog.HTTP, c.ExtendedRequestID
	}
	if x.stage != nil {
		c.Stage = x.stage.Name
		c.Canary, c.CanaryConfigured = x.canary, x.stage.Canary != nil
	}
	if x.deployment != nil {
		c.DeploymentID = x.deployment.ID
	}
	c.StageVariables = x.vars
	c.Domain = hostname(x.r.Host)
	if x.at.domain != nil {
		c.BasePath = x.at.basePath
	}
	c.Method, c.Path = x.r.Method, clean(x.at.basePath, x.at.path)
	c.Query = gwlog.Pairs(x.r.URL.Query())
	c.Body = string(x.body)
	c.Protocol, c.UserAgent = x.r.Proto, x.r.UserAgent()
	c.SourceIP, _, _ = net.SplitHostPort(x.r.RemoteAddr)
	c.Headers = x.forwarded()
}

// forwarded are the request's headers as the gateway passes them on.
func (x *exchange) forwarded() []gwlog.Pair {
	h := x.r.Header.Clone()
	h.Set("Host", x.r.Host)
	h.Set("X-Amzn-Trace-Id", x.call.TraceID)
	h.Set("X-Forwarded-For", x.call.SourceIP)
	h.Set("X-Forwarded-Port", "443")
	h.Set("X-Forwarded-Proto", "https")
	return gwlog.Headers(h)
}

// endpoint is the endpoint type that the address belongs to: a domain has its
// own.
func (x *exchange) endpoint() string {
	if x.at.domain != nil {
		return x.at.domain.Endpoint
	}
	return x.api.Endpoint
}

// handle produces the answer.
func (x *exchange) handle() {
	switch {
	case x.at.health:
		x.out = answer{status: http.StatusOK, headers: []gwlog.Pair{{Name: "Content-Type", Value: "text/plain"}}, body: "healthy"}
	case x.api.Kind == "HTTP":
		httpFlow{x}.handleHTTP()
	default:
		restFlow{x}.handleREST()
	}
	c := &x.call
	c.Finished = x.plane.cloud.Now()
	c.Response.Status, c.Response.Headers = x.out.status, x.out.headers
	c.Response.Body, c.Response.Length = x.out.body, len(x.out.body)
}

// write sends the answer with the headers that the gateway adds.
func (x *exchange) write(w http.ResponseWriter) {
	h := w.Header()
	head(x, h)
	if f := frontOf(x); f != nil {
		x.edge(h)
		f.keep(h)
	}
	if x.out.pieces.n > 0 && x.r.Method != http.MethodHead {
		h.Del("Content-Length")
		w.WriteHeader(x.out.status)
		x.stream(w)
		return
	}
	w.WriteHeader(x.out.status)
	if x.r.Method != http.MethodHead {
		_, _ = io.WriteString(w, x.out.body)
	}
}

// identity adds the ids by which the logs know the request.
func (x *exchange) identity(h http.Header) {
	c := &x.call
	if x.api.Kind == "HTTP" {
		h["apigw-requestid"] = []string{c.ExtendedRequestID}
		return
	}
	h["x-amzn-RequestId"] = []string{c.RequestID}
	h["x-amz-apigw-id"] = []string{c.ExtendedRequestID}
	if x.traced {
		h["X-Amzn-Trace-Id"] = []string{c.TraceID}
	}
	if x.endpoint() == "EDGE" {
		x.edge(h)
	}
}

// edge adds what CloudFront does.
func (x *exchange) edge(h http.Header) {
	ids := x.plane.ids
	verdict := "Miss from cloudfront"
	if x.out.status >= 400 {
		verdict = "Error from cloudfront"
	}
	h["X-Cache"] = []string{verdict}
	h["Via"] = []string{"1.1 " + ids.hex(16) + ".cloudfront.net (CloudFront)"}
	h["X-Amz-Cf-Pop"] = []string{"FRA6-C1"}
	h["X-Amz-Cf-Id"] = []string{strings.TrimRight(ids.extended()+ids.extended()+ids.extended(), "=") + "=="}
}

// resolve puts stage variables into a text.
func (x *exchange) resolve(text string) string {
	for {
		start := strings.Index(text, "${stageVariables.")
		if start < 0 {
			return text
		}
		end := strings.IndexByte(text[start:], '}')
		if end < 0 {
			return text
		}
		name := text[start+len("${stageVariables.") : start+end]
		text = text[:start] + x.vars[name] + text[start+end+1:]
	}
}

// wait lets a latency pass unless the caller goes away.
func (x *exchange) wait(d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-x.r.Context().Done():
	}
}

func merge(base, over map[string]string) map[string]string {
	out := make(map[string]string, len(base)+len(over))
	for k, v := range base {
		out[k] = v
	}
	for k, v := range over {
		out[k] = v
	}
	return out
}

// by makes a step of a method of a part of the exchange.
func by[Part ~struct{ *exchange }](step func(Part) *refusal) func(*exchange) *refusal {
	return func(x *exchange) *refusal { return step(Part{x}) }
}
