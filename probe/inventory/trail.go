package inventory

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"golang.org/x/time/rate"

	"stageprobe/probe"
)

// LookupEvents allows 2 calls per second and account, gives 50 events at once
// and reaches 90 days back (API reference, LookupEvents).
const (
	trailRate  = 2
	trailCalls = 20 // of one history, at most
	// sourcePages are read of all events, reads included: in a quiet account they are
	// all there are.
	sourcePages = 2
	trailTime   = 10 * time.Second // … and how long it may take
	gateway     = "apigateway.amazonaws.com"
)

// writes are the events that are looked up, the telling ones first: who moved a
// stage, a mapping or a canary, then who edited what waits for a deployment. Both
// versions of the service share names where their operations do.
var writes = []string{
	"CreateDeployment", "UpdateStage", "UpdateBasePathMapping", "PutRestApi", "ImportRestApi", "PutIntegration", "UpdateIntegration",
	"CreateBasePathMapping", "UpdateApiMapping", "DeleteDeployment", "PutMethod", "UpdateMethod", "UpdateRoute", "UpdateAuthorizer",
	"UpdateRestApi", "UpdateGatewayResponse", "PutGatewayResponse", "ReimportApi", "UpdateDeployment",
	// What is left where the calls suffice.
	"DeleteBasePathMapping", "PutRoutingRule", "CreateRoutingRule", "DeleteRoutingRule", "CreateApiMapping", "DeleteApiMapping", "UpdateDomainName",
	"CreateStage", "DeleteStage", "DeleteMethod", "DeleteIntegration", "PutIntegrationResponse", "PutMethodResponse", "CreateAuthorizer",
	"CreateResource", "DeleteResource", "DeleteGatewayResponse", "UpdateApi", "ImportApi", "CreateRoute", "DeleteRoute", "CreateIntegration",
	"UpdateUsagePlan", "DeleteRestApi", "CreateDomainName", "DeleteDomainName", "UpdateModel", "UpdateRequestValidator",
}

// History asks CloudTrail who wrote what: at most 20 calls within 10 seconds,
// since it takes two calls a second. A quiet account is read whole in the first;
// in a busy one reads drown the writes, so that these are then asked for by name.
// It needs nothing that Read reads, and may run beside it and beside the probes.
// What is not answered is a gap, and what was not asked is said.
func (r *Reader) History(ctx context.Context) probe.History { return r.start(Light).history(ctx) }

func (rd *reading) history(ctx context.Context) probe.History {
	if rd.Trail == nil {
		return probe.History{Unasked: slices.Clone(writes)}
	}
	ctx, cancel := context.WithTimeout(ctx, trailTime)
	defer cancel()
	t := trail{reading: rd, limiter: cmp.Or(rd.TrailLimiter, rate.NewLimiter(trailRate, trailRate))}
	t.read(ctx)
	slices.SortStableFunc(t.Changes, latestFirst)
	slices.SortStableFunc(t.Refused, latestFirst)
	t.Gaps = sortedGaps(t.gaps)
	return t.History
}

// StartHistory begins History and returns where it will arrive. The channel gets
// one value; ctx ends the reading.
func (r *Reader) StartHistory(ctx context.Context) <-chan probe.History {
	out := make(chan probe.History, 1)
	rd := r.start(Light) // the reader itself may be used and changed meanwhile
	go func() {
		defer close(out)
		out <- rd.history(ctx)
	}()
	return out
}

func latestFirst(a, b probe.Change) int { return b.At.Compare(a.At) }

// trail is one history while it is read.
type trail struct {
	*reading
	probe.History
	limiter *rate.Limiter
}

func (t *trail) read(ctx context.Context) {
	var next *string
	for range sourcePages {
		var ok bool
		if next, ok = t.lookup(ctx, types.LookupAttributeKeyEventSource, gateway, next); !ok {
			t.Unasked = slices.Clone(writes)
			return
		}
		if next == nil {
			t.Whole = true
			return
		}
	}
	// Its newest events come again by their names.
	t.Changes, t.Refused = nil, nil
	for i, name := range writes {
		if t.Calls == trailCalls || ctx.Err() != nil {
			t.Unasked = slices.Clone(writes[i:])
			return
		}
		older, ok := t.lookup(ctx, types.LookupAttributeKeyEventName, name, nil)
		if !ok {
			t.Unasked = slices.Clone(writes[i:])
			return
		}
		t.Asked = append(t.Asked, name)
		if older != nil {
			t.Cut = append(t.Cut, name)
		}
	}
}

// lookup reads a page of the newest events with one attribute; next is where older
// ones are. ok is false where the service did not answer, or the time is over.
func (t *trail) lookup(ctx context.Context, key types.LookupAttributeKey, value string, page *string) (next *string, ok bool) {
	q := question{op: "LookupEvents", subject: "region " + t.Region, path: "*", costs: "who changed what last, and when, is unknown"}
	if t.limiter.Wait(ctx) != nil {
		return nil, false
	}
	t.Calls++
	out, err := ask(ctx, t.reading, q, func(ctx context.Context) (*cloudtrail.LookupEventsOutput, error) {
		return t.Trail.LookupEvents(ctx, &cloudtrail.LookupEventsInput{
			NextToken: page, LookupAttributes: []types.LookupAttribute{{AttributeKey: key, AttributeValue: &value}},
		}, func(o *cloudtrail.Options) { o.Retryer = aws.NopRetryer{} })
	})
	if err != nil {
		if t.Calls == 1 && ctx.Err() != nil {
			t.gap(q, context.DeadlineExceeded) // it has not answered at all
		}
		return nil, false
	}
	for _, e := range out.Events {
		c, ok := changeOf(e)
		switch {
		case !ok:
		case c.Error == "":
			t.Changes = append(t.Changes, c)
		case strings.Contains(c.Event, "Deployment") || strings.Contains(c.Event, "Stage"):
			t.Refused = append(t.Refused, c)
		}
	}
	if aws.ToString(out.NextToken) == "" {
		return nil, true
	}
	return out.NextToken, true
}

// changeOf reads one event; false for a read and for what cannot be taken apart.
func changeOf(e types.Event) (probe.Change, bool) {
	var record struct {
		EventTime         time.Time      `json:"eventTime"`
		EventSource       string         `json:"eventSource"`
		ReadOnly          *bool          `json:"readOnly"`
		ErrorCode         string         `json:"errorCode"`
		ErrorMessage      string         `json:"errorMessage"`
		UserAgent         string         `json:"userAgent"`
		RequestParameters map[string]any `json:"requestParameters"`
		ResponseElements  map[string]any `json:"responseElements"`
		UserIdentity      struct {
			ARN       string `json:"arn"`
			UserName  string `json:"userName"`
			InvokedBy string `json:"invokedBy"`
		} `json:"userIdentity"`
	}
	name := aws.ToString(e.EventName)
	if json.Unmarshal([]byte(aws.ToString(e.CloudTrailEvent)), &record) != nil {
		return probe.Change{}, false
	}
	_, known := probe.NeedsDeployment(name)
	other := record.EventSource != "" && record.EventSource != gateway
	if !known || other || record.ReadOnly != nil && *record.ReadOnly {
		return probe.Change{}, false
	}
	asked, answered := record.RequestParameters, record.ResponseElements
	c := probe.Change{
		Event: name, At: record.EventTime.UTC(), Agent: cmp.Or(record.UserAgent, record.UserIdentity.InvokedBy),
		By: cmp.Or(aws.ToString(e.Username), record.UserIdentity.UserName, record.UserIdentity.ARN), ARN: record.UserIdentity.ARN,
		APIID: textIn(asked, "restApiId", "apiId"), Stage: textIn(asked, "stageName", "stage"), Domain: textIn(asked, "domainName"),
		DeploymentID: cmp.Or(textIn(asked, "deploymentId"), ownID(name, answered)),
		Canary:       holds(asked, "canarySettings"),
	}
	if e.EventTime != nil {
		c.At = e.EventTime.UTC()
	}
	if c.APIID == "" && strings.HasSuffix(name, "Api") {
		c.APIID = cmp.Or(textIn(answered, "id"), textIn(answered, "apiId")) // of one that was made
	}
	c.Tool = probe.ToolOfAgent(c.Agent)
	if record.ErrorCode != "" {
		c.Error = strings.TrimSuffix(fmt.Sprintf("%s: %s", record.ErrorCode, record.ErrorMessage), ": ")
	}
	return c, !c.At.IsZero() && (c.APIID != "" || c.Domain != "")
}

// ownID is the id of a deployment that was made.
func ownID(event string, answered map[string]any) string {
	if event != "CreateDeployment" {
		return ""
	}
	return textIn(answered, "id", "deploymentId")
}

// textIn is the text under one of the keys, of an object or of those within it:
// parameters stand beside the body of a call or in it, and the trail spells both
// versions of the service in its own way.
func textIn(o map[string]any, keys ...string) string {
	for _, key := range keys {
		for name, v := range o {
			if s, ok := v.(string); ok && strings.EqualFold(name, key) {
				return s
			}
		}
	}
	for _, v := range o {
		if inner, ok := v.(map[string]any); ok {
			if s := textIn(inner, keys...); s != "" {
				return s
			}
		}
	}
	return ""
}

// holds tells whether a name, or a path of a patch, speaks of something.
func holds(o map[string]any, what string) bool {
	text, err := json.Marshal(o)
	return err == nil && strings.Contains(strings.ToLower(string(text)), strings.ToLower(what))
}
