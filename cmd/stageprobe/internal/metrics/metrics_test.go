package metrics

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	collector "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	"google.golang.org/protobuf/proto"

	"stageprobe/analyze"
	"stageprobe/analyze/cause"
	"stageprobe/probe"
	"stageprobe/probe/recording"
)

// filled is a set in which every series has a value.
func filled() *Set {
	s := New("1.2.3", "go1.26")
	s.Observe(&probe.Observation{Target: "abc123/prod", Scenario: "GET /orders", Status: 200, Took: 20 * time.Millisecond})
	s.Changed(&analyze.Change{Kind: analyze.ChangedVerdict, Severity: "error"})
	s.Told("webhook hooks.slack.com", nil)
	s.Told("webhook hooks.slack.com", io.EOF)
	claim := .01
	now := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	s.Show(State{
		Targets: []probe.Target{{ID: "abc123/prod"}}, States: []analyze.State{{Outcome: analyze.Inconsistent}},
		Looked: now, LastChange: now, Window: 10 * time.Minute, Cost: recording.Cost{Requests: 7, ControlCalls: 3, LogBytes: 10},
		Sees: map[string]bool{"network": true},
		Report: &analyze.Report{
			Targets: []analyze.Target{{
				ID: "abc123/prod", Claim: &claim,
				Canary:   &analyze.Canary{Percent: 10, Measured: &cause.Interval{Estimate: .1, Low: .05, High: .2}},
				Clusters: []analyze.Cluster{{ID: "0a1b2c3d", Scenario: "GET /orders", Status: 200, Count: 90, Share: .9, Producer: "integration", Reference: true}},
			}},
			Findings: []cause.Finding{{Cause: cause.CanarySplit, Severity: cause.Error, Linked: cause.Proven, Targets: []string{"abc123/prod"}}},
		},
	})
	return s
}

// scraped is what Prometheus's own parser reads from the endpoint.
func scraped(t *testing.T) map[string]*dto.MetricFamily {
	t.Helper()
	url, stop, err := filled().Serve("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	p := expfmt.NewTextParser(model.UTF8Validation)
	families, err := p.TextToMetricFamilies(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return families
}

// What is documented is what is served, label by label.
func TestEverySeriesIsServedAsDocumented(t *testing.T) {
	families := scraped(t)
	for _, s := range Series {
		f := families[s.Name]
		if f == nil {
			t.Errorf("%s is not served", s.Name)
			continue
		}
		if got := strings.ToLower(f.GetType().String()); got != s.Type || f.GetHelp() != s.Help {
			t.Errorf("%s is a %s with help %q, documented as a %s with %q", s.Name, got, f.GetHelp(), s.Type, s.Help)
		}
		for _, m := range f.GetMetric() {
			var names []string
			for _, l := range m.GetLabel() {
				names = append(names, l.GetName())
			}
			want := slices.Sorted(slices.Values(s.Labels))
			if !slices.Equal(slices.Sorted(slices.Values(names)), want) {
				t.Errorf("%s has the labels %v, documented %v", s.Name, names, want)
			}
		}
	}
	for name := range families {
		known := slices.ContainsFunc(Series, func(s Serie) bool { return s.Name == name })
		if strings.HasPrefix(name, "stageprobe_") && !known {
			t.Errorf("%s is not documented", name)
		}
	}
	if families["go_goroutines"] == nil {
		t.Error("the process's own series are missing")
	}
}

func TestSeriesFollowTheConventions(t *testing.T) {
	families, err := filled().registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// asks holds an expression's selectors against the series that are served.
func asks(t *testing.T, families map[string]*dto.MetricFamily, where, expr string) {
	t.Helper()
	expr = strings.NewReplacer("$__rate_interval", "5m", "$target", ".*").Replace(expr)
	e, err := parser.NewParser(parser.Options{}).ParseExpr(expr)
	if err != nil {
		t.Errorf("%s: %s: %v", where, expr, err)
		return
	}
	found := false
	parser.Inspect(e, func(n parser.Node, _ []parser.Node) error {
		v, ok := n.(*parser.VectorSelector)
		if !ok {
			return nil
		}
		found = true
		name := v.Name
		if families[name] == nil {
			name = strings.TrimSuffix(name, "_bucket")
		}
		f := families[name]
		if f == nil {
			t.Errorf("%s: %s is not served", where, v.Name)
			return nil
		}
		if !slices.ContainsFunc(f.GetMetric(), func(m *dto.Metric) bool { return matches(m, v.LabelMatchers) }) {
			t.Errorf("%s: no series of %s is matched by %v", where, v.Name, v.LabelMatchers)
		}
		return nil
	})
	if !found {
		t.Errorf("%s: %s asks for nothing", where, expr)
	}
}

// matches tells whether a series has every label that is asked for; which values
// of status, outcome and their like it has here is left open.
func matches(m *dto.Metric, matchers []*labels.Matcher) bool {
	for _, x := range matchers {
		if x.Name != model.MetricNameLabel && x.Name != "le" && !slices.ContainsFunc(m.GetLabel(), func(l *dto.LabelPair) bool { return l.GetName() == x.Name }) {
			return false
		}
	}
	return true
}

func TestDashboardAsksForWhatIsServed(t *testing.T) {
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
		Templating struct{ List []struct{ Query string } }
	}
	if err := json.Unmarshal([]byte(Grafana), &board); err != nil {
		t.Fatal(err)
	}
	families := scraped(t)
	for _, p := range board.Panels {
		for _, x := range p.Targets {
			asks(t, families, p.Title, x.Expr)
		}
	}
	if len(board.Panels) < 8 || !strings.Contains(board.Templating.List[1].Query, "stageprobe_verdict") {
		t.Errorf("%d panels, variables %v", len(board.Panels), board.Templating.List)
	}
}

func TestAlertsAskForWhatIsServed(t *testing.T) {
	var file struct {
		Groups []struct {
			Name  string
			Rules []struct {
				Alert, Expr         string
				For                 string
				Labels, Annotations map[string]string
			}
		}
	}
	if err := yaml.UnmarshalWithOptions([]byte(Alerts), &file, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	families, rules := scraped(t), 0
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			rules++
			asks(t, families, r.Alert, r.Expr)
			if r.For != "" {
				if _, err := model.ParseDuration(r.For); err != nil {
					t.Errorf("%s: for: %v", r.Alert, err)
				}
			}
			if r.Labels["severity"] == "" || r.Annotations["summary"] == "" {
				t.Errorf("%s says neither how bad nor what it is", r.Alert)
			}
		}
	}
	if rules < 5 {
		t.Errorf("%d rules", rules)
	}
}

// A collector that redirects is told as a failure: the headers, which hold its key, go
// nowhere else.
func TestOTLPFollowsNoRedirect(t *testing.T) {
	var elsewhere atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer other.Close()
	server := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	defer server.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.URL)
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-key=s3cret%20value, tenant=orders")
	if got := Headers(); got["x-key"] != "s3cret value" || got["tenant"] != "orders" {
		t.Errorf("headers %q", got)
	}
	stop, err := filled().Export(t.Context(), "1.2.3", func(error) {})
	if err != nil {
		t.Fatal(err)
	}
	if err := stop(t.Context()); err == nil || elsewhere.Load() > 0 {
		t.Errorf("%v, %d requests elsewhere", err, elsewhere.Load())
	}
}

// The same series arrive at a collector on this machine.
func TestOTLPSendsTheSeries(t *testing.T) {
	var mu sync.Mutex
	names, service := map[string]bool{}, ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var got collector.ExportMetricsServiceRequest
		if err != nil || r.URL.Path != "/v1/metrics" || proto.Unmarshal(body, &got) != nil {
			t.Errorf("%s: %v", r.URL.Path, err)
		}
		mu.Lock()
		defer mu.Unlock()
		for _, rm := range got.GetResourceMetrics() {
			for _, a := range rm.GetResource().GetAttributes() {
				if a.GetKey() == "service.name" {
					service = a.GetValue().GetStringValue()
				}
			}
			for _, sm := range rm.GetScopeMetrics() {
				for _, m := range sm.GetMetrics() {
					names[m.GetName()] = true
				}
			}
		}
	}))
	defer server.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.URL)
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "service.name=orders-watch")
	if wanted, err := Exports(); !wanted || err != nil {
		t.Fatal(wanted, err)
	}
	stop, err := filled().Export(t.Context(), "1.2.3", func(err error) { t.Error(err) })
	if err != nil {
		t.Fatal(err)
	}
	if err := stop(t.Context()); err != nil { // which sends what there is
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	for _, s := range Series {
		if !names[s.Name] {
			t.Errorf("%s was not sent", s.Name)
		}
	}
	if service != "orders-watch" {
		t.Errorf("the service is %q", service)
	}
}

func TestEnvironmentSaysWhetherToSend(t *testing.T) {
	for _, tt := range []struct {
		env    map[string]string
		wanted bool
		fails  bool
	}{
		{nil, false, false},
		{map[string]string{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://127.0.0.1:4318/v1/metrics"}, true, false},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "OTEL_SDK_DISABLED": "true"}, false, false},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "OTEL_METRICS_EXPORTER": "none"}, false, false},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, false, true},
	} {
		for _, name := range []string{"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_SDK_DISABLED", "OTEL_METRICS_EXPORTER", "OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL"} {
			t.Setenv(name, tt.env[name])
		}
		if wanted, err := Exports(); wanted != tt.wanted || (err != nil) != tt.fails {
			t.Errorf("%v: %t, %v", tt.env, wanted, err)
		}
	}
}
