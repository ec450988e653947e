package scenarios

import "stageprobe/probe"

type InitOptions struct{ Name string }

func Kinds() []string                                               { return nil }
func FromSnapshot(snap *probe.Snapshot, api string) ([]byte, error) { return nil, nil }
func From(kind string, data []byte, o InitOptions) ([]byte, error)  { return nil, nil }
