package logs

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// jsonKeys returns, for a JSON format, the variable behind each key; nil for a
// format of another kind. It serves entries that are JSON with the same keys in
// other places, as after a change of the format.
func jsonKeys(f *Format) map[string]string {
	var text strings.Builder
	quoted := false
	add := func(literal string) {
		for i := range len(literal) {
			if literal[i] == '"' && (i == 0 || literal[i-1] != '\\') {
				quoted = !quoted
			}
		}
		text.WriteString(literal)
	}
	add(f.head)
	for _, field := range f.fields {
		value := variableMark + field.name
		if !quoted {
			value = `"` + value + `"`
		}
		text.WriteString(value)
		add(field.after)
	}
	pairs, ok := flatten([]byte(text.String()))
	if !ok {
		return nil
	}
	keys := map[string]string{}
	for _, p := range pairs {
		name, whole := strings.CutPrefix(p.value, variableMark)
		if whole && variableName(name) == name {
			keys[p.key] = name
		}
	}
	return keys
}

// matchKeys reads an entry by the keys of the format.
func (f *Format) matchKeys(line []byte, e *entry) bool {
	if f.keys == nil {
		return false
	}
	pairs, ok := flatten(line)
	if !ok {
		return false
	}
	return e.applyPairs(pairs, func(key string) string { return f.keys[key] }) > 0
}

// pair is one value of a JSON object, under the path of its keys.
type pair struct{ key, value string }

// flatten reads one JSON object; nested keys are joined by full stops. ok is
// false where the text is no JSON object, or goes on after it.
func flatten(text []byte) (pairs []pair, ok bool) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return nil, false
	}
	if pairs, ok = flattenObject(dec, "", nil, 0); !ok {
		return nil, false
	}
	return pairs, len(bytes.TrimSpace(text[dec.InputOffset():])) == 0
}

func flattenObject(dec *json.Decoder, path string, pairs []pair, depth int) ([]pair, bool) {
	const deepest = 16 // an access log nests once or twice
	if depth > deepest {
		return nil, false
	}
	for dec.More() {
		key, err := dec.Token()
		name, isKey := key.(string)
		if err != nil || !isKey {
			return nil, false
		}
		var ok bool
		if pairs, ok = flattenValue(dec, path+name, pairs, depth); !ok {
			return nil, false
		}
	}
	_, err := dec.Token() // the closing brace
	return pairs, err == nil
}

func flattenValue(dec *json.Decoder, path string, pairs []pair, depth int) ([]pair, bool) {
	value, err := dec.Token()
	if err != nil {
		return nil, false
	}
	switch v := value.(type) {
	case json.Delim:
		if v == '{' {
			return flattenObject(dec, path+".", pairs, depth+1)
		}
		return pairs, skipArray(dec)
	case string:
		return append(pairs, pair{path, v}), true
	case json.Number:
		return append(pairs, pair{path, v.String()}), true
	case bool:
		return append(pairs, pair{path, map[bool]string{true: "true", false: "false"}[v]}), true
	}
	return append(pairs, pair{path, ""}), true // null
}

// skipArray reads past an array that was opened.
func skipArray(dec *json.Decoder) bool {
	for depth := 1; depth > 0; {
		token, err := dec.Token()
		if err != nil {
			return false
		}
		switch token {
		case json.Delim('['), json.Delim('{'):
			depth++
		case json.Delim(']'), json.Delim('}'):
			depth--
		}
	}
	return true
}

// applyPairs takes the values whose key names a variable, and returns how many
// did. A variable that stands there twice with different values is a doubt.
func (e *entry) applyPairs(pairs []pair, variableOf func(key string) string) int {
	known := make([]pair, 0, len(pairs))
	for _, p := range pairs {
		name := variableOf(p.key)
		if name == "" {
			continue
		}
		if i := slices.IndexFunc(known, func(k pair) bool { return k.key == name }); i < 0 {
			known = append(known, pair{name, p.value})
		} else if known[i].value != p.value {
			known[i].value = conflict
		}
	}
	for _, p := range known {
		if p.value == conflict {
			e.rec.Doubts = append(e.rec.Doubts, p.key+" stands there more than once, with different values")
			continue
		}
		e.apply(p.key, unquote([]byte(p.value)))
	}
	return len(known)
}

// conflict is a value that no log holds.
const conflict = "\x00conflict"
