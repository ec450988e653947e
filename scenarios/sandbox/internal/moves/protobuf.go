package moves

import (
	"encoding/binary"
	"encoding/json"
	"hash/fnv"
	"math"
)

// writeProtobuf writes a message without a schema: a field's number follows
// from its name (https://protobuf.dev/programming-guides/encoding/).
func writeProtobuf(a *answer) string { return string(message(a.doc)) }

func message(o *object) []byte {
	var out []byte
	for _, f := range o.fields {
		h := fnv.New32a()
		h.Write([]byte(f.name))
		list, ok := f.value.([]any)
		if !ok {
			list = []any{f.value}
		}
		for _, v := range list {
			out = appendField(out, uint64(h.Sum32()%2047+1), v)
		}
	}
	return out
}

func appendField(out []byte, number uint64, v any) []byte {
	const varint, fixed64, bytes = 0, 1, 2
	switch v := v.(type) {
	case nil:
		return out
	case bool:
		n := uint64(0)
		if v {
			n = 1
		}
		return binary.AppendUvarint(binary.AppendUvarint(out, number<<3|varint), n)
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return binary.AppendUvarint(binary.AppendUvarint(out, number<<3|varint), uint64(n))
		}
		f, _ := v.Float64()
		out = binary.AppendUvarint(out, number<<3|fixed64)
		return binary.LittleEndian.AppendUint64(out, math.Float64bits(f))
	case *object:
		inner := message(v)
		return append(binary.AppendUvarint(binary.AppendUvarint(out, number<<3|bytes), uint64(len(inner))), inner...)
	}
	s := plain(v)
	return append(binary.AppendUvarint(binary.AppendUvarint(out, number<<3|bytes), uint64(len(s))), s...)
}
