// Package metrics serves what a watch knows as Prometheus series and sends the same
// ones over OTLP. [Series] is the list of them; a dashboard and alert rules are made
// for it.
package metrics

import (
	"cmp"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"stageprobe/analyze"
	"stageprobe/analyze/cause"
	"stageprobe/probe"
	"stageprobe/probe/recording"
)

// Serie is one series as it is documented.
type Serie struct {
	Name   string
	Type   string // counter, gauge, histogram
	Labels []string
	Help   string
}

// Series are all that are served. Beside them stand the Go runtime's and the
// process's own.
var Series = []Serie{
	{"stageprobe_build_info", "gauge", []string{"version", "go_version"}, "1, with the version that watches."},
	{"stageprobe_answers_total", "counter", []string{"target", "scenario", "status"}, "Answers by HTTP status; 0 stands for no HTTP answer."},
	{"stageprobe_answer_seconds", "histogram", []string{"target"}, "Time from when a request was due to its last byte."},
	{"stageprobe_window_answers", "gauge", []string{"target", "scenario", "behaviour", "status", "producer", "usual"}, "Answers of the sliding window by behaviour; usual is true for the one that a scenario mostly has."},
	{"stageprobe_window_share", "gauge", []string{"target", "scenario", "behaviour", "status", "producer", "usual"}, "Share of a behaviour in the answers to its scenario within the window, 0 to 1."},
	{"stageprobe_canary_share_configured", "gauge", []string{"target"}, "Share of the traffic that the stage gives its canary, 0 to 1; only where there is one."},
	{"stageprobe_canary_share_measured", "gauge", []string{"target", "bound"}, "Share of the window's requests that the logs attribute to the canary, 0 to 1; bound is estimate, low or high."},
	{"stageprobe_verdict", "gauge", []string{"target", "outcome"}, "1 for the outcome that holds: consistent, inconsistent or inconclusive; else 0."},
	{"stageprobe_finding", "gauge", []string{"target", "cause", "severity", "linked"}, "1 per finding of the window."},
	{"stageprobe_undetected_share_bound", "gauge", []string{"target"}, "Largest share of differing answers that the window does not exclude, 0 to 1; only where none was seen."},
	{"stageprobe_changes_total", "counter", []string{"kind", "severity"}, "Changes that were announced."},
	{"stageprobe_last_change_timestamp_seconds", "gauge", nil, "When the last change happened; 0 before the first."},
	{"stageprobe_last_look_timestamp_seconds", "gauge", nil, "When the window was last weighed."},
	{"stageprobe_window_seconds", "gauge", nil, "Length of the sliding window."},
	{"stageprobe_sees", "gauge", []string{"what"}, "1 where the watch can see it, else 0: network, configuration, logs."},
	{"stageprobe_requests_total", "counter", nil, "Requests that were sent."},
	{"stageprobe_aws_calls_total", "counter", []string{"service"}, "Calls to AWS: control (API Gateway), logs (CloudWatch Logs), other."},
	{"stageprobe_log_bytes_scanned_total", "counter", nil, "Bytes that Logs Insights scanned, which AWS bills."},
	{"stageprobe_log_dollars_total", "counter", nil, "Estimate of what Logs Insights cost, in US dollars."},
	{"stageprobe_notifications_total", "counter", []string{"sink", "result"}, "Changes that others were told of; result is sent or failed."},
}

// State is what the gauges show; it is replaced as a whole.
type State struct {
	Report     *analyze.Report // of the last look; nil before the first
	States     []analyze.State // by target of Targets
	Targets    []probe.Target
	Looked     time.Time
	LastChange time.Time
	Window     time.Duration
	Cost       recording.Cost
	Sees       map[string]bool
}

// Set is the series of one watch.
type Set struct {
	registry  *prometheus.Registry
	answers   *prometheus.CounterVec
	took      *prometheus.HistogramVec
	changes   *prometheus.CounterVec
	told      *prometheus.CounterVec
	mu        sync.Mutex
	state     State
	described map[string]*prometheus.Desc
}

// New makes the series of a watch.
func New(version, goVersion string) *Set {
	s := &Set{registry: prometheus.NewRegistry(), described: map[string]*prometheus.Desc{}}
	counter := func(name string) *prometheus.CounterVec {
		x := serie(name)
		v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: x.Name, Help: x.Help}, x.Labels)
		s.registry.MustRegister(v)
		return v
	}
	s.answers, s.changes, s.told = counter("stageprobe_answers_total"), counter("stageprobe_changes_total"), counter("stageprobe_notifications_total")
	x := serie("stageprobe_answer_seconds")
	s.took = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: x.Name, Help: x.Help, Buckets: []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 29},
	}, x.Labels)
	info := serie("stageprobe_build_info")
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: info.Name, Help: info.Help, ConstLabels: prometheus.Labels{"version": version, "go_version": goVersion},
	})
	build.Set(1)
	s.registry.MustRegister(s.took, build, (*gauges)(s))
	return s
}

func serie(name string) Serie {
	return Series[slices.IndexFunc(Series, func(s Serie) bool { return s.Name == name })]
}

// Observe counts an answer.
func (s *Set) Observe(o *probe.Observation) {
	s.answers.WithLabelValues(o.Target, o.Scenario, strconv.Itoa(o.Status)).Inc()
	s.took.WithLabelValues(o.Target).Observe(o.Took.Seconds())
}

// Changed counts a change that was announced.
func (s *Set) Changed(c *analyze.Change) {
	s.changes.WithLabelValues(string(c.Kind), c.Severity).Inc()
}

// Told counts a change that somebody was told of, or was not.
func (s *Set) Told(sink string, err error) {
	result := "sent"
	if err != nil {
		result = "failed"
	}
	s.told.WithLabelValues(sink, result).Inc()
}

// Show replaces what the gauges show.
func (s *Set) Show(st State) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = st
}

// gauges collects what is read off the state.
type gauges Set

// Describe says nothing: which series there are depends on what was found.
func (*gauges) Describe(chan<- *prometheus.Desc) {}

// Collect writes the series of the state.
func (g *gauges) Collect(ch chan<- prometheus.Metric) {
	g.mu.Lock()
	defer g.mu.Unlock()
	st := &g.state
	put := func(name string, value float64, labels ...string) { ch <- g.metric(name, value, labels) }
	put("stageprobe_window_seconds", st.Window.Seconds())
	put("stageprobe_last_change_timestamp_seconds", seconds(st.LastChange))
	put("stageprobe_last_look_timestamp_seconds", seconds(st.Looked))
	put("stageprobe_requests_total", float64(st.Cost.Requests))
	put("stageprobe_aws_calls_total", float64(st.Cost.ControlCalls), "control")
	put("stageprobe_aws_calls_total", float64(st.Cost.LogCalls), "logs")
	put("stageprobe_aws_calls_total", float64(st.Cost.OtherCalls), "other")
	put("stageprobe_log_bytes_scanned_total", float64(st.Cost.LogBytes))
	put("stageprobe_log_dollars_total", st.Cost.LogDollars)
	for _, what := range []string{"network", "configuration", "logs"} {
		put("stageprobe_sees", number(st.Sees[what]), what)
	}
	for i, s := range st.States {
		for _, o := range []analyze.Outcome{analyze.Consistent, analyze.Inconsistent, analyze.Inconclusive} {
			put("stageprobe_verdict", number(s.Outcome == o), st.Targets[i].ID, string(o))
		}
	}
	if st.Report == nil {
		return
	}
	for i := range st.Report.Targets {
		target(&st.Report.Targets[i], put)
	}
	findings(st.Report.Findings, put)
}

// mostBehaviours is how many behaviours of one target have series of their own.
const mostBehaviours = 40

func target(t *analyze.Target, put func(string, float64, ...string)) {
	all := slices.SortedStableFunc(slices.Values(t.Clusters), func(a, b analyze.Cluster) int { return cmp.Compare(b.Count, a.Count) })
	for _, c := range all[:min(len(all), mostBehaviours)] {
		labels := []string{t.ID, c.Scenario, c.ID, strconv.Itoa(c.Status), c.Producer, strconv.FormatBool(c.Reference)}
		put("stageprobe_window_answers", float64(c.Count), labels...)
		put("stageprobe_window_share", c.Share, labels...)
	}
	if t.Claim != nil {
		put("stageprobe_undetected_share_bound", *t.Claim, t.ID)
	}
	if t.Canary == nil {
		return
	}
	put("stageprobe_canary_share_configured", t.Canary.Percent/100, t.ID)
	if m := t.Canary.Measured; m != nil {
		put("stageprobe_canary_share_measured", m.Estimate, t.ID, "estimate")
		put("stageprobe_canary_share_measured", m.Low, t.ID, "low")
		put("stageprobe_canary_share_measured", m.High, t.ID, "high")
	}
}

func findings(all []cause.Finding, put func(string, float64, ...string)) {
	shown := map[[4]string]bool{}
	for _, f := range all {
		for _, id := range f.Targets {
			key := [4]string{id, string(f.Cause), string(f.Severity), string(f.Linked)}
			if !shown[key] {
				put("stageprobe_finding", 1, key[:]...)
			}
			shown[key] = true
		}
	}
}

func (g *gauges) metric(name string, value float64, labels []string) prometheus.Metric {
	x := serie(name)
	d := g.described[name]
	if d == nil {
		d = prometheus.NewDesc(x.Name, x.Help, x.Labels, nil)
		g.described[name] = d
	}
	kind := prometheus.GaugeValue
	if x.Type == "counter" {
		kind = prometheus.CounterValue
	}
	m, err := prometheus.NewConstMetric(d, kind, value, labels...)
	if err != nil { // a label that is no text: the registry tells whoever scrapes
		return prometheus.NewInvalidMetric(d, err)
	}
	return m
}

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func seconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}
