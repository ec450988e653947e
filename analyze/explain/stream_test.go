package explain

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"stageprobe/probe/logs"
)

// loggedText makes a log of so many bytes: every request of it has its own id.
func loggedText(size int, lines func(id string, i int) string) []byte {
	var b bytes.Buffer
	for i := 0; b.Len() < size; i++ {
		b.WriteString(lines(fmt.Sprintf("%08x-afe6-41e8-b7eb-8d53f824f304", i), i))
	}
	return b.Bytes()
}

func executionLines(id string, i int) string {
	end := "Successfully completed execution"
	status := 200
	if i%20 == 0 {
		end, status = "Execution failed due to a timeout error", 504
	}
	var b strings.Builder
	for _, line := range []string{
		"Starting execution for request: " + id, "HTTP Method: GET, Resource Path: /orders", "Method response body after transformations: " + strings.Repeat("x", 80), end,
		fmt.Sprintf("Method completed with status: %d", status),
	} {
		fmt.Fprintf(&b, "2026-11-20T10:00:%02d.000Z (%s) %s\n", i%60, id, line)
	}
	return b.String()
}

func accessLine(id string, i int) string {
	return fmt.Sprintf(`{"requestId":%q,"httpMethod":"GET","resourcePath":"/orders","status":"%d","ip":%q}`+"\n", id, 200+304*(i%20/19), strings.Repeat("1", 70))
}

func asEvents(size int) []byte {
	type event struct {
		Message string `json:"message"`
		Time    int64  `json:"timestamp"`
	}
	var all struct {
		Events []event `json:"events"`
	}
	for n, i := 0, 0; n < size; i++ {
		for line := range strings.Lines(executionLines(fmt.Sprintf("%08x-afe6-41e8-b7eb-8d53f824f304", i), i)) {
			all.Events = append(all.Events, event{strings.TrimSpace(line[25:]), int64(1764324000000 + i)})
			n += len(line)
		}
	}
	b, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		panic(err)
	}
	return b
}

// A log that is read part by part is explained as one that is read whole.
func TestLargeLogsAreExplainedAsSmallOnes(t *testing.T) {
	const size = 3 * logs.Head / 2 // several parts
	entry := loggedText(size, accessLine)
	for name, text := range map[string][]byte{
		"execution": loggedText(size, executionLines),
		"access":    entry,
		"events":    asEvents(size),
		"both":      append(loggedText(size, executionLines), "2026-11-20T10:00:00.000Z "+string(entry[:bytes.IndexByte(entry, '\n')])...),
		"neither":   bytes.Repeat([]byte("lorem ipsum\n"), size/10),
	} {
		whole, wholeErr := Explain(text, Options{})
		parts, _, partsErr := read(bytes.NewReader(text), Options{}, logs.Head)
		if fmt.Sprint(wholeErr) != fmt.Sprint(partsErr) {
			t.Errorf("%s: %v, want %v", name, partsErr, wholeErr)
			continue
		}
		if wholeErr != nil {
			continue
		}
		var want, got bytes.Buffer
		if err := whole.JSON(&want); err != nil {
			t.Fatal(err)
		}
		if err := parts.JSON(&got); err != nil {
			t.Fatal(err)
		}
		if whole.all < 1000 || !bytes.Equal(want.Bytes(), got.Bytes()) {
			t.Errorf("%s: of %d requests\n%.2000s\nwant\n%.2000s", name, whole.all, &got, &want)
		}
	}
}
