// Package probe is the vocabulary of stageprobe and the load engine that sends
// requests: what is out there ([Snapshot]), what is sent ([Plan]), what came
// back ([Observation]) and what the gateway's own logs say of it ([Evidence]).
//
// A [Recording] holds all four. It is plain data: verdicts are a function of a
// Recording, computed by package analyze, now or later, here or elsewhere.
//
// The package knows nothing of the AWS SDK, and it never judges.
package probe
