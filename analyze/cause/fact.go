package cause

import (
	"reflect"
	"slices"
	"strings"

	"stageprobe/analyze/remedy"
)

// Fact is one thing that a finding, a question or a note says: names, counts,
// shares and times, and no words. Whoever needs its meaning reads its fields; the
// sentence for each type stands in package prose, under the type's name.
type Fact interface{ fact() }

// said makes a type a fact.
type said struct{}

func (said) fact() {}

// Topic is a fact without fields; its value is its sentence's name.
type Topic string

func (Topic) fact() {}

// Plain is what is quoted as it is.
type Plain struct {
	said
	Text string
}

// Count is so many of all.
type Count struct{ K, N int }

// Share of all; 0 of none.
func (c Count) Share() float64 { return float64(c.K) / float64(max(1, c.N)) }

func (f *Finding) say(facts ...Fact) {
	for _, s := range facts {
		if s != nil {
			f.Says = append(f.Says, s)
		}
	}
}

// Say adds a sentence in words to a finding: for causes beside the table, whose facts
// package prose has no sentences for.
func (f *Finding) Say(sentence string) { f.say(Plain{Text: sentence}) }

// Advised is what a remedy advises.
type Advised struct {
	said
	remedy.Remedy
}

// InConfiguration is what the configuration shows.
type InConfiguration struct {
	said
	What Fact
}

// ByConfiguration says the same within a statement.
type ByConfiguration struct {
	said
	What Fact
}

// ByLogs is what the logs say.
type ByLogs struct {
	said
	What string
}

// AllAre says that every answer is one of a few.
type AllAre struct {
	said
	N       int
	Answers []string
}

func asFacts[T Fact](list []T) []Fact { return each(list, func(f T) Fact { return f }) }

// quote is a fact of something that is told in its own words already.
func quote(text string) Fact {
	if text == "" {
		return nil
	}
	return Plain{Text: text}
}

// evidence keeps the first facts that say something, each once.
func evidence(facts ...Fact) []Fact {
	kept := []Fact{}
	for _, f := range facts {
		if f != nil && len(kept) < maxEvidence && !slices.ContainsFunc(kept, func(o Fact) bool { return reflect.DeepEqual(o, f) }) {
			kept = append(kept, f)
		}
	}
	return kept
}

// InWords fills in the words of a result: say has a sentence for every fact, and none
// for nil.
func (r *Result) InWords(say func(any) string) {
	for i := range r.Findings {
		r.Findings[i].inWords(say)
	}
	for i := range r.Open {
		q := &r.Open[i]
		q.Text, q.Enable = say(q.Asks), say(q.Needs)
	}
	if r.Efficiency != nil {
		r.Efficiency.Question = say(r.Efficiency.Asks)
	}
	for i := range r.Efficiencies {
		r.Efficiencies[i].Question = say(r.Efficiencies[i].Asks)
	}
	for i := range r.Steps {
		r.Steps[i].Note = say(r.Steps[i].Says)
	}
}

func (f *Finding) inWords(say func(any) string) {
	statement, lines := each(f.Says, func(s Fact) string { return say(s) }), []string{}
	for _, s := range f.Proof {
		if text := say(s); !slices.Contains(lines, text) {
			lines = append(lines, text)
		}
	}
	f.Statement, f.Evidence, f.Settles = strings.Join(statement, " "), lines, say(f.SettledBy)
}
