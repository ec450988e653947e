package simulate

import (
	"fmt"
	"io"
	"math"
	"strings"
)

// EverTarget is the upper limit that the rate of false verdicts may have.
const EverTarget = .013

// line is how a family fared, in one line.
func (r *Rates) line() string {
	return fmt.Sprintf("%s: false in %d of %d (%s), missed %d, contradicting %d (%s), requests %.0f",
		r.Name, r.False, r.Runs, list(r.What), r.Missed, r.Contradicting, list(r.Against), r.Requests)
}

func list(all []Mistake) string {
	var out []string
	for _, m := range all {
		out = append(out, fmt.Sprintf("%s: %d, first in run %d at %d", m.What, m.Runs, m.Run, m.At))
	}
	return strings.Join(out, "; ")
}

// Met tells whether a family meets its target: with few runs, whether the target
// is not excluded.
func (r *Rates) Met(o Options) bool {
	if o.Quick {
		return lower(r.False, r.Runs) <= alpha && r.Contradicting == 0
	}
	return r.Upper() <= EverTarget && r.Contradicting == 0
}

// EverMarkdown writes a row per family of truths.
func EverMarkdown(w io.Writer, o Options, all []Rates) error {
	o = o.withDefaults()
	var b strings.Builder
	met, runs, wrong, against := 0, 0, 0, 0
	for i := range all {
		met += bit(all[i].Met(o))
		runs, wrong, against = runs+all[i].Runs, wrong+all[i].False, against+all[i].Contradicting
	}
	fmt.Fprintf(&b, "## Verdicts that are false at any look\n\n%d of %d truths meet the target: upper 95 %% limit ≤ %s, and no statement against its own numbers.\n\n",
		met, len(all), percent(EverTarget))
	fmt.Fprintf(&b, "Over all truths, %d of %d runs show a false verdict at some look (upper 95 %% limit %s), and %d a statement against its own numbers. "+
		"A truth needs 229 runs without a mistake to meet its target.\n\n", wrong, runs, percent(upper(wrong, runs)), against)
	b.WriteString("| truth | runs | false ever | upper 95 % | missed | requests | |\n| --- | ---: | ---: | ---: | ---: | ---: | --- |\n")
	for i := range all {
		r := &all[i]
		missed, requests, verdict := "–", "–", "met"
		if r.Must {
			missed = fmt.Sprint(r.Missed)
		}
		if !math.IsNaN(r.Requests) {
			requests = fmt.Sprintf("%.0f", r.Requests)
		}
		if !r.Met(o) {
			verdict = "**missed**"
		}
		if text := list(append(append([]Mistake(nil), r.What...), r.Against...)); text != "" {
			verdict += ": " + text
		}
		fmt.Fprintf(&b, "| %s | %d | %d | %s | %s | %s | %s |\n", r.Name, r.Runs, r.False, percent(r.Upper()), missed, requests, verdict)
	}
	b.WriteString("\n" + calibrationTable(all))
	_, err := io.WriteString(w, b.String())
	return err
}

// calibrationTable shows how often stated causes are true, on parameters off the
// grids of the posteriors and by other laws than theirs.
func calibrationTable(all []Rates) string {
	var n, sum, hits [bins]float64
	for i := range all {
		for _, s := range all[i].stated {
			k := min(int(s.p*bins), bins-1)
			n[k]++
			sum[k] += s.p
			hits[k] += float64(bit(s.true))
		}
	}
	var b strings.Builder
	b.WriteString("### How often the likeliest cause is true, by the posterior that is stated\n\n| stated | looks | true |\n| ---: | ---: | ---: |\n")
	for k := range n {
		if n[k] > 0 {
			fmt.Fprintf(&b, "| %.3f | %.0f | %.3f |\n", sum[k]/n[k], n[k], hits[k]/n[k])
		}
	}
	return b.String()
}
