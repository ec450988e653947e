package report

import (
	"fmt"
	"math"
	"strings"

	"stageprobe/analyze"
	"stageprobe/analyze/words"
)

// chart is a drawing of rectangles and lines in a box that stretches to the
// page's width; words stand beside it, so that they never stretch. Title and
// Desc say the same to those who do not see it.
type chart struct {
	Title, Desc   string
	Width, Height float64
	Rects         []rect
	Lines         []segment
	Rows          []string // labels of a chart of several rows, top down
}

type rect struct {
	X, Y, W, H float64
	Class      string
}

type segment struct {
	X1, Y1, X2, Y2 float64
	Class          string
}

// wide is the width of a chart's own coordinates.
const wide = 1000

// shareChart draws a share, its interval, and the configured share as a mark.
func shareChart(b *behaviour) chart {
	c := chart{
		Title: fmt.Sprintf("Share of %s: %s", b.Letter, words.Percent(b.Share)),
		Desc:  fmt.Sprintf("%d answers (%s)", b.Count, between(b.ShareLow, b.ShareHigh)),
		Width: wide, Height: 24,
		Rects: []rect{
			{0, 0, wide, 24, "ground"},
			{0, 0, wide * unit(b.Share), 24, tone(b.Letter)},
			{wide * unit(b.ShareLow), 8, wide * max(0, unit(b.ShareHigh)-unit(b.ShareLow)), 8, "interval"},
		},
	}
	if b.Configured != nil {
		x := wide * unit(*b.Configured)
		c.Lines = append(c.Lines, segment{x, 0, x, 24, "mark"})
		c.Desc += fmt.Sprintf("; %s is configured", words.Percent(*b.Configured))
	}
	return c
}

func unit(p float64) float64 {
	if math.IsNaN(p) {
		return 0
	}
	return min(1, max(0, p))
}

// tones is how many colours behaviours have; more repeat them, and their
// letters still tell them apart.
const tones = 14

func tone(letter string) string {
	n := 0
	for _, r := range letter {
		n = n*26 + int(r-'A') + 1
	}
	return fmt.Sprintf("tone%d", max(0, n-1)%tones)
}

// stripChart draws which behaviour answered when: a row per behaviour, a column
// per window, as high as the behaviour's part of the window's answers. Windows
// in which the scenario got no answer at all stay blank: nothing was sent then.
func stripChart(panels []panel) *chart {
	const high, gap = 24.0, 6.0
	c := &chart{Title: "Which behaviour answered when", Width: wide}
	for i := range panels {
		p := &panels[i]
		for _, b := range p.Rows {
			if len(p.Windows) == 0 {
				continue
			}
			y := float64(len(c.Rows)) * (high + gap)
			c.ground(p.Windows, y, high)
			c.columns(b.Windows, p.Windows, y, high, tone(b.Letter))
			c.Rows = append(c.Rows, b.Letter+" "+p.Scenario)
		}
	}
	if len(c.Rows) == 0 {
		return nil
	}
	c.Height = float64(len(c.Rows))*(high+gap) - gap
	c.Desc = fmt.Sprintf("%s, from the first request on the left to the last on the right: %s",
		words.Plural(len(c.Rows), "row"), strings.Join(c.Rows, "; "))
	return c
}

// ground lies under the windows that hold answers, one rectangle per run of them.
func (c *chart) ground(whole []int, y, high float64) {
	step := wide / float64(len(whole))
	for i := 0; i < len(whole); i++ {
		first := i
		for i < len(whole) && whole[i] > 0 {
			i++
		}
		if i > first {
			c.Rects = append(c.Rects, rect{float64(first) * step, y, float64(i-first) * step, high, "ground"})
		}
	}
}

func (c *chart) columns(part, whole []int, y, high float64, class string) {
	step := wide / float64(len(whole))
	for i, n := range part {
		if i >= len(whole) || n <= 0 || whole[i] <= 0 {
			continue
		}
		h := high * unit(float64(n)/float64(whole[i]))
		c.Rects = append(c.Rects, rect{float64(i) * step, y + high - h, step, h, class})
	}
}

// fallingChart draws the share of old answers over a wait.
func fallingChart(w *analyze.Convergence) chart {
	const high = 48.0
	c := chart{
		Title: "Share of old answers over time at " + w.Target, Desc: waitWords(w), Width: wide, Height: high,
		Rects: []rect{{0, 0, wide, high, "ground"}},
	}
	step := wide / float64(max(1, len(w.Shares)))
	for i, s := range w.Shares {
		if s > 0 {
			h := high * unit(s)
			c.Rects = append(c.Rects, rect{float64(i) * step, high - h, step, h, "tone1"})
		}
	}
	return c
}

// coverageChart draws how many requests were found in the logs.
func coverageChart(l *analyze.Logs) *chart {
	return &chart{
		Title: "Log coverage: " + words.Percent(l.Coverage), Desc: fmt.Sprintf("%d of %d requests were found", l.Matched, l.RequestsSampled),
		Width: wide, Height: 24,
		Rects: []rect{{0, 0, wide, 24, "ground"}, {0, 0, wide * unit(l.Coverage), 24, "tone0"}},
	}
}

// scaleLatency draws the latencies of a target on one logarithmic scale: from
// median to p90 thick, to p99 thinner, to the longest a line.
func scaleLatency(all []htmlLatency) {
	low, high := math.Inf(1), 0.0
	for _, l := range all {
		low, high = min(low, max(l.P50, 0.01)), max(high, l.Max)
	}
	low /= 2
	at := func(ms float64) float64 {
		if ms <= low || high <= low {
			return 0
		}
		return wide * unit(math.Log(ms/low)/math.Log(high/low))
	}
	for i := range all {
		l := &all[i]
		l.Chart = chart{
			Title: "Latency of " + l.Letter + " on " + l.Scenario,
			Desc:  fmt.Sprintf("median %s, p90 %s, p99 %s, longest %s", millis(l.P50), millis(l.P90), millis(l.P99), millis(l.Max)),
			Width: wide, Height: 16,
			Rects: []rect{
				{0, 0, wide, 16, "ground"},
				{at(l.P50), 2, max(4, at(l.P90)-at(l.P50)), 12, tone(l.Letter)},
				{at(l.P90), 5, max(0, at(l.P99)-at(l.P90)), 6, tone(l.Letter)},
			},
			Lines: []segment{{at(l.P99), 8, at(l.Max), 8, "whisker"}, {at(l.P50), 0, at(l.P50), 16, "mark"}},
		}
	}
}
