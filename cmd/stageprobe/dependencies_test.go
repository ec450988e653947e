package main

import (
	"os"
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
