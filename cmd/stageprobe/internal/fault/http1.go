package fault

import (
	"fmt"
	"strings"
)

const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

// HTTP1 are faults of HTTP/1.1, in the framing and in what is framed.
func HTTP1() []Kind {
	long := strings.Repeat("x", 2<<20)
	deep := strings.Repeat("[", 100_000)
	texts := map[string]func(*Conn){
		"closes without an answer": func(c *Conn) {
			if _, ok := c.Request(); ok {
				c.Answered()
			}
		},
		"resets without an answer": resets, "never answers": silent,
		"408 after an answer": once(ok("{}") + "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"),
		"closes on the third request": func(c *Conn) {
			for n := 0; n < 3; n++ {
				if _, asked := c.Request(); !asked {
					return
				}
				c.Answered()
				if n < 2 {
					_, _ = c.Write([]byte(ok("{}")))
				}
			}
		},
		"half-closes after an answer": func(c *Conn) {
			if _, asked := c.Request(); !asked {
				return
			}
			c.Answered()
			_, _ = c.Write([]byte(ok("{}")))
			if half, is := c.Conn.(interface{ CloseWrite() error }); is {
				_ = half.CloseWrite()
			}
			<-c.Ctx.Done()
		},
		"closes before the request": func(c *Conn) { c.Answered() },
		"answers before the request": func(c *Conn) {
			c.Answered()
			_, _ = c.Write([]byte(ok("{}")))
			_, _ = c.Request()
		},
		"random bytes": once("\x00\xff\x13\x37\r\n\r\nabc"), "an SSH banner": once("SSH-2.0-OpenSSH_9.9\r\n"), "an SMTP banner": once("220 mail ESMTP\r\n"),
		"a TLS alert on a plain port": once("\x15\x03\x03\x00\x02\x02\x28"), "HTTP/0.9": once("<html>hello</html>"), "HTTP/1.0": once(strings.Replace(ok("{}"), "1.1", "1.0", 1)),
		"HTTP/9.9": once(strings.Replace(ok("{}"), "1.1", "9.9", 1)), "lower-case http": once(strings.Replace(ok("{}"), "HTTP", "http", 1)),
		"no status": once("HTTP/1.1\r\n\r\n"), "status 0": once(status(0)), "status 99": once(status(99)), "status 600": once(status(600)), "status 999": once(status(999)),
		"status 1000": once(status(1000)), "status of letters": once("HTTP/1.1 abc OK\r\n\r\n"), "negative status": once("HTTP/1.1 -200 OK\r\n\r\n"), "status of many digits": once("HTTP/1.1 " + strings.Repeat("2", 5000) + " OK\r\n\r\n"),
		"bare line feeds": once(strings.ReplaceAll(ok("{}"), "\r\n", "\n")), "bare carriage returns": once(strings.ReplaceAll(ok("{}"), "\r\n", "\r")),
		"a header without a colon": once(ok("{}", "nocolon")), "a header without a name": once(ok("{}", ": x")), "a space before the colon": once(ok("{}", "X-A : b")),
		"a folded header": says(ok("{}", "X-A: a\r\n  b")), "control characters in a header": once(ok("{}", "X-A: a\x01\x1b[31m\x7fb")), "a zero byte in a header": once(ok("{}", "X-A: a\x00b")),
		"C1 and bidi in a header": says(ok("{}", "X-A: \u009b31m\u202eabc\u2066")), "invalid UTF-8 in a header": says(ok("{}", "X-A: \xff\xfe")),
		"10,000 headers": says(ok("{}", strings.TrimSuffix(strings.Repeat("X-N: 1\r\n", 10_000), "\r\n"))), "a header of 2 MB": once(ok("{}", "X-Long: "+long)), "headers without an end": floods("HTTP/1.1 200 OK\r\n", "X-A: b\r\n"),
		"headers a byte at a time": drips("HTTP/1.1 200 OK\r\nX-Slow: ", "a"), "a body a byte at a time": drips("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", "b"),
		"two lengths": once(ok("{}", "Content-Length: 17")), "a negative length": once(strings.Replace(ok("{}"), "Length: 2", "Length: -2", 1)), "a length of letters": once(strings.Replace(ok("{}"), "Length: 2", "Length: two", 1)),
		"a length beyond 64 bits": once(strings.Replace(ok("{}"), "Length: 2", "Length: 99999999999999999999", 1)), "a body shorter than told": once(strings.Replace(ok("{}"), "Length: 2", "Length: 200", 1)),
		"a body longer than told": once(strings.Replace(ok(`{"a":1}`), "Length: 7", "Length: 2", 1)), "two answers to one request": once(ok("{}") + ok(`{"second":true}`)),
		"chunked and a length": once("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"), "an unknown transfer encoding": once(ok("{}", "Transfer-Encoding: morse")),
		"a chunk size of letters": once(chunked + "zz\r\nhello\r\n0\r\n\r\n"), "a chunk beyond 64 bits": once(chunked + "fffffffffffffffff\r\nx"), "chunks without an end": floods(chunked, "5\r\nhello\r\n"), "a chunk cut off": once(chunked + "ff\r\nhello"),
		"chunk extensions of 1 MB": once(chunked + "5;" + long[:1<<20] + "\r\nhello\r\n0\r\n\r\n"), "trailers": says(chunked + "2\r\n{}\r\n0\r\nX-Late: 1\r\nSet-Cookie: a=b\r\n\r\n"), "no last chunk": once(chunked + "2\r\n{}\r\n"),
		"gzip that is none": says(ok("{}", "Content-Encoding: gzip")), "gzip cut off": says(ok(packed("hello", 100)[:20], "Content-Encoding: gzip")), "a gzip bomb": says(ok(packed(long, 50), "Content-Encoding: gzip")),
		"brotli that is none": says(ok("{}", "Content-Encoding: br")), "zstd that is none": says(ok("{}", "Content-Encoding: zstd")), "deflate that is none": says(ok("{}", "Content-Encoding: deflate")), "an unknown encoding": says(ok("{}", "Content-Encoding: rot13")), "nested encodings": says(ok("{}", "Content-Encoding: gzip, gzip, gzip, gzip, gzip")),
		"100 Continue without an end": floods("", "HTTP/1.1 100 Continue\r\n\r\n"), "101 unasked": once("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"), "early hints": says("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + ok("{}")),
		"204 with a body": once("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello"), "304 with a body": once("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nhello"), "a body without an end": floods("HTTP/1.1 200 OK\r\n\r\n", "0123456789"), "20 MB": says(ok(strings.Repeat(long, 10))),
		"says close and stays": says(ok("{}", "Connection: close")), "says keep-alive and closes": once(ok("{}", "Connection: keep-alive")), "unknown connection options": says(ok("{}", "Connection: x-a, x-b")),
		"JSON nested 100,000 deep": says(ok(deep)), "JSON with 50,000 members": says(ok(wide(50_000))), "a number of 100,000 digits": says(ok(strings.Repeat("9", 100_000))), "JSON with one name twice": says(ok(`{"a":1,"a":2,"a":[3]}`)), "JSON cut off": says(ok(`{"a":[1,2`)),
		"invalid UTF-8": says(ok("\xff\xfe\xfd{}")), "UTF-16": says(ok("{\x00}\x00")), "zero bytes": says(ok(strings.Repeat("\x00", 5000))), "terminal commands": says(ok("\x1b]0;owned\a\x1b[2J\u009b31m\u202e")), "an XML bomb": says(ok(`<!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><x>&b;</x>`)),
		"HTML with scripts": says(ok(`<script>alert(1)</script><img src=x onerror=alert(1)>`)), "Markdown and tables": says(ok("|a|b|\n|--|--|\n[x](javascript:alert(1)) `x`")), "the end of CDATA": says(ok("]]>]]&gt;<![CDATA[")), "a workflow command": says(ok("::error::owned\n::set-output name=x::y")), "a formula": says(ok("=cmd|' /C calc'!A0")), "format verbs": says(ok("%s%n%d%!(EXTRA)")),
		"1,000 cookies": says(ok("{}", cookies(1000))), "a cookie of 100 KB": says(ok("{}", "Set-Cookie: a="+long[:100_000])), "a redirect to itself": says(status(302, "Location: /prod/x")), "a redirect to another host": says(status(307, "Location: https://evil.example/x?token=1")), "a redirect to nowhere": says(status(301)), "a redirect to a file": says(status(302, "Location: file:///etc/passwd")),
		"401 with a challenge": says(status(401, `WWW-Authenticate: Basic realm="x"`)), "407": says(status(407, "Proxy-Authenticate: Negotiate")), "403 always": says(status(403)), "429 always": says(status(429)), "429 with a wait of years": says(status(429, "Retry-After: 99999999999")), "429 with a wait below 0": says(status(429, "Retry-After: -5")), "429 with no date": says(status(429, "Retry-After: soon")), "503 with a date long gone": says(status(503, "Retry-After: Wed, 21 Oct 2015 07:28:00 GMT")),
		"500 always": says(status(500)), "502 always": says(status(502)), "504 always": says(status(504)), "599": says(status(599)), "418": says(status(418)), "a request id of another": says(ok("{}", "x-amzn-RequestId: 00000000-0000-4000-8000-000000000000")), "a request id with a quote": says(ok("{}", `x-amzn-RequestId: " | fields @message | limit 1`)), "two request ids": says(ok("{}", "x-amzn-RequestId: a", "x-amzn-RequestId: b")),
		"a date in the year 9999": says(ok("{}", "Date: Fri, 31 Dec 9999 23:59:59 GMT")), "a date that is none": says(ok("{}", "Date: yesterday")), "an age below 0": says(ok("{}", "Age: -1")), "an error type without an end": says(status(403, "x-amzn-ErrorType: "+long[:200_000])), "credentials echoed": echoes("200 OK"), "credentials echoed in an error": echoes("500 X"), "credentials echoed and cut off": func(c *Conn) {
			if head, ok := c.Request(); ok {
				c.Answered()
				fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n%s", head)
			}
		}, "credentials in the status line": func(c *Conn) {
			if head, ok := c.Request(); ok {
				c.Answered()
				fmt.Fprintf(c, "%s\r\n\r\n", strings.ReplaceAll(head, "\r\n", " "))
			}
		},
	}
	return kinds("HTTP/1.1", texts)
}

func wide(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"m%d":%d`, i, i)
	}
	return "{" + b.String()[1:] + "}"
}

func cookies(n int) string {
	var b []string
	for i := range n {
		b = append(b, fmt.Sprintf("Set-Cookie: c%d=v%d", i, i))
	}
	return strings.Join(b, "\r\n")
}
