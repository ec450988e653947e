package dataplane

import (
	"fmt"
	"hash/fnv"
	"strings"

	"stageprobe/scenarios/sandbox/internal/cloud"
	"stageprobe/scenarios/sandbox/internal/cwl"
	"stageprobe/scenarios/sandbox/internal/gwlog"
	"stageprobe/scenarios/sandbox/internal/world"
)

// streams is how many streams a log group has; a request's lines stay in one.
const streams = 3

// ExecutionGroup is the log group of a stage's execution log.
func ExecutionGroup(api, stage string) string {
	return "API-Gateway-Execution-Logs_" + api + "/" + stage
}

// log writes what the gateway logs of the request: canary requests in the
// stage's group as well as in the canary's.
func (x *exchange) log() {
	if x.stage == nil || x.plane.cloud.World.Logs.Off {
		return
	}
	if m := x.setting(); m != nil && x.api.Kind == "REST" {
		lines := gwlog.Execution(x.call, gwlog.Level(m.Logging), m.DataTrace)
		x.put(ExecutionGroup(x.api.ID, x.stage.Name), lines)
	}
	if log := x.stage.AccessLog; log != nil {
		x.access(log)
	}
}

func (x *exchange) access(log *world.AccessLog) {
	group, ok := LogGroup(log.Group)
	line, err := gwlog.Access(log.Format, x.call)
	if !ok || err != nil {
		return // a Firehose, or a format that the service would have refused
	}
	x.put(group, []gwlog.Line{{Time: x.call.Finished, Message: line}})
}

func (x *exchange) put(group string, lines []gwlog.Line) {
	if len(lines) == 0 {
		return
	}
	events := make([]cwl.Event, len(lines))
	for i, l := range lines {
		events[i] = cwl.Event{Time: l.Time, Message: l.Message}
	}
	n := x.plane.shape.below(streams)
	x.plane.logs.Put(group, Stream(group, n), events)
	if x.canary {
		x.plane.logs.Put(group+"/Canary", Stream(group+"/Canary", n), events)
	}
}

// Stream names the n-th stream of a group: 32 hex characters.
func Stream(group string, n int) string {
	h := fnv.New128a()
	_, _ = fmt.Fprint(h, group, n)
	return fmt.Sprintf("%x", h.Sum(nil))
}

// LogGroup is the group of an access log's destination; not ok for a Firehose.
func LogGroup(destination string) (group string, ok bool) {
	if !strings.HasPrefix(destination, "arn:") {
		return destination, true
	}
	_, group, ok = strings.Cut(destination, ":log-group:")
	return strings.TrimSuffix(group, ":*"), ok
}

// setting is the stage's setting for the request's method; nil where the stage
// has none.
func (x *exchange) setting() *world.MethodSetting {
	if x.stage == nil {
		return nil
	}
	if x.entry.route != nil {
		key := strings.TrimPrefix(x.entry.template, "/") + "/" + x.r.Method
		for _, k := range []string{"/" + key, key} {
			if m := x.stage.Methods[k]; m != nil {
				return m
			}
		}
	}
	return x.stage.Methods["*/*"]
}

// Groups makes the log groups of a stage, as a deployment does.
func Groups(logs *cwl.Store, api *cloud.API, s *cloud.Stage) {
	for _, m := range s.Methods {
		if api.Kind == "REST" && m.Logging != "OFF" {
			logs.CreateGroup(ExecutionGroup(api.ID, s.Name))
		}
	}
	if s.AccessLog != nil {
		if group, ok := LogGroup(s.AccessLog.Group); ok {
			logs.CreateGroup(group)
		}
	}
}
