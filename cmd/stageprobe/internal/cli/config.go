package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"stageprobe/analyze"
	"stageprobe/analyze/cause"
	"stageprobe/analyze/report"
	"stageprobe/probe"
	"stageprobe/probe/inventory"
	"stageprobe/scenarios"
)

// inspectFlags are the flags of inspect.
type inspectFlags struct {
	awsFlags
	fleetFlags
	apis, domains []string
	failOn        string
	quiet         bool
	verbose       bool
	out           outputs
	scenarios     string
	cloud         *cloud           // once it is open
	intended      []cause.Intended // of the scenario file
}

// absent refuses names of which nothing was found.
func (f *inspectFlags) absent(ctx context.Context, snap *probe.Snapshot) error {
	if err := noSuchAPI(ctx, f.cloud, snap, f.apis); err != nil {
		return err
	}
	for _, d := range f.domains {
		if name, _ := splitDomain(d); snap.Domain(name) == nil {
			return noSuchDomain(ctx, f.cloud, snap, name)
		}
	}
	return nil
}

func newInspect(s Streams) *cobra.Command {
	f := &inspectFlags{}
	cmd := &cobra.Command{
		Use:   "inspect",
		Short: "Read the configuration alone: stages, canaries, mappings, drift",
		Example: `  stageprobe inspect --api abc123
  stageprobe inspect --all --format json -o inventory.json
  stageprobe inspect --all --profile prod,test --exclude 'tag:team=lab'
  stageprobe inspect --domain api.example.com
  # Differences that the file declares are meant:
  stageprobe inspect -f scenarios.yaml --fail-on warning`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.out.check(""); err != nil {
				return err
			}
			if err := f.fleetFlags.validate(len(f.places())); err != nil {
				return err
			}
			read := func() (*analyze.Report, error) { return f.read(cmd, s) }
			if f.all {
				f.command = commandOf(cmd)
				read = func() (*analyze.Report, error) { return f.inspectAll(cmd.Context(), s) }
			}
			rep, err := read()
			if err != nil {
				return err
			}
			if err := f.out.write(s, rep, f.quiet, f.verbose); err != nil {
				return err
			}
			return ended(rep)
		},
	}
	f.bindTo(cmd)
	completeTargets(cmd, &f.awsFlags, &f.apis)
	return cmd
}

func (f *inspectFlags) bindTo(cmd *cobra.Command) {
	fs := cmd.Flags()
	f.awsFlags.bind(fs)
	fs.Var(&namesFlag{&f.apis, apiID}, "api", "API `id`; repeatable")
	fs.Var(&namesFlag{&f.domains, domainAlone}, "domain", "custom `domain`; repeatable")
	f.fleetFlags.bind(fs)
	fs.StringVarP(&f.scenarios, "scenarios", "f", "", "scenario `file`: its APIs, domains and intended differences")
	fs.StringVar(&f.failOn, "fail-on", "error", "the least `severity` that makes the exit code 1: error, warning or info")
	fs.BoolVarP(&f.quiet, "quiet", "q", false, "no progress")
	fs.BoolVarP(&f.verbose, "verbose", "v", false, "what each finding rests on, and every way to mend it")
	f.out.bind(fs)
}

// read makes a report of the configuration alone.
func (f *inspectFlags) read(cmd *cobra.Command, s Streams) (*analyze.Report, error) {
	if err := f.file(); err != nil {
		return nil, err
	}
	if len(f.apis) == 0 && len(f.domains) == 0 {
		return nil, hint(errors.New("nothing to inspect is named"), "give --api ID, --domain NAME, -f FILE or --all")
	}
	if err := validFailOn(f.failOn); err != nil {
		return nil, err
	}
	snap, err := f.snapshot(cmd, s, inventory.Selection{APIs: f.apis, Domains: f.domains, Depth: inventory.Full})
	if err != nil {
		return nil, err
	}
	if err := f.absent(cmd.Context(), &snap); err != nil {
		return nil, err
	}
	return analyze.Inspect(snap, analyze.Policy{FailOn: cause.Severity(f.failOn), Intended: slices.Concat(f.intended, s.config.meant()), Version: Version()}), nil
}

// file takes from the scenario file what to read and what is meant.
func (f *inspectFlags) file() error {
	if f.scenarios == "" {
		return nil
	}
	file, err := scenarios.Load(f.scenarios)
	if err != nil {
		return err
	}
	f.intended = append(f.intended, file.IntendedDifferences()...)
	for _, sel := range file.Selections() {
		if sel.ID != "" && !slices.Contains(f.apis, sel.ID) {
			f.apis = append(f.apis, sel.ID)
		}
		for _, d := range sel.Domains {
			f.domains = append(f.domains, d.Name)
		}
	}
	f.region = cmp.Or(f.region, file.Region)
	return nil
}

// snapshot reads with progress on stderr: two hundred APIs take minutes within
// the control plane's quota.
func (f *inspectFlags) snapshot(cmd *cobra.Command, s Streams, want inventory.Selection) (probe.Snapshot, error) {
	cl, why, err := f.open(cmd.Context(), s.secrets, "")
	if err != nil {
		return probe.Snapshot{}, err
	}
	if cl == nil {
		return probe.Snapshot{}, unread(why)
	}
	f.cloud = cl
	if !f.quiet {
		p := newProgress(s.Err, time.Now)
		defer p.done()
		cl.inv.Progress = p.update
	}
	snap, err := cl.inv.Read(cmd.Context(), want)
	if cmd.Context().Err() != nil {
		return snap, exitError(ExitInterrupted)
	}
	var missing *inventory.UnreadError
	if errors.As(err, &missing) {
		return snap, unread(missing)
	}
	return snap, err
}

func newInit(s Streams) *cobra.Command {
	f := &inspectFlags{}
	var from, output, name string
	var defaults bool
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Write a scenario file from the deployed API, or from what you have",
		Example: `  stageprobe init --api abc123 -o scenarios.yaml
  stageprobe init --from openapi.yaml -o scenarios.yaml
  # Defaults for flags:
  stageprobe init --defaults --api abc123 --region eu-west-1 -o stageprobe.yaml
  stageprobe init --from session.har
  terraform output -json | stageprobe init --from -`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			text, err := draftSettings(cmd), error(nil)
			if !defaults {
				text, err = f.scenarioFile(cmd, s, from, name)
			}
			if err != nil {
				return err
			}
			if output == "" || output == "-" {
				_, err = s.Out.Write(text)
				return err
			}
			if _, err := os.Stat(output); err == nil {
				return hint(fmt.Errorf("%s is there already", output), "remove it first, or name another file")
			}
			if err := writeFile(output, text); err != nil {
				return err
			}
			if !defaults && !isFile(settingsName) {
				fmt.Fprintln(s.Err, "hint: stageprobe init --defaults -o stageprobe.yaml writes a file of defaults for flags, such as --api and --region")
			}
			return nil
		},
	}
	f.awsFlags.bind(cmd.Flags())
	cmd.Flags().Var(&namesFlag{&f.apis, apiID}, "api", "API `id`")
	cmd.Flags().StringVar(&from, "from", "", "`file` to write it from: OpenAPI (also an export), HAR, a SAM, CDK or CloudFormation template, serverless.yml, the text of serverless info, cdk-outputs.json, terraform output -json, sam list endpoints or stack-outputs, or CloudFormation outputs; - is standard input")
	cmd.Flags().StringVar(&name, "kind", "", "what `kind` of file --from is, where it cannot be told: "+strings.Join(scenarios.Kinds(), ", "))
	cmd.Flags().BoolVar(&defaults, "defaults", false, "write a file of defaults for flags (stageprobe.yaml) instead, with the flags that are given")
	cmd.Flags().StringVarP(&output, "output", "o", "", "`file` to write; default standard output")
	completeTargets(cmd, &f.awsFlags, &f.apis)
	return cmd
}

func (f *inspectFlags) scenarioFile(cmd *cobra.Command, s Streams, from, kind string) ([]byte, error) {
	switch {
	case from != "":
		in, _, done, err := inputText(from, cmd.InOrStdin())
		if err != nil {
			return nil, err
		}
		defer done()
		return scenarios.FromReader(kind, &inputLimit{in, from, maxInput}, scenarios.InitOptions{Name: from, Open: besides(from)})
	case len(f.apis) == 1:
		snap, err := f.snapshot(cmd, s, inventory.Selection{APIs: f.apis, Depth: inventory.Full})
		if err != nil {
			return nil, err
		}
		if err := f.absent(cmd.Context(), &snap); err != nil {
			return nil, err
		}
		return scenarios.FromSnapshot(&snap, f.apis[0])
	}
	return nil, hint(errors.New("nothing to begin from is named"), "give --api ID, or --from FILE")
}

// besides reads files by their path from where another lies; nil for standard input.
func besides(file string) func(string) ([]byte, error) {
	if file == "-" {
		return nil
	}
	return func(name string) ([]byte, error) {
		return readInput(filepath.Join(filepath.Dir(file), name), nil)
	}
}

func newSchema(s Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "schema report|scenarios|config",
		Short: "Print the JSON Schema of report, scenario file or stageprobe.yaml",
		Example: `  # For completion in an editor:
  stageprobe schema scenarios > stageprobe.schema.json
  stageprobe schema report`,
		Args:      cobra.MatchAll(one("report, scenarios or config"), among("schema", "report", "scenarios", "config")),
		ValidArgs: []string{"report", "scenarios", "config"},
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := report.Schema()
			switch args[0] {
			case "scenarios":
				text, err = scenarios.Schema()
			case "config":
				text, err = settingsSchema(cmd.Root())
			}
			if err != nil {
				return err
			}
			_, err = s.Out.Write(append(text, '\n'))
			return err
		},
	}
}

func newMan() *cobra.Command {
	return &cobra.Command{
		Use:     "man DIR",
		Short:   "Write the manual pages into a folder",
		Example: `  stageprobe man ~/.local/share/man/man1`,
		Args:    one("DIR, a folder that exists"),
		RunE: func(cmd *cobra.Command, args []string) error {
			header := &doc.GenManHeader{Title: "STAGEPROBE", Section: "1", Source: "stageprobe " + Version()}
			if err := doc.GenManTree(cmd.Root(), header, args[0]); err != nil {
				return hint(fmt.Errorf("write manual pages: %w", err), "name a folder that exists and may be written to")
			}
			return nil
		},
	}
}

// wrapList joins words with commas and breaks lines for the help text.
func wrapList(words []string, width int) string {
	var lines []string
	line := ""
	for _, w := range words {
		if line != "" && len(line)+len(w)+2 > width {
			lines = append(lines, line)
			line = ""
		}
		line = strings.TrimPrefix(line+", "+w, ", ")
	}
	return strings.Join(append(lines, line), ",\n  ")
}
