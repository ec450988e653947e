package inventory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	resttypes "github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"stageprobe/probe"
	"stageprobe/probe/address"
)

// question is one control-plane call: what is asked of what, which resource
// IAM guards it with, and what the report lacks without the answer.
type question struct {
	op      string
	subject string
	path    string // of the ARN, such as "/restapis/abc123/stages"; "*" for services without resource ARNs
	stage   string // asked of, where the path does not name it
	costs   string
	// quiet tells refusals that are an answer: a NotFound where another call
	// is the alternative. They are returned and leave no gap.
	quiet func(error) bool
}

// Retries: throttling is waited out longer than a broken connection.
const (
	throttledAttempts = 8
	brokenAttempts    = 3
	firstBackoff      = 250 * time.Millisecond
	maxBackoff        = 10 * time.Second
)

// ask makes one call within the quota and waits throttling out. A failure is
// recorded as a gap, unless the question is quiet about it, and returned.
func ask[T any](ctx context.Context, rd *reading, q question, call func(context.Context) (T, error)) (T, error) {
	if givenUp(rd) {
		var none T
		return none, errGivenUp
	}
	if rd.silentFor(q.op) {
		var none T
		rd.gap(q, errSilent)
		return none, errSilent
	}
	answer, err := attempt(ctx, rd, q, call)
	if ctx.Err() == nil {
		rd.note(q, err)
	}
	if err != nil && ctx.Err() == nil && (q.quiet == nil || !q.quiet(err)) {
		rd.gap(q, err)
	}
	return answer, err
}

func attempt[T any](ctx context.Context, rd *reading, q question, call func(context.Context) (T, error)) (T, error) {
	for n := 0; ; n++ {
		if err := rd.admit(ctx, q); err != nil {
			var zero T
			return zero, err
		}
		answer, err := patiently(ctx, rd, call)
		if err == nil || n+1 >= attempts(err) || inVain(rd) {
			return answer, err
		}
		if err := rd.Sleep(ctx, backoff(err, n)); err != nil {
			return answer, err
		}
	}
}

// admit waits for the quota.
func (rd *reading) admit(ctx context.Context, q question) error {
	if q.op == "GetResources" {
		if err := rd.resources.Wait(ctx); err != nil {
			return err
		}
	}
	return rd.Limiter.Wait(ctx)
}

// mostPages bounds a collection: at 500 items a page far more than any quota allows,
// and a service that always has another page is at fault.
const mostPages = 200

// alikePages is how often one page may come again under another token.
const alikePages = 4

// shape is what a page holds, to be held against that of another one.
func shape(items any) string {
	b, err := json.Marshal(items)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// pages asks for every page of a collection. A page that fails ends it with
// what came before and the error.
func pages[T any](ctx context.Context, rd *reading, q question, page func(ctx context.Context, token *string) ([]T, *string, error)) ([]T, error) {
	type answer struct {
		items []T
		next  *string
	}
	var all []T
	seen := map[string]bool{}
	before, alike := "", 0
	for token := (*string)(nil); ; {
		a, err := ask(ctx, rd, q, func(ctx context.Context) (answer, error) {
			items, next, err := page(ctx, token)
			return answer{items, next}, err
		})
		if err != nil {
			return all, err
		}
		all = append(all, a.items...)
		next := aws.ToString(a.next)
		if next == "" {
			return all, nil
		}
		if page := shape(a.items); page == before {
			alike++
		} else {
			before, alike = page, 0
		}
		if seen[next] || len(seen) == mostPages || alike == alikePages {
			rd.gap(q, errPaging)
			return all, errPaging
		}
		seen[next] = true
		token = a.next
	}
}

// paged is a page of [pages] from one call of the SDK and what its answer lists.
func paged[O, T any](call func(ctx context.Context, token *string) (O, error), list func(O) ([]T, *string)) func(context.Context, *string) ([]T, *string, error) {
	return func(ctx context.Context, token *string) ([]T, *string, error) {
		out, err := call(ctx, token)
		if err != nil {
			return nil, nil, err
		}
		items, next := list(out)
		return items, next, nil
	}
}

// once turns the SDK's own retrying off: attempts are counted here, against
// the quota and on a clock that can be replaced.
func once(o *apigateway.Options)       { o.Retryer = aws.NopRetryer{} }
func onceHTTP(o *apigatewayv2.Options) { o.Retryer = aws.NopRetryer{} }

var (
	throttles  = retry.IsErrorThrottles(retry.DefaultThrottles)
	retryables = retry.IsErrorRetryables(retry.DefaultRetryables)
)

func throttled(err error) bool {
	return throttles.IsErrorThrottle(err) == aws.TrueTernary || statusOf(err) == http.StatusTooManyRequests
}

func attempts(err error) int {
	switch {
	case throttled(err):
		return throttledAttempts
	case timedOut(err):
		return 1 // it was given time enough
	case retryables.IsErrorRetryable(err) == aws.TrueTernary:
		return brokenAttempts
	}
	return 1
}

// backoff doubles from a quarter of a second, unless the service says how long
// to wait.
func backoff(err error, n int) time.Duration {
	d := min(firstBackoff<<n, maxBackoff)
	if tooMany, ok := errors.AsType[*resttypes.TooManyRequestsException](err); ok {
		var s int
		if _, err := fmt.Sscan(aws.ToString(tooMany.RetryAfterSeconds), &s); err == nil && s > 0 {
			d = max(d, min(time.Duration(s)*time.Second, maxBackoff))
		}
	}
	return d
}

func statusOf(err error) int {
	if re, ok := errors.AsType[*smithyhttp.ResponseError](err); ok {
		return re.HTTPStatusCode()
	}
	return 0
}

func codeOf(err error) string {
	if ae, ok := errors.AsType[smithy.APIError](err); ok {
		return ae.ErrorCode()
	}
	return ""
}

// notFound: the service knows the operation and not the thing.
func notFound(err error) bool { return codeOf(err) == "NotFoundException" }

func badRequest(err error) bool {
	return codeOf(err) == "BadRequestException" || statusOf(err) == http.StatusBadRequest
}

// unsupported: an emulator without this operation.
func unsupported(err error) bool {
	switch statusOf(err) {
	case http.StatusNotImplemented, http.StatusMethodNotAllowed:
		return true
	case http.StatusNotFound:
		return !notFound(err)
	}
	return false
}

// badCredentials lists the codes with which AWS refuses the credentials
// themselves; no policy would help.
var badCredentials = []string{
	"UnrecognizedClientException", "InvalidClientTokenId", "ExpiredToken", "ExpiredTokenException",
	"InvalidSignatureException", "SignatureDoesNotMatch", "IncompleteSignatureException",
	"MissingAuthenticationTokenException", "MissingAuthenticationToken", "AuthFailure",
}

func credentialsRefused(err error) bool { return slices.Contains(badCredentials, codeOf(err)) }

func denied(err error) bool {
	if credentialsRefused(err) {
		return false
	}
	s := statusOf(err)
	return strings.HasPrefix(codeOf(err), "AccessDenied") || s == http.StatusForbidden || s == http.StatusUnauthorized
}

func (rd *reading) gap(q question, err error) {
	g := probe.Gap{Operation: q.op, Subject: q.subject, Err: short(err), Reason: string(reasonOf(err)), Costs: q.costs, GapOf: q.of()}
	if denied(err) {
		g.Action, g.Resource = rd.iam(q)
	}
	rd.mu.Lock()
	defer rd.mu.Unlock()
	rd.gaps = append(rd.gaps, g)
}

// of is what a question is asked of, as its path names it.
func (q question) of() (of probe.GapOf) {
	steps := strings.Split(strings.TrimPrefix(q.path, "/"), "/")
	for i := 0; i+1 < len(steps); i += 2 {
		switch steps[i] {
		case "restapis", "apis":
			of.APIID = steps[i+1]
		case "stages":
			of.Stage = steps[i+1]
		case "deployments":
			of.Deployment = steps[i+1]
		case "domainnames":
			of.Domain = steps[i+1]
		}
	}
	if q.stage != "" {
		of.Stage = q.stage
	}
	return of
}

// iam names the action and resource that a policy must allow for the call.
func (rd *reading) iam(q question) (action, resource string) {
	switch q.op {
	case "LookupEvents":
		return "cloudtrail:LookupEvents", "*" // has no resource-level permissions
	case "GetMetricData":
		return "cloudwatch:GetMetricData", "*" // nor has this
	case "GetAlias":
		return "lambda:GetAlias", q.path
	}
	return "apigateway:GET", fmt.Sprintf("arn:%s:apigateway:%s::%s", address.Partition(rd.Region), rd.Region, q.path)
}

// short is what a reader needs of an SDK error: code and message, without the
// nested "operation error …, https response error …" chain.
func short(err error) string {
	if unsupported(err) {
		return fmt.Sprintf("the endpoint does not know this operation (HTTP %d)", statusOf(err))
	}
	if ae, ok := errors.AsType[smithy.APIError](err); ok {
		if ae.ErrorCode() == "UnknownError" { // the SDK's own word for an error without a code
			return fmt.Sprintf("HTTP %d %s", statusOf(err), http.StatusText(statusOf(err)))
		}
		return strings.TrimSuffix(ae.ErrorCode()+": "+ae.ErrorMessage(), ": ")
	}
	if errors.Is(err, errEmpty) {
		return err.Error()
	}
	if s := statusOf(err); s != 0 {
		return fmt.Sprintf("HTTP %d: answer not understood: %s", s, rootCause(err))
	}
	if noConnection(err) {
		return unreachable(err)
	}
	return rootCause(err)
}

func rootCause(err error) string {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err.Error()
		}
		err = next
	}
}
