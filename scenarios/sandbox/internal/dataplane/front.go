package dataplane

import (
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"stageprobe/scenarios/sandbox/internal/gwlog"
	"stageprobe/scenarios/sandbox/internal/world"
)

// copied is an answer as a CDN in front of a domain keeps it: with all headers that
// it had, the ids of the request that it answered among them.
type copied struct {
	header http.Header
	body   string
	at     time.Time
}

// front is the CDN that a request comes through.
type front struct {
	*exchange
	*world.Front
}

// frontOf is the CDN that a request comes through; nil where it comes through none.
func frontOf(x *exchange) *front {
	if x.at.domain == nil || x.at.domain.Front == nil {
		return nil
	}
	return &front{x, x.at.domain.Front}
}

// stage leads a share of the requests to the staging distribution's origin, as
// CloudFront's continuous deployment does.
func (f *front) stage() {
	if f.StagingPercent == 0 || f.plane.front.draw()*100 >= f.StagingPercent {
		return
	}
	id, stage, _ := strings.Cut(f.Staging, "/")
	f.at.api, f.at.stage = f.plane.cloud.APIs[id], stage
}

// answer answers with a kept copy, where there is one and the dice say so. The
// gateway then hears nothing of the request.
func (f *front) answer(w http.ResponseWriter) bool {
	if f.r.Method != http.MethodGet || f.plane.front.draw() >= f.Hits {
		return false
	}
	copied := f.kept()
	if copied == nil {
		return false
	}
	h := w.Header()
	maps.Copy(h, copied.header)
	f.edge(h)
	h["X-Cache"] = []string{"Hit from cloudfront"}
	h["Age"] = []string{strconv.Itoa(int(f.plane.cloud.Now().Sub(copied.at).Seconds()))}
	w.WriteHeader(http.StatusOK)
	_, _ = io.WriteString(w, copied.body)
	return true
}

// kept is the copy that answers a request; nil where there is none.
func (f *front) kept() *copied {
	if c := f.stored(); c != nil && f.plane.cloud.Now().Sub(c.at) < time.Duration(f.TTL) {
		return c
	}
	if f.Holds == "" {
		return nil
	}
	f.before()
	return f.stored()
}

func (f *front) stored() *copied {
	f.plane.mu.Lock()
	defer f.plane.mu.Unlock()
	return f.plane.copies[f.key()]
}

// before keeps a copy of what a deployment answered before the start.
func (f *front) before() {
	old := front{f.plane.receive(f.r, f.address), f.Front}
	old.deployment = old.api.Deployment(f.Holds)
	old.handle()
	h := http.Header{}
	head(old.exchange, h)
	old.store(h, f.plane.cloud.Now().Add(-time.Duration(f.TTL)/2))
}

func (f *front) key() string { return strings.ToLower(hostname(f.r.Host)) + f.r.URL.RequestURI() }

// keep keeps a good answer.
func (f *front) keep(h http.Header) { f.store(h, f.plane.cloud.Now()) }

// store keeps a good answer of a time, where no other is kept yet.
func (f *front) store(h http.Header, at time.Time) {
	if f.Hits == 0 || f.r.Method != http.MethodGet || f.out.status != http.StatusOK {
		return
	}
	p := f.plane
	p.mu.Lock()
	defer p.mu.Unlock()
	if c := p.copies[f.key()]; c == nil || p.cloud.Now().Sub(c.at) >= time.Duration(f.TTL) {
		p.copies[f.key()] = &copied{h.Clone(), f.out.body, at}
	}
}

// head fills in the headers of an answer that the gateway adds.
func head(x *exchange, h http.Header) {
	for _, p := range x.out.headers {
		// Names keep their case: HTTP/1.1 clients see them as API Gateway
		// writes them.
		h[p.Name] = append(h[p.Name], p.Value)
	}
	if !slices.ContainsFunc(x.out.headers, func(p gwlog.Pair) bool { return strings.EqualFold(p.Name, "Content-Type") }) {
		h["Content-Type"] = []string{"application/json"}
	}
	h.Set("Content-Length", strconv.Itoa(len(x.out.body)))
	if x.r.ProtoMajor == 1 {
		h["Connection"] = []string{"keep-alive"}
	}
	x.identity(h)
}
