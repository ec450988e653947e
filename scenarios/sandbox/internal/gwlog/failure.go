package gwlog

import (
	"fmt"
	"strings"
)

// Failure is why the gateway itself ended a call. The zero value means that the call reached its
// integration and the integration's answer was delivered, whatever its status.
type Failure string

// Failures before the method runs.
const (
	NoRoute           Failure = "no-route"           // no such method or resource in the deployment: no execution log
	NoStage           Failure = "no-stage"           // no such stage, mapping or API: no execution log
	WAFBlocked        Failure = "waf-blocked"        // no execution log
	Unauthorized      Failure = "unauthorized"       // identity source missing, or the authorizer said Unauthorized
	AccessDenied      Failure = "access-denied"      // policy of the authorizer denies
	ResourcePolicy    Failure = "resource-policy"    // resource policy or IAM denies; FailureDetail: the message
	AuthorizerConfig  Failure = "authorizer-config"  // authorizer not invocable or not parseable; FailureDetail: first line's reason
	AuthorizerFailure Failure = "authorizer-failure" // authorizer returned an error
	APIKeyRefused     Failure = "api-key-refused"    // key missing, unknown, disabled or not of this stage
	KeyThrottled      Failure = "key-throttled"      // usage plan rate; see Call.Throttle
	QuotaExceeded     Failure = "quota-exceeded"     // usage plan quota
	StageThrottled    Failure = "stage-throttled"    // method, stage or account rate
	MissingParameters Failure = "missing-parameters" // FailureDetail: "a, b"
	InvalidBody       Failure = "invalid-body"       // FailureDetail: what the model found wrong, without the brackets around it
	UnsupportedMedia  Failure = "unsupported-media"  // FailureDetail: the content type
)

// Failures while or after the integration is called.
const (
	FunctionError         Failure = "function-error"          // FailureDetail: errorMessage of the function
	FunctionThrottled     Failure = "function-throttled"      // Lambda answered 429
	InvocationFailed      Failure = "invocation-failed"       // Lambda answered an error status (Integration.Status)
	MalformedProxy        Failure = "malformed-proxy"         // the proxy answer could not be read
	FunctionPermission    Failure = "function-permission"     // no permission on the function
	RolePermission        Failure = "role-permission"         // the integration's role cannot be assumed
	NoOutputMapping       Failure = "no-output-mapping"       // no integration response matches (Integration.Status)
	InvalidMethodResponse Failure = "invalid-method-response" // integration response names an undeclared method response; FailureDetail: status
	CertificateMismatch   Failure = "certificate-mismatch"    // FailureDetail: the whole reason
	Configuration         Failure = "configuration"           // FailureDetail: the whole reason
	Timeout               Failure = "timeout"
	Network               Failure = "network" // FailureDetail: "Connection is closed"
	Internal              Failure = "internal"
)

// fixed are the lines of failures that say the same every time, or end in FailureDetail.
var fixed = map[Failure]string{
	AccessDenied:          "The client is not authorized to perform this operation.",
	ResourcePolicy:        "The client is not authorized to perform this operation.",
	AuthorizerFailure:     "Execution failed due to an authorizer error",
	QuotaExceeded:         "Usage Plan quota limit exceeded",
	StageThrottled:        "Rate limit exceeded",
	UnsupportedMedia:      "Unsupported media type: ",
	MalformedProxy:        configuration + "Malformed Lambda proxy response",
	FunctionPermission:    configuration + "Invalid permissions on Lambda function",
	RolePermission:        configuration + "API Gateway does not have permission to assume the provided role ",
	InvalidMethodResponse: configuration + "Output mapping refers to an invalid method response: ",
	CertificateMismatch:   configuration,
	Configuration:         configuration,
	Timeout:               "Execution failed due to a timeout error",
	Network:               "Execution failed due to a network error communicating with endpoint: ",
	Internal:              "There was an internal error while executing your request",
}

const configuration = "Execution failed due to configuration error: "

// failureLines are the lines that say why a call failed. The wording of AuthorizerFailure, QuotaExceeded,
// StageThrottled, MissingParameters and UnsupportedMedia is a guess: no capture of them was found.
func (w *writer) failureLines() []string {
	detail := w.FailureDetail
	switch w.Failure {
	case "":
		return nil
	case Unauthorized:
		return []string{"Unauthorized request: " + w.RequestID}
	case AuthorizerConfig:
		if detail == "" {
			return []string{configuration + "Authorizer error"}
		}
		return []string{configuration + detail, configuration + "Authorizer error"}
	case APIKeyRefused:
		return []string{w.keyRefusal()}
	case KeyThrottled:
		return []string{fmt.Sprintf("Key throttle limit exceeded for RestApi %s, Stage %s, Resource %s, HttpMethod %s. Limit: %.2f Burst: %d",
			w.APIID, w.Stage, w.ResourceID, w.Method, w.Throttle.Limit, w.Throttle.Burst)}
	case MissingParameters:
		return []string{"Missing required request parameters: [" + detail + "]"}
	case InvalidBody:
		return []string{fmt.Sprintf("Request body does not match model schema for content type %s: [%s]", w.Validation.contentType(), detail)}
	case FunctionError, FunctionThrottled, InvocationFailed, NoOutputMapping:
		return w.integrationFailure()
	}
	return []string{strings.TrimSuffix(fixed[w.Failure]+w.detailOf(), " ")}
}

// detailOf is what a fixed line ends in; lines that end in no colon or space take none.
func (w *writer) detailOf() string {
	if strings.HasSuffix(fixed[w.Failure], " ") {
		return w.FailureDetail
	}
	return ""
}

func (w *writer) keyRefusal() string {
	return fmt.Sprintf("API Key %s not authorized because method '%s' requires API Key and API Key is not associated with a Usage Plan for API Stage %s: No Usage Plan found for key and API Stage",
		mask(w.APIKey.Value), w.methodTemplate(), w.stage)
}

// integrationFailure words the failures that name the backend's answer.
func (w *writer) integrationFailure() []string {
	in := w.Integration
	if in == nil {
		in = &Integration{}
	}
	switch w.Failure {
	case FunctionError:
		return []string{fmt.Sprintf("Lambda execution failed with status 200 due to customer function error: %s. Lambda request id: %s", w.FailureDetail, in.RequestID)}
	case FunctionThrottled:
		return []string{in.invocationFailed(429), configuration + "Rate Exceeded."}
	case InvocationFailed:
		return []string{in.invocationFailed(in.Status)}
	}
	return []string{fmt.Sprintf("%sNo match for output mapping and no default output mapping configured. Endpoint Response Status Code: %d", configuration, in.Status)}
}

func (in *Integration) invocationFailed(status int) string {
	return fmt.Sprintf("Lambda invocation failed with status: %d. Lambda request id: %s", status, in.RequestID)
}

// responseTypes are the gateway response types of failures whose type differs from the class default.
var responseTypes = map[Failure]string{
	NoRoute:           "MISSING_AUTHENTICATION_TOKEN",
	NoStage:           "",
	WAFBlocked:        "WAF_FILTERED",
	Unauthorized:      "UNAUTHORIZED",
	AccessDenied:      "ACCESS_DENIED",
	ResourcePolicy:    "ACCESS_DENIED",
	AuthorizerConfig:  "AUTHORIZER_CONFIGURATION_ERROR",
	AuthorizerFailure: "AUTHORIZER_FAILURE",
	APIKeyRefused:     "INVALID_API_KEY",
	KeyThrottled:      "THROTTLED",
	StageThrottled:    "THROTTLED",
	QuotaExceeded:     "QUOTA_EXCEEDED",
	MissingParameters: "BAD_REQUEST_PARAMETERS",
	InvalidBody:       "BAD_REQUEST_BODY",
	UnsupportedMedia:  "UNSUPPORTED_MEDIA_TYPE",
	Timeout:           "INTEGRATION_TIMEOUT",
	Network:           "INTEGRATION_FAILURE",
}

// responseType is the gateway response type: the one given, or the failure's own.
func (c *Call) responseType() string {
	if c.Response.Type != "" || c.Failure == "" {
		return c.Response.Type
	}
	if t, ok := responseTypes[c.Failure]; ok {
		return t
	}
	switch c.Failure {
	case FunctionError, MalformedProxy, Internal:
		return "DEFAULT_5XX" // without a type of their own
	}
	return "API_CONFIGURATION_ERROR"
}
