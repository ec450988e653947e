package explain

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"stageprobe/scenarios/captures"
)

// What people had at hand, rebuilt from public reports, is read as its folder
// says.
func TestReports(t *testing.T) {
	read := 0
	for _, r := range captures.Reports() {
		if r.Args[0] != "explain" {
			continue
		}
		read++
		t.Run(r.Name, func(t *testing.T) {
			var opts Options
			if i := slices.Index(r.Args, "--url"); i >= 0 {
				opts.URL = r.Args[i+1]
			}
			doc, err := Explain(r.Input, opts)
			if r.Expect.Hint != "" {
				printed := ""
				if err != nil {
					printed = err.Error()
				} else {
					printed = inJSON(t, doc)
				}
				if !regexp.MustCompile(r.Expect.Hint).MatchString(printed) {
					t.Errorf("%s", printed)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			meets(t, inJSON(t, doc), r.Expect)
		})
	}
	if read < 12 {
		t.Errorf("%d reports", read)
	}
}

func inJSON(t *testing.T, doc *Document) string {
	t.Helper()
	var b bytes.Buffer
	if err := doc.JSON(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func meets(t *testing.T, printed string, want captures.Expectation) {
	t.Helper()
	var doc struct {
		Kind  string
		Items []map[string]any
	}
	if err := json.Unmarshal([]byte(printed), &doc); err != nil {
		t.Fatal(err)
	}
	if want.Kind != "" && doc.Kind != want.Kind || want.Items != 0 && len(doc.Items) != want.Items {
		t.Fatalf("%s with %d items, want %s with %d\n%s", doc.Kind, len(doc.Items), want.Kind, want.Items, printed)
	}
	for _, w := range want.Read {
		for _, fault := range misread(doc.Items[int(w["item"].(float64))], w) {
			t.Error(fault)
		}
	}
	if t.Failed() {
		t.Log(printed)
	}
}

// misread says in what an item is not as wanted.
func misread(item, want map[string]any) (faults []string) {
	var candidates []string
	for _, c := range item["candidates"].([]any) {
		m := c.(map[string]any)
		candidates = append(candidates, fmt.Sprint(m["cause"], " ", m["why"], " ", m["tells_apart"]))
	}
	whole, _ := json.Marshal(item)
	for field, value := range want {
		ok := true
		switch field {
		case "item":
		case "first":
			ok = len(candidates) > 0 && regexp.MustCompile(value.(string)).MatchString(candidates[0])
		case "any":
			for _, p := range value.([]any) {
				ok = ok && slices.ContainsFunc(candidates, regexp.MustCompile(p.(string)).MatchString)
			}
		case "none":
			for _, p := range value.([]any) {
				ok = ok && !slices.ContainsFunc(candidates, regexp.MustCompile(p.(string)).MatchString)
			}
		case "says":
			ok = regexp.MustCompile(value.(string)).Match(whole)
		default:
			ok = fmt.Sprint(item[field]) == fmt.Sprint(value) ||
				field == "error" && strings.Contains(fmt.Sprint(item[field]), fmt.Sprint(value))
		}
		if !ok {
			faults = append(faults, fmt.Sprintf("item %v: %s is not %v", want["item"], field, value))
		}
	}
	return faults
}
