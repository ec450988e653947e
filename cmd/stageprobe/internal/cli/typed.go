package cli

import (
	"os"
	"regexp"
	"strconv"
	"strings"

	"stageprobe/probe/address"
	"stageprobe/probe/lazyregexp"
)

// names are the flags whose values are names of things: those are told, whatever they
// look like.
var names = map[string]bool{
	"api": true, "stage": true, "domain": true, "profile": true, "region": true, "role-arn": true, "include": true, "exclude": true, "vantage": true,
}

// withoutTyped takes out of an error what was typed and may be a secret in a wrong
// place: words of arguments, of values of flags and of STAGEPROBE_… variables.
func withoutTyped(text string, args, environ []string) string {
	hide := func(typed string) {
		for _, word := range typedWords(typed) {
			if mayBeSecret(word) {
				text = regexp.MustCompile(`(?i)`+regexp.QuoteMeta(word)).ReplaceAllLiteralString(text, "***")
			}
		}
	}
	named := false // the next argument is a name
	for _, arg := range args {
		flag, value, joined := strings.Cut(arg, "=")
		flag, isFlag := strings.CutPrefix(flag, "--")
		switch {
		case named && !isFlag:
		case isFlag && names[flag]:
		case isFlag && joined:
			hide(flag)
			hide(value)
		default:
			hide(arg)
		}
		named = isFlag && !joined && names[flag]
	}
	for _, e := range environ {
		name, value, _ := strings.Cut(e, "=")
		if flag, own := strings.CutPrefix(name, "STAGEPROBE_"); own && !names[strings.ToLower(strings.ReplaceAll(flag, "_", "-"))] {
			hide(value)
		}
	}
	return text
}

// typedWords are the words of what was typed: none of a URL, which is masked as one, nor
// of a path or a reference to a secret.
func typedWords(typed string) []string {
	if _, err := address.ParseURL(typed); err == nil && strings.Contains(typed, "://") {
		return nil
	}
	if strings.HasPrefix(typed, "env:") || strings.HasPrefix(typed, "file:") {
		return nil
	}
	if _, err := os.Stat(typed); err == nil || !strings.Contains(typed, "://") && strings.Contains(typed, string(os.PathSeparator)) {
		return nil
	}
	return strings.FieldsFunc(typed, func(r rune) bool { return strings.ContainsRune(":/=,@?#&;{}[]()\"' \t", r) })
}

// mayBeSecret tells whether a word may be a key, a token or a password: it may not where
// it is short, a number, a length of time, a moment, a name of a host or a file, or made
// of plain words.
func mayBeSecret(word string) bool {
	const shortest, longest = 5, 20
	if len(word) < shortest || harmless.MatchString(word) {
		return false
	}
	if len(word) > longest {
		return true
	}
	for part := range strings.FieldsFuncSeq(word, func(r rune) bool { return r == '-' || r == '_' }) {
		if !plainPart.MatchString(part) {
			return true
		}
	}
	return false
}

var (
	plainPart = lazyregexp.New(`^(?:[A-Z]?[a-z]+|[A-Z]+|[0-9]{1,4}|[A-Za-z0-9]{1,3})$`)
	harmless  = lazyregexp.New(`^(?:--[a-z]{1,19}(?:-[a-z]{1,12}){0,4}|[+-]?[0-9.]{1,15}[a-z%]{0,2}|[0-9]{4}-[0-9]{2}[0-9T:Z.+-]*|\*?(?:[a-z0-9-]+\.)+[a-z]{2,24})$`)
)

// quoted is a mistyped value as an error shows it.
func quoted(value string) string {
	for _, word := range typedWords(value) {
		if mayBeSecret(word) {
			return "***"
		}
	}
	return strconv.Quote(value)
}
