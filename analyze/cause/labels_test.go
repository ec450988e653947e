package cause

import (
	"math"
	"testing"

	"stageprobe/analyze/stat"
	"stageprobe/probe"
)

func TestLabelsThatAreNotTrusted(t *testing.T) {
	labelled := func(n, contradictory, late int) labels {
		x := &split{sub: &target{Target: &probe.Target{}, link: func() *stat.LinkEstimated { return stat.NewLinkEstimated(.1) }}}
		var rows []Row
		for i := range n {
			r := Row{Label: LabelBase}
			switch {
			case i < contradictory:
				r.Contradictory = true
			case i < contradictory+late:
				r.Late = true
			case i%10 == 0:
				r.Label = LabelCanary
			}
			rows = append(rows, r)
			x.draws = append(x.draws, draw{i, i%20 == 0})
		}
		x.n, x.k = n, (n+19)/20
		return readLabels(&Facts{Input: &Input{Rows: rows}, alpha: .01}, x)
	}
	if l := labelled(2000, 2, 0); l.veto != nil || l.contradictory != 2 || l.known() != 1998 || l.unknownDev != 1 || l.unknownRef != 1 {
		t.Errorf("two contradictions in two thousand: %+v", l)
	}
	if l := labelled(2000, 3, 0); l.veto != (Contradictory{Requests: 3}) || l.known() != 0 || l.unknownDev != 100 || l.unknownRef != 1900 {
		t.Errorf("three contradictions in two thousand: %+v", l)
	}
	if l := labelled(200, 0, 50); l.known() != 150 || l.unknownDev+l.unknownRef != 0 {
		t.Errorf("late labels are counted on neither side: %+v", l)
	}
	for known, want := range map[int]bool{89: true, 90: false} {
		l := labels{counts: stat.Counts2{CanaryDev: 10, CanaryRef: 10, BaseDev: 10, BaseRef: known - 30}, unknownRef: 100 - known}
		if l.mayBeLoss() != want {
			t.Errorf("%d of 100 known, both sides with both answers: may be loss %v", known, !want)
		}
		l.counts = stat.Counts2{CanaryDev: 20, BaseRef: known - 20}
		if l.mayBeLoss() {
			t.Errorf("%d of 100 known, each side with one answer: may be loss", known)
		}
	}
}

// TestTheWorstOfMissingLabels lets no link stand that they could undo.
func TestTheWorstOfMissingLabels(t *testing.T) {
	test := stat.NewLinkEstimated(.1)
	of := func(unknownDev, unknownRef int) float64 {
		l := labels{counts: stat.Counts2{CanaryDev: 20, BaseRef: 180}, unknownDev: unknownDev, unknownRef: unknownRef}
		l.logE = test.With(l.counts)
		return l.worst(test)
	}
	none, few, many := of(0, 0), of(2, 18), of(60, 540)
	if none != test.With(stat.Counts2{CanaryDev: 20, BaseRef: 180}) || few >= none || few <= 0 || many > 0 {
		t.Errorf("without missing ones %g, with few %g, with many %g", none, few, many)
	}
	if worst := test.With(stat.Counts2{CanaryDev: 20, BaseRef: 180, BaseDev: 2, CanaryRef: 18}); few > worst+1e-9 {
		t.Errorf("%g, where the missing ones may leave %g", few, worst)
	}
	// Nor is it worse than all that they could be.
	least := math.Inf(1)
	for dev := range 3 {
		for ref := range 19 {
			least = min(least, test.With(stat.Counts2{CanaryDev: 20 + dev, BaseDev: 2 - dev, CanaryRef: ref, BaseRef: 180 + 18 - ref}))
		}
	}
	if few < least-1e-9 {
		t.Errorf("%g, where the missing ones leave %g at least", few, least)
	}
}

// TestVetoes: labels that contradict each other, or that go missing with the
// answer, link nothing that would not survive the worst they could say.
func TestVetoes(t *testing.T) {
	split := func(r *request) answer {
		if r.canary {
			return ok("v1")
		}
		return ok("v2")
	}
	t.Run("contradictory", func(t *testing.T) {
		w := newWorld(1).canary(10).send(600, split)
		for i := range w.Rows[:10] {
			w.Rows[i*7].Contradictory = true
		}
		if l := found(explained(w.Input))[CanarySplit]; l == Proven {
			t.Error("a link is claimed from labels that contradict each other")
		}
	})
	t.Run("lost with answer and label", func(t *testing.T) {
		w := newWorld(1).canary(10).send(600, flakeAt(.1))
		for i := range w.Rows {
			if r := &w.Rows[i]; w.Clusters[r.Cluster].ID == "v1" && r.Label == LabelBase {
				r.Label = LabelUnknown
			}
		}
		if l := found(explained(w.Input))[CanarySplit]; l == Proven {
			t.Error("a link is claimed that the loss of labels has made")
		}
	})
	t.Run("a fifth lost at random", func(t *testing.T) {
		w := newWorld(1)
		w.loss = .2
		want(t, explained(w.canary(10).send(600, split).Input), only(CanarySplit, Proven))
	})
}

// TestBothSidesByTheLogs: the logs saw both sides where they name one request of each.
func TestBothSidesByTheLogs(t *testing.T) {
	for _, tt := range []struct {
		c    stat.Counts2
		want bool
	}{{stat.Counts2{}, false}, {stat.Counts2{CanaryDev: 1}, false}, {stat.Counts2{BaseRef: 1}, false}, {stat.Counts2{CanaryRef: 1, BaseDev: 1}, true}} {
		if l := (labels{counts: tt.c}); l.both() != tt.want {
			t.Errorf("%+v: the logs saw both sides: %v", tt.c, !tt.want)
		}
	}
}

// Parts share no request: their evidence adds up, and one doubt is the doubt of all.
func TestPartsArePooled(t *testing.T) {
	var l labels
	l.pool([]*split{{labels: labels{logE: 2, notE: -1, excluded: true}}, {labels: labels{logE: 3, notE: -2, excluded: true, veto: Topic("a")}}, {labels: labels{veto: Topic("b")}}})
	if l.logE != 5 || l.notE != -3 || l.excluded || l.veto != Topic("a") {
		t.Errorf("%+v", l)
	}
}
