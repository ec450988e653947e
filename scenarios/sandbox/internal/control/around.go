package control

import (
	"io"
	"maps"
	"net/http"
	"strings"

	"github.com/aws/smithy-go/encoding/cbor"

	"stageprobe/scenarios/sandbox/internal/world"
)

// What stands around the APIs: VPC links, the aliases of Lambda functions, and the
// metrics of stages in CloudWatch.

var aroundReads = []operation{
	{method: http.MethodGet, path: "/vpclinks/{link}", name: "GetVpcLink", run: with((*request).vpcLink, getVPCLink)},
}

var aroundReadsV2 = []operation{
	{method: http.MethodGet, path: "/v2/vpclinks/{link}", name: "GetVpcLink", run: with((*request).vpcLink, getVPCLinkV2)},
}

// lambdaReads are those of Lambda, in its own API.
var lambdaReads = []operation{
	{method: http.MethodGet, path: "/2015-03-31/functions/{function}/aliases/{alias}", name: "GetAlias", run: getAlias},
}

// also adds what the world says of a subject, such as "api/abc123" or
// "stage/abc123/prod", to the service's answer of it.
func (r *request) also(subject string, out doc) doc {
	maps.Copy(out, r.cloud.World.Control.Also[subject])
	return out
}

func (r *request) vpcLink() (*world.VPCLink, error) {
	for _, l := range r.cloud.World.Control.VPCLinks {
		if l.ID == r.PathValue("link") {
			return l, nil
		}
	}
	return nil, notFound("Invalid Vpc Link identifier specified")
}

func getVPCLink(r *request, l *world.VPCLink) (any, error) {
	return compact(doc{"id": l.ID, "name": l.Name, "status": l.Status, "statusMessage": l.Message}), nil
}

func getVPCLinkV2(r *request, l *world.VPCLink) (any, error) {
	return compact(doc{"vpcLinkId": l.ID, "name": l.Name, "vpcLinkStatus": l.Status, "vpcLinkStatusMessage": l.Message}), nil
}

func getAlias(r *request) (any, error) {
	function := r.PathValue("function")
	if i := strings.LastIndex(function, ":function:"); i >= 0 {
		function = function[i+len(":function:"):]
	}
	for _, a := range r.cloud.World.Control.Aliases {
		if a.Function == function && a.Name == r.PathValue("alias") {
			out := doc{"AliasArn": "arn:aws:lambda:" + r.cloud.Region + ":" + r.cloud.Account + ":function:" + function + ":" + a.Name,
				"Name": a.Name, "FunctionVersion": a.Version}
			if len(a.Weights) > 0 {
				out["RoutingConfig"] = doc{"AdditionalVersionWeights": a.Weights}
			}
			return out, nil
		}
	}
	return nil, &failure{http.StatusNotFound, "ResourceNotFoundException", "Cannot find alias arn: " + function + ":" + r.PathValue("alias")}
}

// metricsPath is where CloudWatch answers GetMetricData, by Smithy's RPC v2 protocol
// in CBOR.
const metricsPath = "/service/GraniteServiceVersion20100801/operation/GetMetricData"

// ServesMetrics reports whether a request speaks to CloudWatch.
func ServesMetrics(r *http.Request) bool { return r.URL.Path == metricsPath }

// ServeMetrics answers GetMetricData with the sums that the world gives stages.
func (p *Plane) ServeMetrics(w http.ResponseWriter, r *http.Request) {
	const action = "cloudwatch:GetMetricData"
	status, out := http.StatusOK, cbor.Map{}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	in, decodeErr := cbor.Decode(body)
	switch {
	case !p.permits(action, "*"):
		status, out = http.StatusForbidden, cbor.Map{"__type": cbor.String("AccessDenied"), "message": cbor.String("not authorized to perform: " + action)}
	case err != nil || decodeErr != nil:
		status, out = http.StatusBadRequest, cbor.Map{"__type": cbor.String("SerializationException")}
	default:
		out["MetricDataResults"] = p.sums(in)
	}
	p.onCall(Call{"cloudwatch", "GetMetricData", action, "*", status})
	w.Header().Set("Content-Type", "application/cbor")
	w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
	w.WriteHeader(status)
	_, _ = w.Write(cbor.Encode(out)) // a caller who hung up is no concern of the plane
}

// sums answers each query with the world's count of its stage.
func (p *Plane) sums(in cbor.Value) cbor.List {
	results := cbor.List{}
	input, _ := in.(cbor.Map)
	queries, _ := input["MetricDataQueries"].(cbor.List)
	for _, v := range queries {
		query, _ := v.(cbor.Map)
		values := cbor.List{}
		if n, ok := p.cloud.World.Control.Counts[dimensions(query)]; ok {
			values = append(values, cbor.Float64(n))
		}
		results = append(results, cbor.Map{"Id": query["Id"], "StatusCode": cbor.String("Complete"), "Values": values})
	}
	return results
}

// dimensions are those of a query as the world writes them: "{api name}/{stage}".
func dimensions(query cbor.Map) string {
	stat, _ := query["MetricStat"].(cbor.Map)
	metric, _ := stat["Metric"].(cbor.Map)
	list, _ := metric["Dimensions"].(cbor.List)
	values := map[string]string{}
	for _, v := range list {
		d, _ := v.(cbor.Map)
		name, _ := d["Name"].(cbor.String)
		value, _ := d["Value"].(cbor.String)
		values[string(name)] = string(value)
	}
	return values["ApiName"] + "/" + values["Stage"]
}
