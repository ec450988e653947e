package cause

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"stageprobe/analyze/diff"
	"stageprobe/analyze/signature"
	"stageprobe/probe"
)

// editing lets the editor hold an edited copy of what the stages serve.
func (w *world) editing(edit func(now, before *probe.Definition)) *world {
	copied := func() *probe.Definition {
		d := &probe.Definition{Source: "GetExport", Routes: map[string]probe.Route{}, GatewayResponses: map[string]probe.GatewayResponse{}}
		for k, v := range w.api().Editor.Routes {
			d.Routes[k] = v
		}
		return d
	}
	now, before := copied(), copied()
	edit(now, before)
	w.api().Editor, w.api().Stages[0].Deployed = now, before
	return w
}

var badParameters = answer{id: "missing", status: 400, producer: "gateway", response: "BAD_REQUEST_PARAMETERS", errType: "BadRequestException"}

// TestEditsThatAnswersShow: each beside its twin, in which the answers are those
// of after the edit.
func TestEditsThatAnswersShow(t *testing.T) {
	demands := func(required bool) probe.Route {
		return probe.Route{Validator: "params", Parameters: map[string]bool{"query.limit": required}}
	}
	status := func(s string) map[string]probe.GatewayResponse {
		return map[string]probe.GatewayResponse{"BAD_REQUEST_PARAMETERS": {Status: s}}
	}
	refusing := func(a answer) func(*request) answer {
		return func(r *request) answer {
			if r.Scenario == 0 {
				return a
			}
			return ok("v2")
		}
	}
	after := badParameters
	after.id, after.status = "missing after", 422
	for _, tt := range []struct {
		name          string
		edit          func(now, before *probe.Definition)
		before, after answer
	}{
		{"a parameter is no longer demanded", func(now, before *probe.Definition) {
			now.Routes["GET /orders"], before.Routes["GET /orders"] = demands(false), demands(true)
		}, badParameters, ok("v2")},
		{"requests are no longer validated", func(now, before *probe.Definition) {
			before.Routes["GET /orders"] = demands(true)
			now.Routes["GET /orders"] = probe.Route{Parameters: map[string]bool{"query.limit": true}}
		}, badParameters, ok("v2")},
		{"the status of a refusal", func(now, before *probe.Definition) {
			now.GatewayResponses, before.GatewayResponses = status("422"), status("400")
		}, badParameters, after},
		{"the status of a refusal that had the default form", func(now, _ *probe.Definition) {
			now.GatewayResponses = map[string]probe.GatewayResponse{"DEFAULT_4XX": {Status: "422"}}
		}, badParameters, after},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for link, a := range map[Link]answer{Proven: tt.before, ConsistentWith: tt.after} {
				w := newWorld(1).editing(tt.edit)
				w.logs = false
				want(t, explained(w.send(900, refusing(a)).Input), only(StaleDeployment, link))
			}
		})
	}
}

// TestConfirmedOnItsOwnRoute: what confirms an edit is told of the route that it
// touches, however many addresses confirm it.
func TestConfirmedOnItsOwnRoute(t *testing.T) {
	w := newWorld(2).editing(func(now, _ *probe.Definition) {
		now.Routes["GET /items"] = probe.Route{Authorization: "AWS_IAM"}
	})
	w.domain("prod", "prod")
	r := explained(w.send(600, sameForAll(ok("v2"))).Input)
	want(t, r, only(StaleDeployment, Proven))
	if f := r.Findings[0]; !slices.Equal(f.Scenarios, []string{"items"}) || !strings.Contains(f.Statement, "it: items answered as before") {
		t.Errorf("%v: %s", f.Scenarios, f.Statement)
	}
}

// TestEditsThatNoAnswerShows are named with the reason, beside one that could
// have shown and did not.
func TestEditsThatNoAnswerShows(t *testing.T) {
	w := newWorld(1).editing(func(now, _ *probe.Definition) {
		now.CORS = `{"allowOrigins":["*"]}`
		now.Routes["GET /orders"] = probe.Route{Integration: probe.Integration{RequestTemplates: map[string]string{"application/json": "{}"}}}
	})
	r := explained(w.send(600, sameForAll(ok("v2"))).Input)
	want(t, r, only(StaleDeployment, ConsistentWith))
	text := r.Findings[0].Statement
	for _, says := range []string{"No answer can show", "integration.request_templates.application/json (only the backend sees", "CORS (only requests of other origins"} {
		if !strings.Contains(text, says) {
			t.Errorf("%q is not said: %s", says, text)
		}
	}
	if strings.Contains(text, "nothing that was answered tells") {
		t.Errorf("an edit that no answer can show is laid to the requests: %s", text)
	}
}

// TestWhyAnEditIsNotShown: of a gateway response only its status can be seen without provoking
// it in every form.
func TestWhyAnEditIsNotShown(t *testing.T) {
	for _, tt := range []struct {
		subject, aspect string
		want            Topic
	}{
		{gatewayResponsePrefix + "ACCESS_DENIED", "status", ""}, {gatewayResponsePrefix + "ACCESS_DENIED", "added", ""}, {gatewayResponsePrefix + "ACCESS_DENIED", "templates", "form of refusals"},
		{"GET /a", "status", ""}, {"GET /a", "templates", ""}, {"GET /a", "integration.credentials", "caller of the backend"},
	} {
		if got := whyUnshown(&diff.Difference{Subject: tt.subject, Aspect: tt.aspect}); got != tt.want {
			t.Errorf("%s of %s: %q, want %q", tt.aspect, tt.subject, got, tt.want)
		}
	}
}

// TestLoosenedValidators: an edit that asks for less shows in what is refused for what it no longer asks.
func TestLoosenedValidators(t *testing.T) {
	api := &probe.API{Editor: &probe.Definition{Routes: map[string]probe.Route{"GET /0": {}}}}
	for _, tt := range []struct {
		a, b string
		want bool
	}{{"params", "body+params", true}, {"body", "body+params", false}, {"params", "params", false}} {
		if got := loosened(&target{api: api}, &probe.Scenario{}, replied(400, signature.Gateway, "BAD_REQUEST_BODY", ""), &diff.Difference{Subject: "GET /0", Aspect: "validator", A: tt.a, B: tt.b}); got != tt.want {
			t.Errorf("from a validator of %s to one of %s: %v", tt.b, tt.a, got)
		}
	}
}

// TestWhatCannotBeShown is told by its reason, once each.
func TestWhatCannotBeShown(t *testing.T) {
	d := func(subject, aspect string) diff.Difference { return diff.Difference{Subject: subject, Aspect: aspect} }
	want := NotShowable{Edits: []Unshowable{{Edits: []string{"GET /a cors", "GET /c cors"}, Why: "of other origins"}, {Edits: []string{"GET /b responses"}, Why: "before it was mapped"}}}
	if got := cannotShow([]diff.Difference{d("GET /a", "cors"), d("GET /b", "responses"), d("GET /c", "cors"), d("GET /d", "authorization"), d("GET /e", "cors")}, map[string]Fact{"GET /e": Topic("seen")}); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
}
