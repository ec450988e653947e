package main

import (
	"bytes"
	"strings"
	"testing"

	"stageprobe/cmd/stageprobe/internal/cli"
)

func TestFiguresOfOneWorld(t *testing.T) {
	t.Parallel()
	var out, said bytes.Buffer
	s := cli.Streams{In: strings.NewReader(""), Out: &out, Err: &said}
	code := cli.Main(t.Context(), []string{"figures", "--worlds", "--world", "domain-unmapped", "--seeds", "2", "--logs", "off"}, s)
	if code != 0 || !strings.Contains(out.String(), "| domain-unmapped | off | 2 | 2 |") || !strings.Contains(out.String(), "2 of 2 right (seeds 1 to 2)") {
		t.Errorf("exit code %d: %s%s", code, out.String(), said.String())
	}
}

func TestFiguresRefusesAnUnknownMode(t *testing.T) {
	t.Parallel()
	var out, said bytes.Buffer
	s := cli.Streams{In: strings.NewReader(""), Out: &out, Err: &said}
	if code := cli.Main(t.Context(), []string{"figures", "--worlds", "--logs", "maybe"}, s); code != 2 || !strings.Contains(said.String(), "auto, off or both") {
		t.Errorf("exit code %d: %s", code, said.String())
	}
}
