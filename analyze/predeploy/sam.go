package predeploy

import (
	"cmp"
	"maps"
	"reflect"
	"strings"
)

// What SAM makes of its own resources: an API, a deployment whose logical id
// ends in a hash of the OpenAPI text, and a stage that follows it
// (aws/serverless-application-model, samtranslator/model/apigateway.py,
// make_auto_deployable, and model/api/api_generator.py).

// hashed are the properties of AWS::Serverless::Api that are written into the
// OpenAPI text or hashed beside it, so that the deployment follows them.
var hashed = []string{"definitionbody", "definitionuri", "auth", "cors", "gatewayresponses", "models", "binarymediatypes", "disableexecuteapiendpoint", "openapiversion", "domain"}

// unhashed are properties of the API itself that SAM passes on without hashing:
// an edit of one alone makes no deployment.
var unhashed = []string{"minimumcompressionsize", "endpointconfiguration", "apikeysourcetype", "policy"}

// stageSettings are properties that become the stage's.
var stageSettings = []string{"variables", "methodsettings", "accesslogsetting", "canarysetting", "tracingenabled", "cacheclusterenabled", "cacheclustersize"}

// samAPI is one API as SAM would make it.
type samAPI struct {
	body      any
	api, rest props
	stage     props
	always    bool
	functions map[string]bool // those with an event at it
}

func (t *templates) serverless() {
	if !t.old.sam() && !t.new.sam() {
		return
	}
	before, after := t.old.samAPIs(), t.new.samAPIs()
	all := maps.Clone(before)
	maps.Copy(all, after)
	for _, id := range sortedKeys(all) {
		http := t.old.typeOf(id) == "AWS::Serverless::HttpApi" || t.new.typeOf(id) == "AWS::Serverless::HttpApi" || id == implicitHTTP
		t.samAPI(id, http, before[id], after[id])
	}
	t.shifts(after)
}

func (t *templates) samAPI(id string, http bool, was, now *samAPI) {
	service := "apigateway."
	apiType, idField := "restapi", "restapiid"
	if http {
		service, apiType, idField = "apigatewayv2.", "api", "apiid"
	}
	names := spelling(t.old.properties(id), t.new.properties(id))
	add := func(r *resource) {
		r.names, r.ordered = names, true
		t.c.resources = append(t.c.resources, r)
	}
	api := &resource{address: id, key: service + apiType}
	deployment := &resource{address: id + "Deployment", key: service + "deployment", needs: map[string]bool{id: true}}
	stage := &resource{address: id + "Stage", key: service + "stage", needs: map[string]bool{id: true}}
	leads := map[string]any{"Ref": deployment.address}
	side := func(s *samAPI) (a, d, st props) {
		if s == nil {
			return nil, nil, nil
		}
		st = maps.Clone(s.stage)
		st[idField] = map[string]any{"Ref": id}
		if http {
			st["autodeploy"] = true
			return s.api, nil, st
		}
		st["deploymentid"] = leads
		return s.api, props{idField: map[string]any{"Ref": id}}, st
	}
	api.before, deployment.before, stage.before = side(was)
	api.after, deployment.after, stage.after = side(now)
	for _, r := range []*resource{api, stage} {
		r.acted = !reflect.DeepEqual(r.before, r.after)
	}
	add(api)
	add(stage)
	if http {
		return
	}
	if uri := api.after.text("definitionuri"); uri != "" && !strings.HasPrefix(uri, "s3:") && !strings.HasPrefix(uri, "{") && was != nil && same(api.before["definitionuri"], api.after["definitionuri"]) {
		t.c.notes = append(t.c.notes, "The definition of "+id+" is in the file "+uri+": whether that changes the templates do not tell. If it does, sam package gives it another address, and a new deployment follows.")
	}
	if was != nil && now != nil {
		deployment.replaced = now.always || !reflect.DeepEqual(was.rest, now.rest)
	}
	// All that follows the hash is in the text that the API is made of: the
	// deployment waits for the API alone, and not for resources beside it.
	add(deployment)
}

const (
	implicitREST = "ServerlessRestApi"
	implicitHTTP = "ServerlessHttpApi"
)

// samAPIs are the APIs of a template by logical id, the implicit ones included.
func (t *template) samAPIs() map[string]*samAPI {
	out := map[string]*samAPI{}
	globals := object(t.doc["Globals"])
	for id := range t.resources {
		switch t.typeOf(id) {
		case "AWS::Serverless::Api":
			out[id] = newSAMAPI(merged(object(globals["Api"]), t.properties(id)))
		case "AWS::Serverless::HttpApi":
			out[id] = newSAMAPI(merged(map[string]any{"StageName": "$default"}, merged(object(globals["HttpApi"]), t.properties(id))))
		}
	}
	for _, id := range sortedKeys(t.resources) {
		if t.typeOf(id) == "AWS::Serverless::Function" {
			t.events(id, globals, out)
		}
	}
	for _, api := range out {
		api.api["body"] = api.body
		api.rest["body"] = api.body
	}
	return out
}

// merged lays a resource's own properties over the template's globals, maps one
// level deep.
func merged(globals, own map[string]any) map[string]any {
	out := maps.Clone(globals)
	if out == nil {
		out = map[string]any{}
	}
	for k, v := range own {
		g, o := object(out[k]), object(v)
		if _, _, call := intrinsic(o); g != nil && o != nil && !call {
			both := maps.Clone(g)
			maps.Copy(both, o)
			v = both
		}
		out[k] = v
	}
	return out
}

func newSAMAPI(p map[string]any) *samAPI {
	plain := plainProps(p)
	s := &samAPI{api: props{}, rest: props{}, stage: props{"stagename": cmp.Or[any](plain["stagename"], "")}, always: plain.bool("alwaysdeploy"), functions: map[string]bool{}}
	plain.copyTo(s.rest, hashed)
	plain.copyTo(s.api, hashed)
	plain.copyTo(s.api, unhashed)
	plain.copyTo(s.stage, stageSettings)
	s.api["name"] = plain["name"]
	delete(s.api, "definitionbody")
	delete(s.rest, "definitionbody")
	s.body = plain["definitionbody"]
	return s
}

func (p props) copyTo(to props, names []string) {
	for _, k := range names {
		if v, ok := p[k]; ok {
			to[k] = v
		}
	}
}

// events writes a function's events into the APIs that they are at, as SAM
// writes them into the OpenAPI text.
func (t *template) events(function string, globals map[string]any, apis map[string]*samAPI) {
	p := merged(object(globals["Function"]), t.properties(function))
	events := object(p["Events"])
	for _, name := range sortedKeys(events) {
		e := object(events[name])
		ep := plainProps(object(e["Properties"]))
		id, stage := "", "Prod"
		switch textOf(e["Type"]) {
		case "Api":
			id = cmp.Or(target(ep["restapiid"]), implicitREST)
		case "HttpApi":
			id, stage = cmp.Or(target(ep["apiid"]), implicitHTTP), "$default"
		default:
			continue
		}
		api := apis[id]
		if api == nil {
			if id != implicitREST && id != implicitHTTP {
				continue // an API of another stack: SAM refuses it
			}
			section := map[string]string{implicitREST: "Api", implicitHTTP: "HttpApi"}[id]
			api = newSAMAPI(merged(object(globals[section]), map[string]any{"StageName": stage}))
			apis[id] = api
		}
		api.route(ep, function)
	}
}

func (s *samAPI) route(e props, function string) {
	s.functions[function] = true
	if s.rest["definitionuri"] != nil {
		return // SAM leaves a definition of its own file as it is
	}
	path, method := cmp.Or(e.text("path"), "/$default"), strings.ToLower(cmp.Or(e.text("method"), "any"))
	if method == "any" || method == "*" {
		method = "x-amazon-apigateway-any-method"
	}
	doc, _ := plainCopy(s.body).(map[string]any)
	if doc == nil {
		doc = map[string]any{"openapi": "3.0.1"}
	}
	item := within(within(doc, "paths"), path)
	op := map[string]any{"x-amazon-apigateway-integration": map[string]any{"type": "aws_proxy", "httpMethod": "POST", "uri": "${" + function + ".Arn}"}}
	for _, k := range []string{"auth", "requestmodel", "requestparameters", "payloadformatversion", "timeoutinmillis"} {
		if v, ok := e[k]; ok {
			op["x-event-"+k] = v
		}
	}
	item[method] = op
	s.body = doc
}

// within is the object that another holds under a name, made where there is none.
func within(m map[string]any, name string) map[string]any {
	if object(m[name]) == nil {
		m[name] = map[string]any{}
	}
	return object(m[name])
}

// plainCopy copies a value, so that writing into it changes nothing else.
func plainCopy(v any) any {
	return rewritten(v, func(map[string]any) (any, bool) { return nil, false })
}

// shifts notes the functions whose new version gets its traffic step by step:
// AutoPublishAlias with a DeploymentPreference.
func (t *templates) shifts(apis map[string]*samAPI) {
	globals := object(object(t.new.doc["Globals"])["Function"])
	for _, id := range sortedKeys(t.new.resources) {
		if t.new.typeOf(id) != "AWS::Serverless::Function" || t.old.typeOf(id) != "AWS::Serverless::Function" {
			continue
		}
		now := plainProps(merged(globals, t.new.properties(id)))
		preference := plainProps(object(now["deploymentpreference"]))
		how := preference.text("type")
		if now["autopublishalias"] == nil || preference == nil || strings.Contains(how, "AllAtOnce") || preference["enabled"] == false {
			continue
		}
		was := plainProps(merged(object(object(t.old.doc["Globals"])["Function"]), t.old.properties(id)))
		r := &resource{address: id, key: "lambda.alias", before: props{}, after: props{}, shift: cmp.Or(how, "CodeDeploy"), acted: true}
		if same(was["codeuri"], now["codeuri"]) && same(was["inlinecode"], now["inlinecode"]) && same(was["imageuri"], now["imageuri"]) {
			code := now.text("codeuri")
			if now["inlinecode"] != nil || strings.HasPrefix(code, "s3://") || object(now["codeuri"]) != nil {
				continue // the same code: no new version
			}
			r.shiftUnsure = true
		}
		for api, s := range apis {
			if s.functions[id] {
				t.usedBy(api, id)
			}
		}
		t.c.resources = append(t.c.resources, r)
	}
}

func (t *templates) usedBy(api, function string) {
	for _, r := range t.c.resources {
		if r.address == api && r.isAPI() {
			if r.needs == nil {
				r.needs = map[string]bool{}
			}
			r.needs[function] = true
		}
	}
}
