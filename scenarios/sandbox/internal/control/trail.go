package control

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"stageprobe/scenarios/sandbox/internal/cloud"
)

const trailTarget = "CloudTrail_20131101."

// ServesTrail reports whether a request speaks to CloudTrail.
func ServesTrail(r *http.Request) bool {
	target := r.Header.Get("X-Amz-Target")
	return strings.HasPrefix(target, trailTarget) || strings.Contains(target, ".CloudTrail_20131101.")
}

// ServeTrail answers CloudTrail's LookupEvents.
func (p *Plane) ServeTrail(w http.ResponseWriter, r *http.Request) {
	target := r.Header.Get("X-Amz-Target")
	name := target[strings.LastIndex(target, ".")+1:]
	status := p.trail(w, r, name)
	p.onCall(Call{"cloudtrail", name, "cloudtrail:" + name, "*", status})
}

func (p *Plane) trail(w http.ResponseWriter, r *http.Request, name string) int {
	if slices.Contains(p.cloud.World.Control.Denied, "cloudtrail:"+name) || !p.permits("cloudtrail:"+name, "*") {
		return writeTrailFailure(w, "AccessDeniedException", "User: arn:"+p.cloud.Partition+":iam::"+p.cloud.Account+
			":user/stageprobe is not authorized to perform: cloudtrail:"+name+" because no identity-based policy allows the cloudtrail:"+name+" action")
	}
	if name != "LookupEvents" {
		return writeTrailFailure(w, "UnknownOperationException", "The operation "+name+" is not served here")
	}
	var in lookup
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err == nil {
		err = json.Unmarshal(body, &in)
	}
	if err != nil {
		return writeTrailFailure(w, "SerializationException", "Invalid request input")
	}
	p.cloud.RLock()
	defer p.cloud.RUnlock()
	out, err := in.run(p.cloud)
	if err != nil {
		return writeTrailFailure(w, "InvalidNextTokenException", "Invalid token")
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	_ = json.NewEncoder(w).Encode(out)
	return http.StatusOK
}

func writeTrailFailure(w http.ResponseWriter, code, message string) int {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(http.StatusBadRequest)
	_ = json.NewEncoder(w).Encode(doc{"__type": code, "message": message})
	return http.StatusBadRequest
}

// lookup is the input of LookupEvents.
type lookup struct {
	LookupAttributes   []struct{ AttributeKey, AttributeValue string }
	StartTime, EndTime float64 // epoch seconds
	MaxResults         int
	NextToken          string
}

// run lists the matching events, the newest first, as the service does.
func (in *lookup) run(c *cloud.Cloud) (doc, error) {
	var items []doc
	for i := range c.World.Control.TrailReads {
		e := cloud.Edit{
			ID: "read-" + itoa(i), API: c.World.APIs[i%len(c.World.APIs)].ID, Event: "GetIntegration", Who: "refresher",
			At: c.Now().Add(-time.Duration(i) * time.Second), Agent: "APN/1.0 HashiCorp/1.0 Terraform/1.9.5",
		}
		if in.matches(e, "true") {
			items = append(items, trailEvent(c, e, true))
		}
	}
	for _, e := range slices.Backward(c.Trail) {
		if in.matches(e, "false") {
			items = append(items, trailEvent(c, e, false))
		}
	}
	size := in.MaxResults
	if size <= 0 || size > 50 {
		size = 50
	}
	cut, next, err := page(items, in.NextToken, itoa(size))
	if err != nil {
		return nil, err
	}
	if cut == nil {
		cut = []doc{}
	}
	out := compact(doc{"NextToken": next})
	out["Events"] = cut
	return out, nil
}

func (in *lookup) matches(e cloud.Edit, readOnly string) bool {
	at := float64(e.At.UnixNano()) / float64(time.Second)
	if in.StartTime > 0 && at < in.StartTime || in.EndTime > 0 && at > in.EndTime {
		return false
	}
	for _, a := range in.LookupAttributes {
		values := map[string]string{
			"EventSource": "apigateway.amazonaws.com", "EventName": e.Event, "Username": e.Who, "ResourceName": e.API,
			"EventId": e.ID, "ReadOnly": readOnly,
		}
		if values[a.AttributeKey] != a.AttributeValue {
			return false
		}
	}
	return true
}

func trailEvent(c *cloud.Cloud, e cloud.Edit, readOnly bool) doc {
	record, _ := json.Marshal(compact(doc{
		"eventVersion": "1.08", "eventTime": e.At.UTC().Format(time.RFC3339), "eventSource": "apigateway.amazonaws.com",
		"eventName": e.Event, "awsRegion": c.Region, "readOnly": readOnly, "errorCode": e.Error, "userAgent": e.Agent, "eventID": e.ID, "recipientAccountId": c.Account,
		"userIdentity": doc{
			"type": "IAMUser", "userName": e.Who, "accountId": c.Account, "arn": "arn:" + c.Partition + ":iam::" + c.Account + ":user/" + e.Who,
		},
		"requestParameters": compact(doc{"restApiId": e.API, "stageName": e.Stage, "domainName": e.Domain}),
	}))
	return compact(doc{
		"EventId": e.ID, "EventName": e.Event, "EventSource": "apigateway.amazonaws.com", "ReadOnly": strconv.FormatBool(readOnly),
		"EventTime": e.At.Unix(), "Username": e.Who, "CloudTrailEvent": string(record),
		"Resources": []doc{{"ResourceType": "AWS::ApiGateway::RestApi", "ResourceName": e.API}},
	})
}
