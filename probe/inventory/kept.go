package inventory

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"stageprobe/probe"
)

// Kept remembers what was read, so that a reading of a whole account which was cut
// short is gone on with. It is used by several goroutines.
type Kept interface {
	API(id string) (probe.API, bool)
	Domain(name string) (probe.Domain, bool)
	// KeepAPI and KeepDomain are told what was read whole.
	KeepAPI(a *probe.API)
	KeepDomain(d *probe.Domain)
}

// callsPerAPI is how many calls a REST API of four stages takes: a plan tells from
// it how long reading an account will take.
const callsPerAPI = 11

// errGivenUp: the credentials were refused in the middle of a reading, so that
// every further call would be, too.
var errGivenUp = errors.New("not asked: the credentials were refused before")

// recall takes an API from what was read before.
func recall(rd *reading, api *probe.API) bool {
	if rd.Kept == nil {
		return false
	}
	known, ok := rd.Kept.API(api.ID)
	if ok {
		*api = known
	}
	return ok
}

// remember keeps an API that was read without a gap.
func remember(ctx context.Context, rd *reading, api *probe.API) {
	if rd.Kept != nil && ctx.Err() == nil && !lacks(rd, api.ID) {
		rd.Kept.KeepAPI(api)
	}
}

func rememberDomain(ctx context.Context, rd *reading, d *probe.Domain) {
	if rd.Kept != nil && ctx.Err() == nil && !lacks(rd, d.Name) {
		rd.Kept.KeepDomain(d)
	}
}

// lacks tells whether anything of a subject could not be read.
func lacks(rd *reading, id string) bool {
	rd.mu.Lock()
	defer rd.mu.Unlock()
	for i := range rd.gaps {
		if strings.Contains(rd.gaps[i].Subject, id) {
			return true
		}
	}
	return turnedAway(rd) != nil
}

// givenUp tells whether the credentials were refused after they had been good.
func givenUp(rd *reading) bool {
	rd.mu.Lock()
	defer rd.mu.Unlock()
	return rd.Kept != nil && rd.told > 0 && turnedAway(rd) != nil
}

// turnedAway is how the credentials were refused; nil where they were not. The caller
// holds the lock.
func turnedAway(rd *reading) error { return cmp.Or(rd.failed[Expired], rd.failed[NotAccepted]) }

// callsLeft is about how many calls the APIs take that are not known yet.
func callsLeft(rd *reading, listed []probe.API) int {
	n := 0
	for i := range listed {
		if rd.Kept != nil {
			if _, known := rd.Kept.API(listed[i].ID); known {
				continue
			}
		}
		n += callsPerAPI
	}
	return n
}

// Pace is a limiter a little below the quota of one account in one region, which
// both services share.
func Pace() *rate.Limiter { return rate.NewLimiter(paceRate, paceBurst) }

// Takes is how long so many calls take at that pace.
func Takes(calls int) time.Duration {
	return time.Duration(max(0, float64(calls-paceBurst)) / paceRate * float64(time.Second))
}

// Refused is why the credentials were refused in the middle of the last reading;
// nil where they were not.
func (r *Reader) Refused() error { return r.refusedLast }
