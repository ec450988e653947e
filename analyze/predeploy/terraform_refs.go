package predeploy

import (
	"slices"
	"strings"
)

func join(path, rest string) string {
	if path == "" {
		return rest
	}
	return path + "." + rest
}

// withoutIndices takes [0] and ["a.b"] out of an address.
func withoutIndices(address string) string {
	if !strings.Contains(address, "[") {
		return address
	}
	var b strings.Builder
	depth, quoted := 0, false
	for i := 0; i < len(address); i++ {
		switch c := address[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[':
			depth++
		case c == ']':
			depth--
		case depth == 0:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// modulePath is the path of the module that an address without indices is in.
func modulePath(address string) string {
	path := ""
	rest := address
	for strings.HasPrefix(rest, "module.") {
		parts := strings.SplitN(rest, ".", 3)
		if len(parts) < 3 {
			break
		}
		path, rest = join(path, "module."+parts[1]), parts[2]
	}
	return path
}

// found is a reference that has been followed to a resource.
type found struct {
	address   string // as written, without the indices of modules
	attribute string // "" for the resource as a whole
}

// references lists what an expression refers to. A traversal is followed by its
// own prefixes, which say nothing more.
func references(expression any) []string {
	var out []string
	switch e := expression.(type) {
	case map[string]any:
		if list, ok := e["references"].([]any); ok {
			last := ""
			for _, v := range list {
				ref := textOf(v)
				if last != "" && (strings.HasPrefix(last, ref+".") || strings.HasPrefix(last, ref+"[")) {
					continue
				}
				last = ref
				out = append(out, ref)
			}
			return out
		}
		for _, k := range sortedKeys(e) {
			out = append(out, references(e[k])...)
		}
	case []any:
		for _, v := range e {
			out = append(out, references(v)...)
		}
	}
	return out
}

// follow leads references to resources; hidden are those that the plan does not
// resolve.
func (t *terraform) follow(s *tfScope, refs []string, each any, depth int) (out []found, hidden []string) {
	if s == nil || depth > maxDepth {
		return nil, refs
	}
	for _, ref := range refs {
		first, rest, _ := strings.Cut(ref, ".")
		var list []string
		scope := s
		switch first {
		case "module":
			scope, list = t.output(s, rest)
		case "var":
			name, _, _ := strings.Cut(rest, ".")
			if s.call == nil {
				hidden = append(hidden, ref)
				continue
			}
			scope, list = s.parent, references(s.call.Expressions[withoutIndices(name)])
		case "each", "count":
			list, each = references(each), nil
		case "local":
			hidden = append(hidden, ref)
			continue
		case "path", "terraform", "self":
			continue
		default:
			out = append(out, resourceOf(s.path, ref))
			continue
		}
		more, dark := t.follow(scope, list, nil, depth+1)
		out, hidden = append(out, more...), append(hidden, dark...)
	}
	return out, hidden
}

// output leads module.NAME.OUTPUT into the module; module.NAME alone are all of
// its outputs.
func (t *terraform) output(s *tfScope, rest string) (*tfScope, []string) {
	parts := strings.Split(withoutIndices(rest), ".")
	scope := t.scopes[join(s.path, "module."+parts[0])]
	if scope == nil {
		return nil, nil
	}
	var list []string
	for name, o := range scope.module.Outputs {
		if len(parts) == 1 || name == parts[1] {
			list = append(list, references(o.Expression)...)
		}
	}
	slices.Sort(list)
	return scope, list
}

// resourceOf splits aws_x.name["a"].id into the resource and its attribute.
func resourceOf(path, ref string) found {
	parts := 2
	if strings.HasPrefix(ref, "data.") {
		parts = 3
	}
	depth, quoted, dots := 0, false, 0
	for i := 0; i < len(ref); i++ {
		switch c := ref[i]; {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[':
			depth++
		case c == ']':
			depth--
		case c == '.' && depth == 0:
			if dots++; dots == parts {
				return found{join(path, ref[:i]), ref[i+1:]}
			}
		}
	}
	return found{address: join(path, ref)}
}

// instances are the resources that a reference made in r may mean: of several,
// those in the same instance of a module, and with the same index.
func (t *terraform) instances(f found, r *resource) []*resource {
	all := t.byPlain[withoutIndices(f.address)]
	if len(all) < 2 {
		return all
	}
	prefix := moduleInstance(r.address)
	narrow := func(keep func(*resource) bool) {
		if some := filter(all, keep); len(some) > 0 {
			all = some
		}
	}
	narrow(func(o *resource) bool { return strings.HasPrefix(o.address, prefix) })
	if index := lastIndex(f.address); index != "" {
		narrow(func(o *resource) bool { return lastIndex(o.address) == index })
	} else if index := lastIndex(r.address); index != "" {
		narrow(func(o *resource) bool { return lastIndex(o.address) == index })
	}
	return all
}

func filter(list []*resource, keep func(*resource) bool) []*resource {
	var out []*resource
	for _, r := range list {
		if keep(r) {
			out = append(out, r)
		}
	}
	return out
}

// moduleInstance is the part of an address up to its resource, with indices.
func moduleInstance(address string) string {
	plain := withoutIndices(address)
	tail := strings.TrimPrefix(plain, modulePath(plain))
	tail = strings.TrimPrefix(tail, ".")
	if i := strings.LastIndex(address, tail); i > 0 && lastIndex(address) == "" {
		return address[:i]
	}
	at := strings.LastIndex(address, "."+tail+"[")
	if at < 0 {
		return ""
	}
	return address[:at+1]
}

func lastIndex(address string) string {
	if !strings.HasSuffix(address, "]") {
		return ""
	}
	return address[strings.LastIndexByte(address, '['):]
}
