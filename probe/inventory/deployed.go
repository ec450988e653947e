package inventory

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"

	"stageprobe/probe"
)

// summaryUnknown are the aspects that a deployment's apiSummary does not tell:
// it holds each route's authorization type and whether it wants an API key.
var summaryUnknown = []string{
	"api_key_source", "authorizer", "authorizers", "binary_types", "gateway_responses", "integration", "models", "operation_name",
	"parameters", "policy", "request_models", "responses", "scopes", "validator",
}

var errNoSummary = errors.New("the answer holds no apiSummary")

// restDeployed reads what each stage serves, and what each canary does.
func (rd restReading) restDeployed(ctx context.Context, api *probe.API) {
	rd.parallel(ctx, stepsAtOnce, len(api.Stages), func(ctx context.Context, i int) {
		st := &api.Stages[i]
		if st.Deployed = rd.restExport(ctx, api.ID, st.Name); st.Deployed == nil && st.DeploymentID != "" {
			st.Deployed = rd.summary(ctx, api.ID, st.DeploymentID)
		}
	})
	rd.parallel(ctx, stepsAtOnce, len(api.Stages), func(ctx context.Context, i int) {
		st := &api.Stages[i]
		if c := st.Canary; c != nil && c.DeploymentID != "" && c.DeploymentID != st.DeploymentID {
			if st.CanaryDeployed = servedElsewhere(api, c.DeploymentID); st.CanaryDeployed == nil {
				st.CanaryDeployed = rd.summary(ctx, api.ID, c.DeploymentID)
			}
		}
	})
}

// servedElsewhere finds the export of another stage that serves the same
// deployment, which tells more than a summary does.
func servedElsewhere(api *probe.API, deployment string) *probe.Definition {
	for i := range api.Stages {
		if api.Stages[i].DeploymentID == deployment && api.Stages[i].Deployed != nil {
			return api.Stages[i].Deployed
		}
	}
	return nil
}

// restExport reads the snapshot that a stage's own deployment serves.
func (rd restReading) restExport(ctx context.Context, id, stage string) *probe.Definition {
	q := question{op: "GetExport", subject: "stage " + stage + " of " + id, path: "/restapis/" + id + "/stages/" + stage + "/exports/oas30",
		costs: "which edits wait for a deployment to this stage is unknown or incomplete"}
	in := &apigateway.GetExportInput{
		RestApiId: &id, StageName: &stage, ExportType: aws.String("oas30"), Accepts: aws.String("application/json"),
		Parameters: map[string]string{"extensions": "integrations,authorizers,apigateway"},
	}
	d, _ := ask(ctx, rd.reading, q, func(ctx context.Context) (*probe.Definition, error) {
		out, err := rd.REST.GetExport(ctx, in, once)
		if err != nil {
			return nil, err
		}
		return parseExport(out.Body, probe.REST, "GetExport")
	})
	return d
}

// summary reads the routes of any deployment.
func (rd restReading) summary(ctx context.Context, id, deployment string) *probe.Definition {
	q := question{op: "GetDeployment", subject: "deployment " + deployment + " of " + id, path: "/restapis/" + id + "/deployments/" + deployment,
		costs: "which routes this deployment holds is unknown"}
	d, _ := ask(ctx, rd.reading, q, func(ctx context.Context) (*probe.Definition, error) {
		in := &apigateway.GetDeploymentInput{RestApiId: &id, DeploymentId: &deployment, Embed: []string{"apisummary"}}
		out, err := rd.REST.GetDeployment(ctx, in, once)
		if err != nil {
			return nil, err
		}
		if len(out.ApiSummary) == 0 {
			return nil, errNoSummary
		}
		d := &probe.Definition{Source: probe.DeploymentSummary, Routes: map[string]probe.Route{}, Unknown: append([]string(nil), summaryUnknown...)}
		for path, methods := range out.ApiSummary {
			for method, m := range methods {
				d.Routes[method+" "+path] = probe.Route{Authorization: aws.ToString(m.AuthorizationType), APIKeyRequired: m.ApiKeyRequired}
			}
		}
		return canonical(d, probe.REST), nil
	})
	return d
}
