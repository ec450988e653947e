package main

import (
	"bufio"
	"bytes"
	"net"
	"strconv"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// side2 is one HTTP/2 connection of the stage.
type side2 struct {
	*draws
	framer  *http2.Framer
	encoder *hpack.Encoder
	block   bytes.Buffer
	id      []byte
	text    []byte
}

// answer2 speaks HTTP/2 to requests without a body, to clients that open their
// windows in time. It answers in order: a delay would be that of all.
func answer2(c net.Conn, _ time.Duration) error {
	in := bufio.NewReaderSize(c, 16<<10)
	out := bufio.NewWriterSize(c, 16<<10)
	if _, err := in.Discard(len(http2.ClientPreface)); err != nil {
		return err
	}
	s := &side2{draws: newDraws(), framer: http2.NewFramer(out, in)}
	s.framer.SetReuseFrames()
	s.encoder = hpack.NewEncoder(&s.block)
	decoder := hpack.NewDecoder(4096, func(f hpack.HeaderField) {
		if f.Name == "x-amzn-requestid" {
			s.id = append(s.id[:0], f.Value...)
		}
	})
	if err := s.framer.WriteSettings(http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: 1000}); err != nil {
		return err
	}
	for {
		if in.Buffered() == 0 {
			if err := out.Flush(); err != nil {
				return err
			}
		}
		frame, err := s.framer.ReadFrame()
		if err != nil {
			return err
		}
		if err := s.take(frame, decoder); err != nil {
			return err
		}
	}
}

func (s *side2) take(frame http2.Frame, decoder *hpack.Decoder) error {
	switch f := frame.(type) {
	case *http2.SettingsFrame:
		if !f.IsAck() {
			return s.framer.WriteSettingsAck()
		}
	case *http2.PingFrame:
		if !f.IsAck() {
			return s.framer.WritePing(true, f.Data)
		}
	case *http2.HeadersFrame:
		s.id = s.id[:0]
		if _, err := decoder.Write(f.HeaderBlockFragment()); err != nil {
			return err
		}
		return s.answer(f.StreamID)
	}
	return nil
}

func (s *side2) answer(stream uint32) error {
	body, version := s.side()
	s.block.Reset()
	field := func(name, value string) {
		_ = s.encoder.WriteField(hpack.HeaderField{Name: name, Value: value}) // into memory
	}
	field(":status", "200")
	field("date", *date.Load())
	field("content-type", "application/json")
	field("content-length", strconv.Itoa(len(body)))
	if len(s.id) == 0 {
		s.id = s.uuid(s.id)
	}
	field("x-amzn-requestid", string(s.id))
	s.text = s.extended(s.text[:0])
	field("x-amz-apigw-id", string(s.text))
	s.text = s.trace(s.text[:0])
	field("x-amzn-trace-id", string(s.text))
	field("x-backend-version", version)
	if err := s.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: s.block.Bytes(), EndHeaders: true}); err != nil {
		return err
	}
	return s.framer.WriteData(stream, true, []byte(body))
}
