package metrics

import (
	_ "embed"
	"fmt"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// Grafana is a dashboard of the series, to be imported as it is.
//
//go:embed grafana.json
var Grafana string

// Alerts are alert rules for Prometheus.
//
//go:embed alerts.yaml
var Alerts string

// List documents the series for a reader.
func List() string {
	var b strings.Builder
	for _, s := range Series {
		name := s.Name
		if len(s.Labels) > 0 {
			name += "{" + strings.Join(s.Labels, ", ") + "}"
		}
		help := strings.ReplaceAll(ansi.Wordwrap(s.Help, 76, ""), "\n", "\n    ")
		fmt.Fprintf(&b, "%s (%s)\n    %s\n", name, s.Type, help)
	}
	return b.String()
}
