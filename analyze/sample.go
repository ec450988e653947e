package analyze

import (
	"fmt"
	"hash/maphash"
	"iter"
	"math/bits"
	"slices"

	"stageprobe/analyze/behaviour"
	"stageprobe/analyze/words"
	"stageprobe/probe"
)

// Of a long run every answer is counted, and what single answers tell (their order,
// their connection, the side of a canary that the logs name) is told of a random
// sample. Which requests it holds is drawn from their numbers, so that it does not
// depend on what came back, nor on labels: whatever is as drawn among all requests is
// so in the sample. It is the same on every machine, and when a recording is read
// again.
const (
	// leastSampled is how many requests a target has in the sample at least, if it
	// gets so many: four times the default budget.
	leastSampled = 8_000
	// sampledDeviants is how many answers of the smallest share that must be found
	// are then expected in it.
	sampledDeviants = 80
	// mostRoom is for how many rows of a sample there is room from the beginning.
	mostRoom = 1 << 14
	// mostSampled bounds the sample, however small a share is asked for.
	mostSampled = 1 << 20
)

// sample is what is known of a run's answers one by one, and how many there were.
type sample struct {
	rows   []row
	most   int    // rows, from which on every second one goes
	halved int    // how often
	seed   uint64 // of the run
	seen   []int  // answers per target
	silent int    // requests without an answer

	looked looked // what the last look had of the rows

	named map[uint64]struct{} // hashes of the ids of the rows
	again bool                // an id came again, or seems to have
}

func newSample(p *probe.Plan, share float64) sample {
	each := max(leastSampled, int(min(sampledDeviants/share, mostSampled)))
	return sample{most: min(2*each*max(1, len(p.Targets)), 2*mostSampled), seed: p.Seed, seen: make([]int, len(p.Targets)),
		named: map[uint64]struct{}{}}
}

// idSeed is of the hashes of ids.
var idSeed = maphash.MakeSeed()

// name remembers the ids of a row: as long as none comes again, nobody need look which
// rows share one.
func (s *sample) name(r *row) {
	h := uint64(0)
	for _, id := range [...]string{r.ids.request, r.ids.extended} {
		if id == "" || s.again {
			continue
		}
		h = bits.RotateLeft64(h, 1) ^ maphash.String(idSeed, id) // of the request id, and of both together
		_, s.again = s.named[h]
		s.named[h] = struct{}{}
	}
}

func (s *sample) count(outcome probe.Outcome, target, n int) {
	s.seen[target] += n
	if outcome != probe.OutcomeResponse {
		s.silent += n
	}
}

// foresee makes the sample of a run that is over what it will be when all of its
// requests are in: then whatever is let go of in the end is never looked at.
func (s *sample) foresee(keys iter.Seq2[string, uint64]) {
	var times [65]int // that a request stays, by how often the sample is halved
	for machine, seq := range keys {
		times[bits.TrailingZeros64(s.draw(machine, seq))]++
	}
	left := 0
	for h, n := range slices.Backward(times[:]) {
		if left += n; left >= s.most {
			s.halved = h + 1
			return
		}
	}
}

// drawn tells whether a request is in the sample.
func (s *sample) drawn(machine string, seq uint64) bool {
	return s.halved == 0 || s.draw(machine, seq)<<(64-s.halved) == 0
}

// draw is a number of a request at random: the sample holds those that end in zeros.
func (s *sample) draw(machine string, seq uint64) uint64 {
	h := seq ^ s.seed
	for i := range len(machine) {
		h = (h ^ uint64(machine[i])) * 1099511628211
	}
	h = (h ^ h>>32) * 0xff51afd7ed558ccd
	h = (h ^ h>>32) * 0xc4ceb9fe1a85ec53
	return h ^ h>>32
}

// thin lets every second row of a sample go that has become too large.
func (s *sample) thin() bool {
	if len(s.rows) < s.most {
		return false
	}
	s.halved++
	s.rows = slices.DeleteFunc(s.rows, func(r row) bool { return !s.drawn(r.machine, r.Seq) })
	clear(s.named)
	if !s.again {
		for i := range s.rows {
			s.name(&s.rows[i])
		}
	}
	return true
}

// compact lets a table forget what tells apart answers that are not in the sample.
func (s *sample) compact(t *behaviour.Table) {
	moved := t.Compact(func(yield func(int) bool) {
		for i := range s.rows {
			if !yield(s.rows[i].Table) {
				return
			}
		}
	})
	for i := range s.rows {
		s.rows[i].Table = moved[s.rows[i].Table]
	}
	s.looked.rows = s.looked.rows[:0]
}

// Wants tells the ids under which logs may know the requests of the sample. Nothing may
// be added meanwhile.
func (s *sample) Wants() func(id string) bool {
	ids := map[string]bool{}
	for i := range s.rows {
		for _, id := range []string{s.rows[i].ids.request, s.rows[i].ids.extended, s.rows[i].ids.minted} {
			if id != "" {
				ids[id] = true
			}
		}
	}
	return func(id string) bool { return ids[id] }
}

func (s *sample) requests() int {
	n := 0
	for _, k := range s.seen {
		n += k
	}
	return n
}

// remark says what of a report rests on the sample; nil where that is everything.
func (s *sample) remark() []string {
	if s.halved == 0 {
		return nil
	}
	return []string{fmt.Sprintf("all %s were counted; their order, connections, addresses, latency and log records are told of %d drawn at random",
		words.Plural(s.requests(), "answer"), len(s.rows))}
}
