package analyze

import "testing"

// A shard is numbered by hand, or by the scheduler that runs an array of jobs.
func TestParseShard(t *testing.T) {
	tests := []struct {
		text, variable, value string
		i, n                  int // 0 where it is refused
	}{
		{"3/8", "", "", 3, 8},
		{"auto/8", "JOB_COMPLETION_INDEX", "0", 1, 8},
		{"auto/8", "AWS_BATCH_JOB_ARRAY_INDEX", "7", 8, 8},
		{"auto/8", "AWS_BATCH_JOB_ARRAY_INDEX", "8", 0, 0},
		{"auto/8", "JOB_COMPLETION_INDEX", "one", 0, 0},
		{"auto/8", "", "", 0, 0},
		{"0/8", "", "", 0, 0},
		{"9/8", "", "", 0, 0},
		{"auto", "JOB_COMPLETION_INDEX", "0", 0, 0},
	}
	for _, tt := range tests {
		i, n, err := ParseShard(tt.text, func(name string) string {
			if name == tt.variable {
				return tt.value
			}
			return ""
		})
		if i != tt.i || n != tt.n || (err == nil) != (tt.n > 0) {
			t.Errorf("%s with %s=%s: %d/%d, %v", tt.text, tt.variable, tt.value, i, n, err)
		}
	}
}
