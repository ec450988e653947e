package cli

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"stageprobe/analyze"
	"stageprobe/probe"
)

// stateAge is how long what was done counts as done.
const stateAge = time.Hour

// state remembers what a command over everything has done, so that the same command
// with --resume does not ask it again. It is a file of lines in the user's cache
// folder; a line that was cut off counts as not written.
type state struct {
	path string

	mu      sync.Mutex
	file    *os.File
	apis    map[string]probe.API
	domains map[string]probe.Domain
	reports map[string]*analyze.Report
}

// stateLine is one thing that was done. Key holds its place.
type stateLine struct {
	Started time.Time       `json:"started,omitzero"`
	Key     string          `json:"key,omitempty"`
	API     *probe.API      `json:"api,omitempty"`
	Domain  *probe.Domain   `json:"domain,omitempty"`
	Report  *analyze.Report `json:"report,omitempty"`
}

// openState begins the state of a command, or goes on with what there is. A folder
// that cannot be written to costs only that nothing is remembered.
func openState(command string, resume bool) (*state, error) {
	s := &state{apis: map[string]probe.API{}, domains: map[string]probe.Domain{}, reports: map[string]*analyze.Report{}}
	dir, err := os.UserCacheDir()
	if err == nil {
		dir = filepath.Join(dir, "stageprobe", "resume")
		err = os.MkdirAll(dir, 0o700)
	}
	if err != nil {
		if resume {
			return nil, hint(fmt.Errorf("--resume: %w", err), "set XDG_CACHE_HOME to a folder that may be written to")
		}
		return s, nil
	}
	sum := sha256.Sum256([]byte(command))
	s.path = filepath.Join(dir, hex.EncodeToString(sum[:8])+".jsonl")
	mode := os.O_TRUNC
	if resume {
		if err := s.load(); err != nil {
			return nil, hint(fmt.Errorf("--resume: %w", err), "run it without --resume")
		}
		mode = os.O_APPEND
	}
	if s.file, err = os.OpenFile(s.path, os.O_CREATE|os.O_WRONLY|mode, 0o600); err != nil {
		s.file = nil // nothing is remembered
		return s, nil
	}
	if !resume {
		s.line(stateLine{Started: time.Now().UTC()})
	} else {
		_, _ = s.file.WriteString("\n") // ends a line that was cut off
	}
	return s, nil
}

func (s *state) load() error {
	f, err := os.Open(s.path)
	if err != nil {
		return fmt.Errorf("this command was not interrupted before")
	}
	defer func() { _ = f.Close() }() // only read
	in := bufio.NewScanner(f)
	in.Buffer(nil, 256<<20)
	begun := time.Time{}
	for in.Scan() {
		var l stateLine
		if json.Unmarshal(in.Bytes(), &l) != nil {
			continue // cut off
		}
		switch {
		case !l.Started.IsZero():
			begun = l.Started
		case l.API != nil:
			s.apis[l.Key] = *l.API
		case l.Domain != nil:
			s.domains[l.Key] = *l.Domain
		case l.Report != nil:
			s.reports[l.Key] = l.Report
		}
	}
	if time.Since(begun) > stateAge {
		return fmt.Errorf("what was done is older than %s", stateAge)
	}
	return in.Err()
}

func (s *state) line(l stateLine) {
	text, err := json.Marshal(l)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil && s.file != nil {
		_, _ = s.file.Write(append(text, '\n')) // what is not remembered is asked again
	}
}

// keep leaves the file for --resume; drop removes it: nothing is left to do.
func (s *state) keep() {
	if s.file != nil {
		_ = s.file.Close() // every line has been written
	}
}

func (s *state) drop() {
	if s.file != nil {
		_ = s.file.Close()    // nothing is needed of it
		_ = os.Remove(s.path) // nor of what stays behind
	}
}

// report is the one that was made of a unit; nil where none was.
func (s *state) report(key string) *analyze.Report { return s.reports[key] }

func (s *state) keepReport(key string, rep *analyze.Report) { s.line(stateLine{Key: key, Report: rep}) }

// of is the memory of one place.
func (s *state) of(place string) *placeState { return &placeState{s, place + " "} }

// placeState is an inventory's memory.
type placeState struct {
	*state
	prefix string
}

// API is one that was read before.
func (p *placeState) API(id string) (probe.API, bool) {
	a, ok := p.apis[p.prefix+id]
	return a, ok
}

// Domain is one that was read before.
func (p *placeState) Domain(name string) (probe.Domain, bool) {
	d, ok := p.domains[p.prefix+name]
	return d, ok
}

// KeepAPI remembers an API.
func (p *placeState) KeepAPI(a *probe.API) { p.line(stateLine{Key: p.prefix + a.ID, API: a}) }

// KeepDomain remembers a domain.
func (p *placeState) KeepDomain(d *probe.Domain) {
	p.line(stateLine{Key: p.prefix + d.Name, Domain: d})
}

// commandOf spells a command so that one that goes on with it is spelt alike:
// what decides what is asked, in the order of names.
func commandOf(cmd *cobra.Command) string {
	text := cmd.CommandPath()
	cmd.Flags().Visit(func(f *pflag.Flag) {
		switch f.Name {
		case "resume", "format", "output", "quiet", "verbose", "color":
		default:
			text += fmt.Sprintf(" --%s=%s", f.Name, f.Value)
		}
	})
	return text
}
