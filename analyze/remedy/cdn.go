package remedy

import "fmt"

// InvalidateCDN empties the cache of a distribution of one's own before a domain.
func InvalidateCDN(domain string) []Remedy {
	return []Remedy{{
		Text:    fmt.Sprintf("Empty the cache of the distribution before %s, then let its cache policy follow what the API's answers allow (Cache-Control).", domain),
		Command: fmt.Sprintf("aws cloudfront create-invalidation --distribution-id \"$(%s)\" --paths '/*'", distributionOf(domain)),
		Changes: "every copy that the distribution keeps is fetched anew", Leaves: "API Gateway's configuration, and the distribution's",
		Undo:    "none is needed: copies come again with the next requests",
		Warning: "all requests reach the API until copies are kept again",
	}}
}

// ContinuousDeployment shows what divides a distribution's requests.
func ContinuousDeployment(domain string) []Remedy {
	return []Remedy{{
		Text:    fmt.Sprintf("Look at the distribution before %s: its ContinuousDeploymentPolicyId names the policy whose TrafficConfig sends a share to the staging distribution; promote that, or turn the policy off.", domain),
		Command: "aws cloudfront list-continuous-deployment-policies",
		Changes: "nothing: it reads", Leaves: "everything",
	}}
}

// distributionOf finds the distribution that has a domain among its aliases.
func distributionOf(domain string) string {
	return fmt.Sprintf(`aws cloudfront list-distributions --query "DistributionList.Items[?Aliases.Items && contains(Aliases.Items, '%s')].Id | [0]" --output text`, domain)
}
