// Package probe is the vocabulary of stageprobe and the load engine that sends
// requests: what is out there ([Snapshot]), what is sent ([Plan]), what came
// back ([Observation]) and what the gateway's own logs say of it ([Evidence]).
//
// To send requests and look at the answers:
//
//  1. Package probe/address finds targets in a [Snapshot], or from pasted URLs without one.
//  2. [Scenarios] lists the routes of a deployed definition that may be asked without
//     harm, and package probe/address those of pasted URLs.
//  3. Both go into a [Plan] with a budget and a rate, and [Engine.Run] yields an
//     [Observation] per request. A [Planner] says which request is next.
//  4. Package probe/recording keeps them in a file, and reads it.
//
// Engine.Clean takes secrets out of answers before anything sees them (package probe/redact);
// Engine.Sign makes requests acceptable to methods that ask for authorization (package
// probe/sign).
//
// A recording (package probe/recording) holds plan, snapshot, observations and evidence. It is plain data: verdicts
// are a function of it, computed by package analyze, now or later, here or elsewhere.
//
// The package knows nothing of the AWS SDK, and it never judges.
package probe
