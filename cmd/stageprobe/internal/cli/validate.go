package cli

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"stageprobe/analyze/cause"
	"stageprobe/probe"
	"stageprobe/probe/recording"
	"stageprobe/probe/redact"
	"stageprobe/probe/sign"
)

// validate catches everything that this machine alone can tell to be wrong,
// before the first call to AWS and the first request: files that are missing,
// variables that are not set, numbers out of range.
func (c *checkFlags) validate() error {
	if c.agents < 0 || c.agents > maxAgents {
		return fmt.Errorf("--agents %d: must lie between 1 and %d; 0 sends without any", c.agents, maxAgents)
	}
	for _, check := range []func() error{
		c.runFlags.validate, c.ruleFlags.validate, c.transportFlags.validate, c.targetFlags.validate, c.awsFlags.validate,
		func() error { return c.fleetFlags.validate(len(c.places())) },
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// What a run may ask for: more is a slip of the hand. The comparisons are such
// that NaN fails them.
const (
	maxRequests = 1_000_000_000
	maxRate     = 1_000_000
	maxWorkers  = 100_000
	maxAgents   = 1000
	maxDuration = 7 * 24 * time.Hour
	minMinShare = 0.000001
	maxMinShare = 0.5
)

func (f *runFlags) validate() error {
	switch {
	case f.requests <= 0 || f.requests > maxRequests:
		return fmt.Errorf("--requests %d: must lie between 1 and %d", f.requests, maxRequests)
	case !(f.rate > 0 && f.rate <= maxRate):
		return fmt.Errorf("--rate %g: requests per second must be above 0 and at most %d", f.rate, maxRate)
	case f.duration < 0 || f.duration > maxDuration:
		return fmt.Errorf("--duration %s: must be above 0 and at most 168h (7 days)", f.duration)
	case f.workers <= 0 || f.workers > maxWorkers:
		return fmt.Errorf("--workers %d: must lie between 1 and %d", f.workers, maxWorkers)
	case !(f.confidence > 0.5 && f.confidence < 1):
		return fmt.Errorf("--confidence %g: must be above 0.5 and below 1, such as 0.99", f.confidence)
	case !(f.minShare >= minMinShare && f.minShare <= maxMinShare):
		return fmt.Errorf("--min-share %g: must lie between %f and %g, such as 0.01", f.minShare, minMinShare, maxMinShare)
	case f.logWait < 0:
		return fmt.Errorf("--log-wait %s: a wait cannot be negative; 0s does not wait", f.logWait)
	case !slices.Contains([]string{"auto", "off", "require"}, f.logs):
		return fmt.Errorf("--logs %q: use auto, off or require", f.logs)
	}
	for _, r := range f.require {
		if r != "config" && r != "logs" {
			return fmt.Errorf("--require %q: use config, logs or config,logs", r)
		}
	}
	if err := validRecord(f.record); err != nil {
		return err
	}
	return validFailOn(f.failOn)
}

func validFailOn(v string) error {
	switch cause.Severity(v) {
	case cause.Error, cause.Warning, cause.Info:
		return nil
	}
	return fmt.Errorf("--fail-on %q: use error, warning or info", v)
}

// validRecord tells whether a recording can be kept under a name.
func validRecord(path string) error {
	if path == "" {
		return nil
	}
	if err := recording.CheckName(path); err != nil {
		return fmt.Errorf("--record: %w", err)
	}
	if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
		return fmt.Errorf("--record %s: there is no folder %s; make it first, or name one that exists", path, filepath.Dir(path))
	}
	return nil
}

func (f *transportFlags) validate() error {
	if f.timeout <= 0 {
		return fmt.Errorf("--request-timeout %s: a request needs time to be answered, such as 35s", f.timeout)
	}
	if !slices.Contains([]string{"", "1.1", "2"}, f.httpVersion) {
		return fmt.Errorf("--http %q: use 1.1 or 2, or leave it out for both", f.httpVersion)
	}
	for _, spec := range f.connectTo {
		if _, err := probe.ParseRedirect(spec); err != nil {
			return err
		}
	}
	if _, err := readCAs(f.cacert); err != nil {
		return err
	}
	if (f.cert == "") != (f.key == "") {
		return errors.New("mutual TLS needs both --cert and --key")
	}
	if f.cert != "" {
		if _, err := sign.ClientCertificate(f.cert, f.key); err != nil {
			return err
		}
	}
	return f.validSecrets()
}

// validSecrets resolves what the flags name and forgets it again.
func (f *transportFlags) validSecrets() error {
	v := &secretValues{known: &redact.Redactor{}}
	for i, r := range f.resolvers {
		at, err := probe.ParseResolver(r)
		if err != nil {
			return hint(fmt.Errorf("--resolver: %w", err), "such as --resolver 1.1.1.1, --resolver 10.0.0.2:53 or --resolver system")
		}
		f.resolvers[i] = at
	}
	for _, h := range f.headers {
		if _, err := v.header(h); err != nil {
			return err
		}
	}
	v.resolve("--api-key", f.apiKey)
	v.resolve("--bearer", f.bearer)
	return v.err
}

// validHeader tells whether a header may be sent as it was written.
func validHeader(name, value string) error {
	switch {
	case !httpguts.ValidHeaderFieldName(name):
		return hint(errors.New("-H: what stands before the colon is no name of a header"), "write it as 'Name: value'")
	case !httpguts.ValidHeaderFieldValue(value):
		return hint(fmt.Errorf("-H %s: the value holds characters that no header may have", name), "leave out line breaks and control characters")
	}
	return nil
}

func (f *targetFlags) validate() error {
	if f.invokeTemplate == "" {
		return nil
	}
	fill := strings.NewReplacer("{api}", "abc123", "{stage}", "prod", "{region}", "us-east-1")
	return validURL("--invoke-url", f.invokeTemplate, fill.Replace(f.invokeTemplate),
		"write it as http://localhost:4566/_aws/execute-api/{api}/{stage}")
}

func (f *awsFlags) validate() error {
	if _, err := f.proxies(); err != nil {
		return err
	}
	if f.endpoint == "" {
		return nil
	}
	return validURL("--endpoint-url", f.endpoint, f.endpoint, "write it as http://localhost:4566")
}

// validURL tells whether a URL names a scheme and a host. What it says does not
// repeat the URL's own error, which quotes it a second time.
func validURL(flag, shown, raw, example string) error {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return fmt.Errorf("%s %s: not an http or https URL; %s", flag, redact.MaskURL(shown), example)
	}
	return nil
}
