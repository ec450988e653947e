package inventory

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"

	"stageprobe/probe"
)

// restReading reads REST APIs.
type restReading struct{ *reading }

// pageSize is the most that REST collections give at once.
const pageSize = 500

// listAPIs lists every REST and HTTP API of the account.
func (rd *reading) listAPIs(ctx context.Context) []probe.API {
	q := question{op: "GetRestApis", subject: "region " + rd.Region, path: "/restapis", costs: "REST APIs that no one named are missing"}
	rest, _ := pages(ctx, rd, q, paged(func(ctx context.Context, token *string) (*apigateway.GetRestApisOutput, error) {
		return rd.REST.GetRestApis(ctx, &apigateway.GetRestApisInput{Limit: aws.Int32(pageSize), Position: token}, once)
	}, func(out *apigateway.GetRestApisOutput) ([]types.RestApi, *string) { return out.Items, out.Position }))
	var apis []probe.API
	for _, a := range rest {
		apis = append(apis, restAPI(a))
	}
	return append(apis, httpReading{rd}.listHTTP(ctx)...)
}

// api reads one API; false where it turned out not to exist or not to be
// readable at all.
func (rd *reading) api(ctx context.Context, api *probe.API) bool {
	if api.Kind == "" && !(restReading{rd}).identify(ctx, api) {
		return false
	}
	if api.Kind == probe.HTTP {
		httpReading{rd}.readHTTP(ctx, api)
		return true
	}
	restReading{rd}.readREST(ctx, api)
	return true
}

// identify finds out whether an id is a REST or an HTTP API. Where the API
// itself may not be read, its stages still tell.
func (rd restReading) identify(ctx context.Context, api *probe.API) bool {
	costs := "nothing is known of this API's stages and deployments"
	q := question{op: "GetRestApi", subject: "API " + api.ID, path: "/restapis/" + api.ID, costs: costs, quiet: notFoundOrUnsupported}
	in := &apigateway.GetRestApiInput{RestApiId: &api.ID}
	raw := &rawBody{}
	out, err := ask(ctx, rd.reading, q, func(ctx context.Context) (*apigateway.GetRestApiOutput, error) {
		out, err := rd.REST.GetRestApi(ctx, in, once, raw.capture)
		if err != nil {
			return nil, err
		}
		return whole(out, out.Id)
	})
	if err == nil {
		*api = restAPI(types.RestApi{
			Id: out.Id, Name: out.Name, EndpointConfiguration: out.EndpointConfiguration, CreatedDate: out.CreatedDate,
			DisableExecuteApiEndpoint: out.DisableExecuteApiEndpoint, MinimumCompressionSize: out.MinimumCompressionSize,
			Policy: out.Policy, BinaryMediaTypes: out.BinaryMediaTypes, ApiKeySource: out.ApiKeySource,
			ApiStatus: out.ApiStatus, ApiStatusMessage: out.ApiStatusMessage, SecurityPolicy: out.SecurityPolicy,
			EndpointAccessMode: out.EndpointAccessMode, Tags: out.Tags,
		})
		api.Other = raw.whole(types.RestApi{})
		return true
	}
	if notFoundOrUnsupported(err) {
		return httpReading(rd).identifyHTTP(ctx, api)
	}
	if ctx.Err() == nil && denied(err) {
		api.Kind = probe.REST // its id was asked of the REST service and not called unknown
		return true
	}
	return false
}

func notFoundOrUnsupported(err error) bool { return notFound(err) || unsupported(err) }

func restAPI(a types.RestApi) probe.API {
	api := probe.API{
		ID: aws.ToString(a.Id), Name: aws.ToString(a.Name), Kind: probe.REST,
		DefaultEndpointOff: a.DisableExecuteApiEndpoint, Created: utc(a.CreatedDate),
	}
	api.Status, api.StatusText, api.Tags = string(a.ApiStatus), aws.ToString(a.ApiStatusMessage), filled(a.Tags)
	api.SecurityPolicy, api.AccessMode = string(a.SecurityPolicy), string(a.EndpointAccessMode)
	if a.EndpointConfiguration != nil {
		api.IPAddressType = string(a.EndpointConfiguration.IpAddressType)
		for _, t := range a.EndpointConfiguration.Types {
			api.EndpointTypes = append(api.EndpointTypes, string(t))
		}
	}
	if a.MinimumCompressionSize != nil {
		api.MinimumCompressionSize = aws.Int(int(*a.MinimumCompressionSize))
	}
	// Kept here until the editor's resources are read.
	api.Editor = &probe.Definition{Policy: policy(aws.ToString(a.Policy)), BinaryTypes: a.BinaryMediaTypes, APIKeySource: string(a.ApiKeySource)}
	return api
}

func (rd restReading) readREST(ctx context.Context, api *probe.API) {
	base := api.Editor
	api.Editor = nil
	rd.parallel(ctx, stepsAtOnce, 3, func(ctx context.Context, i int) {
		switch i {
		case 0:
			rd.restStages(ctx, api)
		case 1:
			rd.restDeployments(ctx, api)
		case 2:
			if rd.depth == Full {
				api.Editor = rd.restEditor(ctx, api.ID, base)
			}
		}
	})
	if rd.depth == Full {
		rd.restDeployed(ctx, api)
	}
}

func (rd restReading) restStages(ctx context.Context, api *probe.API) {
	q := question{op: "GetStages", subject: "API " + api.ID, path: "/restapis/" + api.ID + "/stages",
		costs: "stages, canaries, stage variables and logging settings of this API are unknown"}
	raw := &rawBody{}
	out, err := ask(ctx, rd.reading, q, func(ctx context.Context) (*apigateway.GetStagesOutput, error) {
		return rd.REST.GetStages(ctx, &apigateway.GetStagesInput{RestApiId: &api.ID}, once, raw.capture)
	})
	if err != nil {
		return
	}
	limits, other := raw.limits(), raw.items("item", types.Stage{})
	for i, s := range out.Item {
		st := restStage(s, limits[aws.ToString(s.StageName)])
		st.Other = at(other, i)
		api.Stages = append(api.Stages, st)
	}
	slices.SortFunc(api.Stages, func(a, b probe.Stage) int { return cmp.Compare(a.Name, b.Name) })
}

func restStage(s types.Stage, limits map[string]bool) probe.Stage {
	st := probe.Stage{
		Name: aws.ToString(s.StageName), DeploymentID: aws.ToString(s.DeploymentId), Variables: s.Variables,
		Created: utc(s.CreatedDate), Updated: utc(s.LastUpdatedDate),
		CacheCluster: s.CacheClusterEnabled, CacheSize: string(s.CacheClusterSize), Tracing: s.TracingEnabled,
		WebACL: aws.ToString(s.WebAclArn), ClientCert: aws.ToString(s.ClientCertificateId), Documentation: aws.ToString(s.DocumentationVersion),
		Canary: restCanary(s), CacheStatus: string(s.CacheClusterStatus), Tags: filled(s.Tags),
	}
	if l := s.AccessLogSettings; l != nil {
		st.AccessLog = probe.AccessLog{Destination: aws.ToString(l.DestinationArn), Format: aws.ToString(l.Format)}
	}
	for key, m := range s.MethodSettings {
		if st.Methods == nil {
			st.Methods = map[string]probe.MethodSettings{}
		}
		st.Methods[methodKey(key)] = methodSettings(m, limits[key])
	}
	return st
}

// restCanary is the stage's canary. A canary made by its percentage alone runs
// the stage's own deployment.
func restCanary(s types.Stage) *probe.Canary {
	c := s.CanarySettings
	if c == nil {
		return nil
	}
	return &probe.Canary{
		Percent: c.PercentTraffic, DeploymentID: cmp.Or(aws.ToString(c.DeploymentId), aws.ToString(s.DeploymentId)),
		Variables: c.StageVariableOverrides, UseStageCache: c.UseStageCache,
	}
}

// methodSettings converts one entry. A limit of -1 means that none is set; set
// tells whether the answer held a limit at all, because the SDK reads a
// missing one as 0.
func methodSettings(m types.MethodSetting, set bool) probe.MethodSettings {
	out := probe.MethodSettings{
		LoggingLevel: aws.ToString(m.LoggingLevel), DataTrace: m.DataTraceEnabled, Metrics: m.MetricsEnabled,
		Caching: m.CachingEnabled, CacheTTL: int(m.CacheTtlInSeconds), CacheEncrypted: m.CacheDataEncrypted,
	}
	if set && m.ThrottlingRateLimit >= 0 && m.ThrottlingBurstLimit >= 0 {
		out.ThrottlingSet, out.ThrottlingRate, out.ThrottlingBurst = true, m.ThrottlingRateLimit, int(m.ThrottlingBurstLimit)
	}
	return out
}

func (rd restReading) restDeployments(ctx context.Context, api *probe.API) {
	q := question{op: "GetDeployments", subject: "API " + api.ID, path: "/restapis/" + api.ID + "/deployments",
		costs: "when each deployment was made, and which are newer than a stage's, is unknown"}
	list, _ := pages(ctx, rd.reading, q, paged(func(ctx context.Context, token *string) (*apigateway.GetDeploymentsOutput, error) {
		return rd.REST.GetDeployments(ctx, &apigateway.GetDeploymentsInput{RestApiId: &api.ID, Limit: aws.Int32(pageSize), Position: token}, once)
	}, func(out *apigateway.GetDeploymentsOutput) ([]types.Deployment, *string) {
		return out.Items, out.Position
	}))
	for _, d := range list {
		api.Deployments = append(api.Deployments, probe.Deployment{
			ID: aws.ToString(d.Id), Created: utc(d.CreatedDate), Description: aws.ToString(d.Description),
		})
	}
	newestFirst(api.Deployments)
}

func newestFirst(list []probe.Deployment) {
	slices.SortFunc(list, func(a, b probe.Deployment) int {
		return cmp.Or(b.Created.Compare(a.Created), cmp.Compare(a.ID, b.ID))
	})
}

func utc(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

func sorted(s []string) []string {
	if len(s) == 0 {
		return nil
	}
	c := slices.Clone(s)
	slices.Sort(c)
	return c
}
