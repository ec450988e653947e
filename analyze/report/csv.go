package report

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"stageprobe/analyze"
)

var csvHeads = []string{"account_id", "region", "api_id", "api_name", "api_kind", "stage", "deployment_id", "deployment_age_days",
	"canary_percent", "waits", "drift", "domains", "verdict", "causes"}

// CSV writes a row per stage: what an overview of many APIs is sorted and filtered
// by. What was not read is an empty cell.
func CSV(w io.Writer, rep *analyze.Report) error {
	rep = plainReport(rep)
	var b bytes.Buffer
	out := csv.NewWriter(&b)
	_ = out.Write(csvHeads) // a buffer takes all
	for _, row := range csvRows(rep) {
		for i := range row {
			row[i] = csvCell(row[i])
		}
		_ = out.Write(row)
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("write the report as CSV: %w", err)
	}
	_, err := w.Write(b.Bytes())
	return err
}

// csvCell keeps a spreadsheet from taking a cell for a formula.
func csvCell(s string) string {
	if s != "" && strings.ContainsRune("=+-@", rune(s[0])) {
		return "'" + s
	}
	return s
}

func csvRows(rep *analyze.Report) [][]string {
	var rows [][]string
	if rep.Plan != nil {
		return csvPlan(rep)
	}
	if rep.Config == nil {
		for i := range rep.Targets {
			t := &rep.Targets[i]
			s := analyze.ConfigStage{Name: t.Stage, DeploymentID: t.DeploymentID, Canary: t.Canary}
			rows = append(rows, csvRow(rep, &analyze.ConfigAPI{ID: t.APIID, Kind: t.APIKind}, &s, t.ID))
		}
		return rows
	}
	for i := range rep.Config.APIs {
		api := &rep.Config.APIs[i]
		for j := range api.Stages {
			rows = append(rows, csvRow(rep, api, &api.Stages[j], api.ID+"/"+api.Stages[j].Name))
		}
	}
	return rows
}

// csvPlan has a row per stage that a change reaches: what waits are the edits that
// would not be live on it.
func csvPlan(rep *analyze.Report) [][]string {
	var rows [][]string
	for i := range rep.Plan.APIs {
		api := &rep.Plan.APIs[i]
		for _, s := range api.Stages {
			verdict, causes := stageVerdict(rep, api.ID, s.Stage, s.Target)
			waits := ""
			switch s.Live {
			case "all", "no edit":
				waits = "0"
			case "none", "canary":
				waits = strconv.Itoa(len(api.Edits))
			case "unknown":
				if verdict == "ok" {
					verdict = "undecided"
				}
			}
			rows = append(rows, []string{"", "", api.ID, cmp.Or(api.Name, api.Address), string(api.Kind), s.Stage, "", "", "", waits, "", "", verdict, strings.Join(causes, " ")})
		}
	}
	return rows
}

func csvRow(rep *analyze.Report, api *analyze.ConfigAPI, s *analyze.ConfigStage, id string) []string {
	age, canary := "", ""
	if !s.Deployed.IsZero() {
		age = strconv.Itoa(int(math.Floor(rep.Run.Started.Sub(s.Deployed).Hours() / 24)))
	}
	if s.Canary != nil {
		canary = strconv.FormatFloat(s.Canary.Percent, 'f', -1, 64)
	}
	verdict, causes := stageVerdict(rep, api.ID, s.Name, id)
	return []string{"", csvRegion(rep), api.ID, api.Name, string(api.Kind), s.Name, s.DeploymentID, age, canary,
		strconv.Itoa(len(api.Pending[s.Name])), strconv.Itoa(csvDrift(api, s.Name)), strings.Join(csvDomains(rep, api.ID, s.Name), " "), verdict, strings.Join(causes, " ")}
}

// csvRegion is the region of the invoke URLs; "" where several differ or none is
// known.
func csvRegion(rep *analyze.Report) string {
	region := ""
	for _, t := range rep.Targets {
		_, after, ok := strings.Cut(t.URL, ".execute-api.")
		if !ok {
			continue
		}
		r, _, _ := strings.Cut(after, ".")
		if region != "" && region != r {
			return ""
		}
		region = r
	}
	return region
}

// csvDrift counts the settings in which a stage differs from another that nobody
// declared.
func csvDrift(api *analyze.ConfigAPI, stage string) int {
	n := 0
	for _, s := range api.Matrix {
		if _, ok := s.Values[stage]; ok && !s.Intended {
			n++
		}
	}
	return n
}

func csvDomains(rep *analyze.Report, api, stage string) []string {
	var out []string
	if rep.Config == nil {
		return nil
	}
	for _, d := range rep.Config.Domains {
		for _, p := range d.Paths {
			if name := d.Name + strings.TrimSuffix(p.Path, "/"); p.APIID == api && p.Stage == stage && !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	return out
}

// stageVerdict is the severity of the worst finding about a stage or an address
// that leads to it, and the causes; "ok" where there is none.
func stageVerdict(rep *analyze.Report, api, stage, id string) (verdict string, causes []string) {
	ids := []string{id}
	for _, t := range rep.Targets {
		if t.APIID == api && t.Stage == stage {
			ids = append(ids, t.ID)
		}
	}
	verdict = "ok"
	for _, f := range rep.Findings { // most severe first
		if toldElsewhere(&f) || !slices.ContainsFunc(ids, func(id string) bool { return contains(f.Targets, id) }) {
			continue
		}
		if verdict == "ok" {
			verdict = string(f.Severity)
		}
		if !contains(causes, string(f.Cause)) {
			causes = append(causes, string(f.Cause))
		}
	}
	for _, q := range rep.Open {
		if verdict == "ok" && contains(ids, q.Target) {
			verdict = "undecided"
		}
	}
	return verdict, causes
}

// minOverview is from how many stages on an overview comes first.
const minOverview = 4

// overview is a row per stage with its heads, the worst first; nil where there are
// too few to need one.
func overview(rep *analyze.Report) [][]string {
	rows := csvRows(rep)
	if len(rows) < minOverview {
		return nil
	}
	const verdict = 12
	order := []string{"error", "warning", "undecided", "info", "ok"}
	slices.SortStableFunc(rows, func(a, b []string) int {
		return slices.Index(order, a[verdict]) - slices.Index(order, b[verdict])
	})
	out := [][]string{{"API", "Stage", "Deployment", "Age (days)", "Canary %", "Edits that wait", "Drift", "Domains", "Verdict", "Causes"}}
	for _, r := range rows {
		name := r[2]
		if r[3] != "" {
			name = r[3] + " (" + r[2] + ")"
		}
		out = append(out, append([]string{name}, r[5:]...))
	}
	return out
}
