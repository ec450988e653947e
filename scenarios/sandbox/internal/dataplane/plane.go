// Package dataplane answers requests as API Gateway does: it finds the API and
// stage of a host and path, draws the canary, runs the method's checks and its
// integration, and writes the logs.
package dataplane

import (
	"net/http"
	"sync"
	"time"

	"stageprobe/scenarios/sandbox/internal/cloud"
	"stageprobe/scenarios/sandbox/internal/cwl"
	"stageprobe/scenarios/sandbox/internal/moves"
	"stageprobe/scenarios/sandbox/internal/world"
)

// Plane is the data plane of a cloud.
type Plane struct {
	cloud *cloud.Cloud
	logs  *cwl.Store

	canary, spread, fate, ids, shape, front *dice // one stream of draws per use, so that one never shifts another

	tables sync.Map // *world.Definition → table

	mu       sync.Mutex
	buckets  map[string]*bucket
	used     map[string]int // quota used, by usage plan and key
	answers  map[string]cachedAnswer
	verdicts map[string]cachedVerdict
	failing  map[*world.Failing]bool // bursts: whether the backend is in one
	counter  int
	seed     uint64
	movers   map[*world.Backend]*moves.Mover
	copies   map[string]*copied // what CDNs in front of domains keep
}

// New makes the data plane of a cloud, everything random drawn from the seed.
func New(c *cloud.Cloud, logs *cwl.Store, seed uint64) *Plane {
	return &Plane{
		cloud: c, logs: logs,
		canary: newDice(seed, 1), spread: newDice(seed, 2), fate: newDice(seed, 3), ids: newDice(seed, 4), shape: newDice(seed, 5), front: newDice(seed, 6),
		buckets: map[string]*bucket{}, used: map[string]int{},
		answers: map[string]cachedAnswer{}, verdicts: map[string]cachedVerdict{}, failing: map[*world.Failing]bool{},
		seed: seed, movers: map[*world.Backend]*moves.Mover{}, copies: map[string]*copied{},
	}
}

// Handler answers requests that arrive at the n-th data-plane address, from 1.
func (p *Plane) Handler(address int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.cloud.CountRequest()
		x := p.receive(r, address)
		if f := frontOf(x); f != nil && f.answer(w) {
			return
		}
		x.handle()
		// The log is written before the answer, so that whoever has the answer
		// can find the log once the log service delivers it.
		x.log()
		x.write(w)
	})
}

// take takes one token from a named bucket.
func (p *Plane) take(name string, rate float64, burst int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	b := p.buckets[name]
	now := p.cloud.Now()
	if b == nil || b.rate != rate || b.burst != float64(burst) {
		b = &bucket{rate: rate, burst: float64(burst), level: float64(burst), last: now}
		p.buckets[name] = b
	}
	return b.take(now)
}

// bucket is a token bucket; a rate of 0 lets nothing through.
type bucket struct {
	rate, burst, level float64
	last               time.Time
}

func (b *bucket) take(now time.Time) bool {
	b.level = min(b.burst, b.level+b.rate*max(0, now.Sub(b.last).Seconds()))
	b.last = now
	if b.rate == 0 || b.level < 1 {
		return false
	}
	b.level--
	return true
}

// spend counts one request against a quota and tells whether it was left.
func (p *Plane) spend(name string, quota int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.used[name] >= quota {
		return false
	}
	p.used[name]++
	return true
}

func (p *Plane) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.counter++
	return p.counter
}
