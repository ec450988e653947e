package inventory

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	httptypes "github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"

	"stageprobe/probe"
)

// noBasePath is how base path mappings spell the empty path.
const noBasePath = "(none)"

// readDomain reads where the domain's paths lead. Base path mappings (v1) and
// API mappings (v2) are two views of one list, but v1 refuses domains with
// multi-level paths or HTTP APIs, and emulators may know only one of them: a
// refusal of one is a gap only where the other did not answer for it.
func (rd domainReading) readDomain(ctx context.Context, d *domain) {
	costs := "which stage each path of this domain leads to is unknown or incomplete"
	v2 := question{op: "GetApiMappings", subject: "domain " + d.Name, path: "/domainnames/" + d.Name + "/apimappings", costs: costs}
	v1 := question{op: "GetBasePathMappings", subject: v2.subject, path: "/domainnames/" + d.Name + "/basepathmappings", costs: costs}
	v1.quiet, v2.quiet = refused, refused
	two, errTwo := rd.apiMappings(ctx, d, v2)
	one, errOne := rd.basePathMappings(ctx, d, v1)
	if ctx.Err() != nil {
		return
	}
	if errOne != nil && errTwo != nil {
		rd.silenced(v1, errOne)
		rd.silenced(v2, errTwo)
	}
	d.Mappings = mergeMappings(two, one)
	rd.routingRules(ctx, d)
}

// refused tells answers by which a service says that a domain, or an
// operation, is not its own.
func refused(err error) bool { return notFoundOrUnsupported(err) || badRequest(err) }

// silenced records the gap that a quiet question left out.
func (rd domainReading) silenced(q question, err error) {
	if q.quiet(err) {
		rd.gap(q, err)
	}
}

func (rd domainReading) basePathMappings(ctx context.Context, d *domain, q question) ([]probe.Mapping, error) {
	list, err := pages(ctx, rd.reading, q, paged(func(ctx context.Context, token *string) (*apigateway.GetBasePathMappingsOutput, error) {
		in := &apigateway.GetBasePathMappingsInput{DomainName: &d.Name, DomainNameId: d.id, Limit: aws.Int32(pageSize), Position: token}
		return rd.REST.GetBasePathMappings(ctx, in, once)
	}, func(out *apigateway.GetBasePathMappingsOutput) ([]types.BasePathMapping, *string) {
		return out.Items, out.Position
	}))
	var mappings []probe.Mapping
	for _, m := range list {
		path := aws.ToString(m.BasePath)
		if path == noBasePath {
			path = ""
		}
		mappings = append(mappings, probe.Mapping{BasePath: strings.Trim(path, "/"), APIID: aws.ToString(m.RestApiId), Stage: aws.ToString(m.Stage)})
	}
	return mappings, err
}

func (rd domainReading) apiMappings(ctx context.Context, d *domain, q question) ([]probe.Mapping, error) {
	list, err := pages(ctx, rd.reading, q, paged(func(ctx context.Context, token *string) (*apigatewayv2.GetApiMappingsOutput, error) {
		return rd.HTTP.GetApiMappings(ctx, &apigatewayv2.GetApiMappingsInput{DomainName: &d.Name, NextToken: token}, onceHTTP)
	}, func(out *apigatewayv2.GetApiMappingsOutput) ([]httptypes.ApiMapping, *string) {
		return out.Items, out.NextToken
	}))
	var mappings []probe.Mapping
	for _, m := range list {
		mappings = append(mappings, probe.Mapping{
			ID: aws.ToString(m.ApiMappingId), BasePath: strings.Trim(aws.ToString(m.ApiMappingKey), "/"),
			APIID: aws.ToString(m.ApiId), Stage: aws.ToString(m.Stage),
		})
	}
	return mappings, err
}

// mergeMappings joins the two views. A base path can be mapped only once, and
// v2 knows the mapping's id.
func mergeMappings(v2, v1 []probe.Mapping) []probe.Mapping {
	merged := slices.Clone(v2)
	for _, m := range v1 {
		if !slices.ContainsFunc(v2, func(x probe.Mapping) bool { return x.BasePath == m.BasePath }) {
			merged = append(merged, m)
		}
	}
	slices.SortFunc(merged, func(a, b probe.Mapping) int { return cmp.Compare(a.BasePath, b.BasePath) })
	return merged
}

// routingRules reads the rules where the domain can have any. In the default
// routing mode no rule is evaluated.
func (rd domainReading) routingRules(ctx context.Context, d *domain) {
	if d.RoutingMode == string(httptypes.RoutingModeApiMappingOnly) {
		return
	}
	q := question{op: "ListRoutingRules", subject: "domain " + d.Name, path: "/domainnames/" + d.Name + "/routingrules",
		costs: "routing rules, which come before mappings, are unknown for this domain"}
	if d.RoutingMode == "" {
		q.quiet = refused // who does not tell a routing mode has no routing rules to tell
	}
	list, _ := pages(ctx, rd.reading, q, paged(func(ctx context.Context, token *string) (*apigatewayv2.ListRoutingRulesOutput, error) {
		in := &apigatewayv2.ListRoutingRulesInput{DomainName: &d.Name, DomainNameId: d.id, NextToken: token}
		return rd.HTTP.ListRoutingRules(ctx, in, onceHTTP)
	}, func(out *apigatewayv2.ListRoutingRulesOutput) ([]httptypes.RoutingRule, *string) {
		return out.RoutingRules, out.NextToken
	}))
	for _, r := range list {
		d.Rules = append(d.Rules, routingRule(r))
	}
	slices.SortFunc(d.Rules, func(a, b probe.RoutingRule) int { return cmp.Compare(a.Priority, b.Priority) })
}

func routingRule(r httptypes.RoutingRule) probe.RoutingRule {
	out := probe.RoutingRule{ID: aws.ToString(r.RoutingRuleId), Priority: int(aws.ToInt32(r.Priority))}
	for _, c := range r.Conditions {
		if p := c.MatchBasePaths; p != nil {
			out.BasePaths = append(out.BasePaths, p.AnyOf...)
		}
		if h := c.MatchHeaders; h != nil {
			for _, m := range h.AnyOf {
				out.Headers = append(out.Headers, probe.HeaderMatch{Name: aws.ToString(m.Header), Glob: aws.ToString(m.ValueGlob)})
			}
		}
	}
	for _, a := range r.Actions {
		if invoke := a.InvokeApi; invoke != nil {
			out.APIID, out.Stage, out.StripBasePath = aws.ToString(invoke.ApiId), aws.ToString(invoke.Stage), aws.ToBool(invoke.StripBasePath)
		}
	}
	return out
}
