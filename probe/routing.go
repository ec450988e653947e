package probe

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
)

// Lead is where a custom domain sends a path.
type Lead struct {
	StageRef
	BasePath string // the base path that matched; "" the root
	Stripped bool   // the API does not see the base path
	Rule     string // id of the routing rule that matched; "" a mapping
}

// The routing modes of a custom domain.
const (
	routeRulesOnly         = "ROUTING_RULE_ONLY"
	routeRulesThenMappings = "ROUTING_RULE_THEN_API_MAPPING"
)

// Route follows a path through a domain's routing rules and base path
// mappings, for a request with these headers. Rules come first, lowest
// priority number first; of the mappings the longest that matches wins,
// whatever the APIs behind them hold. false: it leads nowhere.
func (d *Domain) Route(path string, headers []Header) (Lead, bool) {
	segments := splitPath(path)
	if d.RoutingMode == routeRulesOnly || d.RoutingMode == routeRulesThenMappings {
		for _, r := range slices.SortedStableFunc(slices.Values(d.Rules), byPriority) {
			if base, ok := r.matches(segments, headers); ok {
				return Lead{StageRef{r.APIID, r.Stage}, base, r.StripBasePath, r.ID}, true
			}
		}
	}
	if d.RoutingMode == routeRulesOnly {
		return Lead{}, false
	}
	var best *Mapping
	for i := range d.Mappings {
		m := &d.Mappings[i]
		if isBelow(segments, m.BasePath) && (best == nil || len(m.BasePath) > len(best.BasePath)) {
			best = m
		}
	}
	if best == nil {
		return Lead{}, false
	}
	return Lead{StageRef{best.APIID, best.Stage}, best.BasePath, true, ""}, true
}

// Reaches tells whether a path below a target leads to the target's own stage:
// on a custom domain a longer mapping, or a routing rule, may take it
// elsewhere. Where that is not known it is true.
func (t *Target) Reaches(snap *Snapshot, path string, headers []Header) bool {
	u, err := url.Parse(t.URL)
	if err != nil || t.Kind != CustomDomain {
		return true
	}
	d := snap.Domain(u.Hostname())
	if d == nil {
		return true
	}
	lead, ok := d.Route(u.EscapedPath()+path, headers)
	// Of a domain that leads nowhere every path is its own: what it answers is the question.
	return lead.StageRef == StageRef{t.APIID, t.Stage} || !ok && !snap.MappingsRead(d)
}

func byPriority(a, b RoutingRule) int { return cmp.Compare(a.Priority, b.Priority) }

// matches tells whether every header condition and any base path holds.
func (r *RoutingRule) matches(segments []string, headers []Header) (base string, ok bool) {
	for _, h := range r.Headers {
		if !slices.ContainsFunc(headers, func(sent Header) bool {
			return equalFold(sent.Name, h.Name) && glob(h.Glob, sent.Value)
		}) {
			return "", false
		}
	}
	if len(r.BasePaths) == 0 {
		return "", true
	}
	for _, b := range r.BasePaths {
		if b = strings.Trim(b, "/"); isBelow(segments, b) {
			return b, true
		}
	}
	return "", false
}

// glob matches a pattern that may hold * at either end.
func glob(pattern, value string) bool {
	rest, open := strings.CutPrefix(pattern, "*")
	rest, tail := strings.CutSuffix(rest, "*")
	switch {
	case open && tail:
		return strings.Contains(value, rest)
	case open:
		return strings.HasSuffix(value, rest)
	case tail:
		return strings.HasPrefix(value, rest)
	}
	return value == rest
}

// isBelow tells whether a path begins with a base path, segment by segment and
// with regard to case.
func isBelow(segments []string, base string) bool {
	want := splitPath(base)
	return len(want) <= len(segments) && slices.Equal(segments[:len(want)], want)
}

func splitPath(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
}

// BeginsWith tells whether any route takes paths below a base path.
func (d *Definition) BeginsWith(base string) bool {
	for key := range d.Routes {
		_, template, ok := strings.Cut(key, " ")
		if !ok { // the default route of an HTTP API
			return true
		}
		parts, fits := segmentsOf(template), true
		for i, want := range splitPath(base) {
			if i < len(parts) && strings.HasSuffix(parts[i], "+}") {
				break
			}
			if fits = i < len(parts) && (parts[i] == want || strings.HasPrefix(parts[i], "{")); !fits {
				break
			}
		}
		if fits {
			return true
		}
	}
	return false
}

// MappingsRead tells whether everything was read that says where a domain leads.
func (s *Snapshot) MappingsRead(d *Domain) bool {
	return !slices.ContainsFunc(s.Gaps, func(g Gap) bool {
		return g.Domain == d.Name && slices.Contains([]string{"GetApiMappings", "GetBasePathMappings", "ListRoutingRules"}, g.Operation)
	})
}
