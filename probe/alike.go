package probe

import (
	"bytes"
	"math"
	"strings"
	"sync/atomic"
)

// alike remembers the last answers to a form. Most of an answer is as it was in the one
// before: only the rest is read and kept anew, and observations share what they have in
// common.
type alike struct {
	head atomic.Pointer[likeHead]
	body atomic.Pointer[[]byte]
}

// likeHead is the head of an answer of the usual form.
type likeHead struct {
	begin string // the status line
	code  int
	lines []likeLine
	least atomic.Int32 // lines that an answer had otherwise
	worse atomic.Int32 // answers in a row that had more of them
}

type likeLine struct {
	text string // with the line's end
	Header
}

const (
	// mostAlike bounds what is remembered of a head, and of a body.
	mostAlike = 4 << 10
	// outdated is how many answers in a row show that answers are no longer so.
	outdated = 4
)

// parse is [parsePlain] for an answer that may be like the one remembered. odd is for
// what is not; it is overwritten.
func (a *alike) parse(head []byte, odd *[]byte) (p plain, ok bool) {
	m := a.head.Load()
	if m == nil || len(head) < len(m.begin) || string(head[:len(m.begin)]) != m.begin {
		p, ok = parsePlain(string(head))
		a.judge(m, math.MaxInt32, head, ok)
		return p, ok
	}
	missed, ok := p.fill(m, head, odd)
	a.judge(m, missed, head, ok)
	return p, ok
}

// fill takes what a head has in common with another from there; missed is how many lines
// are otherwise.
func (p *plain) fill(m *likeHead, head []byte, odd *[]byte) (missed int32, ok bool) {
	p.status, p.size = m.code, -1
	p.header = make([]Header, 0, len(m.lines))
	rest, other := head[len(m.begin):], (*odd)[:0]
	for len(rest) > 0 && rest[0] != '\r' {
		i := len(p.header)
		if i == maxPlain {
			return missed, false
		}
		if i < len(m.lines) {
			if l := &m.lines[i]; len(rest) > len(l.text) && string(rest[:len(l.text)]) == l.text {
				p.header, rest = append(p.header, l.Header), rest[len(l.text):]
				continue
			}
		}
		end := bytes.IndexByte(rest, '\n') + 1
		other = append(other, rest[:end]...)
		p.header, rest = append(p.header, Header{}), rest[end:]
		missed++
	}
	*odd = append(other, rest...)
	if len(rest) != len("\r\n") {
		return missed, false
	}
	at, text := 0, ""
	if missed > 0 {
		text = string(*odd)
	}
	for i := range p.header {
		h := &p.header[i]
		if h.Name == "" {
			if h.Name, h.Value, at, ok = field(text, at); !ok {
				return missed, false
			}
		}
		if !p.framing(h.Name, h.Value) {
			return missed, false
		}
	}
	if len(p.header) < len(m.lines) {
		missed++
	}
	return missed, p.size >= 0
}

// judge remembers a head in place of m where m has become unlike the answers.
func (a *alike) judge(m *likeHead, missed int32, head []byte, ok bool) {
	switch {
	case !ok || len(head) > mostAlike:
		return
	case m == nil:
	case missed <= m.least.Load():
		m.least.Store(missed)
		m.worse.Store(0)
		return
	case m.worse.Add(1) < outdated:
		return
	}
	text := string(head)
	p, ok := parsePlain(text)
	if !ok {
		return
	}
	end := strings.IndexByte(text, '\n') + 1
	n := &likeHead{begin: text[:end], code: p.status, lines: make([]likeLine, len(p.header))}
	n.least.Store(math.MaxInt32 - 1)
	for i, h := range p.header {
		text = text[end:]
		end = strings.IndexByte(text, '\n') + 1
		n.lines[i] = likeLine{text[:end], h}
	}
	a.head.Store(n)
}

// keep is a copy of a body, that of the last answer where that had the same.
func (a *alike) keep(body []byte) []byte {
	if last := a.body.Load(); last != nil && bytes.Equal(*last, body) {
		return *last
	}
	kept := append(make([]byte, 0, len(body)), body...)
	if len(kept) <= mostAlike {
		a.body.Store(&kept)
	}
	return kept
}
