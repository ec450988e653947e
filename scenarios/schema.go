package scenarios

import (
	_ "embed"
	"slices"
)

// The schema is generated from the types and their comments; a test holds it
// current, since a binary does not carry its comments along.
//
//go:embed schema.json
var schema []byte

// SchemaComment is the line with which editors that use yaml-language-server
// find the schema of a scenario file, once it has been written beside it with
// "stageprobe schema scenarios > stageprobe.schema.json".
const SchemaComment = "# yaml-language-server: $schema=stageprobe.schema.json"

// Schema is the JSON Schema (draft 2020-12) of the scenario file.
func Schema() ([]byte, error) { return slices.Clone(schema), nil }
