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

// httpEditor reads an HTTP API's latest configuration: its export without a
// stage, else its routes, integrations and authorizers.
func (rd httpReading) httpEditor(ctx context.Context, id string, base *probe.Definition) *probe.Definition {
	if d, err := rd.httpExport(ctx, id, nil, refused); err == nil {
		return d
	}
	d := rd.httpRoutes(ctx, id)
	if d != nil && base != nil {
		d.CORS = base.CORS
	}
	return d
}

// httpDeployed reads what each stage serves.
func (rd httpReading) httpDeployed(ctx context.Context, api *probe.API) {
	rd.parallel(ctx, stepsAtOnce, len(api.Stages), func(ctx context.Context, i int) {
		api.Stages[i].Deployed, _ = rd.httpExport(ctx, api.ID, &api.Stages[i].Name, nil)
	})
}

func (rd httpReading) httpExport(ctx context.Context, id string, stage *string, quiet func(error) bool) (*probe.Definition, error) {
	q := question{op: "ExportApi", subject: "HTTP API " + id, path: "/apis/" + id + "/exports/OAS30", quiet: quiet,
		costs: "which edits wait for a deployment is unknown"}
	if stage != nil {
		q.subject, q.stage = "stage "+*stage+" of "+id, *stage
	}
	return ask(ctx, rd.reading, q, func(ctx context.Context) (*probe.Definition, error) {
		out, err := rd.HTTP.ExportApi(ctx, &apigatewayv2.ExportApiInput{
			ApiId: &id, StageName: stage, Specification: aws.String("OAS30"), OutputType: aws.String("JSON"), IncludeExtensions: aws.Bool(true),
		}, onceHTTP)
		if err != nil {
			return nil, err
		}
		return parseExport(out.Body, probe.HTTP, "ExportApi")
	})
}

// httpRoutes reads the editor from its parts, for services that cannot export.
func (rd httpReading) httpRoutes(ctx context.Context, id string) *probe.Definition {
	routes, err := httpPart(ctx, rd.reading, id, "GetRoutes", "routes", paged(func(ctx context.Context, token *string) (*apigatewayv2.GetRoutesOutput, error) {
		return rd.HTTP.GetRoutes(ctx, &apigatewayv2.GetRoutesInput{ApiId: &id, NextToken: token}, onceHTTP)
	}, func(out *apigatewayv2.GetRoutesOutput) ([]types.Route, *string) { return out.Items, out.NextToken }))
	if err != nil {
		return nil
	}
	integrations, errIntegrations := httpPart(ctx, rd.reading, id, "GetIntegrations", "integrations", paged(func(ctx context.Context, token *string) (*apigatewayv2.GetIntegrationsOutput, error) {
		return rd.HTTP.GetIntegrations(ctx, &apigatewayv2.GetIntegrationsInput{ApiId: &id, NextToken: token}, onceHTTP)
	}, func(out *apigatewayv2.GetIntegrationsOutput) ([]types.Integration, *string) {
		return out.Items, out.NextToken
	}))
	authorizers, errAuthorizers := httpPart(ctx, rd.reading, id, "GetAuthorizers", "authorizers", paged(func(ctx context.Context, token *string) (*apigatewayv2.GetAuthorizersOutput, error) {
		return rd.HTTP.GetAuthorizers(ctx, &apigatewayv2.GetAuthorizersInput{ApiId: &id, NextToken: token}, onceHTTP)
	}, func(out *apigatewayv2.GetAuthorizersOutput) ([]types.Authorizer, *string) {
		return out.Items, out.NextToken
	}))
	d := httpDefinition(routes, integrations, authorizers)
	if errIntegrations != nil {
		d.Unknown = append(d.Unknown, "integration")
	}
	if errAuthorizers != nil {
		d.Unknown = append(d.Unknown, "authorizer", "authorizers")
	}
	return canonical(d, probe.HTTP)
}

func httpPart[T any](ctx context.Context, rd *reading, id, op, segment string, page func(context.Context, *string) ([]T, *string, error)) ([]T, error) {
	q := question{op: op, subject: "HTTP API " + id, path: "/apis/" + id + "/" + segment,
		costs: "edits of its " + segment + " that wait for a deployment are not found"}
	return pages(ctx, rd, q, page)
}

func httpDefinition(routes []types.Route, integrations []types.Integration, authorizers []types.Authorizer) *probe.Definition {
	d := &probe.Definition{Source: "GetRoutes", Routes: map[string]probe.Route{}, Authorizers: map[string]probe.Authorizer{}}
	names := map[string]string{}
	for _, a := range authorizers {
		names[aws.ToString(a.AuthorizerId)] = aws.ToString(a.Name)
		d.Authorizers[aws.ToString(a.Name)] = httpAuthorizer(a)
	}
	for _, r := range routes {
		route := probe.Route{
			Authorization: string(r.AuthorizationType), Scopes: r.AuthorizationScopes, APIKeyRequired: aws.ToBool(r.ApiKeyRequired),
			OperationName: aws.ToString(r.OperationName), Authorizer: cmp.Or(names[aws.ToString(r.AuthorizerId)], aws.ToString(r.AuthorizerId)),
		}
		id := strings.TrimPrefix(aws.ToString(r.Target), "integrations/")
		if i := slices.IndexFunc(integrations, func(x types.Integration) bool { return id != "" && aws.ToString(x.IntegrationId) == id }); i >= 0 {
			route.Integration = httpIntegration(integrations[i])
		}
		d.Routes[aws.ToString(r.RouteKey)] = route
	}
	return d
}

func httpIntegration(i types.Integration) probe.Integration {
	out := probe.Integration{
		Type: string(i.IntegrationType), Method: aws.ToString(i.IntegrationMethod), URI: aws.ToString(i.IntegrationUri),
		Credentials: aws.ToString(i.CredentialsArn), ConnectionType: string(i.ConnectionType), ConnectionID: aws.ToString(i.ConnectionId),
		TimeoutMS: int(aws.ToInt32(i.TimeoutInMillis)), PayloadVersion: aws.ToString(i.PayloadFormatVersion),
		RequestParameters: i.RequestParameters, Subtype: aws.ToString(i.IntegrationSubtype),
	}
	if i.TlsConfig != nil {
		out.TLSServerName = aws.ToString(i.TlsConfig.ServerNameToVerify)
	}
	for status, parameters := range i.ResponseParameters {
		set(&out.Responses, status, integrationResponse{Parameters: parameters}.canonical())
	}
	return out
}

func httpAuthorizer(a types.Authorizer) probe.Authorizer {
	out := probe.Authorizer{
		ID: aws.ToString(a.AuthorizerId), Type: string(a.AuthorizerType), URI: aws.ToString(a.AuthorizerUri),
		IdentitySource: strings.Join(a.IdentitySource, ","), Validation: aws.ToString(a.IdentityValidationExpression),
		Credentials: aws.ToString(a.AuthorizerCredentialsArn), PayloadVersion: aws.ToString(a.AuthorizerPayloadFormatVersion),
		SimpleResponses: aws.ToBool(a.EnableSimpleResponses),
	}
	if a.AuthorizerResultTtlInSeconds != nil {
		out.TTL = aws.Int(int(*a.AuthorizerResultTtlInSeconds))
	}
	if a.JwtConfiguration != nil {
		out.Issuer, out.Audience = aws.ToString(a.JwtConfiguration.Issuer), a.JwtConfiguration.Audience
	}
	return out
}

// cors is the CORS configuration of an HTTP API in canonical form.
type cors struct {
	Credentials bool     `json:"allow_credentials,omitempty"`
	Headers     []string `json:"allow_headers,omitempty"`
	Methods     []string `json:"allow_methods,omitempty"`
	Origins     []string `json:"allow_origins,omitempty"`
	Expose      []string `json:"expose_headers,omitempty"`
	MaxAge      int      `json:"max_age,omitempty"` // seconds
}

func (c cors) canonical() string {
	c.Headers, c.Expose = lower(c.Headers), lower(c.Expose) // header names have no case
	c.Methods, c.Origins = sorted(c.Methods), sorted(c.Origins)
	return toJSON(c)
}

func lower(list []string) []string {
	var out []string
	for _, s := range list {
		out = append(out, strings.ToLower(s))
	}
	return sorted(out)
}

func httpCORS(c *types.Cors) string {
	if c == nil {
		return ""
	}
	return cors{
		Credentials: aws.ToBool(c.AllowCredentials), Headers: c.AllowHeaders, Methods: c.AllowMethods,
		Origins: c.AllowOrigins, Expose: c.ExposeHeaders, MaxAge: int(aws.ToInt32(c.MaxAge)),
	}.canonical()
}

func exportedCORS(c object) string {
	if c == nil {
		return ""
	}
	age, _ := c.int("maxAge")
	return cors{
		Credentials: c.bool("allowCredentials"), Headers: c.strings("allowHeaders"), Methods: c.strings("allowMethods"),
		Origins: c.strings("allowOrigins"), Expose: c.strings("exposeHeaders"), MaxAge: age,
	}.canonical()
}
