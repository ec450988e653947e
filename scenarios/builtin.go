package scenarios

import (
	"embed"
	"fmt"
	"slices"
	"strings"
)

// builtinPrefix marks a file that stageprobe brings along, as in -f builtin:smoke.
const builtinPrefix = "builtin:"

//go:embed smoke.yaml gate.yaml diagnose.yaml
var builtins embed.FS

// Builtins names the files that stageprobe brings along: they hold
// expectations, and take the APIs from the command line.
func Builtins() []string { return []string{"diagnose", "gate", "smoke"} }

func loadBuiltin(name string) (*File, error) {
	if !slices.Contains(Builtins(), name) {
		return nil, fmt.Errorf("there is no built-in scenario file %q; there are %s%s", name, builtinPrefix, strings.Join(Builtins(), ", "+builtinPrefix))
	}
	data, err := builtins.ReadFile(name + ".yaml")
	if err != nil {
		return nil, err
	}
	return Parse(builtinPrefix+name, data)
}
