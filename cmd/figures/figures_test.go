package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestFiguresOfOneWorld(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the command")
	}
	var out, said bytes.Buffer
	code := figures(t.Context(), []string{"--worlds", "--world", "domain-unmapped", "--seeds", "2", "--logs", "off"}, &out, &said)
	if code != 0 || !strings.Contains(out.String(), "| domain-unmapped | off | 2 | 2 |") || !strings.Contains(out.String(), "2 of 2 right (seeds 1 to 2)") {
		t.Errorf("exit code %d: %s%s", code, out.String(), said.String())
	}
}

func TestWrongUse(t *testing.T) {
	for _, c := range []struct {
		args, want string
	}{
		{"--worlds --logs maybe", "auto, off or both"}, {"--nonsense", "--nonsense"}, {"all", "unexpected argument all"},
	} {
		var out, said bytes.Buffer
		if code := figures(t.Context(), strings.Fields(c.args), &out, &said); code != 2 || !strings.Contains(said.String(), c.want) {
			t.Errorf("%s: exit code %d: %s", c.args, code, said.String())
		}
	}
}

func TestHelp(t *testing.T) {
	var out, said bytes.Buffer
	if code := figures(t.Context(), []string{"--help"}, &out, &said); code != 0 || !strings.Contains(said.String(), "go run ./cmd/figures --quick") {
		t.Errorf("exit code %d: %s", code, said.String())
	}
}
