package feature

import (
	"bytes"
	"math/bits"
	"strconv"
	"strings"

	"stageprobe/analyze/signature"
	"stageprobe/probe"
)

// classFeatures are the class features of an answer.
type classFeatures struct{ *Extractor }

// The class features of an answer as a whole.
const (
	classOutcome = iota
	classStatus
	classErrorType
	classProducer
	classResponse
	classMedia
	classBody
	classFailure
	classes
)

var classPaths = [classes]string{
	":outcome", ":status", ":error-type", ":producer", ":gateway-response", ":media-type", ":body", ":failure",
}

// defineClasses defines the class features of an answer as a whole, so that they
// come before all others where an answer has too many.
func (x classFeatures) defineClasses() {
	for i, path := range classPaths {
		if !x.ignores(path) {
			x.class[i] = x.define(Def{Path: path, Class: true, Late: PathKind}, 0)
		}
	}
}

func (x classFeatures) classText(class int, text string) {
	if text == "" || x.class[class] == 0 {
		return
	}
	x.text = append(x.text[:0], text...)
	x.put(x.class[class], hash(text), x.text)
}

// answer lists the class features but for those of the body.
func (x classFeatures) answer(o *probe.Observation, r *signature.Reading) {
	x.classText(classOutcome, string(probe.OutcomeResponse))
	x.classText(classStatus, strconv.Itoa(o.Status))
	errorType := r.ErrorType
	if errorType == "" {
		errorType, _, _ = strings.Cut(o.Get("x-amzn-errortype"), ":")
	}
	x.classText(classErrorType, errorType)
	x.classText(classProducer, string(r.Producer))
	x.classText(classResponse, r.GatewayResponse)
	x.classText(classMedia, mediaType(o.Get("content-type")))
}

// mediaType is a content type without parameters.
func mediaType(contentType string) string {
	media, _, _ := strings.Cut(contentType, ";")
	return strings.ToLower(strings.TrimSpace(media))
}

// bodyState lists whether the body is whole. broken says in what way it could
// not be read as what it claims to be.
func (x classFeatures) bodyState(o *probe.Observation, body []byte, broken string) {
	switch {
	case o.Truncated:
		x.classText(classBody, "over the limit, about "+sizeClass(o.BodySize)+" bytes")
	case x.cut(o):
		x.classText(classBody, "cut short")
	case len(bytes.TrimSpace(body)) == 0:
		x.classText(classBody, "empty")
	case broken != "":
		x.classText(classBody, broken)
	default:
		x.classText(classBody, "whole")
	}
}

// cut tells whether less has arrived than was announced.
func (x classFeatures) cut(o *probe.Observation) bool {
	if strings.EqualFold(x.opts.Scenario.Method, "HEAD") || o.Status == 304 {
		return false
	}
	n, err := strconv.ParseInt(strings.TrimSpace(o.Get("content-length")), 10, 64)
	// A transport that decodes a body removes content-length, so that what is
	// announced counts the bytes that are kept.
	return err == nil && n > max(o.BodySize, int64(len(o.Body)))
}

// sizeClass is a length as a power of two.
func sizeClass(n int64) string {
	return strconv.FormatInt(1<<max(bits.Len64(uint64(max(n, 0)))-1, 0), 10)
}

// inner keeps what a JSON object at the top says of a failure inside a 2xx: the
// error object of a Lambda function (errorMessage, errorType) and a proxy
// response that was not unwrapped (statusCode).
type inner struct {
	errorType, message bool
	name               []byte
	status             int
}

func (f *inner) see(key, text []byte, k kind) {
	switch string(key) {
	case "errorMessage":
		f.message = f.message || k == kindString
	case "errorType":
		if k == kindString {
			f.errorType, f.name = true, append(f.name[:0], text[:min(len(text), 128)]...)
		}
	case "statusCode":
		if n, err := strconv.Atoi(string(text[:min(len(text), 8)])); err == nil && n >= 400 && n <= 599 {
			f.status = n
		}
	}
}

// failure lists a failure inside a 2xx.
func (x classFeatures) failure(o *probe.Observation, f *inner) {
	if o.Status < 200 || o.Status > 299 {
		return
	}
	var words []string
	switch {
	case f.errorType:
		words = append(words, "errorType "+string(f.name))
	case f.message:
		words = append(words, "errorMessage")
	}
	if f.status > 0 {
		words = append(words, "statusCode "+strconv.Itoa(f.status))
	}
	x.classText(classFailure, strings.Join(words, ", "))
}
