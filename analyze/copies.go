package analyze

import "stageprobe/probe"

// markCopies marks the answers that a cache before the gateway gave. The gateway gives
// each request ids of its own, so that an answer whose ids came before is a copy of that
// one. The first is the original, unless its headers say otherwise. Before a stage's own
// URL stands no cache: where ids come again there, something behind the gateway sets
// them, and they tell nothing in this run.
func markCopies(s *Session) {
	came := map[ids]int{}
	own := map[ids]bool{}
	for i := range s.rows {
		id := chosen(s, &s.rows[i])
		if id == (ids{}) {
			continue
		}
		came[id]++
		if t := &s.plan.Targets[s.rows[i].Target]; t.Kind == probe.InvokeURL && !s.rows[i].kept && !s.rows[i].Copied {
			if own[id] {
				return
			}
			own[id] = true
		}
	}
	first := map[ids]bool{}
	for i := range s.rows {
		r := &s.rows[i]
		id := chosen(s, r)
		if came[id] < 2 || id == (ids{}) {
			continue
		}
		r.Copied = r.Copied || first[id] || r.kept
		first[id] = true
	}
}

// chosen are the ids that the gateway itself chose for a request: a caller may choose the
// request id of a REST API, but not the extended one.
func chosen(s *Session, r *row) ids {
	if r.ids.extended == "" && s.plan.Targets[r.Target].APIKind != probe.HTTP {
		return ids{}
	}
	return ids{request: r.ids.request, extended: r.ids.extended}
}
