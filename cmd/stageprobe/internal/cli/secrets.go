package cli

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"stageprobe/probe"
	"stageprobe/probe/sign"
)

// secretValues gathers every value that must never appear in any output.
type secretValues struct {
	values []string
	err    error
}

func (v *secretValues) resolve(what, spec string) sign.Secret {
	secret, err := sign.Resolve(spec)
	if err != nil && v.err == nil {
		v.err = fmt.Errorf("%s: %w", what, err)
	}
	if s := secret.Reveal(); s != "" {
		v.values = append(v.values, s)
	}
	return secret
}

// secrets resolves what the flags and the file name as secret.
func (c *checkFlags) secrets(subject *subject) *secretValues {
	v := &secretValues{}
	if subject.file != nil {
		v.values = append(v.values, subject.file.Secrets()...)
	}
	return v
}

// signer authenticates each probe as its scenario says, or as the flags say
// where it says nothing.
func (c *checkFlags) signer(ctx context.Context, subject *subject, v *secretValues) (func(*probe.Target, *probe.Scenario, *http.Request) error, error) {
	by := map[probe.AuthKind]sign.Decorator{}
	if c.apiKey != "" {
		by[probe.AuthAPIKey] = sign.APIKey(v.resolve("--api-key", c.apiKey))
	}
	if c.bearer != "" {
		by[probe.AuthBearer] = sign.Bearer(v.resolve("--bearer", c.bearer))
	}
	if subject.cloud != nil {
		by[probe.AuthSigV4] = sign.SigV4(ctx, subject.cloud.cfg.Credentials, subject.cloud.cfg.Region, time.Now)
	}
	if c.sigv4 && subject.cloud == nil {
		return nil, hint(fmt.Errorf("--sigv4: there are no AWS credentials to sign with"), "give --profile or the environment's AWS credentials, and --region")
	}
	var chain []sign.Decorator
	for _, h := range c.headers {
		d, err := v.header(h)
		if err != nil {
			return nil, err
		}
		chain = append(chain, d)
	}
	// Signing comes last: it covers the headers that were added before.
	chain = append(chain, v.perScenario(subject, by))
	return sign.All(chain...), v.err
}

func (v *secretValues) header(spec string) (sign.Decorator, error) {
	name, value, ok := strings.Cut(spec, ":")
	name, value = strings.TrimSpace(name), strings.TrimSpace(value)
	if !ok || name == "" {
		return nil, hint(fmt.Errorf("-H %q: not a header", spec), "write it as 'Name: value'")
	}
	if !strings.HasPrefix(value, "env:") && !strings.HasPrefix(value, "file:") {
		return sign.Header(name, sign.Plain(value)), nil
	}
	return sign.Header(name, v.resolve("-H "+name, value)), v.err
}

// perScenario uses the secret that a scenario itself names, else the flags'.
func (v *secretValues) perScenario(subject *subject, by map[probe.AuthKind]sign.Decorator) sign.Decorator {
	fallback := sign.ByAuth(by, probe.AuthNone)
	if subject.file == nil {
		return fallback
	}
	own := map[string]sign.Decorator{}
	for _, sc := range subject.scenarios {
		a, ok := subject.file.Auth(sc.Name)
		if !ok || a.Value == "" {
			continue
		}
		secret := v.resolve("scenario "+sc.Name, a.Value)
		switch a.Kind {
		case probe.AuthAPIKey:
			own[sc.Name] = sign.APIKey(secret)
		case probe.AuthBearer:
			own[sc.Name] = sign.Bearer(secret)
		}
	}
	return func(t *probe.Target, sc *probe.Scenario, req *http.Request) error {
		if d := own[sc.Name]; d != nil {
			return d(t, sc, req)
		}
		return fallback(t, sc, req)
	}
}
