package explain

import (
	"strings"
	"testing"
)

const exampleURL = "https://abcdefghij.execute-api.eu-west-1.amazonaws.com/prod/orders"

// Of an answer that a client only reports, the status and mostly the URL are
// known. Nothing is said of headers that nobody saw, and the next step shows them.
func TestExceptions(t *testing.T) {
	for name, test := range map[string]struct {
		input, method string
		status        float64
	}{
		"requests":      {"  raise HTTPError(msg, response=self)\nrequests.exceptions.HTTPError: 403 Client Error: Forbidden for url: " + exampleURL + "?token=s3cret", "", 403},
		"httpx":         {"httpx.HTTPStatusError: Server error '502 Bad Gateway' for url '" + exampleURL + "'\nFor more information check: https://developer.mozilla.org/en-US/docs/Web/HTTP/Status/502", "", 502},
		"httpx's log":   {"INFO:httpx:HTTP Request: POST " + exampleURL + " \"HTTP/1.1 429 Too Many Requests\"", "POST", 429},
		"aiohttp":       {"aiohttp.client_exceptions.ClientResponseError: 504, message='Gateway Time-out', url=URL('" + exampleURL + "')", "", 504},
		"urllib":        {"urlopen(" + exampleURL + ")\nurllib.error.HTTPError: HTTP Error 403: Forbidden", "", 403},
		"Java":          {"java.io.IOException: Server returned HTTP response code: 500 for URL: " + exampleURL, "", 500},
		"Spring":        {"HttpClientErrorException$Forbidden: 403 Forbidden on GET request for \"" + exampleURL + "\": [no body]", "GET", 403},
		"Feign":         {"feign.FeignException$Forbidden: [403 Forbidden] during [PUT] to [" + exampleURL + "] [Orders#put()]: []", "PUT", 403},
		"OkHttp":        {"Response{protocol=h2, code=401, message=, url=" + exampleURL + "}", "", 401},
		"console":       {"GET " + exampleURL + " 403 (Forbidden)", "GET", 403},
		"console, CORS": {"Access to fetch at '" + exampleURL + "' from origin 'http://localhost:3000' has been blocked by CORS policy: No 'Access-Control-Allow-Origin' header is present.\napp.js:1 GET " + exampleURL + " net::ERR_FAILED 502", "GET", 502},
		"Firefox":       {"Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource at " + exampleURL + ". (Reason: CORS header ‘Access-Control-Allow-Origin’ missing). Status code: 403.", "", 403},
		"axios":         {"AxiosError: Request failed with status code 502\n    url: '" + exampleURL + "'", "", 502},
		"resource":      {exampleURL + ":1 Failed to load resource: the server responded with a status of 504 ()", "", 504},
		"Zappa":         {"Warning! Status check on the deployed lambda failed. A GET request to '/' yielded a 502 response code. " + exampleURL, "", 502},
		".NET":          {"System.Net.Http.HttpRequestException: Response status code does not indicate success: 403 (Forbidden). (" + exampleURL + ")", "", 403},
		"curl -f":       {"$ curl -fsS " + exampleURL + "\ncurl: (22) The requested URL returned error: 403", "", 403},
		"urllib3's log": {"DEBUG:urllib3.connectionpool:" + strings.Replace(exampleURL, ".com/", ".com:443 \"GET /", 1) + " HTTP/1.1\" 403 23", "GET", 403},
		"Dio":           {"DioException [bad response]: the response has a status code of 403 and RequestOptions.validateStatus was configured to throw\nuri: " + exampleURL, "", 403},
		"RestSharp":     {"HttpRequestException: Request failed with status code BadGateway\n  " + exampleURL, "", 502},
		"RestSharp's":   {"StatusCode: TooManyRequests, Content-Type: application/json, Content-Length: 28\n  " + exampleURL, "", 429},
		"rest-client":   {"RestClient::BadGateway: 502 Bad Gateway (" + exampleURL + ")", "", 502},
		"curl -w":       {"$ curl -s -o /dev/null -w '%{http_code}\\n' " + exampleURL + "\n403\n", "", 403},
		"axios as JSON": {`{"message":"Request failed with status code 403","stack":"at http://localhost:8081/index.bundle:1","config":{"url":"` + exampleURL + `","method":"get"}}`, "", 403},
		"Symfony":       {"ClientException: HTTP/2 403  returned for \"" + exampleURL + "\".", "", 403},
		"retries":       {"(" + exampleURL + ") Max retries exceeded (Caused by ResponseError('too many 502 error responses'))", "", 502},
		"REST Assured":  {exampleURL + "\nExpected status code <200> but was <403>.", "", 403},
		"Jest":          {"Expected: 200\nReceived: 403\n  " + exampleURL, "", 403},
		"superagent":    {"Error: Forbidden\n    at Response.toError (response.js:94:15)\n  status: 403,\n  url: '" + exampleURL + "'", "", 403},
		"handshake":     {"WebSocket connection to 'wss://abcdefghij.execute-api.eu-west-1.amazonaws.com/prod' failed: Error during WebSocket handshake: Unexpected response code: 403", "", 403},
	} {
		t.Run(name, func(t *testing.T) {
			kind, items := explainJSON(t, []byte(test.input), Options{})
			if kind != KindResponse || len(items) != 1 {
				t.Fatalf("%s, %d items", kind, len(items))
			}
			item := items[0]
			next, _ := item["next"].(string)
			if item["status"] != test.status || item["api_id"] != "abcdefghij" || item["producer"] != nil || item["gateway_response"] != nil || item["api_kind"] != nil {
				t.Errorf("%v", item)
			}
			if method, _ := item["http_method"].(string); method != test.method {
				t.Errorf("method %q", method)
			}
			if !strings.HasPrefix(next, "curl -si ") || !strings.Contains(next, "abcdefghij.execute-api.eu-west-1.amazonaws.com/prod") || strings.Contains(next, "s3cret") {
				t.Errorf("next %q", next)
			}
			candidates := item["candidates"].([]any)
			if len(candidates) < 3 {
				t.Errorf("%d candidates", len(candidates))
			}
			for _, c := range candidates {
				if why := c.(map[string]any)["why"].(string); strings.Contains(why, "carries no id") || strings.Contains(why, "error type is missing") {
					t.Errorf("speaks of headers: %s", why)
				}
			}
		})
	}
}

// Beside an exception may stand what the answer said. Words that are not API
// Gateway's are the backend's.
func TestExceptionWithABody(t *testing.T) {
	for body, want := range map[string]string{`{"message":"no such order"}`: "application-error", `{"message":"Missing Authentication Token"}`: "unmatched-route"} {
		_, items := explainJSON(t, []byte("HTTPError: 403 Client Error: Forbidden for url: "+exampleURL+"\nresponse: "+body), Options{})
		if first := items[0]["candidates"].([]any)[0].(map[string]any)["cause"]; len(items) != 1 || first != want || items[0]["status"] != 403.0 || items[0]["api_id"] != "abcdefghij" {
			t.Errorf("%s: %v", body, items[0])
		}
	}
}

// Chained exceptions repeat an answer; others report several.
func TestSeveralExceptions(t *testing.T) {
	one := "requests.exceptions.HTTPError: 403 Client Error: Forbidden for url: " + exampleURL
	for input, want := range map[string]int{
		one + "\n\nDuring handling of the above exception\n\n" + one:                             1,
		one + "\nretry failed: " + strings.Replace(one, "403", "429", 1):                         2,
		one + "\nError: Request failed with status code 403":                                     1,
		"Error: Request failed with status code 403\nError: Request failed with status code 403": 1,
	} {
		if _, items := explainJSON(t, []byte(input), Options{}); len(items) != want {
			t.Errorf("%s: %d items, want %d", input, len(items), want)
		}
	}
}

// Nor is a report that no answer came, if it names an API's host.
func TestUnanswered(t *testing.T) {
	const host = "abcdefghij.execute-api.eu-west-1.amazonaws.com"
	for input, cause := range map[string]string{
		"ConnectionError: HTTPSConnectionPool(host='" + host + "', port=443): Max retries exceeded with url: /x (Caused by NewConnectionError('[Errno -3] Temporary failure in name resolution'))": "no-such-host",
		"Error: getaddrinfo ENOTFOUND " + host:                                             "no-such-host",
		"Error: connect ECONNREFUSED 192.0.2.1:443 " + exampleURL:                          "connection-refused",
		"AxiosError: timeout of 10000ms exceeded, url " + exampleURL:                       "client-timeout",
		"Error: read ECONNRESET while asking " + exampleURL:                                "connection-reset",
		"requests.exceptions.SSLError: HTTPSConnectionPool(host='" + host + "', port=443)": "tls-failure",
	} {
		_, items := explainJSON(t, []byte(input), Options{})
		if first := items[0]["candidates"].([]any)[0].(map[string]any)["cause"]; items[0]["producer"] != "network" || first != cause || items[0]["api_id"] != "abcdefghij" || items[0]["status"] != nil {
			t.Errorf("%s: %v", input, items[0])
		}
	}
	for _, input := range []string{"TypeError: Failed to fetch\n at main.js " + exampleURL, "Http failure response for " + exampleURL + ": 0 Unknown Error",
		`HttpErrorResponse {headers: HttpHeaders, status: 0, statusText: "Unknown Error", url: "` + exampleURL + `", ok: false}`,
		`{"headers":{},"status":0,"statusText":"Unknown Error","url":"` + exampleURL + `","ok":false,"name":"HttpErrorResponse"}`} {
		_, items := explainJSON(t, []byte(input), Options{})
		if c, _ := items[0]["candidates"].([]any); len(c) == 0 || c[0].(map[string]any)["cause"] != "cors-header-missing" {
			t.Errorf("%s: %v", input, items[0])
		}
	}
	if _, err := Explain([]byte("TypeError: Failed to fetch"), Options{}); err == nil {
		t.Error("a browser's message without an address is read")
	}
	// Clients of HTTP name hosts of their own, or none.
	for input, cause := range map[string]string{
		"requests.exceptions.ConnectionError: HTTPSConnectionPool(host='api.example.com', port=443): Max retries exceeded with url: / (Caused by NameResolutionError(\"Failed to resolve 'api.example.com' ([Errno -2] Name or service not known)\"))": "no-such-host",
		`Get "https://api.example.com/orders": dial tcp: lookup api.example.com on 10.0.0.2:53: no such host`:                                                                                                                                          "no-such-host",
		"curl: (60) SSL: no alternative certificate subject name matches target host name 'api.example.com'":                                                                                                                                           "other-certificate",
		"cURL error 60: SSL: no alternative certificate subject name matches target host name 'api.example.com' for https://api.example.com/orders":                                                                                                    "other-certificate",
		"(Caused by SSLError(SSLCertVerificationError(1, \"[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: Hostname mismatch, certificate is not valid for 'api.example.com'. (_ssl.c:1131)\")))":                                          "other-certificate",
		"javax.net.ssl.SSLHandshakeException: No subject alternative DNS name matching api.example.com found.":                                                                                                                                         "other-certificate",
		"AuthenticationException: The remote certificate is invalid according to the validation procedure: RemoteCertificateNameMismatch":                                                                                                              "other-certificate",
		"SSL_connect returned=1 errno=0 state=error: certificate verify failed (hostname mismatch)":                                                                                                                                                    "other-certificate",
		"error trying to connect: invalid peer certificate: NotValidForName":                                                                                                                                                                           "other-certificate",
		`Error Domain=NSURLErrorDomain Code=-1202 "The certificate for this server is invalid."`:                                                                                                                                                       "other-certificate",
		"ssl.CertificateError: hostname 'api.example.com' doesn't match '*.execute-api.eu-west-1.amazonaws.com'":                                                                                                                                       "domain-not-configured",
		"x509: certificate is valid for *.execute-api.eu-west-1.amazonaws.com, not api.example.com":                                                                                                                                                    "domain-not-configured",
		"Host: api.example.com. is not in the cert's altnames: DNS:*.execute-api.eu-west-1.amazonaws.com [ERR_TLS_CERT_ALTNAME_INVALID]":                                                                                                               "domain-not-configured",
		"SSLPeerUnverifiedException: Certificate for <api.example.com> doesn't match any of the subject alternative names: [*.execute-api.eu-west-1.amazonaws.com]":                                                                                    "domain-not-configured",
		"TaskCanceledException: The request was canceled due to the configured HttpClient.Timeout of 100 seconds elapsing.":                                                                                                                            "client-timeout",
		"requests.exceptions.ChunkedEncodingError: ('Connection broken: IncompleteRead(512 bytes read)', IncompleteRead(512 bytes read))":                                                                                                              "answer-cut",
		"getaddrinfo ENOTFOUND api.example.com":                           "no-such-host",
		"java.net.UnknownHostException: api.example.com":                  "no-such-host",
		"curl: (6) Could not resolve host: api.example.com":               "no-such-host",
		"curl: (18) transfer closed with outstanding read data remaining": "answer-cut",
		"HTTP/1.1 200 OK\nx-amzn-RequestId: 11111111-2222-4333-8444-555555555555\nx-amz-apigw-id: AAAAAAAAAAAAAAA=\n\ndata: one\ncurl: (18) transfer closed with outstanding read data remaining\n": "answer-cut",
	} {
		_, items := explainJSON(t, []byte(input), Options{})
		if c, _ := items[0]["candidates"].([]any); len(c) == 0 || c[0].(map[string]any)["cause"] != cause {
			t.Errorf("%s: %v", input, items[0])
		}
	}
	for _, input := range []string{"getaddrinfo ENOTFOUND db.example.com", "getaddrinfo ENOTFOUND orders.c1.eu-west-1.rds.amazonaws.com", "getaddrinfo ENOTFOUND", "lookup orders-redis.internal.example.com: no such host"} {
		if _, err := Explain([]byte(input), Options{}); err == nil {
			t.Errorf("%s: about another host", input)
		}
	}
}

// A status line whose headers were left out does not say that there were none.
func TestStatusLineAlone(t *testing.T) {
	_, items := explainJSON(t, []byte("$ curl -si "+exampleURL+"\nHTTP/2 403\n"), Options{})
	item := items[0]
	if item["status"] != 403.0 || item["producer"] != nil || item["next"] == nil || len(item["candidates"].([]any)) < 5 {
		t.Errorf("%v", item)
	}
}

// Prose names headers after the body, or in a sentence.
func TestMentionedHeaders(t *testing.T) {
	const id = "2b9c8640-30be-4853-bd1b-d3fb0442e3e4"
	input := "`" + exampleURL + "` returns **403 Forbidden**:\n\n```json\n{\n  \"message\": \"Forbidden\"\n}\n```\n\n**Headers:**\n- `x-amzn-errortype: ForbiddenException`\n- `x-amzn-requestid: " + id + "`\n"
	_, items := explainJSON(t, []byte(input), Options{})
	for field, want := range map[string]any{"status": 403.0, "error_type": "ForbiddenException", "request_id": id, "producer": "gateway", "api_kind": "REST", "message": "Forbidden", "api_id": "abcdefghij"} {
		if items[0][field] != want {
			t.Errorf("%s %v, want %v", field, items[0][field], want)
		}
	}
	scala := "HttpResponse(not found\n,404,Map(Content-Length -> Vector(47), x-amz-apigw-id -> Vector(IWzrqEK9IAMFpnA=), x-amzn-RequestId -> Vector(" + id + ")))"
	if _, items := explainJSON(t, []byte(scala), Options{}); items[0]["request_id"] != id || items[0]["extended_request_id"] != "IWzrqEK9IAMFpnA=" || items[0]["status"] != 404.0 {
		t.Errorf("%v", items[0])
	}
	// Of two answers in one text, neither's header is the other's.
	two := "first x-amzn-errortype: ForbiddenException, then x-amzn-errortype: UnauthorizedException and {\"message\":\"Unauthorized\"}"
	if _, items := explainJSON(t, []byte(two), Options{}); items[0]["error_type"] != nil {
		t.Errorf("%v", items[0])
	}
}

// A body beneath the command that got it belongs to what the command asked for.
func TestCommandAndBody(t *testing.T) {
	_, items := explainJSON(t, []byte("$ curl -X POST "+exampleURL+" -H 'Authorization: Bearer x' -d '{}'\n{\"message\":\"Missing Authentication Token\"}%\n"), Options{})
	for field, want := range map[string]any{"api_id": "abcdefghij", "stage": "prod", "resource_path": "/orders", "http_method": "POST", "gateway_response": "MISSING_AUTHENTICATION_TOKEN"} {
		if items[0][field] != want {
			t.Errorf("%s %v, want %v", field, items[0][field], want)
		}
	}
	for _, c := range items[0]["candidates"].([]any) {
		if c.(map[string]any)["cause"] == "iam-without-signature" {
			t.Error("the command sent an Authorization header")
		}
	}
}

// The session of a WebSocket client shows each message on a line.
func TestWebSocketSession(t *testing.T) {
	input := "$ wscat -c wss://abcdefghij.execute-api.eu-west-1.amazonaws.com/dev\nConnected (press CTRL+C to quit)\n> a\n< {\"message\": \"Internal server error\", \"connectionId\":\"Qyi07eCbtjMCJKw=\", \"requestId\":\"Qyi3UG41tjMFlUg=\"}\n> b\n< {\"message\": \"Too Many Requests\", \"connectionId\":\"Qyi07eCbtjMCJKw=\", \"requestId\":\"Qyi3jGF9NjMFoqA=\"}\n"
	_, items := explainJSON(t, []byte(input), Options{})
	if len(items) != 2 {
		t.Fatalf("%d items", len(items))
	}
	for i, want := range []map[string]any{{"request_id": "Qyi3UG41tjMFlUg=", "producer": "integration"}, {"request_id": "Qyi3jGF9NjMFoqA=", "producer": "gateway"}} {
		for field, value := range want {
			if items[i][field] != value || items[i]["api_id"] != "abcdefghij" || items[i]["stage"] != "dev" || items[i]["gateway_response"] != nil {
				t.Errorf("%v, want %v", items[i], want)
			}
		}
	}
}

// The transcript of a request to a private API names the API in a header.
func TestPrivateTranscript(t *testing.T) {
	const answer = "HTTP/2 200\n%date: Thu, 02 May 2024 05:11:12 GMT\n%x-amzn-requestid: 2b9c8640-30be-4853-bd1b-d3fb0442e3e4\n%x-amz-apigw-id: K2H60H42IAMEsHA=\n%\n"
	const vpce = "https://vpce-0a1b-2c3d.execute-api.eu-west-1.vpce.amazonaws.com/dev/orders"
	for name, input := range map[string]string{
		"verbose":         "> GET /dev/orders HTTP/2\n> Host: nlb-1.elb.eu-west-1.amazonaws.com\n> x-apigw-api-id:abcdefghij\n>\n< " + strings.ReplaceAll(answer, "%", "< "),
		"commented":       "# > GET /dev/orders HTTP/2\n# > Host: vpce-0a1b-2c3d.execute-api.eu-west-1.vpce.amazonaws.com\n# > x-apigw-api-id: abcdefghij\n# >\n# < " + strings.ReplaceAll(answer, "%", "# < "),
		"flag":            "$ curl -i " + vpce + " -H 'x-apigw-api-id: abcdefghij'\n" + strings.ReplaceAll(answer, "%", ""),
		"Host, by a flag": "$ curl -i " + vpce + " -H 'Host: abcdefghij.execute-api.eu-west-1.amazonaws.com'\n" + strings.ReplaceAll(answer, "%", ""),
	} {
		_, items := explainJSON(t, []byte(input), Options{})
		for field, want := range map[string]any{"api_id": "abcdefghij", "stage": "dev", "resource_path": "/orders"} {
			if items[0][field] != want {
				t.Errorf("%s: %s %v, want %v", name, field, items[0][field], want)
			}
		}
	}
}
