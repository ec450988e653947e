// Package logs reads the gateway's own logs: execution logs of REST and
// WebSocket APIs, and access logs of any API, each entry of a request folded
// into one [probe.LogRecord].
//
// An execution log is a stream of lines of many requests; [Execution] takes
// them one by one in constant memory per request. An access log holds one line
// per request in a format of the stage's own choice; [CompileFormat] turns that
// format into a parser. What a person pasted, with whatever a console or a
// command line put in front, goes through [ParseExecution] and [ParseAccess].
//
// What a log does not say stays empty in the record; what it says in two ways
// is named in its Doubts. The package knows no AWS SDK: package fetch beside it
// reads CloudWatch Logs.
package logs
