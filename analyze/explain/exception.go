package explain

import (
	"bytes"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"stageprobe/analyze/signature"
	"stageprobe/probe"
)

const (
	aMethod = `(?P<method>GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)`
	aStatus = `(?P<status>[1-5][0-9][0-9])`
	aURL    = `(?P<url>(?:https?|wss?)://[^\s'"\\)\]}>\x60]+)`
)

// exceptions are the sentences in which clients report an answer of which they
// keep the status, and mostly the URL.
var exceptions = compileAll(
	aStatus+` (?:Client|Server) Error: [^\n]{0,80}? for url: `+aURL,                  // requests
	`(?:Client|Server|Redirect) error '`+aStatus+`[^'\n]{0,80}' for url '`+aURL,      // httpx
	`HTTP Request: `+aMethod+` `+aURL+` "HTTP/[0-9.]+ `+aStatus,                      // httpx's log
	`ClientResponseError: `+aStatus+`, message=[^\n]{0,120}?, url=(?:URL\()?'?`+aURL, // aiohttp
	`HTTP Error `+aStatus+`: `,                                                                               // urllib
	`HTTP response code: `+aStatus+` for URL: `+aURL,                                                         // HttpURLConnection
	aStatus+` [A-Za-z -]{0,40} on `+aMethod+` request for "`+aURL,                                            // Spring
	`\[`+aStatus+` [^\]\n]{0,40}\] during \[`+aMethod+`\] to \[`+aURL,                                        // Feign
	`Response\{protocol=[^,\n]{0,20}, code=`+aStatus+`, message=[^,\n]{0,80}, url=`+aURL,                     // OkHttp
	`(?P<url>https?://[^\s'"/]+) "`+aMethod+` (?P<path>/\S*) HTTP/[0-9.]+" `+aStatus+`\b`,                    // urllib3's log
	`http_code\}[^\n]{0,200}\n\s*`+aStatus+`\s*(?:\n|$)`,                                                     // curl -w
	"`"+aMethod+` `+aURL+"` resulted in a `"+aStatus,                                                         // Guzzle
	`WebSocket connection to '`+aURL+`' failed: [^\n]{0,120}[Uu]nexpected response code: `+aStatus,           // browsers
	`(?:Unexpected server response: |server rejected WebSocket connection: HTTP |Handshake status )`+aStatus, // WebSocket clients
	`resource at ‘?`+aURL+`’?\. \(Reason: [^\n]{0,120}\)\. Status code: `+aStatus,                            // Firefox
	aMethod+`\s+`+aURL+`\s+(?:net::ERR_[A-Z_]+ )?`+aStatus+`\b`,                                              // consoles
	`(?i:failed with status code |status code does not indicate success: |Received status code |responded with (?:a )?status (?:of )?|Response code |returned an error: \(|URL returned error: |awaiting response\.\.\. |yielded a |has a status code of |RestClient::[A-Za-z]{1,40}: )`+aStatus+`\b`,
)

func compileAll(patterns ...string) []*regexp.Regexp {
	out := make([]*regexp.Regexp, len(patterns))
	for i, p := range patterns {
		out[i] = regexp.MustCompile(p)
	}
	return out
}

// report is what an exception tells of an answer. "" and 0 are unknown.
type report struct {
	status      int
	url, method string
}

// reports finds the exceptions in a text, each once, in the order of the
// patterns. One without a URL is left out where another has that status, too.
func reports(text []byte) []report {
	const most = 16
	text = text[:min(len(text), maxLine)]
	var out []report
	for _, re := range exceptions {
		for _, m := range re.FindAllSubmatch(text, most) {
			var r report
			for i, name := range re.SubexpNames() {
				switch name {
				case "status":
					r.status, _ = strconv.Atoi(string(m[i])) // three digits
				case "url":
					r.url = tidyURL(string(m[i]))
				case "path":
					r.url = strings.TrimSuffix(r.url, ":443") + string(m[i])
				case "method":
					r.method = string(m[i])
				}
			}
			if !slices.ContainsFunc(out, r.said) && len(out) < most {
				out = append(out, r)
			}
		}
	}
	if len(out) == 1 && out[0].url == "" {
		out[0].url = oneURL(text)
	}
	return out
}

// oneURL is the URL that a text is about: the only one in it, or the only one of
// an API's host.
func oneURL(text []byte) string {
	urls := distinct(urlOnly.FindAll(text, -1))
	if len(urls) > 1 {
		urls = slices.DeleteFunc(urls, func(u string) bool { return !executeAPI.MatchString(u) })
	}
	if len(urls) != 1 {
		return ""
	}
	return tidyURL(urls[0])
}

// said tells whether another report says as much.
func (r report) said(other report) bool {
	return r.status == other.status && (r.url == "" || r.url == other.url)
}

// tidyURL takes off what ends the sentence around a URL. Handshakes are asked
// for by HTTP.
func tidyURL(url string) string {
	url = strings.TrimRight(url, ".,;:)>`")
	if rest, ok := strings.CutPrefix(url, "ws"); ok && strings.Contains(url, "://") {
		return "http" + rest
	}
	return url
}

// unanswered are the words in which clients report that no answer came, by what
// ended the request.
var unanswered = []struct {
	outcome probe.Outcome
	words   *regexp.Regexp
}{
	{probe.OutcomeDNS, regexp.MustCompile(`Temporary failure in name resolution|Name or service not known|nodename nor servname|getaddrinfo|ENOTFOUND|UnknownHostException|Could not resolve host|[Nn]o such host|ERR_NAME_NOT_RESOLVED`)},
	{probe.OutcomeTLS, regexp.MustCompile(`CERTIFICATE_VERIFY_FAILED|SSLError|SSLHandshakeException|SSLV3_ALERT_HANDSHAKE_FAILURE|ERR_CERT_|ERR_SSL_|certificate signed by unknown authority`)},
	{probe.OutcomeRefused, regexp.MustCompile(`ECONNREFUSED|[Cc]onnection refused|ERR_CONNECTION_REFUSED`)},
	{probe.OutcomeReset, regexp.MustCompile(`ECONNRESET|[Cc]onnection reset|socket hang up|RemoteDisconnected|Remote end closed connection|ERR_CONNECTION_(?:RESET|CLOSED)`)},
	{probe.OutcomeTimeout, regexp.MustCompile(`Read timed out|ReadTimeout|ConnectTimeout|ETIMEDOUT|timeout of [0-9]+ ?ms exceeded|deadline exceeded|ERR_TIMED_OUT|ERR_CONNECTION_TIMED_OUT|SocketTimeoutException`)},
}

// executeAPI is the name of an API's host within a message.
var executeAPI = regexp.MustCompile(`[a-z0-9]{8,12}(?:-vpce-[a-z0-9]+)?\.execute-api\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?`)

// parseUnanswered reads a client's report that no answer came from an API's
// host. Without such a name it may be about anything.
func parseUnanswered(text []byte, url string) (signature.Answer, bool) {
	text = text[:min(len(text), maxLine)]
	hosts := distinct(executeAPI.FindAll(text, -1))
	if len(hosts) != 1 && url == "" {
		return signature.Answer{}, false
	}
	for _, u := range unanswered {
		if !u.words.Match(text) {
			continue
		}
		a := signature.Answer{Outcome: u.outcome, URL: url}
		if a.URL = cmpOr(url, oneURL(text)); a.URL == "" {
			a.URL = "https://" + hosts[0] + "/"
		}
		return a, true
	}
	return signature.Answer{}, false
}

// parseExceptions reads answers of which a client kept the status alone, or the
// report that none came.
func parseExceptions(text []byte, url string) []signature.Answer {
	var answers []signature.Answer
	for _, r := range reports(text) {
		answers = append(answers, signature.Answer{Status: r.status, Outcome: probe.OutcomeResponse, URL: cmpOr(r.url, url), Method: r.method})
	}
	if bodies := distinct(bodyInText.FindAll(text[:min(len(text), maxLine)], -1)); len(bodies) == 1 && len(answers) == 1 {
		answers[0].Body = []byte(bodies[0]) // in words of its own
	}
	if a, ok := parseUnanswered(text, url); ok && len(answers) == 0 {
		answers = append(answers, a)
	}
	return answers
}

// addReport fills in what an exception beside a body or headers tells, where
// the text holds one.
func addReport(a *signature.Answer, text []byte) {
	if r := reports(text); len(r) == 1 {
		if a.Status == 0 {
			a.Status = r[0].status
		}
		a.URL, a.Method = cmpOr(a.URL, r[0].url), cmpOr(a.Method, r[0].method)
	}
}

// mention is an id or an error type of API Gateway within prose.
var mention = regexp.MustCompile("(?i)\\b(x-amzn-requestid|x-amz-apigw-id|apigw-requestid|x-amzn-errortype)[`'\"*]{0,4}\\s?(?:[:=]|->|=>)\\s?(?:Vector\\(|List\\()?[`'\"*]{0,4}([A-Za-z0-9+/=_-]{8,80})")

// mentionedHeaders are the headers that prose names, those that it names with
// two values left out.
func mentionedHeaders(text []byte) []probe.Header {
	var out []probe.Header
	for _, name := range marks {
		var values [][]byte
		for _, m := range mention.FindAllSubmatch(text[:min(len(text), maxLine)], 64) {
			if bytes.EqualFold(m[1], []byte(name)) {
				values = append(values, m[2])
			}
		}
		if v := distinct(values); len(v) == 1 {
			out = append(out, probe.Header{Name: name, Value: v[0]})
		}
	}
	return out
}
