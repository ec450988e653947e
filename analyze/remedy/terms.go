package remedy

import "stageprobe/probe"

// Terms is what a tool is told in its own terms: what mends something, whichever tool it is.
type Terms string

// The kinds.
const (
	RedeployTerms  Terms = "redeploy" // a new deployment for an edit that waits
	EndCanaryTerms Terms = "canary"   // a canary that is to go
	RemapTerms     Terms = "mapping"  // a domain that leads to another stage
	SetStageTerms  Terms = "stage"    // a setting of a stage
)

// terms are remedies in the terms of the tool that deploys an API, so that its next
// deployment does not undo them.
var terms = map[string]map[Terms]string{
	probe.ToolTerraform: {
		RedeployTerms:  "hash whole resources, or the OpenAPI body, in triggers.redeployment of aws_api_gateway_deployment, with create_before_destroy; once: terraform apply -replace=ADDRESS of that resource",
		EndCanaryTerms: "take canary_settings out of aws_api_gateway_stage, else the next apply brings the canary back",
		RemapTerms:     "correct stage_name (of HTTP APIs: stage) of aws_api_gateway_base_path_mapping or aws_apigatewayv2_api_mapping and apply",
		SetStageTerms:  "set it in aws_api_gateway_stage or aws_api_gateway_method_settings and apply, else the next apply takes it back",
	},
	probe.ToolPulumi: {
		RedeployTerms:  "name all routes in triggers of aws.apigateway.Deployment; once: pulumi up --replace URN of that resource",
		EndCanaryTerms: "take canarySettings out of aws.apigateway.Stage and run pulumi up",
		RemapTerms:     "correct stageName of aws.apigateway.BasePathMapping and run pulumi up",
		SetStageTerms:  "set it in aws.apigateway.Stage or MethodSettings and run pulumi up",
	},
	probe.ToolCloudFormation: {
		RedeployTerms:  "give AWS::ApiGateway::Deployment a new logical id with every change: the same one is no new snapshot",
		EndCanaryTerms: "take CanarySetting out of AWS::ApiGateway::Stage and update the stack; until then plain deployments to the stage fail",
		RemapTerms:     "correct Stage of AWS::ApiGateway::BasePathMapping and update the stack",
		SetStageTerms:  "set it in AWS::ApiGateway::Stage and update the stack",
	},
	probe.ToolCDK: {
		RedeployTerms:  "call deployment.addToLogicalId with what changed, or keep a Deployment in the stack that owns the routes: those of an imported API are not hashed",
		EndCanaryTerms: "take the canary out of the Stage's construct, or remove one that was set by hand; cdk deploy does not",
		RemapTerms:     "correct the mapping of DomainName (addBasePathMapping, addApiMapping) and run cdk deploy",
		SetStageTerms:  "set it in deployOptions, or of the Stage's construct, and run cdk deploy",
	},
	probe.ToolSAM: {
		RedeployTerms:  "set AlwaysDeploy: true on AWS::Serverless::Api, or change its definition, and run sam deploy: only the text of the definition counts",
		EndCanaryTerms: "take CanarySetting out of AWS::Serverless::Api and run sam deploy",
		RemapTerms:     "correct Domain (BasePath) of AWS::Serverless::Api, or the mapping, and run sam deploy",
		SetStageTerms:  "set it in AWS::Serverless::Api (Variables, MethodSettings) and run sam deploy",
	},
	probe.ToolServerless: {
		RedeployTerms:  "run serverless deploy of the service that owns the API: with a shared apiGateway.restApiId the others do not deploy it",
		EndCanaryTerms: "remove the canary before the next serverless deploy, which a stage with a canary makes fail as a whole",
		RemapTerms:     "correct the stage of the custom domain in serverless.yml and run serverless deploy",
		SetStageTerms:  "set it in serverless.yml (provider.apiGateway, stage variables) and run serverless deploy",
	},
	probe.ToolChalice: {RedeployTerms: "run chalice deploy, which makes a deployment every time"},
	probe.ToolZappa:   {RedeployTerms: "run zappa update STAGE, which deploys the API unless only code is updated"},
}

// InTerms is what mends something in the terms of a tool; ok is false where nothing more
// is known than the commands say.
func InTerms(tool string, kind Terms) (Remedy, bool) {
	text, ok := terms[tool][kind]
	if !ok {
		return Remedy{}, false
	}
	return Remedy{Text: "For good, in " + tool + "'s terms: " + text + "."}, true
}
