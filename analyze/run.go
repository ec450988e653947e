package analyze

import (
	"encoding/json"
	"fmt"

	"stageprobe/probe"
)

// ReadPolicy takes the policy out of a recording. The judge is not part of it:
// the caller makes one from Policy.Scenarios.
func ReadPolicy(raw json.RawMessage) (Policy, error) {
	var p Policy
	if len(raw) == 0 {
		return p, nil
	}
	if err := json.Unmarshal(raw, &p); err != nil {
		return p, fmt.Errorf("read the recording's policy: %w", err)
	}
	return p, nil
}

// value helpers shared by the report's builders

func orNil(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func orEmpty[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

var _ probe.Planner = (*Session)(nil)
