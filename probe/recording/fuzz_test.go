package recording

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/klauspost/compress/zstd"

	"stageprobe/probe"
)

// FuzzRecording reads damaged recordings: whatever they hold, both passes over
// them see the same rows, and neither panics.
func FuzzRecording(f *testing.F) {
	var text []byte
	for _, l := range []recordLine{
		{Header: &Header{Format: Format, Run: "r", Plan: probe.Plan{Targets: []probe.Target{{ID: "a/b"}}}}},
		{Observation: &probe.Observation{Machine: "m", Seq: 1, Outcome: probe.OutcomeResponse, Status: 200, Header: []probe.Header{{Name: "a", Value: "b"}}, Body: []byte("x")}},
		{Evidence: &probe.Evidence{Records: []probe.LogRecord{{RequestID: "x"}}}},
		{Trailer: &Trailer{Stopped: "decided"}},
	} {
		line, err := json.Marshal(l)
		if err != nil {
			f.Fatal(err)
		}
		text = append(append(text, line...), '\n')
	}
	z, err := zstd.NewWriter(nil)
	if err != nil {
		f.Fatal(err)
	}
	rows := rowEncoder{}
	record, _ := rows.encode(&probe.Observation{Machine: "m", Seq: 1, Header: []probe.Header{{Name: "a", Value: "b"}}, Body: []byte("x")}, &parquetRow{}, 1)
	log := append(binary.AppendUvarint([]byte(rowLogMagic), uint64(len(record))), record...)
	for _, seed := range [][]byte{log, log[:len(log)-3], text, text[:len(text)-9], z.EncodeAll(text, nil), []byte("{\"observation\":null}\n"), []byte("\n\n")} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		first, err := rowsOf(b, true)
		if err != nil && !errors.Is(err, errCut) {
			return
		}
		second, err := rowsOf(b, false)
		if err != nil && !errors.Is(err, errCut) {
			return // a row that is damaged inside is found when it is asked for
		}
		if len(first) != len(second) {
			t.Fatalf("%d rows seen first, %d when read", len(first), len(second))
		}
		for i := range first {
			if first[i] != second[i] {
				t.Fatalf("row %d is %v and %v", i, first[i], second[i])
			}
		}
	})
}

func rowsOf(b []byte, keysOnly bool) (keys []rowKey, err error) {
	in, done, err := decompress(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	defer done()
	for l, err := range streamed(in, keysOnly) {
		if err != nil {
			return keys, err
		}
		if l.isRow() {
			keys = append(keys, l.key())
		}
	}
	return keys, nil
}

// FuzzHeads packs headers and unpacks them again.
func FuzzHeads(f *testing.F) {
	f.Add("x-amzn-RequestId", "7b0f6c1e-8e07-4f6c-9b0a-0c3f8b0e5a11", "7b0f6c1e-8e07-4f6c-9b0a-0c3f8b0e5a12", "id")
	f.Add("a", "Root=1-6a0f3c5e-0123456789abcdef01234567", "\x02", "12345678abcdef0")
	f.Add("a: b", "\x01", "0000000000000", "\n")
	f.Add("x-amz-apigw-id", "Xo1ZqHzBoAMFjKw=", "EbkhcEiJIAMFqWA_-", "EbkhcEiJIAMFq+A==")
	f.Fuzz(func(t *testing.T, name, v, w, minted string) {
		var p headPacker
		var u headUnpacker
		for i := range 40 { // more than are remembered
			hs := []probe.Header{{Name: name, Value: v}, {Name: name, Value: fmt.Sprint(v, i)}, {Name: "b", Value: fmt.Sprintf("%s%016x", w, i)}, {Name: "c", Value: minted}, {Name: "d", Value: w}}
			template, hex, text, again := p.pack(hs, minted)
			if !again {
				p.learn(packLines(string(template)))
			}
			got, err := u.unpack(string(template), string(hex), string(text), minted)
			if err != nil || !slices.Equal(got, hs) {
				t.Fatalf("%q became %q (%v) by way of %q, %x, %q", hs, got, err, template, hex, text)
			}
		}
	})
}
