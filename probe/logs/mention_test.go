package logs

import (
	"strings"
	"testing"
)

// The name of the group stands beside the lines or above them, and tells API and
// stage where the lines do not.
func TestGroupBesideTheLines(t *testing.T) {
	const id = "2b9c8640-30be-4853-bd1b-d3fb0442e3e4"
	const group = "API-Gateway-Execution-Logs_abcdefghij/prod"
	const line = "(" + id + ") Execution failed due to configuration error: Invalid permissions on Lambda function"
	for name, text := range map[string]string{
		"heading":     group + "\n\n" + line,
		"label":       "**Log group:** `" + group + "`\n" + line,
		"command":     "$ aws logs tail " + group + " --since 5m\n2025-05-20T02:46:41.000000+00:00 e369853df766fa44e1ed0ff613f563bd " + line,
		"table":       "| @timestamp | @message | @log |\n| --- | --- | --- |\n| 2025-05-20 02:46:41.000 | " + line + " | 123456789012:" + group + " |",
		"wide table":  "| 2025-05-20T02:46:41Z | " + line + " | 123456789012:" + group + " | e369853df766fa44e1ed0ff613f563bd |",
		"CSV":         "@timestamp,@message,@logStream,@log\n2025-05-20 02:46:41.000,\"" + line + "\",e369853df766fa44e1ed0ff613f563bd,123456789012:" + group,
		"JSON export": `[{"@timestamp":"2025-05-20 02:46:41.000","@message":"` + line + `","@log":"123456789012:` + group + `"}]`,
		"results":     `{"results":[[{"field":"@message","value":"` + line + `"},{"field":"@log","value":"123456789012:` + group + `"}]],"status":"Complete"}`,
	} {
		t.Run(name, func(t *testing.T) {
			records, ok := ParseExecution([]byte(text))
			if !ok || len(records) != 1 {
				t.Fatalf("%v, %d records", ok, len(records))
			}
			r := records[0]
			if r.APIID != "abcdefghij" || r.Stage != "prod" || r.RequestID != id || !strings.HasSuffix(r.Error, "Lambda function") {
				t.Errorf("%+v", r)
			}
		})
	}
	// What a request carries is no heading.
	records, _ := ParseExecution([]byte("(" + id + ") Method request body before transformations: see " + group + "\n" + line))
	if len(records) != 1 || records[0].Stage != "" {
		t.Errorf("%+v", records)
	}
}
