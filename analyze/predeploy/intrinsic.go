package predeploy

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// intrinsic tells a call of an intrinsic function from an ordinary object.
func intrinsic(m map[string]any) (name string, arg any, ok bool) {
	if len(m) != 1 {
		return "", nil, false
	}
	for k, v := range m {
		if k == "Ref" || k == "Condition" || strings.HasPrefix(k, "Fn::") {
			return k, v, true
		}
	}
	return "", nil, false
}

// intrinsicText writes a call in a word.
func intrinsicText(m map[string]any) (string, bool) {
	name, arg, ok := intrinsic(m)
	if !ok {
		return "", false
	}
	switch name {
	case "Ref":
		return "${" + textOf(arg) + "}", true
	case "Fn::GetAtt":
		if l, ok := arg.([]any); ok {
			return "${" + strings.Join(each(l, textOf), ".") + "}", true
		}
		return "${" + textOf(arg) + "}", true
	case "Fn::Sub":
		if l, ok := arg.([]any); ok && len(l) > 0 {
			text := textOf(l[0])
			if len(l) > 1 {
				for name, v := range object(l[1]) {
					text = strings.ReplaceAll(text, "${"+name+"}", textOf(v))
				}
			}
			return text, true
		}
		return textOf(arg), true
	case "Fn::Join":
		if l, ok := arg.([]any); ok && len(l) == 2 {
			if list, ok := l[1].([]any); ok {
				return strings.Join(each(list, textOf), textOf(l[0])), true
			}
		}
	}
	return name + "(" + canonicalJSON(arg) + ")", true
}

// keptElsewhere says what of a body stands in another file, whose change neither
// the template shows nor a logical id follows.
func keptElsewhere(r *resource) []string {
	if !r.isAPI() || r.before == nil || r.after == nil || !same(r.before["body"], r.after["body"]) {
		return nil
	}
	var out []string
	if at := included(r.after["body"]); at != "" {
		out = append(out, "the body of "+r.address+" includes "+at+": whether that changes the template does not tell, and if it does, no new deployment follows")
	}
	if at := r.after.text("bodys3location"); at != "" && !strings.Contains(at, "{") && !strings.HasPrefix(at, "s3:") && same(r.before["bodys3location"], r.after["bodys3location"]) {
		out = append(out, "the body of "+r.address+" is in the file "+at+": whether that changes the template does not tell, and if it does, no new deployment follows")
	}
	return out
}

// included is the place that AWS::Include takes a part of a body from.
func included(v any) string {
	switch v := v.(type) {
	case map[string]any:
		if t := object(v["Fn::Transform"]); t != nil && t["Name"] == "AWS::Include" {
			return cmp.Or(textOf(object(t["Parameters"])["Location"]), "another file")
		}
		for _, k := range sortedKeys(v) {
			if at := included(v[k]); at != "" {
				return at
			}
		}
	case []any:
		for _, x := range v {
			if at := included(x); at != "" {
				return at
			}
		}
	}
	return ""
}

// plainIntrinsics writes every call in a value as text.
func plainIntrinsics(v any) any {
	return rewritten(v, func(m map[string]any) (any, bool) {
		s, ok := intrinsicText(m)
		return s, ok
	})
}

var substituted = regexp.MustCompile(`\$\{([A-Za-z0-9]+)(?:\.[^}]*)?\}`)

// referred lists the logical ids that a value refers to.
func referred(v any, add func(string)) {
	switch v := v.(type) {
	case map[string]any:
		if name, arg, ok := intrinsic(v); ok {
			switch name {
			case "Ref":
				add(textOf(arg))
				return
			case "Fn::GetAtt":
				id, _, _ := strings.Cut(strings.Trim(textOf(v), "${}"), ".")
				add(id)
				return
			case "Fn::Sub":
				for _, m := range substituted.FindAllStringSubmatch(textOf(v), -1) {
					add(m[1])
				}
			}
		}
		for _, x := range v {
			referred(x, add)
		}
	case []any:
		for _, x := range v {
			referred(x, add)
		}
	}
}

// target is the one thing that a value leads to: the logical id of a resource,
// or else the value's own text; "" where a condition decides.
func target(v any) string {
	m, ok := v.(map[string]any)
	if !ok {
		return textOf(v)
	}
	name, arg, ok := intrinsic(m)
	if !ok {
		return textOf(v)
	}
	if list, isList := arg.([]any); name == "Fn::If" && isList && len(list) == 3 {
		if a, b := target(list[1]), target(list[2]); a == b {
			return a
		}
		return ""
	}
	var ids []string
	referred(v, func(id string) { ids = append(ids, id) })
	slices.Sort(ids)
	ids = slices.DeleteFunc(slices.Compact(ids), func(id string) bool { return strings.HasPrefix(id, "AWS::") })
	if len(ids) == 1 && name != "Fn::ImportValue" && name != "Fn::FindInMap" {
		return ids[0]
	}
	return textOf(v)
}
