package analyze_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// mostMethods is how many methods a type may have before it is two subjects.
const mostMethods = 25

// debts are types that are two subjects today, with the methods that they have:
// the number may only fall.
var debts = map[string]int{
	"../analyze.Session":                               39,
	"../analyze/feature.Extractor":                     67,
	"../analyze/report.page":                           40,
	"../analyze/signature.evidence":                    49,
	"../probe/inventory.reading":                       51,
	"../probe/logs/fetch.run":                          38,
	"../scenarios/sandbox/internal/cwl.Store":          44,
	"../scenarios/sandbox/internal/dataplane.exchange": 70,
	"../scenarios/sandbox/internal/gwlog.writer":       28,
}

// No type of the program carries more than a reader can hold.
func TestNoTypeHasTooManyMethods(t *testing.T) {
	methods := map[string]int{}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv != nil {
				methods[filepath.ToSlash(filepath.Dir(path))+"."+receiver(f.Recv.List[0].Type)]++
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if methods["../analyze/cause.Facts"] == 0 {
		t.Fatal("the methods of analyze/cause were not counted")
	}
	for name, n := range methods {
		if most := max(mostMethods, debts[name]); n > most {
			t.Errorf("%s has %d methods, more than %d: it is two subjects", name, n, most)
		}
		if debts[name] > 0 && n <= mostMethods {
			t.Errorf("%s has %d methods: it is no debt any more", name, n)
		}
	}
}

// receiver is the name of a receiver's type, without pointer and parameters.
func receiver(e ast.Expr) string {
	switch x := e.(type) {
	case *ast.StarExpr:
		return receiver(x.X)
	case *ast.IndexExpr:
		return receiver(x.X)
	case *ast.Ident:
		return x.Name
	}
	return ""
}
