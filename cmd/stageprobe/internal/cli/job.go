package cli

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"stageprobe/probe"
	"stageprobe/probe/agents"
	"stageprobe/probe/redact"
	"stageprobe/scenarios"
)

// access is what a job says of how to reach the targets and how to authenticate
// there. Secrets stand in it as env:NAME alone.
type access struct {
	ConnectTo []string `json:"connect_to,omitempty"`
	CA        string   `json:"ca,omitempty"` // PEM
	Insecure  bool     `json:"insecure,omitempty"`
	Headers   []string `json:"headers,omitempty"`
	APIKey    string   `json:"api_key,omitempty"`
	Bearer    string   `json:"bearer,omitempty"`
	SigV4     bool     `json:"sigv4,omitempty"`
	Region    string   `json:"region,omitempty"`    // to sign for
	Scenarios string   `json:"scenarios,omitempty"` // the file, which holds references alone
}

// errHeld refuses to give agents a secret.
func errHeld(what string) error {
	return hint(fmt.Errorf("%s is given as it is, and a plan for agents holds no secrets", what),
		"write env:NAME, and set the variable where each agent runs")
}

// access gathers what agents need to know beside the plan.
func (c *coordination) access(r *run) (json.RawMessage, error) {
	f := r.flags
	a := access{
		ConnectTo: f.connectTo, Insecure: f.insecure, Headers: f.headers, APIKey: f.apiKey, Bearer: f.bearer,
		SigV4: f.sigv4, Region: r.subject.selection.Region,
	}
	for what, spec := range map[string]string{"--api-key": f.apiKey, "--bearer": f.bearer} {
		if spec != "" && !strings.HasPrefix(spec, "env:") && c.within == 0 {
			return nil, errHeld(what)
		}
	}
	if r.subject.file != nil {
		a.Scenarios = r.subject.file.Text
	}
	if c.within > 0 {
		return nil, nil // they have the engine itself
	}
	text, err := json.Marshal(a)
	if err == nil && r.redactor.String(string(text)) != string(text) {
		err = errHeld("a header or a value of the scenario file")
	}
	if err != nil || f.cacert == "" {
		return text, err
	}
	// Certificates are public, whatever their names and numbers look like.
	pem, err := readInput(f.cacert, nil)
	if err != nil {
		return nil, err
	}
	a.CA = string(pem)
	return json.Marshal(a)
}

// openPlan is the plan as agents are given it: what the scenario file says of a
// request is left to the file, whose references each agent resolves itself.
func (c *coordination) openPlan(r *run) (*probe.Plan, error) {
	p := r.plan
	p.Scenarios = slices.Clone(p.Scenarios)
	for i := range p.Scenarios {
		sc := &p.Scenarios[i]
		if c.within > 0 || r.subject.file != nil && r.subject.file.Has(sc.Name) {
			sc.Header, sc.Query, sc.Body = nil, "", nil
		}
	}
	text, err := json.Marshal(p)
	if err == nil && r.redactor.String(string(text)) != string(text) {
		err = errHeld("a part of the plan's addresses or requests")
	}
	return &p, err
}

// employed makes engines for the jobs of an agent.
type employed struct {
	streams    Streams
	aws        awsFlags
	cert, key  string
	keepBodies bool
}

// engine makes an engine for a job, with the secrets of this environment.
func (e *employed) engine(ctx context.Context, job *agents.Job) (*probe.Engine, error) {
	var a access
	if err := json.Unmarshal(job.Access, &a); err != nil {
		return nil, fmt.Errorf("read the job: %w", err)
	}
	if err := a.referencesOnly(); err != nil {
		return nil, err
	}
	c := &checkFlags{awsFlags: e.aws, transportFlags: transportFlags{
		connectTo: a.ConnectTo, insecure: a.Insecure, headers: a.Headers, apiKey: a.APIKey, bearer: a.Bearer, sigv4: a.SigV4, cert: e.cert, key: e.key,
	}}
	s := &subject{targets: job.Plan.Targets}
	if err := s.fill(job, a.Scenarios); err != nil {
		return nil, err
	}
	if a.SigV4 || slices.ContainsFunc(s.scenarios, func(sc probe.Scenario) bool { return sc.Auth == probe.AuthSigV4 }) {
		c.region = a.Region
		var err error
		if s.cloud, s.unread, err = c.open(ctx, e.streams.secrets, a.Region); err != nil {
			return nil, err
		}
		if s.cloud == nil {
			return nil, s.unread
		}
	}
	secrets := c.secrets(e.streams.secrets, s)
	engine, err := c.engine(ctx, s, secrets)
	if err != nil {
		return nil, err
	}
	if a.CA != "" {
		engine.Transport.RootCAs = x509.NewCertPool()
		if !engine.Transport.RootCAs.AppendCertsFromPEM([]byte(a.CA)) {
			return nil, errors.New("the job's certificate authorities cannot be read")
		}
	}
	engine.Clean = (&redact.Cleaner{Secrets: e.streams.secrets, KeepOwn: e.keepBodies}).Clean
	return engine, secrets.err
}

// fill puts the scenario file's requests into the job's plan.
func (s *subject) fill(job *agents.Job, text string) error {
	if text != "" {
		var err error
		if s.file, err = scenarios.Parse("the job's scenario file", []byte(text)); err != nil {
			return err
		}
		own, err := s.file.Probes(job.Plan.Targets)
		if err != nil {
			return err
		}
		for i := range job.Plan.Scenarios {
			for _, sc := range own {
				if p := &job.Plan.Scenarios[i]; p.Name == sc.Name {
					p.Header, p.Query, p.Body = sc.Header, sc.Query, sc.Body
				}
			}
		}
	}
	s.scenarios = job.Plan.Scenarios
	return nil
}

// referencesOnly refuses a job that would have this agent read its own files, or
// the variables that hold keys to the cloud: a plan comes from elsewhere.
func (a *access) referencesOnly() error {
	specs := append([]string{a.APIKey, a.Bearer, a.Scenarios}, a.Headers...)
	for _, s := range specs {
		switch {
		case strings.Contains(s, "file:"):
			return errors.New("the plan asks for a file of this agent, and agents resolve env:NAME alone")
		case strings.Contains(s, "env:AWS_"), strings.Contains(s, "env:NATS_"):
			return errors.New("the plan asks for the variables of this agent's own credentials")
		}
	}
	return nil
}
