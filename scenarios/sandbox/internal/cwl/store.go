// Package cwl is an in-memory CloudWatch Logs that the AWS SDK and the AWS CLI talk to: log groups and
// streams, FilterLogEvents, GetLogEvents, Insights queries, with the delays, losses, duplicates,
// throttles and refusals of the real service.
//
// It speaks the AWS JSON 1.1 protocol (X-Amz-Target: Logs_20140328.*), the only one that the SDK and
// the CLI use for this service.
package cwl

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"stageprobe/scenarios/sandbox/internal/world"
)

// Event is one log event as its producer wrote it.
type Event struct {
	Time    time.Time
	Message string
}

// Options of a Store. The zero value works.
type Options struct {
	Now      func() time.Time // nil: time.Now
	Seed     uint64           // of all draws: delivery, throttling
	Region   string           // of ARNs; empty: us-east-1
	Account  string           // of ARNs; empty: 123456789012
	Delivery Delivery         // of groups without their own, see SetDelivery
	Faults   Faults
	// PageLimit is the number of events per page at most; 0 means the documented 10,000.
	PageLimit int
	// QueryPolls is the number of GetQueryResults answers before a query is Complete; 0 means one
	// (Running), two or more begin with Scheduled, a negative number completes at once.
	QueryPolls int
	// Retention is how long after it became visible an event is kept, and a query after it was
	// started; 0 keeps all, as a group of the service does that nobody gave a retention.
	Retention time.Duration
}

// Store holds log groups and answers the API. It is safe for concurrent use.
type Store struct {
	// Allows, if set before the first request, tells what the caller's identity policy allows.
	Allows func(action, resource string) bool

	// OnCall, if set before the first request, is told of every call answered: the operation, the
	// resource (log group name, prefix or query id) and the HTTP status.
	OnCall func(operation, resource string, status int)

	opt        Options
	mu         sync.Mutex
	groups     map[string]*group
	deliveries map[string]Delivery
	classes    map[string]string // of groups that are not STANDARD
	// deleted groups stay silent: API Gateway makes its log groups at deployment only, so a group that
	// was removed by hand gets no more lines.
	deleted map[string]bool
	queries map[string]*query
	seq     uint64
	gate    gate
}

// group is one log group. Its events are sorted by (time, seq), those not yet visible included.
type group struct {
	name    string
	created time.Time
	streams map[string]*stream
	events  []entry
}

type stream struct {
	name    string
	created time.Time
}

// entry is one stored event; times are epoch milliseconds, the unit of the API.
type entry struct {
	at, ingested int64
	seq          uint64
	stream       string
	message      string
}

// position is the place of an entry in its group.
type position struct {
	at  int64
	seq uint64
}

func (e entry) position() position { return position{e.at, e.seq} }

func (p position) compare(q position) int {
	return cmp.Or(cmp.Compare(p.at, q.at), cmp.Compare(p.seq, q.seq))
}

// id renders a position in the 56 digits of an event id. Ids sort like the positions they name.
func (p position) id() string { return fmt.Sprintf("3%013d%042d", p.at, p.seq) }

// parsePosition reads an id back.
func parsePosition(id string) (p position, ok bool) {
	if len(id) != 56 || id[0] != '3' {
		return p, false
	}
	_, err := fmt.Sscanf(id[1:14]+" "+id[14:], "%d %d", &p.at, &p.seq)
	return p, err == nil
}

// New makes an empty Store.
func New(o Options) *Store {
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Region = cmp.Or(o.Region, "us-east-1")
	o.Account = cmp.Or(o.Account, "123456789012")
	if o.PageLimit <= 0 || o.PageLimit > maxPageEvents {
		o.PageLimit = maxPageEvents
	}
	return &Store{
		opt:        o,
		groups:     map[string]*group{},
		deliveries: map[string]Delivery{},
		deleted:    map[string]bool{},
		queries:    map[string]*query{},
		gate:       gate{faults: o.Faults, seed: o.Seed},
	}
}

// CreateGroup makes a log group; an existing one stays as it is.
func (s *Store) CreateGroup(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.deleted, name)
	s.makeGroup(name)
}

// DeleteGroup removes a group with all it holds. Like the real gateway, which makes its groups at
// deployment only, the store drops what is put into it later, until CreateGroup.
func (s *Store) DeleteGroup(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dropGroup(name)
}

func (s *Store) dropGroup(name string) {
	delete(s.groups, name)
	s.deleted[name] = true
}

// SetDelivery gives a group its own delivery, whether or not the group exists yet.
func (s *Store) SetDelivery(group string, d Delivery) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deliveries[group] = d
}

// SetFaults replaces the faults from now on.
func (s *Store) SetFaults(f Faults) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gate = gate{faults: f, seed: s.opt.Seed}
}

// Put writes events that belong together (one request's lines) into a stream; group and stream are made
// as needed. Whether and when they become visible is drawn once, from the seed, the group and the first
// message: the same lines share the same fate however requests interleave.
func (s *Store) Put(group, stream string, events []Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.deleted[group] || len(events) == 0 {
		return
	}
	s.put(s.makeGroup(group), stream, events)
}

func (s *Store) put(g *group, stream string, events []Event) {
	s.makeStream(g, stream)
	now := s.opt.Now()
	if s.opt.Retention > 0 {
		g.forget(now.Add(-s.opt.Retention))
	}
	for i, copies := range s.delivery(g.name).fates(s.opt.Seed, g.name, events) {
		for _, delay := range copies {
			s.seq++
			g.insert(entry{
				at:       events[i].Time.UnixMilli(),
				ingested: now.Add(delay).UnixMilli(),
				seq:      s.seq,
				stream:   stream,
				message:  events[i].Message,
			})
		}
	}
}

func (s *Store) delivery(group string) Delivery {
	if d, ok := s.deliveries[group]; ok {
		return d
	}
	return s.opt.Delivery
}

func (s *Store) makeGroup(name string) *group {
	g := s.groups[name]
	if g == nil {
		g = &group{name: name, created: s.opt.Now(), streams: map[string]*stream{}}
		s.groups[name] = g
	}
	return g
}

func (s *Store) makeStream(g *group, name string) {
	if g.streams[name] == nil {
		g.streams[name] = &stream{name: name, created: s.opt.Now()}
	}
}

func (g *group) insert(e entry) {
	i, _ := slices.BinarySearchFunc(g.events, e.position(), func(x entry, p position) int {
		return x.position().compare(p)
	})
	g.events = slices.Insert(g.events, i, e)
}

// forget drops the oldest events as far as all of them became visible before. It waits until they are a
// quarter of the group, so that what stays is not moved for every event that goes.
func (g *group) forget(before time.Time) {
	n := 0
	for n < len(g.events) && g.events[n].ingested < before.UnixMilli() {
		n++
	}
	if n > len(g.events)/4 {
		g.events = slices.Clone(g.events[n:])
	}
}

// from returns the events at p and later.
func (g *group) from(p position) []entry {
	i, _ := slices.BinarySearchFunc(g.events, p, func(x entry, p position) int {
		return x.position().compare(p)
	})
	return g.events[i:]
}

// visible tells whether an event has been ingested by now.
func (e entry) visible(now time.Time) bool { return e.ingested <= now.UnixMilli() }

// arn of a log group, without the ":*" that DescribeLogGroups adds.
func (s *Store) arn(group string) string {
	return fmt.Sprintf("arn:%s:logs:%s:%s:log-group:%s", world.Partition(s.opt.Region), s.opt.Region, s.opt.Account, group)
}

// Serves reports whether a request speaks to CloudWatch Logs.
func (s *Store) Serves(r *http.Request) bool {
	_, ok := operation(r)
	return ok
}

// Handler answers the CloudWatch Logs API.
func (s *Store) Handler() http.Handler { return http.HandlerFunc(s.serve) }
