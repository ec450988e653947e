package cli

import (
	"fmt"
	"sync"
	"time"

	"stageprobe/probe"
	"stageprobe/probe/recording"
	"stageprobe/probe/redact"
)

// recorder keeps a run in a file. That this fails ends no run: a full disk takes
// the recording, not the answer. The nil recorder keeps nothing.
type recorder struct {
	path string
	seen int

	mu   sync.Mutex
	w    *recording.Writer
	err  error // the first one
	done chan struct{}
}

func newRecorder(path string, h recording.Header, known *redact.Redactor) (*recorder, error) {
	w, err := recording.Create(path, h, known)
	if err != nil {
		return nil, err
	}
	k := &recorder{path: path, w: w, done: make(chan struct{})}
	go k.flush()
	return k, nil
}

// flush puts on the disk what waits, once a second: a process that is killed loses
// no more, though nothing else may happen for long.
func (k *recorder) flush() {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-k.done:
			return
		case <-tick.C:
			k.write((*recording.Writer).Flush)
		}
	}
}

func (k *recorder) write(do func(*recording.Writer) error) {
	if k == nil {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.err == nil {
		k.err = do(k.w)
	}
}

func (k *recorder) observation(o *probe.Observation) {
	if k != nil {
		k.seen++
	}
	k.write(func(w *recording.Writer) error { return w.Observation(o) })
}

func (k *recorder) snapshot(s *probe.Snapshot) {
	k.write(func(w *recording.Writer) error { return w.Snapshot(s) })
}

func (k *recorder) evidence(e *probe.Evidence) {
	k.write(func(w *recording.Writer) error { return w.Evidence(e) })
}

// close ends the recording and says what it lacks; "" where it lacks nothing.
func (k *recorder) close(t recording.Trailer) string {
	if k == nil {
		return ""
	}
	close(k.done)
	k.mu.Lock()
	defer k.mu.Unlock()
	err := k.w.Close(t)
	if k.err == nil {
		k.err = err
	}
	if k.err == nil {
		return ""
	}
	kept := 0
	if rec, err := recording.Open(k.path); err == nil {
		kept = rec.Rows
	}
	return fmt.Sprintf("%s is incomplete: it holds %d of %d answers (%s); this report is made from all of them", k.path, kept, k.seen, firstLine(k.err))
}
