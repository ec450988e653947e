package agents

import (
	"context"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// roll knows which agents are present.
type roll struct {
	mu   sync.Mutex
	last map[string]time.Time // by key, when it was last heard
	stop func()
}

// callRoll watches the agents come and go.
func callRoll(ctx context.Context, kv jetstream.KeyValue) (*roll, error) {
	watching, cancel := context.WithCancel(context.WithoutCancel(ctx))
	w, err := kv.WatchAll(watching)
	if err != nil {
		cancel()
		return nil, err
	}
	r := &roll{last: map[string]time.Time{}}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-watching.Done():
				return
			case e, ok := <-w.Updates():
				if !ok {
					return
				}
				r.heard(e)
			}
		}
	}()
	r.stop = func() {
		cancel()
		_ = w.Stop() // the watch ends with its connection at the latest
		<-done
	}
	return r, nil
}

func (r *roll) heard(e jetstream.KeyValueEntry) {
	if e == nil { // all that were there have been told
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if e.Operation() == jetstream.KeyValuePut {
		r.last[e.Key()] = time.Now()
	} else {
		delete(r.last, e.Key())
	}
}

// count is how many agents are present.
func (r *roll) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	for key, at := range r.last {
		if time.Since(at) > presenceTTL {
			delete(r.last, key)
		}
	}
	return len(r.last)
}
