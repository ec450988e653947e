// Package analyze turns what was observed into a verdict.
//
// To check an API from Go, for instance in a test of its own after a deploy:
//
//  1. Read what is configured: inventory.Reader of package probe/inventory gives a
//     [probe.Snapshot]. An empty one will do; verdicts then rest on answers alone.
//  2. Make the [probe.Plan]: [address.Targets] finds the addresses; the requests come from a
//     scenario file (package scenarios), from [probe.Scenarios] or from your own list.
//  3. Open a [Session] with plan, snapshot and [Policy], and let [Check] send it with a
//     [probe.Engine]. It stops as soon as every question is decided.
//  4. Look at [Report].ExitCode, Findings and Expectations, or write the report with
//     package analyze/report.
//
// The example of package scenarios does all four. [Replay] makes the same report from a
// recording, byte for byte. A cause that only you can know, such as a rule of your
// house, is a row in [Policy].Causes; its example is that of [Policy].
//
// A Session takes observations as they come ([Session.Add]), what the logs say
// ([Session.SetEvidence], from package probe/logs/fetch), and tells the engine where the
// next request decides most: whoever needs another loop than Check's writes one.
//
// The package never dials by itself and knows nothing of the AWS SDK.
package analyze
