package gwlog

// admission is what a request passes before its method.
type admission struct{ *writer }

// front writes what happens before the method runs: ids, authorizer, usage plan.
func (w admission) front() {
	if w.era != Era2016 && w.ExtendedRequestID != "" && w.Kind != WebSocket {
		w.note("Extended Request Id: %s", w.ExtendedRequestID)
	}
	if w.Authorizer != nil {
		w.authorize(w.Authorizer)
	}
	if w.refusedBefore() {
		return
	}
	w.usagePlan()
}

// refusedBefore tells whether the call ended before its usage plan was looked at.
func (w admission) refusedBefore() bool {
	switch w.Failure {
	case Unauthorized, AccessDenied, ResourcePolicy, AuthorizerConfig, AuthorizerFailure:
		return true
	}
	return false
}

func (w admission) authorize(a *Authorizer) {
	w.note("Starting authorizer: %s for request: %s", a.ID, w.RequestID)
	if w.Failure == Unauthorized && a.Endpoint == nil {
		return // the identity source is missing: the authorizer is never asked
	}
	w.detail("Incoming identity: %s", mask(a.Identity))
	if !a.Cached {
		w.askAuthorizer(a)
	}
	switch w.Failure {
	case Unauthorized, AuthorizerConfig, AuthorizerFailure:
	default:
		w.note("Using valid authorizer policy for principal: %s", mask(a.Principal))
		w.note("Successfully completed authorizer execution")
	}
}

// askAuthorizer writes the call of the authorizer's Lambda.
func (w admission) askAuthorizer(a *Authorizer) {
	if e := a.Endpoint; e != nil {
		w.detail("Endpoint request URI: %s", e.URI)
		w.detail("Endpoint request headers: %s", braces(w.endpointHeaders(*e, w.arn("authorizers/"+a.ID))))
		w.detail("Endpoint request body after transformations: %s", e.RequestBody)
		if w.era == Modern {
			w.detail("Sending request to %s", e.URI)
		}
	}
	w.wait(a.Latency)
	if a.Result != "" {
		w.detail("Authorizer result body before parsing: %s", a.Result)
	}
}

func (w admission) usagePlan() {
	if w.Kind == WebSocket {
		return
	}
	// An absent key leaves two spaces, as in the captures.
	key := mask(w.APIKey.Value)
	w.note("Verifying Usage Plan for request: %s. API Key: %s API Stage: %s", w.RequestID, key, w.stage)
	switch {
	case w.Failure == APIKeyRefused, w.Failure == KeyThrottled, w.Failure == QuotaExceeded, w.Failure == StageThrottled:
		return
	case !w.APIKey.Required && w.era != Era2016:
		w.note("API Key %s authorized because method '%s' does not require API Key. Request will not contribute to throttle or quota limits", key, w.methodTemplate())
	}
	w.note("Usage Plan check succeeded for API Key %s and API Stage %s", key, w.stage)
}

// methodTemplate is the declared method and resource, such as "ANY /{proxy+}".
func (c *Call) methodTemplate() string { return c.declaredMethod() + " " + c.Route }

func (c *Call) declaredMethod() string {
	if c.AnyMethod {
		return "ANY"
	}
	return c.Method
}
