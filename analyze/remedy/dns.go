package remedy

import (
	"strings"

	"stageprobe/probe"
)

// LeadDNS leads a domain's DNS record to the name that API Gateway gave it. Its zone is
// not known here: HOSTED_ZONE_ID stands for it.
func LeadDNS(d *probe.Domain) []Remedy {
	look := Remedy{Text: "see the records of the name", Diagnoses: true,
		Command: command("", "route53", "list-resource-record-sets", "--hosted-zone-id", "HOSTED_ZONE_ID", "--query", "ResourceRecordSets[?Name=='"+strings.ToLower(d.Name)+".']")}
	change := Remedy{
		Text: "lead the name to API Gateway's",
		Command: command("", "route53", "change-resource-record-sets", "--hosted-zone-id", "HOSTED_ZONE_ID", "--change-batch",
			`{"Changes":[{"Action":"UPSERT","ResourceRecordSet":{"Name":"`+d.Name+`","Type":"CNAME","TTL":60,"ResourceRecords":[{"Value":"`+d.Targets[0]+`"}]}}]}`),
		Changes: "where the name leads, once resolvers forget what they keep; a record of type A or AAAA of that name must be deleted first, at the top of a zone an alias takes its place",
		Leaves:  "API Gateway's configuration", Warning: "all clients of " + d.Name, Then: true,
	}
	return []Remedy{look, change}
}

// PrivateDNS mends the private DNS of an interface endpoint that hides public APIs.
func PrivateDNS(region string) []Remedy {
	return []Remedy{
		{
			Text: "see the endpoint", Diagnoses: true,
			Command: command(region, "ec2", "describe-vpc-endpoints", "--filters", "Name=service-name,Values=com.amazonaws."+region+".execute-api", "--query", "VpcEndpoints[].[VpcEndpointId,VpcId,PrivateDnsEnabled]"),
		},
		{
			Text:    "call the public API by a custom domain of it, or turn the endpoint's private DNS off and call private APIs by API-VPCE names",
			Command: command(region, "ec2", "modify-vpc-endpoint", "--vpc-endpoint-id", "VPC_ENDPOINT_ID", "--no-private-dns-enabled"),
			Changes: "in the whole VPC, execute-api names lead to public addresses again", Leaves: "the APIs",
			Undo:    command(region, "ec2", "modify-vpc-endpoint", "--vpc-endpoint-id", "VPC_ENDPOINT_ID", "--private-dns-enabled"),
			Warning: "clients in the VPC that call private APIs by their invoke URL", Then: true,
		},
	}
}
