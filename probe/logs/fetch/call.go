package fetch

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"golang.org/x/time/rate"

	"stageprobe/probe"
)

// quota is the documented default of FilterLogEvents and DescribeLogGroups of 2022:
// five transactions per second per account and region. Where it is higher today,
// nothing is lost by staying below.
const quota = 5

func (r *Reader) now() time.Time {
	if r.Now != nil {
		return r.Now()
	}
	return time.Now()
}

func (r *Reader) sleep(ctx context.Context, d time.Duration) error {
	if r.Sleep != nil {
		return r.Sleep(ctx, d)
	}
	return probe.Sleep(ctx, d)
}

// pace waits for the limiter, by the reader's own clock.
func (r *Reader) pace(ctx context.Context) error {
	limiter := r.Limiter
	if limiter == nil {
		if r.own == nil {
			r.own = rate.NewLimiter(quota, quota)
		}
		limiter = r.own
	}
	now := r.now()
	if delay := limiter.ReserveN(now, 1).DelayFrom(now); delay > 0 {
		return r.sleep(ctx, delay)
	}
	return ctx.Err()
}

// call makes one API call at the allowed pace. The SDK retries a throttled call
// a few times within seconds; where a whole account is at its quota that is too
// short, so the pauses go on growing here.
func call[T any](ctx context.Context, r *Reader, do func() (T, error)) (T, error) {
	const pauses = 5 // 1, 2, 4, 8, 16 seconds
	for n := 0; ; n++ {
		var none T
		if err := r.pace(ctx); err != nil {
			return none, err
		}
		out, err := do()
		if err == nil || n == pauses || !isThrottle(err) {
			return out, err
		}
		if err := r.sleep(ctx, time.Second<<n); err != nil {
			return none, err
		}
	}
}

func code(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return ""
}

func isThrottle(err error) bool {
	switch code(err) {
	case "ThrottlingException", "Throttling", "TooManyRequestsException", "LimitExceededException", "ServiceUnavailableException":
		return true
	}
	return false
}

func isDenied(err error) bool {
	switch code(err) {
	case "AccessDeniedException", "AccessDenied", "UnauthorizedOperation":
		return true
	}
	return false
}

func isNotFound(err error) bool { return code(err) == "ResourceNotFoundException" }

// deniedOn finds the resource in the message of a denied call: "… is not
// authorized to perform: logs:FilterLogEvents on resource: arn:… because …".
var deniedOn = regexp.MustCompile(`on resource: (arn:\S+)`)

// short is code and message of an answer, without the SDK's words around them.
func short(err error) string {
	status := 0
	if re, ok := errors.AsType[*smithyhttp.ResponseError](err); ok {
		status = re.HTTPStatusCode()
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		if api.ErrorCode() == "UnknownError" { // the SDK's own word for an error without a code
			return fmt.Sprintf("HTTP %d %s", status, http.StatusText(status))
		}
		return strings.TrimSuffix(api.ErrorCode()+": "+strings.TrimPrefix(api.ErrorMessage(), "UnknownError"), ": ")
	}
	cause := err
	for errors.Unwrap(cause) != nil {
		cause = errors.Unwrap(cause)
	}
	var network net.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return "no answer in time"
	case status != 0:
		return fmt.Sprintf("HTTP %d: answer not understood: %s", status, cause)
	}
	return cause.Error()
}

// failure describes a call that failed; for a denied one with the IAM action and
// resource to allow.
func (r *run) failure(operation, subject, resource string, err error, costs string) probe.Gap {
	gap := probe.Gap{Operation: operation, Subject: subject, Resource: resource, Err: short(err), Costs: costs}
	if isDenied(err) {
		gap.Action = "logs:" + operation
		if m := deniedOn.FindStringSubmatch(err.Error()); m != nil && gap.Resource == "" {
			gap.Resource = m[1]
		}
	}
	return gap
}
