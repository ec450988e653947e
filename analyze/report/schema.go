package report

import _ "embed"

// The schema is generated from the types and their comments; a test holds it
// current, since a binary does not carry its comments along.
//
//go:embed schema.json
var schema []byte

// Schema is the JSON Schema (draft 2020-12) of the report that [JSON] writes.
// It allows unknown fields: a later version of the same format may add some.
func Schema() ([]byte, error) { return append([]byte(nil), schema...), nil }
