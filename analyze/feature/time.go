package feature

import "bytes"

// clock is the length of the time of day, with seconds, that s begins with; 0
// where it begins with none.
func clock(s []byte) int {
	i := 0
	for part := range 3 {
		from := i
		for i < len(s) && isDigit(s[i]) {
			i++
		}
		if n := i - from; n > 2 || n == 0 || part > 0 && n != 2 {
			return 0
		}
		if part < 2 {
			if i >= len(s) || s[i] != ':' {
				return 0
			}
			i++
		}
	}
	if i+1 < len(s) && (s[i] == '.' || s[i] == ',') && isDigit(s[i+1]) {
		for i++; i < len(s) && isDigit(s[i]); i++ {
		}
	}
	return i
}

// formOfTime knows dates and times that begin with digits.
func formOfTime(s []byte) form {
	switch {
	case isDate(s) && len(s) == 10:
		return formDate
	case isDate(s) && (s[10] == 'T' || s[10] == ' '):
		n := clock(s[11:])
		if n == 0 {
			return formText
		}
		return zone(bytes.TrimLeft(s[11+n:], " "))
	case len(s) >= 20 && s[2] == '/' && s[6] == '/' && s[11] == ':' && clock(s[12:]) == 8:
		return formTimeLog
	}
	return formText
}

func zone(z []byte) form {
	switch {
	case len(z) == 0:
		return formTime
	case string(z) == "Z" || string(z) == "UTC" || string(z) == "GMT":
		return formTimeZ
	case (z[0] == '+' || z[0] == '-') && len(z) >= 3 && len(z) <= 6:
		return formTimeOffset
	}
	return formText
}

// isDate tells whether s begins with a date such as 2026-03-01.
func isDate(s []byte) bool {
	if len(s) < 10 || s[4] != s[7] || s[4] != '-' && s[4] != '/' {
		return false
	}
	for i := range 10 {
		if i != 4 && i != 7 && !isDigit(s[i]) {
			return false
		}
	}
	return true
}

// isCalendar tells whether a word is the name of a day or a month.
func isCalendar(s []byte) bool {
	if len(s) < 3 || len(s) > 9 || !isUpper(s[0]) {
		return false
	}
	for _, name := range [...]string{
		"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday", "January", "February", "March", "April", "May", "June",
		"July", "August", "September", "October", "November", "December",
	} {
		if len(s) == 3 && name[:3] == string(s) || name == string(s) {
			return true
		}
	}
	return false
}

// epoch is the shape of a whole number, which counts as a time since 1970 where
// it is one of the years 2017 to 2033.
func epoch(s []byte) form {
	f := formNumber
	switch len(s) {
	case 10:
		f = formSeconds
	case 13:
		f = formMillis
	case 16:
		f = formMicros
	default:
		return formNumber
	}
	if s[0] != '1' || s[1] < '5' {
		return formNumber
	}
	return f
}
