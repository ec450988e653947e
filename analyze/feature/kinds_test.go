package feature

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// world is a kind of answer that moves by itself, and the same with one real
// difference.
type world struct {
	name    string
	headers string // with | between them; %d and so on as in the body
	base    func(r *rand.Rand) string
	canary  func(r *rand.Rand) string
	want    []string // the features that tell one from the other, and no others
}

// with makes a body of a format whose verbs are filled at random: %d a number,
// %x an id, %s a name.
func with(format string) func(*rand.Rand) string {
	return func(r *rand.Rand) string { return filled(format, r) }
}

func filled(format string, r *rand.Rand) string {
	var b strings.Builder
	for {
		before, after, ok := strings.Cut(format, "%")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		switch after[0] {
		case 'd':
			fmt.Fprint(&b, 10+r.IntN(1e6))
		case 'x':
			fmt.Fprintf(&b, "%016x%016x", r.Uint64(), r.Uint64())
		case 'u':
			fmt.Fprintf(&b, "%08x-%04x-4%03x-8%03x-%012x", r.Uint32(), r.IntN(1<<16), r.IntN(1<<12), r.IntN(1<<12), r.Uint64()>>16)
		case 't':
			fmt.Fprintf(&b, "2026-03-01T12:%02d:%02dZ", r.IntN(60), r.IntN(60))
		case 's':
			for range 3 {
				b.WriteString([]string{"ba", "ko", "mi", "tu", "re", "za", "lo", "fi", "wu", "ne"}[r.IntN(10)])
			}
		}
		format = after[1:]
	}
}

// shuffled puts parts in another order each time.
func shuffled(parts ...string) func(*rand.Rand) string {
	return func(r *rand.Rand) string {
		r.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
		return filled(strings.Join(parts, ""), r)
	}
}

// list is a JSON array of some members drawn from n.
func list(n int, member string) func(*rand.Rand) string {
	return func(r *rand.Rand) string {
		var out []string
		for range 2 + r.IntN(4) {
			out = append(out, filled(strings.ReplaceAll(member, "#", fmt.Sprint(r.IntN(n))), r))
		}
		return "[" + strings.Join(out, ",") + "]"
	}
}

func wrap(before string, f func(*rand.Rand) string, after string) func(*rand.Rand) string {
	return func(r *rand.Rand) string { return before + f(r) + after }
}

func encoded(f func(*rand.Rand) string, encode func(string) string) func(*rand.Rand) string {
	return func(r *rand.Rand) string { return encode(f(r)) }
}

func gzipped(s string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write([]byte(s))
	w.Close()
	return b.String()
}

func brotlied(s string) string {
	var b bytes.Buffer
	w := brotli.NewWriter(&b)
	w.Write([]byte(s))
	w.Close()
	return b.String()
}

func zstded(s string) string {
	w, _ := zstd.NewWriter(nil)
	return string(w.EncodeAll([]byte(s), nil))
}

func based(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// signed is a JSON object with a signed token (RFC 7519).
func signed(claims string) func(*rand.Rand) string {
	return func(r *rand.Rand) string {
		return filled(`{"t":"`+based(`{"alg":"none"}`)+"."+strings.TrimRight(based(filled(claims, r)), "=")+`.%x"}`, r)
	}
}

// message is protobuf: field 1 a number, 2 a text, 3 messages with a number and
// a text.
func message(version uint64, items ...string) func(*rand.Rand) string {
	return func(r *rand.Rand) string {
		b := binary.AppendUvarint([]byte{1 << 3}, r.Uint64N(1e6))
		b = binary.AppendUvarint(append(b, 4<<3), version)
		for _, it := range items {
			in := binary.AppendUvarint([]byte{1 << 3}, r.Uint64N(1e6))
			in = append(binary.AppendUvarint(append(in, 2<<3|2), uint64(len(it))), it...)
			b = append(binary.AppendUvarint(append(b, 3<<3|2), uint64(len(in))), in...)
		}
		return string(b)
	}
}

// play is 40 answers of a world, every fourth with the difference, reduced by
// one extractor.
func play(t *testing.T, w *world, canary func(*rand.Rand) string, headers string) (x *Extractor, base, other []map[int]uint64) {
	t.Helper()
	x = New(Options{})
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 60 {
		body, hs := w.base, w.headers
		if i%4 == 3 {
			body, hs = canary, headers
		}
		var names []string
		if hs != "" {
			names = strings.Split(filled(hs, r), "|")
		}
		row := map[int]uint64{}
		for _, v := range x.Features(observed(body(r), names...), integration) {
			row[v.Def] = v.Hash
		}
		switch {
		case i < 24: // what is a member, and which keys are ids, has to be learnt
		case i%4 == 3:
			other = append(other, row)
		default:
			base = append(base, row)
		}
	}
	return x, base, other
}

// telling are the features that hold one thing, or nothing, in one kind of
// answers and never that in the other.
func telling(x *Extractor, base, other []map[int]uint64) []string {
	out := []string{}
	for i := range x.Defs() {
		a, b := valuesOf(base, i), valuesOf(other, i)
		common := slices.ContainsFunc(a, func(v uint64) bool { return slices.Contains(b, v) })
		if !common && (len(a) == 1 || len(b) == 1) {
			out = append(out, x.Defs()[i].String())
		}
	}
	slices.Sort(out)
	return out
}

func valuesOf(rows []map[int]uint64, def int) []uint64 {
	var out []uint64
	for _, row := range rows {
		out = append(out, row[def]) // 0 where it is absent
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func TestOneDifference(t *testing.T) {
	const json = "content-type: application/json"
	for _, w := range []world{
		{name: "constant", headers: json, base: with(`{"a":1,"b":"x"}`), canary: with(`{"a":1,"b":"y"}`), want: []string{"/b"}},
		{name: "number beside a moving one", headers: json, base: with(`{"took":%d,"rate":5}`), canary: with(`{"took":%d,"rate":6}`), want: []string{"/rate"}},
		{name: "version", headers: json, base: with(`{"id":"%u","version":"1"}`), canary: with(`{"id":"%u","version":"2"}`), want: []string{"/version"}},
		{name: "type", headers: json, base: with(`{"id":"%u","n":%d}`), canary: with(`{"id":"%u","n":"%d"}`), want: []string{"/n shape", "/n type"}},
		{name: "shape", headers: json, base: with(`{"id":"%u"}`), canary: with(`{"id":"%x"}`), want: []string{"/id shape"}},
		{name: "null", headers: json, base: with(`{"a":null,"n":%d}`), canary: with(`{"a":{},"n":%d}`), want: []string{"/a", "/a type"}},
		{name: "field gone", headers: json, base: with(`{"a":%d,"b":%d}`), canary: with(`{"a":%d}`), want: []string{"/b", "/b type"}},
		{name: "epoch in another unit", headers: json, base: with(`{"at":1772366400}`), canary: with(`{"at":1772366400123}`), want: []string{"/at", "/at shape"}},
		{name: "time with another zone", headers: json, base: with(`{"at":"%t","n":%d}`), canary: func(r *rand.Rand) string {
			return strings.Replace(filled(`{"at":"%t","n":%d}`, r), "Z", "+00:00", 1)
		}, want: []string{"/at shape"}},
		{name: "word in a moving text", headers: json, base: with(`{"m":"order %d taken by the shop"}`), canary: with(`{"m":"order %d taken by the store"}`),
			want: []string{`/m "order <number> taken by the shop" 1`, `/m "order <number> taken by the store" 1`, `/m holds "order <number> taken by the shop"`, `/m holds "order <number> taken by the store"`}},
		{name: "word beside a varying word", headers: json, base: with(`{"m":"hello %s from the shop"}`), canary: with(`{"m":"hello %s from the store"}`),
			want: []string{`/m holds "the shop"`, `/m holds "the store"`}},
		{name: "number in a text beside a moving one", headers: json, base: with(`{"m":"build 41 took %d ms"}`), canary: with(`{"m":"build 42 took %d ms"}`),
			want: []string{`/m "build <number> took <number> ms" 1`}},
		{name: "JSON in a text", headers: json, base: with(`{"body":"{\"took\":%d,\"v\":1}"}`), canary: with(`{"body":"{\"took\":%d,\"v\":2}"}`), want: []string{"/body/v"}},
		{name: "URL with a moving signature", headers: json, base: with(`{"u":"https://a.example.com/x?sig=%x"}`), canary: with(`{"u":"https://b.example.com/x?sig=%x"}`),
			want: []string{`/u "https://a.example.com/x?sig=<hex~32>" 1`, `/u "https://b.example.com/x?sig=<hex~32>" 1`, `/u holds "https://a.example.com/x?sig=<hex~32>"`, `/u holds "https://b.example.com/x?sig=<hex~32>"`}},
		{name: "members of a list that moves", headers: json, base: wrap(`{"items":`, list(8, `{"n":"p#","price":12.5,"id":"%u"}`), "}"),
			canary: wrap(`{"items":`, list(8, `{"n":"p#","price":12.9,"id":"%u"}`), "}"), want: []string{`/items/*/price holds "12.5"`, `/items/*/price holds "12.9"`}},
		{name: "shape of members", headers: json, base: list(8, `{"id":"%u"}`), canary: list(8, `{"id":%d}`),
			want: []string{"/*/id shape", "/*/id type"}},
		{name: "type of members", headers: json, base: list(9, `"#"`), canary: list(9, `#`), want: []string{"/* shape", "/* type"}},
		{name: "empty list", headers: json, base: wrap(`{"l":`, list(1e6, `"#"`), "}"), canary: with(`{"l":[]}`), want: []string{"/l order", "/l set", "/l size", "/l/* shape", "/l/* type"}},
		{name: "order", headers: json, base: with(`{"l":[1,2,3],"n":%d}`), canary: with(`{"l":[3,2,1],"n":%d}`), want: []string{"/l order"}},
		{name: "keys that are ids", headers: json, base: with(`{"stock":{"SKU-%d":{"left":%d,"of":10}}}`), canary: with(`{"stock":{"SKU-%d":{"left":%d,"of":20}}}`),
			want: []string{`/stock/*/of holds "10"`, `/stock/*/of holds "20"`}},
		{name: "keys that are names that come and go", headers: json, base: with(`{"by":{"%s":{"of":"a"},"%s":{"of":"a"},"%s":{"of":"a"}}}`), canary: with(`{"by":{"%s":{"of":"a"},"%s":{"of":"b"},"%s":{"of":"b"}}}`),
			want: []string{`/by/*/of holds "b"`}},
		{name: "lines of JSON", headers: "content-type: application/x-ndjson", base: with("{\"n\":%d,\"v\":1}\n{\"n\":%d,\"v\":1}\n"), canary: with("{\"n\":%d,\"v\":2}\n{\"n\":%d,\"v\":2}\n"),
			want: []string{`/*/v holds "1"`, `/*/v holds "2"`}},
		{name: "events", headers: "content-type: text/event-stream", base: with("event: a\ndata: {\"n\":%d,\"v\":1}\n\n"), canary: with("event: a\ndata: {\"n\":%d,\"v\":2}\n\n"),
			want: []string{`/*/v holds "1"`, `/*/v holds "2"`}},
		{name: "script", headers: "content-type: application/javascript", base: with(`cb({"n":%d,"v":1});`), canary: with(`cb({"n":%d,"v":2});`), want: []string{"/v"}},
		{name: "guarded JSON", headers: json, base: with(")]}',\n{\"n\":%d,\"v\":1}"), canary: with(")]}',\n{\"n\":%d,\"v\":2}"), want: []string{"/v"}},
		{name: "spacing", headers: json, base: with(`{"n":%d}`), canary: with(`{"n": %d}`), want: []string{":spacing"}},
		{name: "cut JSON", headers: json, base: with(`{"n":%d}`), canary: with(`{"n":%d,"b`), want: []string{":body"}},
		{name: "no JSON though it says so", headers: json, base: with(`{"n":1}`), canary: with(`oops %d`),
			want: []string{"/n", "/n type", ":body", `:body "oops <number>" 1`, `:body holds "oops <number>"`, ":body type", ":spacing"}},
		{name: "plain text", headers: "content-type: text/plain", base: with("up for %d seconds\nmode: blue\n"), canary: with("up for %d seconds\nmode: green\n"),
			want: []string{`:body holds "mode: blue"`, `:body holds "mode: green"`}},
		{name: "text of one line", headers: "content-type: text/plain", base: with("Hello from 1.4.2 at %t"), canary: with("Hello from 1.5.0 at %t"), want: []string{`:body "Hello from <token> at <time~z>" 1`}},
		{name: "metrics", headers: "content-type: text/plain; version=0.0.4", base: with("# TYPE a counter\na{code=\"200\"} %d\nlimit 5\nb %d\n"), canary: with("# TYPE a counter\na{code=\"200\"} %d\nlimit 9\nb %d\n"),
			want: []string{`:body "limit <number>" 1`}},
		{name: "stub_status", headers: "content-type: text/plain", base: with("Active connections: %d \nserver accepts handled requests\n %d %d %d \nReading: 0 Writing: %d Waiting: 0\n"),
			canary: with("Active connections: %d \nserver accepts handled requests\n %d %d %d \nReading: 0 Writing: %d Waiting: 1\n"),
			want:   []string{`:body "Reading: <number> Writing: <number> Waiting: <number>" 3`}},
		{name: "HTML on one line", headers: "content-type: text/html", base: with(`<html><body><p id="a">Hi %s</p><b>blue</b><i>%d</i></body></html>`), canary: with(`<html><body><p id="a">Hi %s</p><b>green</b><i>%d</i></body></html>`),
			want: []string{`:body holds "<b>blue"`, `:body holds "<b>green"`}},
		{name: "one of several ids of one form", headers: "content-type: text/html", base: with(`<p>nonce <b>%x</b></p><p>commit <b>9f31c0a29f31c0a29f31c0a29f31c0a2</b></p><p>csrf <b>%x</b></p>`), canary: with(`<p>nonce <b>%x</b></p><p>commit <b>0b77d1e40b77d1e40b77d1e40b77d1e4</b></p><p>csrf <b>%x</b></p>`),
			want: []string{`:body "<b><hex~32>" 2`, `:body holds "0b77d1e40b77d1e40b77d1e40b77d1e4"`, `:body holds "9f31c0a29f31c0a29f31c0a29f31c0a2"`}},
		{name: "one of several ids in any order", headers: "content-type: text/html", base: shuffled("<i>%x</i>", "<i>9f31c0a29f31c0a29f31c0a29f31c0a2</i>", "<i>%x</i>"), canary: shuffled("<i>%x</i>", "<i>0b77d1e40b77d1e40b77d1e40b77d1e4</i>", "<i>%x</i>"),
			want: []string{`:body holds "0b77d1e40b77d1e40b77d1e40b77d1e4"`, `:body holds "9f31c0a29f31c0a29f31c0a29f31c0a2"`}},
		{name: "one of many ids of a line", headers: "content-type: text/plain", base: with("%x %x %x %x %x %x %x %x 9f31c0a29f31c0a29f31c0a29f31c0a2 %x %x"), canary: with("%x %x %x %x %x %x %x %x 0b77d1e40b77d1e40b77d1e40b77d1e4 %x %x"),
			want: []string{`:body holds "0b77d1e40b77d1e40b77d1e40b77d1e4"`, `:body holds "9f31c0a29f31c0a29f31c0a29f31c0a2"`}},
		{name: "XML", headers: "content-type: application/xml", base: with("<r>\n <at>%t</at>\n <price>12.5</price>\n</r>"), canary: with("<r>\n <at>%t</at>\n <price>12.9</price>\n</r>"),
			want: []string{`:body "<price><number>" 1`}},
		{name: "feed", headers: "content-type: application/rss+xml", base: with(`<rss><title>News</title><item><guid>%u</guid><title>%s %s</title></item></rss>`), canary: with(`<rss><title>Newz</title><item><guid>%u</guid><title>%s %s</title></item></rss>`),
			want: []string{`:body holds "<title>News"`, `:body holds "<title>Newz"`}},
		{name: "table", headers: "content-type: text/csv", base: with("name,left,unit\n%s,%d,kg\n%s,%d,kg\n"), canary: with("name,left,unit\n%s,%d,lb\n%s,%d,lb\n"),
			want: []string{`/*/unit holds "kg"`, `/*/unit holds "lb"`}},
		{name: "form", headers: "content-type: application/x-www-form-urlencoded", base: with("id=%d&mode=blue"), canary: with("id=%d&mode=green"),
			want: []string{`:body "id=<number>&mode=blue" 1`, `:body "id=<number>&mode=green" 1`, `:body holds "id=<number>&mode=blue"`, `:body holds "id=<number>&mode=green"`}},
		{name: "gzip", headers: json + "|content-encoding: gzip", base: encoded(with(`{"n":%d,"v":1}`), gzipped), canary: encoded(with(`{"n":%d,"v":2}`), gzipped), want: []string{"/v"}},
		{name: "brotli", headers: json + "|content-encoding: br", base: encoded(with(`{"n":%d,"v":1}`), brotlied), canary: encoded(with(`{"n":%d,"v":2}`), brotlied), want: []string{"/v"}},
		{name: "zstd", headers: json + "|content-encoding: zstd", base: encoded(with(`{"n":%d,"v":1}`), zstded), canary: encoded(with(`{"n":%d,"v":2}`), zstded), want: []string{"/v"}},
		{name: "two encodings", headers: json + "|content-encoding: br, gzip", base: encoded(encoded(with(`{"n":%d,"v":1}`), brotlied), gzipped), canary: encoded(encoded(with(`{"n":%d,"v":2}`), brotlied), gzipped), want: []string{"/v"}},
		{name: "protobuf", headers: "content-type: application/x-protobuf", base: message(7, "tea", "milk"), canary: message(8, "tea", "milk"), want: []string{":pb/4"}},
		{name: "repeated field of protobuf", headers: "content-type: application/octet-stream", base: message(7, "tea", "milk"), canary: message(7, "tea", "soap"),
			want: []string{`:pb/3/*/2 holds "milk"`, `:pb/3/*/2 holds "soap"`}},
		{name: "binary", headers: "content-type: image/png", base: with("\x89PNG\x00\x01\x02same"), canary: with("\x89PNG\x00\x01\x02else"), want: []string{":body"}},
		{name: "binary that moves, of another length", headers: "content-type: image/png", base: with("\x89PNG\x00\x01\x02%x"), canary: with("\x89PNG\x00\x01\x02%x%x%x%x%x"),
			want: []string{`:body "<hex>" 1`, `:body "<hex~32>" 1`, `:body holds "<hex>"`, `:body holds "<hex~32>"`, ":body size"}},
		{name: "text in a binary that moves", headers: "content-type: image/png", base: with("\x89PNG\x00\x01\x02tEXtmode blue\x00%x\x00"), canary: with("\x89PNG\x00\x01\x02tEXtmode gray\x00%x\x00"),
			want: []string{`:body holds "tEXtmode blue"`, `:body holds "tEXtmode gray"`}},
		{name: "claims of a token", headers: json, base: signed(`{"iss":"a","jti":"%u"}`), canary: signed(`{"iss":"b","jti":"%u"}`), want: []string{"/t/claims/iss"}},
		{name: "JSON in base64", headers: json, base: wrap(`{"next":"`, encoded(with(`{"at":%d,"v":1}`), based), `"}`), canary: wrap(`{"next":"`, encoded(with(`{"at":%d,"v":2}`), based), `"}`), want: []string{"/next/v"}},
		{name: "state in the script of a page", headers: "content-type: text/html", base: with(`<html><script nonce="%x">window.state={"user":"%s %s","v":1};</script><b>%d</b>`), canary: with(`<html><script nonce="%x">window.state={"user":"%s %s","v":2};</script><b>%d</b>`),
			want: []string{`/*/v holds "1"`, `/*/v holds "2"`}},
		{name: "path with an id", headers: json, base: with(`{"self":"/v1/orders/%d"}`), canary: with(`{"self":"/v2/orders/%d"}`), want: []string{`/self "/<token>/orders/<number>" 1`}},
		{name: "paths with an id", headers: json, base: list(1e6, `{"self":"/v1/orders/#"}`), canary: list(1e6, `{"self":"/v2/orders/#"}`), want: []string{`/*/self holds "v1"`, `/*/self holds "v2"`}},
		{name: "query in a text", headers: json, base: with(`{"q":"id=%d&mode=blue"}`), canary: with(`{"q":"id=%d&mode=gray"}`),
			want: []string{`/q "id=<number>&mode=blue" 1`, `/q "id=<number>&mode=gray" 1`, `/q holds "id=<number>&mode=blue"`, `/q holds "id=<number>&mode=gray"`}},
		{name: "order within members", headers: json, base: list(1e6, `{"id":#,"tags":["a","b"]}`), canary: list(1e6, `{"id":#,"tags":["b","a"]}`), want: []string{`/*/tags holds "order 9fafd02a"`, `/*/tags holds "order c4882404"`}},
		{name: "table without names", headers: "content-type: text/csv", base: with("commit,9f31c0a2\nleft,%d\n"), canary: with("commit,0b77d1e4\nleft,%d\n"),
			want: []string{`/* holds "commit,0b77d1e4"`, `/* holds "commit,9f31c0a2"`, `/*/column 2 holds "0b77d1e4"`, `/*/column 2 holds "9f31c0a2"`}},
		{name: "table of one row", headers: "content-type: text/csv", base: with("%d,blue"), canary: with("%d,gray"), want: []string{`:body "<number>,blue" 1`, `:body "<number>,gray" 1`, `:body holds "<number>,blue"`, `:body holds "<number>,gray"`}},
		{name: "nothing", headers: json, base: with(`{"n":%d}`), canary: with(""), want: []string{"/n", "/n type", ":body", ":body type", ":spacing"}},
		{name: "failure inside a success", headers: json, base: with(`{"n":1}`), canary: with(`{"n":1,"errorMessage":"%u","errorType":"Error"}`),
			want: []string{"/errorMessage", "/errorMessage shape", "/errorMessage type", "/errorType", "/errorType shape", "/errorType type", ":failure"}},
		{name: "failure of an inner answer", headers: json, base: with(`{"statusCode":200,"body":"%u"}`), canary: with(`{"statusCode":502,"body":"%u"}`), want: []string{"/statusCode", ":failure"}},
	} {
		t.Run(w.name, func(t *testing.T) {
			x, base, other := play(t, &w, w.canary, w.headers)
			if got := telling(x, base, other); !slices.Equal(got, w.want) {
				t.Errorf("told apart by\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(w.want, "\n  "))
			}
			x, base, other = play(t, &w, w.base, w.headers)
			if got := telling(x, base, other); len(got) > 0 {
				t.Errorf("the same kind of answers, told apart by %q", got)
			}
		})
	}
}

func TestHeaderDifference(t *testing.T) {
	body := with(`{"n":%d}`)
	for _, w := range []struct {
		name, base, canary string
		want               []string
	}{
		{"build", "x-app-build: 41|x-request-id: %u", "x-app-build: 42|x-request-id: %u", []string{"x-app-build"}},
		{"ids and connection", "date: %t|x-amzn-requestid: %u|connection: close|via: %x|age: %d|x-amzn-remapped-date: %t", "date: %t|x-cache: Hit|alt-svc: %x", []string{}},
		{"directive", "cache-control: max-age=%d, public", "cache-control: max-age=%d, private", []string{`cache-control holds "private"`, `cache-control holds "public"`}},
		{"age limit", "cache-control: max-age=60", "cache-control: max-age=300", []string{"cache-control max-age"}},
		{"order of a list", "vary: Origin, Accept", "vary: accept,origin", []string{}},
		{"vary", "vary: Origin|x: %d", "vary: Origin, Accept|x: %d", []string{`vary holds "accept"`}},
		{"timing", `server-timing: db;dur=%d;desc="a, b"`, `server-timing: db;dur=%d;desc="a, b", cache;dur=%d`,
			[]string{"server-timing cache dur", "server-timing cache dur shape", "server-timing cache dur type", `server-timing holds "cache"`}},
		{"cookie", "set-cookie: visit=%x; Path=/; Expires=%t", "set-cookie: visit=%x; Path=/; HttpOnly; Expires=%t", []string{"set-cookie visit set"}},
		{"time that a cookie has left", "set-cookie: s=%x; Max-Age=%d; Path=/a", "set-cookie: s=%x; Max-Age=%d; Path=/b", []string{"set-cookie s set"}},
		{"time that a cookie has", "set-cookie: s=%x; Max-Age=60", "set-cookie: s=%x; Max-Age=90", []string{"set-cookie s max-age"}},
		{"one of two headers of one name", "x-node: a1|x-node: %x", "x-node: %x|x-node: b1", []string{`x-node holds "a1"`, `x-node holds "b1"`}},
		{"claims of a cookie", "set-cookie: s=eyJ0eXAiOiJKV1QifQ.eyJhIjoxfQ.%x", "set-cookie: s=eyJ0eXAiOiJKV1QifQ.eyJhIjoyfQ.%x", []string{"set-cookie s/claims/a"}},
		{"cookie of another shape", "set-cookie: s=%x", "set-cookie: s=%u", []string{"set-cookie s shape"}},
		{"new cookie", "set-cookie: s=%x", "set-cookie: s=%x|set-cookie: t=%x", []string{"set-cookie t", "set-cookie t shape", "set-cookie t type"}},
		{"header gone", "server: a|etag: %x", "server: a", []string{"etag", "etag shape", "etag type"}},
		{"policy with a nonce", "content-security-policy: script-src 'nonce-%x' a.example.com", "content-security-policy: script-src 'nonce-%x' b.example.com",
			[]string{`content-security-policy "script-src '<token>' a.example.com" 1`, `content-security-policy "script-src '<token>' b.example.com" 1`, `content-security-policy holds "script-src '<token>' a.example.com"`, `content-security-policy holds "script-src '<token>' b.example.com"`}},
		{"media type", "content-type: text/html; charset=UTF-8", "content-type: text/html; charset=latin1", []string{"content-type charset"}},
		{"another media type", "content-type: text/html; charset=UTF-8", "content-type: text/plain; charset=UTF-8", []string{":media-type"}},
	} {
		t.Run(w.name, func(t *testing.T) {
			x, base, other := play(t, &world{headers: w.base, base: body}, body, w.canary)
			got := telling(x, base, other)
			if !slices.Equal(got, w.want) {
				t.Errorf("told apart by %q, want %q", got, w.want)
			}
		})
	}
}
