package inventory

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"

	"stageprobe/probe"
)

// editorParts are what the editor's definition of a REST API is made of,
// beside its resources.
type editorParts struct {
	authorizers []types.Authorizer
	other       []map[string]string // of the authorizers: what the SDK does not know
	validators  []types.RequestValidator
	models      []types.Model
	responses   []types.GatewayResponse
}

// restEditor reads what the console shows and the next deployment would
// freeze. Without the resources there is no definition; any other part that
// cannot be read is named in Unknown.
func (rd restReading) restEditor(ctx context.Context, id string, base *probe.Definition) *probe.Definition {
	other := map[string]map[string]string{}
	resources, err := rd.resourcesOf(ctx, id, other)
	if err != nil {
		return nil
	}
	d := &probe.Definition{Source: "GetResources", Routes: map[string]probe.Route{}}
	if base != nil {
		d.Policy, d.BinaryTypes, d.APIKeySource = base.Policy, base.BinaryTypes, base.APIKeySource
	} else {
		d.Unknown = []string{"policy", "binary_types"}
	}
	parts := rd.editorParts(ctx, id, d)
	for _, res := range resources {
		for method, m := range res.ResourceMethods {
			key := method + " " + aws.ToString(res.Path)
			r := parts.route(m)
			r.Integration.Other = other[key]
			d.Routes[key] = r
		}
	}
	parts.define(d)
	return canonical(d, probe.REST)
}

// resourcesOf reads the resources with their methods; other gets what the SDK does
// not know of their integrations, by route.
func (rd restReading) resourcesOf(ctx context.Context, id string, other map[string]map[string]string) ([]types.Resource, error) {
	q := question{op: "GetResources", subject: "API " + id, path: "/restapis/" + id + "/resources",
		costs: "what the editor holds, and so which edits wait for a deployment, is unknown"}
	return pages(ctx, rd.reading, q, func(ctx context.Context, token *string) ([]types.Resource, *string, error) {
		in := &apigateway.GetResourcesInput{RestApiId: &id, Embed: []string{"methods"}, Limit: aws.Int32(pageSize), Position: token}
		raw := &rawBody{}
		out, err := rd.REST.GetResources(ctx, in, once, raw.capture)
		if err != nil {
			return nil, nil, err
		}
		raw.integrations(other)
		return out.Items, out.Position, nil
	})
}

// editorParts reads the collections beside the resources; one that fails is
// added to what d does not tell.
func (rd restReading) editorParts(ctx context.Context, id string, d *probe.Definition) *editorParts {
	var p editorParts
	limit := aws.Int32(pageSize)
	var failed [4]error
	rd.parallel(ctx, stepsAtOnce, len(failed), func(ctx context.Context, i int) {
		switch i {
		case 0:
			p.authorizers, failed[i] = part(ctx, rd.reading, id, "GetAuthorizers", "authorizers", func(ctx context.Context, token *string) ([]types.Authorizer, *string, error) {
				raw := &rawBody{}
				out, err := rd.REST.GetAuthorizers(ctx, &apigateway.GetAuthorizersInput{RestApiId: &id, Limit: limit, Position: token}, once, raw.capture)
				if err != nil {
					return nil, nil, err
				}
				p.other = append(p.other, aligned(raw.items("item", types.Authorizer{}), len(out.Items))...)
				return out.Items, out.Position, nil
			})
		case 1:
			p.validators, failed[i] = part(ctx, rd.reading, id, "GetRequestValidators", "requestvalidators", paged(func(ctx context.Context, token *string) (*apigateway.GetRequestValidatorsOutput, error) {
				return rd.REST.GetRequestValidators(ctx, &apigateway.GetRequestValidatorsInput{RestApiId: &id, Limit: limit, Position: token}, once)
			}, func(out *apigateway.GetRequestValidatorsOutput) ([]types.RequestValidator, *string) {
				return out.Items, out.Position
			}))
		case 2:
			p.models, failed[i] = part(ctx, rd.reading, id, "GetModels", "models", paged(func(ctx context.Context, token *string) (*apigateway.GetModelsOutput, error) {
				return rd.REST.GetModels(ctx, &apigateway.GetModelsInput{RestApiId: &id, Limit: limit, Position: token}, once)
			}, func(out *apigateway.GetModelsOutput) ([]types.Model, *string) { return out.Items, out.Position }))
		case 3:
			p.responses, failed[i] = part(ctx, rd.reading, id, "GetGatewayResponses", "gatewayresponses", paged(func(ctx context.Context, token *string) (*apigateway.GetGatewayResponsesOutput, error) {
				return rd.REST.GetGatewayResponses(ctx, &apigateway.GetGatewayResponsesInput{RestApiId: &id, Limit: limit, Position: token}, once)
			}, func(out *apigateway.GetGatewayResponsesOutput) ([]types.GatewayResponse, *string) {
				return out.Items, out.Position
			}))
		}
	})
	for i, aspects := range [][]string{{"authorizer", "authorizers"}, {"validator"}, {"models"}, {"gateway_responses"}} {
		if failed[i] != nil {
			d.Unknown = append(d.Unknown, aspects...)
		}
	}
	return &p
}

func part[T any](ctx context.Context, rd *reading, id, op, segment string, page func(context.Context, *string) ([]T, *string, error)) ([]T, error) {
	q := question{op: op, subject: "API " + id, path: "/restapis/" + id + "/" + segment,
		costs: "undeployed edits of its " + strings.TrimPrefix(op, "Get") + " are not found"}
	return pages(ctx, rd, q, page)
}

func (p *editorParts) route(m types.Method) probe.Route {
	r := probe.Route{
		Authorization: aws.ToString(m.AuthorizationType), Authorizer: p.authorizerName(aws.ToString(m.AuthorizerId)),
		Scopes: m.AuthorizationScopes, APIKeyRequired: aws.ToBool(m.ApiKeyRequired), Validator: p.validator(aws.ToString(m.RequestValidatorId)),
		RequestModels: m.RequestModels, OperationName: aws.ToString(m.OperationName),
	}
	for name, required := range m.RequestParameters {
		if r.Parameters == nil {
			r.Parameters = map[string]bool{}
		}
		r.Parameters[parameterName(name)] = required
	}
	for status, resp := range m.MethodResponses {
		if r.Responses == nil {
			r.Responses = map[string]string{}
		}
		r.Responses[status] = toJSON(methodResponse{Headers: headerNames(resp.ResponseParameters), Models: filled(resp.ResponseModels)})
	}
	if m.MethodIntegration != nil {
		r.Integration = restIntegration(*m.MethodIntegration)
	}
	return r
}

func headerNames(parameters map[string]bool) []string {
	var names []string
	for _, p := range slices.Sorted(maps.Keys(parameters)) {
		names = append(names, strings.TrimPrefix(p, "method.response.header."))
	}
	return names
}

func restIntegration(i types.Integration) probe.Integration {
	out := probe.Integration{
		Type: string(i.Type), Method: aws.ToString(i.HttpMethod), URI: aws.ToString(i.Uri), Credentials: aws.ToString(i.Credentials),
		ConnectionType: string(i.ConnectionType), ConnectionID: aws.ToString(i.ConnectionId), TimeoutMS: int(i.TimeoutInMillis),
		Passthrough: aws.ToString(i.PassthroughBehavior), ContentHandling: string(i.ContentHandling),
		RequestParameters: i.RequestParameters, RequestTemplates: i.RequestTemplates, CacheKeyParameters: i.CacheKeyParameters,
		TransferMode: string(i.ResponseTransferMode), Target: aws.ToString(i.IntegrationTarget),
		TLSInsecure: i.TlsConfig != nil && i.TlsConfig.InsecureSkipVerification,
	}
	for _, resp := range i.IntegrationResponses {
		if out.Responses == nil {
			out.Responses = map[string]string{}
		}
		key := aws.ToString(resp.SelectionPattern)
		if key == "" {
			key = "default"
		}
		out.Responses[key] = integrationResponse{
			Status: aws.ToString(resp.StatusCode), Parameters: resp.ResponseParameters, Templates: resp.ResponseTemplates,
			ContentHandling: string(resp.ContentHandling),
		}.canonical()
	}
	return out
}

// authorizerName is the name of an authorizer; its id where the authorizers
// could not be read.
func (p *editorParts) authorizerName(id string) string {
	for _, a := range p.authorizers {
		if aws.ToString(a.Id) == id {
			return aws.ToString(a.Name)
		}
	}
	return id
}

func (p *editorParts) validator(id string) string {
	for _, v := range p.validators {
		if aws.ToString(v.Id) == id {
			return validatorName(v.ValidateRequestBody, v.ValidateRequestParameters)
		}
	}
	return ""
}

// define adds what is not part of a route.
func (p *editorParts) define(d *probe.Definition) {
	d.Authorizers, d.Models = map[string]probe.Authorizer{}, map[string]string{}
	d.GatewayResponses = map[string]probe.GatewayResponse{}
	for i, a := range p.authorizers {
		authorizer := restAuthorizer(a)
		authorizer.Other = at(p.other, i)
		d.Authorizers[aws.ToString(a.Name)] = authorizer
	}
	for _, m := range p.models {
		var schema any
		if json.Unmarshal([]byte(aws.ToString(m.Schema)), &schema) != nil {
			schema = aws.ToString(m.Schema) // templates and broken schemas are compared as they stand
		}
		d.Models[aws.ToString(m.Name)] = canonicalSchema(schema)
	}
	for _, g := range p.responses {
		if !g.DefaultResponse {
			d.GatewayResponses[string(g.ResponseType)] = probe.GatewayResponse{
				Status: aws.ToString(g.StatusCode), Parameters: g.ResponseParameters, Templates: g.ResponseTemplates,
			}
		}
	}
}

func restAuthorizer(a types.Authorizer) probe.Authorizer {
	out := probe.Authorizer{
		ID: aws.ToString(a.Id), Type: string(a.Type), URI: aws.ToString(a.AuthorizerUri), IdentitySource: aws.ToString(a.IdentitySource),
		Validation: aws.ToString(a.IdentityValidationExpression), Providers: a.ProviderARNs, Credentials: aws.ToString(a.AuthorizerCredentials),
	}
	if a.AuthorizerResultTtlInSeconds != nil {
		out.TTL = aws.Int(int(*a.AuthorizerResultTtlInSeconds))
	}
	return out
}
