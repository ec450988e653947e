package failure

import (
	"regexp"
	"strconv"
	"strings"
)

// Limit is what a throttling line says of the limit that was reached. Zero and ""
// mean that it does not say.
type Limit struct {
	Rate  float64 // requests per second
	Burst int
	Quota int    // requests per Period
	Per   string // DAY, WEEK, MONTH

	UsagePlan  string // its id
	APIID      string
	Stage      string
	ResourceID string
	Method     string
}

// The parts of a throttling line, as the gateway writes them: "Key throttle limit
// exceeded for Usage Plan ID nnpegc, RestApi abc123, Stage dev, Resource f646q2,
// HttpMethod GET. Limit: 5.00 Burst: 10".
var (
	limitRE = regexp.MustCompile(`(?:^|[^a-z])Limit: ?([0-9.]+)`)
	burstRE = regexp.MustCompile(`Burst: ?([0-9]+)`)
	perRE   = regexp.MustCompile(`Period: ?([A-Za-z]+)`)
	planRE  = regexp.MustCompile(`Usage Plan (?:ID:? )?([a-z0-9]{4,12})\b`)
	stageRE = regexp.MustCompile(`API Stage ([a-z0-9]+)/([A-Za-z0-9_$-]+)`)
	partsRE = regexp.MustCompile(`\b(RestApi|Stage|Resource|HttpMethod) ([A-Za-z0-9_$*-]+)`)
)

// readLimit reads the limit that a line names; nil where it names none.
func readLimit(line string) *Limit {
	n := number(limitRE, line)
	if n == 0 {
		return nil
	}
	l := &Limit{Per: word(perRE, line), UsagePlan: word(planRE, line), Burst: int(number(burstRE, line))}
	if l.Per != "" || strings.Contains(strings.ToLower(line), "quota") {
		l.Quota = int(n)
	} else {
		l.Rate = n
	}
	if m := stageRE.FindStringSubmatch(line); m != nil {
		l.APIID, l.Stage = m[1], m[2]
		line = strings.Replace(line, m[0], "", 1)
	}
	for _, m := range partsRE.FindAllStringSubmatch(line, -1) {
		switch m[1] {
		case "RestApi":
			l.APIID = m[2]
		case "Stage":
			l.Stage = m[2]
		case "Resource":
			l.ResourceID = m[2]
		case "HttpMethod":
			l.Method = m[2]
		}
	}
	return l
}

func word(re *regexp.Regexp, line string) string {
	if m := re.FindStringSubmatch(line); m != nil {
		return m[1]
	}
	return ""
}

func number(re *regexp.Regexp, line string) float64 {
	x, _ := strconv.ParseFloat(strings.TrimRight(word(re, line), "."), 64)
	return x
}

// String says the limit in words: "5 requests per second, burst 10".
func (l *Limit) String() string {
	switch {
	case l == nil:
		return ""
	case l.Quota > 0 && l.Per != "":
		return strconv.Itoa(l.Quota) + " requests per " + strings.ToLower(l.Per)
	case l.Quota > 0:
		return strconv.Itoa(l.Quota) + " requests"
	}
	s := strconv.FormatFloat(l.Rate, 'f', -1, 64) + " request"
	if l.Rate != 1 {
		s += "s"
	}
	s += " per second"
	if l.Burst > 0 {
		s += ", burst " + strconv.Itoa(l.Burst)
	}
	return s
}
