// Package agents lets many machines send one plan: a coordinator hands it out in
// batches, agents at as many vantage points send them, and what they saw is
// brought together as if one machine had seen it. NATS JetStream carries all of
// it; there is no protocol of our own between machines.
//
// # How it works
//
//   - The plan is a work queue. A batch is a message with an id of its own, so that
//     publishing it again adds none; an agent holds it while it works, and where it
//     falls silent another gets it, at most five times.
//   - What an agent saw of a batch is a chunk in the object store and one result that
//     names it, under the batch's id: a second result of a batch is dropped by the
//     server, and by the coordinator. A request is therefore told once, or counted as
//     lost; one that an agent sent and did not live to report is sent again, under
//     another minted id.
//   - Each stage, and the run, has a key that holds the moment from which nothing is
//     promised to anybody. Who wants to send takes a stretch from there by comparing
//     and setting. The rate is exceeded by no more than one batch, whoever dies when.
//   - All times are the server's: agents learn how far their own clocks are off, and
//     tell due times corrected by that.
//   - The stopping rule runs in the coordinator, on what has been brought together.
//     What no agent has begun is then withdrawn.
//   - A coordinator that comes back finds in the streams what was handed out and what
//     was reported, and goes on.
//
// # What 10,000 agents and 100,000 stages need
//
// Let R be the requests per second of the run, s the requests of a batch (a quarter of
// a second's, at most 250), A agents. A batch costs 21 messages (handed out and fetched
// 4, run's budget 4, chunk 8, result and its delivery 3, acknowledged 2) and 4 for each
// stage in it; an agent says once in 4 seconds that it is there, which costs 4. So
//
//	messages/s = R/s (21 + 4 min(s, stages)) + A
//	bytes/s    = R 150 + R/s 1,200                         (kept for a day at most)
//	cores      = R c, with c the coordinator's time for an observation
//	reading    = 11 calls for an API of four stages, 9.5 calls/s for an account in a region
//
// "go run ./cmd/figures agents limits" prints the table and simulates the budget's key;
// "agents throughput" measures c on the machine at hand. At R = 100,000, A = 10,000:
// about 418,000 messages/s, 56 GB/h, and with c = 250 µs 25 cores; reading takes 12 minutes,
// as no account holds more than 600 regional APIs in a region and accounts are read at
// once.
//
// Where it breaks, in this order:
//
//  1. The coordinator. One process folds about 4,000 observations per second and core,
//     and folding is not spread over cores: beyond that the queue of results grows, and
//     verdicts come late though no count is lost. What helps is folding where the
//     observations are made, and adding the counts; until then, one coordinator for each
//     part of the fleet, and reports that are merged.
//     Recordings of shards are brought together by "analyze", which
//     "go run ./cmd/bench -merge 20x10000" measures: some 7 µs of CPU for an observation,
//     and 8 MB for each recording that is open at once.
//  2. The stages' budgets, where a batch touches as many stages as it has requests: 1,000
//     of its 1,021 messages. Batches of one stage would need 25.
//  3. The run's own key. Every batch sets it, one after another: a way of 1 ms lets at
//     most 1,000 batches through a second, and from some hundred on most tries are in
//     vain. With s = 250 that is R = 100,000 and no more.
//  4. Presence: 10,000 agents are 2,500 updates of keys a second, less than any of these.
//
// The control plane's quota bounds none of it: what an account allows is asked once,
// before the first request.
package agents
