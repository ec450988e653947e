package remedy

import (
	"encoding/json"
	"strconv"
	"strings"

	"stageprobe/probe"
)

// command writes an AWS CLI command line for a POSIX shell: words are quoted
// where the shell would read them as more than themselves.
func command(region string, words ...string) string {
	if region != "" {
		words = append(words, "--region", region)
	}
	quoted := make([]string, 1, len(words)+1)
	quoted[0] = "aws"
	for _, w := range words {
		quoted = append(quoted, Quote(w))
	}
	return strings.Join(quoted, " ")
}

// Quote writes a word for a POSIX shell: plain words as they are, all others in
// single quotes, within which a shell reads nothing but the closing quote.
func Quote(word string) string {
	if word != "" && strings.IndexFunc(word, special) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

func special(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
		return false
	}
	return !strings.ContainsRune("-_./:=,+@%", r)
}

// patch is one patch operation of an update call.
type patch struct {
	Op    string `json:"op"`
	From  string `json:"from,omitempty"`
	Path  string `json:"path"`
	Value string `json:"value,omitempty"`
}

func replace(path, value string) patch { return patch{Op: "replace", Path: path, Value: value} }
func remove(path string) patch         { return patch{Op: "remove", Path: path} }
func copied(from, path string) patch   { return patch{Op: "copy", From: from, Path: path} }

// patchWords writes patch operations in the CLI's shorthand, and as JSON where a
// value holds what the shorthand would take apart.
func patchWords(ops []patch) []string {
	words := []string{"--patch-operations"}
	for _, op := range ops {
		if strings.IndexFunc(op.From+op.Path+op.Value, unlikeShorthand) >= 0 || op.Op == "replace" && op.Value == "" {
			return []string{"--patch-operations", toJSON(ops)}
		}
		word := "op=" + op.Op
		if op.From != "" {
			word += ",from=" + op.From
		}
		word += ",path=" + op.Path
		if op.Value != "" {
			word += ",value=" + op.Value
		}
		words = append(words, word)
	}
	return words
}

func unlikeShorthand(r rune) bool {
	return special(r) && r != '*' && r != '~' || r == ',' || r == '=' || r == '@'
}

func toJSON(v any) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // '<' in an access log format is meant as such
	if err := enc.Encode(v); err != nil {
		panic("remedy: " + err.Error()) // only plain structs and maps of strings come here
	}
	return strings.TrimSpace(b.String())
}

// updateStage is `apigateway update-stage` of a REST API.
func updateStage(region string, api *probe.API, stage *probe.Stage, ops ...patch) string {
	words := []string{"apigateway", "update-stage", "--rest-api-id", api.ID, "--stage-name", stage.Name}
	return command(region, append(words, patchWords(ops)...)...)
}

// updateHTTPStage is `apigatewayv2 update-stage` of an HTTP API.
func updateHTTPStage(region string, api *probe.API, stage *probe.Stage, words ...string) string {
	return command(region, append([]string{"apigatewayv2", "update-stage", "--api-id", api.ID, "--stage-name", stage.Name}, words...)...)
}

// stageCall is any other call on a stage of a REST API.
func stageCall(region string, api *probe.API, stage *probe.Stage, operation string, words ...string) string {
	return command(region, append([]string{"apigateway", operation, "--rest-api-id", api.ID, "--stage-name", stage.Name}, words...)...)
}

func decimal(x float64) string {
	s := strconv.FormatFloat(x, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0" // as API Gateway itself writes percentages and rates
	}
	return s
}
