package predeploy

import (
	"strings"
	"testing"
)

// Files that hold less than the tools write: what is left out is not made up.
func TestSparseFiles(t *testing.T) {
	const planHead = `{"format_version": "1.0", "resource_changes": [`
	integration := `{"address": "aws_api_gateway_integration.i", "type": "aws_api_gateway_integration", "change": {"actions": ["update"],
		"before": {"rest_api_id": "abc123", "http_method": "GET", "uri": "a"}, "after": {"rest_api_id": "abc123", "http_method": "GET", "uri": "b"}}}`
	api := `{"address": "aws_api_gateway_rest_api.a", "type": "aws_api_gateway_rest_api", "change": {"actions": ["update"], "before": {"name": "a", "body": "x"}, "after": {"name": "a", "body": "y"}}}`
	kept := `{"address": "aws_api_gateway_deployment.d", "type": "aws_api_gateway_deployment", "change": {"actions": ["no-op"], "before": {"rest_api_id": "abc123"}, "after": {"rest_api_id": "abc123"}}}`
	stage := `{"address": "aws_api_gateway_stage.s", "type": "aws_api_gateway_stage", "change": {"actions": ["no-op"],
		"before": {"rest_api_id": "abc123", "stage_name": "prod", "deployment_id": "d1"}, "after": {"rest_api_id": "abc123", "stage_name": "prod", "deployment_id": "d1"}}}`
	made := `{"address": "aws_api_gateway_deployment.d", "type": "aws_api_gateway_deployment", "change": {"actions": ["create", "delete"], "before": {"id": "d1", "rest_api_id": "abc123"}, "after": {"rest_api_id": "abc123"}, "after_unknown": {"id": true}}}`
	moved := `{"address": "aws_api_gateway_stage.s", "type": "aws_api_gateway_stage", "change": {"actions": ["update"],
		"before": {"rest_api_id": "abc123", "stage_name": "prod", "deployment_id": "d1"}, "after": {"rest_api_id": "abc123", "stage_name": "prod"}, "after_unknown": {"deployment_id": true}}}`
	step := func(op, kind, name, reason string) string {
		return `{"op": "` + op + `", "urn": "urn:pulumi:s::p::my:Component$aws:apigateway/` + kind + `::` + name + `", "diffReasons": [` + reason + `]}`
	}
	change := func(action, id, kind, more string) string {
		return `{"ResourceChange": {"Action": "` + action + `", "LogicalResourceId": "` + id + `", "ResourceType": "AWS::ApiGateway::` + kind + `"` + more + `}}`
	}
	details := func(name string) string {
		return `, "Details": [{"Evaluation": "Static", "Target": {"Attribute": "Properties", "Name": "` + name + `"}}]`
	}
	for _, c := range []struct {
		name, text, stages string
		exit               int
	}{
		{"a plan without ids", planHead + strings.Join([]string{api, integration, kept, stage}, ",") + "]}", "prod=none", 1},
		{"a plan without ids or configuration", planHead + strings.Join([]string{api, integration, made, moved}, ",") + "]}", "prod=all", 0},
		{"a plan of an edit alone", planHead + integration + "]}", "=unknown", 3},
		{"a plan that ended in an error", planHead + strings.Join([]string{made, moved}, ",") + `], "errored": true}`, "prod=all", 3},
		{"an empty plan", planHead + "]}", "", 0},
		{"a plan of planned values", `{"format_version": "1.0", "planned_values": {"root_module": {"child_modules": [{"resources": [{"address": "module.m.aws_api_gateway_stage.s", "type": "aws_api_gateway_stage", "values": {"rest_api_id": "abc123", "stage_name": "prod"}}]}]}}, "resource_changes": [` + integration + `]}`, "prod=none", 1},
		{"a preview without states", `{"steps": [` + strings.Join([]string{step("update", "integration:Integration", "i", `"uri"`), step("replace", "deployment:Deployment", "d", `"triggers"`), step("update", "stage:Stage", "s", `"deployment"`)}, ",") + `]}`, "s=all", 0},
		{"a preview without states that moves nothing", `{"steps": [` + strings.Join([]string{step("update", "integration:Integration", "i", `"uri"`), step("same", "deployment:Deployment", "d", ""), step("same", "stage:Stage", "s", "")}, ",") + `]}`, "s=none", 1},
		{"a change set that may replace", `{"Changes": [` + strings.Join([]string{change("Modify", "M", "Method", details("Integration")), change("Modify", "D", "Deployment", `, "Replacement": "Conditional"`), change("Modify", "S", "Stage", `, "PhysicalResourceId": "prod"`+details("DeploymentId"))}, ",") + `]}`, "prod=unknown", 3},
		{"a change set that removes the API", `{"Changes": [` + change("Remove", "A", "RestApi", `, "PhysicalResourceId": "abc123"`) + `]}`, "=removed", 0},
		{"a preview that does nothing", `{"steps": [], "changeSummary": {}}`, "", 0},
	} {
		change, err := Read([]File{{Name: "f", Data: []byte(c.text)}}, Options{})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		rep := report(change)
		if got := strings.Join(outcomes(rep), ","); got != c.stages || rep.ExitCode != c.exit {
			t.Errorf("%s: exit code %d, stages %q; want %d, %q: %q", c.name, rep.ExitCode, got, c.exit, c.stages, rep.Verdict)
		}
	}
}

// Two stages in the same plight are one finding about both.
func TestStagesAlikeAreOneFinding(t *testing.T) {
	c, err := Read([]File{{Name: "f", Data: []byte(`{"Changes": [
		{"ResourceChange": {"Action": "Modify", "LogicalResourceId": "Api", "PhysicalResourceId": "abc123", "ResourceType": "AWS::ApiGateway::RestApi", "Details": [{"Target": {"Attribute": "Properties", "Name": "Body"}}]}},
		{"ResourceChange": {"Action": "Modify", "LogicalResourceId": "P", "PhysicalResourceId": "prod", "ResourceType": "AWS::ApiGateway::Stage", "Details": [{"Target": {"Attribute": "Properties", "Name": "Variables"}}]}},
		{"ResourceChange": {"Action": "Modify", "LogicalResourceId": "D", "PhysicalResourceId": "dev", "ResourceType": "AWS::ApiGateway::Stage", "Details": [{"Target": {"Attribute": "Properties", "Name": "Variables"}}]}}]}`)}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	rep := report(c)
	if len(rep.Findings) != 1 || len(rep.Findings[0].Targets) != 2 {
		t.Fatalf("findings %+v, want one about two stages", rep.Findings)
	}
	text := everything(rep)
	for _, want := range []string{"Stages prod, dev of Api would keep", "--rest-api-id abc123 --stage-name prod", "--rest-api-id abc123 --stage-name dev"} {
		if !strings.Contains(text, want) {
			t.Errorf("nothing says %q:\n%s", want, text)
		}
	}
}

// A condition whose definition changes lets resources come and go that both
// templates hold.
func TestConditionsThatChange(t *testing.T) {
	template := func(condition string) File {
		return File{Name: "f", Data: []byte(`
Conditions: {Beta: !Equals [!Ref Env, ` + condition + `]}
Resources:
  Api: {Type: AWS::ApiGateway::RestApi, Properties: {Name: a}}
  Get: {Type: AWS::ApiGateway::Method, Condition: Beta, Properties: {RestApiId: !Ref Api, HttpMethod: GET, ResourceId: !GetAtt Api.RootResourceId}}
`)}
	}
	for condition, exit := range map[string]int{"beta": 0, "gamma": 3} {
		c, err := Read([]File{template("beta"), template(condition)}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if rep := report(c); rep.ExitCode != exit {
			t.Errorf("condition %s: exit code %d, want %d: %q", condition, rep.ExitCode, exit, rep.Verdict)
		}
	}
}
