package cli

import (
	"bytes"
	"strings"
	"testing"
)

// Whatever is typed in a wrong place, an error does not quote what may be a secret; of a
// plain word it tells what it was.
func TestErrorsQuoteNoSecret(t *testing.T) {
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	const url = "https://abc123.execute-api.eu-west-1.amazonaws.com/prod/x"
	for _, secret := range []string{"hunter2Sec", "s3cr3tpass", "sk_live_4eC39HqLyjWDarjtT1", "eyJhbGciOiJIUzI1NiJ9", "aGVsbG8gd29ybGQ=", "correcthorsebatterystaple"} {
		for _, args := range [][]string{
			{secret}, {"demo", secret}, {"schema", secret}, {"explain", secret}, {"analyze", secret}, {"report", secret}, {"plan", secret}, {"version", "--format", secret},
			{"check", secret + "://example.com/prod"}, {"check", "https://ex ample" + secret + "/prod"}, {"check", secret}, {"check", url, "--" + secret}, {"check", url, "-H", secret},
			{"check", url, "--rate", secret}, {"check", url, "--requests=" + secret}, {"check", url, "--window", secret}, {"check", url, "--http", secret}, {"check", url, "--logs", secret},
			{"check", url, "--require", secret}, {"check", url, "--fail-on", secret}, {"check", url, "--format", secret}, {"check", url, "--color", secret}, {"check", url, "--seed", secret},
			{"check", url, "--connect-to", secret}, {"check", url, "--connect-to", secret + ":443=127.0.0.1:x"}, {"check", url, "--endpoint-url", secret}, {"check", url, "--shard", secret},
			{"check", url, "--start-at", secret}, {"check", url, "--cacert", secret}, {"check", url, "--baseline", secret}, {"check", url, "-f", secret}, {"check", url, "--record", secret},
		} {
			if said := refused(t, args); strings.Contains(strings.ToLower(said), strings.ToLower(secret)) {
				t.Errorf("%q: %s", args, said)
			}
		}
		t.Setenv("STAGEPROBE_RATE", secret)
		if said := refused(t, []string{"check", url}); strings.Contains(said, secret) || !strings.Contains(said, "STAGEPROBE_RATE") {
			t.Error(said)
		}
		t.Setenv("STAGEPROBE_RATE", "")
	}
	for word, args := range map[string][]string{
		`"chekc"`: {"chekc"}, `"fast"`: {"check", url, "--rate", "fast"}, `"20x"`: {"check", url, "--window", "20x"}, `"abcd/prod"`: {"check", "abcd/prod"}, "no-such-file.json": {"report", "no-such-file.json"},
		`"canary-splt"`: {"demo", "canary-splt"}, "--raet": {"check", url, "--raet"}, "127.0.0.1": {"check", url, "--connect-to", "127.0.0.1"},
	} {
		if said := refused(t, args); !strings.Contains(said, word) {
			t.Errorf("%q does not tell %s: %s", args, word, said)
		}
	}
}

// refused is what a command that is used wrongly says.
func refused(t *testing.T, args []string) string {
	t.Helper()
	var said bytes.Buffer
	if code := Main(t.Context(), args, Streams{In: strings.NewReader(""), Out: &said, Err: &said}); code != int(ExitUsage) {
		t.Errorf("%q ends with %d: %s", args, code, said.String())
	}
	return said.String()
}
