package cli

import (
	"context"
	"fmt"
	"net/http"
	"slices"
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

// signer authenticates each probe as its scenario says, or with all that the
// flags give where it says nothing.
func (c *checkFlags) signer(ctx context.Context, subject *subject, v *secretValues) (func(*probe.Target, *probe.Scenario, *http.Request) error, error) {
	if c.sigv4 && subject.cloud == nil {
		return nil, hint(fmt.Errorf("--sigv4: there are no AWS credentials to sign with"), "give --profile or the environment's AWS credentials, and --region")
	}
	var chain, flags []sign.Decorator
	for _, h := range c.headers {
		d, err := v.header(h)
		if err != nil {
			return nil, err
		}
		chain = append(chain, d)
	}
	if c.apiKey != "" {
		flags = append(flags, sign.APIKey(v.resolve("--api-key", c.apiKey)))
	}
	if c.bearer != "" {
		flags = append(flags, sign.Bearer(v.resolve("--bearer", c.bearer)))
	}
	// Signing comes last: it covers the headers that were added before.
	var signature sign.Decorator
	if subject.cloud != nil {
		signature = sign.SigV4(ctx, subject.cloud.cfg.Credentials, subject.cloud.cfg.Region, time.Now)
	}
	own := v.ownSecrets(subject)
	chain = append(chain, func(t *probe.Target, sc *probe.Scenario, req *http.Request) error {
		decorators := flags
		switch d := own[sc.Name]; {
		case sc.Auth == probe.AuthNone:
			decorators = nil
		case d != nil:
			decorators = []sign.Decorator{d}
		}
		if signature != nil && (sc.Auth == probe.AuthSigV4 || c.sigv4 && sc.Auth != probe.AuthNone) {
			decorators = append(slices.Clip(decorators), signature)
		}
		return sign.All(decorators...)(t, sc, req)
	})
	return sign.All(chain...), v.err
}

func (v *secretValues) header(spec string) (sign.Decorator, error) {
	name, value, ok := strings.Cut(spec, ":")
	name, value = strings.TrimSpace(name), strings.TrimSpace(value)
	if !ok || name == "" {
		return nil, hint(fmt.Errorf("-H %q: not a header", spec), "write it as 'Name: value'")
	}
	if err := validHeader(name, value); err != nil {
		return nil, err
	}
	if !strings.HasPrefix(value, "env:") && !strings.HasPrefix(value, "file:") {
		return sign.Header(name, sign.Plain(value)), nil
	}
	return sign.Header(name, v.resolve("-H "+name, value)), v.err
}

// ownSecrets are the keys and tokens that scenarios themselves name.
func (v *secretValues) ownSecrets(subject *subject) map[string]sign.Decorator {
	own := map[string]sign.Decorator{}
	if subject.file == nil {
		return own
	}
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
	return own
}
