package explain

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"stageprobe/analyze/cause"
	"stageprobe/analyze/signature"
	"stageprobe/analyze/stat"
	"stageprobe/probe"
	"stageprobe/probe/lazyregexp"
)

// Group is logged requests that are alike: the same route, status and cause.
type Group struct {
	Count  int        `json:"count"`
	First  *time.Time `json:"first"` // of the earliest request; nil where none has a time
	Last   *time.Time `json:"last"`
	Method *string    `json:"http_method"`
	Path   *string    `json:"path"` // the route's template, else the path
	Status *int       `json:"status"`
	Cause  *string    `json:"cause"` // the first candidate
	Error  *string    `json:"error"`
	Item   int        `json:"item"` // the index of the first of them

	sides [2]int // of them, by the stage's own deployment and by its canary, where the log says so
}

// fewest is how many requests a page holds at least: fewer are read one by one.
const fewest = 4

// counted is how many requests are counted, and told with their window of time.
const counted = 2

// varying is what differs between two failure lines of one cause.
var varying = lazyregexp.New(`[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}|[0-9]+`)

// Of more requests than itemised, each group keeps its first alone, and no more groups
// than maxGroups are told apart: the rest are counted together.
const (
	itemised  = 10_000
	maxGroups = 10_000
)

// tally counts logged requests one by one, and keeps as many as a document shows.
type tally struct {
	kind  string
	all   int
	items []Request
	index map[string]int // of groups
	list  []Group
	sides map[string][2]int // by route
}

func newTally(kind string) *tally {
	return &tally{kind: kind, index: map[string]int{}, sides: map[string][2]int{}}
}

func (t *tally) add(rec *probe.LogRecord) {
	r := request(rec)
	t.all++
	g := Group{Method: r.Method, Path: r.path(), Status: r.Status, Error: r.Error, Item: len(t.items)}
	if len(r.Candidates) > 0 {
		g.Cause = &r.Candidates[0].Cause
	}
	key := strings.Join([]string{str(g.Method), str(g.Path), statusWord(g.Status), str(g.Cause), varying.ReplaceAllString(str(g.Error), "#")}, " ")
	at, seen := t.index[key]
	if !seen && len(t.list) == maxGroups {
		at, seen = t.index[""]
		key, g = "", Group{Item: len(t.items)}
	}
	if !seen {
		at = len(t.list)
		t.index[key], t.list = at, append(t.list, g)
	}
	t.list[at].add(r.Time)
	if r.Canary != nil {
		side := 0
		if *r.Canary {
			side = 1
		}
		t.list[at].sides[side]++
		all := t.sides[g.route()]
		all[side]++
		t.sides[g.route()] = all
	}
	if !seen || t.all <= itemised {
		t.items = append(t.items, r)
	}
}

func (g *Group) route() string { return words(g.Method, g.Path) }

// bySide names the canary as the cause of failures that come on one side of it more often
// than chance lets them, by requests of the same route.
func (t *tally) bySide() {
	const chance = .01 // over all groups
	for i := range t.list {
		g, all := &t.list[i], t.sides[t.list[i].route()]
		own, canary := g.sides[0], g.sides[1]
		if g.Status == nil || *g.Status < 400 || stat.Fisher(canary, all[1]-canary, own, all[0]-own)*float64(len(t.list)) > chance {
			continue
		}
		c := signature.Candidate{
			Cause: string(cause.CanarySplit), Finding: string(cause.CanarySplit),
			Why:        fmt.Sprintf("by the log, %d of the canary's %d requests of this route were answered so, and %d of the %d of the stage's own deployment: they differ here", canary, all[1], own, all[0]),
			TellsApart: "aws apigateway get-stage: canarySettings; stageprobe check --api API_ID --stage STAGE says in what the two differ, and how to remove or promote the canary.",
		}
		r := &t.items[g.Item]
		r.Candidates = append([]signature.Candidate{c}, r.Candidates...)
		g.Cause = &r.Candidates[0].Cause
	}
}

// document is what was counted, the most frequent first.
func (t *tally) document() *Document {
	t.bySide()
	doc := &Document{Kind: t.kind, Requests: t.items, all: t.all}
	if t.all >= counted {
		doc.Groups = slices.SortedStableFunc(slices.Values(t.list), func(a, b Group) int { return cmp.Compare(b.Count, a.Count) })
	}
	if t.all > itemised { // the first of each group
		doc.Requests = nil
		for i := range doc.Groups {
			g := &doc.Groups[i]
			doc.Requests = append(doc.Requests, t.items[g.Item])
			g.Item = i
		}
	}
	return doc
}

func (r *Request) path() *string {
	if r.RouteTemplate == nil {
		return r.ResourcePath
	}
	_, path, found := strings.Cut(*r.RouteTemplate, " ")
	if !found {
		path = *r.RouteTemplate
	}
	return &path
}

func (g *Group) add(at *time.Time) {
	g.Count++
	if at == nil {
		return
	}
	if g.First == nil || at.Before(*g.First) {
		g.First = at
	}
	if g.Last == nil || at.After(*g.Last) {
		g.Last = at
	}
}

// window says from when to when.
func window(first, last *time.Time) string {
	const layout = "2006-01-02 15:04:05"
	switch {
	case first == nil:
		return "without times"
	case first.Equal(*last):
		return "at " + first.UTC().Format(layout) + " UTC"
	case first.UTC().Format(time.DateOnly) == last.UTC().Format(time.DateOnly):
		return "from " + first.UTC().Format(layout) + " to " + last.UTC().Format(time.TimeOnly) + " UTC"
	}
	return "from " + first.UTC().Format(layout) + " to " + last.UTC().Format(layout) + " UTC"
}

// span is the window of all.
func span(list []Group) (first, last *time.Time) {
	var all Group
	for _, g := range list {
		all.add(g.First)
		all.add(g.Last)
	}
	return all.First, all.Last
}

// pageText writes many requests: the groups, and of each that failed the first.
func (d *Document) pageText(b *bytes.Buffer) {
	fmt.Fprintf(b, "%d requests %s\n", d.all, window(span(d.Groups)))
	for _, g := range d.Groups {
		fmt.Fprintf(b, "  %5d × %s%s  %s\n", g.Count, statusWord(g.Status), cmp.Or(words(g.Method, g.Path), "an unknown route"), window(g.First, g.Last))
		if why := cmp.Or(str(g.Cause), str(g.Error)); why != "" {
			fmt.Fprintf(b, "          %s\n", why)
		}
	}
	shown := map[string]bool{}
	for _, g := range d.Groups {
		if g.Cause == nil || shown[*g.Cause] {
			continue
		}
		shown[*g.Cause] = true
		fmt.Fprintf(b, "\nOne of %d:\n", g.Count)
		d.Requests[g.Item].text(b)
	}
}
