package probe

import "strings"

// NeedsDeployment tells whether what a CloudTrail event of API Gateway changed
// takes effect only with a deployment; known is false for an event that it
// does not know (developer guide, "Update a REST API").
func NeedsDeployment(event string) (needs, known bool) {
	verb, noun := splitEvent(event)
	if verb == "" {
		return false, false
	}
	needs, known = definitionNouns[noun]
	return needs, known
}

// splitEvent takes a CloudTrail event name apart: "PutIntegration" is Put and
// Integration.
func splitEvent(event string) (verb, noun string) {
	for _, v := range []string{"Create", "Update", "Put", "Delete", "Import", "Reimport", "Test", "Flush", "Tag", "Untag", "Reset"} {
		if rest, ok := strings.CutPrefix(event, v); ok && rest != "" {
			return v, strings.TrimSuffix(rest, "2") // some trails number a second version of a call
		}
	}
	return "", ""
}

// definitionNouns holds what control-plane writes act on: true is part of the
// snapshot that a deployment freezes, false acts at once.
var definitionNouns = map[string]bool{
	"Resource": true, "Method": true, "MethodResponse": true, "Integration": true, "IntegrationResponse": true,
	"Model": true, "RequestValidator": true, "Authorizer": true, "GatewayResponse": true, "RestApi": true,
	"VpcLink": true, "ApiKey": true, "DocumentationPart": true, "DocumentationVersion": true,
	"Api": true, "Route": true, "RouteResponse": true, "RouteRequestParameter": true, "CorsConfiguration": true,

	"Deployment": false, "Stage": false, "StageCache": false, "StageAuthorizersCache": false, "AuthorizersCache": false,
	"AccessLogSettings": false, "RouteSettings": false, "ClientCertificate": false,
	"DomainName": false, "BasePathMapping": false, "ApiMapping": false, "RoutingRule": false, "DomainNameAccessAssociation": false,
	"Account": false, "UsagePlan": false, "UsagePlanKey": false, "Usage": false,
}
