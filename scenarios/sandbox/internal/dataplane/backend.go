package dataplane

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"stageprobe/scenarios/sandbox/internal/gwlog"
	"stageprobe/scenarios/sandbox/internal/moves"
	"stageprobe/scenarios/sandbox/internal/world"
)

// reply is what a backend gave.
type reply struct {
	status  int
	headers []gwlog.Pair
	body    string
	version string
	latency time.Duration
	failure string // kind of failure that is not an HTTP answer; "" for none
	pieces  pieces
}

// callBackend asks the backend of an integration: one of its versions, failing as it
// does, or for longer than the integration waits.
func (x integration) callBackend(b *world.Backend, i *world.Integration) reply {
	p := x.plane
	latency := b.Latency.Std() + time.Duration(p.shape.draw()*float64(b.Jitter))
	streamed := i.TransferMode == "STREAM"
	if !streamed {
		latency += time.Duration(max(0, b.Pieces-1)) * b.Pause.Std()
	}
	if limit := time.Duration(i.TimeoutMS) * time.Millisecond; limit > 0 && latency > limit {
		x.wait(limit)
		return reply{latency: limit, failure: "timeout"}
	}
	x.wait(latency)
	v := p.version(b)
	out := reply{status: cmp.Or(v.Status, b.Status, 200), version: cmp.Or(v.Name, "$LATEST"), latency: latency}
	for _, failing := range []*world.Failing{v.Fail, b.Fail} {
		switch {
		case failing == nil || !p.fails(failing):
		case failing.Kind == "cut" && streamed:
			out.pieces.cut = true
		default:
			return x.failed(out, failing)
		}
	}
	if streamed {
		out.pieces.n, out.pieces.pause, out.pieces.idle = max(1, b.Pieces), b.Pause.Std(), x.idle(i)
	}
	headers := merge(b.Headers, v.Headers)
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		out.headers = append(out.headers, gwlog.Pair{Name: name, Value: x.expand(headers[name], out.version)})
	}
	body := cmp.Or(v.Body, b.Routes[guard(x).methodKey()], b.Body)
	out.body = x.expand(body, out.version)
	if b.Shuffle {
		out.body = p.shuffled(out.body)
	}
	x.move(b, &out)
	return out
}

// move lets the answer move as the backend's plan says.
func (x integration) move(b *world.Backend, out *reply) {
	m := x.plane.mover(b)
	if m == nil {
		return
	}
	headers := make([]moves.Header, len(out.headers))
	for i, h := range out.headers {
		headers[i] = moves.Header(h)
	}
	a := m.Answer(moves.Request{Stage: x.call.Stage, Canary: x.canary, Now: x.plane.cloud.Now()}, out.status, headers, out.body)
	out.status, out.body, out.headers = a.Status, a.Body, nil
	for _, h := range a.Headers {
		out.headers = append(out.headers, gwlog.Pair(h))
	}
}

// mover is what moves a backend's answers; nil where nothing does.
func (p *Plane) mover(b *world.Backend) *moves.Mover {
	plan := b.Plan()
	if plan.Empty() {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	m := p.movers[b]
	if m == nil {
		m = moves.New(plan, p.seed, p.cloud.Now())
		p.movers[b] = m
	}
	return m
}

// failed is a backend's failure: an application's error, or none at all.
func (x integration) failed(out reply, f *world.Failing) reply {
	if f.Kind != "" && f.Kind != "status" {
		out.failure = f.Kind
		return out
	}
	out.status = cmp.Or(f.Status, 500)
	out.body = x.expand(cmp.Or(f.Body, `{"error":"upstream failed","request":"{{uuid}}"}`), out.version)
	return out
}

// version draws one of the versions behind an alias by its weight.
func (p *Plane) version(b *world.Backend) world.Version {
	total := 0.0
	for _, v := range b.Versions {
		total += v.Weight
	}
	at := p.fate.draw() * total
	for _, v := range b.Versions {
		if at -= v.Weight; at < 0 {
			return *v
		}
	}
	return world.Version{}
}

// fails draws whether a backend fails: each request by itself, or in bursts of
// a two-state Markov chain whose long-run share is the rate.
func (p *Plane) fails(f *world.Failing) bool {
	if f.Mode != "burst" || f.Rate <= 0 || f.Rate >= 1 {
		return p.fate.draw() < f.Rate
	}
	leave := 1 / max(1, f.Mean)
	enter := leave * f.Rate / (1 - f.Rate)
	draw := p.fate.draw()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failing[f] {
		p.failing[f] = draw >= leave
	} else {
		p.failing[f] = draw < enter
	}
	return p.failing[f]
}

// expand fills the {{…}} of a backend's template.
func (x integration) expand(template, version string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(template, "{{")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		name, after, closed := strings.Cut(rest, "}}")
		if !closed {
			b.WriteString("{{" + rest)
			return b.String()
		}
		b.WriteString(x.value(name, version))
		template = after
	}
}

func (x integration) value(name, version string) string {
	p := x.plane
	now := p.cloud.Now()
	switch name {
	case "uuid":
		return p.shape.uuid()
	case "now":
		return now.UTC().Format(time.RFC3339Nano)
	case "epoch":
		return strconv.FormatInt(now.Unix(), 10)
	case "epoch_ms":
		return strconv.FormatInt(now.UnixMilli(), 10)
	case "counter":
		return strconv.Itoa(p.count())
	case "random":
		return p.shape.hex(8)
	case "stage":
		return x.call.Stage
	case "request_id":
		return x.call.RequestID
	case "version":
		return version
	}
	place, rest, _ := strings.Cut(name, ".")
	switch place {
	case "var":
		return x.vars[rest]
	case "query":
		return x.r.URL.Query().Get(rest)
	case "header":
		return x.r.Header.Get(rest)
	case "path":
		for _, pair := range x.call.PathParams {
			if pair.Name == rest {
				return pair.Value
			}
		}
	}
	return ""
}

// shuffled puts the keys of a JSON object in random order; anything else stays
// as it is.
func (p *Plane) shuffled(body string) string {
	var members map[string]json.RawMessage
	if json.Unmarshal([]byte(body), &members) != nil {
		return body
	}
	keys := slices.Sorted(maps.Keys(members))
	p.shape.shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
	parts := make([]string, len(keys))
	for i, k := range keys {
		parts[i] = quoted(k) + ":" + string(members[k])
	}
	return "{" + strings.Join(parts, ",") + "}"
}
