// Package scenarios reads scenario files: what to check, which requests to
// send, and what is expected of the answers.
//
// [Load] and [Parse] read a file strictly. [File.Selections] and [File.Probes]
// turn it into what the probe sends; [NewJudge] holds the answers against its
// expectations. [FromSnapshot] and [From] write such a file from a deployed
// definition or from what a project already has, and [Policy] prints the IAM
// policy that a check needs.
package scenarios
