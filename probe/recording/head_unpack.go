package recording

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"stageprobe/probe"
)

// headUnpacker puts headers together again; it remembers the templates.
type headUnpacker struct {
	known map[string][]headLine
	size  int
}

// headLine is one header of a template.
type headLine struct {
	name  string
	parts []headPart
}

// headPart is a piece of a value: as it is, or by its mark.
type headPart struct {
	mark byte // 0: text
	text string
	n    int // digits or letters
}

// knownHeads bounds the bytes of templates that are remembered.
const knownHeads = 16 << 20

var errTemplate = errors.New("damaged headers")

func (u *headUnpacker) unpack(template, hex, text, minted string) ([]probe.Header, error) {
	if template == "" {
		return nil, nil
	}
	if template[0] == markJSON {
		var pairs [][2][]byte
		if err := json.Unmarshal([]byte(template[1:]), &pairs); err != nil {
			return nil, err
		}
		hs := make([]probe.Header, len(pairs))
		for i, p := range pairs {
			hs[i] = probe.Header{Name: string(p[0]), Value: string(p[1])}
		}
		return hs, nil
	}
	lines, ok := u.known[template]
	if !ok {
		var err error
		if lines, err = parseTemplate(template); err != nil {
			return nil, err
		}
		if u.size += len(template); u.known == nil || u.size > knownHeads {
			u.known, u.size = map[string][]headLine{}, len(template)
		}
		u.known[template] = lines
	}
	f := filling{hex: hex, text: text, minted: minted}
	hs := make([]probe.Header, len(lines))
	for i, l := range lines {
		v, err := f.value(l.parts)
		if err != nil {
			return nil, err
		}
		hs[i] = probe.Header{Name: l.name, Value: v}
	}
	return hs, nil
}

func parseTemplate(template string) ([]headLine, error) {
	var lines []headLine
	for line := range strings.Lines(template) {
		name, rest, ok := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		if !ok {
			return nil, errTemplate
		}
		l := headLine{name: name}
		for rest != "" {
			at := strings.IndexAny(rest, marks)
			if at < 0 {
				at = len(rest)
			}
			if at > 0 {
				l.parts = append(l.parts, headPart{text: rest[:at]})
				rest = rest[at:]
				continue
			}
			p := headPart{mark: rest[0]}
			rest = rest[1:]
			if p.mark == markHex || p.mark == markBase64 {
				n, after, ok := strings.Cut(rest, string(rune(markEnd)))
				var err error
				if p.n, err = strconv.Atoi(n); err != nil || !ok || p.n < 0 {
					return nil, errTemplate
				}
				rest = after
			}
			l.parts = append(l.parts, p)
		}
		lines = append(lines, l)
	}
	return lines, nil
}

// filling is what goes into one answer's template.
type filling struct {
	hex, text, minted string
	used              int // digits of hex
}

func (f *filling) value(parts []headPart) (string, error) {
	if len(parts) == 1 && parts[0].mark != markHex && parts[0].mark != markBase64 {
		return f.part(parts[0]), nil
	}
	var b []byte
	for _, p := range parts {
		digits := p.n
		switch p.mark {
		case markHex:
		case markBase64:
			digits = p.n/2*3 + p.n%2*2
		default:
			b = append(b, f.part(p)...)
			continue
		}
		if p.n > 2*len(f.hex) || digits > 2*len(f.hex)-f.used {
			return "", errTemplate
		}
		if p.mark == markHex {
			for range digits {
				b = append(b, "0123456789abcdef"[f.digit()])
			}
			continue
		}
		for i := 0; i < p.n; i += 2 {
			d := f.digit()
			e := f.digit()
			if i+1 == p.n {
				b = append(b, base64Letters[d<<2|e&3])
				break
			}
			b = append(b, base64Letters[d<<2|e>>2], base64Letters[e&3<<4|f.digit()])
		}
	}
	return string(b), nil
}

func (f *filling) digit() byte {
	c := f.hex[f.used/2] >> (4 - 4*(f.used%2)) & 15
	f.used++
	return c
}

func (f *filling) part(p headPart) string {
	switch p.mark {
	case markMinted:
		return f.minted
	case markText:
		line, rest, _ := strings.Cut(f.text, "\n")
		f.text = rest
		return line
	}
	return p.text
}
