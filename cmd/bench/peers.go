package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// peer is an installed load tool.
type peer struct {
	path string
	job  func(r *rounds, c comparison, url string, flags []string) job
}

const concurrency = "32"

// pinned are the peers' modules.
var pinned = []struct {
	name, module string
	job          func(path string, r *rounds, c comparison, url string, flags []string) job
}{
	{"vegeta", "github.com/tsenart/vegeta/v12@v12.13.0", vegeta},
	{"bombardier", "github.com/codesenberg/bombardier@v1.2.6", fixed("-k", "-p", "r", "-c", concurrency, "-n")},
	{"fortio", "fortio.org/fortio@v1.63.0", fixed("load", "-quiet", "-k", "-c", concurrency, "-qps", "0", "-n")},
	{"hey", "github.com/rakyll/hey@v0.1.5", fixed("-c", concurrency, "-n")},
	{"k6", "go.k6.io/k6@v1.8.1", k6},
}

// install makes the peers available; one that cannot be built is left out.
func install(ctx context.Context, bin string, names []string) map[string]peer {
	found := map[string]peer{}
	abs, err := filepath.Abs(bin)
	if err != nil {
		return found
	}
	for _, p := range pinned {
		if !slices.Contains(names, p.name) {
			continue
		}
		path := filepath.Join(abs, p.name)
		if _, err := os.Stat(path); err != nil {
			cmd := exec.CommandContext(ctx, "go", "install", p.module)
			cmd.Env = append(os.Environ(), "GOBIN="+abs, "GOFLAGS=")
			if out, err := cmd.CombinedOutput(); err != nil {
				fmt.Fprintf(os.Stderr, "%s is missing: %v\n%s", p.module, err, lastLine(out))
				continue
			}
		}
		found[p.name] = peer{path, func(r *rounds, c comparison, url string, flags []string) job {
			return p.job(path, r, c, url, flags)
		}}
	}
	return found
}

func lastLine(out []byte) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[len(lines)-1] + "\n"
}

// job is one run of a client.
type job struct {
	command []string
	stdin   string
	exit    int // code of a run that went well
	n       func(out []byte) (requests int, late float64, err error)
}

const allCPUs = -1

// run starts the client on one CPU, or with allCPUs on all, and reads what the system says it took.
func (j job) run(ctx context.Context, cpu int) (cost, error) {
	cmd := exec.CommandContext(ctx, j.command[0], j.command[1:]...)
	cmd.Stdin = strings.NewReader(j.stdin)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := startOn(cmd, cpu); err != nil {
		return cost{}, err
	}
	if err := cmd.Wait(); err != nil && cmd.ProcessState.ExitCode() != j.exit {
		return cost{}, fmt.Errorf("%w: %s", err, lastLine(out.Bytes()))
	}
	n, late, err := j.n(out.Bytes())
	if err != nil || n == 0 {
		return cost{}, fmt.Errorf("no request was counted: %v", err)
	}
	took := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return cost{requests: n, cpu: float64(took.Microseconds()) / float64(n), memory: peak(cmd.ProcessState), late: late}, nil
}

// fixed is a tool that is told a number of requests with its last flag.
func fixed(args ...string) func(string, *rounds, comparison, string, []string) job {
	return func(path string, r *rounds, _ comparison, url string, flags []string) job {
		command := slices.Concat([]string{path}, args, []string{strconv.Itoa(r.n)}, flags, []string{url})
		return job{command: command, n: func([]byte) (int, float64, error) { return r.n, 0, nil }}
	}
}

// own is our client.
func (r *rounds) own(c comparison, url string, args []string) job {
	self, err := os.Executable()
	n := r.n
	if c.rate > 0 {
		n = c.rate * int(openFor/time.Second)
	}
	command := slices.Concat([]string{self, "client", "-url", url, "-n", strconv.Itoa(n), "-rate", strconv.Itoa(c.rate), "-dir", r.work}, c.args, args)
	return job{command: command, n: func(out []byte) (n int, late float64, _ error) {
		_, scanned := fmt.Sscan(string(out), &n, &late)
		return n, late, firstError(err, scanned)
	}}
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// openFor is how long a run at a fixed rate takes.
const openFor = 8 * time.Second

func vegeta(path string, r *rounds, c comparison, url string, flags []string) job {
	results := filepath.Join(r.work, "vegeta.bin")
	d := time.Duration(r.n*max(1, r.long)) * 40 * time.Microsecond
	if c.rate > 0 {
		d = openFor
	}
	args := []string{path, "attack", "-insecure", "-rate=" + strconv.Itoa(c.rate), "-max-workers=" + concurrency, "-workers=" + concurrency,
		"-connections=" + concurrency, "-duration=" + d.String(), "-output=" + results}
	return job{command: append(args, flags...), stdin: "GET " + url + "\n", n: func([]byte) (int, float64, error) {
		encode := exec.Command(path, "encode", "-to=csv", results)
		out, err := encode.StdoutPipe()
		if err := firstError(err, encode.Start()); err != nil {
			return 0, 0, err
		}
		n, late, err := vegetaResults(out, c.rate)
		return n, late, firstError(err, encode.Wait())
	}}
}

// vegetaResults counts answers, and measures how far their sending was from an
// even schedule that begins with the earliest.
func vegetaResults(csv io.Reader, rate int) (n int, late float64, err error) {
	var errors []time.Duration
	in := bufio.NewScanner(csv)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		f := strings.SplitN(in.Text(), ",", 13) // time, code, latency, out, in, error, body, name, seq, ...
		if len(f) < 9 {
			return n, 0, fmt.Errorf("vegeta's results have %d columns", len(f))
		}
		at, err := strconv.ParseInt(f[0], 10, 64)
		seq, err2 := strconv.ParseInt(f[8], 10, 64)
		if err := firstError(err, err2); err != nil {
			return n, 0, err
		}
		n++
		if rate > 0 {
			errors = append(errors, time.Duration(at)-time.Duration(seq)*time.Second/time.Duration(rate))
		}
	}
	return n, quantile(errors), in.Err()
}

// quantile is the 99.9th percentile of scheduling errors in ms, counted from the
// earliest; 0 where there are none.
func quantile(list []time.Duration) float64 {
	if len(list) == 0 {
		return 0
	}
	slices.Sort(list)
	return (list[len(list)*999/1000] - list[0]).Seconds() * 1000
}

const k6Script = `import http from 'k6/http';
export const options = { insecureSkipTLSVerify: true, vus: 32, iterations: +__ENV.N };
export default function () { const r = http.get(__ENV.URL); if (r.body.length < 1) throw new Error('no body'); }
`

func k6(path string, r *rounds, _ comparison, url string, flags []string) job {
	script := filepath.Join(r.work, "k6.js")
	err := os.WriteFile(script, []byte(k6Script), 0o600)
	n := max(1, r.n/4) // it is slow
	command := []string{path, "run", "--quiet", "--no-usage-report", "--address", "", "--summary-export", script + "on", "-e", "URL=" + url, "-e", "N=" + strconv.Itoa(n), script}
	return job{command: append(command, flags...), n: func([]byte) (int, float64, error) {
		if err != nil {
			return 0, 0, err
		}
		return k6Requests(script + "on")
	}}
}

var digits = regexp.MustCompile(`^\d+$`)

func k6Requests(summary string) (int, float64, error) {
	text, err := os.ReadFile(summary)
	if err != nil {
		return 0, 0, err
	}
	var s struct {
		Metrics struct {
			Requests struct {
				Count json.Number `json:"count"`
			} `json:"http_reqs"`
		} `json:"metrics"`
	}
	if err := json.Unmarshal(text, &s); err != nil || !digits.MatchString(s.Metrics.Requests.Count.String()) {
		return 0, 0, fmt.Errorf("k6's summary tells no number of requests (%v)", err)
	}
	n, err := strconv.Atoi(s.Metrics.Requests.Count.String())
	return n, 0, err
}
