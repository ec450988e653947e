// Package report shows a report to a person or to a machine. Each format is a
// pure function of [analyze.Report], in a file of its own: it reads no clock,
// no environment and no network, and gives the same bytes for the same report.
//
// What a report quotes (bodies, headers, names, log lines) was written by
// others. Every format escapes it for its own medium: control characters never
// reach a terminal, and markup never reaches a browser.
package report

// Options are what a person may choose of the text.
type Options struct {
	Width int  // columns; 80 where it is 0
	Color bool // bold and the eight base colours
	ASCII bool // no character beyond ASCII in what is drawn
	// Verbose adds every scenario, expectation, setting, example answer and
	// undo command.
	Verbose bool
	// Quiet leaves out what only explains the picture.
	Quiet bool
}
