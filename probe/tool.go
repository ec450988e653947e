package probe

import (
	"slices"
	"strings"

	"stageprobe/probe/lazyregexp"
)

// The tools that deploy APIs, as reports name them.
const (
	ToolTerraform      = "Terraform"
	ToolPulumi         = "Pulumi"
	ToolCloudFormation = "CloudFormation"
	ToolCDK            = "CDK"
	ToolSAM            = "SAM"
	ToolServerless     = "Serverless Framework"
	ToolChalice        = "Chalice"
	ToolZappa          = "Zappa"
	ToolConsole        = "console"
	ToolCLI            = "AWS CLI"
)

// agents are what a userAgent holds, lower case, in order. Terraform, Pulumi and
// Chalice: real events; CloudFormation stands there by its service's name for all
// that deploys through it. A browser is the console.
var agents = []struct{ holds, tool string }{
	{"terraform", ToolTerraform}, {"opentofu", "OpenTofu"}, {"pulumi", ToolPulumi}, {"aws-chalice", ToolChalice}, {"zappa", ToolZappa},
	{"serverless", ToolServerless}, {"aws-cdk", ToolCDK}, {"aws-sam", ToolSAM}, {"cloudformation.amazonaws.com", ToolCloudFormation},
	{"ansible", "Ansible"}, {"crossplane", "Crossplane"}, {"aws-cli/", ToolCLI}, {"mozilla/", ToolConsole}, {"console.amazonaws.com", ToolConsole},
	{"aws internal", ToolConsole}, {"boto3", "boto3"}, {"aws-sdk", "an AWS SDK"},
}

// ToolOfAgent names the tool that sent a call by its userAgent; "" where that does
// not tell.
func ToolOfAgent(agent string) string {
	agent = strings.ToLower(agent)
	for _, a := range agents {
		if strings.Contains(agent, a.holds) {
			return a.tool
		}
	}
	return ""
}

var (
	hex40       = lazyregexp.New(`^RestApi deployment id: [0-9a-f]{40}$`)
	cdkID       = lazyregexp.New(`[0-9a-f]{32}$`)
	slsID       = lazyregexp.New(`^ApiGatewayDeployment[0-9]{10,}$`)
	logicalID   = "aws:cloudformation:logical-id"
	cdkConstant = "Automatically created by the RestApi construct"
)

// ToolOfTraces names the tool by what it leaves behind: tags of the API or the
// stage, and descriptions of deployments. "" where neither tells. Which tool a
// CloudFormation stack belongs to, its tags tell only in part.
func ToolOfTraces(tags map[string]string, descriptions ...string) string {
	switch {
	case tags["aws-chalice"] != "":
		return ToolChalice
	case tags["lambda:createdBy"] == "SAM" || tags["httpapi:createdBy"] == "SAM" || slices.ContainsFunc(descriptions, hex40.MatchString):
		return ToolSAM
	case slices.Contains(descriptions, cdkConstant) || cdkID.MatchString(tags[logicalID]) || tags["aws-cdk:id"] != "":
		return ToolCDK
	case slsID.MatchString(tags[logicalID]) || tags["STAGE"] != "" && tags["aws:cloudformation:stack-name"] != "":
		return ToolServerless // which tags what it makes with its stage
	case tags["aws:cloudformation:stack-name"] != "":
		return ToolCloudFormation
	}
	for name := range tags {
		switch lower := strings.ToLower(name); {
		case strings.Contains(lower, "terraform") || strings.EqualFold(tags[name], "terraform"):
			return ToolTerraform
		case strings.HasPrefix(lower, "pulumi") || strings.EqualFold(tags[name], "pulumi"):
			return ToolPulumi
		case strings.HasPrefix(lower, "sst:"):
			return "SST"
		}
	}
	return ""
}
