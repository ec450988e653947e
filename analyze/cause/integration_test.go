package cause

import (
	"strings"
	"testing"

	"stageprobe/analyze/signature"
	"stageprobe/probe"
)

// TestStreamsThatBreakOff: a route that streams is broken where five answers broke off, and
// one integration gets a remedy of its own up to the third.
func TestStreamsThatBreakOff(t *testing.T) {
	cut := replied(0, signature.Network, "", "")
	cut.Status, cut.Outcome = 200, probe.OutcomeReset
	route := func(function string) probe.Route {
		return probe.Route{Integration: probe.Integration{TransferMode: "STREAM", URI: "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:123456789012:function:" + function + "/invocations"}}
	}
	for n, want := range map[int]bool{4: false, 5: true} {
		in := &Input{Done: true, Clusters: behaviours(cut)}
		in.Snapshot.APIs = []probe.API{{ID: "a", Stages: []probe.Stage{{Name: "s0", Deployed: &probe.Definition{Routes: map[string]probe.Route{
			"GET /0": route("f0"), "GET /1": route("f1"), "GET /2": route("f0"), "GET /3": route("f2"), "GET /4": route("f3"),
		}}}}}}
		fx := given(in, [][]int{repeated(n, 0), {}, {}, {}, {}})
		sub := fx.targets[0]
		if got := brokenThroughout(fx, nothingKnown(fx), sub, sub.cells[0]); got != want {
			t.Errorf("%d answers broke off: %v", n, got)
		}
		places := placesOf(fx, sub, sub.cells)
		if len(places) != 3 || !places[0].Several || places[1].Several || !strings.HasSuffix(places[2].Function, ":f2") {
			t.Errorf("%+v", places)
		}
	}
}

// TestWhereAFailureIsMended: by the record of a request that holds its error, else by any.
func TestWhereAFailureIsMended(t *testing.T) {
	const arn = "arn:aws:lambda:eu-west-1:123456789012:function:"
	record := func(err, function string) probe.LogRecord {
		return probe.LogRecord{Error: err, IntegrationURI: "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/" + arn + function + "/invocations"}
	}
	for name, tt := range map[string]struct {
		records []probe.LogRecord
		want    string
	}{
		"the second holds the error": {[]probe.LogRecord{record("", "f0"), record("E", "f1")}, arn + "f1"},
		"the first does":             {[]probe.LogRecord{record("E", "f0"), record("", "f1")}, arn + "f0"},
		"none does":                  {[]probe.LogRecord{record("", "f0"), record("", "f1")}, arn + "f0"},
	} {
		in := &Input{Clusters: behaviours(fail502())}
		in.Records = func(string) []probe.LogRecord { return tt.records }
		fx := given(in, [][]int{{0}})
		if got := placeOf(fx, fx.targets[0], fx.targets[0].cells[0]).Function; got != tt.want {
			t.Errorf("%s: %s is mended, want %s", name, got, tt.want)
		}
	}
}
