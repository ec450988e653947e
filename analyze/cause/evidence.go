package cause

import (
	"iter"
	"slices"
	"time"

	"stageprobe/analyze/stat"
	"stageprobe/probe"
	"stageprobe/probe/failure"
)

// Asked is one request and what it got.
type Asked struct {
	said
	Request string // its id; "" where it has none
	Seq     uint64
	Target  string
	At      time.Time
	Answer  string // the behaviour
	Note    Fact   // what it shows; nil where it is an example
}

// Logged is what a log record says of a request.
type Logged struct {
	said
	Group, Request string
	Says           Fact
}

// ServedBy is who served a request, as far as a record tells.
type ServedBy struct {
	said
	Stage, Deployment, Version string
	Canary                     *bool
	CanaryGroup                bool // written to the canary's log group
}

// IntegrationAnswered is the status of an integration.
type IntegrationAnswered struct {
	said
	Status int
}

func (fx *Facts) request(i int, note Fact) Fact {
	r := &fx.Rows[i]
	return Asked{Request: r.RequestID, Seq: r.Seq, Target: fx.Plan.Targets[r.Target].ID, At: r.At, Answer: fx.summary(r.Cluster), Note: note}
}

// logLine is what the logs say of a row; nil where they say nothing.
func (fx *Facts) logLine(i int, worth func(*probe.LogRecord) Fact) Fact {
	id := fx.Rows[i].RequestID
	if id == "" || fx.Rows[i].Copied {
		return nil
	}
	for _, r := range recordsOf(fx, i) {
		if says := worth(r); says != nil {
			return Logged{Group: r.Group, Request: id, Says: says}
		}
	}
	return nil
}

func recordsOf(fx *Facts, rows ...int) iter.Seq2[int, *probe.LogRecord] {
	return func(yield func(int, *probe.LogRecord) bool) {
		if fx.Records == nil {
			return
		}
		for _, i := range rows {
			records := fx.Records(fx.Rows[i].RequestID)
			for k := range records {
				if !yield(i, &records[k]) {
					return
				}
			}
		}
	}
}

// failureOf is the first failure of a cause that the logs of some rows name, with its line
// of evidence; nil where they name none.
func failureOf(fx *Facts, cause string, rows []int) (line Fact, known *failure.Failure) {
	for i, r := range recordsOf(fx, rows...) {
		found, _ := failure.Of(r)
		if k := slices.IndexFunc(found, func(f failure.Failure) bool { return f.Cause == cause }); k >= 0 {
			return Logged{Group: r.Group, Request: fx.Rows[i].RequestID, Says: quote(found[k].Line)}, &found[k]
		}
	}
	return nil, nil
}

func served(r *probe.LogRecord) Fact {
	s := ServedBy{Stage: r.Stage, Deployment: r.DeploymentID, Version: r.ExecutedVersion, Canary: r.Canary, CanaryGroup: r.GroupCanary}
	if s == (ServedBy{}) {
		return nil
	}
	return s
}

// failureLine is the failure line of a record, or its integration's status.
func failureLine(r *probe.LogRecord) Fact {
	if r.Error == "" && r.IntegrationStatus != nil && *r.IntegrationStatus >= 500 {
		return IntegrationAnswered{Status: *r.IntegrationStatus}
	}
	return quote(r.Error)
}

// firstOf is the first row of a cluster on a target; -1 where there is none.
func (fx *Facts) firstOf(sub *target, cluster int) int {
	for _, c := range slices.Concat(sub.cells, sub.confirms) {
		for _, i := range c.rows {
			if fx.Rows[i].Cluster == cluster {
				return i
			}
		}
	}
	return -1
}

func (fx *Facts) example(sub *target, cluster int) Fact {
	if i := fx.firstOf(sub, cluster); i >= 0 {
		return fx.request(i, nil)
	}
	return nil
}

func (fx *Facts) examples(sub *target, behaviours []int) (lines []Fact) {
	for _, k := range behaviours {
		lines = append(lines, fx.example(sub, k))
	}
	return lines
}

// alikeThroughout is what all findings share of scenarios of which every answer is alike.
func alikeThroughout(fx *Facts, sub *target, cells []*cell) Finding {
	f := Finding{Linked: ConsistentWith, Targets: []string{sub.ID}, Scenarios: fx.cellNames(cells), rests: behavioursOf(cells)}
	n := 0
	for _, c := range cells {
		n += len(c.rows)
		if len(c.rows) > 0 {
			f.Proof = append(f.Proof, fx.example(sub, c.ref))
		}
	}
	f.Proof, f.Statistics = evidence(f.Proof...), allAlike(fx, n)
	return f
}

// allAlike are the numbers of so many answers that are all alike.
func allAlike(fx *Facts, n int) *Statistics {
	return &Statistics{Test: "all answers alike", Statistic: float64(n), Effect: 1, N: n, Share: interval(n, n, fx.alpha)}
}

// ShareOf is the share of answers that are so, with an interval that is wider where they
// come in stretches; nil where they do and too little was seen to say how wide. An
// interval for independent answers misses the share of bursts more often than not.
func ShareOf(so []bool, alpha float64) *Interval {
	const most, least, blocks = 20, 5, 24
	k := count(so, true)
	var counts []stat.BinCount
	for part := range slices.Chunk(so, min(most, max(least, len(so)/blocks))) {
		counts = append(counts, stat.BinCount{K: count(part, true), N: len(part)})
	}
	if low, high, ok := stat.BlockedInterval(counts, alpha); ok {
		return &Interval{Estimate: float64(k) / float64(len(so)), Low: low, High: high, Method: "blocked Jeffreys-mixture confidence sequence"}
	}
	if orderOf(so) < tuning.IID {
		return nil
	}
	return interval(k, len(so), alpha)
}

// share is that of a split's answers that are of some behaviours.
func share(fx *Facts, x *split, of []int) *Interval {
	draws := inTime(fx, x.draws)
	so := make([]bool, len(draws))
	for i, d := range draws {
		so[i] = slices.Contains(of, fx.Rows[d.row].Cluster)
	}
	return ShareOf(so, fx.alpha)
}

// interval is a share with its confidence sequence, which holds whenever the
// run stopped.
func interval(k, n int, alpha float64) *Interval {
	lo, hi := stat.ConfSeq(k, n, alpha)
	est := 0.
	if n > 0 {
		est = float64(k) / float64(n)
	}
	return &Interval{Estimate: est, Low: lo, High: hi, Method: "Jeffreys-mixture confidence sequence"}
}

// ptr is for optional numbers of a report.
func ptr[T any](v T) *T { return &v }
