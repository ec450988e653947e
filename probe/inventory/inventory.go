// Package inventory reads the configuration of API Gateway through the AWS
// SDK: APIs, stages, canaries, deployments, definitions, custom domains,
// mappings and routing rules become a [probe.Snapshot]. It only reads.
//
// Whatever cannot be read, because it is denied, unsupported by an emulator,
// or unparsable, becomes a [probe.Gap] that names the missing IAM action and
// what it costs; it never ends the reading.
package inventory

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

	"stageprobe/probe"
)

// Reader reads the configuration of one account in one region.
type Reader struct {
	REST    *apigateway.Client
	HTTP    *apigatewayv2.Client
	Trail   *cloudtrail.Client // nil: who changed what is not asked for
	Lambda  *lambda.Client     // nil: the weights of aliases are not asked for
	Metrics *cloudwatch.Client // nil: the traffic of canaries is not asked for
	STS     *sts.Client        // nil: where the credentials do not say whose account it is, nobody is asked
	// TrailApart leaves the history to the caller, who asks for it beside the
	// probes: see [Reader.StartHistory].
	TrailApart bool
	// TrailLimiter paces CloudTrail; nil: its quota of 2 calls per second.
	TrailLimiter *rate.Limiter

	// Region is used in ARNs of gaps and in the snapshot; "" takes the REST
	// client's.
	Region string

	// Limiter paces all calls to both services; nil stays a little below the
	// account's quota of 10 requests per second with bursts of 40.
	Limiter *rate.Limiter
	Now     func() time.Time                                 // nil: time.Now
	Sleep   func(ctx context.Context, d time.Duration) error // between retries; nil: a timer

	// Wanted and WantedDomain say which of all APIs and domains are read; nil: all.
	Wanted       func(a *probe.API) bool
	WantedDomain func(d *probe.Domain) bool
	Kept         Kept // nil: nothing is remembered
	// Planned is told how many APIs an account has to be read, and how many calls
	// that will take, about.
	Planned func(apis, calls int)

	// Progress is told of every finished step; calls do not overlap.
	Progress func(done, total int, what string)

	refusedLast error
}

// Depth is how much is read.
type Depth int

// The depths.
const (
	// Light reads stages, deployments, domains and mappings.
	Light Depth = iota
	// Full adds the editor, exports of stages, summaries of canary deployments
	// and the last edits from CloudTrail.
	Full
)

// Selection says what to read.
type Selection struct {
	APIs    []string // ids, REST or HTTP
	Domains []string // custom domain names; the APIs they lead to are read too
	Hosts   []string // hosts of URLs: execute-api hosts or custom domains
	All     bool     // every API and domain of the account
	Depth   Depth
}

// The control plane's quotas, per account and for both services together
// (developer guide, "Amazon API Gateway quotas": 10 requests per second with a
// burst of 40; GetResources 5 per 2 seconds). Calls arrive less evenly than they
// are sent, and the account has other users: the paces stay below the quotas.
const (
	quotaRate = 10
	paceRate  = 9.5
	paceBurst = 35
	// One at a time: a burst of n lets n + 2·rate calls pass in two seconds.
	resourcesRate  = 2
	resourcesBurst = 1
)

// apisAtOnce and stepsAtOnce bound the calls in flight; the limiter paces them.
const (
	apisAtOnce  = 6
	stepsAtOnce = 4
)

// reading is the state of one Read.
type reading struct {
	*Reader
	depth     Depth
	resources *rate.Limiter

	mu          sync.Mutex
	gaps        []probe.Gap
	told        int              // calls to API Gateway that were answered, or that told of an absence
	failed      map[Reason]error // the last of each
	silent      int              // calls in a row that were not answered in time
	waited      map[string]int   // … of an operation
	done, total int
}

// Read reads what is selected. The error is ctx's, or an [*UnreadError] where
// nothing could be read at all; the snapshot is valid in either case and names what
// is missing.
func (r *Reader) Read(ctx context.Context, sel Selection) (probe.Snapshot, error) {
	rd := r.start(sel.Depth)
	snap := probe.Snapshot{Region: rd.Region, Taken: rd.Now().UTC()}
	if err := rd.credentials(ctx); err != nil {
		snap.Gaps = []probe.Gap{{
			Operation: "GetRestApis", Subject: "region " + cmp.Or(rd.Region, "(none)"), Err: err.Error(), Reason: string(reasonOf(err)),
			Costs: "nothing is known of stages, deployments, canaries and domain mappings",
		}}
		return snap, cmp.Or(ctx.Err(), err)
	}
	account := rd.account(ctx, sel.Depth)
	rd.read(ctx, sel, &snap)
	number := <-account
	for i := range snap.APIs {
		snap.APIs[i].AccountID, snap.APIs[i].Region = number, rd.Region
	}
	snap.Gaps = sortedGaps(rd.gaps)
	r.refusedLast = turnedAway(rd)
	if err := ctx.Err(); err != nil {
		return snap, err
	}
	return snap, unread(rd)
}

func (r *Reader) start(depth Depth) *reading {
	c := *r
	if c.Limiter == nil {
		c.Limiter = rate.NewLimiter(paceRate, paceBurst)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Sleep == nil {
		c.Sleep = probe.Sleep
	}
	if c.Region == "" {
		c.Region = c.REST.Options().Region
	}
	// A limiter of another rate is that of a clock which runs as much faster.
	scale := c.Limiter.Limit() / quotaRate
	return &reading{Reader: &c, depth: depth, resources: rate.NewLimiter(resourcesRate*scale, resourcesBurst)}
}

// credentials asks the chain once, so that a machine without any learns it
// from one attempt and not from every call.
func (rd *reading) credentials(ctx context.Context) error {
	provider := rd.REST.Options().Credentials
	if provider == nil {
		return nil
	}
	if _, err := provider.Retrieve(ctx); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return CredentialsError(err)
	}
	return nil
}

// accountWait bounds the question whose account it is: a report without the
// number is worth more than one that waits for it.
const accountWait = 5 * time.Second

// account learns the number of the account beside the reading: credentials of
// most kinds hold it, and anybody may ask for their own.
func (r *Reader) account(ctx context.Context, depth Depth) <-chan string {
	number := make(chan string, 1)
	go func() {
		defer close(number)
		if provider := r.REST.Options().Credentials; provider != nil {
			if c, err := provider.Retrieve(ctx); err == nil && c.AccountID != "" {
				number <- c.AccountID
				return
			}
		}
		if r.STS == nil || depth != Full {
			return
		}
		within, cancel := context.WithTimeout(ctx, accountWait)
		defer cancel()
		once := func(o *sts.Options) { o.RetryMaxAttempts = 1 }
		if out, err := r.STS.GetCallerIdentity(within, &sts.GetCallerIdentityInput{}, once); err == nil && out.Account != nil {
			number <- *out.Account
		}
	}()
	return number
}

func (rd *reading) read(ctx context.Context, sel Selection, snap *probe.Snapshot) {
	var history <-chan probe.History
	if rd.depth == Full && rd.Trail != nil && !rd.TrailApart {
		history = rd.StartHistory(ctx)
	}
	want := rd.selected(sel)
	var listed []probe.API
	if sel.All {
		listed = rd.listAPIs(ctx)
		if rd.Wanted != nil {
			listed = slices.DeleteFunc(listed, func(a probe.API) bool { return !rd.Wanted(&a) })
		}
	}
	snap.Domains = domainReading{rd}.domains(ctx, want, sel.All)
	snap.APIs = rd.apis(ctx, listed, want)
	if rd.depth == Full {
		surroundings{rd}.around(ctx, snap)
	}
	if history != nil {
		h := <-history
		rd.keep(snap, &h)
	}
}

// keep puts what concerns the snapshot's APIs and domains into it.
func (rd *reading) keep(snap *probe.Snapshot, h *probe.History) {
	snap.Keep(h)
	rd.gaps = append(rd.gaps, h.Gaps...)
	h.Gaps = nil
}

// wanted is a selection taken apart: API ids and names that may be domains.
type wanted struct {
	apis    []string
	domains []string // looked up by name
	hosts   []string // may also be a domain's regional or distribution name
	led     []string // APIs that wanted domains lead to
}

func (rd *reading) selected(sel Selection) *wanted {
	w := &wanted{apis: slices.Clone(sel.APIs), domains: slices.Clone(sel.Domains)}
	for _, h := range sel.Hosts {
		host := strings.ToLower(strings.TrimSuffix(hostOnly(h), "."))
		if id := apiOfHost(host); id != "" {
			w.apis = append(w.apis, id)
		} else if host != "" {
			w.hosts = append(w.hosts, host)
		}
	}
	w.apis, w.domains, w.hosts = unique(w.apis), unique(w.domains), unique(w.hosts)
	return w
}

func hostOnly(hostport string) string {
	if i := strings.LastIndexByte(hostport, ':'); i >= 0 && !strings.Contains(hostport[i:], "]") {
		return hostport[:i]
	}
	return hostport
}

// apiOfHost takes the API id out of {api}.execute-api.… and of
// {api}-{vpce-id}.execute-api.…; "" for any other host, such as the regional
// name d-….execute-api.… of a custom domain.
func apiOfHost(host string) string {
	label, rest, _ := strings.Cut(host, ".")
	if !strings.HasPrefix(rest, "execute-api.") || strings.HasPrefix(label, "d-") || strings.HasPrefix(label, "vpce-") {
		return ""
	}
	id, _, _ := strings.Cut(label, "-vpce-")
	return id
}

func unique(s []string) []string {
	slices.Sort(s)
	return slices.Compact(s)
}

// apis reads every API that is listed, named, or led to by a named domain.
func (rd *reading) apis(ctx context.Context, listed []probe.API, want *wanted) []probe.API {
	apis := listed
	for _, id := range unique(slices.Concat(want.apis, want.led)) {
		if !slices.ContainsFunc(apis, func(a probe.API) bool { return a.ID == id }) {
			apis = append(apis, probe.API{ID: id})
		}
	}
	rd.plan(len(apis))
	if rd.Planned != nil && len(listed) > 0 {
		rd.Planned(len(listed), callsLeft(rd, listed))
	}
	found := make([]bool, len(apis))
	rd.parallel(ctx, apisAtOnce, len(apis), func(ctx context.Context, i int) {
		if found[i] = recall(rd, &apis[i]); !found[i] {
			found[i] = rd.api(ctx, &apis[i])
			remember(ctx, rd, &apis[i])
		}
		rd.finish("API " + apis[i].ID)
	})
	kept := apis[:0]
	for i := range apis {
		if found[i] {
			kept = append(kept, apis[i])
		}
	}
	slices.SortFunc(kept, func(a, b probe.API) int { return cmp.Compare(a.ID, b.ID) })
	return kept
}

// parallel runs do for 0 … n-1, at most limit at once, and joins them. Tasks
// keep their own results; none can fail, because what fails is a gap.
func (rd *reading) parallel(ctx context.Context, limit, n int, do func(ctx context.Context, i int)) {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(limit)
	for i := range n {
		if ctx.Err() != nil {
			break
		}
		g.Go(func() error { do(ctx, i); return nil })
	}
	_ = g.Wait() // no task returns an error
}

func (rd *reading) plan(n int) {
	rd.mu.Lock()
	defer rd.mu.Unlock()
	rd.total += n
}

func (rd *reading) finish(what string) {
	rd.mu.Lock()
	defer rd.mu.Unlock()
	rd.done++
	if rd.Progress != nil {
		rd.Progress(rd.done, rd.total, what)
	}
}

func sortedGaps(gaps []probe.Gap) []probe.Gap {
	slices.SortFunc(gaps, func(a, b probe.Gap) int {
		return cmp.Or(cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Operation, b.Operation), cmp.Compare(a.Err, b.Err))
	})
	return slices.Compact(gaps)
}

var errPaging = errors.New("the answer's paging token does not advance")
