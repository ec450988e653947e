package attribution

import (
	"cmp"
	"math"

	"stageprobe/analyze/stat"
)

// labels is what the logs say about which side of the canary served the rows
// of a split, with its own doubts.
type labels struct {
	counts                 stat.Counts2
	unknownDev, unknownRef int
	contradictory          int
	logE                   float64 // ln e-value of the link, vetoes applied
	notE                   float64 // ln e-value against any link
	veto                   string  // why a link is not claimed; "" where it may be
}

// The bounds within which labels are trusted.
const (
	completeLabels    = .995 // from here on, what is missing cannot carry a link
	contradictoryMost = .001
	missingAlpha      = .01
)

func (l *labels) known() int { return l.counts.N() }

// both tells that the logs saw both sides.
func (l *labels) both() bool { return l.counts.Canary() > 0 && l.counts.Base() > 0 }

// pool takes the evidence of parts together: they share no row, so that their
// e-values multiply.
func (l *labels) pool(parts []*split) {
	l.logE, l.notE, l.veto = 0, 0, ""
	for _, p := range parts {
		l.logE += p.labels.logE
		l.notE += p.labels.notE
		l.veto = cmp.Or(l.veto, p.labels.veto)
	}
}

// label counts the labels of a split and tests the link.
func (s *study) label(x *split) labels {
	var l labels
	for _, d := range x.draws {
		switch r := &s.Rows[d.row]; {
		case r.Contradictory:
			l.contradictory++
			l.miss(d.deviant)
		case r.Label == LabelUnknown:
			l.miss(d.deviant)
		default:
			l.counts.Add(r.Label == LabelCanary, d.deviant)
		}
	}
	if l.known() == 0 {
		return l
	}
	l.logE = s.linkE(x, func(r *Row, _ bool) Label { return known(r) })
	l.notE = stat.NotLinked(l.counts)
	s.vetoes(x, &l)
	return l
}

func known(r *Row) Label {
	if r.Contradictory {
		return LabelUnknown
	}
	return r.Label
}

func (l *labels) miss(deviant bool) {
	if deviant {
		l.unknownDev++
	} else {
		l.unknownRef++
	}
}

// vetoes refuses a link where labels contradict each other or go missing with
// the answer. Loss that depends on the label alone, or on the answer alone, is
// harmless to the estimated-share test; loss that depends on both breaks every
// test, so the link must then survive the worst that the lost labels could say.
func (s *study) vetoes(x *split, l *labels) {
	if float64(l.contradictory) > contradictoryMost*float64(x.n) {
		l.veto = plural(l.contradictory, "request") + " carry contradictory labels"
		l.logE = math.Inf(-1)
		return
	}
	if float64(l.known()) >= completeLabels*float64(x.n) || !unevenLoss(l) {
		return
	}
	// Worst case: deviants without a label came from base, usual answers from
	// the canary.
	worst := s.linkE(x, func(r *Row, deviant bool) Label {
		switch lab := known(r); {
		case lab != LabelUnknown:
			return lab
		case deviant:
			return LabelBase
		}
		return LabelCanary
	})
	if worst < l.logE {
		l.logE = worst
		l.veto = "log records are missing more often for one kind of answer than for the other"
	}
}

// unevenLoss tests whether a label is missing more often for one answer.
func unevenLoss(l *labels) bool {
	table := [][]int{{l.counts.Deviant(), l.unknownDev}, {l.counts.N() - l.counts.Deviant(), l.unknownRef}}
	if _, p, _, ok := stat.GTest(table); ok {
		return p < missingAlpha
	}
	return stat.Fisher(table[0][0], table[0][1], table[1][0], table[1][1]) < missingAlpha
}

// linkE is ln of the link's e-value over all machines, with the share of the
// canary estimated from the labels themselves: a percentage that is wrong, or
// that changes, or a group that lags cannot make a link.
func (s *study) linkE(x *split, label func(*Row, bool) Label) float64 {
	total := stat.NewLinkEstimated(x.sub.share())
	part := stat.NewLinkEstimated(x.sub.share())
	for i, d := range x.draws {
		r := &s.Rows[d.row]
		if i > 0 && r.Machine != s.Rows[x.draws[i-1].row].Machine {
			total.Merge(part)
			part = stat.NewLinkEstimated(x.sub.share())
		}
		if l := label(r, d.deviant); l != LabelUnknown {
			part.Add(l == LabelCanary, d.deviant)
		}
	}
	total.Merge(part)
	return total.LogE()
}

// measured is the canary's share of a target's requests as the logs tell it,
// and the label counts.
func (s *study) measured(sub *subject) (canary, known int) {
	for _, c := range sub.cells {
		for _, i := range c.rows {
			r := &s.Rows[i]
			if r.Contradictory || r.Label == LabelUnknown {
				continue
			}
			known++
			if r.Label == LabelCanary {
				canary++
			}
		}
	}
	return canary, known
}
