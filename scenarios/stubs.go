package scenarios

import "stageprobe/probe"

type InitOptions struct{ Name string }
type PolicyOptions struct {
	Region, Partition, Account string
	APIs                       []string
}

func Schema() ([]byte, error)                                       { return nil, nil }
func Kinds() []string                                               { return nil }
func FromSnapshot(snap *probe.Snapshot, api string) ([]byte, error) { return nil, nil }
func From(kind string, data []byte, o InitOptions) ([]byte, error)  { return nil, nil }
func Policy(size string, o PolicyOptions) ([]byte, error)           { return nil, nil }
