package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"stageprobe/analyze"
	"stageprobe/analyze/cause"
	"stageprobe/analyze/words"
)

// clip shortens text to at most n characters.
func clip(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:max(0, n-1)]) + "…"
}

// maxWord is how long a word of the configuration may be in prose.
const maxWord = 48

// short cuts the middle out of long words: of an ARN the end tells most.
func short(s string) string {
	words := strings.Split(s, " ")
	for i, w := range words {
		if r := []rune(w); len(r) > maxWord {
			words[i] = string(r[:maxWord/4]) + "…" + string(r[len(r)-3*maxWord/4:])
		}
	}
	return clip(strings.Join(words, " "), 5*maxWord)
}

// between is an interval of a share. One that leaves everything open is that of answers
// which hang together so that their number tells nothing of a share.
func between(low, high float64) string {
	const least = 1e-4
	if low < least && high > 1-least {
		return "comes in bursts"
	}
	if low < least {
		low = 0
	}
	if high > 1-least {
		high = 1
	}
	return words.Percent(low) + " to " + words.Percent(high)
}

func moment(t time.Time) string {
	if t.IsZero() {
		return "unknown"
	}
	return t.UTC().Format("2006-01-02 15:04Z")
}

// span rounds a duration to what a person reads.
func span(d time.Duration) string {
	switch {
	case d >= time.Minute:
		return d.Round(time.Second).String()
	case d >= time.Second:
		return strconv.FormatFloat(d.Seconds(), 'g', 3, 64) + " s"
	}
	return millis(float64(d) / float64(time.Millisecond))
}

func millis(ms float64) string {
	if ms >= 10000 {
		return strconv.FormatFloat(ms/1000, 'g', 3, 64) + " s"
	}
	if ms >= 100 {
		return strconv.FormatFloat(ms, 'f', 0, 64) + " ms"
	}
	return strconv.FormatFloat(ms, 'g', 2, 64) + " ms"
}

// linkWords say how sure a finding is, in plain words.
func linkWords(l cause.Link) string {
	switch l {
	case cause.Proven:
		return "tied by single requests"
	case cause.Statistical:
		return "tied by statistics"
	case cause.ConsistentWith:
		return "fits, but not certain"
	}
	return string(l)
}

// producerWords say who made an answer.
func producerWords(producer string) string {
	switch producer {
	case "gateway":
		return "from the gateway itself"
	case "integration":
		return "from the integration"
	case "authorizer":
		return "from the authorizer"
	case "edge":
		return "from the edge in front of the gateway"
	case "network":
		return "no HTTP answer"
	}
	return "from an unknown place"
}

// stoppedWords say why a run ended. A wait has no budget but its time.
func stoppedWords(rep *analyze.Report) string {
	switch stopped := rep.Run.Stopped; {
	case stopped == "decided" && len(rep.Open) > 0:
		return "further requests would not decide what is open"
	case stopped == "decided":
		return "every question is decided"
	case stopped == "duration":
		return "the time ran out"
	case stopped == "budget":
		return "no request was left to send" // the budget is used up, or targets were given up, as notes say
	default:
		return stopped
	}
}

// statusWord is a step's status as the text shows it.
func statusWord(status string) string {
	switch status {
	case "ok":
		return "ok"
	case "problem":
		return "PROBLEM"
	}
	return "?"
}

// subject names what a finding is about.
func subject(f *cause.Finding) string {
	parts := slices.Clone(f.Targets)
	if more := len(parts) - maxTargets; more > 0 {
		parts = append(parts[:maxTargets], words.Plural(more, "more target"))
	}
	if len(f.Scenarios) > 0 && len(f.Scenarios) <= 3 {
		parts = append(parts, f.Scenarios...)
	} else if n := len(f.Scenarios); n > 3 {
		parts = append(parts, fmt.Sprintf("%d scenarios", n))
	}
	return strings.Join(parts, ", ")
}

// Title is a finding in a line: its cause, what it is about, and how severe it is.
func Title(f *cause.Finding) string {
	return fmt.Sprintf("%s on %s (%s)", f.Cause, subject(f), f.Severity)
}

// headline is the outcome in one line.
func headline(rep *analyze.Report) string {
	word := map[analyze.Outcome]string{
		analyze.Consistent: "CONSISTENT", analyze.Inconsistent: "INCONSISTENT", analyze.Inconclusive: "UNDECIDED",
	}[rep.Outcome]
	if unanswered(rep) {
		word = "NO ANSWER"
	}
	if inspected(rep) {
		word = "CONFIGURATION" // nothing was sent, so no behaviour was seen
	}
	if planned(rep) {
		word = planHeadline(rep)
	}
	if n := counted(rep); n != "" {
		return word + ": " + n
	}
	return word
}

func counted(rep *analyze.Report) string {
	var parts []string
	for _, s := range []cause.Severity{cause.Error, cause.Warning} {
		n := 0
		for _, f := range rep.Findings {
			if f.Severity == s {
				n++
			}
		}
		if n > 0 {
			parts = append(parts, words.Plural(n, string(s)))
		}
	}
	return strings.Join(parts, ", ")
}

// standing is what a report means for who reads it: "error" where a gate fails,
// "warning" where a question is open or something should be looked at, else "ok".
func standing(rep *analyze.Report) string {
	severe := slices.ContainsFunc(rep.Findings, func(f cause.Finding) bool { return f.Severity != cause.Info })
	switch {
	case rep.ExitCode == analyze.ExitFinding:
		return "error"
	case rep.ExitCode != analyze.ExitOK || severe:
		return "warning"
	}
	return "ok"
}

// inspected tells a report of the configuration alone.
func inspected(rep *analyze.Report) bool {
	return rep.Inspected()
}

// runLine says how the numbers came about.
func runLine(rep *analyze.Report) string {
	r := &rep.Run
	if planned(rep) {
		return planRunLine(rep)
	}
	if inspected(rep) {
		return fmt.Sprintf("Configuration read %s; no request was sent.", moment(r.Started))
	}
	s := fmt.Sprintf("%s to %s in %s; %s; %s confidence.",
		words.Plural(r.Requests, "request"), words.Plural(len(rep.Targets), "target"), span(r.Ended.Sub(r.Started)),
		stoppedWords(rep), words.Percent(r.Confidence))
	if r.Failed > 0 {
		s += fmt.Sprintf(" %d got no whole HTTP answer.", r.Failed)
	}
	return s
}

// verdictOf are the sentences of the verdict. That an inspection sent no
// request is by design, and said in the line on the run.
func verdictOf(rep *analyze.Report) []string {
	if !inspected(rep) {
		return rep.Verdict
	}
	return slices.DeleteFunc(slices.Clone(rep.Verdict), func(s string) bool { return strings.HasPrefix(s, "No request was sent") })
}

// sayings are the sentences of the verdict that are no finding's own statement:
// those stand with their findings.
func sayings(rep *analyze.Report) []string {
	return slices.DeleteFunc(slices.Clone(verdictOf(rep)), func(s string) bool {
		return slices.ContainsFunc(rep.Findings, func(f cause.Finding) bool { return f.Statement == s })
	})
}

// statementOf is what a finding states, without what its first remedy says again.
func statementOf(f *cause.Finding) string {
	first, after := firstWay(f.Remedy)
	for _, r := range f.Remedy[first:after] {
		if rest, ok := strings.CutSuffix(strings.TrimSuffix(f.Statement, "."), strings.TrimSuffix(r.Text, ".")); ok && strings.HasSuffix(rest, ". ") {
			return strings.TrimSpace(rest)
		}
	}
	return f.Statement
}

// toldElsewhere: what moves by itself is told with its targets, and nothing that
// anybody has to look at.
func toldElsewhere(f *cause.Finding) bool {
	return f.Cause == cause.VolatileContent && f.Severity == cause.Info
}

// fact is one thing that a reader must know before anything else.
type fact struct {
	Name, Text string
	Code       bool // it is a command line
}

// about are the account, the region and the APIs that a report speaks of, when it
// was made, and by which command line.
func about(rep *analyze.Report) []fact {
	var accounts, regions, apis []string
	add := func(list *[]string, s string) {
		if s != "" && !contains(*list, s) {
			*list = append(*list, s)
		}
	}
	for i := range rep.Targets {
		add(&accounts, rep.Targets[i].AccountID)
		add(&regions, regionOf(&rep.Targets[i]))
	}
	if rep.Config != nil {
		for i := range rep.Config.APIs {
			a := &rep.Config.APIs[i]
			row := stageRow{APIID: a.ID, APIName: a.Name}
			add(&accounts, a.AccountID)
			add(&regions, a.Region)
			add(&apis, row.api())
		}
	}
	var facts []fact
	for _, f := range []struct {
		one, many string
		list      []string
	}{{"Account", "Accounts", accounts}, {"Region", "Regions", regions}, {"API", "APIs", apis}} {
		switch len(f.list) {
		case 0:
		case 1:
			facts = append(facts, fact{Name: f.one, Text: f.list[0]})
		default:
			facts = append(facts, fact{Name: f.many, Text: words.Some(f.list, 3)})
		}
	}
	facts = append(facts, fact{Name: "Started", Text: moment(rep.Run.Started)})
	if rep.Run.Command != "" {
		facts = append(facts, fact{Name: "Command", Text: rep.Run.Command, Code: true})
	}
	return facts
}
