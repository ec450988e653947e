package cause

import (
	"slices"
	"testing"
	"time"

	"stageprobe/analyze/signature"
)

func TestKindsOfAnswers(t *testing.T) {
	for _, tt := range []struct {
		c                                    *Cluster
		forbidden, unrouted, refused, failed bool
		kind                                 string
	}{
		{replied(200, signature.Integration, "", ""), false, false, false, false, "answer"},
		{replied(403, signature.Gateway, "", "ForbiddenException"), true, false, true, false, "refusal 403 ForbiddenException"},
		{replied(403, signature.Gateway, "", ""), true, false, true, false, "refusal 403 "},
		{replied(403, signature.Gateway, "WAF_FILTERED", ""), false, false, true, false, "refusal 403 WAF_FILTERED"},
		{replied(403, signature.Gateway, "ACCESS_DENIED", "ForbiddenException"), true, false, true, false, "refusal 403 ACCESS_DENIED"},
		{replied(403, signature.Integration, "", "ForbiddenException"), false, false, false, false, "answer"},
		{replied(403, signature.Authorizer, "", "ForbiddenException"), false, false, true, false, "refusal 403 ForbiddenException"},
		{replied(401, signature.Authorizer, "UNAUTHORIZED", ""), false, false, true, false, "refusal 401 UNAUTHORIZED"},
		{replied(403, signature.Gateway, "MISSING_AUTHENTICATION_TOKEN", ""), false, true, true, false, "refusal 403 MISSING_AUTHENTICATION_TOKEN"},
		{replied(403, signature.Gateway, "", "IncompleteSignatureException"), false, true, true, false, "refusal 403 IncompleteSignatureException"},
		{replied(403, signature.Integration, "", "MissingAuthenticationTokenException"), false, false, false, false, "answer"},
		{replied(404, signature.Gateway, "", ""), false, true, true, false, "refusal 404 "},
		{replied(404, "", "", ""), false, false, false, false, "answer"},
		{replied(404, signature.Integration, "", ""), false, false, false, false, "answer"},
		{replied(400, signature.Gateway, "BAD_REQUEST_BODY", ""), false, false, false, false, "answer"},
		{replied(402, signature.Gateway, "", ""), false, false, false, false, "answer"},
		{replied(499, signature.Integration, "", ""), false, false, false, false, "answer"},
		{replied(500, signature.Gateway, "DEFAULT_5XX", "X"), false, false, false, true, "failure 500 DEFAULT_5XX"},
		{replied(502, signature.Integration, "", "X"), false, false, false, true, "failure 502 X"},
		{replied(0, signature.Network, "", ""), false, false, false, true, "no answer"},
	} {
		c := tt.c
		if forbidden(c) != tt.forbidden || unrouted(c) != tt.unrouted || nowhere(c) != (tt.forbidden || tt.unrouted) || refused(c) != tt.refused || c.fails() != tt.failed || unwanted(c) != (tt.refused || tt.failed) || kindOf(c) != tt.kind {
			t.Errorf("%d %+v: forbidden %v, unrouted %v, refused %v, fails %v, %q", c.Status, c.Reading, forbidden(c), unrouted(c), refused(c), c.fails(), kindOf(c))
		}
	}
}

func TestOrderOfDraws(t *testing.T) {
	rows := rowsOfKinds(0, 1, 1, 0, 1, 0)
	rows[3].Machine, rows[4].Machine, rows[5].Machine = 1, 1, 1
	fx := &Facts{Input: &Input{Rows: rows}}
	draws := marked(0, 1, 1, 0, 1, 0)
	// Of the first machine usual, deviant, deviant; of the second usual, deviant, usual.
	if got, want := transitions(fx, draws), ([2][2]int{{0, 2}, {1, 1}}); got != want {
		t.Errorf("transitions %v, want %v", got, want)
	}
	if got, want := started(fx, draws), ([2][2]int{{2, 2}, {1, 1}}); got != want {
		t.Errorf("with the first answers %v, want %v", got, want)
	}
	draws[0].deviant = true
	if got, want := started(fx, draws), ([2][2]int{{1, 2}, {1, 2}}); got != want {
		t.Errorf("with a deviant first %v, want %v", got, want)
	}
	rows[0].At = began.Add(time.Hour)
	if got := inTime(fx, draws); got[5] != draws[0] || got[0] != draws[1] {
		t.Errorf("in time %v", got)
	}
}

// TestWhatIsTakenIntoASplit: beside failures, what is explained already of a scenario that
// splits counts among its answers.
func TestWhatIsTakenIntoASplit(t *testing.T) {
	in := &Input{Clusters: behaviours(fail502(), served200(), served200(), noRouteOf(), fail502(), served200())}
	fx := given(in, [][]int{{0, 0, 0, 1, 2, 3}, {4, 4, 5}})
	known := nothingKnown(fx)
	for _, k := range []int{0, 2, 3, 5} {
		known.by[k] = EndpointSplit
	}
	x := &split{sub: fx.targets[0], clusters: []int{1}}
	if x.takeAnswers(fx, known); !slices.Equal(x.clusters, []int{1, 2}) {
		t.Errorf("of the split are %v", x.clusters)
	}
}

// TestEvenShares lie between three and seven tenths.
func TestEvenShares(t *testing.T) {
	for share, want := range map[float64]bool{.3: false, .31: true, .69: true, .7: false} {
		if even(share) != want {
			t.Errorf("a share of %g is even: %v", share, !want)
		}
	}
}

// TestWindowsOfEqualLength hold six deviants each, twenty windows at most.
func TestWindowsOfEqualLength(t *testing.T) {
	for k, want := range map[int]int{11: 0, 12: 2, 17: 2, 18: 3, 120: 20, 500: 20} {
		bits := make([]bool, 600)
		for i := range k {
			bits[i] = true
		}
		windows, m := windowCounts(bits)
		if len(windows) != want || want > 0 && (m != 600/want || windows[0] != min(k, m) || sumOf(windows) != min(k, want*m)) {
			t.Errorf("%d deviants: windows %v of %d", k, windows, m)
		}
	}
}
