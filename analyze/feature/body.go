package feature

import (
	"bytes"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"stageprobe/probe"
)

// bodies are the features of an answer's body, by its form.
type bodies struct{ *Extractor }

// bodyFeatures lists the features of the body: decoded where it is encoded,
// then by what it is, which its beginning tells rather than its media type.
func (x bodies) bodyFeatures(o *probe.Observation) {
	x.element = 0
	x.levels[0].failed = inner{name: x.levels[0].failed.name}
	body, state := x.decode.body(o.Body, o.Get("content-encoding"))
	if o.Truncated {
		state = ""
	}
	media := strings.ToLower(o.Get("content-type"))
	text := bytes.TrimSpace(bytes.TrimPrefix(body, bom))
	switch {
	case x.body.ignored || len(text) == 0:
	case strings.Contains(media, "protobuf") || strings.Contains(media, "grpc"):
		protobufs(x).messages(body, strings.Contains(media, "grpc"))
	case !isText(text):
		x.binary(body, media, o)
	case x.isJSONBody(text, media, o, &state):
		classFeatures(x).failure(o, &x.levels[0].failed)
	default:
		x.textBody(text, media)
	}
	classFeatures(x).bodyState(o, body, state)
}

var bom = []byte("\ufeff")

// isJSONBody lists a JSON body and tells whether it was one. One cut short
// counts as far as it goes.
func (x bodies) isJSONBody(text []byte, media string, o *probe.Observation, state *string) bool {
	says := strings.Contains(media, "json")
	text = unwrapped(text)
	first := text[0]
	switch {
	case first != '{' && first != '[' && !says:
		return false
	case jsontext.Value(text).IsValid(jsonOptions...):
	case isSequence(text):
		return x.sequence(x.body, text)
	case o.Truncated, says && x.endsEarly(text):
		if says && !o.Truncated {
			*state = "cut short"
		}
	default:
		if says {
			*state = "not the JSON that it says it is"
		}
		return false
	}
	if !x.spacing.ignored {
		x.text = append(x.text[:0], spacing(text)...)
		tree(x).emit(x.spacing, Content, hash(x.text), x.text)
	}
	x.json(x.body, text, 0)
	return true
}

// endsEarly tells whether a text would be JSON if it went on.
func (x bodies) endsEarly(text []byte) bool {
	_, err := x.level(0, text).dec.ReadValue()
	return errors.Is(err, io.ErrUnexpectedEOF)
}

// isSequence tells whether JSON objects or arrays follow one another by line,
// going by the first line.
func isSequence(text []byte) bool {
	line, rest, more := bytes.Cut(text, newline)
	line, rest = bytes.TrimSpace(line), bytes.TrimSpace(rest)
	return more && bytes.HasPrefix(rest, text[:1]) && isJSON(line)
}

var newline = []byte("\n")

// unwrapped takes JSON out of what guards it against being run as a script
// (")]}'," on the first line), or runs it as one: callback({...});
func unwrapped(text []byte) []byte {
	if bytes.HasPrefix(text, []byte(")]}'")) {
		if _, rest, ok := bytes.Cut(text, newline); ok {
			return bytes.TrimSpace(rest)
		}
	}
	call, ends := bytes.CutSuffix(bytes.TrimRight(text, "; \n"), []byte(")"))
	name, in, begins := bytes.Cut(call, []byte("("))
	if !ends || !begins || len(name) == 0 || len(name) >= 128 || !isLetter(name[0]) && name[0] != '_' && name[0] != '/' {
		return text
	}
	if in = bytes.TrimSpace(in); isJSON(in) {
		return in
	}
	return text
}

// textBody lists a body that is neither JSON nor binary.
func (x bodies) textBody(text []byte, media string) {
	text = x.patterned(text)
	switch {
	case strings.HasPrefix(media, "text/csv") && x.csv(text, ','), strings.HasPrefix(media, "text/tab-separated-values") && x.csv(text, '\t'):
	case strings.HasPrefix(media, "text/event-stream") && x.events(text):
	case formOf(text) == formJWT, x.base64(x.body, text, 1):
		x.inside(x.body, kindPresent, text, 1)
	default:
		texts(x).lines(x.body, x.embedded(x.hideIDs(text)), text[0] == '<')
	}
}

// maxBroken is in how many places of a text JSON may begin and be none.
const maxBroken = 8

// embedded lists the JSON objects that stand in a text, such as the state in a
// page's script or the fields in a line of a log, and leaves the text without
// them.
func (x bodies) embedded(text []byte) []byte {
	x.around = x.around[:0]
	for broken := 0; broken < maxBroken; {
		at := bytes.IndexByte(text, '{')
		if at < 0 {
			break
		}
		before, rest := text[:at], text[at:]
		size := 1
		if bytes.HasPrefix(bytes.TrimLeft(rest[1:], " \t\r\n"), []byte(`"`)) {
			if v, err := x.level(1, rest).dec.ReadValue(); err == nil {
				size = len(v)
			} else {
				broken++
			}
		}
		x.around = append(x.around, before...)
		if text = rest[size:]; size == 1 {
			x.around = append(x.around, '{')
			continue
		}
		x.json(tree(x).members(x.body), rest[:size], 1)
		if !bytes.HasSuffix(x.around, []byte("{},")) { // how many there are in a list may move
			x.around = append(x.around, "{}"...)
		} else {
			x.around = x.around[:len(x.around)-1]
		}
	}
	x.around = append(x.around, text...)
	return x.around
}

// events lists the JSON data of a stream of server-sent events.
func (x bodies) events(text []byte) bool {
	var data []byte
	for line := range bytes.Lines(text) {
		value, ok := bytes.CutPrefix(line, []byte("data:"))
		switch value = bytes.TrimSpace(value); {
		case ok && isJSON(value):
			data = append(append(data, value...), '\n')
		case ok && string(value) != "[DONE]":
			return false
		}
	}
	return len(data) > 0 && x.sequence(x.body, data)
}

// csv lists a table by its columns, named by the first row where it holds names
// alone.
func (x bodies) csv(text []byte, comma rune) bool {
	r := csv.NewReader(bytes.NewReader(text))
	r.Comma, r.LazyQuotes, r.ReuseRecord, r.FieldsPerRecord = comma, true, true, -1
	head, err := r.Read()
	if err != nil || len(head) < 2 || !bytes.Contains(text, newline) { // one row may be the names or the values
		return false
	}
	l := tree(x).open(x.body)
	columns := make([]*node, 0, min(len(head), maxMembers))
	values := slices.ContainsFunc(head, func(name string) bool { return name != "" && isID([]byte(name)) })
	for i, name := range head[:min(len(head), maxMembers)] {
		if values || name == "" {
			name = "column " + strconv.Itoa(i+1)
		}
		columns = append(columns, tree(x).child(l.star, []byte(name)))
	}
	tree(x).present(x.body, kindLines)
	for row := head; ; row, err = r.Read() {
		if err != nil {
			l.close(x.Extractor)
			return err == io.EOF
		}
		if !values { // the first row is names
			values = true
			continue
		}
		l.begin(x.Extractor)
		tree(x).touch(l.star)
		l.star.types |= 1 << kindObject
		for i, cell := range row[:min(len(row), len(columns))] {
			x.cell = append(x.cell[:0], cell...)
			tree(x).leaf(columns[i], kindString, x.hideIDs(x.cell))
		}
		l.end(x.Extractor, []byte(strings.Join(row, string(comma))))
	}
}

// binary lists a body that is no text: what it is, about how long, whether it is
// the same, and the texts in it.
func (x bodies) binary(body []byte, media string, o *probe.Observation) {
	if strings.Contains(media, "octet-stream") && isMessage(body) {
		protobufs(x).messages(body, false)
		return
	}
	x.text = hex.AppendEncode(append(x.text[:0], "magic number "...), body[:min(len(body), 4)])
	tree(x).emit(x.body, Type, hash(x.text), x.text)
	x.text = append(x.text[:0], "about "+sizeClass(max(o.BodySize, int64(len(body))))+" bytes"...)
	tree(x).emit(x.body, Size, hash(x.text), x.text)
	h := hash(body)
	x.text = strconv.AppendUint(append(x.text[:0], "content "...), h>>32, 16)
	tree(x).emit(x.body, Content, h, x.text)
	x.around = x.around[:0]
	for len(body) > 0 {
		n := 0
		for n < len(body) && ' ' <= body[n] && body[n] <= '~' {
			n++
		}
		if n >= minRun {
			x.around = append(append(x.around, body[:n]...), '\n')
		}
		body = body[min(n+1, len(body)):]
	}
	texts(x).lines(x.body, x.hideIDs(x.around), false)
}

// minRun is how many letters in a row make a text within a body that is none.
const minRun = 6

// isText tells whether a body is worth taking apart as text, in UTF-8 or in an
// encoding of one byte per letter.
func isText(body []byte) bool {
	for _, c := range body[:min(len(body), 1024)] {
		if c < 9 || c > 13 && c < 32 && c != 27 && c != 30 { // 30 begins JSON (RFC 7464)
			return false
		}
	}
	return true
}
