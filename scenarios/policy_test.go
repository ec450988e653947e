package scenarios

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/google/go-cmp/cmp"

	"stageprobe/probe/inventory"
	"stageprobe/scenarios/sandbox"
)

func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	path = filepath.Join("testdata", path)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Error(diff)
	}
}

func policy(t *testing.T, size string, o PolicyOptions) (policyDocument, []byte) {
	t.Helper()
	text, err := Policy(size, o)
	if err != nil {
		t.Fatal(err)
	}
	var doc policyDocument
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	return doc, text
}

func TestPolicyGolden(t *testing.T) {
	for _, size := range PolicySizes {
		_, text := policy(t, size, PolicyOptions{})
		golden(t, "policy/"+size+".json", text)
	}
	_, text := policy(t, "logs", PolicyOptions{
		Region: "cn-north-1", Account: "123456789012", APIs: []string{"abc123"}, AccessLogs: []string{"/aws/apigateway/abc123"},
	})
	golden(t, "policy/narrow.json", text)
	if _, err := Policy("all", PolicyOptions{}); err == nil || !strings.Contains(err.Error(), "probe, config, logs") {
		t.Error(err)
	}
}

// allows tells whether a statement allows an action on a resource, by IAM's
// rule that * stands for any text.
func (d policyDocument) allows(action, resource string) bool {
	return slices.ContainsFunc(d.Statement, func(s statement) bool {
		return contains(s.Action, action) && slices.ContainsFunc(s.Resource, func(pattern string) bool {
			quoted := strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*")
			return regexp.MustCompile("^" + quoted + "$").MatchString(resource)
		})
	})
}

// A full reading calls nothing that the policy of its size does not allow, for
// any API and for the one that is named.
func TestPolicyAllowsWhatIsCalled(t *testing.T) {
	for _, name := range []string{"demo", "http-healthy", "routing-rules"} {
		t.Run(name, func(t *testing.T) {
			w, err := sandbox.Load(name)
			if err != nil {
				t.Fatal(err)
			}
			srv, err := sandbox.Start(w, sandbox.Options{Seed: 1})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = srv.Close() })
			api := ids(w)
			if _, err := inventoryOf(srv.ControlURL(), w.Region).Read(t.Context(), inventory.Selection{APIs: api, Depth: inventory.Full}); err != nil {
				t.Fatal(err)
			}
			wide, _ := policy(t, "config", PolicyOptions{})
			narrow, _ := policy(t, "config", PolicyOptions{Region: w.Region, APIs: api})
			calls := srv.Calls()
			if len(calls) < 5 {
				t.Fatalf("%d calls", len(calls))
			}
			for _, c := range calls {
				action, resource := c.Action, c.Resource
				for size, doc := range map[string]policyDocument{"any API": wide, "the API": narrow} {
					if !doc.allows(action, resource) {
						t.Errorf("%s: %s calls %s on %s", size, c.Operation, action, resource)
					}
				}
			}
		})
	}
}

func ids(w *sandbox.World) []string {
	var out []string
	for _, a := range w.APIs {
		out = append(out, a.ID)
	}
	return out
}

func inventoryOf(url, region string) *inventory.Reader {
	cfg := aws.Config{Region: region, BaseEndpoint: &url, Credentials: credentials.NewStaticCredentialsProvider("SANDBOX", "sandbox", "")}
	return &inventory.Reader{
		REST: apigateway.NewFromConfig(cfg), HTTP: apigatewayv2.NewFromConfig(cfg), Trail: cloudtrail.NewFromConfig(cfg),
	}
}
