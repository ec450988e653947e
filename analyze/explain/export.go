package explain

import (
	"cmp"
	"strings"

	"stageprobe/analyze/signature"
)

var methodNames = []string{"get", "put", "post", "delete", "options", "head", "patch", "x-amazon-apigateway-any-method"}

// export says what the definition that a stage runs tells by itself: its routes,
// preflights that are guarded or fail, integrations that lead nowhere.
func export(o object) Notice {
	info := o.object("info")
	n := Notice{Subject: "the definition of " + cmp.Or(info.text("title"), "an API")}
	if version := info.text("version"); version != "" {
		n.say("Its version: %s.", version)
	}
	paths, routes := o.object("paths"), 0
	for _, path := range names(paths) {
		item := paths.object(path)
		for _, method := range methodNames {
			if operation := item.object(method); operation != nil {
				routes++
				n.operation(strings.ToUpper(strings.TrimPrefix(method, "x-amazon-apigateway-")), path, operation)
			}
		}
	}
	n.say("It has %d routes.", routes)
	if routes == 0 {
		n.add(signature.Candidate{Cause: "unmapped-target", Why: "the definition has no route: every request is refused", TellsApart: "aws apigateway get-resources --embed methods: what the editor has waits for a deployment."})
	}
	return n
}

// operation judges one route. Exports without extensions hold no integration.
func (n *Notice) operation(method, path string, o object) {
	in := o.object("x-amazon-apigateway-integration")
	security, _ := o.get("security").([]any)
	kind := strings.ToUpper(in.text("type"))
	switch {
	case method == "OPTIONS" && len(security) > 0:
		n.add(signature.Candidate{Cause: "preflight-guarded", Finding: "access-denied",
			Why:        "OPTIONS " + path + " asks for credentials, which no browser sends with a preflight",
			TellsApart: "curl -si -X OPTIONS -H 'Origin: …' -H 'Access-Control-Request-Method: GET' URL; the method's authorizationType must be NONE, then deploy."})
	case kind == "MOCK" && !yieldsStatus(in.object("requestTemplates")):
		n.add(signature.Candidate{Cause: "request-template", Finding: "integration-error",
			Why:        "the mock behind " + method + " " + path + " has no request template that yields a status code: it answers 500",
			TellsApart: "aws apigateway get-integration: requestTemplates; a mock needs {\"statusCode\": 200} for application/json."})
	case strings.Contains(in.text("uri"), ":function:") && in.text("httpMethod") != "" && !strings.EqualFold(in.text("httpMethod"), "POST"):
		n.add(signature.Candidate{Cause: "lambda-method-not-post", Finding: "integration-error",
			Why:        method + " " + path + " calls its function by " + in.text("httpMethod") + ", and Lambda is invoked by POST alone",
			TellsApart: "aws apigateway get-integration: httpMethod."})
	case strings.Contains(in.text("uri"), "${stageVariables."):
		n.say("%s %s calls what a stage variable names: %s", method, path, in.text("uri"))
	}
}

func yieldsStatus(templates object) bool {
	for _, v := range templates {
		if s, ok := v.(string); ok && strings.Contains(s, "statusCode") {
			return true
		}
	}
	return false
}
