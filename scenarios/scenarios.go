// Package scenarios reads scenario files.
package scenarios

import (
	"errors"

	"stageprobe/analyze"
	"stageprobe/analyze/attribution"
	"stageprobe/probe"
)

type File struct {
	Region string
	URLs   []string
	Text   string
}
type Auth struct {
	Kind             probe.AuthKind
	Value, Cert, Key string
}
type InitOptions struct{ Name string }
type PolicyOptions struct {
	Region, Partition, Account string
	APIs                       []string
}

func Load(path string) (*File, error)                                   { return nil, errors.New("not built yet") }
func Parse(name string, data []byte) (*File, error)                     { return nil, errors.New("not built yet") }
func (f *File) Selections() []probe.APISelection                        { return nil }
func (f *File) Probes(targets []probe.Target) ([]probe.Scenario, error) { return nil, nil }
func (f *File) IntendedDifferences() []attribution.Intended             { return nil }
func (f *File) Auth(scenario string) (Auth, bool)                       { return Auth{}, false }
func (f *File) Secrets() []string                                       { return nil }
func (f *File) Met(o *probe.Observation) (met, known bool)              { return false, false }
func NewJudge(f *File, plan *probe.Plan, c float64) analyze.Judge       { return nil }
func Schema() ([]byte, error)                                           { return nil, nil }
func Kinds() []string                                                   { return nil }
func FromSnapshot(snap *probe.Snapshot, api string) ([]byte, error)     { return nil, nil }
func From(kind string, data []byte, o InitOptions) ([]byte, error)      { return nil, nil }
func Policy(size string, o PolicyOptions) ([]byte, error)               { return nil, nil }
