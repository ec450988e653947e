package cluster

import (
	"slices"

	"stageprobe/analyze/signature"
	"stageprobe/probe"
)

// raw is an answer as it was, for reports, secrets removed.
type raw struct {
	answer    signature.Answer
	requestID string
	machine   string
	seq       uint64
}

// maxRaws is how many exemplars of a group are kept before those that are not
// the first of their behaviour are let go.
const maxRaws = 512

func rawOf(o *probe.Observation, redact *probe.Redactor) *raw {
	a := signature.Of(o, nil)
	if redact != nil {
		a.Header = slices.Clone(o.Header)
		for i := range a.Header {
			a.Header[i].Value = redact.String(a.Header[i].Value)
		}
		a.Body = redact.Bytes(o.Body)
	}
	if len(a.Body) > MaxExemplarBody {
		a.Body, a.BodyTruncated = a.Body[:MaxExemplarBody], true
	}
	a.Body = slices.Clone(a.Body)
	return &raw{answer: a, requestID: o.RequestID(), machine: o.Machine, seq: o.Seq}
}

// remember keeps the exemplar of a vector.
func (g *group) remember(vector int32, r *raw, benign []string) {
	g.raws[vector] = r
	delete(g.read, vector)
	if len(g.raws) > maxRaws {
		g.prune(benign)
	}
}

// prune keeps the least exemplar of each behaviour as far as the group alone
// tells them apart. Later masks mostly join behaviours, and the least of the
// joined is the least of one of them.
func (g *group) prune(benign []string) {
	g.sign(learn([]*group{g}, benign))
	first := map[uint64]int32{}
	for at, r := range g.raws {
		had, ok := first[g.signed[at]]
		if !ok || less(r.machine, r.seq, g.raws[had].machine, g.raws[had].seq) {
			first[g.signed[at]] = at
		}
	}
	keep := make([]int32, 0, len(first))
	for _, at := range first {
		keep = append(keep, at)
	}
	slices.SortFunc(keep, func(a, b int32) int {
		if less(g.raws[a].machine, g.raws[a].seq, g.raws[b].machine, g.raws[b].seq) {
			return -1
		}
		return 1
	})
	kept := map[int32]*raw{}
	for _, at := range keep[:min(len(keep), maxRaws/2)] {
		kept[at] = g.raws[at]
	}
	g.raws = kept
}

// exemplar is the least exemplar among vectors; the zero raw where none was
// kept.
func (g *group) exemplar(vectors []int32) (int32, *raw) {
	best := int32(-1)
	for _, at := range vectors {
		r := g.raws[at]
		if r != nil && (best < 0 || less(r.machine, r.seq, g.raws[best].machine, g.raws[best].seq)) {
			best = at
		}
	}
	if best < 0 {
		return -1, nil
	}
	return best, g.raws[best]
}

// reading reads an exemplar, with what is known of the request.
func (g *group) reading(vector int32, r *raw, scenarios []probe.Scenario) signature.Reading {
	if have, ok := g.read[vector]; ok {
		return have
	}
	a := r.answer
	a.URL, a.APIKind, a.Endpoint = g.address.URL, g.address.APIKind, g.address.Endpoint
	i := slices.IndexFunc(scenarios, func(s probe.Scenario) bool { return s.Name == g.scenario })
	if i >= 0 {
		s := &scenarios[i]
		a.Method = s.Method
		if a.URL != "" {
			a.URL += s.Path
		}
		a.SentAuthorization = sent(s, "authorization", probe.AuthBearer, probe.AuthSigV4)
		a.SentAPIKey = sent(s, "x-api-key", probe.AuthAPIKey)
	}
	reading := signature.Read(a)
	g.read[vector] = reading
	return reading
}

// sent tells whether a scenario's requests carry a header.
func sent(s *probe.Scenario, header string, auth ...probe.AuthKind) *bool {
	yes := slices.Contains(auth, s.Auth) || probe.HeaderValue(s.Header, header) != ""
	return &yes
}
