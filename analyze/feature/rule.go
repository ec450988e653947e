package feature

import (
	"fmt"
	"regexp"
	"strings"
)

// Rule names a part of an answer by hand: what is, or is not, part of behaviour.
type Rule struct {
	text  string
	steps []string // of a JSON pointer
	re    *regexp.Regexp
}

// ParseRule reads a JSON pointer with * for any one step ("/items/*/price"), a
// header's name ("set-cookie", "set-cookie visit", "cache-control max-age"), one
// of the paths of a [Def] that begin with a colon, or a regular expression
// between slashes ("/served by \\w+/") on texts.
func ParseRule(s string) (Rule, error) {
	switch {
	case strings.TrimSpace(s) == "":
		return Rule{}, fmt.Errorf("reading what to compare or ignore: it is empty; give a JSON pointer (/items/*/price), a header's name or a /regexp/")
	case len(s) > 2 && s[0] == '/' && s[len(s)-1] == '/':
		re, err := regexp.Compile(s[1 : len(s)-1])
		if err != nil {
			return Rule{}, fmt.Errorf("reading what to compare or ignore: %s is no regular expression: %w; a JSON pointer has no slash at its end", s, err)
		}
		return Rule{text: s, re: re}, nil
	case s[0] == '/':
		return Rule{text: s, steps: strings.Split(s[1:], "/")}, nil
	}
	return Rule{text: strings.ToLower(strings.TrimSpace(s))}, nil
}

// Rules reads several rules; those that cannot be read are left out, as [ParseRule] has
// refused them where they were given.
func Rules(texts []string) []Rule {
	var out []Rule
	for _, text := range texts {
		if r, err := ParseRule(text); err == nil {
			out = append(out, r)
		}
	}
	return out
}

// String is the rule as it was written.
func (r Rule) String() string { return r.text }

// names tells whether the rule names the path itself.
func (r Rule) names(path string) bool {
	if r.re != nil {
		return false
	}
	if r.steps == nil {
		return r.text == strings.ToLower(path) || strings.HasPrefix(path, r.text+" ")
	}
	if !strings.HasPrefix(path, "/") {
		return false
	}
	steps := strings.Split(path[1:], "/")
	if len(steps) != len(r.steps) {
		return false
	}
	for i, s := range steps {
		if want := r.steps[i]; want != "*" && want != s && !(s == "*" && isIndex(want)) {
			return false
		}
	}
	return true
}

func isIndex(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

func (x *Extractor) compares(path string) bool { return anyNames(x.opts.Compare, path) }
func (x *Extractor) ignores(path string) bool  { return anyNames(x.opts.Ignore, path) }

func anyNames(rules []Rule, path string) bool {
	for _, r := range rules {
		if r.names(path) {
			return true
		}
	}
	return false
}

// pattern is a regular expression that a rule applies to texts.
type pattern struct {
	re  *regexp.Regexp
	def *node // what it finds is a class feature; nil where that is left out
}

func (x *Extractor) rules() []pattern {
	var out []pattern
	for _, r := range x.opts.Compare {
		if r.re != nil {
			n := tree{x}.node(r.text)
			n.class = true
			out = append(out, pattern{r.re, n})
		}
	}
	for _, r := range x.opts.Ignore {
		if r.re != nil {
			out = append(out, pattern{re: r.re})
		}
	}
	return out
}

var ignoredText = []byte("<ignored>")

// patterned applies the rules that are regular expressions to a text.
func (x *Extractor) patterned(text []byte) []byte {
	for _, p := range x.patterns {
		if p.def == nil {
			text = p.re.ReplaceAllLiteral(text, ignoredText)
			continue
		}
		m := p.re.FindSubmatch(text)
		if m == nil {
			continue
		}
		found := m[0]
		if len(m) > 1 {
			found = m[1]
		}
		tree{x}.emit(p.def, Content, hash(found), found)
	}
	return text
}
