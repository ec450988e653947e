package stat

import (
	"math"
	"testing"
)

func TestLinkNeed(t *testing.T) {
	const alpha, p0 = .01, .1
	clean := Counts2{CanaryDev: 9, CanaryRef: 1, BaseDev: 1, BaseRef: 89}
	for _, c := range []struct {
		name     string
		p0       float64
		labelled Counts2
		dev, ref int
		want     float64
	}{
		{"complete", p0, clean, 0, 0, math.Log(100)},
		{"missing alike", p0, clean, 5, 45, math.Log(1000)},
		{"missing for deviants", p0, clean, 9, 1, math.Inf(1)},
		{"missing for references", p0, Counts2{CanaryDev: 10, BaseRef: 90}, 0, 90, math.Inf(1)},
		{"missing alike, but mostly the canary's", p0, Counts2{CanaryDev: 1, BaseDev: 29, BaseRef: 270}, 3, 27, math.Inf(1)},
		{"the same without a configured share", 0, Counts2{CanaryDev: 1, BaseDev: 29, BaseRef: 270}, 3, 27, math.Log(1000)},
		{"no labels", p0, Counts2{}, 3, 40, math.Log(1000)},
	} {
		near(t, c.name, 1/LinkNeed(alpha, c.p0, c.labelled, c.dev, c.ref), 1/c.want, 1e-12)
	}
}
