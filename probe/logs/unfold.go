package logs

import "bytes"

// unfold gives the log of a test invocation its own line breaks back where the
// command line printed it in YAML: there they are written \n, and a break in the
// text is a blank. Any other text is returned as it is.
func unfold(text []byte) []byte {
	at := bytes.Index(text, []byte(`"Execution log for request `))
	if at < 0 {
		return text
	}
	scalar := text[at+1:]
	end := closingQuote(scalar)
	if end < 0 || bytes.IndexByte(scalar[:end], '\n') < 0 || !bytes.Contains(scalar[:end], []byte(`\n`)) {
		return text
	}
	var out []byte
	for i, line := range bytes.Split(scalar[:end], []byte("\n")) {
		switch line = trimBlank(line); {
		case i > 0 && bytes.HasSuffix(out, []byte(`\`)) && !bytes.HasSuffix(out, []byte(`\\`)):
			out = append(out[:len(out)-1], bytes.TrimPrefix(line, []byte(`\`))...) // the break is escaped
		case i > 0:
			out = append(append(out, ' '), line...)
		default:
			out = append(out, line...)
		}
	}
	return bytes.ReplaceAll(bytes.ReplaceAll(out, []byte(`\n`), []byte("\n")), []byte(`\"`), []byte(`"`))
}

// closingQuote is the first quotation mark that no backslash escapes, -1 where
// there is none.
func closingQuote(s []byte) int {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return -1
}
