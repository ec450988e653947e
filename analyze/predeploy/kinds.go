package predeploy

import (
	"cmp"
	"strings"
)

// Kind is what an edit is of.
type Kind string

// Effect is when an edit of a kind takes effect.
type Effect int

// The effects.
const (
	// WithDeployment: only once the API has been deployed.
	WithDeployment Effect = iota
	// WithDeploymentUnseen: likewise, but no caller can tell.
	WithDeploymentUnseen
	// AtOnce: with no deployment at all.
	AtOnce
)

// KindInfo is a row of the table of what needs a deployment.
type KindInfo struct {
	Kind   Kind
	Effect Effect
	Types  []string // as typeKey spells them
}

// EditKinds is the table of what needs a deployment (developer guide, "Updating a
// REST API"; stage settings and variables: "Set up CloudWatch logging for REST
// APIs").
var EditKinds = []KindInfo{
	{"resource", WithDeployment, []string{"apigateway.resource"}},
	{"method", WithDeployment, []string{"apigateway.method"}},
	{"method response", WithDeployment, []string{"apigateway.methodresponse"}},
	{"integration", WithDeployment, []string{"apigateway.integration", "apigatewayv2.integration"}},
	{"integration response", WithDeployment, []string{"apigateway.integrationresponse", "apigatewayv2.integrationresponse"}},
	{"model", WithDeployment, []string{"apigateway.model", "apigatewayv2.model"}},
	{"request validator", WithDeployment, []string{"apigateway.requestvalidator"}},
	{"authorizer", WithDeployment, []string{"apigateway.authorizer", "apigatewayv2.authorizer"}},
	{"gateway response", WithDeployment, []string{"apigateway.gatewayresponse", "apigateway.response"}},
	{"policy", WithDeployment, []string{"apigateway.restapipolicy"}},
	{"binary types", WithDeployment, nil},
	{"endpoint", WithDeployment, nil},
	{"body", WithDeployment, []string{"apigateway.restapiput"}},
	{"API", WithDeployment, []string{"apigateway.restapi", "apigatewayv2.api", "apigatewayv2.apigatewaymanagedoverrides"}},
	{"route", WithDeployment, []string{"apigatewayv2.route"}},
	{"route response", WithDeployment, []string{"apigatewayv2.routeresponse"}},
	{"VPC link", WithDeployment, []string{"apigateway.vpclink", "apigatewayv2.vpclink"}},
	{"API key", WithDeploymentUnseen, []string{"apigateway.apikey"}},
	{"documentation", WithDeploymentUnseen, []string{"apigateway.documentationpart", "apigateway.documentationversion"}},

	{"deployment", AtOnce, []string{"apigateway.deployment", "apigatewayv2.deployment"}},
	{"stage", AtOnce, []string{"apigateway.stage", "apigatewayv2.stage"}},
	{"stage setting", AtOnce, []string{"apigateway.methodsettings"}},
	{"WAF association", AtOnce, []string{"wafv2.webaclassociation", "wafregional.webaclassociation"}},
	{"client certificate", AtOnce, []string{"apigateway.clientcertificate"}},
	{"account", AtOnce, []string{"apigateway.account"}},
	{"domain name", AtOnce, []string{"apigateway.domainname", "apigatewayv2.domainname", "apigateway.domainnamev2", "apigateway.domainnameaccessassociation"}},
	{"mapping", AtOnce, []string{"apigateway.basepathmapping", "apigatewayv2.apimapping", "apigateway.basepathmappingv2", "apigatewayv2.routingrule"}},
	{"usage plan", AtOnce, []string{"apigateway.usageplan", "apigateway.usageplankey"}},
	{"function", AtOnce, []string{"lambda.function", "lambda.version"}},
	{"alias", AtOnce, []string{"lambda.alias"}},
}

var kindOfType = func() map[string]KindInfo {
	out := map[string]KindInfo{}
	for _, k := range EditKinds {
		for _, t := range k.Types {
			out[t] = k
		}
	}
	return out
}()

func effectOf(k Kind) Effect {
	for _, info := range EditKinds {
		if info.Kind == k {
			return info.Effect
		}
	}
	return AtOnce
}

// typeKey spells a resource's type the same for every tool:
// aws_api_gateway_rest_api, AWS::ApiGateway::RestApi and
// aws:apigateway/restApi:RestApi are all apigateway.restapi; "" is a type that
// has nothing to do with API Gateway.
func typeKey(t string) string {
	for _, p := range []struct{ prefix, service string }{
		{"aws_api_gateway_", "apigateway."}, {"aws_apigatewayv2_", "apigatewayv2."}, {"aws_lambda_", "lambda."},
		{"aws_wafv2_", "wafv2."}, {"aws_wafregional_", "wafregional."},
		{"AWS::ApiGateway::", "apigateway."}, {"AWS::ApiGatewayV2::", "apigatewayv2."}, {"AWS::Lambda::", "lambda."}, {"AWS::WAFv2::", "wafv2."},
		{"aws-native:apigateway:", "apigateway."}, {"aws-native:apigatewayv2:", "apigatewayv2."}, {"aws-native:lambda:", "lambda."},
		{"aws:apigateway/", "apigateway."}, {"aws:apigatewayv2/", "apigatewayv2."}, {"aws:lambda/", "lambda."}, {"aws:wafv2/", "wafv2."},
	} {
		rest, ok := strings.CutPrefix(t, p.prefix)
		if !ok {
			continue
		}
		rest, _, _ = strings.Cut(rest, ":") // aws:apigateway/restApi:RestApi
		return p.service + plainName(rest)
	}
	return ""
}

// plainName spells a property or type alike for every tool: rest_api_id,
// RestApiId and restApiId are all restapiid.
func plainName(s string) string { return strings.ToLower(strings.ReplaceAll(s, "_", "")) }

// kindOfProperty is the finer kind of an edit of one property, where the
// property belongs to another row of the table than its resource.
func kindOfProperty(k Kind, property string) Kind { return cmp.Or(finer[k][property], k) }

var finer = map[Kind]map[string]Kind{
	"API": {
		"policy": "policy", "binarymediatypes": "binary types", "endpointconfiguration": "endpoint", "disableexecuteapiendpoint": "endpoint",
		"body": "body", "bodys3location": "body", "definitionuri": "body", "gatewayresponses": "gateway response", "models": "model", "auth": "authorizer",
	},
	"method": {"integration": "integration", "methodresponses": "method response"},
}

// ignored are properties that say nothing about the definition: what the
// service computes, labels, and how the tool imports a body.
var ignored = map[string]bool{
	"id": true, "arn": true, "executionarn": true, "invokeurl": true, "createddate": true, "lastupdateddate": true,
	"rootresourceid": true, "tags": true, "tagsall": true, "region": true, "apiendpoint": true, "apiid": true, "restapiid": true, "restapi": true,
	"failonwarnings": true, "parameters": true, "mode": true, "putrestapimode": true, "clonefrom": true, "version": true, "timeouts": true,
}

// labels are properties of an API itself that no caller sees and no deployment
// needs.
var labels = map[string]bool{"name": true, "description": true}
