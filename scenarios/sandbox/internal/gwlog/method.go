package gwlog

import "cmp"

// method writes the run of the method itself: request, integration, response, and what failed.
func (w *writer) method() {
	if w.Kind != WebSocket && w.ran() {
		w.note("Starting execution for request: %s", w.RequestID)
		w.note("HTTP Method: %s, Resource Path: %s", w.Method, w.Path)
		w.key()
		w.request()
		w.validation()
		if w.Integration != nil {
			w.integration(*w.Integration)
		}
	}
	if w.Failure == "" {
		w.response()
	}
}

// ran tells whether the method ran, rather than being refused in front of it.
func (w *writer) ran() bool {
	switch w.Failure {
	case APIKeyRefused, KeyThrottled, QuotaExceeded, StageThrottled:
		return false
	}
	return !admission{w}.refusedBefore()
}

func (w *writer) key() {
	if w.APIKey.Value == "" {
		return
	}
	w.note("API Key: %s", mask(w.APIKey.Value))
	if w.era == Modern && w.APIKey.ID != "" {
		w.note("API Key ID: %s", w.APIKey.ID)
	}
}

func (w *writer) request() {
	body := w.Body
	if w.era == Era2016 {
		body = cmp.Or(body, "null")
	}
	w.detail("Method request path: %s", braces(w.PathParams))
	w.detail("Method request query string: %s", braces(w.Query))
	w.detail("Method request headers: %s", braces(w.Headers))
	w.detail("Method request body before transformations: %s", body)
}

func (w *writer) validation() {
	if w.Validation.Done {
		w.note("Request validation succeeded for content type %s", w.Validation.contentType())
	}
}

func (v Validation) contentType() string { return cmp.Or(v.ContentType, "application/json") }

// integration writes the exchange with the backend; a mock has none.
func (w *writer) integration(in Integration) {
	if in.Type == "MOCK" {
		return
	}
	w.complement(&in)
	w.detail("Endpoint request URI: %s", in.URI)
	w.detail("Endpoint request headers: %s", braces(in.RequestHeaders))
	w.detail("Endpoint request body after transformations: %s", in.RequestBody)
	if w.era != Era2016 {
		w.detail("Sending request to %s", in.URI)
	}
	w.wait(in.Latency)
	if in.Status == 0 {
		return
	}
	w.received(&in)
}

func (w *writer) received(in *Integration) {
	switch w.era {
	case Modern:
		w.detail("Received response. Status: %d, Integration latency: %d ms", in.Status, in.Latency.Milliseconds())
	case Era2017:
		w.detail("Received response. Integration latency: %d ms", in.Latency.Milliseconds())
	}
	headers := func() { w.detail("Endpoint response headers: %s", braces(in.ResponseHeaders)) }
	body := func() { w.detail("Endpoint response body before transformations: %s", in.ResponseBody) }
	if w.era == Modern {
		headers()
		body()
	} else {
		body()
		headers()
	}
}

// response writes what the caller got of a call that did not fail.
func (w *writer) response() {
	if !w.Finished.IsZero() {
		w.now = w.Finished
	}
	w.detail("Method response body after transformations: %s", w.Response.Body)
	w.detail("Method response headers: %s", braces(w.Response.Headers))
	w.note("Successfully completed execution")
}

// end writes the failure and the last lines.
func (w *writer) end() {
	w.complete()
	if w.Integration != nil && w.Integration.RequestID != "" && w.Integration.aws() {
		w.note("AWS Integration Endpoint RequestId : %s", w.Integration.RequestID)
	}
	if w.TraceID != "" {
		w.note("X-ray Tracing ID : %s", w.traceID())
	}
}

// complete writes the lines of a failure and the line that names the status.
func (w *writer) complete() {
	for _, line := range w.failureLines() {
		w.write("%s", line)
	}
	switch {
	case w.Failure == Unauthorized && !w.Response.Customised:
		// A 401 has no line with its status.
	case w.Response.Customised, w.Failure == AuthorizerConfig, w.Failure == AuthorizerFailure:
		w.write("Gateway response type: %s with status code: %d", w.responseType(), w.Response.Status)
	default:
		w.write("Method completed with status: %d", w.Response.Status)
	}
}
