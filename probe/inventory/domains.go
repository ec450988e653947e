package inventory

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	httptypes "github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"

	"stageprobe/probe"
)

// domainReading reads custom domains and what they lead to.
type domainReading struct{ *reading }

var errWebSocket = errors.New("it is a WebSocket API, which answers no plain requests")

// domain is a custom domain on its way into the snapshot.
type domain struct {
	probe.Domain
	id      *string  // private custom domains are asked for by name and id
	aliases []string // the regional or distribution name that DNS points to
	named   bool     // asked for by name or host
}

// domains reads the domains that are asked for: all of them, those named, and
// those that lead to a wanted API. The APIs that a named domain leads to become
// wanted.
func (rd domainReading) domains(ctx context.Context, want *wanted, all bool) []probe.Domain {
	var found []domain
	if all || len(want.apis) > 0 || len(want.hosts) > 0 {
		found = rd.listDomains(ctx)
	}
	found = rd.addNamed(ctx, found, want)
	if len(want.apis) == 0 && !all {
		found = slices.DeleteFunc(found, func(d domain) bool { return !d.named })
	}
	if all && rd.WantedDomain != nil {
		found = slices.DeleteFunc(found, func(d domain) bool { return !rd.WantedDomain(&d.Domain) })
	}
	rd.plan(len(found))
	rd.parallel(ctx, apisAtOnce, len(found), func(ctx context.Context, i int) {
		known := false
		if rd.Kept != nil {
			var d probe.Domain
			if d, known = rd.Kept.Domain(found[i].Name); known {
				found[i].Domain = d
			}
		}
		if !known {
			rd.readDomain(ctx, &found[i])
			rememberDomain(ctx, rd.reading, &found[i].Domain)
		}
		rd.finish("domain " + found[i].Name)
	})
	var kept []probe.Domain
	for _, d := range found {
		if !all && !d.named && !leadsTo(d.Domain, want.apis) {
			continue
		}
		if d.named {
			want.led = append(want.led, apisOf(d.Domain)...)
		}
		kept = append(kept, d.Domain)
	}
	slices.SortFunc(kept, func(a, b probe.Domain) int { return cmp.Compare(a.Name, b.Name) })
	return kept
}

func leadsTo(d probe.Domain, apis []string) bool {
	return slices.ContainsFunc(apisOf(d), func(id string) bool { return slices.Contains(apis, id) })
}

func apisOf(d probe.Domain) []string {
	var ids []string
	for _, m := range d.Mappings {
		ids = append(ids, m.APIID)
	}
	for _, r := range d.Rules {
		ids = append(ids, r.APIID)
	}
	return ids
}

// listDomains lists every domain through both services: on AWS they list the
// same ones, some emulators keep them apart.
func (rd domainReading) listDomains(ctx context.Context) []domain {
	q := question{op: "GetDomainNames", subject: "region " + rd.Region, path: "/domainnames", costs: "custom domains that no one named are missing"}
	rest, restErr := pages(ctx, rd.reading, q, paged(func(ctx context.Context, token *string) (*apigateway.GetDomainNamesOutput, error) {
		return rd.REST.GetDomainNames(ctx, &apigateway.GetDomainNamesInput{Limit: aws.Int32(pageSize), Position: token}, once)
	}, func(out *apigateway.GetDomainNamesOutput) ([]types.DomainName, *string) {
		return out.Items, out.Position
	}))
	q.op, q.quiet = "GetDomainNames (v2)", func(err error) bool { return restErr == nil && unsupported(err) }
	http, _ := pages(ctx, rd.reading, q, paged(func(ctx context.Context, token *string) (*apigatewayv2.GetDomainNamesOutput, error) {
		return rd.HTTP.GetDomainNames(ctx, &apigatewayv2.GetDomainNamesInput{NextToken: token}, onceHTTP)
	}, func(out *apigatewayv2.GetDomainNamesOutput) ([]httptypes.DomainName, *string) {
		return out.Items, out.NextToken
	}))
	var found []domain
	for _, d := range rest {
		found = addDomain(found, restDomain(d))
	}
	for _, d := range http {
		found = addDomain(found, httpDomain(d))
	}
	return found
}

// addDomain adds d, or fills in what an earlier reading of the same domain
// left open.
func addDomain(list []domain, d domain) []domain {
	i := slices.IndexFunc(list, func(x domain) bool {
		return strings.EqualFold(x.Name, d.Name) && aws.ToString(x.id) == aws.ToString(d.id)
	})
	if i < 0 {
		return append(list, d)
	}
	have := &list[i]
	if len(have.EndpointTypes) == 0 {
		have.EndpointTypes = d.EndpointTypes
	}
	have.SecurityPolicy = cmp.Or(have.SecurityPolicy, d.SecurityPolicy)
	have.RoutingMode = cmp.Or(have.RoutingMode, d.RoutingMode)
	have.Status = cmp.Or(have.Status, d.Status)
	have.MutualTLS = have.MutualTLS || d.MutualTLS
	return list
}

// addNamed marks the domains that were asked for, and looks up by name those
// that no list held: a narrow policy may allow just that.
func (rd domainReading) addNamed(ctx context.Context, found []domain, want *wanted) []domain {
	for _, host := range want.hosts {
		if i := slices.IndexFunc(found, func(d domain) bool { return d.answers(host) }); i >= 0 {
			found[i].named = true
		} else {
			want.domains = append(want.domains, host)
		}
	}
	for _, name := range unique(want.domains) {
		if i := slices.IndexFunc(found, func(d domain) bool { return strings.EqualFold(d.Name, name) }); i >= 0 {
			found[i].named = true
		} else if d, ok := rd.lookUpDomain(ctx, name); ok {
			found = append(found, d)
		}
	}
	return found
}

// answers tells whether requests to the host reach the domain: by its name, by
// its wildcard, or by the name that DNS points to.
func (d *domain) answers(host string) bool {
	if strings.EqualFold(d.Name, host) || slices.Contains(d.aliases, host) {
		return true
	}
	_, parent, ok := strings.Cut(host, ".")
	return ok && strings.EqualFold(d.Name, "*."+parent)
}

func (rd domainReading) lookUpDomain(ctx context.Context, name string) (domain, bool) {
	q := question{op: "GetDomainName", subject: "domain " + name, path: "/domainnames/" + name,
		costs: "which stage this domain leads to is unknown", quiet: notFoundOrUnsupported}
	out, err := ask(ctx, rd.reading, q, func(ctx context.Context) (*apigateway.GetDomainNameOutput, error) {
		out, err := rd.REST.GetDomainName(ctx, &apigateway.GetDomainNameInput{DomainName: &name}, once)
		if err != nil {
			return nil, err
		}
		return whole(out, out.DomainName)
	})
	if err == nil {
		d := restDomain(types.DomainName{
			DomainName: out.DomainName, DomainNameId: out.DomainNameId, EndpointConfiguration: out.EndpointConfiguration,
			SecurityPolicy: out.SecurityPolicy, MutualTlsAuthentication: out.MutualTlsAuthentication, RoutingMode: out.RoutingMode,
			DomainNameStatus: out.DomainNameStatus, RegionalDomainName: out.RegionalDomainName, DistributionDomainName: out.DistributionDomainName,
		})
		d.named = true
		return d, true
	}
	if !notFoundOrUnsupported(err) {
		return domain{}, false
	}
	q.quiet = nil
	http, err := ask(ctx, rd.reading, q, func(ctx context.Context) (*apigatewayv2.GetDomainNameOutput, error) {
		out, err := rd.HTTP.GetDomainName(ctx, &apigatewayv2.GetDomainNameInput{DomainName: &name}, onceHTTP)
		if err != nil {
			return nil, err
		}
		return whole(out, out.DomainName)
	})
	if err != nil {
		return domain{}, false
	}
	d := httpDomain(httptypes.DomainName{
		DomainName: http.DomainName, DomainNameConfigurations: http.DomainNameConfigurations,
		MutualTlsAuthentication: http.MutualTlsAuthentication, RoutingMode: http.RoutingMode,
	})
	d.named = true
	return d, true
}

func restDomain(d types.DomainName) domain {
	out := domain{id: d.DomainNameId, Domain: probe.Domain{
		Name: aws.ToString(d.DomainName), SecurityPolicy: string(d.SecurityPolicy), Status: string(d.DomainNameStatus),
		MutualTLS: d.MutualTlsAuthentication != nil && aws.ToString(d.MutualTlsAuthentication.TruststoreUri) != "", RoutingMode: routingMode(string(d.RoutingMode)),
	}}
	out.StatusText, out.AccessMode = aws.ToString(d.DomainNameStatusMessage), string(d.EndpointAccessMode)
	if c := d.EndpointConfiguration; c != nil {
		out.IPAddressType = string(c.IpAddressType)
		for _, t := range c.Types {
			out.EndpointTypes = append(out.EndpointTypes, string(t))
		}
	}
	for _, alias := range []*string{d.RegionalDomainName, d.DistributionDomainName} {
		if alias != nil {
			out.aliases = append(out.aliases, strings.ToLower(*alias))
		}
	}
	out.Targets = out.aliases
	return out
}

// routingMode spells the mode as the second version of the service does.
func routingMode(s string) string { return strings.ReplaceAll(s, "BASE_PATH_MAPPING", "API_MAPPING") }

func httpDomain(d httptypes.DomainName) domain {
	out := domain{Domain: probe.Domain{
		Name: aws.ToString(d.DomainName), RoutingMode: string(d.RoutingMode),
		MutualTLS: d.MutualTlsAuthentication != nil && aws.ToString(d.MutualTlsAuthentication.TruststoreUri) != "",
	}}
	for _, c := range d.DomainNameConfigurations {
		if c.EndpointType != "" { // emulators leave it out
			out.EndpointTypes = append(out.EndpointTypes, string(c.EndpointType))
		}
		out.SecurityPolicy, out.Status = string(c.SecurityPolicy), string(c.DomainNameStatus)
		out.StatusText, out.IPAddressType = aws.ToString(c.DomainNameStatusMessage), string(c.IpAddressType)
		out.aliases = append(out.aliases, strings.ToLower(aws.ToString(c.ApiGatewayDomainName)))
	}
	out.Targets = out.aliases
	return out
}
