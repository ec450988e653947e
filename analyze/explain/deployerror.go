package explain

import "stageprobe/probe/lazyregexp"

// deployError is one error with which deployments fail, in the service's own
// words, which every tool passes on. $1 in a text is what the first group of the
// words matched, STAGE where it matched nothing.
type deployError struct {
	words lazyregexp.Regexp
	cause string
	why   string
	apart string
	run   string
}

const (
	removeCanary = "aws apigateway update-stage --rest-api-id API_ID --stage-name $1 --patch-operations op=remove,path=/canarySettings"
	showCanary   = "aws apigateway get-stage --rest-api-id API_ID --stage-name $1 --query canarySettings"
)

// deployErrors are tried in order; the sources of the first are
// serverless/serverless#11518 and hashicorp/terraform-provider-aws#10105.
var deployErrors = []deployError{
	{lazyregexp.New(`Non canary deployment not supported on stage ([A-Za-z0-9_$-]+) because Canary is enabled|Non canary deployment not supported`), "stale-canary",
		"the stage has a canary that nobody promoted or removed, and API Gateway refuses every deployment without canary settings as long as it is there: the stage keeps its old behaviour, and the tool rolls back",
		showCanary + ": which deployment and share does it have? Promote it, or remove it (everybody then gets the stage's own deployment), and deploy again.", removeCanary},
	{lazyregexp.New(`Stage ([A-Za-z0-9_$-]+) must already be created before making a canary release deployment`), "stale-deployment",
		"a deployment with canary settings needs a stage that runs one already, and this one is not there: nothing was deployed",
		"aws apigateway get-stages: make the stage with a plain deployment first.", "aws apigateway create-deployment --rest-api-id API_ID --stage-name $1"},
	{lazyregexp.New(`Active stages pointing to this deployment must be moved or deleted`), "stale-deployment",
		"the tool deletes a deployment that a stage still runs, before it has made the new one: nothing was deployed",
		"Terraform: lifecycle { create_before_destroy = true } on aws_api_gateway_deployment; else move the stage first: aws apigateway update-stage --patch-operations op=replace,path=/deploymentId,value=NEW.", ""},
	{lazyregexp.New(`The REST API doesn't contain any methods`), "stale-deployment",
		"the deployment was made before the API's methods were: nothing is deployed",
		"The deployment must depend on methods and integrations (Terraform: depends_on and triggers; CloudFormation: DependsOn).", ""},
	{lazyregexp.New(`No integration defined for method`), "stale-deployment",
		"the deployment was made before the integration of a method was, or a method has none: nothing is deployed",
		"aws apigateway get-resources --rest-api-id API_ID --embed methods: which method has no methodIntegration? The deployment must depend on the integrations.", ""},
	{lazyregexp.New(`CloudWatch Logs role ARN must be set in account settings`), "stage-config-drift",
		"the account has no role with which API Gateway may write logs in this region, so that a stage with logging is refused and keeps its old settings",
		"aws apigateway get-account: cloudwatchRoleArn. It is set once per account and region.", "aws apigateway update-account --patch-operations op=replace,path=/cloudwatchRoleArn,value=ROLE_ARN"},
	{lazyregexp.New(`Private REST API doesn't have a resource policy attached`), "access-denied",
		"a private API is deployed only with a resource policy",
		"aws apigateway get-rest-api --rest-api-id API_ID: policy.", ""},
	{lazyregexp.New(`(?i)VPC ?Link[^\n]{0,120}(?:not (?:in )?(?:the )?AVAILABLE|is deleting|DELETING|PENDING|not found|does not exist|invalid)|Invalid Vpc link`), "integration-error",
		"an integration names a VPC link that is not available: a deployment waits for one that is pending and fails for one that is being deleted or gone",
		"aws apigateway get-vpc-links: status, statusMessage.", ""},
	{lazyregexp.New(`Unable to deploy API because no routes exist|no routes exist in this API`), "auto-deploy-failed",
		"the HTTP API has no route, so that its deployment fails and the stage keeps what it served",
		"aws apigatewayv2 get-routes; aws apigatewayv2 get-stage: lastDeploymentStatusMessage.", ""},
	{lazyregexp.New(`Deployment attempt failed|Unable to deploy API`), "auto-deploy-failed",
		"the HTTP API's deployment failed, and the stage keeps what it served",
		"aws apigatewayv2 get-stage: lastDeploymentStatusMessage names the route or integration.", ""},
	{lazyregexp.New(`Invalid mapping expression (?:parameter )?specified`), "integration-error",
		"a parameter mapping names a request parameter that its method does not declare, such as a variable that the resource's path lacks: the integration was refused, and nothing was deployed after it",
		"aws apigateway get-method: requestParameters must hold what the integration's requestParameters name, such as method.request.path.id for a resource /x/{id}.", ""},
	{lazyregexp.New(`domain name you provided already exists`), "unmapped-target",
		"the custom domain is there already, made by another stack or tool, or in another account or region: this run neither made nor mapped it",
		"aws apigateway get-domain-names and get-base-path-mappings, in every account and region that may hold it: import it, or let one tool own it.", ""},
	{lazyregexp.New(`(?i)canary (?:stage )?settings (?:are )?(?:not allowed|invalid|can ?not be)`), "stale-deployment",
		"the call carries canary settings that this stage or call does not take: nothing was deployed",
		"A canary needs a stage that runs a deployment already: make it with a plain deployment, and the canary with the next.", ""},
	{lazyregexp.New(`Unable to complete operation due to concurrent modification`), "stale-deployment",
		"two changes of one API met, and the control plane refused this one: what came after it did not happen",
		"Run it again; let one pipeline at a time change the API, and the resources of one stack wait for each other (depends_on, DependsOn).", ""},
	{lazyregexp.New(`AWS ARN for integration must contain path or action`), "integration-error",
		"the integration's URI is a function's own ARN and none that API Gateway calls: the integration was refused",
		"The URI is arn:aws:apigateway:REGION:lambda:path/2015-03-31/functions/FUNCTION_ARN/invocations (Terraform: invoke_arn).", ""},
	{lazyregexp.New(`Invalid HTTP endpoint specified for URI`), "integration-error",
		"the integration's URI is no http or https URL, often for a value in it was empty: the integration was refused",
		"What the tool made of the URI: a stage variable stands in it as ${stageVariables.NAME}.", ""},
	{lazyregexp.New(`A sibling \([^)\n]*\) of this resource already has a variable path part`), "stale-deployment",
		"two resources of one parent have a variable path part of different names, and API Gateway takes one: nothing was deployed",
		"aws apigateway get-resources: name the variable alike in both paths.", ""},
	{lazyregexp.New(`Another resource with the same parent already has this name|Method already exists for this resource`), "stale-deployment",
		"the resource or method is there already, made by another tool or stack, or by hand: nothing was deployed",
		"aws apigateway get-resources: import it, or delete the one that nobody owns.", ""},
	{lazyregexp.New(`Unable to (?:put|import) REST API due to (?:the following )?errors? in|Invalid OpenAPI input|Errors found during import`), "stale-deployment",
		"API Gateway refused the document: the editor keeps what it held, and nothing was deployed",
		"The sentences that follow in the error name each path and method.", ""},
	{lazyregexp.New(`Stage already exists`), "stale-deployment",
		"the stage is there already, made by another tool or stack: nothing was deployed to it by this run",
		"aws apigateway get-stages: who made it (tags)? Import it, or let one tool own it.", ""},
	{lazyregexp.New(`Resource of type 'AWS::(?:ApiGateway|ApiGatewayV2)::[A-Za-z]+' with identifier '[^'\n]{1,120}' already exists`), "stale-deployment",
		"the resource is there already, made by another stack or tool, or by hand, and this one does not take it over: nothing was deployed",
		"aws apigateway get-stages, get-base-path-mappings or get-resources: who made it (tags)? Import it into the stack (aws cloudformation create-change-set --change-set-type IMPORT), or let one tool own it.", ""},
	{lazyregexp.New(`[Tt]imeout should be between 50 ?ms and \d+ ?ms`), "integration-error",
		"the integration's timeout is longer than the account allows, 29 s unless raised: the integration was refused, and nothing was deployed after it",
		"Service Quotas, Amazon API Gateway, maximum integration timeout in milliseconds: it can be raised for regional and private REST APIs.", ""},
	{lazyregexp.New(`Invalid lambda function`), "integration-error",
		"the integration's URI names no function that is there: a name or ARN that is empty or wrong, another region, or a function not made yet; the integration was refused, and nothing was deployed after it",
		"aws lambda get-function --function-name …; the integration must depend on the function.", ""},
	{lazyregexp.New(`(?:AddPermission|Lambda Permission|AWS::Lambda::Permission)[^\n]{0,400}at 'functionName' failed to satisfy constraint`), "integration-error",
		"Lambda refuses the function's name that the tool made: a part of it is empty, such as the alias or version after the last colon, so that the permission to invoke it was not given",
		"What the tool made of name, alias and qualifier: an alias that is made later, a variable or output that is empty. The function's qualifier belongs in its own argument.", ""},
	{lazyregexp.New(`BlockedForRoutingRules`), "unmapped-target",
		"a deny on base path mappings in the account's past blocks routing rules for its domains",
		"The developer guide's page on troubleshooting routing rules; a support case lifts it.", ""},
	{lazyregexp.New(`[Bb]ase path already exists (?:for|on) this domain`), "wrong-stage",
		"the domain's base path leads somewhere already, and goes on leading there",
		"aws apigateway get-base-path-mappings --domain-name NAME: to which API and stage?", ""},
	{lazyregexp.New(`is not authorized to perform: apigateway:[A-Z][A-Za-z]*[^\n]{0,120}`), "stale-deployment",
		"whoever deploys may not make this call of the control plane: the change, or the deployment, did not happen",
		"aws iam simulate-principal-policy with the action and the resource of the message; aws apigateway get-deployments shows what is there.", ""},
	{lazyregexp.New(`[Dd]eployment id does not exist|Invalid [Dd]eployment id`), "stale-deployment",
		"the stage was to run a deployment that is not there, and keeps the one that it runs",
		"aws apigateway get-deployments: which are there? Was it deleted, or is it another API's?", ""},
	{lazyregexp.New(`Invalid stage identifier specified|Invalid (?:REST )?API identifier specified|Invalid API identifier specified`), "unmapped-target",
		"no API or stage of that id is there in this account and region",
		"aws apigateway get-rest-apis and aws apigatewayv2 get-apis: REST and HTTP APIs stand in different lists; mind the region.", ""},
	{lazyregexp.New(`Invalid [Dd]eployment (?:identifier|content) specified`), "stale-deployment",
		"API Gateway refused the deployment: the stage keeps what it runs",
		"The sentence that follows in the error; aws apigateway get-deployments.", ""},
	{lazyregexp.New(`provided certificate does not exist|[Ii]nvalid certificate ARN|[Cc]ertificate [^\n]{0,120}must be in us-east-1`), "unmapped-target",
		"the certificate of the custom domain is not there: an edge-optimised domain takes one of us-east-1, a regional one that of its own region; the domain was not made, or keeps its old certificate",
		"aws acm list-certificates --region REGION; aws apigateway get-domain-names.", ""},
	{lazyregexp.New(`Invalid (?:Resource|Method|Integration|Authorizer|Model|Request [Vv]alidator) identifier specified`), "stale-deployment",
		"the tool names a resource, method or integration of the API that is not there, deleted by hand or by another tool: nothing was deployed",
		"aws apigateway get-resources --rest-api-id API_ID --embed methods, against what the tool's state holds.", ""},
	{lazyregexp.New(`Too Many Requests \(Service: (?:Amazon)?ApiGateway|(?:CreateDeployment|UpdateStage|PutRestApi|CreateRestApi|UpdateRestApi|API Gateway)[^\n]{0,160}TooManyRequestsException|(?:An error occurred \()?TooManyRequestsException[^\n]{0,160}(?:CreateDeployment|UpdateStage|PutRestApi|CreateRestApi|UpdateRestApi)[^\n]{0,160}`), "stale-deployment",
		"the control plane's own quota refused the call (CreateDeployment: one in five seconds, UpdateRestApi and the like: a few per minute): this deployment did not happen",
		"Run the deployment again with fewer parallel stacks or calls; aws apigateway get-deployments shows whether a new one is there.", ""},
	{lazyregexp.New(`Role arn does not have required permissions configured`), "integration-error",
		"the role of an integration does not trust API Gateway",
		"aws iam get-role on the integration's credentials: the trust policy must name apigateway.amazonaws.com.", ""},
	{lazyregexp.New(`(?:policy length exceeds|The final policy size \(\d+\) is bigger than the limit)[^\n]{0,80}`), "integration-error",
		"the function's policy is full: one statement per route; the new route's permission was not added",
		"aws lambda get-policy; one statement with a wildcard source ARN replaces those per route.", ""},
}

// tools tell by their own words which tool deployed, in order.
var tools = []struct {
	name  string
	words lazyregexp.Regexp
	again string // how it deploys
}{
	{"Terraform", lazyregexp.New(`aws_api_gateway_|aws_apigatewayv2_|Error: (?:creating|updating|deleting|reading) API Gateway|terraform|on [\w./-]+\.tf line`), "terraform apply"},
	{"Pulumi", lazyregexp.New(`(?i)pulumi|aws:apigateway/|urn:pulumi`), "pulumi up"},
	{"Serverless Framework", lazyregexp.New(`ApiGatewayDeployment\d|(?i:serverless)|\bsls\b`), "serverless deploy"},
	{"CDK", lazyregexp.New(`(?i)\bcdk\b|Deployment[0-9A-Fa-f]{32}|AWS::CDK`), "cdk deploy"},
	{"SAM", lazyregexp.New(`(?i)\bsam (?:deploy|sync)|ServerlessRestApi|Deployment[0-9a-f]{10}\b`), "sam deploy"},
	{"Chalice", lazyregexp.New(`(?i)chalice`), "chalice deploy"},
	{"Zappa", lazyregexp.New(`(?i)zappa`), "zappa update"},
	{"CloudFormation", lazyregexp.New(`Resource handler returned message|(?:CREATE|UPDATE)_FAILED|AWS::ApiGateway|RequestToken:`), "aws cloudformation deploy, or the update of the stack"},
	{"AWS CLI or an SDK", lazyregexp.New(`An error occurred \(\w+\) when calling the|botocore|\(Service: (?:Amazon)?ApiGateway`), ""},
}
