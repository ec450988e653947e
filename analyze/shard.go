package analyze

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"stageprobe/probe"
)

// Shard is one machine's part of a fixed plan: which requests those are, and when
// each is due, follows from the plan's seed and start alone, so that machines which
// never speak to each other send the plan once. What a target refuses holds a shard
// back, too; a request that is held back is sent by nobody.
type Shard struct {
	I, N    int // the I-th of N, from 1
	session *Session
	draws   planner // fed by no answer: those differ between machines
	seq     uint64
	due     time.Time
	credit  float64 // of requests, while the rate is lowered
}

// indexes are the variables in which schedulers number the jobs of an array, from 0.
var indexes = []string{"JOB_COMPLETION_INDEX", "AWS_BATCH_JOB_ARRAY_INDEX"}

// ParseShard reads "i/N", or "auto/N" where a scheduler numbers the jobs.
func ParseShard(text string, getenv func(string) string) (i, n int, err error) {
	first, rest, ok := strings.Cut(text, "/")
	if ok && first == "auto" {
		at := slices.IndexFunc(indexes, func(name string) bool { return getenv(name) != "" })
		if at < 0 {
			return 0, 0, fmt.Errorf("--shard %s: neither %s is set", text, strings.Join(indexes, " nor "))
		}
		index, err := strconv.Atoi(getenv(indexes[at]))
		if err != nil {
			return 0, 0, fmt.Errorf("--shard %s: %s is %q and not a number", text, indexes[at], getenv(indexes[at]))
		}
		first = strconv.Itoa(index + 1)
	}
	i, errI := strconv.Atoi(first)
	n, errN := strconv.Atoi(rest)
	if !ok || errI != nil || errN != nil || n < 1 || n > 100_000 || i < 1 || i > n {
		return 0, 0, fmt.Errorf("--shard %q: write i/N with i from 1 to N, such as 3/8, or auto/N in an array of N jobs", text)
	}
	return i, n, nil
}

// NewShard is the planner of one part of a session's plan.
func NewShard(s *Session, i, n int, now time.Time) *Shard {
	start := s.plan.Start
	if start.Before(now) {
		start = now // too late for the plan's own times: all of them move
	}
	return &Shard{I: i, N: n, session: s, draws: newPlanner(&s.plan), due: start, credit: 1}
}

// shardStream keeps the draw of the machine apart from all others of the seed.
const shardStream = 0x7368726400000000

// of is the shard that sends a request, drawn for each.
func (s *Shard) of(seq uint64) int {
	r := rand.New(rand.NewPCG(s.session.plan.Seed^shardStream, seq))
	r.Uint64() // the first still shows the number
	return 1 + r.IntN(s.N)
}

// Next gives the shard's next request and its time.
func (s *Shard) Next(time.Time, uint64) (probe.Choice, bool) {
	for {
		c, ok := s.draws.choose()
		if !ok {
			return c, false
		}
		c.Seq, c.At = s.seq, s.due
		s.seq++
		s.due = s.due.Add(time.Duration(float64(time.Second) / s.session.plan.Rate))
		if s.of(c.Seq) == s.I && s.asks(c.Target) {
			return c, true
		}
	}
}

// asks tells whether a target is still asked, and with a lowered rate whether this
// request is among those that are sent.
func (s *Shard) asks(target int) bool {
	s.session.mu.Lock()
	defer s.session.mu.Unlock()
	p := &s.session.planner
	if p.backoff.targets[target].ended || p.halted {
		return false
	}
	if s.credit += p.backoff.scale; s.credit < 1 {
		return false
	}
	s.credit = min(1, s.credit-1)
	return true
}
