package agents

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/nats-io/nats.go/jetstream"

	"stageprobe/probe"
)

// Job is what agents are told of a run. It holds no secret: what is one stands in
// it as env:NAME, and each agent takes the value from its own environment.
type Job struct {
	Run    string     `json:"run"`
	Plan   probe.Plan `json:"plan"`
	Stages []Stage    `json:"stages"`

	// Access says how to reach the targets and how to authenticate there. What it
	// holds is for those who make an engine of it.
	Access json.RawMessage `json:"access,omitempty"`
}

// Stage is what shares one budget: all targets that lead to one stage.
type Stage struct {
	Key     string  `json:"key"`  // such as abc123/prod
	Rate    float64 `json:"rate"` // requests per second at most, of all agents together
	Targets []int   `json:"targets"`
}

// Batch is a stretch of the plan: the unit of work, of redelivery and of what a
// budget may be exceeded by.
type Batch struct {
	N        int       `json:"n"`
	First    uint64    `json:"first"` // the number of its first request in the whole run
	Requests []Request `json:"requests"`
}

// Request is one of a batch.
type Request struct {
	Target   int         `json:"t"`
	Scenario int         `json:"s"`
	Among    probe.Among `json:"a,omitempty"`
	Scale    float64     `json:"x,omitempty"` // of the rate; 0 counts as 1
}

// Result is what became of a batch: counts that add up over agents, and where the
// observations are kept.
type Result struct {
	Batch    int     `json:"batch"`
	First    uint64  `json:"first"`
	Planned  int     `json:"planned"`
	Vantage  string  `json:"vantage"`
	Instance string  `json:"instance"`
	Counts   []Count `json:"counts"`
	Chunk    string  `json:"chunk"` // object with the observations
}

// Count is how many requests of a cell ended alike.
type Count struct {
	Target   int           `json:"t"`
	Scenario int           `json:"s"`
	Outcome  probe.Outcome `json:"o"`
	Status   int           `json:"c,omitempty"`
	N        int           `json:"n"`
}

// Add merges counts: what two agents have counted is counted once, together.
func Add(into map[Count]int, counts []Count) {
	for _, c := range counts {
		n := c.N
		c.N = 0
		into[c] += n
	}
}

// Hello is how an agent joins a run, or says why it does not.
type Hello struct {
	Vantage  probe.Vantage `json:"vantage"`
	Instance string        `json:"instance"`
	Refused  string        `json:"refused,omitempty"`
}

// Presence is kept in the key-value store by every agent that is up.
type Presence struct {
	Vantage  string  `json:"vantage"`
	Region   string  `json:"region,omitempty"`
	Instance string  `json:"instance"`
	Rate     float64 `json:"rate"`
	At       int64   `json:"at"` // nanoseconds of the agent's clock
}

const (
	jobsBucket     = "stageprobe_jobs"
	presenceBucket = "stageprobe_agents"
	jobObject      = "job"

	// presenceTTL is how long an agent counts as present after it was last heard.
	presenceTTL   = 15 * time.Second
	presenceEvery = 4 * time.Second

	// keepRun bounds what a run that nobody cleaned up leaves on the server.
	keepRun = 24 * time.Hour

	// consumer is the durable consumer that all agents of a run share.
	consumer = "agents"

	// deliveries is how often a batch is handed out at most: one that ends every
	// agent which takes it is lost, and counted so.
	deliveries = 5
)

func workStream(run string) string    { return "stageprobe_work_" + run }
func resultStream(run string) string  { return "stageprobe_results_" + run }
func budgetBucket(run string) string  { return "stageprobe_budget_" + run }
func objectBucket(run string) string  { return "stageprobe_chunks_" + run }
func workSubject(run string) string   { return "stageprobe.work." + run }
func resultSubject(run string) string { return "stageprobe.result." + run }
func helloSubject(run string) string  { return "stageprobe.hello." + run }

// bucket finds a store that all runs share, or makes it where nobody has yet.
func bucket(ctx context.Context, js jetstream.JetStream, name string, ttl time.Duration) (jetstream.KeyValue, error) {
	kv, err := js.KeyValue(ctx, name)
	if errors.Is(err, jetstream.ErrBucketNotFound) {
		kv, err = js.CreateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: name, TTL: ttl})
	}
	return kv, err
}

// validRun refuses ids that cannot be part of a subject.
func validRun(run string) error {
	if run == "" || strings.ContainsAny(run, " .*>/\\\t\r\n") {
		return fmt.Errorf("run id %q cannot be part of a NATS subject", run)
	}
	return nil
}

// maxChunk bounds what a chunk of observations may unpack to.
const maxChunk = 512 << 20

// pack makes an object of a value: JSON, compressed.
func pack(v any) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		return nil, err
	}
	return z.EncodeAll(text, nil), z.Close()
}

func unpack(data []byte, into any) error {
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxChunk))
	if err != nil {
		return err
	}
	defer z.Close()
	text, err := z.DecodeAll(data, nil)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}
