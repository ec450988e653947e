package logs

import (
	"bytes"

	"stageprobe/probe"
)

// place is what an execute-api ARN tells of a request.
type place struct{ api, stage, method, path string }

// readAuthorizerBody takes the method's ARN out of what the gateway sends to an
// authorizer. It writes the ARN itself, in front of anything of the client's.
func readAuthorizerBody(r *request, rest []byte) {
	const furthest = 96
	mark := []byte(`"methodArn":"`)
	if !r.authorizing {
		return
	}
	if at := bytes.Index(rest[:min(len(rest), furthest)], mark); at >= 0 {
		arn, _, whole := bytes.Cut(rest[at+len(mark):], []byte(`"`))
		r.setPlace(arn, whole)
	}
}

// readPolicyDenied reads the refusal of a policy, which names the method's ARN.
func readPolicyDenied(r *request, rest []byte) {
	readDenied(r, rest)
	if _, arn, found := bytes.Cut(rest, []byte("on resource: ")); found {
		arn, more, _ := bytes.Cut(arn, []byte(" "))
		r.setPlace(arn, !bytes.HasPrefix(more, []byte("[TRUNCATED")))
	}
}

// setPlace takes arn:{partition}:execute-api:{region}:{account}:{api}/{stage}/
// {METHOD}/{path} apart. whole is false where the line was cut within it.
func (r *request) setPlace(arn []byte, whole bool) {
	const parts = 6
	part := bytes.SplitN(arn, []byte(":"), parts)
	if len(part) < parts || string(part[2]) != "execute-api" {
		return
	}
	api, rest, _ := bytes.Cut(part[5], []byte("/"))
	stage, rest, staged := bytes.Cut(rest, []byte("/"))
	method, path, methodWhole := bytes.Cut(rest, []byte("/"))
	if !isAPIID(string(api)) || !staged {
		return
	}
	r.place.api = string(api)
	if isStageName(string(stage)) && !isTestStage(string(stage)) {
		r.place.stage = string(stage)
	}
	if methodWhole || whole {
		r.place.method = string(method)
	}
	if whole {
		r.place.path = "/" + string(path)
	}
}

// isTestStage lists the names that stand in place of a stage's in a test of the
// console.
func isTestStage(s string) bool {
	return s == "null" || s == "test-invoke-stage" || s == "ESTestInvoke-stage"
}

// locate fills in what the request's own lines leave open.
func (r *request) locate(rec *probe.LogRecord) {
	fill := func(to *string, from string) {
		if *to == "" {
			*to = from
		}
	}
	fill(&rec.APIID, r.place.api)
	fill(&rec.Stage, r.place.stage)
	fill(&rec.Method, r.place.method)
	fill(&rec.Path, r.place.path)
	if method, _, ok := bytes.Cut([]byte(rec.Template), []byte(" ")); ok && string(method) != "ANY" {
		fill(&rec.Method, string(method))
	}
}
