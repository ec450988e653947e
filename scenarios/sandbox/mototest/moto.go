// Package mototest starts moto_server for tests: a control plane and a log
// store that nobody here wrote.
package mototest

import (
	"bufio"
	"io"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// Start runs moto_server on a loopback port for the length of a test and returns
// its URL. The server chooses the port: one that was found free before may be another
// test's by the time it starts. The test is skipped, with a reason, where moto_server is
// not on PATH or does not start.
func Start(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("moto_server")
	if err != nil {
		t.Skip("moto_server is not on PATH (pip install 'moto[server]')")
	}
	cmd := exec.Command(path, "-H", "127.0.0.1", "-p", "0")
	said, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Skipf("moto_server does not start: %v", err)
	}
	url, ended := make(chan string, 1), make(chan struct{})
	go func() {
		defer close(ended)
		lines := bufio.NewScanner(said)
		for lines.Scan() {
			if _, at, found := strings.Cut(lines.Text(), "Running on "); found {
				url <- strings.TrimSpace(at)
				break
			}
		}
		_, _ = io.Copy(io.Discard, said) // what it says of each call
		_ = cmd.Wait()                   // the tests see how it ends
	}()
	t.Cleanup(func() { _ = cmd.Process.Kill(); <-ended })
	select {
	case at := <-url:
		return at
	case <-ended:
		t.Skip("moto_server ended at once: its server extras may be missing")
	case <-time.After(time.Minute):
		t.Fatal("moto_server does not say where it listens")
	}
	return ""
}
