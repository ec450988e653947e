package analyze

import (
	"fmt"
	"strings"
	"testing"

	"stageprobe/probe"
)

// A sample keeps every second row where it has grown too large; what it keeps is drawn from
// the requests' numbers, evenly, and otherwise for another seed.
func TestSample(t *testing.T) {
	for _, tt := range []struct {
		targets int
		share   float64
		most    int
	}{{1, .01, 16_000}, {2, .01, 32_000}, {0, .01, 16_000}, {1, .001, 160_000}, {1, 1e-9, 2 * mostSampled}, {9, .0001, 2 * mostSampled}} {
		if s := newSample(&probe.Plan{Targets: make([]probe.Target, tt.targets)}, tt.share); s.most != tt.most {
			t.Errorf("%d targets, share %g: up to %d rows, want %d", tt.targets, tt.share, s.most, tt.most)
		}
	}
	s := newSample(&probe.Plan{Targets: make([]probe.Target, 1), Seed: 7}, .01)
	s.most = 1000
	add := func(seq uint64) {
		r := row{machine: "m"}
		r.Seq, r.ids = seq, ids{request: fmt.Sprint(seq)}
		s.rows = append(s.rows, r)
		s.name(&s.rows[len(s.rows)-1])
	}
	for seq := range uint64(999) {
		add(seq)
	}
	if s.thin() || s.remark() != nil {
		t.Error("thinned before it is full")
	}
	add(999)
	if !s.thin() || s.halved != 1 || len(s.rows) < 430 || len(s.rows) > 570 || len(s.named) != len(s.rows) {
		t.Errorf("halved %d times: %d rows, %d names", s.halved, len(s.rows), len(s.named))
	}
	s.count(probe.OutcomeResponse, 0, 998)
	s.count(probe.OutcomeTimeout, 0, 2)
	if note := strings.Join(s.remark(), ""); s.silent != 2 || !strings.HasPrefix(note, "all 1000 answers were counted") || !strings.Contains(note, fmt.Sprintf("told of %d drawn", len(s.rows))) {
		t.Errorf("%d without an answer; %s", s.silent, note)
	}
	for _, r := range s.rows {
		if !s.drawn("m", r.Seq) {
			t.Errorf("request %d is kept and not drawn", r.Seq)
		}
	}
	// What is foreseen of a run that is over is what it comes to.
	over := newSample(&probe.Plan{Targets: make([]probe.Target, 1), Seed: 7}, .01)
	over.most = 1000
	for n, want := range map[uint64]int{999: 0, 1000: 1, 8000: 3} {
		over.halved = 0
		over.foresee(func(yield func(string, uint64) bool) {
			for seq := range n {
				if !yield("m", seq) {
					return
				}
			}
		})
		left := 0
		for seq := range n {
			if over.drawn("m", seq) {
				left++
			}
		}
		if left >= over.most || over.halved != want && over.halved != want+1 || over.halved > 0 && left < over.most/3 {
			t.Errorf("of %d requests, halved %d times, %d are left", n, over.halved, left)
		}
	}
	apart := map[uint64]bool{}
	for seq := range uint64(250) {
		apart[s.draw("m", seq)], apart[s.draw("another", seq)] = true, true
	}
	if len(apart) != 500 {
		t.Errorf("%d numbers of 500 requests", len(apart))
	}
	other := newSample(&probe.Plan{Seed: 8}, .01)
	if other.draw("m", 1) == s.draw("m", 1) {
		t.Error("another seed draws the same")
	}
}

// Rows are put in order whatever the order in which they came, and only as far as needed.
func TestRowsInOrder(t *testing.T) {
	at := func(names ...string) (rows []row) {
		for _, n := range names {
			r := row{machine: n[1:]}
			r.Seq = uint64(n[0] - '0')
			rows = append(rows, r)
		}
		return rows
	}
	for _, tt := range []struct {
		n    int
		rows []string
		kept int
		want string
	}{
		{0, nil, 0, ""},
		{0, []string{"2a", "1a", "1b"}, 0, "1a 1b 2a"},
		{2, []string{"1a", "2a", "3a", "4a"}, 2, "1a 2a 3a 4a"},
		{2, []string{"1a", "2a", "4a", "3a"}, 2, "1a 2a 3a 4a"},
		{3, []string{"1a", "3a", "5a", "6a", "2a", "4a"}, 1, "1a 2a 3a 4a 5a 6a"},
		{3, []string{"1a", "3a", "5a", "3a"}, 2, "1a 3a 3a 5a"},
		{3, []string{"1a", "3a", "5a", "0a"}, 0, "0a 1a 3a 5a"},
		{1, []string{"1b", "1a"}, 0, "1a 1b"},
	} {
		s := sample{rows: at(tt.rows...)}
		kept := s.inOrder(tt.n)
		var got []string
		for _, r := range s.rows {
			got = append(got, fmt.Sprint(r.Seq, r.machine))
		}
		if strings.Join(got, " ") != tt.want || kept != tt.kept {
			t.Errorf("%v behind %d: %q, %d stay; want %q, %d", tt.rows, tt.n, got, kept, tt.want, tt.kept)
		}
	}
}

// An id that comes again is seen, of a request or of the extended one beside it.
func TestIDsThatComeAgain(t *testing.T) {
	for name, tt := range map[string]struct {
		rows []ids
		want bool
	}{
		"none": {[]ids{{}, {}}, false}, "apart": {[]ids{{request: "a"}, {request: "b"}}, false}, "again": {[]ids{{request: "a"}, {request: "a"}}, true},
		"both again": {[]ids{{request: "a", extended: "x"}, {request: "a", extended: "x"}}, true}, "extended alone": {[]ids{{extended: "x"}, {extended: "x"}}, true},
	} {
		s := newSample(&probe.Plan{}, .01)
		for i := range tt.rows {
			s.name(&row{ids: tt.rows[i]})
		}
		if s.again != tt.want {
			t.Errorf("%s: %v", name, s.again)
		}
	}
}
