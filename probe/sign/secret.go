package sign

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"regexp"
	"strings"
)

// Secret is a value that prints as "***", in logs and in JSON too.
type Secret struct{ value string }

// Plain makes a secret of a value.
func Plain(value string) Secret { return Secret{value} }

// Resolve reads "env:NAME", the value of an environment variable, or
// "file:PATH", the content of a file without the line end at its end. Anything
// else is the value itself. Errors name the variable or file and never the
// value.
func Resolve(spec string) (Secret, error) {
	if name, ok := strings.CutPrefix(spec, "env:"); ok {
		return fromEnv(name)
	}
	if path, ok := strings.CutPrefix(spec, "file:"); ok {
		return fromFile(path)
	}
	return Secret{spec}, nil
}

// ResolveReference is [Resolve] for places where a value must not stand, such
// as a scenario file: only env: and file: are read.
func ResolveReference(spec string) (Secret, error) {
	if strings.HasPrefix(spec, "env:") || strings.HasPrefix(spec, "file:") {
		return Resolve(spec)
	}
	return Secret{}, errors.New("a secret may not stand here itself; write env:NAME or file:PATH")
}

// variable is how the names of environment variables are written.
var variable = regexp.MustCompile(`^[A-Z_][A-Z0-9_]{0,59}$|^[a-z_]{1,30}$`)

func fromEnv(name string) (Secret, error) {
	value, set := os.LookupEnv(name)
	shown := name
	if !variable.MatchString(name) {
		shown = "(not a usual name, and not shown: it may be the secret itself)"
	}
	switch {
	case name == "":
		return Secret{}, errors.New("env: names no variable; write env:NAME")
	case !set:
		return Secret{}, fmt.Errorf("environment variable %s is not set; export it before the run", shown)
	case value == "":
		return Secret{}, fmt.Errorf("environment variable %s is empty; export its value before the run", shown)
	}
	return Secret{value}, nil
}

// maxSecret bounds a secret; API Gateway takes 10,240 bytes of headers in all, fewer
// for private APIs.
const maxSecret = 64 << 10

func fromFile(path string) (Secret, error) {
	f, err := os.Open(path)
	if err != nil {
		return Secret{}, fmt.Errorf("secret file: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	switch {
	case err != nil:
		return Secret{}, fmt.Errorf("secret file: %w", err)
	case len(b) > maxSecret:
		return Secret{}, fmt.Errorf("secret file %s: more than %d bytes, which no header takes", path, maxSecret)
	}
	value := strings.TrimRight(string(b), "\r\n")
	if value == "" {
		return Secret{}, fmt.Errorf("secret file %s is empty", path)
	}
	return Secret{value}, nil
}

// Reveal returns the value.
func (s Secret) Reveal() string { return s.value }

// String hides the value.
func (s Secret) String() string { return "***" }

// GoString hides the value from %#v.
func (s Secret) GoString() string { return "***" }

// MarshalText hides the value from JSON and YAML.
func (s Secret) MarshalText() ([]byte, error) { return []byte("***"), nil }

// LogValue hides the value from slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue("***") }

// ClientCertificate loads what mutual TLS shows to the server: a certificate
// with its chain, and its key, in PEM. keyFile may be empty where certFile
// holds both.
func ClientCertificate(certFile, keyFile string) (tls.Certificate, error) {
	if keyFile == "" {
		keyFile = certFile
	}
	cert, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("client certificate: %w; --cert and --key take PEM files", err)
	}
	return cert, nil
}
