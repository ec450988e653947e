package signature

import "slices"

// CausesOf lists the candidate causes of a gateway response type, most likely
// first; nil for a name that is no type.
func CausesOf(responseType string) []Candidate {
	switch r, ok := byType[responseType]; {
	case responseType == "ACCESS_DENIED":
		return plain(concat(deniedByAuthorizer, deniedByPolicy))
	case responseType == "DEFAULT_4XX":
		return plain(concat(unmatchedWithHeader, unparsableBody, badRequestCauses))
	case responseType == "DEFAULT_5XX":
		return plain(internalCauses)
	case ok:
		return plain(concat(r.causes))
	}
	return nil
}

// CausesOfStatus lists the candidate causes of a status of which nothing else is
// known, most likely first; nil for one that is no error.
func CausesOfStatus(status int) []Candidate {
	if status < 400 {
		return nil
	}
	return plain(concat(byStatus[status], headersNotShown[:1]))
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
	for _, list := range tables() {
		if i := slices.IndexFunc(list, func(c cause) bool { return c.name == name }); i >= 0 {
			return list[i].candidate(), true
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
	out := [][]cause{application, applicationOrNested, applicationOrOther, nestedGateway, serviceError, notTheGateway, cloudFrontRefused, s3Answered, functionURLDenied, loggedOnly}
	for _, r := range rules {
		out = append(out, r.causes)
	}
	for _, c := range networkCauses {
		out = append(out, c)
	}
	return append(out, wafChallenge, webSocketRoute, webSocketConnect, headersNotShown)
}
