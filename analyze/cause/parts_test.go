package cause

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"stageprobe/analyze/behaviour"
	"stageprobe/analyze/diff"
	"stageprobe/analyze/signature"
	"stageprobe/analyze/stat"
	"stageprobe/probe"
	"stageprobe/probe/failure"
)

// replied is a behaviour by who answered.
func replied(status int, by signature.Producer, response, errType string) *Cluster {
	class := signature.Informative
	if status == 0 {
		class = signature.Transport
	}
	return &Cluster{Cluster: &behaviour.Cluster{Status: status, Class: class, Reading: signature.Reading{Producer: by, GatewayResponse: response, ErrorType: errType}}}
}

func TestKindsOfAnswers(t *testing.T) {
	for _, tt := range []struct {
		c                                    *Cluster
		forbidden, unrouted, refused, failed bool
		kind                                 string
	}{
		{replied(200, signature.Integration, "", ""), false, false, false, false, "answer"},
		{replied(403, signature.Gateway, "", "ForbiddenException"), true, false, true, false, "refusal 403 ForbiddenException"},
		{replied(403, signature.Gateway, "", ""), true, false, true, false, "refusal 403 "},
		{replied(403, signature.Gateway, "WAF_FILTERED", ""), false, false, true, false, "refusal 403 WAF_FILTERED"},
		{replied(403, signature.Gateway, "ACCESS_DENIED", "ForbiddenException"), true, false, true, false, "refusal 403 ACCESS_DENIED"},
		{replied(403, signature.Integration, "", "ForbiddenException"), false, false, false, false, "answer"},
		{replied(403, signature.Authorizer, "", "ForbiddenException"), false, false, true, false, "refusal 403 ForbiddenException"},
		{replied(401, signature.Authorizer, "UNAUTHORIZED", ""), false, false, true, false, "refusal 401 UNAUTHORIZED"},
		{replied(403, signature.Gateway, "MISSING_AUTHENTICATION_TOKEN", ""), false, true, true, false, "refusal 403 MISSING_AUTHENTICATION_TOKEN"},
		{replied(403, signature.Gateway, "", "IncompleteSignatureException"), false, true, true, false, "refusal 403 IncompleteSignatureException"},
		{replied(403, signature.Integration, "", "MissingAuthenticationTokenException"), false, false, false, false, "answer"},
		{replied(404, signature.Gateway, "", ""), false, true, true, false, "refusal 404 "},
		{replied(404, "", "", ""), false, false, false, false, "answer"},
		{replied(404, signature.Integration, "", ""), false, false, false, false, "answer"},
		{replied(400, signature.Gateway, "BAD_REQUEST_BODY", ""), false, false, false, false, "answer"},
		{replied(402, signature.Gateway, "", ""), false, false, false, false, "answer"},
		{replied(499, signature.Integration, "", ""), false, false, false, false, "answer"},
		{replied(500, signature.Gateway, "DEFAULT_5XX", "X"), false, false, false, true, "failure 500 DEFAULT_5XX"},
		{replied(502, signature.Integration, "", "X"), false, false, false, true, "failure 502 X"},
		{replied(0, signature.Network, "", ""), false, false, false, true, "no answer"},
	} {
		c := tt.c
		if forbidden(c) != tt.forbidden || unrouted(c) != tt.unrouted || nowhere(c) != (tt.forbidden || tt.unrouted) || refused(c) != tt.refused || c.fails() != tt.failed || unwanted(c) != (tt.refused || tt.failed) || kindOf(c) != tt.kind {
			t.Errorf("%d %+v: forbidden %v, unrouted %v, refused %v, fails %v, %q", c.Status, c.Reading, forbidden(c), unrouted(c), refused(c), c.fails(), kindOf(c))
		}
	}
	asks := replied(202, signature.Integration, "", "")
	asks.Exemplar = &behaviour.Exemplar{Header: []probe.Header{{Name: "x-amzn-waf-action", Value: "challenge"}}}
	if !refused(asks) || !wafAction(asks) {
		t.Error("a challenge of AWS WAF refuses")
	}
}

func TestPoliciesThatMayAdmit(t *testing.T) {
	for policy, want := range map[string]bool{
		"": true, "{": false, `{"Statement":7}`: false, `{"Statement":[]}`: false,
		`{"Statement":[{"Effect":"Allow"}]}`:                                                           true,
		`{"Statement":{"Effect":"Allow"}}`:                                                             true,
		`{"Statement":{"Effect":"Deny"}}`:                                                              false,
		`{"Statement":[{"Effect":"Allow"},{"Effect":"Deny"}]}`:                                         false,
		`{"Statement":[{"Effect":"Deny","Condition":{"NotIpAddress":{}}},{"Effect":"Allow"}]}`:         true,
		`{"Statement":[{"Effect":"Deny","Condition":{"NotIpAddress":{}}}]}`:                            false,
		`{"Statement":[{"Effect":"Allow"},{"Effect":"Deny","Condition":{"StringNotEquals":{"a":1}}}]}`: true,
	} {
		if mayAdmit(policy) != want {
			t.Errorf("%s may let somebody in: %v", policy, !want)
		}
	}
}

func TestWhatRecordsSay(t *testing.T) {
	status := func(n int) *int { return &n }
	for _, tt := range []struct {
		r                probe.LogRecord
		refusal, failure Fact
		refuser          string
	}{
		{probe.LogRecord{}, nil, nil, ""},
		{probe.LogRecord{WAF: "WAF_BLOCK", AuthorizerOutcome: "deny"}, Decided{By: "WAF", Outcome: "WAF_BLOCK"}, nil, "WAF_FILTERED"},
		{probe.LogRecord{AuthorizerOutcome: "deny", UsagePlan: "quota"}, Decided{By: "authorizer", Outcome: "deny"}, nil, ""},
		{probe.LogRecord{AuthorizerOutcome: "allow", UsagePlan: "quota"}, Decided{By: "usage plan", Outcome: "quota"}, nil, ""},
		{probe.LogRecord{UsagePlan: "throttled"}, Decided{By: "usage plan", Outcome: "throttled"}, nil, ""},
		{probe.LogRecord{UsagePlan: "ok", Error: "API Key is missing"}, Plain{Text: "API Key is missing"}, Plain{Text: "API Key is missing"}, "INVALID_API_KEY"},
		{probe.LogRecord{Error: "E", IntegrationStatus: status(503)}, Plain{Text: "E"}, Plain{Text: "E"}, ""},
		{probe.LogRecord{IntegrationStatus: status(500)}, nil, IntegrationAnswered{Status: 500}, ""},
		{probe.LogRecord{IntegrationStatus: status(499)}, nil, nil, ""},
	} {
		if got := refusalLine(&tt.r); got != tt.refusal {
			t.Errorf("%+v says of a refusal %+v, want %+v", tt.r, got, tt.refusal)
		}
		if got := failureLine(&tt.r); got != tt.failure {
			t.Errorf("%+v says of a failure %+v, want %+v", tt.r, got, tt.failure)
		}
		if got := refuserByLog(&tt.r); got != tt.refuser {
			t.Errorf("%+v names %q, want %q", tt.r, got, tt.refuser)
		}
	}
	if served(&probe.LogRecord{}) != nil {
		t.Error("a record that names nobody says that somebody served")
	}
	if got := served(&probe.LogRecord{Stage: "prod", GroupCanary: true}); got != (ServedBy{Stage: "prod", CanaryGroup: true}) {
		t.Errorf("%+v", got)
	}
}

func TestParametersOutsideTheKey(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		key  []string
		want []string
	}{
		{"page=1", "page=2", nil, []string{"page"}},
		{"page=1", "page=1", nil, nil},
		{"page=1&x=1", "x=2", nil, []string{"page", "x"}},
		{"page=1", "page=2", []string{"method.request.querystring.page"}, nil},
		{"page=1", "page=2", []string{"method.request.multivaluequerystring.page"}, nil},
		{"page=1&x=1", "page=2&x=2", []string{"method.request.querystring.x"}, nil},
		{"page=1", "page=2", []string{"method.request.querystring.x"}, []string{"page"}},
		{"page=1&page=2", "page=1", nil, []string{"page"}},
		{"a=%zz", "a=1", nil, nil},
		{"a=1", "a=%zz", nil, nil},
	} {
		if got := leftOut(tt.a, tt.b, tt.key); !slices.Equal(got, tt.want) {
			t.Errorf("%s and %s by the key %q: %q, want %q", tt.a, tt.b, tt.key, got, tt.want)
		}
	}
	st := &probe.Stage{Methods: map[string]probe.MethodSettings{"*/*": {CacheTTL: 1}, "/a/GET": {CacheTTL: 2}}}
	if own, other := st.InForce("/a/GET").CacheTTL, st.InForce("/b/GET").CacheTTL; own != 2 || other != 1 {
		t.Errorf("%d and %d are in force, want a method's own and that of all", own, other)
	}
}

func TestWhatEditsDemand(t *testing.T) {
	route := func(validator string, parameters map[string]bool) *probe.Definition {
		return &probe.Definition{Routes: map[string]probe.Route{"GET /a": {Validator: validator, Parameters: parameters}}}
	}
	both := map[string]bool{"path.id": true, "query.b": true, "query.c": true, "query.a": false}
	for _, tt := range []struct {
		name     string
		editor   *probe.Definition
		d        diff.Difference
		want     string
		demanded bool
	}{
		{"no editor", nil, diff.Difference{Subject: "GET /a", Aspect: "validator"}, "", false},
		{"no validator", route("body", both), diff.Difference{Subject: "GET /a", Aspect: "validator"}, "", false},
		{"a validator that is new", route("params", both), diff.Difference{Subject: "GET /a", Aspect: "validator"}, "query.b", true},
		{"a validator that was one", route("body+params", both), diff.Difference{Subject: "GET /a", Aspect: "validator", B: "params"}, "", false},
		{"nothing to demand", route("params", map[string]bool{"path.id": true}), diff.Difference{Subject: "GET /a", Aspect: "validator"}, "", false},
		{"another aspect", route("params", both), diff.Difference{Subject: "GET /a", Aspect: "models"}, "", false},
		{"a parameter", route("params", both), diff.Difference{Subject: "GET /a", Aspect: "parameters.query.c", A: "required"}, "query.c", true},
		{"a parameter that may be left out", route("params", both), diff.Difference{Subject: "GET /a", Aspect: "parameters.query.a", A: "optional"}, "query.a", false},
		{"a part of the path", route("params", both), diff.Difference{Subject: "GET /a", Aspect: "parameters.path.id", A: "required"}, "path.id", false},
	} {
		if got, demanded := demandedParameter(tt.editor, &tt.d); got != tt.want || demanded != tt.demanded {
			t.Errorf("%s: %q, %v", tt.name, got, demanded)
		}
	}
	sc := &probe.Scenario{Query: "limit=1&empty", Header: []probe.Header{{Name: "X-Tenant", Value: "a"}}}
	for parameter, want := range map[string]bool{"query.limit": true, "query.empty": true, "query.page": false, "header.x-tenant": true, "header.x-other": false, "query.X-Tenant": false} {
		if sends(sc, parameter) != want {
			t.Errorf("the scenario sends %s: %v", parameter, !want)
		}
	}
	if !sends(&probe.Scenario{Query: "a=%zz"}, "query.limit") {
		t.Error("of a query that cannot be read nothing is said to be missing")
	}
	for _, tt := range []struct {
		sc   probe.Scenario
		want bool
	}{{probe.Scenario{}, false}, {probe.Scenario{Auth: probe.AuthNone}, false}, {probe.Scenario{Auth: probe.AuthBearer}, true}, {*sc, true}} {
		if credentialed(&tt.sc) != tt.want {
			t.Errorf("%+v carries credentials: %v", tt.sc, !tt.want)
		}
	}
	for _, tt := range []struct {
		routes []string
		route  string
		want   bool
	}{{nil, "", true}, {nil, "GET /a", true}, {[]string{}, "GET /a", false}, {[]string{"GET /a"}, "GET /a", true}, {[]string{"GET /a"}, "GET /b", false}, {[]string{""}, "", false}} {
		if touches(tt.routes, tt.route) != tt.want {
			t.Errorf("a setting of %q touches %q: %v", tt.routes, tt.route, !tt.want)
		}
	}
}

func TestPlacesOfARequest(t *testing.T) {
	for _, tt := range []struct {
		r                      Row
		connection, use, fresh string
		key                    uint64
	}{
		{Row{}, "", "", "", 0},
		{Row{Conn: 7, ConnN: 1}, "0/7", "new connection", "", 1<<32 | 7},
		{Row{Conn: 7, ConnN: 1, Fresh: true}, "0/7", "new connection", "new connection", 1<<32 | 7},
		{Row{Conn: 7, ConnN: 2, Machine: 3}, "3/7", "reused connection", "reused connection", 4<<32 | 7},
		{Row{ConnN: 2}, "0/0", "reused connection", "reused connection", 1 << 32},
		{Row{Conn: 7}, "0/7", "", "", 1<<32 | 7},
	} {
		if connection(&tt.r) != tt.connection || use(&tt.r) != tt.use || fresh(&tt.r) != tt.fresh || connectionKey(&tt.r) != tt.key {
			t.Errorf("%+v: connection %q, use %q, drawn %q, key %x", tt.r, connection(&tt.r), use(&tt.r), fresh(&tt.r), connectionKey(&tt.r))
		}
	}
	pop := first(func(r *Row) string { return r.Pop })
	for n, want := range map[int]string{0: "FRA", 1: "FRA", 2: ""} {
		if got := pop(&Row{ConnN: n, Pop: "FRA"}); got != want {
			t.Errorf("request %d of a connection was drawn to %q, want %q", n, got, want)
		}
	}
}

func TestAddresses(t *testing.T) {
	for url, want := range map[string][2]string{
		"https://a.example/v1/x/": {"https://a.example", "v1/x"}, "https://a.example": {"https://a.example", ""}, "https://a.example/a%2Fb": {"https://a.example", "a%2Fb"}, "://": {"://", ""},
	} {
		if origin(url) != want[0] || urlPath(url) != want[1] {
			t.Errorf("%s: %q and %q", url, origin(url), urlPath(url))
		}
	}
	if stageURL("https://a", "prod") != "https://a/prod" || stageURL("https://a", probe.DefaultStage) != "https://a" {
		t.Error("a stage has its name in its URL, and $default none")
	}
	for key, want := range map[string]bool{"": true, "ANY /{proxy+}": true, "$default": true, "GET /a": false, "GET /{id}": false} {
		if greedy(key) != want {
			t.Errorf("%q takes any path: %v", key, !want)
		}
	}
}

func TestTheTableNamesItsCauses(t *testing.T) {
	ids := IDs()
	if len(ids) != len(Causes) || ids[0] != CanarySplit {
		t.Errorf("%q", ids)
	}
	for i, id := range ids {
		if Rank(id) != i || Of(id) == nil || Of(id).ID != id {
			t.Errorf("%s stands at %d, and is told to stand at %d", id, i, Rank(id))
		}
	}
	if Rank("no such cause") != len(ids) || Of("no such cause") != nil {
		t.Error("a cause that there is not has a place")
	}
	for s, want := range map[Severity]int{Error: 0, Warning: 1, Info: 2, "": 2} {
		if s.Rank() != want {
			t.Errorf("%q stands at %d, want %d", s, s.Rank(), want)
		}
	}
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

// A target that answered and then gave nothing but refusals has given out: after twelve
// answers, for 36 at least, of which a tenth of all may stand on the wrong side.
func TestWhenATargetGaveOut(t *testing.T) {
	for _, tt := range []struct {
		name string
		of   []int
		want bool
	}{
		{"answered enough", slices.Concat(repeated(12, 0), repeated(36, 1)), true},
		{"answered too few", slices.Concat(repeated(11, 0), repeated(36, 1)), false},
		{"refused too few", slices.Concat(repeated(12, 0), repeated(35, 1)), false},
		{"never refused", repeated(60, 0), false},
		{"always refused", repeated(60, 1), false},
		{"in flight, a tenth", slices.Concat(repeated(14, 0), repeated(5, 1), repeated(5, 0), repeated(36, 1)), true},
		{"back and forth", slices.Concat(repeated(14, 0), repeated(10, 1), repeated(10, 0), repeated(36, 1)), false},
	} {
		if got := gaveOut(marked(tt.of...)); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

func TestOrderOfDraws(t *testing.T) {
	rows := rowsOfKinds(0, 1, 1, 0, 1, 0)
	rows[3].Machine, rows[4].Machine, rows[5].Machine = 1, 1, 1
	fx := &Facts{Input: &Input{Rows: rows}}
	draws := marked(0, 1, 1, 0, 1, 0)
	// Of the first machine usual, deviant, deviant; of the second usual, deviant, usual.
	if got, want := transitions(fx, draws), ([2][2]int{{0, 2}, {1, 1}}); got != want {
		t.Errorf("transitions %v, want %v", got, want)
	}
	if got, want := started(fx, draws), ([2][2]int{{2, 2}, {1, 1}}); got != want {
		t.Errorf("with the first answers %v, want %v", got, want)
	}
	draws[0].deviant = true
	if got, want := started(fx, draws), ([2][2]int{{1, 2}, {1, 2}}); got != want {
		t.Errorf("with a deviant first %v, want %v", got, want)
	}
	rows[0].At = began.Add(time.Hour)
	if got := inTime(fx, draws); got[5] != draws[0] || got[0] != draws[1] {
		t.Errorf("in time %v", got)
	}
	for k, want := range map[int]int{11: 0, 12: 2, 17: 2, 18: 3, 120: 20, 500: 20} {
		bits := make([]bool, 600)
		for i := range k {
			bits[i] = true
		}
		windows, m := windowCounts(bits)
		if len(windows) != want || want > 0 && (m != 600/want || windows[0] != min(k, m) || sumOf(windows) != min(k, want*m)) {
			t.Errorf("%d deviants: windows %v of %d", k, windows, m)
		}
	}
}

func sumOf(list []int) (n int) {
	for _, x := range list {
		n += x
	}
	return n
}

func bitsOf(zeros, ones int) []bool {
	return append(make([]bool, zeros), slices.Repeat([]bool{true}, ones)...)
}

func TestWhereBehaviourSwitched(t *testing.T) {
	for _, tt := range [][2]int{{30, 50}, {5, 40}, {100, 20}} {
		bits := bitsOf(tt[0], tt[1])
		hat, lo, hi := switchedAt(bits, len(bits), false)
		if hat != tt[0] || lo > hat || hi < hat || lo < 1 || hi-lo > 2 {
			t.Errorf("after %d answers: at %d, between %d and %d", tt[0], hat, lo, hi)
		}
	}
	mixed := slices.Concat(bitsOf(40, 0), slices.Repeat([]bool{true, false}, 8), bitsOf(0, 40))
	if hat, lo, hi := switchedAt(mixed, len(mixed), false); hat != 56 || hi != 56 || lo != 40 {
		t.Errorf("through a phase from 40 to 56: at %d, between %d and %d", hat, lo, hi)
	}
	if from, to := mixedPhase(mixed, len(mixed)); from != 40 || to != 56 {
		t.Errorf("the phase is from %d to %d", from, to)
	}
	// A place is one of a switch where at most a fifth on either side is of the other.
	possible := func(bits []bool, least int, mixture bool) string {
		var b strings.Builder
		for _, term := range switchTerms(bits, len(bits), least, mixture) {
			b.WriteString(map[bool]string{true: ".", false: "x"}[math.IsInf(term, -1)])
		}
		return b.String()
	}
	// Of four answers of the old behaviour and eight of the new: after the third, of nine
	// since one is old (a ninth); after the fifth, one of five before is new (a fifth).
	if got := possible(bitsOf(4, 8), 1, false); got != ".xxxx......" {
		t.Errorf("a switch may be at %s", got)
	}
	if got := possible(bitsOf(4, 8), 8, false); got != ".xxx......." {
		t.Errorf("with eight answers since, a switch may be at %s", got)
	}
	if got := possible(bitsOf(4, 8), 9, false); got != ".xx........" {
		t.Errorf("with nine answers since, a switch may be at %s", got)
	}
	// From a mixture of one in two to one behaviour, where the configuration shows a change.
	half := slices.Concat(slices.Repeat([]bool{true, false}, 5), bitsOf(0, 10))
	if got := possible(half, 1, false); strings.Contains(got, "x") {
		t.Errorf("without a change shown a mixture ends at %s", got)
	}
	if got := possible(half, 1, true); got != ".........xxxxxxxxxx" {
		t.Errorf("with a change shown a mixture ends at %s", got)
	}
	if n := count([]bool{true, false, true}, true); n != 2 {
		t.Errorf("two of three are counted as %d", n)
	}
}

// A switch lies between the last old answer and the first new one, which the finding shows,
// and the answers on either side are counted as they are.
func TestASwitchAtOnceIsPlacedExactly(t *testing.T) {
	w := newWorld(1)
	r := Explain(w.send(800, func(r *request) answer {
		if r.n < 100 {
			return ok("v1")
		}
		return ok("v2")
	}).Input)
	if len(r.Findings) != 1 {
		t.Fatalf("%d findings", len(r.Findings))
	}
	f := r.Findings[0]
	once, is := f.Says[0].(ChangedOnce)
	if !is || once.What.Old != (Count{100, 100}) || once.What.Late != (Count{0, 700}) || once.From != w.Rows[99].At || once.At != w.Rows[100].At || once.To != w.Rows[100].At {
		t.Errorf("%+v", f.Says[0])
	}
	for i, want := range []struct {
		row  int
		note Fact
	}{{99, Topic("last old")}, {100, Topic("first new")}} {
		if at, is := f.Proof[i].(Asked); !is || at.Request != w.Rows[want.row].RequestID || at.Note != want.note {
			t.Errorf("%+v, want row %d", f.Proof[i], want.row)
		}
	}
}

func TestFactorsOfHand(t *testing.T) {
	rows := rowsOfKinds(0, 0, 1, 1)
	rows[0].Deployment, rows[1].Deployment, rows[2].Deployment, rows[3].Deployment = "a", "a", "b", ""
	fx := &Facts{Input: &Input{Rows: rows}}
	s := &shift{fx: fx, rows: []int{0, 1, 2, 3}, hat: 2, lo: 1, hi: 3}
	if from, to := s.deployments(); from != "a" || to != "b" {
		t.Errorf("from %q to %q", from, to)
	}
	if s.from() != rows[0].At || s.to() != rows[3].At || s.at(-1) != rows[0].At || s.at(9) != rows[3].At {
		t.Error("a switch lies between the answer before its range and the first behind it")
	}
	rows[3].Deployment = "c"
	if from, to := s.deployments(); from != "" || to != "" {
		t.Errorf("of several deployments since: from %q to %q", from, to)
	}
	rows[2].Deployment, rows[3].Deployment = "", ""
	if from, to := s.deployments(); from != "" || to != "" {
		t.Errorf("of none since: from %q to %q", from, to)
	}
	if k := most(fx, []int{0, 2, 3}); k != 1 {
		t.Errorf("%d comes most often", k)
	}
	if k := most(fx, []int{2, 0}); k != 1 {
		t.Errorf("of two as frequent %d comes first", k)
	}
	f := &factor{k: []int{1, 5}, n: []int{4, 5}}
	if got := f.others(); !slices.Equal(got, []int{3, 0}) {
		t.Errorf("%v do not deviate", got)
	}
}

// What is remembered up to a row is what would be taken in up to it.
func TestMemoryIsCut(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	var rows []Row
	var all []int
	for i := range 120 {
		rows = append(rows, Row{Seq: uint64(i), Table: 1000 + i, Conn: 1 + i/9 + rng.IntN(3), ConnN: 1, Remote: fmt.Sprint("a", rng.IntN(4+i/20))})
		all = append(all, i)
	}
	fx := &Facts{Input: &Input{Rows: rows}}
	for _, f := range []*factor{{name: "connection", level: connection, key: connectionKey}, {name: "address", level: func(r *Row) string { return r.Remote }}} {
		for _, n := range []int{0, 1, 17, 60, 119, 120} {
			m := &Memory{rows: [][]int{slices.Clone(all)}, levels: map[levelsOf]*levels{}}
			m.of(0, f).more(fx, f, all)
			m.cut(n, 1)
			fresh := newLevels(f)
			fresh.more(fx, f, all[:n])
			if n == 0 {
				if len(m.levels) != 0 || len(m.rows[0]) != 0 {
					t.Errorf("%s: everything was to be forgotten", f.name)
				}
				continue
			}
			got := m.of(0, f)
			if len(fresh.names) == 0 || len(fresh.rows) != n {
				t.Fatalf("%s: of %d rows %d were taken in", f.name, n, len(fresh.rows))
			}
			if !slices.Equal(m.rows[0], all[:n]) || !slices.Equal(got.rows, fresh.rows) || !slices.Equal(got.names, fresh.names) || !slices.Equal(got.first, fresh.first) ||
				!reflect.DeepEqual(got.at, fresh.at) || !reflect.DeepEqual(got.byKey, fresh.byKey) || !reflect.DeepEqual(got.draws, fresh.draws) {
				t.Errorf("%s: cut to %d rows %d levels are known, of those rows %d are", f.name, n, len(got.names), len(fresh.names))
			}
		}
	}
	// Of more levels than are asked about no further ones are taken in.
	for i := range rows {
		rows[i].Remote = fmt.Sprint("a", i)
	}
	l := newLevels(&factor{})
	l.more(fx, &factor{level: func(r *Row) string { return r.Remote }}, all)
	if len(l.names) != tuning.Enough.Levels+1 {
		t.Errorf("%d levels are taken in", len(l.names))
	}
}

func TestLabelsThatAreNotTrusted(t *testing.T) {
	labelled := func(n, contradictory, late int) labels {
		x := &split{sub: &target{Target: &probe.Target{}, link: func() *stat.LinkEstimated { return stat.NewLinkEstimated(.1) }}}
		var rows []Row
		for i := range n {
			r := Row{Label: LabelBase}
			switch {
			case i < contradictory:
				r.Contradictory = true
			case i < contradictory+late:
				r.Late = true
			case i%10 == 0:
				r.Label = LabelCanary
			}
			rows = append(rows, r)
			x.draws = append(x.draws, draw{i, i%20 == 0})
		}
		x.n, x.k = n, (n+19)/20
		return readLabels(&Facts{Input: &Input{Rows: rows}, alpha: .01}, x)
	}
	if l := labelled(2000, 2, 0); l.veto != nil || l.contradictory != 2 || l.known() != 1998 || l.unknownDev != 1 || l.unknownRef != 1 {
		t.Errorf("two contradictions in two thousand: %+v", l)
	}
	if l := labelled(2000, 3, 0); l.veto != (Contradictory{Requests: 3}) || l.known() != 0 || l.unknownDev != 100 || l.unknownRef != 1900 {
		t.Errorf("three contradictions in two thousand: %+v", l)
	}
	if l := labelled(200, 0, 50); l.known() != 150 || l.unknownDev+l.unknownRef != 0 {
		t.Errorf("late labels are counted on neither side: %+v", l)
	}
	for known, want := range map[int]bool{89: true, 90: false} {
		l := labels{counts: stat.Counts2{CanaryDev: 10, CanaryRef: 10, BaseDev: 10, BaseRef: known - 30}, unknownRef: 100 - known}
		if l.mayBeLoss() != want {
			t.Errorf("%d of 100 known, both sides with both answers: may be loss %v", known, !want)
		}
		l.counts = stat.Counts2{CanaryDev: 20, BaseRef: known - 20}
		if l.mayBeLoss() {
			t.Errorf("%d of 100 known, each side with one answer: may be loss", known)
		}
	}
}

func TestQuestionsAndTheirCost(t *testing.T) {
	costs := []expense{{target: "a", bound: 10, used: 100}, {target: "b", bound: 50, used: 40}, {target: "a", bound: 30, used: 100}, {target: "c", bound: math.Inf(1), used: 10}, {target: "d", bound: 3, used: 0}}
	if got := dearest(costs); len(got) != 4 || got[0].bound != 30 || got[1].bound != 50 {
		t.Errorf("the dearest are %+v", got)
	}
	got := efficiencies(costs)
	if len(got) != 3 || got[0].Ratio != .1 || got[1].Ratio != 1 || got[2].Ratio != .3 {
		t.Errorf("%+v", got)
	}
	if e := efficiency(costs); e.Target != "a" || e.Bound != 30 {
		t.Errorf("the most expensive question is %+v", e)
	}
	if efficiency(nil) != nil {
		t.Error("no question has an efficiency")
	}
	if e := efficiency([]expense{{target: "b", bound: 1, used: 10}, {target: "a", bound: 1, used: 10}}); e.Target != "a" {
		t.Errorf("of questions as expensive the first target's counts, not that of %s", e.Target)
	}
	for x, want := range map[float64]int{-3: 1, .5: 1, 1.9: 1, 2: 2, 2e6: 1e6, math.Inf(1): 1e6} {
		if clampInt(x) != want {
			t.Errorf("%g requests are %d", x, clampInt(x))
		}
	}
	for x, want := range map[float64]float64{3: 3, math.Inf(1): 1e6, math.Inf(-1): -1e6} {
		if finite(x) != want {
			t.Errorf("%g is %g", x, finite(x))
		}
	}
	if evalue(0) != 1 || evalue(1000) != evalue(300*math.Ln10) {
		t.Error("an e-value is capped at 1e300")
	}
}

func TestValuesOfOneSource(t *testing.T) {
	ids := func(counts ...int) map[behaviour.ValueID]int {
		out := map[behaviour.ValueID]int{}
		for i, n := range counts {
			if n > 0 {
				out[behaviour.ValueID(i)] = n
			}
		}
		return out
	}
	if got := foreign(ids(3, 2, 1), ids(1, 0, 4)); !reflect.DeepEqual(got, ids(0, 2)) {
		t.Errorf("values that a stage does not give: %v", got)
	}
	for _, tt := range []struct {
		name string
		a, b map[behaviour.ValueID]int
		want bool
	}{
		{"nothing of one side", ids(), ids(1), false},
		{"nothing of the other", ids(1), ids(), false},
		{"all once", ids(1, 1, 1), ids(0, 0, 0, 1, 1), true},
		{"all from both", ids(2, 3, 2), ids(2, 2, 2), true},
		{"each from one", ids(9, 9, 9, 0, 0, 0), ids(0, 0, 0, 9, 9, 9), false},
	} {
		if got := oneSource(tt.a, tt.b); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
	expected := &target{}
	b := &bin{values: map[behaviour.ValueID]bool{1: true}, stage: expected, meant: ids(0, 0, 1, 2)}
	for _, tt := range []struct {
		v       behaviour.ValueID
		of      *target
		foreign bool
		want    bool
	}{{1, nil, false, true}, {9, nil, false, false}, {9, nil, true, true}, {2, nil, true, false}, {2, expected, true, true}, {3, expected, true, false}} {
		b.foreign = tt.foreign
		if b.has(tt.v, tt.of) != tt.want {
			t.Errorf("value %d, foreign ones %v, of the stage meant %v: %v", tt.v, tt.foreign, tt.of != nil, !tt.want)
		}
	}
}

func TestWhichTargetsAreHeldTogether(t *testing.T) {
	invoke := func(api, stage string, meant *probe.StageRef) probe.Target {
		return probe.Target{Kind: probe.InvokeURL, APIID: api, Stage: stage, Meant: meant}
	}
	prod := &probe.StageRef{APIID: "a", Stage: "prod"}
	in := &Input{Plan: probe.Plan{Targets: []probe.Target{
		invoke("a", "prod", nil), invoke("a", "dev", nil), {Kind: probe.CustomDomain, APIID: "a", Stage: "prod", Meant: prod}, invoke("b", "prod", nil), invoke("a", "dev", prod), {Kind: probe.CustomDomain},
	}}}
	want := [][2]int{{0, 1}, {2, 0}, {2, 1}, {2, 3}, {2, 4}, {4, 0}, {4, 1}, {4, 3}, {5, 0}, {5, 1}, {5, 3}, {5, 4}}
	if got := pairsAsked(in); !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got, want := stageGroups(in), [][]int{{0, 2}, {1, 4}, {3}, {5}}; !reflect.DeepEqual(got, want) {
		t.Errorf("groups %v, want %v", got, want)
	}
	rows := []Row{{Scenario: 0}, {Scenario: 0}, {Scenario: 1}, {Scenario: 0}, {Scenario: 2}}
	if got, want := bothAsked(&Facts{Input: &Input{Rows: rows}}, []int{0, 3, 4}, []int{1, 2}), map[int]int{0: 1, 1: -1, 2: -1}; !reflect.DeepEqual(got, want) {
		t.Errorf("both were asked up to %v, want %v", got, want)
	}
}

func TestNamesInShort(t *testing.T) {
	for text, want := range map[string]string{"abcde": "abcde", "abcdef": "abcd…", "äöüßé": "äöüßé", "äöüßéx": "äöüß…"} {
		if got := shorten(text, 5); got != want {
			t.Errorf("%s in five letters is %s", text, got)
		}
	}
	level := func(text string) behaviour.Level { return behaviour.Level{Text: text} }
	for _, tt := range []struct {
		of   []behaviour.Level
		want string
	}{
		{nil, "other values"}, {[]behaviour.Level{{Absent: true}}, "(absent)"}, {[]behaviour.Level{level("a")}, "a"},
		{[]behaviour.Level{level("a"), level("b")}, "a and 1 other value"}, {[]behaviour.Level{level("a"), level("b"), level("c")}, "a and 2 other values"},
	} {
		if got := sideText(tt.of); got != tt.want {
			t.Errorf("%v: %s", tt.of, got)
		}
	}
	for _, tt := range []struct {
		c    behaviour.Cluster
		want string
	}{
		{behaviour.Cluster{Overflow: true, Status: 200}, "other answers"}, {behaviour.Cluster{Outcome: probe.OutcomeTimeout}, "timeout"},
		{behaviour.Cluster{Status: 403, Reading: signature.Reading{GatewayResponse: "G", ErrorType: "E"}}, "403 G"},
		{behaviour.Cluster{Status: 403, Reading: signature.Reading{ErrorType: "E"}}, "403 E"}, {behaviour.Cluster{Status: 200}, "200"},
	} {
		if got := plainSummary(&tt.c); got != tt.want || Summary(&tt.c, nil) != tt.want || Summary(&tt.c, &tt.c) != tt.want {
			t.Errorf("%+v: %s", tt.c, got)
		}
	}
}

func TestRemediesInOrder(t *testing.T) {
	list := []Remedy{{Text: "a"}, {Text: "b", Then: true}, {Text: "c"}}
	want := []Remedy{{Text: "a"}, {Text: "b", Then: true}, {Text: "x", Then: true}, {Text: "c"}}
	if diff := cmp.Diff(want, afterFirst(list, Remedy{Text: "x"})); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Remedy{{Text: "a"}, {Text: "b", Then: true}, {Text: "x", Then: true}}, afterFirst(list[:2], Remedy{Text: "x"})); diff != "" {
		t.Error(diff)
	}
	if !byHand(probe.ToolConsole) || !byHand(probe.ToolCLI) || byHand("") || byHand("Terraform") {
		t.Error("people change single things with the console and the command line")
	}
	api := &probe.API{Deployments: []probe.Deployment{{ID: "c", Created: began}, {ID: "b", Created: began.Add(-time.Hour)}, {ID: "a", Created: began.Add(-2 * time.Hour)}}}
	for own, want := range map[string]string{"c": "b", "b": "a", "a": "", "none": ""} {
		sub := &target{Target: &probe.Target{DeploymentID: own}, api: api}
		if got := previous(sub); got != want {
			t.Errorf("before %s was %q, want %q", own, got, want)
		}
	}
	for _, tt := range []struct {
		own, canary string
		want        time.Duration
	}{{"c", "a", 2 * time.Hour}, {"a", "c", 0}, {"c", "none", 0}, {"none", "a", 0}} {
		sub := &target{Target: &probe.Target{DeploymentID: tt.own, Canary: &probe.Canary{DeploymentID: tt.canary}}, api: api}
		if got := canaryLag(sub); got != tt.want {
			t.Errorf("%s is older than %s by %s, want %s", tt.canary, tt.own, got, tt.want)
		}
	}
}

// The share of answers that come in stretches has a wider interval, and none where too few
// were seen to say how wide.
func TestShareOfStretches(t *testing.T) {
	even := make([]bool, 600)
	for i := range even {
		even[i] = i*7%10 == 0
	}
	a := ShareOf(even, .01)
	if a == nil || a.Estimate != .1 || a.Low >= .1 || a.High <= .1 {
		t.Fatalf("%+v", a)
	}
	burst := make([]bool, 3000)
	for i := range burst {
		burst[i] = i/15%10 == 0
	}
	if b, even := ShareOf(burst, .01), interval(300, 3000, .01); b == nil || b.High-b.Low <= even.High-even.Low {
		t.Errorf("of bursts %+v, of even answers %+v", b, even)
	}
	if b := ShareOf(slices.Concat(bitsOf(40, 20)), .01); b != nil {
		t.Errorf("of one stretch in sixty answers %+v is told", b)
	}
	if i := interval(0, 0, .01); i.Estimate != 0 || i.Low != 0 || i.High != 1 {
		t.Errorf("of nothing %+v", i)
	}
}

// What the canary received is told twice, as measured and beside what is configured: both are
// what the logs hold, whatever they lack.
func TestReceivedIsAsMeasured(t *testing.T) {
	for _, name := range []string{"a canary that draws three times its share", "a canary that draws a third of its share, a part of it unlabelled"} {
		i := slices.IndexFunc(rareTruths, func(tt truth) bool { return tt.name == name })
		f := Explain(rareTruths[i].build(newWorld(1)).Input).Findings[0]
		head, is := f.Says[0].(TwoDeployments)
		drifts, does := f.Says[len(f.Says)-1].(ShareDrifts)
		if !is || !does || head.Measured == nil || drifts.Received.Share() != head.Measured.Estimate || drifts.Share != *head.Share {
			t.Errorf("%s: %+v and %+v", name, f.Says[0], f.Says[len(f.Says)-1])
		}
	}
}

func TestSmallThings(t *testing.T) {
	for check, want := range map[string]string{"aws logs tail x": "run aws logs tail x", "its certificate": "its certificate"} {
		if got := lookAt(&failure.Failure{Check: check}); got.Text != want {
			t.Errorf("%s: %s", check, got.Text)
		}
	}
	fx := &Facts{Input: &Input{Clusters: []Cluster{*replied(403, signature.Gateway, "WAF_FILTERED", ""), *replied(200, signature.Integration, "", ""), *replied(200, signature.Integration, "", "")}}}
	fx.Clusters[1].ID, fx.Clusters[2].Summary = "k1", "200 here"
	if got := fx.names([]int{0, 1, 2, 1}); !slices.Equal(got, []string{"403 WAF_FILTERED", "200 (k1)", "200 here"}) {
		t.Errorf("behaviours are called %q", got)
	}
	if (Count{3, 4}).Share() != .75 || (Count{}).Share() != 0 {
		t.Error("three of four are three quarters, and of nothing there is no share")
	}
	field := func(path, value string) behaviour.Field { return behaviour.Field{Path: path, Value: value} }
	c := &behaviour.Cluster{Fields: []behaviour.Field{field("/a", "1"), field("/b", ""), field("/c", "3"), field("/d", "4")}}
	for _, tt := range []struct {
		other *behaviour.Cluster
		want  string
	}{
		{c, ""}, {&behaviour.Cluster{}, ""},
		{&behaviour.Cluster{Fields: []behaviour.Field{field("/a", "1"), field("/b", "2"), field("/c", ""), field("/d", "5")}}, "/d"},
		{&behaviour.Cluster{Fields: []behaviour.Field{field("/d", "5"), field("/a", "2")}}, "/a"},
	} {
		got := ""
		if f := unequalField(c, tt.other); f != nil {
			got = f.Path
		}
		if got != tt.want {
			t.Errorf("the field that tells is %q, want %q", got, tt.want)
		}
	}
	for _, tt := range []struct {
		i    Intended
		of   []string
		want bool
	}{
		{Intended{Setting: "variables.backend"}, nil, true}, {Intended{Setting: "variables.*"}, []string{"prod", "dev"}, true}, {Intended{Setting: "methods.*"}, nil, false},
		{Intended{Setting: "variables.backend", Stages: []string{"prod"}}, []string{"prod", "dev"}, false}, {Intended{Setting: "variables.backend", Stages: []string{"dev", "prod"}}, []string{"prod", "dev"}, true},
		{Intended{Setting: "variables.backend", Stages: []string{"prod"}}, nil, true},
	} {
		if got := tt.i.covers(diff.Setting{Name: "variables.backend"}, tt.of); got != tt.want {
			t.Errorf("%+v covers the setting of %q: %v", tt.i, tt.of, got)
		}
	}
	if (Intended{Setting: "[a"}).covers(diff.Setting{Name: "[a"}, nil) != true {
		t.Error("what is no pattern is a name")
	}
}

func TestEditsThatCount(t *testing.T) {
	at := func(h int) time.Time { return began.Add(time.Duration(h) * time.Hour) }
	fx := &Facts{Input: &Input{
		Plan: probe.Plan{Targets: []probe.Target{{APIID: "a", Stage: "prod"}, {APIID: "a", Stage: "none"}}},
		Snapshot: probe.Snapshot{
			APIs: []probe.API{{ID: "a", Stages: []probe.Stage{{Name: "prod", Updated: at(5)}}, Deployments: []probe.Deployment{{ID: "d", Created: at(1)}, {ID: "e"}}}},
			Edits: []probe.Edit{
				{APIID: "a", Event: "PutMethod", At: at(3)}, {APIID: "b", Event: "PutMethod", At: at(9)}, {APIID: "a", Event: "CreateStage", At: at(8)},
				{APIID: "a", Event: "PutIntegration", At: at(4)}, {APIID: "a", Event: "DeleteMethod", At: at(2)},
			},
		},
	}}
	if got, want := eventsOf(fx, 0), []time.Time{at(1), at(2), at(3), at(4), at(5), at(8)}; !slices.Equal(got, want) {
		t.Errorf("the configuration changed at %v, want %v", got, want)
	}
	if got, want := eventsOf(fx, 1), []time.Time{at(2), at(3), at(4), at(8)}; !slices.Equal(got, want) {
		t.Errorf("of a stage that was not read it changed at %v, want %v", got, want)
	}
	if e := lastEdit(fx, "a"); e == nil || e.Event != "PutIntegration" {
		t.Errorf("the last edit that needs a deployment is %+v", e)
	}
	if got := editFacts(fx, "a"); len(got) != 2 || got[0].(Edited).Event != "PutMethod" || got[1].(Edited).Event != "PutIntegration" {
		t.Errorf("shown are %+v", got)
	}
	if lastEdit(fx, "c") != nil || editFacts(fx, "c") != nil {
		t.Error("nothing of an API was edited")
	}
}

func TestWhatStandsAside(t *testing.T) {
	fx := &Facts{Input: &Input{Snapshot: probe.Snapshot{
		APIs:     []probe.API{{ID: "a", Status: "AVAILABLE"}, {ID: "b", Status: "FAILED", StatusText: "no."}, {ID: "c"}},
		VPCLinks: []probe.VPCLink{{ID: "l", Status: "FAILED"}, {ID: "m", Status: "AVAILABLE"}, {ID: "n"}, {ID: "o", Status: "PENDING", Name: "told"}},
		History:  &probe.History{Calls: 1, Unasked: []string{"UpdateStage"}, Asked: []string{"PutMethod", "PutIntegration"}},
	}}}
	told := []Finding{{Says: []Fact{LinkIs{Link: "o"}, Topic("x")}}}
	want := []Fact{LinkIs{Link: "l", Status: "FAILED"}, APIIs{API: "b", Status: "FAILED", Why: "no"}, Unasked{Asked: 2, Events: []string{"UpdateStage"}}}
	if got := aside(fx, told); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	for name, change := range map[string]func(h *probe.History){
		"all was read": func(h *probe.History) { h.Whole = true }, "nothing was asked": func(h *probe.History) { h.Calls = 0 }, "nothing is left": func(h *probe.History) { h.Unasked = nil },
	} {
		h := probe.History{Calls: 1, Unasked: []string{"UpdateStage"}}
		change(&h)
		fx.Snapshot.History = &h
		if got := aside(fx, told); len(got) != 2 {
			t.Errorf("%s: %+v", name, got)
		}
	}
	fx.Snapshot.History, fx.Snapshot.Gaps = &probe.History{Calls: 1, Unasked: []string{"UpdateStage"}}, []probe.Gap{{Operation: "LookupEvents"}}
	if got := aside(fx, told); len(got) != 2 {
		t.Errorf("a call that was refused is told elsewhere: %+v", got)
	}
}

// Requests that tell two drivers apart are those of levels of which one foresees another
// answer, least asked first.
func TestTellingRequests(t *testing.T) {
	var rows []Row
	for i, p := range []string{"ax", "ax", "ax", "by", "by", "ay", "bx", "bx"} {
		rows = append(rows, Row{Seq: uint64(i), Remote: p[:1], Pop: p[1:]})
	}
	fx := &Facts{Input: &Input{Rows: rows}}
	w := &weighing{split: &split{draws: marked(1, 1, 1, 0, 0, 1, 0, 0)}}
	a := driver{name: "address", level: func(r *Row) (string, bool) { return r.Remote, r.Remote == "a" }}
	b := driver{name: "location", level: func(r *Row) (string, bool) { return r.Pop, r.Pop == "x" }}
	want := []Fact{LevelPair{A: "address", LevelA: "a", B: "location", LevelB: "y"}, LevelPair{A: "address", LevelA: "b", B: "location", LevelB: "x"}}
	if got := tellingPairs(fx, w, a, b); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	for i := range rows {
		if i == 5 {
			rows[i].Pop = ""
		}
	}
	if got := tellingPairs(fx, w, a, b); !reflect.DeepEqual(got, []Fact{want[0], want[1]}) {
		t.Errorf("%+v: what was never asked is the cheapest", got)
	}
}

func TestWhatIsKnownOfAStage(t *testing.T) {
	methods := func(level string) map[string]probe.MethodSettings {
		return map[string]probe.MethodSettings{"*/*": {LoggingLevel: level}}
	}
	at := &probe.Target{APIID: "a", Stage: "prod"}
	for _, tt := range []struct {
		name   string
		conf   *probe.Stage
		proven bool
		want   bool
	}{
		{"nothing", nil, false, false}, {"a record", nil, true, true}, {"no log", &probe.Stage{}, false, false}, {"OFF", &probe.Stage{Methods: methods("OFF")}, false, false},
		{"INFO", &probe.Stage{Methods: methods("INFO")}, false, true}, {"ERROR", &probe.Stage{Methods: methods("ERROR")}, false, true},
		{"an access log", &probe.Stage{AccessLog: probe.AccessLog{Destination: "arn:aws:logs:eu-west-1:123456789012:log-group:x"}}, false, true},
	} {
		fx := &Facts{Input: &Input{Logs: LogState{Proven: map[string]bool{"a/prod": tt.proven}}}}
		if got := logging(fx, &target{Target: at, conf: tt.conf}); got != tt.want {
			t.Errorf("%s: logs are on: %v", tt.name, got)
		}
	}
	route := func(keys ...string) *probe.Definition {
		d := &probe.Definition{Routes: map[string]probe.Route{}}
		for _, k := range keys {
			d.Routes[k] = probe.Route{}
		}
		return d
	}
	fx := &Facts{Input: &Input{Plan: probe.Plan{Scenarios: []probe.Scenario{{Method: "GET", Path: "/a/7"}, {Method: "GET", Path: "/a", Route: "ANY /named"}}}}}
	for _, tt := range []struct {
		name string
		sub  target
		want string
	}{
		{"nothing", target{}, ""},
		{"the editor's", target{api: &probe.API{Editor: route("GET /a/{id}")}}, "GET /a/{id}"},
		{"the stage's", target{conf: &probe.Stage{Deployed: route("GET /a/{it}")}, api: &probe.API{Editor: route("GET /a/{id}")}}, "GET /a/{it}"},
		{"of a stage that lacks it", target{conf: &probe.Stage{Deployed: route("GET /b")}, api: &probe.API{Editor: route("GET /a/{id}")}}, "GET /a/{id}"},
		{"of a stage that was not read", target{conf: &probe.Stage{}, api: &probe.API{}}, ""},
	} {
		if got := fx.routeKey(&tt.sub, 0); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
		if got := fx.routeKey(&tt.sub, 1); got != "ANY /named" {
			t.Errorf("%s: the scenario names its route, and not %q", tt.name, got)
		}
	}
	asked := []*cell{{rows: []int{0}}}
	fx.targets = []*target{
		{Target: &probe.Target{Kind: probe.InvokeURL}, cells: asked}, {Target: &probe.Target{Kind: probe.InvokeURL, Unmapped: "off"}, cells: asked},
		{Target: &probe.Target{Kind: probe.InvokeURL}}, {Target: &probe.Target{Kind: probe.CustomDomain}, cells: asked}, {Target: &probe.Target{Kind: probe.InvokeURL}, cells: asked},
	}
	if n := len(stagesProbed(fx)); n != 2 {
		t.Errorf("%d stages gave answers at their own URL, want 2", n)
	}
}

func TestTimesAroundARun(t *testing.T) {
	fx := &Facts{Input: &Input{Now: began.Add(time.Minute)}}
	if around(fx, began) {
		t.Error("nothing lies around a run without requests")
	}
	fx.Rows = []Row{{At: began.Add(time.Second)}, {At: began}}
	for at, want := range map[time.Time]bool{
		began.Add(-tuning.Recent): false, began.Add(1 - tuning.Recent): true, began: true, fx.Now.Add(tuning.Recent - 1): true, fx.Now.Add(tuning.Recent): false,
	} {
		if around(fx, at) != want {
			t.Errorf("%s lies around the run: %v", at, !want)
		}
	}
	// What is remembered holds as long as no row comes between those that were there.
	in := Input{Rows: []Row{{Seq: 1}, {Seq: 2}, {Machine: 1, Seq: 1}}, Memory: &Memory{}, Kept: 2}
	if in.prepare(); in.Memory == nil || in.Kept != 2 {
		t.Error("rows in order are not put into order")
	}
	in = Input{Rows: []Row{{Seq: 2}, {Machine: 1, Seq: 1}, {Seq: 1}}, Memory: &Memory{}, Kept: 2}
	if in.prepare(); in.Memory != nil || in.Kept != 0 || in.Rows[0].Seq != 1 || in.Rows[2].Machine != 1 {
		t.Errorf("rows out of order: %+v", in.Rows)
	}
}

// Whichever side of a split is named the deviants, a level that deviates is told by both.
func TestLevelsThatDeviate(t *testing.T) {
	for _, k := range [][]int{{9, 0}, {0, 9}} {
		f := &factor{k: k, n: []int{9, 9}, rho: .5}
		for i, p := range f.deviate() {
			if math.Abs(p-float64(k[i])/9) > .05 {
				t.Errorf("of %v level %d deviates with %.3f", k, i, p)
			}
		}
	}
}
