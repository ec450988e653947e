package metrics

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	bridge "go.opentelemetry.io/contrib/bridges/prometheus"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
)

// Serve answers GET /metrics on an address until stop is called, and says where.
func (s *Set) Serve(addr string) (url string, stop func(), err error) {
	s.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return "", nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.registry, promhttp.HandlerOpts{EnableOpenMetrics: true}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(l) // ends with Close
	}()
	return "http://" + l.Addr().String() + "/metrics", func() { _ = server.Close(); <-done }, nil
}

// Exports tells whether the OTEL_* variables ask for metrics over OTLP; the error
// says where they ask for what there is not.
func Exports() (bool, error) {
	if strings.EqualFold(os.Getenv("OTEL_SDK_DISABLED"), "true") {
		return false, nil
	}
	if os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") == "" && os.Getenv("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT") == "" {
		return false, nil
	}
	switch e := os.Getenv("OTEL_METRICS_EXPORTER"); e {
	case "", "otlp":
	case "none", "prometheus": // the latter is --metrics
		return false, nil
	default:
		return false, fmt.Errorf("OTEL_METRICS_EXPORTER=%s: use otlp or none", e)
	}
	protocol := os.Getenv("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL")
	if protocol == "" {
		protocol = os.Getenv("OTEL_EXPORTER_OTLP_PROTOCOL")
	}
	if protocol != "" && protocol != "http/protobuf" {
		return false, fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL=%s: metrics are sent as http/protobuf alone, which collectors take on port 4318", protocol)
	}
	return true, nil
}

// Headers are those that the OTEL_* variables have sent along; some hold a key.
func Headers() map[string]string {
	headers := map[string]string{}
	for _, name := range []string{"OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_METRICS_HEADERS"} {
		for pair := range strings.SplitSeq(os.Getenv(name), ",") {
			name, value, _ := strings.Cut(pair, "=")
			if plain, err := url.PathUnescape(strings.TrimSpace(value)); err == nil {
				headers[strings.TrimSpace(name)] = plain
			}
		}
	}
	return headers
}

// ownClient does not follow redirects, which would take the headers elsewhere. Where the
// variables name certificates, the exporter's own client knows them.
func ownClient() []otlpmetrichttp.Option {
	wait := 10 * time.Second
	for _, prefix := range []string{"OTEL_EXPORTER_OTLP_", "OTEL_EXPORTER_OTLP_METRICS_"} {
		if os.Getenv(prefix+"CERTIFICATE") != "" || os.Getenv(prefix+"CLIENT_CERTIFICATE") != "" {
			return nil
		}
		if ms, err := strconv.Atoi(os.Getenv(prefix + "TIMEOUT")); err == nil && ms > 0 {
			wait = time.Duration(ms) * time.Millisecond
		}
	}
	return []otlpmetrichttp.Option{otlpmetrichttp.WithHTTPClient(&http.Client{
		Timeout: wait, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	})}
}

// Export sends the series over OTLP, as the OTEL_* variables say, until stop is
// called, which sends them once more. fail is told of what could not be sent.
func (s *Set) Export(ctx context.Context, version string, fail func(error)) (stop func(context.Context) error, err error) {
	exporter, err := otlpmetrichttp.New(ctx, ownClient()...)
	if err != nil {
		return nil, err
	}
	// The environment comes last: it outranks.
	about, err := resource.New(ctx, resource.WithTelemetrySDK(),
		resource.WithAttributes(attribute.String("service.name", "stageprobe"), attribute.String("service.version", version)),
		resource.WithFromEnv())
	if err != nil {
		return nil, errors.Join(err, exporter.Shutdown(ctx))
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(fail))
	provider := metric.NewMeterProvider(metric.WithResource(about), metric.WithReader(metric.NewPeriodicReader(exporter,
		metric.WithProducer(bridge.NewMetricProducer(bridge.WithGatherer(s.registry))))))
	return provider.Shutdown, nil
}
