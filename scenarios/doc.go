// Package scenarios reads scenario files: what to check, which requests to
// send, and what is expected of the answers.
//
// To check an API against a file from Go:
//
//  1. [Load] or [Parse] reads the file strictly; errors quote the line.
//  2. [File.Selections] are the APIs, stages and domains for [address.Targets],
//     [File.Probes] the requests for the targets that it found.
//  3. [NewJudge] holds the answers against the expectations: give it to analyze.Policy.
//  4. analyze.Check sends and reports.
//
// [FromSnapshot] and [From] write such a file from a deployed definition or from what
// a project already has, and [Policy] prints the IAM policy that a check needs.
package scenarios
