package explain

import (
	"strings"
	"testing"
)

// What was once told otherwise: the pages hold to the statement that was checked.
func TestPagesStateWhatWasChecked(t *testing.T) {
	for name, test := range map[string]struct{ has, not []string }{
		"stale-canary": {
			[]string{"`create-deployment` with canary settings replaces the canary", "A plain deployment is refused", "Non canary deployment not supported on stage STAGE because Canary is enabled. Provide > CanarySettings in deploymentInput."},
			[]string{"the usual reason"}},
		"canary-split": {
			[]string{"path=/canarySettings/percentTraffic,value=0.0 \\ op=copy", "path=/deploymentId aws apigateway update-stage --rest-api-id API --stage-name STAGE \\ --patch-operations op=remove,path=/canarySettings"},
			[]string{"path=/deploymentId \\ op=remove"}},
		"unmapped-target":   {[]string{"403 Forbidden where mappings decide", "routing rules alone is not documented; 404 has been reported"}, nil},
		"response-cache":    {[]string{"`x-cache` is CloudFront's header", "never caches: it says `Miss` or `Error from cloudfront`", "`RefreshHit`, with an `Age`, comes from a distribution of one's own"}, nil},
		"edge-cache":        {[]string{"`RefreshHit`, an `Age`", "edge-optimised API never caches"}, nil},
		"integration-error": {[]string{"29 s unless it"}, []string{"29 s at most", "limit is 29 s"}},
		"token-rejected":    {[]string{"another issuer, user pool or audience"}, nil},
	} {
		page, ok := Page(name)
		text := strings.Join(strings.Fields(page), " ")
		if !ok {
			t.Errorf("%s: no page", name)
		}
		for _, s := range test.has {
			if !strings.Contains(text, s) {
				t.Errorf("%s: lacks %q", name, s)
			}
		}
		for _, s := range test.not {
			if strings.Contains(text, s) {
				t.Errorf("%s: still says %q", name, s)
			}
		}
	}
}
