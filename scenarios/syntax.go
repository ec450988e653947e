package scenarios

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"stageprobe/probe/lazyregexp"
	"stageprobe/probe/redact"
	"stageprobe/scenarios/internal/guard"
)

// SyntaxError is one thing that is wrong with a scenario file, where it stands
// and what is allowed there.
type SyntaxError struct {
	File   string
	Line   int    // from 1
	Column int    // from 1
	Text   string // what is wrong
	Hint   string // what is allowed; may be empty
	Source string // the line, or of a very long one what stands around the column

	cut int // characters of the line before Source
}

// Error quotes the line with a caret below the place.
func (e *SyntaxError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d:%d: %s", e.File, e.Line, e.Column, e.Text)
	if e.Source != "" {
		gutter := fmt.Sprintf("%5d", e.Line)
		fmt.Fprintf(&b, "\n%s | %s\n%*s | %s^", gutter, e.Source, len(gutter), "", indent(e.Source, e.Column-1-e.cut))
	}
	if e.Hint != "" {
		b.WriteString("\n" + e.Hint)
	}
	return b.String()
}

// clip keeps of a very long line what stands around the place.
func (e *SyntaxError) clip() {
	const around = 60
	runes := []rune(e.Source)
	if len(runes) <= 2*around {
		return
	}
	from := max(0, min(e.Column-1, len(runes))-around)
	e.Source = string(runes[from:min(len(runes), from+2*around)])
	e.cut = from
}

// indent is as wide as the first n characters of a line, tabs kept.
func indent(line string, n int) string {
	var b strings.Builder
	for i, r := range []rune(line) {
		if i == n {
			break
		}
		if r != '\t' {
			r = ' '
		}
		b.WriteRune(r)
	}
	return b.String()
}

// document is a file's syntax tree, aliases replaced by what they stand for.
type document struct {
	name  string
	lines []string
	root  ast.Node // nil for an empty file
}

// maxNodes bounds what aliases may expand to.
const maxNodes = 100_000

func parseDocument(name string, data []byte) (*document, error) {
	d := &document{name: cmp.Or(name, "scenario file"), lines: strings.Split(string(data), "\n")}
	if err := guard.Document(data); err != nil {
		return nil, fmt.Errorf("%s: %w", d.name, err)
	}
	var file *ast.File
	err := guard.Call(func() (err error) {
		file, err = parser.ParseBytes(data, 0)
		return err
	})
	if err != nil {
		return nil, d.syntax(err)
	}
	bodies := slices.DeleteFunc(file.Docs, func(doc *ast.DocumentNode) bool { return doc.Body == nil })
	switch {
	case len(bodies) == 0:
		return d, nil
	case len(bodies) > 1:
		return nil, d.wrong(bodies[1].Body, "a second document", "a scenario file is one YAML document")
	}
	e := expansion{document: d, anchors: map[string]ast.Node{}, left: maxNodes}
	d.root, err = e.node(bodies[0].Body)
	return d, err
}

// syntax turns an error of the YAML parser into one of ours.
func (d *document) syntax(err error) error {
	var at yaml.Error
	if !errors.As(err, &at) || at.GetToken() == nil {
		return fmt.Errorf("%s: %w", d.name, err)
	}
	return d.wrongAt(at.GetToken(), "not YAML: "+at.GetMessage(), "")
}

// wrong makes the error for a node.
func (d *document) wrong(n ast.Node, text, hint string) *SyntaxError {
	if n == nil {
		return d.wrongAt(nil, text, hint)
	}
	return d.wrongAt(first(n), text, hint)
}

// first is the token at which a node begins.
func first(n ast.Node) *token.Token {
	switch n := n.(type) {
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return first(n.Values[0])
		}
	case *ast.MappingValueNode:
		return n.Key.GetToken()
	case *ast.SequenceNode:
		return n.Start
	}
	return n.GetToken()
}

func (d *document) wrongAt(t *token.Token, text, hint string) *SyntaxError {
	e := &SyntaxError{File: d.name, Line: 1, Column: 1, Text: text, Hint: hint}
	if t != nil && t.Position != nil {
		e.Line, e.Column = max(t.Position.Line, 1), max(t.Position.Column, 1)
	}
	if e.Line <= len(d.lines) {
		e.Source = hidden(strings.TrimRight(d.lines[e.Line-1], "\r"))
		e.clip()
	}
	return e
}

// pair is a key and its plain value on a line.
var pair = lazyregexp.New(`["']?([\w.-]+)["']?\s*:\s*("[^"]*"|'[^']*'|[^\s,}\]{\["']+)`)

// hidden is a line with stars in place of the values that are secret by their names,
// of the same length: the column stays where it was.
func hidden(line string) string {
	var out strings.Builder
	done := 0
	for _, at := range pair.FindAllSubmatchIndex([]byte(line), -1) {
		name, value := line[at[2]:at[3]], line[at[4]:at[5]]
		if (redact.SecretName(name) || redact.SecretParameter(name)) && !isReference(strings.Trim(value, `"'`)) {
			out.WriteString(line[done:at[4]] + strings.Repeat("*", utf8.RuneCountInString(value)))
			done = at[5]
		}
	}
	return out.String() + line[done:]
}

// expansion replaces aliases, anchors and merge keys by what they stand for.
type expansion struct {
	*document
	anchors map[string]ast.Node
	left    int
}

func (e *expansion) node(n ast.Node) (ast.Node, error) {
	if e.left--; e.left < 0 {
		return nil, e.wrong(n, "aliases make the file too large", fmt.Sprintf("at most %d values", maxNodes))
	}
	switch n := n.(type) {
	case *ast.AnchorNode:
		value, err := e.node(n.Value)
		e.anchors[n.Name.GetToken().Value] = value
		return value, err
	case *ast.AliasNode:
		value, ok := e.anchors[n.Value.GetToken().Value]
		if !ok {
			return nil, e.wrong(n, fmt.Sprintf("no anchor &%s stands before this alias", n.Value.GetToken().Value), "")
		}
		return e.node(value)
	case *ast.TagNode:
		return e.node(n.Value)
	case *ast.MappingValueNode:
		return e.mapping(&ast.MappingNode{BaseNode: n.BaseNode, Start: n.Start, Values: []*ast.MappingValueNode{n}})
	case *ast.MappingNode:
		return e.mapping(n)
	case *ast.SequenceNode:
		return e.sequence(n)
	}
	return n, nil
}

func (e *expansion) sequence(n *ast.SequenceNode) (ast.Node, error) {
	out := *n
	out.Values = make([]ast.Node, len(n.Values))
	for i, v := range n.Values {
		var err error
		if out.Values[i], err = e.node(unsplit(v)); err != nil {
			return nil, err
		}
	}
	return &out, nil
}

// unsplit joins what the parser takes for a pair in a list within braces, as
// {tags: [env:NAME]}: without a space behind it a colon is part of the text
// (YAML 1.2, section 7.3.3).
func unsplit(n ast.Node) ast.Node {
	pair, ok := n.(*ast.MappingValueNode)
	if m, is := n.(*ast.MappingNode); is && !m.IsFlowStyle && len(m.Values) == 1 {
		pair, ok = m.Values[0], true
	}
	if !ok || pair.Key.GetToken().Type != token.StringType {
		return n
	}
	value := unsplit(pair.Value)
	text, scalar := textOf(value)
	colon, at := pair.Start, value.GetToken()
	if !scalar || colon == nil || at.Position.Line != colon.Position.Line || at.Position.Column != colon.Position.Column+1 {
		return n
	}
	key := pair.Key.GetToken()
	text = key.Value + ":" + text
	return ast.String(token.New(text, text, key.Position))
}

// mapping expands the values; keys of the mapping itself go before merged ones.
func (e *expansion) mapping(n *ast.MappingNode) (ast.Node, error) {
	out := *n
	out.Values = nil
	var merged []*ast.MappingValueNode
	for _, pair := range n.Values {
		value, err := e.node(pair.Value)
		if err != nil {
			return nil, err
		}
		if !pair.Key.IsMergeKey() {
			own := *pair
			own.Value = value
			out.Values = append(out.Values, &own)
			continue
		}
		from, ok := value.(*ast.MappingNode)
		if !ok {
			return nil, e.wrong(pair.Value, "<< merges a mapping, and this is none", "")
		}
		merged = append(merged, from.Values...)
	}
	for _, pair := range merged {
		if child(&out, keyOf(pair)) == nil {
			out.Values = append(out.Values, pair)
		}
	}
	return &out, nil
}
