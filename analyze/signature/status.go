package signature

// byStatus are the causes of a status of which nothing else is known, of REST
// and HTTP APIs: those of the gateway response types with this default status, in
// the order of the rules.
var byStatus = map[int][]cause{
	400: concat(badParameters, badBody, unparsableBody),
	401: unauthorizedCauses,
	403: even(concat(unmatchedRoute[:3], deniedSomehow, keyOnly, wafOnly, forbiddenCauses[1:3], unmatchedRoute[len(unmatchedRoute)-1:], badSignature[:1])),
	404: httpNotFound,
	413: tooLarge,
	414: uriTooLong,
	415: mediaType,
	429: concat(throttledCauses, quota),
	500: concat(configurationError, authorizerConfiguration, httpInternal),
	502: badGateway,
	503: serviceUnavailable,
	504: concat(integrationTimeout, integrationNetwork),
}

// even are causes of which none comes forward by its condition: where the
// request went leaves out some, and speaks for none against another's answer.
func even(causes []cause) []cause {
	for i := range causes {
		causes[i].permits = true
	}
	return causes
}

// headersNotShown are the causes that are left where the headers of an answer
// were not copied.
var headersNotShown = []cause{
	{name: "application-error", why: "the backend may have answered, and the gateway passed it on", apart: "curl -si shows x-amzn-errortype where API Gateway refused, and its ids in any case."},
	{name: "not-api-gateway", why: "whether API Gateway took part is not shown", apart: "curl -si shows x-amzn-requestid and x-amz-apigw-id (REST) or apigw-requestid (HTTP API) where API Gateway took part."},
}
