package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
)

func TestClassify(t *testing.T) {
	op := func(name string, err error) error { return &net.OpError{Op: name, Net: "tcp", Err: err} }
	for _, tt := range []struct {
		err  error
		want Outcome
	}{
		{op("dial", os.NewSyscallError("connect", syscall.ECONNREFUSED)), OutcomeRefused},
		{op("dial", os.NewSyscallError("connect", syscall.EHOSTUNREACH)), OutcomeRefused},
		{op("dial", os.NewSyscallError("connect", syscall.ENETUNREACH)), OutcomeLocal},
		{op("dial", os.NewSyscallError("connect", syscall.EADDRNOTAVAIL)), OutcomeLocal},
		{op("dial", os.NewSyscallError("socket", syscall.EMFILE)), OutcomeLocal},
		{op("dial", os.ErrDeadlineExceeded), OutcomeTimeout},
		{fmt.Errorf("x: %w", context.DeadlineExceeded), OutcomeTimeout},
		{&failure{OutcomeTLS, os.ErrDeadlineExceeded}, OutcomeTimeout},
		{&failure{OutcomeTLS, io.EOF}, OutcomeTLS},
		{&failure{OutcomeDNS, errors.New("x")}, OutcomeDNS},
		{errors.Join(&failure{OutcomeDNS, errors.New("x")}, context.DeadlineExceeded), OutcomeDNS},
		{op("dial", &net.DNSError{IsTimeout: true}), OutcomeDNS},
		{op("remote error", errors.New("tls: certificate required")), OutcomeTLS},
		{tls.RecordHeaderError{Msg: "x"}, OutcomeTLS},
		{op("read", os.NewSyscallError("read", syscall.ECONNRESET)), OutcomeReset},
		{io.ErrUnexpectedEOF, OutcomeReset},
		{local(io.EOF), OutcomeLocal},
	} {
		if got := classify(tt.err); got != tt.want {
			t.Errorf("%v: %s, want %s", tt.err, got, tt.want)
		}
	}
}

func TestKeptConnectionThatEndsIsNoAnswer(t *testing.T) {
	for err, want := range map[error]Outcome{
		io.EOF: OutcomeLocal, syscall.EPIPE: OutcomeLocal, syscall.ECONNRESET: OutcomeLocal, os.ErrDeadlineExceeded: OutcomeTimeout,
		&net.OpError{Op: "remote error", Err: errors.New("tls: certificate required")}: OutcomeTLS,
	} {
		if got := classify(ended(err)); got != want {
			t.Errorf("%v: %s, want %s", err, got, want)
		}
	}
}

func TestBriefErrorsHoldNoLocalPort(t *testing.T) {
	err := &net.OpError{Op: "read", Net: "tcp", Source: &net.TCPAddr{Port: 54321}, Addr: &net.TCPAddr{Port: 443}, Err: syscall.ECONNRESET}
	if got := brief(fmt.Errorf("x: %w", err)); got != "read: connection reset by peer" {
		t.Errorf("%q", got)
	}
}
