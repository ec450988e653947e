package cli

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"time"

	"github.com/spf13/cobra"
)

//go:embed manifests
var manifests embed.FS

// schedulers are those for which a manifest is printed, with the file that holds it.
var schedulers = map[string]string{"kubernetes": "kubernetes.yaml.tmpl", "aws-batch": "aws-batch.json.tmpl", "github": "github.yml.tmpl"}

// mostShards is what the smallest of the schedulers takes in one array: GitHub's matrix.
const mostShards = 256

// manifest is what a template is given.
type manifest struct {
	N             int
	Image, Folder string
	Args          []string // of stageprobe
}

// Shards are the numbers of a matrix.
func (m *manifest) Shards() []int {
	out := make([]int, m.N)
	for i := range out {
		out[i] = i + 1
	}
	return out
}

func newManifest(s Streams) *cobra.Command {
	m := &manifest{}
	var seed uint64
	var startAt string
	cmd := &cobra.Command{
		Use:   "manifest kubernetes|aws-batch|github -- FLAGS OF CHECK",
		Short: "Print the job with which a scheduler sends one plan in shards",
		Long: "manifest prints an Indexed Job for Kubernetes, the input of aws batch submit-job\n" +
			"for an array job, or a workflow with a matrix for GitHub Actions. What stands\n" +
			"after -- is given to check in every shard.",
		Example: `  stageprobe manifest kubernetes --shards 8 -- --api abc123 | kubectl apply -f -
  stageprobe manifest aws-batch --shards 8 -- --api abc123 > job.json
  aws batch submit-job --cli-input-json file://job.json
  stageprobe manifest github -- --api abc123 > .github/workflows/shards.yml`,
		ValidArgs: []string{"kubernetes", "aws-batch", "github"},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 || schedulers[args[0]] == "" || cmd.ArgsLenAtDash() > 1 || cmd.ArgsLenAtDash() < 0 && len(args) > 1 {
				return hint(errors.New("manifest takes one scheduler, and after -- the flags of check"), "use kubernetes, aws-batch or github, as in stageprobe manifest kubernetes -- --api abc123")
			}
			if m.N < 2 || m.N > mostShards {
				return fmt.Errorf("--shards %d: use 2 to %d", m.N, mostShards)
			}
			if len(args) == 1 {
				return hint(errors.New("manifest: no flags of check say what is checked"), "add them after --, as in -- --api abc123")
			}
			start := time.Now().Add(10 * time.Minute).UTC().Truncate(time.Second)
			if startAt != "" {
				var err error
				if start, err = time.Parse(time.RFC3339, startAt); err != nil {
					return hint(fmt.Errorf("--start-at %q: not a time", startAt), "write it as 2026-05-01T12:00:00Z")
				}
			}
			return m.print(s, args[0], seed, start, args[1:])
		},
	}
	cmd.Flags().IntVar(&m.N, "shards", 4, "divide the plan into `n` parts")
	cmd.Flags().Uint64Var(&seed, "seed", 1, "`number` from which the plan is drawn, and which part is whose")
	cmd.Flags().StringVar(&startAt, "start-at", "", "`time` when the plan begins, such as 2026-05-01T12:00:00Z; default in ten minutes; a workflow takes the time of its own start")
	cmd.Flags().StringVar(&m.Image, "image", "ghcr.io/OWNER/stageprobe:latest", "container `image` for Kubernetes")
	cmd.Flags().StringVar(&m.Folder, "folder", "/recordings", "`folder` where the shards find the volume that the recordings come together on")
	return cmd
}

// print writes the manifest of a scheduler.
func (m *manifest) print(s Streams, scheduler string, seed uint64, start time.Time, check []string) error {
	for _, arg := range check {
		if strings.ContainsAny(arg, "\r\n") || strings.TrimSpace(arg) == "" {
			return fmt.Errorf("the flag of check %q: a manifest holds one on a line", arg)
		}
		if slices.Contains([]string{"--shard", "--seed", "--start-at", "--record"}, strings.SplitN(arg, "=", 2)[0]) {
			return fmt.Errorf("%s after --: manifest gives it to each shard itself", arg)
		}
	}
	own := []string{"--seed", strconv.FormatUint(seed, 10), "--record"}
	if scheduler == "github" {
		m.Args = slices.Concat(own, []string{"shard-{shard}.parquet"}, check)
	} else {
		m.Args = slices.Concat([]string{"check", "--shard", "auto/" + strconv.Itoa(m.N), "--start-at", start.Format(time.RFC3339)},
			own, []string{m.Folder + "/shard-{shard}.parquet"}, check)
	}
	quote := func(v any) (string, error) {
		text, err := json.Marshal(v)
		return string(text), err
	}
	t, err := template.New("").Delims("[[", "]]").Funcs(template.FuncMap{"json": quote}).ParseFS(manifests, "manifests/*")
	if err != nil {
		return err
	}
	return t.ExecuteTemplate(s.Out, schedulers[scheduler], m)
}
