package feature

import "strings"

// versionWords are the names by which any person takes another value for
// another deployment.
var versionWords = [...]string{"version", "release", "commit", "build", "revision", "tag"}

// isVersion tells whether a name holds one of versionWords as a whole word, as
// buildVersion, app_version and x-app-version do; an entity tag is none.
func isVersion(name string) bool {
	before, found := "", false
	words(name, func(w string) bool {
		for _, v := range versionWords {
			if strings.EqualFold(w, v) && !(v == "tag" && strings.EqualFold(before, "e")) {
				found = true
			}
		}
		before = w
		return !found
	})
	return found
}

// words yields the words of a name: runs of letters, cut where a small letter is
// followed by a capital, and before the last capital of an acronym of two
// letters or more (HTTPVersion, but ETag is one word).
func words(name string, yield func(string) bool) {
	for from := 0; from < len(name); {
		if !isLetter(name[from]) {
			from++
			continue
		}
		to := wordEnd(name, from)
		if !yield(name[from:to]) {
			return
		}
		from = to
	}
}

func wordEnd(name string, from int) int {
	for i := from + 1; i < len(name); i++ {
		switch {
		case !isLetter(name[i]):
			return i
		case isUpper(name[i]) && isLower(name[i-1]):
			return i
		case isLower(name[i]) && isUpper(name[i-1]) && i-1 > from+1:
			return i - 1
		}
	}
	return len(name)
}

// isID tells whether a key of an object is an id by its form and not a name:
// a UUID, a long hexadecimal text, what begins with a digit, a word with a number
// behind a hyphen (SKU-1), and letters and digits in turns (a1b2c3). Names such
// as sha256, ipv4Address and line_1 have one short run of digits.
func isID(key []byte) bool {
	if len(key) == 0 {
		return false
	}
	if isDigit(key[0]) || len(key) > 64 || string(key) == "*" { // which stands for ids in a path
		return true
	}
	digits, runs, hex := 0, 0, true
	for i, c := range key {
		hex = hex && isHex(c)
		if !isDigit(c) {
			continue
		}
		digits++
		if !isDigit(key[i-1]) {
			runs++
			if p := key[i-1]; p == '-' || p == ':' || p == '#' || p == '/' || p == '.' {
				return true
			}
		}
	}
	return digits > 0 && hex && len(key) >= 8 || runs > 1 || digits > 4 || hex && len(key) >= 16
}
