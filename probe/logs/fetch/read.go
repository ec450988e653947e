package fetch

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"stageprobe/probe"
)

// window is the time in which the events of the wanted requests lie, and those
// after them that tell how far a group has got.
func (r *run) window() (from, to time.Time) {
	now := r.now()
	from, to = r.request.From.Add(-skew), r.request.To.Add(slowest+skew)
	if r.request.To.IsZero() || to.After(now) {
		to = now.Add(skew)
	}
	if r.request.From.IsZero() {
		from = to.Add(-15 * time.Minute)
	}
	return from, to
}

// read reads what is new in a group, in the way that costs the fewest calls.
func (r *run) read(ctx context.Context, g *group) error {
	if !g.readable() {
		return nil
	}
	wanted := r.wantedIn(g)
	if len(wanted) == 0 {
		return nil
	}
	from, to := r.window()
	if g.covers(from) {
		from = later(from, g.readTo.Add(-max(lateness, r.request.Wait)))
	}
	if g.queried {
		return insights{r}.readQueried(ctx, g, wanted, from, to)
	}
	p := &page{from: from, to: to, more: g.way == byWindow}
	// The first page of the whole tells what the rest would cost; the very first
	// ones may be empty.
	for p.more && p.newest.IsZero() && p.pages < emptyPages {
		if err := r.next(ctx, g, p); err != nil || !g.readable() {
			return err
		}
		if g.queried { // its class was not told before
			return insights{r}.readQueried(ctx, g, wanted, from, to)
		}
	}
	switch g.way = r.cheapest(g.way, p, len(wanted)); g.way {
	case byWindow:
		return r.readRest(ctx, g, p)
	case byIDs:
		return r.readIDs(ctx, g, wanted, p)
	}
	return insights{r}.query(ctx, g, wanted, p)
}

// covers reports whether the group was read from a time on.
func (g *group) covers(from time.Time) bool {
	return !g.readTo.IsZero() && !from.Before(g.readFrom)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// wantedIn returns the ids that the group may still tell more of.
func (r *run) wantedIn(g *group) []string {
	var ids []string
	for _, id := range slices.Compact(slices.Sorted(slices.Values(r.request.IDs))) {
		switch {
		case g.complete(id), g.settled[id], r.found[id] && !g.mayHold(r.owner[id]):
			continue
		case r.found[id] && r.overdue(g):
			g.settle(id) // asked for once more, and no more after it
		}
		ids = append(ids, id)
	}
	return ids
}

// ref returns the stage that the group belongs to; nothing where it is shared.
func (g *group) ref() probe.StageRef { return probe.StageRef{APIID: g.APIID, Stage: g.Stage} }

// mayHold reports whether a request of a stage can also stand in the group: a
// request is logged by one stage, in up to four groups.
func (g *group) mayHold(owner probe.StageRef) bool {
	none := probe.StageRef{}
	return g.ref() == owner || g.ref() == none || owner == none
}

// overdue reports whether the group has got so far that a request which is not
// in it by now never will be.
func (r *run) overdue(g *group) bool {
	to := r.request.To
	return !to.IsZero() && (!g.Watermark.Before(to.Add(allowance)) || r.now().After(to.Add(given)))
}

// page is a position in the reading of a group's events.
type page struct {
	from, to time.Time
	pattern  string
	token    *string
	pages    int
	newest   time.Time // of the events of this reading
	more     bool
}

// emptyPages is how long the first event of a group is looked for before the
// group is asked for ids.
const emptyPages = 5

// most bounds the pages of one reading; beyond it something is wrong.
const most = 5000

// next reads one page.
func (r *run) next(ctx context.Context, g *group, p *page) error {
	in := &cloudwatchlogs.FilterLogEventsInput{
		LogGroupName: &g.Name, NextToken: p.token,
		StartTime: aws.Int64(p.from.UnixMilli()), EndTime: aws.Int64(p.to.UnixMilli()),
	}
	if p.pattern != "" {
		in.FilterPattern = &p.pattern
	}
	out, err := call(ctx, r.Reader, func() (*cloudwatchlogs.FilterLogEventsOutput, error) {
		return r.Client.FilterLogEvents(ctx, in)
	})
	if err != nil {
		p.more = false
		return r.unreadable(ctx, g, err)
	}
	for _, e := range out.Events {
		g.take(e, r.now())
		p.newest = later(p.newest, milliseconds(e.Timestamp))
	}
	p.pages++
	// A page may be empty and still have a successor: only the token tells.
	repeated := p.token != nil && aws.ToString(p.token) == aws.ToString(out.NextToken)
	p.token = out.NextToken
	p.more = aws.ToString(p.token) != "" && !repeated && p.pages < most
	if repeated || p.pages == most {
		r.note("log group %s: reading stopped after %d pages without an end", g.Name, p.pages)
	}
	return nil
}

// unreadable notes that a group cannot be read; only the context's end is an
// error.
func (r *run) unreadable(ctx context.Context, g *group, err error) error {
	if ctx.Err() != nil {
		return err
	}
	if isNotFound(err) {
		g.Exists = false
		return nil
	}
	if code(err) == "InvalidOperationException" && !g.queried {
		g.queried = true // a class that FilterLogEvents does not serve
		return nil
	}
	g.denied = true
	resource := g.arn
	if resource == "" && !strings.Contains(err.Error(), "on resource: ") {
		resource = "arn:aws:logs:*:*:log-group:" + g.Name + ":*"
	}
	r.gap(r.failure("FilterLogEvents", "log group "+g.Name, resource, err, g.costs()))
	return nil
}

func (g *group) costs() string {
	if g.Canary {
		return "which requests the canary of stage " + g.Stage + " served is not known from this log"
	}
	if g.Source == probe.ExecutionLog {
		return "which stage and integration served a request is not known from this log"
	}
	return "the access-log entries of the requests are not used"
}

// way is a way to read a group.
type way int

const (
	byWindow way = iota
	byIDs
	byQuery
)

// idsPerPattern ids fit into a filter pattern, which may be 1024 characters
// long: `?"…" ` around a UUID is 40.
const idsPerPattern = 20

// cheapest compares the ways after the first page of the whole window. A group
// that was too busy for it once is not tried again.
func (r *run) cheapest(last way, p *page, ids int) way {
	if last == byWindow && !p.more {
		return byWindow
	}
	batches := float64((ids + idsPerPattern - 1) / idsPerPattern)
	pages := float64(most)
	if last == byWindow {
		pages = p.left()
	}
	switch {
	case r.tooMany(min(pages, batches)):
		return byQuery
	case pages <= batches:
		return byWindow
	}
	return byIDs
}

// tooMany reports whether Logs Insights should take the place of so many calls.
func (r *run) tooMany(calls float64) bool {
	above := r.insightsAbove()
	return above >= 0 && calls > float64(above)
}

func (r *run) insightsAbove() int {
	if r.InsightsAbove == 0 {
		return 60
	}
	return r.InsightsAbove
}

// left estimates the pages that the rest of the window takes from how far the
// pages so far got.
func (p *page) left() float64 {
	whole := p.to.Sub(p.from).Seconds()
	read := p.newest.Sub(p.from).Seconds()
	if p.newest.IsZero() || read <= 0 {
		return most // empty so far, and no end in sight
	}
	return float64(p.pages) * (whole - read) / read
}

// readRest reads the window to its end.
func (r *run) readRest(ctx context.Context, g *group, p *page) error {
	for p.more {
		if err := r.next(ctx, g, p); err != nil {
			return err
		}
	}
	if !g.readable() {
		return nil
	}
	if g.readTo.IsZero() || p.from.Before(g.readFrom) || p.from.After(g.readTo) {
		g.readFrom = p.from
	}
	g.readTo = later(g.readTo, earlier(p.to, r.now()))
	return nil
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// readIDs asks for the ids, and then for what came last.
func (r *run) readIDs(ctx context.Context, g *group, ids []string, whole *page) error {
	for len(ids) > 0 {
		n := min(len(ids), idsPerPattern)
		p := &page{from: whole.from, to: whole.to, pattern: pattern(ids[:n]), more: true}
		for p.more {
			if err := r.next(ctx, g, p); err != nil || g.denied {
				return err
			}
		}
		ids = ids[n:]
		// A pattern is matched event by event, so that a large group takes many
		// pages, most of them empty, for every batch.
		if rest := float64(p.pages * ((len(ids) + n - 1) / n)); g.way == byIDs && r.tooMany(rest) {
			g.way = byQuery
			return insights{r}.query(ctx, g, ids, whole)
		}
	}
	return r.readLatest(ctx, g, whole.to)
}

// readLatest reads a page of events after the requests, whoever sent them: they
// show how far the group has got.
func (r *run) readLatest(ctx context.Context, g *group, to time.Time) error {
	after := later(g.Watermark, r.request.To)
	if r.overdue(g) || after.IsZero() || !after.Before(to) {
		return nil
	}
	return r.next(ctx, g, &page{from: after, to: to})
}

// pattern matches events that hold one of the ids.
func pattern(ids []string) string {
	var b strings.Builder
	for i, id := range ids {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(`?"` + strings.NewReplacer(`"`, "", `\`, "").Replace(id) + `"`)
	}
	return b.String()
}
