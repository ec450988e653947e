package cause

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// percent writes a share for a reader: two significant digits, no false
// precision.
func percent(share float64) string {
	p := share * 100
	switch {
	case p == 0 || p >= 9.95 && p == math.Trunc(p):
		return strconv.FormatFloat(p, 'f', 0, 64) + " %"
	case p >= 99.95, p < .095:
		return strconv.FormatFloat(p, 'g', 2, 64) + " %"
	case p >= 9.95:
		return strconv.FormatFloat(p, 'f', 1, 64) + " %"
	}
	return strings.TrimSuffix(strconv.FormatFloat(p, 'f', 1, 64), ".0") + " %"
}

// odds writes an e-value as evidence for one side, such as "4000:1".
func odds(logE float64) string {
	switch {
	case logE > math.Log(1e6):
		return fmt.Sprintf("1e%d:1", int(min(logE/math.Ln10, 300)))
	case logE < 0:
		return "below 1:1"
	}
	return fmt.Sprintf("%.2g:1", math.Exp(logE))
}

// evalue is an e-value as reports carry it.
func evalue(logE float64) float64 { return math.Exp(min(logE, 300*math.Ln10)) }

// plural is "1 request" or "7 requests".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// list joins names for a sentence: "a", "a and b", "a, b and c".
func list(names []string) string {
	switch n := len(names); n {
	case 0:
		return ""
	case 1:
		return names[0]
	default:
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
}

// some is list, cut after a number of names that a reader takes in.
func some(names []string, most int) string {
	if len(names) <= most {
		return list(names)
	}
	return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
}

// age writes how long something lasted in the largest sensible unit.
func age(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return plural(int(d.Hours()/24), "day")
	case d >= 2*time.Hour:
		return plural(int(d.Hours()), "hour")
	case d >= 2*time.Minute:
		return plural(int(d.Minutes()), "minute")
	}
	return plural(int(d.Seconds()), "second")
}

// clock writes a moment of the run.
func clock(t time.Time) string { return t.UTC().Format("15:04:05Z") }

// instant writes a moment to the millisecond.
func instant(t time.Time) string { return t.UTC().Format("15:04:05.000Z") }

// day writes a date of a deployment.
func day(t time.Time) string { return t.UTC().Format("2006-01-02 15:04Z") }

// scenarioNames are the names of scenarios, each once, in plan order.
func (fx *Facts) scenarioNames(scenarios ...int) []string {
	slices.Sort(scenarios)
	names := []string{}
	for _, i := range slices.Compact(scenarios) {
		names = append(names, fx.scenario(i).Name)
	}
	return names
}

// summary is how a cluster is called in a sentence.
func (fx *Facts) summary(k int) string {
	c := &fx.Clusters[k]
	if c.Summary != "" {
		return c.Summary
	}
	if c.GatewayResponse != "" {
		return fmt.Sprintf("%d %s", c.Status, c.GatewayResponse)
	}
	return fmt.Sprintf("%d (%s)", c.Status, c.ID)
}

// summaries names clusters, each text once.
func (fx *Facts) summaries(clusters []int, most int) string {
	var texts []string
	for _, k := range clusters {
		if t := fx.summary(k); !slices.Contains(texts, t) {
			texts = append(texts, t)
		}
	}
	return some(texts, most)
}

// row names a behaviour in a count table. Reports put the cluster's letter in
// place of its id.
func rowName(fx *Facts, k int) string {
	c := &fx.Clusters[k]
	return fmt.Sprintf("%s: %s [%s]", fx.scenario(c.Scenario).Name, fx.summary(k), c.ID)
}
