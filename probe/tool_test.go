package probe

import "testing"

// The user agents are those of real events, as far as any is public; traces are
// those that the tools' sources write.
func TestToolOfAgent(t *testing.T) {
	for agent, want := range map[string]string{
		"APN/1.0 HashiCorp/1.0 Terraform/1.5.7 (+https://www.terraform.io) terraform-provider-aws/5.31.0 aws-sdk-go-v2/1.24": ToolTerraform,
		"APN/1.0 Pulumi/1.0 PulumiAwsNative/0.94.0":                          ToolPulumi,
		"cloudformation.amazonaws.com":                                       ToolCloudFormation,
		"aws-chalice/1.29.0 Python/3.9 Botocore/1.27":                        ToolChalice,
		"aws-cli/2.15.30 Python/3.11.8 Linux/6.1 exe/x86_64":                 ToolCLI,
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36": ToolConsole,
		"Boto3/1.26.0 Python/3.9":                                            "boto3",
		"":                                                                   "",
	} {
		if got := ToolOfAgent(agent); got != want {
			t.Errorf("%s: %q, want %q", agent, got, want)
		}
	}
}

func TestToolOfTraces(t *testing.T) {
	for _, c := range []struct {
		tags         map[string]string
		descriptions []string
		want         string
	}{
		{map[string]string{"aws-chalice": "version=1.29.0:stage=dev:app=x"}, nil, ToolChalice},
		{map[string]string{"aws:cloudformation:stack-name": "s"}, []string{"RestApi deployment id: 0123456789abcdef0123456789abcdef01234567"}, ToolSAM},
		{map[string]string{"aws:cloudformation:stack-name": "s"}, []string{"Automatically created by the RestApi construct"}, ToolCDK},
		{map[string]string{"aws:cloudformation:stack-name": "s", "aws:cloudformation:logical-id": "ApiGatewayDeployment1712345678901"}, nil, ToolServerless},
		{map[string]string{"aws:cloudformation:stack-name": "s"}, []string{"release 4"}, ToolCloudFormation},
		{map[string]string{"ManagedBy": "Terraform"}, nil, ToolTerraform},
		{map[string]string{"team": "orders"}, []string{"by hand"}, ""},
	} {
		if got := ToolOfTraces(c.tags, c.descriptions...); got != c.want {
			t.Errorf("%v %v: %q, want %q", c.tags, c.descriptions, got, c.want)
		}
	}
}
