package report

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
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
	for _, r := range stageRows(rep) {
		row := r.csv()
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

// csv are the cells of a row in the order of the heads.
func (r *stageRow) csv() []string {
	return []string{r.AccountID, r.Region, r.APIID, r.APIName, r.APIKind, r.Stage, r.DeploymentID, r.Age,
		r.Canary, r.Waits, r.Drift, strings.Join(r.Domains, " "), r.Verdict, strings.Join(r.Causes, " ")}
}
