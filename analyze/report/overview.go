package report

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"

	"stageprobe/analyze"
	"stageprobe/analyze/cause"
	"stageprobe/analyze/words"
)

// stageRow is one stage in the overview: what is deployed on it, what waits, and
// what was found. What was not read is empty.
type stageRow struct {
	AccountID, Region, APIID, APIName, APIKind, Stage, DeploymentID string

	Age     string // days since its deployment was made
	Canary  string // per cent of its traffic
	Waits   string // edits that wait for a deployment
	Drift   string // settings in which stages of its API differ, and nobody declared it
	Domains []string
	Verdict string // of the worst finding: error, warning, undecided, info; waits; ok; unprobed
	Causes  []string
}

// The verdicts of a row that are no severity.
const (
	verdictWaits     = "waits" // an edit waits for a deployment, and no finding speaks of it
	verdictOK        = "ok"
	verdictUndecided = "undecided"
	verdictUnprobed  = "unprobed" // its API was read, and nothing was asked of it
)

var verdictOrder = []string{string(cause.Error), string(cause.Warning), verdictUndecided, string(cause.Info), verdictWaits, verdictOK, verdictUnprobed}

// clean tells whether nobody has to look at a stage: nothing was found, and no edit
// waits.
func (r *stageRow) clean() bool {
	if some(r.Waits) != "" {
		return false
	}
	return r.Verdict == verdictOK || r.Verdict == string(cause.Info) || r.Verdict == verdictUnprobed
}

// api is an API's name with its id.
func (r *stageRow) api() string {
	if r.APIName == "" {
		return r.APIID
	}
	return r.APIName + " (" + r.APIID + ")"
}

// place is the account and the region of a stage, as far as they are known.
func (r *stageRow) place() string {
	account := r.AccountID
	if account != "" {
		account = "account " + account
	}
	return strings.Join(slices.DeleteFunc([]string{account, r.Region}, func(s string) bool { return s == "" }), ", ")
}

// verdict is a row's verdict with the causes.
func (r *stageRow) verdict() string {
	if len(r.Causes) == 0 {
		return r.Verdict
	}
	return r.Verdict + ": " + strings.Join(r.Causes, ", ")
}

// serves is a deployment with its age.
func (r *stageRow) serves() string {
	if r.Age == "" {
		return r.DeploymentID
	}
	return r.DeploymentID + ", " + r.Age + " d"
}

// canary is a canary's share in words.
func (r *stageRow) canary() string {
	if r.Canary == "" {
		return ""
	}
	return r.Canary + " %"
}

// some is a count in which nothing is worth no digit.
func some(count string) string {
	if count == "0" {
		return ""
	}
	return count
}

// stageRows are the stages of a report in the order in which they were read.
func stageRows(rep *analyze.Report) []stageRow {
	if rep.Plan != nil {
		return planRows(rep)
	}
	verdicts := newVerdicts(rep)
	var rows []stageRow
	if rep.Config == nil {
		for i := range rep.Targets {
			t := &rep.Targets[i]
			row := stageRow{
				AccountID: t.AccountID, Region: cmp.Or(regionOf(t), regionOfAPI(rep, t.APIID)), APIID: t.APIID, APIName: t.APIName, APIKind: string(t.APIKind),
				Stage: t.Stage, DeploymentID: t.DeploymentID, Canary: canaryShare(t.Canary), Waits: "0", Drift: "0",
			}
			verdicts.judge(&row, t.ID)
			rows = append(rows, row)
		}
		return rows
	}
	domains := domainsByStage(rep.Config)
	for i := range rep.Config.APIs {
		api := &rep.Config.APIs[i]
		for j := range api.Stages {
			s := &api.Stages[j]
			row := stageRow{
				AccountID: api.AccountID, Region: cmp.Or(api.Region, regionOfAPI(rep, api.ID)), APIID: api.ID, APIName: api.Name, APIKind: string(api.Kind),
				Stage: s.Name, DeploymentID: s.DeploymentID, Canary: canaryShare(s.Canary),
				Waits: strconv.Itoa(len(api.Pending[s.Name])), Drift: strconv.Itoa(undeclared(api, s.Name)), Domains: domains[api.ID+"/"+s.Name],
			}
			if !s.Deployed.IsZero() {
				row.Age = strconv.Itoa(int(math.Floor(rep.Run.Started.Sub(s.Deployed).Hours() / 24)))
			}
			verdicts.judge(&row, api.ID+"/"+s.Name)
			row.judged()
			rows = append(rows, row)
		}
	}
	return rows
}

// planRows has a row per stage that a change reaches: what waits are the edits that
// would not be live on it.
func planRows(rep *analyze.Report) []stageRow {
	verdicts := newVerdicts(rep)
	var rows []stageRow
	for i := range rep.Plan.APIs {
		api := &rep.Plan.APIs[i]
		for _, s := range api.Stages {
			row := stageRow{APIID: api.ID, APIName: cmp.Or(api.Name, api.Address), APIKind: string(api.Kind), Stage: s.Stage}
			verdicts.judge(&row, s.Target)
			switch s.Live {
			case "all", "no edit":
				row.Waits = "0"
			case "none", "canary":
				row.Waits = strconv.Itoa(len(api.Edits))
			case "unknown":
				if row.Verdict == verdictOK {
					row.Verdict = verdictUndecided
				}
			}
			rows = append(rows, row)
		}
	}
	return rows
}

func canaryShare(c *analyze.Canary) string {
	if c == nil {
		return ""
	}
	return strconv.FormatFloat(c.Percent, 'f', -1, 64)
}

// regionOf is the region that a target's address names.
func regionOf(t *analyze.Target) string {
	_, after, _ := strings.Cut(t.URL, ".execute-api.")
	region, _, _ := strings.Cut(after, ".")
	return cmp.Or(t.Region, region)
}

// regionOfAPI is the region of an API's targets; "" where none is known.
func regionOfAPI(rep *analyze.Report, id string) string {
	for i := range rep.Targets {
		if t := &rep.Targets[i]; t.APIID == id && regionOf(t) != "" {
			return regionOf(t)
		}
	}
	return ""
}

// undeclared counts the settings in which a stage differs from another that nobody
// declared.
func undeclared(api *analyze.ConfigAPI, stage string) int {
	n := 0
	for _, s := range api.Matrix {
		if _, ok := s.Values[stage]; ok && !s.Intended {
			n++
		}
	}
	return n
}

// domainsByStage are the domains, with their base paths, that lead to "api/stage".
func domainsByStage(c *analyze.Config) map[string][]string {
	out := map[string][]string{}
	for _, d := range c.Domains {
		for _, p := range d.Paths {
			ref, name := p.APIID+"/"+p.Stage, d.Name+strings.TrimSuffix(p.Path, "/")
			if !slices.Contains(out[ref], name) {
				out[ref] = append(out[ref], name)
			}
		}
	}
	return out
}

// verdicts are the findings and open questions of a report by target.
type verdicts struct {
	findings map[string][]*cause.Finding // most severe first
	open     map[string]bool
	targets  map[string][]string // "api/stage" → the targets that lead there
	all      bool                // every stage that was read was looked at
}

func newVerdicts(rep *analyze.Report) *verdicts {
	v := &verdicts{findings: map[string][]*cause.Finding{}, open: map[string]bool{}, targets: map[string][]string{}, all: inspected(rep) || planned(rep)}
	for i := range rep.Findings {
		f := &rep.Findings[i]
		if toldElsewhere(f) {
			continue
		}
		for _, t := range f.Targets {
			v.findings[t] = append(v.findings[t], f)
		}
	}
	for _, q := range rep.Open {
		v.open[q.Target] = true
	}
	for _, t := range rep.Targets {
		v.targets[t.APIID+"/"+t.Stage] = append(v.targets[t.APIID+"/"+t.Stage], t.ID)
	}
	return v
}

// judge says of a row what was found of its stage and of the addresses that lead to
// it.
func (v *verdicts) judge(row *stageRow, id string) {
	leading := v.targets[row.APIID+"/"+row.Stage]
	row.Verdict = verdictUnprobed
	if v.all || len(leading) > 0 {
		row.Verdict = verdictOK
	}
	for _, target := range append([]string{id}, leading...) {
		if v.open[target] {
			row.worsen(verdictUndecided)
		}
		for _, f := range v.findings[target] {
			row.worsen(string(f.Severity))
			if !contains(row.Causes, string(f.Cause)) {
				row.Causes = append(row.Causes, string(f.Cause))
			}
		}
	}
}

// judged ends the judgement of a row: a stage for which edits wait is not in order.
func (r *stageRow) judged() {
	if r.Verdict == verdictOK && some(r.Waits) != "" {
		r.Verdict = verdictWaits
	}
}

func (r *stageRow) worsen(verdict string) {
	if slices.Index(verdictOrder, verdict) < slices.Index(verdictOrder, r.Verdict) {
		r.Verdict = verdict
	}
}

// worstFirst sorts rows by verdict, else as they were.
func worstFirst(rows []stageRow) []stageRow {
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, func(a, b stageRow) int {
		return slices.Index(verdictOrder, a.Verdict) - slices.Index(verdictOrder, b.Verdict)
	})
	return rows
}

// From how many stages, or APIs, on an overview comes first.
const (
	minStages = 4
	minAPIs   = 3
)

// manyAPIs tells whether rows speak of many APIs, or of more than one account and
// region.
func manyAPIs(rows []stageRow) bool {
	apis := map[string]bool{}
	for i := range rows {
		apis[rows[i].APIID] = true
	}
	return len(apis) >= minAPIs || len(rows) > 0 && several(rows, (*stageRow).place)
}

// overview are the stages of a report that speaks of many APIs or stages, the worst
// first, without those that nobody asked about; nil for others.
func overview(rep *analyze.Report) []stageRow {
	if rep.Plan != nil {
		return nil
	}
	rows := slices.DeleteFunc(stageRows(rep), func(r stageRow) bool { return r.Verdict == verdictUnprobed })
	if len(rows) < minStages && !manyAPIs(rows) {
		return nil
	}
	return worstFirst(rows)
}

// several tells whether rows differ in something.
func several(rows []stageRow, what func(*stageRow) string) bool {
	return slices.ContainsFunc(rows, func(r stageRow) bool { return what(&r) != what(&rows[0]) })
}

// stageColumn is a column of the overview as people read it.
type stageColumn struct {
	head   string
	number bool
	cell   func(*stageRow) string
	once   bool // where it says the same of every row, it is said once, above the table
}

var stageColumns = []stageColumn{
	{head: "account", cell: func(r *stageRow) string { return r.AccountID }, once: true},
	{head: "region", cell: func(r *stageRow) string { return r.Region }, once: true},
	{head: "API", cell: (*stageRow).api},
	{head: "stage", cell: func(r *stageRow) string { return r.Stage }},
	{head: "serves", cell: (*stageRow).serves},
	{head: "canary", number: true, cell: (*stageRow).canary},
	{head: "waits", number: true, cell: func(r *stageRow) string { return some(r.Waits) }},
	{head: "drift", number: true, cell: func(r *stageRow) string { return some(r.Drift) }},
	{head: "domain", cell: func(r *stageRow) string { return words.Some(r.Domains, 2) }},
	{head: "verdict", cell: (*stageRow).verdict},
}

// telling are the columns that have something to tell of any row.
func telling(rows []stageRow) []stageColumn {
	return slices.DeleteFunc(slices.Clone(stageColumns), func(c stageColumn) bool {
		empty := !slices.ContainsFunc(rows, func(r stageRow) bool { return c.cell(&r) != "" })
		return empty || c.once && !several(rows, c.cell)
	})
}

// overviewWords say in a line what an overview is about.
func overviewWords(rows []stageRow) string {
	apis, attention, place := map[string]bool{}, 0, rows[0].place()
	for i := range rows {
		apis[rows[i].APIID] = true
		if !rows[i].clean() {
			attention++
		}
	}
	if several(rows, (*stageRow).place) {
		places := map[string]bool{}
		for i := range rows {
			places[rows[i].place()] = true
		}
		place = strconv.Itoa(len(places)) + " accounts and regions"
	}
	s := words.Plural(len(rows), "stage") + " of " + words.Plural(len(apis), "API")
	if place != "" {
		s += " (" + place + ")"
	}
	if attention == 0 {
		return s + ": none needs attention"
	}
	verb := " need attention"
	if attention == 1 {
		verb = " needs attention"
	}
	return s + ": " + strconv.Itoa(attention) + verb
}

// fold is how many clean stages of one account and region stand in a line together.
type fold struct {
	place        string
	stages, apis int
}

// maxClean is how many stages that need nothing have a line each.
const maxClean = 20

// folded splits the rows of an overview in those that have a line each and, where
// too many need nothing, a line per account and region for those.
func folded(rows []stageRow) ([]stageRow, []fold) {
	var shown, clean []stageRow
	for _, r := range rows {
		if r.clean() {
			clean = append(clean, r)
		} else {
			shown = append(shown, r)
		}
	}
	if len(clean) <= maxClean {
		return rows, nil
	}
	var folds []fold
	apis := map[string]bool{}
	for i := range clean {
		place := clean[i].place()
		at := slices.IndexFunc(folds, func(f fold) bool { return f.place == place })
		if at < 0 {
			at = len(folds)
			folds = append(folds, fold{place: place})
		}
		folds[at].stages++
		if key := place + "\x00" + clean[i].APIID; !apis[key] {
			apis[key] = true
			folds[at].apis++
		}
	}
	return shown, folds
}

func (f fold) String() string {
	s := words.Plural(f.stages, "stage") + " of " + words.Plural(f.apis, "API")
	if f.place != "" {
		s += " (" + f.place + ")"
	}
	if f.stages == 1 {
		return s + " needs nothing"
	}
	return s + " need nothing"
}

// cells are the rows as a table with its heads.
func cells(rows []stageRow, columns []stageColumn) [][]string {
	var out [][]string
	var head []string
	for _, c := range columns {
		head = append(head, c.head)
	}
	out = append(out, head)
	for i := range rows {
		var row []string
		for _, c := range columns {
			row = append(row, c.cell(&rows[i]))
		}
		out = append(out, row)
	}
	return out
}
