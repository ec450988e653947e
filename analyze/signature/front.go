package signature

import (
	"strconv"
	"strings"
	"time"
)

// Front is what the headers of an answer say of a cache before the gateway.
type Front struct {
	CloudFront bool // CloudFront passed it on
	Through    bool // CloudFront or another CDN did
	// Copy: CloudFront says that it answered from its cache. That of an edge-optimised
	// API never does.
	Copy bool
	// Marked: some cache says that it answered, be it one behind the gateway.
	Marked bool
	Age    time.Duration
}

// FrontOf reads the headers of an answer.
func FrontOf(get func(name string) string) Front {
	lower := func(name string) string { return strings.ToLower(get(name)) }
	cache := lower("x-cache")
	cloudFront := get("x-amz-cf-id") != "" || get("x-amz-cf-pop") != "" || strings.Contains(lower("via"), "cloudfront") || strings.Contains(cache, "cloudfront")
	f := Front{CloudFront: cloudFront, Through: cloudFront || get("cf-ray") != "" || strings.Contains(lower("x-served-by"), "cache-") || get("x-akamai-request-id") != "" || get("x-azure-ref") != ""}
	if n, err := strconv.Atoi(get("age")); err == nil {
		f.Age = time.Duration(max(0, n)) * time.Second
	}
	f.Marked = strings.Contains(cache, "hit") || f.Age > 0 || lower("cf-cache-status") == "hit"
	f.Copy = cloudFront && (strings.Contains(cache, "hit from cloudfront") || f.Age > 0)
	return f
}
