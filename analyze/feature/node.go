package feature

// tree is the paths that answers have, with what was seen at each.
type tree struct{ *Extractor }

// node is one path of a scenario's answers, with the definitions of its aspects.
type node struct {
	path string
	hash uint64 // of path
	name string
	kids map[string]*node
	star *node // members of an array, or values under keys that are ids

	below   bool // an array or keys that are ids lie above it
	class   bool // Compare names it, or it is a version
	ignored bool
	full    bool
	late    Late
	defs    [aspects]int32

	last  uint64 // value in the last answer with it
	moved bool   // the value has changed
	many  uint32 // the first answer that had it twice

	values *table // members by value
	lines  *table // templates of its text
	pairs  *table // pairs of words of its text

	// Of the answer numbered gen:
	gen                 uint32
	types, shapes, sets uint32

	// Of an object: in how many answers it had keys that it had not before.
	object bool // met as an object in the answer at hand
	keys   int  // keys in it
	added  bool
	met    bool // in an answer before
	grew   int
	isMap  bool
}

// node makes the node of a path.
func (x tree) node(path string) *node {
	if x.nodes >= maxNodes {
		return x.full
	}
	x.nodes++
	return &node{path: path, hash: hash(path), name: path, class: x.compares(path), ignored: x.ignores(path)}
}

// child is the node of a key of an object.
func (x tree) child(n *node, key []byte) *node {
	if n.isMap {
		return x.members(n)
	}
	if c, ok := n.kids[string(key)]; ok {
		return c
	}
	if isID(key) {
		return x.members(n)
	}
	if n.full {
		return n
	}
	c := x.node(x.join(n, key))
	if c == x.full {
		return c
	}
	c.name = string(key)
	c.below = n.below
	c.ignored = c.ignored || n.ignored
	c.class = c.class || !c.below && isVersion(c.name)
	if n.kids == nil {
		n.kids = map[string]*node{}
	}
	n.kids[c.name] = c
	n.added = n.added || n.met
	return c
}

// members is the node of all members of an array, or of all values of an object
// whose keys are ids.
func (x tree) members(n *node) *node {
	if n.star != nil {
		return n.star
	}
	if n.full {
		return n
	}
	c := x.node(x.join(n, star))
	if c == x.full {
		return c
	}
	c.below, c.ignored, c.name = true, c.ignored || n.ignored, n.name
	n.star = c
	return c
}

var star = []byte("*")

// join appends a step to a path as a JSON pointer does (RFC 6901).
func (x tree) join(n *node, key []byte) string {
	x.path = x.path[:0]
	if n != x.body {
		x.path = append(x.path, n.path...)
	}
	x.path = append(x.path, '/')
	for _, c := range key[:min(len(key), 128)] {
		switch c {
		case '~':
			x.path = append(x.path, "~0"...)
		case '/':
			x.path = append(x.path, "~1"...)
		default:
			x.path = append(x.path, c)
		}
	}
	return string(x.path)
}

// part is a named part of a header, such as a directive of cache-control.
func (x tree) part(n *node, name []byte) *node {
	if c, ok := n.kids[string(name)]; ok {
		return c
	}
	if n.full || len(n.kids) >= maxMembers {
		return x.full
	}
	c := x.node(n.path + " " + string(name[:min(len(name), 128)]))
	if c == x.full {
		return c
	}
	c.ignored = c.ignored || n.ignored
	if n.kids == nil {
		n.kids = map[string]*node{}
	}
	n.kids[string(name)] = c
	return c
}

// emit lists a value of one aspect of a node.
func (x tree) emit(n *node, a Aspect, h uint64, text []byte) {
	if n.full {
		x.put(more, h, nil)
		return
	}
	if n.defs[a] == 0 {
		n.defs[a] = int32(x.define(Def{Path: n.path, Aspect: a, Class: n.class && a == Content, Late: n.late}, 0))
	}
	def := int(n.defs[a])
	if def == more {
		h = mix(n.hash, h)
	}
	x.put(def, h, text)
}

// touch enters the node in the answer at hand.
func (x tree) touch(n *node) {
	if n.gen == x.gen || n.full {
		return
	}
	n.gen, n.types, n.shapes, n.sets = x.gen, 0, 0, 0
	n.object, n.added, n.keys = false, false, 0
	x.touched = append(x.touched, n)
}

const (
	fewKeys  = 16 // an object with fewer keys is not taken for a map
	manyKeys = 64
	growths  = 8 // answers that brought new keys, from which on it is
)

// settle decides whether the keys of an object are ids: many have been seen, few
// of them in one answer, and new ones keep coming. An object that stands in two
// or three forms, such as a success and a failure, does not grow so.
func (x tree) settle(n *node) {
	if !n.object || n.isMap {
		return
	}
	n.met = true
	if n.added {
		n.grew++
	}
	few := n.grew >= growths && len(n.kids) >= fewKeys || n.grew >= growths/2 && len(n.kids) >= manyKeys
	if !n.added || !few || n.keys*2 >= len(n.kids) && !n.below {
		return
	}
	n.isMap = true
	for _, c := range n.kids {
		x.retire(c)
	}
	n.kids = nil
}

// retire lets go of a node and all below it.
func (x tree) retire(n *node) {
	x.Turns++
	n.gen = 0
	for _, d := range n.defs {
		if d != more {
			x.defs[d].Retired = true
		}
	}
	for _, t := range []*table{n.values, n.lines, n.pairs} {
		tables(x).retireTable(t)
	}
	for _, c := range n.kids {
		x.retire(c)
	}
	if n.star != nil {
		x.retire(n.star)
	}
	x.nodes--
}
