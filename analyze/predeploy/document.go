package predeploy

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf16"

	"go.yaml.in/yaml/v3"
)

// maxNodes bounds a YAML document with its aliases written out, and maxNested
// how deep it may be nested.
const (
	maxNodes  = 2_000_000
	maxNested = 500
)

// decode reads JSON, or YAML with the short forms of CloudFormation (!Ref).
func decode(data []byte) (doc any, err error) {
	data = utf8Of(data)
	if json.Unmarshal(data, &doc) == nil {
		return doc, nil
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, errors.New("it is empty")
	}
	var root yaml.Node
	if err := yaml.Unmarshal(data, &root); err != nil {
		first, _, _ := strings.Cut(err.Error(), "\n")
		return nil, errors.New(first)
	}
	if len(root.Content) == 0 {
		return nil, errors.New("it is empty")
	}
	var y yamlReader
	doc = y.value(root.Content[0], 0)
	return doc, y.err
}

// utf8Of takes off a byte order mark, and makes UTF-8 of the UTF-16 that
// PowerShell's > writes.
func utf8Of(data []byte) []byte {
	var order binary.ByteOrder = binary.LittleEndian
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xfe")):
	case bytes.HasPrefix(data, []byte("\xfe\xff")):
		order = binary.BigEndian
	default:
		return bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	}
	units := make([]uint16, 0, len(data)/2)
	for i := 2; i+1 < len(data); i += 2 {
		units = append(units, order.Uint16(data[i:]))
	}
	return []byte(string(utf16.Decode(units)))
}

// yamlReader turns nodes into plain values, as JSON has them.
type yamlReader struct {
	nodes int
	err   error
}

func (y *yamlReader) value(n *yaml.Node, depth int) any {
	y.nodes++
	if y.nodes > maxNodes || depth > maxNested {
		y.err = fmt.Errorf("it holds more than %d values, or is nested more than %d deep", maxNodes, maxNested)
	}
	if y.err != nil {
		return nil
	}
	v := y.plain(n, depth)
	if strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!") {
		return tagged(strings.TrimPrefix(n.Tag, "!"), v)
	}
	return v
}

func (y *yamlReader) plain(n *yaml.Node, depth int) any {
	switch n.Kind {
	case yaml.MappingNode:
		out := make(map[string]any, len(n.Content)/2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			y.pair(out, n.Content[i], y.value(n.Content[i+1], depth+1))
		}
		return out
	case yaml.SequenceNode:
		out := make([]any, 0, len(n.Content))
		for _, c := range n.Content {
			out = append(out, y.value(c, depth+1))
		}
		return out
	case yaml.AliasNode:
		return y.value(n.Alias, depth+1)
	}
	return scalar(n)
}

func (y *yamlReader) pair(out map[string]any, key *yaml.Node, value any) {
	if key.ShortTag() != "!!merge" {
		out[key.Value] = value
		return
	}
	maps, isList := value.([]any)
	if !isList {
		maps = []any{value}
	}
	for _, m := range maps {
		for k, v := range object(m) {
			if _, own := out[k]; !own {
				out[k] = v
			}
		}
	}
}

// scalar makes all numbers one type, as JSON does, and keeps dates as text.
func scalar(n *yaml.Node) any {
	var v any
	switch n.ShortTag() {
	case "!!null":
		return nil
	case "!!bool", "!!int", "!!float":
		if n.Decode(&v) != nil {
			return n.Value
		}
	}
	if b, ok := v.(bool); ok {
		return b
	}
	if f, ok := number(v); ok {
		return f
	}
	return n.Value
}

// tagged reads the short form of an intrinsic function: !GetAtt A.B is
// {"Fn::GetAtt": ["A", "B"]}.
func tagged(name string, v any) any {
	switch name {
	case "Ref", "Condition":
		return map[string]any{name: v}
	case "GetAtt":
		if s, ok := v.(string); ok {
			resource, attribute, _ := strings.Cut(s, ".")
			v = []any{resource, attribute}
		}
		return map[string]any{"Fn::GetAtt": v}
	case "Sub", "Join", "If", "ImportValue", "FindInMap", "Select", "Split", "Base64", "Equals", "And", "Or", "Not", "GetAZs", "Cidr", "Transform", "ToJsonString", "Length", "ForEach":
		return map[string]any{"Fn::" + name: v}
	}
	return v // somebody else's
}
