package remedy

import (
	"strings"
	"testing"

	"stageprobe/probe"
	"stageprobe/probe/failure"
)

// A remedy holds what the log tells, and says in capitals what it does not.
func TestFailure(t *testing.T) {
	for _, c := range []struct {
		line string
		rec  probe.LogRecord
		want string
	}{
		{"Invalid permissions on Lambda function", probe.LogRecord{
			APIID: "abc123", Template: "GET /orders/{id}",
			IntegrationURI: "https://lambda.eu-west-1.amazonaws.com/2015-03-31/functions/arn:aws:lambda:eu-west-1:123456789012:function:orders:prod/invocations",
		}, "aws lambda add-permission --function-name arn:aws:lambda:eu-west-1:123456789012:function:orders:prod --statement-id stageprobe-abc123 " +
			"--action lambda:InvokeFunction --principal apigateway.amazonaws.com --source-arn 'arn:aws:execute-api:eu-west-1:123456789012:abc123/*/GET/orders/*' --region eu-west-1"},
		{"Invalid permissions on Lambda function", probe.LogRecord{}, "--function-name FUNCTION --statement-id stageprobe-API_ID --action lambda:InvokeFunction --principal apigateway.amazonaws.com --source-arn 'arn:aws:execute-api:REGION:ACCOUNT_ID:API_ID/*/*/*'"},
		{"Invalid permissions on Lambda function", probe.LogRecord{APIKind: probe.HTTP, APIID: "abc123", Template: "$default"}, ":abc123/*/*/*'"},
		{"API Gateway does not have permission to assume the provided role arn:aws:iam::123456789012:role/service/gateway", probe.LogRecord{}, "--role-name gateway "},
		{"Unable to parse statusCode. It should be an integer", probe.LogRecord{APIID: "abc123", Method: "OPTIONS"}, "--rest-api-id abc123 --resource-id RESOURCE_ID --http-method OPTIONS"},
		{"Output mapping refers to an invalid method response: 201", probe.LogRecord{}, "--status-code 201"},
		{"Key throttle limit exceeded for Usage Plan ID nnpegc, RestApi rohkz08x02, Stage dev, Resource f646q2, HttpMethod GET. Limit: 5.00 Burst: 10", probe.LogRecord{}, "--usage-plan-id nnpegc --patch-operations op=replace,path=/throttle/rateLimit,value=RATE"},
		{"Rate limit exceeded", probe.LogRecord{APIID: "abc123", Stage: "prod", Template: "GET /orders/{id}"}, "/~1orders~1{id}/GET/throttling/rateLimit"},
	} {
		f, ok := failure.Read(c.line)
		if !ok {
			t.Fatal(c.line)
		}
		var all []string
		for _, r := range Failure(&f, PlaceOf(&c.rec)) {
			all = append(all, r.Command)
		}
		if !strings.Contains(strings.Join(all, "\n"), c.want) {
			t.Errorf("%s: %q, want %s", c.line, all, c.want)
		}
	}
}

// Every cause whose line the table knows has a remedy that names no limit of its
// own making.
func TestFailureProposesNoLimit(t *testing.T) {
	for _, line := range []string{
		"Key throttle limit exceeded for RestApi a1b2c3d4e5, Stage p, Resource r, HttpMethod GET. Limit: 1.00 Burst: 1",
		"Rate limit exceeded", "Usage Plan quota limit exceeded", "Account throttle limit exceeded",
	} {
		f, _ := failure.Read(line)
		got := Failure(&f, Place{})
		if len(got) == 0 {
			t.Errorf("%s: none", line)
		}
		for _, r := range got {
			for _, part := range strings.Split(r.Command, "value=")[1:] {
				if part[0] < 'A' || part[0] > 'Z' {
					t.Errorf("%s: %s", line, r.Command)
				}
			}
		}
	}
}
