package report

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// page is a text page under construction. Colour only repeats what words and
// glyphs say already.
type page struct {
	bytes.Buffer
	width int
	o     Options
	glyph glyphs
}

// glyphs are what pictures are drawn with.
type glyphs struct {
	certain, measured, margin, mark string
	levels                          []string // of a strip, lowest first
	gap, rule, tick                 string
}

var (
	blocks = glyphs{
		certain: "█", measured: "▓", margin: "░", mark: "┃",
		levels: []string{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"}, gap: "·", rule: "─", tick: "│",
	}
	letters = glyphs{
		certain: "#", measured: "=", margin: "-", mark: "|",
		levels: []string{".", ":", "-", "=", "+", "*", "#", "@"}, gap: "_", rule: "-", tick: "|",
	}
)

type style string

// The styles: bold, and three of the eight base colours.
const (
	strong style = "1"
	red    style = "31"
	green  style = "32"
	yellow style = "33"
)

// minWidth is the narrowest page that the pictures fit on.
const minWidth = 60

func newPage(o Options) *page {
	p := &page{width: max(minWidth, o.Width), o: o, glyph: blocks}
	if o.Width == 0 {
		p.width = 80
	}
	if o.ASCII {
		p.glyph = letters
	}
	return p
}

// in styles text where colour is wanted.
func (p *page) in(s style, text string) string {
	if !p.o.Color || text == "" {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[0m"
}

func (p *page) line(format string, args ...any) {
	s := strings.TrimRight(fmt.Sprintf(format, args...), " ")
	p.WriteString(p.ascii(s) + "\n")
}

func (p *page) blank() { p.WriteByte('\n') }

// endsBlank tells whether the page ends in an empty line.
func (p *page) endsBlank() bool { return bytes.HasSuffix(p.Bytes(), []byte("\n\n")) }

// heading begins a section.
func (p *page) heading(text string) {
	if !p.endsBlank() {
		p.blank()
	}
	p.para("", p.in(strong, text))
}

// para writes text wrapped to the page: the first line behind first, further
// lines behind as many spaces. What it holds must be plain already.
func (p *page) para(first, text string) {
	p.hang(first, strings.Repeat(" ", ansi.StringWidth(first)), text)
}

func (p *page) hang(first, rest, text string) {
	room := max(20, p.width-max(ansi.StringWidth(first), ansi.StringWidth(rest)))
	for i, l := range wrap(text, room) {
		if i > 0 {
			first = rest
		}
		p.line("%s", first+l)
	}
}

// ascii replaces the few characters beyond ASCII that stageprobe itself writes.
func (p *page) ascii(s string) string {
	if !p.o.ASCII {
		return s
	}
	return asciiWords.Replace(s)
}

var asciiWords = strings.NewReplacer("…", "...", "«", "\"", "»", "\"", "→", "->", "–", "-", "×", "x")

// wrap breaks text at spaces, but not before a percent sign. A word that is too
// long for a line has one of its own: an address or a name that was broken could
// not be copied.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.SplitSeq(strings.ReplaceAll(text, " %", nbsp+"%"), " ") {
		if word == "" {
			continue
		}
		word = strings.ReplaceAll(word, nbsp, " ")
		switch {
		case line == "":
			line = word
		case ansi.StringWidth(line)+1+ansi.StringWidth(word) <= width:
			line += " " + word
		default:
			lines = append(lines, line)
			line = word
		}
	}
	return append(lines, line)
}

const nbsp = "\u00a0"

// pad fills text up to a column; what is too long is cut.
func pad(s string, width int) string {
	s = ansi.Truncate(s, width, "…")
	return s + strings.Repeat(" ", max(0, width-ansi.StringWidth(s)))
}

// padLeft fills from the left.
func padLeft(s string, width int) string {
	return strings.Repeat(" ", max(0, width-ansi.StringWidth(s))) + s
}

// gap is the room between two columns of words.
const gap = 2

func columnWidths(rows [][]string) []int {
	var widths []int
	for _, r := range rows {
		for i, cell := range r {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], ansi.StringWidth(cell))
		}
	}
	return widths
}

// tableWidth is the room that a table would take.
func tableWidth(rows [][]string) int {
	widths := columnWidths(rows)
	return sum(widths) + gap*(len(widths)-1)
}

// fitted writes a table of words whose columns share the page: the widest give
// way first.
func (p *page) fitted(indent string, rows [][]string) {
	widths := columnWidths(rows)
	room := p.width - len(indent) - gap*(len(widths)-1)
	for sum(widths) > room && slices.Max(widths) > 1 {
		widths[slices.Index(widths, slices.Max(widths))]--
	}
	for _, r := range rows {
		cells := make([]string, len(r))
		for i, cell := range r {
			cells[i] = pad(cell, widths[i])
		}
		p.line("%s%s", indent, strings.Join(cells, strings.Repeat(" ", gap)))
	}
}

func sum(list []int) int {
	n := 0
	for _, x := range list {
		n += x
	}
	return n
}

// table writes aligned columns; the first is to the left, others to the right.
func (p *page) table(indent string, rows [][]string) {
	var widths []int
	for _, r := range rows {
		for i, cell := range r {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], min(ansi.StringWidth(cell), p.width/2))
		}
	}
	for _, r := range rows {
		var b strings.Builder
		for i, cell := range r {
			if i == 0 {
				b.WriteString(pad(cell, widths[i]))
				continue
			}
			b.WriteString("  " + padLeft(ansi.Truncate(cell, widths[i], "…"), widths[i]))
		}
		p.line("%s", ansi.Truncate(indent+b.String(), p.width, "…"))
	}
}
