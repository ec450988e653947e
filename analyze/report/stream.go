package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"time"

	"stageprobe/analyze"
	"stageprobe/analyze/cause"
	"stageprobe/probe"
	"stageprobe/probe/redact"
)

// Stream writes a run as JSON Lines while it runs: an object a line, with event and
// at. What comes of a run is a plan, progress now and then, a finding as soon as it
// is decided, of a watch a change as soon as it is announced, and at the end the
// targets, the findings and changes that were not told yet, and the verdict with the whole report, in which a finding may be worded by then with more
// numbers, or be gone. The zero value is not usable; see [NewStream].
type Stream struct {
	w     io.Writer
	now   func() time.Time
	clean func(string) string // what takes secrets out of text
	last  time.Time           // of progress
	told  map[string]bool
	moved int // changes that were told
	err   error
}

// NewStream writes to w; clean takes out of every text what must not be written.
func NewStream(w io.Writer, now func() time.Time, clean func(string) string) *Stream {
	return &Stream{w: w, now: now, clean: clean, told: map[string]bool{}}
}

// event is one line of a run.
type event struct {
	Event    string          `json:"event"`
	At       time.Time       `json:"at"`
	Plan     *eventPlan      `json:"plan,omitempty"`
	Progress *eventProgress  `json:"progress,omitempty"`
	Target   *analyze.Target `json:"target,omitempty"`
	Finding  *cause.Finding  `json:"finding,omitempty"`
	Change   *analyze.Change `json:"change,omitempty"`
	Report   *analyze.Report `json:"report,omitempty"`
}

// eventPlan is what will be sent.
type eventPlan struct {
	Requests  int             `json:"requests"` // at most, per target
	Rate      float64         `json:"rate"`
	Workers   int             `json:"workers"`
	Targets   []eventTarget   `json:"targets"`
	Scenarios []eventScenario `json:"scenarios"`
}

type eventTarget struct {
	ID  string `json:"id"`
	URL string `json:"url"`
}

type eventScenario struct {
	Name   string `json:"name"`
	Method string `json:"method"`
	Path   string `json:"path"`
}

// eventProgress is where a run stands.
type eventProgress struct {
	Requests      int             `json:"requests"`
	Open          int             `json:"open"`      // questions
	Remaining     int             `json:"remaining"` // requests that would about decide them; 0 where unknown
	LogsMatched   int             `json:"logs_matched"`
	LogsRequested int             `json:"logs_requested"`
	Targets       []eventAnswered `json:"targets"`
}

type eventAnswered struct {
	ID         string `json:"id"`
	Answers    int    `json:"answers"`
	Behaviours int    `json:"behaviours"` // of the scenario that has most
}

// progressEvery is how often progress is written.
const progressEvery = time.Second

// Plan writes what will be sent.
func (s *Stream) Plan(p *probe.Plan) {
	out := eventPlan{Requests: p.Requests, Rate: p.Rate, Workers: p.Workers, Targets: []eventTarget{}, Scenarios: []eventScenario{}}
	for _, t := range p.Targets {
		out.Targets = append(out.Targets, eventTarget{t.ID, t.URL})
	}
	for _, sc := range p.Scenarios {
		out.Scenarios = append(out.Scenarios, eventScenario{sc.Name, sc.Method, sc.Path})
	}
	s.write(event{Event: "plan", Plan: &out})
}

// Progress writes the findings that are new, and at most once a second where the run
// stands.
func (s *Stream) Progress(p *analyze.Progress) {
	for i := range p.Decision.Findings {
		if f := &p.Decision.Findings[i]; !s.told[analyze.FindingKey(f)] && !toldElsewhere(f) {
			s.told[analyze.FindingKey(f)] = true
			s.finding(f)
		}
	}
	if now := s.now(); s.last.IsZero() || now.Sub(s.last) >= progressEvery {
		s.last = now
		out := eventProgress{
			Requests: p.Sent, Open: p.Open, Remaining: p.Remaining,
			LogsMatched: p.LogsMatched, LogsRequested: p.LogsWanted, Targets: []eventAnswered{},
		}
		for _, t := range p.Targets {
			out.Targets = append(out.Targets, eventAnswered(t))
		}
		s.write(event{Event: "progress", Progress: &out})
	}
}

// Change writes what a watch announces.
func (s *Stream) Change(c *analyze.Change) {
	s.moved++
	s.write(event{Event: "change", Change: c})
}

func (s *Stream) finding(f *cause.Finding) {
	whole := completeFindings([]cause.Finding{*f})
	s.write(event{Event: "finding", Finding: &whole[0]})
}

// End writes the targets, the findings and changes that were not told yet, and the
// verdict with the whole report. The error is the first that any line met.
func (s *Stream) End(rep *analyze.Report) error {
	c := complete(rep)
	for i := range c.Targets {
		s.write(event{Event: "target", Target: &c.Targets[i]})
	}
	for i := range c.Findings {
		if !s.told[analyze.FindingKey(&c.Findings[i])] {
			s.finding(&c.Findings[i])
		}
	}
	for i := min(s.moved, len(c.Changes)); i < len(c.Changes); i++ {
		s.write(event{Event: "change", Change: &c.Changes[i]})
	}
	s.write(event{Event: "verdict", Report: c})
	return s.err
}

func (s *Stream) write(e event) {
	if s.err != nil {
		return
	}
	e.At = s.now().UTC()
	if s.clean != nil {
		e = redact.Texts(e, s.clean)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(e); err != nil {
		s.err = errors.Join(errors.New("write the report as JSON lines"), err)
		return
	}
	_, s.err = s.w.Write(SafeJSON(b.Bytes()))
}

// JSONLines writes a report as the events that end a run, so that a reader can take
// what it needs from the stream and forget the rest.
func JSONLines(w io.Writer, rep *analyze.Report) error {
	return NewStream(w, func() time.Time { return rep.Run.Ended }, nil).End(rep)
}
