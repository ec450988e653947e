package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

	"stageprobe/analyze"
	"stageprobe/analyze/cause"
	"stageprobe/analyze/words"
	"stageprobe/probe"
	"stageprobe/probe/address"
	"stageprobe/probe/inventory"
	"stageprobe/probe/recording"
)

// fleetFlags say which of all APIs, stages and domains are meant.
type fleetFlags struct {
	all, resume      bool
	include, exclude []string
	command          string // which it is, for --resume
}

func (f *fleetFlags) bind(fs *pflag.FlagSet) {
	fs.BoolVar(&f.all, "all", false, "every API, stage and domain; of several accounts and regions where --profile, --region or --role-arn name them")
	fs.StringArrayVar(&f.include, "include", nil, "with --all: only APIs and domains of this `name`, id or tag:key=value; * stands for any part; repeatable")
	fs.StringArrayVar(&f.exclude, "exclude", nil, "with --all: none of this `name`, id or tag:key=value; repeatable")
	fs.BoolVar(&f.resume, "resume", false, "with --all: go on where the same command was interrupted within the last hour")
}

func (f *fleetFlags) validate(places int) error {
	given := len(f.include)+len(f.exclude) > 0 || f.resume
	switch {
	case !f.all && given:
		return errors.New("--include, --exclude and --resume choose from everything, and need --all")
	case !f.all && places > 1:
		return hint(errors.New("several accounts or regions are named"), "add --all, or name one --profile, --region and --role-arn")
	}
	for _, p := range slices.Concat(f.include, f.exclude) {
		if _, err := path.Match(p, ""); err != nil {
			return fmt.Errorf("pattern %q: a bracket is not closed", p)
		}
	}
	return nil
}

// wants tells whether the patterns choose what has a name, an id and tags.
func (f *fleetFlags) wants(name, id string, tags map[string]string) bool {
	is := func(p string) bool { return fits(p, name, id, tags) }
	return (len(f.include) == 0 || slices.ContainsFunc(f.include, is)) && !slices.ContainsFunc(f.exclude, is)
}

func fits(pattern, name, id string, tags map[string]string) bool {
	if tag, ok := strings.CutPrefix(pattern, "tag:"); ok {
		key, value, given := strings.Cut(tag, "=")
		have, there := tags[key]
		return there && (!given || match(value, have))
	}
	return match(pattern, name) || match(pattern, id)
}

func match(pattern, text string) bool {
	ok, err := path.Match(pattern, text)
	return ok && err == nil && text != ""
}

// wantsDomain: a domain is chosen by its name; where no pattern speaks of one, with
// what it leads to.
func (f *fleetFlags) wantsDomain(d *probe.Domain) bool {
	return !slices.ContainsFunc(f.exclude, func(p string) bool { return fits(p, d.Name, "", nil) })
}

// place is one account in one region.
type place struct {
	name  string // as messages call it
	key   string // under which its state is kept
	flags awsFlags
	cloud *cloud
	snap  probe.Snapshot
	rep   *analyze.Report
	lack  string                 // why it could not be read, or not to its end
	why   *inventory.UnreadError // where nothing could
}

// places are all combinations of what the flags name.
func (f *awsFlags) places() []*place {
	or := func(list []string, one string) []string {
		if len(list) == 0 {
			return []string{one}
		}
		return list
	}
	var out []*place
	for _, profile := range or(f.profiles, f.profile) {
		for _, role := range or(f.roles, f.role) {
			for _, region := range or(f.regions, f.region) {
				p := &place{flags: awsFlags{profile: profile, region: region, role: role, endpoint: f.endpoint, credentials: f.credentials, proxy: f.proxy}}
				for _, part := range []string{profile, role, region} {
					if part != "" {
						p.name = strings.TrimPrefix(p.name+" "+part, " ")
					}
				}
				p.key, p.name = p.name, cmp.Or(p.name, "the account")
				out = append(out, p)
			}
		}
	}
	return out
}

// fleet is a reading of everything, and what is made of it.
type fleet struct {
	fleetFlags
	places []*place
	state  *state
	policy analyze.Policy
	quiet  bool
	s      Streams

	mu sync.Mutex // of what is told
}

// open opens every place; accounts that two of them share have one quota.
func (f *fleet) open(ctx context.Context) error {
	paces := map[string]*rate.Limiter{}
	for _, p := range f.places {
		cl, why, err := p.flags.open(ctx, f.s.secrets, "")
		if err != nil {
			return err
		}
		if cl == nil {
			p.why, p.lack = why, why.Error()
			continue
		}
		p.cloud = cl
		key := cl.account + "/" + cl.cfg.Region
		if cl.account == "" {
			key = p.key + "/" + cl.cfg.Region
		}
		if paces[key] == nil {
			paces[key] = inventory.Pace()
			if f.resume { // what was interrupted has used up what may come at once
				paces[key].AllowN(time.Now(), paces[key].Burst())
			}
		}
		cl.inv.Limiter = paces[key]
	}
	if len(f.places) == 1 && f.places[0].cloud == nil {
		return unread(f.places[0].why)
	}
	return nil
}

// read reads all places at once, each within its own quota.
func (f *fleet) read(ctx context.Context) error {
	if err := f.open(ctx); err != nil {
		return err
	}
	var shown *progress
	if !f.quiet {
		shown = newProgress(f.s.Err, time.Now)
		defer shown.done()
	}
	var group errgroup.Group
	group.SetLimit(16)
	for _, p := range f.places {
		if p.cloud != nil {
			group.Go(func() error { f.readPlace(ctx, p, shown); return nil })
		}
	}
	_ = group.Wait() // what could not be read is told with its place
	if ctx.Err() == nil && !slices.ContainsFunc(f.places, func(p *place) bool { return p.rep != nil }) {
		if p := f.places[0]; p.why != nil {
			return unread(p.why)
		}
		return hint(errors.New("no API and no domain is there, or none is chosen"), "check --region, --include and --exclude")
	}
	return nil
}

func (f *fleet) readPlace(ctx context.Context, p *place, shown *progress) {
	inv := p.cloud.inv
	inv.Kept = f.state.of(p.key)
	inv.Wanted = func(a *probe.API) bool { return f.wants(a.Name, a.ID, a.Tags) }
	inv.WantedDomain = f.wantsDomain
	if shown != nil {
		inv.Progress = func(done, total int, what string) {
			f.mu.Lock()
			defer f.mu.Unlock()
			shown.update(done, total, p.name+" "+what)
		}
		inv.Planned = func(apis, calls int) { f.tell(p, apis, calls) }
	}
	snap, err := inv.Read(ctx, inventory.Selection{All: true, Depth: inventory.Full})
	if len(f.include) > 0 {
		snap.Domains = slices.DeleteFunc(snap.Domains, func(d probe.Domain) bool {
			return !f.wants(d.Name, "", nil) && !slices.ContainsFunc(d.Mappings, func(m probe.Mapping) bool { return snap.API(m.APIID) != nil })
		})
	}
	switch {
	case errors.As(err, &p.why):
		p.lack = p.why.Error()
	case err != nil:
		p.lack = firstLine(err)
	case inv.Refused() != nil:
		p.lack = "the credentials were refused before everything was read (" + firstLine(inv.Refused()) + ")"
	case len(snap.APIs) == 0 && len(snap.Domains) == 0 && len(snap.Gaps) > 0:
		p.why = inventory.Unread(&snap, "API")
		p.lack = p.why.Error()
	}
	if p.snap = snap; len(snap.APIs)+len(snap.Domains) > 0 {
		p.rep = analyze.Inspect(snap, f.policy)
	}
}

// tell says how long reading will take.
func (f *fleet) tell(p *place, apis, calls int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	wrapped(f.s.Err, "", fmt.Sprintf("%s: %s to read, about %d calls to AWS, %s within the control plane's quota.",
		p.name, words.Plural(apis, "API"), calls, inventory.Takes(calls).Round(time.Second)))
}

// report is one report of all places.
func (f *fleet) report(parts []*analyze.Report, interrupted bool) *analyze.Report {
	rep := analyze.Merge(parts, f.policy.FailOn)
	lacking := false
	rep.Run.Cost = recording.Cost{Requests: rep.Run.Requests}
	for _, p := range f.places {
		rep.Run.Cost = rep.Run.Cost.Plus(p.cloud.spent())
		if p.lack == "" {
			continue
		}
		lacking = true
		rep.Notes = append(rep.Notes, p.name+" could not be read to its end: "+p.lack+"; --resume goes on without asking again what was read")
	}
	if lacking && rep.ExitCode == analyze.ExitOK {
		rep.ExitCode = analyze.ExitUndecided
	}
	if interrupted {
		rep.Run.Stopped, rep.ExitCode = "interrupted", analyze.ExitInterrupted
	}
	if lacking || interrupted {
		f.state.keep()
	} else {
		f.state.drop()
	}
	return rep
}

// inspectAll reads everything there is.
func (f *inspectFlags) inspectAll(ctx context.Context, s Streams) (*analyze.Report, error) {
	if err := validFailOn(f.failOn); err != nil {
		return nil, err
	}
	fl, err := f.fleetFlags.begin(s, &f.awsFlags, f.quiet)
	if err != nil {
		return nil, err
	}
	if err := f.file(); err != nil {
		return nil, err
	}
	fl.policy = analyze.Policy{FailOn: cause.Severity(f.failOn), Intended: f.intended, Version: Version()}
	if err := fl.read(ctx); err != nil {
		fl.state.keep()
		return nil, err
	}
	parts := fl.inspected()
	if len(parts) == 0 {
		fl.state.keep()
		return nil, exitError(ExitInterrupted)
	}
	return fl.report(parts, ctx.Err() != nil), nil
}

func (f *fleet) inspected() (parts []*analyze.Report) {
	for _, p := range f.places {
		if p.rep != nil {
			parts = append(parts, p.rep)
		}
	}
	return parts
}

// begin finds what an interrupted command of the same kind has done.
func (f *fleetFlags) begin(s Streams, a *awsFlags, quiet bool) (*fleet, error) {
	fl := &fleet{fleetFlags: *f, places: a.places(), quiet: quiet, s: s}
	var err error
	fl.state, err = openState(f.command, f.resume)
	return fl, err
}

// unit is an API with its stages and the domains that lead to it: what is checked
// at a time.
type unit struct {
	place *place
	risk  analyze.Risk
	api   *probe.API
}

// units are what is to be checked, the highest risk first.
func (f *fleet) units(now time.Time) []unit {
	var out []unit
	for _, p := range f.places {
		if p.rep == nil {
			continue
		}
		for _, r := range analyze.Risks(p.rep, now) {
			if api := p.snap.API(r.API); api != nil && len(api.Stages) > 0 {
				out = append(out, unit{p, r, api})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b unit) int { return b.risk.Score - a.risk.Score })
	return out
}

// subject is an API as if it had been named alone.
func (u *unit) subject(ctx context.Context, c *checkFlags) (*subject, error) {
	s := &subject{cloud: u.place.cloud, snap: u.place.snap}
	s.snap.APIs = []probe.API{*u.api}
	s.snap.Domains = slices.DeleteFunc(slices.Clone(u.place.snap.Domains), func(d probe.Domain) bool {
		return !slices.ContainsFunc(d.Mappings, func(m probe.Mapping) bool { return m.APIID == u.api.ID })
	})
	s.snap.Gaps = slices.DeleteFunc(slices.Clone(u.place.snap.Gaps), func(g probe.Gap) bool {
		return strings.HasPrefix(g.Subject, "API ") && !strings.Contains(g.Subject, u.api.ID)
	})
	s.selection = address.Selection{
		Headers: append(probe.FixedHeaders(userAgent()), c.plainHeaders()...), InvokeTemplate: c.invokeTemplate,
		Region: u.place.snap.Region, APIs: []address.APISelection{{ID: u.api.ID, Stages: c.stages}},
	}
	return s, s.findTargets(ctx, c)
}

// checkAll checks every API, one after another, in the order of risk. Each stage
// has the budget to itself; what fails for one API ends no other.
func (c *checkFlags) checkAll(ctx context.Context, s Streams) error {
	if c.record != "" {
		return hint(errors.New("--record keeps one run, and --all makes one for each API"), "name one with --api")
	}
	fl, err := c.fleetFlags.begin(s, &c.awsFlags, c.quiet)
	if err != nil {
		return err
	}
	fl.policy = analyze.Policy{FailOn: cause.Severity(c.failOn), Version: Version()}
	if err := fl.read(ctx); err != nil {
		fl.state.keep()
		return err
	}
	units := fl.units(time.Now())
	if !c.quiet || c.dryRun {
		c.tellUnits(s, units)
	}
	if c.dryRun {
		fl.state.keep()
		return nil
	}
	parts := fl.check(ctx, c, units)
	if len(parts) == 0 {
		parts = fl.inspected()
	}
	if len(parts) == 0 {
		fl.state.keep()
		return exitError(ExitInterrupted)
	}
	rep := fl.report(parts, ctx.Err() != nil)
	return deliver(s, c, rep)
}

// tellUnits says what will be sent, in which order, and how long it takes at most.
func (c *checkFlags) tellUnits(s Streams, units []unit) {
	w := s.safe(s.Err)
	stages := 0
	for _, u := range units {
		stages += len(u.api.Stages)
	}
	most := time.Duration(float64(stages*c.requests) / c.rate * float64(time.Second))
	wrapped(w, "", fmt.Sprintf("Will check %s with %s, one after another, at most %d requests to each stage at %g per second: at most %s, less where questions are decided sooner. Nothing is changed anywhere.",
		words.Plural(len(units), "API"), words.Plural(stages, "stage"), c.requests, c.rate, most.Round(time.Second)))
	for i, u := range units {
		if i == 10 && !c.dryRun {
			fmt.Fprintf(w, "  and %d more\n", len(units)-i)
			break
		}
		why := strings.Join(u.risk.Why, ", ")
		wrapped(w, "  ", strings.TrimSuffix(fmt.Sprintf("%s %s: %s", u.api.ID, u.api.Name, why), ": "))
	}
}

// check makes a report of each unit, or takes the one that was made before.
func (f *fleet) check(ctx context.Context, c *checkFlags, units []unit) (parts []*analyze.Report) {
	for _, u := range units {
		key := u.place.key + " " + u.api.ID
		if rep := f.state.report(key); rep != nil {
			parts = append(parts, rep)
			continue
		}
		if ctx.Err() != nil {
			return parts
		}
		one := *c
		one.quiet = true
		rep, err := u.check(ctx, &one, f.s)
		switch {
		case ctx.Err() != nil:
			if rep != nil {
				parts = append(parts, rep)
			}
			return parts
		case err != nil:
			rep = u.failed(err, f.policy)
		default:
			f.state.keepReport(key, rep)
		}
		parts = append(parts, rep)
	}
	return parts
}

func (u *unit) check(ctx context.Context, c *checkFlags, s Streams) (*analyze.Report, error) {
	sub, err := u.subject(ctx, c)
	if err != nil {
		return nil, err
	}
	r, err := c.newRun(ctx, s, sub)
	if err != nil {
		return nil, err
	}
	return r.execute(ctx)
}

// failed is what is reported of an API that could not be checked.
func (u *unit) failed(err error, policy analyze.Policy) *analyze.Report {
	snap := u.place.snap
	snap.APIs, snap.Domains = []probe.API{*u.api}, nil
	rep := analyze.Inspect(snap, policy)
	rep.Open = append(rep.Open, analyze.Question{Target: u.api.ID, Text: "what it serves: " + firstLine(err), Enable: "stageprobe check --api " + u.api.ID})
	rep.Conclude(policy.FailOn)
	return rep
}
