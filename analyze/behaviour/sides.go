package behaviour

import (
	"strconv"
	"time"
)

// OnlyOn is how many answers at On have a value that Off never gives.
func (m *Mark) OnlyOn() int {
	n := 0
	for _, v := range m.Values {
		if v.Off == 0 {
			n += v.On
		}
	}
	return n
}

// OnlyOnShare is the share of the answers at On whose value Off never gives.
func (m *Mark) OnlyOnShare() float64 {
	all := 0
	for _, v := range m.Values {
		all += v.On
	}
	return float64(m.OnlyOn()) / float64(max(1, all))
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
