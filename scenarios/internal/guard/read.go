package guard

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// ReadFile reads a file of at most limit bytes: a device, a pipe without an end or
// a file that was named by mistake takes neither memory nor time.
func ReadFile(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%s: more than %d bytes", path, limit)
	}
	return data, nil
}

// The deepest nesting of a document that is read, and the most aliases. Decoders
// descend once per level, and each alias stands for all that its anchor holds.
const (
	maxDepth   = 200
	maxAliases = 1000
)

// Document refuses YAML and JSON that no person and no tool writes, before a
// decoder sees it: nested without end, or made of aliases.
func Document(data []byte) error {
	if bytes.IndexByte(data, 0) >= 0 {
		return errors.New("it holds zero bytes, so it is no text")
	}
	aliases := 0
	flow := nesting{}
	for line := range bytes.Lines(data) {
		indent, rest := 0, line
		for len(rest) > 0 && (rest[0] == ' ' || rest[0] == '\t' || rest[0] == '-' || rest[0] == '?') {
			if rest[0] == '-' || rest[0] == '?' {
				indent++
			}
			rest = rest[1:]
		}
		flow.line(line)
		if indent > maxDepth || flow.deepest > maxDepth {
			return fmt.Errorf("it is nested more than %d levels deep", maxDepth)
		}
		aliases += bytes.Count(rest, []byte(": *")) + bytes.Count(rest, []byte("[*")) + bytes.Count(rest, []byte(", *")) + bytes.Count(line, []byte("- *")) + bytes.Count(rest, []byte(",*"))
		if aliases > maxAliases {
			return fmt.Errorf("it holds more than %d aliases", maxAliases)
		}
	}
	return nil
}

// nesting counts brackets outside of quoted text.
type nesting struct {
	depth, deepest int
	quote          byte
}

func (n *nesting) line(line []byte) {
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case n.quote != 0 && c == '\\' && n.quote == '"':
			i++
		case n.quote != 0:
			if c == n.quote {
				n.quote = 0
			}
		case c == '"' && (n.depth > 0 || i == 0 || line[i-1] == ' '):
			n.quote = c
		case c == '[' || c == '{':
			n.depth++
			n.deepest = max(n.deepest, n.depth)
		case (c == ']' || c == '}') && n.depth > 0:
			n.depth--
		}
	}
	if n.depth == 0 {
		n.quote = 0 // an apostrophe or inch sign in plain text
	}
}
