package sandbox_test

import (
	"strings"
	"testing"
	"time"

	"stageprobe/scenarios/sandbox"
)

const movingWorld = `
name: moving
apis:
  - id: shop5x2a
    definitions:
      current: {routes: {"GET /orders": {backend: "orders:live"}}}
      other: {extends: current, routes: {"GET /orders": {backend: "orders:next"}}}
    deployments:
      - {id: side3q, definition: other, age: 40d}
      - {id: base7k, definition: current, age: 30d}
    stages:
      prod: {deployment: base7k, canary: {percent: 30, deployment: side3q}}
      dev: {deployment: base7k}
backends:
  orders:
    body: '{"service":"orders"}'
    moves: [pod, {kind: took, of: 4}, visit-cookie, {kind: encodings, values: [identity, gzip, br, zstd]}]
    differs: [{kind: header-value, name: X-Release, usual: "7", other: "8"}]
`

// Answers move at every stage; what differs is seen on the canary alone, and
// the canary's log group holds exactly those requests.
func TestMovesAndDiffers(t *testing.T) {
	now := &clock{now: time.Now()}
	g := start(t, parse(t, movingWorld), sandbox.Options{Seed: 1, Now: now.read})
	c := g.client(true)
	pods, cookies, codings, ids := map[string]int{}, map[string]int{}, map[string]int{}, map[string]string{}
	const requests = 80
	for range requests {
		got := g.send(c, "GET https://shop5x2a.execute-api.us-east-1.amazonaws.com/prod/orders", "")
		if got.status != 200 || got.header.Get("Content-Type") != "application/json" {
			t.Fatalf("%d %v", got.status, got.header)
		}
		pods[got.header.Get("x-served-by")]++
		cookies[got.header.Get("Set-Cookie")]++
		codings[got.header.Get("Content-Encoding")]++
		ids[got.header.Get("x-amzn-RequestId")] = got.header.Get("X-Release")
	}
	if len(pods) < 2 || len(cookies) != requests || len(codings) != 4 {
		t.Errorf("pods %v, %d cookies, codings %v", pods, len(cookies), codings)
	}
	for range 10 {
		if got := g.send(c, "GET https://shop5x2a.execute-api.us-east-1.amazonaws.com/dev/orders", ""); got.header.Get("X-Release") != "7" {
			t.Errorf("dev answers as release %s", got.header.Get("X-Release"))
		}
	}
	now.add(time.Minute)
	canary := strings.Join(g.lines("API-Gateway-Execution-Logs_shop5x2a/prod/Canary"), "\n")
	for id, release := range ids {
		if strings.Contains(canary, id) != (release == "8") {
			t.Errorf("request %s shows release %s, in the canary's log: %t", id, release, strings.Contains(canary, id))
		}
	}
}
