package control

import (
	"sync"
	"time"
)

// The account's quotas of the control plane: requests of both services per
// second with their burst, and GetResources per window.
const (
	quotaRate       = 10
	quotaBurst      = 40
	resourcesQuota  = 5
	resourcesWindow = 2 * time.Second
)

// quotas admit calls on the cloud's clock. A call that is refused counts
// against neither.
type quotas struct {
	mu        sync.Mutex
	level     float64 // calls that may come at once
	last      time.Time
	resources []time.Time // GetResources admitted within the window
}

func newQuotas(now time.Time) *quotas { return &quotas{level: quotaBurst, last: now} }

// take tells whether a call of an operation is within the quotas.
func (q *quotas) take(operation string, now time.Time) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.level = min(quotaBurst, q.level+quotaRate*now.Sub(q.last).Seconds())
	q.last = now
	for len(q.resources) > 0 && now.Sub(q.resources[0]) >= resourcesWindow {
		q.resources = q.resources[1:]
	}
	if q.level < 1 || operation == "GetResources" && len(q.resources) >= resourcesQuota {
		return false
	}
	q.level--
	if operation == "GetResources" {
		q.resources = append(q.resources, now)
	}
	return true
}
