package prose_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/template"
	"text/template/parse"

	"stageprobe/analyze/cause"
	"stageprobe/analyze/report/prose"
)

// where the facts are.
const deciding = "../../cause"

// source is what the sentences are for: the facts with their fields, and the values of
// those without.
type source struct {
	fields map[string][]string
	topics []string
	files  []*ast.File
}

func read(t *testing.T) source {
	t.Helper()
	names, err := filepath.Glob(deciding + "/*.go")
	if err != nil {
		t.Fatal(err)
	}
	s := source{fields: map[string][]string{}}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		s.files = append(s.files, file)
		ast.Inspect(file, s.take)
	}
	if len(s.fields) < 50 || len(s.topics) < 20 {
		t.Fatalf("%d facts and %d topics: they were not found", len(s.fields), len(s.topics))
	}
	return s
}

func (s *source) take(n ast.Node) bool {
	switch x := n.(type) {
	case *ast.TypeSpec:
		if st, ok := x.Type.(*ast.StructType); ok && embeds(st, "said") {
			s.fields[x.Name.Name] = fieldsOf(st)
		}
	case *ast.CallExpr: // Topic("a value")
		if f, ok := x.Fun.(*ast.Ident); ok && f.Name == "Topic" && len(x.Args) == 1 {
			if lit, ok := x.Args[0].(*ast.BasicLit); ok {
				s.topics = append(s.topics, unquoted(lit))
			}
		}
	}
	return true
}

func unquoted(lit *ast.BasicLit) string {
	text, err := strconv.Unquote(lit.Value)
	if err != nil {
		panic(err) // the parser has read it
	}
	return text
}

func embeds(st *ast.StructType, name string) bool {
	return slices.ContainsFunc(st.Fields.List, func(f *ast.Field) bool {
		id, ok := f.Type.(*ast.Ident)
		return ok && len(f.Names) == 0 && id.Name == name
	})
}

func fieldsOf(st *ast.StructType) []string {
	var out []string
	for _, f := range st.Fields.List {
		for _, name := range f.Names {
			out = append(out, name.Name)
		}
	}
	return out
}

// Every fact has a sentence, which uses every field that it has.
func TestEveryFactHasASentence(t *testing.T) {
	s := read(t)
	for name, fields := range s.fields {
		sentence := prose.Sentences().Lookup(name)
		if sentence == nil {
			t.Errorf("%s has no sentence", name)
			continue
		}
		used := used(sentence)
		for _, field := range fields {
			if !used[field] && !notSaid[name+"."+field] {
				t.Errorf("the sentence of %s does not say %s", name, field)
			}
		}
	}
	for _, topic := range s.topics {
		if prose.Sentences().Lookup(topic) == nil {
			t.Errorf("%q has no sentence", topic)
		}
	}
}

// notSaid are fields that the sentence around them says, or that no sentence needs: the API of a
// step that speaks of a stage.
var notSaid = map[string]bool{"History.API": true, "Copies.N": true}

// used are the names of fields in a template and in those that it calls.
func used(t *template.Template) map[string]bool {
	out := map[string]bool{}
	seen := map[string]bool{}
	var walk func(parse.Node)
	list := func(l *parse.ListNode) {
		if l != nil {
			walk(l)
		}
	}
	branch := func(b *parse.BranchNode) { walk(b.Pipe); list(b.List); list(b.ElseList) }
	walk = func(n parse.Node) {
		switch x := n.(type) {
		case *parse.ListNode:
			for _, c := range x.Nodes {
				walk(c)
			}
		case *parse.ActionNode:
			walk(x.Pipe)
		case *parse.IfNode:
			branch(&x.BranchNode)
		case *parse.WithNode:
			branch(&x.BranchNode)
		case *parse.RangeNode:
			branch(&x.BranchNode)
		case *parse.TemplateNode:
			if x.Pipe != nil {
				walk(x.Pipe)
			}
			if !seen[x.Name] {
				seen[x.Name] = true
				walk(prose.Sentences().Lookup(x.Name).Root)
			}
		case *parse.PipeNode:
			for _, c := range x.Cmds {
				walk(c)
			}
		case *parse.CommandNode:
			for _, a := range x.Args {
				walk(a)
			}
		case *parse.FieldNode:
			for _, name := range x.Ident {
				out[name] = true
			}
		case *parse.VariableNode:
			for _, name := range x.Ident {
				out[name] = true
			}
		case *parse.ChainNode:
			walk(x.Node)
		}
	}
	walk(t.Root)
	return out
}

// Whoever decides writes no words: what stands in its code are names of the field, and
// values of facts that have a sentence here.
func TestWhoDecidesWritesNoWords(t *testing.T) {
	s := read(t)
	for _, file := range s.files {
		ast.Inspect(file, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				if sel, ok := call.Fun.(*ast.SelectorExpr); ok && strings.HasPrefix(sel.Sel.Name, "Sprint") {
					t.Errorf("a text is put together with %s", sel.Sel.Name)
				}
			}
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING || strings.HasPrefix(lit.Value, "`json:") {
				return true
			}
			if text := unquoted(lit); len(strings.Fields(text)) > mostWords {
				t.Errorf("%q is a sentence", text)
			}
			return true
		})
	}
}

// mostWords is how long the name of a thing may be: "link e-value by feature, target as
// factor" is the name of a test.
const mostWords = 8

// A fact that nobody made a sentence for shows its fields and ends nothing.
func TestAFactWithoutASentence(t *testing.T) {
	type surprise struct{ Share float64 }
	if got := prose.Say(surprise{.5}); got != "surprise {Share:0.5}" {
		t.Error(got)
	}
	if got := prose.Say(nil); got != "" {
		t.Errorf("nothing is said as %q", got)
	}
}

func TestSay(t *testing.T) {
	own := cause.Interval{Estimate: .1, Low: .05, High: .2}
	for want, fact := range map[string]any{
		"Stage prod answers from its own deployment and from its canary.":                                                                              cause.TwoDeployments{Stage: "prod"},
		"Stage (unknown) answers from its own deployment d1 and from its canary d2 (10 % configured; 10 % measured, 5 % to 20 %).":                     cause.TwoDeployments{Deployment: "d1", Canary: "d2", Share: new(.1), Measured: &own},
		"By the logs, 1 of 90 answers of the own deployment deviate (500) against 0 of 10 of the canary.":                                              cause.CanaryDeviates{Canary: cause.Count{K: 0, N: 10}, Own: cause.Count{K: 1, N: 90}, Answers: []string{"500"}, Explains: 1},
		"By the logs, 1 of 2 answers of the canary deviate (500) against 0 of 9 of the own deployment; 7 later answers may not be logged in full yet.": cause.CanaryDeviates{Canary: cause.Count{K: 1, N: 2}, Own: cause.Count{K: 0, N: 9}, Answers: []string{"500"}, Explains: 1, Late: 7},
		"The canary does not explain it: 2 of its 10 answers fail, and 20 of 90 of the stage's own deployment; the rates differ by -3 % to 1 %.":       cause.NotByCanary{Rates: cause.SideRates{Canary: cause.Count{K: 2, N: 10}, Own: cause.Count{K: 20, N: 90}}, Low: -.03, High: .01},
		"configuration: stage prod deploymentId d1, canarySettings percentTraffic 7, deploymentId d2, stageVariableOverrides a=1,b=2":                  cause.CanaryConfigured{Stage: "prod", Deployment: "d1", Share: .07, Canary: "d2", Overrides: []string{"a=1", "b=2"}},
		"configuration: throttling.rate is not set on stage a and 10 on stage b":                                                                       cause.Configured{Setting: "throttling.rate", On: []cause.StageValue{{Stage: "a"}, {Stage: "b", Value: "10"}}},
		"d is served by stage blue of API b, not by stage prod which it is meant to serve.": func() any {
			var s cause.ServedElsewhere
			s.Target, s.By.APIID, s.By.Stage, s.Meant.APIID, s.Meant.Stage = "d", "b", "blue", "a", "prod"
			return s
		}(),
		"log g: (r1) stage prod, canary true, executed version 7":                                                                              cause.Logged{Group: "g", Request: "r1", Says: cause.ServedBy{Stage: "prod", Canary: new(true), Version: "7"}},
		"the canary and the address go together in this design: 12 requests at a level of either that the run has not met would separate them": cause.Together{Drivers: []string{"canary-split", "address"}, Apart: cause.Apart{Requests: 12}},
		"Its 5 answers fit the answers of stage a, b or c, which answer alike and not those of stage d.":                                       cause.AnswersFit{N: 5, Stages: []string{"a", "b", "c"}, Not: "d"},
	} {
		if got := prose.Say(fact); got != want {
			t.Errorf("said is %q\nwanted  %q", got, want)
		}
	}
}

// Lines are sorted and said once.
func TestLines(t *testing.T) {
	got := prose.Lines([]cause.Fact{cause.Topic("nothing to mend"), cause.Plain{Text: "a"}, cause.Topic("nothing to mend")})
	if !slices.Equal(got, []string{"a", "nothing to mend"}) {
		t.Error(got)
	}
}

// No sentence is left over.
func TestNoSentenceIsLeftOver(t *testing.T) {
	s := read(t)
	known := map[string]bool{"": true, "setting": true}
	for name := range s.fields {
		known[name] = true
	}
	for _, topic := range s.topics {
		known[topic] = true
	}
	for _, sentence := range prose.Sentences().Templates() {
		for _, n := range calls(sentence.Root) {
			known[n] = true
		}
	}
	for _, file := range s.files { // values of facts in a table
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING && lit.Value[0] == '"' {
				known[unquoted(lit)] = true
			}
			return true
		})
	}
	for _, sentence := range prose.Sentences().Templates() {
		if name := sentence.Name(); !known[name] && !strings.HasSuffix(name, ".tmpl") {
			t.Errorf("nothing is said with %q; facts: %v", name, slices.Sorted(maps.Keys(s.fields)))
		}
	}
}

// calls are the templates that a template calls.
func calls(n parse.Node) []string {
	var out []string
	switch x := n.(type) {
	case *parse.ListNode:
		if x != nil {
			for _, c := range x.Nodes {
				out = append(out, calls(c)...)
			}
		}
	case *parse.TemplateNode:
		out = append(out, x.Name)
	case *parse.IfNode:
		out = append(calls(x.List), calls(x.ElseList)...)
	case *parse.WithNode:
		out = append(calls(x.List), calls(x.ElseList)...)
	case *parse.RangeNode:
		out = append(calls(x.List), calls(x.ElseList)...)
	}
	return out
}
