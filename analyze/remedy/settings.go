package remedy

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"stageprobe/probe"
	"stageprobe/probe/address"
)

// StageVariables sets stage variables as the stage named like has them; none of the
// others changes. An empty value removes the variable.
func StageVariables(region string, api *probe.API, stage *probe.Stage, set map[string]string, like string) []Remedy {
	if api == nil || stage == nil {
		return nil
	}
	if len(set) == 0 {
		return nil
	}
	names := slices.Sorted(maps.Keys(set))
	old := map[string]string{}
	for _, n := range names {
		old[n] = stage.Variables[n]
	}
	what, them := "variable ", "it"
	if len(names) > 1 {
		what, them = "variables ", "them"
	}
	return []Remedy{{
		Text:    "Set " + what + strings.Join(names, ", ") + " of " + name(api, stage) + " as stage " + like + " has " + them + ".",
		Command: variablesCommand(region, api, stage, set),
		Changes: "every integration, authorizer and template that uses " + strings.Join(names, " or ") + "; no deployment is needed",
		Leaves:  "other variables, the deployment, the canary's overrides, other stages",
		Undo:    variablesCommand(region, api, stage, old),
		Warning: allTraffic(name(api, stage)),
	}}
}

func variablesCommand(region string, api *probe.API, stage *probe.Stage, set map[string]string) string {
	if api.Kind == probe.HTTP {
		// The call replaces the variables that it names and keeps the rest; one
		// is deleted by an empty value.
		return updateHTTPStage(region, api, stage, "--stage-variables", toJSON(set))
	}
	var ops []patch
	for _, n := range slices.Sorted(maps.Keys(set)) {
		if set[n] == "" {
			ops = append(ops, remove("/variables/"+n))
		} else {
			ops = append(ops, replace("/variables/"+n, set[n]))
		}
	}
	return updateStage(region, api, stage, ops...)
}

// EnableExecutionLogs turns execution logging of the stage on at level INFO,
// without data trace, which would write bodies and headers to the log. HTTP
// APIs have no execution log: for these it is [AccessLogFields].
func EnableExecutionLogs(region string, api *probe.API, stage *probe.Stage) []Remedy {
	if api == nil || stage == nil {
		return nil
	}
	if api.Kind == probe.HTTP {
		return AccessLogFields(region, api, stage)
	}
	level := cmp.Or(stage.Methods["*/*"].LoggingLevel, "OFF")
	return []Remedy{{
		Text: "Turn execution logging of " + name(api, stage) + " on at level INFO. The account needs a CloudWatch role " +
			"(aws apigateway get-account shows cloudwatchRoleArn).",
		Command: updateStage(region, api, stage, replace("/*/*/logging/loglevel", "INFO")),
		Changes: "API Gateway writes each request's execution to API-Gateway-Execution-Logs_" + api.ID + "/" + stage.Name + ", at CloudWatch Logs' price",
		Leaves:  "answers; data trace stays as it is; methods with logging settings of their own keep them",
		Undo:    updateStage(region, api, stage, replace("/*/*/logging/loglevel", level)),

		Diagnoses: true,
	}}
}

// fields are the variables that tie an access log line to what served it, by
// the names that stageprobe itself reads.
func fields(kind probe.APIKind) [][2]string {
	if kind == probe.HTTP {
		return [][2]string{{"requestId", "requestId"}, {"stage", "stage"}, {"routeKey", "routeKey"}, {"status", "status"}, {"integrationStatus", "integration.status"}}
	}
	return [][2]string{{"requestId", "requestId"}, {"extendedRequestId", "extendedRequestId"}, {"stage", "stage"}, {"status", "status"},
		{"deploymentId", "deploymentId"}, {"isCanaryRequest", "isCanaryRequest"}}
}

// AccessLogFields adds to the stage's access log what tells who served a
// request: $context.deploymentId, $context.isCanaryRequest and the ids. Where
// the stage has no access log it starts one, in a log group named after it.
func AccessLogFields(region string, api *probe.API, stage *probe.Stage) []Remedy {
	if api == nil || stage == nil {
		return nil
	}
	format := withFields(stage.AccessLog.Format, fields(api.Kind))
	switch {
	case stage.AccessLog.Destination == "":
		return startAccessLog(region, api, stage, format)
	case format == stage.AccessLog.Format:
		return nil // it says all of it already
	}
	return []Remedy{{
		Text:    "Let the access log of " + name(api, stage) + " say which deployment answered each request.",
		Command: accessLogCommand(region, api, stage, stage.AccessLog.Destination, format),
		Changes: "the format of new access log lines; existing lines stay as they are",
		Leaves:  "answers, execution logging, where the log is written",
		Undo:    accessLogCommand(region, api, stage, stage.AccessLog.Destination, stage.AccessLog.Format),

		Diagnoses: true,
	}}
}

// startAccessLog writes an access log where there is none. The account's
// number is part of the log group's ARN and known to no configuration that was
// read: the shell asks for it.
func startAccessLog(region string, api *probe.API, stage *probe.Stage, format string) []Remedy {
	at := cmp.Or(region, "$(aws configure get region)")
	group := "/aws/apigateway/" + api.ID + "/" + strings.ReplaceAll(stage.Name, "$", "")
	arn := `'"arn:` + address.Partition(region) + `:logs:` + at + `:$account:log-group:` + group + `"'`
	undo := updateStage(region, api, stage, remove("/accessLogSettings"))
	if api.Kind == probe.HTTP {
		undo = command(region, "apigatewayv2", "delete-access-log-settings", "--api-id", api.ID, "--stage-name", stage.Name)
	}
	return then(Remedy{
		Text:    "Create a log group for the access log.",
		Command: command(region, "logs", "create-log-group", "--log-group-name", group),
		Changes: "an empty log group", Leaves: "everything else",
		Undo: command(region, "logs", "delete-log-group", "--log-group-name", group),

		Diagnoses: true,
	}, Remedy{
		Text: "Then write an access log of " + name(api, stage) + " that says which deployment answered each request.",
		Command: "account=$(" + command(region, "sts", "get-caller-identity", "--query", "Account", "--output", "text") + ") && " +
			strings.Replace(accessLogCommand(region, api, stage, accountMark, format), accountMark, arn, 1),
		Changes: "API Gateway writes a line per request to " + group + ", at CloudWatch Logs' price",
		Leaves:  "answers, execution logging",
		Undo:    undo,

		Diagnoses: true,
	})
}

// accountMark stands for the log group's ARN until the shell has learnt the
// account's number, which no configuration tells.
const accountMark = "@log-group-arn@"

// withFields adds the variables that a format lacks: as members to a JSON
// object, else as words at the end.
func withFields(format string, add [][2]string) string {
	var missing [][2]string
	for _, f := range add {
		if !mentions(format, "$context."+f[1]) {
			missing = append(missing, f)
		}
	}
	if len(missing) == 0 {
		return format
	}
	trimmed := strings.TrimSpace(format)
	if trimmed != "" && !(strings.HasPrefix(trimmed, "{") && strings.HasSuffix(trimmed, "}")) {
		for _, f := range missing {
			trimmed += " $context." + f[1]
		}
		return trimmed
	}
	var members []string
	for _, f := range missing {
		members = append(members, fmt.Sprintf(`"%s":"$context.%s"`, f[0], f[1]))
	}
	inner := strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(trimmed, "{"), "}"))
	if inner != "" {
		members = append([]string{inner}, members...)
	}
	return "{" + strings.Join(members, ",") + "}"
}

// mentions tells $context.status from $context.statusText: a variable ends
// where no name goes on.
func mentions(format, variable string) bool {
	for rest := format; ; {
		i := strings.Index(rest, variable)
		if i < 0 {
			return false
		}
		rest = rest[i+len(variable):]
		if rest == "" || !strings.ContainsAny(rest[:1], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._") {
			return true
		}
	}
}

func accessLogCommand(region string, api *probe.API, stage *probe.Stage, destination, format string) string {
	if api.Kind == probe.HTTP {
		return updateHTTPStage(region, api, stage, "--access-log-settings",
			toJSON(struct{ DestinationArn, Format string }{destination, format}))
	}
	ops := []patch{replace("/accessLogSettings/format", format)}
	if destination != stage.AccessLog.Destination {
		ops = append(ops, replace("/accessLogSettings/destinationArn", destination))
	}
	return updateStage(region, api, stage, ops...)
}

// FlushCache empties the stage's response cache.
func FlushCache(region string, api *probe.API, stage *probe.Stage) []Remedy {
	if api == nil || stage == nil {
		return nil
	}
	if api.Kind == probe.HTTP {
		return nil // HTTP APIs have no response cache
	}
	return []Remedy{{
		Text:    "Empty the response cache of " + name(api, stage) + ".",
		Command: stageCall(region, api, stage, "flush-stage-cache"),
		Changes: "the next request for each cached answer reaches the backend",
		Leaves:  "the cache itself, its time to live and keys: answers grow old again",
		Undo:    "none is needed: the cache fills again by itself",
		Warning: "the backend gets the load that the cache kept from it until it has filled again",
	}}
}

// CacheKey makes a stage's cache tell the answers of a route, such as "GET /orders",
// apart by parameters of the query, or not cache the route.
func CacheKey(region string, api *probe.API, stage *probe.Stage, route string, parameters []string) []Remedy {
	if api == nil || stage == nil {
		return nil
	}
	method, path, _ := strings.Cut(route, " ")
	setting := methodPath(path+"/"+method) + "/caching/enabled"
	var names []string
	for _, p := range parameters {
		names = append(names, "method.request.querystring."+p)
	}
	return []Remedy{
		{
			Text: "In the editor, name " + strings.Join(names, " and ") + " among the request parameters of " + route + " and among the cache key parameters of its integration " +
				"(aws apigateway update-integration --patch-operations op=add,path=/cacheKeyParameters/" + names[0] + "), and deploy: each query is then cached by itself.",
		},
		{
			Text:    "Or do not cache " + route + " on " + name(api, stage) + ".",
			Command: updateStage(region, api, stage, replace(setting, "false")),
			Changes: "every request for " + route + " reaches the backend; no deployment is needed",
			Leaves:  "the cache of the other routes",
			Undo:    updateStage(region, api, stage, replace(setting, "true")),
			Warning: "the backend gets the load that the cache kept from it",
		},
	}
}

// FlushAuthorizersCache empties the stage's authorizer result cache.
func FlushAuthorizersCache(region string, api *probe.API, stage *probe.Stage) []Remedy {
	if api == nil || stage == nil {
		return nil
	}
	r := Remedy{
		Text:    "Empty the authorizer result cache of " + name(api, stage) + ".",
		Command: stageCall(region, api, stage, "flush-stage-authorizers-cache"),
		Changes: "every caller is authorized afresh at the next request",
		Leaves:  "the authorizer's time to live and its policies: a policy that names one method alone misleads again as soon as it is cached",
		Undo:    "none is needed: the cache fills again by itself",
		Warning: "the authorizer gets the load that the cache kept from it until it has filled again",
	}
	if api.Kind == probe.HTTP {
		r.Command = command(region, "apigatewayv2", "reset-authorizers-cache", "--api-id", api.ID, "--stage-name", stage.Name)
	}
	return []Remedy{r}
}

// methodPath writes a settings key as the patch path API Gateway takes, with
// the slashes of the resource path escaped: "/~1orders~1{id}/GET".
func methodPath(key string) string {
	i := strings.LastIndexByte(key, '/')
	if i < 0 || key == "*/*" {
		return "/" + key
	}
	path := strings.ReplaceAll(strings.ReplaceAll(key[:i], "~", "~0"), "/", "~1")
	return "/" + path + key[i:]
}
