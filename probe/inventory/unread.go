package inventory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"stageprobe/probe"
)

// Reason is why something of the configuration could not be read. Each is another
// thing to do, so none is ever told as another: a read that failed never says that
// what it was to find is not there.
type Reason string

// The reasons.
const (
	NoCredentials Reason = "no-credentials"
	NoRegion      Reason = "no-region"
	Expired       Reason = "expired"
	NotAccepted   Reason = "not-accepted"
	Unreachable   Reason = "unreachable"
	Throttled     Reason = "throttled"
	Denied        Reason = "denied"
	Absent        Reason = "absent"
	ClockOff      Reason = "clock-off"
	Silent        Reason = "credentials-silent"
	Unclear       Reason = "unclear"
)

// UnreadError says why nothing could be read. Of is what was to be read, such as
// "API abc123"; Detail what the service or the SDK said.
type UnreadError struct {
	Reason     Reason
	Of, Detail string
}

// unreadWords are, per reason, what it is and what to try next.
var unreadWords = map[Reason][2]string{
	NoCredentials: {"no AWS credentials were found", "set AWS_PROFILE or --profile, or log in with aws sso login"},
	NoRegion:      {"no AWS region is set", "give --region or set AWS_REGION"},
	Expired:       {"the AWS credentials have expired", "log in again with aws sso login, or renew the session token"},
	NotAccepted:   {"AWS does not accept the credentials", "aws sts get-caller-identity shows whether they work; --profile names others"},
	ClockOff:      {"this machine's clock is off by more than AWS allows", "set this machine's clock, as with chronyc makestep or w32tm /resync"},
	Unreachable:   {"the AWS endpoint cannot be reached", "check the network, the proxy, --endpoint-url and AWS_ENDPOINT_URL"},
	Silent:        {"the source of the AWS credentials does not answer", "aws sts get-caller-identity shows whether it does later; AWS_PROFILE or --profile names another"},
	Throttled:     {"AWS throttles the calls, after waiting, too", "try again later: others use the account's quota, too"},
	Denied:        {"the AWS credentials may not read the configuration", "allow what stageprobe policy config prints"},
	Absent:        {"there is no ", "check the id, --region and --profile"},
}

// Error is a sentence without its stop, the same in every command.
func (e *UnreadError) Error() string {
	says := cmp.Or(unreadWords[e.Reason][0], "the configuration could not be read")
	switch e.Reason {
	case Absent:
		return says + e.Of
	case NoCredentials, NoRegion:
		return says
	}
	if e.Detail != "" {
		says += " (" + e.Detail + ")"
	}
	return says
}

// Hint is what to try next.
func (e *UnreadError) Hint() string {
	return cmp.Or(unreadWords[e.Reason][1], "check --endpoint-url, --region and --profile")
}

// There tells whether credentials were at hand, so that a question to the
// configuration was asked and stays open.
func (e *UnreadError) There() bool { return e.Reason != NoCredentials && e.Reason != NoRegion }

// expiredCodes are those of badCredentials that tell of time.
var expiredCodes = []string{"ExpiredToken", "ExpiredTokenException"}

// reasonOf reads the error of a call.
func reasonOf(err error) Reason {
	var unread *UnreadError
	switch {
	case errors.As(err, &unread):
		return unread.Reason
	case slices.Contains(expiredCodes, codeOf(err)):
		return Expired
	case clockOff(err):
		return ClockOff
	case credentialsRefused(err):
		return NotAccepted
	case throttled(err):
		return Throttled
	case notFound(err):
		return Absent
	case denied(err):
		return Denied
	case noConnection(err), errors.Is(err, errSilent):
		return Unreachable
	}
	return Unclear
}

// clockOff tells a signature that is refused for its time alone.
func clockOff(err error) bool {
	switch codeOf(err) {
	case "RequestTimeTooSkewed", "RequestExpired":
		return true
	case "InvalidSignatureException", "SignatureDoesNotMatch":
		return strings.Contains(err.Error(), "Signature expired") || strings.Contains(err.Error(), "Signature not yet current")
	}
	return false
}

// errEmpty tells an answer that lacks what it is about.
var errEmpty = errors.New("answer not understood: it names nothing")

// whole refuses an answer without the name of what was asked for: it tells neither that
// the thing is there nor that it is not.
func whole[T any](out *T, name *string) (*T, error) {
	if name == nil || *name == "" {
		return nil, errEmpty
	}
	return out, nil
}

// timedOut tells a call that was given up.
func timedOut(err error) bool {
	var network net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &network) && network.Timeout()
}

// noConnection tells an error of the way to the service.
func noConnection(err error) bool {
	var network net.Error
	var address *url.Error
	return errors.As(err, &network) || errors.As(err, &address) && statusOf(err) == 0 || errors.Is(err, context.DeadlineExceeded)
}

// CredentialsError says why the SDK's chain gives no credentials: there are none, or
// those that there are cannot be had.
func CredentialsError(err error) *UnreadError {
	text := err.Error()
	switch {
	case strings.Contains(text, "credential process timed out"):
		return &UnreadError{Reason: Silent, Detail: "credential_process timed out"}
	case strings.Contains(text, "EC2 IMDS") || strings.Contains(text, "ec2imds") || errors.Is(err, context.DeadlineExceeded):
		return &UnreadError{Reason: NoCredentials} // the end of the chain: nothing before it had any
	case strings.Contains(strings.ToLower(text), "expired") || slices.Contains(expiredCodes, codeOf(err)):
		return &UnreadError{Reason: Expired, Detail: short(err)}
	case noConnection(err):
		return &UnreadError{Reason: Unreachable, Detail: short(err)}
	}
	return &UnreadError{Reason: NotAccepted, Detail: short(err)}
}

// Unread says why nothing is known of an API or a domain, "API abc123" or "domain
// api.example.com", by the gaps of a snapshot.
func Unread(snap *probe.Snapshot, of string) *UnreadError {
	e := &UnreadError{Reason: Absent, Of: of}
	if snap.Region != "" {
		e.Of += " in region " + snap.Region + " of this account"
	}
	for _, g := range snap.Gaps {
		if g.Subject == of && g.Reason != "" && Reason(g.Reason) != Absent {
			return &UnreadError{Reason: Reason(g.Reason), Of: of, Detail: g.Operation + ": " + g.Err}
		}
	}
	return e
}

// tells are the reasons for which nothing at all may be read, the most telling
// first.
var tells = []Reason{Expired, ClockOff, NotAccepted, Unreachable, Throttled, Denied, Unclear}

// unread is why a reading found nothing out; nil where anything was told.
func unread(rd *reading) error {
	if rd.told > 0 {
		return nil
	}
	for _, r := range tells {
		if err := rd.failed[r]; err != nil {
			return &UnreadError{Reason: r, Detail: short(err)}
		}
	}
	return nil
}

// note keeps count of what tells that nothing can be read: history and metrics are
// other services.
func (rd *reading) note(q question, err error) {
	rd.mu.Lock()
	defer rd.mu.Unlock()
	if !timedOut(err) {
		rd.silent = 0
		delete(rd.waited, q.op)
	} else {
		if q.path != "*" {
			rd.silent++
		}
		if rd.waited == nil {
			rd.waited = map[string]int{}
		}
		rd.waited[q.op]++
	}
	switch {
	case q.path == "*":
	case err == nil || notFound(err):
		rd.told++
	default:
		if rd.failed == nil {
			rd.failed = map[Reason]error{}
		}
		rd.failed[reasonOf(err)] = err
	}
}

// errSilent: others were waited for, and so much time is not spent again.
var errSilent = errors.New("not asked: calls before it were not answered in time")

// secondWait bounds a call after one that was not answered in time.
const secondWait = 8 * time.Second

// silentFor tells that so many calls were waited for, of all or of an operation, that
// no more are made.
func (rd *reading) silentFor(op string) bool {
	rd.mu.Lock()
	defer rd.mu.Unlock()
	most := 1
	if rd.Kept != nil {
		most = 3 // of a whole account: a single loss is no sign
	}
	return rd.silent >= 2*most || rd.told == 0 && rd.silent >= most || rd.waited[op] >= most
}

// patiently makes a call, which gets less time where others were waited for already.
func patiently[T any](ctx context.Context, rd *reading, call func(context.Context) (T, error)) (T, error) {
	rd.mu.Lock()
	waited := rd.silent > 0
	rd.mu.Unlock()
	if !waited {
		return call(ctx)
	}
	within, cancel := context.WithTimeout(ctx, secondWait)
	defer cancel()
	return call(within)
}

// inVain tells that a call was tried to its end already and nothing was ever
// answered: trying each further one as long makes a reader wait for minutes.
func inVain(rd *reading) bool {
	rd.mu.Lock()
	defer rd.mu.Unlock()
	return rd.told == 0 && (rd.failed[Throttled] != nil || rd.failed[Unreachable] != nil)
}

// Names lists the APIs of account and region with their names, for those who
// misspelt one. What cannot be read is left out.
func (r *Reader) Names(ctx context.Context) []probe.API { return r.start(Light).listAPIs(ctx) }

// unreachable words the error of a connection without the chain of its layers.
func unreachable(err error) string {
	var op *net.OpError
	var dns *net.DNSError
	host := ""
	var address *url.Error
	if errors.As(err, &address) {
		if u, perr := url.Parse(address.URL); perr == nil {
			host = u.Host + ": "
		}
	}
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return fmt.Sprintf("%sno such host", host)
	case errors.As(err, &op) && op.Op == "dial":
		return host + rootCause(op)
	case errors.Is(err, context.DeadlineExceeded):
		return host + "no answer in time"
	}
	return host + rootCause(err)
}
