package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"stageprobe/analyze/cause"
	"stageprobe/scenarios"
)

// settingsName is the file of defaults.
const settingsName = "stageprobe.yaml"

// settings are what the configuration file says beside flags.
type settings struct {
	path     string
	intended []cause.Intended
}

// meant are the differences that the file declares.
func (s *settings) meant() []cause.Intended {
	if s == nil {
		return nil
	}
	return s.intended
}

// configured are the commands that take defaults from the file.
var configured = []string{"check", "wait", "inspect", "init", "plan", "policy", "analyze", "report", "coordinate", "agent"}

// settingsFile is the file named with --config, else that of the working folder,
// else the user's own; "" where there is none.
func settingsFile(named string) string {
	if named != "" {
		return named
	}
	if _, err := os.Stat(settingsName); err == nil {
		return settingsName
	}
	if dir, err := os.UserConfigDir(); err == nil {
		if own := filepath.Join(dir, "stageprobe", settingsName); isFile(own) {
			return own
		}
	}
	return ""
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// fromFile sets the flags that neither the command line nor the environment gives.
func (s *settings) fromFile(cmd *cobra.Command, named string) error {
	s.path = settingsFile(named)
	if s.path == "" || !slices.Contains(configured, cmd.Name()) {
		return nil
	}
	data, err := readInput(s.path, nil)
	if err != nil {
		return hint(err, "name a file with --config, or leave it out")
	}
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		return hint(fmt.Errorf("%s: %s", s.path, firstLine(err)), "stageprobe schema config describes the file")
	}
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		body, ok := doc.Body.(*ast.MappingNode)
		if one, single := doc.Body.(*ast.MappingValueNode); single {
			body, ok = &ast.MappingNode{Values: []*ast.MappingValueNode{one}}, true
		}
		if !ok {
			return hint(fmt.Errorf("%s: it holds no keys", s.path), "write it as: version: 1, then a line per flag, such as rate: 10")
		}
		for _, v := range body.Values {
			if err := s.set(cmd, v.Key.String(), v.Value); err != nil {
				return fmt.Errorf("%s, line %d: %w", s.path, v.Key.GetToken().Position.Line, err)
			}
		}
	}
	return nil
}

// notInFile are flags that make no sense as a default.
var notInFile = []string{"config", "help", "version"}

// set takes one key of the file.
func (s *settings) set(cmd *cobra.Command, key string, value ast.Node) error {
	switch key {
	case "version":
		if value.String() != "1" {
			return hint(fmt.Errorf("version %s is not known", value), "this program reads version: 1")
		}
		return nil
	case "intended":
		var list []scenarios.Intended
		if err := yaml.NodeToValue(value, &list, yaml.Strict()); err != nil {
			return hint(fmt.Errorf("intended: %s", firstLine(err)), "write it as intended: [{stages: [prod, dev], setting: variables.backend}]")
		}
		for _, i := range list {
			s.intended = append(s.intended, cause.Intended{Stages: i.Stages, Setting: i.Setting})
		}
		return nil
	}
	all := settable(cmd.Root())
	if all[key] == nil {
		names := []string{"version", "intended"}
		for name := range all {
			names = append(names, name)
		}
		return hint(fmt.Errorf("there is no key %q", key), "%sthe keys are the long names of flags: stageprobe schema config lists them", didYouMean("", key, names))
	}
	values, err := scalars(value)
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	if slices.Contains([]string{"api-key", "bearer"}, key) && !strings.HasPrefix(values[0], "env:") && !strings.HasPrefix(values[0], "file:") {
		return hint(fmt.Errorf("%s: a secret is not written into the file", key), "write it as env:NAME or file:PATH")
	}
	f := cmd.Flags().Lookup(key)
	if f == nil || f.Changed {
		return nil // a flag of other commands, or given already
	}
	for _, v := range values {
		if err := cmd.Flags().Set(key, v); err != nil {
			return flagError(cmd.Flags(), cmd.CommandPath(), err)
		}
	}
	return nil
}

// settable are the flags of all commands, by name.
func settable(root *cobra.Command) map[string]*pflag.Flag {
	out := map[string]*pflag.Flag{}
	for _, cmd := range root.Commands() {
		if !slices.Contains(configured, cmd.Name()) {
			continue
		}
		for _, fs := range []*pflag.FlagSet{cmd.Flags(), root.PersistentFlags()} {
			fs.VisitAll(func(f *pflag.Flag) {
				if !slices.Contains(notInFile, f.Name) && out[f.Name] == nil {
					out[f.Name] = f
				}
			})
		}
	}
	return out
}

// scalars are a value, or the values of a list, as a command line would have them.
func scalars(n ast.Node) ([]string, error) {
	var one any
	if err := yaml.NodeToValue(n, &one); err != nil {
		return nil, errors.New("it cannot be read")
	}
	list, many := one.([]any)
	if !many {
		list = []any{one}
	}
	var out []string
	for _, v := range list {
		switch v.(type) {
		case nil, map[string]any, []any:
			return nil, errors.New("this takes a value, or a list of values")
		}
		out = append(out, fmt.Sprint(v))
	}
	if len(out) == 0 {
		return nil, errors.New("the list is empty")
	}
	return out, nil
}

// settingsSchema describes the file for editors.
func settingsSchema(root *cobra.Command) ([]byte, error) {
	properties := map[string]any{
		"version": map[string]any{"const": 1},
		"intended": map[string]any{
			"description": "differences between stages that are meant",
			"type":        "array",
			"items": map[string]any{
				"type": "object", "additionalProperties": false, "required": []string{"setting"},
				"properties": map[string]any{"stages": map[string]any{"type": "array", "items": map[string]any{"type": "string"}}, "setting": map[string]any{"type": "string"}},
			},
		},
	}
	for name, f := range settable(root) {
		value := map[string]any{"type": []string{"string", "number", "boolean"}}
		switch f.Value.Type() {
		case "bool":
			value["type"] = "boolean"
		case "int", "uint64":
			value["type"] = "integer"
		case "float64":
			value["type"] = "number"
		}
		p := map[string]any{"description": f.Usage, "type": value["type"]}
		if _, many := f.Value.(pflag.SliceValue); many {
			p = map[string]any{"description": f.Usage, "anyOf": []any{value, map[string]any{"type": "array", "minItems": 1, "items": value}}}
		}
		properties[name] = p
	}
	return json.MarshalIndent(map[string]any{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "stageprobe.yaml", "type": "object",
		"required": []string{"version"}, "additionalProperties": false, "properties": properties,
	}, "", "  ")
}

// draftSettings is a file of defaults to begin from, with the flags that were given.
func draftSettings(cmd *cobra.Command) []byte {
	var b strings.Builder
	b.WriteString(`# Defaults of stageprobe's flags. It is read from the working folder, else from the
# user's configuration folder, or named with --config. A flag on the command line comes
# first, then the environment (STAGEPROBE_RATE=10), then this file.
# stageprobe schema config > stageprobe.config.schema.json   # for completion in an editor
version: 1
`)
	given := false
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Changed || slices.Contains([]string{"defaults", "output", "from", "kind", "config", "color"}, f.Name) {
			return
		}
		given = true
		if list, many := f.Value.(pflag.SliceValue); many {
			fmt.Fprintf(&b, "%s: [%s]\n", f.Name, strings.Join(list.GetSlice(), ", "))
			return
		}
		fmt.Fprintf(&b, "%s: %s\n", f.Name, f.Value)
	})
	if !given {
		b.WriteString("# api: [abc123]\n# region: us-east-1\n# profile: smoke\n")
	}
	b.WriteString(`# scenarios: scenarios.yaml
# rate: 10
# require: [config]
# intended: [{stages: [prod, dev], setting: variables.backend}]
`)
	return []byte(b.String())
}
