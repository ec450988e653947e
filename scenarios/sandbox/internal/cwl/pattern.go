package cwl

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// matcher decides whether a message matches a filter pattern.
type matcher func(message string) bool

// parsePattern compiles a filter pattern (CloudWatch Logs User Guide, "Filter pattern syntax"): terms,
// %regex% or a JSON pattern in braces. Space-delimited patterns in brackets are refused.
func parsePattern(pattern string) (matcher, error) {
	pattern = strings.TrimSpace(pattern)
	switch {
	case pattern == "":
		return func(string) bool { return true }, nil
	case len(pattern) > 1024:
		return nil, invalid("1 validation error detected: Value at 'filterPattern' failed to satisfy constraint: Member must have length less than or equal to 1024")
	case pattern[0] == '{':
		return parseJSONPattern(pattern)
	case pattern[0] == '[':
		return nil, invalid("Invalid filter pattern: space-delimited patterns are not served here")
	}
	return parseTerms(pattern)
}

// terms of a pattern: all of must and none of not; if there is neither, one of any. The service ignores
// ?terms that stand beside plain ones.
type terms struct{ must, not, any []func(string) bool }

func parseTerms(pattern string) (matcher, error) {
	var t terms
	for rest := pattern; rest != ""; rest = strings.TrimLeftFunc(rest, unicode.IsSpace) {
		list := &t.must
		switch rest[0] {
		case '?':
			list, rest = &t.any, rest[1:]
		case '-':
			list, rest = &t.not, rest[1:]
		}
		test, n, err := parseTerm(rest)
		if err != nil {
			return nil, err
		}
		*list = append(*list, test)
		rest = rest[n:]
	}
	return t.match, nil
}

func (t terms) match(message string) bool {
	for _, test := range t.not {
		if test(message) {
			return false
		}
	}
	for _, test := range t.must {
		if !test(message) {
			return false
		}
	}
	if len(t.must)+len(t.not) > 0 || len(t.any) == 0 {
		return true
	}
	for _, test := range t.any {
		if test(message) {
			return true
		}
	}
	return false
}

// parseTerm reads one term: "quoted", %regex% or a word of letters, digits and underscores.
func parseTerm(s string) (func(string) bool, int, error) {
	if s == "" {
		return nil, 0, invalid("Invalid filter pattern: a term is missing")
	}
	switch s[0] {
	case '"':
		text, n, err := quoted(s)
		if err != nil {
			return nil, 0, invalid("Invalid filter pattern: %v", err)
		}
		return contains(text), n, nil
	case '%':
		t, n, err := delimited(s)
		if err != nil {
			return nil, 0, invalid("Invalid filter pattern: %v", err)
		}
		re, err := filterRegexp(t.text)
		if err != nil {
			return nil, 0, invalid("Invalid filter pattern: %v", err)
		}
		return re.MatchString, n, nil
	}
	end := strings.IndexFunc(s, unicode.IsSpace)
	if end < 0 {
		end = len(s)
	}
	for _, r := range s[:end] {
		if r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return nil, 0, invalid("Invalid character(s) in term '%c'", r)
		}
	}
	return contains(s[:end]), end, nil
}

// filterRegexp compiles a regular expression of a filter pattern. The service takes neither groups nor
// spaces in it (CloudWatch Logs User Guide, "Supported regular expressions (regex) syntax").
func filterRegexp(text string) (*regexp.Regexp, error) {
	for _, r := range text {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(`:_#=@/;,-^$?[]{}|\*+.%`, r) || r > unicode.MaxASCII {
			return nil, fmt.Errorf("invalid character(s) in term '%c'", r)
		}
	}
	return regexp.Compile(text)
}

func contains(term string) func(string) bool {
	return func(message string) bool { return strings.Contains(message, term) }
}

func parseJSONPattern(pattern string) (matcher, error) {
	body, ok := strings.CutSuffix(pattern[1:], "}")
	if !ok {
		return nil, invalid("Invalid filter pattern: } is missing")
	}
	tokens, err := lex(body)
	if err != nil {
		return nil, invalid("%s", capitalised(err.Error()))
	}
	p := &parser{tokens, patternDialect}
	holds, err := p.expression()
	if err == nil && len(p.tokens) > 0 {
		return nil, invalid("Invalid character(s) in term '%s'", p.peek().text)
	}
	if err != nil {
		return nil, invalid("Invalid filter pattern: %v", err)
	}
	return func(message string) bool {
		document, ok := parseDocument(message)
		return ok && holds(func(selector string) (any, bool) { return document.find(strings.TrimPrefix(selector, "$.")) })
	}, nil
}

func capitalised(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// document is a message that is a JSON object.
type document map[string]any

func parseDocument(message string) (document, bool) {
	message = strings.TrimSpace(message)
	if !strings.HasPrefix(message, "{") {
		return nil, false
	}
	var d document
	err := json.Unmarshal([]byte(message), &d)
	return d, err == nil
}

// find follows a path such as "a.b[0].c".
func (d document) find(path string) (any, bool) {
	var current any = map[string]any(d)
	for _, step := range strings.FieldsFunc(path, func(r rune) bool { return r == '.' || r == '[' || r == ']' }) {
		switch container := current.(type) {
		case map[string]any:
			value, ok := container[step]
			if !ok {
				return nil, false
			}
			current = value
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(container) {
				return nil, false
			}
			current = container[i]
		default:
			return nil, false
		}
	}
	return current, true
}
