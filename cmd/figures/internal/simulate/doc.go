// Package simulate plays gateways without a network: requests with the factors
// that a run draws, what answers them, and what the logs tell of it later. Each
// world is one truth, such as a canary that deviates, a backend that fails in
// bursts, or logs that lose one side.
//
// With it, Figures measures what the statistics promise: how often a link is
// claimed where there is none, and how many requests each decision takes
// against the least that any method needs.
//
// Everything follows from a seed, whatever the number of processors.
package simulate
