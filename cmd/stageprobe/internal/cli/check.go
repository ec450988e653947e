package cli

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"stageprobe/analyze"
	"stageprobe/analyze/cause"
	"stageprobe/analyze/stat"
	"stageprobe/analyze/watch"
	"stageprobe/analyze/words"
	"stageprobe/probe"
	"stageprobe/probe/redact"
	"stageprobe/probe/sign"
	"stageprobe/scenarios"
)

// checkFlags are all flags of check; demo and wait share them.
type checkFlags struct {
	awsFlags
	targetFlags
	transportFlags
	runFlags
	ruleFlags
	fleetFlags
	watchFlags
	out outputs

	shard   string // i/N
	startAt string // RFC 3339
	part    struct{ i, n int }

	agents       int           // in this process
	coordination *coordination // of agents elsewhere; nil for none
}

func (c *checkFlags) bind(fs *pflag.FlagSet) {
	c.awsFlags.bind(fs)
	c.targetFlags.bind(fs)
	c.transportFlags.bind(fs)
	c.runFlags.bind(fs)
	c.ruleFlags.bind(fs)
	c.out.bind(fs)
}

func newCheck(s Streams) *cobra.Command {
	c := &checkFlags{}
	cmd := &cobra.Command{
		Use:   "check [URL...]",
		Short: "Find out what serves, and why it is not what you expect",
		Example: `  stageprobe check https://abc123.execute-api.us-east-1.amazonaws.com/dev/orders
  stageprobe check --api abc123
  # The domain is meant to serve prod:
  stageprobe check --api abc123 --stage prod --domain api.example.com
  stageprobe check -f scenarios.yaml --format junit -o report.xml
  stageprobe check --api abc123 --dry-run   # what would be sent
  stageprobe check --api abc123 --watch --notify env:SLACK_URL`,
		RunE: func(cmd *cobra.Command, urls []string) error {
			c.command = commandOf(cmd)
			return c.run(cmd.Context(), s, urls)
		},
	}
	c.bind(cmd.Flags())
	c.fleetFlags.bind(cmd.Flags())
	cmd.Flags().StringVar(&c.shard, "shard", "", "send one `part` of the plan, as in 3/8, or auto/8 where Kubernetes or AWS Batch numbers the jobs; needs --seed, implies --fixed; {shard} in --record is its number; analyze shard-*.parquet brings the recordings together")
	cmd.Flags().StringVar(&c.startAt, "start-at", "", "with --shard: the `time` when the plan begins, the same for all parts, such as 2026-05-01T12:00:00Z; default: now")
	cmd.Flags().IntVar(&c.agents, "agents", 0, "send with `n` agents, on an embedded NATS server in this process; coordinate does so with agents elsewhere")
	c.watchFlags.bind(cmd.Flags())
	completeTargets(cmd, &c.awsFlags, &c.apis)
	return cmd
}

// run is the main job: targets, configuration, plan, probes, logs, verdict,
// report.
func (c *checkFlags) run(ctx context.Context, s Streams, urls []string) error {
	if err := c.validate(); err != nil {
		return hint(err, "stageprobe check --help lists the flags")
	}
	switch {
	case c.watch && (c.agents > 0 || c.coordination != nil):
		return hint(errors.New("--watch and agents: a watch sends from this machine alone"), "run one watch per vantage point")
	case c.watch && c.shard != "":
		return hint(errors.New("--watch and --shard: a watch has no end, and no plan that could be divided"), "leave one of the two out; several watches may run with --rate lowered")
	case c.watch && c.all:
		return hint(errors.New("--watch and --all: a watch keeps looking at what it was told, and a fleet is read once"), "name what to watch, such as --api abc123,def456")
	}
	if err := c.prepare(s, &c.runFlags); err != nil {
		return err
	}
	if err := c.out.check(c.record); err != nil {
		return err
	}
	if err := c.takePart(); err != nil {
		return err
	}
	if c.seed == 0 {
		c.seed = rand.Uint64N(1<<53-1) + 1 // readable as a JSON number anywhere
	}
	if c.all {
		return c.checkAll(ctx, s)
	}
	baseline, err := readBaseline(c.baseline)
	if err != nil {
		return err
	}
	s.warnOfSecrets()
	subject, err := c.resolve(ctx, s.secrets, urls)
	if err != nil {
		return err
	}
	if c.baseline == lastBaseline && !c.dryRun {
		if baseline, err = lastReport(subject.targets); err != nil {
			return err
		}
	}
	r, err := c.newRun(ctx, s, subject)
	if err != nil {
		return err
	}
	if c.dryRun {
		return c.out.dry(s, r)
	}
	if !c.quiet {
		announce(s.safe(s.Err), r)
	}
	var rep *analyze.Report
	if c.watch {
		rep, err = watchOn(ctx, r, &c.watchFlags)
	} else {
		rep, err = r.execute(ctx)
	}
	if err != nil {
		return err
	}
	if baseline != nil {
		rep.Compare(baseline)
	}
	rep.Open = append(rep.Open, r.unmet()...)
	if baseline != nil || len(c.require) > 0 {
		rep.Conclude(cause.Severity(c.failOn))
	}
	if !c.forget {
		keepReport(s, rep)
		rep.AfterMending(s.retest())
	}
	return deliver(s, c, rep)
}

// deliver writes a report in every format that was asked for, and ends with its exit
// code.
func deliver(s Streams, c *checkFlags, rep *analyze.Report) error {
	if err := c.out.write(s, rep, c.quiet, c.verbose); err != nil {
		return s.unwritten(err, rep)
	}
	annotate(s, rep)
	return ended(rep)
}

// takePart reads --shard.
func (c *checkFlags) takePart() (err error) {
	if c.shard == "" {
		if c.startAt != "" {
			return hint(errors.New("--start-at says when the parts of a plan begin"), "add --shard i/N")
		}
		return nil
	}
	if c.part.i, c.part.n, err = analyze.ParseShard(c.shard, os.Getenv); err != nil {
		return err
	}
	c.record = strings.ReplaceAll(c.record, "{shard}", strconv.Itoa(c.part.i))
	switch {
	case c.seed == 0:
		return hint(errors.New("--shard: which part is whose follows from the seed"), "give every shard the same --seed")
	case c.all, c.agents > 0, c.coordination != nil:
		return errors.New("--shard goes with neither --all nor agents: each of them divides the work in its own way")
	}
	c.fixed = true
	return nil
}

// start is when a plan in parts begins.
func (c *checkFlags) start() (time.Time, error) {
	if c.startAt == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339, c.startAt)
	if err != nil {
		return at, hint(fmt.Errorf("--start-at %q: not a time", c.startAt), "write it as 2026-05-01T12:00:00Z")
	}
	if time.Until(at) > 24*time.Hour {
		return at, fmt.Errorf("--start-at %s: more than a day from now", c.startAt)
	}
	return at, nil
}

// newRun prepares everything that can fail before the first request is sent.
func (c *checkFlags) newRun(ctx context.Context, s Streams, subject *subject) (*run, error) {
	secrets := c.secrets(s.secrets, subject)
	if err := c.mayHaveCredentials(subject); err != nil {
		return nil, err
	}
	engine, err := c.engine(ctx, subject, secrets)
	if err != nil {
		return nil, err
	}
	if err := c.polite(subject); err != nil {
		return nil, err
	}
	policy := analyze.Policy{
		Confidence: c.confidence, MinShare: c.minShare, Thorough: c.thorough, FailOn: cause.Severity(c.failOn),
		Logs: c.logs, Intended: slices.Concat(subject.intended, s.config.meant()), Version: Version(), Secrets: secrets.values,
	}
	if subject.unread != nil {
		policy.Unread, policy.Asked = subject.unread.Error(), subject.unread.There()
	}
	plan := subject.plan(c)
	if plan.Start, err = c.start(); err != nil {
		return nil, err
	}
	if c.part.n > 0 {
		plan.Machine = fmt.Sprintf("shard-%d", c.part.i)
	}
	if c.watch {
		plan.Rate = c.watchRate(&plan)
	}
	if subject.file != nil {
		policy.Scenarios = withoutSecrets(s.secrets, subject.file.Text)
		policy.Judge = scenarios.NewJudge(subject.file, &plan, c.confidence)
	}
	if c.logs == "require" && subject.cloud == nil {
		return nil, hint(errors.New("--logs require: the logs cannot be read without AWS credentials"),
			"give --profile or the environment's AWS credentials, or use --logs auto")
	}
	r := &run{
		flags: c, streams: s, subject: subject, plan: plan, policy: policy, engine: engine,
		redactor: s.secrets, now: time.Now,
	}
	engine.Clean = (&redact.Cleaner{Secrets: s.secrets, KeepOwn: c.keepBodies}).Clean
	r.session = analyze.NewSession(plan, subject.snap, policy)
	r.agents = c.coordination
	if c.agents > 0 {
		r.agents = &coordination{within: c.agents}
	}
	return r, secrets.err
}

// engine makes the load engine from the transport flags.
func (c *checkFlags) engine(ctx context.Context, subject *subject, secrets *secretValues) (*probe.Engine, error) {
	e := &probe.Engine{UserAgent: userAgent(), Mint: true}
	for _, spec := range c.connectTo {
		to, err := probe.ParseRedirect(spec)
		if err != nil {
			return nil, err // it names the flag and what to write
		}
		e.Transport.ConnectTo = append(e.Transport.ConnectTo, to)
	}
	var err error
	if e.Transport.RootCAs, err = readCAs(c.cacert); err != nil {
		return nil, err
	}
	e.Transport.Insecure = c.insecure
	if e.Transport.Proxy, err = c.proxies(); err != nil {
		return nil, err
	}
	if len(c.resolvers) > 0 {
		e.Transport.Resolver = probe.Resolvers(c.resolvers)
	}
	subject.lookUp(ctx, c, &e.Transport)
	if e.Transport.Certificates, err = c.certificates(subject); err != nil {
		return nil, err
	}
	e.Sign, err = c.signer(ctx, subject, secrets)
	return e, err
}

func readCAs(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	pem, err := readInput(path, nil)
	if err != nil {
		return nil, fmt.Errorf("--cacert: %w", cmp.Or(errors.Unwrap(err), err)) // which names the file, too
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, hint(fmt.Errorf("--cacert %s: no certificate in it", path), "the file must hold PEM blocks that begin with -----BEGIN CERTIFICATE-----")
	}
	return pool, nil
}

func (c *checkFlags) certificates(subject *subject) ([]tls.Certificate, error) {
	cert, key := c.cert, c.key
	if cert == "" && subject.file != nil {
		for _, sc := range subject.scenarios {
			if a, ok := subject.file.Auth(sc.Name); ok && a.Kind == probe.AuthMTLS {
				cert, key = a.Cert, a.Key
			}
		}
	}
	if (cert == "") != (key == "") {
		return nil, errors.New("mutual TLS needs both --cert and --key")
	}
	if cert == "" {
		return nil, nil
	}
	pair, err := sign.ClientCertificate(cert, key)
	if err != nil {
		return nil, err
	}
	return []tls.Certificate{pair}, nil
}

// announce tells what will be sent, before anything is.
func announce(w io.Writer, r *run) {
	p := &r.plan
	to := "1 target"
	if n := len(p.Targets); n != 1 {
		to = fmt.Sprintf("each of %d targets", n)
	}
	within, share := fmt.Sprintf(", %g per second in all, %d at once, for at most %s", p.Rate, p.Workers, r.flags.longest(p))+usually(p, r.flags), ""
	if r.flags.watch {
		within = fmt.Sprintf(" within %s until it is stopped, %s per second in all (about %.0f a day), %d at once", r.flags.window, words.Figure(p.Rate), p.Rate*24*3600, p.Workers)
		share = "One window shows differences from " + words.Percent(watch.Share(&watch.Options{Plan: *p, Policy: r.policy, Window: r.flags.window})) + " of the answers on."
	}
	wrapped(w, "", fmt.Sprintf("Will send at most %d requests to %s%s. Nothing is changed anywhere.", p.Requests, to, within))
	if share != "" {
		wrapped(w, "  ", share)
	}
	if r.flags.slowed != "" {
		wrapped(w, "  ", r.flags.slowed)
	}
	if price := r.price(); price != "" {
		wrapped(w, "  ", price)
	}
	for _, t := range p.Targets {
		if len(t.URL)+7 > widthOf(w) {
			fmt.Fprint(w, "  to\n") // it stands in a line of its own
			fmt.Fprintln(w, t.URL)
		} else {
			fmt.Fprintf(w, "  to   %s\n", t.URL) // whole, to be copied
		}
		if more := meantSuffix(&t); more != "" {
			wrapped(w, "       ", more)
		}
	}
	for _, sc := range p.Scenarios {
		wrapped(w, "  send ", describe(&sc, len(p.Targets)))
	}
	wrapped(w, "  with ", "User-Agent: "+r.engine.UserAgent+authSuffix(p))
	if r.subject.cloud == nil || r.flags.logs == "off" {
		wrapped(w, "  ", "logs are not read")
	}
}

// widthOf is how wide what is written to may be.
func widthOf(w io.Writer) int {
	if safe, ok := w.(*safeWriter); ok {
		w = safe.to
	}
	width, _ := terminal(w)
	return width
}

// usually says how long the sending takes where nothing differs: until no behaviour of the
// least share that must be found can have been missed.
func usually(p *probe.Plan, f *checkFlags) string {
	need := stat.NeedZero(f.minShare, f.confidence)
	if p.Fixed || f.fixed || need >= p.Requests {
		return ""
	}
	takes := time.Duration(float64(need*len(p.Targets)) / p.Rate * float64(time.Second)).Round(time.Second)
	return fmt.Sprintf(", about %s where nothing differs", takes)
}

// wrapped writes text behind first, broken between words where the terminal is
// too narrow; further lines begin below the text.
func wrapped(w io.Writer, first, text string) {
	room := max(20, min(widthOf(w), 100)-len(first))
	lines := strings.Split(ansi.Wordwrap(text, room, " "), "\n")
	fmt.Fprintln(w, first+strings.Join(lines, "\n"+strings.Repeat(" ", len(first))))
}

func meantSuffix(t *probe.Target) string {
	var parts []string
	if t.Unmapped != "" {
		parts = append(parts, t.Unmapped)
	} else if t.APIID != "" {
		parts = append(parts, "leads to "+t.APIID+"/"+t.Stage)
	}
	if t.Meant != nil && t.Meant.Stage != t.Stage {
		parts = append(parts, "meant for "+t.Meant.Stage)
	}
	if len(parts) == 0 {
		return ""
	}
	return strings.Join(parts, "; ")
}

func describe(sc *probe.Scenario, targets int) string {
	text := sc.Method + " " + cmp.Or(redact.MaskPath(sc.Path), "/")
	if sc.Query != "" {
		text += "?" + redact.MaskQuery(sc.Query)
	}
	if sc.Name != text && sc.Name != sc.Method+" "+cmp.Or(redact.MaskPath(sc.Path), "/") {
		text += "  «" + sc.Name + "»"
	}
	if n := len(sc.Targets); n > 0 && n < targets {
		text += "  (" + strings.Join(sc.Targets, ", ") + ")"
	}
	if sc.Limit > 0 {
		text += fmt.Sprintf("  (at most %d per target: %s)", sc.Limit, sc.Confirms)
	}
	if len(sc.Compare) > 0 {
		text += "  comparing " + words.List(sc.Compare)
	}
	if len(sc.Ignore) > 0 {
		text += "  ignoring " + words.List(sc.Ignore)
	}
	return text
}

func authSuffix(p *probe.Plan) string {
	var kinds []string
	for _, sc := range p.Scenarios {
		if sc.Auth != "" && sc.Auth != probe.AuthNone && !strings.Contains(strings.Join(kinds, " "), string(sc.Auth)) {
			kinds = append(kinds, string(sc.Auth))
		}
	}
	if len(kinds) == 0 {
		return ""
	}
	return "; authentication: " + strings.Join(kinds, ", ") + ", to the hosts above alone"
}
