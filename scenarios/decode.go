package scenarios

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"stageprobe/scenarios/near"
)

// reader is a value with more than one spelling, which reads itself.
type reader interface {
	read(d *document, n ast.Node) error
}

// decode fills in a value strictly: unknown keys and wrong types are errors.
func (d *document) decode(into any) error {
	if d.root == nil {
		return d.wrong(nil, "the file is empty", "it begins with version: 1; stageprobe init writes one")
	}
	return d.value(d.root, reflect.ValueOf(into).Elem(), "the file")
}

// value reads a node into v; what says in errors which value it is.
func (d *document) value(n ast.Node, v reflect.Value, what string) error {
	if r, ok := v.Addr().Interface().(reader); ok {
		return r.read(d, n)
	}
	if _, null := n.(*ast.NullNode); null {
		return nil // as if it were left out
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return d.value(n, v.Elem(), what)
	case reflect.Struct:
		return d.structure(n, v, what)
	case reflect.Map:
		return d.table(n, v, what)
	case reflect.Slice:
		return d.list(n, v, what)
	}
	return d.scalar(n, v, what)
}

func (d *document) structure(n ast.Node, v reflect.Value, what string) error {
	m, err := d.mapping(n, what)
	if err != nil {
		return err
	}
	fields := fieldsOf(v.Type())
	for _, pair := range m.Values {
		key := keyOf(pair)
		index, ok := fields[key]
		if !ok {
			return d.unknown(pair.Key, key, slices.Sorted(maps.Keys(fields)))
		}
		if err := d.value(pair.Value, v.Field(index), key); err != nil {
			return err
		}
	}
	return nil
}

// unknown is the error for a key or word that is not among those allowed.
func (d *document) unknown(n ast.Node, word string, allowed []string) error {
	text := fmt.Sprintf("%q is not known here", word)
	if meant := near.Word(word, allowed); meant != "" {
		text += fmt.Sprintf("; did you mean %q?", meant)
	}
	return d.wrong(n, text, "allowed here: "+strings.Join(allowed, ", "))
}

func (d *document) table(n ast.Node, v reflect.Value, what string) error {
	m, err := d.mapping(n, what)
	if err != nil {
		return err
	}
	v.Set(reflect.MakeMapWithSize(v.Type(), len(m.Values)))
	for _, pair := range m.Values {
		item := reflect.New(v.Type().Elem()).Elem()
		if err := d.value(pair.Value, item, keyOf(pair)); err != nil {
			return err
		}
		v.SetMapIndex(reflect.ValueOf(keyOf(pair)), item)
	}
	return nil
}

func (d *document) mapping(n ast.Node, what string) (*ast.MappingNode, error) {
	if m, ok := n.(*ast.MappingNode); ok {
		return m, nil
	}
	return nil, d.wrong(n, fmt.Sprintf("%s must be a mapping (key: value), not %s", what, kindOf(n)), "")
}

func (d *document) list(n ast.Node, v reflect.Value, what string) error {
	s, ok := n.(*ast.SequenceNode)
	if !ok {
		return d.wrong(n, fmt.Sprintf("%s must be a list, not %s", what, kindOf(n)), fmt.Sprintf("write %s: […]", what))
	}
	v.Set(reflect.MakeSlice(v.Type(), len(s.Values), len(s.Values)))
	for i, item := range s.Values {
		if err := d.value(item, v.Index(i), "an entry of "+what); err != nil {
			return err
		}
	}
	return nil
}

func (d *document) scalar(n ast.Node, v reflect.Value, what string) error {
	wrong := func(want string) error {
		return d.wrong(n, fmt.Sprintf("%s must be %s, not %s", what, want, kindOf(n)), "")
	}
	switch v.Kind() {
	case reflect.String:
		text, ok := textOf(n)
		if !ok {
			return wrong("text")
		}
		v.SetString(text)
	case reflect.Bool:
		b, ok := n.(*ast.BoolNode)
		if !ok {
			return wrong("true or false")
		}
		v.SetBool(b.Value)
	case reflect.Int:
		x, ok := numberOf(n)
		if !ok || x != float64(int(x)) {
			return wrong("a whole number")
		}
		v.SetInt(int64(x))
	case reflect.Float64:
		x, ok := numberOf(n)
		if !ok {
			return wrong("a number")
		}
		v.SetFloat(x)
	default:
		panic("scenarios: no rule reads a " + v.Type().String())
	}
	return nil
}

// fieldsOf maps the keys of a struct to its fields.
func fieldsOf(t reflect.Type) map[string]int {
	out := map[string]int{}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
		if name != "" && name != "-" {
			out[name] = i
		}
	}
	return out
}

func keyOf(pair *ast.MappingValueNode) string {
	if text, ok := textOf(pair.Key); ok {
		return text
	}
	return pair.Key.String()
}

// child is the value of a key; nil where there is none.
func child(m *ast.MappingNode, key string) ast.Node {
	for _, pair := range m.Values {
		if keyOf(pair) == key {
			return pair.Value
		}
	}
	return nil
}

// textOf is a scalar as text: what looks like a number or a boolean is text as
// it is written.
func textOf(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return n.GetToken().Value, true
	}
	return "", false
}

func numberOf(n ast.Node) (float64, bool) {
	switch n := n.(type) {
	case *ast.IntegerNode:
		switch x := n.Value.(type) {
		case int64:
			return float64(x), true
		case uint64:
			return float64(x), true
		}
	case *ast.FloatNode:
		return n.Value, true
	}
	return 0, false
}

func kindOf(n ast.Node) string {
	switch n.(type) {
	case *ast.MappingNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	case *ast.NullNode:
		return "nothing"
	}
	if text, ok := textOf(n); ok && len(text) <= 40 {
		return fmt.Sprintf("%q", text)
	}
	return "this"
}

// at finds the node of a value by its keys and indexes; where a key is left
// out, the mapping that lacks it.
func (d *document) at(path ...any) ast.Node {
	n := d.root
	for _, step := range path {
		var next ast.Node
		switch step := step.(type) {
		case string:
			if m, ok := n.(*ast.MappingNode); ok {
				next = child(m, step)
			}
		case int:
			if s, ok := n.(*ast.SequenceNode); ok && step < len(s.Values) {
				next = s.Values[step]
			}
		}
		if next == nil {
			return n
		}
		n = next
	}
	return n
}
