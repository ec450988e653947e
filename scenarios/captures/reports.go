package captures

import (
	"embed"
	"encoding/json"
	"fmt"
	"path"
	"strings"
)

//go:embed reports
var reportFiles embed.FS

// Report is what somebody who suffered had at hand, with what must be read from
// it. The folder's README tells the format.
type Report struct {
	Name   string
	Args   []string // the command line; {input}, {scenarios} and {own} are left to the test
	Files  map[string][]byte
	Input  []byte // of explain; nil where the report is of a world
	Expect Expectation
}

// Expectation is what must be read right. What is empty is not asked for.
type Expectation struct {
	Kind  string
	Items int
	Read  []map[string]any
	Hint  string // a pattern in what is printed, where the input may also be refused

	Findings []struct {
		Cause  []string
		Linked []string
		Text   string
	}
	Absent       []string
	Outcome      []string
	Exit         []int
	Text         string
	NoneText     string `json:"none_text"`
	OwnDataPlane string `json:"own_data_plane"`
	Env          map[string]string
}

// Reports returns all of them, sorted by name. It panics where the embedded
// files are broken.
func Reports() []Report {
	folders, err := reportFiles.ReadDir("reports")
	if err != nil {
		panic(err)
	}
	var all []Report
	for _, f := range folders {
		if f.IsDir() {
			all = append(all, report(f.Name()))
		}
	}
	return all
}

func report(name string) Report {
	r := Report{Name: name, Files: map[string][]byte{}}
	folder := path.Join("reports", name)
	entries, err := reportFiles.ReadDir(folder)
	if err != nil {
		panic(err)
	}
	for _, e := range entries {
		text, err := reportFiles.ReadFile(path.Join(folder, e.Name()))
		if err != nil {
			panic(err)
		}
		switch {
		case e.Name() == "args":
			r.Args = strings.Fields(string(text))
		case e.Name() == "expect.json":
			if err := json.Unmarshal(text, &r.Expect); err != nil {
				panic(fmt.Errorf("%s: %w", name, err))
			}
		case strings.HasPrefix(e.Name(), "input.") && strings.Count(e.Name(), ".") == 1:
			r.Input = text
		}
		r.Files[e.Name()] = text
	}
	return r
}
