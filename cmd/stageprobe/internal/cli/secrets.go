package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"stageprobe/analyze/report"
	"stageprobe/analyze/words"
	"stageprobe/probe"
	"stageprobe/probe/lazyregexp"
	"stageprobe/probe/redact"
	"stageprobe/probe/sign"
)

// secretValues resolves what the flags and the file name as secret, and makes it
// known to everything that writes.
type secretValues struct {
	known  *redact.Redactor
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
		v.known.Add(s)
		v.known.AddHeader("Authorization", s) // and what it is made of
	}
	return secret
}

// secrets gathers what the plan sends, whoever wrote it where: a header that was
// given literally is as secret as one from the environment.
func (c *checkFlags) secrets(known *redact.Redactor, subject *subject) *secretValues {
	v := &secretValues{known: known}
	if subject.file != nil {
		v.values = append(v.values, subject.file.Secrets()...)
	}
	for _, s := range v.values {
		known.AddHeader("Authorization", s)
	}
	for i := range subject.scenarios {
		sc := &subject.scenarios[i]
		known.AddPath(sc.Path)
		known.AddQuery(sc.Query)
		known.AddBody(sc.Body)
		for _, h := range sc.Header {
			known.AddHeader(h.Name, h.Value)
		}
	}
	for i := range subject.targets {
		for _, h := range subject.targets[i].Header {
			known.AddHeader(h.Name, h.Value)
		}
	}
	return v
}

// learnArgs learns from the command line as it was typed, before it is read: what
// is wrong with it is told without what may be secret in it.
func learnArgs(known *redact.Redactor, args []string) {
	for i, arg := range args {
		name, value, joined := strings.Cut(arg, "=")
		if !joined && i+1 < len(args) {
			value = args[i+1]
		}
		if rest, short := strings.CutPrefix(arg, "-H"); short && rest != "" {
			name, value = "-H", rest
		}
		switch name {
		case "--api-key", "--bearer":
			if !strings.HasPrefix(value, "env:") && !strings.HasPrefix(value, "file:") {
				known.AddHeader("Authorization", value)
			}
		case "-H", "--header":
			name, value, _ := strings.Cut(value, ":")
			if value = strings.TrimSpace(value); !strings.HasPrefix(value, "env:") && !strings.HasPrefix(value, "file:") {
				known.AddHeader(strings.TrimSpace(name), value)
			}
		}
		learnURL(known, arg)
	}
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "STAGEPROBE_PROXY"} {
		learnURL(known, os.Getenv(name))
	}
}

// warnOfSecrets says once which secrets on the command line are seen by others.
func (s Streams) warnOfSecrets() {
	var seen []string
	for i, arg := range s.args {
		name, value, joined := strings.Cut(arg, "=")
		if !joined && i+1 < len(s.args) {
			value = s.args[i+1]
		}
		if rest, short := strings.CutPrefix(arg, "-H"); short && rest != "" {
			name, value = "-H", rest
		}
		secret := name == "--api-key" || name == "--bearer"
		if name == "-H" || name == "--header" {
			header, rest, _ := strings.Cut(value, ":")
			name, value, secret = name+" "+header, strings.TrimSpace(rest), redact.SecretName(strings.TrimSpace(header))
		}
		if secret && !strings.HasPrefix(value, "env:") && !strings.HasPrefix(value, "file:") && !slices.Contains(seen, name) {
			seen = append(seen, name)
		}
	}
	switch len(seen) {
	case 0:
	case 1:
		fmt.Fprintf(s.Err, "warning: %s holds a secret that other users of this machine can see in the list of processes; give it as env:NAME or file:PATH\n", seen[0])
	default:
		fmt.Fprintf(s.Err, "warning: %s hold secrets that other users of this machine can see in the list of processes; give them as env:NAME or file:PATH\n", words.List(seen))
	}
}

// learnURL learns what a URL holds of credentials.
func learnURL(known *redact.Redactor, raw string) {
	if _, rest, ok := strings.Cut(raw, "://"); ok {
		authority, _, _ := strings.Cut(rest, "/")
		if at := strings.LastIndexByte(authority, '@'); at > 0 {
			user, password, _ := strings.Cut(authority[:at], ":")
			known.AddParts(authority[:at], password)
			if len(user) >= 4 {
				known.AddParts(user)
			}
		}
	}
	path, _, _ := strings.Cut(raw, "?")
	known.AddPath(path)
	if _, query, ok := strings.Cut(raw, "?"); ok {
		query, fragment, _ := strings.Cut(query, "#")
		known.AddQuery(query)
		known.AddQuery(fragment)
	}
}

// maxMessage is the most bytes of an error that are shown.
const maxMessage = 1000

var (
	shownURL = lazyregexp.New(`[A-Za-z][A-Za-z0-9+.-]*://[^\s"'<>]+`)
	// keyWord is a word of an error that may be a key: long, and mixed.
	keyWord = lazyregexp.New(`[A-Za-z0-9_+=-]{20,}`)
)

// safeText is a message for a person: without secrets and whatever looks like
// one, without control characters, and not longer than needed.
func safeText(known *redact.Redactor, text string) string {
	text = redact.OwnText(known.String(text))
	text = shownURL.ReplaceAllStringFunc(text, redact.MaskURL)
	text = keyWord.ReplaceAllStringFunc(text, func(w string) string {
		if strings.ContainsAny(w, "0123456789") && strings.ToLower(w) != w && strings.ToUpper(w) != w {
			return "***"
		}
		return w
	})
	text = report.PlainLines(text)
	if len(text) > maxMessage {
		text = strings.ToValidUTF8(text[:maxMessage], "") + "…"
	}
	return text
}

// notPreflight leaves preflights alone: browsers send them without credentials.
func notPreflight(d sign.Decorator) sign.Decorator {
	return func(t *probe.Target, sc *probe.Scenario, req *http.Request) error {
		if sc.IsPreflight() {
			return nil
		}
		return d(t, sc, req)
	}
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
		if name, _, _ := strings.Cut(h, ":"); redact.SecretName(strings.TrimSpace(name)) {
			d = notPreflight(d)
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
		// Not quoted: it may be a token without its name.
		return nil, hint(errors.New("-H: what it holds is not a header"), "write it as 'Name: value'")
	}
	if err := validHeader(name, value); err != nil {
		return nil, err
	}
	if !strings.HasPrefix(value, "env:") && !strings.HasPrefix(value, "file:") {
		v.known.AddHeader(name, value)
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

// withoutSecrets is the text of a scenario file as it is kept. The word stands for
// itself in YAML, however it is quoted; three stars would begin an alias.
func withoutSecrets(known *redact.Redactor, text string) string {
	const word, own = "redacted", "\x00"
	text = strings.ReplaceAll(text, "***", own)
	return strings.ReplaceAll(strings.ReplaceAll(known.String(text), "***", word), own, "***")
}

// safeWriter writes whole lines without secrets.
type safeWriter struct {
	to    io.Writer
	known *redact.Redactor
}

func (s Streams) safe(to io.Writer) io.Writer { return &safeWriter{to, s.secrets} }

func (w *safeWriter) Write(p []byte) (int, error) {
	if _, err := w.to.Write(w.known.Bytes(p)); err != nil {
		return 0, err
	}
	return len(p), nil
}

// sentHeader is a header in a transcript of curl, httpie or a browser, or on a
// command line.
var sentHeader = lazyregexp.New(`(?m)(?:^[>*\s]*|['"])([A-Za-z][A-Za-z0-9-]{2,40}): ?([^\r\n'"]{4,1000})`)

// learnTranscript learns from a pasted transcript what was sent in it.
func learnTranscript(known *redact.Redactor, text []byte) {
	text = text[:min(len(text), 1<<20)]
	for i, m := range sentHeader.FindAllSubmatch(text, 1000) {
		if name := string(m[1]); i < 1000 && redact.SecretName(name) {
			known.AddHeader(name, strings.TrimSpace(string(m[2])))
		}
	}
}
