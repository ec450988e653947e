package redact

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"stageprobe/probe"
)

func TestRedactorReplaces(t *testing.T) {
	r := New("42", "open", "Xy7-long/secret")
	r.AddHeader("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("wally:hunter2!")))
	r.AddHeader("Cookie", "lang=en; sid=s3ss10nvalue99")
	r.AddHeader("X-Tenant", "smoke")
	r.AddQuery("token=q-tok%2B123&limit=10&key=orders")
	for text, want := range map[string]string{
		"Xy7-long/secret":          "***",
		"a Xy7-long%2fsecret b":    "a *** b",
		`{"x":"Xy7-long\/secret"}`: `{"x":"***"}`,
		"wally and HUNTER2!":       "*** and ***",
		"422 and 42, x42, 1.42e3":  "422 and ***, x42, 1.42e3",
		"opened, open-ended":       "opened, ***-ended",
		"en smoke orders 10":       "en smoke orders 10",
		"sid s3ss10nvalue99":       "sid ***",
		"cut: s3ss10nval":          "cut: ***",
		"ends with s3ss":           "ends with ***",
		"q-tok+123 q-tok%2B123":    "*** ***",
		"nothing of it":            "nothing of it",
		"eCXy7-long/secret":        "eC***",
	} {
		if got := r.String(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
		if got := string(r.Bytes([]byte(text))); got != want {
			t.Errorf("bytes of %q become %q, want %q", text, got, want)
		}
	}
}

func TestSecretNames(t *testing.T) {
	for _, name := range []string{"Authorization", "authorization", "Proxy-Authorization", "Cookie", "x-api-key", "X-Auth-Token", "X-Amz-Security-Token", "x-functions-key", "Ocp-Apim-Subscription-Key", "X-CSRF-Token", "X-Session-Id"} {
		if !SecretName(name) {
			t.Errorf("%s is not secret", name)
		}
	}
	for _, name := range []string{"Accept", "Content-Type", "User-Agent", "X-Request-Id", "x-monkey", "X-Tenant", "x-amzn-requestid", "traceparent", "x-author"} {
		if SecretName(name) {
			t.Errorf("%s is secret", name)
		}
	}
	for query, want := range map[string]string{
		"a=1&token=x&b=2": "a=1&token=***&b=2", "X-Amz-Signature=ab&x=": "X-Amz-Signature=***&x=", "code=1": "code=***", "postcode=1": "postcode=1", "": "", "token": "token", "%74oken=x": "%74oken=***",
	} {
		if got := MaskQuery(query); got != want {
			t.Errorf("%s becomes %s, want %s", query, got, want)
		}
	}
	for raw, want := range map[string]string{
		"https://u:p@h/x?token=a#id_token=b": "https://***@h/x?token=***#id_token=***", "/x?limit=1": "/x?limit=1", "https://h/a@b": "https://h/a@b",
		"https://u:p/q?r@h/x": "https://***@h/x", "https://a+b/c@h/x": "https://***@h/x", "https://h:443/a@b": "https://h:443/a@b", "/a;token=hush/b;v=2;k?x=1": "/a;token=***/b;v=2;k?x=1", "https://h/a;jsessionid=hush": "https://h/a;jsessionid=***", "http://[::1]:80/a@b": "http://[::1]:80/a@b",
	} {
		if got := MaskURL(raw); got != want {
			t.Errorf("%s becomes %s, want %s", raw, got, want)
		}
	}
}

func TestAnAnswersOwnSecrets(t *testing.T) {
	clean := func(o probe.Observation) probe.Observation {
		c := &Cleaner{Secrets: &Redactor{}}
		c.Clean(&http.Request{}, &o)
		return o
	}
	for body, kept := range map[string]bool{
		`{"access_token":"abcdefgh12345678","n":1}`: false, `{"password":"it's \"mine\" 7"}`: false, `{"body":"{\"api_key\":\"abcd1234efgh\"}"}`: false,
		`{"token_type":"Bearer","message":"Missing Authentication Token"}`: true, `{"monkey":"abcdefgh12345678"}`: true, `{"session":"open"}`: true, `{"nextToken":null}`: true, `{"authorizer":"abcdefgh12345678"}`: true,
		"AKIAIOSFODNN7EXAMPLE": false, "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJtZSJ9.c2lnbmF0dXJl": false, "/x?access_token=abcdefgh1234&y=1": false, "-----BEGIN PRIVATE KEY-----\nabc": false,
	} {
		o := clean(probe.Observation{Body: []byte(body)})
		if (string(o.Body) == body) != kept || json.Valid([]byte(body)) != json.Valid(o.Body) {
			t.Errorf("%s becomes %s", body, o.Body)
		}
		if again := clean(o); string(again.Body) != string(o.Body) {
			t.Errorf("%s becomes %s at last", o.Body, again.Body)
		}
	}
	header := func(v string) string {
		return clean(probe.Observation{Header: []probe.Header{{Name: "Set-Cookie", Value: v}}}).Header[0].Value
	}
	if a, b := header("sid=abcdefgh1234; Path=/"), header("sid=abcdefgh1235; Path=/"); a == b || a != header("sid=abcdefgh1234; Path=/") || !strings.HasSuffix(a, "; Path=/") || strings.Contains(a, "abcd") {
		t.Errorf("cookies become %q and %q", a, b)
	}
	if got := header("v=2"); got != "v=2" {
		t.Errorf("a variant becomes %q", got)
	}
}

// FuzzRedactor: whatever stands around it and however it is escaped, a secret is
// not found afterwards, and JSON stays JSON.
func FuzzRedactor(f *testing.F) {
	f.Add("a", "s3cret-value", "b")
	f.Add(`{"token":"`, `quo"te\back/slash`, `"}`)
	f.Fuzz(func(t *testing.T, before, secret, after string) {
		if len(secret) < headLength || strings.Contains(secret, "*") || strings.Contains("***", secret) {
			t.Skip()
		}
		r := New(secret)
		quoted, _ := json.Marshal(secret)
		for _, spelt := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret), strings.Trim(string(quoted), `"`), base64.StdEncoding.EncodeToString([]byte(secret))} {
			if got := r.String(before + spelt + after); strings.Contains(got, secret) && !strings.Contains(before+"***"+after, secret) {
				t.Errorf("%q leaves %q", before+spelt+after, got)
			}
		}
		text := before + secret + after
		own := OwnText(text)
		if json.Valid([]byte(text)) && !json.Valid([]byte(own)) {
			t.Errorf("%s becomes %s, which is no JSON", text, own)
		}
	})
}

// TestEveryCharacterEscaped: URLs, HTML and JSON may escape what needs no escape.
func TestEveryCharacterEscaped(t *testing.T) {
	r := &Redactor{}
	r.AddHeader("Authorization", "Key+7/q88==x9") // no pair of a name and a value
	for _, text := range []string{
		"%4b%65%79%2b%37%2f%71%38%38%3d%3d%78%39", "%4B%65%79%2B%37%2F%71%38%38%3D%3D%78%39",
		"&#75;&#101;&#121;&#43;&#55;&#47;&#113;&#56;&#56;&#61;&#61;&#120;&#57;", "&#x4b;&#x65;&#x79;&#x2b;&#x37;&#x2f;&#x71;&#x38;&#x38;&#x3d;&#x3d;&#x78;&#x39;",
		`\u004b\u0065\u0079\u002b\u0037\u002f\u0071\u0038\u0038\u003d\u003d\u0078\u0039`, `\u004B\u0065\u0079\u002B\u0037\u002F\u0071\u0038\u0038\u003D\u003D\u0078\u0039`,
		"9x==88q/7+yeK", "Key+7/q88",
		"Key%2B7/q88%3D=x9", `\x4bey+7\/q88=\u003dx9`, "%254bey+7%252fq88==x9", `\\\"Key+7\\/q88&#61;&#x3D;x9`, "4b 65 79 2b 37 2f 71 38 38 3d 3d 78 39",
		"4b:65:79:2b:37:2f:71:38:38:3d:3d:78:39", "S2V5KzcvcTg4PT14OQ==", "UzJWNUt6Y3ZjVGc0UFQxNE9RPT0=",
	} {
		want := "a ***"
		if strings.HasPrefix(text, `\`) && strings.Contains(text, `"`) {
			want = `a \\\"***` // the quotation mark before it stays
		}
		if got := r.String("a " + text); got != want {
			t.Errorf("%s: %q", text, got)
		}
	}
	if text := `50 % of C:\new\table & &amp; 100%25 \u0041`; r.String(text) != text {
		t.Errorf("%s becomes %s", text, r.String(text))
	}
}

// TestSecretsOfABody: what is secret by its name in a body that is sent, and a value
// that is not ASCII.
func TestSecretsOfABody(t *testing.T) {
	for sent, answers := range map[string][]string{
		`{"user":"me","login":[{"password":"Wör1er!x"}]}`: {`{"echo":"Wör1er!x"}`, `{"echo":"W\u00f6r1er!x"}`, "%57%c3%b6r1er%21x"},
		"user=me&client_secret=W%26r1er%21x":              {`"W\u0026r1er!x"`, "W&amp;r1er!x"},
	} {
		r := &Redactor{}
		r.AddBody([]byte(sent))
		for _, a := range answers {
			if got := r.String(a); strings.Contains(got, "r1er") || r.String("me") != "me" {
				t.Errorf("%s: %s", a, got)
			}
		}
	}
}
