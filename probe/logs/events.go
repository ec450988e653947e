package logs

import (
	"bytes"
	"cmp"
	"encoding/json"
	"time"

	"stageprobe/probe"
)

// document is the JSON in which log events come: the answer of TestInvokeMethod
// (log, status), of FilterLogEvents and GetLogEvents (events), of GetQueryResults
// (results), or a subscription's payload (logEvents).
type document struct {
	Log       *string         `json:"log"`
	Status    json.RawMessage `json:"status"` // a number; of a query a word
	Events    []jsonEvent     `json:"events"`
	LogGroup  string          `json:"logGroup"`
	LogStream string          `json:"logStream"`
	LogEvents []jsonEvent     `json:"logEvents"`
	Results   [][]queryField  `json:"results"`
	jsonEvent
}

type jsonEvent struct {
	Stream    string          `json:"logStreamName"`
	Timestamp json.RawMessage `json:"timestamp"`
	Ingestion json.RawMessage `json:"ingestionTime"`
	Message   *string         `json:"message"`
	Group     string          `json:"logGroupIdentifier"` // of a live tail

	// As Logs Insights exports its rows.
	Row  string          `json:"@log"`
	Text json.RawMessage `json:"@message"` // an object where the entry is one
	At   json.RawMessage `json:"@timestamp"`
	On   string          `json:"@logStream"`
}

// settle makes an event of a row of Logs Insights.
func (e *jsonEvent) settle() {
	if e.Message != nil || e.Text == nil {
		return
	}
	var text string
	if json.Unmarshal(e.Text, &text) != nil {
		text = string(e.Text)
	}
	e.Message, e.Timestamp, e.Stream, e.Group = &text, e.At, e.On, e.Row
}

type queryField struct {
	Field string `json:"field"`
	Value string `json:"value"`
}

// decodeEvents reads one document, several on end, or an array of events. ok is
// false where the JSON is of another kind, or broken.
func decodeEvents(text []byte) (doc document, ok bool) {
	if text[0] == '[' {
		err := json.Unmarshal(text, &doc.Events)
		for i := range doc.Events {
			doc.Events[i].settle()
		}
		return doc, err == nil && doc.any()
	}
	for dec := json.NewDecoder(bytes.NewReader(text)); dec.More(); {
		var next document
		if err := dec.Decode(&next); err != nil {
			return doc, false
		}
		doc.join(next)
	}
	return doc, doc.any()
}

// join appends the events of another document.
func (d *document) join(next document) {
	if next.Log != nil {
		d.Log, d.Status = next.Log, next.Status
	}
	if d.LogGroup == "" {
		d.LogGroup = next.LogGroup
	}
	for i := range next.LogEvents {
		next.LogEvents[i].Stream = next.LogStream
	}
	d.Events = append(append(d.Events, next.Events...), next.LogEvents...)
	if next.settle(); next.Message != nil {
		d.Events = append(d.Events, next.jsonEvent)
	}
	for _, row := range next.Results {
		d.Events = append(d.Events, fromRow(row))
	}
}

func (d *document) any() bool {
	if d.Log != nil {
		return true
	}
	for _, e := range d.Events {
		if e.Message != nil {
			return true
		}
	}
	return false
}

func fromRow(row []queryField) jsonEvent {
	var e jsonEvent
	for _, f := range row {
		switch f.Field {
		case "@message":
			e.Message = &f.Value
		case "@timestamp":
			e.Timestamp, _ = json.Marshal(f.Value)
		case "@ingestionTime":
			e.Ingestion, _ = json.Marshal(f.Value)
		case "@logStream":
			e.Stream = f.Value
		case "@log":
			e.Group = f.Value
		}
	}
	return e
}

// messages returns the text of the events.
func (d *document) messages() [][]byte {
	var all [][]byte
	for _, e := range d.Events {
		if e.Message != nil {
			all = append(all, []byte(*e.Message))
		}
	}
	return all
}

// feed hands the events to the reader.
func (d *document) feed(x *Execution) {
	if d.Log != nil {
		x.addText(Event{}, []byte(*d.Log))
		return
	}
	for i := range d.Events {
		if e := &d.Events[i]; e.Message != nil {
			x.Add(d.event(e))
		}
	}
}

// event is an event with a message as the readers take it.
func (d *document) event(e *jsonEvent) Event {
	return Event{
		Time: jsonTime(e.Timestamp), Ingested: jsonTime(e.Ingestion),
		Group: cmp.Or(groupOf(e.Group), d.LogGroup), Stream: e.Stream, Message: []byte(*e.Message),
	}
}

// statusOf fills in the status that TestInvokeMethod answers beside its log.
func (d *document) statusOf(rec *probe.LogRecord) {
	if s := status(d.Status); d.Log != nil && rec.Status == nil && s != nil {
		rec.Status, rec.ImpliedStatus = s, nil
	}
}

// jsonTime reads epoch milliseconds, or a date in quotes in any of the shapes
// that the AWS command line and Logs Insights print.
func jsonTime(raw json.RawMessage) time.Time {
	s := bytes.Trim(raw, `"`)
	if len(s) > 10 && s[10] == ' ' { // Insights: "2019-02-27 11:31:00.425", in UTC
		at, _ := time.Parse("2006-01-02 15:04:05.999", string(s))
		return at
	}
	at, _ := parseTime(s)
	return at
}
