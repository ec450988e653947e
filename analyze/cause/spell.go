package cause

import (
	"math"
	"slices"
	"time"

	"stageprobe/analyze/remedy"
	"stageprobe/analyze/signature"
	"stageprobe/analyze/stat"
	"stageprobe/probe/failure"
)

// FailedBetween says that a target failed for a while, or for several.
type FailedBetween struct {
	said
	Target string
	Failed Count
	Spells []Spell
	Answer string
}

// RefusedBetween says that a target refused for a while, or for several.
type RefusedBetween struct {
	said
	Target  string
	Refused Count
	Spells  []Spell
	Answer  string
}

// Spell is a window of time in which answers of one kind came, and how many they are;
// 0 where there is no other window.
type Spell struct {
	said
	K        int
	From, To time.Time
}

// spell is one stretch of answers, in the order of time, of which all are of a kind: its
// first and last place in that order, and row, and how many they are.
type spell struct {
	first, last int
	from, to, n int
}

// spellsOf are the few stretches in which all answers of a kind came, and no others, with
// other answers for a while beside them; none where one came at another time. One stretch
// alone holds at least so many of them, each of several as many as a switch must last.
// Concurrent requests may have got ahead of each other by a tenth.
func spellsOf(fx *Facts, x *split, least int, is func(*Cluster) bool) []spell {
	draws := inTime(fx, x.draws)
	var found []spell
	for i, d := range draws {
		if !is(&fx.Clusters[fx.Rows[d.row].Cluster]) {
			continue
		}
		if n := len(found) - 1; n >= 0 && i-found[n].last <= tuning.Enough.Settled {
			found[n].last, found[n].to, found[n].n = i, d.row, found[n].n+1
		} else {
			found = append(found, spell{i, i, d.row, d.row, 1})
		}
	}
	total, outside := 0, len(draws)
	for _, s := range found {
		if len(found) > 1 && s.n < tuning.Enough.Settled || s.last-s.first+1 > s.n+s.n/10 {
			return nil
		}
		total += s.n
		outside -= s.last - s.first + 1
	}
	if len(found) > mostSpells || total < least || outside < tuning.Enough.Settled {
		return nil
	}
	return found
}

// failedFor are the outages that all failures of a split belong to.
func failedFor(fx *Facts, x *split) []spell {
	return spellsOf(fx, x, tuning.Enough.Window, (*Cluster).fails)
}

// oneSpell is the one stretch that all failures of a split came in, where they are too few
// to be told from a burst of a backend that fails by chance, and still no chance that is
// independent of time puts them so; nil elsewhere.
func oneSpell(fx *Facts, x *split) []spell { return onlySpell(fx, x, (*Cluster).fails) }

// keptTo are the stretches that the deviants of a split kept to, which no chance that is
// independent of time does; nil where they did not.
func keptTo(fx *Facts, x *split) []spell {
	deviates := func(c *Cluster) bool {
		return slices.ContainsFunc(x.clusters, func(k int) bool { return &fx.Clusters[k] == c })
	}
	if s := spellsOf(fx, x, 1, deviates); len(s) > 1 {
		return s
	}
	return onlySpell(fx, x, deviates)
}

func onlySpell(fx *Facts, x *split, is func(*Cluster) bool) []spell {
	s := spellsOf(fx, x, 1, is)
	if len(s) != 1 {
		return nil
	}
	// Of all places for so many failures those within one stretch of this length, which
	// may begin anywhere and is looked for at a dozen looks.
	n, long := len(x.draws), s[0].last-s[0].first+1
	if stat.LogNoneAmong(n, s[0].n, n-long)+math.Log(float64(n-long+1)) > math.Log(tuning.IID/looks) {
		return nil
	}
	return s
}

// looks is how often a run is looked at, by its order of magnitude: looks grow with the
// run's logarithm.
const looks = 12

// refusedFor are the spells of a split's refusals: something began to refuse and stopped
// again.
func refusedFor(fx *Facts, w *weighing) []spell {
	if !w.refusal {
		return nil
	}
	return spellsOf(fx, w.split, tuning.Enough.Refused, refused)
}

// outages decides a target that failed for a while, or several times, and answered well
// in between and since: no chance orders failures so. A start that fails is one as well,
// where the run is over and the configuration shows no change that the end of it may
// come from.
func (j *judgement) outages(fx *Facts, sub *target) {
	x := j.otherSort(sub, (*Cluster).fails)
	if x == nil {
		return
	}
	settle(fx, x)
	spells := failedFor(fx, x)
	if spells == nil {
		return
	}
	since := len(x.draws) - 1 - spells[len(spells)-1].last
	if since < tuning.Enough.Settled && !fx.Done || len(spells) == 1 && (since == 0 || spells[0].first == 0 && (!fx.Done || lastChanged(fx, sub))) {
		return
	}
	x.failure = true
	j.settle(fx, &decision{weighing: weigh(fx, x), cause: FlakyBackend})
}

// goneAtTheEnd tells whether the one window in which a target failed lasts until the end of
// the run, which hears no more of it: an outage that has not ended.
func goneAtTheEnd(fx *Facts, x *split) bool {
	if !fx.Done {
		return false
	}
	spells := failedFor(fx, x)
	return len(spells) == 1 && spells[0].first > 0 && spells[0].last == len(x.draws)-1
}

func windowsOf(fx *Facts, spells []spell) (out []Spell, n int) {
	for _, s := range spells {
		out = append(out, Spell{K: s.n, From: fx.Rows[s.from].At, To: fx.Rows[s.to].At})
		n += s.n
	}
	if len(out) == 1 {
		out[0].K = 0
	}
	return out, n
}

// failedBetween is the finding of a target that failed for a while, and not by chance: an
// outage, which has a reason of its own.
func failedBetween(fx *Facts, w *weighing, f Finding, spells []spell) Finding {
	f.Cause, f.Linked, f.Alternatives = IntegrationError, ConsistentWith, nil
	k := fx.Rows[spells[0].from].Cluster
	windows, n := windowsOf(fx, spells)
	f.Says = []Fact{FailedBetween{Target: w.sub.ID, Failed: Count{n, w.n}, Spells: windows, Answer: fx.summary(k)}}
	f.SettledBy = ErrorLogs{Stage: w.sub.Stage}
	f.Remedy = []Remedy{whereToLook(&fx.Clusters[k])}
	if line, known := failureOf(fx, failure.CauseIntegration, rowsOf(fx, w.split, (*Cluster).fails)); known != nil {
		f.Linked, f.SettledBy = Proven, nil
		f.say(ByLogs{What: known.Why})
		f.Proof = evidence(append([]Fact{line}, f.Proof...)...)
		if known.Check != "" {
			f.Remedy = []Remedy{lookAt(known)}
		}
	} else if what := inside(fx, w.clusters); what != nil {
		f.say(Inside{Why: what.Why})
	} else if fx.Clusters[k].Reading.Producer == signature.Integration {
		f.SettledBy = nil // its own logs tell
	}
	return f
}

// refusedBetween is the finding of a target that refused for a while.
func refusedBetween(fx *Facts, w *weighing, f Finding, spells []spell) Finding {
	f.Cause, f.Alternatives = AccessDenied, nil
	windows, n := windowsOf(fx, spells)
	f.Says = []Fact{RefusedBetween{Target: w.sub.ID, Refused: Count{n, w.n}, Spells: windows, Answer: fx.summary(fx.Rows[spells[0].from].Cluster)}}
	f.SettledBy = Topic("who refuses")
	f.Remedy = []Remedy{remedy.TrippedRule}
	return f
}

// rowsOf are the rows of a split whose answers are of a kind.
func rowsOf(fx *Facts, x *split, is func(*Cluster) bool) []int {
	var rows []int
	for _, d := range x.draws {
		if is(&fx.Clusters[fx.Rows[d.row].Cluster]) {
			rows = append(rows, d.row)
		}
	}
	return rows
}
