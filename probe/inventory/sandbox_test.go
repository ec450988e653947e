package inventory_test

import (
	"slices"
	"testing"

	"stageprobe/analyze/diff"
	"stageprobe/probe/inventory"
	"stageprobe/scenarios/sandbox"
)

// TestWorldsAreToldApart reads worlds and their twins through the SDK: what
// waits for a deployment, in what stages differ, whether a canary can differ.
func TestWorldsAreToldApart(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		world   string
		pending []string // "stage subject aspect"
		matrix  []string // settings that can change answers
		same    bool     // the canary cannot differ
	}{
		{world: "healthy"},
		{world: "route-deployed"},
		{world: "route-not-deployed", pending: []string{"prod GET /invoices added"}},
		{world: "integration-edited", pending: []string{"prod GET /orders integration.uri", "prod GET /orders/{id} integration.uri", "prod POST /orders integration.uri"}},
		{world: "route-removed", pending: []string{"prod GET /health removed"}},
		{world: "authorization-edited", pending: []string{"prod GET /orders authorization", "prod GET /orders authorizer"}},
		{world: "api-key-edited", pending: []string{"prod GET /orders api_key_required"}},
		{world: "validation-edited", pending: []string{"prod GET /orders validator", "prod GET /orders parameters.query.limit"}},
		{world: "gateway-response-edited", pending: []string{"prod gateway response MISSING_AUTHENTICATION_TOKEN added"}},
		{world: "template-edited", pending: []string{"prod GET /status integration.responses.default"}},
		{world: "edited-and-deployed"},
		{world: "stage-edited"},
		{world: "http-cors-edited", pending: []string{"$default CORS cors"}},
		{world: "http-cors-deployed"},
		{world: "http-healthy"},
		{world: "http-auto-deploy-off", pending: []string{"$default GET /offers added"}},
		{world: "authorizer-drift", matrix: []string{"variables.gate", "authorizers[gate].uri"}},
		{world: "two-stages-variables-drift", matrix: []string{"variables.release"}},
		{world: "canary-promoted", same: true},
		{world: "canary-variables"},
	} {
		t.Run(c.world, func(t *testing.T) {
			w, err := sandbox.Load(c.world)
			if err != nil {
				t.Skipf("the sandbox has no such world: %v", err)
			}
			srv, err := sandbox.Start(w, sandbox.Options{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = srv.Close() }) // its sockets end with the test anyway
			snap, err := reader(srv.ControlURL()).Read(t.Context(), inventory.Selection{All: true, Depth: inventory.Full})
			if err != nil || len(snap.Gaps) > 0 || len(snap.APIs) == 0 {
				t.Fatalf("%v, gaps %+v", err, snap.Gaps)
			}
			var pending, matrix []string
			for i := range snap.APIs {
				api := &snap.APIs[i]
				for j := range api.Stages {
					diffs, _ := diff.Undeployed(api, &api.Stages[j])
					for _, d := range diffs {
						pending = append(pending, api.Stages[j].Name+" "+d.Subject+" "+d.Aspect)
					}
					if _, _, same, _ := diff.CanaryDifference(api, &api.Stages[j]); api.Stages[j].Canary != nil && same != c.same {
						t.Errorf("canary of %s: same is %v", api.Stages[j].Name, same)
					}
				}
				for _, s := range diff.Stages(api) {
					if s.Behaviour {
						matrix = append(matrix, s.Name)
					}
				}
			}
			if !slices.Equal(pending, c.pending) {
				t.Errorf("waits for a deployment: %q, want %q", pending, c.pending)
			}
			if !slices.Equal(matrix, c.matrix) {
				t.Errorf("differs between stages: %q, want %q", matrix, c.matrix)
			}
		})
	}
}
