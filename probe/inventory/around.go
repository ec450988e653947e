package inventory

import (
	"cmp"
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/smithy-go"

	"stageprobe/probe"
)

// surroundings reads what stands around the APIs.
type surroundings struct{ *reading }

// mostAround bounds the VPC links and the aliases that are asked for.
const mostAround = 20

// around reads what stands around the APIs: usage plans where a route asks for a
// key, VPC links and aliases where integrations name them, the traffic of canaries.
func (rd surroundings) around(ctx context.Context, snap *probe.Snapshot) {
	rd.parallel(ctx, stepsAtOnce, 4, func(ctx context.Context, i int) {
		switch i {
		case 0:
			if asksForKeys(snap.APIs) {
				snap.UsagePlans = rd.usagePlans(ctx, snap.APIs)
			}
		case 1:
			snap.VPCLinks = rd.vpcLinks(ctx, snap.APIs)
		case 2:
			snap.Aliases = rd.aliases(ctx, snap.APIs)
		case 3:
			snap.Traffic = rd.traffic(ctx, snap.APIs)
		}
	})
}

// definitions lists what the editor and the stages hold, with the variables that
// each is served with.
func definitions(api *probe.API) (out []served) {
	if api.Editor != nil {
		out = append(out, served{api.Editor, nil})
	}
	for i := range api.Stages {
		if st := &api.Stages[i]; st.Deployed != nil {
			out = append(out, served{st.Deployed, st.Variables})
			if st.Canary != nil && len(st.Canary.Variables) > 0 {
				merged := maps.Clone(st.Variables)
				if merged == nil {
					merged = map[string]string{}
				}
				maps.Copy(merged, st.Canary.Variables)
				out = append(out, served{st.Deployed, merged})
			}
		}
	}
	return out
}

// served is a definition with the stage variables that it is served with.
type served struct {
	*probe.Definition
	variables map[string]string
}

var stageVariable = regexp.MustCompile(`\$\{stageVariables\.([A-Za-z0-9_]+)\}`)

// resolve puts a stage's variables in; a text that names one that is not set is
// left out, as what it yields is not known.
func (s served) resolve(text string) string {
	whole := true
	text = stageVariable.ReplaceAllStringFunc(text, func(m string) string {
		v, ok := s.variables[stageVariable.FindStringSubmatch(m)[1]]
		whole = whole && ok && v != ""
		return v
	})
	if !whole {
		return ""
	}
	return text
}

func asksForKeys(apis []probe.API) bool {
	for i := range apis {
		for _, d := range definitions(&apis[i]) {
			for _, r := range d.Routes {
				if r.APIKeyRequired {
					return true
				}
			}
		}
	}
	return false
}

// optional is a question without whose answer every verdict stands: an emulator
// that does not know it leaves no gap.
func optional(op, subject, path, costs string) question {
	return question{op: op, subject: subject, path: path, costs: costs, quiet: notFoundOrUnsupported}
}

// usagePlans reads the plans that hold a stage of the APIs, with their keys' ids.
func (rd surroundings) usagePlans(ctx context.Context, apis []probe.API) (out []probe.UsagePlan) {
	q := optional("GetUsagePlans", "region "+rd.Region, "/usageplans", "whose limit a 429 is, of the usage plan, the stage or the account, is told by the log alone")
	list, _ := pages(ctx, rd.reading, q, paged(func(ctx context.Context, token *string) (*apigateway.GetUsagePlansOutput, error) {
		return rd.REST.GetUsagePlans(ctx, &apigateway.GetUsagePlansInput{Limit: aws.Int32(pageSize), Position: token}, once)
	}, func(out *apigateway.GetUsagePlansOutput) ([]types.UsagePlan, *string) { return out.Items, out.Position }))
	for _, p := range list {
		plan := usagePlan(p)
		ours := func(s probe.PlanStage) bool {
			return slices.ContainsFunc(apis, func(a probe.API) bool { return a.ID == s.APIID })
		}
		if plan.Stages = slices.DeleteFunc(plan.Stages, func(s probe.PlanStage) bool { return !ours(s) }); len(plan.Stages) > 0 {
			plan.Keys = rd.planKeys(ctx, plan.ID)
			out = append(out, plan)
		}
	}
	return out
}

func usagePlan(p types.UsagePlan) probe.UsagePlan {
	out := probe.UsagePlan{ID: aws.ToString(p.Id), Name: aws.ToString(p.Name)}
	if p.Throttle != nil {
		out.Limit = &probe.RateLimit{Rate: p.Throttle.RateLimit, Burst: int(p.Throttle.BurstLimit)}
	}
	if p.Quota != nil {
		out.Quota, out.Period = int(p.Quota.Limit), string(p.Quota.Period)
	}
	for _, s := range p.ApiStages {
		stage := probe.PlanStage{APIID: aws.ToString(s.ApiId), Stage: aws.ToString(s.Stage)}
		for key, limit := range s.Throttle {
			set(&stage.Methods, methodKey(key), probe.RateLimit{Rate: limit.RateLimit, Burst: int(limit.BurstLimit)})
		}
		out.Stages = append(out.Stages, stage)
	}
	return out
}

// planKeys reads the keys of a plan without their values.
func (rd surroundings) planKeys(ctx context.Context, plan string) (out []probe.PlanKey) {
	q := optional("GetUsagePlanKeys", "usage plan "+plan, "/usageplans/"+plan+"/keys", "which keys the usage plan holds is unknown")
	list, _ := pages(ctx, rd.reading, q, paged(func(ctx context.Context, token *string) (*apigateway.GetUsagePlanKeysOutput, error) {
		return rd.REST.GetUsagePlanKeys(ctx, &apigateway.GetUsagePlanKeysInput{UsagePlanId: &plan, Limit: aws.Int32(pageSize), Position: token}, once)
	}, func(out *apigateway.GetUsagePlanKeysOutput) ([]types.UsagePlanKey, *string) {
		return out.Items, out.Position
	}))
	for _, k := range list {
		out = append(out, probe.PlanKey{ID: aws.ToString(k.Id), Name: aws.ToString(k.Name)})
	}
	return out
}

// named collects what the integrations of the APIs name, by kind of API.
func named(apis []probe.API, pick func(i *probe.Integration) string) map[probe.APIKind][]string {
	out := map[probe.APIKind][]string{}
	for i := range apis {
		for _, d := range definitions(&apis[i]) {
			for _, r := range d.Routes {
				if text := d.resolve(pick(&r.Integration)); text != "" && !slices.Contains(out[apis[i].Kind], text) {
					out[apis[i].Kind] = append(out[apis[i].Kind], text)
				}
			}
		}
		slices.Sort(out[apis[i].Kind])
	}
	return out
}

func (rd surroundings) vpcLinks(ctx context.Context, apis []probe.API) (out []probe.VPCLink) {
	for kind, ids := range named(apis, func(i *probe.Integration) string { return i.ConnectionID }) {
		for _, id := range ids[:min(len(ids), mostAround)] {
			if link, ok := rd.vpcLink(ctx, kind, id); ok {
				out = append(out, link)
			}
		}
	}
	slices.SortFunc(out, func(a, b probe.VPCLink) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// vpcLink reads one link, of the version of its API's kind; a REST API may also
// name one of the second version.
func (rd surroundings) vpcLink(ctx context.Context, kind probe.APIKind, id string) (probe.VPCLink, bool) {
	q := optional("GetVpcLink", "VPC link "+id, "/vpclinks/"+id, "whether the VPC link is available is unknown")
	link := probe.VPCLink{ID: id, Kind: kind}
	if kind == probe.REST {
		out, err := ask(ctx, rd.reading, q, func(ctx context.Context) (*apigateway.GetVpcLinkOutput, error) {
			return rd.REST.GetVpcLink(ctx, &apigateway.GetVpcLinkInput{VpcLinkId: &id}, once)
		})
		if err == nil {
			link.Name, link.Status, link.StatusText = aws.ToString(out.Name), string(out.Status), aws.ToString(out.StatusMessage)
			return link, true
		}
		if !notFound(err) {
			return link, false
		}
	}
	out, err := ask(ctx, rd.reading, q, func(ctx context.Context) (*apigatewayv2.GetVpcLinkOutput, error) {
		return rd.HTTP.GetVpcLink(ctx, &apigatewayv2.GetVpcLinkInput{VpcLinkId: &id}, onceHTTP)
	})
	switch {
	case err == nil:
		link.Name, link.Status, link.StatusText = aws.ToString(out.Name), string(out.VpcLinkStatus), aws.ToString(out.VpcLinkStatusMessage)
		return link, true
	case notFound(err):
		link.Status, link.StatusText = "MISSING", "no VPC link of this id is there"
		return link, true
	}
	return link, false
}

// aliasURI is a function with an alias or version in an integration's URI.
var aliasURI = regexp.MustCompile(`(arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_-]+):([A-Za-z0-9_$-]+)`)

func (rd surroundings) aliases(ctx context.Context, apis []probe.API) (out []probe.Alias) {
	if rd.Lambda == nil {
		return nil
	}
	seen := map[string]bool{}
	for _, uris := range named(apis, func(i *probe.Integration) string { return i.URI }) {
		for _, uri := range uris {
			m := aliasURI.FindStringSubmatch(uri)
			if m == nil || seen[m[0]] || strings.Trim(m[2], "0123456789") == "" || m[2] == "$LATEST" || len(seen) == mostAround {
				continue // a version has no weights
			}
			seen[m[0]] = true
			if a, ok := rd.alias(ctx, m[1], m[2]); ok {
				out = append(out, a)
			}
		}
	}
	slices.SortFunc(out, func(a, b probe.Alias) int {
		return cmp.Or(cmp.Compare(a.Function, b.Function), cmp.Compare(a.Name, b.Name))
	})
	return out
}

func (rd surroundings) alias(ctx context.Context, function, name string) (probe.Alias, bool) {
	q := question{op: "GetAlias", subject: "alias " + name + " of " + function, path: function + ":" + name,
		costs: "whether the alias shares its requests among versions of the function is unknown", quiet: missingOrUnsupported}
	out, err := ask(ctx, rd.reading, q, func(ctx context.Context) (*lambda.GetAliasOutput, error) {
		return rd.Lambda.GetAlias(ctx, &lambda.GetAliasInput{FunctionName: &function, Name: &name}, func(o *lambda.Options) { o.Retryer = aws.NopRetryer{} })
	})
	if err != nil {
		return probe.Alias{}, false
	}
	a := probe.Alias{Function: function, Name: name, Version: aws.ToString(out.FunctionVersion)}
	if out.RoutingConfig != nil && len(out.RoutingConfig.AdditionalVersionWeights) > 0 {
		a.Weights = out.RoutingConfig.AdditionalVersionWeights
	}
	return a, true
}

// missingOrUnsupported: the function is gone, or the endpoint is an emulator's.
func missingOrUnsupported(err error) bool {
	return codeOf(err) == "ResourceNotFoundException" || unsupported(err) || statusOf(err) == 0 && !isAPI(err) && !timedOut(err)
}

func isAPI(err error) bool {
	_, ok := err.(smithy.APIError)
	return ok || codeOf(err) != ""
}

// trafficSpan is how far back the traffic of a canary is counted.
const trafficSpan = 3 * time.Hour

// traffic counts the requests of stages with a canary, and of the canary, which
// has metrics of its own under the stage's name and "/Canary". That name is by
// report, not by AWS's documentation: a count of 0 says nothing.
func (rd surroundings) traffic(ctx context.Context, apis []probe.API) (out []probe.CanaryTraffic) {
	if rd.Metrics == nil {
		return nil
	}
	to := rd.Now().UTC().Truncate(time.Minute)
	for i := range apis {
		for _, st := range apis[i].Stages {
			if st.Canary == nil || apis[i].Name == "" || len(out) == mostAround {
				continue
			}
			t := probe.CanaryTraffic{APIID: apis[i].ID, Stage: st.Name, From: to.Add(-trafficSpan), To: to}
			if rd.count(ctx, apis[i].Name, &t) {
				out = append(out, t)
			}
		}
	}
	return out
}

func (rd surroundings) count(ctx context.Context, api string, t *probe.CanaryTraffic) bool {
	q := question{op: "GetMetricData", subject: "stage " + t.Stage + " of " + t.APIID, path: "*",
		costs: "whether the canary serves real callers is told by its log alone", quiet: missingOrUnsupported}
	names := map[string]string{"stage": t.Stage, "canary": t.Stage + "/Canary"}
	in := &cloudwatch.GetMetricDataInput{StartTime: &t.From, EndTime: &t.To}
	for _, id := range slices.Sorted(maps.Keys(names)) {
		in.MetricDataQueries = append(in.MetricDataQueries, cwtypes.MetricDataQuery{Id: aws.String(id), MetricStat: &cwtypes.MetricStat{
			Period: aws.Int32(int32(trafficSpan / time.Second)), Stat: aws.String("Sum"),
			Metric: &cwtypes.Metric{Namespace: aws.String("AWS/ApiGateway"), MetricName: aws.String("Count"), Dimensions: []cwtypes.Dimension{
				{Name: aws.String("ApiName"), Value: &api}, {Name: aws.String("Stage"), Value: aws.String(names[id])},
			}},
		}})
	}
	out, err := ask(ctx, rd.reading, q, func(ctx context.Context) (*cloudwatch.GetMetricDataOutput, error) {
		return rd.Metrics.GetMetricData(ctx, in, func(o *cloudwatch.Options) { o.Retryer = aws.NopRetryer{} })
	})
	if err != nil {
		return false
	}
	for _, r := range out.MetricDataResults {
		for _, v := range r.Values {
			if aws.ToString(r.Id) == "canary" {
				t.Canary += v
			} else {
				t.Stages += v
			}
		}
	}
	return true
}
