package control

import (
	"strings"

	"stageprobe/scenarios/sandbox/internal/cloud"
	"stageprobe/scenarios/sandbox/internal/world"
)

func restDomain(c *cloud.Cloud, d *cloud.Domain) doc {
	out := compact(doc{
		"domainName": d.Name, "domainNameStatus": "AVAILABLE", "securityPolicy": d.Policy,
		// The older service calls an API mapping a base path mapping.
		"routingMode":           strings.Replace(d.RoutingMode, "API_MAPPING", "BASE_PATH_MAPPING", 1),
		"endpointConfiguration": doc{"types": []string{d.Endpoint}, "ipAddressType": "ipv4"},
		"domainNameArn":         "arn:" + c.Partition + ":apigateway:" + c.Region + "::/domainnames/" + d.Name,
	})
	if d.Endpoint == "EDGE" {
		out["distributionDomainName"] = "d" + world.ShortID("cloudfront", d.Name) + "abc.cloudfront.net"
		out["distributionHostedZoneId"] = "Z2FDTNDATAQYW2"
	} else {
		out["regionalDomainName"] = RegionalName(c, d)
		out["regionalHostedZoneId"] = "Z1UJRXOUMOOFQ8"
	}
	if d.MutualTLS {
		out["mutualTlsAuthentication"] = doc{"truststoreUri": "s3://truststore/" + d.Name + ".pem"}
	}
	return out
}

// RegionalName is the API Gateway name that a regional domain's DNS record
// leads to.
func RegionalName(c *cloud.Cloud, d *cloud.Domain) string {
	return "d-" + world.ShortID("regional", d.Name) + ".execute-api." + c.Region + "." + world.Suffix(c.Region)
}

func basePathMapping(m *world.Mapping) doc {
	return doc{"basePath": orNone(m.Path), "restApiId": m.API, "stage": m.Stage}
}

func orNone(path string) string {
	if path == "" {
		return "(none)"
	}
	return path
}

func usagePlan(p *world.UsagePlan) doc {
	out := doc{"id": p.ID, "name": p.Name}
	var stages []doc
	for _, ref := range p.Stages {
		api, stage, _ := strings.Cut(ref, "/")
		stages = append(stages, doc{"apiId": api, "stage": stage})
	}
	out["apiStages"] = append([]doc{}, stages...)
	if p.Rate > 0 {
		out["throttle"] = doc{"rateLimit": p.Rate, "burstLimit": p.Burst}
	}
	if p.Quota > 0 {
		out["quota"] = doc{"limit": p.Quota, "offset": 0, "period": orElse(nonEmpty(p.Period), "DAY")}
	}
	return out
}

func nonEmpty(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
