package cli

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"

	"stageprobe/probe/recording"
)

// calls counts the calls to AWS by what they are for, and how many of all were
// answered.
type calls struct{ control, logs, other, answered atomic.Int64 }

// counted passes calls on and counts them, every retry as one.
type counted struct {
	to    aws.HTTPClient
	calls *calls
}

// Do sends one call.
func (c *counted) Do(req *http.Request) (*http.Response, error) {
	switch {
	case strings.HasPrefix(req.Header.Get("X-Amz-Target"), "Logs_"):
		c.calls.logs.Add(1)
	case strings.Contains(req.URL.Path, "/restapis"), strings.Contains(req.URL.Path, "/apis"), strings.Contains(req.URL.Path, "/domainnames"):
		c.calls.control.Add(1)
	default:
		c.calls.other.Add(1)
	}
	resp, err := c.to.Do(req)
	if err == nil {
		c.calls.answered.Add(1)
		resp.Body = &bounded{ReadCloser: resp.Body, left: maxCall}
	}
	return resp, err
}

// maxCall is how much one answer of AWS may hold: an exported definition or a page of logs
// is a few MB.
const maxCall = 16 << 20

var errLongCall = fmt.Errorf("an answer of more than %d MB", maxCall>>20)

// bounded is a body that ends in an error where it is too long.
type bounded struct {
	io.ReadCloser
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, errLongCall
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// cost is what the run has cost so far.
func (r *run) cost() recording.Cost {
	c := r.subject.cloud.spent()
	c.Requests = r.seen
	return c
}

// spent is what was asked of AWS so far.
func (cl *cloud) spent() (c recording.Cost) {
	if cl == nil {
		return c
	}
	c.ControlCalls, c.LogCalls, c.OtherCalls = int(cl.calls.control.Load()), int(cl.calls.logs.Load()), int(cl.calls.other.Load())
	c.LogBytes = cl.scanned + cl.log.Scanned()
	c.LogDollars = float64(c.LogBytes) / 1e9 * insightsPrice
	return c
}

// insightsPrice is what Logs Insights costs per GB that it scans, in US dollars, in
// us-east-1 and most other regions (https://aws.amazon.com/cloudwatch/pricing).
const insightsPrice = 0.005

// price tells in the plan what a run may cost beside its requests.
func (r *run) price() string {
	if r.subject.cloud == nil {
		return ""
	}
	text := fmt.Sprintf("%d calls to AWS so far", r.subject.cloud.calls.control.Load()+r.subject.cloud.calls.other.Load())
	if r.flags.logs != "off" {
		text += fmt.Sprintf("; reading logs is free, but for groups too busy to page through: Logs Insights, $%g per GB scanned", insightsPrice)
	}
	return text
}
