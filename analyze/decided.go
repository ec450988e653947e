package analyze

import (
	"strings"
	"time"

	"stageprobe/analyze/cause"
)

// decisions holds when each finding was decided. One that further answers take back
// is decided anew where it comes again.
type decisions struct {
	at map[string]float64 // key of a finding → milliseconds from the first request
}

// findingKey names a finding whatever its words and numbers are by now.
func findingKey(f *cause.Finding) string {
	return string(f.Cause) + "\x00" + strings.Join(f.Targets, "\x00")
}

// note writes into findings when they were decided: now, where they are new.
func (d *decisions) note(findings []cause.Finding, rows []row) {
	before := d.at
	d.at = make(map[string]float64, len(findings))
	now := -1.
	for i := range findings {
		f := &findings[i]
		key := findingKey(f)
		at, known := before[key]
		if !known {
			if now < 0 {
				now = sinceFirst(rows)
			}
			at = now
		}
		d.at[key], f.DecidedMS = at, at
	}
}

// sinceFirst is the time from the first request to the last answer.
func sinceFirst(rows []row) float64 {
	var first, last time.Time
	for i := range rows {
		if at := rows[i].At; first.IsZero() || at.Before(first) {
			first = at
		}
		if rows[i].ended.After(last) {
			last = rows[i].ended
		}
	}
	return max(0, ms(last.Sub(first)))
}
