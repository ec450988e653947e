package recording

import (
	"time"

	"stageprobe/probe"
)

// oldParquetRow is an Observation as recordings had it as columns before headers
// were packed.
type oldParquetRow struct {
	Machine   string          `parquet:"machine,dict"`
	Seq       uint64          `parquet:"seq"`
	Target    string          `parquet:"target,dict"`
	Scenario  string          `parquet:"scenario,dict"`
	Due       int64           `parquet:"due,timestamp(nanosecond)"`
	Sent      int64           `parquet:"sent_ns"`
	TTFB      int64           `parquet:"ttfb_ns"`
	Took      int64           `parquet:"took_ns"`
	Rate      float64         `parquet:"rate"`
	Among     uint64          `parquet:"among"`
	Conn      int64           `parquet:"conn"`
	ConnN     int64           `parquet:"conn_n"`
	Fresh     bool            `parquet:"fresh"`
	RemoteIP  string          `parquet:"remote,dict"`
	Proto     string          `parquet:"proto,dict"`
	Outcome   string          `parquet:"outcome,dict"`
	Err       string          `parquet:"err,dict"`
	MintedID  string          `parquet:"minted_id"`
	Status    int32           `parquet:"status"`
	Header    []parquetHeader `parquet:"header,list"`
	Body      []byte          `parquet:"body"`
	BodySize  int64           `parquet:"body_size"`
	Truncated bool            `parquet:"truncated"`
}

type parquetHeader struct {
	Name  string `parquet:"name,dict"`
	Value string `parquet:"value"`
}

func (r *oldParquetRow) observation() *probe.Observation {
	o := &probe.Observation{
		Machine: r.Machine, Seq: r.Seq, Target: r.Target, Scenario: r.Scenario,
		Due: time.Unix(0, r.Due).UTC(), Sent: time.Duration(r.Sent), TTFB: time.Duration(r.TTFB), Took: time.Duration(r.Took), Rate: r.Rate,
		Among: probe.Among(r.Among), Conn: int(r.Conn), ConnN: int(r.ConnN), Fresh: r.Fresh, RemoteIP: r.RemoteIP, Proto: r.Proto,
		Outcome: probe.Outcome(r.Outcome), Err: r.Err, MintedID: r.MintedID,
		Status: int(r.Status), BodySize: r.BodySize, Truncated: r.Truncated,
	}
	if len(r.Body) > 0 {
		o.Body = r.Body
	}
	for _, h := range r.Header {
		o.Header = append(o.Header, probe.Header(h))
	}
	return o
}
