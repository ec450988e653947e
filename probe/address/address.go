// Package address reads URLs of API Gateway, and finds what to probe: [ParseURL] tells the
// parts of an address, [Targets] chooses invoke URLs and custom domains in a snapshot.
package address

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode"

	"stageprobe/probe"
	"stageprobe/probe/lazyregexp"
)

// Kind is the shape of a URL.
type Kind string

// The shapes of an address.
const (
	AddressExecuteAPI Kind = "execute-api"     // {api}.execute-api.{region}.amazonaws.com, also {api}-{vpce}
	AddressVPCE       Kind = "vpc-endpoint"    // vpce-….execute-api.{region}.vpce.amazonaws.com
	AddressRegional   Kind = "regional-domain" // d-….execute-api.{region}.amazonaws.com
	AddressCustom     Kind = "custom-domain"   // anything else
	AddressEmulator   Kind = "emulator"        // LocalStack and its like
)

// Address is a URL taken apart. What its shape does not tell is empty.
type Address struct {
	Scheme      string // https or http
	Host        string // lower case, without port
	Port        string // "" where the URL names none
	Kind        Kind
	Region      string
	Partition   string // aws, aws-cn, aws-us-gov …
	APIID       string
	VPCEndpoint string // vpce-…
	Emulator    bool

	// Base is what stands before the API's own path: scheme, host and port,
	// and behind an emulator's path template that as well.
	Base string
	// Stage is named by an emulator's path template and then part of Base. For
	// every other shape it is empty and the stage of a REST API is First.
	Stage    string
	Segments []string // of the path behind Base, still escaped
	First    string   // the first of them; "" where there is none
	Path     string   // the escaped path behind Base, with its slash
	Query    string   // encoded, without the question mark
}

// partition is a family of regions with its DNS suffix.
type partition struct{ prefix, name, suffix string }

// partitions by region prefix; the last one takes every other region. From the
// AWS SDK's partition table.
var partitions = []partition{
	{"cn-", "aws-cn", "amazonaws.com.cn"},
	{"us-gov-", "aws-us-gov", "amazonaws.com"},
	{"us-isof-", "aws-iso-f", "csp.hci.ic.gov"},
	{"eu-isoe-", "aws-iso-e", "cloud.adc-e.uk"},
	{"us-isob-", "aws-iso-b", "sc2s.sgov.gov"},
	{"us-iso-", "aws-iso", "c2s.ic.gov"},
	{"eusc-", "aws-eusc", "amazonaws.eu"},
	{"", "aws", "amazonaws.com"},
}

func partitionOf(region string) partition {
	for _, p := range partitions {
		if strings.HasPrefix(region, p.prefix) {
			return p
		}
	}
	return partition{}
}

var (
	executeHost = lazyregexp.New(`^([a-z0-9]+)(?:-(vpce-[a-z0-9-]+))?\.execute-api(?:-fips)?\.([a-z0-9-]+)\.` + suffixes + `$`)
	domainHost  = lazyregexp.New(`^d-[a-z0-9]+\.execute-api(?:-fips)?\.([a-z0-9-]+)\.` + suffixes + `$`)
	vpceHost    = lazyregexp.New(`^(vpce-[a-z0-9]+)[a-z0-9-]*\.execute-api(?:-fips)?\.([a-z0-9-]+)\.vpce\.` + suffixes + `$`)
	localHost   = lazyregexp.New(`^([a-z0-9]+)\.execute-api\.(?:([a-z0-9-]+)\.)?localhost(?:\.localstack\.cloud)?$`)

	// The path templates of emulators, with the API and the stage in them.
	localPaths = []lazyregexp.Regexp{
		lazyregexp.New(`^/_aws/execute-api/([^/]+)/([^/]+)`),
		lazyregexp.New(`^/restapis/([^/]+)/([^/]+)/_user_request_(?:/|$)`),
	}
)

const suffixes = `(?:amazonaws\.com(?:\.cn)?|c2s\.ic\.gov|sc2s\.sgov\.gov|csp\.hci\.ic\.gov|cloud\.adc-e\.uk|amazonaws\.eu)`

// ParseURL takes apart a URL as people paste it: spaces, quotes and angle
// brackets around it are ignored, and a missing scheme counts as https (http
// at an emulator).
func ParseURL(raw string) (Address, error) {
	raw = strings.TrimFunc(raw, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("<>\"'`", r) })
	bare := !strings.Contains(raw, "://")
	if bare {
		raw = "https://" + raw
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil && strings.Contains(raw, "@"):
		return Address{}, badURL("it holds a user name; give credentials with --header, --bearer or --api-key")
	case err != nil:
		return Address{}, badURL(errors.Unwrap(err).Error()) // without the URL, which may hold a secret
	}
	a := Address{
		Scheme: strings.ToLower(u.Scheme),
		Host:   strings.TrimSuffix(strings.ToLower(u.Hostname()), "."),
		Port:   u.Port(), Path: u.EscapedPath(), Query: escapeQuery(u.RawQuery),
	}
	switch {
	case a.Scheme == "ws" || a.Scheme == "wss":
		return Address{}, badURL("WebSocket APIs are not checked, only REST and HTTP APIs")
	case a.Scheme != "https" && a.Scheme != "http":
		return Address{}, badURL(fmt.Sprintf("scheme %q is neither https nor http", a.Scheme))
	case (a.Host == "https" || a.Host == "http") && strings.HasPrefix(a.Path, "//"):
		return Address{}, badURL("it names its scheme twice")
	case a.Host == "":
		return Address{}, badURL("there is no host name in it")
	case strings.ContainsFunc(a.Host, notInHost) && strings.Contains(raw, "@"):
		return Address{}, badURL("it holds a user name, or a character that no host name has")
	case strings.ContainsFunc(a.Host, notInHost):
		return Address{}, badURL(fmt.Sprintf("%q is no host name", a.Host))
	case bare && !strings.ContainsAny(a.Host, ".:") && a.Host != "localhost" && a.Port == "":
		return Address{}, badURL(fmt.Sprintf("%q is neither a URL nor the name of a host", a.Host))
	case u.User != nil:
		return Address{}, badURL("credentials stand before its host; give them with --header, --bearer or --api-key")
	case a.Path != "" && a.Path[0] != '/':
		return Address{}, badURL("the path must begin with a slash")
	}
	// At its end it would be taken for the one around a URL.
	if end := strings.TrimRight(a.Path, "'"); end != a.Path {
		a.Path = end + strings.Repeat("%27", len(a.Path)-len(end))
	}
	a.shape()
	if bare && a.Emulator {
		a.Scheme = "http"
	}
	a.split(u.Host)
	return a, nil
}

// notInHost tells what no name and no address of a host has; letters of any
// alphabet may stand in a name.
func notInHost(r rune) bool {
	return !unicode.In(r, unicode.L, unicode.M, unicode.Nd) && !strings.ContainsRune("-._:", r)
}

// escapeQuery escapes what a pasted query may have and a request line may not,
// and quotes, which would be taken for those around a URL.
func escapeQuery(raw string) string {
	var b strings.Builder
	for i := range len(raw) {
		if c := raw[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("<>\"'`", c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

func badURL(why string) error {
	return fmt.Errorf("not a URL that can be checked: %s", why)
}

// shape reads what the host name tells.
func (a *Address) shape() {
	a.Kind = AddressCustom
	if m := executeHost.FindStringSubmatch(a.Host); m != nil {
		a.Kind, a.APIID, a.VPCEndpoint, a.Region = AddressExecuteAPI, m[1], m[2], m[3]
	} else if m := domainHost.FindStringSubmatch(a.Host); m != nil {
		a.Kind, a.Region = AddressRegional, m[1]
	} else if m := vpceHost.FindStringSubmatch(a.Host); m != nil {
		a.Kind, a.VPCEndpoint, a.Region = AddressVPCE, m[1], m[2]
	} else if m := localHost.FindStringSubmatch(a.Host); m != nil {
		a.Kind, a.Emulator, a.APIID, a.Region = AddressEmulator, true, m[1], m[2]
	}
	if a.Region != "" {
		a.Partition = partitionOf(a.Region).name
	}
	for _, re := range localPaths {
		if m := re.FindStringSubmatch(a.Path); m != nil && a.Kind == AddressCustom {
			a.Kind, a.Emulator, a.APIID, a.Stage = AddressEmulator, true, m[1], m[2]
			if stage, err := url.PathUnescape(m[2]); err == nil {
				a.Stage = stage
			}
		}
	}
}

// split divides the path into what belongs to the address and what to the API.
func (a *Address) split(authority string) {
	a.Base = a.Scheme + "://" + strings.ToLower(authority)
	for _, re := range localPaths {
		if template := strings.TrimSuffix(re.FindString(a.Path), "/"); template != "" && a.Stage != "" {
			a.Base += template
			a.Path = a.Path[len(template):]
			break
		}
	}
	for segment := range strings.SplitSeq(a.Path, "/") {
		if segment != "" {
			a.Segments = append(a.Segments, segment)
		}
	}
	if len(a.Segments) > 0 {
		a.First = a.Segments[0]
	}
}

// Suffix is the DNS suffix of a region's execute-api hosts, such as
// "amazonaws.com.cn" in China.
func Suffix(region string) string { return partitionOf(region).suffix }

// Partition is the partition in the ARNs of a region, such as "aws-cn" in China.
func Partition(region string) string { return partitionOf(region).name }

// StageURL puts together the invoke URL of a stage, without a slash at its
// end. The $default stage of an HTTP API has no path segment. suffix is the
// DNS suffix, "" for the region's own.
func StageURL(region, suffix, api, stage string) string {
	if suffix == "" {
		suffix = Suffix(region)
	}
	base := "https://" + api + ".execute-api." + region + "." + suffix
	if stage == "" || stage == probe.DefaultStage {
		return base
	}
	return base + "/" + url.PathEscape(stage)
}

// NoRegion says why a word cannot be the name of a region, with one that may have been
// meant; "" where it can.
func NoRegion(word string) (problem, instead string) {
	switch m := zone.FindStringSubmatch(word); {
	case m != nil:
		return "is an availability zone, and no region", m[1]
	case !regionLike.MatchString(word):
		return "is no name of a region", "us-east-1"
	}
	return "", ""
}

var (
	regionLike = lazyregexp.New(`^[a-z0-9-]+$`) // what stands in a host's name: emulators take any
	zone       = lazyregexp.New(`^([a-z]+(?:-[a-z]+)+-[0-9]+)[a-z]$`)
)
