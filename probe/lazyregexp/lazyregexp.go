// Package lazyregexp is regular expressions that are compiled when they are first used:
// a program that has hundreds of them, and uses few in one run, starts without.
package lazyregexp

import (
	"os"
	"regexp"
	"strings"
	"sync"
)

// Regexp is a [regexp.Regexp] that is compiled when it is first used. Its methods are
// those of that type.
type Regexp func() *regexp.Regexp

// inTest: tests see at once what does not compile.
var inTest = len(os.Args) > 0 && strings.HasSuffix(strings.TrimSuffix(os.Args[0], ".exe"), ".test")

// New is the regular expression of a text that stands in the program: one that does not
// compile panics where it is first used, and in tests at once.
func New(text string) Regexp {
	if inTest {
		re := regexp.MustCompile(text)
		return func() *regexp.Regexp { return re }
	}
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(text) })
}

func (r Regexp) Match(b []byte) bool { return r().Match(b) }

func (r Regexp) MatchString(s string) bool { return r().MatchString(s) }

func (r Regexp) Find(b []byte) []byte { return r().Find(b) }

func (r Regexp) FindString(s string) string { return r().FindString(s) }

func (r Regexp) FindIndex(b []byte) []int { return r().FindIndex(b) }

func (r Regexp) FindSubmatch(b []byte) [][]byte { return r().FindSubmatch(b) }

func (r Regexp) FindStringSubmatch(s string) []string { return r().FindStringSubmatch(s) }

func (r Regexp) FindSubmatchIndex(b []byte) []int { return r().FindSubmatchIndex(b) }

func (r Regexp) FindAll(b []byte, n int) [][]byte { return r().FindAll(b, n) }

func (r Regexp) FindAllString(s string, n int) []string { return r().FindAllString(s, n) }

func (r Regexp) FindAllSubmatch(b []byte, n int) [][][]byte { return r().FindAllSubmatch(b, n) }

func (r Regexp) FindAllStringSubmatch(s string, n int) [][]string {
	return r().FindAllStringSubmatch(s, n)
}

func (r Regexp) FindAllSubmatchIndex(b []byte, n int) [][]int { return r().FindAllSubmatchIndex(b, n) }

func (r Regexp) ReplaceAll(b, with []byte) []byte { return r().ReplaceAll(b, with) }

func (r Regexp) ReplaceAllString(s, with string) string { return r().ReplaceAllString(s, with) }

func (r Regexp) ReplaceAllStringFunc(s string, f func(string) string) string {
	return r().ReplaceAllStringFunc(s, f)
}

func (r Regexp) SubexpNames() []string { return r().SubexpNames() }
