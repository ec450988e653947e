package fetch

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// cloud speaks enough of CloudWatch Logs to show what moto does not: empty
// pages, throttling, denied calls and events that arrive late. Its clock is the
// test's; sleeping moves it.
type cloud struct {
	mu       sync.Mutex
	now      time.Time
	groups   map[string][]logEvent
	pageSize int
	untold   bool           // ingestion times are left out
	calls    map[string]int // by operation
	patterns []string
	starts   []time.Time // of FilterLogEvents
	// before answers a call in place of the service; an empty code lets it pass.
	before func(operation, group string) (code, message string)
}

// logEvent is one event and when it becomes readable.
type logEvent struct {
	at, ingested time.Time
	message      string
}

type input struct {
	LogGroupName       string `json:"logGroupName"`
	LogGroupNamePrefix string `json:"logGroupNamePrefix"`
	FilterPattern      string `json:"filterPattern"`
	NextToken          string `json:"nextToken"`
	StartTime          int64  `json:"startTime"`
	EndTime            int64  `json:"endTime"`
}

func newCloud(t *testing.T) (*cloud, *Reader) {
	t.Helper()
	c := &cloud{now: begin.Add(time.Minute), groups: map[string][]logEvent{}, calls: map[string]int{}, pageSize: 100}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	return c, &Reader{Client: newClient(server.URL), Now: c.time, Sleep: c.sleep, InsightsAbove: -1}
}

func (c *cloud) time() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *cloud) sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	return ctx.Err()
}

// add puts the lines of a request into a group.
func (c *cloud) add(group string, at time.Time, late time.Duration, lines ...string) {
	for i, line := range lines {
		at := at.Add(time.Duration(i) * time.Millisecond)
		c.groups[group] = append(c.groups[group], logEvent{at, at.Add(late), line})
	}
}

func (c *cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	c.calls[operation]++
	var in input
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if c.before != nil {
		if code, message := c.before(operation, in.LogGroupName+in.LogGroupNamePrefix); code != "" {
			w.WriteHeader(http.StatusBadRequest)
			_ = json.NewEncoder(w).Encode(map[string]string{"__type": code, "message": message})
			return
		}
	}
	answer := map[string]any{}
	if operation == "DescribeLogGroups" {
		answer["logGroups"] = c.describe(in)
	} else {
		answer["events"], answer["nextToken"] = c.filter(in)
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func (c *cloud) describe(in input) []map[string]string {
	var found []map[string]string
	for name := range c.groups {
		if strings.HasPrefix(name, in.LogGroupNamePrefix) {
			found = append(found, map[string]string{"logGroupName": name, "arn": "arn:aws:logs:eu-west-1:123456789012:log-group:" + name + ":*"})
		}
	}
	return found
}

// filter answers a page that looks at pageSize events, matching or not; before
// each page with a token there is an empty one.
func (c *cloud) filter(in input) (events []map[string]any, next any) {
	c.patterns = append(c.patterns, in.FilterPattern)
	c.starts = append(c.starts, time.UnixMilli(in.StartTime))
	if in.NextToken == "" && c.pageSize < len(c.groups[in.LogGroupName]) {
		return []map[string]any{}, "0"
	}
	from := len(in.NextToken) - 1 // the token has a digit per page
	all := slices.Clone(c.groups[in.LogGroupName])
	slices.SortStableFunc(all, func(a, b logEvent) int { return a.at.Compare(b.at) })
	all = slices.DeleteFunc(all, func(e logEvent) bool {
		return e.ingested.After(c.now) || e.at.UnixMilli() < in.StartTime || e.at.UnixMilli() > in.EndTime
	})
	lo := min(max(from, 0)*c.pageSize, len(all))
	hi := min(lo+c.pageSize, len(all))
	for _, e := range all[lo:hi] {
		if matches(e.message, in.FilterPattern) {
			event := map[string]any{"message": e.message, "timestamp": e.at.UnixMilli(), "logStreamName": "s", "eventId": "e"}
			if !c.untold {
				event["ingestionTime"] = e.ingested.UnixMilli()
			}
			events = append(events, event)
		}
	}
	if hi < len(all) {
		next = in.NextToken + "0"
	}
	return events, next
}

// matches knows patterns of the form ?"a" ?"b".
func matches(message, pattern string) bool {
	for term := range strings.FieldsSeq(pattern) {
		if strings.Contains(message, strings.Trim(term, `?"`)) {
			return true
		}
	}
	return pattern == ""
}

var _ http.Handler = (*cloud)(nil)
