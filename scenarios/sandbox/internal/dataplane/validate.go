package dataplane

import (
	"slices"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"stageprobe/scenarios/sandbox/internal/gwlog"
)

// validation holds a request against what its method asks for.
type validation struct{ *exchange }

// validate runs the method's request validator, and refuses bodies whose
// content type the integration does not take.
func (x validation) validate() *refusal {
	kind := x.entry.route.Validate
	if kind == "params" || kind == "all" {
		if missing := x.missing(); len(missing) > 0 {
			names := strings.Join(missing, ", ")
			return &refusal{kind: "BAD_REQUEST_PARAMETERS", late: true, message: "Missing required request parameters: [" + names + "]", failure: gwlog.MissingParameters, detail: names}
		}
	}
	if kind == "body" || kind == "all" {
		if why := x.badBody(); why != "" {
			return &refusal{kind: "BAD_REQUEST_BODY", late: true, traced: true, failure: gwlog.InvalidBody, detail: why}
		}
	}
	return x.media()
}

// missing lists the required parameters that the request lacks.
func (x validation) missing() []string {
	var out []string
	for name, required := range x.entry.route.Params {
		place, rest, _ := strings.Cut(name, ".")
		absent := place == "query" && !x.r.URL.Query().Has(rest) || place == "header" && x.r.Header.Get(rest) == ""
		if required && absent {
			out = append(out, rest)
		}
	}
	slices.Sort(out)
	return out
}

// badBody checks the body against the model of its content type.
func (x validation) badBody() string {
	contentType := x.contentType()
	model := x.entry.route.Models[contentType]
	schema := x.deployment.Definition.Models[model]
	if schema == "" {
		return ""
	}
	x.call.Validation = gwlog.Validation{ContentType: contentType}
	if why := check(schema, x.body); why != "" {
		return why
	}
	x.call.Validation.Done = true
	return ""
}

func (x validation) contentType() string {
	kind, _, _ := strings.Cut(x.r.Header.Get("Content-Type"), ";")
	if kind == "" {
		return "application/json"
	}
	return strings.ToLower(strings.TrimSpace(kind))
}

// schemas keeps compiled models by their text.
var schemas sync.Map

// check says what is wrong with a body; "" if nothing is. A model that is no
// schema refuses nothing.
func check(schema string, body []byte) string {
	compiled, ok := schemas.Load(schema)
	if !ok {
		s, err := compileSchema(schema)
		if err != nil {
			return ""
		}
		compiled, _ = schemas.LoadOrStore(schema, s)
	}
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(string(body)))
	if err != nil {
		return "Unable to parse JSON"
	}
	if err := compiled.(*jsonschema.Schema).Validate(v); err != nil {
		lines := strings.Split(err.Error(), "\n")
		return strings.TrimPrefix(strings.TrimSpace(lines[len(lines)-1]), "- ")
	}
	return ""
}

func compileSchema(text string) (*jsonschema.Schema, error) {
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft4) // the only draft that API Gateway reads
	if err := c.AddResource("model.json", doc); err != nil {
		return nil, err
	}
	return c.Compile("model.json")
}

// media applies the passthrough behaviour to bodies without a template.
func (x validation) media() *refusal {
	i := x.entry.route.Integration
	if i == nil || strings.HasSuffix(i.Type, "_PROXY") || len(x.body) == 0 {
		return nil
	}
	_, templated := i.RequestTemplates[x.contentType()]
	refused := i.Passthrough == "NEVER" || i.Passthrough == "WHEN_NO_TEMPLATES" && len(i.RequestTemplates) > 0
	if templated || !refused {
		return nil
	}
	return &refusal{kind: "UNSUPPORTED_MEDIA_TYPE", failure: gwlog.UnsupportedMedia, detail: x.contentType()}
}
