package inventory_test

import (
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"stageprobe/probe/inventory"
	"stageprobe/scenarios/sandbox"
)

// faster is how much faster than the wall the clock of the account runs: two
// hundred APIs take minutes within the quota.
const faster = 30

// TestTwoHundredAPIsWithinTheQuota reads every API of an account that refuses
// what is beyond 10 requests per second with bursts of 40, while somebody else
// uses the quota too.
func TestTwoHundredAPIsWithinTheQuota(t *testing.T) {
	if testing.Short() {
		t.Skip("thousands of calls")
	}
	t.Parallel()
	world, err := sandbox.Load("many-apis")
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	clock := func() time.Time { return began.Add(faster * time.Since(began)) }
	srv, err := sandbox.Start(world, sandbox.Options{Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = srv.Close() })
	r := reader(srv.ControlURL())
	r.Limiter = rate.NewLimiter(10*faster, 40)
	var steps, most atomic.Int64
	r.Progress = func(done, total int, _ string) {
		steps.Add(1)
		most.Store(int64(total))
		if done == 50 { // somebody else empties the account's bucket
			for range 60 {
				if resp, err := http.Get(srv.ControlURL() + "/restapis"); err == nil {
					_ = resp.Body.Close()
				}
			}
		}
	}
	snap, err := r.Read(t.Context(), inventory.Selection{All: true, Depth: inventory.Full})
	if err != nil || len(snap.Gaps) > 0 {
		t.Fatalf("%v, gaps %+v", err, snap.Gaps)
	}
	stages := 0
	for _, api := range snap.APIs {
		for _, st := range api.Stages {
			if st.Deployed != nil && len(st.Deployed.Routes) == 2 {
				stages++
			}
		}
	}
	if len(snap.APIs) != 200 || stages != 800 {
		t.Errorf("%d APIs with %d stages were read", len(snap.APIs), stages)
	}
	if steps.Load() < 200 || most.Load() < 200 {
		t.Errorf("progress was told %d times, of %d", steps.Load(), most.Load())
	}
	withinQuota(t, srv.Calls())
}

// withinQuota counts on the account's clock: never more calls than a bucket of
// 40 that fills with 10 per second allows, and the stranger's 60. A tenth is
// for the clocks, which are read apart.
func withinQuota(t *testing.T, calls []sandbox.Call) {
	t.Helper()
	var at []time.Time
	refused := 0
	for _, c := range calls {
		if c.Service != "apigateway" && c.Service != "apigatewayv2" {
			continue
		}
		at = append(at, c.At)
		if c.Status == http.StatusTooManyRequests {
			refused++
		}
	}
	if refused == 0 {
		t.Error("nothing was refused, so nothing was survived")
	}
	for i := range at {
		j := min(i+999, len(at)-1)
		allowed := 1.1*10*at[j].Sub(at[i]).Seconds() + 40 + 60 + 5
		if n := j - i + 1; float64(n) > allowed {
			t.Fatalf("%d calls within %s; %.0f are allowed", n, at[j].Sub(at[i]), allowed)
		}
	}
	t.Logf("%d calls within %s of the account's time, %d refused", len(at), at[len(at)-1].Sub(at[0]), refused)
}
