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
			b := build{Version(), commit(), runtime.Version()}
			switch format {
			case "json":
				out := json.NewEncoder(s.Out)
				out.SetIndent("", "  ")
				return out.Encode(b)
			case "text":
				_, err := fmt.Fprintf(s.Out, "stageprobe %s\ncommit %s\n%s\n", b.Version, cmp.Or(b.Commit, "unknown"), b.Go)
				return err
			}
			return hint(fmt.Errorf("--format %q: use text or json", format), "stageprobe version --help shows examples")
		},
	}
	cmd.Flags().StringVar(&format, "format", "text", "text or json")
	return cmd
}

// build is what version tells.
type build struct {
	Version string `json:"version"`
	Commit  string `json:"commit"` // "" where it was not built from a repository
	Go      string `json:"go_version"`
}

// commit is the revision that the Go tool found in the repository, with +dirty
// where files were changed.
func commit() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	revision, dirty := "", ""
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			revision = s.Value
		case "vcs.modified":
			if s.Value == "true" {
				dirty = "+dirty"
			}
		}
	}
	if revision == "" {
		return ""
	}
	return revision + dirty
}
