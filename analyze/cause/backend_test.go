package cause

import (
	"testing"

	"stageprobe/analyze/signature"
	"stageprobe/analyze/stat"
	"stageprobe/probe"
)

// TestOneDeploymentBehindBoth: the logs show either behaviour of the integration's, and no
// canary decides.
func TestOneDeploymentBehindBoth(t *testing.T) {
	foreign := served200()
	foreign.Reading.NotAPIGateway = "CloudFront"
	for name, tt := range map[string]struct {
		other  *Cluster
		read   bool
		canary bool
		l      labels
		want   bool
	}{
		"both logged": {served200(), true, false, labels{counts: stat.Counts2{BaseDev: 1, BaseRef: 1}}, true}, "the usual one alone": {served200(), true, false, labels{counts: stat.Counts2{BaseRef: 2}}, false}, "nothing logged": {served200(), true, false, labels{}, false},
		"unread": {served200(), false, false, labels{counts: stat.Counts2{BaseDev: 1, BaseRef: 1}}, false}, "by the gateway": {replied(400, signature.Gateway, "", ""), true, false, labels{counts: stat.Counts2{BaseDev: 1, BaseRef: 1}}, false},
		"in the gateway's place": {foreign, true, false, labels{counts: stat.Counts2{BaseDev: 1, BaseRef: 1}}, false}, "a canary": {served200(), true, true, labels{counts: stat.Counts2{BaseDev: 1, BaseRef: 1}}, false},
		"a canary that is excluded": {served200(), true, true, labels{counts: stat.Counts2{BaseDev: 1, BaseRef: 1}, excluded: true}, true},
	} {
		fx := given(&Input{Clusters: behaviours(served200(), tt.other)}, [][]int{{0, 1}})
		sub := fx.targets[0]
		if tt.read {
			sub.conf = &probe.Stage{}
		}
		if tt.canary {
			sub.Canary = &probe.Canary{Percent: 10}
		}
		x := &split{sub: sub, clusters: []int{1}, usual: []int{0}, labels: tt.l}
		want := 0.
		if tt.want {
			want = tuning.Prior.OneBackend
		}
		if oneDeployment(fx, x) != tt.want || versionsPrior(fx, x) != want {
			t.Errorf("%s: %v, prior %g", name, oneDeployment(fx, x), versionsPrior(fx, x))
		}
		for _, x := range []*split{{sub: sub, clusters: []int{1}, usual: []int{0}, labels: tt.l, failure: true}, {sub: sub, clusters: []int{1}, usual: []int{0}, labels: tt.l, refusal: true}} {
			if versionsPrior(fx, x) != 0 {
				t.Errorf("%s: versions do not make failures or refusals", name)
			}
		}
	}
}

func TestLambdaAlias(t *testing.T) {
	const base = "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:123456789012:function:"
	vars := map[string]string{"alias": "live"}
	for uri, want := range map[string]string{
		base + "orders:live/invocations":                    "orders:live",
		base + "orders:${stageVariables.alias}/invocations": "orders:live",
		base + "orders/invocations":                         "",
		base + "orders:42/invocations":                      "",
		base + "orders:9/invocations":                       "",
		base + "orders:$LATEST/invocations":                 "",
		"https://backend.example.com/orders":                "",
	} {
		if got := lambdaAlias(uri, vars); got != want {
			t.Errorf("alias of %s is %q, want %q", uri, got, want)
		}
	}
}

// TestVersionsOfTheOwnDeployment: only what the stage's own deployment answered, or is not
// known to have been answered by another, tells which version ran.
func TestVersionsOfTheOwnDeployment(t *testing.T) {
	for name, tt := range map[string]struct {
		own  string
		r    Row
		want string
	}{
		"the own deployment":            {"d", Row{Version: "7", Deployment: "d"}, "7"},
		"another deployment":            {"d", Row{Version: "7", Deployment: "e"}, ""},
		"a deployment not logged":       {"d", Row{Version: "7"}, "7"},
		"the own one not known":         {"", Row{Version: "7", Deployment: "e"}, "7"},
		"the canary by its label":       {"d", Row{Version: "7", Deployment: "d", Label: LabelCanary}, ""},
		"the stage itself by its label": {"d", Row{Version: "7", Label: LabelBase}, "7"},
	} {
		if got := versionFactor(&target{Target: &probe.Target{DeploymentID: tt.own}}).level(&tt.r); got != tt.want {
			t.Errorf("%s: version %q, want %q", name, got, tt.want)
		}
	}
}
