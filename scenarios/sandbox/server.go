package sandbox

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"stageprobe/scenarios/sandbox/internal/cloud"
	"stageprobe/scenarios/sandbox/internal/control"
	"stageprobe/scenarios/sandbox/internal/cwl"
	"stageprobe/scenarios/sandbox/internal/dataplane"
	"stageprobe/scenarios/sandbox/internal/iam"
	"stageprobe/scenarios/sandbox/internal/world"
)

// Server is a running gateway.
type Server struct {
	cloud   *cloud.Cloud
	logs    *cwl.Store
	control *control.Plane
	ca      *authority
	now     func() time.Time

	controlAddr string
	dataAddrs   []string
	servers     []*http.Server
	running     sync.WaitGroup

	mu    sync.Mutex
	calls []Call
}

// local refuses addresses that others can reach: the gateway accepts any
// credentials.
func local(addr string) error {
	if addr == "" {
		return nil
	}
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("address %q: %w; write it as 127.0.0.1:8443", addr, err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("address %q: the embedded gateway is reached from this machine alone; use 127.0.0.1 or [::1]", addr)
	}
	return nil
}

// Start serves a world until Close, on addresses of this machine alone.
func Start(w *World, o Options) (*Server, error) {
	for _, addr := range []string{o.Addr, o.ControlAddr} {
		if err := local(addr); err != nil {
			return nil, err
		}
	}
	now := o.Now
	if now == nil {
		now = time.Now
	}
	s := &Server{cloud: cloud.New(w, now), now: now}
	var caller *iam.Policy
	if o.Policy != nil {
		var err error
		if caller, err = iam.Parse(o.Policy); err != nil {
			return nil, err
		}
	}
	s.logs = newLogs(w, o.Seed, now)
	s.logs.Allows = caller.Allows
	s.logs.OnCall = func(operation, resource string, status int) {
		s.record(Call{Service: "logs", Operation: operation, Action: "logs:" + operation, Resource: resource, Status: status})
	}
	s.control = control.New(s.cloud, func(c control.Call) {
		s.record(Call{Service: c.Service, Operation: c.Operation, Action: c.Action, Resource: c.Resource, Status: c.Status})
	})
	s.control.Allows = caller.Allows
	for _, api := range s.cloud.APIs {
		for _, stage := range api.Stages {
			dataplane.Groups(s.logs, api, stage)
		}
	}
	s.cloud.OnDeploy = func(api *cloud.API, stage *cloud.Stage) { dataplane.Groups(s.logs, api, stage) }
	var err error
	if s.ca, err = newAuthority(s.known); err != nil {
		return nil, err
	}
	if err := s.listen(o); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// newLogs makes the log service as the world describes it.
func newLogs(w *World, seed uint64, now func() time.Time) *cwl.Store {
	store := cwl.New(cwl.Options{
		Now: now, Seed: seed, Region: w.Region, Account: w.Account,
		Delivery:  cwl.Delivery{Delay: w.Logs.Delay.Std(), Jitter: w.Logs.Jitter.Std(), Loss: w.Logs.Loss},
		Faults:    cwl.Faults{Denied: deniedLogs(w), EmptyPages: w.Logs.Empty, Quota: w.Control.Quota},
		Retention: cmp.Or(w.Logs.Retention.Std(), time.Hour),
	})
	for group, d := range w.Logs.Groups {
		store.SetClass(group, d.Class)
		store.SetDelivery(group, cwl.Delivery{Delay: d.Delay.Std(), Jitter: d.Jitter.Std(), Loss: d.Loss})
	}
	return store
}

func deniedLogs(w *World) map[string]bool {
	out := map[string]bool{}
	for _, op := range w.Control.Denied {
		if name, ok := strings.CutPrefix(op, "logs:"); ok {
			out[name] = true
		}
	}
	return out
}

// listen opens the sockets: one for all control planes, and one or two for the
// data plane.
func (s *Server) listen(o Options) error {
	l, err := net.Listen("tcp", cmp.Or(o.ControlAddr, "127.0.0.1:0"))
	if err != nil {
		return fmt.Errorf("control plane: %w", err)
	}
	s.controlAddr = l.Addr().String()
	plane := dataplane.New(s.cloud, s.logs, o.Seed)
	s.serve(l, s.front(plane.Handler(1)), nil)
	addresses := []string{cmp.Or(o.Addr, "127.0.0.1:0")}
	if len(s.cloud.World.ByAddress) > 0 {
		addresses = append(addresses, second(addresses[0]))
	}
	for i, addr := range addresses {
		l, err := net.Listen("tcp", addr)
		if err != nil {
			return fmt.Errorf("data plane: %w", err)
		}
		s.dataAddrs = append(s.dataAddrs, l.Addr().String())
		s.serve(l, plane.Handler(i+1), &tls.Config{
			GetCertificate: s.ca.get, MinVersion: tls.VersionTLS12, ClientAuth: tls.RequestClientCert,
		})
	}
	return nil
}

// second is the other address of a data plane with two: a port of its own on
// the same host, so that it needs no second loopback address.
func second(addr string) string {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, "0")
}

func (s *Server) serve(l net.Listener, h http.Handler, config *tls.Config) {
	server := &http.Server{
		Handler: h, TLSConfig: config, ReadHeaderTimeout: 30 * time.Second,
		ErrorLog: log.New(io.Discard, "", 0), // refused handshakes are part of the play
	}
	s.servers = append(s.servers, server)
	s.running.Go(func() {
		if config == nil {
			_ = server.Serve(l)
		} else {
			_ = server.ServeTLS(l, "", "")
		}
	})
}

// front sends a call to the service that it is meant for. Emulator-style
// invoke paths share the address, as they do with emulators.
func (s *Server) front(data http.Handler) http.Handler {
	logs := s.logs.Handler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case control.ServesTrail(r):
			s.control.ServeTrail(w, r)
		case servesIdentity(r):
			s.serveIdentity(w)
		case control.ServesMetrics(r):
			s.control.ServeMetrics(w, r)
		case s.logs.Serves(r):
			logs.ServeHTTP(w, r)
		case emulated(r):
			data.ServeHTTP(w, r)
		default:
			s.control.ServeHTTP(w, r)
		}
	})
}

// servesIdentity tells a call to STS, which all credentials may make.
func servesIdentity(r *http.Request) bool {
	return r.Method == http.MethodPost && strings.Contains(r.Header.Get("Authorization"), "/sts/aws4_request")
}

// serveIdentity answers GetCallerIdentity.
func (s *Server) serveIdentity(w http.ResponseWriter) {
	account := s.cloud.World.Account
	s.record(Call{Service: "sts", Operation: "GetCallerIdentity", Action: "sts:GetCallerIdentity", Status: http.StatusOK})
	w.Header().Set("Content-Type", "text/xml")
	fmt.Fprintf(w, `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>`+
		`<Arn>arn:aws:iam::%[1]s:user/sandbox</Arn><UserId>AIDASANDBOX</UserId><Account>%[1]s</Account>`+
		`</GetCallerIdentityResult></GetCallerIdentityResponse>`, account)
}

func emulated(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, "/_aws/execute-api/") || strings.Contains(r.URL.Path, "/_user_request_/") ||
		strings.Contains(r.Host, ".execute-api.")
}

// known tells whether a host has a certificate: the region's execute-api
// hosts, whichever API they name, custom domains, and this machine.
func (s *Server) known(host string) bool {
	host = strings.ToLower(host)
	region := ".execute-api." + s.cloud.Region + "."
	if strings.Contains(host, region) || strings.HasSuffix(host, ".execute-api.localhost.localstack.cloud") {
		return true
	}
	if ip := net.ParseIP(host); ip != nil {
		return ip.IsLoopback()
	}
	s.cloud.RLock()
	defer s.cloud.RUnlock()
	return host == "localhost" || s.cloud.Domain(host) != nil
}

func (s *Server) record(c Call) {
	c.At = s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, c)
	if len(s.calls) > 2*keptCalls {
		s.calls = slices.Clone(s.calls[keptCalls:])
	}
}

// keptCalls are the newest calls that are always known.
const keptCalls = 20_000

// ControlURL is the endpoint of all AWS services: http://127.0.0.1:port.
func (s *Server) ControlURL() string { return "http://" + s.controlAddr }

// DataAddr is host:port of the TLS data plane.
func (s *Server) DataAddr() string { return s.dataAddrs[0] }

// DataAddrs lists the addresses of the data plane; most worlds have one.
func (s *Server) DataAddrs() []string { return slices.Clone(s.dataAddrs) }

// ConnectTo lists ready values of --connect-to: the region's execute-api hosts
// and every custom domain. A data plane with two addresses has two values for
// each host, as a name with two address records.
func (s *Server) ConnectTo() []string {
	hosts := []string{"*.execute-api." + s.cloud.Region + "." + world.Suffix(s.cloud.Region)}
	for _, d := range s.cloud.World.Domains {
		hosts = append(hosts, d.Name)
	}
	var out []string
	for _, host := range hosts {
		for _, addr := range s.dataAddrs {
			out = append(out, host+":443="+addr)
		}
	}
	return out
}

// CACert is the PEM of the authority that signed the data plane's certificates.
func (s *Server) CACert() []byte { return s.ca.pem() }

// Calls lists the calls that the control planes, the log service and
// CloudTrail got so far, in order; of more than 20,000 the newest.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// Close stops the server. Requests under way get a second to end.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	var errs []error
	for _, server := range s.servers {
		if err := server.Shutdown(ctx); err != nil {
			errs = append(errs, server.Close())
		}
	}
	s.running.Wait()
	return errors.Join(errs...)
}
