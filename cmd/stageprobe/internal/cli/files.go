package cli

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"stageprobe/analyze"
	"stageprobe/analyze/cause"
	"stageprobe/analyze/explain"
	"stageprobe/analyze/report"
	"stageprobe/probe/recording"
	"stageprobe/probe/redact"
	"stageprobe/scenarios"
)

func readBaseline(path string) (*analyze.Report, error) {
	if path == "" || path == lastBaseline {
		return nil, nil
	}
	rep, err := openReport(path, nil)
	if err != nil {
		return nil, fmt.Errorf("--baseline: %w", err)
	}
	return rep, nil
}

// openReport reads a JSON report; "-" is standard input.
func openReport(path string, in io.Reader) (*analyze.Report, error) {
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, fmt.Errorf("read the report: %w", err)
		}
		defer f.Close()
		in = f
	}
	rep, err := report.Read(in)
	if err != nil {
		return nil, fmt.Errorf("read the report %s: %w", path, err)
	}
	return rep, nil
}

func newReport(s Streams) *cobra.Command {
	var out outputs
	var verbose bool
	cmd := &cobra.Command{
		Use:   "report FILE",
		Short: "Turn a JSON report into another format",
		Example: `  stageprobe report report.json
  stageprobe report report.json --format html -o report.html
  stageprobe report report.json --format markdown -o "$GITHUB_STEP_SUMMARY"`,
		Args: one("FILE, a JSON report; - is standard input"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := out.check(""); err != nil {
				return err
			}
			rep, err := openReport(args[0], cmd.InOrStdin())
			if err != nil {
				return hint(err, "stageprobe check … --format json -o report.json writes one")
			}
			s.args = nil // the report was made by another command
			return out.write(s, rep, false, verbose)
		},
	}
	out.bind(cmd.Flags())
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "more detail, and how to undo each remedy")
	return cmd
}

func newAnalyze(s Streams) *cobra.Command {
	var (
		out      outputs
		failOn   string
		baseline string
		quiet    bool
		verbose  bool
		rules    ruleFlags
	)
	cmd := &cobra.Command{
		Use:   "analyze FILE...",
		Short: "Give the verdict on recorded observations, of one file or many",
		Example: `  stageprobe check --api abc123 --record run.jsonl.zst
  stageprobe analyze run.jsonl.zst --format json
  stageprobe analyze shard-*.jsonl`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, paths []string) error {
			if err := cmp.Or(validFailOn(failOn), rules.validate(), out.check("")); err != nil {
				return err
			}
			before, err := readBaseline(baseline)
			if err != nil {
				return err
			}
			rep, err := analyzeRecording(cmd.Context(), paths, failOn, &rules)
			if err != nil {
				return err
			}
			if before != nil {
				rep.Compare(before)
			}
			rep.Conclude(cause.Severity(failOn))
			if err := out.write(s, rep, quiet, verbose); err != nil {
				return err
			}
			return ended(rep)
		},
	}
	out.bind(cmd.Flags())
	rules.bind(cmd.Flags())
	cmd.Flags().StringVar(&failOn, "fail-on", "error", "the least `severity` that makes the exit code 1: error, warning or info")
	cmd.Flags().StringVar(&baseline, "baseline", "", "compare with the `file` of an earlier JSON report")
	cmd.Flags().BoolVarP(&quiet, "quiet", "q", false, "the report alone")
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "more detail")
	return cmd
}

// analyzeRecording runs the tail of the pipeline on what was kept.
func analyzeRecording(ctx context.Context, paths []string, failOn string, rules *ruleFlags) (*analyze.Report, error) {
	rec, err := recording.Open(paths...)
	if err != nil {
		return nil, hint(err, "stageprobe check … --record run.jsonl.zst writes one")
	}
	policy, err := analyze.ReadPolicy(rec.Header.Policy)
	if err != nil {
		return nil, err
	}
	policy.FailOn = cause.Severity(failOn)
	if policy.Scenarios != "" {
		file, err := scenarios.Parse("the recorded scenario file", []byte(policy.Scenarios))
		if err != nil {
			return nil, err
		}
		policy.Judge = scenarios.NewJudge(file, &rec.Header.Plan, policy.Confidence)
	}
	rules.apply(rec.Header.Plan.Scenarios, nil)
	rep, err := analyze.Replay(ctx, rec, policy)
	switch {
	case ctx.Err() != nil:
		return nil, exitError(ExitInterrupted)
	case err != nil:
		return nil, err
	case rep.Run.Requests > 0 && rep.Run.Failed == rep.Run.Requests:
		rep.NoAnswer, err = whyUnanswered(rec)
	}
	return rep, err
}

// whyUnanswered says why no request of a recording got an HTTP answer.
func whyUnanswered(rec *recording.Recording) (string, error) {
	var broken unanswered
	for o, err := range rec.Arrived() {
		if err != nil {
			return "", err
		}
		broken.add(&o)
	}
	return broken.why(rec.Header.Plan.Targets, &redact.Redactor{}), nil
}

func newExplain(s Streams) *cobra.Command {
	var (
		opts   explain.Options
		format string
	)
	cmd := &cobra.Command{
		Use:   "explain FILE|-|CAUSE",
		Short: "Say who answered and why, from a pasted answer or log",
		Example: `  curl -si https://api.example.com/orders | stageprobe explain -
  stageprobe explain execution.log
  aws apigateway get-stage --rest-api-id abc123 --stage-name prod |
    stageprobe explain -
  stageprobe explain access.log \
    --access-format '$context.requestId $context.status'
  stageprobe explain canary-split`,
		Args: one("FILE, - for standard input, or a cause such as canary-split"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if page, ok := explain.Page(args[0]); ok {
				_, err := io.WriteString(s.Out, page)
				return err
			}
			in, end, err := openInput(args[0], cmd.InOrStdin())
			if err != nil {
				return hint(err, "%sname a file, - for standard input, or one of the causes that stageprobe explain --help lists", didYouMean("", args[0], explain.Pages()))
			}
			defer end()
			doc, head, err := explain.Read(in, opts)
			if errors.Is(err, explain.ErrInput) {
				return fmt.Errorf("read %s: %w", args[0], err)
			}
			if err != nil {
				return hint(err, "paste the output of curl -si URL, lines of an execution or access log as CloudWatch shows them, what aws apigateway get-stage and its kin print, or the error of a failed deployment")
			}
			// What was pasted may hold what was sent.
			var b bytes.Buffer
			if format == "json" {
				err = doc.JSON(&b)
			} else {
				err = doc.Text(&b)
			}
			learnTranscript(s.secrets, head)
			clean := report.SafeJSON([]byte(redact.OwnText(s.secrets.String(b.String()))))
			_, werr := s.Out.Write(clean)
			return cmp.Or(err, werr)
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return explain.Pages(), cobra.ShellCompDirectiveDefault
		},
	}
	cmd.Long = "explain reads what a person has at hand and says who answered and why, or prints\nthe page of a cause. No credentials, no network.\n\nCauses with a page of their own:\n  " + wrapList(explain.Pages(), 76)
	cmd.Flags().StringVar(&format, "format", "text", "`format`: text or json")
	cmd.Flags().StringVar(&opts.AccessFormat, "access-format", "", "the `format` of the stage's accessLogSettings")
	cmd.Flags().StringVar(&opts.URL, "url", "", "the `url` that was called, where the input does not say")
	return cmd
}

// openInput opens a file, or standard input where path is -.
func openInput(path string, in io.Reader) (r io.Reader, end func(), err error) {
	if path == "-" {
		return in, func() {}, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("read %s: %w", path, err)
	}
	return f, func() { _ = f.Close() }, nil
}

// maxInput bounds what is read whole.
const maxInput = explain.Most

func readInput(path string, in io.Reader) ([]byte, error) {
	start, room, done, err := inputText(path, in) // a large file is read into one piece of memory
	if err != nil {
		return nil, err
	}
	defer done()
	data := bytes.NewBuffer(make([]byte, 0, room+bytes.MinRead))
	if _, err := data.ReadFrom(&inputLimit{start, path, maxInput}); err != nil {
		return nil, err
	}
	return data.Bytes(), nil
}

// inputText opens a file of text, or standard input, with its size where that is known.
func inputText(path string, in io.Reader) (start *bufio.Reader, size int64, done func(), err error) {
	done = func() {}
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, 0, nil, fmt.Errorf("read %s: %w", path, err)
		}
		in, done = f, func() { _ = f.Close() } // nothing was written
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			size = min(info.Size(), maxInput)
		}
	}
	start = bufio.NewReader(in)
	if head, _ := start.Peek(512); len(head) == 512 && bytes.Count(head, []byte{0}) == len(head) {
		done()
		return nil, 0, nil, fmt.Errorf("read %s: it holds zero bytes, so it is no text", path)
	}
	return start, size, done, nil
}

// inputLimit is an input that ends in an error where it is too long.
type inputLimit struct {
	in   io.Reader
	path string
	left int64
}

func (l *inputLimit) Read(p []byte) (int, error) {
	if l.left < 0 {
		return 0, fmt.Errorf("read %s: more than %d MiB; cut out the requests in question", l.path, maxInput>>20)
	}
	n, err := l.in.Read(p[:min(int64(len(p)), l.left+1)])
	if l.left -= int64(n); err != nil && err != io.EOF {
		err = fmt.Errorf("read %s: %w", l.path, err)
	}
	return n, err
}

// one asks for exactly one argument, and says which.
func one(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return hint(fmt.Errorf("%s takes one argument: %s", cmd.CommandPath(), what), "%s --help shows examples", cmd.CommandPath())
		}
		return nil
	}
}
