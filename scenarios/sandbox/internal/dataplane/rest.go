package dataplane

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"stageprobe/scenarios/sandbox/internal/control"
	"stageprobe/scenarios/sandbox/internal/gwlog"
)

// restFlow is how a REST API handles a request.
type restFlow struct{ *exchange }

// restSteps are the checks of a REST API in their order, and its integration
// at the end. The first refusal ends the request.
var restSteps = []func(*exchange) *refusal{
	by(restFlow.exists),
	by(guard.mutualTLS),
	by(guard.firewall),
	by(restFlow.size),
	by(guard.resourcePolicy),
	by(restFlow.routeREST),
	by(restFlow.forced),
	by(guard.authorize),
	by(guard.apiKey),
	by(guard.throttle),
	by(validation.validate),
	by(integration.serve),
}

func (x restFlow) handleREST() {
	for _, step := range restSteps {
		if f := step(x.exchange); f != nil {
			x.refuse(f)
			return
		}
	}
}

// exists refuses what leads to no API or stage.
func (x restFlow) exists() *refusal {
	if x.deployment == nil {
		return forbidden(gwlog.NoStage)
	}
	return nil
}

func (x guard) mutualTLS() *refusal {
	if d := x.at.domain; d != nil && d.MutualTLS && (x.r.TLS == nil || len(x.r.TLS.PeerCertificates) == 0) {
		return forbidden(gwlog.NoStage)
	}
	return nil
}

func (x guard) firewall() *refusal {
	w := x.stage.WAF
	if w == nil {
		return nil
	}
	x.call.WAF = &gwlog.WAF{ACL: w.ACL, Blocked: w.All || w.Header != "" && x.r.Header.Get(w.Header) != ""}
	if !x.call.WAF.Blocked {
		return nil
	}
	return &refusal{kind: "WAF_FILTERED", failure: gwlog.WAFBlocked}
}

func (x restFlow) size() *refusal {
	if !x.tooBig {
		return nil
	}
	return &refusal{kind: "REQUEST_TOO_LARGE", failure: gwlog.NoStage}
}

// routeREST finds the method in the deployed snapshot. A miss is answered by
// the signature check: its words depend on what the caller sent.
func (x restFlow) routeREST() *refusal {
	e, params, ok := x.plane.table(x.deployment.Definition).find(x.r.Method, x.at.path, true)
	if !ok {
		f := x.unsigned()
		f.failure = gwlog.NoRoute
		return f
	}
	x.entry = e
	c := &x.call
	c.Route, c.AnyMethod, c.PathParams = e.template, e.method == "ANY", params
	c.ResourceID = control.ResourceID(&x.api, e.template)
	return nil
}

// unsigned is what the signature check says to a request that is not signed,
// or signed in a form that it cannot read.
func (x restFlow) unsigned() *refusal {
	value := x.r.Header.Get("Authorization")
	if value == "" || strings.HasPrefix(value, "AWS4-HMAC-SHA256") {
		return &refusal{kind: "MISSING_AUTHENTICATION_TOKEN"}
	}
	sum := sha256.Sum256([]byte(value))
	return &refusal{
		kind: "DEFAULT_4XX", status: 403, errorType: "IncompleteSignatureException",
		message: "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): '" +
			base64.StdEncoding.EncodeToString(sum[:]) + "'.",
	}
}

// forced gives the types that have no natural cause here.
func (x restFlow) forced() *refusal {
	kind := x.entry.route.Force
	if kind == "" {
		return nil
	}
	f := &refusal{kind: kind, failure: gwlog.Configuration, detail: kind}
	switch kind {
	case "DEFAULT_4XX":
		f.status, f.errorType, f.message = 400, "BadRequestException", "Bad Request"
	case "DEFAULT_5XX":
		f.status, f.late = 502, true
	}
	return f
}
