package report

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"stageprobe/analyze"
)

func TestHTML(t *testing.T) {
	for _, e := range examples {
		if e.name == "hostile" {
			continue // its escaping is tested below; the bytes are the template package's matter
		}
		golden(t, "html/"+e.name+".html", write(t, HTML, e.make()))
	}
}

// walk visits every element of a page.
func walk(n *html.Node, visit func(*html.Node)) {
	if n.Type == html.ElementNode {
		visit(n)
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		walk(c, visit)
	}
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func child(n *html.Node, name string) bool {
	for c := range n.ChildNodes() {
		if c.Data == name {
			return true
		}
	}
	return false
}

func TestHTMLHoldsNothingActiveAndLoadsNothing(t *testing.T) {
	for _, e := range examples {
		page := string(write(t, HTML, e.make()))
		root, err := html.Parse(strings.NewReader(page))
		if err != nil {
			t.Fatal(err)
		}
		scripts := 0
		walk(root, func(n *html.Node) {
			switch n.Data {
			case "script":
				if scripts++; n.FirstChild.Data != htmlScript || len(n.Attr) > 0 {
					t.Errorf("%s: a script of somebody else", e.name)
				}
			case "iframe", "object", "embed", "link", "img", "form", "base", "video", "audio":
				t.Errorf("%s: element %s", e.name, n.Data)
			}
			for _, a := range n.Attr {
				if strings.HasPrefix(a.Key, "on") || a.Key == "src" || (a.Key == "href" && !strings.HasPrefix(a.Val, "#")) {
					t.Errorf("%s: %s %s=%q", e.name, n.Data, a.Key, a.Val)
				}
			}
		})
		if scripts != 1 {
			t.Errorf("%s: %d scripts", e.name, scripts)
		}
		for _, bad := range []string{"ZgotmplZ", "<no value>", "%!"} {
			if strings.Contains(page, bad) {
				t.Errorf("%s: %q in the page", e.name, bad)
			}
		}
	}
}

// What a screen reader and a keyboard need.
func TestHTMLIsAccessible(t *testing.T) {
	for _, e := range examples {
		root, err := html.Parse(strings.NewReader(string(write(t, HTML, e.make()))))
		if err != nil {
			t.Fatal(err)
		}
		ids, refs, last := map[string]int{}, []string{}, 0
		walk(root, func(n *html.Node) {
			switch n.Data {
			case "svg":
				if attr(n, "role") != "img" || !child(n, "title") || !child(n, "desc") {
					t.Errorf("%s: a drawing without words", e.name)
				}
			case "table":
				if !child(n, "caption") {
					t.Errorf("%s: a table without caption", e.name)
				}
			case "th":
				if attr(n, "scope") == "" {
					t.Errorf("%s: a head without scope", e.name)
				}
			case "h1", "h2", "h3", "h4":
				if level := int(n.Data[1] - '0'); level > last+1 {
					t.Errorf("%s: %s follows h%d", e.name, n.Data, last)
				} else {
					last = level
				}
			}
			if attr(n, "class") == "scroll" && (attr(n, "tabindex") != "0" || attr(n, "aria-label")+attr(n, "aria-labelledby") == "") {
				t.Errorf("%s: a region that scrolls and has no focus or name", e.name)
			}
			if id := attr(n, "id"); id != "" {
				ids[id]++
			}
			if ref := attr(n, "aria-labelledby"); ref != "" {
				refs = append(refs, ref)
			}
		})
		for _, ref := range append(refs, "main") {
			if ids[ref] != 1 {
				t.Errorf("%s: %d elements have the id %s", e.name, ids[ref], ref)
			}
		}
	}
}

func TestBodyLinesMarkWhatDiffers(t *testing.T) {
	differs := map[string]bool{"/items/0/total": true, "/a~1b": true, "/empty": true, "/version": true}
	for _, tt := range []struct {
		body string
		want []bodyLine
	}{
		{`{"version":2.50,"items":[{"id":"A","total":1e3},null],"a/b":"<x>","empty":{},"z":[]}`, []bodyLine{
			{"{", false}, {`  "version": 2.50,`, true}, {`  "items": [`, false}, {"    {", false}, {`      "id": "A",`, false},
			{`      "total": 1e3`, true}, {"    },", false}, {"    null", false}, {"  ],", false}, {`  "a/b": "<x>",`, true},
			{`  "empty": {`, true}, {"  },", false}, {`  "z": [`, false}, {"  ]", false}, {"}", false},
		}},
		{"two\nlines\x1b", []bodyLine{{"two", false}, {`lines\x1b`, false}}},
		{`{"cut":`, []bodyLine{{`{"cut":`, false}}},
		{`{} {}`, []bodyLine{{`{} {}`, false}}},
		{"", nil},
	} {
		if diff := cmp.Diff(tt.want, bodyLines(tt.body, differs)); diff != "" {
			t.Errorf("%s:\n%s", tt.body, diff)
		}
	}
	deep := strings.Repeat("[", 5000)
	if got := bodyLines(deep, nil); len(got) != 1 || got[0].Text != deep {
		t.Errorf("a deep body became %d lines", len(got))
	}
}

// Where nothing was sent the strip stays blank; where a behaviour had no part
// of the answers its ground shows.
func TestStripTellsSilenceFromAnother(t *testing.T) {
	c := stripChart([]panel{{Scenario: "GET /", Windows: []int{2, 0, 0, 3}, Rows: []behaviour{{Letter: "A", Windows: []int{2, 0, 0, 0}}}}})
	want := []rect{
		{0, 0, 250, 24, "ground"}, {750, 0, 250, 24, "ground"},
		{0, 0, 250, 24, "tone0"},
	}
	if diff := cmp.Diff(want, c.Rects); diff != "" {
		t.Error(diff)
	}
}

// A page says each thing once: who reads it at night does not read twice.
func TestHTMLSaysEachSentenceOnce(t *testing.T) {
	overWorlds(t, func(t *testing.T, rep *analyze.Report) {
		root, err := html.Parse(strings.NewReader(string(write(t, HTML, rep))))
		if err != nil {
			t.Fatal(err)
		}
		if len(rep.Config.APIs) >= minAPIs {
			return // many stages have the same edit
		}
		seen := map[string]int{}
		walk(root, func(n *html.Node) {
			if !slices.Contains([]string{"p", "li", "h4", "dd"}, n.Data) || strings.HasPrefix(plainText(n), "Careful:") || strings.HasPrefix(plainText(n), "Leaves:") {
				return
			}
			for s := range strings.SplitSeq(plainText(n), ". ") {
				if s = strings.Trim(s, " .\n"); len(strings.Fields(s)) > 6 {
					seen[s]++
				}
			}
		})
		for s, n := range seen {
			if n > len(rep.Targets) || n > 1 && strings.Contains(statements(rep), s) {
				t.Errorf("%d times: %s", n, s)
			}
		}
	})
}

func plainText(n *html.Node) string {
	if n.Type == html.TextNode {
		return n.Data
	}
	var b strings.Builder
	for c := range n.ChildNodes() {
		b.WriteString(plainText(c))
	}
	return strings.ReplaceAll(b.String(), nbsp, " ")
}

func statements(rep *analyze.Report) string {
	var b strings.Builder
	for _, f := range rep.Findings {
		b.WriteString(f.Statement + "\n")
	}
	return b.String()
}

// A command on the page is the command, however its lines are broken.
func TestHTMLKeepsCommands(t *testing.T) {
	tag := regexp.MustCompile("</?span>")
	for _, c := range []string{
		"aws apigateway update-stage --rest-api-id orders7x2a --stage-name prod --patch-operations op=remove,path=/canarySettings --region us-east-1",
		`aws x --name 'a  b "c" \' --stage-name '$default' --json '{"a": [1,  2]}' --last a\ b <x>`,
	} {
		want := strings.Join(breakCommand(c, commandWidth), "\n")
		if got := html.UnescapeString(tag.ReplaceAllString(string(htmlCommand(c)), "")); got != want {
			t.Errorf("got %s\nwant %s", got, want)
		}
	}
}
