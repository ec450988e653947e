package signature

import "slices"

// CausesOf lists the candidate causes of a gateway response type, most likely
// first; nil for a name that is no type.
func CausesOf(responseType string) []Candidate {
	causes := offered(ofType(responseType))
	if len(causes) == 0 {
		return nil
	}
	return plain(concat(causes))
}

// CausesFor is [CausesOf] for a request of which something is known, such as its
// method: what that rules out is left out.
func CausesFor(responseType string, a Answer) []Candidate {
	return conditioned(ofType(responseType), a)
}

func ofType(responseType string) []cause {
	switch responseType {
	case "ACCESS_DENIED":
		return concat(deniedByAuthorizer, deniedByPolicy)
	case "DEFAULT_4XX":
		return concat(unmatchedWithHeader, unparsableBody, badRequestCauses)
	case "DEFAULT_5XX":
		return internalCauses
	}
	return byType[responseType].causes
}

// CausesOfStatus lists the candidate causes of the status of an answer of which
// nothing else but the request is known, most likely first; nil for a status that
// is no error.
func CausesOfStatus(a Answer) []Candidate {
	if a.Status < 400 {
		return nil
	}
	return conditioned(concat(byStatus[a.Status], headersNotShown[:1]), a)
}

func conditioned(causes []cause, a Answer) []Candidate {
	if causes == nil {
		return nil
	}
	return candidacy{examine(a)}.candidates(causes)
}

// offered leaves out the causes that need something to speak for them.
func offered(causes []cause) []cause {
	return slices.DeleteFunc(slices.Clone(causes), func(c cause) bool { return c.when >= onPreflight && !c.permits })
}

func plain(causes []cause) []Candidate {
	out := make([]Candidate, 0, len(causes))
	for _, c := range causes {
		out = append(out, c.candidate())
	}
	return out
}

func (c cause) candidate() Candidate {
	return Candidate{Cause: c.name, Why: c.why, TellsApart: c.apart, Finding: c.finding}
}

// CauseNamed finds a candidate cause by its name, such as
// lambda-permission-missing.
func CauseNamed(name string) (Candidate, bool) {
	// A row that is offered in any case says what the cause is; the others say what
	// it is in one place.
	for _, fits := range []func(cause) bool{
		func(c cause) bool { return c.when < onPreflight },
		func(cause) bool { return true },
	} {
		for _, list := range tables() {
			if i := slices.IndexFunc(list, func(c cause) bool { return c.name == name && fits(c) }); i >= 0 {
				return list[i].candidate(), true
			}
		}
	}
	return Candidate{}, false
}

// CauseNames lists every candidate cause, sorted.
func CauseNames() []string {
	var out []string
	for _, list := range tables() {
		for _, c := range list {
			out = append(out, c.name)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func tables() [][]cause {
	out := [][]cause{application, applicationOrNested, applicationOrOther, nestedGateway, serviceError, notTheGateway, cloudFrontRefused, s3Answered, functionURLDenied, stageVariable, errorInBody, innerStatus, base64Body, loggedOnly, corsBlocked, gatewayCertificate, otherCertificate, clientCertificate, preflightUnheeded, cloudFrontRedirects, answerCut, cdnCache}
	for _, r := range rules {
		out = append(out, r.causes)
	}
	for _, c := range networkCauses {
		out = append(out, c)
	}
	return append(out, wafChallenge, webSocketRoute, webSocketConnect, headersNotShown)
}
