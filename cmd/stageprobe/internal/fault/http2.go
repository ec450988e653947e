package fault

import (
	"bytes"
	"io"
	"maps"
	"slices"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

func kinds(area string, by map[string]func(*Conn)) []Kind {
	var out []Kind
	for _, name := range slices.Sorted(maps.Keys(by)) {
		out = append(out, Kind{Area: area, Name: name, Serve: by[name]})
	}
	return out
}

// h2 is an HTTP/2 connection after the preface.
type h2 struct {
	*http2.Framer
	c *Conn
}

// streams speaks HTTP/2 as far as the settings and calls do for every request.
func streams(do func(*h2, uint32)) func(*Conn) {
	return begun(func(f *h2) { answering(f, func(id uint32) { do(f, id) }) })
}

// answering does so on a connection that has begun.
func answering(f *h2, do func(uint32)) {
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			return
		}
		switch frame := frame.(type) {
		case *http2.HeadersFrame:
			f.c.Answered()
			do(frame.StreamID)
		case *http2.SettingsFrame:
			if !frame.IsAck() {
				_ = f.WriteSettingsAck()
			}
		case *http2.PingFrame:
			if !frame.IsAck() {
				_ = f.WritePing(true, frame.Data)
			}
		}
	}
}

// limited allows so many streams once some were answered.
func limited(most uint32) func(*Conn) {
	return streams(func(f *h2, id uint32) {
		if id == 5 {
			_ = f.WriteSettings(http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: most})
		}
		f.ok(id)
	})
}

func begun(then func(*h2)) func(*Conn) {
	return func(c *Conn) {
		preface := make([]byte, len(http2.ClientPreface))
		if _, err := io.ReadFull(c, preface); err != nil {
			return
		}
		f := &h2{http2.NewFramer(c, c), c}
		f.AllowIllegalWrites = true
		_ = f.WriteSettings()
		then(f)
	}
}

func (f *h2) head(id uint32, end bool, pairs ...string) {
	_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: block(pairs...), EndHeaders: true, EndStream: end})
}

func block(pairs ...string) []byte {
	var b bytes.Buffer
	e := hpack.NewEncoder(&b)
	for i := 0; i+1 < len(pairs); i += 2 {
		_ = e.WriteField(hpack.HeaderField{Name: pairs[i], Value: pairs[i+1]})
	}
	return b.Bytes()
}

func (f *h2) ok(id uint32) {
	f.head(id, false, ":status", "200", "content-type", "application/json")
	_ = f.WriteData(id, true, []byte("{}"))
}

// HTTP2 are faults of HTTP/2, to be served over TLS.
func HTTP2() []Kind {
	reset := func(code http2.ErrCode) func(*Conn) {
		return streams(func(f *h2, id uint32) { _ = f.WriteRSTStream(id, code) })
	}
	goAway := func(last uint32, code http2.ErrCode) func(*Conn) {
		return streams(func(f *h2, id uint32) { _ = f.WriteGoAway(last, code, []byte("bye")) })
	}
	raw := func(text string) func(*Conn) {
		return begun(func(f *h2) { f.c.Answered(); _, _ = f.c.Write([]byte(text)) })
	}
	endless := func(frame func(*h2) error) func(*Conn) {
		return begun(func(f *h2) {
			f.c.Answered()
			for n := 0; n < 100_000 && frame(f) == nil; n++ {
			}
		})
	}
	by := map[string]func(*Conn){
		"closes after the preface": begun(func(f *h2) { f.c.Answered() }), "never answers": streams(func(*h2, uint32) {}),
		"REFUSED_STREAM": reset(http2.ErrCodeRefusedStream), "reset: CANCEL": reset(http2.ErrCodeCancel), "reset: INTERNAL_ERROR": reset(http2.ErrCodeInternal), "reset: PROTOCOL_ERROR": reset(http2.ErrCodeProtocol),
		"reset: ENHANCE_YOUR_CALM": reset(http2.ErrCodeEnhanceYourCalm), "reset: HTTP_1_1_REQUIRED": reset(http2.ErrCodeHTTP11Required), "reset: NO_ERROR": reset(http2.ErrCodeNo), "reset: unknown": reset(0xffff),
		"GOAWAY, nothing processed": goAway(0, http2.ErrCodeNo), "GOAWAY, all processed": goAway(1<<31-1, http2.ErrCodeNo), "GOAWAY: ENHANCE_YOUR_CALM": goAway(0, http2.ErrCodeEnhanceYourCalm), "GOAWAY: INTERNAL_ERROR": goAway(0, http2.ErrCodeInternal),
		"GOAWAY after an answer": streams(func(f *h2, id uint32) { f.ok(id); _ = f.WriteGoAway(id, http2.ErrCodeNo, nil) }),
		"half of the streams refused": streams(func(f *h2, id uint32) {
			if id%4 == 1 {
				_ = f.WriteRSTStream(id, http2.ErrCodeRefusedStream)
				return
			}
			f.ok(id)
		}),
		"no status": streams(func(f *h2, id uint32) { f.head(id, true, "a", "b") }), "status of letters": streams(func(f *h2, id uint32) { f.head(id, true, ":status", "abc") }), "status 1": streams(func(f *h2, id uint32) { f.head(id, true, ":status", "1") }), "two statuses": streams(func(f *h2, id uint32) { f.head(id, true, ":status", "200", ":status", "500") }),
		"an unknown pseudo-header": streams(func(f *h2, id uint32) { f.head(id, true, ":status", "200", ":x", "y") }), "upper case": streams(func(f *h2, id uint32) { f.head(id, true, ":status", "200", "X-Upper", "y") }), "a header of the connection": streams(func(f *h2, id uint32) { f.head(id, true, ":status", "200", "connection", "close") }), "a line break in a value": streams(func(f *h2, id uint32) { f.head(id, true, ":status", "200", "x-a", "a\r\nb: c") }),
		"100 without an end": streams(func(f *h2, id uint32) {
			for range 100 {
				f.head(id, false, ":status", "100")
			}
		}),
		"data before headers": streams(func(f *h2, id uint32) { _ = f.WriteData(id, true, []byte("x")) }), "data after the end": streams(func(f *h2, id uint32) { f.ok(id); _ = f.WriteData(id, true, []byte("more")) }), "data on stream 0": streams(func(f *h2, id uint32) { _ = f.WriteData(0, true, []byte("x")) }),
		"data on an unknown stream": streams(func(f *h2, id uint32) { _ = f.WriteData(id+100, true, []byte("x")) }), "headers on an even stream": streams(func(f *h2, id uint32) { f.head(id+1, true, ":status", "200") }), "a body shorter than told": streams(func(f *h2, id uint32) {
			f.head(id, false, ":status", "200", "content-length", "100")
			_ = f.WriteData(id, true, []byte("x"))
		}), "a body without an end": streams(func(f *h2, id uint32) { f.head(id, false, ":status", "200"); _ = f.WriteData(id, false, []byte("x")) }),
		"more data than the window": streams(func(f *h2, id uint32) {
			f.head(id, false, ":status", "200")
			for n := 0; n < 1000 && f.WriteData(id, false, make([]byte, 16<<10)) == nil; n++ {
			}
		}), "trailers": streams(func(f *h2, id uint32) {
			f.head(id, false, ":status", "200")
			_ = f.WriteData(id, false, []byte("{}"))
			f.head(id, true, "x-late", "1")
		}), "trailers with a status": streams(func(f *h2, id uint32) { f.head(id, false, ":status", "200"); f.head(id, true, ":status", "500") }),
		"broken compression": streams(func(f *h2, id uint32) {
			_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: []byte{0xff, 0xff, 0xff, 0xff, 0xff}, EndHeaders: true})
		}), "headers without an end": streams(func(f *h2, id uint32) {
			_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: block(":status", "200")})
			for n := 0; n < 2000 && f.WriteContinuation(id, false, block("x-a", string(bytes.Repeat([]byte("a"), 4000)))) == nil; n++ {
			}
		}), "a pushed answer": streams(func(f *h2, id uint32) {
			_ = f.WritePushPromise(http2.PushPromiseParam{StreamID: id, PromiseID: 2, BlockFragment: block(":method", "GET"), EndHeaders: true})
			f.ok(id)
		}),
		"PING without an end": endless(func(f *h2) error { return f.WritePing(false, [8]byte{1}) }), "SETTINGS without an end": endless(func(f *h2) error { return f.WriteSettings(http2.Setting{ID: http2.SettingMaxFrameSize, Val: 16384}) }), "empty data without an end": endless(func(f *h2) error { return f.WriteData(1, false, nil) }),
		"a window of 2^31": begun(func(f *h2) {
			f.c.Answered()
			_ = f.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 31})
		}), "a window update of 0": streams(func(f *h2, id uint32) { _ = f.WriteWindowUpdate(id, 0) }), "no streams allowed": begun(func(f *h2) {
			f.c.Answered()
			_ = f.WriteSettings(http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: 0})
			<-f.c.Ctx.Done()
		}),
		"a frame of 16 MB": raw("\xff\xff\xff\x00\x00\x00\x00\x00\x01"), "an unknown frame": raw("\x00\x00\x04\xee\x00\x00\x00\x00\x01abcd"), "half a frame": raw("\x00\x00\xff\x01\x04\x00"), "random bytes": raw("\x13\x37\xde\xad\xbe\xef\x00\x01\x02\x03\x04\x05\x06"), "HTTP/1.1 in place of it": raw(ok("{}")),
		"GOAWAY below streams in flight": streams(func(f *h2, id uint32) {
			if id > 9 {
				_ = f.WriteGoAway(7, http2.ErrCodeNo, nil)
				return
			}
			f.ok(id)
		}),
		"GOAWAY twice, the last stream raised": streams(func(f *h2, id uint32) {
			_ = f.WriteGoAway(id, http2.ErrCodeNo, nil)
			_ = f.WriteGoAway(1<<31-1, http2.ErrCodeNo, nil)
			f.ok(id)
		}),
		"one stream at a time, said late": limited(1), "no more streams, said late": limited(0), "a window of 0": begun(func(f *h2) {
			_ = f.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
			answering(f, f.ok)
		}),
		"resets by the thousand": streams(func(f *h2, id uint32) {
			for n := 0; n < 2000 && f.WriteRSTStream(id, http2.ErrCodeCancel) == nil; n++ {
			}
		}),
		"resets of streams that never were": streams(func(f *h2, id uint32) {
			for n := uint32(0); n < 2000 && f.WriteRSTStream(id+1001+2*n, http2.ErrCodeCancel) == nil; n++ {
			}
			f.ok(id)
		}),
		"a compression bomb": streams(func(f *h2, id uint32) {
			// A value of 4,000 bytes that every further byte names again.
			head := append([]byte{0x88, 0x40, 1, 'z', 0x7f, 0xa1, 0x1e}, bytes.Repeat([]byte{'v'}, 4000)...)
			_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: head})
			for n := range 20 {
				_ = f.WriteContinuation(id, n == 19, bytes.Repeat([]byte{0xbe}, 16000))
			}
		}),
		"a connection that dies": begun(func(f *h2) {
			first := true
			for {
				frame, err := f.ReadFrame()
				if err != nil {
					return
				}
				if _, ok := frame.(*http2.HeadersFrame); ok {
					f.c.Answered()
					if first {
						f.ok(frame.Header().StreamID)
					}
					first = false
				}
			}
		}),
		"a connection that ends unsaid": streams(func(f *h2, id uint32) {
			if id > 5 {
				_ = f.c.Close()
				return
			}
			f.ok(id)
		}),
		"credentials echoed in GOAWAY": streams(func(f *h2, id uint32) {
			_ = f.WriteGoAway(0, http2.ErrCodeInternal, []byte("token planted-bearer-4eC39HqLyj"))
		}),
	}
	return kinds("HTTP/2", by)
}
