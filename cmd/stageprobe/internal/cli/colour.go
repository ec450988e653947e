package cli

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/pflag"
)

// colourMode is the value of --color.
type colourMode string

func (m *colourMode) String() string { return string(*m) }
func (m *colourMode) Type() string   { return "when" }

func (m *colourMode) Set(v string) error {
	switch v {
	case "auto", "always", "never":
		*m = colourMode(v)
		return nil
	}
	return fmt.Errorf("unknown value %q: use auto, always or never", v)
}

// colourFlag is --color, which every command takes.
func (s Streams) colourFlag() *pflag.Flag {
	return &pflag.Flag{
		Name: "color", Value: s.color, DefValue: "auto",
		Usage: "auto, always or never; auto follows NO_COLOR, FORCE_COLOR and whether this is a terminal",
	}
}

// colour says whether a stream gets colour. The flag decides; without it NO_COLOR
// (https://no-color.org) does, then FORCE_COLOR (https://force-color.org), and
// last whether the stream is a terminal that can show it.
func (s Streams) colour(w io.Writer) bool {
	if s.color != nil && *s.color != "auto" {
		return *s.color == "always"
	}
	if os.Getenv("NO_COLOR") != "" {
		return false
	}
	if v := os.Getenv("FORCE_COLOR"); v != "" {
		return v != "0"
	}
	_, tty := terminal(w)
	return tty && os.Getenv("TERM") != "dumb"
}
