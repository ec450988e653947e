package explain

import (
	"embed"
	"fmt"
	"slices"
	"strings"

	"stageprobe/analyze/cause"
	"stageprobe/analyze/signature"
)

//go:embed pages/*.md
var pages embed.FS

// Page is the Markdown page of a cause of the report, of a gateway response
// type such as MISSING_AUTHENTICATION_TOKEN, or of a candidate cause that an
// explanation names.
func Page(name string) (string, bool) {
	if text, err := pages.ReadFile("pages/" + name + ".md"); err == nil && !strings.Contains(name, "/") {
		return string(text), true
	}
	if causes := signature.CausesOf(name); causes != nil {
		return typePage(name, causes), true
	}
	if c, ok := signature.CauseNamed(name); ok {
		return candidatePage(c), true
	}
	return "", false
}

// Pages lists the causes that have a page of their own: those of the report in its
// order, then the others by name.
func Pages() []string {
	out := make([]string, len(cause.Causes))
	for i, c := range cause.IDs() {
		out[i] = string(c)
	}
	files, _ := pages.ReadDir("pages") // embedded: it is there
	for _, f := range files {
		if name := strings.TrimSuffix(f.Name(), ".md"); !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

func typePage(name string, causes []signature.Candidate) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\nA gateway response type of REST APIs. What it may come from, most likely first:\n\n", name)
	for _, c := range causes {
		fmt.Fprintf(&b, "- **%s**: %s.\n  Check: %s\n", c.Cause, c.Why, c.TellsApart)
	}
	b.WriteString("\nStatus, headers and body of this answer can be changed per API (gateway responses,\nwhich take a deployment); the header `x-amzn-ErrorType` stays.\n")
	return b.String()
}

func candidatePage(c signature.Candidate) string {
	page := fmt.Sprintf("# %s\n\nWhat it is: %s.\n\nHow to tell: %s\n", c.Cause, c.Why, c.TellsApart)
	if c.Finding != "" {
		page += fmt.Sprintf("\nIn a report it belongs to `%s`: stageprobe explain %s\n", c.Finding, c.Finding)
	}
	return page
}
