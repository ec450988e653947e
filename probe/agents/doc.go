// Package agents lets many machines send one plan: a coordinator hands it out in
// batches, agents at as many vantage points send them, and what they saw is
// brought together as if one machine had seen it. NATS JetStream carries all of
// it; there is no protocol of our own between machines.
package agents
