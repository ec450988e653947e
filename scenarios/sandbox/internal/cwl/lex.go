package cwl

import (
	"fmt"
	"strings"
	"unicode"
)

// kind of a token of the two small languages: JSON filter patterns and Insights queries.
type kind int

const (
	endToken    kind = iota
	wordToken        // field, keyword, number or unquoted value
	stringToken      // "…" or '…', unescaped
	regexToken       // /…/ or %…%, without its delimiters
	signToken        // an operator or bracket
)

type token struct {
	kind kind
	text string
}

// word reports whether the token is a keyword, in any case.
func (t token) word(keyword string) bool {
	return t.kind == wordToken && strings.EqualFold(t.text, keyword)
}

func (t token) sign(s string) bool { return t.kind == signToken && t.text == s }

// signs, longest first.
var signs = []string{"&&", "||", "!=", "<=", ">=", "=~", "=", "<", ">", "(", ")", "[", "]", ",", "|", "{", "}", "!"}

// lex splits a text into tokens.
func lex(text string) ([]token, error) {
	var out []token
	for rest := strings.TrimSpace(text); rest != ""; rest = strings.TrimSpace(rest) {
		t, n, err := next(rest)
		if err != nil {
			return nil, err
		}
		out = append(out, t)
		rest = rest[n:]
	}
	return out, nil
}

func next(s string) (token, int, error) {
	switch s[0] {
	case '"', '\'', '`':
		text, n, err := quoted(s)
		if s[0] == '`' { // a field name of Insights with characters that a word cannot hold
			return token{wordToken, text}, n, err
		}
		return token{stringToken, text}, n, err
	case '/', '%':
		return delimited(s)
	}
	for _, sign := range signs {
		if strings.HasPrefix(s, sign) {
			return token{signToken, sign}, len(sign), nil
		}
	}
	n := wordLength(s)
	if n == 0 {
		r := []rune(s)[0]
		return token{}, 0, fmt.Errorf("invalid character(s) in term '%c'", r)
	}
	return token{wordToken, s[:n]}, n, nil
}

// quoted reads a quoted text with backslash escapes.
func quoted(s string) (string, int, error) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == s[0]:
			return b.String(), i + 1, nil
		case s[i] == '\\' && i+1 < len(s) && (s[i+1] == s[0] || s[i+1] == '\\'):
			i++
			fallthrough
		default:
			b.WriteByte(s[i])
		}
	}
	return "", 0, fmt.Errorf("unterminated %c", s[0])
}

// delimited reads a regular expression up to its unescaped delimiter.
func delimited(s string) (token, int, error) {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case s[0]:
			text := strings.ReplaceAll(s[1:i], `\`+s[:1], s[:1])
			return token{regexToken, text}, i + 1, nil
		}
	}
	return token{}, 0, fmt.Errorf("unterminated %c", s[0])
}

// wordLength is the length of the word at the start of s: letters, digits, and what field selectors
// ($.a.b[0], @message, a-b) and unquoted values (4*) are made of.
func wordLength(s string) int {
	for i, r := range s {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), strings.ContainsRune("_@$.*-+:", r):
		case r == '[' && i > 0 && s[0] == '$' && index(s[i:]) > 0, r == ']' && strings.Contains(s[:i], "[") && s[0] == '$':
		default:
			return i
		}
	}
	return len(s)
}

// index is the length of an array index such as "[12]" at the start of s, 0 if there is none.
func index(s string) int {
	end := strings.IndexByte(s, ']')
	if end < 2 || strings.Trim(s[1:end], "0123456789") != "" {
		return 0
	}
	return end + 1
}
