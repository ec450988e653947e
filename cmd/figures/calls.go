package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"stageprobe/scenarios/sandbox"
)

// five is an API with five stages, each with a deployment and a definition of its own, a
// canary, an authorizer and a domain.
const five = `name: five
title: an API with five stages
apis:
  - id: five5stage
    name: shop
    definitions:
      v1: {routes: {"GET /orders": {backend: orders}}}
      v2: {routes: {"GET /orders": {backend: orders}, "GET /items": {backend: orders}}}
    deployments:
      - {id: fiv001, definition: v1, age: 90d}
      - {id: fiv002, definition: v1, age: 80d}
      - {id: fiv003, definition: v1, age: 70d}
      - {id: fiv004, definition: v2, age: 60d}
      - {id: fiv005, definition: v2, age: 50d}
    stages:
      prod: {deployment: fiv005, canary: {percent: 10, deployment: fiv004}, logging: INFO}
      next: {deployment: fiv004, logging: INFO}
      test: {deployment: fiv003}
      load: {deployment: fiv002}
      dev: {deployment: fiv001}
domains:
  - name: api.example.com
    mappings: [{api: five5stage, stage: prod}]
backends: {orders: {body: ok}}
check: {args: [--api, five5stage]}
`

const (
	callTakes = 50 * time.Millisecond
	mostRead  = time.Second // for the configuration of five stages
)

// callsCommand measures what one check asks of AWS where every call takes 50 ms: how long
// the configuration of an API with five stages takes to read, how often each operation is
// called, and what is asked for nothing.
//
//	go run ./cmd/figures calls
func callsCommand(ctx context.Context, w io.Writer, args []string) error {
	if err := flag.NewFlagSet("calls", flag.ContinueOnError).Parse(args); err != nil {
		return err
	}
	world, err := sandbox.Parse([]byte(five))
	if err != nil {
		return err
	}
	server, err := sandbox.Start(world, sandbox.Options{Seed: 1})
	if err != nil {
		return err
	}
	defer func() { _ = server.Close() }()
	far, err := farFrom(server.ControlURL())
	if err != nil {
		return err
	}
	defer far.Close()
	binary, remove, err := compile(ctx)
	if err != nil {
		return err
	}
	defer remove()
	run := func(args ...string) error {
		out, err := asked(ctx, binary, far.URL, args...).CombinedOutput()
		var exit *exec.ExitError
		if errors.As(err, &exit) && exit.ExitCode() == 1 {
			return nil // findings are no failure of the measurement
		}
		if err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		return nil
	}
	if err := run("inspect", "--api", "five5stage"); err != nil {
		return err
	}
	read := far.took()
	fmt.Fprintf(w, "the configuration of an API with 5 stages, where a call takes %s: %d calls in %.2f s\n", callTakes, len(far.calls), read.Seconds())
	far.calls = nil
	ca := filepath.Join(filepath.Dir(binary), "ca.pem")
	if err := os.WriteFile(ca, server.CACert(), 0o600); err != nil {
		return err
	}
	check := []string{"check", "--api", "five5stage", "--cacert", ca, "--requests", "500", "--rate", "100"}
	for _, to := range server.ConnectTo() {
		check = append(check, "--connect-to", to)
	}
	if err := run(check...); err != nil {
		return err
	}
	idle := far.tell(w)
	if read > mostRead || idle > 0 {
		return errors.New("the configuration took too long, or something was asked for nothing")
	}
	return nil
}

// distant is a control plane some way off: it keeps what it was asked, and when.
type distant struct {
	*httptest.Server
	mu    sync.Mutex
	calls []call
}

type call struct {
	what     string // method, path, operation and body
	of       string // what it is, without the id of what it is asked of
	at, done time.Time
}

func farFrom(control string) (*distant, error) {
	to, err := url.Parse(control)
	if err != nil {
		return nil, err
	}
	d := &distant{}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.Out.Host = r.In.Host // it is signed
	}}
	d.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		c := call{what: r.Method + " " + r.URL.RequestURI() + " " + r.Header.Get("X-Amz-Target") + " " + string(body), of: operation(r), at: time.Now()}
		select {
		case <-time.After(callTakes):
		case <-r.Context().Done():
			return
		}
		proxy.ServeHTTP(w, r)
		c.done = time.Now()
		d.mu.Lock()
		d.calls = append(d.calls, c)
		d.mu.Unlock()
	}))
	return d, nil
}

// operation names a call by its shape: the target of a JSON protocol, or the path with the
// ids left out.
func operation(r *http.Request) string {
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		return target[strings.LastIndexByte(target, '.')+1:]
	}
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	for i := 1; i < len(parts); i += 2 {
		parts[i] = "*"
	}
	return r.Method + " /" + strings.Join(parts, "/")
}

// took is the time from the first call to the end of the last.
func (d *distant) took() time.Duration {
	first, last := d.calls[0].at, d.calls[0].done
	for _, c := range d.calls {
		if c.at.Before(first) {
			first = c.at
		}
		if c.done.After(last) {
			last = c.done
		}
	}
	return last.Sub(first)
}

// tell lists how often each operation was called, and counts the calls that were made
// more than twice in the same words: once more is to see whether a stage changed during
// the run. What is polled differs in its times.
func (d *distant) tell(w io.Writer) (idle int) {
	counts, seen := map[string]int{}, map[string]int{}
	again := 0
	for _, c := range d.calls {
		counts[c.of]++
		switch seen[c.what]++; seen[c.what] {
		case 1:
		case 2:
			again++
		default:
			idle++
		}
	}
	fmt.Fprintf(w, "one check of it: %d calls; %d asked again once the probes were answered, %d more often\n", len(d.calls), again, idle)
	for _, of := range slices.SortedFunc(maps.Keys(counts), func(a, b string) int { return cmp.Or(counts[b]-counts[a], strings.Compare(a, b)) }) {
		fmt.Fprintf(w, "%5d  %s\n", counts[of], of)
	}
	return idle
}
