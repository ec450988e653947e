package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"stageprobe/analyze"
	"stageprobe/analyze/cause"
)

// line is one event of a report in JSON Lines.
type line struct {
	Event   string          `json:"event"`
	At      time.Time       `json:"at"`
	Target  *analyze.Target `json:"target,omitempty"`
	Finding *cause.Finding  `json:"finding,omitempty"`
	Report  *analyze.Report `json:"report,omitempty"`
}

// JSONLines writes the report as a line per target and per finding, and last the
// verdict with the whole report, so that a reader can take what it needs from the
// stream and forget the rest.
func JSONLines(w io.Writer, rep *analyze.Report) error {
	c := complete(rep)
	var lines []line
	for i := range c.Targets {
		lines = append(lines, line{Event: "target", Target: &c.Targets[i]})
	}
	for i := range c.Findings {
		lines = append(lines, line{Event: "finding", Finding: &c.Findings[i]})
	}
	lines = append(lines, line{Event: "verdict", Report: c})
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	for _, l := range lines {
		l.At = c.Run.Ended
		if err := e.Encode(l); err != nil {
			return fmt.Errorf("write the report as JSON lines: %w", err)
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}
