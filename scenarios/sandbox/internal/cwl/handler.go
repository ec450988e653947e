package cwl

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

const (
	targetPrefix = "Logs_20140328."
	contentType  = "application/x-amz-json-1.1"
	maxBody      = 4 << 20 // PutLogEvents takes 1 MiB of events; the rest is JSON around it
)

// apiError is an error answer of the service; every one that it makes has status 400.
type apiError struct {
	Code    string `json:"__type"`
	Message string `json:"message,omitempty"`
}

func (e *apiError) Error() string { return e.Code + ": " + e.Message }

func fail(code, message string) *apiError { return &apiError{code, message} }

func invalid(format string, args ...any) *apiError {
	return fail("InvalidParameterException", fmt.Sprintf(format, args...))
}

var (
	errNoGroup  = fail("ResourceNotFoundException", "The specified log group does not exist.")
	errNoStream = fail("ResourceNotFoundException", "The specified log stream does not exist.")
	errToken    = fail("InvalidParameterException", "The specified nextToken is invalid.")
)

// request is an operation's input; resource names what it is about, for refusals and for OnCall.
type request interface{ resource() string }

// call is one operation: it reads its input, then answers it.
type call struct {
	decode func([]byte) (request, error)
	answer func(*Store, request) (any, error)
}

// op makes a call of a method, so that methods take their own input types.
func op[Calls ~struct{ *Store }, In request](method func(Calls, In) (any, error)) call {
	return call{
		decode: func(body []byte) (request, error) {
			var in In
			err := json.Unmarshal(body, &in)
			return in, err
		},
		answer: func(s *Store, in request) (any, error) { return method(Calls{s}, in.(In)) },
	}
}

var operations = map[string]call{
	"CreateLogGroup":     op(groupCalls.createLogGroup),
	"CreateLogStream":    op(groupCalls.createLogStream),
	"DeleteLogGroup":     op(groupCalls.deleteLogGroup),
	"DescribeLogGroups":  op(groupCalls.describeLogGroups),
	"DescribeLogStreams": op(groupCalls.describeLogStreams),
	"FilterLogEvents":    op(eventCalls.filterLogEvents),
	"GetLogEvents":       op(eventCalls.getLogEvents),
	"GetQueryResults":    op(queries.getQueryResults),
	"PutLogEvents":       op(groupCalls.putLogEvents),
	"StartQuery":         op(queries.startQuery),
	"StopQuery":          op(queries.stopQuery),
}

// operation names the operation that a request asks for.
func operation(r *http.Request) (string, bool) {
	return strings.CutPrefix(r.Header.Get("X-Amz-Target"), targetPrefix)
}

func (s *Store) serve(w http.ResponseWriter, r *http.Request) {
	name, _ := operation(r)
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var resource string
	var out any
	if err == nil {
		resource, out, err = s.dispatch(name, body)
	}
	status, out := answer(out, err)
	if s.OnCall != nil { // before the answer, so that whoever has the answer finds the call noted
		s.OnCall(name, resource, status)
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("x-amzn-RequestId", s.requestID())
	w.WriteHeader(status)
	if out != nil {
		json.NewEncoder(w).Encode(out) // a caller who hung up is no concern of the store
	}
}

// dispatch runs an operation under the store's lock.
func (s *Store) dispatch(name string, body []byte) (resource string, out any, err error) {
	c, known := operations[name]
	if !known {
		return "", nil, fail("UnknownOperationException", "")
	}
	in, err := c.decode(body)
	if err != nil {
		return "", nil, fail("SerializationException", err.Error())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	resource = in.resource()
	if refusal := (faultPlan{s}).refusal(name, resource); refusal != nil {
		return resource, nil, refusal
	}
	out, err = c.answer(s, in)
	return resource, out, err
}

// answer turns the outcome of a call into a status and a body.
func answer(out any, err error) (int, any) {
	if err == nil {
		return http.StatusOK, out
	}
	if refusal, ok := errors.AsType[*apiError](err); ok {
		return http.StatusBadRequest, refusal
	}
	return http.StatusBadRequest, fail("SerializationException", err.Error())
}

func (s *Store) requestID() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seq++
	return requestID(s.opt.Seed, s.seq)
}

// requestID is a UUID-shaped id, unique within a store.
func requestID(seed, n uint64) string {
	a, b := hash(fmt.Sprint(seed, n)), hash(fmt.Sprint(n, seed))
	return fmt.Sprintf("%08x-%04x-4%03x-a%03x-%012x", a>>32, a>>16&0xffff, a&0xfff, b>>48&0xfff, b&0xffffffffffff)
}

// groupName takes a log group's name or ARN and returns the name.
func groupName(identifier string) string {
	if !strings.HasPrefix(identifier, "arn:") {
		return identifier
	}
	parts := strings.SplitN(identifier, ":", 7)
	return strings.TrimSuffix(parts[len(parts)-1], ":*")
}

// checkLimit refuses a limit that an operation does not take; 0 means that the caller set none.
func checkLimit(limit, most int) error {
	if limit < 0 || limit > most {
		return invalid("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value less than or equal to %d", limit, most)
	}
	return nil
}

// page cuts a sorted list: the items after the token (a name), limit at most, and the token of the rest.
func page[T any](items []T, name func(T) string, token string, limit, most int) ([]T, string, error) {
	if err := checkLimit(limit, most); err != nil {
		return nil, "", err
	}
	limit = cmp.Or(limit, most)
	start := 0
	if token != "" {
		for start < len(items) && name(items[start]) != token {
			start++
		}
		if start == len(items) {
			return nil, "", errToken
		}
		start++
	}
	end := min(start+limit, len(items))
	next := ""
	if end < len(items) {
		next = name(items[end-1])
	}
	return items[start:end], next, nil
}
