package scenarios

import (
	"maps"
	"slices"
	"strings"

	"stageprobe/probe"
	"stageprobe/probe/lazyregexp"
)

// isServerless tells a serverless.yml of the Serverless Framework.
func isServerless(doc any) bool {
	return textAt(doc, "service") != "" && dig(doc, "provider") != nil && dig(doc, "functions") != nil
}

// fromServerless reads the events of a serverless.yml's functions: http is a route of its
// REST API, httpApi one of its HTTP API.
func fromServerless(doc any, _ []byte, d *draft) error {
	t := template{draft: d}
	for _, functions := range serverlessMaps(dig(doc, "functions")) {
		for _, name := range slices.Sorted(maps.Keys(functions)) {
			for _, event := range listAt(functions[name], "events") {
				t.serverless(doc, event)
			}
		}
	}
	if len(d.requests) == 0 {
		return errNoRoutes
	}
	d.status = usualStatus
	stage, known := serverlessValue(textAt(doc, "provider", "stage"), "dev")
	if known {
		d.likely.Stages = []string{stage}
		d.notes = append(d.notes, "The stage that it deploys to unless told otherwise: "+stage+".")
	}
	if region, ok := serverlessValue(textAt(doc, "provider", "region"), ""); ok {
		d.region = region
	}
	if host := textAt(doc, "custom", "customDomain", "domainName"); host != "" && !strings.Contains(host, "${") {
		d.likely.Domains = []Domain{{Name: host, Stage: stage, BasePath: textAt(doc, "custom", "customDomain", "basePath")}}
	}
	d.notes = append(d.notes, "It names no API by its id: give --api and --stage, or the text of serverless info to init --from.")
	return nil
}

// serverlessMaps are the functions, which may be one map or a list of maps.
func serverlessMaps(v any) []map[string]any {
	if m, ok := v.(map[string]any); ok {
		return []map[string]any{m}
	}
	var out []map[string]any
	list, _ := v.([]any)
	for _, x := range list {
		if m, ok := x.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

// serverless takes one event of a function.
func (t *template) serverless(doc, event any) {
	for _, kind := range []string{"http", "httpApi"} {
		v := dig(event, kind)
		if v == nil {
			continue
		}
		method, path := textAt(v, "method"), textAt(v, "path")
		if text, ok := v.(string); ok {
			method, path, _ = strings.Cut(text, " ")
		}
		route := probe.Route{}
		route.APIKeyRequired, _ = dig(v, "private").(bool)
		if by := serverlessAuthorizer(doc, kind, v); by != "" {
			route.Authorization = by
		}
		if kind == "httpApi" && (method == "*" && path == "" || path == "*") {
			t.request(newDeployedRoute("$default", route).draft())
			continue
		}
		path = "/" + strings.TrimPrefix(strings.TrimSpace(path), "/")
		t.route(method, path, route)
		if cors := dig(v, "cors"); kind == "http" && cors != nil && cors != false {
			t.cors(map[string]any{"AllowOrigin": dig(cors, "origin")})
			t.route("OPTIONS", path, probe.Route{})
		}
	}
}

// serverlessAuthorizer is what an event asks its callers for.
func serverlessAuthorizer(doc any, kind string, event any) string {
	a := dig(event, "authorizer")
	name, _ := a.(string)
	if name == "" {
		name = textAt(a, "name")
	}
	switch {
	case a == nil:
		return ""
	case strings.EqualFold(name, "aws_iam") || strings.EqualFold(textAt(a, "type"), "aws_iam"):
		return "AWS_IAM"
	case kind == "httpApi" && textAt(doc, "provider", "httpApi", "authorizers", name, "type") != "request":
		return "JWT"
	}
	return "CUSTOM"
}

// serverlessDefault is a variable with a default, ${opt:stage, 'dev'}.
var serverlessDefault = lazyregexp.New(`^\$\{[^{},]*,\s*'?"?([A-Za-z0-9_-]+)'?"?\s*\}$`)

// serverlessValue is a value of a serverless.yml, or the default of the variable in it.
func serverlessValue(text, otherwise string) (string, bool) {
	if m := serverlessDefault.FindStringSubmatch(text); m != nil {
		return m[1], true
	}
	if strings.Contains(text, "${") {
		return "", false
	}
	if text == "" {
		text = otherwise
	}
	return text, text != ""
}
