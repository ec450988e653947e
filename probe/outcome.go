package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"syscall"
)

// failure is a transport error whose outcome is known where it arose, such as
// in the handshake.
type failure struct {
	outcome Outcome
	err     error
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// local marks an error as this machine's own fault.
func local(err error) error { return &failure{OutcomeLocal, err} }

// ownFaults are errors that say something of this machine and nothing of the
// gateway: descriptors, ports, buffers, a missing route, a local firewall.
var ownFaults = []error{
	syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.EADDRNOTAVAIL,
	syscall.EADDRINUSE, syscall.ENETUNREACH, syscall.EACCES, syscall.EPERM, syscall.EAFNOSUPPORT,
}

var unreachable = []error{syscall.ECONNREFUSED, syscall.EHOSTUNREACH, syscall.EHOSTDOWN}

// classify names the outcome of a failed attempt.
func classify(err error) Outcome {
	var known *failure
	var dns *net.DNSError
	switch {
	case errors.As(err, &known) && known.outcome == OutcomeLocal, isAny(err, ownFaults):
		return OutcomeLocal
	case errors.As(err, &dns), known != nil && known.outcome == OutcomeDNS:
		return OutcomeDNS
	case isTimeout(err):
		return OutcomeTimeout
	case isAny(err, unreachable):
		return OutcomeRefused
	case known != nil:
		return known.outcome
	case isTLS(err):
		return OutcomeTLS
	}
	return OutcomeReset
}

func isAny(err error, of []error) bool {
	for _, e := range of {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) ||
		errors.As(err, &n) && n.Timeout()
}

// isTLS finds alerts that arrive after the handshake: with TLS 1.3 a server
// refuses a client certificate only then.
func isTLS(err error) bool {
	var (
		op     *net.OpError
		record tls.RecordHeaderError
		verify *tls.CertificateVerificationError
		host   x509.HostnameError
	)
	return errors.As(err, &op) && op.Op == "remote error" ||
		errors.As(err, &record) || errors.As(err, &verify) || errors.As(err, &host)
}

// brief is the error without the addresses that the net package puts around
// it: the local port differs every time, and the remote one stands in the
// observation.
func brief(err error) string {
	var op *net.OpError
	if errors.As(err, &op) && op.Err != nil {
		cause := op.Err
		var call *os.SyscallError
		if errors.As(cause, &call) && call.Syscall == op.Op {
			cause = call.Err // it repeats what was tried
		}
		return op.Op + ": " + cause.Error()
	}
	return err.Error()
}
