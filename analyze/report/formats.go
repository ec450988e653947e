package report

import (
	"io"

	"stageprobe/analyze"
)

// Format is one way to write a report.
type Format struct {
	Name       string
	Extensions []string // of files that are of this format where none is named
	Write      func(io.Writer, *analyze.Report, Options) error
}

// Formats are all there are, by the names that --format takes.
var Formats = []Format{
	{"text", []string{".txt"}, Text},
	{"json", []string{".json"}, plainly(JSON)},
	{"jsonl", []string{".jsonl", ".ndjson"}, plainly(JSONLines)},
	{"csv", []string{".csv"}, plainly(CSV)},
	{"junit", []string{".xml"}, plainly(JUnit)},
	{"sarif", []string{".sarif"}, plainly(SARIF)},
	{"markdown", []string{".md"}, plainly(Markdown)},
	{"html", []string{".html", ".htm"}, plainly(HTML)},
}

// plainly is a format that has no options.
func plainly(write func(io.Writer, *analyze.Report) error) func(io.Writer, *analyze.Report, Options) error {
	return func(w io.Writer, rep *analyze.Report, _ Options) error { return write(w, rep) }
}
