package behaviour

import (
	"math"
	"slices"
	"testing"

	"stageprobe/analyze/stat"
)

// TestSide: a value goes with the level that gives it alone, and with none where the two
// give it alike or hardly at all.
func TestSide(t *testing.T) {
	total := stat.Count{On: 20, Off: 180}
	for _, tt := range []struct {
		name string
		here stat.Count
		want int
	}{
		{"only at On", stat.Count{On: 20}, 1},
		{"only at Off", stat.Count{Off: 180}, -1},
		{"at both alike", stat.Count{On: 10, Off: 90}, 0},
		{"once", stat.Count{On: 1}, 0},
		{"never", stat.Count{}, 0},
		{"oftener at Off", stat.Count{On: 1, Off: 170}, -1},
	} {
		if got := Side(tt.here, total); got != tt.want {
			t.Errorf("%s: side %d, want %d", tt.name, got, tt.want)
		}
	}
	if got := Side(stat.Count{On: 20}, stat.Count{On: 20}); got != 0 {
		t.Errorf("with one level alone: side %d, want 0", got)
	}
}

// TestWeightsSumToOne: what a question's features get sums up to its part and no more,
// and the j-th late one of a kind gets the part 1/(j(j+1)) of an eighth.
func TestWeightsSumToOne(t *testing.T) {
	for _, kinds := range []int{1, 2} {
		w := &weights{kinds: kinds, early: [2][2]int{{3, 5}, {3, 5}}, late: [2]map[*def]int{{}, {}}}
		sum := 0.
		class := &def{}
		class.Class = true
		for kind := range kinds {
			sum += 3*w.of(class, kind) + 5*w.of(&def{}, kind)
			for j := 1; j <= 1000; j++ {
				late := &def{}
				w.late[kind][late] = j
				got := w.of(late, kind)
				if want := 1. / 8 / float64(kinds) / float64(j*(j+1)); math.Abs(got-want) > 1e-15 {
					t.Fatalf("the late feature %d of %d kinds weighs %g, want %g", j, kinds, got, want)
				}
				sum += 2 * got // as many paths as members
			}
		}
		if sum > 1+1e-12 || sum < 1-1e-3 {
			t.Errorf("%d kinds: the weights sum to %g", kinds, sum)
		}
	}
}

// TestMarkSides: the values of each side, and where none speaks by its own counts, those
// that are more frequent at On against the most frequent of the rest.
func TestMarkSides(t *testing.T) {
	texts := func(levels []Level) (out []string) {
		for _, l := range levels {
			out = append(out, l.Text)
		}
		return out
	}
	for _, tt := range []struct {
		name    string
		values  []Level
		on, off []string
	}{
		{"told", []Level{{Text: "1", Off: 90, Side: -1}, {Text: "2", On: 10, Side: 1}}, []string{"2"}, []string{"1"}},
		{"leaning", []Level{{Text: "a", On: 2, Off: 60}, {Text: "b", On: 1, Off: 30}, {Text: "c", On: 7}}, []string{"c"}, []string{"a"}},
		{"as often at both", []Level{{Text: "a", On: 5, Off: 50}, {Text: "b", On: 5, Off: 20}, {Text: "c", Off: 30}}, []string{"b"}, []string{"a"}},
		{"one side told", []Level{{Text: "a", On: 1, Off: 89}, {Text: "b", On: 9, Side: 1}}, []string{"b"}, []string{"a"}},
	} {
		on, off := (&Mark{Values: tt.values}).Sides()
		if !slices.Equal(texts(on), tt.on) || !slices.Equal(texts(off), tt.off) {
			t.Errorf("%s: on %q, off %q; want %q, %q", tt.name, texts(on), texts(off), tt.on, tt.off)
		}
	}
}

// TestMarkTurned: the levels change places, and the mark itself stays as it was.
func TestMarkTurned(t *testing.T) {
	m := Mark{Values: []Level{{Text: "1", On: 3, Off: 8, Side: -1}}}
	got := m.Turned().Values[0]
	if got.On != 8 || got.Off != 3 || got.Side != 1 || m.Values[0].On != 3 || m.Values[0].Side != -1 {
		t.Errorf("turned to %+v, from %+v", got, m.Values[0])
	}
}

// TestMarkMixed: a level that gives its own value and the one that the other always gives.
func TestMarkMixed(t *testing.T) {
	for _, tt := range []struct {
		name   string
		values []Level
		want   bool
	}{
		{"On gives both", []Level{{Off: 100, On: 60, Side: -1}, {On: 40, Side: 1}}, true},
		{"Off gives both", []Level{{Off: 60, Side: -1}, {Off: 40, On: 100, Side: 1}}, true},
		{"each its own", []Level{{Off: 100, Side: -1}, {On: 100, Side: 1}}, false},
		{"both at both", []Level{{Off: 80, On: 50, Side: -1}, {Off: 20, On: 50, Side: 1}}, false},
		{"strays alone", []Level{{Off: 100, On: 2, Side: -1}, {On: 198, Side: 1}}, false},
		{"many by chance", []Level{{Off: 100, On: 40, Side: -1}, {On: 30, Side: 1}, {On: 30}}, false},
	} {
		if got := (&Mark{Values: tt.values}).Mixed(); got != tt.want {
			t.Errorf("%s: mixed %v", tt.name, got)
		}
	}
}
