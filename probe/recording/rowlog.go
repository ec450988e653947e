package recording

import (
	"encoding/binary"
	"errors"
	"io"
	"math"
	"time"

	"stageprobe/probe"
)

// A row log holds a recording while it grows, at little cost for each row. It
// begins with rowLogMagic; then come records, each a length (uvarint) and as many
// bytes: a line of a recording in JSON after 'j', or a row after 'r'. Strings of
// a row are told once and known by their number from then on.
const rowLogMagic = "stageprobe rows 1\n"

// packedRow is a row whose headers are packed.
type packedRow struct {
	probe.Observation        // without Header; its strings may be shared
	head              string // template
	hex, text         string
	follows           bool // MintedID is what follows from the plan's seed
}

// internLimit bounds the bytes of strings that are told by number. Both sides
// count alike; then they begin anew.
const internLimit = 32 << 20

// rowEncoder writes rows. It is used by one goroutine.
type rowEncoder struct {
	seed    uint64
	heads   headPacker
	head    *told // of the last row; nil where it may be unknown by now
	body    *told
	ids     map[string]*told
	size    int
	lastDue int64
	lastSeq uint64
	b       []byte
	hex     []byte // of rows, one after the other
	last    [7]toldString
}

// told is a string that was told: from then on its number is.
type told struct {
	id    uint64
	text  string
	body  []byte     // as it was given, where it is one
	lines []packLine // where it is a template
	group int        // of rows in columns, the last that holds it
}

// toldString is what stood last in one place of a row.
type toldString struct {
	text string
	id   uint64
}

// hexRoom is how much is made room for at once.
const hexRoom = 16 << 10

// encode makes the record of a row, without the length, and fills in its columns. The
// record is overwritten by the next call. new tells how many bytes of strings the group
// of rows did not have.
func (e *rowEncoder) encode(o *probe.Observation, r *parquetRow, group int) (record []byte, new int) {
	head, hex, text, again := e.heads.pack(o.Header, o.MintedID)
	minted := probe.MintedBytes(e.seed, o.Seq)
	follows := o.MintedID == string(minted[:])
	e.b = append(e.b[:0], 'r', flag(o.Fresh, 1)|flag(o.Truncated, 2)|flag(follows, 4)|flag(len(o.Body) > 0, 8))
	for i, s := range [...]string{o.Machine, o.Target, o.Scenario, o.RemoteIP, o.Proto, string(o.Outcome), o.Err} {
		e.str(s, &e.last[i])
	}
	told := e.head
	if again && told != nil {
		e.b = binary.AppendUvarint(e.b, told.id)
	} else {
		told = e.template(head)
	}
	body := e.body
	if body != nil && body.text == string(o.Body) { // no copy
		e.b = binary.AppendUvarint(e.b, body.id)
	} else {
		body = e.content(o.Body)
	}
	due := o.Due.UnixNano()
	for _, v := range [...]int64{int64(o.Seq - e.lastSeq), due - e.lastDue, int64(o.Sent), int64(o.TTFB), int64(o.Took), int64(o.Conn), int64(o.ConnN), int64(o.Status), o.BodySize} {
		e.b = binary.AppendVarint(e.b, v)
	}
	e.lastSeq, e.lastDue = o.Seq, due
	for _, v := range [...]uint64{math.Float64bits(o.Rate), uint64(o.Among), o.BodyHash} {
		e.b = binary.AppendUvarint(e.b, v)
	}
	if !follows {
		e.b = appendText(e.b, o.MintedID)
	}
	e.b = appendText(e.b, hex)
	e.b = appendText(e.b, text)
	r.set(o, follows)
	r.Head, r.Body, r.Hex, r.Text = told.text, body.body, e.keepHex(hex), string(text)
	return e.b, told.in(group) + body.in(group)
}

// template writes a template of headers.
func (e *rowEncoder) template(head []byte) *told {
	e.head = e.bytes(head)
	if e.head.lines == nil {
		e.head.lines = packLines(e.head.text)
	}
	e.heads.learn(e.head.lines)
	return e.head
}

// content writes a body. The columns have it as it was given when it was new.
func (e *rowEncoder) content(body []byte) *told {
	e.body = e.bytes(body)
	if e.body.body == nil {
		e.body.body = body
	}
	return e.body
}

// keepHex is a copy that lasts.
func (e *rowEncoder) keepHex(hex []byte) []byte {
	if cap(e.hex)-len(e.hex) < len(hex) {
		e.hex = make([]byte, 0, max(hexRoom, len(hex)))
	}
	at := len(e.hex)
	e.hex = append(e.hex, hex...)
	return e.hex[at:len(e.hex):len(e.hex)]
}

// in tells how many bytes a string adds to a group of rows.
func (t *told) in(group int) int {
	if t.group == group {
		return 0
	}
	t.group = group
	return len(t.text)
}

func flag(set bool, bit byte) byte {
	if set {
		return bit
	}
	return 0
}

func appendText[T string | []byte](b []byte, s T) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// str writes a string by its number, or 0 and the string where it has none yet.
func (e *rowEncoder) str(s string, last *toldString) {
	if last.id == 0 || last.text != s {
		*last = toldString{text: s}
		if t := e.ids[s]; t != nil {
			last.id = t.id
		}
	}
	id := last.id
	e.b = binary.AppendUvarint(e.b, id)
	if id == 0 {
		e.learn(s)
	}
}

func (e *rowEncoder) bytes(s []byte) *told {
	if t := e.ids[string(s)]; t != nil { // no copy
		e.b = binary.AppendUvarint(e.b, t.id)
		return t
	}
	e.b = append(e.b, 0)
	return e.learn(string(s))
}

func (e *rowEncoder) learn(s string) *told {
	e.b = appendText(e.b, s)
	if e.size += len(s) + 16; e.ids == nil || e.size > internLimit {
		e.ids, e.size, e.last, e.head, e.body = map[string]*told{}, len(s)+16, [7]toldString{}, nil, nil
	}
	t := &told{id: uint64(len(e.ids) + 1), text: s, group: -1}
	e.ids[s] = t
	return t
}

// rowDecoder reads what rowEncoder wrote.
type rowDecoder struct {
	seed    uint64
	strings []string
	size    int
	lastDue int64
	lastSeq uint64
	b       []byte
	bad     bool
}

var errRow = errors.New("a damaged row")

// decode reads the record of a row, after its kind.
func (d *rowDecoder) decode(record []byte) (*packedRow, error) {
	d.b, d.bad = record, false
	r := &packedRow{}
	flags := d.byte()
	r.Fresh, r.Truncated, r.follows = flags&1 > 0, flags&2 > 0, flags&4 > 0
	for _, s := range [...]*string{&r.Machine, &r.Target, &r.Scenario, &r.RemoteIP, &r.Proto, (*string)(&r.Outcome), &r.Err, &r.head} {
		*s = d.str()
	}
	if body := d.str(); flags&8 > 0 {
		r.Body = []byte(body)
	}
	r.Seq, d.lastSeq = d.lastSeq+uint64(d.int()), 0
	d.lastSeq = r.Seq
	d.lastDue += d.int()
	r.Due = time.Unix(0, d.lastDue).UTC()
	for _, v := range [...]*time.Duration{&r.Sent, &r.TTFB, &r.Took} {
		*v = time.Duration(d.int())
	}
	for _, v := range [...]*int{&r.Conn, &r.ConnN, &r.Status} {
		*v = int(d.int())
	}
	r.BodySize = d.int()
	r.Rate = math.Float64frombits(d.uint())
	r.Among, r.BodyHash = probe.Among(d.uint()), d.uint()
	if r.follows {
		r.MintedID = probe.MintedID(d.seed, r.Seq)
	} else {
		r.MintedID = d.text()
	}
	r.hex, r.text = d.text(), d.text()
	if d.bad || len(d.b) > 0 {
		return nil, errRow
	}
	return r, nil
}

func (d *rowDecoder) byte() byte {
	if len(d.b) == 0 {
		d.bad = true
		return 0
	}
	c := d.b[0]
	d.b = d.b[1:]
	return c
}

func (d *rowDecoder) uint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.b, d.bad = nil, true
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *rowDecoder) int() int64 {
	v := d.uint()
	return int64(v>>1) ^ -int64(v&1)
}

func (d *rowDecoder) text() string {
	n := d.uint()
	if n > uint64(len(d.b)) {
		d.b, d.bad = nil, true
		return ""
	}
	s := string(d.b[:n])
	d.b = d.b[n:]
	return s
}

func (d *rowDecoder) str() string {
	id := d.uint()
	switch {
	case id == 0 && !d.bad:
		s := d.text()
		if d.size += len(s) + 16; d.size > internLimit {
			d.strings, d.size = nil, len(s)+16
		}
		d.strings = append(d.strings, s)
		return s
	case id > uint64(len(d.strings)):
		d.bad = true
	case id > 0:
		return d.strings[id-1]
	}
	return ""
}

// readRecord reads the next record of a row log into buf. The end of the log
// within a record is io.ErrUnexpectedEOF.
func readRecord(in interface {
	io.Reader
	io.ByteReader
}, buf []byte) ([]byte, error) {
	n, err := binary.ReadUvarint(in)
	if err != nil {
		return nil, err
	}
	if n == 0 || n > maxLine {
		return nil, errRow
	}
	buf = buf[:0]
	for left := n; left > 0; { // no more memory at once than there are bytes
		part := min(left, 1<<20)
		at := len(buf)
		buf = append(buf, make([]byte, part)...)
		if _, err := io.ReadFull(in, buf[at:]); err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
		left -= part
	}
	return buf, nil
}
