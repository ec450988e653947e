package sign

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"stageprobe/probe"
)

// service is the signing name of API Gateway's data plane.
const service = "execute-api"

// SigV4 signs requests for methods with AWS_IAM authorization: for the target's
// region, or region where the target has none, with the time that now gives
// (nil: the system's). Session tokens are sent along. ctx bounds the fetching
// of credentials, which the provider is expected to cache.
func SigV4(ctx context.Context, creds aws.CredentialsProvider, region string, now func() time.Time) Decorator {
	if now == nil {
		now = time.Now
	}
	signer := v4.NewSigner()
	return func(t *probe.Target, s *probe.Scenario, req *http.Request) error {
		in := t.Region
		if in == "" {
			in = region
		}
		if in == "" {
			return fmt.Errorf("target %s: the region to sign for is not known; name it with --region", t.ID)
		}
		c, err := creds.Retrieve(ctx)
		if err != nil {
			return fmt.Errorf("credentials for --sigv4: %w; check --profile or AWS_PROFILE", err)
		}
		sum := sha256.Sum256(s.Body)
		signed := essence(req)
		if err := signer.SignHTTP(ctx, c, signed, hex.EncodeToString(sum[:]), service, in, now()); err != nil {
			return err
		}
		for _, name := range []string{"Authorization", "X-Amz-Date", "X-Amz-Security-Token"} {
			if v := signed.Header.Get(name); v != "" {
				req.Header.Set(name, v)
			}
		}
		return nil
	}
}

// essence is the part of a request that is signed: what a proxy between here
// and the gateway leaves alone. CloudFront in front of an edge-optimised API
// rewrites Accept-Encoding, for one.
func essence(req *http.Request) *http.Request {
	u := *req.URL // the signer reorders its query
	part := &http.Request{Method: req.Method, URL: &u, Host: req.Host, Header: http.Header{}, ContentLength: req.ContentLength}
	for name, values := range req.Header {
		if name == "Content-Type" || strings.HasPrefix(name, "X-Amz-") {
			part.Header[name] = values
		}
	}
	return part
}
