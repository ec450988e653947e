// Package control answers the control planes of an embedded gateway in the
// wire format of the AWS SDK: REST APIs (apigateway), HTTP APIs (apigatewayv2)
// and CloudTrail's LookupEvents.
package control

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"stageprobe/scenarios/sandbox/internal/cloud"
)

// doc is a JSON object on the wire.
type doc = map[string]any

// maxBody bounds a request's body; the largest real ones are imports of a few
// megabytes.
const maxBody = 8 << 20

// Call is one call answered.
type Call struct {
	Service, Operation, Action, Resource string
	Status                               int
}

// Plane answers the control planes of a cloud.
type Plane struct {
	cloud  *cloud.Cloud
	onCall func(Call)
	mux    *http.ServeMux
	quotas *quotas

	// Allows tells what the caller's identity policy allows; nil allows everything.
	Allows func(action, resource string) bool
}

// New makes the planes of a cloud; onCall is told of every call.
func New(c *cloud.Cloud, onCall func(Call)) *Plane {
	p := &Plane{cloud: c, onCall: onCall, mux: http.NewServeMux()}
	if c.World.Control.Quota {
		p.quotas = newQuotas(c.Now())
	}
	for _, op := range slices.Concat(restReads, restWrites, editorWrites, aroundReads) {
		op.service = "apigateway"
		p.mount(op)
	}
	for _, op := range slices.Concat(httpReads, httpWrites, aroundReadsV2) {
		op.service = "apigatewayv2"
		p.mount(op)
	}
	for _, op := range lambdaReads {
		op.service = "lambda"
		p.mount(op)
	}
	return p
}

// operation is one operation of a service.
type operation struct {
	method, path, name string
	status             int // of success; 0 is 200
	run                func(*request) (any, error)
	service            string
}

// with is an operation on what the call names; where that is not there, it is the answer.
func with[A any](find func(*request) (A, error), run func(*request, A) (any, error)) func(*request) (any, error) {
	return func(r *request) (any, error) {
		a, err := find(r)
		if err != nil {
			return nil, err
		}
		return run(r, a)
	}
}

// with2 is [with] of what is found together.
func with2[A, B any](find func(*request) (A, B, error), run func(*request, A, B) (any, error)) func(*request) (any, error) {
	return func(r *request) (any, error) {
		a, b, err := find(r)
		if err != nil {
			return nil, err
		}
		return run(r, a, b)
	}
}

// with3 is [with] of what is found together.
func with3[A, B, C any](find func(*request) (A, B, C, error), run func(*request, A, B, C) (any, error)) func(*request) (any, error) {
	return func(r *request) (any, error) {
		a, b, c, err := find(r)
		if err != nil {
			return nil, err
		}
		return run(r, a, b, c)
	}
}

// docs are the items of a list on the wire.
func docs[T any](list []T, of func(T) doc) []doc {
	var out []doc
	for _, item := range list {
		out = append(out, of(item))
	}
	return out
}

// action is what IAM checks for the operation. Routing rules have actions of
// their own; the rest goes by the HTTP method.
func (op *operation) action() string {
	switch {
	case op.service == "lambda":
		return "lambda:" + op.name
	case strings.Contains(op.name, "RoutingRule"):
		return "apigateway:" + op.name
	}
	return "apigateway:" + op.method
}

// permits tells whether the caller's policy allows an action.
func (p *Plane) permits(action, resource string) bool {
	return p.Allows == nil || p.Allows(action, resource)
}

// request is one call being answered, with the cloud locked.
type request struct {
	*http.Request
	cloud *cloud.Cloud
	name  string // of the operation
	raw   []byte
}

// document is an answer that is handed out as a file.
type document struct {
	contentType, name string
	body              []byte
}

// failure is an error that the wire knows.
type failure struct {
	status        int
	code, message string
}

func (f *failure) Error() string { return f.code + ": " + f.message }

func badRequest(format string, args ...any) error {
	return &failure{http.StatusBadRequest, "BadRequestException", fmt.Sprintf(format, args...)}
}

func notFound(format string, args ...any) error {
	return &failure{http.StatusNotFound, "NotFoundException", fmt.Sprintf(format, args...)}
}

func conflict(format string, args ...any) error {
	return &failure{http.StatusConflict, "ConflictException", fmt.Sprintf(format, args...)}
}

// Serves reports whether a path belongs to one of the planes.
func (p *Plane) Serves(r *http.Request) bool {
	_, pattern := p.mux.Handler(r)
	return pattern != ""
}

func (p *Plane) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.mux.ServeHTTP(w, r) }

func (p *Plane) mount(op operation) {
	p.mux.HandleFunc(op.method+" "+op.path, func(w http.ResponseWriter, r *http.Request) {
		status := p.answer(w, r, op)
		p.onCall(Call{op.service, op.name, op.action(), p.resource(r), status})
	})
}

// resource is the ARN that IAM checks for a call.
func (p *Plane) resource(r *http.Request) string {
	if alias := r.PathValue("alias"); alias != "" {
		function := r.PathValue("function")
		return "arn:" + p.cloud.Partition + ":lambda:" + p.cloud.Region + ":" + p.cloud.Account + ":function:" + function[strings.LastIndex(function, ":")+1:] + ":" + alias
	}
	return "arn:" + p.cloud.Partition + ":apigateway:" + p.cloud.Region + "::" + strings.TrimPrefix(r.URL.Path, "/v2")
}

func (p *Plane) answer(w http.ResponseWriter, r *http.Request, op operation) int {
	out, err := p.run(r, op)
	if err != nil {
		return writeFailure(w, err)
	}
	status := op.status
	if status == 0 {
		status = http.StatusOK
	}
	writeAnswer(w, status, out)
	return status
}

func (p *Plane) run(r *http.Request, op operation) (any, error) {
	if err := p.allowed(r, op); err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		return nil, badRequest("Invalid request input")
	}
	p.cloud.Lock()
	defer p.cloud.Unlock()
	p.cloud.CatchUp()
	out, err := op.run(&request{r, p.cloud, op.name, body})
	if err == nil && r.Method != http.MethodGet {
		p.cloud.Record(cloud.Edit{
			API: r.PathValue("api"), Event: op.name, Stage: stageOf(r, body), Domain: r.PathValue("domain"), Agent: r.UserAgent(),
		})
	}
	return out, err
}

// stageOf is the stage that a write is about, of its path or its body.
func stageOf(r *http.Request, body []byte) string {
	var in struct {
		StageName string `json:"stageName"`
	}
	_ = json.Unmarshal(body, &in) // another call's body names none
	return cmp.Or(r.PathValue("stage"), in.StageName)
}

// allowed applies the world's denied operations and the account's quotas.
func (p *Plane) allowed(r *http.Request, op operation) error {
	name := op.name
	switch op.service {
	case "apigatewayv2":
		name = "v2:" + name
	case "lambda":
		name = "lambda:" + name
	}
	action := op.action()
	if slices.Contains(p.cloud.World.Control.Denied, name) || !p.permits(action, p.resource(r)) {
		return &failure{http.StatusForbidden, "AccessDeniedException", fmt.Sprintf(
			"User: arn:%s:iam::%s:user/stageprobe is not authorized to perform: %s on resource: %s because no identity-based policy allows the %s action",
			p.cloud.Partition, p.cloud.Account, action, p.resource(r), action)}
	}
	if op.service != "lambda" && p.quotas != nil && !p.quotas.take(op.name, p.cloud.Now()) {
		return &failure{http.StatusTooManyRequests, "TooManyRequestsException", "Too Many Requests"}
	}
	return nil
}

func writeAnswer(w http.ResponseWriter, status int, out any) {
	switch v := out.(type) {
	case nil:
		w.WriteHeader(status)
	case document:
		w.Header().Set("Content-Type", v.contentType)
		w.Header().Set("Content-Disposition", `attachment; filename="`+v.name+`"`)
		w.WriteHeader(status)
		_, _ = w.Write(v.body)
	default:
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(v)
	}
}

func writeFailure(w http.ResponseWriter, err error) int {
	var f *failure
	if !errors.As(err, &f) {
		f = &failure{http.StatusInternalServerError, "InternalFailure", err.Error()}
	}
	w.Header().Set("x-amzn-ErrorType", f.code)
	writeAnswer(w, f.status, doc{"message": f.message})
	return f.status
}

// decode reads the call's JSON body.
func (r *request) decode(into any) error {
	if len(r.raw) == 0 {
		return nil
	}
	if err := json.Unmarshal(r.raw, into); err != nil {
		return badRequest("Invalid request input")
	}
	return nil
}

// api finds the API of the call.
func (r *request) api(kind string) (*cloud.API, error) {
	id := r.PathValue("api")
	if api := r.cloud.APIs[id]; api != nil && api.Kind == kind {
		return api, nil
	}
	return nil, notFound("Invalid API identifier specified %s:%s", r.cloud.Account, id)
}

// theAPI finds the API of a kind, and theStage its stage, for [with].
func theAPI(kind string) func(*request) (*cloud.API, error) {
	return func(r *request) (*cloud.API, error) { return r.api(kind) }
}

func theStage(kind string) func(*request) (*cloud.API, *cloud.Stage, error) {
	return func(r *request) (*cloud.API, *cloud.Stage, error) { return r.stage(kind) }
}

// stage finds the API and the stage of the call.
func (r *request) stage(kind string) (*cloud.API, *cloud.Stage, error) {
	api, err := r.api(kind)
	if err != nil {
		return nil, nil, err
	}
	stage := api.Stages[r.PathValue("stage")]
	switch {
	case stage != nil:
		return api, stage, nil
	case kind == "HTTP":
		return nil, nil, notFound("Unable to find Stage by ID %s within the API with ID %s", r.PathValue("stage"), api.ID)
	}
	return nil, nil, notFound("Invalid stage identifier specified")
}

// compact drops what the wire leaves out: nil, "", empty lists and maps.
// Numbers and booleans stay.
func compact(d doc) doc {
	for k, v := range d {
		if empty(v) {
			delete(d, k)
		}
	}
	return d
}

func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []string:
		return len(v) == 0
	case map[string]string:
		return len(v) == 0
	case map[string]bool:
		return len(v) == 0
	case doc:
		return len(v) == 0
	case []doc:
		return len(v) == 0
	}
	return false
}
