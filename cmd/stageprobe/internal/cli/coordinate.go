package cli

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"stageprobe/analyze"
	"stageprobe/probe"
	"stageprobe/probe/agents"
	"stageprobe/probe/recording"
)

// natsFlags say how a NATS server is reached.
type natsFlags struct {
	url, creds, ca string
	plain          bool
}

func (f *natsFlags) bind(fs *pflag.FlagSet) {
	fs.StringVar(&f.url, "nats", "", "`url` of a NATS server or cluster with JetStream, such as tls://nats.example.com:4222")
	fs.StringVar(&f.creds, "creds", "", "`file` of NATS credentials, or of an NKey seed")
	fs.StringVar(&f.ca, "nats-ca", "", "PEM `file` of the authorities to trust for NATS instead of the system's")
	fs.BoolVar(&f.plain, "nats-plaintext", false, "speak to NATS on other machines without TLS, too")
}

func (f *natsFlags) connect(name string, within time.Duration) (*nats.Conn, error) {
	nc, err := agents.Connect(agents.Access{URL: f.url, Creds: f.creds, CA: f.ca, Plain: f.plain}, name, within)
	return nc, hint(err, "check --nats, --creds and --nats-ca; other machines are spoken to over TLS unless --nats-plaintext is given")
}

// coordination is a run that agents send: in this process, or wherever they have
// joined. The nil coordination is a run that this process sends itself.
type coordination struct {
	within int // agents in this process
	nats   natsFlags
	listen struct {
		addr, dir, cert, key string
		users                []string
	}
	wait int // for so many agents

	*agents.Coordinator
	server *agents.Server
	ended  context.CancelFunc // of the agents in this process
	joined sync.WaitGroup
}

func newCoordinate(s Streams) *cobra.Command {
	c := &checkFlags{coordination: &coordination{}}
	co := c.coordination
	cmd := &cobra.Command{
		Use:   "coordinate [URL...]",
		Short: "Check with agents at many vantage points, on NATS JetStream",
		Example: `  # Prints nats: URL for the agents:
  stageprobe coordinate --api abc123 --wait-agents 2
  stageprobe coordinate --api abc123 --nats tls://nats.example.com:4222 \
    --creds coordinator.creds
  stageprobe check --api abc123 --agents 4   # all in one process`,
		RunE: func(cmd *cobra.Command, urls []string) error { return c.run(cmd.Context(), s, urls) },
	}
	fs := cmd.Flags()
	c.bind(fs)
	co.nats.bind(fs)
	fs.StringVar(&co.listen.addr, "listen", "127.0.0.1:0", "`address` of the embedded NATS server, where --nats names none")
	fs.StringVar(&co.listen.dir, "store", "", "`folder` in which the embedded server keeps a run, so that the same command goes on with it after an end; default: none")
	fs.StringVar(&co.listen.cert, "listen-cert", "", "`file` of the certificate (PEM) of the embedded server; needed for other machines")
	fs.StringVar(&co.listen.key, "listen-key", "", "`file` of its private key (PEM)")
	fs.StringArrayVar(&co.listen.users, "listen-nkey", nil, "public `nkey` (U…) that may connect to the embedded server; repeatable; needed for other machines")
	fs.IntVar(&co.wait, "wait-agents", 1, "begin when `n` agents have joined")
	completeTargets(cmd, &c.awsFlags, &c.apis)
	return cmd
}

// start brings up what the run needs: a server unless there is one, and the agents
// of this process.
func (c *coordination) start(ctx context.Context, r *run) error {
	name := "stageprobe coordinator " + r.header.Run
	job, err := c.access(r)
	if err != nil {
		return err
	}
	plan, err := c.openPlan(r)
	if err != nil {
		return err
	}
	c.Coordinator = &agents.Coordinator{
		ID: r.header.Run, Stages: c.budgets(r), Access: job, InOrder: r.flags.fixed, Plan: plan,
		WaitAgents: max(c.wait, c.within), Memory: c.nats.url == "" && c.listen.dir == "",
	}
	switch {
	case c.nats.url != "":
		c.Conn, err = c.nats.connect(name, 10*time.Second)
	case c.within > 0:
		if c.server, err = agents.Start(agents.Serve{}); err == nil {
			c.Conn, err = c.server.Connect(name)
		}
	default:
		if err = c.serve(r.flags.out.aside(r.streams)); err == nil {
			c.Conn, err = c.server.Connect(name)
		}
	}
	if err == nil {
		err = c.employ(ctx, r)
	}
	if err != nil {
		c.stop()
	}
	return err
}

// serve listens for agents and tells where.
func (c *coordination) serve(to io.Writer) error {
	opts := agents.Serve{Listen: c.listen.addr, Dir: c.listen.dir, Users: c.listen.users}
	if c.listen.cert != "" || c.listen.key != "" {
		pair, err := tls.LoadX509KeyPair(c.listen.cert, c.listen.key)
		if err != nil {
			return fmt.Errorf("--listen-cert, --listen-key: %w", err)
		}
		opts.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	}
	var err error
	if c.server, err = agents.Start(opts); err != nil {
		return hint(err, "give --listen-cert, --listen-key and --listen-nkey for other machines, or --nats URL of a server that is there")
	}
	_, err = fmt.Fprintf(to, "nats: %s\n", c.server.URL())
	return err
}

// employ starts the agents of this process. They send with this run's own engine
// and secrets.
func (c *coordination) employ(ctx context.Context, r *run) error {
	working, ended := context.WithCancel(context.WithoutCancel(ctx))
	c.ended = ended
	for i := range c.within {
		conn, err := c.server.Connect(fmt.Sprintf("stageprobe agent %d", i+1))
		if err != nil {
			return err
		}
		a := &agents.Agent{
			Conn: conn, Vantage: probe.Vantage{Name: fmt.Sprintf("agent-%d", i+1)}, Allow: []string{"*"},
			Engine: func(_ context.Context, job *agents.Job) (*probe.Engine, error) {
				job.Plan.Scenarios = slices.Clone(r.plan.Scenarios)
				e := *r.engine
				return &e, nil
			},
		}
		c.joined.Go(func() {
			defer conn.Close()
			_ = a.Run(working) // what it could not do counts as lost
		})
	}
	return nil
}

// stop ends what start began.
func (c *coordination) stop() {
	if c == nil {
		return
	}
	if c.ended != nil {
		c.ended()
	}
	c.joined.Wait()
	if c.Coordinator != nil && c.Conn != nil {
		c.Conn.Close()
	}
	if c.server != nil {
		c.server.Close()
	}
}

func (c *coordination) withdraw() {
	if c != nil && c.Coordinator != nil {
		c.Withdraw()
	}
}

func (c *coordination) lost() int {
	if c == nil || c.Coordinator == nil {
		return 0
	}
	return c.Lost()
}

func (c *coordination) notes() []string {
	if c == nil || c.Coordinator == nil {
		return nil
	}
	return c.Notes()
}

// id names a run of agents elsewhere after its plan, so that a coordinator which
// comes back finds what it left.
func (c *coordination) id(r *run) string {
	if c != nil && c.within == 0 || r.flags.part.n > 0 {
		if id, err := recording.RunID(&r.plan); err == nil {
			return id
		}
	}
	return newRunID(r.started, r.plan.Seed)
}

// vantages are the places from which was sent, where agents did.
func (c *coordination) vantages() []probe.Vantage {
	if c == nil || c.Coordinator == nil {
		return nil
	}
	return c.Vantages()
}

// vantagesOf are the places that took part in a run; none where it was this one alone.
func vantagesOf(r *run) []probe.Vantage {
	if r.flags.part.n == 0 {
		return r.agents.vantages()
	}
	v := probe.Vantage{Name: r.plan.Machine, Region: cmp.Or(os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION")), Resolved: map[string][]string{}}
	for i := range r.plan.Targets {
		u, err := url.Parse(r.plan.Targets[i].URL)
		if err != nil || v.Resolved[u.Host] != nil {
			continue
		}
		within, cancel := context.WithTimeout(context.Background(), time.Second)
		if addrs, err := r.engine.Transport.Addresses(within, r.plan.Targets[i].URL); err == nil {
			v.Resolved[u.Host] = addrs
		}
		cancel()
	}
	return []probe.Vantage{v}
}

// send is what puts the plan on the way.
func (c *coordination) send(ctx context.Context, r *run) (iter.Seq2[probe.Observation, error], error) {
	if part := r.flags.part; part.n > 0 {
		return r.engine.Run(ctx, &r.plan, analyze.NewShard(r.session, part.i, part.n, r.now())), nil
	}
	if c == nil {
		return r.engine.Run(ctx, &r.plan, r.session), nil
	}
	if err := c.start(ctx, r); err != nil {
		return nil, err
	}
	return c.Run(ctx, &r.plan, r.session), nil
}

// budgets are the stages of the plan, each with the rate that it is asked at most:
// a tenth of its throttle where the configuration sets one.
func (c *coordination) budgets(r *run) []agents.Stage {
	var out []agents.Stage
	for i := range r.plan.Targets {
		t := &r.plan.Targets[i]
		key := t.APIID + "/" + t.Stage
		if t.APIID == "" {
			key = "/" + t.ID
		}
		at := slices.IndexFunc(out, func(s agents.Stage) bool { return s.Key == key })
		if at < 0 {
			at = len(out)
			out = append(out, agents.Stage{Key: key, Rate: r.plan.Rate})
		}
		out[at].Targets = append(out[at].Targets, i)
		one := subject{snap: r.subject.snap, targets: r.plan.Targets[i : i+1], scenarios: r.plan.Scenarios}
		if low, ok := one.throttle(r.flags); ok && !r.flags.forceRate {
			out[at].Rate = min(out[at].Rate, cmp.Or(politeShare*low.rate, 1))
		}
	}
	return out
}

func newAgent(s Streams) *cobra.Command {
	var (
		nf           natsFlags
		vantage      probe.Vantage
		allow        []string
		rate         float64
		cert, key    string
		keepBodies   bool
		quiet        bool
		region, prof string
	)
	cmd := &cobra.Command{
		Use:   "agent",
		Short: "Send from this vantage point what a coordinator asks for",
		Example: `  # Works until it is stopped:
  stageprobe agent --nats nats://127.0.0.1:4222 --vantage eu-west-1a \
    --allow '*.execute-api.eu-west-1.amazonaws.com'
  stageprobe agent --nats tls://nats.example.com:4222 --creds agent.creds \
    --vantage office --allow api.example.com --rate 10`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case nf.url == "":
				return hint(errors.New("--nats names no server"), "give the URL that stageprobe coordinate prints")
			case vantage.Name == "" || strings.ContainsAny(vantage.Name, "\r\n\t"):
				return hint(errors.New("--vantage names no place"), "give a short name, such as the region and zone: --vantage eu-west-1a")
			case len(allow) == 0:
				return hint(errors.New("--allow names no host, so that every plan would be refused"), "give the hosts that may be asked, such as --allow '*.execute-api.eu-west-1.amazonaws.com'")
			case !(rate > 0 && rate <= maxRate):
				return fmt.Errorf("--rate %g: requests per second must be above 0 and at most %d", rate, maxRate)
			}
			conn, err := nf.connect("stageprobe agent "+vantage.Name, 30*time.Second)
			if err != nil {
				return err
			}
			defer conn.Close()
			vantage.Region = cmp.Or(region, os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION"))
			e := &employed{streams: s, cert: cert, key: key, keepBodies: keepBodies, aws: awsFlags{region: region, profile: prof}}
			a := &agents.Agent{Conn: conn, Vantage: vantage, Rate: rate, Allow: allow, Engine: e.engine}
			if !quiet {
				a.Notify = func(text string) { fmt.Fprintln(s.safe(s.Err), text) }
				a.Notify("agent " + vantage.Name + " is ready; interrupt it to stop")
			}
			return a.Run(cmd.Context())
		},
	}
	fs := cmd.Flags()
	nf.bind(fs)
	fs.StringVar(&vantage.Name, "vantage", "", "`name` of this place, as reports call it")
	fs.StringArrayVar(&allow, "allow", nil, "`host` that may be asked, with * for any part, such as *.example.com; repeatable; everything else is refused")
	fs.Float64Var(&rate, "rate", 25, "`n` requests per second that this agent never exceeds")
	fs.StringVar(&cert, "cert", "", "`file` of the client certificate (PEM) for mutual TLS with the API")
	fs.StringVar(&key, "key", "", "`file` of its private key (PEM)")
	fs.BoolVar(&keepBodies, "keep-bodies", false, "keep the secrets that answers hold (cookies, tokens)")
	fs.Var(&listFlag{&region, namesFlag{new([]string), regionName}}, "region", "AWS `region` of this place; default AWS_REGION")
	fs.StringVar(&prof, "profile", "", "AWS `profile` that signs requests where the plan asks for it")
	fs.BoolVarP(&quiet, "quiet", "q", false, "say nothing of what is done")
	return cmd
}
