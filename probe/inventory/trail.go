package inventory

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
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
	trailPages = 20
)

var errTrailCut = errors.New("older events were not read")

// edits finds the last change of each API's definition. Newest events come
// first, so that the first one that fits is the last one made.
func (rd *reading) edits(ctx context.Context, apis []probe.API) []probe.Edit {
	if rd.Trail == nil || len(apis) == 0 {
		return nil
	}
	q := question{op: "LookupEvents", subject: "region " + rd.Region, path: "*",
		costs: "when the APIs were last edited, and by whom, is unknown"}
	limiter := rate.NewLimiter(trailRate, trailRate)
	last := map[string]probe.Edit{}
	in := &cloudtrail.LookupEventsInput{LookupAttributes: []types.LookupAttribute{{
		AttributeKey: types.LookupAttributeKeyEventSource, AttributeValue: aws.String("apigateway.amazonaws.com"),
	}}}
	for page := 0; len(last) < len(apis); page++ {
		if page == trailPages {
			rd.gap(q, fmt.Errorf("the newest %d events hold no edit of %d of %d APIs: %w", trailPages*50, len(apis)-len(last), len(apis), errTrailCut))
			break
		}
		if limiter.Wait(ctx) != nil {
			break
		}
		out, err := ask(ctx, rd, q, func(ctx context.Context) (*cloudtrail.LookupEventsOutput, error) {
			return rd.Trail.LookupEvents(ctx, in, func(o *cloudtrail.Options) { o.Retryer = aws.NopRetryer{} })
		})
		if err != nil {
			break
		}
		keepLast(last, out.Events, apis)
		if aws.ToString(out.NextToken) == "" {
			break
		}
		in.NextToken = out.NextToken
	}
	list := make([]probe.Edit, 0, len(last))
	for _, e := range last {
		list = append(list, e)
	}
	slices.SortFunc(list, func(a, b probe.Edit) int { return cmp.Compare(a.APIID, b.APIID) })
	return list
}

func keepLast(last map[string]probe.Edit, events []types.Event, apis []probe.API) {
	for _, e := range events {
		edit, ok := editOf(e)
		if !ok || !slices.ContainsFunc(apis, func(a probe.API) bool { return a.ID == edit.APIID }) {
			continue
		}
		if known, ok := last[edit.APIID]; !ok || edit.At.After(known.At) {
			last[edit.APIID] = edit
		}
	}
}

// editOf reads one event; false where it changed no definition, or failed.
func editOf(e types.Event) (probe.Edit, bool) {
	name := aws.ToString(e.EventName)
	if needs, known := probe.NeedsDeployment(name); !known || !needs {
		return probe.Edit{}, false
	}
	var record struct {
		EventTime         time.Time `json:"eventTime"`
		ErrorCode         string    `json:"errorCode"`
		RequestParameters struct {
			RestAPIID string `json:"restApiId"`
			APIID     string `json:"apiId"`
		} `json:"requestParameters"`
		UserIdentity struct {
			ARN string `json:"arn"`
		} `json:"userIdentity"`
	}
	if json.Unmarshal([]byte(aws.ToString(e.CloudTrailEvent)), &record) != nil || record.ErrorCode != "" {
		return probe.Edit{}, false
	}
	edit := probe.Edit{
		APIID: cmp.Or(record.RequestParameters.RestAPIID, record.RequestParameters.APIID), Event: name,
		Who: cmp.Or(aws.ToString(e.Username), record.UserIdentity.ARN), At: record.EventTime.UTC(),
	}
	if e.EventTime != nil {
		edit.At = e.EventTime.UTC()
	}
	return edit, edit.APIID != "" && !edit.At.IsZero()
}
