package cli

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/spf13/pflag"

	"stageprobe/analyze/feature"
	"stageprobe/probe"
	"stageprobe/scenarios"
)

// awsFlags say where the control plane and the logs are read.
type awsFlags struct {
	region, profile, role, endpoint string
	// regions, profiles and roles are all that were named; region, profile and role
	// the first of each.
	regions, profiles, roles []string
	proxy                    string
	// credentials, where set, take the place of the SDK's own chain: the
	// embedded gateway accepts any.
	credentials aws.CredentialsProvider
}

func (f *awsFlags) bind(fs *pflag.FlagSet) {
	fs.Var(&listFlag{&f.region, namesFlag{&f.regions, regionName}}, "region", "AWS `region`; default as the AWS CLI finds it, or the URL's; several with --all")
	fs.Var(&listFlag{&f.profile, namesFlag{&f.profiles, anyName}}, "profile", "AWS `profile`; several with --all")
	fs.Var(&listFlag{&f.role, namesFlag{&f.roles, roleARN}}, "role-arn", "role (`arn`) that is assumed to read configuration and logs; several with --all")
	fs.StringVar(&f.proxy, "proxy", "", "`url` of a proxy (http or https) for all requests; default as curl: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, and NO_PROXY")
	fs.StringVar(&f.endpoint, "endpoint-url", "", "`url` where AWS calls go instead (AWS_ENDPOINT_URL and its kin apply too)")
}

// targetFlags name what to check.
type targetFlags struct {
	apis, stages, domains []string
	scenarios             string
	invokeTemplate        string
}

func (f *targetFlags) bind(fs *pflag.FlagSet) {
	fs.Var(&namesFlag{&f.apis, apiID}, "api", "API `id`; repeatable")
	fs.Var(&namesFlag{&f.stages, stageName}, "stage", "`name` of a stage; repeatable; all where left out")
	fs.Var(&namesFlag{&f.domains, customDomain}, "domain", "custom `domain`, with its base path if it has one; with one --stage it is meant to serve that stage")
	fs.StringVarP(&f.scenarios, "scenarios", "f", "", "scenario `file` (YAML), or builtin:smoke, builtin:gate, builtin:diagnose")
	fs.StringVar(&f.invokeTemplate, "invoke-url", "", "`template` of invoke URLs for emulators, such as http://localhost:4566/_aws/execute-api/{api}/{stage}")
}

// transportFlags say how connections are made and requests authenticated.
type transportFlags struct {
	connectTo      []string
	resolvers      []string
	cacert         string
	insecure       bool
	cert, key      string
	headers        []string
	apiKey, bearer string
	sigv4          bool
	sendTo         []string
	timeout        time.Duration
	timeoutFlag    *pflag.Flag
	httpVersion    string
}

func (f *transportFlags) bind(fs *pflag.FlagSet) {
	fs.StringArrayVar(&f.connectTo, "connect-to", nil, "dial elsewhere, keep Host and SNI; `from=to` is host:port=host:port or *.suffix:port=host:port; repeatable, several of one left side are several addresses")
	fs.StringSliceVar(&f.resolvers, "resolver", nil, "`address` of a name server, or system; repeatable: all addresses that any of them knows are probed, and where they lead a custom domain is compared")
	fs.StringVar(&f.cacert, "cacert", "", "PEM `file` of the authorities to trust instead of the system's")
	fs.BoolVar(&f.insecure, "insecure", false, "accept any certificate")
	fs.StringVar(&f.cert, "cert", "", "`file` of the client certificate (PEM) for mutual TLS")
	fs.StringVar(&f.key, "key", "", "`file` of its private key (PEM)")
	fs.StringArrayVarP(&f.headers, "header", "H", nil, "`header` sent with every probe, 'Name: value'; the value may be env:NAME; repeatable")
	fs.StringVar(&f.apiKey, "api-key", "", "sent as x-api-key; `secret` is env:NAME or file:PATH")
	fs.StringVar(&f.bearer, "bearer", "", "sent as Authorization: Bearer; `secret` is env:NAME or file:PATH")
	fs.BoolVar(&f.sigv4, "sigv4", false, "sign probes with the AWS credentials (IAM-authorised methods)")
	fs.StringArrayVar(&f.sendTo, "send-credentials-to", nil, "`host` that may get credentials although the configuration does not say it is the API's; repeatable")
	fs.DurationVar(&f.timeout, "request-timeout", defaultTimeout, "the longest one request may take; where it is not given, a route's own integration timeout and 6 s more")
	f.timeoutFlag = fs.Lookup("request-timeout")
	fs.StringVar(&f.httpVersion, "http", "", "HTTP `version`: 1.1 or 2; default: both, drawn per connection")
}

// runFlags say how much is sent and what counts.
type runFlags struct {
	requests, workers    int
	fixed, thorough      bool
	dryRun               bool
	rate                 float64
	forceRate            bool
	rateFlag             *pflag.Flag
	requestsFlag         *pflag.Flag
	slowed               string // why the rate is lower than the default
	confidence, minShare float64
	logs                 string
	require              []string
	logWait              time.Duration
	duration             time.Duration
	forget               bool // keep no report in the user's cache
	record, baseline     string
	seed                 uint64
	failOn               string
	keepBodies           bool
	quiet                bool
	verbose              bool
}

func (f *runFlags) bind(fs *pflag.FlagSet) {
	fs.IntVar(&f.requests, "requests", 2000, "at most `n` requests to one target; it stops earlier when every question is decided")
	f.requestsFlag = fs.Lookup("requests")
	fs.DurationVar(&f.duration, "duration", 0, "the longest the sending may take, such as 30s; with --rate it bounds the requests")
	fs.BoolVar(&f.fixed, "fixed", false, "send the whole budget; no early stop")
	fs.BoolVar(&f.thorough, "thorough", false, "go on after an error is decided for a target, until no other behaviour of --min-share is possible")
	fs.BoolVar(&f.dryRun, "dry-run", false, "print what would be sent, as text, json or jsonl, and stop")
	fs.Float64Var(&f.rate, "rate", 25, "`n` requests per second over all targets")
	f.rateFlag = fs.Lookup("rate")
	fs.BoolVar(&f.forceRate, "force-rate", false, "send at --rate although the stage's throttle allows less than ten times as much")
	fs.IntVar(&f.workers, "workers", 16, "at most `n` concurrent requests")
	fs.Float64Var(&f.confidence, "confidence", 0.99, "both error rates of a verdict are at most one minus this `share`")
	fs.Float64Var(&f.minShare, "min-share", 0.01, "smallest `share` of deviating answers that must be found")
	fs.StringVar(&f.logs, "logs", "auto", "`when` execution and access logs are read: auto, off or require")
	fs.StringSliceVar(&f.require, "require", nil, "`what` must be read, else the exit code is 3: config, logs or both")
	fs.DurationVar(&f.logWait, "log-wait", 2*time.Minute, "how long to wait for late log events")
	fs.StringVar(&f.record, "record", "", "keep every observation in a `file` (.jsonl, .jsonl.zst or .parquet)")
	fs.BoolVar(&f.keepBodies, "keep-bodies", false, "keep the secrets that answers hold (cookies, tokens) in reports and recordings")
	fs.StringVar(&f.baseline, "baseline", "", "compare with the `file` of an earlier JSON report; last: the newest that was kept of the same targets")
	fs.Uint64Var(&f.seed, "seed", 0, "`number` from which everything random is drawn; default: drawn anew and reported")
	fs.StringVar(&f.failOn, "fail-on", "error", "the least `severity` that makes the exit code 1: error, warning or info")
	fs.BoolVarP(&f.quiet, "quiet", "q", false, "no progress, no plan; the report alone")
	fs.BoolVarP(&f.verbose, "verbose", "v", false, "more detail in the report and on stderr")
}

// ruleFlags name by hand what is, and what is not, part of behaviour.
type ruleFlags struct{ compare, ignore []string }

func (f *ruleFlags) bind(fs *pflag.FlagSet) {
	fs.StringArrayVar(&f.compare, "compare", nil, "`field` that is part of behaviour: a JSON pointer (* for indices), a header's name or /regexp/; repeatable")
	fs.StringArrayVar(&f.ignore, "ignore", nil, "`field` that is not; repeatable")
}

func (f *ruleFlags) validate() error {
	for name, rules := range map[string][]string{"compare": f.compare, "ignore": f.ignore} {
		for _, text := range rules {
			if _, err := feature.ParseRule(text); err != nil {
				return fmt.Errorf("--%s %q: %w", name, text, err)
			}
		}
	}
	return nil
}

// apply adds the flags, and what a scenario file says, to all that is sent.
func (f *ruleFlags) apply(list []probe.Scenario, file *scenarios.File) {
	for i := range list {
		sc := &list[i]
		if file != nil {
			sc.Compare, sc.Ignore = file.Rules(sc.Name)
		}
		sc.Compare, sc.Ignore = append(sc.Compare, f.compare...), append(sc.Ignore, f.ignore...)
	}
}

// splitDomain takes "api.example.com/v1" apart.
func splitDomain(v string) (name, base string) {
	name, base, _ = strings.Cut(strings.TrimPrefix(strings.TrimPrefix(v, "https://"), "http://"), "/")
	return name, strings.Trim(base, "/")
}

// fromEnvironment sets every flag that the command line leaves out and that
// STAGEPROBE_{FLAG} names, such as STAGEPROBE_RATE or STAGEPROBE_CONNECT_TO; a
// flag that may be repeated takes several values, separated by spaces.
func fromEnvironment(fs *pflag.FlagSet) error {
	var failed error
	fs.VisitAll(func(f *pflag.Flag) {
		name := "STAGEPROBE_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		value := os.Getenv(name)
		if f.Changed || value == "" || failed != nil {
			return
		}
		values := []string{value}
		if _, many := f.Value.(pflag.SliceValue); many {
			values = strings.Fields(value)
		}
		for _, v := range values {
			if err := fs.Set(f.Name, v); err != nil {
				failed = fmt.Errorf("%s: %w", name, valueError(err))
			}
		}
	})
	return failed
}
