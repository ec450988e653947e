package report

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"stageprobe/analyze"
	"stageprobe/analyze/cause"
	"stageprobe/analyze/words"
	"stageprobe/probe"
)

// view is what the pictures of every format share: which letter stands for
// which behaviour, and what was counted of it where and when.
type view struct {
	rep     *analyze.Report
	letters map[string]string // scenario + cluster id → letter
}

// panel is one scenario on one target.
type panel struct {
	Target   *analyze.Target
	Scenario string
	Total    int
	Rows     []behaviour
	Windows  []int // answers per window of the run, all behaviours together
}

// behaviour is one cluster of a panel.
type behaviour struct {
	*analyze.Cluster
	Letter     string
	Configured *float64 // share that the configuration gives this side, 0 to 1
	Windows    []int
}

func newView(rep *analyze.Report) *view {
	v := &view{rep: rep, letters: map[string]string{}}
	for i := range rep.Targets {
		// The same behaviour has the same id, and so the same letter, on every
		// target: that is what shows a domain answering as another stage.
		for _, p := range v.panels(&rep.Targets[i]) {
			for _, b := range p.Rows {
				if key := p.Scenario + "\x00" + b.ID; v.letters[key] == "" {
					v.letters[key] = letter(len(v.letters))
				}
			}
		}
	}
	return v
}

// letter counts A to Z, AA, AB…
func letter(n int) string {
	s := string(rune('A' + n%26))
	for n = n / 26; n > 0; n = (n - 1) / 26 {
		s = string(rune('A'+(n-1)%26)) + s
	}
	return s
}

// ordered puts the usual behaviour of each scenario first, then by count.
func ordered(clusters []analyze.Cluster) []*analyze.Cluster {
	out := make([]*analyze.Cluster, len(clusters))
	for i := range clusters {
		out[i] = &clusters[i]
	}
	slices.SortStableFunc(out, func(a, b *analyze.Cluster) int {
		if a.Reference != b.Reference {
			if a.Reference {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.ID, b.ID))
	})
	return out
}

// panels are a target's scenarios, those with several behaviours first.
func (v *view) panels(t *analyze.Target) []panel {
	index := map[string]int{}
	var out []panel
	for _, c := range ordered(t.Clusters) {
		i, ok := index[c.Scenario]
		if !ok {
			i = len(out)
			index[c.Scenario] = i
			out = append(out, panel{Target: t, Scenario: c.Scenario})
		}
		out[i].add(behaviour{
			Cluster: c, Letter: v.letters[c.Scenario+"\x00"+c.ID], Windows: windows(t, c),
		})
	}
	for i := range out {
		out[i].mark()
	}
	slices.SortStableFunc(out, func(a, b panel) int {
		return cmp.Or(-cmp.Compare(min(len(a.Rows), 2), min(len(b.Rows), 2)), cmp.Compare(a.Scenario, b.Scenario))
	})
	return out
}

func windows(t *analyze.Target, c *analyze.Cluster) []int {
	if t.Timeline == nil {
		return nil
	}
	return t.Timeline.Clusters[c.Scenario+"/"+c.ID]
}

func (p *panel) add(b behaviour) {
	p.Rows = append(p.Rows, b)
	p.Total += b.Count
	for len(p.Windows) < len(b.Windows) {
		p.Windows = append(p.Windows, 0)
	}
	for i, n := range b.Windows {
		p.Windows[i] += n
	}
}

// mark gives the two sides of a canary the share that is configured for them.
// Which cluster is which side the logs say; without logs the canary is taken
// to be the less usual of two.
func (p *panel) mark() {
	canary := p.Target.Canary
	if canary == nil || len(p.Rows) != 2 {
		return
	}
	deviating := 1
	if s := p.Rows[0].Served; s.Canary > s.Base {
		deviating = 0
	}
	share := canary.Percent / 100
	rest := 1 - share
	p.Rows[deviating].Configured, p.Rows[1-deviating].Configured = &share, &rest
}

// split says whether a scenario has more than one behaviour.
func (p *panel) split() bool { return len(p.Rows) > 1 }

// describe says what a behaviour is, in a few words.
func (b *behaviour) describe() string {
	if b.Status == 0 {
		return producerWords("network")
	}
	s := strconv.Itoa(b.Status)
	switch {
	case b.GatewayResponse != nil:
		s += " " + *b.GatewayResponse
	case b.ErrorType != nil:
		s += " " + *b.ErrorType
	}
	if b.Producer == "network" {
		return s + " whose body did not come whole"
	}
	return s + " " + producerWords(b.Producer)
}

// served says which stage and which side of its canary answered, as far as the
// logs tell.
func (b *behaviour) served(hasCanary bool) string {
	s := b.Served
	known := s.Canary + s.Base
	if known == 0 {
		return ""
	}
	stage := "the stage"
	if s.Stage != "" {
		stage = "stage " + s.Stage
	}
	by := ""
	switch {
	case !hasCanary && s.Canary == 0:
		by = fmt.Sprintf("%s by %s", allOf(known, b.Count), stage)
	case s.Canary == 0:
		by = fmt.Sprintf("%s by %s's own deployment", allOf(known, b.Count), stage)
	case s.Base == 0:
		by = fmt.Sprintf("%s by the canary of %s", allOf(known, b.Count), stage)
	default:
		by = fmt.Sprintf("%d by %s's own deployment, %d by its canary", s.Base, stage, s.Canary)
	}
	return by + " (logs)"
}

func allOf(n, of int) string {
	if n == of {
		return "all"
	}
	return fmt.Sprintf("%d of them", n)
}

// differs says in which fields a behaviour differs from the usual one, at most
// n. Of an answer of another kind, such as the gateway's own error, the fields
// that it has tell more than the many that it lacks.
func (b *behaviour) differs(usual *behaviour, n int) string {
	if b.Example == nil || len(b.Example.Differs) == 0 {
		return ""
	}
	fields := slices.DeleteFunc(slices.Clone(b.Example.Differs), func(d analyze.FieldDiff) bool {
		return d.Field == statusField // describe has it
	})
	if b.Status != usual.Status || b.Producer != usual.Producer {
		slices.SortStableFunc(fields, func(a, b analyze.FieldDiff) int {
			return cmp.Compare(lacking(a), lacking(b))
		})
	}
	var parts []string
	for _, d := range fields[:min(n, len(fields))] {
		parts = append(parts, whereWords(d.Field)+" "+valueWords(d.Here)+" instead of "+valueWords(d.Usual))
	}
	if more := len(fields) - n; more > 0 {
		parts = append(parts, fmt.Sprintf("%d more", more))
	}
	return strings.Join(parts, ", ")
}

// statusField is the path of a behaviour's status among its fields.
const statusField = ":status"

// lacking is 1 for a field that this behaviour does not have.
func lacking(d analyze.FieldDiff) int {
	if d.Here == "" {
		return 1
	}
	return 0
}

func valueWords(s string) string {
	if s == "" {
		return "(nothing)"
	}
	return clip(s, 40)
}

// squeeze joins windows so that at most width are left.
func squeeze(windows []int, width int) []int {
	if len(windows) <= width || width <= 0 {
		return windows
	}
	out := make([]int, width)
	for i, n := range windows {
		out[i*width/len(windows)] += n
	}
	return out
}

// leads says where a target leads.
func leads(t *analyze.Target) string {
	var parts []string
	but, served := "", ""
	if t.Stage == "" {
		served = loggedStage(t)
	}
	switch {
	case t.Meant != "" && t.Stage == "" && (served == "" || served == t.Meant):
		parts = append(parts, "meant for stage "+t.Meant)
	case t.Meant != "" && t.Meant != t.Stage:
		parts = append(parts, "MEANT FOR STAGE "+t.Meant)
		but = "but "
	}
	switch {
	case served != "":
		parts = append(parts, but+"by the logs served by stage "+served)
	case t.Stage == "":
		parts = append(parts, "leads to no known stage")
	case t.Kind == "custom-domain":
		parts = append(parts, fmt.Sprintf("%sleads to stage %s of %s", but, t.Stage, cmp.Or(t.APIID, "an unknown API")))
	case but != "":
		parts = append(parts, "but its URL names stage "+t.Stage)
	default:
		parts = append(parts, "stage "+t.Stage)
	}
	if t.DeploymentID != "" {
		parts = append(parts, "deployment "+t.DeploymentID)
	}
	return strings.Join(parts, ", ")
}

// loggedStage is the stage whose log holds a target's requests; "" where none does, or
// those of several do.
func loggedStage(t *analyze.Target) string {
	stage := ""
	for i := range t.Clusters {
		s := t.Clusters[i].Served.Stage
		if s != "" && stage != "" && s != stage || strings.Contains(s, ",") {
			return ""
		}
		stage = cmp.Or(stage, s)
	}
	return stage
}

// intention says how to state which stage a domain is meant for, where it was named
// alone: whether it leads to the right one, nobody can tell then.
func intention(rep *analyze.Report, t *analyze.Target) string {
	alone := !slices.ContainsFunc(rep.Targets, func(o analyze.Target) bool { return o.Kind == probe.InvokeURL })
	if t.Kind != probe.CustomDomain || t.Meant != "" || t.Stage == "" || !alone || inspected(rep) {
		return ""
	}
	host, _, _ := strings.Cut(t.ID, "/")
	return fmt.Sprintf("which stage it is meant for was not said; to say it: stageprobe check --api %s --stage STAGE --domain %s", t.APIID, host)
}

// canaryWords compare a canary's configured share with the measured one.
func canaryWords(c *analyze.Canary) string {
	s := fmt.Sprintf("canary %s: %s of requests configured", cmp.Or(c.DeploymentID, "(deployment unknown)"), words.Percent(c.Percent/100))
	if m := c.Measured; m != nil {
		s += fmt.Sprintf(", %s measured (%s)", words.Percent(m.Estimate), between(m.Low, m.High))
	}
	return s
}

// canary compares a target's canary as configured and as measured. Where a finding
// has a measured share already, a second figure beside it would only puzzle.
func (v *view) canary(t *analyze.Target) string {
	c := *t.Canary
	for i := range v.rep.Findings {
		if f := &v.rep.Findings[i]; f.Statistics != nil && f.Statistics.Share != nil && contains(f.Targets, t.ID) {
			c.Measured = nil
		}
	}
	return canaryWords(&c)
}

// columns are the names over which rows of maps range, sorted.
func columns[V any](rows ...map[string]V) []string {
	all := map[string]bool{}
	for _, r := range rows {
		for k := range r {
			all[k] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// countRows are the cells of a count table with its heads.
func (v *view) countRows(t *cause.Table) [][]string {
	head := append([]string{"count"}, t.Columns...)
	rows := [][]string{head}
	for i, name := range t.Rows {
		row := []string{v.rowName(name)}
		for j := range t.Columns {
			cell := ""
			if i < len(t.Counts) && j < len(t.Counts[i]) {
				cell = fmt.Sprint(t.Counts[i][j])
			}
			row = append(row, cell)
		}
		rows = append(rows, row)
	}
	return rows
}

// rowName is the name of a table's row. Behaviours of one status are told apart
// by the cluster's id in brackets; people get its letter instead.
func (v *view) rowName(name string) string {
	rest, ok := strings.CutSuffix(name, "]")
	at := strings.LastIndex(rest, " [")
	if !ok || at < 0 {
		return name
	}
	scenario, _, _ := strings.Cut(rest[:at], ": ")
	if l := v.letters[scenario+"\x00"+rest[at+2:]]; l != "" {
		return l + " " + rest[:at]
	}
	return name
}

// numbersOf are the figures behind a finding, in a line.
func numbersOf(s *cause.Statistics) string {
	parts := []string{fmt.Sprintf("n %d", s.N)}
	if s.EValue > 0 {
		parts = append(parts, "evidence "+words.Odds(math.Log(s.EValue)))
	}
	if s.PValue != nil {
		parts = append(parts, fmt.Sprintf("p %.2g", *s.PValue))
	}
	if s.Effect > 0 {
		parts = append(parts, "explains "+words.Percent(s.Effect)+" of the split")
	}
	if s.Share != nil {
		parts = append(parts, fmt.Sprintf("share %s (%s)", words.Percent(s.Share.Estimate), between(s.Share.Low, s.Share.High)))
	}
	if s.Configured != nil {
		parts = append(parts, "configured "+words.Percent(*s.Configured))
	}
	return strings.Join(parts, ", ")
}
