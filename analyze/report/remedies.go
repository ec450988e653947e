package report

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"

	"stageprobe/analyze/cause"
	"stageprobe/analyze/words"
)

// remedies are the first way to mend a finding, or all of them. Commands stand at
// the left margin, so that a copied line is a command and nothing else.
func (t *teller) remedies(n int, ways []cause.Remedy) {
	numbers := remedyNumbers(n, ways)
	shown := ways
	if !t.o.Verbose {
		first, after := firstWay(ways)
		shown, numbers = ways[first:after], numbers[first:after]
	}
	for i := range shown {
		t.remedy(numbers[i], &shown[i])
	}
	if others := countWays(ways) - countWays(shown); others > 0 {
		t.comment("    ", "-v shows "+words.Plural(others, "other way")+", and how to undo each.")
	}
}

// countWays counts the ways of a list that mend by themselves.
func countWays(ways []cause.Remedy) int {
	n := 0
	for i, r := range ways {
		if !r.Diagnoses && (i == 0 || !r.Then) {
			n++
		}
	}
	return n
}

// firstWay are the steps of the first way that mends: a range of the list. What
// only tells more comes first where there is nothing else.
func firstWay(ways []cause.Remedy) (first, after int) {
	if len(ways) == 0 {
		return 0, 0
	}
	first = max(0, slices.IndexFunc(ways, func(r cause.Remedy) bool { return !r.Diagnoses }))
	after = first + 1
	for after < len(ways) && ways[after].Then {
		after++
	}
	return first, after
}

// remedyNumbers name the ways to mend finding n: 1 where there is one, else
// 1a, 1b… A step that goes on with the way before it has no number of its own,
// and neither has what only tells more.
func remedyNumbers(n int, ways []cause.Remedy) []string {
	numbers := make([]string, len(ways))
	way, last := 0, 0
	for i, r := range ways {
		if i > 0 && r.Then || r.Diagnoses {
			continue
		}
		last = i
		numbers[i] = fmt.Sprint(n) + strings.ToLower(letter(way))
		way++
	}
	if way == 1 {
		numbers[last] = fmt.Sprint(n)
	}
	return numbers
}

// remedyWords says what a remedy does; what mends nothing says so.
func remedyWords(r *cause.Remedy) string {
	if r.Diagnoses && !r.Then {
		return "To learn more: " + r.Text
	}
	return capital(r.Text)
}

// capital begins text with a capital letter.
func capital(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:]
}

// remedy writes one way to mend a finding.
func (t *teller) remedy(number string, r *cause.Remedy) {
	first := "    "
	if number != "" {
		first = pad(number+".", 4)
	}
	if t.o.Verbose && (number != "" || r.Diagnoses) {
		t.blank()
	}
	t.comment(first, remedyWords(r))
	if r.Warning != "" {
		t.comment("    ", t.in(yellow, "Careful:")+" "+r.Warning+".")
	}
	if t.o.Verbose {
		t.remedyDetails(r)
	}
	t.command(r.Command)
	for _, l := range r.Write {
		t.line("    %s", l)
	}
	if t.o.Verbose && r.Undo != "" {
		t.undo(r.Undo)
	}
}

// undo tells how to take a remedy back: a command, or in words where there is
// none.
func (t *teller) undo(text string) {
	if !isCommand(text) {
		t.comment("", "To undo it: "+text+".")
		return
	}
	t.comment("", "To undo it:")
	t.command(text)
}

func isCommand(text string) bool { return strings.HasPrefix(text, "aws ") }

// comment writes a line between commands: behind a # even a whole section can
// be pasted into a shell.
func (t *teller) comment(first, text string) {
	t.hang("# "+first, "# "+strings.Repeat(" ", len(first)), text)
}

func (t *teller) remedyDetails(r *cause.Remedy) {
	if r.Changes != "" {
		t.comment("    ", "Changes: "+r.Changes+".")
	}
	if r.Leaves != "" {
		t.comment("    ", "Leaves: "+r.Leaves+".")
	}
}

func (t *teller) command(c string) {
	for _, l := range breakCommand(c, t.width) {
		t.line("%s", l)
	}
}

// breakCommand breaks a shell command into lines of at most width, each but the
// last ending in a backslash. It breaks only between words, never inside
// quotes: the lines together run as the command itself does.
func breakCommand(c string, width int) []string {
	if c == "" {
		return nil
	}
	var lines []string
	line := ""
	for _, w := range withValues(shellWords(c), width-4) {
		if line != "" && ansi.StringWidth(line)+1+ansi.StringWidth(w) > width-2 {
			lines = append(lines, line+` \`)
			line = "  " + w
			continue
		}
		if line != "" {
			line += " "
		}
		line += w
	}
	return append(lines, line)
}

// withValues joins an option with its value where both fit on a line: nobody
// should have to look for it on the next.
func withValues(words []string, width int) []string {
	var out []string
	for i, w := range words {
		if i > 0 && strings.HasPrefix(words[i-1], "--") && !strings.HasPrefix(w, "-") &&
			ansi.StringWidth(words[i-1])+1+ansi.StringWidth(w) <= width {
			out[len(out)-1] += " " + w
			continue
		}
		out = append(out, w)
	}
	return out
}

// shellWords splits at spaces that stand outside of quotes and are not
// escaped; quotes and escapes stay as they are.
func shellWords(c string) []string {
	var words []string
	var word strings.Builder
	quote, escaped := rune(0), false
	for _, r := range c {
		switch {
		case escaped:
			escaped = false
		case r == '\\' && quote != '\'':
			escaped = true
		case quote != 0:
			if r == quote {
				quote = 0
			}
		case r == '\'' || r == '"':
			quote = r
		case r == ' ':
			if word.Len() > 0 {
				words = append(words, word.String())
				word.Reset()
			}
			continue
		}
		word.WriteRune(r)
	}
	if word.Len() > 0 {
		words = append(words, word.String())
	}
	return words
}
