package predeploy

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"stageprobe/analyze"
	"stageprobe/analyze/cause"
)

// load reads fixtures as the command does.
func load(t *testing.T, names ...string) *Change {
	t.Helper()
	c, err := Read(files(t, names...), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func files(t testing.TB, names ...string) []File {
	t.Helper()
	var out []File
	for _, n := range names {
		data, err := os.ReadFile(filepath.Join("testdata", n))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, File{Name: n, Data: data})
	}
	return out
}

func report(c *Change) *analyze.Report {
	return Report(c, Judge(c, "eu-west-1"), ReportOptions{Files: []string{"f"}, Version: "test", Now: time.Unix(0, 0)})
}

// outcomes are the stages with what becomes of the edits on them, sorted.
func outcomes(rep *analyze.Report) []string {
	var out []string
	for _, a := range rep.Plan.APIs {
		for _, s := range a.Stages {
			out = append(out, s.Stage+"="+s.Live)
		}
	}
	slices.Sort(out)
	return out
}

func causes(rep *analyze.Report) []string {
	var out []string
	for _, f := range rep.Findings {
		out = append(out, string(f.Cause)+" "+string(f.Severity))
	}
	return out
}

// For each tool there is a change that goes live and one that does not.
var cases = []struct {
	files    string // one, or "deployed new"
	exit     int
	tool     Tool
	stages   string // "prod=all", comma-separated
	findings string // comma-separated
	says     string // in the verdict, or in a remedy
}{
	{"terraform/live.json", 0, Terraform, "prod=all", "", "Would be live: stage prod of orders"},
	{"terraform/live-no-configuration.json", 0, Terraform, "prod=all", "", ""},
	{"terraform/first-deploy.json", 0, Terraform, "prod=all", "", ""},
	{"terraform/module-live.json", 0, Terraform, "prod=all", "", ""},
	{"terraform/module-first-deploy.json", 0, Terraform, "prod=all", "", ""},
	{"terraform/stale-ids-hashed.json", 1, Terraform, "prod=none", "stale-deployment error", "hash too little of aws_api_gateway_integration.get_orders (id alone)"},
	{"terraform/stale-ids-hashed.json", 1, Terraform, "prod=none", "stale-deployment error", "terraform apply -replace=aws_api_gateway_deployment.orders"},
	{"terraform/stale-ids-hashed.json", 1, Terraform, "prod=none", "stale-deployment error", "    aws_api_gateway_integration.get_orders,\n"},
	{"terraform/stale-no-triggers.json", 1, Terraform, "prod=none", "stale-deployment error", "has no triggers"},
	{"terraform/module-stale.json", 1, Terraform, "prod=none", "stale-deployment error", `-replace='module.stack["eu.west"].aws_api_gateway_deployment.orders'`},
	{"terraform/stage-pinned.json", 1, Terraform, "prod=none", "stale-deployment error", "deployment_id = aws_api_gateway_deployment.orders.id"},
	{"terraform/stage-name-live.json", 0, Terraform, "prod=all", "", ""},
	{"terraform/stage-name-stale.json", 1, Terraform, "prod=none", "stale-deployment error", ""},
	{"terraform/destroy-first.json", 1, Terraform, "prod=none", "stale-deployment error", "create_before_destroy = true"},
	{"terraform/canary-stays.json", 1, Terraform, "prod=none", "stale-canary error", "aws apigateway update-stage --rest-api-id abc123 --stage-name prod"},
	{"terraform/canary-goes.json", 0, Terraform, "prod=all", "", ""},
	{"terraform/body-live.json", 0, Terraform, "prod=all", "", ""},
	{"terraform/body-stale.json", 1, Terraform, "prod=none", "stale-deployment error", "aws_api_gateway_rest_api.orders.body,"},
	{"terraform/body-unknown.json", 3, Terraform, "prod=unknown", "", "known only once it is applied"},
	{"terraform/unknown-uri.json", 3, Terraform, "prod=unknown", "", "uri of aws_api_gateway_integration.get_orders"},
	{"terraform/no-deployment.json", 3, Terraform, "=unknown", "", "neither a deployment nor a stage"},
	{"terraform/no-op.json", 0, Terraform, "prod=no edit", "", "Nothing changes that needs a deployment"},
	{"terraform/settings-only.json", 0, Terraform, "prod=no edit", "", ""},
	{"terraform/at-once.json", 0, Terraform, "prod=no edit", "", ""},
	{"terraform/route-gone.json", 0, Terraform, "prod=all", "", ""},
	{"terraform/documentation-only.json", 0, Terraform, "prod=none", "stale-deployment info", "No caller can see"},
	{"terraform/every-kind-live.json", 0, Terraform, "prod=all", "", ""},
	{"terraform/every-kind-stale.json", 1, Terraform, "prod=none", "stale-deployment error", ""},
	{"terraform/drift.json", 0, Terraform, "prod=all", "", ""},
	{"terraform/canary-rollout.json", 0, Terraform, "prod=canary", "", "On the canary alone"},
	{"terraform/sensitive.json", 1, Terraform, "prod=none", "stale-deployment error", ""},
	{"terraform/two-apis.json", 1, Terraform, "prod=all,prod=none", "stale-deployment error", "Stage prod of other would keep"},
	{"terraform/unordered.json", 0, Terraform, "prod=all", "stale-deployment warning", "depends_on = ["},
	{"terraform/stage-destroyed.json", 0, Terraform, "prod=removed", "", "Would be gone: stage prod"},
	{"terraform/alias-weights.json", 0, Terraform, "prod=no edit", "backend-split warning", "10 % to version 7"},
	{"terraform/http-auto-deploy.json", 0, Terraform, "$default=all", "", ""},
	{"terraform/http-no-auto-deploy.json", 1, Terraform, "$default=none", "auto-deploy-off error", "auto_deploy = true"},
	{"terraform/http-turned-off.json", 0, Terraform, "$default=no edit", "auto-deploy-off warning", ""},

	{"pulumi/live.json", 0, Pulumi, "prod=all", "", ""},
	{"pulumi/first-deploy.json", 0, Pulumi, "prod=all", "", ""},
	{"pulumi/stale.json", 1, Pulumi, "prod=none", "stale-deployment error", "pulumi up --replace urn:pulumi:prod::orders::aws:apigateway/deployment:Deployment::orders"},
	{"pulumi/stale-no-triggers.json", 1, Pulumi, "prod=none", "stale-deployment error", "has no triggers"},
	{"pulumi/destroy-first.json", 1, Pulumi, "prod=none", "stale-deployment error", "deleteBeforeReplace"},
	{"pulumi/without-sames.json", 3, Pulumi, "=unknown", "", "--show-sames"},

	{"changeset/live.json", 0, CloudFormation, "prod=all", "", ""},
	{"changeset/stale.json", 1, CloudFormation, "prod=none", "stale-deployment error", "ApiDeployment2"},
	{"changeset/no-deployment.json", 3, CloudFormation, "=unknown", "", ""},
	{"changeset/values.json", 0, Serverless, "prod=all", "", ""},
	{"changeset/empty.json", 0, CloudFormation, "", "", "Nothing of API Gateway changes"},

	{"cloudformation/base-old.yaml cloudformation/live-new.yaml", 0, CloudFormation, "prod=all", "", ""},
	{"cloudformation/base-old.yaml cloudformation/stale-new.yaml", 1, CloudFormation, "prod=none", "stale-deployment error", "DeploymentId: !Ref ApiDeployment2"},
	{"cloudformation/base-old.yaml cloudformation/not-moved-new.yaml", 1, CloudFormation, "prod=none", "stale-deployment error", "nothing moves it to the new deployment ApiDeployment2"},
	{"cloudformation/base-old.yaml cloudformation/condition-new.yaml", 3, CloudFormation, "prod=unknown", "", ""},
	{"cloudformation/described-canary-old.yaml cloudformation/described-canary-new.yaml", 1, CloudFormation, "prod=none", "stale-canary error", "so the deploy would fail"},
	{"cloudformation/described-plain-old.yaml cloudformation/described-canary-begins-new.yaml", 0, CloudFormation, "prod=all", "stale-canary warning", ""},
	{"cloudformation/described-plain-old.yaml cloudformation/described-to-canary-new.yaml", 0, CloudFormation, "prod=canary", "", "On the canary alone"},
	{"cloudformation/http-old.yaml cloudformation/http-new.yaml", 1, CloudFormation, "prod=none", "auto-deploy-off error", "AutoDeploy: true"},
	{"cloudformation/http-old.yaml cloudformation/http-auto-new.yaml", 0, CloudFormation, "prod=all", "", ""},

	{"cdk/rest-old.json cdk/rest-new.json", 0, CDK, "prod=all", "", ""},
	{"cdk/rest-route-gone-old.json cdk/rest-old.json", 0, CDK, "prod=all", "", ""},
	{"cdk/gateway-response-old.json cdk/gateway-response-new.json", 1, CDK, "prod=none", "stale-deployment error", "addToLogicalId"},
	{"cdk/imported-old.json cdk/imported-new.json", 3, CDK, "=unknown", "", ""},
	{"cdk/imported-deployment-old.json cdk/imported-deployment-new.json", 1, CDK, "prod=none", "stale-deployment error", ""},
	{"cdk/no-deploy-old.json cdk/no-deploy-new.json", 3, CDK, "=unknown", "", ""},
	{"cdk/canary-old.json cdk/canary-new.json", 1, CDK, "prod=none", "stale-canary error", ""},
	{"cdk/http-old.json cdk/http-new.json", 0, CDK, "$default=all", "", ""},

	{"serverless/rest-old.json serverless/rest-new.json", 0, Serverless, "prod=all", "", ""},
	{"serverless/shared-old.json serverless/shared-new.json", 0, Serverless, "prod=all", "", ""},
	{"serverless/http-old.json serverless/http-new.json", 0, Serverless, "$default=all", "", ""},
	{"serverless/own-old.json serverless/own-new.json", 1, Serverless, "prod=none", "stale-deployment error", ""},

	{"openapi/old.json openapi/new.json", 3, OpenAPI, "=unknown", "", ""},
	{"openapi/old.json openapi/old.json", 0, OpenAPI, "", "", ""},
}

func TestWhatGoesLive(t *testing.T) {
	for _, c := range cases {
		t.Run(c.files+" "+c.says, func(t *testing.T) { check(t, strings.Fields(c.files), c.exit, c.tool, c.stages, c.findings, c.says) })
	}
}

func check(t *testing.T, names []string, exit int, tool Tool, stages, findings, says string) {
	t.Helper()
	change := load(t, names...)
	rep := report(change)
	if change.Tool != tool {
		t.Errorf("taken for %s, want %s", change.Tool, tool)
	}
	if rep.ExitCode != exit {
		t.Errorf("exit code %d, want %d: %q", rep.ExitCode, exit, rep.Verdict)
	}
	if got := strings.Join(outcomes(rep), ","); got != stages {
		t.Errorf("stages %q, want %q", got, stages)
	}
	if got := strings.Join(causes(rep), ","); got != findings {
		t.Errorf("findings %q, want %q", got, findings)
	}
	if text := everything(rep); !strings.Contains(text, says) {
		t.Errorf("nothing says %q:\n%s", says, text)
	}
	if exit == 3 && len(rep.Open) == 0 {
		t.Error("undecided without a question")
	}
}

// everything is what a person reads: verdict, questions, remedies.
func everything(rep *analyze.Report) string {
	var b strings.Builder
	for _, v := range rep.Verdict {
		b.WriteString(v + "\n")
	}
	for _, q := range rep.Open {
		b.WriteString(q.Text + " " + q.Enable + "\n")
	}
	for _, f := range rep.Findings {
		for _, r := range f.Remedy {
			b.WriteString(r.Text + "\n" + r.Command + "\n" + strings.Join(r.Write, "\n") + "\n")
		}
	}
	for _, n := range rep.Notes {
		b.WriteString(n + "\n")
	}
	return b.String()
}

// What SAM itself makes of a template says the same as what is foretold of it.
func TestSAMIsForetoldAsItIs(t *testing.T) {
	for _, c := range []struct {
		old, new, findings string
		exit               int
	}{
		{"implicit-old", "implicit-new", "", 0},
		{"implicit-old", "implicit-old", "", 0},
		{"uri-old", "uri-new", "", 0},
		{"gateway-response-old", "gateway-response-new", "stale-deployment error", 1},
		{"gateway-response-old", "always-deploy-new", "stale-deployment warning", 0},
		{"uri-old", "endpoint-new", "stale-deployment error", 1},
		{"shift-old", "shift-new", "backend-split warning", 0},
		{"http-old", "http-new", "", 0},
	} {
		for _, ext := range []string{".yaml", ".processed.json"} {
			rep := report(load(t, "sam/"+c.old+ext, "sam/"+c.new+ext))
			if got := strings.Join(causes(rep), ","); got != c.findings || rep.ExitCode != c.exit {
				t.Errorf("%s to %s, %s: exit code %d and %q, want %d and %q: %q", c.old, c.new, ext, rep.ExitCode, got, c.exit, c.findings, rep.Verdict)
			}
		}
	}
}

// An event at an API whose definition is a file of its own is in no deployment:
// SAM does not write it into that file.
func TestSAMEventsBesideADefinition(t *testing.T) {
	template := func(event string) File {
		return File{Name: "f", Data: []byte(`
Transform: AWS::Serverless-2016-10-31
Resources:
  Shop: {Type: AWS::Serverless::Api, Properties: {StageName: prod, DefinitionUri: "s3://defs/a.yaml"}}
  F:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: "s3://c/1", Events: {E: {Type: Api, Properties: {RestApiId: !Ref Shop, Path: /x, Method: ` + event + `}}}}
`)}
	}
	c, err := Read([]File{template("get"), template("post")}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := outcomes(report(c)); !slices.Equal(got, []string{"prod=no edit"}) {
		t.Errorf("%q, want no edit", got)
	}
}

func TestSAMRemedy(t *testing.T) {
	if text := everything(report(load(t, "sam/gateway-response-old.yaml", "sam/gateway-response-new.yaml"))); !strings.Contains(text, "AlwaysDeploy: true") {
		t.Errorf("no AlwaysDeploy among the remedies:\n%s", text)
	}
}

// Every row of the table of what needs a deployment is an edit in a change that
// goes live and in one that does not; what acts at once is in neither.
func TestEveryKindOfEditIsCovered(t *testing.T) {
	kinds := func(names ...string) map[Kind]bool {
		out := map[Kind]bool{}
		for i := range names {
			for _, pair := range strings.Split(names[i], "+") {
				for _, api := range load(t, strings.Fields(pair)...).APIs {
					for _, e := range api.Edits {
						out[e.Kind] = true
					}
				}
			}
		}
		return out
	}
	live := kinds("terraform/every-kind-live.json", "serverless/http-old.json serverless/http-new.json", "terraform/v2-every-kind-live.json")
	stale := kinds("terraform/every-kind-stale.json", "terraform/http-no-auto-deploy.json", "terraform/v2-every-kind-stale.json")
	acted := map[Kind]bool{}
	for _, name := range []string{"terraform/at-once.json", "terraform/live.json"} {
		c, err := readTerraform(files(t, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range c.resources {
			if len(r.actions()) > 0 {
				acted[kindOfType[r.key].Kind] = true
			}
		}
	}
	for _, k := range EditKinds {
		if k.Effect != AtOnce && (!live[k.Kind] || !stale[k.Kind]) {
			t.Errorf("no fixture edits %q in a change that goes live (%v) and in one that does not (%v)", k.Kind, live[k.Kind], stale[k.Kind])
		}
		if k.Effect == AtOnce && (!acted[k.Kind] || live[k.Kind] || stale[k.Kind]) {
			t.Errorf("%q acts at once: changed in a fixture %v, taken for an edit %v", k.Kind, acted[k.Kind], live[k.Kind] || stale[k.Kind])
		}
	}
}

func TestCallersAreToldWhatChanges(t *testing.T) {
	for _, c := range []struct{ files, want string }{
		{"terraform/route-gone.json", `GET /orders removed: 403 {"message":"Missing Authentication Token"}`},
		{"terraform/body-live.json", `DELETE /orders removed: 403 {"message":"Missing Authentication Token"}`},
		{"openapi/old.json openapi/new.json", `DELETE /orders removed: 403 {"message":"Missing Authentication Token"}`},
		{"sam/http-old.yaml sam/http-new.yaml", "POST /orders added: answered by AWS_PROXY ${Orders.Arn}"},
		{"cdk/rest-old.json cdk/rest-new.json", "GET /orders integration.uri: answers come from https://v2.example.com/orders"},
	} {
		var got []string
		for _, a := range report(load(t, strings.Fields(c.files)...)).Plan.APIs {
			for _, d := range a.Differs {
				got = append(got, d.Subject+" "+d.Aspect+": "+d.After)
			}
		}
		if !slices.Contains(got, c.want) {
			t.Errorf("%s: callers see %q, want %q among them", c.files, got, c.want)
		}
	}
}

func TestDriftIsTold(t *testing.T) {
	rep := report(load(t, "terraform/drift.json"))
	text := strings.Join(rep.Notes, "\n")
	for _, want := range []string{"Changed outside of Terraform: GET /orders (aws_api_gateway_method.get_orders: authorization)", "Changed outside of Terraform: stage prod (aws_api_gateway_stage.prod: canary_settings)"} {
		if !strings.Contains(text, want) {
			t.Errorf("the notes do not say %q:\n%s", want, text)
		}
	}
}

func TestFailOn(t *testing.T) {
	c := load(t, "terraform/unordered.json")
	rep := Report(c, Judge(c, ""), ReportOptions{FailOn: cause.Warning})
	if rep.ExitCode != analyze.ExitFinding {
		t.Errorf("exit code %d with --fail-on warning, want %d", rep.ExitCode, analyze.ExitFinding)
	}
}

func TestRefusals(t *testing.T) {
	text := func(s string) File { return File{Name: "f", Data: []byte(s)} }
	cfn := text(`{"Resources": {"A": {"Type": "AWS::ApiGateway::RestApi"}}}`)
	plan := text(`{"format_version": "1.2", "resource_changes": []}`)
	for _, c := range []struct {
		name  string
		files []File
		want  string
		hint  string
	}{
		{"none", nil, "no file", ""},
		{"one template", []File{cfn}, "f alone does not tell what changes", "get-template"},
		{"one document", []File{text(`{"openapi": "3.0.1", "paths": {}}`)}, "f alone does not tell what changes", "--api"},
		{"three templates", []File{cfn, cfn, cfn}, "3 files", "deployed one first"},
		{"two plans", []File{plan, plan}, "2 files", "one file"},
		{"two kinds", []File{cfn, plan}, "f is CloudFormation templates", "two of one kind"},
		{"SAM beside what SAM made", []File{files(t, "sam/gateway-response-old.processed.json")[0], files(t, "sam/gateway-response-new.yaml")[0]}, "cannot be compared", "--template-stage Original"},
		{"not a document", []File{text("{")}, "neither JSON nor YAML", "what can be read"},
		{"empty", []File{text("")}, "it is empty", "what can be read"},
		{"something else", []File{text(`{"hello": 1}`)}, "tried were terraform, pulumi, changeset, cloudformation, openapi", "what can be read"},
		{"binary plan", []File{text("PK\x03\x04…")}, "binary form", "terraform show -json"},
		{"state", []File{text(`{"format_version": "1.0", "values": {}}`)}, "a Terraform state", "terraform plan"},
		{"log lines", []File{text(`{"@level":"info"}` + "\n")}, "log lines", "terraform show -json"},
		{"serverless.yml", []File{text("service: x\nprovider: aws\n")}, "serverless.yml", "serverless package"},
		{"a later format", []File{text(`{"format_version": "2.0", "resource_changes": []}`)}, "format_version", ""},
		{"broken plan", []File{text(`{"format_version": "1.0", "resource_changes": {}}`)}, "not a plan", ""},
	} {
		_, err := Read(c.files, Options{})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
			continue
		}
		if h, ok := err.(*HintError); c.hint != "" && (!ok || !strings.Contains(h.Hint, c.hint)) {
			t.Errorf("%s: hint of %#v, want %q", c.name, err, c.hint)
		}
	}
}

// A value that the tool marks as sensitive appears nowhere.
func TestSensitiveValuesAreNotShown(t *testing.T) {
	rep := report(load(t, "terraform/sensitive.json"))
	text, err := json.Marshal(rep)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "hunter") {
		t.Errorf("the report holds a sensitive value: %s", text)
	}
}

// What the deployed and the new template say alike may still change, where it
// stands in another file.
func TestBodiesKeptElsewhere(t *testing.T) {
	template := func(body string) []byte {
		return []byte(`{"Resources": {"Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {` + body + `}},
			"D": {"Type": "AWS::ApiGateway::Deployment", "Properties": {"RestApiId": {"Ref": "Api"}, "StageName": "prod"}}}}`)
	}
	for body, exit := range map[string]int{
		`"Body": {"Fn::Transform": {"Name": "AWS::Include", "Parameters": {"Location": "s3://defs/api.yaml"}}}`: 3,
		`"BodyS3Location": "api.yaml"`:                            3,
		`"BodyS3Location": {"Bucket": "defs", "Key": "api.yaml"}`: 0,
		`"Name": "orders"`:                                        0,
	} {
		f := File{Name: "f", Data: template(body)}
		c, err := Read([]File{f, f}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if rep := report(c); rep.ExitCode != exit {
			t.Errorf("%s: exit code %d, want %d: %q", body, rep.ExitCode, exit, rep.Verdict)
		}
	}
}

func TestDocumentsInEveryEncoding(t *testing.T) {
	want := map[string]any{"A": map[string]any{"Fn::GetAtt": []any{"B", "C.D"}}, "n": 1.0}
	for name, text := range map[string]string{
		"JSON":         `{"A": {"Fn::GetAtt": ["B", "C.D"]}, "n": 1}`,
		"YAML":         "A: !GetAtt B.C.D\nn: 1\n",
		"byte order":   "\xef\xbb\xbfA: !GetAtt [B, C.D]\nn: 1\n",
		"UTF-16":       "\xff\xfeA\x00:\x00 \x00!\x00G\x00e\x00t\x00A\x00t\x00t\x00 \x00B\x00.\x00C\x00.\x00D\x00\n\x00n\x00:\x00 \x001\x00",
		"an alias":     "x: &x !GetAtt B.C.D\nA: *x\nn: 1\n",
		"a merge":      "x: &x {A: !GetAtt B.C.D}\n<<: *x\nn: 1\n",
		"a tagged map": "A: {Fn::GetAtt: [B, C.D]}\nn: !!int 1\n",
	} {
		got, err := decode([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		m := object(got)
		delete(m, "x")
		if diff := cmp.Diff(want, m); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// An alias of aliases does not grow without bound.
func TestYAMLBomb(t *testing.T) {
	text := "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := 1; i < 12; i++ {
		text += fmt.Sprintf("a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i-1), 10), ","))
	}
	if _, err := decode([]byte(text)); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("a document of 10^12 values: %v", err)
	}
}

func TestReferences(t *testing.T) {
	// As terraform show -json (1.11.4) writes them: each traversal, then its prefixes.
	got := references(map[string]any{"references": []any{
		"aws_x.a.id", "aws_x.a", "aws_x.many", `aws_x.many["p.q"].id`, `aws_x.many["p.q"]`, "aws_x.many", "module.m.o", "module.m", "local.l", "aws_x.a",
	}})
	want := []string{"aws_x.a.id", "aws_x.many", `aws_x.many["p.q"].id`, "module.m.o", "local.l", "aws_x.a"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	for address, want := range map[string]string{
		`module.a["x.y"].module.b[0].aws_x.n["]"]`: "module.a.module.b.aws_x.n", "aws_x.n": "aws_x.n",
	} {
		if got := withoutIndices(address); got != want {
			t.Errorf("%s without indices is %s, want %s", address, got, want)
		}
	}
	if got := moduleInstance(`module.a["x.y"].aws_x.n[0]`); got != `module.a["x.y"].` {
		t.Errorf("module instance %q", got)
	}
}
