package probe

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"
)

// pool holds the connections of a run. Which one carries a request is drawn
// per request (slot, fresh or not), and so is the address that a new one goes
// to: both are factors that verdicts are later tested against.
type pool struct {
	ctx       context.Context // ends with the run
	transport *Transport
	plan      *Plan
	now       func() time.Time // of the run
	ids       atomic.Int64

	mu     sync.Mutex
	hosts  map[hostKey]*host
	closed bool
}

// host is one name and port with its slots.
type host struct {
	key      hostKey
	resolve  singleflight.Group
	addrs    []netip.AddrPort
	resolved time.Time
	slots    []slot

	only2  bool // speaks HTTP/2 alone
	noALPN bool // agrees on nothing, and speaks HTTP/1.1
}

// slot holds the connections that one drawn number stands for: one, and more
// where HTTP/1.1 has had them busy at the same time.
type slot struct{ conns []*conn }

func newPool(ctx context.Context, t *Transport, p *Plan, now func() time.Time) *pool {
	return &pool{ctx: ctx, transport: t, plan: p, now: now, hosts: map[hostKey]*host{}}
}

// lease is a connection as it is handed to one request.
type lease struct {
	*conn
	nth  int           // request on it, from 1
	idle time.Duration // how long it was unused before
}

// get returns a connection for one request: a pooled one of the drawn slot, or
// a new one where a fresh one was drawn or the slot has none to offer. The
// address that a new one was going to is told even where that failed.
func (p *pool) get(f *form, d draw, now, deadline time.Time) (l lease, addr string, err error) {
	fresh := p.transport.isFresh(d.fresh)
	at := int(d.slot % uint64(p.plan.Slots))
	if !fresh {
		if l, ok := p.pooled(f.host, at, now); ok {
			return l, l.remote, nil
		}
	}
	ctx, cancel := context.WithDeadline(p.ctx, deadline)
	defer cancel()
	addrs, err := p.addresses(ctx, f.host)
	if err != nil {
		return lease{}, "", err
	}
	to := addrs[d.addr%uint64(len(addrs))]
	c, err := p.dial(ctx, f.host, to, p.protos(d.version))
	if err == nil {
		err = c.start(p, deadline)
	}
	if err != nil {
		if !to.IsValid() { // of a proxy's choice
			return lease{}, "", err
		}
		return lease{}, to.String(), err
	}
	c.id, c.host, c.slot = int(p.ids.Add(1)), f.host, at
	return lease{conn: c, nth: 1}, c.remote, p.keep(c, fresh)
}

// protos is the ALPN offer: HTTP/1.1 alone on half of the connections, unless
// the plan asks for one version. HTTP/1.1 is always offered; what was agreed
// stands in the observation.
func (p *pool) protos(draw float64) []string {
	if p.plan.HTTP == "1.1" || p.plan.HTTP == "" && draw < 0.5 {
		return []string{"http/1.1"}
	}
	return bothVersions
}

var bothVersions = []string{"h2", "http/1.1"}

// dial opens a connection with an ALPN offer. A server that leaves HTTP/1.1
// alone unanswered, or refuses it, knows no ALPN or speaks HTTP/2 alone; an
// offer of both tells which. Without it, what a server does not speak would
// pass for requests that fail.
func (p *pool) dial(ctx context.Context, h *host, to netip.AddrPort, offer []string) (*conn, error) {
	p.mu.Lock()
	only2, asked := h.only2, h.only2 || h.noALPN
	p.mu.Unlock()
	if only2 && p.plan.HTTP == "" {
		offer = bothVersions
	}
	c, err := p.transport.dial(ctx, h.key, to, offer)
	answered := err == nil && (c.alpn != "" || !h.key.tls)
	if asked || answered || len(offer) > 1 || p.plan.HTTP != "" || err != nil && !refusesOffer(err) {
		return c, err
	}
	again, errAgain := p.transport.dial(ctx, h.key, to, bothVersions)
	if errAgain != nil {
		return c, err
	}
	if c != nil {
		c.close()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	h.only2, h.noALPN = again.alpn == "h2", again.alpn == ""
	return again, nil
}

// refusesOffer tells whether a handshake ended because no protocol was agreed
// on. Package tls keeps the type of a received alert to itself.
func refusesOffer(err error) bool {
	return strings.Contains(err.Error(), "no application protocol")
}

func (p *pool) host(k hostKey) *host {
	p.mu.Lock()
	defer p.mu.Unlock()
	h := p.hosts[k]
	if h == nil {
		h = &host{key: k, slots: make([]slot, p.plan.Slots)}
		p.hosts[k] = h
	}
	return h
}

// pooled takes a usable connection of a slot; false where there is none.
func (p *pool) pooled(h *host, at int, now time.Time) (lease, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := &h.slots[at]
	for i := 0; i < len(s.conns); i++ {
		c := s.conns[i]
		if c.busy() {
			continue
		}
		if c.usable(now, p.transport.maxIdle()) {
			l := lease{conn: c, nth: c.n + 1, idle: c.idle(now)}
			c.flying++
			c.n++
			return l, true
		}
		if c.flying == 0 {
			s.conns = slices.Delete(s.conns, i, i+1)
			i--
			c.close()
		}
	}
	return lease{}, false
}

// keep puts a new connection into its slot. One that was drawn fresh takes the
// place of those before it, which end when their requests have.
func (p *pool) keep(c *conn, fresh bool) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		c.close()
		return context.Canceled
	}
	c.flying, c.n = 1, 1
	s := &c.host.slots[c.slot]
	if fresh {
		s.conns = slices.DeleteFunc(s.conns, func(old *conn) bool {
			old.spent = true
			if old.flying == 0 {
				old.close()
				return true
			}
			return false
		})
	}
	s.conns = append(s.conns, c)
	return nil
}

// put returns a connection after a request that has ended now; broken says that it
// cannot carry another one.
func (p *pool) put(c *conn, broken bool, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c.flying--
	c.spent = c.spent || broken
	c.used = now
	s := &c.host.slots[c.slot]
	if c.flying > 0 || !c.spent && len(s.conns) <= p.spare() {
		return
	}
	s.conns = slices.DeleteFunc(s.conns, func(x *conn) bool { return x == c })
	c.close()
}

// spare is how many connections a slot keeps: twice its share of the workers,
// so that requests which coincide do not cost a handshake each.
func (p *pool) spare() int {
	return 2 * (1 + p.plan.Workers/p.plan.Slots)
}

// close ends every connection, and with it whatever waits on one.
func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, h := range p.hosts {
		for i := range h.slots {
			for _, c := range h.slots[i].conns {
				c.close()
			}
			h.slots[i].conns = nil
		}
	}
}

// addresses resolves a host, at most once at a time and again when the answer
// has become old. Where asking again fails the old addresses stay.
func (p *pool) addresses(ctx context.Context, h *host) ([]netip.AddrPort, error) {
	p.mu.Lock()
	addrs, age := h.addrs, time.Since(h.resolved)
	p.mu.Unlock()
	if len(addrs) > 0 && age < resolveEvery {
		return addrs, nil
	}
	answer := h.resolve.DoChan("", func() (any, error) {
		// Of the run, not of the request that happened to ask first.
		ctx, cancel := context.WithTimeout(p.ctx, p.plan.Timeout)
		defer cancel()
		found, err := p.transport.resolveAll(ctx, h.key)
		p.mu.Lock()
		defer p.mu.Unlock()
		if err != nil && len(h.addrs) > 0 {
			found, err = h.addrs, nil
		}
		h.addrs, h.resolved = found, time.Now()
		return found, err
	})
	select {
	case <-ctx.Done():
		return nil, errors.Join(&failure{OutcomeDNS, errors.New("no answer from the resolver")}, ctx.Err())
	case res := <-answer:
		if res.Err != nil {
			return nil, res.Err
		}
		return res.Val.([]netip.AddrPort), nil
	}
}
