package world

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Duration is a time.Duration that also reads whole days ("400d").
type Duration time.Duration

// UnmarshalYAML reads a duration such as 3m, 1h30m, 5ms or 400d.
func (d *Duration) UnmarshalYAML(unmarshal func(any) error) error {
	var text string
	if err := unmarshal(&text); err != nil {
		return err
	}
	parsed, err := parseDuration(text)
	*d = Duration(parsed)
	return err
}

func parseDuration(text string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		if err != nil {
			return 0, fmt.Errorf("duration %q: want a number of days such as 400d", text)
		}
		return time.Duration(n) * 24 * time.Hour, nil
	}
	v, err := time.ParseDuration(text)
	if err != nil || v < 0 {
		return 0, fmt.Errorf("duration %q: want a form such as 3m, 250ms or 400d", text)
	}
	return v, nil
}

// Std is the standard library's value.
func (d Duration) Std() time.Duration { return time.Duration(d) }
