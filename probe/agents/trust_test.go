package agents_test

import (
	"crypto/tls"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	natsd "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"stageprobe/probe"
	"stageprobe/probe/agents"
)

// seed writes an NKey of a user to a file and gives its public part.
func seed(t *testing.T, name string) (path, public string) {
	t.Helper()
	pair, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	text, err := pair.Seed()
	if err != nil {
		t.Fatal(err)
	}
	if public, err = pair.PublicKey(); err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path, public
}

// A server for other machines speaks TLS, and to those alone whose key it was told.
func TestWhoMayConnect(t *testing.T) {
	t.Parallel()
	web := httptest.NewTLSServer(http.NotFoundHandler()) // for its certificate
	t.Cleanup(web.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	mine, public := seed(t, "mine.nk")
	other, _ := seed(t, "other.nk")
	broken := filepath.Join(t.TempDir(), "broken.nk")
	if err := os.WriteFile(broken, []byte("no seed"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := agents.Start(agents.Serve{
		Listen: "127.0.0.1:0", Users: []string{public}, TLS: &tls.Config{Certificates: web.TLS.Certificates, MinVersion: tls.VersionTLS12},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	address := strings.TrimPrefix(strings.TrimPrefix(s.URL(), "tls://"), "nats://")
	tests := []struct {
		name   string
		access agents.Access
		works  bool
	}{
		{"key and authority", agents.Access{URL: "tls://" + address, Creds: mine, CA: ca}, true},
		{"another key", agents.Access{URL: "tls://" + address, Creds: other, CA: ca}, false},
		{"no key", agents.Access{URL: "tls://" + address, CA: ca}, false},
		{"an unknown authority", agents.Access{URL: "tls://" + address, Creds: mine}, false},
		{"no such file", agents.Access{URL: "tls://" + address, Creds: filepath.Join(t.TempDir(), "none"), CA: ca}, false},
		{"a file that holds no key", agents.Access{URL: "tls://" + address, Creds: broken, CA: ca}, false},
	}
	for _, tt := range tests {
		nc, err := agents.Connect(tt.access, tt.name, time.Millisecond)
		if (err == nil) != tt.works {
			t.Errorf("%s: %v", tt.name, err)
		}
		if nc != nil {
			nc.Close()
		}
	}
	for _, open := range []agents.Serve{{Listen: "0.0.0.0:0"}, {Listen: "0.0.0.0:0", Users: []string{public}}} {
		if s, err := agents.Start(open); err == nil {
			s.Close()
			t.Errorf("%+v listens to other machines", open)
		}
	}
}

// credentialsFor makes an operator, an account of it that may use JetStream, and a file of
// credentials of a user of that account.
func credentialsFor(t *testing.T, name string) (o *natsd.Options, file string) {
	t.Helper()
	key := func(make func() (nkeys.KeyPair, error)) (nkeys.KeyPair, string) {
		pair, err := make()
		if err != nil {
			t.Fatal(err)
		}
		public, err := pair.PublicKey()
		if err != nil {
			t.Fatal(err)
		}
		return pair, public
	}
	sign := func(c interface {
		Encode(nkeys.KeyPair) (string, error)
	}, by nkeys.KeyPair) string {
		text, err := c.Encode(by)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	operator, operatorKey := key(nkeys.CreateOperator)
	account, accountKey := key(nkeys.CreateAccount)
	user, userKey := key(nkeys.CreateUser)
	trusted := jwt.NewOperatorClaims(operatorKey)
	granted := jwt.NewAccountClaims(accountKey)
	granted.Limits.JetStreamLimits = jwt.JetStreamLimits{MemoryStorage: jwt.NoLimit, DiskStorage: jwt.NoLimit, Streams: jwt.NoLimit, Consumer: jwt.NoLimit}
	seed, err := user.Seed()
	if err != nil {
		t.Fatal(err)
	}
	text, err := jwt.FormatUserConfig(sign(jwt.NewUserClaims(userKey), account), seed)
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	_, systemKey := key(nkeys.CreateAccount) // without one there is no JetStream
	trusted.SystemAccount = systemKey
	resolver := &natsd.MemAccResolver{}
	if err := resolver.Store(systemKey, sign(jwt.NewAccountClaims(systemKey), operator)); err != nil {
		t.Fatal(err)
	}
	if err := resolver.Store(accountKey, sign(granted, operator)); err != nil {
		t.Fatal(err)
	}
	sign(trusted, operator)
	return &natsd.Options{
		Host: "127.0.0.1", Port: natsd.RANDOM_PORT, JetStream: true, StoreDir: t.TempDir(), NoLog: true, NoSigs: true,
		TrustedOperators: []*jwt.OperatorClaims{trusted}, SystemAccount: systemKey, AccountResolver: resolver,
	}, file
}

// On a cluster that trusts an operator, coordinator and agent come in with files of
// credentials, and a plan is sent; with those of another operator nobody comes in.
func TestCredentialsOfAnOperator(t *testing.T) {
	t.Parallel()
	o, file := credentialsFor(t, "user.creds")
	_, foreign := credentialsFor(t, "foreign.creds")
	s, err := natsd.NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(s.Shutdown)
	if !s.ReadyForConnections(time.Minute) {
		t.Fatal("the server does not begin")
	}
	if nc, err := agents.Connect(agents.Access{URL: s.ClientURL(), Creds: foreign}, "foreign", time.Millisecond); err == nil {
		nc.Close()
		t.Error("the credentials of another operator are taken")
	}
	enter := func(name string) *nats.Conn {
		nc, err := agents.Connect(agents.Access{URL: s.ClientURL(), Creds: file}, name, 10*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(nc.Close)
		return nc
	}
	st := newStage(t)
	hire(t, enter("agent"), nil)
	p := st.plan(50, 1000)
	c := &agents.Coordinator{Conn: enter("coordinator"), ID: "granted", WaitAgents: 1, InOrder: true, Size: 10}
	if rows := gather(t, c, p); len(rows) != p.Requests {
		t.Errorf("%d of %d requests are told", len(rows), p.Requests)
	}
}

// An agent refuses a plan that leads anywhere but where it may ask, in whatever part of
// the plan the host stands; where all refuse, the run ends with the reason, and nothing
// was sent.
func TestAnAgentAsksWhereItMayAlone(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*probe.Plan){
		"a target": func(p *probe.Plan) { p.Targets[0].URL = strings.Replace(p.Targets[0].URL, "127.0.0.1", "localhost", 1) },
		"a Host header": func(p *probe.Plan) {
			p.Scenarios[0].Header = []probe.Header{{Name: "Host", Value: "elsewhere.example.com"}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := newStage(t)
			s := server(t)
			hire(t, connect(t, s), nil)
			p := st.plan(20, 100)
			change(p)
			c := &agents.Coordinator{Conn: connect(t, s), ID: "refused", WaitAgents: 1}
			var failed error
			for _, err := range c.Run(t.Context(), p, plannerOf(p)) {
				if failed = err; err != nil {
					break
				}
				t.Error("a request was sent")
			}
			if failed == nil || !strings.Contains(failed.Error(), "--allow") {
				t.Errorf("the run ended with %v", failed)
			}
			st.mu.Lock()
			defer st.mu.Unlock()
			if len(st.asked) > 0 {
				t.Errorf("%d requests came", len(st.asked))
			}
		})
	}
}
