package explain

import (
	"bytes"
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"stageprobe/analyze/signature"
	"stageprobe/probe"
	"stageprobe/probe/lazyregexp"
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
	aMethod+"\\s+[`'\"]?"+aURL+"[`'\"]?[^\\n\\w]{0,12}(?:(?:net::ERR_[A-Z_]+|invalid:|returned|responded(?: with)?|answered|failed(?: with)?|gave|got|resulted in|status(?: code)?|HTTP/[0-9.]+)[^\\n\\w]{1,6}){0,2}"+aStatus+`\b`, // consoles, test runners, Java, Ktor, Newman
	`(?:^|[\s\[(])`+aStatus+`[^\n\w]{1,6}(?:[A-Z][A-Za-z ]{2,30}[^\n\w]{1,6})?`+aMethod+`\s+`+aURL,                                                                                                                                 // status first
	`HTTP status (?:client|server) error \(`+aStatus+`[^)\n]{0,60}\) for url \(`+aURL,                                                                                                                                              // reqwest
	`[Hh]ttp failure response for `+aURL+` `+aStatus+`\b`,                                                                                                                                                                          // Angular
	`URL: `+aURL+` \}[^\n]{0,20}[Ss]tatus [Cc]ode: `+aStatus,                                                                                                                                                                       // Foundation
	`HTTP request failed! HTTP/[0-9.]+ `+aStatus,                                                                                                                                                                                   // PHP
	`Status\(`+aStatus+`[^)\n]{0,20}\), url: "`+aURL,                                                                                                                                                                               // reqwest, as its errors are printed for a programmer
	`Status\(`+aStatus+`[^)\n]{0,20}\), url: Url \{[^\n]{0,120}host: Some\(Domain\("(?P<host>[^"\n]+)"\)\)[^\n]{0,60} path: "(?P<path>/[^"\n]*)"`,
	`(?:HttpException: HTTP |OpenURI::HTTPError[^\n]{0,20}: |\bERROR )`+aStatus+`\b`, // Retrofit, OpenURI, wget
	`HTTP/[0-9.]+ `+aStatus+` [^\n"]{0,40}returned for "`+aURL,                       // Symfony
	`too many `+aStatus+` error responses`,                                           // urllib3's retries
	`[Ee]xpected status code <[0-9]{3}> but was <`+aStatus+`>`,                       // REST Assured
	`Expected: 2[0-9][0-9]\s+Received: (?:"?)`+aStatus+`\b`,                          // Jest, Playwright
	`\bHTTP `+aStatus+` [A-Za-z ]{2,30} `+aURL,                                       // status, reason, URL
	`Error: [^\n]{2,80}\n(?:[^\n]*\n){0,12}?\s+status(?:Code)?: `+aStatus+`\b`,       // superagent, as Node prints it
	aStatus+` "[A-Za-z -]{2,40}" \(Net::HTTP`,                                        // Net::HTTP
	inWords, // RestSharp
	`(?i:failed with status code |status code does not indicate success: |Received status code |responded with (?:a )?status (?:of )?|Response code |returned an error: \(|URL returned error: |awaiting response\.\.\. |[Uu]nexpected (?:HTTP )?(?:response )?status(?: code)?[:=]? ?|bad (?:HTTP )?status(?: code)?[:=]? ?|non-2\d\d (?:response|status)(?: code)?[:=]? ?|HTTP status(?: code)?[:=]? ?|invalid status code of |An error occurred \(|yielded a |has a status code of |RestClient::[A-Za-z]{1,40}: )`+aStatus+`\b`,
)

// inWords is how .NET's clients name a status.
const inWords = `(?i:failed with status code |\bStatusCode: ?)(?P<word>[A-Z][a-z]+[A-Za-z]{0,30})\b`

func compileAll(patterns ...string) []lazyregexp.Regexp {
	out := make([]lazyregexp.Regexp, len(patterns))
	for i, p := range patterns {
		out[i] = lazyregexp.New(p)
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
	text = beginning(text)
	var out []report
	for _, re := range exceptions {
		for _, m := range re.FindAllSubmatch(text, most) {
			var r report
			for i, name := range re.SubexpNames() {
				switch name {
				case "status":
					r.status, _ = strconv.Atoi(string(m[i])) // three digits
				case "word":
					r.status = statusNamed(string(m[i]))
				case "url":
					r.url = tidyURL(string(m[i]))
				case "host":
					r.url = "https://" + string(m[i])
				case "path":
					r.url = strings.TrimSuffix(r.url, ":443") + string(m[i])
				case "method":
					r.method = string(m[i])
				}
			}
			if r.status == 0 {
				continue // a word that is no status
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

// statusNamed is the status that .NET calls by a name, such as BadGateway; 0 where it is none.
func statusNamed(name string) int {
	if name == "RequestUriTooLong" {
		return http.StatusRequestURITooLong
	}
	for status := http.StatusBadRequest; status <= http.StatusNetworkAuthenticationRequired; status++ {
		if words := http.StatusText(status); words != "" && strings.NewReplacer(" ", "", "-", "").Replace(words) == name {
			return status
		}
	}
	return 0
}

// oneURL is the URL that a text is about: the only one in it, or the only one of
// an API's host.
func oneURL(text []byte) string {
	urls := distinct(urlOnly.FindAll(text, -1))
	for i := range urls {
		urls[i] = tidyURL(urls[i])
	}
	urls = slices.Compact(slices.Sorted(slices.Values(urls)))
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

const (
	// misnamed are the words of clients for a certificate of other names than the one asked for.
	misnamed = `no alternative certificate subject name|certificate subject (?:alternative )?name matches|certificate common name [^\n]{1,80} doesn't match|(?i:hostname mismatch)|hostname [^\n]{1,80} (?:doesn't|does not) match|certificate is not valid for|NotValidForName|not valid for name|(?i:certificate)NameMismatch|No subject alternative (?:DNS )?name|No name matching [^\n]{1,80} found|Hostname [^\n]{1,80} not verified|ERR_CERT_COMMON_NAME_INVALID|ERR_TLS_CERT_ALTNAME_INVALID|x509: certificate is (?:not )?valid for|SSL_ERROR_BAD_CERT_DOMAIN|NSURLErrorDomain Code=-1202|hostname_check_failed|Host name mismatch`
	// cut are their words for an answer that began and did not end.
	cut = `IncompleteRead|ChunkedEncodingError|incomplete chunked read|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_CONTENT_LENGTH_MISMATCH|unexpected end of stream|[Rr]esponse ended prematurely|response payload is not completed|Response payload is not completed|transfer closed with|without sending complete message body|Premature close|Premature end of (?:chunk|Content-Length)`
)

// noCertificate are the words of clients for a server that ends the handshake
// because they showed no certificate, or none that it knows (RFC 8446, alerts
// certificate_required and bad_certificate).
const noCertificate = `(?i:alert[ _]certificate[ _]required|alert[ _]bad[ _]certificate|alert: (?:certificate_required|bad_certificate)|tls: (?:certificate required|bad certificate)|ERR_BAD_SSL_CLIENT_AUTH_CERT|SSL_ERROR_RX_CERTIFICATE_REQUIRED_ALERT)`

var (
	otherName        = lazyregexp.New(misnamed)
	wantsCertificate = lazyregexp.New(noCertificate)
	cutAnswer        = lazyregexp.New(cut)
	overHTTP         = lazyregexp.New(`HTTPSConnectionPool\(host='([^']+)', port=443\)`)
	byItself         = lazyregexp.New(misnamed + `|` + cut + `|HttpClient\.Timeout of`) // tells of HTTP, whatever the host
)

// unanswered are the words in which clients report that no answer came, by what
// ended the request.
var unanswered = []struct {
	outcome probe.Outcome
	words   lazyregexp.Regexp
}{
	{probe.OutcomeDNS, lazyregexp.New(`Temporary failure in name resolution|Name or service not known|nodename nor servname|getaddrinfo|ENOTFOUND|UnknownHostException|Could not resolve host|[Nn]o such host|ERR_NAME_NOT_RESOLVED|NSURLErrorDomain Code=-1003|Could not resolve hostname|failed to lookup address|Failed host lookup|:nxdomain|getaddrinfo failed`)},
	{probe.OutcomeTLS, lazyregexp.New(`CERTIFICATE_VERIFY_FAILED|SSLError|SSLHandshakeException|SSLV3_ALERT_HANDSHAKE_FAILURE|ERR_CERT_|ERR_SSL_|certificate signed by unknown authority|x509: certificate|altnames|no alternative certificate subject name|unable to verify the first certificate|self[- ]signed certificate|SSL certificate problem|SSLPeerUnverifiedException|No subject alternative|RemoteCertificateName|remote certificate is invalid|trust relationship|certificate verify failed|hostname mismatch|SSL_ERROR_BAD_CERT|NSURLErrorDomain Code=-120[0-9]|` + misnamed + `|` + noCertificate)},
	{probe.OutcomeRefused, lazyregexp.New(`ECONNREFUSED|[Cc]onnection refused|ERR_CONNECTION_REFUSED|:econnrefused|actively refused`)},
	{probe.OutcomeReset, lazyregexp.New(`ECONNRESET|[Cc]onnection reset|socket hang up|RemoteDisconnected|Remote end closed connection|ERR_CONNECTION_(?:RESET|CLOSED)|EOFError|unexpected EOF|Premature EOF|Server disconnected|network connection was lost|Empty reply from server|` + cut)},
	{probe.OutcomeTimeout, lazyregexp.New(`Read timed out|ReadTimeout|ConnectTimeout|ETIMEDOUT|timeout of [0-9]+ ?ms exceeded|deadline exceeded|ERR_TIMED_OUT|ERR_CONNECTION_TIMED_OUT|SocketTimeoutException|i/o timeout|Client\.Timeout exceeded|TLS handshake timeout|[Oo]peration timed out|[Cc]onnection timed out|request timed out|NSURLErrorDomain Code=-1001|HttpTimeoutException|TimeoutError|HttpClient\.Timeout of|Net::(?:Open|Read)Timeout|:timeout`)},
}

// nameless is how clients name a host that has no address.
var nameless = lazyregexp.New(`getaddrinfo (?:ENOTFOUND|EAI_AGAIN) ((?:[a-z0-9-]+\.)+[a-z]{2,24})\b|Could not resolve host: ((?:[a-z0-9-]+\.)+[a-z]{2,24})\b|lookup ((?:[a-z0-9-]+\.)+[a-z]{2,24})(?: on [^\s]{1,60})?: no such host|UnknownHostException: ((?:[a-z0-9-]+\.)+[a-z]{2,24})\b`)

// otherService is a host that no API is called at: a database's, a cache's, a registry's.
var otherService = lazyregexp.New(`^(?:.*[.-])?(?:db|database|sql|mysql|postgres|postgresql|pg|rds|redis|cache|mongo|mongodb|kafka|smtp|mail|ldap|registry|proxy)[0-9]*[.-]`)

// noConnection are words of a timeout before there was a connection.
var noConnection = lazyregexp.New(`connect ETIMEDOUT|ConnectTimeout|Connect Timeout|[Cc]onnect timed out|[Cc]onnection (?:to [^\n]{1,80} )?timed out|ERR_CONNECTION_TIMED_OUT|dial tcp [^\n]{1,80}i/o timeout|OpenTimeout|Failed to connect to|ConnectException`)

// anyExecuteAPI is a host's name below execute-api, right or wrong.
var anyExecuteAPI = lazyregexp.New(`(?:[a-z0-9-]+\.)+execute-api\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?`)

// executeAPI is the name of an API's host within a message.
var executeAPI = lazyregexp.New(`[a-z0-9]{8,12}(?:-vpce-[a-z0-9]+)?\.execute-api\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?`)

// parseUnanswered reads a client's report that no answer came from an API's
// host. Without such a name it may be about anything.
func parseUnanswered(text []byte, url string) (signature.Answer, bool) {
	text = beginning(text)
	hosts := distinct(anyExecuteAPI.FindAll(text, -1))
	certificate := gatewaysOwn.Find(text)
	asked := cmp.Or(url, oneURL(text))
	if m := overHTTP.FindSubmatch(text); m != nil {
		asked = cmp.Or(asked, "https://"+string(m[1])+"/")
	}
	if m := nameless.FindSubmatch(text); m != nil && asked == "" && len(hosts) == 0 && !otherService.Match(bytes.Join(m[1:], nil)) {
		asked = "https://" + string(bytes.Join(m[1:], nil)) + "/"
	}
	if len(hosts) != 1 && asked == "" && (certificate == nil || askedName(text) == nil) && !byItself.Match(text) {
		return signature.Answer{}, false
	}
	for _, u := range unanswered {
		if !u.words.Match(text) {
			continue
		}
		a := signature.Answer{
			Outcome: u.outcome, URL: asked, Certificate: string(certificate), Misnamed: otherName.Match(text), WantsCertificate: wantsCertificate.Match(text),
			Unconnected: noConnection.Match(text), Cut: cutAnswer.Match(text),
		}
		if name := askedName(text); a.URL == "" && certificate != nil && name != nil {
			a.URL = "https://" + string(name) + "/"
		} else if a.URL == "" && len(hosts) == 1 {
			a.URL = "https://" + hosts[0] + "/"
		}
		return a, true
	}
	return signature.Answer{}, false
}

// gatewaysOwn is the name in the certificate that API Gateway shows where it has
// no custom domain of the name that was asked for.
var gatewaysOwn = lazyregexp.New(`\*\.execute-api\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?`)

// hostName is a name within a message of a refused certificate.
var hostName = lazyregexp.New(`\b(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+(?:[a-z]{2,24})\b`)

// askedName is the name that a client asked for: the first that is none of AWS's.
func askedName(text []byte) []byte {
	for _, name := range hostName.FindAll(text, 64) {
		if !bytes.HasSuffix(name, []byte(".amazonaws.com")) && !bytes.HasSuffix(name, []byte(".amazonaws.com.cn")) && bytes.Count(name, []byte(".")) > 0 && !codeName.Match(name) {
			return name
		}
	}
	return nil
}

// codeName is a name that belongs to a program and looks like a host's.
var codeName = lazyregexp.New(`^(?:java|javax|sun|com|org|net|io|okhttp3|urllib3|requests|node|http|https|tls|ssl|x509)\.|\.(?:js|go|py|rb|java|kt|ts|php|c|rs|cs)$`)

// corsMessage is how browsers say that CORS blocks an answer.
var corsMessage = lazyregexp.New(`blocked by CORS policy|Cross-Origin Request Blocked|not allowed by Access-Control-Allow-Origin|Preflight response is not successful|due to access control checks|pass access control check`)

// unshown is how browsers say that they show no answer, which CORS is the usual reason of.
var unshown = lazyregexp.New(`TypeError: (?:Failed to fetch|Load failed|NetworkError when attempting)|NetworkError when attempting to fetch|: 0 Unknown Error|status["']?: ?0,\s{0,20}["']?statusText["']?: ?["']Unknown Error|AxiosError: Network Error`)

var preflightWord = lazyregexp.New(`(?i)preflight`)

// parseBlocked reads a browser's message that CORS blocks an answer. A status in
// it is that of the answer, or of the preflight's.
func parseBlocked(text []byte, url string) (signature.Answer, bool) {
	text = beginning(text)
	if !corsMessage.Match(text) && !(unshown.Match(text) && (url != "" || oneURL(text) != "")) {
		return signature.Answer{}, false
	}
	a := signature.Answer{URL: cmp.Or(url, oneBlocked(text)), Blocked: true, Preflight: preflightWord.Match(text)}
	if a.Preflight {
		a.Method = "OPTIONS"
	}
	if r := reports(text); len(r) == 1 {
		a.Status, a.Method = r[0].status, cmp.Or(a.Method, r[0].method)
	}
	if m := statusCode.FindSubmatch(text); m != nil && a.Status == 0 {
		a.Status, _ = strconv.Atoi(string(m[1])) // three digits
	}
	return a, true
}

var (
	statusCode = lazyregexp.New(`[Ss]tatus code:? ([1-5][0-9][0-9])`)
	blockedURL = lazyregexp.New(`(?:at|resource at|load) [‘']?(https?://[^\s'’"\\]+)`)
)

// oneBlocked is the URL that a browser names as blocked; the page's own stands
// beside it as the origin.
func oneBlocked(text []byte) string {
	if m := blockedURL.FindSubmatch(text); m != nil {
		return tidyURL(string(m[1]))
	}
	return oneURL(text)
}

// ofSocket are the words of a WebSocket's client whose handshake was refused.
var ofSocket = lazyregexp.New(`\bwss?://|WebSocket|Unexpected server response: |Handshake status `)

// codes are what curl -w prints of several requests, each a status.
var codes = lazyregexp.New(`http_code\}[^\n]{0,200}\n((?:[ \t]*[1-5][0-9][0-9][ \t]*\r?(?:\n|\z)){2,})`)

// parseCodes reads the statuses of one request that was repeated, each once; nil where
// they are alike.
func parseCodes(text []byte, url string) []signature.Answer {
	m := codes.FindSubmatch(text[:min(len(text), maxLine)])
	if m == nil {
		return nil
	}
	var answers []signature.Answer
	for _, code := range distinct(bytes.Fields(m[1])) {
		status, _ := strconv.Atoi(code) // three digits
		answers = append(answers, signature.Answer{Status: status, Outcome: probe.OutcomeResponse, URL: cmp.Or(url, oneURL(text))})
	}
	if len(answers) < 2 {
		return nil
	}
	return answers
}

// parseExceptions reads answers of which a client kept the status alone, or the
// report that none came.
func parseExceptions(text []byte, url string) []signature.Answer {
	if answers := parseCodes(text, url); answers != nil {
		return answers
	}
	var answers []signature.Answer
	handshake := ofSocket.Match(text[:min(len(text), maxLine)])
	for _, r := range reports(text) {
		answers = append(answers, signature.Answer{Status: r.status, Outcome: probe.OutcomeResponse, Handshake: handshake, URL: cmp.Or(r.url, url), Method: r.method})
	}
	if bodies := distinct(bodyInText.FindAll(beginning(text), -1)); len(bodies) == 1 && len(answers) == 1 {
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
		a.URL, a.Method = cmp.Or(a.URL, r[0].url), cmp.Or(a.Method, r[0].method)
	}
}

// mention is an id or an error type of API Gateway within prose.
var mention = lazyregexp.New("(?i)\\b(x-amzn-requestid|x-amz-apigw-id|apigw-requestid|x-amzn-errortype)[`'\"*]{0,4}\\s?(?:[:=]|->|=>)\\s?(?:Vector\\(|List\\()?[`'\"*]{0,4}([A-Za-z0-9+/=_-]{8,80})")

// mentionedHeaders are the headers that prose names, those that it names with
// two values left out.
func mentionedHeaders(text []byte) []probe.Header {
	var out []probe.Header
	for _, name := range marks {
		var values [][]byte
		for _, m := range mention.FindAllSubmatch(beginning(text), 64) {
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
