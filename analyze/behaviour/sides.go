package behaviour

import (
	"strconv"
	"time"
)

// OnlyOn is how many of the n answers at On have a value that Off never gives.
func (m *Mark) OnlyOn() (k, n int) {
	for _, v := range m.Values {
		n += v.On
		if v.Off == 0 {
			k += v.On
		}
	}
	return k, n
}

// Moving tells whether the values are numbers or times: another one may be of when an
// answer was made, and not of who made it.
func (m *Mark) Moving() bool {
	for _, v := range m.Values {
		if v.Absent {
			return false
		}
		if _, err := strconv.ParseFloat(v.Text, 64); err == nil {
			continue
		}
		if len(v.Text) < len(time.DateOnly) {
			return false
		}
		if _, err := time.Parse(time.DateOnly, v.Text[:len(time.DateOnly)]); err != nil {
			return false
		}
	}
	return true
}
