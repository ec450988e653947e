package scenarios

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi2conv"
	"github.com/getkin/kin-openapi/openapi3"

	"stageprobe/probe"
	"stageprobe/probe/address"
	"stageprobe/scenarios/internal/guard"
)

func isOpenAPI(doc any) bool { return dig(doc, "openapi") != nil || dig(doc, "swagger") != nil }

// anyMethod is how API Gateway's exports write ANY.
const anyMethod = "x-amazon-apigateway-any-method"

func fromOpenAPI(doc any, data []byte, d *draft) error {
	spec, err := loadOpenAPI(doc, data)
	if err != nil {
		return fmt.Errorf("not an OpenAPI document: %w", err)
	}
	if spec.Info != nil && spec.Info.Title != "" {
		d.from += " (" + spec.Info.Title + ")"
	}
	for _, s := range spec.Servers {
		d.server(s)
	}
	d.status = usualStatus
	if spec.Paths == nil {
		return nil
	}
	items := spec.Paths.Map()
	for _, path := range slices.Sorted(maps.Keys(items)) {
		d.pathItem(spec, path, items[path])
	}
	return nil
}

// loadOpenAPI reads version 2 and 3. A $ref to another file or address is not
// followed.
func loadOpenAPI(doc any, data []byte) (spec *openapi3.T, err error) {
	err = guard.Call(func() (err error) {
		if dig(doc, "swagger") == nil {
			spec, err = openapi3.NewLoader().LoadFromData(data)
			return err
		}
		text, err := json.Marshal(doc)
		if err != nil {
			return err
		}
		var old openapi2.T
		if err := json.Unmarshal(text, &old); err != nil {
			return err
		}
		spec, err = openapi2conv.ToV3(&old)
		return err
	})
	return spec, err
}

// server takes in a server's address, its variables replaced by their defaults.
func (d *draft) server(s *openapi3.Server) {
	url := s.URL
	for name, v := range s.Variables {
		url = strings.ReplaceAll(url, "{"+name+"}", strings.TrimPrefix(v.Default, "/"))
	}
	a, err := address.ParseURL(url)
	if err != nil || strings.Contains(url, "{") {
		return
	}
	if a.Kind == address.AddressExecuteAPI {
		d.address(a, a.First)
		return
	}
	d.notes = append(d.notes, fmt.Sprintf("A server of the document: %s; add it to an API as domains: [{name: %s, stage: …}].", url, a.Host))
}

func (d *draft) pathItem(spec *openapi3.T, path string, item *openapi3.PathItem) {
	ops := item.Operations()
	if _, any := item.Extensions[anyMethod]; any && ops[http.MethodGet] == nil {
		d.requests = append(d.requests, newDeployedRoute("ANY "+path, probe.Route{}).draft())
	}
	for _, method := range methods {
		if op := ops[method]; op != nil {
			d.requests = append(d.requests, operation(spec, path, method, item, op))
		}
	}
}

func operation(spec *openapi3.T, path, method string, item *openapi3.PathItem, op *openapi3.Operation) draftRequest {
	r := draftRequest{name: method + " " + path, method: method, status: successes(op)}
	for _, ref := range slices.Concat(item.Parameters, op.Parameters) {
		p := ref.Value
		if p == nil {
			continue
		}
		value, known := example(p)
		switch {
		case p.In == openapi3.ParameterInPath && known && value != "":
			path = strings.ReplaceAll(path, "{"+p.Name+"}", escapeSegment(value))
		case !p.Required || p.In == openapi3.ParameterInPath || p.In == openapi3.ParameterInCookie:
		case !known:
			r.parameter(p.In, probe.Header{Name: p.Name, Value: "VALUE"})
			r.off = append(r.off, fmt.Sprintf("asks for the %s parameter %s: give it a value", p.In, p.Name))
		default:
			r.parameter(p.In, probe.Header{Name: p.Name, Value: value})
		}
	}
	var off []string
	r.path, off = withoutBraces(path)
	r.off = append(off, r.off...)
	r.secure(spec, op)
	r.off = append(r.off, methodReason(method)...)
	if op.RequestBody != nil || !probe.SafeMethod(method) {
		r.body = "file:body.json"
	}
	return r
}

func (r *draftRequest) parameter(in string, p probe.Header) {
	if in == openapi3.ParameterInHeader {
		r.headers = append(r.headers, p)
		return
	}
	r.query = append(r.query, p)
}

// escapeSegment escapes an example for use as one segment of a path.
func escapeSegment(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if c < 0x80 && (c == '-' || c == '.' || c == '_' || c == '~' || c == ':' || c == '@' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9') {
			b.WriteByte(c)
			continue
		}
		fmt.Fprintf(&b, "%%%02X", c)
	}
	return b.String()
}

// example is a value that the document itself gives for a parameter.
func example(p *openapi3.Parameter) (string, bool) {
	candidates := []any{p.Example}
	for _, name := range slices.Sorted(maps.Keys(p.Examples)) {
		if e := p.Examples[name].Value; e != nil {
			candidates = append(candidates, e.Value)
		}
	}
	if p.Schema != nil && p.Schema.Value != nil {
		s := p.Schema.Value
		candidates = append(candidates, s.Example, s.Default)
		candidates = append(candidates, s.Enum...)
	}
	for _, c := range candidates {
		switch c.(type) {
		case string, float64, bool, int, int64, uint64:
			return fmt.Sprint(c), true
		}
	}
	return "", false
}

// successes are the statuses of success that an operation documents.
func successes(op *openapi3.Operation) string {
	var out []string
	if op.Responses == nil {
		return ""
	}
	for _, code := range slices.Sorted(maps.Keys(op.Responses.Map())) {
		if _, ok := statusRange(code); ok && (code[0] == '2' || code[0] == '3') {
			out = append(out, strings.ToLower(code))
		}
	}
	if len(out) == 0 {
		return ""
	}
	return "[" + strings.Join(out, ", ") + "]"
}

// secure adds what an operation asks for, by the first of its alternatives.
func (r *draftRequest) secure(spec *openapi3.T, op *openapi3.Operation) {
	needs := spec.Security
	if op.Security != nil {
		needs = *op.Security
	}
	if len(needs) == 0 || slices.ContainsFunc(needs, func(n openapi3.SecurityRequirement) bool { return len(n) == 0 }) {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(needs[0])) {
		auth := bearerAuth
		if spec.Components != nil && spec.Components.SecuritySchemes[name] != nil {
			auth = schemeAuth(spec.Components.SecuritySchemes[name].Value)
		}
		r.auth = auth
		r.off = append(r.off, fmt.Sprintf("asks for authorization (%s)", name))
	}
}

func schemeAuth(s *openapi3.SecurityScheme) string {
	switch {
	case s == nil:
		return bearerAuth
	case s.Extensions["x-amazon-apigateway-authtype"] == "awsSigv4":
		return sigv4Auth
	case s.Type == "apiKey" && strings.EqualFold(s.Name, "x-api-key"):
		return apiKeyAuth
	}
	return bearerAuth
}
