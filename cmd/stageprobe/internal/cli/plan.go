package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"stageprobe/analyze"
	"stageprobe/analyze/cause"
	"stageprobe/analyze/predeploy"
)

// planFlags are the flags of plan.
type planFlags struct {
	awsFlags
	apis    []string
	offline bool
	kind    string
	failOn  string
	quiet   bool
	verbose bool
	out     outputs
}

func newPlan(s Streams) *cobra.Command {
	f := &planFlags{}
	cmd := &cobra.Command{
		Use:   "plan FILE...",
		Short: "Before the deploy: say what will be live afterwards, and what not",
		Example: `  terraform show -json plan.out | stageprobe plan -   # OpenTofu likewise
  pulumi preview --json --show-sames | stageprobe plan -
  aws cloudformation get-template --stack-name orders > deployed.json
  # CloudFormation, CDK, SAM, Serverless: deployed first, new second:
  stageprobe plan deployed.json new.yaml
  aws cloudformation describe-change-set --change-set-name ARN |
    stageprobe plan -
  stageprobe plan old-openapi.yaml new-openapi.yaml   # what callers see change
  # With credentials: whose edits wait and go live, too:
  stageprobe plan plan.json --api abc123

Exit codes: 0 all goes live, 1 something does not, 2 a file cannot be read or
one of two is missing, 3 the files do not tell. Needs no credentials and no
network; where the environment holds credentials and the plan the ids of its
APIs, they are read as well (--offline: never).`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return hint(errors.New("stageprobe plan takes at least one file: a plan, a change set, or two templates"), "stageprobe plan --help shows examples")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, paths []string) error {
			rep, err := f.report(cmd, s, paths)
			if err != nil {
				return err
			}
			if err := f.out.write(s, rep, f.quiet, f.verbose); err != nil {
				return err
			}
			annotate(s, rep)
			return ended(rep)
		},
	}
	f.bindTo(cmd)
	_ = cmd.RegisterFlagCompletionFunc("kind", cobra.FixedCompletions(predeploy.Kinds(), cobra.ShellCompDirectiveNoFileComp))
	completeTargets(cmd, &f.awsFlags, &f.apis)
	return cmd
}

func (f *planFlags) bindTo(cmd *cobra.Command) {
	fs := cmd.Flags()
	f.awsFlags.bind(fs)
	fs.Var(&namesFlag{&f.apis, apiID}, "api", "hold the plan against the API of this `id` (needs credentials); repeatable")
	fs.BoolVar(&f.offline, "offline", false, "never ask the account, even where there are credentials")
	fs.StringVar(&f.kind, "kind", "", "what `kind` of file FILE is, where it cannot be told: "+strings.Join(predeploy.Kinds(), ", "))
	fs.StringVar(&f.failOn, "fail-on", "error", "the least `severity` that makes the exit code 1: error, warning or info")
	fs.BoolVarP(&f.quiet, "quiet", "q", false, "the report alone")
	fs.BoolVarP(&f.verbose, "verbose", "v", false, "every edit, and what each remedy changes")
	f.out.bind(fs)
}

func (f *planFlags) report(cmd *cobra.Command, s Streams, paths []string) (*analyze.Report, error) {
	if err := f.validate(); err != nil {
		return nil, err
	}
	change, err := f.read(cmd, paths)
	if err != nil {
		return nil, err
	}
	if err := f.account(cmd, s, change); err != nil {
		return nil, err
	}
	judgement := predeploy.Judge(change, f.region)
	return predeploy.Report(change, judgement, predeploy.ReportOptions{
		Files: paths, FailOn: cause.Severity(f.failOn), Version: Version(), Now: time.Now(),
	}), nil
}

func (f *planFlags) validate() error {
	if err := validFailOn(f.failOn); err != nil {
		return err
	}
	if f.kind != "" && !slices.Contains(predeploy.Kinds(), f.kind) {
		return hint(fmt.Errorf("--kind %s: there is no such kind", f.kind), "there are %s", strings.Join(predeploy.Kinds(), ", "))
	}
	if err := f.awsFlags.validate(); err != nil {
		return err
	}
	return f.out.check("")
}

// read reads the files; what they are not is wrong use.
func (f *planFlags) read(cmd *cobra.Command, paths []string) (*predeploy.Change, error) {
	var files []predeploy.File
	for _, path := range paths {
		data, err := readInput(path, cmd.InOrStdin())
		if err != nil {
			return nil, hint(err, "name a file, or - for standard input")
		}
		name := path
		if path == "-" {
			name = "standard input"
		}
		files = append(files, predeploy.File{Name: name, Data: data})
	}
	change, err := predeploy.Read(files, predeploy.Options{Kind: f.kind, Alone: len(f.apis) == 1})
	return change, planError(err)
}
