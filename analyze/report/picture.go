package report

import (
	"fmt"
	"math"
	"strings"
	"time"

	"stageprobe/analyze"
	"stageprobe/analyze/words"
)

// picturePage draws who answered what, and when.
type picturePage struct{ *page }

// picture draws, per target, the shares of what answered and when.
func (p picturePage) picture(v *view) {
	if len(v.rep.Targets) == 0 {
		return
	}
	p.heading("WHAT ANSWERED")
	drawn := false
	for i := range v.rep.Targets {
		drawn = p.target(v, &v.rep.Targets[i]) || drawn
	}
	if drawn && !p.o.Quiet {
		p.legend(v.rep)
	}
}

// legend explains the bars and strips.
func (p picturePage) legend(rep *analyze.Report) {
	g := p.glyph
	p.para("  ", fmt.Sprintf("share: %s at least, %s measured, %s at most (%s confidence)%s",
		g.certain, g.measured, g.margin, words.Percent(rep.Run.Confidence), canaryMark(rep, g)))
	p.para("  ", fmt.Sprintf("time: %s to %s part of the answers at that time, %s nothing was sent",
		g.levels[0], g.levels[len(g.levels)-1], g.gap))
}

func canaryMark(rep *analyze.Report, g glyphs) string {
	for _, t := range rep.Targets {
		if t.Canary != nil {
			return ", " + g.mark + " configured"
		}
	}
	return ""
}

// target tells of one target; it says whether there were bars to draw.
func (p picturePage) target(v *view, t *analyze.Target) bool {
	p.para("", p.in(strong, t.ID)+": "+leads(t))
	if t.Canary != nil {
		p.para("  ", v.canary(t))
	}
	if t.Requests == 0 {
		p.line("  no request was sent to it")
	}
	drawn := false
	var alike []panel
	for _, pn := range v.panels(t) {
		if pn.split() || p.o.Verbose {
			p.panel(v, &pn)
			drawn = true
			continue
		}
		alike = append(alike, pn)
	}
	p.alike(alike)
	if t.Claim != nil {
		p.para("  ", fmt.Sprintf("at most %s of its answers could differ (%s confidence)", words.Percent(*t.Claim), words.Percent(v.rep.Run.Confidence)))
	}
	p.moves(t)
	p.blank()
	return drawn
}

// maxAlike is how many scenarios with one behaviour get a line of their own.
const maxAlike = 6

func (p picturePage) alike(panels []panel) {
	for i, pn := range panels {
		if i == maxAlike {
			p.line("  and %d more scenarios, each all alike (-v shows them)", len(panels)-i)
			return
		}
		b := &pn.Rows[0]
		s := fmt.Sprintf("%s: all %d alike, %s", pn.Scenario, pn.Total, b.describe())
		if by := b.served(pn.Target.Canary != nil); by != "" {
			s += ", " + by
		}
		p.para("  "+b.Letter+" ", s)
	}
}

// panel draws one scenario: a bar of the share and a strip of time per
// behaviour, and what each behaviour is.
func (p picturePage) panel(v *view, pn *panel) {
	kind := "behaviours"
	if len(pn.Rows) == 1 {
		kind = "behaviour"
	}
	p.para("  ", fmt.Sprintf("%s: %s, %d %s", pn.Scenario, words.Plural(pn.Total, "answer"), len(pn.Rows), kind))
	rows := pn.Rows
	if len(rows) > maxBehaviours && !p.o.Verbose {
		rows = rows[:maxBehaviours]
	}
	for i := range rows {
		p.share(&rows[i])
	}
	p.strips(v.rep, pn, rows)
	for i := range rows {
		p.behaviour(pn, &rows[i])
	}
	if more := len(pn.Rows) - len(rows); more > 0 {
		p.line("    and %d more behaviours (-v shows them)", more)
	}
}

// maxBehaviours is how many behaviours of a scenario are drawn unless asked
// for more.
const maxBehaviours = 6

// numbers is the room behind a bar.
const numbers = 36

func (p picturePage) share(b *behaviour) {
	bar := p.bar(b, max(10, p.width-4-2-numbers))
	count := fmt.Sprintf("%d", b.Count)
	p.line("  %s %s %s  %s %s", p.in(strong, b.Letter), bar, padLeft(words.Percent(b.Share), 6),
		pad("("+between(b.ShareLow, b.ShareHigh)+")", 18), padLeft(count, 6))
}

// bar draws a share with its interval, and the configured share as a mark.
func (p picturePage) bar(b *behaviour, width int) string {
	var out strings.Builder
	for i := range width {
		at := (float64(i) + 0.5) / float64(width)
		switch {
		case b.Configured != nil && i == cell(*b.Configured, width):
			out.WriteString(p.in(strong, p.glyph.mark))
		case at < b.ShareLow:
			out.WriteString(p.glyph.certain)
		case at < b.Share || (i == 0 && b.Count > 0):
			out.WriteString(p.glyph.measured)
		case at < b.ShareHigh:
			out.WriteString(p.glyph.margin)
		default:
			out.WriteByte(' ')
		}
	}
	return out.String()
}

// cell is the column in which a share lies.
func cell(share float64, width int) int {
	if math.IsNaN(share) {
		return -1
	}
	return min(width-1, max(0, int(share*float64(width))))
}

// strips draw which behaviour answered when, with the run's times below.
func (p picturePage) strips(rep *analyze.Report, pn *panel, rows []behaviour) {
	if len(pn.Windows) == 0 {
		return
	}
	width := min(len(pn.Windows), p.width-4)
	all := squeeze(pn.Windows, width)
	for i := range rows {
		p.line("  %s %s", p.in(strong, rows[i].Letter), p.strip(squeeze(rows[i].Windows, width), all))
	}
	from := words.Clock(rep.Run.Started)
	to := words.Clock(rep.Run.Started.Add(time.Duration(pn.Target.Timeline.WindowMS * float64(len(pn.Windows)) * float64(time.Millisecond))))
	p.line("    %s %s %s", from, strings.Repeat(p.glyph.rule, max(1, width-len(from)-len(to)-2)), to)
}

// strip shows a part of a whole per window.
func (p picturePage) strip(part, whole []int) string {
	var out strings.Builder
	for i, of := range whole {
		n := 0
		if i < len(part) {
			n = part[i]
		}
		switch {
		case of <= 0:
			out.WriteString(p.glyph.gap)
		case n <= 0:
			out.WriteByte(' ')
		default:
			out.WriteString(p.level(float64(n) / float64(of)))
		}
	}
	return out.String()
}

// level is the glyph for a part above 0 and at most 1.
func (p picturePage) level(part float64) string {
	n := len(p.glyph.levels)
	return p.glyph.levels[min(n-1, max(0, int(math.Ceil(part*float64(n)))-1))]
}

func (p picturePage) behaviour(pn *panel, b *behaviour) {
	s := b.describe()
	if by := b.served(pn.Target.Canary != nil); by != "" {
		s += ", " + by
	}
	if d := b.differs(&pn.Rows[0], 2); d != "" {
		s += "; " + d
	}
	p.para("  "+b.Letter+" ", s)
	if p.o.Verbose {
		p.example(b)
	}
}

// example shows one answer.
func (p picturePage) example(b *behaviour) {
	if b.Example == nil {
		return
	}
	p.para("      ", "for example request "+b.RequestIDExample)
	for _, h := range b.Example.Header {
		p.para("      ", h.Name+": "+h.Value)
	}
	if b.Example.Body != "" {
		p.para("      ", clip(b.Example.Body, 10*p.width))
	}
}

// waits show how the share of old answers fell.
func (p picturePage) waits(rep *analyze.Report) {
	if len(rep.Wait) == 0 {
		return
	}
	p.heading("OLD ANSWERS OVER TIME")
	for i := range rep.Wait {
		w := &rep.Wait[i]
		p.line("%s", p.in(strong, w.Target))
		p.line("  %s%s%s", p.glyph.tick, p.falling(w.Shares), p.glyph.tick)
		p.para("  ", waitWords(w))
	}
}

func (p picturePage) falling(shares []float64) string {
	var out strings.Builder
	for _, s := range shares {
		switch {
		case s < 0:
			out.WriteString(p.glyph.gap)
		case s == 0:
			out.WriteByte(' ')
		default:
			out.WriteString(p.level(s))
		}
	}
	return out.String()
}

// waitWords count what was old and new.
func waitWords(w *analyze.Convergence) string {
	s := fmt.Sprintf("%d old, %d new", w.Old, w.New)
	if w.Other > 0 {
		s += fmt.Sprintf(", %d neither as before nor as expected", w.Other)
	}
	if w.Unknown > 0 {
		s += fmt.Sprintf(", %d of which it cannot be said", w.Unknown)
	}
	s += fmt.Sprintf("; %d of %d needed since the last that was not new", w.Since, w.Needed)
	if !w.LastOld.IsZero() {
		s += "; last old answer " + words.Clock(w.LastOld)
	}
	if !w.FirstNew.IsZero() {
		s += "; first new one after it " + words.Clock(w.FirstNew)
	}
	return s + "."
}
