package scenarios

import (
	"cmp"
	"maps"
	"net/url"
	"slices"
	"strings"

	"stageprobe/probe"
	"stageprobe/probe/lazyregexp"
)

// isTemplate tells a CloudFormation template, as SAM's and as "cdk synth" writes
// it.
func isTemplate(doc any) bool {
	resources, _ := dig(doc, "Resources").(map[string]any)
	for _, r := range resources {
		if strings.HasPrefix(textAt(r, "Type"), "AWS::") {
			return true
		}
	}
	return false
}

// templateNote says what a template cannot tell.
const templateNote = "A template names no API by its id: give --api and --stage, or the outputs of the deployed stack to init --from."

// fromTemplate reads the routes of a template: events of SAM's functions, methods
// of CloudFormation and CDK, routes of HTTP APIs.
func fromTemplate(doc any, _ []byte, d *draft) error {
	t := template{draft: d, resources: map[string]any{}}
	t.resources, _ = dig(doc, "Resources").(map[string]any)
	t.globals = dig(doc, "Globals")
	for _, name := range slices.Sorted(maps.Keys(t.resources)) {
		t.read(t.resources[name])
	}
	if len(d.requests) == 0 {
		return errNoRoutes
	}
	slices.SortStableFunc(d.requests, func(a, b draftRequest) int {
		return strings.Compare(a.path+" "+a.method, b.path+" "+b.method)
	})
	d.status = usualStatus
	d.notes = append(d.notes, templateNote)
	return nil
}

// template is a template while its routes are read.
type template struct {
	*draft
	resources map[string]any
	globals   any // SAM's defaults for every API, by its kind
}

func (t *template) read(resource any) {
	properties := dig(resource, "Properties")
	switch textAt(resource, "Type") {
	case "AWS::Serverless::Function", "AWS::Serverless::StateMachine":
		events, _ := dig(properties, "Events").(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(events)) {
			switch kind := textAt(events[name], "Type"); kind {
			case "Api", "HttpApi":
				t.event(kind, dig(events[name], "Properties"))
			}
		}
	case "AWS::Serverless::Api", "AWS::Serverless::HttpApi", "AWS::ApiGateway::RestApi", "AWS::ApiGatewayV2::Api":
		t.stage(textAt(properties, "StageName"))
		for _, key := range []string{"DefinitionBody", "Body"} {
			t.definition(dig(properties, key))
		}
	case "AWS::ApiGateway::Stage", "AWS::ApiGatewayV2::Stage":
		t.stage(textAt(properties, "StageName"))
	case "AWS::ApiGateway::Method":
		method := textAt(properties, "HttpMethod")
		route := probe.Route{Authorization: textAt(properties, "AuthorizationType")}
		route.APIKeyRequired, _ = dig(properties, "ApiKeyRequired").(bool)
		if path, ok := t.path(dig(properties, "ResourceId"), 0); ok && method != "" {
			t.route(method, path, route)
		}
	case "AWS::ApiGatewayV2::Route":
		if method, path, ok := strings.Cut(textAt(properties, "RouteKey"), " "); ok {
			t.route(method, path, probe.Route{Authorization: textAt(properties, "AuthorizationType")})
		}
	}
}

func (t *template) stage(name string) {
	if name == "" {
		return
	}
	note := "A stage of the template: " + name + "."
	if !contains(t.notes, note) {
		t.notes = append(t.notes, note)
	}
}

// event is a SAM event; Method and Path may be missing in one of an HTTP API,
// which then takes every request.
// What it does not say of authorization, its API or Globals say.
func (t *template) event(kind string, properties any) {
	method, path := textAt(properties, "Method"), textAt(properties, "Path")
	if path == "" {
		path = "/"
	}
	route := probe.Route{}
	ref := dig(properties, "RestApiId")
	if kind == "HttpApi" {
		ref = dig(properties, "ApiId")
	}
	if ref == nil && kind == "Api" {
		t.stage("Prod") // SAM makes the API itself, with this stage
	}
	id, _ := refers(ref)
	api, globals := dig(t.resources[id], "Properties", "Auth"), dig(t.globals, kind, "Auth")
	name := cmp.Or(textAt(properties, "Auth", "Authorizer"), textAt(api, "DefaultAuthorizer"), textAt(globals, "DefaultAuthorizer"))
	if name != "" && name != "NONE" {
		route.Authorization = "CUSTOM"
		if name == "AWS_IAM" {
			route.Authorization = name
		}
	}
	for _, auth := range []any{globals, api, dig(properties, "Auth")} {
		if required, ok := dig(auth, "ApiKeyRequired").(bool); ok {
			route.APIKeyRequired = required
		}
	}
	t.route(method, path, route)
}

// definition is an OpenAPI document within the template.
func (t *template) definition(doc any) {
	paths, _ := dig(doc, "paths").(map[string]any)
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		item, _ := paths[path].(map[string]any)
		for _, method := range slices.Sorted(maps.Keys(item)) {
			if method == anyMethod || contains(methods, strings.ToUpper(method)) {
				t.route(strings.TrimPrefix(method, "x-amazon-apigateway-"), path, probe.Route{})
			}
		}
	}
}

func (t *template) route(method, path string, route probe.Route) {
	method = strings.ToUpper(method)
	if !contains(methods, method) {
		method = "ANY"
	}
	t.request(newDeployedRoute(method+" "+path, route).draft())
}

// path follows a resource to the root of its API. ok is false where it leads out
// of the template, to an API that another stack made.
func (t *template) path(ref any, depth int) (path string, ok bool) {
	const deepest = 64 // a resource may be its own parent in a broken template
	name, attribute := refers(ref)
	switch {
	case attribute == "RootResourceId":
		return "/", true
	case name == "" || depth > deepest || textAt(t.resources[name], "Type") != "AWS::ApiGateway::Resource":
		return "", false
	}
	parent, ok := t.path(dig(t.resources[name], "Properties", "ParentId"), depth+1)
	return strings.TrimSuffix(parent, "/") + "/" + textAt(t.resources[name], "Properties", "PathPart"), ok
}

// refers reads {"Ref": x}, {"Fn::GetAtt": [x, attribute]}, and what is left of
// the short forms !Ref x and !GetAtt x.attribute where YAML drops their tags.
func refers(v any) (name, attribute string) {
	if s := textAt(v, "Ref"); s != "" {
		return s, ""
	}
	if l := listAt(v, "Fn::GetAtt"); len(l) == 2 {
		name, _ = l[0].(string)
		attribute, _ = l[1].(string)
		return name, attribute
	}
	if s := textAt(v, "Fn::GetAtt"); s != "" {
		v = s
	}
	s, _ := v.(string)
	name, attribute, _ = strings.Cut(s, ".")
	return name, attribute
}

// serverlessEndpoint is one line of what "serverless info" and "serverless
// deploy" print, also without its indentation.
var serverlessEndpoint = lazyregexp.New(`(?m)^[ \t]*(?:endpoints?:[ \t]*)?(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|ANY)[ \t]+-[ \t]+(https://\S+)`)

// isServerlessInfo tells the text by its endpoints: YAML reads some of it, and
// older versions print what is none.
func isServerlessInfo(data []byte) bool { return serverlessEndpoint.Match(data) }

// serverlessHTTP marks the endpoints of an HTTP API.
var serverlessHTTP = lazyregexp.New(`(?i)\(httpApi\)`)

// serverlessStage is the stage's name, which for a custom domain no URL tells.
var serverlessStage = lazyregexp.New(`(?m)^[ \t]*stage:[ \t]*(\S+)`)

// commonStage is the first segment that all endpoints of an output without a stage share,
// as those of a REST API do; "" where they share none.
func commonStage(data []byte) string {
	common, deeper := "", false
	for i, m := range serverlessEndpoint.FindAllSubmatch(data, -1) {
		u, err := url.Parse(string(m[2]))
		if err != nil {
			return ""
		}
		first, rest, _ := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
		if i > 0 && first != common {
			return ""
		}
		common, deeper = first, deeper || rest != ""
	}
	if !deeper {
		return ""
	}
	return common
}

func fromServerlessInfo(data []byte, d *draft) error {
	stage := ""
	if m := serverlessStage.FindSubmatch(data); m != nil {
		stage = string(m[1])
	} else if !serverlessHTTP.Match(data) {
		stage = commonStage(data)
	}
	for _, m := range serverlessEndpoint.FindAllSubmatch(data, -1) {
		method := string(m[1])
		// A parameter's braces are no part of a URL; they are put back in the route.
		a, err := probe.ParseURL(strings.NewReplacer("{", "%7B", "}", "%7D").Replace(string(m[2])))
		if err != nil {
			continue
		}
		path := strings.NewReplacer("%7B", "{", "%7D", "}", "%2B", "+").Replace(a.Path)
		if a.Kind == probe.AddressExecuteAPI {
			if a.First == stage && !serverlessHTTP.Match(data) {
				path = "/" + strings.TrimPrefix(strings.TrimPrefix(path, "/"+stage), "/")
				d.address(a, stage)
			} else {
				d.address(a, "") // an HTTP API at $default
			}
		}
		d.request(newDeployedRoute(method+" "+path, probe.Route{}).draft())
	}
	return d.outputsRead()
}
