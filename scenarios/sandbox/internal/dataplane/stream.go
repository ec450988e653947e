package dataplane

import (
	"cmp"
	"io"
	"net/http"
	"time"

	"stageprobe/scenarios/sandbox/internal/world"
)

// pieces is how a streamed answer comes: in n pieces of its body, with a pause between
// them. The zero value is an answer that is not streamed.
type pieces struct {
	n           int
	pause, idle time.Duration // idle is the longest pause that the gateway allows
	cut         bool          // the backend's connection ends amid the body
}

// idle is how long a streamed answer may pause.
func (x *exchange) idle(i *world.Integration) time.Duration {
	limit := 5 * time.Minute
	if x.endpoint() == "EDGE" {
		limit = 30 * time.Second
	}
	return cmp.Or(i.Idle.Std(), limit)
}

// stream writes a body piece by piece. An answer that breaks off has its status sent all
// the same; that it is not whole the caller sees from the connection's end.
func (x *exchange) stream(w http.ResponseWriter) {
	s, body := x.out.pieces, x.out.body
	for i := range s.n {
		if i > 0 {
			if s.pause > s.idle {
				x.wait(s.idle)
				panic(http.ErrAbortHandler)
			}
			x.wait(s.pause)
		}
		piece := body[len(body)*i/s.n : len(body)*(i+1)/s.n]
		if s.cut && i == s.n/2 {
			piece = piece[:len(piece)/2]
		}
		_, _ = io.WriteString(w, piece)
		_ = http.NewResponseController(w).Flush()
		if s.cut && i == s.n/2 {
			panic(http.ErrAbortHandler)
		}
	}
}
