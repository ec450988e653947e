package remedy

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"stageprobe/probe"
)

const region = "eu-west-1"

func restAPI() (*probe.API, *probe.Stage) {
	api := &probe.API{ID: "abc123", Kind: probe.REST,
		Deployments: []probe.Deployment{{ID: "dep2"}, {ID: "dep1"}},
		Stages: []probe.Stage{{
			Name: "prod", DeploymentID: "dep1", Variables: map[string]string{"backend": "b.example.com", "odd": "it's, a=\"b\" $HOME"},
			Canary:    &probe.Canary{Percent: 12.5, DeploymentID: "dep2", Variables: map[string]string{"backend": "c.example.com", "extra": "1,2"}, UseStageCache: true},
			Methods:   map[string]probe.MethodSettings{"*/*": {LoggingLevel: "ERROR", ThrottlingSet: true, ThrottlingRate: 10, ThrottlingBurst: 5}},
			AccessLog: probe.AccessLog{Destination: "arn:aws:logs:eu-west-1:123456789012:log-group:orders", Format: `{"requestId":"$context.requestId","status":$context.status}`},
		}},
	}
	return api, &api.Stages[0]
}

func httpAPI() (*probe.API, *probe.Stage) {
	api := &probe.API{ID: "xyz789", Kind: probe.HTTP, Deployments: []probe.Deployment{{ID: "bad", Status: "FAILED"}, {ID: "dep9", Status: "DEPLOYED"}},
		Stages: []probe.Stage{{Name: probe.DefaultStage, DeploymentID: "dep8", Variables: map[string]string{"backend": "b"}}}}
	return api, &api.Stages[0]
}

// everyRemedy is what every function of the package returns, by name.
func everyRemedy() map[string][]Remedy {
	rest, prod := restAPI()
	http, def := httpAPI()
	bare := *prod
	bare.Canary, bare.AccessLog = nil, probe.AccessLog{}
	domain := &probe.Domain{Name: "api.example.com"}
	to := probe.StageRef{APIID: "abc123", Stage: "prod"}
	rule := probe.RoutingRule{ID: "rule1", Priority: 10, APIID: "abc123", Stage: "dev", StripBasePath: true, BasePaths: []string{"v1"}, Headers: []probe.HeaderMatch{{Name: "x-version", Glob: "2*"}}}
	return map[string][]Remedy{
		"redeploy":                Redeploy(region, rest, &bare),
		"redeploy under a canary": Redeploy(region, rest, prod),
		"redeploy HTTP":           Redeploy(region, http, def),
		"promote":                 PromoteCanary(region, rest, prod),
		"remove canary":           RemoveCanary(region, rest, prod),
		"mapping":                 UpdateBasePathMapping(region, domain, probe.Mapping{APIID: "abc123", Stage: "dev", ID: "m1"}, to, probe.REST),
		"mapping of another API":  UpdateBasePathMapping(region, domain, probe.Mapping{BasePath: "v1", APIID: "old", Stage: "dev"}, to, probe.REST),
		"mapping HTTP":            UpdateBasePathMapping(region, domain, probe.Mapping{BasePath: "v1", APIID: "old", Stage: "dev", ID: "m1"}, probe.StageRef{APIID: "xyz789", Stage: "$default"}, probe.HTTP),
		"mapping of two levels":   UpdateBasePathMapping(region, domain, probe.Mapping{BasePath: "a/b", APIID: "abc123", Stage: "dev", ID: "m2"}, to, probe.REST),
		"create mapping":          CreateBasePathMapping(region, domain, "", to, probe.REST),
		"create mapping HTTP":     CreateBasePathMapping(region, domain, "a/b", probe.StageRef{APIID: "xyz789", Stage: "$default"}, probe.HTTP),
		"routing rule":            UpdateRoutingRule(region, domain, rule, to),
		"variables":               StageVariables(region, rest, prod, map[string]string{"backend": "n.example.com", "odd": ""}, "dev"),
		"odd variables":           StageVariables(region, rest, prod, map[string]string{"odd": "it's {a,b} & $(more) ~"}, "dev"),
		"variables HTTP":          StageVariables(region, http, def, map[string]string{"backend": "n"}, "dev"),
		"execution logs":          EnableExecutionLogs(region, rest, prod),
		"execution logs HTTP":     EnableExecutionLogs(region, http, def),
		"access log fields":       AccessLogFields(region, rest, prod),
		"access log":              AccessLogFields(region, rest, &bare),
		"flush cache":             FlushCache(region, rest, prod),
		"flush authorizers":       FlushAuthorizersCache(region, rest, prod),
		"flush authorizers HTTP":  FlushAuthorizersCache(region, http, def),
		"roll back":               RollBack(region, rest, prod, "dep0"),
		"roll back HTTP":          RollBack(region, http, def, "dep7"),
		"default endpoint":        EnableDefaultEndpoint(region, rest),
		"default endpoint HTTP":   EnableDefaultEndpoint(region, http),
		"auto deploy":             AutoDeploy(region, http, def),
		"unknown stage":           UnknownStage(region, rest, "orders"),
		"unknown stage HTTP":      UnknownStage(region, http, "$default"),
	}
}

func TestCommandsCarryRealIDs(t *testing.T) {
	all := everyRemedy()
	for name, want := range map[string][]string{
		"redeploy": {"aws apigateway create-deployment --rest-api-id abc123 --stage-name prod --description 'deploy pending edits' --region eu-west-1"},
		"redeploy under a canary": {"aws apigateway update-stage --rest-api-id abc123 --stage-name prod --patch-operations op=remove,path=/canarySettings --region eu-west-1",
			"aws apigateway create-deployment --rest-api-id abc123 --stage-name prod --description 'deploy pending edits' --region eu-west-1"},
		"promote": {"aws apigateway update-stage --rest-api-id abc123 --stage-name prod --patch-operations op=replace,path=/canarySettings/percentTraffic,value=0.0 " +
			"op=copy,from=/canarySettings/stageVariableOverrides,path=/variables op=copy,from=/canarySettings/deploymentId,path=/deploymentId --region eu-west-1",
			"aws apigateway update-stage --rest-api-id abc123 --stage-name prod --patch-operations op=remove,path=/canarySettings --region eu-west-1"},
		"mapping":                {"aws apigateway update-base-path-mapping --domain-name api.example.com --base-path '(none)' --patch-operations op=replace,path=/stage,value=prod --region eu-west-1"},
		"mapping of another API": {"aws apigateway update-base-path-mapping --domain-name api.example.com --base-path v1 --patch-operations op=replace,path=/restapiId,value=abc123 op=replace,path=/stage,value=prod --region eu-west-1"},
		"mapping HTTP":           {"aws apigatewayv2 update-api-mapping --domain-name api.example.com --api-mapping-id m1 --api-id xyz789 --stage '$default' --region eu-west-1"},
		"execution logs":         {"aws apigateway update-stage --rest-api-id abc123 --stage-name prod --patch-operations 'op=replace,path=/*/*/logging/loglevel,value=INFO' --region eu-west-1"},
	} {
		var got []string
		for _, r := range all[name] {
			got = append(got, r.Command)
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s:\n got %s\nwant %s", name, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
		}
	}
}

func TestVariablesAreCalledSo(t *testing.T) {
	all := everyRemedy()
	for name, want := range map[string]string{
		"variables": "Set variables backend, odd of stage prod of abc123 as stage dev has them.", "variables HTTP": "Set variable backend of stage $default of xyz789 as stage dev has it.",
	} {
		if got := all[name][0].Text; got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestEveryRemedySaysWhatItDoes(t *testing.T) {
	for name, list := range everyRemedy() {
		if len(list) == 0 {
			t.Errorf("%s: no remedy", name)
		}
		for i, r := range list {
			if r.Text == "" || r.Changes == "" || r.Command != "" && (r.Leaves == "" || r.Undo == "") {
				t.Errorf("%s, %d: incomplete: %+v", name, i, r)
			}
		}
	}
}

// TestCommandsParse has the AWS CLI itself read every command and every undo:
// a real shell splits the words, and the CLI's own parser and validation read
// them, up to the request that is never sent.
func TestCommandsParse(t *testing.T) {
	cli, err := exec.LookPath("aws")
	if err != nil {
		t.Skip("the AWS CLI is not on PATH")
	}
	python := interpreter(t, cli)
	var lines []string
	for name, list := range everyRemedy() {
		for _, r := range list {
			for _, c := range []string{r.Command, r.Undo} {
				if strings.Contains(c, "aws ") && !strings.HasPrefix(c, "delete it with") {
					lines = append(lines, name+"\t"+c)
				}
			}
		}
	}
	input, err := json.Marshal(lines)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), python, filepath.Join("testdata", "parse.py"))
	cmd.Stdin = strings.NewReader(string(input))
	cmd.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=secret", "AWS_EC2_METADATA_DISABLED=true")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var results []struct{ Name, Command, Error string }
	if err := json.Unmarshal(out, &results); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if len(results) != len(lines) {
		t.Fatalf("%d of %d commands were read", len(results), len(lines))
	}
	for _, r := range results {
		if r.Error != "" {
			t.Errorf("%s: %s\n%s", r.Name, r.Error, r.Command)
		}
	}
}

// interpreter finds a Python that has the CLI's package.
func interpreter(t *testing.T, cli string) string {
	t.Helper()
	var candidates []string
	if script, err := os.ReadFile(cli); err == nil {
		if line, ok := strings.CutPrefix(strings.SplitN(string(script), "\n", 2)[0], "#!"); ok {
			candidates = append(candidates, strings.TrimSpace(line))
		}
	}
	for _, p := range append(candidates, "python3", "python") {
		if exec.CommandContext(t.Context(), p, "-c", "import awscli.clidriver").Run() == nil {
			return p
		}
	}
	t.Skip("no Python with the awscli package")
	return ""
}

func TestQuoteSurvivesAShell(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no shell")
	}
	for _, word := range []string{"plain", "", "it's", `a"b`, "$HOME", "$(date)", "`date`", "a b", "*", "~", "!x", "a\nb", "ünï", "x;y", "a\\b", "#c"} {
		out, err := exec.CommandContext(t.Context(), sh, "-c", "printf %s "+Quote(word)).Output()
		if err != nil || string(out) != word {
			t.Errorf("%q becomes %q (%v)", word, out, err)
		}
	}
}

func TestAccessLogFormatKeepsItsShape(t *testing.T) {
	add := [][2]string{{"deploymentId", "deploymentId"}, {"status", "status"}}
	for format, want := range map[string]string{
		``:                                       `{"deploymentId":"$context.deploymentId","status":"$context.status"}`,
		`{ "status":"$context.status" }`:         `{"status":"$context.status","deploymentId":"$context.deploymentId"}`,
		`$context.requestId $context.statusText`: `$context.requestId $context.statusText $context.deploymentId $context.status`,
		`{"s":"$context.status","d":"$context.deploymentId"}`: `{"s":"$context.status","d":"$context.deploymentId"}`,
		`{"n":{"s":"$context.status"}}`:                       `{"n":{"s":"$context.status"},"deploymentId":"$context.deploymentId"}`,
		`<r s="$context.status"/>`:                            `<r s="$context.status"/> $context.deploymentId`,
	} {
		if got := withFields(format, add); got != want {
			t.Errorf("%s\n got %s\nwant %s", format, got, want)
		}
	}
}
