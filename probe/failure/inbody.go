package failure

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
)

// maxBody is how much of a body is looked at.
const maxBody = 1 << 20

// InBody finds a failure inside the body of an answer that is a success by its
// status: an error of a function, the envelope of a proxy integration that nobody
// took apart, a status of an error, base64 that nobody decoded.
func InBody(body []byte) (f Failure, ok bool) {
	body = bytes.TrimSpace(body)
	switch {
	case len(body) == 0 || len(body) > maxBody:
		return Failure{}, false
	case body[0] == '{':
		return inObject(body)
	case isEncoded(body):
		return inBody("base64-body", Malformed, "the body is base64 text that nothing decoded"), true
	}
	return Failure{}, false
}

func inBody(candidate string, kind Kind, why string) Failure {
	return Failure{
		Cause: CauseIntegration, Kind: kind, Candidate: candidate, Producer: byIntegration,
		Why: why, Check: "aws apigateway get-integration: type, integrationResponses[].selectionPattern; the function's return value.",
	}
}

func inObject(body []byte) (Failure, bool) {
	var o map[string]json.RawMessage
	if json.Unmarshal(body, &o) != nil {
		return Failure{}, false
	}
	// A Lambda runtime's own error has these members (Lambda guide, "Function
	// errors"); errorMessage alone is one where nothing else stands beside it.
	if _, threw := o["errorMessage"]; threw && (o["errorType"] != nil || o["stackTrace"] != nil || o["trace"] != nil || len(o) == 1) {
		return inBody("error-in-body", Function, "the function threw, and its error is the body of a success"), true
	}
	status, numbered := number3(o["statusCode"])
	if !numbered {
		return Failure{}, false
	}
	// The envelope of a proxy integration's answer (developer guide, "Output format
	// of a Lambda function for proxy integration"): nothing else may stand in it.
	envelope := 0
	for name := range o {
		switch name {
		case "statusCode":
		case "headers", "multiValueHeaders", "body", "isBase64Encoded", "cookies", "statusDescription":
			envelope++
		default:
			envelope = -100
		}
	}
	switch {
	case envelope > 0:
		kind := Malformed
		if status >= 400 {
			kind = Function
		}
		return inBody("inner-status", kind, "the body is a proxy integration's envelope, whose status never reached the caller"), true
	case status >= 400:
		return inBody("inner-status", Function, "the body of a success holds an error status"), true
	}
	return Failure{}, false
}

// EnvelopeFault says in what a function's answer is not what a proxy integration
// takes (developer guide, "Output format of a Lambda function for proxy
// integration"); "" where nothing is wrong with it, or where the text was cut.
func EnvelopeFault(body []byte) string {
	body = bytes.TrimSpace(body)
	var o map[string]json.RawMessage
	switch {
	case len(body) == 0 || bytes.HasSuffix(body, []byte("[TRUNCATED]")):
		return ""
	case bytes.Equal(body, []byte("null")):
		return "the function returned null: an asynchronous handler that does not wait, or none at all"
	case body[0] != '{':
		return "the function returned something other than an object"
	case json.Unmarshal(body, &o) != nil:
		return ""
	}
	if _, threw := o["errorMessage"]; threw {
		return "" // an error of the function's, which is none of its form
	}
	status, numbered := o["statusCode"], false
	if _, numbered = number3(status); !numbered {
		return "the function's answer has no statusCode that is a number from 100 to 599"
	}
	for name, raw := range o {
		switch raw = bytes.TrimSpace(raw); name {
		case "body":
			if raw[0] == '{' || raw[0] == '[' {
				return "body is an object, and must be a text (JSON.stringify, json.dumps)"
			}
		case "headers":
			if raw[0] == '[' || raw[0] == '"' {
				return "headers is no object of names and values"
			}
		case "multiValueHeaders":
			if raw[0] != '{' && !bytes.Equal(raw, []byte("null")) {
				return "multiValueHeaders is no object of names and lists"
			}
		}
	}
	return ""
}

// number3 reads a status, also one that is written as a text.
func number3(raw json.RawMessage) (int, bool) {
	raw = bytes.Trim(raw, `"`)
	if len(raw) != 3 || raw[0] < '1' || raw[0] > '5' {
		return 0, false
	}
	var n int
	if json.Unmarshal(raw, &n) != nil {
		return 0, false
	}
	return n, true
}

// magic begins what people encode: JSON, HTML, XML, images, archives.
var magic = [][]byte{[]byte("{\""), []byte("[{"), []byte("[\""), []byte("<"), []byte("\x89PNG"), []byte("\xff\xd8\xff"), []byte("GIF8"), []byte("%PDF"), []byte("PK\x03\x04"), []byte("\x1f\x8b\x08"), []byte("RIFF"), []byte("wOFF"), []byte("wOF2")}

// isEncoded tells whether a text is base64 of something that is recognised.
func isEncoded(text []byte) bool {
	const shortest = 16
	text = bytes.Trim(text, `"`)
	if len(text) < shortest || bytes.ContainsAny(text[:shortest], " <>{}[]():.,;-_") {
		return false
	}
	head := text[:len(text)/4*4]
	if len(head) > 64 {
		head = head[:64]
	}
	plain, err := base64.StdEncoding.DecodeString(string(head))
	if err != nil {
		return false
	}
	for _, m := range magic {
		if bytes.HasPrefix(plain, m) {
			return true
		}
	}
	return false
}
