package scenarios

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"stageprobe/probe"
	"stageprobe/probe/sign"
	"stageprobe/scenarios/near"
)

// Auth is how a request authenticates. The zero value says nothing: the
// command line decides.
type Auth struct {
	Kind  probe.AuthKind
	Value string // env:NAME or file:PATH of the key or token; "" is the command line's
	Cert  string // of mutual TLS: path of the certificate, PEM
	Key   string // and of its key
}

var authKinds = []string{
	string(probe.AuthNone), string(probe.AuthAPIKey), string(probe.AuthBearer), string(probe.AuthSigV4), string(probe.AuthMTLS),
}

const authHint = "write auth: none, auth: sigv4, {api_key: env:NAME}, {bearer: env:NAME} or {mtls: {cert: PATH, key: PATH}}"

func (a *Auth) read(d *document, n ast.Node) error {
	switch n := n.(type) {
	case *ast.NullNode:
		return nil
	case *ast.MappingNode:
		return a.spelt(d, n)
	}
	text, _ := textOf(n)
	if !slices.Contains(authKinds, text) {
		if near.Word(text, authKinds) != "" {
			return d.unknown(n, text, authKinds)
		}
		return d.wrong(n, fmt.Sprintf("%s is no way to authenticate", kindOf(n)), authHint)
	}
	a.Kind = probe.AuthKind(text)
	return nil
}

// spelt reads the form that says what to authenticate with.
func (a *Auth) spelt(d *document, n *ast.MappingNode) error {
	var fields struct {
		APIKey *reference `yaml:"api_key"`
		Bearer *reference `yaml:"bearer"`
		MTLS   *struct {
			Cert string `yaml:"cert"`
			Key  string `yaml:"key"`
		} `yaml:"mtls"`
	}
	if err := d.structure(n, reflect.ValueOf(&fields).Elem(), "auth"); err != nil {
		return err
	}
	said := 0
	if fields.APIKey != nil {
		said++
		a.Kind, a.Value = probe.AuthAPIKey, string(*fields.APIKey)
	}
	if fields.Bearer != nil {
		said++
		a.Kind, a.Value = probe.AuthBearer, string(*fields.Bearer)
	}
	if m := fields.MTLS; m != nil {
		said++
		a.Kind = probe.AuthMTLS
		a.Cert, a.Key = strings.TrimPrefix(m.Cert, filePrefix), strings.TrimPrefix(m.Key, filePrefix)
		if a.Cert == "" || a.Key == "" {
			return d.wrong(n, "mutual TLS needs both cert and key", authHint)
		}
	}
	if said != 1 {
		return d.wrong(n, "auth says exactly one way to authenticate", authHint)
	}
	return nil
}

const (
	envPrefix  = "env:"
	filePrefix = "file:"
)

// referenceHint tells how a secret is written.
const referenceHint = "a secret never stands in the file: write env:NAME for an environment variable, or file:PATH"

func isReference(text string) bool {
	return strings.HasPrefix(text, envPrefix) || strings.HasPrefix(text, filePrefix)
}

// reference is env:NAME or file:PATH.
type reference string

func (r *reference) read(d *document, n ast.Node) error {
	text, _ := textOf(n)
	if name, _ := strings.CutPrefix(text, envPrefix); !isReference(text) || name == "" || text == filePrefix {
		// The text itself may be the secret, so it is not repeated, and nor is its line.
		return d.secret(n, "a literal secret may not stand here")
	}
	*r = reference(text)
	return nil
}

// secret makes an error that does not quote its line.
func (d *document) secret(n ast.Node, text string) error {
	e := d.wrong(n, text, referenceHint)
	e.Source = masked(e.Source, e.Column-e.cut)
	return e
}

// masked is a line whose text from the column on is replaced by stars.
func masked(line string, column int) string {
	runes := []rune(line)
	return string(runes[:min(column-1, len(runes))]) + "***"
}

// resolve reads a value that may be env:NAME or file:PATH, and remembers it as
// secret if it is.
func (f *File) resolve(what, spec string) (string, error) {
	if !isReference(spec) {
		return spec, nil
	}
	s, err := sign.ResolveReference(spec)
	if err != nil {
		return "", fmt.Errorf("%s: %w", what, err)
	}
	if !slices.Contains(f.secrets, s.Reveal()) {
		f.secrets = append(f.secrets, s.Reveal())
	}
	return s.Reveal(), nil
}

// Secrets are the values that [File.Probes] read from the environment and from
// files. They must never appear in any output.
func (f *File) Secrets() []string { return slices.Clone(f.secrets) }
