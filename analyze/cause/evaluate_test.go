package cause

import (
	"testing"

	"stageprobe/probe"
)

// TestTheShareThatACanaryGot is measured where nine of ten requests of a target have their
// side.
func TestTheShareThatACanaryGot(t *testing.T) {
	for _, tt := range []struct {
		known  int
		canary bool
		want   bool
	}{{9, true, true}, {8, true, false}, {0, true, false}, {10, false, false}} {
		fx := given(&Input{Clusters: behaviours(served200())}, [][]int{repeated(10, 0)})
		for i := range tt.known {
			fx.Rows[i].Label = []Label{LabelCanary, LabelBase, LabelBase}[i%3]
		}
		if tt.canary {
			fx.targets[0].Canary = &probe.Canary{Percent: 10}
		}
		r := Result{Posteriors: map[string][]Hypothesis{}, Measured: map[string]Interval{}}
		perTarget(fx, &judgement{weighed: [][]Hypothesis{{{Name: "x"}}}}, &r)
		if got, is := r.Measured["t0"]; is != tt.want || is && got.Estimate != 3/9. || len(r.Posteriors["t0"]) != 1 {
			t.Errorf("%+v: %+v, %+v", tt, r.Measured, r.Posteriors)
		}
		if perTarget(fx, &judgement{weighed: [][]Hypothesis{nil}}, &Result{Posteriors: r.Posteriors, Measured: r.Measured}); len(r.Posteriors) != 1 {
			t.Errorf("%+v", r.Posteriors)
		}
	}
	fx := given(&Input{Clusters: behaviours(served200())}, [][]int{{}})
	fx.targets[0].Canary = &probe.Canary{Percent: 10}
	r := Result{Measured: map[string]Interval{}}
	if perTarget(fx, &judgement{weighed: [][]Hypothesis{nil}}, &r); len(r.Measured) != 0 {
		t.Errorf("of no request %+v", r.Measured)
	}
}

// What is remembered holds as long as no row comes between those that were there.
func TestRowsOutOfOrder(t *testing.T) {
	in := Input{Rows: []Row{{Seq: 1}, {Seq: 2}, {Seq: 2}, {Machine: 1, Seq: 1}}, Memory: &Memory{}, Kept: 2}
	if in.prepare(); in.Memory == nil || in.Kept != 2 {
		t.Error("rows in order are not put into order")
	}
	in = Input{Rows: []Row{{Seq: 2}, {Machine: 1, Seq: 1}, {Seq: 1}}, Memory: &Memory{}, Kept: 2}
	if in.prepare(); in.Memory != nil || in.Kept != 0 || in.Rows[0].Seq != 1 || in.Rows[2].Machine != 1 {
		t.Errorf("rows out of order: %+v", in.Rows)
	}
}
