// Package analyze turns a recording into a verdict.
//
// A [Session] takes observations as they come, tells the engine where the next
// request decides most, and makes the report. [Run] does the same with a
// recording that is already there; both end in the same code, so a report can
// be made again, byte for byte, from what was recorded.
//
// The package never dials and knows nothing of the AWS SDK.
package analyze
