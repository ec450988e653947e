package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// bodyLine is one line of an example body as the page shows it.
type bodyLine struct {
	Text    string
	Differs bool
}

// maxBody bounds an example on the page.
const maxBody = 32 << 10

// bodyLines lays a body out: JSON one value per line, with those marked whose
// JSON pointer (RFC 6901) differs from the usual behaviour; anything else as
// it is.
func bodyLines(body string, differs map[string]bool) []bodyLine {
	w := jsonWriter{differs: differs}
	if len(body) <= maxBody && w.document(body) == nil {
		return w.lines
	}
	if len(body) > maxBody {
		body = body[:maxBody] + "…"
	}
	if body == "" {
		return nil
	}
	var lines []bodyLine
	for l := range strings.SplitSeq(PlainLines(body), "\n") {
		lines = append(lines, bodyLine{Text: l})
	}
	return lines
}

// jsonWriter lays out JSON, keeping the order of fields and the spelling of
// numbers, which decoding into a map would lose.
type jsonWriter struct {
	dec     *json.Decoder
	differs map[string]bool
	lines   []bodyLine
	depth   int
}

// maxDepth keeps a hostile body from exhausting the stack.
const maxDepth = 100

var errTooDeep = errors.New("nested too deep to lay out")

func (w *jsonWriter) document(body string) error {
	w.dec = json.NewDecoder(strings.NewReader(body))
	w.dec.UseNumber()
	if err := w.value("", ""); err != nil {
		return err
	}
	if _, err := w.dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one value")
	}
	for i := 0; i+1 < len(w.lines); i++ { // a comma between siblings
		if next := strings.TrimSpace(w.lines[i+1].Text); !opens(w.lines[i].Text) && next != "}" && next != "]" {
			w.lines[i].Text += ","
		}
	}
	return nil
}

func opens(line string) bool { return strings.HasSuffix(line, "{") || strings.HasSuffix(line, "[") }

// value writes the next value; label is the name before it.
func (w *jsonWriter) value(pointer, label string) error {
	t, err := w.dec.Token()
	if err != nil {
		return err
	}
	delim, nested := t.(json.Delim)
	if !nested {
		w.line(pointer, label+quoted(t))
		return nil
	}
	if w.depth++; w.depth > maxDepth {
		return errTooDeep
	}
	w.depth--
	w.line(pointer, label+delim.String())
	w.depth++
	err = w.members(pointer, delim)
	w.depth--
	if err != nil {
		return err
	}
	end, err := w.dec.Token()
	if err == nil {
		w.line("", fmt.Sprint(end))
	}
	return err
}

// members writes what an object or array holds.
func (w *jsonWriter) members(pointer string, delim json.Delim) error {
	for i := 0; w.dec.More(); i++ {
		key, label := fmt.Sprint(i), ""
		if delim == '{' {
			t, err := w.dec.Token()
			if err != nil {
				return err
			}
			key, _ = t.(string)
			label = quoted(key) + ": "
		}
		if err := w.value(pointer+"/"+pointerEscape.Replace(key), label); err != nil {
			return err
		}
	}
	return nil
}

// quoted is a scalar as JSON, with < and > left readable: the page escapes them.
func quoted(v any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return plain(fmt.Sprint(v))
	}
	return plain(strings.TrimSuffix(b.String(), "\n"))
}

var pointerEscape = strings.NewReplacer("~", "~0", "/", "~1")

func (w *jsonWriter) line(pointer, text string) {
	w.lines = append(w.lines, bodyLine{strings.Repeat("  ", w.depth) + text, pointer != "" && w.differs[pointer]})
}
