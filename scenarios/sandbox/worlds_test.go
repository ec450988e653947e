package sandbox_test

import (
	"slices"
	"strings"
	"testing"

	"stageprobe/scenarios/sandbox"
)

// Every embedded world loads, serves, and answers on each of its stages.
func TestEveryWorldServes(t *testing.T) {
	infos := sandbox.Worlds()
	if len(infos) < 38 || infos[0].Name != sandbox.Default {
		t.Fatalf("%d worlds, the first is %q", len(infos), infos[0].Name)
	}
	if !slices.IsSortedFunc(infos[1:], func(a, b sandbox.Info) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("worlds are not sorted")
	}
	for _, info := range infos {
		t.Run(info.Name, func(t *testing.T) {
			w, err := sandbox.Load(info.Name)
			if err != nil {
				t.Fatal(err)
			}
			if w.Title == "" || len(w.Check.Args) == 0 {
				t.Error("the world has no title or no check")
			}
			g := start(t, w, sandbox.Options{Seed: 3})
			c := g.client(true)
			for _, api := range w.APIs[:1] {
				for stage := range api.Stages {
					base := "https://" + api.ID + ".execute-api." + w.Region + ".amazonaws.com/"
					if stage != "$default" {
						base += stage + "/"
					}
					for key, route := range api.Definitions[api.Deployments[0].Definition].Routes {
						if i := route.Integration; i != nil && i.TransferMode != "" && len(w.Causes) > 0 {
							continue // that its answers break off is what the world is about
						}
						method, path, _ := strings.Cut(key, " ")
						got := g.send(c, method+" "+strings.TrimSuffix(base, "/")+path, "")
						if got.status >= 500 && slices.ContainsFunc(w.Causes, func(c sandbox.Truth) bool { return c.Cause == "integration-error" }) {
							continue // that it fails is what the world is about
						}
						if got.status == 500 || got.status == 502 || got.status == 404 {
							t.Errorf("%s on %s: %d %s", key, stage, got.status, got.body)
						}
					}
				}
			}
		})
	}
}
