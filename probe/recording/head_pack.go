package recording

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"

	"stageprobe/probe"
)

// A recording keeps the headers of an answer as a template and what is put into
// it. The template names the headers in order, one "name: value" a line; most
// answers of a stage share a few. In it stand
//
//	\x01       the id that the request was sent with
//	\x02 n \x03  n hexadecimal digits, taken from the row's hex
//	\x04       a text, taken from the row's text
//	\x05 n \x03  n letters of URL-safe base64, two of them in three digits of the row's
//	           hex, a last one in two
//
// and after \x00 the names and values in base64 as JSON, where they cannot be
// written so. hex holds
// the digits of all of them one after the other, two in a byte; text holds the
// texts, one a line.
const (
	markMinted = '\x01'
	markHex    = '\x02'
	markEnd    = '\x03'
	markText   = '\x04'
	markBase64 = '\x05'
	marks      = "\x01\x02\x04\x05"
	markJSON   = '\x00'
)

// headPacker makes templates. What varies is told from what does not by how
// often a header has had its value before.
type headPacker struct {
	order  []*headField          // of the last answer
	fields map[string]*headField // by name
	out    []byte
	ends   []int      // of the lines in out
	lines  []packLine // of out, where they are known
	turn   uint
	hex    []byte
	digits int
	text   []byte
	texts  int
}

// maxRuns is how many runs of digits of a value are told apart.
const maxRuns = 8

type headField struct {
	name           string
	odd            bool // no template can hold it
	values, shapes recent
	runs           [maxRuns]recent // of digits, by their place in a value
}

// packLine is a line of a template, to be filled from an answer like the last one.
type packLine struct {
	headLine
	hex  bool
	same []int // runs of digits that it holds as they are
}

// lookAnew is how often an answer that is like the last one is looked at all the same:
// what varied may have come to rest.
const lookAnew = 64

// pack returns the parts; they are overwritten by the next call. again tells that the
// template is that of the last one, whose lines were learned.
func (p *headPacker) pack(hs []probe.Header, minted string) (template, hex, text []byte, again bool) {
	p.hex, p.text, p.digits, p.texts = p.hex[:0], p.text[:0], 0, 0
	from := p.refill(hs, minted)
	if from == len(hs) && from == len(p.lines) && from > 0 {
		return p.out, p.hex, p.text, true
	}
	p.lines, p.ends = nil, p.ends[:from]
	if p.out = p.out[:0]; from > 0 {
		p.out = p.out[:p.ends[from-1]]
	}
	for i := from; i < len(hs); i++ {
		f, v := p.field(i, hs[i].Name), hs[i].Value
		if f.odd || v != f.values.last && !lineable(v, false) {
			p.ends = p.ends[:0]
			return p.asJSON(hs), nil, nil, false
		}
		p.out = append(append(p.out, f.name...), ": "...)
		switch {
		case minted != "" && v == minted:
			p.out = append(p.out, markMinted)
		case f.values.has(v):
			p.out = append(p.out, v...)
		case p.shaped(f, v), p.base64(v):
		default:
			p.out = append(p.out, markText)
			p.addText(v)
		}
		p.out = append(p.out, '\n')
		p.ends = append(p.ends, len(p.out))
	}
	return p.out, p.hex, p.text, false
}

func (p *headPacker) addText(v string) {
	if p.texts > 0 {
		p.text = append(p.text, '\n')
	}
	p.texts++
	p.text = append(p.text, v...)
}

// learn takes in the lines of the template that was made last.
func (p *headPacker) learn(lines []packLine) { p.lines = lines }

// packLines are the lines of a template; nil where it has none.
func packLines(template string) []packLine {
	if template == "" || template[0] == markJSON {
		return nil
	}
	parsed, err := parseTemplate(template)
	if err != nil {
		return nil
	}
	lines := make([]packLine, len(parsed))
	for i, l := range parsed {
		lines[i].headLine = l
		run := 0
		for _, part := range l.parts {
			if part.mark == markHex {
				lines[i].hex = true
				run++
			}
			for k := 0; k < len(part.text); k++ {
				n := digitsAt(part.text, k)
				if n >= leastRun && run < maxRuns {
					lines[i].same = append(lines[i].same, run)
					run++
				}
				k += n
			}
		}
	}
	return lines
}

// refill takes headers that are as the lines of the last template have them, and tells
// how many are.
func (p *headPacker) refill(hs []probe.Header, minted string) int {
	if p.turn++; p.turn%lookAnew == 0 {
		return 0
	}
	for i := range min(len(hs), len(p.lines)) {
		l := &p.lines[i]
		hex, text, digits, texts := len(p.hex), len(p.text), p.digits, p.texts
		if hs[i].Name != l.name || !p.fits(l, p.order[i], hs[i].Value, minted) {
			p.hex, p.text, p.texts = p.hex[:hex], p.text[:text], texts
			p.undigit(digits)
			return i
		}
	}
	return min(len(hs), len(p.lines))
}

// fits takes a value in by the parts of a line; false where it has others.
func (p *headPacker) fits(l *packLine, f *headField, v, minted string) bool {
	if len(l.parts) == 1 && l.parts[0].mark == 0 {
		if v != l.parts[0].text {
			return false
		}
		f.values.hits++
		return true
	}
	for i := range l.parts {
		n, ok := p.fit(&l.parts[i], v, minted)
		if !ok {
			return false
		}
		v = v[n:]
	}
	if v != "" {
		return false
	}
	if l.hex {
		f.shapes.hits++
	}
	for _, run := range l.same {
		f.runs[run].hits++
	}
	return true
}

// fit takes in what a part of a line stands for, and tells its length.
func (p *headPacker) fit(part *headPart, v, minted string) (n int, ok bool) {
	n = part.n
	switch part.mark {
	case markMinted:
		return len(minted), minted != "" && strings.HasPrefix(v, minted)
	case markText:
		if !lineable(v, false) {
			return 0, false
		}
		p.addText(v)
		return len(v), true
	case markHex:
		if len(v) < n {
			return 0, false
		}
		for i := range n {
			d := nibbles[v[i]]
			if d > 15 {
				return 0, false
			}
			p.digit(d)
		}
		return n, true
	case markBase64:
		if len(v) < n {
			return 0, false
		}
		for i := range n {
			if sextets[v[i]] > 63 {
				return 0, false
			}
		}
		p.sixBits(v[:n])
		return n, true
	}
	return len(part.text), strings.HasPrefix(v, part.text)
}

func (p *headPacker) asJSON(hs []probe.Header) []byte {
	pairs := make([][2][]byte, len(hs))
	for i, h := range hs {
		pairs[i] = [2][]byte{[]byte(h.Name), []byte(h.Value)}
	}
	b, _ := json.Marshal(pairs) // bytes always can be
	p.out = append(append(p.out[:0], markJSON), b...)
	return p.out
}

// field finds what is known of a header; names mostly come in the same order.
func (p *headPacker) field(i int, name string) *headField {
	if i < len(p.order) && p.order[i].name == name {
		return p.order[i]
	}
	f := p.fields[name]
	if f == nil {
		if f = (&headField{name: strings.Clone(name), odd: !lineable(name, true)}); len(p.fields) < 1024 {
			if p.fields == nil {
				p.fields = map[string]*headField{}
			}
			p.fields[f.name] = f
		}
	}
	p.order = append(p.order[:min(i, len(p.order))], f)
	return f
}

// shaped writes a value that is hexadecimal for the most part, such as a UUID,
// by its digits; false where it is not, or the rest differs from value to value.
func (p *headPacker) shaped(f *headField, v string) bool {
	out, hex, digits := len(p.out), len(p.hex), p.digits
	for i, run := 0, 0; i < len(v); {
		n := i + digitsAt(v, i)
		if n-i < leastRun || f.same(run, v[i:n]) {
			run += int(flag(n-i >= leastRun, 1))
			n = max(n, i+1)
			p.out = append(p.out, v[i:n]...)
			i = n
			continue
		}
		run++
		p.out = append(strconv.AppendInt(append(p.out, markHex), int64(n-i), 10), markEnd)
		for ; i < n; i++ {
			p.digit(nibbles[v[i]])
		}
	}
	if p.digits-digits >= 12 && f.shapes.hasBytes(p.out[out:]) {
		return true
	}
	p.out, p.hex = p.out[:out], p.hex[:hex]
	p.undigit(digits)
	return false
}

// leastRun is how many digits are worth telling by their values.
const leastRun = 4

// digitsAt is how many hexadecimal digits follow each other from a place on.
func digitsAt(v string, at int) int {
	n := at
	for n < len(v) && nibbles[v[n]] < 16 {
		n++
	}
	return n - at
}

// undigit lets go of the digits after so many; hex has been cut already.
func (p *headPacker) undigit(digits int) {
	if p.digits = digits; digits%2 == 1 {
		p.hex[len(p.hex)-1] &= 0xf0
	}
}

// base64 writes a value that is an id in base64 by its bits; false where it is none.
func (p *headPacker) base64(v string) bool {
	n, cases := 0, [3]bool{}
	for ; n < len(v) && sextets[v[n]] < 64; n++ {
		cases[min(sextets[v[n]]/26, 2)] = true
	}
	if n < 12 || n > 64 || !cases[0] || !cases[1] || strings.Trim(v[n:], "=") != "" {
		return false
	}
	p.out = append(append(strconv.AppendInt(append(p.out, markBase64), int64(n), 10), markEnd), v[n:]...)
	p.sixBits(v[:n])
	return true
}

// sixBits writes letters of base64 by their bits.
func (p *headPacker) sixBits(v string) {
	n := len(v)
	for i := 0; i < n; i += 2 {
		a := sextets[v[i]]
		if p.digit(a >> 2); i+1 == n {
			p.digit(a & 3)
			break
		}
		b := sextets[v[i+1]]
		p.digit(a&3<<2 | b>>4)
		p.digit(b & 15)
	}
}

func (p *headPacker) digit(d byte) {
	if p.digits%2 == 0 {
		p.hex = append(p.hex, d<<4)
	} else {
		p.hex[len(p.hex)-1] |= d
	}
	p.digits++
}

// same tells that a run of digits is one that comes again, such as the time in a
// trace id.
func (f *headField) same(run int, digits string) bool {
	return run < len(f.runs) && f.runs[run].has(digits)
}

// nibbles are the values of lower-case hexadecimal digits; 16 of anything else.
var nibbles = func() (t [256]byte) {
	for i := range t {
		t[i] = 16
	}
	for i, c := range []byte("0123456789abcdef") {
		t[c] = byte(i)
	}
	return t
}()

const base64Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// sextets are the values of the letters of URL-safe base64; 64 of anything else.
var sextets = func() (t [256]byte) {
	for i := range t {
		t[i] = 64
	}
	for i, c := range []byte(base64Letters) {
		t[c] = byte(i)
	}
	return t
}()

// lineable tells that a template can hold a header's name or value as it is.
func lineable(s string, name bool) bool {
	ascii := true
	for i := range len(s) {
		if s[i] < ' ' || name && s[i] == ':' {
			return false
		}
		ascii = ascii && s[i] < utf8.RuneSelf
	}
	return ascii || utf8.ValidString(s)
}

// recent tells values that come again from those that never do. It keeps a few,
// and lets new ones in for old ones only while most come again: a Date does, an
// id does not.
type recent struct {
	last         string
	values       map[string]bool
	order        []string
	next         int
	hits, misses int
}

const (
	recentValues = 16
	recentLength = 1 << 10 // no longer value is kept
)

// hasBytes is has, which makes a string of what is not as the last one was.
func (r *recent) hasBytes(v []byte) bool {
	if r.hits > 0 && string(v) == r.last {
		r.hits++
		return true
	}
	return r.has(string(v))
}

func (r *recent) has(v string) bool {
	if r.hits == 0 && r.misses > 4*recentValues {
		if r.misses++; r.misses%recentValues > 0 {
			return false // none ever came again; looking now and then will do
		}
	}
	if v == r.last && r.hits+r.misses > 0 || r.values[v] {
		r.last = v
		r.hits++
		return true
	}
	if r.misses++; r.misses+r.hits > 1<<10 {
		r.misses, r.hits = r.misses/2, r.hits/2
	}
	if len(v) > recentLength || len(r.order) == recentValues && r.misses*4 > r.hits {
		return false
	}
	v = strings.Clone(v)
	if r.values == nil {
		r.values = map[string]bool{}
	}
	if len(r.order) < recentValues {
		r.order = append(r.order, v)
	} else {
		delete(r.values, r.order[r.next])
		r.order[r.next] = v
		r.next = (r.next + 1) % recentValues
	}
	r.values[v], r.last = true, v
	return true
}
