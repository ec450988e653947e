package control

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// patch is one operation of a patch document.
type patch struct {
	Op, Path, Value, From string
}

func (r *request) patches() ([]patch, error) {
	var in struct {
		PatchOperations []patch
	}
	err := r.decode(&in)
	return in.PatchOperations, err
}

// pointer splits a patch path; "~1" is a slash and "~0" a tilde (RFC 6901).
func pointer(path string) []string {
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, p := range parts {
		parts[i] = strings.ReplaceAll(strings.ReplaceAll(p, "~1", "/"), "~0", "~")
	}
	return parts
}

// withValue is a map with one key set, or removed by a remove operation.
func withValue(m map[string]string, key string, op patch) map[string]string {
	out := maps.Clone(m)
	if out == nil {
		out = map[string]string{}
	}
	if op.Op == "remove" {
		delete(out, key)
	} else {
		out[key] = op.Value
	}
	return out
}

func itoa(n int) string { return strconv.Itoa(n) }

func number(text string) int {
	n, _ := strconv.Atoi(text)
	return n
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
