package predeploy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// maxNodes bounds a YAML document with its aliases written out, and maxNested
// how deep it may be nested.
const (
	maxNodes  = 2_000_000
	maxNested = 500
)

// decode reads JSON, or YAML with the short forms of CloudFormation (!Ref).
func decode(data []byte) (doc any, err error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if json.Unmarshal(data, &doc) == nil {
		return doc, nil
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, errors.New("it is empty")
	}
	// The YAML library follows pointers that some broken documents leave nil.
	defer func() {
		if p := recover(); p != nil {
			doc, err = nil, fmt.Errorf("it cannot be read (%v): something in it is empty or out of place", p)
		}
	}()
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		first, _, _ := strings.Cut(err.Error(), "\n")
		return nil, errors.New(first)
	}
	if len(file.Docs) == 0 || file.Docs[0].Body == nil {
		return nil, errors.New("it is empty")
	}
	y := yamlReader{anchors: map[string]ast.Node{}}
	doc = y.value(file.Docs[0].Body, 0)
	return doc, y.err
}

// yamlReader turns nodes into plain values.
type yamlReader struct {
	anchors map[string]ast.Node
	nodes   int
	err     error
}

func (y *yamlReader) value(n ast.Node, depth int) any {
	y.nodes++
	if y.nodes > maxNodes || depth > maxNested {
		y.err = fmt.Errorf("it holds more than %d values, or is nested more than %d deep", maxNodes, maxNested)
	}
	if y.err != nil || n == nil {
		return nil
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		out := make(map[string]any, len(n.Values))
		for _, v := range n.Values {
			y.pair(out, v, depth)
		}
		return out
	case *ast.MappingValueNode:
		out := map[string]any{}
		y.pair(out, n, depth)
		return out
	case *ast.SequenceNode:
		out := make([]any, 0, len(n.Values))
		for _, v := range n.Values {
			out = append(out, y.value(v, depth+1))
		}
		return out
	case *ast.AnchorNode:
		y.anchors[n.Name.GetToken().Value] = n.Value
		return y.value(n.Value, depth+1)
	case *ast.AliasNode:
		return y.value(y.anchors[n.Value.GetToken().Value], depth+1)
	case *ast.TagNode:
		return y.tagged(n, depth)
	case *ast.LiteralNode:
		return n.Value.Value
	case ast.ScalarNode:
		return scalar(n)
	}
	return nil
}

func (y *yamlReader) pair(out map[string]any, v *ast.MappingValueNode, depth int) {
	value := y.value(v.Value, depth+1)
	if v.Key.IsMergeKey() {
		merged, _ := value.(map[string]any)
		for k, x := range merged {
			if _, own := out[k]; !own {
				out[k] = x
			}
		}
		return
	}
	key := v.Key.(ast.Node)
	if k, ok := key.(ast.ScalarNode); ok {
		out[textOf(scalar(k))] = value
		return
	}
	out[key.String()] = value
}

// scalar makes all numbers one type, as JSON does.
func scalar(n ast.ScalarNode) any {
	v := n.GetValue()
	if f, ok := number(v); ok {
		if _, isText := v.(string); !isText {
			return f
		}
	}
	return v
}

// tagged reads the short form of an intrinsic function: !GetAtt A.B is
// {"Fn::GetAtt": ["A", "B"]}.
func (y *yamlReader) tagged(n *ast.TagNode, depth int) any {
	name := strings.TrimPrefix(n.Start.Value, "!")
	v := y.value(n.Value, depth+1)
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
	return v // a standard tag such as !!str, or one of somebody else's
}
