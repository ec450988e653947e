package probe

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A recording keeps the headers of an answer as a template and what is put into
// it. The template names the headers in order, one "name: value" a line; most
// answers of a stage share a few. In it stand
//
//	\x01       the id that the request was sent with
//	\x02 n \x03  n hexadecimal digits, taken from the row's hex
//	\x04       a text, taken from the row's text
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
	markJSON   = '\x00'
)

// headPacker makes templates. What varies is told from what does not by how
// often a header has had its value before.
type headPacker struct {
	order  []*headField          // of the last answer
	fields map[string]*headField // by name
	out    []byte
	hex    []byte
	digits int
	text   []byte
}

type headField struct {
	name           string
	values, shapes recent
}

// pack returns the parts; they are overwritten by the next call.
func (p *headPacker) pack(hs []Header, minted string) (template, hex, text []byte) {
	p.out, p.hex, p.text, p.digits = p.out[:0], p.hex[:0], p.text[:0], 0
	texts := 0
	for i := range hs {
		if !lineable(hs[i].Name, true) || !lineable(hs[i].Value, false) {
			return p.asJSON(hs)
		}
		f := p.field(i, hs[i].Name)
		p.out = append(append(p.out, f.name...), ": "...)
		switch v := hs[i].Value; {
		case minted != "" && v == minted:
			p.out = append(p.out, markMinted)
		case f.values.has(v):
			p.out = append(p.out, v...)
		case p.shaped(f, v):
		default:
			if texts > 0 {
				p.text = append(p.text, '\n')
			}
			texts++
			p.out, p.text = append(p.out, markText), append(p.text, v...)
		}
		p.out = append(p.out, '\n')
	}
	return p.out, p.hex, p.text
}

func (p *headPacker) asJSON(hs []Header) (template, hex, text []byte) {
	pairs := make([][2][]byte, len(hs))
	for i, h := range hs {
		pairs[i] = [2][]byte{[]byte(h.Name), []byte(h.Value)}
	}
	b, _ := json.Marshal(pairs) // bytes always can be
	return append(append(p.out[:0], markJSON), b...), nil, nil
}

// field finds what is known of a header; names mostly come in the same order.
func (p *headPacker) field(i int, name string) *headField {
	if i < len(p.order) && p.order[i].name == name {
		return p.order[i]
	}
	f := p.fields[name]
	if f == nil {
		if f = (&headField{name: strings.Clone(name)}); len(p.fields) < 1024 {
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
	for i := 0; i < len(v); {
		n := i
		for n < len(v) && nibble(v[n]) < 16 {
			n++
		}
		if n-i < 4 {
			n = max(n, i+1)
			p.out = append(p.out, v[i:n]...)
			i = n
			continue
		}
		p.out = append(strconv.AppendInt(append(p.out, markHex), int64(n-i), 10), markEnd)
		for ; i < n; i++ {
			p.digit(nibble(v[i]))
		}
	}
	if p.digits-digits >= 12 && f.shapes.has(string(p.out[out:])) {
		return true
	}
	p.out, p.hex = p.out[:out], p.hex[:hex]
	if p.digits = digits; digits%2 == 1 {
		p.hex[hex-1] &= 0xf0
	}
	return false
}

func (p *headPacker) digit(d byte) {
	if p.digits%2 == 0 {
		p.hex = append(p.hex, d<<4)
	} else {
		p.hex[len(p.hex)-1] |= d
	}
	p.digits++
}

// nibble is the value of a lower-case hexadecimal digit; 16 of anything else.
func nibble(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	}
	return 16
}

// lineable tells that a template can hold a header's name or value as it is.
func lineable(s string, name bool) bool {
	for i := range len(s) {
		if s[i] < ' ' || name && s[i] == ':' {
			return false
		}
	}
	return utf8.ValidString(s)
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

func (r *recent) has(v string) bool {
	if v == r.last && len(r.order) > 0 || r.values[v] {
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
