package scenarios_test

import (
	"context"
	"crypto/x509"
	"fmt"
	"log"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"

	"stageprobe/analyze"
	"stageprobe/analyze/cause"
	"stageprobe/probe"
	"stageprobe/probe/address"
	"stageprobe/probe/inventory"
	"stageprobe/scenarios"
	"stageprobe/scenarios/sandbox"
)

const orders = `
version: 1
apis:
  - {id: orders7x2a, stages: [prod]}
scenarios:
  - name: orders have totals
    request: {path: /orders}
    expect: {status: 200, body: [{pointer: /version, equals: 2}]}
  - request: {path: /health}
`

// A whole check as a Go test would make it: what the scenario file expects, held
// against what really serves. In a test of your own API gateway is left out: the
// configuration comes from config.LoadDefaultConfig of the AWS SDK, and the Engine needs
// no Transport.
func Example() {
	ctx := context.Background()
	gateway := start("demo")
	defer gateway.Close()

	file, err := scenarios.Parse("orders.yaml", []byte(orders))
	if err != nil {
		log.Fatal(err)
	}

	cfg := configOf(gateway)
	reader := inventory.Reader{REST: apigateway.NewFromConfig(cfg), HTTP: apigatewayv2.NewFromConfig(cfg)}
	snap, err := reader.Read(ctx, inventory.Selection{APIs: []string{"orders7x2a"}, Depth: inventory.Full})
	if err != nil {
		log.Fatal(err)
	}

	plan := probe.Plan{Requests: 1000, Rate: 500, Seed: 1}
	plan.Targets, _ = address.Targets(&snap, address.Selection{APIs: file.Selections()})
	if plan.Scenarios, err = file.Probes(plan.Targets); err != nil {
		log.Fatal(err)
	}

	session := analyze.NewSession(plan, snap, analyze.Policy{Judge: scenarios.NewJudge(file, &plan, 0.99)})
	report, err := analyze.Check(ctx, session, &probe.Engine{Transport: transportTo(gateway)})
	if err != nil {
		log.Fatal(err)
	}

	if report.ExitCode != analyze.ExitOK { // t.Errorf in a test
		for _, f := range report.Findings {
			if f.Severity == cause.Error {
				fmt.Println(f.Cause, "on", strings.Join(f.Targets, ", "))
			}
		}
	}
	// Output:
	// canary-split on orders7x2a/prod
}

// start serves a world of the embedded gateway on loopback addresses.
func start(name string) *sandbox.Server {
	world, err := sandbox.Load(name)
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
