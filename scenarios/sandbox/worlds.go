package sandbox

import (
	"cmp"
	"embed"
	"fmt"
	"slices"
	"strings"
	"sync"

	nearby "stageprobe/scenarios/near"
	"stageprobe/scenarios/sandbox/internal/world"
)

// Default is the world of a demo without a name.
const Default = "demo"

//go:embed worlds/*.yaml
var files embed.FS

// catalogue reads every embedded world once; a broken one is an error of the
// build, which the tests show.
var catalogue = sync.OnceValues(func() (map[string]*World, error) {
	entries, err := files.ReadDir("worlds")
	if err != nil {
		return nil, err
	}
	out := make(map[string]*World, len(entries))
	for _, e := range entries {
		text, err := files.ReadFile("worlds/" + e.Name())
		if err != nil {
			return nil, err
		}
		w, err := world.Parse(text)
		if err != nil {
			return nil, fmt.Errorf("world %s: %w", e.Name(), err)
		}
		out[w.Name] = w
	}
	return out, nil
})

// Worlds lists the embedded worlds by name, the default first.
func Worlds() []Info {
	all, err := catalogue()
	if err != nil {
		return nil
	}
	out := make([]Info, 0, len(all))
	for _, w := range all {
		out = append(out, Info{Name: w.Name, Title: w.Title, Description: w.Description, Causes: w.Causes})
	}
	slices.SortFunc(out, func(a, b Info) int {
		return cmp.Or(cmp.Compare(rank(a.Name), rank(b.Name)), cmp.Compare(a.Name, b.Name))
	})
	return out
}

func rank(name string) int {
	if name == Default {
		return 0
	}
	return 1
}

// Load gives an embedded world by name; "" is the default one. The error names
// the worlds that are spelt alike.
func Load(name string) (*World, error) {
	all, err := catalogue()
	if err != nil {
		return nil, err
	}
	if w, ok := all[cmp.Or(name, Default)]; ok {
		own := *w // whoever changes a field of it changes nobody else's
		return &own, nil
	}
	return nil, fmt.Errorf("there is no world %q%s", name, near(name, all))
}

// Parse reads a world from YAML. An unknown key is an error that quotes its
// line.
func Parse(yaml []byte) (*World, error) { return world.Parse(yaml) }

// near lists the names that share a word with a mistyped one, the closest first.
func near(name string, all map[string]*World) string {
	var alike []string
	for other := range all {
		if alikeNames(name, other) {
			alike = append(alike, other)
		}
	}
	if len(alike) == 0 {
		return ""
	}
	slices.SortFunc(alike, func(a, b string) int {
		return cmp.Or(cmp.Compare(nearby.Distance(name, a), nearby.Distance(name, b)), strings.Compare(a, b))
	})
	alike = alike[:min(3, len(alike))]
	return " (did you mean " + strings.Join(alike, ", ") + "?)"
}

func alikeNames(a, b string) bool {
	if nearby.Distance(a, b) <= 2 {
		return true
	}
	for word := range strings.SplitSeq(a, "-") {
		if len(word) > 3 && strings.Contains(b, word) {
			return true
		}
	}
	return false
}
