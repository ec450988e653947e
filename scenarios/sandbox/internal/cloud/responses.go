package cloud

import "slices"

// Response is a gateway response as API Gateway gives it unless an API
// customises it.
type Response struct {
	Status    int
	ErrorType string
	Message   string
}

// responses are the 21 types that can be customised, with their defaults
// (developer guide, "Gateway response types"). The error types of the older
// docs' guesses are those that captures show.
var responses = map[string]Response{
	"ACCESS_DENIED":                  {403, "AccessDeniedException", "User is not authorized to access this resource"},
	"API_CONFIGURATION_ERROR":        {500, "InternalServerErrorException", "Internal server error"},
	"AUTHORIZER_CONFIGURATION_ERROR": {500, "AuthorizerConfigurationException", ""},
	"AUTHORIZER_FAILURE":             {500, "AuthorizerFailureException", ""},
	"BAD_REQUEST_BODY":               {400, "BadRequestException", "Invalid request body"},
	"BAD_REQUEST_PARAMETERS":         {400, "BadRequestException", "Missing required request parameters"},
	"DEFAULT_4XX":                    {0, "", ""},
	"DEFAULT_5XX":                    {0, "InternalServerErrorException", "Internal server error"},
	"EXPIRED_TOKEN":                  {403, "ExpiredTokenException", "The security token included in the request is expired"},
	"INTEGRATION_FAILURE":            {504, "InternalServerErrorException", "Network error communicating with endpoint"},
	"INTEGRATION_TIMEOUT":            {504, "InternalServerErrorException", "Endpoint request timed out"},
	"INVALID_API_KEY":                {403, "ForbiddenException", "Forbidden"},
	"INVALID_SIGNATURE":              {403, "InvalidSignatureException", "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."},
	"MISSING_AUTHENTICATION_TOKEN":   {403, "MissingAuthenticationTokenException", "Missing Authentication Token"},
	"QUOTA_EXCEEDED":                 {429, "LimitExceededException", "Limit Exceeded"},
	"REQUEST_TOO_LARGE":              {413, "RequestTooLargeException", "Request Too Long"},
	"RESOURCE_NOT_FOUND":             {404, "ResourceNotFoundException", "Resource not found"},
	"THROTTLED":                      {429, "TooManyRequestsException", "Too Many Requests"},
	"UNAUTHORIZED":                   {401, "UnauthorizedException", "Unauthorized"},
	"UNSUPPORTED_MEDIA_TYPE":         {415, "BadRequestException", "Unsupported Media Type"},
	"WAF_FILTERED":                   {403, "ForbiddenException", "Forbidden"},
}

// DefaultResponse gives the defaults of a type.
func DefaultResponse(kind string) (Response, bool) {
	r, ok := responses[kind]
	return r, ok
}

// ResponseTypes lists the 21 types.
func ResponseTypes() []string {
	out := make([]string, 0, len(responses))
	for kind := range responses {
		out = append(out, kind)
	}
	slices.Sort(out)
	return out
}
