// Package notify tells others of the changes that a watch saw: a webhook gets a
// JSON document, a command of the user's is run.
package notify

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"text/template"
	"time"

	"github.com/google/shlex"

	"stageprobe/analyze"
	"stageprobe/analyze/cause"
	"stageprobe/probe"
)

// Sink is somebody who is told.
type Sink interface {
	// Name is how the sink is called in messages; it holds no secret.
	Name() string
	Send(ctx context.Context, c *analyze.Change) error
}

// How often and how long a webhook is tried, and how long a command may take.
const (
	tries       = 4
	firstPause  = time.Second
	longestWait = 30 * time.Second
	postTime    = 10 * time.Second
	commandTime = time.Minute
)

// Webhook posts JSON.
type Webhook struct {
	url    string
	host   string
	key    string // of PagerDuty
	each   bool   // a message for each target
	body   *template.Template
	client *http.Client
	pause  time.Duration
}

// NewWebhook makes a sink of a URL. The body is that of the service whose host the
// URL names (Slack, Teams, PagerDuty), else the change itself with a text;
// templateText, a text/template over [Message], takes its place. PagerDuty's routing
// key stands in the URL as ?routing_key=KEY and is sent in the body alone.
func NewWebhook(raw, templateText string) (*Webhook, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return nil, errors.New("it is not an http or https URL")
	}
	client := &http.Client{Timeout: postTime, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	w := &Webhook{host: u.Host, client: client, pause: firstPause}
	q := u.Query()
	if w.key = q.Get("routing_key"); w.key != "" {
		q.Del("routing_key")
		u.RawQuery = q.Encode()
	}
	w.url = u.String()
	if templateText == "" {
		templateText = templateFor(u.Hostname())
	}
	w.each = templateText == pagerduty
	if w.body, err = template.New("body").Funcs(template.FuncMap{"json": asJSON, "cut": cut, "level": level, "entities": entities}).Option("missingkey=error").Parse(templateText); err != nil {
		return nil, fmt.Errorf("its template: %w", err)
	}
	_, err = w.render(example())
	return w, err
}

// Name is the host: the rest of a webhook's URL is a secret.
func (w *Webhook) Name() string { return "webhook " + w.host }

// Message is what a template is given.
type Message struct {
	*analyze.Change
	RoutingKey string // of PagerDuty
	Text       string // for people, in one line
	Action     string // trigger, or resolve where nothing is wrong any more
	// Key is the same for all changes of the same targets, so that what is over
	// resolves what has begun. PagerDuty gets a message for each target, for what began
	// on two may end on one.
	Key string
}

// longestKey is what PagerDuty takes.
const longestKey = 255

func (w *Webhook) message(c *analyze.Change) Message {
	m := Message{Change: c, RoutingKey: w.key, Text: Text(c), Action: "trigger", Key: "stageprobe/" + strings.Join(c.Targets, ",")}
	if len(m.Key) > longestKey {
		m.Key = fmt.Sprintf("stageprobe/%x", sha256.Sum256([]byte(m.Key)))
	}
	if len(c.After.Causes) == 0 {
		m.Action = "resolve"
	}
	return m
}

// Text is a change in one line, as a person is told it.
func Text(c *analyze.Change) string { return "[" + strings.ToUpper(c.Severity) + "] " + c.Statement }

func (w *Webhook) render(c *analyze.Change) ([]byte, error) {
	var b bytes.Buffer
	if err := w.body.Execute(&b, w.message(c)); err != nil {
		return nil, fmt.Errorf("its template: %w", err)
	}
	if !json.Valid(b.Bytes()) {
		return nil, errors.New("its template makes no valid JSON: {{json .Text}} quotes a value")
	}
	return b.Bytes(), nil
}

func example() *analyze.Change {
	return &analyze.Change{
		Kind: analyze.ChangedVerdict, Targets: []string{"abc123/prod"}, Severity: "error",
		After: analyze.State{Outcome: analyze.Inconsistent, Causes: []cause.ID{cause.CanarySplit}}, Statement: `abc123/prod: "inconsistent"`,
		Event: &analyze.ConfigChange{},
	}
}

func asJSON(v any) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return strings.TrimSpace(b.String()), err
}

// Send posts the change, and again after a pause where the service asks for it or
// fails.
func (w *Webhook) Send(ctx context.Context, c *analyze.Change) error {
	if !w.each {
		return w.send(ctx, c)
	}
	for _, target := range c.Targets {
		one := *c
		one.Targets = []string{target}
		if err := w.send(ctx, &one); err != nil {
			return err
		}
	}
	return nil
}

func (w *Webhook) send(ctx context.Context, c *analyze.Change) error {
	body, err := w.render(c)
	if err != nil {
		return err
	}
	pause := w.pause
	for try := 1; ; try++ {
		wait, err := w.post(ctx, body)
		if err == nil || wait < 0 || try == tries {
			return err
		}
		if err := probe.Sleep(ctx, min(max(wait, pause), longestWait)); err != nil {
			return err
		}
		pause *= 2
	}
}

// post sends a body once; wait is negative where another try is of no use.
func (w *Webhook) post(ctx context.Context, body []byte) (wait time.Duration, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, bytes.NewReader(body))
	if err != nil {
		return -1, errors.New("its URL makes no request")
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := w.client.Do(req)
	if err != nil {
		var u *url.Error // which would quote the URL
		if errors.As(err, &u) {
			err = u.Err
		}
		return 0, err
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 200)) // what it says is an extra
	if resp.StatusCode < 300 {
		return 0, nil
	}
	err = fmt.Errorf("it answered %s: %s", resp.Status, bytes.TrimSpace(text))
	if resp.StatusCode != http.StatusTooManyRequests && resp.StatusCode < 500 {
		return -1, err
	}
	seconds, _ := strconv.Atoi(resp.Header.Get("Retry-After")) // 0 where it does not say
	return time.Duration(seconds) * time.Second, err
}

// Command runs a program of the user's, and no shell.
type Command struct {
	args   []string
	output io.Writer
}

// NewCommand splits a command into words as a shell would, quotes and backslashes
// included; nothing in it is expanded. What it prints goes to output.
func NewCommand(line string, output io.Writer) (*Command, error) {
	args, err := shlex.Split(line)
	if err != nil {
		return nil, err
	}
	if len(args) == 0 {
		return nil, errors.New("it is empty")
	}
	if _, err := exec.LookPath(args[0]); err != nil {
		return nil, fmt.Errorf("%w; no shell is used: name a program", err)
	}
	return &Command{args, output}, nil
}

// Name is the program.
func (c *Command) Name() string { return "command " + c.args[0] }

// Environment is what a command gets of a change beside the caller's environment.
func Environment(c *analyze.Change) ([]string, error) {
	whole, err := asJSON(c)
	if err != nil {
		return nil, err
	}
	causes := make([]string, len(c.After.Causes))
	for i, id := range c.After.Causes {
		causes[i] = string(id)
	}
	event := ""
	if c.Event != nil {
		event = c.Event.Text
	}
	return []string{
		"STAGEPROBE_CHANGE=" + whole,
		"STAGEPROBE_CHANGE_KIND=" + string(c.Kind),
		"STAGEPROBE_CHANGE_TARGETS=" + strings.Join(c.Targets, " "),
		"STAGEPROBE_CHANGE_AT=" + c.At.UTC().Format(time.RFC3339Nano),
		"STAGEPROBE_CHANGE_SEVERITY=" + c.Severity,
		"STAGEPROBE_CHANGE_BEFORE=" + string(c.Before.Outcome),
		"STAGEPROBE_CHANGE_AFTER=" + string(c.After.Outcome),
		"STAGEPROBE_CHANGE_CAUSES=" + strings.Join(causes, " "),
		"STAGEPROBE_CHANGE_EVENT=" + event,
		"STAGEPROBE_CHANGE_TEXT=" + Text(c),
	}, nil
}

// Send runs the command, with the change in its environment and as JSON on its
// standard input.
func (c *Command) Send(ctx context.Context, change *analyze.Change) error {
	ctx, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	env, err := Environment(change)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, c.args[0], c.args[1:]...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdin = strings.NewReader(strings.TrimPrefix(env[0], "STAGEPROBE_CHANGE=") + "\n")
	cmd.Stdout, cmd.Stderr = c.output, c.output
	cmd.WaitDelay = time.Second // for children that keep its output open
	err = cmd.Run()
	if ctx.Err() != nil {
		return fmt.Errorf("it did not end within %s", commandTime)
	}
	return err
}
