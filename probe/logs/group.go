package logs

import "strings"

// The two spellings of an execution-log group's first part. Every capture has
// the underscore; AWS's canary page writes a slash.
var groupPrefixes = [...]string{"API-Gateway-Execution-Logs_", "API-Gateway-Execution-Logs/"}

const canarySuffix = "/Canary"

// ParseGroup takes the name of an execution-log group apart; ok is false for
// any other name. A name of the form {api}/{stage}/Canary is the canary's
// group; {api}/Canary is the group of a stage that is called Canary.
func ParseGroup(name string) (api, stage string, canary, ok bool) {
	for _, prefix := range groupPrefixes {
		rest, found := strings.CutPrefix(name, prefix)
		if !found {
			continue
		}
		api, stage, _ = strings.Cut(rest, "/")
		stage, canary = strings.CutSuffix(stage, canarySuffix)
		if isAPIID(api) && isStageName(stage) {
			return api, stage, canary, true
		}
	}
	return "", "", false, false
}

// ExecutionGroups returns every name under which the execution log of a stage
// can stand, its canary's included. They are to be compared whole: as
// prefixes, those of prod would also match prod2.
func ExecutionGroups(api, stage string) []string {
	names := make([]string, 0, 2*len(groupPrefixes))
	for _, prefix := range groupPrefixes {
		name := prefix + api + "/" + stage
		names = append(names, name, name+canarySuffix)
	}
	return names
}

// CanaryGroup returns the group that holds the canary's part of a group.
func CanaryGroup(group string) string { return group + canarySuffix }

// AccessGroup takes the destination of an access log apart: a log group with
// its name, or a Firehose delivery stream, which nobody can read back.
func AccessGroup(destinationARN string) (group string, firehose bool) {
	part := strings.SplitN(destinationARN, ":", 6)
	if len(part) < 6 {
		return "", false
	}
	switch part[2] {
	case "firehose":
		return "", true
	case "logs":
		group, _ = strings.CutPrefix(part[5], "log-group:")
		// An ARN that the console gives out ends in ":*".
		return strings.TrimSuffix(group, ":*"), false
	}
	return "", false
}

func isAPIID(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == ""
}

func isStageName(s string) bool {
	return s != "" && !strings.ContainsAny(s, "/ \t\r\n")
}
