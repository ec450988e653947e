//go:build unix

package main

import (
	"syscall"
	"time"
)

// processCPU is the processor time that this process has taken.
func processCPU() time.Duration {
	var use syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &use) != nil {
		return 0
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}
