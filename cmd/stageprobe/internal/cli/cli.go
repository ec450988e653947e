// Package cli is the command line of stageprobe: commands, flags, exit codes,
// and the wiring of the packages that do the work.
package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"stageprobe/probe/redact"
)

// Streams are a command's three streams.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer

	color   *colourMode      // --color; nil is auto
	config  *settings        // of the configuration file; nil where none is read
	secrets *redact.Redactor // what must not be written anywhere; [Main] makes it
	args    []string         // of the command line, as given
}

// version is set by the linker in releases.
var version = ""

// Version says which build this is.
func Version() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}

// Main runs one command and returns the process's exit code. The first
// interrupt ends a run in order, with its recording and report written; the
// second one kills the process. A terminal that is closed (SIGHUP) and a pipe that
// nobody reads any more (SIGPIPE) are interrupts that come as often as they like.
func Main(ctx context.Context, args []string, s Streams) int {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	defer endBySignals(ctx, end)()
	when := colourMode("auto")
	s.color, s.config = &when, &settings{}
	log.SetOutput(io.Discard) // where net/http tells of frames it does not know
	s.secrets = &redact.Redactor{}
	learnArgs(s.secrets, args)
	s.args = args
	root := newRoot(s)
	root.SetArgs(args)
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	return s.exitCode(root.ExecuteContext(ctx))
}

// errTerminated is why a context ended that SIGTERM ended.
var errTerminated = errors.New("terminated")

// endBySignals ends a context by the signals that [Main] speaks of, until stop.
func endBySignals(ctx context.Context, end context.CancelCauseFunc) (stop func()) {
	gone, asked := make(chan os.Signal, 1), make(chan os.Signal, 1)
	signal.Notify(gone, syscall.SIGHUP, syscall.SIGPIPE)
	signal.Notify(asked, os.Interrupt, syscall.SIGTERM)
	over := ctx.Done()
	go func() {
		for {
			select {
			case sig := <-gone:
				if sig != syscall.SIGPIPE || outputBroken() {
					end(nil)
				}
			case sig := <-asked:
				signal.Stop(asked) // the next one kills
				if sig == syscall.SIGTERM {
					end(errTerminated)
				}
				end(nil)
			case <-over:
				signal.Stop(asked)
				return
			}
		}
	}()
	return func() { signal.Stop(gone); signal.Stop(asked) }
}

func newRoot(s Streams) *cobra.Command {
	var config string
	root := &cobra.Command{
		Use:   "stageprobe",
		Short: "Find out what an Amazon API Gateway really serves",
		Long: `stageprobe finds out from the outside what an Amazon API Gateway really serves.

  stageprobe demo                       see it work: no account, no network
  stageprobe check https://abc123.execute-api.us-east-1.amazonaws.com/prod/items
  stageprobe check --api abc123         every stage, every domain mapped to it
  stageprobe check --api abc123 --stage prod --domain api.example.com
  stageprobe inspect --api abc123       configuration only, no traffic
  stageprobe plan plan.json             before the deploy: what goes live
  curl -si https://api.example.com/x | stageprobe explain -

Every flag may also come from the environment: STAGEPROBE_RATE=50 for --rate 50,
and then from stageprobe.yaml (stageprobe init --defaults writes one).
It only reads: no command ever changes anything in AWS.`,
		Version:       Version(),
		SilenceUsage:  true,
		SilenceErrors: true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(cmd, args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			switch cmd.Name() {
			case "man", "schema", cobra.ShellCompRequestCmd:
				unquoteUsages(cmd.Root())
			}
			if err := fromEnvironment(cmd.Flags()); err != nil {
				return hint(err, "unset it, or give a value that %s --help allows", cmd.CommandPath())
			}
			return s.config.fromFile(cmd, config)
		},
	}
	root.SetUsageTemplate(examplesFirst(root.UsageTemplate()))
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		if args := cmd.Flags().Args(); !cmd.HasParent() && len(args) > 0 {
			return unknownCommand(cmd, args[0]) // its flags are those of no command
		}
		return flagError(cmd.Flags(), cmd.CommandPath(), err)
	})
	root.PersistentFlags().AddFlag(s.colourFlag())
	root.PersistentFlags().StringVar(&config, "config", "", "`file` of defaults for flags; else stageprobe.yaml in the working folder, then in the user's configuration folder")
	root.AddCommand(
		newDemo(s), newCheck(s), newCoordinate(s), newAgent(s), newPlan(s), newInspect(s), newWait(s), newAnalyze(s), newReport(s),
		newExplain(s), newSandbox(s), newInit(s), newPolicy(s), newSchema(s), newMan(), newVersion(s), newMetrics(s), newManifest(s),
	)
	completeValues(root)
	return root
}

// helpWidth is the width of help pages, in columns.
const helpWidth = 80

// examplesFirst puts the examples of a help page before its synopsis, and wraps its flags.
func examplesFirst(template string) string {
	const examples = "{{if .HasExample}}\n\nExamples:\n{{.Example}}{{end}}"
	rest := strings.Replace(template, examples, "", 1)
	rest = strings.ReplaceAll(rest, ".FlagUsages ", fmt.Sprintf(".FlagUsagesWrapped %d ", helpWidth))
	return "{{if .HasExample}}Examples:\n{{.Example}}\n\n{{end}}" + rest
}

// unquoteUsages takes out of the flags' texts the quotes that mark, for help pages alone,
// what stands for a value.
func unquoteUsages(cmd *cobra.Command) {
	plain := func(f *pflag.Flag) { _, f.Usage = pflag.UnquoteUsage(f) }
	cmd.Flags().VisitAll(plain)
	cmd.PersistentFlags().VisitAll(plain)
	for _, c := range cmd.Commands() {
		unquoteUsages(c)
	}
}

// commandLine is the command line as a shell would take it; "" where it is not known.
func (s Streams) commandLine() string {
	if len(s.args) == 0 {
		return ""
	}
	words := []string{"stageprobe"}
	for _, a := range s.args {
		if a == "" || strings.ContainsFunc(a, func(r rune) bool { return !strings.ContainsRune(plainInShell, r) }) {
			a = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
		words = append(words, a)
	}
	return strings.Join(words, " ")
}

// plainInShell are the characters that need no quotes in a shell.
const plainInShell = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=@%+,"

// terminal says whether w is a terminal and how wide it is.
func terminal(w io.Writer) (width int, ok bool) {
	f, isFile := w.(*os.File)
	if !isFile || !term.IsTerminal(int(f.Fd())) {
		return 80, false
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil || width <= 0 {
		width = 80
	}
	return width, true
}

// utf8Locale says whether the terminal's locale can show more than ASCII. A
// machine that sets none is taken for a modern one.
func utf8Locale() bool {
	locale := cmp.Or(os.Getenv("LC_ALL"), os.Getenv("LC_CTYPE"), os.Getenv("LANG"))
	lower := strings.ToLower(locale)
	return locale == "" || strings.Contains(lower, "utf-8") || strings.Contains(lower, "utf8")
}
