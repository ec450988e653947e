package scenarios

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// parsedBody is a body as JSON.
type parsedBody struct {
	value any // numbers as json.Number
	err   error
}

func (a *answer) json() *parsedBody {
	if a.body == nil {
		a.body = &parsedBody{}
		a.body.value, a.body.err = decodeJSON(a.Body)
	}
	return a.body
}

// decodeJSON reads one JSON value and nothing behind it.
func decodeJSON(text []byte) (any, error) { return jsonschema.UnmarshalJSON(bytes.NewReader(text)) }

// checks are a body's expectations, one for each thing that is said.
func (b *BodyCheck) checks() []check {
	pointer, where := "", "body"
	if b.Pointer != nil && *b.Pointer != "" {
		pointer = *b.Pointer
		where = "body " + pointer
	}
	var out []check
	add := func(text string, of func(v any) (bool, string)) {
		out = append(out, check{text: where + " " + text, of: func(a *answer) (holds, string) { return at(a, pointer, of) }})
	}
	if b.Type != "" {
		add("is of type "+b.Type, func(v any) (bool, string) {
			t := typeOf(v)
			return t == b.Type || t == "integer" && b.Type == "number", t
		})
	}
	if b.Equals.Set {
		add("equals "+compact(b.Equals.V), func(v any) (bool, string) { return equalJSON(v, b.Equals.V), compact(v) })
	}
	if b.Schema != nil {
		add("fits the schema", b.Schema.fits)
	}
	switch {
	case b.Matches == nil:
	case pointer == "" && b.Pointer == nil:
		out = append(out, check{text: "body matches " + b.Matches.String(), of: b.matchesText})
	default:
		add("matches "+b.Matches.String(), func(v any) (bool, string) {
			s, ok := v.(string)
			if !ok {
				s = compact(v)
			}
			return b.Matches.MatchString(s), short(s)
		})
	}
	return out
}

// matchesText looks at the body as it is, JSON or not.
func (b *BodyCheck) matchesText(a *answer) (holds, string) {
	switch {
	case b.Matches.Match(a.Body):
		return met, "a match"
	case a.Truncated:
		return unknown, "the rest of a long body"
	}
	return unmet, "no match"
}

// at looks at the value of a JSON body that a pointer leads to.
func at(a *answer, pointer string, of func(v any) (bool, string)) (holds, string) {
	body := a.json()
	switch {
	case body.err != nil && a.Truncated:
		return unknown, "the rest of a long body"
	case body.err != nil:
		return unmet, "a body that is not JSON"
	}
	v, ok := resolvePointer(body.value, pointer)
	if !ok {
		return unmet, "nothing there"
	}
	ok, observed := of(v)
	return holdsIf(ok), observed
}

// resolvePointer follows a JSON pointer (RFC 6901).
func resolvePointer(v any, pointer string) (any, bool) {
	if pointer == "" {
		return v, true
	}
	unescape := strings.NewReplacer("~1", "/", "~0", "~")
	for step := range strings.SplitSeq(pointer[1:], "/") {
		step = unescape.Replace(step)
		switch container := v.(type) {
		case map[string]any:
			var ok bool
			if v, ok = container[step]; !ok {
				return nil, false
			}
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(container) || strconv.Itoa(i) != step {
				return nil, false
			}
			v = container[i]
		default:
			return nil, false
		}
	}
	return v, true
}

// typeOf names a value's JSON type; a number without a fraction is an integer.
func typeOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case []any:
		return "array"
	case json.Number:
		if f, err := v.Float64(); err == nil && f == float64(int64(f)) {
			return "integer"
		}
		return "number"
	}
	return "object"
}

// equalJSON compares values; numbers by value, so that 2 equals 2.0.
func equalJSON(a, b any) bool {
	switch a := a.(type) {
	case json.Number:
		b, ok := b.(json.Number)
		return ok && (a == b || sameNumber(a, b))
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for i := range a {
			if !equalJSON(a[i], b[i]) {
				return false
			}
		}
		return true
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for k, v := range a {
			if w, ok := b[k]; !ok || !equalJSON(v, w) {
				return false
			}
		}
		return true
	}
	return reflect.DeepEqual(a, b)
}

// sameNumber compares two spellings of a number. Whole numbers are compared as
// they are written: beyond 2^53 different ones share a float.
func sameNumber(a, b json.Number) bool {
	if !strings.ContainsAny(string(a)+string(b), ".eE") {
		return false
	}
	x, errA := a.Float64()
	y, errB := b.Float64()
	return errA == nil && errB == nil && x == y
}

func compact(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return short(string(text))
}

func (s *BodySchema) fits(v any) (bool, string) {
	err := s.Validate(v)
	if err == nil {
		return true, "it fits"
	}
	// The first line names the schema; those below say what is wrong.
	lines := strings.Split(err.Error(), "\n")
	return false, short(strings.TrimPrefix(lines[min(1, len(lines)-1)], "- "))
}
