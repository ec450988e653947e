package dataplane

import (
	"encoding/json"
	"net/netip"
	"path"
	"strings"
)

// statement is one statement of a resource policy.
type statement struct {
	Effect    string
	Resource  oneOrMore
	Condition map[string]map[string]oneOrMore
}

// oneOrMore is a JSON string or a list of strings.
type oneOrMore []string

func (o *oneOrMore) UnmarshalJSON(text []byte) error {
	if text[0] == '[' {
		return json.Unmarshal(text, (*[]string)(o))
	}
	*o = make([]string, 1)
	return json.Unmarshal(text, &(*o)[0])
}

// evaluate decides a policy: an explicit deny wins, and what nothing allows is
// denied. An unreadable policy denies.
func evaluate(policy, resource, source string) (allowed, explicit bool) {
	var doc struct{ Statement []statement }
	if json.Unmarshal([]byte(policy), &doc) != nil {
		return false, false
	}
	for _, s := range doc.Statement {
		if !s.covers(resource) || !s.holds(source) {
			continue
		}
		if s.Effect == "Deny" {
			return false, true
		}
		allowed = true
	}
	return allowed, false
}

// covers matches the resource; the short form "execute-api:/stage/GET/path"
// stands for any API.
func (s *statement) covers(resource string) bool {
	for _, pattern := range s.Resource {
		if short, ok := strings.CutPrefix(pattern, "execute-api:/"); ok {
			pattern = "arn:*:execute-api:*:*:*/" + short
		}
		if glob(pattern, resource) {
			return true
		}
	}
	return false
}

// holds evaluates the conditions on the caller's address; a condition on
// anything else does not hold.
func (s *statement) holds(source string) bool {
	for operator, keys := range s.Condition {
		for key, ranges := range keys {
			if !strings.EqualFold(key, "aws:SourceIp") {
				return false
			}
			if inRanges(source, ranges) != (operator == "IpAddress") {
				return false
			}
		}
	}
	return true
}

func inRanges(source string, ranges []string) bool {
	addr, err := netip.ParseAddr(source)
	if err != nil {
		return false
	}
	for _, r := range ranges {
		if p, err := netip.ParsePrefix(r); err == nil && p.Contains(addr.Unmap()) {
			return true
		}
		if a, err := netip.ParseAddr(r); err == nil && a == addr.Unmap() {
			return true
		}
	}
	return false
}

// glob matches * over any text, slashes included, which path.Match would stop
// at.
func glob(pattern, text string) bool {
	ok, err := path.Match(strings.ReplaceAll(pattern, "/", "\x00"), strings.ReplaceAll(text, "/", "\x00"))
	return err == nil && ok
}
