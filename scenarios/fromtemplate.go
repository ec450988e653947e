package scenarios

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"stageprobe/probe"
	"stageprobe/probe/address"
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
// of CloudFormation and CDK, routes of HTTP APIs, definitions in it and beside it.
func fromTemplate(doc any, _ []byte, d *draft) error {
	t := template{draft: d, resources: map[string]any{}, parameters: dig(doc, "Parameters")}
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
	if t.answers && !t.rest {
		d.answerPreflights()
	}
	d.status = usualStatus
	d.notes = append(d.notes, templateNote)
	return nil
}

// template is a template while its routes are read.
type template struct {
	*draft
	resources map[string]any
	globals   any // SAM's defaults for every API, by its kind

	parameters any
	rest       bool // it has a REST API, which answers preflights only where it has OPTIONS
	depth      int  // of references that are being followed
}

// deepest is how many references are followed: a resource may name itself in a broken
// template.
const deepest = 64

func (t *template) read(resource any) {
	properties := dig(resource, "Properties")
	switch textAt(resource, "Type") {
	case "AWS::Serverless::Api", "AWS::ApiGateway::RestApi", "AWS::ApiGateway::Method":
		t.rest = true
	}
	switch textAt(resource, "Type") {
	case "AWS::Serverless::Function", "AWS::Serverless::StateMachine":
		events, _ := dig(properties, "Events").(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(events)) {
			switch kind := textAt(events[name], "Type"); kind {
			case "Api", "HttpApi":
				t.rest = t.rest || kind == "Api"
				t.event(kind, dig(events[name], "Properties"))
			}
		}
	case "AWS::Serverless::Api", "AWS::Serverless::HttpApi", "AWS::ApiGateway::RestApi", "AWS::ApiGatewayV2::Api":
		t.stage(dig(properties, "StageName"))
		for _, key := range []string{"DefinitionBody", "Body"} {
			t.definition(dig(properties, key), properties)
		}
		for _, key := range []string{"DefinitionUri", "BodyS3Location"} {
			t.beside(dig(properties, key), properties)
		}
		t.domain(dig(properties, "Domain", "DomainName"), dig(properties, "Domain", "BasePath"), dig(properties, "StageName"))
		for _, key := range []string{"CorsConfiguration", "Cors"} {
			t.cors(dig(properties, key))
		}
	case "AWS::ApiGateway::Stage", "AWS::ApiGatewayV2::Stage":
		t.stage(dig(properties, "StageName"))
	case "AWS::ApiGateway::BasePathMapping":
		t.domain(dig(properties, "DomainName"), dig(properties, "BasePath"), dig(properties, "Stage"))
	case "AWS::ApiGatewayV2::ApiMapping":
		t.domain(dig(properties, "DomainName"), dig(properties, "ApiMappingKey"), dig(properties, "Stage"))
	case "AWS::ApiGateway::Method":
		method := textAt(properties, "HttpMethod")
		route := probe.Route{Authorization: textAt(properties, "AuthorizationType")}
		route.APIKeyRequired, _ = dig(properties, "ApiKeyRequired").(bool)
		if path, ok := t.path(dig(properties, "ResourceId"), 0); ok && method != "" {
			t.route(method, path, route)
			t.origin(properties)
		}
	case "AWS::ApiGatewayV2::Route":
		key := textAt(properties, "RouteKey")
		route := probe.Route{Authorization: textAt(properties, "AuthorizationType")}
		if method, path, ok := strings.Cut(key, " "); ok {
			t.route(method, path, route)
		} else if key == "$default" {
			t.request(newDeployedRoute(key, route).draft())
		}
	}
}

// stage notes a stage by its name, which may be a parameter's value.
func (t *template) stage(name any) {
	text, known := t.text(name)
	if text == "" {
		return
	}
	note := "A stage of the template: " + text + "."
	if !known {
		note = "A stage of the template is named when it is deployed: " + text + "."
	} else if !contains(t.likely.Stages, text) {
		t.likely.Stages = append(t.likely.Stages, text)
	}
	if !contains(t.notes, note) {
		t.notes = append(t.notes, note)
	}
}

// domain keeps where a custom domain leads.
func (t *template) domain(name, basePath, stage any) {
	host, known := t.text(name)
	if host == "" || !known {
		return
	}
	path, _ := t.text(basePath)
	if list, ok := basePath.([]any); ok && len(list) > 0 {
		path, _ = t.text(list[0])
	}
	to, _ := t.text(stage)
	if path == "/" || path == "(none)" {
		path = ""
	}
	t.likely.Domains = append(t.likely.Domains, Domain{Name: host, Stage: to, BasePath: path})
}

// text is what a value of the template comes to: text, Ref, Fn::Sub or Fn::Join of
// parameters with a default and of names of the template. YAML drops the tags of the
// short forms, so that text which is the name of a parameter or stage is taken as a
// reference. known is false where a part of it is only known once it is deployed.
func (t *template) text(v any) (s string, known bool) {
	switch v := v.(type) {
	case string:
		if s, ok := t.named(v); ok {
			return s, true
		}
		return t.substituted(v)
	case map[string]any:
		if name := textAt(v, "Ref"); name != "" {
			if s, ok := t.named(name); ok {
				return s, true
			}
			return "${" + name + "}", false
		}
		if text := textAt(v, "Fn::Sub"); text != "" {
			return t.substituted(text)
		}
		if list := listAt(v, "Fn::Sub"); len(list) > 0 {
			text, _ := list[0].(string)
			return t.substituted(text)
		}
		if list := listAt(v, "Fn::Join"); len(list) == 2 {
			return t.joined(list)
		}
	}
	return "", v == nil
}

func (t *template) joined(list []any) (s string, known bool) {
	between, _ := list[0].(string)
	parts, _ := list[1].([]any)
	known = true
	var out []string
	for _, p := range parts {
		text, ok := t.text(p)
		out, known = append(out, text), known && ok
	}
	return strings.Join(out, between), known
}

// named is what the name of a parameter, a stage or a domain stands for.
func (t *template) named(name string) (string, bool) {
	if def := dig(t.parameters, name, "Default"); def != nil {
		return fmt.Sprint(def), true
	}
	properties := dig(t.resources[name], "Properties")
	for _, key := range []string{"StageName", "DomainName"} {
		if v := dig(properties, key); v != nil && t.depth < deepest {
			t.depth++
			defer func() { t.depth-- }()
			return t.text(v)
		}
	}
	return "", false
}

var substitution = lazyregexp.New(`\$\{([^!}][^}]*)\}`)

func (t *template) substituted(text string) (s string, known bool) {
	known = true
	s = substitution.ReplaceAllStringFunc(text, func(part string) string {
		if value, ok := t.named(part[2 : len(part)-1]); ok {
			return value
		}
		known = false
		return part
	})
	return s, known
}

// route keeps a route of the template; what is only known once it is deployed stands in it
// as a parameter does.
func (t *template) route(method, path string, route probe.Route) {
	path, _ = t.substituted(path)
	path = strings.ReplaceAll(path, "${", "{")
	method = strings.ToUpper(method)
	if !contains(methods, method) {
		method = "ANY"
	}
	t.request(newDeployedRoute(method+" "+path, route).draft())
}

// origin takes the origin that a preflight's mock answers to.
func (t *template) origin(properties any) {
	if !strings.EqualFold(textAt(properties, "HttpMethod"), http.MethodOptions) {
		return
	}
	for _, r := range listAt(properties, "Integration", "IntegrationResponses") {
		t.cors(map[string]any{"AllowOrigin": dig(r, "ResponseParameters", "method.response.header.Access-Control-Allow-Origin")})
	}
}

// cors takes the first origin that a CORS configuration allows: preflights come from it.
func (t *template) cors(configuration any) {
	if configuration == nil {
		return
	}
	for _, v := range append(listAt(configuration, "AllowOrigins"), dig(configuration, "AllowOrigin"), configuration) {
		text, _ := t.text(v)
		if text = strings.Trim(text, "'"); strings.HasPrefix(text, "http") && t.allows == "" {
			t.allows = text
		}
	}
	if listAt(configuration, "AllowOrigins") != nil { // an HTTP API answers preflights itself
		t.answers = true
	}
}

// event is a SAM event; Method and Path may be missing in one of an HTTP API,
// which then takes every request.
// What it does not say of authorization, its API or Globals say.
func (t *template) event(kind string, properties any) {
	method, path := textAt(properties, "Method"), textAt(properties, "Path")
	everything := kind == "HttpApi" && path == "" && method == ""
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
		switch {
		case name == "AWS_IAM":
			route.Authorization = name
		case dig(api, "Authorizers", name, "JwtConfiguration") != nil || dig(globals, "Authorizers", name, "JwtConfiguration") != nil:
			route.Authorization = "JWT"
		}
	}
	for _, auth := range []any{globals, api, dig(properties, "Auth")} {
		if required, ok := dig(auth, "ApiKeyRequired").(bool); ok {
			route.APIKeyRequired = required
		}
	}
	if everything {
		t.request(newDeployedRoute("$default", route).draft())
		return
	}
	t.route(method, path, route)
}

// definition is an OpenAPI document within the template, or one that it includes.
func (t *template) definition(doc, api any) {
	if include := dig(doc, "Fn::Transform"); include != nil {
		t.beside(dig(include, "Parameters", "Location"), api)
		return
	}
	if dig(doc, "paths") == nil {
		return
	}
	data, err := json.Marshal(doc)
	sub := &draft{}
	if err != nil || fromOpenAPI(doc, data, sub) != nil {
		sub.requests = t.plainRoutes(doc) // functions of the template stand where text must
	}
	name := textAt(api, "Auth", "DefaultAuthorizer")
	for _, r := range sub.requests {
		if name != "" && name != "NONE" && r.auth == "" {
			r.auth, r.off = bearerAuth, append(r.off, "asks for authorization ("+name+"): export TOKEN")
		}
		t.request(r)
	}
}

// plainRoutes are the methods and paths of a definition alone.
func (t *template) plainRoutes(doc any) []draftRequest {
	plain := template{draft: &draft{}, parameters: t.parameters, resources: t.resources}
	paths, _ := dig(doc, "paths").(map[string]any)
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		item, _ := paths[path].(map[string]any)
		for _, method := range slices.Sorted(maps.Keys(item)) {
			if method == anyMethod || contains(methods, strings.ToUpper(method)) {
				plain.route(strings.TrimPrefix(method, "x-amazon-apigateway-"), path, probe.Route{})
			}
		}
	}
	return plain.requests
}

// beside reads a definition in a file beside the template.
func (t *template) beside(location, api any) {
	name, known := t.text(location)
	if name == "" || !known {
		return
	}
	if t.open == nil || strings.Contains(name, "://") || filepath.IsAbs(name) {
		t.notes = append(t.notes, "The definition in "+name+" was not read: give it to init --from on its own.")
		return
	}
	data, err := t.open(name)
	if err != nil {
		t.notes = append(t.notes, "The definition in "+name+" cannot be read: give it to init --from on its own.")
		return
	}
	if doc, err := decodeAny(data); err == nil && isOpenAPI(doc) {
		t.definition(doc, api)
		return
	}
	t.notes = append(t.notes, "The definition in "+name+" is no OpenAPI document.")
}

// path follows a resource to the root of its API. ok is false where it leads out
// of the template, to an API that another stack made.
func (t *template) path(ref any, depth int) (path string, ok bool) {
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
		a, err := address.ParseURL(strings.NewReplacer("{", "%7B", "}", "%7D").Replace(string(m[2])))
		if err != nil {
			continue
		}
		path := strings.NewReplacer("%7B", "{", "%7D", "}", "%2B", "+").Replace(a.Path)
		if a.Kind == address.AddressExecuteAPI {
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
