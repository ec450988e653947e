package cause

import (
	"fmt"
	"slices"
	"time"

	"stageprobe/analyze/behaviour"
	"stageprobe/analyze/signature"
	"stageprobe/probe"
)

// given are facts of answers that are listed: for each target and scenario the behaviours
// in the order in which they came, an index into the clusters of the input.
func given(in *Input, answers ...[][]int) *Facts {
	fx := &Facts{Input: in, alpha: .01}
	for len(in.Plan.Targets) < len(answers) {
		n := len(in.Plan.Targets)
		in.Plan.Targets = append(in.Plan.Targets, probe.Target{ID: fmt.Sprint("t", n), Kind: probe.InvokeURL, APIID: "a", Stage: fmt.Sprint("s", n)})
	}
	for _, scenarios := range answers {
		for len(in.Plan.Scenarios) < len(scenarios) {
			n := len(in.Plan.Scenarios)
			in.Plan.Scenarios = append(in.Plan.Scenarios, probe.Scenario{Name: fmt.Sprint("sc", n), Method: "GET", Path: fmt.Sprint("/", n)})
		}
	}
	for i, scenarios := range answers {
		sub := newTarget(fx, i)
		fx.targets = append(fx.targets, sub)
		for j, kinds := range scenarios {
			c := sub.cells[j]
			for _, k := range kinds {
				n := len(in.Rows)
				in.Rows = append(in.Rows, Row{Target: i, Scenario: j, Cluster: k, Table: n, Seq: uint64(n), At: began.Add(time.Duration(n) * time.Second), RequestID: fmt.Sprint("id", n)})
				c.take(n, k)
				in.Clusters[k].Target, in.Clusters[k].Scenario = i, j
			}
			rank(fx, c)
		}
	}
	in.Table = told(in)
	fx.copies = make([]copies, len(fx.targets))
	return fx
}

// behaviours are clusters with ids.
func behaviours(list ...*Cluster) []Cluster {
	var out []Cluster
	for i, c := range list {
		if c.ID == "" {
			c.ID = fmt.Sprint("k", i)
		}
		out = append(out, *c)
	}
	return out
}

// replied is a behaviour by who answered.
func replied(status int, by signature.Producer, response, errType string) *Cluster {
	class := signature.Informative
	if status == 0 {
		class = signature.Transport
	}
	return &Cluster{Cluster: &behaviour.Cluster{Status: status, Class: class, Reading: signature.Reading{Producer: by, GatewayResponse: response, ErrorType: errType}}}
}

func served200() *Cluster { return replied(200, signature.Integration, "", "") }

func fail502() *Cluster { return replied(502, signature.Integration, "", "") }

func noRouteOf() *Cluster { return replied(403, signature.Gateway, "MISSING_AUTHENTICATION_TOKEN", "") }

func nothingKnown(fx *Facts) *Known {
	return know(fx, nil, nil, every)
}

// rowsOf makes rows of one target, one after the other, each of a behaviour.
func rowsOfKinds(kinds ...int) []Row {
	var rows []Row
	for i, k := range kinds {
		rows = append(rows, Row{Seq: uint64(i), At: began.Add(time.Duration(i) * time.Second), Cluster: k, Table: i})
	}
	return rows
}

func marked(deviant ...int) []draw {
	var out []draw
	for i, d := range deviant {
		out = append(out, draw{i, d == 1})
	}
	return out
}

func repeated(n, what int) []int { return slices.Repeat([]int{what}, n) }

func bitsOf(zeros, ones int) []bool {
	return append(make([]bool, zeros), slices.Repeat([]bool{true}, ones)...)
}

func sumOf(list []int) (n int) {
	for _, x := range list {
		n += x
	}
	return n
}
