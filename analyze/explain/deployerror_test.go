package explain

import (
	"strings"
	"testing"
)

// The errors with which the control plane refuses, in the words that tools pass on, lead to
// a cause; what only sounds like one does not.
func TestDeploymentErrors(t *testing.T) {
	for said, want := range map[string]string{
		"An error occurred (BadRequestException) when calling the PutIntegration operation: Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression parameter specified: method.request.path.id]": "integration-error",
		"Error: creating API Gateway Domain Name (api.example.com): BadRequestException: The domain name you provided already exists.":                                                                                                                 "unmapped-target",
		"An error occurred (BadRequestException) when calling the CreateDeployment operation: Canary stage settings are not allowed on a new stage":                                                                                                    "stale-deployment",
		"CREATE_FAILED AWS::ApiGateway::Deployment No integration defined for method (Service: ApiGateway, Status Code: 400)":                                                                                                                          "stale-deployment",
		"CREATE_FAILED AWS::ApiGateway::Deployment The REST API doesn't contain any methods":                                                                                                                                                           "stale-deployment",
		"Error: deleting API Gateway Deployment: BadRequestException: Active stages pointing to this deployment must be moved or deleted":                                                                                                              "stale-deployment",
		"ConflictException: Stage already exists": "stale-deployment",
		"ConflictException: Unable to complete operation due to concurrent modification. Please try again later.":                                          "stale-deployment",
		"BadRequestException: AWS ARN for integration must contain path or action":                                                                         "integration-error",
		"BadRequestException: Invalid HTTP endpoint specified for URI":                                                                                     "integration-error",
		"BadRequestException: A sibling ({id}) of this resource already has a variable path part -- only one unique variable path part is allowed":         "stale-deployment",
		"ConflictException: Another resource with the same parent already has this name: orders":                                                           "stale-deployment",
		"CREATE_FAILED AWS::ApiGateway::Stage Resource of type 'AWS::ApiGateway::Stage' with identifier 'abc123|prod' already exists.":                     "stale-deployment",
		"BadRequestException: Timeout should be between 50 ms and 29000 ms":                                                                                "integration-error",
		"Error: creating API Gateway Integration (agi-abc-GET): operation error API Gateway: PutIntegration, BadRequestException: Invalid lambda function": "integration-error",
		"Error: adding Lambda Permission (arn:aws:lambda:us-east-1:123456789012:function:orders:/Allow): operation error Lambda: AddPermission, api error ValidationException: 1 validation error detected: Value 'arn:aws:lambda:us-east-1:123456789012:function:orders:' at 'functionName' failed to satisfy constraint": "integration-error",
		"Resource handler returned message: \"Too Many Requests (Service: ApiGateway, Status Code: 429, Request ID: 1)\"":    "stale-deployment",
		"Invalid Resource identifier specified (Service: AmazonApiGateway; Status Code: 404; Error Code: NotFoundException)": "stale-deployment",
		"BadRequestException: The provided certificate does not exist.":                                                      "unmapped-target",
	} {
		doc, err := Explain([]byte(said), Options{})
		if err != nil || doc.Kind != KindDeployment || len(doc.Notices) != 1 || doc.Notices[0].Candidates[0].Cause != want {
			t.Errorf("%s: %+v, %v", said, doc, err)
		}
	}
	for _, said := range []string{"the canary sings in the morning", "concurrent modification of a list", "the stage is already there"} {
		if doc, err := Explain([]byte(said), Options{}); err == nil && doc.Kind == KindDeployment {
			t.Errorf("%q is taken for the error of a deployment: %+v", said, doc.Notices)
		}
	}
}

// Of several errors each kind is told once, with how often it came, when and for what: in
// Terraform's log, and in a stack's events as the AWS CLI prints them. A tool that says an
// error again has not met it twice.
func TestSeveralDeploymentErrors(t *testing.T) {
	const (
		role    = "CloudWatch Logs role ARN must be set in account settings to enable logging"
		methods = "The REST API doesn't contain any methods"
	)
	terraform := func(n, id, of, says string) string {
		return "2026-05-29T07:12:3" + n + ".100Z runner: \n╷\n│ Error: creating API Gateway: operation error API Gateway, https response error StatusCode: 400, RequestID: " + id +
			", BadRequestException: " + says + "\n│\n│   with " + of + ",\n│   on main.tf line 40\n╵\n"
	}
	event := func(n, of, kind, status, says string) string {
		return `{"StackName":"shop","LogicalResourceId":"` + of + `","ResourceType":"` + kind + `","Timestamp":"2026-05-29T07:12:3` + n + `.100000+00:00","ResourceStatus":"` + status + `","ResourceStatusReason":"` + says + `"}`
	}
	const one, two, three = "1f0b7c3e-9a35-4a8c-8f05-1c5ce2f8a3d1", "2f0b7c3e-9a35-4a8c-8f05-1c5ce2f8a3d1", "3f0b7c3e-9a35-4a8c-8f05-1c5ce2f8a3d1"
	prod := terraform("1", one, "aws_api_gateway_stage.prod", role)
	stage := event("1", "ProdStage", "AWS::ApiGateway::Stage", "CREATE_FAILED", role+" (Request ID: "+one+")")
	events := func(list ...string) string { return `{"StackEvents":[` + strings.Join(list, ",") + "]}" }
	for name, c := range map[string]struct {
		input string
		want  []string // of each notice
	}{
		"once":         {prod, []string{role[:20] + "|For aws_api_gateway_stage.prod"}},
		"said again":   {prod + prod, []string{role[:20] + "|For aws_api_gateway_stage.prod"}},
		"twice":        {prod + terraform("4", two, "aws_api_gateway_stage.dev", role), []string{"2 times, from 2026-05-29 07:12:31 to 07:12:34 UTC|aws_api_gateway_stage.prod and aws_api_gateway_stage.dev"}},
		"two kinds":    {prod + terraform("4", two, "aws_api_gateway_stage.dev", role) + terraform("5", three, "module.api.aws_api_gateway_deployment.this", methods), []string{methods + "|For module.api.aws_api_gateway_deployment.this", "2 times"}},
		"a stack":      {events(event("3", "shop", "AWS::CloudFormation::Stack", "ROLLBACK_IN_PROGRESS", "The following resource(s) failed to create: [ProdStage]."), stage), []string{role[:20] + "|For ProdStage"}},
		"two of one":   {events(event("2", "DevStage", "AWS::ApiGateway::Stage", "CREATE_FAILED", role+" (Request ID: "+two+")"), stage, event("3", "Deployment", "AWS::ApiGateway::Deployment", "CREATE_FAILED", methods)), []string{methods + "|For Deployment", "2 times, from 2026-05-29 07:12:31 to 07:12:32 UTC|ProdStage and DevStage"}},
		"none known":   {events(event("2", "Table", "AWS::DynamoDB::Table", "CREATE_FAILED", "no room")), []string{"AWS::DynamoDB::Table CREATE_FAILED no room|None of these failures is one that is known"}},
		"none at all":  {events(event("2", "Table", "AWS::DynamoDB::Table", "CREATE_COMPLETE", "")), []string{"None of them is a failure"}},
		"nothing else": {"[]", nil},
	} {
		doc, err := Explain([]byte(c.input), Options{})
		if c.want == nil {
			if err == nil {
				t.Errorf("%s: %+v", name, doc)
			}
			continue
		}
		if err != nil || doc.Kind != KindDeployment || len(doc.Notices) != len(c.want) {
			t.Errorf("%s: %+v, %v", name, doc, err)
			continue
		}
		for i, want := range c.want {
			said := strings.Join(doc.Notices[i].Says, " ")
			for part := range strings.SplitSeq(want, "|") {
				if !strings.Contains(said, part) {
					t.Errorf("%s: %q is not said: %s", name, part, said)
				}
			}
			if strings.Contains(said, "times") != strings.Contains(want, "times") {
				t.Errorf("%s: %s", name, said)
			}
		}
	}
}
