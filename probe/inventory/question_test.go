package inventory

import (
	"testing"

	"stageprobe/probe"
)

// What was asked of is told by fields: whoever reads a gap takes no text apart.
func TestWhatAQuestionIsAskedOf(t *testing.T) {
	for path, want := range map[string]probe.GapOf{
		"/restapis/abc123":                              {APIID: "abc123"},
		"/restapis/abc123/stages":                       {APIID: "abc123"},
		"/restapis/abc123/stages/prod/exports/oas30":    {APIID: "abc123", Stage: "prod"},
		"/restapis/abc123/deployments/d1":               {APIID: "abc123", Deployment: "d1"},
		"/apis/h1/exports/OAS30":                        {APIID: "h1"},
		"/domainnames/api.example.com/basepathmappings": {Domain: "api.example.com"},
		"/domainnames":                                  {},
		"*":                                             {},
	} {
		if got := (question{path: path}).of(); got != want {
			t.Errorf("%s is asked of %+v, want %+v", path, got, want)
		}
	}
	if got := (question{path: "/apis/h1/exports/OAS30", stage: "$default"}).of(); got != (probe.GapOf{APIID: "h1", Stage: "$default"}) {
		t.Errorf("a stage that the path does not name: %+v", got)
	}
}
