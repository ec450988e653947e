package explain

import "testing"

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
