package predeploy

import (
	"bytes"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"

	"golang.org/x/time/rate"

	"stageprobe/probe"
	"stageprobe/probe/inventory"
	"stageprobe/scenarios/sandbox"
)

// account reads a world's configuration through the real SDK and real sockets.
func account(t *testing.T, world string) *probe.Snapshot {
	t.Helper()
	w, err := sandbox.Load(world)
	if err != nil {
		t.Fatal(err)
	}
	srv, err := sandbox.Start(w, sandbox.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = srv.Close() }) // its sockets end with the test anyway
	cfg := aws.Config{Region: w.Region, BaseEndpoint: aws.String(srv.ControlURL()), Credentials: credentials.NewStaticCredentialsProvider("SANDBOX", "sandbox", "")}
	r := inventory.Reader{REST: apigateway.NewFromConfig(cfg), HTTP: apigatewayv2.NewFromConfig(cfg), Trail: cloudtrail.NewFromConfig(cfg), Limiter: rate.NewLimiter(rate.Inf, 1)}
	snap, err := r.Read(t.Context(), inventory.Selection{All: true, Depth: inventory.Full})
	if err != nil || len(snap.APIs) == 0 {
		t.Fatalf("%v: %+v", err, snap.Gaps)
	}
	return &snap
}

func TestHeldAgainstTheAccount(t *testing.T) {
	for _, c := range []struct {
		world, file string
		exit        int
		stages      string
		findings    string
		says        string
	}{
		{"healthy", "terraform/live.json", 0, "prod=all", "", "the change leaves where they are: stage dev"},
		{"route-not-deployed", "terraform/live.json", 0, "prod=all", "stale-deployment warning", "1 edit of somebody else waits in the editor and would go live with this change, too, on stage prod of orders: GET /invoices."},
		{"route-not-deployed", "terraform/live.json", 0, "prod=all", "stale-deployment warning", "by maria"},
		{"stale-canary-10", "terraform/live.json", 1, "prod=none", "stale-canary error", "Remove the canary of stage prod before this deploy"},
		{"healthy", "terraform/canary-stays.json", 0, "prod=all", "", "Would be live"},
		{"healthy", "terraform/no-deployment.json", 3, "=unknown", "", "neither a deployment nor a stage"},
		{"http-healthy", "openapi/new.json", 0, "$default=all", "", "Would be live: stage $default of orders"},
		{"http-auto-deploy-off", "openapi/new.json", 1, "$default=none", "auto-deploy-off error", "deploy by itself"},
		{"healthy", "openapi/new.json", 3, "=unknown", "", "neither a deployment nor a stage"},
	} {
		t.Run(c.world+" "+c.file+" "+c.says, func(t *testing.T) {
			snap := account(t, c.world)
			in := files(t, c.file)
			in[0].Data = bytes.ReplaceAll(in[0].Data, []byte("abc123"), []byte("orders7x2a"))
			change, err := Read(in, Options{Alone: true})
			if err != nil {
				t.Fatal(err)
			}
			if err := change.Name([]string{snap.APIs[0].ID}); err != nil {
				t.Fatal(err)
			}
			change.Hold(snap)
			rep := report(change)
			if rep.ExitCode != c.exit || strings.Join(outcomes(rep), ",") != c.stages || strings.Join(causes(rep), ",") != c.findings {
				t.Errorf("exit code %d, stages %q, findings %q; want %d, %q, %q: %q", rep.ExitCode, outcomes(rep), causes(rep), c.exit, c.stages, c.findings, rep.Verdict)
			}
			if text := everything(rep); !strings.Contains(text, c.says) {
				t.Errorf("nothing says %q:\n%s", c.says, text)
			}
		})
	}
}

func TestAPIsThatCannotBeTold(t *testing.T) {
	c := load(t, "terraform/live.json")
	if err := c.Name([]string{"other1"}); err == nil || !strings.Contains(err.Error(), "they hold orders") {
		t.Errorf("an id that the file contradicts: %v", err)
	}
	two := load(t, "cloudformation/base-old.yaml", "cloudformation/live-new.yaml")
	if err := two.Name([]string{"a", "b"}); err == nil {
		t.Error("two ids for one API were accepted")
	}
	if err := two.Name([]string{"abc123"}); err != nil || two.IDs()[0] != "abc123" {
		t.Errorf("an id for the only API: %v, %q", err, two.IDs())
	}
}
