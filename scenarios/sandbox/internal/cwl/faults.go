package cwl

import (
	"fmt"
	"math/rand/v2"
	"time"

	"golang.org/x/time/rate"

	"stageprobe/scenarios/sandbox/internal/world"
)

// faultPlan is what the store refuses.
type faultPlan struct{ *Store }

// Faults are what goes wrong with calls by configuration.
type Faults struct {
	ThrottleRate float64 // share of calls in [0,1] refused with ThrottlingException
	// Quota enforces the documented default rates (calls per second and operation) and the number of
	// concurrent queries, by the store's clock.
	Quota bool
	// Denied maps an operation ("FilterLogEvents", or "*") to true: AccessDeniedException.
	Denied map[string]bool
	// EmptyPages makes FilterLogEvents answer this many empty pages with a nextToken before the first
	// page that holds events, as the real service does while it searches.
	EmptyPages int
}

// Quotas of CloudWatch Logs per account and region, in calls per second (CloudWatch Logs User Guide,
// "CloudWatch Logs quotas", 2022; several are larger today in some regions).
var quotas = map[string]rate.Limit{
	"FilterLogEvents":    5,
	"GetLogEvents":       10,
	"DescribeLogGroups":  5,
	"DescribeLogStreams": 5,
	"StartQuery":         5,
	"GetQueryResults":    5,
	"PutLogEvents":       800,
}

// maxQueries is the number of concurrent Insights queries (API reference, StartQuery).
const maxQueries = 100

// gate decides which calls are refused before they reach their operation.
type gate struct {
	faults   Faults
	seed     uint64
	limiters map[string]*rate.Limiter
	calls    map[string]uint64
}

// throttled draws whether a call is refused. The n-th call of an operation has the same fate in every run.
func (g *gate) throttled(op string, now time.Time) bool {
	if g.calls == nil {
		g.calls, g.limiters = map[string]uint64{}, map[string]*rate.Limiter{}
	}
	g.calls[op]++
	if g.faults.ThrottleRate > 0 {
		r := rand.New(rand.NewPCG(g.seed^hash(op), g.calls[op]))
		if r.Float64() < g.faults.ThrottleRate {
			return true
		}
	}
	limit, known := quotas[op]
	if !g.faults.Quota || !known {
		return false
	}
	if g.limiters[op] == nil {
		g.limiters[op] = rate.NewLimiter(limit, int(limit))
	}
	return !g.limiters[op].AllowN(now, 1)
}

func (g *gate) denied(op string) bool { return g.faults.Denied[op] || g.faults.Denied["*"] }

// refusal is the error of a call that may not be made, nil if it may.
func (s faultPlan) refusal(op, resource string) *apiError {
	switch {
	case s.gate.denied(op), s.Allows != nil && !s.Allows("logs:"+op, s.resourceARN(op, resource)):
		return s.accessDenied(op, resource)
	case s.gate.throttled(op, s.opt.Now()):
		return fail("ThrottlingException", "Rate exceeded")
	}
	return nil
}

// resourceARN is what IAM checks for an operation: a log group's ARN, the account's
// groups for a listing, nothing for what has no resource.
func (s faultPlan) resourceARN(op, resource string) string {
	switch op {
	case "GetQueryResults", "StopQuery":
		return "*"
	case "DescribeLogGroups":
		return s.arn("") // ends in "log-group:", for which AWS asks
	}
	return s.arn(resource) + ":*"
}

// accessDenied words a refusal as IAM does for a caller without a matching statement.
func (s faultPlan) accessDenied(op, resource string) *apiError {
	if op == "GetQueryResults" || op == "StopQuery" {
		resource = "" // a query id is no resource
	}
	return fail("AccessDeniedException", fmt.Sprintf(
		"User: arn:%s:iam::%s:user/stageprobe is not authorized to perform: logs:%s on resource: %s because no identity-based policy allows the logs:%s action",
		world.Partition(s.opt.Region), s.opt.Account, op, s.arn(resource)+":log-stream:", op))
}
