package simulate

import (
	"fmt"
	"io"
	"strings"
)

// Markdown writes one table per group of figures.
func Markdown(w io.Writer, figures []Figure) error {
	var b strings.Builder
	group := ""
	for _, f := range figures {
		if f.Group != group {
			group = f.Group
			fmt.Fprintf(&b, "\n### %s\n\n| figure | target | measured | 95%% interval | |\n| --- | --- | ---: | --- | --- |\n", group)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", f.Name, f.Target, number(f.Measured), f.interval(), f.verdict())
	}
	_, err := io.WriteString(w, strings.TrimPrefix(b.String(), "\n"))
	return err
}

func (f Figure) interval() string {
	if f.Exact() {
		return "exact"
	}
	return number(f.Low) + " to " + number(f.High)
}

func (f Figure) verdict() string {
	if f.Pass {
		return "met"
	}
	return "**missed**"
}

func number(v float64) string { return fmt.Sprintf("%.4g", v) }
