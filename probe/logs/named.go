package logs

import (
	"bytes"
	"strings"

	"stageprobe/probe"
	"stageprobe/probe/lazyregexp"
)

// namedPair is a value under its name, as formats write it that are neither JSON
// nor the console's: "requestId: x, ip: y" (the Serverless Framework's default),
// key=value with and without quotes, LTSV.
var namedPair = lazyregexp.New(`(?:^|[\s,;|\[(])"?([A-Za-z][A-Za-z0-9_.$-]{1,48})"?(?:=|:[ \t]*)`)

// fewest are the values that an entry names: a sentence names fewer.
const fewest = 4

// names tells whether a line may hold so many. Most logs hold lines of another form, in
// which a colon stands in a time of day.
func names(line []byte) bool {
	n := 0
	for i, b := range line {
		if b != '=' && b != ':' {
			continue
		}
		name := bytes.TrimRight(line[:i], "0123456789")
		if len(name) == 0 {
			continue
		}
		last := name[len(name)-1]
		if last|0x20 >= 'a' && last|0x20 <= 'z' || strings.IndexByte(`"_.$-`, last) >= 0 {
			n++
		}
		if n == fewest {
			return true
		}
	}
	return false
}

// parseNamed reads an entry of values that name themselves.
func parseNamed(line []byte) (probe.LogRecord, bool) {
	line = bytes.TrimSpace(unquoteRow(line))
	if len(line) == 0 || line[0] == '{' || line[0] == '[' || line[0] == '<' || line[0] == '(' {
		return probe.LogRecord{}, false
	}
	if !names(line) {
		return probe.LogRecord{}, false
	}
	h := splitHeader(line)
	var pairs []pair
	known, from := 0, -1
	take := func(to int) {
		if from >= 0 {
			pairs[len(pairs)-1].value = namedValue(line[from:to])
		}
	}
	for _, at := range namedPair.FindAllSubmatchIndex(line, -1) {
		name := string(line[at[2]:at[3]])
		if usualName(name) == "" {
			continue
		}
		take(at[2])
		pairs, from, known = append(pairs, pair{key: name}), at[1], known+1
	}
	take(len(line))
	if known < fewest {
		return probe.LogRecord{}, false
	}
	var e entry
	e.applyPairs(pairs, usualName)
	e.routeForResource()
	return e.access(h.time)
}

// namedValue takes separators and one pair of quotes or brackets off a value.
func namedValue(s []byte) string {
	text := strings.TrimRight(string(s), ",;| \t\r\n\"'([")
	text = strings.TrimLeft(text, " \t\"'[(")
	return strings.TrimRight(text, "])")
}
