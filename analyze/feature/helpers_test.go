package feature

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"stageprobe/analyze/signature"
	"stageprobe/probe"
)

var due = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// observed is an answer with a body, of JSON unless a header says otherwise.
func observed(body string, headers ...string) *probe.Observation {
	o := &probe.Observation{Due: due, Outcome: probe.OutcomeResponse, Status: 200, Body: []byte(body), BodySize: int64(len(body))}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		o.Header = append(o.Header, probe.Header{Name: name, Value: value})
	}
	return o
}

var integration = &signature.Reading{Producer: signature.Integration}

// listed are the features of an answer by name.
func listed(x *Extractor, o *probe.Observation) map[string]string {
	out := map[string]string{}
	for _, v := range x.Features(o, integration) {
		d := &x.Defs()[v.Def]
		out[d.String()] = fmt.Sprintf("%s (%x)", v.Text, v.Hash)
	}
	return out
}

// changed are the features by which two answers differ, sorted.
func changed(a, b map[string]string) []string {
	var out []string
	for k, v := range a {
		if b[k] != v {
			out = append(out, k)
		}
	}
	for k := range b {
		if _, ok := a[k]; !ok {
			out = append(out, k)
		}
	}
	slices.Sort(out)
	return out
}

func rules(t *testing.T, texts ...string) []Rule {
	t.Helper()
	var out []Rule
	for _, s := range texts {
		r, err := ParseRule(s)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, r)
	}
	return out
}
