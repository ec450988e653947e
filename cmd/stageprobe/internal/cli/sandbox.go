package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"stageprobe/analyze/remedy"
	"stageprobe/scenarios/sandbox"
)

// newDemo runs a check on a world of the embedded gateway. Flags of check may
// be added; they come after the world's own.
func newDemo(s Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "demo [WORLD]",
		Short: "See a diagnosis on the embedded gateway: no account, no network",
		Example: `  stageprobe demo
  stageprobe demo --list
  stageprobe demo canary-1
  stageprobe demo flaky-at-canary-rate --logs off`,
		// The world's flags and the user's are parsed together, in that order.
		DisableFlagParsing: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runDemo(cmd, s, args)
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return worldNames(), cobra.ShellCompDirectiveNoFileComp
		},
	}
	return cmd
}

// demoFlags are check's flags and those of demo itself.
type demoFlags struct {
	check      checkFlags
	list, help bool
}

func (d *demoFlags) set(s Streams) *pflag.FlagSet {
	fs := pflag.NewFlagSet("demo", pflag.ContinueOnError)
	fs.Usage = func() {}
	fs.BoolVar(&d.list, "list", false, "name the worlds")
	fs.BoolVarP(&d.help, "help", "h", false, "help")
	d.check.bind(fs)
	fs.AddFlag(s.colourFlag())
	return fs
}

func runDemo(cmd *cobra.Command, s Streams, args []string) error {
	first := &demoFlags{}
	fs := first.set(s)
	if err := fs.Parse(args); err != nil {
		return flagError(fs, "stageprobe demo", err)
	}
	switch {
	case first.help:
		return demoHelp(cmd, s.Out, fs)
	case first.list:
		return listWorlds(s.Out)
	case fs.NArg() > 1:
		return hint(fmt.Errorf("demo takes one world, not %d", fs.NArg()), "stageprobe demo --list names them")
	}
	world, err := sandbox.Load(fs.Arg(0))
	if err != nil {
		return hint(err, "stageprobe demo --list names the worlds")
	}
	return demoCheck(cmd.Context(), s, world, args)
}

// demoCheck starts the world and runs check on it with the world's own flags
// and then the user's.
func demoCheck(ctx context.Context, s Streams, world *sandbox.World, args []string) error {
	dir, err := os.MkdirTemp("", "stageprobe-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	own, err := worldArgs(world, dir)
	if err != nil {
		return err
	}
	alone := (&demoFlags{}).set(s)
	if err := alone.Parse(own); err != nil {
		return fmt.Errorf("world %s: %w", world.Name, err)
	}
	d := &demoFlags{}
	if err := d.set(s).Parse(slices.Concat(own, args)); err != nil {
		return err
	}
	server, err := sandbox.Start(world, sandbox.Options{Seed: d.check.seed})
	if err != nil {
		return fmt.Errorf("start the embedded gateway: %w", err)
	}
	defer server.Close()
	if err := d.check.reach(world, server, dir); err != nil {
		return err
	}
	if !d.check.quiet {
		wrapped(s.Err, "", fmt.Sprintf("World %s: %s", world.Name, world.Title))
	}
	d.check.forget = true // a demonstration is nobody's earlier report
	return d.check.run(ctx, s, alone.Args())
}

// worldArgs are the flags with which a world wants to be checked.
func worldArgs(world *sandbox.World, dir string) ([]string, error) {
	args := slices.Clone(world.Check.Args)
	if world.Check.Scenarios != "" {
		path := filepath.Join(dir, "scenarios.yaml")
		if err := os.WriteFile(path, []byte(world.Check.Scenarios), 0o600); err != nil {
			return nil, err
		}
		args = append(args, "--scenarios", path)
	}
	return args, nil
}

// reach points check at an embedded gateway.
func (c *checkFlags) reach(world *sandbox.World, server *sandbox.Server, dir string) error {
	ca := filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(ca, server.CACert(), 0o644); err != nil {
		return err
	}
	c.endpoint, c.cacert = server.ControlURL(), ca
	c.connectTo = append(c.connectTo, server.ConnectTo()...)
	if c.region == "" {
		c.region = world.Region
	}
	c.credentials = credentials.NewStaticCredentialsProvider("SANDBOX", "sandbox", "")
	return nil
}

func demoHelp(cmd *cobra.Command, w io.Writer, fs *pflag.FlagSet) error {
	fmt.Fprintf(w, "%s\n\nUsage:\n  stageprobe %s\n\nExamples:\n%s\n\nFlags (all of check's may be added):\n%s", cmd.Short, cmd.Use, cmd.Example, fs.FlagUsagesWrapped(helpWidth))
	return nil
}

func listWorlds(w io.Writer) error {
	width := 0
	for _, info := range sandbox.Worlds() {
		width = max(width, len(info.Name))
	}
	for _, info := range sandbox.Worlds() {
		if _, err := fmt.Fprintf(w, "%-*s  %s\n", width, info.Name, info.Title); err != nil {
			return err
		}
	}
	return nil
}

func worldNames() []string {
	var out []string
	for _, info := range sandbox.Worlds() {
		out = append(out, info.Name)
	}
	return out
}

func newSandbox(s Streams) *cobra.Command {
	var (
		seed              uint64
		addr, control, ca string
		file              string
	)
	cmd := &cobra.Command{
		Use:   "sandbox [WORLD]",
		Short: "Keep the embedded gateway running, for AWS clients and for check",
		Example: `  stageprobe sandbox   # prints the environment and flags to reach it
  stageprobe sandbox canary-1 --cacert ca.pem
  stageprobe sandbox --world-file my-world.yaml`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			world, err := loadWorld(args, file)
			if err != nil {
				return err
			}
			server, err := sandbox.Start(world, sandbox.Options{Seed: seed, Addr: addr, ControlAddr: control})
			if err != nil {
				return fmt.Errorf("start the embedded gateway: %w", err)
			}
			defer server.Close()
			dir, err := os.MkdirTemp("", "stageprobe-sandbox-")
			if err != nil {
				return err
			}
			defer os.RemoveAll(dir)
			if ca == "" {
				ca = filepath.Join(dir, "ca.pem")
			}
			if ca, err = filepath.Abs(ca); err != nil {
				return err
			}
			if err := os.WriteFile(ca, server.CACert(), 0o644); err != nil {
				return fmt.Errorf("write %s: %w", ca, err)
			}
			flags, err := worldArgs(world, dir)
			if err != nil {
				return err
			}
			printReach(s.Out, world, server, ca, flags)
			<-cmd.Context().Done()
			return nil
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return worldNames(), cobra.ShellCompDirectiveNoFileComp
		},
	}
	cmd.Flags().Uint64Var(&seed, "seed", 1, "`number` from which everything random is drawn")
	cmd.Flags().StringVar(&addr, "addr", "127.0.0.1:0", "`address` of the data plane (TLS)")
	cmd.Flags().StringVar(&control, "control-addr", "127.0.0.1:0", "`address` of the control plane and the logs")
	cmd.Flags().StringVar(&ca, "cacert", "", "`file` to write the certificate authority to; default: a temporary file")
	cmd.Flags().StringVar(&file, "world-file", "", "`file` of a world of your own (YAML)")
	return cmd
}

// maxWorld bounds a world file.
const maxWorld = 1 << 20

func loadWorld(args []string, file string) (*sandbox.World, error) {
	switch {
	case file != "" && len(args) > 0:
		return nil, errors.New("give a world's name or --world-file, not both")
	case file != "":
		data, err := readInput(file, nil)
		if err != nil {
			return nil, fmt.Errorf("read the world: %w", err)
		}
		if len(data) > maxWorld {
			return nil, fmt.Errorf("read %s: more than %d bytes, which no world is", file, maxWorld)
		}
		return sandbox.Parse(data)
	}
	name := ""
	if len(args) > 0 {
		name = args[0]
	}
	world, err := sandbox.Load(name)
	return world, hint(err, "stageprobe demo --list names the worlds")
}

// printReach prints lines that a shell can evaluate, and the check that goes
// with the world.
func printReach(w io.Writer, world *sandbox.World, server *sandbox.Server, ca string, args []string) {
	fmt.Fprintf(w, "# %s: %s\n", world.Name, world.Title)
	fmt.Fprintf(w, "export AWS_ENDPOINT_URL=%s\n", server.ControlURL())
	fmt.Fprintf(w, "export AWS_REGION=%s AWS_DEFAULT_REGION=%s\n", world.Region, world.Region)
	fmt.Fprintln(w, "export AWS_ACCESS_KEY_ID=SANDBOX AWS_SECRET_ACCESS_KEY=sandbox")
	fmt.Fprintf(w, "export STAGEPROBE_CONNECT_TO=%s\n", remedy.Quote(strings.Join(server.ConnectTo(), " ")))
	fmt.Fprintf(w, "export STAGEPROBE_CACERT=%s\n", remedy.Quote(ca))
	fmt.Fprintf(w, "stageprobe check %s --cacert %s\n", quoteArgs(args), remedy.Quote(ca))
	if line := curlLine(world, server, ca); line != "" {
		fmt.Fprintln(w, line)
	}
}

// curlLine asks the first API with curl, which knows nothing of STAGEPROBE_CONNECT_TO,
// and explains the answer; "" for a world without a stage.
func curlLine(world *sandbox.World, server *sandbox.Server, ca string) string {
	if len(world.APIs) == 0 || len(world.APIs[0].Stages) == 0 {
		return ""
	}
	api := world.APIs[0]
	stage := slices.Min(slices.Collect(maps.Keys(api.Stages)))
	if api.Stages["prod"] != nil {
		stage = "prod"
	}
	from, to, _ := strings.Cut(server.ConnectTo()[0], "=")
	host := strings.Replace(strings.TrimSuffix(from, ":443"), "*", strings.ReplaceAll(api.ID, "{n}", "1"), 1)
	path := "/" + stage + "/orders"
	if stage == "$default" {
		path = "/orders"
	}
	return fmt.Sprintf("curl -si --cacert %s --connect-to %s:443:%s %s | stageprobe explain -", remedy.Quote(ca), host, to, remedy.Quote("https://"+host+path))
}

func quoteArgs(args []string) string {
	out := make([]string, len(args))
	for i, a := range args {
		out[i] = remedy.Quote(a)
	}
	return strings.Join(out, " ")
}
