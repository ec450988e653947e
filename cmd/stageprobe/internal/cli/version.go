package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func newVersion(s Streams) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Say which build this is",
		Example: `  stageprobe version
  stageprobe version --format json`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			b := build{Version(), commit(), built("vcs.time"), runtime.Version()}
			switch format {
			case "json":
				out := json.NewEncoder(s.Out)
				out.SetIndent("", "  ")
				return out.Encode(b)
			case "text":
				_, err := fmt.Fprintf(s.Out, "stageprobe %s\ncommit %s\nof %s\n%s\n", b.Version, cmp.Or(b.Commit, "unknown"), cmp.Or(b.Date, "unknown date"), b.Go)
				return err
			}
			return hint(fmt.Errorf("--format %q: use text or json", format), "stageprobe version --help shows examples")
		},
	}
	cmd.Flags().StringVar(&format, "format", "text", "`format`: text or json")
	return cmd
}

// build is what version tells.
type build struct {
	Version string `json:"version"`
	Commit  string `json:"commit"` // "" where it was not built from a repository
	Date    string `json:"date"`   // of the commit, RFC 3339; "" as above
	Go      string `json:"go_version"`
}

// built is a setting of the build as the Go tool recorded it; "" where it did not.
func built(key string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == key {
			return s.Value
		}
	}
	return ""
}

// commit is the revision that the Go tool found in the repository, with +dirty
// where files were changed.
func commit() string {
	revision := built("vcs.revision")
	if revision != "" && built("vcs.modified") == "true" {
		revision += "+dirty"
	}
	return revision
}
