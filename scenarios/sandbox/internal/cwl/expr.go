package cwl

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// lookup gives a field's value (string, float64, bool, nil, or a JSON map or list) and whether it exists.
type lookup func(field string) (any, bool)

// condition is a compiled boolean expression.
type condition func(lookup) bool

// parser reads boolean expressions over comparisons: the common core of JSON filter patterns and of
// the filter command of Insights.
type parser struct {
	tokens []token
	dialect
}

// dialect is what the two languages do not share.
type dialect struct {
	or, and, not string
	// pattern is set for JSON filter patterns: * stands for any text in compared values, and fields can
	// be asked for EXISTS and IS. Insights has like, =~ and in instead.
	pattern bool
}

var (
	patternDialect  = dialect{or: "||", and: "&&", pattern: true}
	insightsDialect = dialect{or: "or", and: "and", not: "not"}
)

func (p *parser) peek() token {
	if len(p.tokens) == 0 {
		return token{}
	}
	return p.tokens[0]
}

func (p *parser) next() token {
	t := p.peek()
	if len(p.tokens) > 0 {
		p.tokens = p.tokens[1:]
	}
	return t
}

// accept takes the next token if it is one of the signs or keywords.
func (p *parser) accept(texts ...string) bool {
	t := p.peek()
	for _, text := range texts {
		if t.sign(text) || t.word(text) {
			p.next()
			return true
		}
	}
	return false
}

func (p *parser) expression() (condition, error) {
	return p.chain(p.conjunction, func(a, b condition) condition {
		return func(l lookup) bool { return a(l) || b(l) }
	}, p.or)
}

func (p *parser) conjunction() (condition, error) {
	return p.chain(p.unary, func(a, b condition) condition {
		return func(l lookup) bool { return a(l) && b(l) }
	}, p.and)
}

func (p *parser) chain(operand func() (condition, error), join func(a, b condition) condition, sign string) (condition, error) {
	left, err := operand()
	for err == nil && p.accept(sign) {
		var right condition
		if right, err = operand(); err == nil {
			left = join(left, right)
		}
	}
	return left, err
}

func (p *parser) unary() (condition, error) {
	switch {
	case p.not != "" && p.accept(p.not):
		c, err := p.unary()
		return negate(c, true), err
	case p.accept("("):
		c, err := p.expression()
		if err == nil && !p.accept(")") {
			return nil, fmt.Errorf("missing )")
		}
		return c, err
	}
	return p.comparison()
}

func negate(c condition, not bool) condition {
	if !not || c == nil {
		return c
	}
	return func(l lookup) bool { return !c(l) }
}

func (p *parser) comparison() (condition, error) {
	field := p.next()
	if field.kind != wordToken {
		return nil, fmt.Errorf("expected a field, found %q", field.text)
	}
	not := p.accept("not")
	switch {
	case p.pattern && p.accept("exists"):
		return negate(exists(field.text), not), nil
	case p.pattern && p.accept("is"):
		return p.is(field.text)
	case !p.pattern && p.accept("like", "=~"):
		c, err := p.like(field.text)
		return negate(c, not), err
	case !p.pattern && p.accept("in"):
		c, err := p.in(field.text)
		return negate(c, not), err
	}
	if operator := p.next(); operator.kind == signToken && !not {
		return p.compare(field.text, operator.text)
	}
	return nil, fmt.Errorf("expected an operator after %s", field.text)
}

func exists(field string) condition {
	return func(l lookup) bool { _, ok := l(field); return ok }
}

func (p *parser) is(field string) (condition, error) {
	var want any
	switch value := p.next(); {
	case value.word("null"):
	case value.word("true"):
		want = true
	case value.word("false"):
		want = false
	default:
		return nil, fmt.Errorf("expected NULL, TRUE or FALSE after %s IS", field)
	}
	return func(l lookup) bool { got, ok := l(field); return ok && got == want }, nil
}

// like matches a substring or a regular expression.
func (p *parser) like(field string) (condition, error) {
	t := p.next()
	switch t.kind {
	case stringToken:
		return onText(field, func(s string) bool { return strings.Contains(s, t.text) }), nil
	case regexToken:
		re, err := regexp.Compile(t.text)
		if err != nil {
			return nil, err
		}
		return onText(field, re.MatchString), nil
	}
	return nil, fmt.Errorf("expected a string or /regex/ after %s like", field)
}

func (p *parser) in(field string) (condition, error) {
	if !p.accept("[", "(") {
		return nil, fmt.Errorf("expected [ after %s in", field)
	}
	want := map[string]bool{}
	for {
		t := p.next()
		if t.kind != stringToken && t.kind != wordToken {
			return nil, fmt.Errorf("expected a value in the list of %s", field)
		}
		want[t.text] = true
		if p.accept("]", ")") {
			return onText(field, func(s string) bool { return want[s] }), nil
		}
		if !p.accept(",") {
			return nil, fmt.Errorf("expected , or ] in the list of %s", field)
		}
	}
}

// onText applies a test to a field as text; a missing field fails it.
func onText(field string, test func(string) bool) condition {
	return func(l lookup) bool {
		v, ok := l(field)
		return ok && test(text(v))
	}
}

func (p *parser) compare(field, operator string) (condition, error) {
	value := p.next()
	if p.pattern && value.kind == regexToken && (operator == "=" || operator == "!=") {
		re, err := filterRegexp(value.text)
		if err != nil {
			return nil, err
		}
		return negate(onText(field, re.MatchString), operator == "!="), nil
	}
	if value.kind != stringToken && value.kind != wordToken {
		return nil, fmt.Errorf("expected a value after %s %s", field, operator)
	}
	test, err := ordering(operator)
	if err != nil {
		return nil, err
	}
	number, notNumber := strconv.ParseFloat(value.text, 64)
	if value.kind == wordToken && notNumber == nil {
		return func(l lookup) bool {
			got, ok := l(field)
			f, isNumber := got.(float64)
			return ok && isNumber && test(cmp.Compare(f, number))
		}, nil
	}
	if p.pattern && strings.Contains(value.text, "*") && (operator == "=" || operator == "!=") {
		return negate(onText(field, wildcard(value.text).MatchString), operator == "!="), nil
	}
	return onText(field, func(s string) bool { return test(strings.Compare(s, value.text)) }), nil
}

func ordering(operator string) (func(int) bool, error) {
	switch operator {
	case "=":
		return func(c int) bool { return c == 0 }, nil
	case "!=":
		return func(c int) bool { return c != 0 }, nil
	case "<":
		return func(c int) bool { return c < 0 }, nil
	case "<=":
		return func(c int) bool { return c <= 0 }, nil
	case ">":
		return func(c int) bool { return c > 0 }, nil
	case ">=":
		return func(c int) bool { return c >= 0 }, nil
	}
	return nil, fmt.Errorf("unknown operator %q", operator)
}

// wildcard compiles a value in which * stands for any text. What is no UTF-8, which no
// JSON holds, matches nothing.
func wildcard(value string) *regexp.Regexp {
	parts := strings.Split(strings.ToValidUTF8(value, "\uFFFD"), "*")
	for i, part := range parts {
		parts[i] = regexp.QuoteMeta(part)
	}
	return regexp.MustCompile("(?s)^" + strings.Join(parts, ".*") + "$")
}

// text shows a value as comparisons with strings see it.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}
