package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"stageprobe/cmd/stageprobe/internal/cli"
	"stageprobe/probe/recording"
)

// planted are values that leave as credentials, and pieces of them. None of them
// may be found in anything that is written, however it is spelt.
var planted = []string{
	"hdr-9f8e7d6c5b4aQx", "tok/en+Lit3ral==ZZ", "baSic-us3r", "p4ss:w0rd&<x>", "c00kie-One-777", "c00kie-Two-888",
	"env-k3y-ABCDEF-0123", "qp-S3cretToken-42", "mx-S3cretParam-43", "sessTOKEN/for+sigv4/0123456789", "bodyJWTsignature0123",
	"setcookieVALUE0123456", "locationTOKEN98765",
}

// jwtOf is a token that an answer holds.
const jwtOf = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJtZSJ9.bodyJWTsignature0123"

// echo answers with what it was sent, in the ways in which servers do.
func echo(w http.ResponseWriter, r *http.Request) {
	var all strings.Builder
	for name, values := range r.Header {
		for _, v := range values {
			_, bare, _ := strings.Cut(v, " ")
			all.WriteString(name + ": " + v + "\n" + bare + "\n")
			_, decoded, _ := r.BasicAuth()
			all.WriteString(decoded + "\n")
		}
	}
	if user, password, ok := r.BasicAuth(); ok {
		fmt.Fprintf(&all, "user %s password %s\n", user, password)
	}
	for _, c := range r.Cookies() {
		all.WriteString(c.Value + "\n")
	}
	all.WriteString(r.URL.String() + "\n" + r.URL.Query().Get("token") + "\n")
	text := all.String()
	spelt := map[string]func() string{
		"plain": func() string { return text },
		"json":  func() string { b, _ := json.Marshal(map[string]string{"echo": text}); return string(b) },
		"twice": func() string {
			b, _ := json.Marshal(text)
			b, _ = json.Marshal(string(b))
			return string(b)
		},
		"url": func() string { return url.QueryEscape(text) }, "html": func() string { return html.EscapeString(text) },
		"base64": func() string { return base64.StdEncoding.EncodeToString([]byte("x" + text)) },
		"raw64":  func() string { return base64.RawURLEncoding.EncodeToString([]byte("xy" + text)) },
		"hex":    func() string { return hex.EncodeToString([]byte(text)) }, "lower": func() string { return strings.ToLower(text) },
		"cut": func() string {
			var b strings.Builder
			for line := range strings.Lines(text) {
				if _, v, ok := strings.Cut(line, ": "); ok {
					line = v
				}
				b.WriteString(line[:min(len(line), 12)] + "… ")
			}
			return b.String()
		},
	}[r.URL.Query().Get("as")]
	if spelt == nil { // the control plane
		spelt = func() string { return text }
	}
	w.Header().Set("Set-Cookie", "sid=setcookieVALUE0123456; Path=/")
	w.Header().Set("Location", "/next?x=1#access_token=locationTOKEN98765")
	w.Header().Set("X-Echo", r.Header.Get("Authorization"))
	body := spelt() + `{"id_token":"` + jwtOf + `"}`
	if r.URL.Query().Get("as") == "hex" { // packed without being asked
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = z.Write([]byte(body))
		_ = z.Close()
		return
	}
	_, _ = w.Write([]byte(body))
}

// written reads every file below a folder, unpacked where it is packed.
func written(t *testing.T, dir string) map[string]string {
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if strings.HasSuffix(path, ".zst") && err == nil {
			z, _ := zstd.NewReader(bytes.NewReader(b))
			var plain bytes.Buffer
			_, err = plain.ReadFrom(z)
			b = plain.Bytes()
		}
		if strings.HasSuffix(path, ".parquet") && err == nil {
			b = rowsOf(t, path)
		}
		if strings.HasSuffix(path, ".jsonl") || strings.HasSuffix(path, ".zst") {
			b = append(b, rowsOf(t, path)...)
		}
		out[path] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// rowsOf are a recording's bodies and headers as they are.
func rowsOf(t *testing.T, path string) []byte {
	rec, err := recording.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	for o, err := range rec.Observations() {
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s %s %v\n%s\n", o.Scenario, o.Err, o.Header, o.Body)
	}
	fmt.Fprintf(&b, "%+v %s", rec.Header.Plan, rec.Header.Policy)
	return b.Bytes()
}

// leaks finds planted values in a text, as they are and spelt otherwise.
func leaks(text string) []string {
	var out []string
	lower := strings.ToLower(text)
	for _, p := range planted {
		quoted, _ := json.Marshal(p)
		forms := []string{p, strings.Trim(string(quoted), `"`), url.QueryEscape(p), html.EscapeString(p), hex.EncodeToString([]byte(p)), p[:min(len(p), 12)]}
		for before := range 3 {
			enc := base64.RawStdEncoding.EncodeToString(append(make([]byte, before), p...))
			forms = append(forms, enc[4:len(enc)-2])
		}
		for _, f := range forms {
			if len(f) > 5 && strings.Contains(lower, strings.ToLower(f)) {
				out = append(out, p+" as "+f)
				break
			}
		}
	}
	return out
}

// run calls the program in this process; what it prints comes back.
func run(t *testing.T, args ...string) (code int, out string) {
	var stdout, stderr bytes.Buffer
	code = cli.Main(context.WithoutCancel(t.Context()), args, cli.Streams{In: strings.NewReader(""), Out: &stdout, Err: &stderr})
	return code, stdout.String() + stderr.String()
}

// TestNoSecretIsWritten plants credentials in every way in which they can be
// given, has them sent back in every way, and looks for them in all that is written.
func TestNoSecretIsWritten(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(echo))
	t.Cleanup(srv.Close)
	env := []string{
		"GITHUB_ACTIONS=true", "PROBE_KEY=env-k3y-ABCDEF-0123", "AWS_ENDPOINT_URL=" + srv.URL,
		"AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=never-sent", "AWS_SESSION_TOKEN=sessTOKEN/for+sigv4/0123456789",
	}
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("baSic-us3r:p4ss:w0rd&<x>"))
	for name, flags := range map[string][]string{
		"literal headers": {"-H", "X-Api-Token: hdr-9f8e7d6c5b4aQx", "-H", "Authorization: Bearer tok/en+Lit3ral==ZZ", "--api-key", "env:PROBE_KEY"},
		"basic, cookies":  {"-H", "Authorization: " + basic, "-H", "Cookie: a=c00kie-One-777; b=c00kie-Two-888"},
		"sigv4":           {"--sigv4", "--region", "eu-west-1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check := func(as string, more ...string) (string, int) {
				url := srv.URL + "/prod/x;sessionid=mx-S3cretParam-43;v=2?token=qp-S3cretToken-42&as=" + as
				code, out, stderr := execute(env, slices.Concat([]string{"check", url}, flags, more)...)
				return out + stderr, code
			}
			if plan, code := check("plain", "--dry-run"); code != 0 || len(leaks(plan)) > 0 {
				t.Errorf("the plan ends with %d and holds %q", code, leaks(plan))
			}
			for _, as := range []string{"plain", "json", "twice", "url", "html", "base64", "raw64", "hex", "lower", "cut"} {
				for _, record := range []string{"run.jsonl", "run.jsonl.zst", "run.parquet"} {
					if record != "run.jsonl" && as != "json" {
						continue
					}
					dir := t.TempDir()
					args := []string{"--requests", "12", "--rate", "2000", "--logs", "off", "--record", filepath.Join(dir, record)}
					for _, f := range []string{"text", "json", "html", "markdown", "junit"} {
						args = append(args, "--format", f, "-o", filepath.Join(dir, "report."+f))
					}
					out, code := check(as, args...)
					if code < 0 || code == 2 {
						t.Fatalf("echoed as %s: %s", as, out)
					}
					texts := written(t, dir)
					texts["terminal"] = out
					for where, text := range texts {
						if found := leaks(text); len(found) > 0 {
							t.Errorf("echoed as %s: %s holds %q", as, filepath.Base(where), found)
						}
					}
				}
			}
		})
	}
}

// TestErrorsQuoteNoSecret: what is wrong with a value is told without it.
func TestErrorsQuoteNoSecret(t *testing.T) {
	t.Parallel()
	const secret = "sk_live_4eC39HqLyjWDarjtT1zdp7dc"
	for _, args := range [][]string{
		{"check", "https://user:" + secret + "@example.com/x"},
		{"check", "ftp://example.com/x?token=" + secret},
		{"check", "https://example.com/%zz?api_key=" + secret},
		{"check", "https://example.com/x", "-H", "Authorization Bearer " + secret},
		{"check", "https://example.com/x", "-H", secret + "\x00: x"},
		{"check", "https://example.com/x", "--bearer", "env:" + secret},
		{"check", "https://example.com/x", "--rate", secret},
		{"check", "https://example.com/x", "--endpoint-url", "x://me:" + secret + "@h"},
		{"check", "https://example.com/x", "--invoke-url", "https://me:" + secret + "@h:x/{api}"},
		{secret},
		{"explain", "Authorization: Bearer " + secret},
		{"check", "--" + secret},
	} {
		code, out := run(t, args...)
		if code != 2 || strings.Contains(out, secret) || len(out) > 1500 {
			t.Errorf("%q ends with %d, %d bytes:\n%s", args, code, len(out), out)
		}
	}
}

// TestFilesAreTheirOwners alone, whatever was there before.
func TestFilesAreTheirOwners(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(echo))
	defer srv.Close()
	dir := t.TempDir()
	for _, name := range []string{"run.jsonl", "report.json"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("old"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	code, out := run(t, "check", srv.URL+"/prod/x?as=plain", "--requests", "5", "--rate", "1000", "--record", filepath.Join(dir, "run.jsonl"), "-o", filepath.Join(dir, "report.json"), "-o", filepath.Join(dir, "report.html"))
	if code == 2 {
		t.Fatal(out)
	}
	for _, name := range []string{"run.jsonl", "report.json", "report.html"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", name, info.Mode(), err)
		}
	}
}
