package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestEveryDependencyHasItsReason in CONTRIBUTING.md.
func TestEveryDependencyHasItsReason(t *testing.T) {
	text, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) != 2 || !strings.HasPrefix(fields[1], "v") || !strings.Contains(fields[0], "/") {
			continue // indirect, or no requirement
		}
		path := strings.TrimPrefix(fields[0], "github.com/")
		parts := strings.Split(path, "/")
		names := []string{path, strings.Join(parts[:min(len(parts), 2)], "/"), strings.TrimPrefix(path, "aws/aws-sdk-go-v2/"), strings.TrimPrefix(path, "aws/aws-sdk-go-v2/service/"), parts[0] + "/*"}
		known := false
		for _, n := range names {
			known = known || strings.Contains(string(page), "`"+n+"`")
		}
		if !known {
			t.Errorf("%s stands without a reason in CONTRIBUTING.md", fields[0])
		}
	}
}

// What the README says of the first build's download is what the libraries' archives
// weigh.
func TestReadmeKnowsTheDownload(t *testing.T) {
	if !*long {
		t.Skip("lists the libraries; -long has it")
	}
	said := regexp.MustCompile(`about (\d+) MB`).FindStringSubmatch(readme(t))
	if said == nil {
		t.Fatal("the README does not say how much the first build downloads")
	}
	out, err := exec.Command("go", "list", "-deps", "-f", `{{with .Module}}{{if .Version}}{{.Path}} {{.Version}}{{end}}{{end}}`, ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	cache, err := exec.Command("go", "env", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	upper := regexp.MustCompile(`[A-Z]`)
	lower := func(s string) string { return "!" + strings.ToLower(s) }
	seen, total := map[string]bool{}, int64(0)
	for line := range strings.Lines(string(out)) {
		module, version, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok || seen[module] {
			continue
		}
		seen[module] = true
		info, err := os.Stat(filepath.Join(strings.TrimSpace(string(cache)), "cache/download", upper.ReplaceAllStringFunc(module, lower), "@v", upper.ReplaceAllStringFunc(version, lower)+".zip"))
		if err != nil {
			t.Skipf("the archive of %s is not kept here", module)
		}
		total += info.Size()
	}
	if want, _ := strconv.Atoi(said[1]); total < int64(want)*8e5 || total > int64(want)*12e5 {
		t.Errorf("the archives are %d bytes, the README says %d MB", total, want)
	}
}

func readme(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
