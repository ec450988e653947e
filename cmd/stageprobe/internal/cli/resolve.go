package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"stageprobe/analyze/cause"
	"stageprobe/probe"
	"stageprobe/probe/address"
	"stageprobe/probe/inventory"
	"stageprobe/probe/lazyregexp"
	"stageprobe/probe/redact"
	"stageprobe/scenarios"
)

// subject is what a command is about, once named flags, URLs, file and
// configuration have been brought together.
type subject struct {
	file      *scenarios.File // nil without -f
	cloud     *cloud          // nil without credentials
	snap      probe.Snapshot
	selection address.Selection
	targets   []probe.Target
	scenarios []probe.Scenario
	intended  []cause.Intended
	notes     []string
	history   <-chan probe.History   // who wrote what, on its way beside the probes; nil where nobody is asked
	unread    *inventory.UnreadError // why the configuration was not read at all; nil where it was
}

// resolve reads the scenario file and the configuration and finds the targets.
func (c *checkFlags) resolve(ctx context.Context, secrets *redact.Redactor, urls []string) (*subject, error) {
	s := &subject{}
	var err error
	if c.targetFlags.scenarios != "" {
		if s.file, err = scenarios.Load(c.targetFlags.scenarios); err != nil {
			return nil, err
		}
	}
	addresses, err := parseURLs(urls)
	if err != nil {
		return nil, err
	}
	if s.selection, err = c.selection(s.file, urls); err != nil {
		return nil, err
	}
	if s.cloud, s.unread, err = c.open(ctx, secrets, cmp.Or(fileRegion(s.file), urlRegion(addresses))); err != nil {
		return nil, err
	}
	if s.cloud != nil {
		if err := s.readConfiguration(ctx); err != nil {
			return nil, err
		}
		if err := s.mustExist(ctx, c.stages); err != nil {
			return nil, err
		}
	}
	if s.unread != nil {
		s.notes = append(s.notes, s.unread.Error()+": configuration and logs were not read; "+s.unread.Hint())
	}
	s.selection.Region = cmp.Or(s.selection.Region, s.snap.Region, c.region, fileRegion(s.file), urlRegion(addresses))
	if err := s.findTargets(ctx, c); err != nil {
		// What was not read for an interrupt is nobody's wrong use.
		if ctx.Err() != nil {
			return nil, exitError(ExitInterrupted)
		}
		return nil, err
	}
	return s, nil
}

func parseURLs(urls []string) ([]address.Address, error) {
	var out []address.Address
	for _, raw := range urls {
		a, err := address.ParseURL(raw)
		if err != nil {
			return nil, hint(fmt.Errorf("read the URL %q: %w", redact.MaskURL(raw), err), "paste it as the caller used it, such as https://abc123.execute-api.us-east-1.amazonaws.com/prod/orders; an API is named with --api, a stage with --stage")
		}
		if consoleHost.MatchString(a.Host) {
			return nil, hint(fmt.Errorf("%s is the AWS console, which calls no API", a.Host), "give the API's id, which the console's URL holds: stageprobe check --api ID --region REGION; or paste the invoke URL of the stage")
		}
		out = append(out, a)
	}
	return out, nil
}

// Requests to the console would only count its own sign-in page.
var consoleHost = lazyregexp.New(`^(?:[a-z0-9-]+\.)*console\.(?:aws\.amazon\.com|amazonaws\.cn|amazonaws-us-gov\.com)$`)

func urlRegion(addresses []address.Address) string {
	for _, a := range addresses {
		if a.Region != "" {
			return a.Region
		}
	}
	return ""
}

func fileRegion(f *scenarios.File) string {
	if f == nil {
		return ""
	}
	return f.Region
}

// selection brings flags and file together. A flag narrows what a file says.
func (c *checkFlags) selection(file *scenarios.File, urls []string) (address.Selection, error) {
	sel := address.Selection{
		Headers: append(probe.FixedHeaders(userAgent()), c.plainHeaders()...), InvokeTemplate: c.invokeTemplate, Region: c.region,
	}
	sel.URLs = append(sel.URLs, urls...)
	if file != nil {
		sel.APIs = file.Selections()
		sel.URLs = append(sel.URLs, file.URLs...)
	}
	for _, id := range c.apis {
		if !slices.ContainsFunc(sel.APIs, func(a address.APISelection) bool { return a.ID == id }) {
			sel.APIs = append(sel.APIs, address.APISelection{ID: id})
		}
	}
	if len(c.stages) > 0 {
		for i := range sel.APIs {
			sel.APIs[i].Stages = c.stages
		}
	}
	if len(c.domains) > 0 {
		c.addDomains(&sel)
	}
	if len(sel.APIs) == 0 && len(sel.URLs) == 0 {
		return sel, hint(errors.New("nothing to check is named"),
			"paste a URL, or give --api, --domain or -f FILE; stageprobe demo needs none of them")
	}
	return sel, nil
}

// addDomains adds --domain to the API that was named; alone, it stands for
// whatever it is mapped to. With exactly one --stage it is meant to serve it.
func (c *checkFlags) addDomains(sel *address.Selection) {
	if len(sel.APIs) == 0 {
		sel.APIs = append(sel.APIs, address.APISelection{Stages: c.stages})
	}
	meant := ""
	if len(c.stages) == 1 {
		meant = c.stages[0]
	}
	for _, d := range c.domains {
		name, base := splitDomain(d)
		sel.APIs[0].Domains = append(sel.APIs[0].Domains, address.DomainSelection{Name: name, BasePath: base, Stage: meant})
	}
}

// plainHeaders are the headers of -H as a routing rule sees them. A secret's
// value is left out: no rule should turn on one.
func (c *checkFlags) plainHeaders() []probe.Header {
	var out []probe.Header
	for _, h := range c.headers {
		name, value, _ := strings.Cut(h, ":")
		out = append(out, probe.Header{Name: strings.TrimSpace(name), Value: strings.TrimSpace(value)})
	}
	return out
}

func (s *subject) readConfiguration(ctx context.Context) error {
	want := inventory.Selection{Depth: inventory.Full}
	for _, a := range s.selection.APIs {
		if a.ID != "" {
			want.APIs = append(want.APIs, a.ID)
		}
		for _, d := range a.Domains {
			want.Domains = append(want.Domains, d.Name)
		}
	}
	for _, raw := range s.selection.URLs {
		if a, err := address.ParseURL(raw); err == nil {
			want.Hosts = append(want.Hosts, a.Host)
			if a.APIID != "" && !slices.Contains(want.APIs, a.APIID) {
				want.APIs = append(want.APIs, a.APIID)
			}
		}
	}
	if s.cloud.inv.Trail != nil {
		s.cloud.inv.TrailApart = true
		s.history = s.cloud.inv.StartHistory(ctx)
	}
	within, cancel := context.WithTimeout(ctx, configurationWait)
	defer cancel()
	snap, err := s.cloud.inv.Read(within, want)
	s.snap = snap
	var missing *inventory.UnreadError
	switch {
	case within.Err() != nil && ctx.Err() == nil:
		s.unread = &inventory.UnreadError{Reason: inventory.Unreachable, Detail: fmt.Sprintf("it was not read to its end within %s", configurationWait)}
	case errors.As(err, &missing):
		s.unread = missing
		if missing.Reason == inventory.Expired || missing.Reason == inventory.NotAccepted {
			s.cloud, s.history = nil, nil
		}
	case err != nil && ctx.Err() == nil:
		return fmt.Errorf("read the configuration: %w", err)
	}
	return nil
}

// findTargets turns the selection into addresses, and says which requests go
// there.
func (s *subject) findTargets(ctx context.Context, c *checkFlags) error {
	targets, problems := address.Targets(&s.snap, s.selection)
	for _, p := range problems {
		s.notes = append(s.notes, joinHint(p))
	}
	c.meantByStage(&s.snap, targets)
	unknownAPI(&s.snap, targets)
	if len(targets) == 0 {
		if s.unread != nil {
			return hint(unreadError{s.unread}, "%s; or paste the URL that the caller uses", s.unread.Hint())
		}
		err := errors.New("no target was found")
		if len(problems) > 0 {
			err = fmt.Errorf("no target was found: %s: %s", problems[0].Subject, problems[0].Text)
			return hint(err, "%s", cmp.Or(problems[0].Hint, "paste the URL that the caller uses"))
		}
		return hint(err, "check the API id and region, or paste the URL that the caller uses")
	}
	s.targets = targets
	if err := s.findScenarios(ctx, c); err != nil {
		return err
	}
	return notIntoPublic(s, c)
}

// notIntoPublic refuses to send what an emulator's configuration names to the hosts of
// AWS: whoever reads it on this machine means the emulator's stages, and a host of the
// same name belongs to somebody else. A pasted URL is meant as it stands.
func notIntoPublic(s *subject, c *checkFlags) error {
	if s.cloud == nil || s.cloud.endpoint == "" {
		return nil
	}
	if at, err := url.Parse(s.cloud.endpoint); err != nil || !loopback(at.Hostname()) {
		return nil
	}
	for i := range s.targets {
		t := &s.targets[i]
		u, err := url.Parse(t.URL)
		pasted := slices.ContainsFunc(s.selection.URLs, func(raw string) bool { return strings.HasPrefix(raw, t.URL) })
		if err != nil || pasted || loopback(u.Hostname()) {
			continue
		}
		if _, ok := redirected(c.connectTo, u); ok {
			continue
		}
		return hint(fmt.Errorf("requests would go to the public host %s, while the configuration was read from %s on this machine", u.Hostname(), s.cloud.endpoint),
			"say where the emulator answers: --invoke-url 'http://localhost:4566/_aws/execute-api/{api}/{stage}', or --connect-to '%s:443=127.0.0.1:PORT'; to probe the public host, paste its URL", u.Hostname())
	}
	return nil
}

// meantByStage lets one --stage say what a pasted URL is meant to reach.
func (c *checkFlags) meantByStage(snap *probe.Snapshot, targets []probe.Target) {
	if len(c.stages) != 1 {
		return
	}
	for i := range targets {
		t := &targets[i]
		if t.Meant != nil {
			continue
		}
		api := t.APIID
		if api == "" && len(c.apis) == 1 {
			api = c.apis[0]
		}
		if api != "" && (snap.API(api) == nil || snap.API(api).Stage(c.stages[0]) != nil) {
			t.Meant = &probe.StageRef{APIID: api, Stage: c.stages[0]}
		}
	}
}

// unknownAPI marks targets of an API that the control plane does not know. The
// account may be the wrong one; that nothing answers there is for the probes to
// confirm.
func unknownAPI(snap *probe.Snapshot, targets []probe.Target) {
	for i := range targets {
		t := &targets[i]
		if t.APIID == "" || t.Unmapped != "" || snap.API(t.APIID) != nil {
			continue
		}
		if slices.ContainsFunc(snap.Gaps, func(g probe.Gap) bool {
			return g.APIID == t.APIID && g.Reason == string(inventory.Absent)
		}) {
			t.Unmapped = "no API " + t.APIID + " is in this account and region"
		}
	}
}

func joinHint(p address.Problem) string {
	text := p.Subject + ": " + p.Text
	if p.Hint != "" {
		text += "; " + p.Hint
	}
	return text
}

// lookUp asks where names lead that API Gateway gave a name of its own to lead to. A
// host that --connect-to dials elsewhere is not asked for.
func (s *subject) lookUp(ctx context.Context, c *checkFlags, t *probe.Transport) {
	var hosts []string
	for _, target := range s.targets {
		a, err := address.ParseURL(target.URL)
		d := s.snap.Domain(a.Host)
		if err != nil || d == nil || len(d.Targets) == 0 || t.Redirected(a.Host) || slices.Contains(hosts, d.Name) {
			continue
		}
		hosts = append(append(hosts, d.Name), d.Targets...)
	}
	if len(hosts) == 0 {
		return
	}
	resolvers := probe.Resolvers{probe.SystemResolver}
	if len(c.resolvers) > 0 {
		resolvers = c.resolvers
	}
	s.snap.Names = resolvers.LookUp(ctx, hosts)
}

// plan is what will be sent.
func (s *subject) plan(c *checkFlags) probe.Plan {
	requests := c.requests
	if most := c.duration.Seconds() * c.rate; c.duration > 0 {
		requests = max(1, min(requests, int(most))) // of one target; all share the rate
	}
	return probe.Plan{
		Targets: s.targets, Scenarios: s.scenarios, Seed: c.seed, Machine: "", Requests: requests,
		Fixed: c.fixed, Rate: c.rate, Workers: c.workers, Timeout: c.timeout, HTTP: c.httpVersion,
	}
}

func userAgent() string { return "stageprobe/" + Version() }

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	const most = 160
	if len(line) > most {
		line = line[:most] + "…"
	}
	return line
}

func newRunID(now time.Time, seed uint64) string {
	return fmt.Sprintf("%s-%08x", now.UTC().Format("20060102T150405Z"), uint32(seed^seed>>32))
}
