package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	rest "github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	http "github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
)

// awsCLI runs the `aws` commands that remedies print: by a shell with the real AWS
// CLI in long runs where it is on PATH, else through the SDK, as the CLI would.
type awsCLI struct {
	rest *apigateway.Client
	http *apigatewayv2.Client
	env  []string // of the real CLI; nil without it
}

func newAWSCLI(b *box) *awsCLI {
	cfg := aws.Config{
		Region: b.world.Region, BaseEndpoint: aws.String(b.ControlURL()),
		Credentials: credentials.NewStaticCredentialsProvider("SANDBOX", "sandbox", ""),
	}
	c := &awsCLI{rest: apigateway.NewFromConfig(cfg), http: apigatewayv2.NewFromConfig(cfg)}
	if _, err := exec.LookPath("aws"); err == nil && *long {
		c.env = append(os.Environ(), "AWS_ENDPOINT_URL="+b.ControlURL(), "AWS_ACCESS_KEY_ID=SANDBOX", "AWS_SECRET_ACCESS_KEY=sandbox", "AWS_PAGER=")
	}
	return c
}

// knows tells whether a command can be run: a shell's own words need a shell.
func (c *awsCLI) knows(line string) bool { return c.env != nil || !strings.Contains(line, "$(") }

// run executes one command line as a shell and the CLI would.
func (c *awsCLI) run(ctx context.Context, line string) error {
	if c.env != nil {
		cmd := exec.CommandContext(ctx, "sh", "-c", line)
		cmd.Env = c.env
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", line, err, out)
		}
		return nil
	}
	words, err := shellWords(line)
	if err != nil {
		return err
	}
	if len(words) < 3 || words[0] != "aws" {
		return fmt.Errorf("not a command of the AWS CLI: %s", line)
	}
	o, err := parseOptions(words[3:])
	if err != nil {
		return fmt.Errorf("%s: %w", line, err)
	}
	do := commands[words[1]+" "+words[2]]
	if do == nil {
		return fmt.Errorf("aws %s %s: no such command is known here", words[1], words[2])
	}
	if err := do(ctx, c, o); err != nil {
		return fmt.Errorf("%s: %w", line, err)
	}
	if left := o.unused(); len(left) > 0 {
		return fmt.Errorf("%s: options that the command does not have: %s", line, strings.Join(left, " "))
	}
	return nil
}

// shellWords splits as a POSIX shell does, for what remedies print: words and
// single quotes, no expansion.
func shellWords(line string) ([]string, error) {
	var words []string
	var word strings.Builder
	var started, quoted bool
	for i := 0; i < len(line); i++ {
		switch ch := line[i]; {
		case quoted:
			if quoted = ch != '\''; quoted {
				word.WriteByte(ch)
			}
		case ch == '\'':
			quoted, started = true, true
		case ch == '\\' && i+1 < len(line):
			i++
			word.WriteByte(line[i])
			started = true
		case ch == ' ':
			if started {
				words = append(words, word.String())
				word.Reset()
				started = false
			}
		case strings.IndexByte("$`\"&|;<>(){}*?#~!", ch) >= 0 && (ch != '*' && ch != '~' || !started):
			return nil, fmt.Errorf("%s: %q would be read by the shell", line, ch)
		default:
			word.WriteByte(ch)
			started = true
		}
	}
	if quoted {
		return nil, fmt.Errorf("%s: a quote is not closed", line)
	}
	if started {
		words = append(words, word.String())
	}
	return words, nil
}

// options are the values of a command's options; used are those that were asked
// for.
type options struct {
	values map[string][]string
	used   map[string]bool
}

func parseOptions(words []string) (*options, error) {
	o := &options{values: map[string][]string{}, used: map[string]bool{"region": true}}
	name := ""
	for _, w := range words {
		if n, ok := strings.CutPrefix(w, "--"); ok {
			name = n
			o.values[name] = []string{}
			continue
		}
		if name == "" {
			return nil, fmt.Errorf("%q stands before any option", w)
		}
		o.values[name] = append(o.values[name], w)
	}
	return o, nil
}

func (o *options) unused() []string {
	var out []string
	for name := range o.values {
		if !o.used[name] {
			out = append(out, "--"+name)
		}
	}
	return out
}

func (o *options) has(name string) bool {
	o.used[name] = true
	_, ok := o.values[name]
	return ok
}

// text is an option's value; nil where it is not given.
func (o *options) text(name string) *string {
	if !o.has(name) || len(o.values[name]) == 0 {
		return nil
	}
	return aws.String(o.values[name][0])
}

// flag is --x or --no-x; nil where neither is given.
func (o *options) flag(name string) *bool {
	on, off := o.has(name), o.has("no-"+name)
	if !on && !off {
		return nil
	}
	return aws.Bool(on)
}

// json reads an option that holds JSON.
func (o *options) json(name string, into any) error {
	text := o.text(name)
	if text == nil {
		return nil
	}
	return json.Unmarshal([]byte(*text), into)
}

// patches reads --patch-operations in the CLI's shorthand or as JSON.
func (o *options) patches() ([]rest.PatchOperation, error) {
	o.used["patch-operations"] = true
	values := o.values["patch-operations"]
	if len(values) == 1 && strings.HasPrefix(values[0], "[") {
		var list []struct{ Op, From, Path, Value string }
		if err := json.Unmarshal([]byte(values[0]), &list); err != nil {
			return nil, err
		}
		var out []rest.PatchOperation
		for _, p := range list {
			out = append(out, patch(p.Op, p.From, p.Path, &p.Value))
		}
		return out, nil
	}
	var out []rest.PatchOperation
	for _, v := range values {
		member := map[string]string{}
		for _, pair := range strings.Split(v, ",") {
			key, value, ok := strings.Cut(pair, "=")
			if !ok {
				return nil, fmt.Errorf("patch operation %q: no value of %q", v, pair)
			}
			member[key] = value
		}
		var value *string
		if given, ok := member["value"]; ok {
			value = &given
		}
		out = append(out, patch(member["op"], member["from"], member["path"], value))
	}
	return out, nil
}

func patch(op, from, path string, value *string) rest.PatchOperation {
	p := rest.PatchOperation{Op: rest.Op(op), Path: &path}
	if from != "" {
		p.From = &from
	}
	if op != "remove" && op != "copy" {
		p.Value = value
	}
	return p
}

// commands are the commands that remedies use.
var commands = map[string]func(context.Context, *awsCLI, *options) error{
	"apigateway create-deployment": func(ctx context.Context, c *awsCLI, o *options) error {
		_, err := c.rest.CreateDeployment(ctx, &apigateway.CreateDeploymentInput{
			RestApiId: o.text("rest-api-id"), StageName: o.text("stage-name"), Description: o.text("description"),
		})
		return err
	},
	"apigateway create-stage": func(ctx context.Context, c *awsCLI, o *options) error {
		_, err := c.rest.CreateStage(ctx, &apigateway.CreateStageInput{
			RestApiId: o.text("rest-api-id"), StageName: o.text("stage-name"), DeploymentId: o.text("deployment-id"),
		})
		return err
	},
	"apigateway delete-stage": func(ctx context.Context, c *awsCLI, o *options) error {
		_, err := c.rest.DeleteStage(ctx, &apigateway.DeleteStageInput{RestApiId: o.text("rest-api-id"), StageName: o.text("stage-name")})
		return err
	},
	"apigateway update-stage": func(ctx context.Context, c *awsCLI, o *options) error {
		ops, err := o.patches()
		if err != nil {
			return err
		}
		_, err = c.rest.UpdateStage(ctx, &apigateway.UpdateStageInput{RestApiId: o.text("rest-api-id"), StageName: o.text("stage-name"), PatchOperations: ops})
		return err
	},
	"apigateway update-rest-api": func(ctx context.Context, c *awsCLI, o *options) error {
		ops, err := o.patches()
		if err != nil {
			return err
		}
		_, err = c.rest.UpdateRestApi(ctx, &apigateway.UpdateRestApiInput{RestApiId: o.text("rest-api-id"), PatchOperations: ops})
		return err
	},
	"apigateway update-usage-plan": func(ctx context.Context, c *awsCLI, o *options) error {
		ops, err := o.patches()
		if err != nil {
			return err
		}
		_, err = c.rest.UpdateUsagePlan(ctx, &apigateway.UpdateUsagePlanInput{UsagePlanId: o.text("usage-plan-id"), PatchOperations: ops})
		return err
	},
	"apigateway flush-stage-cache": func(ctx context.Context, c *awsCLI, o *options) error {
		_, err := c.rest.FlushStageCache(ctx, &apigateway.FlushStageCacheInput{RestApiId: o.text("rest-api-id"), StageName: o.text("stage-name")})
		return err
	},
	"apigateway flush-stage-authorizers-cache": func(ctx context.Context, c *awsCLI, o *options) error {
		_, err := c.rest.FlushStageAuthorizersCache(ctx, &apigateway.FlushStageAuthorizersCacheInput{RestApiId: o.text("rest-api-id"), StageName: o.text("stage-name")})
		return err
	},
	"apigateway create-base-path-mapping": func(ctx context.Context, c *awsCLI, o *options) error {
		_, err := c.rest.CreateBasePathMapping(ctx, &apigateway.CreateBasePathMappingInput{
			DomainName: o.text("domain-name"), BasePath: o.text("base-path"), RestApiId: o.text("rest-api-id"), Stage: o.text("stage"),
		})
		return err
	},
	"apigateway update-base-path-mapping": func(ctx context.Context, c *awsCLI, o *options) error {
		ops, err := o.patches()
		if err != nil {
			return err
		}
		_, err = c.rest.UpdateBasePathMapping(ctx, &apigateway.UpdateBasePathMappingInput{
			DomainName: o.text("domain-name"), BasePath: o.text("base-path"), PatchOperations: ops,
		})
		return err
	},
	"apigateway delete-base-path-mapping": func(ctx context.Context, c *awsCLI, o *options) error {
		_, err := c.rest.DeleteBasePathMapping(ctx, &apigateway.DeleteBasePathMappingInput{DomainName: o.text("domain-name"), BasePath: o.text("base-path")})
		return err
	},
	"apigatewayv2 create-deployment": func(ctx context.Context, c *awsCLI, o *options) error {
		_, err := c.http.CreateDeployment(ctx, &apigatewayv2.CreateDeploymentInput{ApiId: o.text("api-id"), StageName: o.text("stage-name")})
		return err
	},
	"apigatewayv2 create-stage": func(ctx context.Context, c *awsCLI, o *options) error {
		_, err := c.http.CreateStage(ctx, &apigatewayv2.CreateStageInput{ApiId: o.text("api-id"), StageName: o.text("stage-name"), DeploymentId: o.text("deployment-id")})
		return err
	},
	"apigatewayv2 delete-stage": func(ctx context.Context, c *awsCLI, o *options) error {
		_, err := c.http.DeleteStage(ctx, &apigatewayv2.DeleteStageInput{ApiId: o.text("api-id"), StageName: o.text("stage-name")})
		return err
	},
	"apigatewayv2 update-stage": updateHTTPStage,
	"apigatewayv2 update-api": func(ctx context.Context, c *awsCLI, o *options) error {
		_, err := c.http.UpdateApi(ctx, &apigatewayv2.UpdateApiInput{ApiId: o.text("api-id"), DisableExecuteApiEndpoint: o.flag("disable-execute-api-endpoint")})
		return err
	},
	"apigatewayv2 create-api-mapping": func(ctx context.Context, c *awsCLI, o *options) error {
		_, err := c.http.CreateApiMapping(ctx, &apigatewayv2.CreateApiMappingInput{
			DomainName: o.text("domain-name"), ApiId: o.text("api-id"), Stage: o.text("stage"), ApiMappingKey: o.text("api-mapping-key"),
		})
		return err
	},
	"apigatewayv2 update-api-mapping": func(ctx context.Context, c *awsCLI, o *options) error {
		_, err := c.http.UpdateApiMapping(ctx, &apigatewayv2.UpdateApiMappingInput{
			DomainName: o.text("domain-name"), ApiMappingId: o.text("api-mapping-id"), ApiId: o.text("api-id"), Stage: o.text("stage"),
		})
		return err
	},
	"apigatewayv2 put-routing-rule": putRoutingRule,
}

func updateHTTPStage(ctx context.Context, c *awsCLI, o *options) error {
	in := &apigatewayv2.UpdateStageInput{
		ApiId: o.text("api-id"), StageName: o.text("stage-name"), DeploymentId: o.text("deployment-id"), AutoDeploy: o.flag("auto-deploy"),
	}
	for name, into := range map[string]any{
		"stage-variables": &in.StageVariables, "access-log-settings": &in.AccessLogSettings,
		"default-route-settings": &in.DefaultRouteSettings, "route-settings": &in.RouteSettings,
	} {
		if err := o.json(name, into); err != nil {
			return fmt.Errorf("--%s: %w", name, err)
		}
	}
	_, err := c.http.UpdateStage(ctx, in)
	return err
}

func putRoutingRule(ctx context.Context, c *awsCLI, o *options) error {
	in := &apigatewayv2.PutRoutingRuleInput{DomainName: o.text("domain-name"), RoutingRuleId: o.text("routing-rule-id")}
	priority, err := strconv.Atoi(aws.ToString(o.text("priority")))
	if err != nil {
		return err
	}
	in.Priority = aws.Int32(int32(priority))
	var conditions []http.RoutingRuleCondition
	var actions []http.RoutingRuleAction
	if err := o.json("conditions", &conditions); err != nil {
		return err
	}
	if err := o.json("actions", &actions); err != nil {
		return err
	}
	in.Conditions, in.Actions = conditions, actions
	_, err = c.http.PutRoutingRule(ctx, in)
	return err
}

func TestShellWords(t *testing.T) {
	t.Parallel()
	for line, want := range map[string][]string{
		`aws x --a b`:               {"aws", "x", "--a", "b"},
		`aws x --a 'b c' ''`:        {"aws", "x", "--a", "b c", ""},
		`aws x 'it'\''s' a=b,c=*/d`: {"aws", "x", "it's", "a=b,c=*/d"},
	} {
		got, err := shellWords(line)
		if err != nil || strings.Join(got, "|") != strings.Join(want, "|") {
			t.Errorf("%s: %q, %v", line, got, err)
		}
	}
	for _, line := range []string{`aws x $HOME`, `aws x 'open`, `aws x; rm`} {
		if words, err := shellWords(line); err == nil {
			t.Errorf("%s: read as %q", line, words)
		}
	}
}
