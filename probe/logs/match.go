package logs

import (
	"bytes"
	"slices"
	"sync"
)

// matcher finds every way in which a line can have been written with a format.
//
// cuts[i] holds the positions at which the value of field i may begin; the last
// one holds the end of the line. A forward pass finds the positions that can be
// reached from the start, a backward pass keeps those that lead to the end. A
// value is certain where one beginning and one end are left. Each pass visits a
// position of the line at most once per field, so the cost is linear in the
// line for a given format.
type matcher struct {
	line []byte
	cuts [][]int
}

var matchers = sync.Pool{New: func() any { return new(matcher) }}

// match reads the line by the literals between the variables.
func (f *Format) match(line []byte, e *entry) bool {
	if !bytes.HasPrefix(line, []byte(f.head)) {
		return false
	}
	m := matchers.Get().(*matcher)
	defer matchers.Put(m)
	m.line = line
	if !m.forward(f) {
		return false
	}
	m.backward(f)
	m.report(f, e)
	m.line = nil
	return true
}

// forward fills cuts; false where the format does not fit.
func (m *matcher) forward(f *Format) bool {
	for len(m.cuts) <= len(f.fields) {
		m.cuts = append(m.cuts, nil)
	}
	m.cuts[0] = append(m.cuts[0][:0], len(f.head))
	for i := range f.fields {
		last := i == len(f.fields)-1
		m.cuts[i+1] = m.advance(m.cuts[i+1][:0], m.cuts[i], &f.fields[i], last)
		if len(m.cuts[i+1]) == 0 {
			return false
		}
	}
	return true
}

// advance appends to next where the field after this one may begin, given where
// this one may.
func (m *matcher) advance(next, starts []int, f *field, last bool) []int {
	done, run := -1, 0 // ends up to done were looked at; run is the end of the current run of bytes
	dashes := false
	for _, start := range starts {
		if m.isDash(start) {
			if m.literalAt(start+1, f.after, last) {
				next = append(next, start+1+len(f.after))
				dashes = true
			}
			if !f.shape.dash {
				continue
			}
		}
		run = m.runEnd(start, run, &f.shape)
		from, to := start+f.shape.min, run
		if f.shape.max > 0 {
			to = min(to, start+f.shape.max)
		}
		next = m.find(next, max(from, done+1), to, f.after, last)
		done = max(done, to)
	}
	if dashes {
		// A lone "-" may have been found out of order, or twice.
		slices.Sort(next)
		next = slices.Compact(next)
	}
	return next
}

// isDash reports whether the value at start begins with "-": a missing value, or
// free text.
func (m *matcher) isDash(start int) bool {
	return start < len(m.line) && m.line[start] == '-'
}

// runEnd returns the end of the run of bytes that the shape allows from start
// on; known is the end of a run already measured, which start may lie in.
func (m *matcher) runEnd(start, known int, s *shape) int {
	if s.bytes == nil {
		return len(m.line)
	}
	end := max(start, known)
	for end < len(m.line) && s.bytes[m.line[end]] {
		end++
	}
	return end
}

// find appends the positions behind every occurrence of a literal that begins
// in from…to.
func (m *matcher) find(next []int, from, to int, literal string, last bool) []int {
	if last {
		if end := len(m.line) - len(literal); end >= from && end <= to && m.literalAt(end, literal, last) {
			next = append(next, len(m.line))
		}
		return next
	}
	for from <= to {
		at := bytes.Index(m.line[from:min(to+len(literal), len(m.line))], []byte(literal))
		if at < 0 {
			break
		}
		next = append(next, from+at+len(literal))
		from += at + 1
	}
	return next
}

// literalAt reports whether the literal stands at a position; the last one ends
// the line.
func (m *matcher) literalAt(at int, literal string, last bool) bool {
	end := at + len(literal)
	return end <= len(m.line) && string(m.line[at:end]) == literal && (!last || end == len(m.line))
}

// backward drops the cuts from which the end cannot be reached.
func (m *matcher) backward(f *Format) {
	for i := len(f.fields) - 1; i >= 0; i-- {
		ends, field, run := m.cuts[i+1], &f.fields[i], 0
		m.cuts[i] = slices.DeleteFunc(m.cuts[i], func(start int) bool {
			run = m.runEnd(start, run, &field.shape)
			return !m.reaches(start, run, ends, field)
		})
	}
}

// reaches reports whether a value that begins at start can end before one of
// the given cuts.
func (m *matcher) reaches(start, run int, ends []int, f *field) bool {
	if m.isDash(start) {
		if _, found := slices.BinarySearch(ends, start+1+len(f.after)); found {
			return true
		}
		if !f.shape.dash {
			return false
		}
	}
	to := run
	if f.shape.max > 0 {
		to = min(to, start+f.shape.max)
	}
	at, _ := slices.BinarySearch(ends, start+f.shape.min+len(f.after))
	return at < len(ends) && ends[at] <= to+len(f.after)
}

// report hands the certain values to the entry and names the others.
func (m *matcher) report(f *Format, e *entry) {
	for i := range f.fields {
		starts, ends := m.cuts[i], m.cuts[i+1]
		if len(starts) != 1 || len(ends) != 1 {
			e.rec.Doubts = append(e.rec.Doubts, f.fields[i].name+" can be read in more than one way")
			continue
		}
		e.apply(f.fields[i].name, unquote(m.line[starts[0]:ends[0]-len(f.fields[i].after)]))
	}
}
