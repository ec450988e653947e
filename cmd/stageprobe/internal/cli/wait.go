package cli

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"stageprobe/analyze"
	"stageprobe/probe"
)

// waitFlags are check's flags and what counts as new.
type waitFlags struct {
	check      checkFlags
	within     time.Duration
	deployment string
}

func newWait(s Streams) *cobra.Command {
	f := &waitFlags{}
	cmd := &cobra.Command{
		Use:   "wait [URL...]",
		Short: "After a deploy: probe until the new behaviour serves everything",
		Example: `  # New is what meets the expectations, and did not before:
  stageprobe wait -f scenarios.yaml --timeout 5m
  # New is what differs from before:
  stageprobe wait --api abc123 --stage prod --baseline before.json
  # New is a deployment id in the access log:
  stageprobe wait --api abc123 --stage prod --deployment a1b2c3`,
		Long: `wait probes after a deploy until the new behaviour serves all traffic. It ends
in 0 only where old and new could be told apart and no error stands: by old
answers that came first, by a report from before the deploy (--baseline), by the
deployment id in the access log (--deployment), or by answers that changed with
the stage's deployment. Where the old deployment may meet what is expected, too,
it ends in 3 and says what to give. It ends in 1 where an error stands, or old
answers are left at --timeout.`,
		RunE: func(cmd *cobra.Command, urls []string) error { return f.run(cmd.Context(), s, urls) },
	}
	f.check.bind(cmd.Flags())
	cmd.Flags().DurationVar(&f.within, "timeout", 10*time.Minute, "give up after this long")
	cmd.Flags().StringVar(&f.deployment, "deployment", "", "`id` of the deployment that is to serve, as the access log's $context.deploymentId names it")
	completeTargets(cmd, &f.check.awsFlags, &f.check.apis)
	return cmd
}

func (f *waitFlags) run(ctx context.Context, s Streams, urls []string) error {
	c := &f.check
	if err := c.validate(); err != nil {
		return hint(err, "stageprobe wait --help lists the flags")
	}
	if err := c.out.check(c.record); err != nil {
		return err
	}
	if c.seed == 0 {
		c.seed = rand.Uint64N(1<<53-1) + 1
	}
	// The wait ends by convergence or by its timeout, not by a budget that nobody gave.
	if !c.requestsFlag.Changed {
		c.requests = max(c.requests, int(f.within.Seconds()*c.rate)+1)
	}
	before, err := readBaseline(c.baseline)
	if err != nil {
		return err
	}
	s.warnOfSecrets()
	subject, err := c.resolve(ctx, s.secrets, urls)
	if err != nil {
		return err
	}
	if c.baseline == lastBaseline {
		if before, err = lastReport(subject.targets); err != nil {
			return err
		}
	}
	r, err := c.newRun(ctx, s, subject)
	if err != nil {
		return err
	}
	wanted, err := f.wanted(subject, r.plan.Targets, before)
	if err != nil {
		return err
	}
	if c.dryRun {
		return c.out.dry(s, r)
	}
	if !c.quiet {
		announce(s.safe(s.Err), r)
	}
	r.session.Persist()
	rep, err := r.wait(ctx, wanted, f.within)
	if err != nil {
		return err
	}
	return deliver(s, c, rep)
}

// wanted finds what counts as new: a named deployment, a baseline, or the
// scenario file's expectations.
func (f *waitFlags) wanted(subject *subject, targets []probe.Target, before *analyze.Report) (*analyze.Wanted, error) {
	w := &analyze.Wanted{Deployment: f.deployment, Before: before}
	if subject.file != nil && subject.file.Expects() {
		w.Met = subject.file.Met
	}
	switch {
	case f.deployment != "":
		if err := f.noSuchDeployment(subject, targets); err != nil {
			return nil, err
		}
		if t := withoutDeployment(subject, targets); t != nil {
			return nil, hint(fmt.Errorf("--deployment: no access log of %s holds $context.deploymentId, so no answer of it can be tied to a deployment", t.ID),
				"add it to the stage's access log format, or say what is new with -f or --baseline")
		}
	case before == nil && w.Met == nil:
		return nil, hint(errors.New("what counts as the new behaviour is not said"),
			"give a scenario file with expectations (-f), a report from before the deploy (--baseline), or --deployment ID")
	}
	return w, nil
}

// noSuchDeployment refuses a deployment that an API of the targets does not have,
// as far as its deployments could be read.
func (f *waitFlags) noSuchDeployment(subject *subject, targets []probe.Target) error {
	for i := range targets {
		api := subject.snap.API(targets[i].APIID)
		if api == nil || len(api.Deployments) == 0 || api.Deployment(f.deployment) != nil || unreadDeployments(&subject.snap, api.ID) {
			continue
		}
		var ids []string
		for _, d := range api.Deployments {
			ids = append(ids, d.ID)
		}
		return hint(fmt.Errorf("--deployment %s: API %s has no such deployment", f.deployment, api.ID),
			"%sthe newest are %s", didYouMean("", f.deployment, ids), strings.Join(ids[:min(len(ids), 5)], ", "))
	}
	return nil
}

// unreadDeployments tells whether some deployments of an API may not have been read.
func unreadDeployments(snap *probe.Snapshot, api string) bool {
	return slices.ContainsFunc(snap.Gaps, func(g probe.Gap) bool {
		return g.Operation == "GetDeployments" && g.APIID == api
	})
}

// withoutDeployment is the first target whose stage does not log the deployment
// that answered; nil where all do.
func withoutDeployment(subject *subject, targets []probe.Target) *probe.Target {
	for i := range targets {
		st := subject.snap.API(targets[i].APIID).Stage(targets[i].Stage)
		if st == nil || !strings.Contains(st.AccessLog.Format, "$context.deploymentId") {
			return &targets[i]
		}
	}
	return nil
}

// wait sends until every target has converged.
func (r *run) wait(ctx context.Context, w *analyze.Wanted, within time.Duration) (*analyze.Report, error) {
	r.started = r.now()
	if err := r.begin(); err != nil {
		return nil, err
	}
	defer r.display.Done()
	bounded, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	stopped := "budget"
	for o, err := range r.engine.Run(bounded, &r.plan, r.session) {
		if err != nil {
			return nil, r.abort(err)
		}
		r.observe(&o)
		r.session.Mark(&o, w)
		if stopped == "budget" && bounded.Err() == nil && r.session.End(r.seen >= r.look, false, func() bool { return r.converged(bounded, w) }) {
			stopped = "decided"
		}
	}
	switch {
	case ctx.Err() != nil:
		stopped = "interrupted"
	case bounded.Err() != nil && stopped == "budget":
		stopped = "duration"
	}
	r.readAgain(ctx) // a deployment came meanwhile, or so it was hoped
	if tellsDeployment(r, w) && probe.Sleep(ctx, min(r.session.Allowance(), logPause)) == nil {
		_ = r.fetch(ctx) // what was sent since the last look; an error is a note already
	}
	ending := r.ending(stopped)
	rep := r.session.Waited(ending, w, r.unmet())
	r.keep(ending, rep)
	return rep, nil
}

// tellsDeployment tells whether the access log names what a wait is for: it was
// asked to, or every target's stage logs its deployment.
func tellsDeployment(r *run, w *analyze.Wanted) bool {
	return w.Deployment != "" || w.Before == nil && r.readsLogs() && withoutDeployment(r.subject, r.plan.Targets) == nil
}

// rereadEvery is how often a wait looks whether the stages changed, while nothing
// else tells old answers from new ones.
const rereadEvery = 10 * time.Second

// converged looks at how far the new behaviour has come; what the access log
// has to say of it is read first. Answers that are as expected and may be the old
// deployment's are no end: its successor may be on the way.
func (r *run) converged(ctx context.Context, w *analyze.Wanted) bool {
	r.look = analyze.NextLook(r.seen)
	if w.Deployment != "" {
		if r.seen < r.readAt+r.readAt/4 {
			return false
		}
		_ = r.fetch(ctx)
	}
	all := r.session.Converge(w)
	p := r.session.Progress()
	p.Open, p.Remaining = 0, 0
	for _, c := range all { // a wait ends by convergence, and not by what a check asks
		if !c.Done() {
			p.Open, p.Remaining = p.Open+1, max(p.Remaining, c.Needed-c.Since)
		}
	}
	r.show(p, waitPhase(all))
	served := !slices.ContainsFunc(all, func(c analyze.Convergence) bool { return !c.Converged })
	if served && r.looksFurther(ctx, w, all) {
		all = r.session.Converge(w)
	}
	return !slices.ContainsFunc(all, func(c analyze.Convergence) bool { return !c.Done() })
}

// looksFurther reads configuration and access log where the answers alone do not
// tell old from new.
func (r *run) looksFurther(ctx context.Context, w *analyze.Wanted, all []analyze.Convergence) bool {
	if w.Deployment != "" || !slices.ContainsFunc(all, func(c analyze.Convergence) bool { return c.ToldApart == "" }) || r.now().Before(r.rereadAt.Add(rereadEvery)) {
		return false
	}
	r.rereadAt = r.now()
	r.readAgain(ctx)
	if tellsDeployment(r, w) {
		_ = r.fetch(ctx)
	}
	return true
}

// waitPhase shows the share of old answers falling.
func waitPhase(all []analyze.Convergence) string {
	var parts []string
	for _, c := range all {
		if n := len(c.Shares); n > 0 && c.Shares[n-1] >= 0 {
			part := fmt.Sprintf("%s %.0f%% old", c.Target, 100*c.Shares[n-1])
			if c.Other > 0 && c.Since == 0 && c.Shares[n-1] == 0 {
				part += ", but not as expected"
			}
			parts = append(parts, part)
		}
	}
	if len(parts) == 0 {
		return "waiting"
	}
	return "waiting: " + strings.Join(parts, ", ")
}
