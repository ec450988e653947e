package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"stageprobe/cmd/stageprobe/internal/metrics"
)

func newMetrics(s Streams) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "metrics",
		Short: "List the series of check --watch; print a dashboard or alert rules",
		Example: `  stageprobe metrics
  stageprobe metrics --format grafana > dashboard.json
  stageprobe metrics --format alerts > /etc/prometheus/rules/stageprobe.yaml`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			text, ok := map[string]string{"text": metrics.List(), "grafana": metrics.Grafana, "alerts": metrics.Alerts}[format]
			if !ok {
				return hint(fmt.Errorf("--format %q: use text, grafana or alerts", format), "stageprobe metrics --help shows examples")
			}
			_, err := io.WriteString(s.Out, text)
			return err
		},
	}
	cmd.Flags().StringVar(&format, "format", "text", "`format`: text, grafana or alerts")
	return cmd
}
