package probe_test

import (
	"context"
	"crypto/x509"
	"fmt"
	"log"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"

	"stageprobe/probe"
	"stageprobe/probe/address"
	"stageprobe/probe/inventory"
	"stageprobe/scenarios/sandbox"
)

// Which versions answer behind each address of an API? The configuration gives the
// addresses and the routes that may be asked, and the engine asks them. In place of
// the embedded gateway stand your own account's configuration, as
// config.LoadDefaultConfig of the AWS SDK finds it, and an Engine without a Transport.
func Example() {
	ctx := context.Background()
	gateway := startGateway()
	defer gateway.Close()

	// 1. What is there.
	cfg := configOf(gateway)
	reader := inventory.Reader{REST: apigateway.NewFromConfig(cfg), HTTP: apigatewayv2.NewFromConfig(cfg)}
	snap, err := reader.Read(ctx, inventory.Selection{APIs: []string{"orders7x2a"}, Domains: []string{"api.example.com"}, Depth: inventory.Full})
	if err != nil {
		log.Fatal(err)
	}

	// 2. What to send, and where.
	targets, problems := address.Targets(&snap, address.Selection{APIs: []address.APISelection{{
		ID: "orders7x2a", Stages: []string{"prod"}, Domains: []address.DomainSelection{{Name: "api.example.com"}},
	}}})
	for _, p := range problems {
		log.Fatal(p.Subject, ": ", p.Text)
	}
	routes := snap.API("orders7x2a").Stage("prod").Deployed
	plan := probe.Plan{Targets: targets, Scenarios: probe.Scenarios(routes, probe.RouteOptions{}), Requests: 200, Rate: 2000, Seed: 1}

	// 3. What comes back.
	engine := probe.Engine{Transport: transportTo(gateway)}
	versions := map[string]map[string]bool{}
	for o, err := range engine.Run(ctx, &plan, &inTurn{plan: &plan}) {
		if err != nil {
			log.Fatal(err)
		}
		if v := o.Get("x-backend-version"); v != "" {
			if versions[o.Target] == nil {
				versions[o.Target] = map[string]bool{}
			}
			versions[o.Target][v] = true
		}
	}
	for _, t := range plan.Targets {
		fmt.Println(t.ID, slices.Sorted(maps.Keys(versions[t.ID])))
	}
	// Output:
	// orders7x2a/prod [1 2]
	// api.example.com [2-beta]
}

// inTurn is a [probe.Planner] that asks every scenario of every target in turn. An
// analyze.Session is one that asks where an answer decides most.
type inTurn struct {
	plan *probe.Plan
	sent int
}

func (p *inTurn) Next(time.Time, uint64) (probe.Choice, bool) {
	targets, scenarios := len(p.plan.Targets), len(p.plan.Scenarios)
	c := probe.Choice{Target: p.sent % targets, Scenario: p.sent / targets % scenarios}
	p.sent++
	return c, p.sent <= p.plan.Requests*targets
}

// startGateway serves a world of the embedded gateway: a canary of 10 % behind stage prod, and
// a domain that leads to stage dev.
func startGateway() *sandbox.Server {
	world, err := sandbox.Load("demo")
	if err != nil {
		log.Fatal(err)
	}
	gateway, err := sandbox.Start(world, sandbox.Options{Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	return gateway
}

// configOf leads the AWS SDK to the embedded gateway.
func configOf(gateway *sandbox.Server) aws.Config {
	return aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(gateway.ControlURL()),
		Credentials: credentials.NewStaticCredentialsProvider("SANDBOX", "sandbox", ""),
	}
}

// transportTo leads requests to the embedded gateway, whatever host they are for.
func transportTo(gateway *sandbox.Server) probe.Transport {
	t := probe.Transport{RootCAs: x509.NewCertPool()}
	t.RootCAs.AppendCertsFromPEM(gateway.CACert())
	for _, spec := range gateway.ConnectTo() {
		to, err := probe.ParseRedirect(spec)
		if err != nil {
			log.Fatal(err)
		}
		t.ConnectTo = append(t.ConnectTo, to)
	}
	return t
}
