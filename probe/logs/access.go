package logs

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"stageprobe/probe"
	"stageprobe/probe/lazyregexp"
)

// ParseAccess reads one entry of an access log whose format is not known: a
// JSON object with the usual key names, also one that an unescaped value broke,
// or an entry in one of the formats that the console proposes. A time and a
// stream name in front, as "aws logs tail" prints them, are taken off. ok is
// false for anything else.
func ParseAccess(line []byte) (rec probe.LogRecord, ok bool) {
	line = bytes.TrimSpace(line)
	if len(line) > longestEntry {
		return probe.LogRecord{}, false
	}
	open := bytes.IndexByte(line, '{')
	h := splitHeader(line)
	if open < 0 {
		if rec, ok := parsePreset(line); ok {
			return rec, true
		}
		return parseNamed(line)
	}
	if inside := bytes.TrimLeft(line[open+1:], " \t\r\n{"); len(inside) > 0 && inside[0] != '"' { // a route's, such as {id}
		if rec, ok := parseNamed(line); ok {
			return rec, true
		}
	}
	text := line[open:]
	if open != h.start {
		if text = rowEntry(line, open); text == nil {
			return parsePreset(line)
		}
	}
	var e entry
	pairs, whole := flatten(text)
	if !whole && bytes.HasPrefix(text, []byte("{{")) { // the Serverless Framework's default of 2020
		pairs, whole = flatten(bytes.TrimSuffix(text[1:], []byte("}")))
	}
	if !whole {
		pairs = e.brokenPairs(text)
	}
	e.applyPairs(pairs, usualName)
	return e.access(h.time)
}

// access is the record of what can only be an entry, whose time is that in front of it
// where it has none of its own.
func (e *entry) access(at time.Time) (rec probe.LogRecord, ok bool) {
	if !e.isAccess() {
		return probe.LogRecord{}, false
	}
	if e.rec.Time.IsZero() {
		e.rec.Time = at
	}
	return e.finish(), true
}

// isAccess reports whether what was read can only be an access-log entry: it
// names a request, or its method, target and status. A status and a path alone
// also stand in the error bodies of web frameworks.
func (e *entry) isAccess() bool {
	target := e.path != "" || e.resource != "" || e.rec.RouteKey != ""
	if e.rec.RequestID != "" || e.rec.ExtendedID != "" {
		return e.rec.Status != nil || target || e.rec.Stage != "" || e.rec.APIID != ""
	}
	return e.rec.Status != nil && target && (e.rec.Method != "" || e.rec.RouteKey != "")
}

// usualKey finds the keys of a JSON object whose values are not escaped.
var usualKey = lazyregexp.New(`"([A-Za-z][A-Za-z0-9_.$-]*)"\s*:\s*`)

// brokenPairs reads an object that is not valid JSON: from each key that names
// a variable to the next such key. A value whose end is open is a doubt.
func (e *entry) brokenPairs(text []byte) []pair {
	var pairs []pair
	var key string
	from := 0
	take := func(to int) {
		if key == "" {
			return
		}
		if value, ok := brokenValue(text[from:to], to < len(text)); ok {
			pairs = append(pairs, pair{key, value})
			return
		}
		e.rec.Doubts = append(e.rec.Doubts, usualName(key)+" has no end that is certain")
	}
	for _, at := range usualKey.FindAllSubmatchIndex(text, -1) {
		name := string(text[at[2]:at[3]])
		if usualName(name) == "" {
			continue
		}
		take(at[0])
		key, from = name, at[1]
	}
	take(len(text))
	return pairs
}

// wholeValue is a value of JSON up to the next key, whatever that key is called, or to
// the end of the object; keyWithin is where another key seems to begin.
var (
	wholeValue = lazyregexp.New(`^("(?:[^"\\]|\\.)*"|[^\s",{}\[\]]+)[\s}]*(?:,\s*"[^"]*"\s*:|[\s,]*$)`)
	keyWithin  = lazyregexp.New(`,\s*"?[A-Za-z_$][A-Za-z0-9_.$-]*"\s*:`)
)

// brokenValue takes the separators and one pair of quotes off a value: what JSON takes
// for it where that is followed by a key or the end, else all of the text. ok is false
// where the text may hold further keys, or was cut off; followed says that a key that
// names a variable stands behind it.
func brokenValue(s []byte, followed bool) (value string, ok bool) {
	all := bytes.TrimRight(s, " \t\r\n")
	ended := followed || bytes.HasSuffix(all, []byte("}"))
	if m := wholeValue.FindSubmatch(all); m != nil && (ended || m[1][0] == '"' || len(m[0]) > len(m[1])) {
		return string(trimBlank(bytes.Trim(m[1], `"`))), true
	}
	all = bytes.TrimRight(all, ",} \t\r\n")
	if keyWithin.Match(all) || !ended && (len(all) < 2 || all[len(all)-1] != '"') {
		return "", false
	}
	if len(all) > 0 && all[0] == '"' {
		all = trimBlank(bytes.TrimSuffix(all[1:], []byte(`"`)))
	}
	return string(all), true
}

// usualNames maps keys, reduced to lower-case letters and digits, to variables.
// Every variable stands for itself; the others are names in common use.
var usualNames = func() map[string]string {
	names := map[string]string{
		"ip": "identity.sourceIp", "sourceip": "identity.sourceIp", "clientip": "identity.sourceIp",
		"useragent": "identity.userAgent", "caller": "identity.caller", "user": "identity.user",
		"method": "httpMethod", "verb": "httpMethod", "httpverb": "httpMethod",
		"resource": "resourcePath", "uri": "path", "requestpath": "path", "route": "routeKey",
		"statuscode": "status", "httpstatus": "status", "responsestatus": "status",
		"errortype": "error.responseType", "errorresponse": "error.responseType", "responsetype": "error.responseType",
		"error": "error.message", "validationerror": "error.validationErrorString",
		"validationerrorstring": "error.validationErrorString",
		"canary":                "isCanaryRequest", "iscanary": "isCanaryRequest",
		"deployment": "deploymentId", "stagename": "stage", "restapiid": "apiId", "domain": "domainName",
		"basepath": "customDomain.basePathMatched", "basepathmatched": "customDomain.basePathMatched",
		"extendedid": "extendedRequestId", "apigwid": "extendedRequestId", "xray": "xrayTraceId", "traceid": "xrayTraceId",
		"integrationmessage": "integrationErrorMessage", "integrationerrormsg": "integrationErrorMessage",
		"wafaction": "wafResponseCode", "wafresponse": "wafResponseCode", "webacl": "webaclArn",
		"autherror": "authorizer.error", "authorizererrormessage": "authorizer.error", "authorizermessage": "authorizer.error", "authmessage": "authorizer.error",
		"lambdaauthorizererror": "authorizer.error", "functionresponsestatus": "integration.status", "integrationservicestatus": "integration.integrationStatus",
		"backendstatus": "integration.status", "backendlatency": "integration.latency", "integrationrequestid": "integration.requestId",
		"authorizeresultstatus": "authorize.status", "authorizerservicestatus": "authorizer.integrationStatus",
		"remoteip": "identity.sourceIp", "remoteaddr": "identity.sourceIp", "bytes": "responseLength", "responsesize": "responseLength", "contentlength": "responseLength",
		"lambdarequestid": "integration.requestId", "latency": "responseLatency", "timeepoch": "requestTimeEpoch",
	}
	for _, name := range variableNames() {
		names[reduce(name)] = name
	}
	return names
}()

// variableNames lists the names with a full stop first, so that where two read
// alike, such as integration.status and integrationStatus, the plain one holds.
func variableNames() []string {
	return slices.SortedFunc(maps.Keys(variables), func(a, b string) int {
		nested := func(s string) int { return strings.Count(s, ".") }
		return cmp.Or(cmp.Compare(nested(b), nested(a)), cmp.Compare(a, b))
	})
}

// spelled maps names as AWS spells them, alone and with the parts run together
// ("errorMessage"), for which no reduced copy needs to be made.
var spelled = func() map[string]string {
	names := map[string]string{"ip": "identity.sourceIp", "sourceIp": "identity.sourceIp", "userAgent": "identity.userAgent"}
	for _, name := range variableNames() {
		names[name] = name
		if object, field, nested := strings.Cut(name, "."); nested {
			names[object+strings.ToUpper(field[:1])+field[1:]] = name
		}
	}
	return names
}()

// usualName returns the variable that a key most likely stands for; "" for none.
// Of a path of keys the whole is tried first: request.id is requestId.
func usualName(key string) string {
	key = strings.TrimPrefix(key, "$")
	for key != "" {
		if name := spelled[key]; name != "" {
			return name
		}
		if name := underscored[key]; name != "" {
			return name
		}
		if name := usualNames[reduce(key)]; name != "" {
			return name
		}
		_, key, _ = strings.Cut(key, ".")
	}
	return ""
}

// underscored maps keys in which an underscore stands for the full stop of a name:
// integration_status is integration.status, and not integrationStatus.
var underscored = func() map[string]string {
	names := map[string]string{}
	for _, name := range variableNames() {
		if strings.Contains(name, ".") {
			names[strings.ReplaceAll(name, ".", "_")] = name
		}
	}
	return names
}()

// reduce drops what spellings differ in: case, and anything but letters and
// digits.
func reduce(key string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'A' <= r && r <= 'Z':
			return r + 'a' - 'A'
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
			return r
		}
		return -1
	}, key)
}

// presets are the formats that the console proposes beside JSON, with and
// without the extended request id, which earlier consoles left out.
var presets = sync.OnceValue(func() []*Format {
	var formats []*Format
	for _, text := range []string{
		`$context.identity.sourceIp $context.identity.caller $context.identity.user [$context.requestTime] "$context.httpMethod $context.resourcePath $context.protocol" $context.status $context.responseLength $context.requestId`,
		`$context.identity.sourceIp,$context.identity.caller,$context.identity.user,$context.requestTime,$context.httpMethod,$context.resourcePath,$context.protocol,$context.status,$context.responseLength,$context.requestId`,
	} {
		extended := text + text[len(text)-len(`$context.requestId`)-1:len(text)-len(`$context.requestId`)] + `$context.extendedRequestId`
		for _, t := range []string{extended, text} {
			if f, err := CompileFormat(t); err == nil {
				formats = append(formats, f)
			}
		}
	}
	for _, text := range []string{ // of HTTP APIs, which have route keys
		`$context.identity.sourceIp - - [$context.requestTime] "$context.httpMethod $context.routeKey $context.protocol" $context.status $context.responseLength $context.requestId`,
		`$context.identity.sourceIp - - [$context.requestTime] "$context.httpMethod $context.routeKey $context.protocol" $context.status $context.responseLength $context.requestId $context.integrationErrorMessage`, // modules in wide use
		`$context.identity.sourceIp,$context.requestTime,$context.httpMethod,$context.routeKey,$context.protocol,$context.status,$context.responseLength,$context.requestId`,
	} {
		if f, err := CompileFormat(text); err == nil {
			formats = append(formats, f)
		}
	}
	return formats
})

func parsePreset(line []byte) (probe.LogRecord, bool) {
	h := splitHeader(line)
	text := unquoteRow(line[h.start:])
	if bytes.HasPrefix(text, []byte("<")) {
		return parseElements(text, h.time)
	}
	for _, f := range presets() {
		var e entry
		if !f.match(text, &e) {
			continue
		}
		e.routeForResource()
		if rec, ok := e.access(h.time); ok {
			return rec, true
		}
	}
	return probe.LogRecord{}, false
}

// startTag begins an element of an entry in XML. The console's format keeps the request's
// id as an attribute.
var startTag = lazyregexp.New(`<([A-Za-z][A-Za-z0-9_.-]*)(?:\s+id="([^"]*)")?\s*>`)

// parseElements reads an entry in XML, whatever its elements are and stand between. Its
// values are not escaped.
func parseElements(text []byte, at time.Time) (probe.LogRecord, bool) {
	var pairs []pair
	for {
		tag := startTag.FindSubmatchIndex(text)
		if tag == nil {
			break
		}
		name := string(text[tag[2]:tag[3]])
		if tag[4] >= 0 {
			pairs = append(pairs, pair{"requestId", string(text[tag[4]:tag[5]])})
		}
		text = text[tag[1]:]
		end := bytes.Index(text, []byte("</"+name+">"))
		if end >= 0 && usualName(name) != "" {
			pairs = append(pairs, pair{name, string(bytes.TrimSpace(text[:end]))})
			text = text[end:]
		}
	}
	var e entry
	e.applyPairs(pairs, usualName)
	e.routeForResource()
	return e.access(at)
}

// unquoteRow takes the quotes of a CSV file or of a program off an entry.
func unquoteRow(text []byte) []byte {
	if len(text) < 2 || text[0] != '"' || text[len(text)-1] != '"' {
		return text
	}
	text = bytes.ReplaceAll(text[1:len(text)-1], []byte(`""`), []byte(`"`))
	return bytes.ReplaceAll(text, []byte(`\"`), []byte(`"`))
}

// routeForResource moves what an HTTP API logged in the place of a REST API's
// resource, as its request id shows: $default, or nothing where no route fits.
func (e *entry) routeForResource() {
	if e.rec.ExtendedID != "" || e.rec.RouteKey != "" || !isExtended([]byte(e.rec.RequestID)) {
		return
	}
	switch e.resource {
	case "":
		e.unrouted = true
	case probe.DefaultStage:
		e.rec.RouteKey, e.resource = e.resource, ""
	}
}
