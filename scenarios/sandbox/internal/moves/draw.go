package moves

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"
)

// draw gives the parameters of one move: what the world says, else what the
// seed says.
type draw struct {
	Spec
	rng   *rand.Rand
	start time.Time
}

// kind is one way in which answers move.
type kind struct {
	group string // few, clock, walk, list, header, encoding
	form  bool   // fixes the form of the body: one of them in a backend
	make  func(d *draw) step
}

// path is where a field stands: as given, or drawn at the top or below one of
// the usual objects.
func (d *draw) path(name string) string {
	if d.Name != "" {
		return d.Name
	}
	return []string{"", "", "meta/", "stats/", "info/"}[d.rng.IntN(5)] + name
}

// header is the name of a header.
func (d *draw) header(name string) string {
	if d.Name != "" {
		return d.Name
	}
	return name
}

// of is how many values there are, from lo to hi.
func (d *draw) of(lo, hi int) int { return given(d.Of, lo+d.rng.IntN(hi-lo+1)) }

func (d *draw) every(lo, hi int) int { return max(1, given(d.Every, lo+d.rng.IntN(hi-lo+1))) }

func (d *draw) from(lo, hi float64) float64 { return given(d.From, lo+d.rng.Float64()*(hi-lo)) }

func (d *draw) by(lo, hi float64) float64 { return given(d.By, lo+d.rng.Float64()*(hi-lo)) }

func (d *draw) share(lo, hi float64) float64 { return given(d.Share, lo+d.rng.Float64()*(hi-lo)) }

func given[T comparable](v, drawn T) T {
	var zero T
	if v != zero {
		return v
	}
	return drawn
}

// pick draws as many of a pool as the move has values, at least two.
func (d *draw) pick(pool []string, lo, hi int) []string {
	if len(d.Values) > 0 {
		return d.Values
	}
	n := min(len(pool), max(2, d.of(lo, hi)))
	out := make([]string, n)
	for i, j := range d.rng.Perm(len(pool))[:n] {
		out[i] = pool[j]
	}
	return out
}

// tokens makes so many words of a form such as "web-~~~~", all different (see [token]).
func (d *draw) tokens(form string, lo, hi int) []string {
	if len(d.Values) > 0 {
		return d.Values
	}
	out := make([]string, max(2, d.of(lo, hi)))
	for i := range out {
		for range 20 { // a short form has few words
			if out[i] = token(d.rng, form); !slices.Contains(out[:i], out[i]) {
				break
			}
		}
	}
	return out
}

const alphabet = "bcdfghjklmnpqrstvwxz2456789" // as Kubernetes names pods

// token fills a form: ~ is one of alphabet, # a digit, @ a hexadecimal one.
func token(rng *rand.Rand, form string) string {
	out := []byte(form)
	for i, c := range out {
		switch c {
		case '~':
			out[i] = alphabet[rng.IntN(len(alphabet))]
		case '#':
			out[i] = byte('0' + rng.IntN(10))
		case '@':
			out[i] = "0123456789abcdef"[rng.IntN(16)]
		}
	}
	return string(out)
}

func one[T any](t *turn, of []T) T { return of[t.rng.IntN(len(of))] }

// uneven draws the first value most often: each further one half as often.
func uneven[T any](t *turn, of []T) T {
	for _, v := range of[:len(of)-1] {
		if t.rng.IntN(2) == 0 {
			return v
		}
	}
	return of[len(of)-1]
}

func (t *turn) set(path string, v any)    { t.a.set(path, v) }
func (t *turn) header(name, value string) { t.a.headers = setHeader(t.a.headers, name, value) }
func (t *turn) add(name, value string)    { t.a.headers = append(t.a.headers, Header{name, value}) }
func (t *turn) chance(share float64) bool { return t.rng.Float64() < share }
func (t *turn) after(f func(out *Answer)) { t.last = append(t.last, f) }
func (t *turn) between(lo, hi int) int    { return lo + t.rng.IntN(hi-lo+1) }
func (t *turn) token(form string) string  { return token(t.rng, form) }
func (t *turn) passed() int               { return int(t.now.Sub(t.start) / time.Second) }
func (t *turn) jitter(d time.Duration) time.Duration {
	return time.Duration(t.rng.Int64N(int64(d)))
}

func whole(n int) json.Number { return json.Number(strconv.Itoa(n)) }

// number is a decimal with so many digits behind the point.
func number(v float64, digits int) json.Number {
	return json.Number(strconv.FormatFloat(v, 'f', digits, 64))
}

// walk is a random walk that takes a step of at most by every so many
// requests, reflected at lo and hi.
type walk struct {
	at, by, lo, hi float64
	every          int
}

func (w *walk) next(t *turn) float64 {
	if t.n%w.every == 0 {
		w.at += w.by * (2*t.rng.Float64() - 1)
		w.at = w.lo + math.Abs(w.at-w.lo)
		w.at = w.hi - math.Abs(w.hi-w.at)
	}
	return w.at
}

// walker draws a walk from its range.
func (d *draw) walker(lo, hi float64, every int) *walk {
	w := &walk{at: d.from(lo, hi), by: d.by((hi-lo)/200, (hi-lo)/20), lo: lo, hi: hi, every: d.every(1, every)}
	w.lo, w.hi = min(w.lo, w.at), max(w.hi, w.at)
	return w
}

// tick draws after how many requests something steps, and gives the number of
// steps so far.
func (d *draw) tick() func(t *turn) int {
	every := d.every(60, 400)
	first := 1 + d.rng.IntN(every)
	return func(t *turn) int { return (t.n + every - first) / every }
}

// field1 is a move that sets one field.
func field1(path string, value func(t *turn) any) step {
	return func(t *turn) { t.set(path, value(t)) }
}

// header1 is a move that sets one header.
func header1(name string, value func(t *turn) string) step {
	return func(t *turn) { t.header(name, value(t)) }
}

// fewOf sets a field to one of a few texts by chance.
func fewOf(name string, pool ...string) func(d *draw) step {
	return func(d *draw) step {
		values, path := d.pick(pool, 2, 5), d.path(name)
		return field1(path, func(t *turn) any { return one(t, values) })
	}
}

// fewTokens sets a field to one of a few drawn words of a form.
func fewTokens(name, form string) func(d *draw) step {
	return func(d *draw) step {
		values, path := d.tokens(form, 2, 5), d.path(name)
		return field1(path, func(t *turn) any { return one(t, values) })
	}
}

// freshHeader sets a header to a new word of a form each time.
func freshHeader(name, form string) func(d *draw) step {
	return func(d *draw) step {
		name := d.header(name)
		return header1(name, func(t *turn) string { return t.token(form) })
	}
}

// clock sets a field to the time, a drawn distance from now, in a layout.
func clock(name, layout string, lo, hi time.Duration) func(d *draw) step {
	return func(d *draw) step {
		path, off := d.path(name), lo+time.Duration(d.rng.Float64()*float64(hi-lo))
		return field1(path, func(t *turn) any { return t.now.Add(off).UTC().Format(layout) })
	}
}

// ticks sets a field to what a count of ticks makes of it: once or twice in a
// run.
func ticks(name string, value func(d *draw) func(n int) any) func(d *draw) step {
	return func(d *draw) step {
		path, tick, v := d.path(name), d.tick(), value(d)
		return field1(path, func(t *turn) any { return v(tick(t)) })
	}
}

// walks sets a field to a random walk with so many digits.
func walks(name string, lo, hi float64, digits, every int) func(d *draw) step {
	return func(d *draw) step {
		path, w := d.path(name), d.walker(lo, hi, every)
		return field1(path, func(t *turn) any { return number(w.next(t), digits) })
	}
}

// sku is the name of the i-th thing of a list.
func sku(i int) string { return fmt.Sprintf("SKU-%d", 1000+i) }
