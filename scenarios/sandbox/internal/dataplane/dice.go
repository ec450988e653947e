package dataplane

import (
	"encoding/base64"
	"encoding/hex"
	"math/rand/v2"
	"sync"

	"github.com/google/uuid"
)

// dice is a seeded source that requests share.
type dice struct {
	mu  sync.Mutex
	rng *rand.Rand
}

func newDice(seed, stream uint64) *dice {
	return &dice{rng: rand.New(rand.NewPCG(seed, stream))}
}

// draw is uniform in [0,1).
func (d *dice) draw() float64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.rng.Float64()
}

func (d *dice) below(n int) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.rng.IntN(n)
}

func (d *dice) shuffle(n int, swap func(i, j int)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.rng.Shuffle(n, swap)
}

func (d *dice) bytes(n int) []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := make([]byte, n)
	for i := range out {
		out[i] = byte(d.rng.UintN(256))
	}
	return out
}

func (d *dice) uuid() string {
	var id uuid.UUID
	copy(id[:], d.bytes(16))
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80 // version 4
	return id.String()
}

// extended is an extended request id, such as K2RCxGG-oAMEjSQ=.
func (d *dice) extended() string { return base64.URLEncoding.EncodeToString(d.bytes(11)) }

func (d *dice) hex(bytes int) string { return hex.EncodeToString(d.bytes(bytes)) }
