package predeploy

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// unique is a list in order, each once.
func unique(list []string) []string { return slices.Compact(slices.Sorted(slices.Values(list))) }

// first is the first of a list that is so; nil where none is.
func first[T any](list []*T, is func(*T) bool) *T {
	if i := slices.IndexFunc(list, is); i >= 0 {
		return list[i]
	}
	return nil
}

// each is what a function makes of every element of a list.
func each[T, U any](list []T, f func(T) U) []U {
	out := make([]U, len(list))
	for i, x := range list {
		out[i] = f(x)
	}
	return out
}

// rewritten is a copy of a value in which f replaces what objects it takes.
func rewritten(v any, f func(map[string]any) (any, bool)) any {
	switch v := v.(type) {
	case map[string]any:
		if other, ok := f(v); ok {
			return other
		}
		out := make(map[string]any, len(v))
		for k, x := range v {
			out[k] = rewritten(x, f)
		}
		return out
	case []any:
		return each(v, func(x any) any { return rewritten(x, f) })
	}
	return v
}

// holds tells whether anything within a value, at whatever depth, is so.
func holds(v any, is func(any) bool) bool {
	switch v := v.(type) {
	case map[string]any:
		for _, x := range v {
			if holds(x, is) {
				return true
			}
		}
		return false
	case []any:
		return slices.ContainsFunc(v, func(x any) bool { return holds(x, is) })
	}
	return is(v)
}

// few joins the first of a list, and says how many more there are.
func few(list []string, most int) string {
	if len(list) <= most {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:most], ", "), len(list)-most)
}
