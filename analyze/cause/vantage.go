package cause

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// vantageFactors are what the places have of their own from which a target is asked, and
// the family of the address that they reach. Together they have the weight of one place.
func vantageFactors(fx *Facts, sub *target) []factor {
	place := factor{cause: EndpointSplit, prior: tuning.Prior.Endpoint, rho: tuning.Deviates.Machine, inTime: true, named: true, part: .25}
	out := []factor{place, place, place, place}
	point, region, resolver, family := &out[0], &out[1], &out[2], &out[3]
	point.name, point.level = vantagePoint, func(r *Row) string { return vantage(fx, r) }
	region.name, region.of, region.level = "region", vantagePoint, func(r *Row) string { return regionOf(fx, r.Machine) }
	resolver.name, resolver.of, resolver.level = "resolver's answer", vantagePoint, func(r *Row) string { return resolved(fx, sub, r.Machine) }
	if asRegions(fx, sub) {
		resolver.level = func(*Row) string { return "" }
	}
	family.name, family.of, family.rho, family.level = "address family", "address", tuning.Deviates.Address, addressFamily
	family.drawn, family.inTime, family.named = first(addressFamily), false, false
	return out
}

const vantagePoint = "vantage point"

// vantage is the place that sent a request, by name, or by its place in the input.
func vantage(fx *Facts, r *Row) string {
	if r.Machine < len(fx.Vantages) && fx.Vantages[r.Machine].Name != "" {
		return fx.Vantages[r.Machine].Name
	}
	return "machine " + strconv.Itoa(1+r.Machine)
}

// regionOf is the region of a machine; "" where it is not known.
func regionOf(fx *Facts, machine int) string {
	if machine >= len(fx.Vantages) {
		return ""
	}
	return fx.Vantages[machine].Region
}

// resolved are the addresses that a machine's resolver gives for a target's host; "" where
// they are not known, as from behind a proxy.
func resolved(fx *Facts, sub *target, machine int) string {
	u, err := url.Parse(sub.URL)
	if err != nil || machine >= len(fx.Vantages) {
		return ""
	}
	return strings.Join(fx.Vantages[machine].Resolved[u.Host], ", ")
}

// asRegions tells whether the resolvers' answers divide the vantage points as their
// regions do, so that one of the two says all.
func asRegions(fx *Facts, sub *target) bool {
	answers, regions := map[string]string{}, map[string]string{}
	for i := range fx.Vantages {
		region, answer := regionOf(fx, i), resolved(fx, sub, i)
		if other, ok := answers[region]; ok && other != answer {
			return false
		}
		if other, ok := regions[answer]; ok && other != region {
			return false
		}
		answers[region], regions[answer] = answer, region
	}
	return true
}

// addressFamily is that of the address which was dialled.
func addressFamily(r *Row) string {
	switch {
	case r.Remote == "":
		return ""
	case strings.HasPrefix(r.Remote, "["): // it comes with its port
		return "IPv6"
	}
	return "IPv4"
}

// share is a factor's part of what one factor has of the error rate.
func (f *factor) share() float64 { return cmp.Or(f.part, 1) }

// consisting tells of which levels of a finer factor those of another consist.
type consisting struct {
	finer func(*Row) string // nil where there is none
	held  map[[2]string]bool
	by    map[string]bool
}

func (f *factor) parts() *consisting {
	c := &consisting{held: map[[2]string]bool{}, by: map[string]bool{}}
	switch f.of {
	case vantagePoint:
		c.finer = func(r *Row) string { return strconv.Itoa(r.Machine) }
	case "address":
		c.finer = func(r *Row) string { return r.Remote }
	}
	return c
}

func (c *consisting) saw(r *Row, level string) {
	if c.finer != nil {
		c.held[[2]string{level, c.finer(r)}], c.by[level] = true, true
	}
}

// holdSeveral tells whether a level holds several of the finer factor's, without which
// both say the same.
func (c *consisting) holdSeveral() bool { return c.finer == nil || len(c.held) > len(c.by) }

// FromPlaces says what each vantage point sees of one scenario.
type FromPlaces struct {
	said
	Groups   []Fact
	Scenario string
}

// FromPlace are vantage points that see the same.
type FromPlace struct {
	said
	Names    []string
	Region   string // of all of them; "" where they have several, or it is not known
	Resolved string // what their resolvers give for the host; "" where all give the same
	Answer   string
	Count    Count
}

// fromPlaces says which vantage point sees what, the fewest first; nothing where there
// is one, or no more is known of them than their names, or they do not see one thing each.
func fromPlaces(fx *Facts, w *weighing) FromPlaces {
	byPoint := &factor{level: func(r *Row) string { return strconv.Itoa(r.Machine) }}
	if !byPoint.count(fx, w.main()) || len(fx.Vantages) == 0 {
		return FromPlaces{}
	}
	levels := perLevel(fx, w, &law{factor: byPoint}, "")
	differ, known, apart := false, false, false
	for i := range fx.Vantages {
		differ = differ || resolved(fx, w.sub, i) != resolved(fx, w.sub, 0)
		known = known || regionOf(fx, i) != ""
	}
	for _, level := range levels.Levels {
		apart = apart || level.Answer != levels.Levels[0].Answer
		if float64(level.Count.K) < mostly*float64(level.Count.N) {
			return FromPlaces{}
		}
	}
	if !apart || !differ && !known {
		return FromPlaces{}
	}
	return FromPlaces{Scenario: levels.Scenario, Groups: alikePlaces(fx, w.sub, levels.Levels, differ)}
}

// alikePlaces brings together the vantage points that see the same.
func alikePlaces(fx *Facts, sub *target, levels []LevelAnswer, differ bool) []Fact {
	var groups []*FromPlace
	for _, level := range levels {
		machine, _ := strconv.Atoi(level.Level) // written by fromPlaces
		one := FromPlace{Region: regionOf(fx, machine), Answer: level.Answer}
		if differ {
			one.Resolved = resolved(fx, sub, machine)
		}
		at := slices.IndexFunc(groups, func(g *FromPlace) bool {
			return g.Region == one.Region && g.Resolved == one.Resolved && g.Answer == one.Answer
		})
		if at < 0 {
			at = len(groups)
			groups = append(groups, &one)
		}
		g := groups[at]
		g.Names = append(g.Names, vantage(fx, &Row{Machine: machine}))
		g.Count.K, g.Count.N = g.Count.K+level.Count.K, g.Count.N+level.Count.N
	}
	seeing := map[string]int{}
	for _, g := range groups {
		seeing[g.Answer] += len(g.Names)
	}
	slices.SortStableFunc(groups, func(a, b *FromPlace) int { return cmp.Compare(seeing[a.Answer], seeing[b.Answer]) })
	var out []Fact
	for _, g := range groups {
		slices.Sort(g.Names)
		out = append(out, *g)
	}
	return out
}
