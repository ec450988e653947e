package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
)

// comparison is one way to ask the stage, and who is compared at it.
type comparison struct {
	name  string
	where func(*stages) string // URL
	args  []string             // of our client
	rate  int                  // requests per second; 0: as fast as answers come
	peers []rival
}

// rival is a peer and the share of its CPU time that ours may take; 0 where
// none is asked for.
type rival struct {
	name  string
	flags []string
	limit float64
}

func comparisons() []comparison {
	return []comparison{
		{"h1", func(s *stages) string { return s.fast.H1 }, []string{"-http", "1.1"}, 0,
			[]rival{{"vegeta", nil, 0.5}, {"bombardier", []string{"--fasthttp"}, 1.6}, {"fortio", nil, 0}, {"hey", nil, 0}, {"k6", nil, 0}}},
		{"tls", func(s *stages) string { return s.fast.TLS }, []string{"-http", "1.1"}, 0,
			[]rival{{"vegeta", nil, 0.5}, {"bombardier", []string{"--fasthttp"}, 1.6}, {"fortio", nil, 0}, {"hey", nil, 0}, {"k6", nil, 0}}},
		{"h2", func(s *stages) string { return s.fast.H2 }, []string{"-http", "2"}, 0,
			[]rival{{"vegeta", []string{"-http2"}, 0.6}, {"bombardier", []string{"--http2"}, 0}, {"fortio", []string{"-h2"}, 0}, {"hey", []string{"-h2"}, 0}, {"k6", nil, 0}}},
		{"open 2000/s, answers after 10 ms", func(s *stages) string { return s.slow.H1 }, []string{"-http", "1.1"}, 2000,
			[]rival{{"vegeta", nil, 0.8}}},
	}
}

// rounds runs comparisons.
type rounds struct {
	options
	tools  map[string]peer
	stages *stages
	work   string
	long   int // times as long as on an idle machine
}

// ours are the forms of our own client: the engine alone, and with everything
// that a check does to each answer.
var ours = []struct {
	name string
	args []string
}{
	{"engine", nil},
	{"engine, features, recording", []string{"-count", "-record"}},
}

func (r *rounds) run(ctx context.Context, c comparison) {
	own := make([][]cost, len(ours))
	theirs := make([][]cost, len(c.peers))
	url := c.where(r.stages)
	for range r.reps {
		for i, o := range ours {
			own[i] = append(own[i], r.once(ctx, r.own(c, url, o.args)))
		}
		for i, p := range c.peers {
			if peer, ok := r.tools[p.name]; ok {
				theirs[i] = append(theirs[i], r.enough(ctx, c, func() job { return peer.job(r, c, url, p.flags) }))
			}
		}
	}
	r.print(c, own, theirs)
}

// longest is how many times as long a peer runs at most that takes a time instead of
// a number of requests.
const longest = 32

// enough runs a peer, and again for longer where it sent so little, on a busy machine,
// that its start shows in what a request costs.
func (r *rounds) enough(ctx context.Context, c comparison, again func() job) cost {
	k := r.once(ctx, again())
	for c.rate == 0 && k.requests > 0 && k.requests < r.n/5 && r.long < longest {
		r.long = max(2, 2*r.long)
		k = r.once(ctx, again())
	}
	return k
}

func (r *rounds) once(ctx context.Context, j job) cost {
	k, err := j.run(ctx, r.clientCPU)
	if err != nil && ctx.Err() == nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", strings.Join(j.command, " "), err)
	}
	return k
}

func (r *rounds) print(c comparison, own, theirs [][]cost) {
	fmt.Printf("\n%s (%d rounds)\n", c.name, r.reps)
	for i, o := range ours {
		fmt.Printf("  %-28s %s\n", o.name, summary(own[i]))
	}
	for i, p := range c.peers {
		if !slices.Contains(r.peers, p.name) {
			continue
		}
		if len(theirs[i]) == 0 {
			fmt.Printf("  %-28s missing: it could not be installed\n", p.name)
			continue
		}
		fmt.Printf("  %-28s %s\n", p.name, summary(theirs[i]))
		for k, o := range ours {
			limit := ""
			if p.limit > 0 {
				limit = fmt.Sprintf("   (limit %.1f)", p.limit)
			}
			fmt.Printf("    %-26s %s of %s's%s\n", o.name, ratios(own[k], theirs[i]), p.name, limit)
		}
	}
}

// cost is what one run took of its client.
type cost struct {
	requests int
	cpu      float64 // µs a request
	memory   float64 // MiB at most
	late     float64 // ms, the 99.9th percentile of the scheduling error; 0 where not measured
}

func summary(ks []cost) string {
	ks = slices.DeleteFunc(slices.Clone(ks), func(k cost) bool { return k.requests == 0 })
	if len(ks) == 0 {
		return "every run failed"
	}
	s := fmt.Sprintf("%6.1f µs a request, %4.0f MiB, %d requests",
		median(ks, func(k cost) float64 { return k.cpu }), median(ks, func(k cost) float64 { return k.memory }), ks[0].requests)
	if late := median(ks, func(k cost) float64 { return k.late }); late > 0 {
		s += fmt.Sprintf(", 99.9 %% sent within %.2f ms", late)
	}
	return s
}

// ratios compares two clients round by round.
func ratios(a, b []cost) string {
	var rs []float64
	for i := range a {
		if a[i].requests > 0 && b[i].requests > 0 {
			rs = append(rs, a[i].cpu/b[i].cpu)
		}
	}
	if len(rs) == 0 {
		return "   no round"
	}
	m := median(rs, func(x float64) float64 { return x })
	return fmt.Sprintf("%6.2f [%.2f, %.2f]", m, slices.Min(rs), slices.Max(rs))
}

func median[T any](list []T, of func(T) float64) float64 {
	xs := make([]float64, len(list))
	for i := range list {
		xs[i] = of(list[i])
	}
	slices.Sort(xs)
	if n := len(xs); n%2 == 0 {
		return (xs[n/2-1] + xs[n/2]) / 2
	}
	return xs[len(xs)/2]
}

// machine names what the figures were taken on.
func machine() string {
	name := runtime.GOARCH
	info, _ := os.ReadFile("/proc/cpuinfo") // not there on other systems
	for line := range strings.Lines(string(info)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			name = strings.TrimSpace(value)
			break
		}
	}
	return fmt.Sprintf("%s, %d CPUs, %s, %s", name, runtime.NumCPU(), runtime.GOOS, runtime.Version())
}
