package inventory

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// methodKey brings the keys of stage settings to the form that reports use,
// "{resource path}/{METHOD}". API Gateway writes "*/*", "orders/GET" and
// "~1orders~1{id}/GET"; an HTTP API writes route keys, "GET /orders".
func methodKey(key string) string {
	if method, path, ok := strings.Cut(key, " "); ok {
		return path + "/" + method
	}
	i := strings.LastIndexByte(key, '/')
	if i < 0 || strings.HasPrefix(key, "*/") {
		return key
	}
	path := strings.ReplaceAll(strings.ReplaceAll(key[:i], "~1", "/"), "~0", "~")
	return "/" + strings.TrimPrefix(path, "/") + key[i:]
}

// rawBody keeps the body of an answer beside what the SDK makes of it. The SDK
// reads a missing number as 0, and a throttling limit of 0 refuses everything:
// the two must not be taken for each other.
type rawBody struct{ body []byte }

// capture installs it on one call. It sits next to the wire, so that the SDK's
// own reading is unchanged.
func (r *rawBody) capture(o *apigateway.Options) {
	o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
		return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("KeepRawBody", r.keep), middleware.After)
	})
}

func (r *rawBody) keep(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
	out, md, err := next.HandleDeserialize(ctx, in)
	if resp, ok := out.RawResponse.(*smithyhttp.Response); ok && resp.Body != nil {
		body, readErr := io.ReadAll(resp.Body)
		_ = resp.Body.Close() // read to its end: nothing is left to fail
		resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), errorReader{readErr}))
		r.body = body
	}
	return out, md, err
}

// errorReader passes a failed read on to whoever reads the copy.
type errorReader struct{ err error }

func (e errorReader) Read([]byte) (int, error) {
	if e.err == nil {
		return 0, io.EOF
	}
	return 0, e.err
}

// limits tells, per stage and settings key, whether a throttling limit was in
// the answer.
func (r *rawBody) limits() map[string]map[string]bool {
	var answer struct {
		Item []struct {
			StageName      string `json:"stageName"`
			MethodSettings map[string]struct {
				Rate  *json.Number `json:"throttlingRateLimit"`
				Burst *json.Number `json:"throttlingBurstLimit"`
			} `json:"methodSettings"`
		} `json:"item"`
	}
	if json.Unmarshal(r.body, &answer) != nil {
		return nil // the SDK reports what is wrong with the answer
	}
	set := map[string]map[string]bool{}
	for _, s := range answer.Item {
		set[s.StageName] = map[string]bool{}
		for key, m := range s.MethodSettings {
			set[s.StageName][key] = m.Rate != nil || m.Burst != nil
		}
	}
	return set
}
