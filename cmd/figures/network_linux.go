package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

// ownNetwork is for a command that shall run in a network of its own, in which there is
// loopback and nothing else. It needs no rights where the kernel gives user namespaces to
// everybody.
func ownNetwork(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
		Pdeathsig:   syscall.SIGKILL,
	}
}

// loopbackUp begins an own network.
func loopbackUp() error { return ip("link", "set", "lo", "up") }

// cutOff lets nothing more through to an address of loopback, and joined lets it again.
func cutOff(addr string) error { return ip("route", "add", "blackhole", addr, "table", "local") }
func joined(addr string) error { return ip("route", "del", "blackhole", addr, "table", "local") }

func ip(args ...string) error {
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return nil
}
