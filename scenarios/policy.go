package scenarios

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"stageprobe/probe/address"
	"stageprobe/probe/logs"
)

// PolicyOptions narrow an IAM policy. The zero value allows what is needed for
// every API of the account that the policy is attached in.
type PolicyOptions struct {
	Region    string   // "" is any
	Partition string   // aws, aws-cn, aws-us-gov; "" is the region's, else aws
	Account   string   // "" is any
	APIs      []string // ids; any where empty
	// AccessLogs are log groups that stages write their access logs to. Where
	// none is named the policy does not allow to read any: their names follow
	// no rule, and every other rule would allow to read the whole account's
	// logs.
	AccessLogs []string
	// Required leaves out what makes a report tell more and no verdict needs.
	Required bool
}

// PolicySizes are the sizes of a policy, each with everything of those before.
var PolicySizes = []string{"probe", "config", "logs"}

// policyDocument is an IAM policy.
type policyDocument struct {
	Version   string
	Statement []statement
}

type statement struct {
	Sid      string
	Effect   string
	Action   []string
	Resource []string
}

func allow(sid string, actions []string, resources ...string) statement {
	return statement{Sid: sid, Effect: "Allow", Action: actions, Resource: resources}
}

// Policy is the least IAM policy with which stageprobe can do its work, as
// JSON. probe sends signed requests to methods that ask for IAM authorization,
// and nothing else needs rights; config also reads the configuration; logs also
// reads execution logs, and access logs as far as they are named. What is optional
// stands in statements of its own, whose Sid begins with Optional: without it a
// report says what it could not tell.
func Policy(size string, o PolicyOptions) ([]byte, error) {
	depth := slices.Index(PolicySizes, size)
	if depth < 0 {
		return nil, fmt.Errorf("there is no policy %q; there are %s", size, strings.Join(PolicySizes, ", "))
	}
	o.complete()
	doc := policyDocument{Version: "2012-10-17"}
	for _, part := range []func(PolicyOptions) []statement{probeRights, configRights, logRights}[:depth+1] {
		doc.Statement = append(doc.Statement, part(o)...)
	}
	if depth > 0 && !o.Required {
		doc.Statement = append(doc.Statement, optionalRights(o)...)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(doc)
	return b.Bytes(), err
}

func (o *PolicyOptions) complete() {
	o.Partition = cmp.Or(o.Partition, partitionOf(o.Region))
	o.Region = cmp.Or(o.Region, "*")
	o.Account = cmp.Or(o.Account, "*")
	if len(o.APIs) == 0 {
		o.APIs = []string{"*"}
	}
}

// partitionOf asks how an invoke URL of the region would be read.
func partitionOf(region string) string {
	a, err := address.ParseURL(address.StageURL(region, "", "abc123", "prod"))
	if err != nil || region == "" {
		return "aws"
	}
	return cmp.Or(a.Partition, "aws")
}

func (o *PolicyOptions) arn(service, resource string) string {
	return strings.Join([]string{"arn", o.Partition, service, o.Region, o.Account, resource}, ":")
}

// control is the ARN of something in the control plane, which knows no account.
func (o *PolicyOptions) control(path string) string {
	return "arn:" + o.Partition + ":apigateway:" + o.Region + "::" + path
}

// safeMethods are what a probe sends unless a scenario says unsafe.
var safeMethods = []string{"GET", "HEAD", "OPTIONS"}

func probeRights(o PolicyOptions) []statement {
	var resources []string
	for _, id := range o.APIs {
		for _, method := range safeMethods {
			resources = append(resources, o.arn("execute-api", id+"/*/"+method+"/*"))
		}
	}
	return []statement{allow("SendSignedProbes", []string{"execute-api:Invoke"}, resources...)}
}

// What is read of one API. A wildcard in place of the id spans slashes, so that
// there the first path allows the rest.
var (
	restPaths = []string{
		"", "/authorizers", "/deployments", "/deployments/*", "/gatewayresponses", "/models",
		"/requestvalidators", "/resources", "/stages", "/stages/*/exports/oas30",
	}
	httpPaths = []string{"", "/authorizers", "/deployments", "/exports/OAS30", "/integrations", "/routes", "/stages"}
)

func configRights(o PolicyOptions) []statement {
	paths := []string{"/domainnames", "/domainnames/*"}
	for _, id := range o.APIs {
		if id == "*" {
			paths = append(paths, "/restapis", "/restapis/*", "/apis", "/apis/*")
			continue
		}
		for _, p := range restPaths {
			paths = append(paths, "/restapis/"+id+p)
		}
		for _, p := range httpPaths {
			paths = append(paths, "/apis/"+id+p)
		}
	}
	var resources []string
	for _, p := range paths {
		resources = append(resources, o.control(p))
	}
	return []statement{
		allow("ReadConfiguration", []string{"apigateway:GET"}, resources...),
		// Routing rules have an action of their own, and ARNs with the account.
		allow("ReadRoutingRules", []string{"apigateway:ListRoutingRules"},
			o.control("/domainnames/*"), o.arn("apigateway", "/domainnames/*")),
	}
}

// optionalRights tell who changed what and when, whose limit a refusal is, what a
// VPC link and a function's alias do, and whether a canary serves real callers.
func optionalRights(o PolicyOptions) []statement {
	return []statement{
		// Neither LookupEvents nor GetMetricData has resource-level permissions.
		allow("OptionalWhoChangedWhat", []string{"cloudtrail:LookupEvents"}, "*"),
		allow("OptionalCanaryMetrics", []string{"cloudwatch:GetMetricData"}, "*"),
		allow("OptionalUsagePlansAndVpcLinks", []string{"apigateway:GET"},
			o.control("/account"), o.control("/usageplans"), o.control("/usageplans/*"), o.control("/vpclinks"), o.control("/vpclinks/*")),
		allow("OptionalAliasWeights", []string{"lambda:GetAlias"}, o.arn("lambda", "function:*")),
	}
}

func logRights(o PolicyOptions) []statement {
	var groups []string
	for _, id := range o.APIs {
		// Where * stands for the stage it also covers the canary's group.
		for i, name := range logs.ExecutionGroups(id, "*") {
			if i%2 == 0 {
				groups = append(groups, o.arn("logs", "log-group:"+name))
			}
		}
	}
	for _, name := range o.AccessLogs {
		if group, _ := logs.AccessGroup(name); group != "" {
			name = group // an ARN, as the stage's settings hold it
		}
		for _, suffix := range []string{"", ":*", "/Canary", "/Canary:*"} {
			groups = append(groups, o.arn("logs", "log-group:"+name+suffix))
		}
	}
	return []statement{
		allow("FindLogGroups", []string{"logs:DescribeLogGroups"}, o.arn("logs", "log-group:*")),
		allow("ReadLogs", []string{"logs:FilterLogEvents", "logs:StartQuery"}, groups...),
		// Queries have no ARN.
		allow("ReadQueryResults", []string{"logs:GetQueryResults", "logs:StopQuery"}, "*"),
	}
}
