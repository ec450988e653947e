package explain

import (
	"cmp"
	"strings"

	"stageprobe/probe/address"
	"stageprobe/probe/lazyregexp"
)

// curlCommand is the command line of an HTTP or WebSocket client, with the URL.
var curlCommand = lazyregexp.New(`(?:^|[\s$%#])(?:curl|http|https|wget|xh|curlie|wscat|websocat)\s.*?((?:https?|wss?)://[^\s'"\\]+)`)

// nextCommand is the line of a session that follows an answer's body: what is
// asked there is another request.
var nextCommand = lazyregexp.New(`^\s*(?:\S{0,60}[$%#>❯]\s*)?(?:curl|https?|wget|xh|curlie)\s[^<]*https?://`)

func (s *scanner) command(line string) {
	if !strings.Contains(line, "://") {
		return
	}
	m := curlCommand.FindStringSubmatch(line)
	if m == nil {
		return
	}
	s.asked = asked{url: tidyURL(m[1])}
	if h := hostFlag.FindStringSubmatch(line); h != nil {
		s.host, s.path = h[1], pathOf(s.url)
	}
	if h := apiFlag.FindStringSubmatch(line); h != nil {
		s.api = h[1]
	}
	switch x := methodFlag.FindStringSubmatch(line); {
	case x != nil:
		s.method = x[1]
	case headFlag.MatchString(line):
		s.method = "HEAD"
	}
	s.asked.body = dataFlag.MatchString(line)
	s.preflight = preflightFlag.MatchString(line)
	if s.method == "" && s.asked.body && strings.Contains(line, "curl") {
		s.method = "POST" // what curl makes of data
		if getFlag.MatchString(line) {
			s.method, s.asked.body = "GET", false
		}
	}
	yes := true
	if authFlag.MatchString(line) {
		s.auth = &yes
	}
	if keyFlag.MatchString(line) {
		s.key = &yes
	}
}

// What a command line says of the request. That a flag is missing says little:
// it may stand on the next line.
var (
	methodFlag = lazyregexp.New(`(?:-X|--request)[ =]?['"]?([A-Z]+)`)
	headFlag   = lazyregexp.New(`\scurl (?:\S+ )*?(?:-[a-zA-Z]*I|--head)\b|^curl (?:\S+ )*?(?:-[a-zA-Z]*I|--head)\b`)
	authFlag   = lazyregexp.New(`(?i)['" ]authorization:|--aws-sigv4|\s(?:-u|--user) `)
	hostFlag   = lazyregexp.New(`(?i)['" ]host: ?([^\s'"]+)`)
	apiFlag    = lazyregexp.New(`(?i)['" ]x-apigw-api-id: ?([a-z0-9]+)`)
	dataFlag   = lazyregexp.New(`\s(?:-d|--data(?:-raw|-binary|-urlencode|-ascii)?|--json|-F|--form)[ =]`)
	getFlag    = lazyregexp.New(`\s(?:-G|--get)\b`)
	keyFlag    = lazyregexp.New(`(?i)['" ]x-api-key:`)
)

// preflightFlag marks a request that imitates a browser's preflight.
var preflightFlag = lazyregexp.New(`(?i)['" ]access-control-request-method:`)

func pathOf(raw string) string {
	addr, err := address.ParseURL(raw)
	if err != nil {
		return "/"
	}
	path := cmp.Or(addr.Path, "/")
	if addr.Query != "" {
		path += "?" + addr.Query
	}
	return path
}
