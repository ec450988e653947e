package logs

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"stageprobe/probe"
	"stageprobe/scenarios/captures"
)

// inParts reads a log part by part. batches is how many of them held records.
func inParts(in io.Reader, format *Format) (records, rows []probe.LogRecord, batches int, ok bool, err error) {
	r := NewReader(bufio.NewReaderSize(in, Head), func(b []byte) []byte { return b }, format)
	if r == nil {
		return nil, nil, 0, false, nil
	}
	err = r.Each(func(b Batch) {
		if len(b.Records) > 0 {
			batches++
		}
		records, rows = append(records, b.Records...), append(rows, b.Rows...)
	})
	return records, rows, batches, true, err
}

// numbered is an id of its own for each request.
func numbered(i int) string { return fmt.Sprintf("%08d-afe6-11e8-b7eb-8d53f824f304", i) }

// TestStreamReadsAsExcerpt: a log gives the same records part by part as in one piece.
func TestStreamReadsAsExcerpt(t *testing.T) {
	event := func(message string) string {
		return `{"timestamp":1793534400000,"ingestionTime":1793534401000,"logStreamName":"s","message":` + fmt.Sprintf("%q", message) + `}`
	}
	repeat := func(n int, between string, each func(i int) string) string {
		all := make([]string, n)
		for i := range all {
			all[i] = each(i)
		}
		return strings.Join(all, between)
	}
	completed := func(i int) string { return "(" + numbered(i) + ") Method completed with status: 504" }
	entry := func(i int) string { return `{"requestId":"` + numbered(i) + `","status":"403","stage":"prod"}` }
	row := func(i int) string {
		return fmt.Sprintf(`[{"field":"@timestamp","value":"2026-11-01 12:00:00.000"},{"field":"@log","value":"1:%s"},{"field":"@message","value":%q}]`, prodGroup, completed(i))
	}
	pretty := func(i int) string {
		return strings.NewReplacer("{", "{\n  ", ",", ",\n\n  ", "}", "\n}").Replace(entry(i))
	}
	const few = 30
	many := Head/len(entry(0)) + 3_000 // more than one part
	for name, tt := range map[string]struct {
		text    string
		records int
	}{
		"lines":                      {repeat(many, "\n", completed), many},
		"entries, printed prettily":  {repeat(many, "\n", pretty) + "\n{\n\"requestId\":\"" + id + "\",\n\"stage\":\"x\"", many + 1},
		"events":                     {`{"logGroup":"` + prodGroup + `","events":[` + repeat(few, ",", func(i int) string { return event(completed(i)) }) + `],"searchedLogStreams":[]}`, few},
		"events of a subscription":   {`{"logGroup":"` + prodGroup + `","logStream":"own","logEvents":[` + repeat(few, ",", func(i int) string { return `{"message":"` + completed(i) + `"}` }) + `]}`, few},
		"an array of events":         {"[" + repeat(few, ",", func(i int) string { return event(completed(i)) }) + "]", few},
		"an event per line":          {repeat(10_001, "\n", func(i int) string { return event(completed(i)) }), 10_001},
		"events of an access log":    {"[" + repeat(10_001, ",", func(i int) string { return event(entry(i)) }) + "]", 10_001},
		"rows of Logs Insights":      {`{"results":[` + repeat(few, ",", row) + `],"status":"Complete"}`, few},
		"a row as exported":          {`[{"@timestamp":"2026-11-01 12:00:00.000","@log":"1:` + prodGroup + `","@message":"` + completed(1) + `"}]`, 1},
		"an entry as exported":       {`[{"@timestamp":"2026-11-01 12:00:00.000","@message":` + entry(1) + `}]`, 1},
		"a last line without an end": {completed(1) + "\n" + completed(2) + "\n(" + numbered(3) + ") Execution failed due to a timeout error", 3},
	} {
		t.Run(name, func(t *testing.T) {
			want, ok := ParseExecution([]byte(tt.text))
			if !ok {
				want, ok = ParseAccessLog([]byte(tt.text), nil)
			}
			got, _, _, streamed, err := inParts(strings.NewReader(tt.text), nil)
			if !ok || !streamed || err != nil || len(want) < tt.records {
				t.Fatalf("in one piece %v, %d records; in parts %v, %v", ok, len(want), streamed, err)
			}
			if !reflect.DeepEqual(want, got) { // cmp takes its time over so many
				t.Errorf("%.2000s", cmp.Diff(want, got))
			}
		})
	}
	for _, c := range captures.All("exec") {
		want, _ := ParseExecution(c.Text)
		if got, _, _, ok, err := inParts(bytes.NewReader(append(c.Text, '\n')), nil); ok && err == nil && !bytes.HasPrefix(bytes.TrimSpace(c.Text), []byte("{")) {
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: %.2000s", c.Name, diff)
			}
		}
	}
}

// Requests are handed out while a long log is read, so that its length costs no memory.
func TestStreamHandsOutOnTheWay(t *testing.T) {
	var lines strings.Builder
	const n = endedBefore + 14_000
	for i := range n {
		fmt.Fprintf(&lines, "(%s) Method completed with status: 504\n", numbered(i))
	}
	records, _, batches, ok, err := inParts(strings.NewReader(lines.String()), nil)
	if !ok || err != nil || len(records) != n || batches < 2 {
		t.Errorf("%v, %v, %d records in %d batches", ok, err, len(records), batches)
	}
}

// Entries of an access log between the lines of an execution log come beside its records.
func TestStreamOfBothLogs(t *testing.T) {
	text := "(" + idA + ") Method completed with status: 403\n2026-11-01T12:00:00.000Z\t" + `{"requestId":"` + id + `","status":"403","stage":"prod"}` + "\n"
	records, rows, _, ok, err := inParts(strings.NewReader(text), nil)
	if !ok || err != nil || one(t, records).RequestID != idA || one(t, rows).RequestID != id {
		t.Errorf("%v, %v, %+v, %+v", ok, err, records, rows)
	}
}

// With a format, a log is read as that of the stage that writes with it, execution log or not.
func TestStreamWithAFormat(t *testing.T) {
	f, err := CompileFormat("$context.stage $context.status $context.requestId")
	if err != nil {
		t.Fatal(err)
	}
	records, _, _, ok, err := inParts(strings.NewReader("("+idA+") Method completed with status: 504\nprod 403 "+id+"\n"), f)
	if r := one(t, records); !ok || err != nil || r.RequestID != id || r.Stage != "prod" {
		t.Errorf("%v, %v, %+v", ok, err, r)
	}
	records, _, _, ok, err = inParts(strings.NewReader(`[{"message":"prod 403 `+id+`"},{"message":"(`+idA+`) Method completed with status: 504"}]`), f)
	if r := one(t, records); !ok || err != nil || r.RequestID != id {
		t.Errorf("%v, %v, %+v", ok, err, r)
	}
}

// What is no log is told at once, and a log that breaks off or cannot be read on is an error.
func TestStreamOfNoLog(t *testing.T) {
	for _, text := range []string{"", "\n", "a story\n", `{"message":"Forbidden"}`, "[1,2]", `"x"`, "{"} {
		if records, _, _, ok, _ := inParts(strings.NewReader(text), nil); ok {
			t.Errorf("%q is taken for a log: %+v", text, records)
		}
	}
	event := `{"message":"(` + idA + `) Method completed with status: 504"}`
	for _, text := range []string{`[` + event, `{"events":[` + event + `,`, `[` + event + `,3]`, event + "{", event + " 3", `{"events":[` + event + `],"x":`, `{"results":[3],"events":[` + event + `]}`} {
		if _, _, _, ok, err := inParts(strings.NewReader(text), nil); ok && err == nil {
			t.Errorf("%s: read to its end", text)
		}
	}
	broken := errors.New("broken")
	for _, begin := range []string{event, strings.Repeat("("+idA+") Method completed with status: 504\n", 1+Head/30)} {
		if _, _, _, ok, err := inParts(io.MultiReader(strings.NewReader(begin), iotest.ErrReader(broken)), nil); !ok || !errors.Is(err, broken) {
			t.Errorf("%.40s…: %v, %v", begin, ok, err)
		}
	}
}
