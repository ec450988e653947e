package diff

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"stageprobe/probe"
)

// Setting is one row of the stage matrix: a setting in which stages differ.
type Setting struct {
	Name   string            `json:"name"`   // "variables.backend", "methods[*/*].throttling_rate", …
	Values map[string]string `json:"values"` // stage → value; "" is unset
	// Touches are the route keys that it can influence; nil means all.
	Touches []string `json:"touches,omitempty"`
	// Behaviour tells a setting that can change answers from one that cannot,
	// such as logging and metrics.
	Behaviour bool `json:"behaviour,omitempty"`
}

var stageVariable = regexp.MustCompile(`\$\{stageVariables\.([A-Za-z0-9_]+)\}`)

// Resolve replaces ${stageVariables.x} in an integration or authorizer URI.
// What vars does not hold is left standing.
func Resolve(uri string, vars map[string]string) string {
	return stageVariable.ReplaceAllStringFunc(uri, func(ref string) string {
		name := stageVariable.FindStringSubmatch(ref)[1]
		if v, ok := vars[name]; ok {
			return v
		}
		return ref
	})
}

// Stages is the stage matrix of an API: only what differs. Two stages that
// serve different deployments also differ in what these hold; of that the
// matrix has who guards a route, as stages are expected to agree on it.
func Stages(api *probe.API) []Setting {
	if api == nil || len(api.Stages) < 2 {
		return nil
	}
	m := matrix{api: api}
	m.variables()
	m.methods()
	m.plain()
	m.others()
	m.authorizers()
	m.guards()
	return m.rows
}

type matrix struct {
	api  *probe.API
	rows []Setting
}

// row adds a setting where the stages' values differ.
func (m *matrix) row(name string, behaviour bool, touches []string, value func(*probe.Stage) string) {
	values := map[string]string{}
	distinct := map[string]bool{}
	for i := range m.api.Stages {
		v := value(&m.api.Stages[i])
		values[m.api.Stages[i].Name] = v
		distinct[v] = true
	}
	if len(distinct) > 1 {
		m.rows = append(m.rows, Setting{Name: name, Values: values, Touches: touches, Behaviour: behaviour})
	}
}

func (m *matrix) variables() {
	names := map[string]bool{}
	for _, s := range m.api.Stages {
		for v := range s.Variables {
			names[v] = true
		}
	}
	for _, v := range slices.Sorted(maps.Keys(names)) {
		touches := touchedBy(v, m.served()...)
		m.row("variables."+v, touches == nil || len(touches) > 0, touches, func(s *probe.Stage) string { return s.Variables[v] })
	}
}

// served are the definitions that the stages serve; a nil among them means
// that one is unknown.
func (m *matrix) served() []*probe.Definition {
	var list []*probe.Definition
	for i := range m.api.Stages {
		list = append(list, m.api.Stages[i].Deployed)
	}
	return list
}

// touchedBy lists the routes that a stage variable can influence: those that
// mention it, themselves or in their authorizer, and those that call a Lambda
// function as proxy or REQUEST authorizer, whose event holds every variable. It
// is nil, for all, where a definition is unknown.
func touchedBy(variable string, served ...*probe.Definition) []string {
	ref := reference(variable)
	touched := []string{}
	for _, d := range served {
		if d == nil || slices.Contains(d.Unknown, "integration") {
			return nil
		}
		for key, r := range d.Routes {
			a := d.Authorizers[r.Authorizer]
			if r.Integration.Type == "AWS_PROXY" || mentions(&r.Integration, ref) ||
				a.Type == "REQUEST" || ref.MatchString(a.URI) || ref.MatchString(a.Credentials) {
				touched = append(touched, key)
			}
		}
	}
	slices.Sort(touched)
	return slices.Compact(touched)
}

// reference matches ${stageVariables.x} of URIs, $stageVariables.x,
// $stageVariables.get('x') and $stageVariables['x'] of mapping templates, and
// stageVariables.x of parameter mappings, in JSON or not.
func reference(variable string) *regexp.Regexp {
	return regexp.MustCompile(`stageVariables(?:\.get\(|\.|\[)["'\\ ]*` + regexp.QuoteMeta(variable) + `\b`)
}

func mentions(i *probe.Integration, ref *regexp.Regexp) bool {
	texts := []string{i.URI, i.Credentials, i.ConnectionID, i.TLSServerName, i.Target}
	for _, m := range []map[string]string{i.RequestParameters, i.RequestTemplates, i.Responses} {
		texts = slices.AppendSeq(texts, maps.Values(m))
	}
	return slices.ContainsFunc(texts, ref.MatchString)
}

// methods compares the settings that are in force: a method without its own
// has those of */*.
func (m *matrix) methods() {
	names := map[string]bool{"*/*": true}
	for _, s := range m.api.Stages {
		for key := range s.Methods {
			names[key] = true
		}
	}
	for _, key := range slices.Sorted(maps.Keys(names)) {
		for _, f := range methodFields {
			m.row("methods["+key+"]."+f.name, f.behaviour, touchedMethod(key), func(s *probe.Stage) string { return f.value(s.InForce(key)) })
		}
	}
}

var methodFields = []struct {
	name      string
	behaviour bool
	value     func(probe.MethodSettings) string
}{
	{"throttling_rate", true, func(s probe.MethodSettings) string { return limit(s.ThrottlingSet, s.ThrottlingRate) }},
	{"throttling_burst", true, func(s probe.MethodSettings) string { return limit(s.ThrottlingSet, float64(s.ThrottlingBurst)) }},
	{"caching", true, func(s probe.MethodSettings) string { return strconv.FormatBool(s.Caching) }},
	{"cache_ttl", true, func(s probe.MethodSettings) string { return choose(s.Caching, strconv.Itoa(s.CacheTTL), "") }},
	{"cache_encrypted", false, func(s probe.MethodSettings) string {
		return choose(s.Caching, strconv.FormatBool(s.CacheEncrypted), "")
	}},
	{"logging_level", false, func(s probe.MethodSettings) string { return choose(s.LoggingLevel == "", "OFF", s.LoggingLevel) }},
	{"data_trace", false, func(s probe.MethodSettings) string { return strconv.FormatBool(s.DataTrace) }},
	{"metrics", false, func(s probe.MethodSettings) string { return strconv.FormatBool(s.Metrics) }},
}

func limit(set bool, v float64) string {
	if !set {
		return ""
	}
	return fmt.Sprintf("%g", v)
}

// touchedMethod is the route of a settings key, "GET /orders" of
// "/orders/GET"; nil for all.
func touchedMethod(key string) []string {
	i := strings.LastIndexByte(key, '/')
	if i < 0 || strings.HasPrefix(key, "*") {
		return nil
	}
	return []string{key[i+1:] + " " + key[:i]}
}

// plain compares the settings of a stage that hold a single value.
func (m *matrix) plain() {
	for _, f := range []struct {
		name      string
		behaviour bool
		value     func(*probe.Stage) string
	}{
		{"cache_cluster", true, func(s *probe.Stage) string { return strconv.FormatBool(s.CacheCluster) }},
		{"cache_size", false, func(s *probe.Stage) string { return choose(s.CacheCluster, s.CacheSize, "") }},
		{"web_acl", true, func(s *probe.Stage) string { return s.WebACL }},
		{"client_cert", true, func(s *probe.Stage) string { return s.ClientCert }},
		{"tracing", false, func(s *probe.Stage) string { return strconv.FormatBool(s.Tracing) }},
		{"access_log.format", false, func(s *probe.Stage) string { return s.AccessLog.Format }},
		{"access_log", false, func(s *probe.Stage) string { return choose(s.AccessLog.Destination == "", "off", "on") }},
		{"documentation", false, func(s *probe.Stage) string { return s.Documentation }},
		{"auto_deploy", false, func(s *probe.Stage) string { return strconv.FormatBool(s.AutoDeploy) }},
	} {
		m.row(f.name, f.behaviour, nil, f.value)
	}
}

// others compares members of the stages that the SDK does not know, except what
// names the stage itself. Whether an answer shows them is not known.
func (m *matrix) others() {
	names := map[string]bool{}
	for _, s := range m.api.Stages {
		for name, v := range s.Other {
			if !strings.Contains(v, s.Name) && !strings.Contains(v, "arn:") {
				names[name] = true
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		m.row("other."+name, false, nil, func(s *probe.Stage) string { return s.Other[name] })
	}
}

// authorizers compares what each stage's authorizers are in force: the
// deployed definition with the stage's variables.
func (m *matrix) authorizers() {
	if slices.ContainsFunc(m.served(), func(d *probe.Definition) bool { return d == nil || slices.Contains(d.Unknown, "authorizers") }) {
		return // a stage whose authorizers are unknown differs from none
	}
	names := map[string]bool{}
	for _, d := range m.served() {
		for n := range d.Authorizers {
			names[n] = true
		}
	}
	for _, n := range slices.Sorted(maps.Keys(names)) {
		if !everywhere(m.served(), n) {
			continue // the routes tell
		}
		for _, aspect := range authorizerAspects {
			m.row("authorizers["+n+"]."+aspect.name, true, m.guarded(n), func(s *probe.Stage) string {
				a := s.Deployed.Authorizers[n]
				if aspect.name == "ttl" && a.TTL == nil {
					return ""
				}
				return Resolve(aspect.value(&a), s.Variables)
			})
		}
	}
}

func everywhere(served []*probe.Definition, authorizer string) bool {
	return !slices.ContainsFunc(served, func(d *probe.Definition) bool { _, ok := d.Authorizers[authorizer]; return !ok })
}

func (m *matrix) guarded(authorizer string) []string {
	var keys []string
	for _, d := range m.served() {
		keys = append(keys, using(d, d, authorizer)...)
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// guards compares who may call a route that every stage serves.
func (m *matrix) guards() {
	served := m.served()
	if slices.Contains(served, nil) {
		return
	}
	for _, key := range slices.Sorted(maps.Keys(served[0].Routes)) {
		if slices.ContainsFunc(served, func(d *probe.Definition) bool { _, ok := d.Routes[key]; return !ok }) {
			continue
		}
		for _, aspect := range routeAspects[:4] { // authorization, authorizer, scopes, api_key_required
			if slices.ContainsFunc(served, func(d *probe.Definition) bool { return slices.Contains(d.Unknown, aspect.name) }) {
				continue
			}
			m.row("routes["+key+"]."+aspect.name, true, []string{key}, func(s *probe.Stage) string {
				r := s.Deployed.Routes[key]
				return aspect.value(&r)
			})
		}
	}
}
