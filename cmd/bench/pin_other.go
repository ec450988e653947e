//go:build !linux

package main

import (
	"os"
	"os/exec"
	"time"
)

// startOn starts a command; CPUs are not pinned here, which widens the spread.
func startOn(cmd *exec.Cmd, _ int) error { return cmd.Start() }

func peak(*os.ProcessState) float64 { return 0 }

// cpuTime is the time that has passed, for want of better.
func cpuTime() time.Duration { return time.Since(began) }

var began = time.Now()
