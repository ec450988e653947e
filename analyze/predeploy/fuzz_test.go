package predeploy

import (
	"os"
	"path/filepath"
	"testing"
)

// seeds adds the fixtures of a folder to a corpus, at most so many bytes each.
func seeds(f *testing.F, folders ...string) {
	for _, folder := range folders {
		paths, err := filepath.Glob(filepath.Join("testdata", folder, "*"))
		if err != nil {
			f.Fatal(err)
		}
		for _, p := range paths {
			if data, err := os.ReadFile(p); err == nil && len(data) < 1<<13 {
				f.Add(data)
			}
		}
	}
}

// judged reads whatever it gets; all that is asked is that it ends.
func judged(kind string, files ...[]byte) {
	var list []File
	for _, data := range files {
		list = append(list, File{Name: "f", Data: data})
	}
	c, err := Read(list, Options{Kind: kind, Alone: true})
	if err != nil {
		return
	}
	Report(c, Judge(c, ""), ReportOptions{Files: []string{"f"}})
}

func FuzzTerraform(f *testing.F) {
	seeds(f, "terraform")
	f.Fuzz(func(_ *testing.T, data []byte) { judged("terraform", data) })
}

func FuzzPulumi(f *testing.F) {
	seeds(f, "pulumi")
	f.Fuzz(func(_ *testing.T, data []byte) { judged("pulumi", data) })
}

func FuzzChangeSet(f *testing.F) {
	seeds(f, "changeset")
	f.Fuzz(func(_ *testing.T, data []byte) { judged("changeset", data) })
}

func FuzzTemplates(f *testing.F) {
	old, err := os.ReadFile("testdata/cloudformation/base-old.yaml")
	if err != nil {
		f.Fatal(err)
	}
	seeds(f, "cloudformation", "sam", "cdk", "serverless")
	f.Fuzz(func(_ *testing.T, data []byte) {
		judged("cloudformation", old, data)
		judged("cloudformation", data, old)
	})
}

func FuzzDocuments(f *testing.F) {
	seeds(f, "openapi")
	f.Fuzz(func(_ *testing.T, data []byte) { judged("openapi", data, data); judged("openapi", data) })
}
