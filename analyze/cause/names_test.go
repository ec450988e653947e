package cause

import (
	"math"
	"slices"
	"testing"

	"stageprobe/analyze/signature"
)

// TestEValuesAreCapped at what JSON can hold.
func TestEValuesAreCapped(t *testing.T) {
	if evalue(0) != 1 || evalue(1000) != evalue(300*math.Ln10) {
		t.Error("an e-value is capped at 1e300")
	}
}

// TestBehavioursAreNamed once each, by what they say.
func TestBehavioursAreNamed(t *testing.T) {
	fx := &Facts{Input: &Input{Clusters: []Cluster{*replied(403, signature.Gateway, "WAF_FILTERED", ""), *replied(200, signature.Integration, "", ""), *replied(200, signature.Integration, "", "")}}}
	fx.Clusters[1].ID, fx.Clusters[2].Summary = "k1", "200 here"
	if got := fx.names([]int{0, 1, 2, 1}); !slices.Equal(got, []string{"403 WAF_FILTERED", "200 (k1)", "200 here"}) {
		t.Errorf("behaviours are called %q", got)
	}
}
