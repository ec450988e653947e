package explain

import (
	"cmp"
	"slices"

	"stageprobe/probe"
)

// withAccess adds what access-log entries say to the requests of an execution
// log. Entries of other requests stand behind them.
func withAccess(records, entries []probe.LogRecord) []probe.LogRecord {
	byID := map[string]int{}
	for i := range records {
		byID[records[i].RequestID], byID[records[i].ExtendedID] = i, i
	}
	delete(byID, "")
	for _, e := range entries {
		i, found := byID[e.ExtendedID]
		if !found {
			i, found = byID[e.RequestID]
		}
		if found {
			complete(&records[i], &e)
		} else {
			records = append(records, e)
		}
	}
	return records
}

// complete fills in what the execution log does not tell. A gateway response that
// the access log names outranks one that follows from a failure line.
func complete(rec, entry *probe.LogRecord) {
	fill(&rec.RequestID, entry.RequestID)
	fill(&rec.ExtendedID, entry.ExtendedID)
	fill(&rec.APIKind, entry.APIKind)
	fill(&rec.APIID, entry.APIID)
	fill(&rec.Stage, entry.Stage)
	fill(&rec.DeploymentID, entry.DeploymentID)
	fill(&rec.Canary, entry.Canary)
	fill(&rec.Method, entry.Method)
	fill(&rec.Path, entry.Path)
	fill(&rec.Template, entry.Template)
	fill(&rec.Status, entry.Status)
	fill(&rec.Error, entry.Error)
	fill(&rec.Detail, entry.Detail)
	fill(&rec.IntegrationStatus, entry.IntegrationStatus)
	fill(&rec.IntegrationLatencyMS, entry.IntegrationLatencyMS)
	fill(&rec.IntegrationCalled, entry.IntegrationCalled)
	fill(&rec.LambdaRequestID, entry.LambdaRequestID)
	fill(&rec.Producer, entry.Producer)
	fill(&rec.WAF, entry.WAF)
	if rec.GatewayResponse == "" || rec.GatewayResponseImplied && !entry.GatewayResponseImplied {
		rec.GatewayResponse = cmp.Or(entry.GatewayResponse, rec.GatewayResponse)
	}
	rec.Complete = rec.Complete || entry.Complete
	rec.Doubts = slices.Concat(rec.Doubts, entry.Doubts)
}

func fill[T comparable](to *T, from T) { *to = cmp.Or(*to, from) }
