// Package prose is the vocabulary of the reports: a sentence for every fact that
// package cause finds. The sentences are templates, one per type of fact and under
// its name, or under the value of a fact that has no fields.
package prose

import (
	"embed"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"text/template"

	"stageprobe/analyze/remedy"
	"stageprobe/analyze/words"
)

//go:embed *.tmpl
var files embed.FS

// sentences are parsed when the first is said: what says none starts without.
var sentences func() *template.Template

func init() { sentences = sync.OnceValue(parse) } // what is said within a sentence needs them, too

func parse() *template.Template {
	return template.Must(template.New("").Funcs(template.FuncMap{
		"percent": words.Percent, "figure": words.Figure, "points": points, "hundred": hundred, "plural": words.Plural, "age": words.Age, "clock": words.Clock,
		"instant": words.Instant, "day": words.Day, "list": words.List, "some": some, "either": either, "join": strings.Join, "more": more,
		"say": Say, "each": each, "settings": under("setting"), "drivers": drivers,
		"known": known, "quote": remedy.Quote, "trim": strings.TrimSuffix,
	}).ParseFS(files, "*.tmpl"))
}

// Say puts a fact into words. A fact without a sentence is shown with its fields: a
// test holds that there is none.
func Say(fact any) string {
	v := reflect.Indirect(reflect.ValueOf(fact))
	if !v.IsValid() {
		return ""
	}
	name := v.Type().Name()
	if v.Kind() == reflect.String {
		name = v.String()
	}
	return execute(name, fact)
}

func execute(name string, fact any) string {
	var b strings.Builder
	if err := sentences().ExecuteTemplate(&b, name, fact); err != nil {
		return fmt.Sprintf("%s %+v", name, fact)
	}
	return b.String()
}

// Lines are facts in words, each once, in the order of the alphabet.
func Lines[F any](facts []F) []string {
	return slices.Compact(slices.Sorted(slices.Values(each(facts))))
}

// each puts a slice of facts into words.
func each(facts any) []string { return under("")(facts) }

// under puts a slice of facts into the words of a template; of each fact's own where the
// name is "".
func under(name string) func(any) []string {
	return func(facts any) []string {
		v := reflect.ValueOf(facts)
		var out []string
		for i := range v.Len() {
			if fact := v.Index(i).Interface(); name == "" {
				out = append(out, Say(fact))
			} else {
				out = append(out, execute(name, fact))
			}
		}
		return out
	}
}

// known is a name, or that it is not known.
func known(name string) string {
	if name == "" {
		return "(unknown)"
	}
	return name
}

// points is a difference of two shares.
func points(d float64) string {
	if d < 0 {
		return "-" + words.Percent(-d)
	}
	return words.Percent(d)
}

// hundred is a share as configurations write it, of 0 to 100.
func hundred(share float64) string {
	return strconv.FormatFloat(math.Round(share*1e8)/1e6, 'f', -1, 64)
}

func some(most int, names []string) string { return words.Some(names, most) }

// more is how many a list holds beyond what is shown; 0 where it holds no more.
func more(shown int, list any) int { return max(0, reflect.ValueOf(list).Len()-shown) }

// either are names of which one is meant.
func either(names []string) string {
	if len(names) < 2 {
		return words.List(names)
	}
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}

// drivers are what may decide an answer: factors, and causes by their id.
func drivers(names []string) []string {
	var out []string
	for _, name := range names {
		switch name {
		case "canary-split":
			name = "canary"
		case "deploy-propagating":
			name = "moment of the run"
		}
		if !strings.Contains(name, "-") {
			name = "the " + name
		}
		out = append(out, name)
	}
	return out
}
