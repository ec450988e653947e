package remedy

import (
	"cmp"
	"strconv"
	"strings"

	"stageprobe/probe"
)

// UpdateBasePathMapping leads an existing mapping of a domain to another
// stage or API. Kind is the kind of the API that it is to lead to; an HTTP API
// and a path of several levels can only be mapped through the second version
// of the service, by the mapping's id.
func UpdateBasePathMapping(region string, domain *probe.Domain, mapping probe.Mapping, to probe.StageRef, kind probe.APIKind) []Remedy {
	if domain == nil {
		return nil
	}
	return []Remedy{{
		Text:    "Lead " + addressOf(domain, mapping.BasePath) + " to stage " + to.Stage + " of " + to.APIID + " instead of stage " + mapping.Stage + " of " + mapping.APIID + ".",
		Command: mappingCommand(region, domain, mapping, to, kind),
		Changes: "which stage answers this base path",
		Leaves:  "other base paths of the domain, both stages, DNS",
		Undo:    mappingCommand(region, domain, probe.Mapping{ID: mapping.ID, BasePath: mapping.BasePath, APIID: to.APIID}, probe.StageRef{APIID: mapping.APIID, Stage: mapping.Stage}, kind),
		Warning: allTraffic(addressOf(domain, mapping.BasePath)),
	}}
}

func mappingCommand(region string, domain *probe.Domain, m probe.Mapping, to probe.StageRef, kind probe.APIKind) string {
	if onlyV2(m.BasePath, kind) && m.ID != "" {
		return command(region, "apigatewayv2", "update-api-mapping", "--domain-name", domain.Name, "--api-mapping-id", m.ID,
			"--api-id", to.APIID, "--stage", to.Stage)
	}
	var ops []patch
	if to.APIID != m.APIID {
		ops = append(ops, replace("/restapiId", to.APIID))
	}
	ops = append(ops, replace("/stage", to.Stage))
	words := []string{"apigateway", "update-base-path-mapping", "--domain-name", domain.Name, "--base-path", basePath(m.BasePath)}
	return command(region, append(words, patchWords(ops)...)...)
}

// ReadMappings looks first at where a domain leads, where that could not be read: what is
// to be changed is not known, and a mapping cannot be made where there is one.
func ReadMappings(region string, domain *probe.Domain, to probe.StageRef, kind probe.APIKind) []Remedy {
	read := []string{"apigateway", "get-base-path-mappings"}
	if onlyV2("", kind) {
		read = []string{"apigatewayv2", "get-api-mappings"}
	}
	return []Remedy{{
		Text:    "See which mapping leads " + domain.Name + " elsewhere, with rights that may read it (apigateway:GET), and lead it to stage " + to.Stage + " of " + to.APIID + ".",
		Command: command(region, append(read, "--domain-name", domain.Name)...),
		Changes: "nothing: it reads", Leaves: "everything",
		Diagnoses: true,
	}}
}

// CreateBasePathMapping maps a base path that leads nowhere; "" is (none).
func CreateBasePathMapping(region string, domain *probe.Domain, path string, to probe.StageRef, kind probe.APIKind) []Remedy {
	if domain == nil {
		return nil
	}
	r := Remedy{
		Text: "Map " + addressOf(domain, path) + " to stage " + to.Stage + " of " + to.APIID + ".",
		Command: command(region, "apigateway", "create-base-path-mapping", "--domain-name", domain.Name, "--base-path", basePath(path),
			"--rest-api-id", to.APIID, "--stage", to.Stage),
		Changes: "requests to this base path, which were refused, reach the stage",
		Leaves:  "other base paths of the domain, the stage, DNS",
		Undo:    command(region, "apigateway", "delete-base-path-mapping", "--domain-name", domain.Name, "--base-path", basePath(path)),
	}
	if !onlyV2(path, kind) {
		return []Remedy{r}
	}
	words := []string{"apigatewayv2", "create-api-mapping", "--domain-name", domain.Name, "--api-id", to.APIID, "--stage", to.Stage}
	if path != "" {
		words = append(words, "--api-mapping-key", path)
	}
	r.Command = command(region, words...)
	r.Undo = "delete it with aws apigatewayv2 delete-api-mapping and the ApiMappingId that the command prints"
	return []Remedy{r}
}

func onlyV2(path string, kind probe.APIKind) bool {
	return kind == probe.HTTP || strings.Contains(path, "/")
}

func basePath(path string) string { return cmp.Or(path, "(none)") }

func addressOf(domain *probe.Domain, path string) string {
	return "https://" + domain.Name + "/" + path
}

// UpdateRoutingRule leads a routing rule of a domain to another stage. The
// call replaces the whole rule, so that its conditions are written out.
func UpdateRoutingRule(region string, domain *probe.Domain, rule probe.RoutingRule, to probe.StageRef) []Remedy {
	if domain == nil {
		return nil
	}
	changed := rule
	changed.APIID, changed.Stage = to.APIID, to.Stage
	return []Remedy{{
		Text:    "Lead routing rule " + rule.ID + " of " + domain.Name + " to stage " + to.Stage + " of " + to.APIID + " instead of stage " + rule.Stage + " of " + rule.APIID + ".",
		Command: putRule(region, domain, changed),
		Changes: "which stage answers the requests that meet the rule's conditions",
		Leaves:  "the rule's priority and conditions, other rules, base path mappings",
		Undo:    putRule(region, domain, rule),
		Warning: allTraffic("the requests that meet the rule"),
	}}
}

// StripBasePath lets a routing rule hand the stage what stands behind the base path.
func StripBasePath(region string, domain *probe.Domain, rule probe.RoutingRule) []Remedy {
	if domain == nil {
		return nil
	}
	changed := rule
	changed.StripBasePath = true
	return []Remedy{{
		Text:    "Let routing rule " + rule.ID + " of " + domain.Name + " take the base path off, so that the stage is asked for its own routes.",
		Command: putRule(region, domain, changed),
		Changes: "the path that stage " + rule.Stage + " of " + rule.APIID + " is asked for by the requests that meet the rule's conditions",
		Leaves:  "the rule's priority and conditions, other rules, base path mappings, the stage",
		Undo:    putRule(region, domain, rule),
		Warning: allTraffic("the requests that meet the rule"),
	}}
}

// The members of put-routing-rule, spelt as the service spells them.
type (
	condition struct {
		MatchBasePaths *anyPath   `json:",omitempty"`
		MatchHeaders   *anyHeader `json:",omitempty"`
	}
	anyPath   struct{ AnyOf []string }
	anyHeader struct{ AnyOf []headerValue }

	headerValue struct{ Header, ValueGlob string }
	action      struct{ InvokeApi invoke } //nolint:staticcheck // the service's own spelling
	invoke      struct {
		ApiId         string //nolint:staticcheck // the service's own spelling
		Stage         string
		StripBasePath bool
	}
)

func putRule(region string, domain *probe.Domain, rule probe.RoutingRule) string {
	conditions := []condition{}
	for _, h := range rule.Headers {
		conditions = append(conditions, condition{MatchHeaders: &anyHeader{[]headerValue{{h.Name, h.Glob}}}})
	}
	if len(rule.BasePaths) > 0 {
		conditions = append(conditions, condition{MatchBasePaths: &anyPath{rule.BasePaths}})
	}
	actions := []action{{invoke{rule.APIID, rule.Stage, rule.StripBasePath}}}
	return command(region, "apigatewayv2", "put-routing-rule", "--domain-name", domain.Name, "--routing-rule-id", rule.ID,
		"--priority", strconv.Itoa(rule.Priority), "--conditions", toJSON(conditions), "--actions", toJSON(actions))
}
