package notify

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"stageprobe/analyze"
	"stageprobe/analyze/cause"
)

func change() *analyze.Change {
	at := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	return &analyze.Change{
		Kind: analyze.ChangedVerdict, Targets: []string{"abc123/prod", "api.example.com"}, At: at, Noticed: at.Add(time.Minute), Severity: "error",
		Before: analyze.State{Outcome: analyze.Consistent, Causes: []cause.ID{}}, After: analyze.State{Outcome: analyze.Inconsistent, Causes: []cause.ID{cause.CanarySplit}},
		Event:     &analyze.ConfigChange{At: at, Subject: "stage abc123/prod", Text: "stage abc123/prod got a canary"},
		Statement: "abc123/prod: \"inconsistent\" since 10:00:00Z: <canary-split>.\nTwo lines.",
	}
}

// hook is a webhook's server that answers with each code in turn.
func hook(t *testing.T, codes ...int) (url string, got *[][]byte) {
	t.Helper()
	got = &[][]byte{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s with %q: %v", r.Method, r.Header.Get("Content-Type"), err)
		}
		n := len(*got)
		*got = append(*got, body)
		w.WriteHeader(codes[min(n, len(codes)-1)])
		fmt.Fprint(w, "said so")
	}))
	t.Cleanup(server.Close)
	return server.URL, got
}

// Each service gets the members that its documentation asks for.
func TestServicesTakeTheBody(t *testing.T) {
	for name, want := range map[string]map[string]any{
		"slack": {"text": strings.NewReplacer("<", "&lt;", ">", "&gt;").Replace(Text(change())), "mrkdwn": false},
		"teams": {"type": "message", "attachments.0.contentType": "application/vnd.microsoft.card.adaptive", "attachments.0.content.body.0.inlines.0.text": Text(change())},
		"pagerduty": {"routing_key": "R0UT1NG", "event_action": "trigger", "dedup_key": "stageprobe/abc123/prod", "payload.severity": "error",
			"payload.source": "stageprobe/abc123/prod", "payload.summary": Text(change()), "payload.custom_details.kind": "verdict"},
		"generic": {"text": Text(change()), "change.severity": "error", "change.event.subject": "stage abc123/prod", "change.after.causes.0": "canary-split"},
	} {
		url, got := hook(t, http.StatusOK)
		w, err := NewWebhook(url+"/x?routing_key=R0UT1NG", Named(name))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(w.url, "R0UT1NG") {
			t.Errorf("the routing key stays in the URL %s", w.url)
		}
		if err := w.Send(t.Context(), change()); err != nil {
			t.Fatal(err)
		}
		var body any
		if err := json.Unmarshal((*got)[0], &body); err != nil {
			t.Fatalf("%s: %v: %s", name, err, (*got)[0])
		}
		for path, value := range want {
			if v := at(body, path); v != value {
				t.Errorf("%s: %s is %v, want %v", name, path, v, value)
			}
		}
	}
}

func at(v any, path string) any {
	for _, key := range strings.Split(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[key]
		case []any:
			var i int
			if _, err := fmt.Sscan(key, &i); err != nil || i >= len(x) {
				return nil
			}
			v = x[i]
		}
	}
	return v
}

func TestHostsNameTheirService(t *testing.T) {
	for host, want := range map[string]string{
		"hooks.slack.com": slack, "contoso.webhook.office.com": teams, "prod-1.westeurope.logic.azure.com": teams,
		"events.pagerduty.com": pagerduty, "hooks.example.com": generic,
	} {
		if templateFor(host) != want {
			t.Errorf("%s gets another service's body", host)
		}
	}
}

// What is over resolves what has begun.
func TestPagerDutyResolves(t *testing.T) {
	w, err := NewWebhook("https://events.pagerduty.com/v2/enqueue?routing_key=k", "")
	if err != nil {
		t.Fatal(err)
	}
	over := change()
	over.Before, over.After, over.Severity = over.After, over.Before, "ok"
	body, err := w.render(over)
	if err != nil || !bytes.Contains(body, []byte(`"event_action": "resolve"`)) || !bytes.Contains(body, []byte(`"severity": "info"`)) {
		t.Errorf("%v: %s", err, body)
	}
}

// What began on two targets may end on one: each has an incident of its own, under a
// key that PagerDuty takes.
func TestPagerDutyHasAnIncidentPerTarget(t *testing.T) {
	url, got := hook(t, http.StatusAccepted)
	w, err := NewWebhook(url+"?routing_key=k", Named("pagerduty"))
	if err != nil {
		t.Fatal(err)
	}
	c := change()
	c.Targets[1] = "https://" + strings.Repeat("long.", 60) + "example.com"
	if err := w.Send(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	keys := map[any]bool{}
	for _, text := range *got {
		var body any
		if err := json.Unmarshal(text, &body); err != nil {
			t.Fatal(err)
		}
		key, _ := at(body, "dedup_key").(string)
		if keys[key] = true; key == "" || len(key) > 255 {
			t.Errorf("the key %q has %d bytes", key, len(key))
		}
	}
	if len(keys) != 2 {
		t.Errorf("%d keys for two targets", len(keys))
	}
}

// Where a webhook leads elsewhere nobody follows: what is told is for its host.
func TestWebhookFollowsNoRedirect(t *testing.T) {
	elsewhere, got := hook(t, http.StatusOK)
	server := httptest.NewServer(http.RedirectHandler(elsewhere, http.StatusTemporaryRedirect))
	defer server.Close()
	w, err := NewWebhook(server.URL, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Send(t.Context(), change()); err == nil || len(*got) > 0 {
		t.Errorf("%d posts went elsewhere, and it said %v", len(*got), err)
	}
}

func TestWebhookTriesAgain(t *testing.T) {
	for _, tt := range []struct {
		codes []int
		tries int
		fails bool
	}{
		{[]int{503, 429, 200}, 3, false},
		{[]int{404}, 1, true},
		{[]int{500}, tries, true},
	} {
		url, got := hook(t, tt.codes...)
		w, err := NewWebhook(url+"/services/SECRET", "")
		if err != nil {
			t.Fatal(err)
		}
		w.pause = time.Millisecond
		err = w.Send(t.Context(), change())
		if (err != nil) != tt.fails || len(*got) != tt.tries {
			t.Errorf("%v: %d tries, %v", tt.codes, len(*got), err)
		}
		if err != nil && strings.Contains(err.Error()+w.Name(), "SECRET") {
			t.Errorf("the error quotes the URL: %v", err)
		}
	}
	w, err := NewWebhook("http://127.0.0.1:1/services/SECRET", "")
	if err != nil {
		t.Fatal(err)
	}
	w.pause = time.Millisecond
	if err := w.Send(t.Context(), change()); err == nil || strings.Contains(err.Error(), "SECRET") {
		t.Errorf("nobody there: %v", err)
	}
}

func TestBadWebhooksAreRefused(t *testing.T) {
	for _, tt := range [][2]string{
		{"hooks.slack.com/x", ""}, {"ftp://example.com", ""}, {"https://example.com", "{{.Nothing}}"},
		{"https://example.com", "{{"}, {"https://example.com", `{"text": {{.Text}}}`},
	} {
		if _, err := NewWebhook(tt[0], tt[1]); err == nil {
			t.Errorf("%q with %q is taken", tt[0], tt[1])
		}
	}
}

// TestMain lets this binary be the command that is run on a change.
func TestMain(m *testing.M) {
	if os.Getenv("NOTIFY_TEST_COMMAND") == "" {
		os.Exit(m.Run())
	}
	stdin, err := io.ReadAll(os.Stdin)
	if err != nil {
		os.Exit(3)
	}
	fmt.Println(strings.Join(os.Args[1:], "|"))
	fmt.Println(os.Getenv("STAGEPROBE_CHANGE_CAUSES"), os.Getenv("STAGEPROBE_CHANGE_AT"), os.Getenv("STAGEPROBE_CHANGE_EVENT"))
	fmt.Println(os.Getenv("STAGEPROBE_CHANGE")+"\n" == string(stdin))
}

func TestCommandGetsTheChangeAndNoShell(t *testing.T) {
	t.Setenv("NOTIFY_TEST_COMMAND", "1")
	var out bytes.Buffer
	c, err := NewCommand(fmt.Sprintf(`%q "two words" '$HOME' $(id) ; a\ b`, os.Args[0]), &out)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Send(t.Context(), change()); err != nil {
		t.Fatal(err)
	}
	want := "two words|$HOME|$(id)|;|a b\ncanary-split 2026-11-20T10:00:00Z stage abc123/prod got a canary\ntrue\n"
	if out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

func TestBadCommandsAreRefused(t *testing.T) {
	for _, line := range []string{"", "   ", "'unclosed", "no-such-program-anywhere x"} {
		if _, err := NewCommand(line, io.Discard); err == nil {
			t.Errorf("%q is taken", line)
		}
	}
}
