// Package iam decides by an identity policy what a caller of the embedded gateway
// may do: as much of IAM's evaluation as a policy without conditions needs.
package iam

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Policy is what a caller is allowed. A nil policy allows everything.
type Policy struct{ statements []statement }

type statement struct {
	Effect   string
	Action   list
	Resource list
}

// list is one text or several, as IAM writes both.
type list []string

func (l *list) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*l = list{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(l))
}

// Parse reads a policy document.
func Parse(document []byte) (*Policy, error) {
	var d struct{ Statement []statement }
	if err := json.Unmarshal(document, &d); err != nil {
		return nil, fmt.Errorf("identity policy: %w", err)
	}
	return &Policy{d.Statement}, nil
}

// Allows tells whether the policy lets its caller run an action on a resource: a
// statement allows it, and none denies it.
func (p *Policy) Allows(action, resource string) bool {
	if p == nil {
		return true
	}
	allowed := false
	for _, s := range p.statements {
		if !s.covers(action, resource) {
			continue
		}
		if s.Effect == "Deny" {
			return false
		}
		allowed = true
	}
	return allowed
}

func (s *statement) covers(action, resource string) bool {
	return slices.ContainsFunc(s.Action, func(p string) bool { return Match(strings.ToLower(p), strings.ToLower(action)) }) &&
		slices.ContainsFunc(s.Resource, func(p string) bool { return Match(p, resource) })
}

// Match compares by IAM's wildcards: * is any text, ? any one character.
func Match(pattern, text string) bool {
	star, from := -1, 0
	p := 0
	for t := 0; t < len(text); {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p++
			t++
		case star >= 0:
			from++
			p, t = star+1, from
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
