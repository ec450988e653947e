package diff

import "strings"

// The functions of this file say what a probe sees of a value, in the words of
// the gateway responses.

func seeAuthorization(v string) string {
	switch v {
	case "", "NONE":
		return "answered without credentials"
	case "AWS_IAM":
		return `403 {"message":"Missing Authentication Token"} without a signature`
	}
	return `401 {"message":"Unauthorized"} without a token (` + v + ")"
}

func seeAuthorizer(v string) string {
	if v == "" {
		return "no authorizer is asked"
	}
	return "authorizer " + v + " decides"
}

func seeScopes(v string) string {
	if v == "" {
		return "any valid token is accepted"
	}
	return "403 for tokens without one of the scopes " + v
}

func seeKey(v string) string {
	if v == "true" {
		return `403 {"message":"Forbidden"} without an API key`
	}
	return "answered without an API key"
}

func seeValidator(v string) string {
	switch v {
	case "":
		return "requests reach the integration unchecked"
	case "body":
		return `400 {"message":"Invalid request body"} for bodies that do not fit the model`
	case "params":
		return `400 "Missing required request parameters" where one is missing`
	}
	return "400 for a missing parameter or a body that does not fit the model"
}

func called(v string) string {
	if v == "" {
		return "no backend is called"
	}
	return "answers come from " + friendly(v)
}

// friendly names the Lambda function that an integration URI calls; any other
// URI it leaves as it is.
func friendly(uri string) string {
	_, function, ok := strings.Cut(uri, ":function:")
	if !ok {
		return uri
	}
	return "function " + strings.TrimSuffix(function, "/invocations")
}

func as(role string) string {
	if role == "" {
		return "by the resource's own permission"
	}
	return "as " + role
}

func seeParameter(name, v string, there bool) string {
	if there && v == "required" {
		return "where parameters are validated, 400 without " + name
	}
	return name + " is not asked for"
}

func seeModel(contentType, v string, there bool) string {
	if !there {
		return contentType + " bodies are not validated"
	}
	return contentType + " bodies are validated against model " + v
}

func seeResponse(status, _ string, there bool) string {
	if !there {
		return "500 where the integration maps to status " + status + " (not for proxy integrations)"
	}
	return "status " + status + " is declared"
}

func seeMapped(target, v string, there bool) string {
	target = strings.TrimPrefix(target, "integration.request.")
	if !there {
		return "the backend gets no " + target
	}
	return "the backend gets " + target + " from " + v
}

func seeTemplate(contentType, v string, there bool) string {
	switch {
	case !there:
		return contentType + " bodies have no template"
	case v == "":
		return contentType + " bodies are passed through"
	}
	return contentType + " bodies are mapped by " + cut(v)
}

func seeIntegrationResponse(pattern, v string, there bool) string {
	if !there {
		return "answers matching " + pattern + " are mapped by no response of their own"
	}
	return "answers matching " + pattern + " become " + cut(v)
}

// most is the number of characters of a value that fits a line of a report.
const most = 120

// cut shortens a value to that.
func cut(s string) string {
	r := []rune(strings.Join(strings.Fields(s), " "))
	if len(r) <= most {
		return string(r)
	}
	return string(r[:most-1]) + "…"
}

// contrast leaves out what two long values begin with alike, so that what is
// left after cutting is what differs.
func contrast(a, b string) (string, string) {
	const context = 40
	if len(a) <= most && len(b) <= most {
		return a, b
	}
	ra, rb := []rune(a), []rune(b)
	same := 0
	for same < min(len(ra), len(rb)) && ra[same] == rb[same] {
		same++
	}
	if same <= context {
		return a, b
	}
	return "…" + string(ra[same-context:]), "…" + string(rb[same-context:])
}
