package main

import (
	"context"
	"net/http"
	"slices"
	"testing"

	"stageprobe/scenarios/sandbox"
)

// account is a world of some APIs behind the real quotas: enough of them to
// exhaust what may come at once, few enough to be read in seconds.
func account(t *testing.T) *sandbox.World {
	t.Helper()
	world, err := sandbox.Parse([]byte(`name: account
title: a dozen APIs with two stages each, behind the real quotas
apis:
  - id: bulk{n}api
    name: service {n}
    repeat: 12
    definitions: {v1: {routes: {"GET /things": {backend: things}}}}
    deployments: [{id: blk001, definition: v1, age: 90d}]
    stages: {prod: {}, dev: {}}
backends: {things: {body: ok}}
control: {quota: true}
check: {args: [--api, bulk0001api]}
`))
	if err != nil {
		t.Fatal(err)
	}
	return world
}

// Reading a whole account is refused nothing, within quotas that the gateway
// enforces as API Gateway documents them.
func TestInspectAllStaysWithinTheQuotas(t *testing.T) {
	t.Parallel()
	b := open(t, account(t))
	inspectAccount(t, b)
	all, refused := controlCalls(b.Calls())
	if refused > 0 {
		t.Errorf("%d of %d calls were refused", refused, all)
	}
	if all <= 40 {
		t.Errorf("%d calls exhaust no burst of 40", all)
	}
}

// Where somebody else uses the quota up, what is refused is asked again.
func TestInspectAllSurvivesTooManyRequests(t *testing.T) {
	t.Parallel()
	b := open(t, account(t))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	survived := make(chan bool, 1)
	go func() { survived <- useUp(ctx, b) }()
	inspectAccount(t, b)
	cancel()
	if !<-survived {
		t.Error("nothing was refused, so nothing was survived")
	}
}

// useUp asks the account's control plane without a pause, until somebody else was
// refused for it.
func useUp(ctx context.Context, b *box) bool {
	mine := 0
	for {
		if _, refused := controlCalls(b.Calls()); refused > mine || ctx.Err() != nil {
			return refused > mine
		}
		resp, err := http.Get(b.ControlURL() + "/restapis")
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		if resp.StatusCode == http.StatusTooManyRequests {
			mine++
		}
	}
}

// inspectAccount reads every API of the account, with nothing left out.
func inspectAccount(t *testing.T, b *box) {
	t.Helper()
	rep := b.inspect(t, "--all")
	if len(rep.Notes) > 0 || len(rep.Findings) > 0 || len(rep.Config.APIs) != 12 {
		t.Errorf("%d APIs; notes %v, findings %v", len(rep.Config.APIs), rep.Notes, rep.Findings)
	}
	for _, api := range rep.Config.APIs {
		if len(api.Stages) != 2 || len(api.Unreadable) > 0 {
			t.Errorf("API %s: %d stages, not read: %v", api.ID, len(api.Stages), api.Unreadable)
		}
	}
}

// controlCalls counts the calls of API Gateway's control plane, and those that
// it refused for their number.
func controlCalls(calls []sandbox.Call) (all, refused int) {
	calls = slices.DeleteFunc(slices.Clone(calls), func(c sandbox.Call) bool {
		return c.Service != "apigateway" && c.Service != "apigatewayv2"
	})
	for _, c := range calls {
		if c.Status == http.StatusTooManyRequests {
			refused++
		}
	}
	return len(calls), refused
}
