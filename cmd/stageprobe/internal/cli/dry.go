package cli

import (
	"encoding/json"
	"fmt"
	"time"

	"stageprobe/probe"
	"stageprobe/probe/redact"
)

// planned is what would be sent, for programs.
type planned struct {
	Event     string        `json:"event,omitempty"`
	At        *time.Time    `json:"at,omitempty"`
	Requests  int           `json:"requests"` // the most that one target gets
	Rate      float64       `json:"rate"`     // per second, over all targets
	Workers   int           `json:"workers"`
	LongestMS int64         `json:"longest_ms"`
	Seed      uint64        `json:"seed"`
	UserAgent string        `json:"user_agent"`
	Cost      string        `json:"cost,omitempty"`
	Slowed    string        `json:"slowed,omitempty"`
	Targets   []planTarget  `json:"targets"`
	Scenarios []planRequest `json:"scenarios"`
	Notes     []string      `json:"notes"`
}

type planTarget struct {
	ID    string `json:"id"`
	URL   string `json:"url"`
	Stage string `json:"stage,omitempty"`
	Meant string `json:"meant,omitempty"`
}

type planRequest struct {
	Name    string   `json:"name"`
	Method  string   `json:"method"`
	Path    string   `json:"path"`
	Query   string   `json:"query,omitempty"`
	Auth    string   `json:"auth,omitempty"`
	Targets []string `json:"targets,omitempty"` // all where left out
	Limit   int      `json:"limit,omitempty"`
}

// longest is how long the sending of a plan may take.
func (f *runFlags) longest(p *probe.Plan) time.Duration {
	d := time.Duration(float64(p.Requests*len(p.Targets)) / p.Rate * float64(time.Second))
	if f.duration > 0 {
		d = min(d, f.duration)
	}
	return max(time.Second, d.Round(time.Second))
}

// dry writes what would be sent to standard output, or to the file named.
func (o *outputs) dry(s Streams, r *run) error {
	x := output{format: "text"}
	if len(o.list) > 0 {
		x = o.list[0]
	}
	w := s.safe(s.Out)
	if x.format == "text" {
		announce(w, r)
		return nil
	}
	if x.format != "json" && x.format != "jsonl" {
		return hint(fmt.Errorf("--dry-run with --format %s: a plan is written as text, json or jsonl", x.format), "leave --format out, or give json")
	}
	p := &r.plan
	out := planned{
		Requests: p.Requests, Rate: p.Rate, Workers: p.Workers, LongestMS: r.flags.longest(p).Milliseconds(), Seed: p.Seed,
		UserAgent: r.engine.UserAgent, Cost: r.price(), Slowed: r.flags.slowed, Targets: []planTarget{}, Scenarios: []planRequest{}, Notes: append([]string{}, r.subject.notes...),
	}
	for i := range p.Targets {
		t := &p.Targets[i]
		e := planTarget{ID: t.ID, URL: redact.MaskURL(t.URL), Stage: t.Stage}
		if t.Meant != nil {
			e.Meant = t.Meant.Stage
		}
		out.Targets = append(out.Targets, e)
	}
	for i := range p.Scenarios {
		sc := &p.Scenarios[i]
		out.Scenarios = append(out.Scenarios, planRequest{sc.Name, sc.Method, redact.MaskPath(sc.Path), redact.MaskQuery(sc.Query), string(sc.Auth), sc.Targets, sc.Limit})
	}
	e := json.NewEncoder(w)
	if x.format == "jsonl" {
		now := time.Now().UTC()
		out.Event, out.At = "plan", &now
	} else {
		e.SetIndent("", "  ")
	}
	e.SetEscapeHTML(false)
	return e.Encode(out)
}
