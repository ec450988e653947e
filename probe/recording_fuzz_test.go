package probe

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// FuzzRecording reads damaged recordings: whatever they hold, both passes over
// them see the same rows, and neither panics.
func FuzzRecording(f *testing.F) {
	var text []byte
	for _, l := range []recordLine{
		{Header: &RecordingHeader{Format: RecordingFormat, Run: "r", Plan: Plan{Targets: []Target{{ID: "a/b"}}}}},
		{Observation: &Observation{Machine: "m", Seq: 1, Outcome: OutcomeResponse, Status: 200, Header: []Header{{"a", "b"}}, Body: []byte("x")}},
		{Evidence: &Evidence{Records: []LogRecord{{RequestID: "x"}}}},
		{Trailer: &RecordingTrailer{Stopped: "decided"}},
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
	for _, seed := range [][]byte{text, text[:len(text)-9], z.EncodeAll(text, nil), []byte("{\"observation\":null}\n"), []byte("\n\n")} {
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
	for l, err := range jsonLines(in, keysOnly) {
		if err != nil {
			return keys, err
		}
		if l.Observation != nil {
			keys = append(keys, keyOfRow(l.Observation))
		}
	}
	return keys, nil
}
