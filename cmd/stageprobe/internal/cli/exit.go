package cli

import (
	"errors"
	"fmt"
	"os"

	"stageprobe/analyze"
	"stageprobe/probe/inventory"
)

// ExitCode is what the process ends with.
//
//	0    nothing at or above --fail-on, nothing left open
//	1    a finding at or above --fail-on
//	2    wrong use, or an unreadable input; nothing was sent
//	3    undecided: budget, network or missing rights left a question open
//	130  interrupted; recording and report are written
type ExitCode int

// The exit codes.
const (
	ExitOK          ExitCode = analyze.ExitOK
	ExitFinding     ExitCode = analyze.ExitFinding
	ExitUsage       ExitCode = 2
	ExitUndecided   ExitCode = analyze.ExitUndecided
	ExitInterrupted ExitCode = analyze.ExitInterrupted
)

// exitError ends a command with a code once its output has been written.
type exitError ExitCode

func (e exitError) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// hinted is an error with the next thing to try.
type hinted struct {
	err  error
	hint string
}

func (h *hinted) Error() string { return h.err.Error() }
func (h *hinted) Unwrap() error { return h.err }

// hint adds the next thing to try to an error that does not say it yet.
func hint(err error, format string, args ...any) error {
	var own *hinted
	if err == nil || errors.As(err, &own) {
		return err
	}
	return &hinted{err: err, hint: fmt.Sprintf(format, args...)}
}

// unreadError ends a command in which nothing could be read: a question that was
// asked stays open (3), except that credentials or a region are missing, or that
// what was named is not there (2).
type unreadError struct{ *inventory.UnreadError }

func (e unreadError) Unwrap() error { return e.UnreadError }

// unread says why something could not be read, and what to try.
func unread(e *inventory.UnreadError) error { return hint(unreadError{e}, "%s", e.Hint()) }

// exitCode writes an error for a person and says what to end with.
func (s Streams) exitCode(err error) int {
	var code exitError
	switch {
	case err == nil:
		return int(ExitOK)
	case errors.As(err, &code):
		return int(code)
	}
	fmt.Fprintf(s.Err, "error: %s\n", safeText(s.secrets, withoutTyped(err.Error(), s.args, os.Environ())))
	var h *hinted
	if errors.As(err, &h) {
		fmt.Fprintf(s.Err, "hint: %s\n", safeText(s.secrets, h.hint))
	}
	var missing unreadError
	if errors.As(err, &missing) && missing.There() && missing.Reason != inventory.Absent {
		return int(ExitUndecided)
	}
	return int(ExitUsage)
}

// ended is how a command ends that has given its report: by the report's exit code.
func ended(rep *analyze.Report) error {
	if rep.ExitCode != analyze.ExitOK {
		return exitError(rep.ExitCode)
	}
	return nil
}
