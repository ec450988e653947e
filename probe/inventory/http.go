package inventory

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"

	"stageprobe/probe"
)

// httpReading reads HTTP APIs.
type httpReading struct{ *reading }

func (rd httpReading) listHTTP(ctx context.Context) []probe.API {
	q := question{op: "GetApis", subject: "region " + rd.Region, path: "/apis", costs: "HTTP APIs that no one named are missing"}
	list, _ := pages(ctx, rd.reading, q, paged(func(ctx context.Context, token *string) (*apigatewayv2.GetApisOutput, error) {
		return rd.HTTP.GetApis(ctx, &apigatewayv2.GetApisInput{NextToken: token}, onceHTTP)
	}, func(out *apigatewayv2.GetApisOutput) ([]types.Api, *string) { return out.Items, out.NextToken }))
	var apis []probe.API
	for _, a := range list {
		if a.ProtocolType != types.ProtocolTypeWebsocket {
			apis = append(apis, httpAPI(a))
		}
	}
	return apis
}

func (rd httpReading) identifyHTTP(ctx context.Context, api *probe.API) bool {
	q := question{op: "GetApi", subject: "API " + api.ID, path: "/apis/" + api.ID,
		costs: "nothing is known of this API's stages and deployments: no REST API has this id, and whether an HTTP API has could not be read"}
	out, err := ask(ctx, rd.reading, q, func(ctx context.Context) (*apigatewayv2.GetApiOutput, error) {
		out, err := rd.HTTP.GetApi(ctx, &apigatewayv2.GetApiInput{ApiId: &api.ID}, onceHTTP)
		if err != nil {
			return nil, err
		}
		return whole(out, out.ApiId)
	})
	if err != nil {
		return false
	}
	if out.ProtocolType == types.ProtocolTypeWebsocket {
		rd.gap(q, errWebSocket)
		return false
	}
	*api = httpAPI(types.Api{
		ApiId: out.ApiId, Name: out.Name, CreatedDate: out.CreatedDate, DisableExecuteApiEndpoint: out.DisableExecuteApiEndpoint,
		CorsConfiguration: out.CorsConfiguration, IpAddressType: out.IpAddressType, Tags: out.Tags,
	})
	return true
}

func httpAPI(a types.Api) probe.API {
	return probe.API{
		ID: aws.ToString(a.ApiId), Name: aws.ToString(a.Name), Kind: probe.HTTP, EndpointTypes: []string{"REGIONAL"},
		DefaultEndpointOff: aws.ToBool(a.DisableExecuteApiEndpoint), Created: utc(a.CreatedDate),
		IPAddressType: string(a.IpAddressType), Tags: filled(a.Tags),
		Editor: &probe.Definition{CORS: httpCORS(a.CorsConfiguration)},
	}
}

func (rd httpReading) readHTTP(ctx context.Context, api *probe.API) {
	base := api.Editor
	api.Editor = nil
	rd.parallel(ctx, stepsAtOnce, 3, func(ctx context.Context, i int) {
		switch i {
		case 0:
			rd.httpStages(ctx, api)
		case 1:
			rd.httpDeployments(ctx, api)
		case 2:
			if rd.depth == Full {
				api.Editor = rd.httpEditor(ctx, api.ID, base)
			}
		}
	})
	judgeLastDeployment(api)
	if rd.depth == Full {
		rd.httpDeployed(ctx, api)
	}
}

func (rd httpReading) httpStages(ctx context.Context, api *probe.API) {
	q := question{op: "GetStages", subject: "HTTP API " + api.ID, path: "/apis/" + api.ID + "/stages",
		costs: "stages, stage variables and automatic deployment of this API are unknown"}
	list, _ := pages(ctx, rd.reading, q, paged(func(ctx context.Context, token *string) (*apigatewayv2.GetStagesOutput, error) {
		return rd.HTTP.GetStages(ctx, &apigatewayv2.GetStagesInput{ApiId: &api.ID, NextToken: token}, onceHTTP)
	}, func(out *apigatewayv2.GetStagesOutput) ([]types.Stage, *string) { return out.Items, out.NextToken }))
	for _, s := range list {
		api.Stages = append(api.Stages, httpStage(s))
	}
	slices.SortFunc(api.Stages, func(a, b probe.Stage) int { return cmp.Compare(a.Name, b.Name) })
}

func httpStage(s types.Stage) probe.Stage {
	st := probe.Stage{
		Name: aws.ToString(s.StageName), DeploymentID: aws.ToString(s.DeploymentId), Variables: s.StageVariables,
		Created: utc(s.CreatedDate), Updated: utc(s.LastUpdatedDate), ClientCert: aws.ToString(s.ClientCertificateId),
		AutoDeploy: aws.ToBool(s.AutoDeploy), LastDeploymentStatus: aws.ToString(s.LastDeploymentStatusMessage),
		Managed: aws.ToBool(s.ApiGatewayManaged), Tags: filled(s.Tags),
	}
	if l := s.AccessLogSettings; l != nil {
		st.AccessLog = probe.AccessLog{Destination: aws.ToString(l.DestinationArn), Format: aws.ToString(l.Format)}
	}
	settings := map[string]probe.MethodSettings{}
	if d := s.DefaultRouteSettings; d != nil {
		settings["*/*"] = routeSettings(*d)
	}
	for key, r := range s.RouteSettings {
		settings[methodKey(key)] = routeSettings(r)
	}
	if len(settings) > 0 {
		st.Methods = settings
	}
	return st
}

func routeSettings(r types.RouteSettings) probe.MethodSettings {
	return probe.MethodSettings{
		LoggingLevel: string(r.LoggingLevel), DataTrace: aws.ToBool(r.DataTraceEnabled), Metrics: aws.ToBool(r.DetailedMetricsEnabled),
		ThrottlingSet:  r.ThrottlingRateLimit != nil || r.ThrottlingBurstLimit != nil,
		ThrottlingRate: aws.ToFloat64(r.ThrottlingRateLimit), ThrottlingBurst: int(aws.ToInt32(r.ThrottlingBurstLimit)),
	}
}

func (rd httpReading) httpDeployments(ctx context.Context, api *probe.API) {
	q := question{op: "GetDeployments", subject: "HTTP API " + api.ID, path: "/apis/" + api.ID + "/deployments",
		costs: "when each deployment was made, and whether one failed, is unknown"}
	list, _ := pages(ctx, rd.reading, q, paged(func(ctx context.Context, token *string) (*apigatewayv2.GetDeploymentsOutput, error) {
		return rd.HTTP.GetDeployments(ctx, &apigatewayv2.GetDeploymentsInput{ApiId: &api.ID, NextToken: token}, onceHTTP)
	}, func(out *apigatewayv2.GetDeploymentsOutput) ([]types.Deployment, *string) {
		return out.Items, out.NextToken
	}))
	for _, d := range list {
		api.Deployments = append(api.Deployments, probe.Deployment{
			ID: aws.ToString(d.DeploymentId), Created: utc(d.CreatedDate), Description: aws.ToString(d.Description),
			Status: string(d.DeploymentStatus), StatusText: aws.ToString(d.DeploymentStatusMessage), AutoDeploy: aws.ToBool(d.AutoDeployed),
		})
	}
	newestFirst(api.Deployments)
}

// judgeLastDeployment reads lastDeploymentStatusMessage, which API Gateway
// gives in prose: "Successfully deployed stage with deployment ID '…'", or
// "Deployment attempt failed: …". Any other wording is left undecided.
func judgeLastDeployment(api *probe.API) {
	for i := range api.Stages {
		st := &api.Stages[i]
		text := strings.ToLower(st.LastDeploymentStatus)
		switch {
		case strings.HasPrefix(text, "successfully"):
			st.LastDeploymentSucceeded = aws.Bool(true)
		case strings.Contains(text, "fail"), strings.Contains(text, "unable"), strings.Contains(text, "error"):
			st.LastDeploymentSucceeded = aws.Bool(false)
		}
	}
}
